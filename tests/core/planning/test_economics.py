"""The closed form is the optimum, and a split serves exactly what is needed."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.catalogue.offers import InterruptionBand
from trimtab.planning.economics import (
    OPEN_BAND_PERCENT,
    Nodes,
    Prices,
    best_commitment,
    effective_spot_price,
    hourly_cost,
    interruptions_per_hour,
    nodes_for,
    split,
)

needs = st.lists(st.integers(0, 60), min_size=1, max_size=50).map(
    lambda values: np.array(values, dtype=np.int64)
)


@st.composite
def prices(draw: st.DrawFn) -> Prices:
    on_demand = draw(st.floats(0.1, 100))
    spot = draw(st.none() | st.floats(0.01, on_demand))
    return Prices(
        on_demand=on_demand,
        committed=draw(st.floats(0.01, on_demand)),
        spot=spot,
        spot_share=draw(st.floats(0, 1)) if spot is not None else 0.0,
    )


@given(needed=needs, prices=prices())
def test_the_closed_form_costs_no_more_than_any_level(needed: Nodes, prices: Prices) -> None:
    level = best_commitment(needed, prices)
    costs = [hourly_cost(needed, c, prices).mean() for c in range(int(needed.max()) + 2)]
    assert costs[level] == pytest.approx(min(costs), rel=1e-9)


@given(needed=needs, on_demand=st.floats(1, 50), ratio=st.floats(0.05, 0.95))
def test_without_spot_it_is_the_newsvendor_quantile(
    needed: Nodes, on_demand: float, ratio: float
) -> None:
    level = best_commitment(needed, Prices(on_demand, on_demand * ratio))
    # The last committed node is used more than break-even, the next one would not be.
    assert level == 0 or (needed >= level).mean() > ratio - 1e-9
    assert (needed >= level + 1).mean() <= ratio + 1e-9


@given(needed=needs, committed=st.integers(0, 80), share=st.floats(0, 1))
def test_a_split_serves_what_is_needed_in_merit_order(
    needed: Nodes, committed: int, share: float
) -> None:
    parts = split(needed, committed, share)
    assert (parts.committed + parts.spot + parts.on_demand == needed).all()
    assert (parts.spot <= share * needed + 1e-6).all()
    assert ((parts.committed == committed) | (parts.spot + parts.on_demand == 0)).all()
    for part in (parts.committed, parts.spot, parts.on_demand):
        assert (part >= 0).all()


def test_no_price_no_commitment() -> None:
    needed = np.full(10, 5)
    assert best_commitment(needed, Prices(10.0)) == 0
    with pytest.raises(ValueError, match="no price"):
        hourly_cost(needed, 1, Prices(10.0))


@pytest.mark.parametrize(
    ("demand", "units", "nodes"),
    [
        (0.0, 8.0, 0),
        (0.1, 8.0, 1),
        (8.0, 8.0, 1),
        (8.0000001, 8.0, 1),
        (8.1, 8.0, 2),
        (7.0, 2.5, 3),
    ],
)
def test_nodes_are_whole(demand: float, units: float, nodes: int) -> None:
    assert nodes_for(np.array([demand]), units).tolist() == [nodes]


def test_an_unknown_band_is_taken_for_the_worst_one() -> None:
    worst = interruptions_per_hour(InterruptionBand(20, 100))
    assert interruptions_per_hour(None) == worst
    assert interruptions_per_hour(InterruptionBand(0, 5)) < worst
    # A month of that rate interrupts the stated share.
    assert 1 - np.exp(-worst * 730) == pytest.approx(OPEN_BAND_PERCENT / 100)


def test_an_interruption_costs_the_lost_work_at_list_price() -> None:
    free = effective_spot_price(1.0, 10.0, InterruptionBand(5, 10), restart_hours=0.0)
    dear = effective_spot_price(1.0, 10.0, InterruptionBand(5, 10), restart_hours=100.0)
    assert free == 1.0
    assert dear == pytest.approx(1.0 + 1000 * interruptions_per_hour(InterruptionBand(5, 10)))
