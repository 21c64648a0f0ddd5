"""The perfect-foresight optimum, against the programme as written and against enumeration."""

from itertools import product as every
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from trimtab.errors import InputError
from trimtab.optimise.clairvoyant import Optimum, Product, clairvoyant
from trimtab.optimise.lp import Model, solve

ON_DEMAND, RESTART = 3.0, 0.75
FOUR_HOURS = Product("4 h", 2.0, 4)

Array = NDArray[np.float64]


def as_written(
    demand: Array,
    products: list[Product],
    available: Array,
    price: Array,
    carbon: Array,
    *,
    full_term: bool,
    held: Array,
) -> float:
    """The module's formulation with every column of it: spot and interruptions per zone and hour."""
    zones, hours = available.shape
    model = Model()
    rates = np.array([each.usd_per_hour for each in products])[:, None]
    terms = np.array([each.term_hours for each in products])[:, None]
    shape = (len(products), hours)
    starts = model.columns(shape, cost=rates * terms if full_term else 0.0)
    active = model.columns(shape, cost=0.0 if full_term else rates)
    used = model.columns((hours,), cost=carbon[0])
    on_demand = model.columns((hours,), cost=ON_DEMAND + carbon[0])
    spot = model.columns((zones, hours), cost=price + carbon[1:], upper=available)
    lost = model.columns((zones, hours), cost=RESTART)
    cover = model.rows((hours,), lower=demand, upper=demand)
    model.add(cover, used, 1.0)
    model.add(cover, on_demand, 1.0)
    model.add(cover, spot, 1.0)
    within = model.rows((hours,), upper=held)
    model.add(within, used, 1.0)
    model.add(within, active, -1.0)
    drop = model.rows((zones, hours - 1), lower=-available[:, 1:])
    model.add(drop, lost[:, 1:], 1.0)
    model.add(drop, spot[:, :-1], -1.0)
    for row, each in enumerate(products):
        for hour in range(hours):
            term = model.rows((), lower=0.0, upper=0.0)
            model.add(term, active[row, hour], 1.0)
            model.add(term, starts[row, max(0, hour - each.term_hours + 1) : hour + 1], -1.0)
    return solve(model.arrays()).objective


@st.composite
def markets(draw: st.DrawFn) -> dict[str, Any]:
    """A few hours, up to three zones and two products; carbon differs by zone."""
    generator = np.random.default_rng(draw(st.integers(0, 10**6)))
    hours, zones = draw(st.integers(2, 12)), draw(st.integers(0, 3))
    products = [
        Product("short", draw(st.sampled_from([1.5, 2.0, 3.5])), draw(st.integers(1, 6))),
        Product("long", draw(st.sampled_from([1.0, 1.9])), draw(st.integers(3, 30))),
    ][: draw(st.integers(0, 2))]
    return {
        "demand": generator.integers(0, 12, hours).astype(float),
        "products": products,
        "available": generator.integers(0, 6, (zones, hours)).astype(float),
        "price": generator.choice([0.5, 1.0, 2.9, 4.0], (zones, hours)),
        "carbon": generator.choice([0.0, 0.2, 1.5], (1 + zones, hours)),
        "full_term": draw(st.booleans()),
        "held": generator.integers(0, 3, hours).astype(float),
    }


def solved(market: dict[str, Any]) -> Optimum:
    return clairvoyant(
        market["demand"],
        ON_DEMAND,
        market["products"],
        market["available"],
        market["price"],
        RESTART,
        full_term=market["full_term"],
        carbon_usd=market["carbon"],
        held=market["held"],
    )


@given(markets())
@settings(max_examples=60, deadline=None)
def test_the_merit_order_costs_what_the_whole_programme_costs(market: dict[str, Any]) -> None:
    assert solved(market).usd == pytest.approx(as_written(**market), rel=1e-7, abs=1e-7)


@given(markets())
@settings(max_examples=40, deadline=None)
def test_what_is_returned_serves_the_demand_and_costs_what_it_says(market: dict[str, Any]) -> None:
    optimum = solved(market)
    hours = len(market["demand"])
    bought = np.zeros_like(optimum.committed)
    for row, product in enumerate(market["products"]):
        for hour in range(hours):
            bought[row, hour : hour + product.term_hours] += optimum.purchases[row, hour]
    np.testing.assert_allclose(bought, optimum.committed, atol=1e-7)
    assert (optimum.spot <= market["available"] + 1e-9).all()
    running = optimum.on_demand + optimum.spot.sum(axis=0)
    used = market["demand"] - running
    assert (used >= -1e-9).all()
    assert (used <= optimum.committed.sum(axis=0) + market["held"] + 1e-7).all()
    rates = np.array([each.usd_per_hour for each in market["products"]])
    terms = np.array([each.term_hours for each in market["products"]])
    paid = optimum.purchases.sum(1) * terms if market["full_term"] else optimum.committed.sum(1)
    carbon = market["carbon"]
    usd = (
        (rates * paid).sum()
        + ON_DEMAND * optimum.on_demand.sum()
        + (market["price"] * optimum.spot).sum()
        + RESTART * optimum.interruptions.sum()
        + (carbon[0] * (used + optimum.on_demand)).sum()
        + (carbon[1:] * optimum.spot).sum()
    )
    assert optimum.usd == pytest.approx(usd)


def test_whole_purchases_by_enumeration() -> None:
    demand = np.array([1.0, 3.0, 3.0, 2.0, 0.0, 1.0])
    best = min(
        sum(
            2.0 * held + ON_DEMAND * max(need - held, 0)
            for hour, need in enumerate(demand)
            for held in [sum(start[max(0, hour - 3) : hour + 1])]
        )
        for start in every(range(3), repeat=6)
    )
    assert clairvoyant(demand, ON_DEMAND, [FOUR_HOURS], np.zeros((0, 6)), [], 0).usd == best


def test_purchases_only_when_they_may_start() -> None:
    demand = np.full(6, 2.0)
    starts = np.array([False, False, True, False, False, False])
    optimum = clairvoyant(
        demand, ON_DEMAND, [FOUR_HOURS], np.zeros((0, 6)), [], 0, purchase_hours=starts
    )
    np.testing.assert_array_equal(optimum.purchases, [[0, 0, 2, 0, 0, 0]])
    assert optimum.usd == 2 * (2 * ON_DEMAND + 4 * 2.0)


def test_a_term_that_outlives_the_horizon_is_charged_as_told() -> None:
    demand = np.full(3, 1.0)
    inside = clairvoyant(demand, ON_DEMAND, [FOUR_HOURS], np.zeros((0, 3)), [], 0)
    whole = clairvoyant(demand, ON_DEMAND, [FOUR_HOURS], np.zeros((0, 3)), [], 0, full_term=True)
    assert (inside.usd, whole.usd) == (6.0, 8.0)


def test_spot_that_is_about_to_vanish_pays_its_interruption() -> None:
    available = np.array([[2.0, 0.0, 2.0]])
    optimum = clairvoyant([2.0, 2.0, 2.0], ON_DEMAND, [], available, [1.0], RESTART)
    np.testing.assert_array_equal(optimum.interruptions, [[0, 2, 0]])
    assert optimum.usd == 2 * (1.0 + RESTART) + 2 * ON_DEMAND + 2 * 1.0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param(
            {"demand": [[1.0]]}, "demand: a shape of (1, 1), not (hours,)", id="demand of two axes"
        ),
        pytest.param(
            {"demand": [1.0, -1.0]},
            "demand: a value is negative or missing; give finite values of 0 or more",
            id="negative demand",
        ),
        pytest.param(
            {"spot_usd_per_hour": [float("nan")]},
            "spot_usd_per_hour: a value is negative or missing; give finite values of 0 or more",
            id="a missing price of spot that is there",
        ),
        pytest.param(
            {"spot_usd_per_hour": [1.0, 1.0]},
            "spot_usd_per_hour: 2 zones have a price and 1 an availability",
            id="more prices than zones",
        ),
        pytest.param(
            {"products": [Product("odd", -1.0, 4)]},
            "products, odd: -1.0 USD an hour over 4 h is no commitment; "
            "give a price of 0 or more and a term of at least an hour",
            id="a negative price",
        ),
        pytest.param({"interruption_usd": -1.0}, "interruption_usd: -1.0 USD is no cost", id="κ"),
    ],
)
def test_refused(change: dict[str, Any], message: str) -> None:
    sound: dict[str, Any] = {
        "demand": [1.0, 2.0],
        "on_demand_usd_per_hour": ON_DEMAND,
        "products": [FOUR_HOURS],
        "spot_available": [[1.0, 1.0]],
        "spot_usd_per_hour": [1.0],
        "interruption_usd": RESTART,
    }
    with pytest.raises(InputError) as refusal:
        clairvoyant(**{**sound, **change})
    assert str(refusal.value) == message


def test_a_missing_price_of_spot_that_is_not_there_is_no_matter() -> None:
    available = np.array([[1.0, 0.0]])
    price = np.array([[1.0, np.nan]])
    assert clairvoyant([1.0, 1.0], ON_DEMAND, [], available, price, 0.0).usd == 1.0 + ON_DEMAND
