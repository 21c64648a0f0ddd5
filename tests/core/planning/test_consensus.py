"""The rule at many origins at once is the rule at each of them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trimtab.planning.consensus import consensus_at
from trimtab.planning.policy import consensus, origins


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    hours=st.integers(4 * 24, 50 * 24),
    level=st.sampled_from([0.0, 0.4, 3.0, 900.0]),
    share=st.floats(0.05, 0.99),
    term_hours=st.sampled_from([672, 8_760, 26_280]),
)
def test_it_agrees_with_the_rule_at_every_origin(
    seed: int, hours: int, level: float, share: float, term_hours: int
) -> None:
    rng = np.random.default_rng(seed)
    wave = 1 + 0.5 * np.sin(np.arange(hours) / 24 * 2 * np.pi)
    demand = np.floor(rng.gamma(3, level, hours) * wave) if level else np.zeros(hours)
    ends = [*origins(hours).tolist(), hours]
    together = consensus_at(demand, ends, share, term_hours)
    apart = [consensus(demand[:end], None, share, term_hours) for end in ends]
    assert together.tolist() == pytest.approx(apart)


def test_one_decision_is_one_level() -> None:
    demand = np.full(72, 7.0)
    assert consensus_at(demand, [72], 0.6, 8_760).tolist() == [7.0]
