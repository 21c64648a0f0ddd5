"""Paths of spot availability: as up, as unsteady and as correlated as what they are drawn from."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trimtab.catalogue.offers import InterruptionBand
from trimtab.forecast.model import Array
from trimtab.planning.economics import interruptions_per_hour
from trimtab.scenarios.spot import (
    SpotZone,
    availability_from_bands,
    availability_from_traces,
    spot_paths,
)
from trimtab.spot.reader import read_availability
from trimtab.spot.trace import aligned

REAL = Path(__file__).parents[4] / "shared" / "data" / "spot" / "availability"
BANDS = [(0, 5), (5, 10), (10, 15), (15, 20), (20, 100)]


def drops(available: Array) -> Array:
    """Share of the depth lost per hour, shape (Z,)."""
    lost: Array = np.maximum(-np.diff(available, axis=-1), 0).mean(axis=(0, -1))
    return lost


def correlations(available: Array) -> Array:
    flat = available.transpose(1, 0, 2).reshape(available.shape[1], -1)
    found: Array = np.atleast_2d(np.corrcoef(flat))[np.triu_indices(len(flat), 1)]
    return found


def chains(hours: int, seed: int = 0) -> Array:
    """Four zones up and down by one common and one own chain each; shape (4, hours)."""
    rng = np.random.default_rng(seed)
    states = np.ones((5, hours))
    for hour in range(1, hours):
        shock = rng.random(5)
        states[:, hour] = np.where(states[:, hour - 1] == 1, shock > 0.1, shock > 0.75)
    return states[:1] * states[1:]


def zone(
    index: int,
    band: tuple[float, float] = (5, 10),
    *,
    up_now: float | None = None,
    mean_outage_hours: float = 1.5,
) -> SpotZone:
    name, region = f"zone-{index}", f"region-{index // 2}"
    return SpotZone(name, region, 1.0, InterruptionBand(*band), up_now, mean_outage_hours)


def test_paths_from_traces_are_as_up_as_unsteady_and_as_correlated() -> None:
    share = chains(3000)
    paths = availability_from_traces(share, 168, 400, 1)
    assert paths.mean(axis=(0, 2)) == pytest.approx(share.mean(axis=1), abs=0.02)
    assert drops(paths) == pytest.approx(drops(share[None]), rel=0.08)
    assert correlations(paths) == pytest.approx(correlations(share[None]), abs=0.05)


@pytest.mark.skipif(not REAL.is_dir(), reason="the shared data is not here")
@pytest.mark.parametrize("clock", ["2022-10-26", "2023-02-15", "2023-04-22"])
@pytest.mark.parametrize("kind", ["share", "least"])
def test_paths_from_the_real_traces_are_like_them(clock: str, kind: str) -> None:
    zones = aligned([read_availability(path) for path in sorted(REAL.glob(f"*{clock}*v100_1*"))])
    share = getattr(zones, kind)
    paths = availability_from_traces(share, 168, 500, 1)
    assert paths.mean(axis=(0, 2)) == pytest.approx(share.mean(axis=1), abs=0.03)
    assert drops(paths) == pytest.approx(drops(share[None]), rel=0.15)
    assert correlations(paths) == pytest.approx(correlations(share[None]), abs=0.06)


def test_a_joint_of_blocks_adds_hardly_a_drop() -> None:
    share = chains(3000)
    steady = availability_from_traces(share, 168, 400, 1, block_hours=1e9)
    short = availability_from_traces(share, 168, 400, 1, block_hours=6)
    assert drops(short) == pytest.approx(drops(steady), rel=0.15)


@pytest.mark.parametrize("up", [0.0, 1.0])
def test_paths_set_out_from_the_present_state(up: float) -> None:
    share = chains(3000)[:1]
    after = share[0, 1:][share[0, :-1] == up]
    paths = availability_from_traces(share, 24, 2000, 1, now=np.array([up]))
    assert paths[:, 0, 0].mean() == pytest.approx(after.mean(), abs=0.03)
    # A day on, the start is forgotten.
    assert paths[:, 0, -1].mean() == pytest.approx(share.mean(), abs=0.05)


def test_an_unknown_present_state_asks_for_nothing() -> None:
    share = chains(500)
    unknown = availability_from_traces(share, 24, 50, 1, now=np.full(4, np.nan))
    assert (unknown == availability_from_traces(share, 24, 50, 1)).all()
    partly = availability_from_traces(share, 24, 500, 1, now=np.array([0.0, np.nan, np.nan, 1.0]))
    assert partly[:, 0, 0].mean() < 0.5 < partly[:, 3, 0].mean()


@settings(max_examples=40, deadline=None)
@given(
    zones=st.integers(1, 4),
    length=st.integers(1, 60),
    hours=st.integers(1, 30),
    count=st.integers(1, 20),
    seed=st.integers(0, 2**32 - 1),
)
def test_paths_are_the_traces_own_hours_and_equal_by_seed(
    zones: int, length: int, hours: int, count: int, seed: int
) -> None:
    share = np.random.default_rng(seed).random((zones, length))
    paths = availability_from_traces(share, hours, count, seed)
    assert paths.shape == (count, zones, hours)
    columns = {tuple(column) for column in share.T}
    assert {tuple(column) for path in paths for column in path.T} <= columns
    assert (paths == availability_from_traces(share, hours, count, seed)).all()


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_a_market_that_never_changes_goes_on_so(value: float) -> None:
    for now in (None, np.array([1 - value])):
        paths = availability_from_traces(np.full((1, 5), value), 9, 3, 0, now=now)
        assert (paths == value).all()


def test_traces_without_an_hour_are_refused() -> None:
    with pytest.raises(ValueError, match="no hour"):
        availability_from_traces(np.empty((2, 0)), 5, 5, 0)


@pytest.mark.parametrize("band", [*BANDS, None])
def test_bands_give_their_drop_rate_and_the_stated_outage(
    band: tuple[float, float] | None,
) -> None:
    interruptions = None if band is None else InterruptionBand(*band)
    alone = SpotZone("a", "r", 1.0, interruptions, True, mean_outage_hours=4.0)
    paths = availability_from_bands([alone], 2000, 1500, 1)
    rate = interruptions_per_hour(interruptions)
    expected = 1 - np.exp(-rate)
    falls = np.maximum(-np.diff(paths, axis=2), 0).sum()
    assert falls / paths[:, :, :-1].sum() == pytest.approx(expected, rel=0.1)
    rises = np.maximum(np.diff(paths, axis=2), 0).sum()
    assert rises / (1 - paths[:, :, :-1]).sum() == pytest.approx(1 / 4, rel=0.1)
    assert paths.mean() == pytest.approx(1 / (1 + 4 * expected), abs=2e-3)


def test_zones_alike_correlate_as_wanted_from_the_first_hour_on() -> None:
    zones = [zone(index, (98, 99), mean_outage_hours=12.0) for index in range(4)]
    paths = availability_from_bands(zones, 400, 1500, 3)
    inside, across = [0, 5], [1, 2, 3, 4]
    found = correlations(paths)
    assert found[inside].mean() == pytest.approx(0.39, abs=0.03)
    assert found[across].mean() == pytest.approx(0.18, abs=0.03)
    first = correlations(availability_from_bands(zones, 1, 60_000, 4))
    assert first[inside].mean() == pytest.approx(0.39, abs=0.05)


def test_bands_set_out_from_the_present_state() -> None:
    up, down = zone(0, up_now=True), zone(1, up_now=0.0, mean_outage_hours=4.0)
    first = availability_from_bands([up, down], 1, 4000, 1)[:, :, 0].mean(axis=0)
    assert first[0] > 0.99
    assert first[1] == pytest.approx(0.25, abs=0.03)


@settings(max_examples=25, deadline=None)
@given(
    zones=st.integers(1, 4),
    hours=st.integers(1, 30),
    count=st.integers(1, 20),
    seed=st.integers(0, 2**32 - 1),
    traced=st.booleans(),
    outage=st.floats(1, 50),
)
def test_paths_keep_their_bounds(
    zones: int, hours: int, count: int, seed: int, traced: bool, outage: float
) -> None:
    every = [zone(index, BANDS[index], mean_outage_hours=outage) for index in range(zones)]
    share = np.random.default_rng(seed).random((zones, 30)) if traced else None
    paths = spot_paths(every, hours, count, seed, share=share)
    assert paths.zones == tuple(one.name for one in every)
    assert paths.available.shape == paths.usd_per_hour.shape == (count, zones, hours)
    assert ((paths.available >= 0) & (paths.available <= 1)).all()
    assert (paths.usd_per_hour > 0).all()
    assert paths.weights.sum() == pytest.approx(1)
    again = spot_paths(every, hours, count, seed, share=share)
    assert (again.available == paths.available).all()


def test_a_band_of_nothing_is_never_interrupted() -> None:
    assert (availability_from_bands([zone(0, (0, 0), up_now=True)], 100, 100, 0) == 1).all()
