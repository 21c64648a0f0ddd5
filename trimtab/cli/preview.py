"""`trimtab preview`: what a Pulumi program would provision, and what that costs."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from trimtab.cli.output import Column, Format, console, info, print_json, print_table, progress
from trimtab.cli.parameters import option
from trimtab.collector import paused
from trimtab.errors import InputError

if TYPE_CHECKING:
    from trimtab.preview.priced import Preview
    from trimtab.preview.records import Recording
    from trimtab.pricing.plan_source import PlanSource

RECORDER = "recorder"
PLAN_KEY, AS_OF_KEY = "trimtab:plan", "trimtab:asOf"
"""The stack's configuration that --plan and --as-of go before."""


@paused()
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
            help="Instant at which prices and the plan's windows are read; default: the stack's "
            "trimtab:asOf, else the plan's start, else today.",
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
    usage: Annotated[
        Path | None, option(help="Usage file: gigabytes, requests and hours a month.")
    ] = None,
    inventory: Annotated[
        Path | None,
        option(
            help="CapacityInventory of what is held: it is used up before anything is paid for."
        ),
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
            help="Where the stack is, in place of its configuration, such as aws=eu-west-1; repeatable.",
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
    """Show what a Pulumi program would provision, priced line by line.

    Runs the stack's real program and prints its resource tree. What bears nodes shows its sizes, how
    they are bought, what they cost and emit per month (now, and as the plan expects), and the plan
    line they come from. What flows through resources is priced at defaults that the notes state, or as
    --usage says. What has no price is counted, never shown as $0. Nothing is provisioned.

    \b
    Examples:
      trimtab preview --stack aws
      trimtab preview --stack aws --plan plan.yaml --as-of 2026-12-01T00:00:00Z
      trimtab preview --stack local --format json | jq .totals
      trimtab preview --stack aws --usage usage.yaml --inventory held.yaml
      trimtab preview --stack aws --engine pulumi
    """
    from trimtab.cli.diff_inputs import DiffOptions, configuration, instant_of, settings_with

    options = DiffOptions(
        inputs=(),
        plan=plan,
        usage=usage,
        inventory=inventory,
        prices=prices,
        regions=_pairs("--region", region or []),
        config=_pairs("--config", config or []),
    )
    overrides = configuration(options)
    if as_of is not None:
        overrides[AS_OF_KEY] = as_of
        instant_of(as_of, "--as-of")
    source = _plan_source(plan) if plan is not None else None  # a bad plan fails at once
    settings_with(options, (source, source))  # and so does anything else

    from trimtab.preview.priced import price
    from trimtab.preview.records import PreviewRequest
    from trimtab.resources.readers.program import engine_of

    record = engine_of(engine)
    with progress(f"previewing stack {stack}"):
        recording = record(PreviewRequest(program, stack, overrides, fixtures))
    source = source or _stack_plan(recording)
    if instant := recording.config.get(AS_OF_KEY):
        instant_of(instant, AS_OF_KEY)
    dated = replace(options, as_of=instant)
    (settings, _), _ = settings_with(dated, (source, source))
    _print(price(recording, settings), engine, output)


def _pairs(where: str, texts: list[str]) -> dict[str, str]:
    pairs = {}
    for text in texts:
        key, separator, value = text.partition("=")
        if not separator or not key:
            raise InputError(f"{text!r} is no KEY=VALUE", where=where)
        pairs[key] = value
    return pairs


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
