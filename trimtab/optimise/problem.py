"""What is asked of the optimiser: demand that may come, what can be bought, and what must hold.

Plain arrays and names, so that a problem can be written by hand, by a planner or by a backtest. A
source of capacity is a tagged union, each member with only the fields it has. Nothing is checked here;
`trimtab.optimise.validate.check` does, and `solve` calls it.

Axes: S scenarios, P workloads, T periods, Z spot sources, each in the order of its tuple.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from numpy.typing import ArrayLike


@dataclass(frozen=True)
class NodeType:
    """A kind of node.

    Attributes:
        kw: mean electrical power of a node in use; None when unknown.
    """

    name: str
    kw: float | None = None


@dataclass(frozen=True, eq=False)
class Site:
    """A place that a residency or latency rule can name: a zone or a region.

    Attributes:
        gco2e_per_kwh: the grid's carbon intensity, one value or (T,); None when unknown.
    """

    name: str
    gco2e_per_kwh: ArrayLike | None = None


@dataclass(frozen=True)
class OnDemand:
    """Nodes started and stopped at will, at list price.

    Attributes:
        max_nodes: a quota; None for none.
        lead_hours: from the decision to a node that serves. Until then no more than `running` serve,
            and for as long again every scenario has the same starts: nothing was known when they
            were decided.
        running: nodes that run now or were started before.
    """

    name: str
    type: str
    site: str
    usd_per_hour: float
    max_nodes: float | None = None
    lead_hours: float = 0.0
    running: float = 0.0


@dataclass(frozen=True)
class Spot:
    """Nodes that may be taken away; how many there are is the scenarios' `spot_nodes`.

    Attributes:
        usd_per_hour: None when the scenarios carry the price.
        max_nodes: a cap of one's own on this spot pool, for diversification; None for none.
        lead_hours, running: as for `OnDemand`.
        interruptions_per_hour: expected per node, besides those that a fall of `spot_nodes` forces.
        redo_usd_per_hour: what doing lost work again costs; None for the cheapest on-demand price of
            the type, or this source's own price if there is none.
    """

    name: str
    type: str
    site: str
    usd_per_hour: float | None = None
    max_nodes: float | None = None
    lead_hours: float = 0.0
    running: float = 0.0
    interruptions_per_hour: float = 0.0
    redo_usd_per_hour: float | None = None


@dataclass(frozen=True)
class Reservation:
    """A commitment to nodes of one type at one site, on sale; paid whether used or not.

    Attributes:
        usd_per_hour: per node, up-front payments spread over the term.
        term_hours: how long it binds. When that outlives the horizon, the horizon stands for the
            term: each of its hours is charged, none beyond.
        lead_hours: from the decision to the start.
        max_nodes: most that may be active at once; None for no limit.
        starts: periods in which a purchase may start; None for any, but for the earliest alone when
            the term outlives the horizon (else it would be bought for the last peak only).
    """

    name: str
    type: str
    site: str
    usd_per_hour: float
    term_hours: float
    lead_hours: float = 0.0
    max_nodes: float | None = None
    starts: tuple[int, ...] | None = None


@dataclass(frozen=True)
class SavingsPlan:
    """A commitment to spend, on sale: it pays on-demand nodes at lower rates, up to its amount.

    Attributes:
        rates: name of an on-demand source to the plan's price of one node-hour there.
        max_usd_per_hour: most that may be active at once; None for no limit.
        term_hours, lead_hours, starts: as for `Reservation`.
    """

    name: str
    rates: Mapping[str, float]
    term_hours: float
    lead_hours: float = 0.0
    max_usd_per_hour: float | None = None
    starts: tuple[int, ...] | None = None


@dataclass(frozen=True)
class CapacityBlock:
    """Nodes for a fixed span at a fixed price, bought ahead in steps.

    Attributes:
        usd_per_node: for the whole block.
        first, end: the periods it spans, `end` not included.
        step_nodes: sold in multiples of this.
    """

    name: str
    type: str
    site: str
    usd_per_node: float
    first: int
    end: int
    max_nodes: float
    step_nodes: float = 1.0


@dataclass(frozen=True)
class HeldReservation:
    """Nodes already committed, an on-demand capacity reservation among them.

    Attributes:
        usd_per_hour: per node; bound until the end, so it decides nothing unless `releasable`.
        expires_hours: from the start of the horizon.
        renewal: the `Reservation` that a renewal at the expiry is; None when it can't be renewed.
        releasable: it can be given back in any period, as an ODCR can.
    """

    name: str
    type: str
    site: str
    nodes: float
    usd_per_hour: float
    expires_hours: float
    renewal: str | None = None
    releasable: bool = False


@dataclass(frozen=True)
class HeldSavingsPlan:
    """A spend commitment already made; fields as for `SavingsPlan` and `HeldReservation`."""

    name: str
    rates: Mapping[str, float]
    usd_per_hour: float
    expires_hours: float
    renewal: str | None = None


@dataclass(frozen=True)
class Owned:
    """Nodes on one's own premises: what one in use costs more than an idle one."""

    name: str
    type: str
    site: str
    nodes: float
    usd_per_hour: float = 0.0


Node = OnDemand | Spot | Reservation | CapacityBlock | HeldReservation | Owned
Source = Node | SavingsPlan | HeldSavingsPlan


@dataclass(frozen=True)
class ExpectedShortage:
    """At most this share of the expected demand goes unserved."""

    share: float


@dataclass(frozen=True)
class TailShortage:
    """In the worst scenarios, at most this share goes unserved on average (CVaR).

    Attributes:
        level: where the tail begins: 0.95 for the worst 5 % of scenarios.
    """

    share: float
    level: float


@dataclass(frozen=True)
class ChanceOfShortage:
    """At most this share goes unserved, but with a small probability.

    Held by the tail's mean (CVaR at 1 - probability), which suffices and is stricter: the convex
    inner approximation of Nemirovski and Shapiro (2006).
    """

    share: float
    probability: float


ShortageLimit = ExpectedShortage | TailShortage | ChanceOfShortage


@dataclass(frozen=True)
class Workload:
    """A class of demand.

    Attributes:
        units_per_node: type to what one of its nodes serves, in the demand's unit; a type that is
            absent or 0 can't run it.
        residency, latency: sites that the rule allows; None for all.
        spot_share: most of what is served that spot may serve, per period; 0 for never on spot.
        restart_hours: a node's work lost to one interruption.
        shortage_limit: None for none, which means that every scenario is served whole unless
            shortage has a price.
        shortage_usd_per_unit_hour: what unserved demand costs; None when only the limit speaks.
        deferrable_share: of each period's demand, what may be served later.
        max_delay_hours: how much later, from start of period to start of period.
        priority: the higher goes short later, where both have a price of shortage.
    """

    name: str
    owner: str
    units_per_node: Mapping[str, float]
    residency: frozenset[str] | None = None
    latency: frozenset[str] | None = None
    spot_share: float = 0.0
    restart_hours: float = 0.0
    shortage_limit: ShortageLimit | None = None
    shortage_usd_per_unit_hour: float | None = None
    deferrable_share: float = 0.0
    max_delay_hours: float = 0.0
    priority: int = 0


@dataclass(frozen=True, eq=False)
class Scenarios:
    """What may happen.

    Attributes:
        demand: (S, P, T) in each workload's unit.
        weights: (S,) probabilities; None for equally likely.
        spot_nodes: (S, Z, T) or (Z, T) nodes that each spot source has; None without spot.
        spot_usd_per_hour: the same shapes; None where the sources carry the price. Missing (NaN)
            only where there are no nodes.
    """

    demand: ArrayLike
    weights: ArrayLike | None = None
    spot_nodes: ArrayLike | None = None
    spot_usd_per_hour: ArrayLike | None = None


@dataclass(frozen=True)
class Limits:
    """What binds everything together.

    Attributes:
        carbon_usd_per_kg: an internal price, counted in the objective and in no budget.
        carbon_cap_kg: on the expected emissions of the horizon; None for none.
        budgets_usd: owner to the most that its workloads may be expected to cost over the horizon:
            what is decided here, without shortage, carbon and payments bound before.
    """

    carbon_usd_per_kg: float = 0.0
    carbon_cap_kg: float | None = None
    budgets_usd: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Problem:
    """A two-stage problem: commitments first, on-demand and spot once the scenario is known.

    Attributes:
        hours: (T,) length of each period.
    """

    hours: ArrayLike
    types: tuple[NodeType, ...]
    sites: tuple[Site, ...]
    workloads: tuple[Workload, ...]
    sources: tuple[Source, ...]
    scenarios: Scenarios
    limits: Limits = field(default_factory=Limits)
