"""A resource's estimate in the making: the parts that its estimator gave, and what the engine adds to them."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from trimtab.catalogue.offers import Offer
from trimtab.pricing.amount import Amount, exactly
from trimtab.pricing.estimation import Estimation
from trimtab.pricing.model import (
    Charge,
    Emissions,
    Gap,
    Machines,
    Nodes,
    PaidElsewhere,
    Part,
    Pods,
    Rate,
    Status,
    Stored,
)
from trimtab.resources.model import Resource


@dataclass(slots=True)
class Fleet:
    """Machines being priced.

    Attributes:
        draft: whose.
        nodes: what they are.
        provider, region, instance_type: what is priced; None or "" where it is not known.
        offer: the price book's, where it has one.
        rate: of one node; None: it has no price.
        gap: why.
        covered: what is paid for already, by what pays: how many at the least, as expected, at the
            most, and to begin with.
        notes: what the reader should know of the cover.
    """

    draft: "Draft"
    nodes: Nodes
    provider: str
    region: str | None
    instance_type: str
    offer: Offer | None
    rate: Rate | None
    gap: str = ""
    covered: list[tuple[str, "Counts"]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def rate_is_listed(self) -> bool:
        """Whether nobody said that its machines are paid for in another way, at a price of 0."""
        return self.nodes.usd_per_hour != 0


Counts = tuple[float, float, float, float]
"""Nodes in four cases: at the least, as expected, at the most, and to begin with."""


@dataclass(slots=True)
class Draft:
    """One resource and what is known of its cost so far.

    Attributes:
        resource: which.
        at: how it is asked for; None where it is not asked for.
        status: what is known without asking an estimator; None: its parts tell.
        charges, gaps, nodes, pods, elsewhere: its parts, by kind.
        fleets: its nodes with their prices.
        machines: its nodes, priced.
        stored: emissions of what it keeps; None: not known.
        pool, group, plan_line, list_usd_per_month_now: as `Estimate`.
        notes: what the user should know about the figures.
    """

    resource: Resource
    at: Estimation | None = None
    status: Status | None = None
    charges: list[Charge] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    nodes: list[Nodes] = field(default_factory=list)
    pods: list[Pods] = field(default_factory=list)
    elsewhere: list[PaidElsewhere] = field(default_factory=list)
    fleets: list[Fleet] = field(default_factory=list)
    machines: list[Machines] = field(default_factory=list)
    stored: list[Emissions | None] = field(default_factory=list)
    pool: str = ""
    group: str = ""
    plan_line: str = ""
    list_usd_per_month_now: float | None = None
    notes: list[str] = field(default_factory=list)

    def add(self, parts: Iterable[Part]) -> None:
        """Sorts an estimator's parts by kind; a part of a size that nothing can have is a gap."""
        for part in parts:
            match part:
                case Charge() if _absurd(part.quantity, part.usd_per_month):
                    self.gaps.append(Gap(part.label, _no_size(part.quantity, part.rate.unit)))
                case Charge():
                    self.charges.append(part)
                case Gap():
                    self.gaps.append(part)
                case Nodes() if _absurd(part.count, *_stated(part)):
                    self.gaps.append(Gap(part.label, _no_size(part.count, "machines")))
                case Nodes():
                    self.nodes.append(part)
                case Pods() if _absurd(part.count, *map(exactly, part.requests.values())):
                    self.gaps.append(Gap(part.label, _no_size(part.count, "pods")))
                case Pods():
                    self.pods.append(part)
                case PaidElsewhere():
                    self.elsewhere.append(part)
                case Stored():
                    self.stored.append(part.emissions)


LARGEST = 1e12
"""Beyond this, a quantity or a month's dollars is a slip or an attack, not an order."""


def _absurd(*amounts: Amount) -> bool:
    """Whether an amount is below zero, beyond all bounds, or no number; the most may be anything."""
    return any(
        not (
            0 <= amount.low <= LARGEST
            and (amount.expected is None or 0 <= amount.expected <= LARGEST)
            and amount.high >= 0
        )
        for amount in amounts
    )


def _stated(nodes: Nodes) -> list[Amount]:
    return [exactly(each) for each in (nodes.now, nodes.usd_per_hour) if each is not None]


def _no_size(amount: Amount, unit: str) -> str:
    asked = amount.low if amount.expected is None else amount.expected
    return f"nothing can have {asked:g} {unit}"
