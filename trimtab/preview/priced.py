"""What a preview holds: every resource with what it costs, and the sums.

Pure: what an engine recorded and the run's settings in, a `Preview` out. Prices are those of `trimtab diff`
(`trimtab.pricing.engine`): here stand the program's resources with their estimates, in the order in which the
program's tree shows them, and what they come to.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import isfinite
from typing import TYPE_CHECKING, NamedTuple

from trimtab.preview.records import Recording, ResourceRecord
from trimtab.pricing.engine import price as estimate
from trimtab.pricing.estimation import Settings
from trimtab.pricing.model import Basis, Estimate, Status
from trimtab.pricing.planned import plan_notes
from trimtab.resources.readers.program import from_recording

if TYPE_CHECKING:
    from trimtab.pricing.plan_source import PlanSource


class Sizes(NamedTuple):
    """Nodes: the least and the most that may run, and how many start; None where nobody knows."""

    min: float
    desired: float | None
    max: float | None


class PricedResource(NamedTuple):
    """One resource as the program registers it, and what it costs a month of 730 hours."""

    record: ResourceRecord
    estimate: Estimate

    @property
    def status(self) -> Status:
        """What is known of its cost."""
        return self.estimate.status

    @property
    def nodes(self) -> Sizes | None:
        """The sizes that the program asks for, or the plan's window where an autoscaler decides; None
        for what bears no nodes."""
        running = [each.nodes for each in self.estimate.machines]
        if not running:
            return None
        ends = [each.asked or (each.count.low, each.count.high) for each in running]
        most = sum(high for _, high in ends)
        starts = [each.now for each in running]
        return Sizes(
            sum(low for low, _ in ends),
            None if None in starts else sum(now for now in starts if now is not None),
            most if isfinite(most) else None,
        )

    @property
    def purchase_option(self) -> str | None:
        """How its nodes are bought."""
        options = dict.fromkeys(str(each.nodes.option) for each in self.estimate.machines)
        return ", ".join(options) or None

    @property
    def usd_per_month_now(self) -> float | None:
        """At the nodes that it starts with."""
        return self.estimate.usd_per_month_now

    @property
    def usd_per_month_expected(self) -> float | None:
        """What the plan expects over its span, and of everything else what is to be expected."""
        amount = self.estimate.usd_per_month
        return None if amount is None else amount.expected

    @property
    def kgco2e_per_month_now(self) -> float | None:
        """Emissions at the nodes and sizes that it starts with; None where a part's are not known."""
        found = [each.kgco2e_per_month_now if each else None for each in self.estimate.emissions]
        return _all(found)

    @property
    def kgco2e_per_month_expected(self) -> float | None:
        """Emissions as the plan expects them."""
        found = [
            each.kgco2e_per_month.expected if each else None for each in self.estimate.emissions
        ]
        return _all(found)

    @property
    def on_default(self) -> bool:
        """Whether a part rests on a default, for nobody says how much flows."""
        return any(charge.basis is Basis.DEFAULT for charge in self.estimate.charges)


class Totals(NamedTuple):
    """Sums over what is priced; the counts say how much that leaves out.

    Attributes:
        usd_per_month_now: at the nodes that the stack starts with.
        usd_per_month_expected: of what has an expectation.
        usd_per_month_low, usd_per_month_high: as if everything were at its least, and at its most; None
            where nothing bounds it.
        kgco2e_per_month_now, kgco2e_per_month_expected: emissions of machines and of a plan's storage.
        priced, partly_priced, bounds_only, covered, free, not_priced: resources by status.
        on_default: how many of the priced rest on a default.
        emissions_unknown: how many have machines, or a plan's storage, whose emissions are not known.
    """

    usd_per_month_now: float | None
    usd_per_month_expected: float | None
    usd_per_month_low: float | None
    usd_per_month_high: float | None
    kgco2e_per_month_now: float | None
    kgco2e_per_month_expected: float | None
    priced: int
    partly_priced: int
    bounds_only: int
    covered: int
    free: int
    not_priced: int
    on_default: int
    emissions_unknown: int


@dataclass(frozen=True)
class Preview:
    """What a stack would provision, priced.

    Attributes:
        recording: what it was made from.
        as_of: the instant at which prices and the plan's windows are read.
        source: the plan; None when the stack has none.
        resources: in the order of the recording.
        totals: their sums.
        notes: what concerns the preview as a whole.
    """

    recording: Recording
    as_of: datetime
    source: "PlanSource | None"
    resources: tuple[PricedResource, ...]
    totals: Totals
    notes: tuple[str, ...]


def price(recording: Recording, settings: Settings) -> Preview:
    """Price what an engine recorded.

    Args:
        recording: the program's resources.
        settings: prices, the stack's plan, what is held, what flows.
    """
    estate = from_recording(recording)
    estimates = {each.resource.key: each for each in estimate(estate, settings)}
    resources = tuple(
        PricedResource(record, estimates[record.urn])
        for record in recording.records
        if record.urn in estimates  # a default provider is not shown
    )
    return Preview(
        recording=recording,
        as_of=settings.as_of,
        source=settings.plan,
        resources=resources,
        totals=_totals(resources),
        notes=(*estate.notes, *plan_notes(tuple(estimates.values()), settings)),
    )


def _totals(resources: Sequence[PricedResource]) -> Totals:
    counts = dict.fromkeys(Status, 0)
    for resource in resources:
        counts[resource.status] += 1
    not_priced = counts[Status.NOT_PRICED]
    running = [each for each in resources if each.estimate.emissions]
    unknown = sum(each.kgco2e_per_month_now is None for each in running)
    amounts = [each.estimate.usd_per_month for each in resources]
    known = [amount for amount in amounts if amount is not None]
    return Totals(
        usd_per_month_now=_sum((each.usd_per_month_now for each in resources), not_priced),
        usd_per_month_expected=_sum((amount.expected for amount in known), not_priced),
        usd_per_month_low=_sum((amount.low for amount in known), not_priced),
        usd_per_month_high=_finite(_sum((amount.high for amount in known), not_priced)),
        kgco2e_per_month_now=_sum((each.kgco2e_per_month_now for each in running), unknown),
        kgco2e_per_month_expected=_sum(
            (each.kgco2e_per_month_expected for each in running), unknown
        ),
        priced=counts[Status.PRICED],
        partly_priced=counts[Status.PARTLY],
        bounds_only=counts[Status.BOUNDED],
        covered=counts[Status.COVERED],
        free=counts[Status.FREE],
        not_priced=not_priced,
        on_default=sum(each.on_default for each in resources),
        emissions_unknown=unknown,
    )


def _sum(values: Iterable[float | None], unknown: int) -> float | None:
    """The sum of what is known; None where nothing is and something ought to be: never 0 for that."""
    known = [value for value in values if value is not None]
    return sum(known) if known or not unknown else None


def _all(values: Sequence[float | None]) -> float | None:
    """The sum; None where one is not known, or there is none."""
    known = [value for value in values if value is not None]
    return sum(known) if known and len(known) == len(values) else None


def _finite(value: float | None) -> float | None:
    return value if value is not None and isfinite(value) else None
