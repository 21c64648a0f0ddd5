"""`trimtab backtest`: a series replayed in rolling time, beside every baseline and the optimum."""

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from trimtab.cli.output import Format, info, print_json, progress
from trimtab.cli.parameters import option
from trimtab.cli.plan import TermName
from trimtab.errors import InputError
from trimtab.workloads.model import Unit

if TYPE_CHECKING:
    from trimtab.backtest.model import Backtest, Setting
    from trimtab.backtest.provisioning import Comparison
    from trimtab.cli.backtest_inputs import Inputs


def backtest(
    demand: Annotated[
        list[str],
        option(
            metavar="FILE",
            help="Demand series, CSV or Parquet (timestamp, demand, optional peak), replayed by "
            "the hour; - reads standard input; repeatable.",
        ),
    ],
    on_demand: Annotated[
        float | None, option(help="On-demand price, US dollars per unit-hour.")
    ] = None,
    reserved: Annotated[
        float | None,
        option(help="Price of the commitment, US dollars per unit-hour of its term."),
    ] = None,
    spot: Annotated[float | None, option(help="Spot price, US dollars per unit-hour.")] = None,
    instance_type: Annotated[
        str | None, option(help="Take the prices of this type from a price table instead.")
    ] = None,
    region: Annotated[str | None, option(help="Where the type is bought.")] = None,
    provider: Annotated[str | None, option(help="From whom, where two sell it.")] = None,
    offers: Annotated[
        Path | None, option(help="Price table, CSV; default: the built-in one.")
    ] = None,
    units_per_node: Annotated[
        float | None,
        option(help="Units that a node serves; default: its accelerators or vCPUs."),
    ] = None,
    commitment: Annotated[
        TermName, option(help="Which reserved price of the table, and the default --term.")
    ] = TermName.ONE_YEAR,
    term: Annotated[
        str | None,
        option(metavar="DURATION", help="How long a purchase lasts; default: 365d or 1095d."),
    ] = None,
    spot_availability: Annotated[
        list[Path] | None,
        option(
            metavar="FILE",
            help="Availability trace of one zone, CSV (offset_seconds, available), all on one "
            "clock; repeatable.",
        ),
    ] = None,
    spot_depth: Annotated[
        float | None, option(help="Units that a zone offers when it is up.")
    ] = None,
    carbon: Annotated[
        Path | None,
        option(metavar="FILE", help="Grid intensity, CSV (timestamp, gco2e_per_kwh)."),
    ] = None,
    kwh_per_unit_hour: Annotated[
        float | None, option(help="Energy of a running unit in an hour, for --carbon.")
    ] = None,
    unit: Annotated[
        Unit | None,
        option(help="What the series counts; default: as the file's name says, else gpus."),
    ] = None,
    split: Annotated[
        float, option(metavar="SHARE", help="Share of the series that is history.")
    ] = 0.5,
    decide_every: Annotated[
        str, option(metavar="DURATION", help="Time between decisions, whole hours.")
    ] = "24h",
    restart: Annotated[
        str, option(metavar="DURATION", help="Work that an interruption loses.")
    ] = "15min",
    launch: Annotated[
        str, option(metavar="DURATION", help="Time until a launched unit serves.")
    ] = "6min",
    lead: Annotated[
        str,
        option(
            metavar="DURATION",
            help="Time between ordering a node and its serving, whole hours, for the comparison with "
            "autoscalers.",
        ),
    ] = "1h",
    shift: Annotated[
        list[str] | None,
        option(
            metavar="FACTOR@SHARE",
            help="Multiply demand by FACTOR from SHARE of the series on; repeatable.",
        ),
    ] = None,
    full_term: Annotated[
        bool,
        option("--full-term", help="Charge every purchase to its term's end, the optimum's alike."),
    ] = False,
    max_gap: Annotated[
        str, option(metavar="DURATION", help="Longest gap in a series that is filled.")
    ] = "6h",
    html: Annotated[
        Path | None, option(metavar="FILE", help="Write a report with charts there.")
    ] = None,
    out: Annotated[
        Path | None,
        option(metavar="FILE", help="Write JSON with every hour of every policy there."),
    ] = None,
    output: Annotated[Format, option("--format", help="How to print the result.")] = Format.TABLE,
) -> None:
    """Replay demand in rolling time: what the planner would have decided, and what it would have cost.

    At each decision the planner and every baseline see only the past. Beside them stands the
    clairvoyant optimum, the cheapest that perfect foresight could have done: cost over it is the measure.
    Shortage is reported beside the cost, never in it. Prices are stated per unit-hour, or taken from
    a price table.

    \b
    Examples:
      trimtab backtest --demand gpus.csv --on-demand 3.06 --reserved 2.088
      trimtab backtest --demand gpus.csv --instance-type p4d.24xlarge --region us-east-1 --term 28d
      trimtab backtest --demand gpus.csv --on-demand 3.06 --reserved 2.088 --spot 1.13 --term 28d --spot-availability us-east-2a.csv --spot-availability us-west-2c.csv --spot-depth 60 --html report.html
      trimtab backtest --demand gpus.csv --on-demand 3.06 --reserved 2.088 --shift 0.7@0.75 --format json
    """
    from trimtab.cli.backtest_options import BacktestOptions

    options = BacktestOptions(
        demand=tuple(demand),
        unit=unit,
        max_gap=max_gap,
        on_demand=on_demand,
        reserved=reserved,
        spot=spot,
        offers=offers,
        instance_type=instance_type,
        provider=provider,
        region=region,
        units_per_node=units_per_node,
        commitment=commitment.value,
        term=term,
        spot_availability=tuple(spot_availability or ()),
        spot_depth=spot_depth,
        restart=restart,
        launch=launch,
        lead=lead,
        carbon=carbon,
        kwh_per_unit_hour=kwh_per_unit_hour,
        split=split,
        decide_every=decide_every,
        shift=tuple(shift or ()),
        full_term=full_term,
    )
    read = [*map(Path, demand), *options.spot_availability]
    read += [path for path in (offers, carbon) if path is not None]
    for where, path in (("--html", html), ("--out", out)):
        if path is not None:
            _check_file(where, path, read)
    if html is not None and out is not None and html.resolve() == out.resolve():
        raise InputError("is the file of --html", where=f"--out {out}", mend="name another file")

    from trimtab.cli.backtest_inputs import read_inputs

    with progress("reading demand, prices and availability"):
        inputs = read_inputs(options)
    for sentence in inputs.notes:
        info(f"note: {sentence}")
    found, ahead = _replay(inputs)
    _write(found, ahead, inputs, html, out)
    if output is Format.JSON:
        from trimtab.backtest.document import document

        print_json(document(found, inputs.notes, ahead=ahead))
    else:
        from trimtab.cli.backtest_tables import print_tables

        print_tables(found, ahead)


def _replay(inputs: "Inputs") -> "tuple[list[Backtest], Comparison]":
    from trimtab.backtest.ahead import ordered_ahead
    from trimtab.backtest.baselines import baselines
    from trimtab.backtest.planner import planner
    from trimtab.backtest.run import run
    from trimtab.forecast.forecaster import forecast

    found: list[Backtest] = []
    with progress(_label(inputs.settings[0])) as say:
        for setting in inputs.settings:
            if found:
                say(_label(setting))

            def tell(what: str, done: int, of: int, name: str = setting.name) -> None:
                # Without a terminal every call is a line: a series' name will do.
                if sys.stderr.isatty():
                    say(f"{name}: {what}: {done} of {of}")

            policies = [planner(), *baselines(spot=bool(setting.market.zones))]
            found.append(run(setting, policies, forecaster=forecast, progress=tell))
        say("ordering capacity ahead, beside autoscalers")
        return found, ordered_ahead(inputs.settings, inputs.lead_hours)


def _label(setting: "Setting") -> str:
    return f"replaying {setting.name}, {setting.hours} h"


def _check_file(option: str, path: Path, read: Sequence[Path]) -> None:
    """Raises InputError for what would fail or do harm only after the replay."""
    if str(path) == "-":
        raise InputError(
            "standard output has the result",
            where=f"{option} -",
            mend="name a file, or take --format json",
        )
    if path.is_dir():
        raise InputError("is a folder", where=f"{option} {path}", mend="name a file in it")
    if not path.parent.is_dir():
        raise InputError(
            "its folder does not exist", where=f"{option} {path}", mend=f"make {path.parent} first"
        )
    if not os.access(path.parent, os.W_OK):
        raise InputError(
            "its folder can't be written to", where=f"{option} {path}", mend="name another folder"
        )
    for other in read:
        if path.is_file() and other.is_file() and path.samefile(other):
            raise InputError(
                "is an input, which the result would replace",
                where=f"{option} {path}",
                mend="name another file",
            )


def _write(
    found: "Sequence[Backtest]",
    ahead: "Comparison",
    inputs: "Inputs",
    html: Path | None,
    out: Path | None,
) -> None:
    from trimtab.backtest.document import document
    from trimtab.files import write_atomic

    if out is not None:
        data = document(found, inputs.notes, ahead=ahead, hourly=True)
        write_atomic(out, json.dumps(data, ensure_ascii=False, allow_nan=False) + "\n")
        info(f"wrote {out}")
    if html is not None:
        from trimtab.backtest.report import Source, render

        sources = [Source(each.name, each.digest) for each in inputs.sources]
        write_atomic(html, render(found, ahead=ahead, sources=sources, notes=inputs.notes))
        info(f"wrote {html}")
