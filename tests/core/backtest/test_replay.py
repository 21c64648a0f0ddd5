"""The cost of constant levels: by hand, against the closed form, and without peeking."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.backtest_settings import market, setting, settings
from trimtab.backtest.model import Setting
from trimtab.backtest.replay import Basis, Replay

PRICES = market(spot=[2])


def replay(demand: list[float], available: list[float] | None = None) -> Replay:
    zones = [] if available is None else [available]
    prices = market() if available is None else PRICES
    return setting([*demand, 0.0], len(demand), prices, [[*z, 0.0] for z in zones]).replay.until(
        len(demand)
    )


def test_a_window_is_charged_on_each_basis() -> None:
    """Levels 0 and 3 of demand 3 and 1, spot offering 1 unit, then none."""
    seen = replay([3.0, 1.0], [1.0, 0.0])
    whole = {level: row for row, level in enumerate(seen.levels)}
    least, most = whole[0.0], whole[3.0]
    assert seen.residual.tolist() == [2, 1]
    demand, residual = seen.mean_usd(9, Basis.DEMAND), seen.mean_usd(9, Basis.RESIDUAL)
    assert (demand[least], demand[most]) == (20, 0)
    assert (residual[least], residual[most]) == (15, 0)
    # Hour 0: 1 spot and 2 on-demand; hour 1: the spot unit is lost, 1 on-demand.
    assert seen.mean_usd(9, Basis.REPLAYED)[least] == pytest.approx((2 + 20 + 5 + 10) / 2)
    assert seen.mean_usd(1, Basis.REPLAYED)[least] == pytest.approx(15)


@given(st.lists(st.floats(0, 50), min_size=2, max_size=60), st.floats(0.5, 12))
def test_the_best_level_is_the_newsvendors(demand: list[float], usd_per_hour: float) -> None:
    """Without spot: F⁻¹(1 - c/p), up to the grid; never dearer than any level of the grid."""
    seen = replay(demand)
    best = seen.best_level(len(demand), usd_per_hour, Basis.DEMAND)
    share = 1 - usd_per_hour / 10
    exact = float(np.quantile(demand, share, method="inverted_cdf")) if share > 0 else 0.0

    def cost(level: float) -> float:
        lack = np.maximum(np.array(demand) - level, 0).mean()
        return float(usd_per_hour * level + 10 * lack)

    step = max(demand) / 300
    assert cost(best) >= cost(exact) - 1e-9
    assert cost(best) <= cost(exact) + 12 * step + 1e-9


@given(settings(), st.data())
def test_what_comes_later_changes_no_row_before(any_setting: Setting, data: st.DataObject) -> None:
    hour = data.draw(st.integers(any_setting.test_from, len(any_setting.demand) - 1))
    demand = any_setting.demand.copy()
    demand[hour:] *= data.draw(st.floats(0, 100))
    later = setting(
        demand.tolist(),
        any_setting.test_from,
        any_setting.market,
        any_setting.spot_available.tolist(),
    )
    before, after = any_setting.replay.until(hour), later.replay.until(hour)
    rows = min(len(before.levels), len(after.levels))
    assert (before.levels[:rows] == after.levels[:rows]).all()
    assert (before.spot_usd[:rows] == after.spot_usd[:rows]).all()
    for basis in Basis:
        assert before.best_level(24, 6.0, basis) == after.best_level(24, 6.0, basis)


def test_levels_reach_far_beyond_the_history_in_few_rows() -> None:
    seen = setting([1.0] * 24 + [1e6], 24).replay
    assert seen.levels[-1] >= 1e6
    assert len(seen.levels) < 1_100


def test_a_history_of_nothing_has_levels_too() -> None:
    seen = setting([0.0] * 24 + [2.0], 24).replay
    assert seen.best_level(24, 6.0, Basis.DEMAND) == 0
