"""Write the page of every stack that the repository shows, from its own preview: `make docs`.

A stack is a `Pulumi.<stack>.yaml` of the project in the root, or of a Python project under
docs/examples/. Its page, docs/stacks/<stack>.md or docs/stacks/<example>[-<stack>].md, has what it
costs a month, the plan's groups and the resource tree. A test holds the pages to the programs.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import yaml

from tools.environments import ROOT
from trimtab.clock import parse_instant
from trimtab.errors import TrimtabError
from trimtab.files import write_atomic
from trimtab.preview.page import page
from trimtab.preview.priced import price
from trimtab.preview.records import PreviewRequest, Recording
from trimtab.pricing.book import built_in_book
from trimtab.pricing.estimation import Settings
from trimtab.pricing.plan_source import PlanSource, load_plan_source

EXAMPLES = ROOT / "docs" / "examples"
PAGES = Path("docs/stacks")
WITHOUT_PLAN = datetime(2026, 11, 1, tzinfo=UTC)
"""The day of a stack without a plan, which has no start: the clock would change its page."""


@dataclass(frozen=True)
class StackPage:
    """A stack and the page that shows it.

    Attributes:
        project: the folder of its Pulumi.yaml, relative to the repository's root.
        stack: its name.
        path: of the page, relative to the repository's root.
    """

    project: Path
    stack: str
    path: Path


def stack_pages() -> list[StackPage]:
    """Every stack of the root's project and of the Python examples, in a fixed order."""
    found = [StackPage(Path(), stack, PAGES / f"{stack}.md") for stack in _stacks(ROOT)]
    taken = {page.path for page in found}
    for file in sorted(EXAMPLES.glob("*/Pulumi.yaml")):
        stacks = list(_stacks(file.parent))
        for stack in stacks:
            name = file.parent.name if len(stacks) == 1 else f"{file.parent.name}-{stack}"
            path = PAGES / f"{name}.md"
            if path in taken:  # a stack of the root has that name
                path = PAGES / f"example-{name}.md"
            found.append(StackPage(file.parent.relative_to(ROOT), stack, path))
    return found


def text_of(stack: StackPage) -> str:
    """The page as the stack previews now."""
    from trimtab_components.engines.recorder import record

    recording = record(PreviewRequest(ROOT / stack.project, stack.stack))
    plan, instant = _plan_file(recording), recording.config.get(f"{_owner(recording, 'asOf')}:asOf")
    options = []
    if stack.project != Path():
        options.append(f"--program {stack.project.as_posix()}")
    if plan and "trimtab:plan" not in recording.config:
        options.append(f"--plan {plan.relative_to(ROOT).as_posix()}")
    if instant and "trimtab:asOf" not in recording.config:
        options.append(f"--as-of {instant}")
    command = " ".join([f"trimtab preview --stack {stack.stack}", *options])
    settings = _settings(ROOT / stack.project) / f"Pulumi.{stack.stack}.yaml"
    link = Path("../..") / settings.relative_to(ROOT)
    what = (
        f"What `{command}` shows, with the settings of [{settings.name}]({link.as_posix()}): no cloud "
        "account, no credentials. Prices are for a month of 730 hours."
    )
    opening = ["<!-- Written by `make docs`; edit the stack, not this page. -->", what]
    kind = "Stack" if stack.project == Path() else "Example"
    preview = price(recording, _settings_of(_plan(plan), instant))
    return page(preview, f"{kind} {stack.path.stem}", opening)


def _settings_of(plan: PlanSource | None, instant: str | None) -> Settings:
    """As `trimtab preview` prices the stack from the prices that come with the package."""
    site = plan.plan.spec.site if plan else None
    as_of = parse_instant(instant) if instant else plan.plan.spec.start if plan else WITHOUT_PLAN
    regions = {site.provider: site.region} if site else {}
    return Settings(built_in_book(), as_of, regions=regions, plan=plan)


def _owner(recording: Recording, key: str) -> str:
    """The namespace under which a stack has a setting: Trimtab's, else the project's own."""
    return "trimtab" if f"trimtab:{key}" in recording.config else recording.project


def _plan_file(recording: Recording) -> Path | None:
    """The stack's plan: the one that it names, else plan.yaml beside its project."""
    named = recording.config.get(f"{_owner(recording, 'plan')}:plan", "plan.yaml")
    path = (recording.folder / named).resolve()
    return path if path.is_file() else None


def _plan(path: Path | None) -> PlanSource | None:
    """The plan, its file named from the repository's root wherever this runs."""
    if path is None:
        return None
    return replace(load_plan_source(path), file=path.relative_to(ROOT).as_posix())


def _stacks(project: Path) -> Iterator[str]:
    """Names of a project's stacks; none where it is not in Python, which needs an engine."""
    described = yaml.safe_load((project / "Pulumi.yaml").read_text("utf-8"))
    runtime = described.get("runtime")
    if (runtime.get("name") if isinstance(runtime, dict) else runtime) != "python":
        return
    for file in sorted(_settings(project).glob("Pulumi.*.yaml")):
        yield file.name.removeprefix("Pulumi.").removesuffix(".yaml")


def _settings(project: Path) -> Path:
    described = yaml.safe_load((project / "Pulumi.yaml").read_text("utf-8"))
    return (project / str(described.get("stackConfigDir", "."))).resolve()


def stale_pages() -> list[Path]:
    """Pages of stacks that there are no more, relative to the root."""
    wanted = {stack.path for stack in stack_pages()}
    there = (path.relative_to(ROOT) for path in sorted((ROOT / PAGES).glob("*.md")))
    return [path for path in there if path not in wanted]


def main() -> int:
    """Write each page that has changed, remove those of stacks that are gone, and name them; 1 when a
    stack can't be previewed."""
    failed = False
    for stack in stack_pages():
        try:
            path, text = ROOT / stack.path, text_of(stack)
        except TrimtabError as error:
            print(f"{stack.path}: {error}", file=sys.stderr)
            failed = True
            continue
        if path.exists() and path.read_text("utf-8") == text:
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, text)
        print(f"wrote {stack.path}")
    for stale in stale_pages():
        (ROOT / stale).unlink()
        print(f"removed {stale}")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
