"""What a preview holds: every resource with what is known of its cost, and the sums."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from trimtab.plan.sizing import Sizes
from trimtab.preview.records import Recording, ResourceRecord
from trimtab.pricing.plan_source import PlanSource


class Status(StrEnum):
    """What is known of a resource's cost."""

    PRICED = "priced"
    FREE = "free"
    IN_NODES = "in its nodes"  # a commitment whose group is in the stack, at the committed price
    BY_USE = "by use"  # nothing while idle; what flows through it is paid for
    NOT_PRICED = "not priced"
    EXISTING = "existing"  # only read: somebody else pays for it
    COMPONENT = "component"  # costs what its children cost


@dataclass(frozen=True)
class PricedResource:
    """One resource and what it costs per month of 730 hours.

    Attributes:
        record: the resource.
        status: what is known of its cost.
        nodes: the sizes that the program asks for; None for what bears no nodes.
        purchase_option: the plan group's.
        usd_per_month_now: at `nodes.desired`.
        usd_per_month_expected: what the plan expects over its span.
        list_usd_per_month_now: the same as now at list price, while a commitment is not approved.
        kgco2e_per_month_now, kgco2e_per_month_expected: emissions, likewise; None: not known.
        plan_line: `plan.yaml:42 pools[trainer].groups[spot]`.
        note: what the user should know about the figures.
        autoscaled: whether `nodes` is the plan's window, since an autoscaler sizes it.
    """

    record: ResourceRecord
    status: Status
    nodes: Sizes | None = None
    purchase_option: str | None = None
    usd_per_month_now: float | None = None
    usd_per_month_expected: float | None = None
    list_usd_per_month_now: float | None = None
    kgco2e_per_month_now: float | None = None
    kgco2e_per_month_expected: float | None = None
    plan_line: str | None = None
    note: str = ""
    autoscaled: bool = False


@dataclass(frozen=True)
class Totals:
    """Sums over what is priced; the counts say how much that leaves out."""

    usd_per_month_now: float | None
    usd_per_month_expected: float | None
    kgco2e_per_month_now: float | None
    kgco2e_per_month_expected: float | None
    priced: int
    free: int
    by_use: int
    not_priced: int
    emissions_unknown: int


@dataclass(frozen=True)
class Preview:
    """What a stack would provision, priced.

    Attributes:
        recording: what it was made from.
        as_of: the instant at which the plan is read; None without a plan.
        source: the plan; None when the stack has none.
        resources: in the order of the recording.
        totals: their sums.
        notes: what concerns the preview as a whole.
    """

    recording: Recording
    as_of: datetime | None
    source: PlanSource | None
    resources: tuple[PricedResource, ...]
    totals: Totals
    notes: tuple[str, ...]
