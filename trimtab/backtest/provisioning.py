"""Hour-ahead provisioning replayed beside a reactive autoscaler: shortage at equal cost, cost at equal
shortage.

Capacity ordered at the end of hour t serves hour t + lead, the lead being the hours that a node takes to
come. Every unit of capacity is paid for at the on-demand price, used or not; shortage is demand above
capacity, in unit-hours. Both sides see the same past and order fractions of a unit.

The autoscaler orders the highest demand of the last k hours (its stabilisation window; k = 1 is the last
observation) times 1 + headroom (a target utilisation u is a headroom of 1 / u - 1). The planner's rule is
`planning.provisioning` at a level. Each side's settings are swept, and each gets the lower convex hull
of what they reached on the very hours that are scored: with hindsight, and with the mixture of two
settings that a hull's edge stands for (their average: shortage is convex in capacity). Capacity zero
belongs to both.

Only ratios matter; a price common to all series cancels in them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from trimtab.backtest.frontiers import Family, Frontier, Hull
from trimtab.planning.lags import lagged, rolling_max
from trimtab.planning.provisioning import replay

Array = NDArray[np.float64]

STABILISATION_HOURS: Final = (1, 2, 3, 6, 12, 24, 48, 168)
HEADROOMS: Final = (
    -0.5, -0.4, -0.3, -0.2, -0.1, -0.05, -0.02, 0.0, 0.01, 0.02, 0.03, 0.05, 0.08, 0.1, 0.15, 0.2,
    0.25, 0.3, 0.4, 0.5, 0.6, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0,
)  # fmt: skip
LEVELS: Final = (
    0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.93, 0.95, 0.97, 0.98, 0.99, 0.995, 0.998,
)  # fmt: skip
BEYOND: Final = (0.01, 0.02, 0.03, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 2.0)
"""Headroom on the highest level: the planner's settings above it."""
OPERATING_HEADROOMS: Final = (0.0, 0.1, 0.2, 0.3, 0.5)
"""The plain autoscalers (k = 1) that the comparison starts from."""

LEAST_SHARE: Final = 0.001
"""A ratio of shortages is summarised where the autoscaler leaves at least this share of demand unmet."""
NOISE: Final = 1.645
"""Standard errors that a difference must exceed to count: 95 %, one-sided."""
POOLED: Final = "pooled"


@dataclass(frozen=True)
class Point:
    """One plain autoscaler, and what the planner and the best autoscalers reach beside it.

    Attributes:
        headroom: the plain autoscaler's, on the last observation.
        cost_usd, shortage_unit_hours: what it cost and left unmet.
        planner_shortage_unit_hours, best_shortage_unit_hours: what the planner and the best
            autoscaler leave unmet at that cost.
        planner_cost_usd, best_cost_usd: what they cost at that shortage; None where no setting of
            theirs leaves as little.
        noise_unit_hours: how far the two shortages at equal cost may differ by chance, from the
            differences day by day.
    """

    headroom: float
    cost_usd: float
    shortage_unit_hours: float
    planner_shortage_unit_hours: float
    best_shortage_unit_hours: float
    planner_cost_usd: float | None
    best_cost_usd: float | None
    noise_unit_hours: float

    @property
    def shortage_ratio(self) -> float | None:
        """The planner's shortage over the plain autoscaler's at equal cost."""
        return _ratio(self.planner_shortage_unit_hours, self.shortage_unit_hours)

    @property
    def shortage_ratio_to_best(self) -> float | None:
        """The same over the best autoscaler's."""
        return _ratio(self.planner_shortage_unit_hours, self.best_shortage_unit_hours)

    @property
    def cost_ratio(self) -> float | None:
        """The planner's cost over the plain autoscaler's at equal shortage."""
        return _ratio(self.planner_cost_usd, self.cost_usd)

    @property
    def cost_ratio_to_best(self) -> float | None:
        """The same over the best autoscaler's."""
        return _ratio(self.planner_cost_usd, self.best_cost_usd)

    @property
    def behind(self) -> bool:
        """Whether the planner leaves more unmet than the best autoscaler by more than noise."""
        gap = self.planner_shortage_unit_hours - self.best_shortage_unit_hours
        return gap > max(self.noise_unit_hours, 1e-9 * self.cost_usd)


@dataclass(frozen=True)
class Series:
    """A series' comparison, or all of them together under one setting for all (`POOLED`)."""

    name: str
    hours: int
    demand_unit_hours: float
    planner: Frontier
    autoscaler: Frontier
    points: tuple[Point, ...]


@dataclass(frozen=True)
class Summary:
    """One operating point over the series.

    Attributes:
        headroom: of the plain autoscaler.
        pooled: all series under one setting.
        least_pooled_to_best, most_pooled_to_best: the pooled ratio of shortages to the best autoscaler
            over all pools that leave one series out.
        counted: series on which the plain autoscaler leaves at least `LEAST_SHARE` unmet: the medians
            are theirs.
        median_shortage_ratio, median_shortage_ratio_to_best: at equal cost.
        median_cost_ratio, median_cost_ratio_to_best: at equal shortage.
        worst_cost_ratio_to_best: and the series it is of.
        worst: its name.
        behind: names of the series on which the planner is behind by more than noise, of all.
    """

    headroom: float
    pooled: Point
    least_pooled_to_best: float | None
    most_pooled_to_best: float | None
    counted: int
    median_shortage_ratio: float | None
    median_shortage_ratio_to_best: float | None
    median_cost_ratio: float | None
    median_cost_ratio_to_best: float | None
    worst_cost_ratio_to_best: float | None
    worst: str | None
    behind: tuple[str, ...]


@dataclass(frozen=True)
class Comparison:
    """Every series at one lead time, and all of them pooled.

    `pooled_without` has for each series the pool of all others, under that series' name; it is empty
    for a single series.
    """

    lead_hours: int
    usd_per_unit_hour: float
    series: tuple[Series, ...]
    pooled: Series
    pooled_without: tuple[Series, ...]

    def summaries(self) -> tuple[Summary, ...]:
        """One per operating point."""
        return tuple(self._summary(index) for index in range(len(self.pooled.points)))

    def _summary(self, index: int) -> Summary:
        counted = [
            (each.name, each.points[index])
            for each in self.series
            if each.points[index].shortage_unit_hours
            >= max(LEAST_SHARE * each.demand_unit_hours, 1e-12)
        ]

        def middle(name: str) -> float | None:
            found = [getattr(point, name) for _, point in counted]
            known = [value for value in found if value is not None]
            return median(known) if known else None

        worst = max(
            (
                (p.cost_ratio_to_best, name)
                for name, p in counted
                if p.cost_ratio_to_best is not None
            ),
            default=(None, None),
        )
        others = [each.points[index].shortage_ratio_to_best for each in self.pooled_without]
        known = [value for value in others if value is not None]
        return Summary(
            headroom=self.pooled.points[index].headroom,
            pooled=self.pooled.points[index],
            least_pooled_to_best=min(known, default=None),
            most_pooled_to_best=max(known, default=None),
            counted=len(counted),
            median_shortage_ratio=middle("shortage_ratio"),
            median_shortage_ratio_to_best=middle("shortage_ratio_to_best"),
            median_cost_ratio=middle("cost_ratio"),
            median_cost_ratio_to_best=middle("cost_ratio_to_best"),
            worst_cost_ratio_to_best=worst[0],
            worst=worst[1],
            behind=tuple(each.name for each in self.series if each.points[index].behind),
        )


def compare(
    demand: Mapping[str, ArrayLike],
    lead_hours: int = 1,
    *,
    usd_per_unit_hour: float = 1.0,
    test_from: Mapping[str, int] | None = None,
    headrooms: Sequence[float] = OPERATING_HEADROOMS,
    spare_shares: Sequence[float] = (),
) -> Comparison:
    """The planner's rule beside autoscalers on hourly series.

    Args:
        demand: each (T,), finite, not negative. Series of different units can be pooled only after
            scaling them to one mean.
        lead_hours: hours that a node takes to come, 1 to 24.
        usd_per_unit_hour: the on-demand price.
        test_from: the first hour that is scored, per series; by default the middle.
        headrooms: the plain autoscalers to start from.
        spare_shares: gives the autoscalers, too, constant spare capacity (over-provisioning pods) of
            these shares of the history's mean.

    Raises:
        InputError: a series, or the lead, is not as stated.
        ValueError: a test begins before the first order can have arrived.
    """
    ledgers = []
    for name, values in demand.items():
        series = np.asarray(values, dtype=np.float64)
        first = len(series) // 2 if test_from is None else test_from[name]
        if not lead_hours <= first < len(series):
            raise ValueError(f"a test of {name} from hour {first} of {len(series)}")
        ledgers.append(
            _Ledger.of(name, series, first, lead_hours, headrooms, spare_shares, usd_per_unit_hour)
        )
    others = [ledgers[:index] + ledgers[index + 1 :] for index in range(len(ledgers))]
    return Comparison(
        lead_hours,
        usd_per_unit_hour,
        tuple(ledger.series() for ledger in ledgers),
        _Ledger.pooled(POOLED, ledgers).series(),
        tuple(
            _Ledger.pooled(left_out.name, rest).series()
            for left_out, rest in zip(ledgers, others, strict=True)
            if rest
        ),
    )


def autoscaler(demand: Array, lead_hours: int, hours: int, headroom: float) -> Array:
    """Capacity in force in each hour, (N, T): the highest demand of `hours` hours, ordered earlier."""
    ordered: Array = lagged(rolling_max(demand, hours), lead_hours) * (1.0 + headroom)
    return ordered


@dataclass(frozen=True, eq=False)
class _Ledger:
    """A series' hours under every setting of both families, and under the plain autoscalers."""

    name: str
    hours: int
    demand: float
    headrooms: tuple[float, ...]
    planner: Family
    autoscaler: Family
    plain: Family

    @classmethod
    def of(
        cls,
        name: str,
        series: Array,
        first: int,
        lead: int,
        headrooms: Sequence[float],
        spare_shares: Sequence[float],
        usd: float,
    ) -> "_Ledger":
        row, tested = series[None, :], series[first:]

        def family(settings: Mapping[str, Array]) -> Family:
            nothing = {"nothing": np.zeros(len(series))}
            every = {**settings, **nothing}
            stacked = np.stack([capacity[first:] for capacity in every.values()])
            return Family.of(tuple(every), stacked, tested, usd)

        def scaler(hours: int, headroom: float) -> Array:
            capacity: Array = autoscaler(row, lead, hours, headroom)[0]
            return capacity

        ordered = replay(row, lead, LEVELS)[0]
        levels = {
            f"level {level:g}": lagged(ordered[None, :, index], lead)[0]
            for index, level in enumerate(LEVELS)
        }
        highest = levels[f"level {LEVELS[-1]:g}"]
        beyond = {f"level {LEVELS[-1]:g} + {more:.0%}": highest * (1.0 + more) for more in BEYOND}
        swept = {
            f"highest of {hours} h {headroom:+.0%}": scaler(hours, headroom)
            for hours in STABILISATION_HOURS
            for headroom in HEADROOMS
        }
        mean = float(series[:first].mean())
        swept |= {
            f"highest of {hours} h and {share:.1%} of the mean": scaler(hours, 0.0) + share * mean
            for hours in STABILISATION_HOURS
            for share in spare_shares
        }
        plain = {f"{headroom:g}": scaler(1, headroom) for headroom in headrooms}
        return cls(
            name,
            len(tested),
            float(tested.sum()),
            tuple(headrooms),
            family(levels | beyond),
            family(swept | plain),
            family(plain),
        )

    @classmethod
    def pooled(cls, name: str, ledgers: Sequence["_Ledger"]) -> "_Ledger":
        """One setting for all series."""
        return cls(
            name,
            sum(ledger.hours for ledger in ledgers),
            sum(ledger.demand for ledger in ledgers),
            ledgers[0].headrooms,
            Family.together([ledger.planner for ledger in ledgers]),
            Family.together([ledger.autoscaler for ledger in ledgers]),
            Family.together([ledger.plain for ledger in ledgers]),
        )

    def series(self) -> Series:
        """Both hulls, and every operating point on them."""
        planner, best = Hull.of(self.planner), Hull.of(self.autoscaler)
        points = []
        for index, headroom in enumerate(self.headrooms):
            cost = float(self.plain.cost[index].sum())
            shortage = float(self.plain.shortage[index].sum())
            ours, theirs = planner.daily_at_cost(cost), best.daily_at_cost(cost)
            points.append(
                Point(
                    headroom=headroom,
                    cost_usd=cost,
                    shortage_unit_hours=shortage,
                    planner_shortage_unit_hours=float(ours.sum()),
                    best_shortage_unit_hours=float(theirs.sum()),
                    planner_cost_usd=planner.cost_at_shortage(shortage),
                    best_cost_usd=best.cost_at_shortage(shortage),
                    noise_unit_hours=NOISE * float((ours - theirs).std() * np.sqrt(len(ours))),
                )
            )
        return Series(
            self.name, self.hours, self.demand, planner.frontier(), best.frontier(), tuple(points)
        )


def _ratio(over: float | None, under: float | None) -> float | None:
    """None where unknown or where nothing is divided by."""
    if over is None or under is None or under <= 0:
        return None
    return over / under
