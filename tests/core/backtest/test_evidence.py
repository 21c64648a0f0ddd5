"""The published baselines on the real series: the replay reproduces their figures."""

import pytest

from benchmarks.evidence_data import present, series, setting, shifted, zones
from trimtab.backtest.baselines import (
    BEST_CONSTANT,
    ON_DEMAND,
    ON_DEMAND_SPOT,
    CostExplorer,
    Nothing,
)
from trimtab.backtest.dispatch import Dispatch
from trimtab.backtest.model import Policy
from trimtab.backtest.replay import Basis
from trimtab.backtest.run import run

pytestmark = pytest.mark.skipif(
    not present(), reason="the shared data is not beside the repository"
)

RULES: list[Policy] = [
    Nothing(ON_DEMAND, Dispatch.ON_DEMAND),
    Nothing(ON_DEMAND_SPOT, Dispatch.SPOT),
    CostExplorer(30, rolling=False, basis=Basis.DEMAND, dispatch=Dispatch.ON_DEMAND),
    CostExplorer(30, rolling=False, basis=Basis.DEMAND),
    CostExplorer(30, rolling=False, basis=Basis.RESIDUAL),
    *(CostExplorer(days, rolling=True, basis=Basis.RESIDUAL) for days in (3, 7, 14)),
]
NAMES = [*(rule.name for rule in RULES), BEST_CONSTANT]


@pytest.mark.parametrize(
    ("depth", "published", "tolerance"),
    [
        (0, [23.3, 23.3, 5.2, 5.2, 5.2, 5.4, 3.2, 3.8, 2.2], 0.1),
        (20, [30.6, 19.7, 11.4, 5.7, 4.7, 4.7, 2.7, 3.3, 2.1], 0.1),
        # Which of two equal zones is filled first is not published, and counts where spot is deep.
        (60, [44.8, 9.7, 23.5, 9.9, 4.4, 5.4, 3.1, 3.3, 2.2], 0.2),
    ],
)
def test_the_published_rows_are_reproduced(
    depth: int, published: list[float], tolerance: float
) -> None:
    """Pooled cost over the clairvoyant optimum in per cent, V100 prices, 28-day terms."""
    usd = dict.fromkeys(NAMES, 0.0)
    optimum = 0.0
    assert len(series()) == 15
    for name in series():
        result = run(setting(name, depth), RULES)
        optimum += result.optimum.usd
        for outcome in result.outcomes:
            usd[outcome.policy] += outcome.usd
    regret = {policy: 100 * (total / optimum - 1) for policy, total in usd.items()}
    assert regret == pytest.approx(dict(zip(NAMES, published, strict=True)), abs=tolerance)


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
