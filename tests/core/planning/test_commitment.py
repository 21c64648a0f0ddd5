"""Commitments: what may bind money, and that no Cost-Explorer rule would have been cheaper."""

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trimtab.forecast.forecaster import forecast, rolling_origins
from trimtab.forecast.model import LEVELS, Array, Forecast, Origins
from trimtab.planning.commitment import COST_EXPLORER_RULES, decide
from trimtab.planning.economics import Prices
from trimtab.planning.policy import DEFAULT

START = datetime(2026, 1, 1, tzinfo=UTC)
PRICES = Prices(on_demand=10.0, committed=6.0)


def known(history: Array, level: float, hours: int = 168) -> Forecast:
    """A forecast that says one level for every hour, at the origins too."""
    origins = rolling_origins(len(history), hours, 504)
    flat = np.full((len(LEVELS), hours), level)
    past = np.full((len(origins), len(LEVELS), hours), level)
    return Forecast(START, flat, "test", "", Origins(origins, past), None, None, None)


def test_steady_demand_is_committed_whole() -> None:
    history = np.full(24 * 60, 40.0)
    decision = decide(history, known(history, 40.0), 4.0, PRICES)
    assert decision.nodes == 10
    assert decision.candidates[0].usd_per_hour == pytest.approx(60.0)


@pytest.mark.parametrize(
    ("days", "prices", "reason", "guardrail"),
    [
        (27, PRICES, "nothing is committed on short evidence", "27 d of history are too short"),
        (60, Prices(10.0), "no commitment of an allowed term is on sale below list price", ""),
    ],
)
def test_nothing_is_bound(days: int, prices: Prices, reason: str, guardrail: str) -> None:
    history = np.full(24 * days, 40.0)
    decision = decide(history, known(history, 40.0), 4.0, prices)
    assert (decision.nodes, decision.rule, decision.reason) == (0, "nothing", reason)
    assert decision.guardrail.startswith(guardrail)


def test_a_level_that_the_forecast_does_not_confirm_is_left_for_later() -> None:
    """Demand has just halved, and the forecast sees it: a trailing month would buy what idles."""
    history = np.concatenate([np.full(24 * 96, 80.0), np.full(24 * 4, 40.0)])
    origins = rolling_origins(len(history), 168, 504)
    past = np.stack([np.full((len(LEVELS), 168), history[o:].mean()) for o in origins])
    ahead = Forecast(
        START,
        np.full((len(LEVELS), 168), 40.0),
        "test",
        "",
        Origins(origins, past),
        None,
        None,
        None,
    )
    decision = decide(history, ahead, 4.0, PRICES)
    trailing = {c.rule: c.nodes for c in decision.candidates}
    assert trailing["trailing 30 d, once"] == 20
    assert decision.nodes == 10


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    committed=st.floats(1, 9.9),
    spot=st.none() | st.floats(0.5, 9),
    shift=st.floats(0.2, 3),
)
def test_never_dearer_than_any_cost_explorer_rule_by_more_than_the_replay_can_tell(
    seed: int, committed: float, spot: float | None, shift: float
) -> None:
    rng = np.random.default_rng(seed)
    history = rng.gamma(4, 10, 24 * 24)
    history = np.concatenate([history, shift * history[: 24 * 8]])  # 32 days with a level shift
    ahead = forecast(np.maximum(history[-24 * 14 :], 0), START, 168)
    prices = Prices(10.0, committed, spot, 0.5 if spot is not None else 0.0)
    # The forecast's own origins speak of the last fortnight; as the planner's do, of the history.
    shifted = Origins(ahead.origins.hours + 24 * 18, ahead.origins.quantiles)
    ahead = Forecast(START, ahead.quantiles, "test", "", shifted, None, None, None)
    decision = decide(history, ahead, 3.0, prices)
    rules = {c.rule: c.usd_per_hour for c in decision.candidates}
    explorers = [cost for rule, cost in rules.items() if rule in COST_EXPLORER_RULES]
    assert explorers
    noise = 1 + DEFAULT.advantage
    assert rules[decision.rule] <= noise * min(explorers) + 1e-6
    assert rules[decision.rule] <= noise * rules["nothing"] + 1e-6


def test_equal_costs_bind_the_smaller_quantity() -> None:
    history = np.full(24 * 60, 40.0)
    decision = decide(history, known(history, 40.0), 4.0, Prices(10.0, 10.0))
    assert decision.nodes == 0
