"""`trimtab plan`: from demand, workloads and offers to a CapacityPlan."""

import contextlib
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from trimtab.cli.output import Format, info, print_json, print_table, progress
from trimtab.cli.parameters import option
from trimtab.errors import InputError
from trimtab.workloads.model import Unit

if TYPE_CHECKING:
    from trimtab.plan.model import CapacityPlan

STDOUT = "-"


class TermName(StrEnum):
    """`trimtab.planning.request.Term`, in the form that completes."""

    ONE_YEAR = "1y"
    THREE_YEARS = "3y"


def plan(
    demand: Annotated[
        list[str],
        option(
            metavar="[NAME=]FILE",
            help="Demand series, CSV or Parquet (timestamp, demand, optional peak); - reads "
            "standard input. One series is shared by all workloads; NAME=FILE, repeated, gives "
            "each workload its own.",
        ),
    ],
    workloads: Annotated[
        Path | None,
        option(
            help="YAML of Workload documents or Kubernetes manifests; default: one assumed "
            "workload, which is printed."
        ),
    ] = None,
    offers: Annotated[
        Path | None, option(help="Price table, CSV; default: the built-in one.")
    ] = None,
    unit: Annotated[
        Unit | None,
        option(help="What the series counts; default: as the file's name says, else gpus."),
    ] = None,
    units_per_accelerator: Annotated[
        float | None,
        option(help="Requests per second that one accelerator serves."),
    ] = None,
    accelerator: Annotated[
        list[str] | None,
        option(help="Accelerator of the assumed workload (default a100); repeatable."),
    ] = None,
    interruptible: Annotated[
        bool, option("--interruptible", help="Spot may serve the assumed workload.")
    ] = False,
    as_of: Annotated[
        str | None,
        option(
            "--as-of",
            metavar="INSTANT",
            help="Instant of the decision; default: where the series ends. Nothing later is "
            "looked at, and no clock is read.",
        ),
    ] = None,
    horizon: Annotated[
        str, option(metavar="DURATION", help="Span to plan, in whole hours.")
    ] = "7d",
    max_gap: Annotated[
        str, option(metavar="DURATION", help="Longest gap in a series that is filled.")
    ] = "6h",
    term: Annotated[
        list[TermName] | None,
        option(help="Commitment term that may be proposed (default 1y); repeatable."),
    ] = None,
    provider: Annotated[
        list[str] | None, option(help="Where the cluster may be; repeatable.")
    ] = None,
    region: Annotated[
        list[str] | None, option(help="Where the cluster may be; repeatable.")
    ] = None,
    zone: Annotated[
        list[str] | None, option(help="The cluster's zones, with one --region; repeatable.")
    ] = None,
    inventory: Annotated[
        Path | None,
        option(help="CapacityInventory: what is held, owned and running; used first."),
    ] = None,
    previous: Annotated[
        Path | None,
        option(help="The plan before: sizes move from it only when that pays."),
    ] = None,
    approvals: Annotated[
        Path | None,
        option(
            metavar="PATH",
            help="CommitmentApprovals, a file or a folder: approved lines of --previous are held.",
        ),
    ] = None,
    events: Annotated[
        Path | None, option(help="DemandEvents: launches and closures, past and ahead.")
    ] = None,
    limits: Annotated[
        Path | None,
        option(help="PlanningLimits: budgets, carbon, spot, commitments, steps down."),
    ] = None,
    latency: Annotated[
        Path | None,
        option(
            help="Round trips, CSV (from_region, to_region, rtt_ms): makes workloads' latency "
            "bounds hold; where users are stands in --limits."
        ),
    ] = None,
    storage: Annotated[
        Path | None,
        option(help="StorageDemand: tiers of storage to size and place beside the pools."),
    ] = None,
    name: Annotated[
        str | None,
        option(help="Name of the plan and of a shared pool; default: from the file's name."),
    ] = None,
    out: Annotated[
        Path, option(metavar="FILE", help="Where to write the plan; - is stdout.")
    ] = Path(STDOUT),
    output: Annotated[
        Format,
        option("--format", help="How to print the summary: a table on stderr, or JSON on stdout."),
    ] = Format.TABLE,
) -> None:
    """Turn a demand series into a CapacityPlan: what to run, when, bought how, and why.

    Forecasts the demand, chooses the site and the instance types, and decides how many nodes to
    commit, run on spot and buy on demand. The same inputs give the same bytes. Assumptions, repairs
    and a summary go to stderr. An existing file is replaced whole, and only when all went well.

    \b
    Examples:
      trimtab plan --demand gpus.csv --out plan.yaml
      trimtab plan --demand gpus.csv --workloads manifests.yaml --region us-east-1 --out plan.yaml
      trimtab plan --demand chat=chat.csv --demand search=search.csv --workloads apps.yaml
      trimtab plan --demand rps.csv --unit requests-per-second --units-per-accelerator 2.5 --accelerator l4
      trimtab plan --demand gpus.csv --inventory held.yaml --previous plan.yaml --out plan.yaml
      trimtab plan --demand gpus.csv --storage storage.yaml --out plan.yaml
      export-demand | trimtab plan --demand - --unit gpus --out plan.yaml --format json
    """
    files = (workloads, offers, inventory, approvals, events, limits, latency, storage)
    inputs = [path for path in files if path is not None]
    for text in demand:
        inputs += [Path(text), Path(text.partition("=")[2])]
    _check_out(out, output, inputs)

    from trimtab.cli.plan_inputs import read_request
    from trimtab.cli.plan_options import PlanOptions
    from trimtab.cli.plan_storage import read_storage
    from trimtab.planning.planner import make_plan
    from trimtab.planning.storage import with_storage

    with progress("reading demand, workloads and offers"):
        options = PlanOptions(
            demand=tuple(demand),
            workloads=workloads,
            offers=offers,
            unit=unit,
            units_per_accelerator=units_per_accelerator,
            accelerators=tuple(accelerator or ()),
            interruptible=interruptible,
            as_of=as_of,
            horizon=horizon,
            max_gap=max_gap,
            terms=tuple("3y" if each is TermName.THREE_YEARS else "1y" for each in term or ())
            or ("1y",),
            providers=tuple(provider or ()),
            regions=tuple(region or ()),
            zones=tuple(zone or ()),
            name=name,
            inventory=inventory,
            previous=previous,
            approvals=approvals,
            events=events,
            limits=limits,
            latency=latency,
            storage=storage,
        )
        request = read_request(options)
        stored = read_storage(options, request)
    with progress("planning") as say:

        def tell(what: str, done: int, of: int) -> None:
            # Without a terminal every call is a line: the first and the last will do.
            if sys.stderr.isatty() or done in (1, of):
                say(f"{what}: {done} of {of}")

        made = make_plan(request, tell)
        if stored:
            made = with_storage(made, stored, tell)
    _write(made, out)
    _report(made, out, output)


def _check_out(out: Path, output: Format, inputs: list[Path]) -> None:
    """Raises InputError for what would fail or do harm only after the plan was made."""
    if str(out) == STDOUT:
        if output is Format.JSON:
            raise InputError(
                "json prints the summary on stdout, where the plan would go",
                where="--format",
                mend="name the plan's file with --out",
            )
        return
    if out.is_dir():
        raise InputError("is a folder", where=f"--out {out}", mend="name a file in it")
    if not out.parent.is_dir():
        raise InputError(
            "its folder does not exist", where=f"--out {out}", mend=f"make {out.parent} first"
        )
    for path in inputs:
        if out.is_file() and path.is_file() and out.samefile(path):
            raise InputError(
                "is an input, which the plan would replace",
                where=f"--out {out}",
                mend="name another file",
            )


def _write(made: "CapacityPlan", out: Path) -> None:
    from trimtab.plan.document import save_plan, to_yaml

    if str(out) == STDOUT:
        sys.stdout.write(to_yaml(made))
    else:
        save_plan(made, out)


def _report(made: "CapacityPlan", out: Path, output: Format) -> None:
    from trimtab.cli import plan_summary
    from trimtab.cli.plan_storage import STORAGE_COLUMNS, storage_lines, storage_rows

    evidence = made.spec.evidence
    said = plan_summary.notes(made)
    for kind, sentences in (
        ("assumed", evidence.assumptions),
        ("repaired", evidence.repairs),
        ("note", said),
    ):
        for sentence in sentences:
            info(f"{kind}: {sentence}")
    data = plan_summary.summary(made)
    file = "stdout" if str(out) == STDOUT else str(out)
    info(
        f"wrote {file}: plan {data['name']} ({data['digest']}) for {data['site']['provider']} "
        f"{data['site']['region']}, as of {data['as_of']}, valid until {data['valid_until']}"
    )
    if output is Format.JSON:
        print_json({"file": file, **data, "notes": said})
        return
    with contextlib.redirect_stdout(sys.stderr):
        print_table(plan_summary.GROUP_COLUMNS, plan_summary.group_rows(data), output)
        if "storage" in data:
            print_table(STORAGE_COLUMNS, storage_rows(data), output)
    for line in (*plan_summary.pool_lines(data), *storage_lines(data)):
        info(line)
