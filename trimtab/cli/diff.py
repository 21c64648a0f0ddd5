"""`trimtab diff`: what a change costs, emits, risks and breaks, before it ships."""

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from trimtab.cli.output import info
from trimtab.cli.parameters import argument, option
from trimtab.diff.outputs.limits import GITHUB_LIMIT
from trimtab.errors import ExitCode, InputError, allowed

if TYPE_CHECKING:
    from trimtab.diff.model import Diff


class Form(StrEnum):
    """How a diff is written."""

    TABLE = "table"
    MARKDOWN = "markdown"
    JSON = "json"
    SARIF = "sarif"
    JUNIT = "junit"
    HTML = "html"


FORMS = {
    ".txt": Form.TABLE,
    ".md": Form.MARKDOWN,
    ".json": Form.JSON,
    ".sarif": Form.SARIF,
    ".xml": Form.JUNIT,
    ".html": Form.HTML,
}
"""What a file given with --out holds, by how its name ends."""


class FailOn(StrEnum):
    """Which findings that the change brings end in exit status 7."""

    ERROR = "error"
    WARNING = "warning"
    NEVER = "never"


def diff(
    inputs: Annotated[
        list[str],
        argument(
            metavar="[BEFORE] AFTER",
            help="One input that holds both sides (a Pulumi preview, a Terraform plan), or one for each "
            "(stack exports, renders, manifests, folders, plans); - reads stdin.",
        ),
    ],
    plan: Annotated[
        Path | None, option(help="CapacityPlan that sizes and prices what is of its groups.")
    ] = None,
    plan_before: Annotated[
        Path | None, option(help="The plan before the change; default: the same.")
    ] = None,
    as_of: Annotated[
        str | None,
        option(
            "--as-of",
            metavar="INSTANT",
            help="Instant at which prices and the plan's windows are read; default: the plan's start, "
            "else today.",
        ),
    ] = None,
    usage: Annotated[
        Path | None, option(help="Usage file: gigabytes, requests and hours a month.")
    ] = None,
    measured: Annotated[
        Path | None,
        option(help="FOCUS export whose quantities stand for usage that the file does not say."),
    ] = None,
    inventory: Annotated[
        Path | None,
        option(
            help="CapacityInventory of what is held: it is used up before anything is paid for."
        ),
    ] = None,
    offers: Annotated[
        Path | None, option(help="Price table of machines that goes before the book's.")
    ] = None,
    prices: Annotated[
        str | None,
        option(
            help="Folder of fetched prices, or built-in; default: what `trimtab catalog refresh` fetched, "
            "where it did."
        ),
    ] = None,
    region: Annotated[
        list[str] | None,
        option(
            metavar="PROVIDER=REGION",
            help="Where resources are that do not say it, such as aws=eu-west-1; repeatable.",
        ),
    ] = None,
    stack: Annotated[
        str | None,
        option(help="Stack to preview, where an input is a Pulumi program's folder."),
    ] = None,
    config: Annotated[
        list[str] | None,
        option(metavar="KEY=VALUE", help="Configuration of that stack; repeatable."),
    ] = None,
    fixtures: Annotated[
        Path | None, option(help="YAML file that answers that program's lookups.")
    ] = None,
    engine: Annotated[
        str,
        option(
            help="Who previews that program. recorder: run it here, with no CLI, cloud or credentials; "
            "pulumi: ask the real Pulumi."
        ),
    ] = "recorder",
    budgets: Annotated[
        Path | None, option(help="Budgets file: what owners may spend a month.")
    ] = None,
    owner_tag: Annotated[
        list[str] | None,
        option(
            metavar="DIMENSION=TAG",
            help="Tag that says who pays, such as team=CostCentre; repeatable, the first goes first.",
        ),
    ] = None,
    require: Annotated[
        list[str] | None,
        option(
            help="Dimension that whatever costs money must say: team, project, model, environment; "
            "repeatable; none: none. Default: team, project and environment."
        ),
    ] = None,
    fail_on: Annotated[
        FailOn, option(help="Findings of the change that end in exit status 7.")
    ] = FailOn.ERROR,
    max_unpriced: Annotated[
        float | None,
        option(
            min=0, max=1, help="Share of what costs money that may have no price; above: exit 8."
        ),
    ] = None,
    output: Annotated[Form, option("--format", help="How to print the result.")] = Form.TABLE,
    out: Annotated[
        list[Path] | None,
        option(
            help="File to write, too, its form by its ending (.md .json .sarif .xml .html .txt); repeatable."
        ),
    ] = None,
    name: Annotated[
        str, option(help="Name of the comment: one of each name is kept on a pull request.")
    ] = "trimtab",
    comment_limit: Annotated[
        int, option(min=2_000, help="Characters that a Markdown comment may have.")
    ] = GITHUB_LIMIT,
    explain: Annotated[
        str | None,
        option(
            metavar="RESOURCE",
            help="Print every multiplication of the resources of this name (* and ? match) instead.",
        ),
    ] = None,
) -> int:
    """Show what a change costs, emits, risks and breaks: before, after, per resource and per owner.

    Reads `pulumi preview --json`, update plans, stack exports, Pulumi programs, Terraform and OpenTofu
    plans, `crossplane render` output, Kubernetes manifests and CapacityPlans. Nothing is provisioned,
    and no price is fetched. What has no price is counted, never shown as $0.

    \b
    Examples:
      pulumi preview --json --show-sames | trimtab diff -
      trimtab diff --plan plan.yaml --stack prod main/ branch/
      trimtab diff before.yaml after.yaml --region aws=eu-west-1 --out comment.md
      trimtab diff plan.json --budgets budgets.yaml --fail-on warning
      trimtab diff preview.json --explain 'gpu-*'
    """
    from trimtab.cli.diff_inputs import DiffOptions, priced

    read = [plan, plan_before, usage, measured, inventory, offers, fixtures, budgets]
    targets = _targets(out or (), [*map(Path, inputs), *(path for path in read if path)])
    options = DiffOptions(
        inputs=tuple(inputs),
        plan=plan,
        plan_before=plan_before,
        as_of=as_of,
        usage=usage,
        measured=measured,
        inventory=inventory,
        offers=offers,
        prices=prices,
        regions=_pairs("--region", region or ()),
        stack=stack,
        config=_pairs("--config", config or ()),
        fixtures=fixtures,
        engine=engine,
        budgets=budgets,
        owner_tags=_tags(owner_tag or ()),
        required=_required(require),
    )
    result = priced(options)
    for path, form in targets:
        from trimtab.files import write_atomic

        write_atomic(path, _written(result, form, name, comment_limit))
        info(f"wrote {path}")
    if explain is not None:
        from trimtab.diff.explain import explain as explained

        text = explained(result, explain)
    else:
        text = _written(result, output, name, comment_limit, terminal=True)
    print(text, end="" if text.endswith("\n") else "\n", flush=True)  # noqa: T201
    return _status(result, fail_on, max_unpriced)


def _written(result: "Diff", form: Form, name: str, limit: int, *, terminal: bool = False) -> str:
    """The diff in one of its forms."""
    match form:
        case Form.TABLE:
            import shutil
            import sys

            from trimtab.diff.outputs.table import TableOptions, table

            shown = terminal and sys.stdout.isatty()
            width = max(shutil.get_terminal_size((100, 40)).columns, 80) if shown else 100
            return table(result, TableOptions(width=width, colour=shown))
        case Form.MARKDOWN:
            from trimtab.diff.outputs.markdown import MarkdownOptions, markdown

            return markdown(result, MarkdownOptions(name=name, limit=limit))
        case Form.JSON:
            from trimtab.diff.outputs.json_document import json_document

            return json_document(result)
        case Form.SARIF:
            from trimtab.diff.outputs.sarif import SarifOptions, sarif

            return sarif(result, SarifOptions(file=_stands_for_all(result)))
        case Form.JUNIT:
            from trimtab.diff.outputs.junit import junit

            return junit(result)
        case Form.HTML:
            from trimtab.diff.outputs.html import html

            return html(result)


def _stands_for_all(result: "Diff") -> str:
    """The file under which a finding is shown whose own file is not known: the program's, or the input."""
    for name in ("Pulumi.yaml", result.after_source):
        if not Path(name).is_absolute() and Path(name).is_file():
            return name
    return ""


def _status(result: "Diff", fail_on: FailOn, max_unpriced: float | None) -> ExitCode:
    """The exit status, with the reason for each that is not 0 on stderr."""
    from trimtab.diff.model import BudgetState, Severity
    from trimtab.diff.outputs.figures import plural

    grave = {
        FailOn.ERROR: {Severity.ERROR},
        FailOn.WARNING: {Severity.ERROR, Severity.WARNING},
        FailOn.NEVER: set(),
    }[fail_on]
    broken = [
        finding for finding in result.findings if finding.introduced and finding.severity in grave
    ]
    spent = [
        budget
        for budget in result.budgets
        if budget.state is BudgetState.EXCEEDED and budget.after > budget.before
    ]
    reasons = []
    if broken:
        rules = sorted({finding.rule.id for finding in broken})
        text = f"the change breaks {', '.join(rules)} ({plural(len(broken), 'finding')})"
        reasons.append((ExitCode.POLICY, text))
    if spent:
        names = ", ".join(budget.name for budget in spent)
        reasons.append((ExitCode.BUDGET, f"the change adds to exceeded budgets: {names}"))
    if max_unpriced is not None and result.unpriced_share > max_unpriced:
        text = (
            f"{result.unpriced_share:.1%} of what costs money has no price, {max_unpriced:.1%} may"
        )
        reasons.append((ExitCode.UNPRICED, text))
    for code, reason in reasons:
        info(f"exit {int(code)}: {reason}")
    return reasons[0][0] if reasons else ExitCode.OK


def _targets(out: Sequence[Path], read: Sequence[Path]) -> list[tuple[Path, Form]]:
    """What is written where; refused before anything is, if one of them can't be.

    Raises:
        InputError: a file has no known ending, no folder to be in, stands twice, or is read.
    """
    found: dict[Path, tuple[Path, Form]] = {}
    for path in out:
        place = path.resolve()
        if place in found:
            raise InputError(f"{path} stands twice", where="--out", mend="name it once")
        if any(place == each.resolve() for each in read):
            raise InputError(f"{path} is read, too", where="--out", mend="write to another file")
        if path.is_dir() or not place.parent.is_dir():
            what = "is a folder" if path.is_dir() else "is in no folder that exists"
            raise InputError(f"{path} {what}", where="--out", mend="name a file in a folder")
        found[place] = (path, _form(path))
    return list(found.values())


def _form(path: Path) -> Form:
    if path.suffix not in FORMS:
        raise InputError(
            f"{path.name} ends in no known way",
            where="--out",
            mend=f"end it in {allowed(set(FORMS))}",
        )
    return FORMS[path.suffix]


_FORMS = {
    "--region": "PROVIDER=REGION, such as aws=eu-west-1",
    "--owner-tag": "DIMENSION=TAG, such as team=CostCentre",
    "--config": "KEY=VALUE",
}


def _pairs(option: str, texts: Sequence[str]) -> dict[str, str]:
    pairs = {}
    for text in texts:
        key, separator, value = text.partition("=")
        if not separator or not key or not value:
            raise InputError(f"{text!r} is no {_FORMS[option]}", where=option)
        pairs[key] = value
    return pairs


def _tags(texts: Sequence[str]) -> dict[str, list[str]]:
    tags: dict[str, list[str]] = {}
    for text in texts:
        for dimension, tag in _pairs("--owner-tag", [text]).items():
            tags.setdefault(_dimension("--owner-tag", dimension), []).append(tag)
    return tags


def _required(given: Sequence[str] | None) -> tuple[str, ...] | None:
    if given is None:
        return None
    return tuple(_dimension("--require", name) for name in given if name != "none")


def _dimension(option: str, name: str) -> str:
    from trimtab.diff.owners import DIMENSIONS

    if name not in DIMENSIONS:
        raise InputError(
            f"{name!r} is no dimension of an owner", where=option, mend=f"use {allowed(DIMENSIONS)}"
        )
    return name
