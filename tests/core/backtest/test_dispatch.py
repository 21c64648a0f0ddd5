"""What serves an hour: hand-computed hours of each dispatch."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from support.backtest_settings import market, settings
from trimtab.backtest.dispatch import Dispatch, Served, affordable, merit_order, serve
from trimtab.backtest.model import Market, Setting

Array = NDArray[np.float64]


def served(
    dispatch: Dispatch,
    demand: list[float],
    available: list[list[float]],
    prices: Market,
    committed: float = 0.0,
) -> Served:
    offered = np.array(available, dtype=np.float64).reshape(-1, len(demand))
    order = merit_order(offered, prices.spot_usd_per_hour)
    paths = np.full((1, len(demand)), committed)
    return serve(dispatch, paths, np.array(demand), offered, order, prices)


def test_on_demand_serves_what_the_commitment_does_not() -> None:
    result = served(Dispatch.ON_DEMAND, [2, 5, 9], [[9, 9, 9]], market(spot=[1]), committed=5)
    assert result.on_demand.tolist() == [[0, 0, 4]]
    assert not result.spot.any()


def test_a_reactive_autoscaler_scales_down_an_hour_late() -> None:
    result = served(Dispatch.REACTIVE, [4, 9, 3, 3], [], market())
    assert result.on_demand.tolist() == [[4, 9, 9, 3]]


def test_greedy_spot_fills_the_cheapest_zone_first() -> None:
    result = served(Dispatch.SPOT, [5, 5], [[3, 3], [3, 3]], market(spot=[2, 1]))
    assert result.spot[0].tolist() == [[2, 2], [3, 3]]
    assert result.on_demand.tolist() == [[0, 0]]


def test_of_equal_prices_the_zone_that_was_up_more_comes_first() -> None:
    demand = [0, 0, 2.0]
    result = served(Dispatch.SPOT, demand, [[2, 0, 2], [2, 2, 2]], market(spot=[1, 1]))
    assert result.spot[0, :, 2].tolist() == [0, 2]


def test_what_runs_stays_where_it_runs() -> None:
    """The better zone comes back, but a move would be an interruption."""
    result = served(Dispatch.SPOT, [2, 2, 2], [[2, 0, 2], [0, 2, 2]], market(spot=[1, 2]))
    assert result.spot[0].tolist() == [[2, 0, 0], [0, 2, 2]]
    assert result.lost[0].tolist() == [[0, 2, 0], [0, 0, 0]]


def test_the_worst_zone_is_given_up_first_and_that_is_no_interruption() -> None:
    result = served(Dispatch.SPOT, [4, 1], [[2, 2], [2, 2]], market(spot=[2, 1]))
    assert result.spot[0].tolist() == [[2, 0], [2, 1]]
    assert not result.lost.any()


def test_spot_dearer_than_on_demand_is_left_alone() -> None:
    prices = market(spot=[10, 11, 9])
    result = served(Dispatch.SPOT, [6.0], [[9], [9], [4]], prices)
    assert result.spot[0, :, 0].tolist() == [0, 0, 4]
    assert result.on_demand.tolist() == [[2]]
    assert affordable(np.ones((3, 1)), prices)[:, 0].tolist() == [0, 0, 1]


def test_spothedge_spreads_a_fifth_more_than_demanded() -> None:
    result = served(Dispatch.HEDGED, [10.0], [[9], [4], [9]], market(spot=[1, 2, 3]))
    assert result.spot[0, :, 0].tolist() == pytest.approx([4, 4, 4])
    assert result.on_demand.tolist() == [[0]]


def test_spothedge_falls_back_on_demand_while_spot_lacks_its_extra() -> None:
    """O(t) = min(target, target + extra - ready spot), as the paper has it."""
    result = served(Dispatch.HEDGED, [10.0, 10.0], [[7, 0], [4, 1]], market(spot=[1, 1]))
    assert result.spot[0].tolist() == [[7, 0], [4, 1]]
    assert result.lost[0, :, 1].tolist() == [7, 3]
    assert result.on_demand[0].tolist() == pytest.approx([1, 10])


def test_spothedge_keeps_what_runs_while_it_levels() -> None:
    result = served(Dispatch.HEDGED, [5.0, 10.0], [[6, 6], [0, 9]], market(spot=[1, 1]))
    assert result.spot[0].tolist() == [[6, 6], [0, 6]]


@given(settings(spot=True), st.sampled_from(Dispatch), st.floats(0, 5))
def test_every_dispatch_serves_the_demand_within_what_is_offered(
    any_setting: Setting, dispatch: Dispatch, committed: float
) -> None:
    offered = any_setting.spot_available
    order = merit_order(offered, any_setting.market.spot_usd_per_hour)
    paths = np.full((1, len(any_setting.demand)), committed)
    result = serve(dispatch, paths, any_setting.demand, offered, order, any_setting.market)
    capacity = paths[0] + result.on_demand[0] + result.spot[0].sum(axis=0)
    assert (capacity >= any_setting.demand - 1e-9).all()
    assert (result.spot[0] <= affordable(offered, any_setting.market) + 1e-9).all()
    before = np.concatenate([np.zeros((len(offered), 1)), result.spot[0, :, :-1]], axis=1)
    gone = np.maximum(before - offered, 0)
    assert result.lost[0] == pytest.approx(gone)
