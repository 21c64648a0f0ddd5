"""Paths of spot prices: round today's price, as volatile as the history, correlated by region."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trimtab.scenarios.prices import LEAST_PRICES, PriceDynamics, fit_prices, price_paths
from trimtab.spot.prices import PriceHistory, read_prices

REAL = Path(__file__).parents[4] / "shared" / "data" / "prices" / "gcp_history.csv"
MOVING = PriceDynamics(0.3, 0.02)


def history(logs: list[float], spacing: int = 30) -> PriceHistory:
    days = np.arange(len(logs), dtype=np.int64) * spacing + 739_000
    return PriceHistory("r", "t", days, np.exp(np.array(logs)))


def test_the_expected_price_is_today_s_and_the_spread_what_was_fitted() -> None:
    paths = price_paths(np.array([2.0]), [MOVING], np.array([0]), 400, 4000, 1)[:, 0]
    assert paths.mean(axis=0) == pytest.approx(2.0, rel=0.02)
    assert np.log(paths[:, -1]).std() == pytest.approx(0.3, rel=0.05)
    first = 0.3 * np.sqrt(1 - np.exp(-0.02 * 2))
    assert np.log(paths[:, 0]).std() == pytest.approx(first, rel=0.05)
    later = np.corrcoef(np.log(paths[:, 200]), np.log(paths[:, 210]))[0, 1]
    assert later == pytest.approx(np.exp(-0.02 * 10), abs=0.03)


def test_zones_move_together_more_inside_a_region() -> None:
    paths = price_paths(
        np.ones(3), [MOVING] * 3, np.array([0, 0, 1]), 50, 4000, 2, inside=0.8, across=0.3
    )
    found = np.corrcoef(np.log(paths[:, :, -1]).T)
    assert [found[0, 1], found[0, 2], found[1, 2]] == pytest.approx([0.8, 0.3, 0.3], abs=0.05)


def test_without_dynamics_a_price_stays() -> None:
    paths = price_paths(np.array([2.0, 3.0]), [None, MOVING], np.array([0, 0]), 5, 7, 1)
    assert (paths[:, 0] == 2.0).all()
    assert np.ptp(paths[:, 1]) > 0


def test_few_paths_balance_by_mirroring() -> None:
    logs = np.log(price_paths(np.ones(1), [MOVING], np.array([0]), 30, 10, 1)[:, 0])
    assert logs[::2] + logs[1::2] == pytest.approx(2 * np.broadcast_to(logs.mean(axis=0), (5, 30)))


@settings(max_examples=30, deadline=None)
@given(
    zones=st.integers(1, 4),
    hours=st.integers(1, 20),
    count=st.integers(1, 9),
    volatility=st.floats(0, 2),
    reversion=st.floats(1e-6, 10),
    seed=st.integers(0, 2**32 - 1),
)
def test_prices_stay_positive_and_equal_by_seed(
    zones: int, hours: int, count: int, volatility: float, reversion: float, seed: int
) -> None:
    def draw() -> np.ndarray:
        dynamics = [PriceDynamics(volatility, reversion)] * zones
        return price_paths(
            np.full(zones, 0.01), dynamics, np.arange(zones) // 2, hours, count, seed
        )

    paths = draw()
    assert paths.shape == (count, zones, hours)
    assert (paths > 0).all()
    assert (paths == draw()).all()


def test_the_fit_finds_the_dynamics_that_made_a_long_history() -> None:
    rng = np.random.default_rng(5)
    logs = [0.0]
    carried = 0.8
    for _ in range(3000):
        logs.append(carried * logs[-1] + 0.2 * float(np.sqrt(1 - carried**2) * rng.normal()))
    fitted = fit_prices(history(logs, spacing=10))
    assert fitted is not None
    assert fitted.volatility == pytest.approx(0.2, rel=0.1)
    assert np.exp(-fitted.reversion_per_hour * 240) == pytest.approx(carried, abs=0.03)


@pytest.mark.parametrize(
    "logs", [[0.0] * 40, [0.1, 0.2] * ((LEAST_PRICES - 1) // 2)], ids=["never moved", "too short"]
)
def test_a_history_that_tells_nothing_gives_no_dynamics(logs: list[float]) -> None:
    assert fit_prices(history(logs)) is None


@pytest.mark.skipif(not REAL.exists(), reason="the shared data is not here")
def test_the_real_histories_are_fitted() -> None:
    fits = [fit_prices(one) for one in read_prices(REAL)]
    moving = [one for one in fits if one is not None]
    assert len(moving) > 100
    # Months, not hours: within a week prices move by a few percent.
    half_lives = np.log(2) / np.array([one.reversion_per_hour for one in moving]) / 24
    assert 30 < np.median(half_lives) < 120
    assert 0.05 < np.median([one.volatility for one in moving]) < 0.3
