"""What an estimator is given: one resource, and everything that its price may depend on."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from trimtab.pricing.amount import ONE, Amount, between, exactly
from trimtab.pricing.book import PriceBook
from trimtab.pricing.model import Basis, Charge, Gap, Part, Rate
from trimtab.resources.model import Resource
from trimtab.usage.model import Usage

if TYPE_CHECKING:
    from trimtab.inventory.model import Inventory
    from trimtab.pricing.plan_source import PlanSource

Made = TypeVar("Made")


@dataclass(frozen=True)
class Settings:
    """What the user says of a whole run.

    Attributes:
        book: prices.
        as_of: the instant at which prices, support periods and the plan's windows are read.
        usage: what flows.
        regions: by provider, where resources are that do not say it.
        plan: the CapacityPlan that sizes and prices what carries its groups' names.
        inventory: what is held already: reservations, Savings Plans, owned machines.
    """

    book: PriceBook
    as_of: datetime
    usage: Usage = field(default_factory=Usage)
    regions: Mapping[str, str] = field(default_factory=dict)
    plan: "PlanSource | None" = None
    inventory: "Inventory | None" = None


@dataclass(frozen=True)
class Facts:
    """What holds for one estate.

    Attributes:
        settings: the run's.
        resources: every resource of the estate, by key.
        by_id: the same by provider id or, for Kubernetes, by `group/Kind/namespace/name`.
    """

    settings: Settings
    resources: Mapping[str, Resource] = field(default_factory=dict)
    by_id: Mapping[str, Resource] = field(default_factory=dict)
    _made: dict[Callable[..., Any], Any] = field(default_factory=dict, repr=False, compare=False)

    def once(self, make: "Callable[[Facts], Made]") -> "Made":
        """What a function makes of these facts, made once: an index that many resources look into."""
        if make not in self._made:
            self._made[make] = make(self)
        made: Made = self._made[make]
        return made

    @property
    def book(self) -> PriceBook:
        return self.settings.book

    @property
    def on(self) -> date:
        """The date at which prices and support periods are read."""
        return self.settings.as_of.date()


class Estimation:
    """One resource being priced.

    Attributes:
        resource, inputs: what is priced, and what it asks for.
        region: where it is; None where nobody says it.
        facts: what holds for the estate.
    """

    __slots__ = ("facts", "inputs", "region", "resource")

    def __init__(self, resource: Resource, facts: Facts) -> None:
        self.resource = resource
        self.inputs = resource.inputs
        self.facts = facts
        self.region = resource.region or facts.settings.regions.get(resource.provider)

    def elsewhere(self, region: str | None) -> "Estimation":
        """The same resource, priced in another region."""
        if region == self.region:
            return self
        there = Estimation(self.resource, self.facts)
        there.region = region
        return there

    def rate(self, name: str) -> Rate | None:
        """The rate of this name where the resource is."""
        return self.facts.book.rate(name, self.region)

    def charge(
        self,
        label: str,
        rate: str,
        quantity: Amount | float = 1.0,
        *,
        basis: Basis = Basis.DECLARED,
        note: str = "",
    ) -> Charge | Gap:
        """So much at a rate of the book; a gap where the book has no price there."""
        found = self.rate(rate)
        if found is None:
            return self.unknown(label, rate)
        return Charge(label, found, _amount(quantity), basis, note)

    def tiered(
        self,
        label: str,
        rate: str,
        quantity: Amount | float,
        *,
        basis: Basis = Basis.DECLARED,
        note: str = "",
        usage: str = "",
    ) -> Iterator[Part]:
        """A quantity at a rate whose price falls with it: a charge for each tier that it reaches."""
        tiers = self.facts.book.tiers(rate, self.region)
        if tiers is None:
            yield self.unknown(label, rate)
            return
        amount = _amount(quantity)
        if amount.low < 0:  # no tier has it: who gathers the parts says so
            yield Charge(label, tiers[0].rate, amount, basis, note, usage)
            return
        ends = [*(tier.start for tier in tiers[1:]), float("inf")]
        for tier, end in zip(tiers, ends, strict=True):
            part = _slice(amount, tier.start, end)
            if part.high > 0 or len(tiers) == 1:
                beyond = f"{label} beyond {tier.start:,.0f}" if tier.start else label
                yield Charge(beyond, tier.rate, part, basis, note, usage)

    def used(
        self, label: str, rate: str, key: str, per: float = 1.0, note: str = ""
    ) -> Iterator[Part]:
        """What is paid by use: the month's quantity of a usage key, at a rate that may have tiers.

        Args:
            label: what is paid for.
            rate: the price's name.
            key: the usage key.
            per: how many of the key's units make one of the rate's.
            note: what the reader should know.
        """
        amount, basis = self.usage(key)
        quantity = amount.times(1 / per)
        yield from self.tiered(label, rate, quantity, basis=basis, note=note, usage=key)

    def if_used(
        self, label: str, rate: str, key: str, per: float = 1.0, note: str = ""
    ) -> Iterator[Part]:
        """As `used`; nothing of what is certainly not used, which few resources are paid for by."""
        if self.usage(key)[0].high > 0:
            yield from self.used(label, rate, key, per, note)

    def counted(
        self, path: str, default: int = 1, *, least: int = 1, most: int
    ) -> tuple[Amount, Basis]:
        """How many an input asks for; where only a deployment will know, between what its provider allows.

        Args:
            path: the input, by Terraform's names.
            default: what the provider takes where nothing is asked for.
            least, most: the provider's bounds.
        """
        if self.inputs.unknown(path):
            return between(least, most), Basis.BOUNDS
        return exactly(self.inputs.count(path, default)), Basis.DECLARED

    def usage(self, key: str) -> tuple[Amount, Basis]:
        """A usage key's quantity in a month, and who says so."""
        found, basis = self.facts.settings.usage.of(self.resource, key)
        if basis is Basis.DEFAULT and self.facts.settings.plan is not None:
            from trimtab.pricing.planned_storage import planned_usage  # which knows estimations

            planned = planned_usage(self.resource, key, self.facts)
            return (found, basis) if planned is None else (planned, Basis.PLAN)
        return found, basis

    def unknown(self, label: str, rate: str) -> Gap:
        """The gap of a price that the book does not have."""
        return Gap(label, f"no price of {rate} in {self.region or 'an unknown region'}")

    def awaited(self, label: str, *paths: str) -> Gap | None:
        """The gap of what hangs on inputs that only a deployment will know; None where all are known.

        A default is what a provider takes for an input that is not given, not for one that nobody knows yet.
        """
        names = [path for path in paths if self.inputs.unknown(path)]
        return Gap(label, f"only a deployment will know {' and '.join(names)}") if names else None

    def referred(self, name: str, *kinds: str) -> Resource | None:
        """The resource that an input is taken from, or names by its id: of one of these kinds.

        Args:
            name: the input's path, by Terraform's names: `launch_template.id`.
            kinds: which kinds are meant; none: any.
        """
        keys = self.resource.references.get(name.partition(".")[0], ())
        found = [self.facts.resources[key] for key in keys if key in self.facts.resources]
        value = self.inputs.get(name)
        if isinstance(value, str) and value in self.facts.by_id:
            found.append(self.facts.by_id[value])
        return next((each for each in found if not kinds or each.kind in kinds), None)


def _amount(quantity: Amount | float) -> Amount:
    if isinstance(quantity, Amount):
        return quantity
    return ONE if quantity == 1 else Amount(quantity, quantity, quantity)


def _slice(amount: Amount, start: float, end: float) -> Amount:
    """The part of a quantity that lies within a tier."""

    def within(value: float) -> float:
        return max(min(value, end) - start, 0.0)

    expected = None if amount.expected is None else within(amount.expected)
    return Amount(within(amount.low), expected, within(amount.high))
