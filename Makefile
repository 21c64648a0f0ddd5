# Everything that a person or CI does here. `make help` lists the targets.
#
#   PYTHON  the Python (3.11 or newer) that the environments are built with
#   ARGS    passed on to the target's command: make test ARGS="-k forecast -x"

PYTHON ?= python3
ARGS ?=

PULUMI := .venv/pulumi/bin
FUNCTION := .venv/function/bin
EXAMPLE := build/example
AS_OF := 2026-11-01T00:00:00Z

# Folders that hold Python, by the environment that has their dependencies.
with-python = $(foreach folder,$(1),$(if $(wildcard $(folder)/*.py $(folder)/*/*.py $(folder)/*/*/*.py),$(folder)))
# Not components/ itself: its __main__ and that of stacks/ would be one module to mypy.
TYPED_PULUMI = $(call with-python,trimtab components/trimtab_components tools tests stacks policies benchmarks)
TYPED_FUNCTION = $(call with-python,functions) $(NEEDS_FUNCTION)
# Of the folders of the pulumi environment, what only the function environment can import.
NEEDS_FUNCTION = $(call with-python,tests/functions) $(wildcard benchmarks/function_*.py) \
	$(shell grep -lE '^from (crossplane|trimtab_functions|support\.capacity_requests)\b' tests/support/*.py)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help preview test lint lint-style lint-types lint-types-function lint-pins lint-hygiene \
	format coverage docs engines xpkg programs estate hybrid example schemas bench lock clean clean-environments \
	pulumi-environment function-environment tools-environment

help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-20s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# --- What a user runs ----------------------------------------------------------------------------

preview: $(EXAMPLE)/plan.yaml ## Plan the synthetic example and preview the aws stack: no cloud, no credentials
	$(PULUMI)/trimtab preview --stack aws --plan $(EXAMPLE)/plan.yaml $(ARGS)

example: $(EXAMPLE)/synthetic-demand.csv ## Write the synthetic example to build/example

$(EXAMPLE)/synthetic-demand.csv: | pulumi-environment
	$(PULUMI)/trimtab example --out $(EXAMPLE)

$(EXAMPLE)/workloads.yaml: $(EXAMPLE)/synthetic-demand.csv ;

# Planning takes seconds, so it is done again only when the inputs or the planner changed.
$(EXAMPLE)/plan.yaml: $(EXAMPLE)/synthetic-demand.csv $(EXAMPLE)/workloads.yaml \
		$(shell find trimtab -type f -not -name '*.pyc') | pulumi-environment
	$(PULUMI)/trimtab plan --demand $(EXAMPLE)/synthetic-demand.csv --unit gpus \
		--workloads $(EXAMPLE)/workloads.yaml --as-of $(AS_OF) --name example \
		--region us-east-1 --zone us-east-1a --zone us-east-1b --zone us-east-1c --out $@

estate: | pulumi-environment ## Plan the synthetic estate anew into stacks/plans/estate.yaml, which the stacks preview
	$(PULUMI)/trimtab example --estate --out build/estate
	eval "$$(sed -n 's#^ *trimtab plan#$(PULUMI)/trimtab plan#p' build/estate/README.txt | \
		sed 's#plan.yaml$$#stacks/plans/estate.yaml#')"

hybrid: | pulumi-environment ## Plan the synthetic hybrid estate anew into stacks/plans/hybrid.yaml
	$(PULUMI)/trimtab example --hybrid --out build/hybrid
	eval "$$(sed -n 's#^ *trimtab plan#$(PULUMI)/trimtab plan#p' build/hybrid/README.txt | \
		sed 's#plan.yaml$$#stacks/plans/hybrid.yaml#')"

# --- What a developer runs -----------------------------------------------------------------------

test: pulumi-environment function-environment ## Run the tests of both environments
	@$(PULUMI)/python -m tools.run_tests $(ARGS)

coverage: pulumi-environment function-environment ## Run the tests and report line and branch coverage
	@rm -f .coverage .coverage.*
	@$(PULUMI)/python -m tools.run_tests --cov --cov-report= $(ARGS)
	$(PULUMI)/coverage combine
	$(PULUMI)/coverage xml
	$(PULUMI)/coverage report

lint: lint-style lint-types lint-types-function lint-pins lint-hygiene ## Check style, types, pins and hygiene

lint-style: pulumi-environment
	$(PULUMI)/ruff check .
	$(PULUMI)/ruff format --check .

lint-types: pulumi-environment
	$(PULUMI)/mypy $(NEEDS_FUNCTION:%=--exclude '^%') $(TYPED_PULUMI)

lint-types-function: function-environment
	$(FUNCTION)/mypy --cache-dir .mypy_cache/function $(TYPED_FUNCTION)

lint-pins: pulumi-environment function-environment
	$(PULUMI)/python -m tools.check_pins pulumi
	$(FUNCTION)/python -m tools.check_pins function
	$(PULUMI)/python -m tools.check_pins --files-only tools

lint-hygiene: pulumi-environment
	$(PULUMI)/python -m tools.hygiene

format: pulumi-environment ## Format the code and mend what ruff can mend
	$(PULUMI)/ruff check --fix .
	$(PULUMI)/ruff format .

engines: ## Build the engines of the end-to-end tests from pinned Go modules (needs Go)
	$(PYTHON) tools/engines.py build $(ARGS)

xpkg: function-environment ## Build the function's Crossplane package, an .xpkg for each architecture, in build/xpkg
	$(FUNCTION)/python -m tools.xpkg $(ARGS)

control-plane: pulumi-environment function-environment ## Run an empty cluster with Crossplane and the function on this machine, until Ctrl-C
	@PYTHONPATH=tests:. $(PULUMI)/python -m support.control_plane build/control-plane

programs: ## Have the Chromium and the sshd that tests run (installs Debian's as root)
	$(PYTHON) tools/debian.py $(ARGS)

schemas: pulumi-environment ## Write the JSON Schemas and CRDs anew from the documents' models
	$(PULUMI)/python -m tools.schemas

docs: pulumi-environment ## Write the page of every stack anew from its preview
	$(PULUMI)/python -m tools.stack_pages

bench: pulumi-environment function-environment ## Measure the figures that the documentation states
	$(PULUMI)/python -m benchmarks $(ARGS)

lock: tools-environment ## Resolve requirements/*.txt anew (ARGS=--upgrade for the newest)
	.venv/tools/bin/python -m tools.lock $(ARGS)

clean: ## Remove what was built or cached, but not the environments or engines
	rm -rf build htmlcov coverage.xml .coverage .coverage.* .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -not -path './.venv/*' -not -path './.engines/*' -prune -exec rm -rf {} +

clean-environments: ## Remove the environments, to have them built anew
	rm -rf .venv

# A no-op in a fraction of a second when the environment is what the files ask for.
pulumi-environment:
	@$(PYTHON) tools/bootstrap.py pulumi

function-environment: | pulumi-environment
	@$(PYTHON) tools/bootstrap.py function

tools-environment:
	@$(PYTHON) tools/bootstrap.py tools
