"""From demand series and workloads to pools: which series is whose, and what was assumed for it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from trimtab.cli.plan_options import MAX_POOL_NAME, PlanOptions, bounded, slug
from trimtab.demand.series import DemandSeries
from trimtab.errors import InputError, allowed
from trimtab.plan.types import MAX_POOLS, LabelValue, Name, QualifiedName
from trimtab.planning.groups import OWNER_FIELDS
from trimtab.planning.request import PoolRequest, assumed_workload
from trimtab.workloads.labels import becomes_pool_label
from trimtab.workloads.model import Unit, Workload
from trimtab.workloads.reader import WorkloadFile

STDIN = "-"
MAX_WORKLOADS = 64
MAX_REPAIRS = 240
"""Over all pools: a plan keeps 256."""


def read_sources(demand: Sequence[str]) -> list[tuple[str | None, str]]:
    """Each series' name, if it is given one, and its file.

    Raises:
        InputError: there is none, several stand without a name, or a name or standard input twice.
    """
    if not demand:
        raise InputError("is missing", where="--demand", mend="give a CSV or Parquet file, or -")
    sources = [_source(text) for text in demand]
    bare = next((file for name, file in sources if name is None), None)
    if len(sources) > 1 and bare is not None:
        raise InputError(
            f"{bare} has no name beside other series",
            where="--demand",
            mend=f"write NAME={bare}, with a workload's or pool's name",
        )
    for what, values in (
        ("name", [name for name, _ in sources if name is not None]),
        ("standard input", [file for _, file in sources if file == STDIN]),
    ):
        twice = next((value for value, count in Counter(values).items() if count > 1), None)
        if twice is not None:
            raise InputError(
                f"{what} {twice} is given twice", where="--demand", mend="give it once"
            )
    if len(sources) > MAX_POOLS:
        raise InputError(
            f"{len(sources)} series, more than a plan's {MAX_POOLS} pools",
            where="--demand",
            mend="make several plans",
        )
    return sources


def _source(text: str) -> tuple[str | None, str]:
    name, separator, file = text.partition("=")
    # A path may hold an equals sign; a pool's name holds no slash.
    if not separator or "/" in name or Path(text).is_file():
        name, file = "", text
    elif not name:
        raise InputError(f"{text!r} has no name before =", where="--demand")
    if not file:
        raise InputError(f"{text!r} names no file", where="--demand", mend="write NAME=FILE")
    return name or None, file


def check_workloads(found: WorkloadFile) -> None:
    """Raises InputError where a workload says what a plan can't carry into names and labels."""
    name, key, value = TypeAdapter(Name), TypeAdapter(QualifiedName), TypeAdapter(LabelValue)
    value_rule = "use up to 63 letters, digits, '-', '_' and '.'"
    for workload in found.workloads:
        selected = [
            *workload.node_selector,
            *((r.key, v) for term in workload.node_requirements for r in term for v in r.values),
        ]
        checks: list[tuple[str, TypeAdapter[str], str, str]] = [
            ("name", name, workload.name, "use a-z, 0-9, '-' and '.'"),
            *(
                (f"owner's {field}", value, getattr(workload.owner, field), value_rule)
                for field in OWNER_FIELDS
            ),
        ]
        for label, wanted in selected:
            if becomes_pool_label(label):
                checks += [
                    ("selected label", key, label, "write it as example.com/gpu-type or gpu-type"),
                    (f"value of selected label {label}", value, wanted, value_rule),
                ]
        for what, kind, text, mend in checks:
            try:
                kind.validate_python(text)
            except ValidationError:
                raise InputError(
                    f"Kubernetes takes no {text!r} as the {what} of workload {workload.name}",
                    where=workload.source,
                    mend=mend,
                ) from None


def check_served(found: WorkloadFile, names: Sequence[str]) -> None:
    """Raises InputError unless every named series is a workload's, and every workload has one."""
    known = [workload.name for workload in found.workloads]
    for name in names:
        if name not in known:
            raise InputError(
                f"no workload {name!r} in {found.source}",
                where="--demand",
                mend=f"name one of: {allowed(known)}",
            )
    without = [name for name in known if name not in names]
    if without:
        raise InputError(
            f"no series for workload {allowed(without)} of {found.source}",
            where="--demand",
            mend=f"add --demand {without[0]}=FILE, or one series without a name for all to share",
        )


def build_pools(
    options: PlanOptions,
    sources: Sequence[tuple[str | None, str]],
    series: Sequence[DemandSeries],
    units: Sequence[Unit],
    found: WorkloadFile | None,
) -> tuple[list[PoolRequest], list[str]]:
    """A pool for each series, and the sentences on what was assumed for it."""
    pools: list[PoolRequest] = []
    sentences: list[str] = []
    for (name, _), demand, unit in zip(sources, series, units, strict=True):
        if found is None:
            workload, assumed = assumed_workload(
                unit,
                options.accelerators,
                interruptible=options.interruptible,
                units_per_accelerator=options.units_per_accelerator,
            )
            sentences += [f"{name}: {each}" if len(sources) > 1 else each for each in assumed]
            workloads: tuple[Workload, ...] = (workload,)
            title = name or options.name or demand.name
        else:
            chosen = [w for w in found.workloads if name in (None, w.name)]
            with_throughput = [_with_throughput(w, options, unit) for w in chosen]
            workloads = tuple(workload for workload, _ in with_throughput)
            sentences += [sentence for _, sentence in with_throughput if sentence]
            title = name or options.name or Path(found.source).stem
        if len(workloads) > MAX_WORKLOADS:
            raise InputError(
                f"{len(workloads)} workloads share a series, more than {MAX_WORKLOADS}",
                where=str(options.workloads),
                mend="give each its own series with --demand NAME=FILE",
            )
        pools.append(PoolRequest(slug(title), workloads, demand, unit))
    names = Counter(pool.name for pool in pools)
    twice = next((name for name, count in names.items() if count > 1), None)
    if twice is not None:
        raise InputError(
            f"two series would make the pool {twice}",
            where="--demand",
            mend=f"give names that differ in their first {MAX_POOL_NAME} letters and digits",
        )
    return pools, sentences


def _with_throughput(
    workload: Workload, options: PlanOptions, unit: Unit
) -> tuple[Workload, str | None]:
    """The workload with the stated throughput where it has none, and what there is to say."""
    stated, own = options.units_per_accelerator, workload.units_per_accelerator
    if stated is None or unit is not Unit.REQUESTS_PER_SECOND:
        return workload, None
    if own is None:
        return replace(workload, units_per_accelerator=stated), None
    if own == stated:
        return workload, None
    return workload, (
        f"{workload.name}: its own {own:g} requests per second an accelerator count, "
        f"not the {stated:g} of --units-per-accelerator"
    )


def with_bounded_repairs(pools: Sequence[PoolRequest]) -> tuple[PoolRequest, ...]:
    limit = max(2, MAX_REPAIRS // len(pools))
    return tuple(
        replace(pool, demand=replace(pool.demand, repairs=bounded(pool.demand.repairs, limit)))
        for pool in pools
    )
