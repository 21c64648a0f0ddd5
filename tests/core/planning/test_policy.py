"""The commitment rule: what it believes at once, what it waits for, and what may overrule it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trimtab.planning.policy import (
    DEFAULT,
    NOTHING,
    Array,
    Ledger,
    choose,
    consensus,
    held_to,
    origins,
    window_days,
)

TERM = 28 * 24
SHARE = 0.7


def days(*levels: float) -> Array:
    """A series that is flat within each day."""
    return np.repeat(np.array(levels, dtype=np.float64), 24)


@pytest.mark.parametrize(
    ("term_hours", "seen_days", "expected"),
    [
        (TERM, 90, (2, 7, 14)),
        (8_760, 365, (26, 91, 182)),
        # Twice the history is shorter than the term.
        (8_760, 60, (9, 30, 60)),
        # A week counts as a fortnight.
        (TERM, 7, (2, 7, 7)),
        (24, 90, (1, 1, 1)),
        (TERM, 1, (1, 1, 1)),
    ],
)
def test_windows_are_shares_of_the_term(
    term_hours: int, seen_days: int, expected: tuple[int, ...]
) -> None:
    assert window_days(term_hours, seen_days) == expected


@pytest.mark.parametrize(
    ("series", "expected"),
    [
        (days(*[10.0] * 20), 10.0),
        (days(*[0.0] * 20), 0.0),
        # A burst of two days moves one window of three.
        (days(*[10.0] * 18, 30.0, 30.0), 10.0),
        # A rise of seven days has moved two.
        (days(*[10.0] * 13, *[30.0] * 7), 30.0),
        # A rise of six has not stood out of the middle window's own spread.
        (days(*[10.0] * 14, *[30.0] * 6), 10.0),
        # In use half the time does not pay.
        (np.tile([0.0, 10.0], 20 * 12), 0.0),
    ],
)
def test_what_the_windows_agree_on(series: Array, expected: float) -> None:
    assert consensus(series, None, SHARE, TERM) == pytest.approx(expected, abs=0.2)


def test_spot_takes_the_lower_part_of_the_stack_only_where_it_is_sure() -> None:
    demand = days(*[100.0] * 20)
    always = np.full(len(demand), 40.0)
    assert consensus(demand, always, SHARE, TERM) == pytest.approx(60.0, abs=0.6)
    # Half the days without any: in use more than half of the time, and that half is unsure.
    fickle = np.where(np.arange(len(demand)) // 24 % 2, 40.0, 0.0)
    level = consensus(demand, fickle, SHARE, TERM)
    assert level == pytest.approx(60.0, abs=0.6)
    assert consensus(demand, fickle, 0.1, TERM) == pytest.approx(100.0, abs=0.6)


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    scale=st.floats(0.01, 1_000),
    spot=st.booleans(),
    share=st.floats(0.2, 0.95),
)
def test_scales_with_demand_and_falls_with_the_price(
    seed: int, scale: float, spot: bool, share: float
) -> None:
    rng = np.random.default_rng(seed)
    demand = rng.gamma(4, 10, 20 * 24)
    offered = rng.gamma(2, 10, 20 * 24) if spot else None
    level = consensus(demand, offered, share, TERM)
    scaled = consensus(demand * scale, None if offered is None else offered * scale, share, TERM)
    assert scaled == pytest.approx(level * scale, rel=0.011, abs=0.011 * scale * demand.max())
    assert 0 <= level <= demand.max()
    assert consensus(demand, offered, min(share + 0.04, 1.0), TERM) <= level + 1e-9
    if offered is not None:
        assert level <= consensus(demand, None, share, TERM) + 0.011 * demand.max()


def test_origins_are_whole_days_before_the_end() -> None:
    at = origins(20 * 24 + 5)
    assert ((20 * 24 + 5 - at) % 24 == 0).all()
    assert at[0] >= 3 * 24
    assert at[-1] == 19 * 24 + 5
    assert len(origins(8_760)) <= 60
    assert not len(origins(3 * 24))


def ledger(demand: Array, price: float, term_hours: int) -> Ledger:
    """Stretches of a day with demand flat within each; on-demand costs 10."""
    levels = np.unique(np.concatenate([[0.0], demand]))
    usd = 240.0 * np.maximum(demand - levels[:, None], 0.0)
    return Ledger(levels, usd, np.full(len(demand), 24), price, term_hours)


def replayed(demand: Array, wanted: Array, price: float, term_days: int, *, rolling: bool) -> float:
    """The same by hand, day by day from every start."""
    means = []
    for start in range(max(1, len(demand) - 1)):
        bought: list[tuple[int, float]] = []
        usd = 0.0
        for day in range(start, len(demand)):
            if rolling or day == start:
                held = sum(q for d, q in bought if day - d < term_days)
                bought.append((day, max(wanted[day] - held, 0.0)))
            held = sum(q for d, q in bought if day - d < term_days or not rolling)
            usd += 24 * (10 * max(demand[day] - held, 0.0) + price * held)
        means.append(usd / (24 * (len(demand) - start)))
    return float(np.mean(means))


@settings(max_examples=60, deadline=None)
@given(
    data=st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=9),
    price=st.floats(0.5, 9.5),
    rolling=st.booleans(),
)
def test_a_replay_is_what_buying_what_lacks_would_have_cost(
    data: list[tuple[int, int]], price: float, rolling: bool
) -> None:
    demand, wanted = np.array(data, dtype=np.float64).T
    table = ledger(np.concatenate([demand]), price, 10_000)
    levels = np.unique(np.concatenate([table.levels, wanted]))
    usd = 240.0 * np.maximum(demand - levels[:, None], 0.0)
    table = Ledger(levels, usd, table.hours, price, 10_000)
    expected = replayed(demand, wanted, price, 10_000, rolling=rolling)
    assert table.usd_per_hour(wanted, rolling=rolling) == pytest.approx(expected)


def test_a_purchase_lapses_with_its_term() -> None:
    """Wanted on the first day only, for a term of two days: the third is not paid for."""
    demand = np.array([5.0, 5.0, 0.0, 0.0])
    wanted = np.array([5.0, 0.0, 0.0, 0.0])
    table = ledger(demand, 6.0, 48)
    expected = replayed(demand, wanted, 6.0, 2, rolling=True)
    assert table.usd_per_hour(wanted, rolling=True) == pytest.approx(expected)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), price=st.floats(1, 9.5))
def test_never_dearer_than_any_simpler_rule_by_more_than_the_replay_can_tell(
    seed: int, price: float
) -> None:
    rng = np.random.default_rng(seed)
    demand = rng.integers(0, 12, 30).astype(np.float64)
    wanted = {
        name: rng.integers(0, 12, 31).astype(np.float64).tolist() for name in ("own", "a", "b")
    }
    wanted[NOTHING] = [0.0] * 31
    levels = np.arange(13.0)
    usd = 240.0 * np.maximum(demand - levels[:, None], 0.0)
    chosen = choose("own", wanted, Ledger(levels, usd, np.full(30, 24), price, 10_000))
    cheapest = min(chosen.usd_per_hour.values())
    assert chosen.usd_per_hour[chosen.rule] <= cheapest * (1 + DEFAULT.advantage) + 1e-9
    assert chosen.level == wanted[chosen.rule.rpartition(", ")[0] or chosen.rule][-1]
    if not chosen.rule.startswith("own"):
        assert chosen.usd_per_hour[chosen.rule] == pytest.approx(cheapest)
        assert chosen.usd_per_hour["own, rolling"] > cheapest * (1 + DEFAULT.advantage)


@pytest.mark.parametrize(
    ("level", "ahead", "expected"),
    [
        (10.0, np.full(50, 10.0), 10.0),
        # Demand has halved and the forecast sees it.
        (20.0, np.full(50, 10.0), 10.0),
        # It has doubled.
        (10.0, np.full(50, 20.0), 20.0),
        # The forecast does not know: the past decides.
        (10.0, np.linspace(0, 30, 61), 10.0),
        # In use for 40 % of the time against 70 % that pay: doubted.
        (20.0, np.concatenate([np.full(60, 5.0), np.full(40, 25.0)]), 5.0),
    ],
)
def test_the_forecast_overrules_only_where_it_is_sure(
    level: float, ahead: Array, expected: float
) -> None:
    assert held_to(level, ahead, SHARE) == pytest.approx(expected)


def test_no_forecast_is_surer_than_sure() -> None:
    assert held_to(0.0, np.full(50, 10.0), 0.9) == 0.0
