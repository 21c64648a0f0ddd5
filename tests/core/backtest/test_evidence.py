"""The published baselines on the real series: the replay reproduces their figures."""

import pytest

from benchmarks.evidence_data import present, series, setting, shifted, zones
from trimtab.backtest.baselines import ON_DEMAND, CostExplorer, Nothing
from trimtab.backtest.dispatch import Dispatch
from trimtab.backtest.model import Policy
from trimtab.backtest.replay import Basis
from trimtab.backtest.run import run

pytestmark = pytest.mark.skipif(
    not present(), reason="the shared data is not beside the repository"
)

PUBLISHED = {
    ON_DEMAND: 23.3,
    "residual CE 30 d, once": 5.2,
    "residual CE 3 d, rolling": 5.4,
    "residual CE 7 d, rolling": 3.2,
    "residual CE 14 d, rolling": 3.8,
    "best constant in hindsight": 2.2,
}
"""Pooled cost over the clairvoyant optimum in per cent, V100 prices, 28-day terms, no spot."""


def test_the_row_without_spot_is_reproduced() -> None:
    rules: list[Policy] = [
        Nothing(ON_DEMAND, Dispatch.ON_DEMAND),
        CostExplorer(30, rolling=False, basis=Basis.RESIDUAL),
        *(CostExplorer(days, rolling=True, basis=Basis.RESIDUAL) for days in (3, 7, 14)),
    ]
    usd: dict[str, float] = {}
    optimum = 0.0
    for name in series():
        result = run(setting(name, 0), rules)
        optimum += result.optimum.usd
        for outcome in result.outcomes:
            usd[outcome.policy] = usd.get(outcome.policy, 0.0) + outcome.usd
    assert len(series()) == 15
    regret = {policy: 100 * (total / optimum - 1) for policy, total in usd.items()}
    assert regret == pytest.approx(PUBLISHED, abs=0.1)


def test_the_zones_are_up_as_often_as_published() -> None:
    """Per tick they are up 17 to 89 % of the time; an hour counts only when all its ticks do."""
    shares = [float(trace.mean()) for trace in zones().values()]
    assert len(shares) == 5
    assert {len(trace) for trace in zones().values()} == {1_091}
    assert min(shares) < 0.17
    assert 0.75 < max(shares) < 0.9


def test_a_shift_moves_the_demand_from_its_hour_on_and_nothing_else() -> None:
    base = setting("philly_nodes", 20)
    found = dict(shifted(base))
    assert list(found) == [
        "-30% in mid-history", "+30% in mid-history", "-30% in mid-test", "+30% in mid-test",
    ]  # fmt: skip
    hour = int(len(base.demand) * 0.75)
    moved = found["-30% in mid-test"]
    assert (moved.demand[:hour] == base.demand[:hour]).all()
    assert moved.demand[hour:] == pytest.approx(0.7 * base.demand[hour:])
    assert (moved.spot_available == base.spot_available).all()
