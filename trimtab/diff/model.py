"""A change, priced: what `trimtab diff` says in every form that it says it.

Pure data. `trimtab.diff.compare` makes it; `trimtab.diff.outputs` writes it; nothing here knows either.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from trimtab.pricing.amount import Amount
from trimtab.pricing.model import Estimate


class Operation(StrEnum):
    """What happens to a resource."""

    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    DELETE = "delete"
    SAME = "same"


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One input that differs; values are masked and shortened for people.

    Attributes:
        path: as the engine spells it: `scalingConfig.desiredSize`.
        before, after: None where it is absent.
        replaces: whether the provider can't change it in place.
    """

    path: str
    before: str | None
    after: str | None
    replaces: bool = False


@dataclass(frozen=True, slots=True)
class Figures:
    """The sums of one side, or their difference, per month of 730 hours.

    Attributes:
        usd: dollars; `expected` is the sum of what has an expectation.
        kgco2e: emissions of machines.
        interruptions: spot machines expected to be taken back.
        unmet_share: the largest share of any pool's demand that the plan expects unmet; None: no plan.
    """

    usd: Amount
    kgco2e: Amount
    interruptions: Amount
    unmet_share: float | None = None


@dataclass(frozen=True, slots=True)
class Owner:
    """Who pays; "" where nobody says."""

    team: str = ""
    project: str = ""
    model: str = ""
    environment: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """One resource on both sides.

    Attributes:
        key: the resource's.
        operation: what happens to it.
        before, after: what it costs; None on the side where it is not.
        usd_per_month: the difference; None where a side has no price, though it costs money.
        kgco2e_per_month: likewise; None where a side's machines have no known emissions.
        owner: who pays for it after the change (before it, where it goes).
        fields: what differs, for updates and replacements.
    """

    key: str
    operation: Operation
    before: Estimate | None
    after: Estimate | None
    usd_per_month: Amount | None
    kgco2e_per_month: Amount | None
    owner: Owner
    fields: tuple[FieldChange, ...] = ()

    @property
    def estimate(self) -> Estimate:
        """The side that stands after the change, or stood before."""
        estimate = self.after or self.before
        assert estimate is not None  # noqa: S101 - a change is of something
        return estimate


class Severity(StrEnum):
    """How grave a finding is, and what it does to the exit status."""

    ERROR = "error"  # refuses
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule that findings are of.

    Attributes:
        id: stable, for suppressions and SARIF: `attribution-tags`.
        title: what it asks for, in one line.
        help: why, and how to mend a breach.
    """

    id: str
    title: str
    help: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One breach of a rule.

    Attributes:
        rule: which.
        severity: how grave.
        key: the resource's; "" for the change as a whole.
        message: what is wrong, in one sentence without a full stop.
        mend: what to do, in the imperative.
        introduced: whether the change brings it, rather than finds it.
    """

    rule: Rule
    severity: Severity
    key: str
    message: str
    mend: str
    introduced: bool


@dataclass(frozen=True, slots=True)
class OwnerCost:
    """What one owner pays. `before` and `after` leave out what has no price; `unpriced` counts it."""

    owner: Owner
    before: Figures
    after: Figures
    delta: Figures
    unpriced: int


class BudgetState(StrEnum):
    """How a budget stands after the change."""

    WITHIN = "within"
    WARNED = "over a threshold"
    EXCEEDED = "exceeded"
    UNKNOWN = "not known"  # something of it has no price


@dataclass(frozen=True, slots=True)
class BudgetResult:
    """One budget after the change.

    Attributes:
        name: the budget's.
        usd_per_month: what may be spent.
        before, after: what is expected to be spent.
        state: how it stands.
        threshold: the share that was crossed, where one was.
        newly: whether the change crosses it.
        where: the budget's file and line.
    """

    name: str
    usd_per_month: float
    before: float
    after: float
    state: BudgetState
    threshold: float | None
    newly: bool
    where: str


@dataclass(frozen=True)
class Diff:
    """A change, priced.

    Attributes:
        before_source, after_source: what each side was read from.
        complete: whether what does not change is in the totals.
        as_of: the instant at which prices and windows were read.
        prices: which layers of prices were used, with their dates, as sentences.
        changes: sorted by impact: the largest difference first, then by key; SAME ones last.
        before, after, delta: the sums.
        unpriced_share: of the resources after the change that cost money, the share without a price.
        counts: resources after the change by status, as `Status` values.
        owners: by the size of their difference.
        untagged: what is spent after the change that no owner is named for.
        budgets: in their file's order.
        findings: errors first, then those that the change brings.
        rules: what was checked, whether or not it found something.
        notes: what concerns the change as a whole.
    """

    before_source: str
    after_source: str
    complete: bool
    as_of: datetime
    prices: tuple[str, ...]
    changes: tuple[Change, ...]
    before: Figures
    after: Figures
    delta: Figures
    unpriced_share: float
    counts: Mapping[str, int]
    owners: tuple[OwnerCost, ...] = ()
    untagged: Figures | None = None
    budgets: tuple[BudgetResult, ...] = ()
    findings: tuple[Finding, ...] = ()
    rules: tuple[Rule, ...] = ()
    notes: tuple[str, ...] = ()
