"""What is asked of the planner: pools of workloads with their demand, offers, and the span to plan.

Without workloads one is assumed; every assumption is a sentence, printed and kept in the plan's
evidence, so that nobody has to guess what was guessed.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from trimtab.catalogue.accelerators import ACCELERATORS, resolve_accelerator
from trimtab.catalogue.reader import Catalogue
from trimtab.demand.events import Event
from trimtab.demand.series import DemandSeries
from trimtab.errors import InputError
from trimtab.inventory.model import Inventory
from trimtab.limits.model import Limits
from trimtab.plan.evidence import Input
from trimtab.plan.model import CapacityPlan
from trimtab.workloads.model import Replica, Unit, Workload

Term = Literal["1y", "3y"]
DEFAULT_ACCELERATOR = "a100"
ACCELERATORS_PER_ASSUMED_NODE = 8.0
_UNIT_WORDS: dict[Unit, tuple[str, ...]] = {
    Unit.NODES: ("node", "nodes", "machine", "machines", "hosts"),
    Unit.VCPUS: ("vcpu", "vcpus", "cpu", "cpus", "cores"),
    Unit.GPUS: ("gpu", "gpus"),
    Unit.REPLICAS: ("replica", "replicas", "pods"),
    Unit.REQUESTS_PER_SECOND: ("rps", "qps"),
}


@dataclass(frozen=True)
class PoolRequest:
    """Workloads that share a demand series, and so a pool of nodes."""

    name: str
    workloads: tuple[Workload, ...]
    demand: DemandSeries
    unit: Unit


@dataclass(frozen=True)
class PlanRequest:
    """Everything that a plan is made from.

    Attributes:
        name: the plan's name.
        pools: at least one, names unique.
        catalogue: the offers.
        as_of: the instant of the decision; nothing later is looked at.
        horizon: the plan's span, whole hours.
        terms: commitment terms that may be proposed.
        providers, regions: where the cluster may be; empty: anywhere.
        zones: the cluster's zones, when they are known.
        workloads_digest: of the workloads file, or None when the workload was assumed.
        assumptions: sentences for the evidence: what was assumed or passed over.
        inventory: what is held, owned and running; None: nothing is known.
        previous: the plan before, where there is one.
        limits: what bounds the plan beside its workloads.
        events: known changes of demand, past and ahead, by pools' names.
        inputs: files beside demand, workloads and offers, for the evidence.
    """

    name: str
    pools: tuple[PoolRequest, ...]
    catalogue: Catalogue
    as_of: datetime
    horizon: timedelta = timedelta(days=7)
    terms: tuple[Term, ...] = ("1y",)
    providers: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    zones: tuple[str, ...] = ()
    workloads_source: str | None = None
    workloads_digest: str | None = None
    assumptions: tuple[str, ...] = ()
    inventory: Inventory | None = None
    previous: CapacityPlan | None = None
    limits: Limits = field(default_factory=Limits)
    events: tuple[Event, ...] = ()
    inputs: tuple[Input, ...] = ()


def unit_of(series: DemandSeries, stated: Unit | None) -> tuple[Unit, str | None]:
    """The unit of a series: as stated, else as the file's name says, else GPUs; and what was assumed."""
    if stated is not None:
        return stated, None
    words = re.split(r"[^a-z]+", series.name.lower())
    for unit, names in _UNIT_WORDS.items():
        if any(word in names for word in words):
            return (
                unit,
                f"unit {unit.value}: read off the name {series.name}; --unit says otherwise",
            )
    return Unit.GPUS, "unit gpus: nothing says otherwise; --unit does"


def assumed_workload(
    unit: Unit,
    accelerators: Sequence[str] = (),
    *,
    interruptible: bool = False,
    units_per_accelerator: float | None = None,
) -> tuple[Workload, tuple[str, ...]]:
    """The workload that stands in when none is given, and the sentences that say so.

    Raises:
        InputError: the unit needs a workload (a replica's size), or a throughput that is not stated,
            or an accelerator is unknown.
    """
    if unit is Unit.REPLICAS:
        raise InputError(
            "a replica has no size without a workload",
            where="--unit replicas",
            mend="give --workloads with its manifest",
        )
    if unit is Unit.REQUESTS_PER_SECOND and units_per_accelerator is None:
        raise InputError(
            "requests per second need a stated throughput",
            where="--unit requests-per-second",
            mend="give --units-per-accelerator, the requests per second that one accelerator serves",
        )
    how = "interruptible" if interruptible else "not interruptible"
    if unit is Unit.VCPUS and not accelerators:
        workload = Workload(
            name="assumed",
            source="assumed",
            replica=Replica(vcpu=1.0, memory_gib=4.0),
            interruptible=interruptible,
        )
        return workload, (
            f"workload: assumed, {how}, 4 GiB of memory a vCPU; --workloads says more",
        )

    names = tuple(accelerators) or (DEFAULT_ACCELERATOR,)
    models = tuple(model for name in names for model in resolve_accelerator(name))
    device = ACCELERATORS[models[0]].device
    per_replica = ACCELERATORS_PER_ASSUMED_NODE if unit is Unit.NODES else 1.0
    workload = Workload(
        name="assumed",
        source="assumed",
        replica=Replica(accelerator_resource=device, accelerator_count=per_replica),
        accelerators=models,
        interruptible=interruptible,
        units_per_accelerator=units_per_accelerator,
    )
    each = f"{per_replica:g} x {' or '.join(models)} a replica"
    sentences = [f"workload: assumed, {how}, {each}; --workloads says more"]
    if not accelerators:
        sentences.append(
            f"accelerator: {DEFAULT_ACCELERATOR} assumed; --accelerator says otherwise"
        )
    if unit is Unit.NODES:
        sentences.append(f"node: {per_replica:g} accelerators each, assumed")
    return workload, tuple(sentences)
