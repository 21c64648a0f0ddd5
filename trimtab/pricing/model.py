"""What an estimator says of a resource, and what the engine makes of it.

An estimator (`trimtab.pricing.estimators`) yields parts: a `Charge` (so much of something at a rate), a
`Gap` (a part that costs, nobody knows what), `Nodes` (machines that run: the engine prices those, for
plans, reservations, spot, emissions and risk all hang on them), `Pods` (their share of machines), or
`PaidElsewhere`. The engine (`trimtab.pricing.engine`) sums
them to an `Estimate`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Literal

from trimtab.clock import HOURS_PER_MONTH
from trimtab.pricing.amount import ONE, Amount
from trimtab.resources.model import Resource

if TYPE_CHECKING:  # the plan's model brings pydantic, which a change without a plan does not need
    from trimtab.plan.model import PurchaseOption


class Basis(StrEnum):
    """Where a quantity is from, the firmest first."""

    DECLARED = "declared"  # the program says it
    PLAN = "plan"  # the CapacityPlan's window or expectation
    MEASURED = "measured"  # a bill or telemetry
    USAGE_FILE = "usage file"
    DEFAULT = "default"  # stated in usage tables; nobody said otherwise
    BOUNDS = "bounds"  # only a deployment or an autoscaler will know


@dataclass(frozen=True, slots=True)
class Rate:
    """A price per unit.

    Attributes:
        id: its name in the price book: `ebs/gp3/storage`.
        region: where it holds; `*`: everywhere.
        usd: US dollars per unit.
        unit: what is counted: `hour`, `node-hour`, `GiB-month`, `GB`, `1M requests`. A unit that ends in
            `hour` is paid for each of a month's 730 hours, any other once a month.
        as_of: date of the price.
        source: where it comes from.
    """

    id: str
    region: str
    usd: float
    unit: str
    as_of: date
    source: str

    @property
    def times_per_month(self) -> float:
        """How often a month the rate is paid for one unit."""
        return HOURS_PER_MONTH if self.unit.endswith("hour") else 1.0


@dataclass(frozen=True, slots=True)
class Charge:
    """One multiplication: quantity x rate x how often a month.

    Attributes:
        label: what is paid for, as a reader knows it: "gp3 storage".
        rate: the price.
        quantity: how many units.
        basis: where the quantity is from.
        note: what the reader should know of it.
        usage: the usage key that the quantity is of; "" where it is of none.
    """

    label: str
    rate: Rate
    quantity: Amount = ONE
    basis: Basis = Basis.DECLARED
    note: str = ""
    usage: str = ""

    @property
    def usd_per_month(self) -> Amount:
        return self.quantity.times(self.rate.usd * self.rate.times_per_month)


@dataclass(frozen=True, slots=True)
class Gap:
    """A part that costs money and can't be priced: never $0.

    Attributes:
        label: what is paid for.
        reason: why it has no price: "no price of ebs/io2/iops in eu-south-2".
    """

    label: str
    reason: str


@dataclass(frozen=True, slots=True)
class Surcharge:
    """A fee on machines, as a share of their on-demand price.

    Attributes:
        label: what is paid for: "EKS Auto Mode's fee".
        share: of the on-demand price of one.
        accelerated: whether the share also holds for machines with accelerators.
        as_of, source: date and origin of the share.
    """

    label: str
    share: float
    accelerated: bool
    as_of: date
    source: str


@dataclass(frozen=True, slots=True)
class PlanRates:
    """What a plan says of the machines of one group.

    Attributes:
        usd_per_hour: of one node; None: the plan has no price.
        gco2e_per_hour: of one node; None: the plan does not know.
        expected_usd_per_hour, expected_kgco2e_per_hour: of all of them, mean over the plan's span.
        list_usd_per_hour: of one node until a proposed commitment is approved; None: nothing is proposed.
        shortage_share: the share of the pool's demand that the plan expects unmet.
        accelerated: whether the group's nodes have accelerators.
        as_of: when the plan was made.
        source: the plan's file.
    """

    usd_per_hour: float | None
    gco2e_per_hour: float | None
    expected_usd_per_hour: float | None
    expected_kgco2e_per_hour: float | None
    list_usd_per_hour: float | None
    shortage_share: float | None
    accelerated: bool
    as_of: date
    source: str


@dataclass(frozen=True, slots=True)
class Nodes:
    """Machines that a resource runs.

    Attributes:
        label: what they are: "worker nodes".
        instance_types: what each may be, in order of preference; () where that is not known.
        count: how many, on average over a month: between what it may shrink and grow to.
        now: how many it starts with; None where only a deployment will know.
        option: how they are bought, as the resource itself says it.
        basis: where the count is from.
        provider, region: where, where it is another than the resource's.
        usd_per_hour: of one, where the resource or its plan states it; else the price book's.
        operating_system: `linux`, `windows`, `rhel`, `suse`; only Linux is in the machine tables, the
            others are a gap.
        note: what the reader should know of it.
        autoscaled: whether an autoscaler alone says how many: a plan's window bounds them then.
        zones: where they may run; () where that is not known.
        reservations: what they start in, by name: ids, ARNs, or keys of capacity reservations.
        pool: the plan's pool that they belong to, or the one that their labels name.
        surcharge: what is paid for each on top.
        sustained_use: the share that the provider takes off the listed on-demand price by itself for a
            whole month (Google's sustained use discount); a plan's price is taken as it is.
        planned: what a plan says of them; it goes before the price book.
        asked: the least and the most that the resource itself asks for, or its group's window where an
            autoscaler alone sizes it, where `count` is wider: a plan's windows and mean may lie outside.
    """

    label: str
    instance_types: tuple[str, ...]
    count: Amount
    now: float | None = None
    option: "PurchaseOption" = "on-demand"
    basis: Basis = Basis.DECLARED
    provider: str = ""
    region: str = ""
    usd_per_hour: float | None = None
    operating_system: Literal["linux", "windows", "rhel", "suse"] = "linux"
    note: str = ""
    autoscaled: bool = False
    zones: tuple[str, ...] = ()
    reservations: tuple[str, ...] = ()
    pool: str = ""
    surcharge: Surcharge | None = None
    sustained_use: float = 0.0
    planned: PlanRates | None = None
    asked: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Term:
    """One expression on a node's labels, as Kubernetes writes it: `key operator values`."""

    key: str
    operator: str
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Pods:
    """Pods that a resource runs: their share of the nodes that they land on.

    Attributes:
        label: what they are: "replicas", "head".
        requests: what one asks for: `cpu` in cores, `memory` in GiB, extended resources in devices.
        count: how many, on average over a month.
        now: how many it starts with; None where only a deployment will know.
        terms: alternatives of expressions that a node's labels must meet; () for any node.
        tolerations: keys of taints that they bear; `*`: every one.
        everywhere: whether one runs on every node that they may run on: a DaemonSet.
        basis: where the count is from.
        note: what the reader should know of it.
    """

    label: str
    requests: Mapping[str, float]
    count: Amount
    now: float | None = None
    terms: tuple[tuple[Term, ...], ...] = ()
    tolerations: tuple[str, ...] = ()
    everywhere: bool = False
    basis: Basis = Basis.DECLARED
    note: str = ""


@dataclass(frozen=True, slots=True)
class PaidElsewhere:
    """What costs money, and is in the price of another resource; `note` says of which."""

    note: str


@dataclass(frozen=True, slots=True)
class Stored:
    """What the data that a resource keeps emits; None: not known."""

    emissions: "Emissions | None"


Part = Charge | Gap | Nodes | Pods | PaidElsewhere | Stored


class Status(StrEnum):
    """What is known of a resource's cost."""

    PRICED = "priced"
    PARTLY = "partly priced"  # a part is, another has no price
    BOUNDED = "bounds only"  # an autoscaler's limits bound it, and nobody says what to expect
    FREE = "free"
    COVERED = "covered"  # paid for by another resource that is priced here
    NOT_PRICED = "not priced"
    EXISTING = "existing"  # only read: somebody else pays for it
    COMPONENT = "component"  # costs what its children cost


COSTS_MONEY = frozenset({Status.PRICED, Status.PARTLY, Status.BOUNDED, Status.NOT_PRICED})
"""What its owner pays for, whether or not anybody knows how much."""


@dataclass(frozen=True, slots=True)
class Emissions:
    """What a resource's machines or stored data emit in a month, in kilograms of CO2 equivalent.

    Attributes:
        energy_kgco2e_per_month: of the power that they draw.
        embodied_kgco2e_per_month: of their making, spread over their life.
        method: how it was worked out, and from what.
        kgco2e_per_month_now: both, at the count or size that it starts with.
    """

    energy_kgco2e_per_month: Amount
    embodied_kgco2e_per_month: Amount
    method: str
    kgco2e_per_month_now: float | None = None

    @property
    def kgco2e_per_month(self) -> Amount:
        return self.energy_kgco2e_per_month.plus(self.embodied_kgco2e_per_month)


@dataclass(frozen=True, slots=True)
class Risk:
    """What may go wrong with a resource's machines.

    Attributes:
        interruptions_per_month: spot machines expected to be taken back.
        shortage_share: the share of its pool's demand that the plan expects unmet; None: no plan.
        source: the interruption band's or the plan's.
    """

    interruptions_per_month: Amount
    shortage_share: float | None
    source: str


@dataclass(frozen=True, slots=True)
class Machines:
    """`Nodes` as they were priced.

    Attributes:
        nodes: as the estimator said.
        charges: what they cost, by how they are paid for: a reservation's share first.
        usd_per_month_now: at the count that it starts with.
        covered: how many are paid for by what is held already.
        emissions: None where their power is not known.
        risk: None where nothing can be taken back.
    """

    nodes: Nodes
    charges: tuple[Charge, ...]
    usd_per_month_now: float | None
    covered: float = 0.0
    emissions: Emissions | None = None
    risk: Risk | None = None


@dataclass(frozen=True, slots=True)
class Estimate:
    """What one resource costs a month of 730 hours.

    Attributes:
        resource: whose.
        status: what is known.
        usd_per_month: None where nothing is priced. With status PARTLY it leaves the gaps out.
        usd_per_month_now: at the sizes that it starts with; the expected figure where size is no matter.
        charges: every multiplication, those of machines too.
        gaps: what has no price.
        machines: what it runs.
        stored: emissions of what it keeps, where a plan says them; None: not known.
        pool, group: the plan's, where it carries out a group.
        plan_line: `plan.yaml:42 pools[trainer].groups[spot]`.
        list_usd_per_month_now: the same as now at list price, while a commitment is not approved.
        note: what the user should know about the figures.
        share_usd_per_month: of pods, what their share of nodes costs that are priced here already; not in
            `usd_per_month`, so that nothing is counted twice.
    """

    resource: Resource
    status: Status
    usd_per_month: Amount | None = None
    usd_per_month_now: float | None = None
    charges: tuple[Charge, ...] = ()
    gaps: tuple[Gap, ...] = ()
    machines: tuple[Machines, ...] = ()
    stored: tuple[Emissions | None, ...] = ()
    pool: str = ""
    group: str = ""
    plan_line: str = ""
    list_usd_per_month_now: float | None = None
    note: str = ""
    share_usd_per_month: Amount | None = None

    @property
    def emissions(self) -> tuple[Emissions | None, ...]:
        """Of all that it runs and keeps, in that order; None: not known."""
        return (*(each.emissions for each in self.machines), *self.stored)
