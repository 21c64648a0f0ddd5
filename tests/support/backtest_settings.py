"""Small settings for the tests of the backtest, by hand and by Hypothesis."""

from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
from hypothesis import strategies as st

from trimtab.backtest.model import Market, Product, Setting

START = datetime(2026, 1, 1, tzinfo=UTC)


def market(
    *,
    on_demand: float = 10.0,
    committed: float | None = 6.0,
    term_hours: int = 4,
    spot: Sequence[float] = (),
    restart_hours: float = 0.5,
    launch_hours: float = 0.0,
) -> Market:
    """Prices per unit-hour; an interruption costs half an hour on-demand."""
    products = () if committed is None else (Product("term", committed, term_hours),)
    return Market(
        on_demand,
        products,
        tuple(f"zone-{index}" for index in range(len(spot))),
        np.array(spot, dtype=np.float64),
        restart_hours,
        launch_hours,
    )


def setting(
    demand: Sequence[float],
    test_from: int,
    prices: Market | None = None,
    available: Sequence[Sequence[float]] = (),
    *,
    every: int = 1,
    full_term: bool = False,
    gco2e: Sequence[float] | None = None,
) -> Setting:
    """A setting from plain lists; `available` has a row per zone."""
    hours = len(demand)
    return Setting(
        "series",
        "gpus",
        START,
        np.array(demand, dtype=np.float64),
        test_from,
        prices or market(),
        np.array(available, dtype=np.float64).reshape(-1, hours),
        every,
        full_term,
        None if gco2e is None else np.array(gco2e, dtype=np.float64),
    )


@st.composite
def settings(
    draw: st.DrawFn, *, spot: bool | None = None, whole: bool = False, most_zones: int = 3
) -> Setting:
    """Any small setting; decisions fall on whole parts of the term."""
    history = draw(st.integers(24, 40))
    hours = history + draw(st.integers(2, 40))
    size = st.integers(0, 9) if whole else st.floats(0, 9, allow_subnormal=False)
    demand = draw(st.lists(size, min_size=hours, max_size=hours))
    zones = draw(st.integers(0 if spot is None else int(spot), 0 if spot is False else most_zones))
    depth = st.sampled_from([0.0, 0.0, 2.0, 4.5])
    available = [draw(st.lists(depth, min_size=hours, max_size=hours)) for _ in range(zones)]
    every = draw(st.integers(1, 6))
    prices = market(
        committed=draw(st.sampled_from([2.0, 6.0, 9.5])),
        term_hours=every * draw(st.integers(1, 6)),
        spot=draw(st.lists(st.sampled_from([1.0, 5.0, 12.0]), min_size=zones, max_size=zones)),
        restart_hours=draw(st.sampled_from([0.0, 0.5, 2.0])),
        launch_hours=draw(st.sampled_from([0.0, 0.1])),
    )
    return setting(demand, history, prices, available, every=every, full_term=draw(st.booleans()))
