"""docs/gitops.md, crossplane.md and policy-engines.md: their examples preview, and they name the arguments."""

import re
from typing import Any

import pytest
import yaml

from support.examples import DOCS, block, example
from support.recorded import of, one
from trimtab.cli.main import COMMANDS
from trimtab.cli.typed import command_of
from trimtab.plan import promotion
from trimtab_components.delivery import crossplane, gitops, policy_engine

PAGES: dict[str, type] = {
    "gitops.md": gitops.GitOpsArgs,
    "crossplane.md": crossplane.CrossplaneControlPlaneArgs,
    "policy-engines.md": policy_engine.PolicyEngineArgs,
}


@pytest.mark.parametrize("page", PAGES)
def test_the_pages_table_has_every_argument(page: str) -> None:
    table = (DOCS / page).read_text("utf-8").partition("\n## Arguments\n")[2]
    cells = [line.split(" | ")[0] for line in table.splitlines() if line.startswith("| `")]
    named = {name for cell in cells for name in re.findall(r"`([a-z_]+)`", cell)}
    assert named == set(PAGES[page].__annotations__)


def test_the_example_delivers_staging_before_production() -> None:
    records = example("gitops")
    assert set(of(records, "Kustomization")) == {"delivery-staging", "delivery-prod"}
    assert one(records, "Config").name == "rules-config"


def test_the_examples_control_plane_keeps_node_groups() -> None:
    records = example("crossplane")
    assert one(records, "Composition").name == "control-plane-composition-nodegroupset-eks"
    activated = one(records, "ManagedResourceActivationPolicy").inputs["spec"]["activate"]
    assert "nodegroups.eks.aws.m.upbound.io" in activated


def test_the_annotations_are_those_that_a_promotion_writes() -> None:
    shown = yaml.safe_load(block("gitops.md", "yaml"))["metadata"]["annotations"]
    assert set(shown) == {
        promotion.PROMOTED_FROM,
        promotion.PROMOTED_DIGEST,
        promotion.PROMOTED_AT,
        promotion.PROMOTED_OVER,
    }


def test_the_commands_options_are_the_commands() -> None:
    known = {name for each in command_of("promote").params for name in each.opts}
    workflow: Any = yaml.safe_load(block("gitops.md", "yaml", 1))
    steps = workflow["jobs"]["promote"]["steps"]
    (run,) = [each["run"] for each in steps if each.get("run", "").startswith("trimtab promote")]
    for text in (run, block("gitops.md", "sh").partition("trimtab promote")[2]):
        assert set(re.findall(r"--[a-z-]+", text)) - {"--namespace"} <= known
    assert "promote" in COMMANDS
