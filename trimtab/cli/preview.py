"""`trimtab preview`: what a Pulumi program would provision, priced from its plan."""

from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from trimtab.cli.output import Column, Format, console, info, print_json, print_table, progress
from trimtab.cli.parameters import option
from trimtab.clock import parse_instant
from trimtab.errors import EngineError, InputError, allowed

if TYPE_CHECKING:
    from datetime import datetime

    from trimtab.preview.priced import Preview
    from trimtab.preview.records import Engine, Recording
    from trimtab.pricing.plan_source import PlanSource

RECORDER = "recorder"
PLAN_KEY, AS_OF_KEY = "trimtab:plan", "trimtab:asOf"
"""The stack's configuration that --plan and --as-of go before."""

_INSTALL = "install trimtab-components beside trimtab"


def preview(
    stack: Annotated[str, option(help="Stack to preview, as in Pulumi.<stack>.yaml.")],
    program: Annotated[
        Path, option(help="Any folder of the Pulumi project; default: this one.")
    ] = Path(),
    plan: Annotated[
        Path | None, option(help="Plan to use in place of the stack's trimtab:plan.")
    ] = None,
    as_of: Annotated[
        str | None,
        option(
            "--as-of",
            metavar="INSTANT",
            help="Instant whose windows hold; default: the stack's trimtab:asOf, else the "
            "plan's start.",
        ),
    ] = None,
    config: Annotated[
        list[str] | None,
        option(
            metavar="KEY=VALUE", help="Configuration to use in place of the stack's; repeatable."
        ),
    ] = None,
    fixtures: Annotated[
        Path | None,
        option(
            help="YAML file that answers the program's lookups; default: preview-fixtures.yaml "
            "beside the stack's file."
        ),
    ] = None,
    engine: Annotated[
        str,
        option(
            help="recorder: run the program here, with no CLI, cloud or credentials; "
            "pulumi: ask the real Pulumi."
        ),
    ] = RECORDER,
    output: Annotated[Format, option("--format", help="How to print the result.")] = Format.TABLE,
) -> None:
    """Show what a Pulumi program would provision, priced line by line from its plan.

    Runs the stack's real program and prints its resource tree. What bears nodes shows its sizes, how
    they are bought, what they cost and emit per month (now, and as the plan expects), and the plan
    line they come from. What has no price is counted, never shown as $0. Nothing is provisioned.

    \b
    Examples:
      trimtab preview --stack aws
      trimtab preview --stack aws --plan plan.yaml --as-of 2026-12-01T00:00:00Z
      trimtab preview --stack local --format json | jq .totals
      trimtab preview --stack aws --engine pulumi
    """
    overrides = _pairs(config or [])
    if plan is not None:
        overrides[PLAN_KEY] = str(plan.resolve())
    if as_of is not None:
        overrides[AS_OF_KEY] = as_of
        _instant(as_of, "--as-of")
    source = _plan_source(plan) if plan is not None else None  # a bad plan fails at once

    from trimtab.preview.pricing import price
    from trimtab.preview.records import PreviewRequest

    record = _engine(engine)
    with progress(f"previewing stack {stack}"):
        recording = record(PreviewRequest(program, stack, overrides, fixtures))
    source = source or _stack_plan(recording)
    instant = recording.config.get(AS_OF_KEY)
    result = price(recording, source, _instant(instant, AS_OF_KEY) if instant else None)
    _print(result, engine, output)


def _engine(name: str) -> "Engine":
    from trimtab.preview.records import ENGINE_GROUP

    found: dict[str, EntryPoint] = {point.name: point for point in entry_points(group=ENGINE_GROUP)}
    if not found:
        raise EngineError("no preview engine is installed", mend=_INSTALL)
    if name not in found:
        raise InputError(
            f"no engine {name!r}",
            where="--engine",
            mend=f"choose one of: {allowed(set(found))}",
        )
    try:
        engine: Engine = found[name].load()
    except ModuleNotFoundError as error:
        raise EngineError(
            f"the engine {name} needs the module {error.name}", mend=_INSTALL
        ) from error
    return engine


def _pairs(texts: list[str]) -> dict[str, str]:
    pairs = {}
    for text in texts:
        key, separator, value = text.partition("=")
        if not separator or not key:
            raise InputError(f"{text!r} is no KEY=VALUE", where="--config")
        pairs[key] = value
    return pairs


def _instant(text: str, where: str) -> "datetime":
    try:
        return parse_instant(text)
    except ValueError:
        raise InputError(
            f"{text!r} is no ISO 8601 instant",
            where=where,
            mend="write it as 2026-12-01T00:00:00Z",
        ) from None


def _plan_source(path: Path) -> "PlanSource":
    from trimtab.pricing.plan_source import load_plan_source

    return load_plan_source(path)


def _stack_plan(recording: "Recording") -> "PlanSource | None":
    """The plan that the stack names; a relative path starts at the project's folder."""
    text = recording.config.get(PLAN_KEY)
    return _plan_source(recording.folder / text) if text else None


def _print(result: "Preview", engine: str, output: Format) -> None:
    from trimtab.preview import report

    if output is Format.JSON:
        print_json(report.document(result, engine))
        return
    print_table(
        [
            Column("resource", "resource"),
            Column("nodes", "nodes\nmin/now/max", "right"),
            Column("purchase_option", "bought\nas"),
            Column("usd_per_month_now", "$/month\nnow", "right"),
            Column("usd_per_month_expected", "$/month\nexpected", "right"),
            Column("kgco2e_per_month_now", "kg CO2e\nnow", "right"),
            Column("kgco2e_per_month_expected", "kg CO2e\nexpected", "right"),
            Column("plan_line", "from"),
            Column("mark", "note", "right"),
        ],
        report.rows(result),
        output,
        report.title(result),
    )
    lines = [f"{index}  {note}" for index, note in enumerate(report.footnotes(result), 1)]
    text = "\n".join([*lines, "", *report.summary(result), report.SCOPE])
    console().print(text, markup=False)
    for note in result.notes:
        info(f"note: {note}")
