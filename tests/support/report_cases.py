"""Backtests for reports: small, replayed for real, with forecasts drawn by hand."""

from dataclasses import replace
from datetime import UTC, datetime
from statistics import NormalDist

import numpy as np

from trimtab.backtest.baselines import baselines
from trimtab.backtest.fans import calibration
from trimtab.backtest.model import Array, Backtest, Fan, Market, Product, Setting
from trimtab.backtest.run import run
from trimtab.forecast.model import LEVELS

HOURS = 28 * 24
TEST_FROM = 14 * 24
FAN_HOURS = 100
PLANNER = "residual CE 7 d, rolling"
SPREAD: Array = np.array([NormalDist().inv_cdf(level) for level in LEVELS])


def market(*, spot: bool = True) -> Market:
    """A V100's prices with a week's term and two spot zones."""
    zones = ("us-east-1a", "us-east-1b") if spot else ()
    return Market(
        3.06, (Product("1-week reserved", 2.088, 168),), zones, np.full(len(zones), 1.1288)
    )


def setting(name: str = "trainer", scale: float = 300.0, *, spot: bool = True) -> Setting:
    """Four weeks of a daily wave with noise, a step up and one hour's spike; half is history."""
    rng = np.random.default_rng(7)
    hour = np.arange(HOURS)
    wave = 1 + 0.3 * np.sin(hour / 24 * 2 * np.pi) + rng.normal(0, 0.05, HOURS)
    demand = np.maximum(scale * wave * np.where(hour > 0.7 * HOURS, 1.4, 1.0), 0.0)
    demand[500] *= 1.8
    offered = rng.random((2 if spot else 0, HOURS // 6)) > 0.3
    return Setting(
        name=name,
        unit="GPUs",
        start=datetime(2026, 1, 28, 6, tzinfo=UTC),
        demand=demand,
        test_from=TEST_FROM,
        market=market(spot=spot),
        spot_available=np.repeat(offered, 6, axis=1) * scale / 5,
        gco2e_per_unit_hour=np.full(HOURS, 120.0),
    )


def fans(one: Setting) -> tuple[Fan, ...]:
    """Overlapping forecasts of yesterday's shape that widen with the distance."""
    made = []
    for hour in range(one.test_from, len(one.demand) - FAN_HOURS, 60):
        middle = np.resize(one.demand[hour - 24 : hour], FAN_HOURS)
        width = 0.05 * one.demand.mean() * (1 + np.arange(FAN_HOURS) / FAN_HOURS)
        made.append(Fan(hour, np.maximum(middle + SPREAD[:, None] * width, 0.0)))
    return tuple(made)


def backtest(one: Setting | None = None) -> Backtest:
    """Every baseline replayed on a setting; one of them stands as the planner."""
    one = one or setting()
    rules = baselines(spot=bool(one.market.zones))
    planner = next(rule for rule in rules if rule.name == PLANNER)
    done = run(one, [planner, *(rule for rule in rules if rule is not planner)])
    outcomes = (replace(done.outcomes[0], policy="planner"), *done.outcomes[1:])
    made = fans(one)
    return replace(done, outcomes=outcomes, fans=made, calibration=calibration(made, one))
