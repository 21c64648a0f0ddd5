"""What a volume must be for what is asked of it: enough, and no more than enough."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trimtab.pricing.book import built_in_book
from trimtab.storage.backends import Backend, backends
from trimtab.storage.limits import attainable, fit, why_not
from trimtab.storage.prices import price_of

sized = st.sampled_from([each for each in backends().values() if each.sized_by_hand])
gibs = st.floats(1, 60_000)
needs = st.floats(0, 100_000)
speeds = st.floats(0, 3_000)


@pytest.mark.parametrize(
    ("name", "need", "gib", "iops", "mibps"),
    [
        ("ebs-gp3", (100, 500, 20), 100, 3000, 125),
        ("ebs-gp3", (100, 9_000, 20), 100, 9000, 125),
        # 10 000 IOPS need 20 GiB at 500 each; 1000 MiB/s need 4000 IOPS at 0.25 each.
        ("ebs-gp3", (4, 10_000, 0), 20, 10_000, 125),
        ("ebs-gp3", (100, 0, 1000), 100, 4000, 1000),
        ("ebs-st1", (10, 0, 0), 125, 0, 0),
        # 40 MiB/s a TiB: 60 take 1.5 TiB.
        ("ebs-st1", (200, 100, 60), 1536, 100, 60),
        # 3000 + 6 a GiB.
        ("gce-pd-balanced", (100, 9_000, 0), 1000, 9000, 0),
        # P20 has 2300 IOPS; its smallest is one GiB above P15's 256.
        ("azure-disk-premium", (100, 2_000, 0), 257, 2000, 0),
        ("fsx-lustre", (1_300, 0, 0), 2400, 0, 0),
        ("filestore-zonal", (1_300, 0, 0), 1536, 0, 0),
    ],
)
def test_a_volume_is_as_its_provider_states(
    name: str, need: tuple[float, float, float], gib: float, iops: float, mibps: float
) -> None:
    found = fit(backends()[name], *need)
    assert (float(found.gib), float(found.iops), float(found.mibps)) == (gib, iops, mibps)


@settings(max_examples=400, derandomize=True)
@given(backend=sized, gib=gibs, iops=needs, mibps=speeds)
def test_what_fits_serves_and_what_does_not_is_told_why(
    backend: Backend, gib: float, iops: float, mibps: float
) -> None:
    found = fit(backend, gib, iops, mibps)
    assert bool(found.refused) == (why_not(backend, gib, iops, mibps) is not None)
    if found.refused:
        assert np.isnan(found.gib)
        return
    size = float(found.gib)
    assert size >= gib * (1 - 1e-9)
    assert size <= (backend.max_gib or np.inf)
    has_iops, has_mibps = (float(each) for each in attainable(backend, size))
    assert iops == 0 or has_iops >= iops * (1 - 1e-5)
    # An object store's throughput is as many requests as are made at once.
    unbound = backend.access == "object"
    assert unbound or mibps == 0 or has_mibps >= mibps * (1 - 1e-5)


@settings(max_examples=400, derandomize=True)
@given(backend=sized, gib=gibs, iops=needs, mibps=speeds, more=st.floats(1, 3))
def test_a_larger_need_takes_no_smaller_volume(
    backend: Backend, gib: float, iops: float, mibps: float, more: float
) -> None:
    small, large = (
        fit(backend, gib, iops, mibps),
        fit(backend, gib * more, iops * more, mibps * more),
    )
    assert not small.refused or large.refused
    if not large.refused:
        assert large.gib >= small.gib


@given(backend=sized, rows=st.lists(st.tuples(gibs, needs, speeds), min_size=1, max_size=6))
def test_many_volumes_at_once_are_each_alone(
    backend: Backend, rows: list[tuple[float, float, float]]
) -> None:
    together = fit(backend, *np.array(rows).T)
    for index, row in enumerate(rows):
        alone = fit(backend, *row)
        assert np.array_equal(together.gib[index], alone.gib, equal_nan=True)
        assert together.refused[index] == alone.refused


@pytest.mark.parametrize(
    ("name", "need", "why"),
    [
        ("ebs-st1", (200, 900, 0), "a volume has at most 500 IOPS, and 900 are needed"),
        ("ebs-gp3", (70_000, 0, 0), "a volume has at most 65,536 GiB, and 70,000 are needed"),
        ("fsx-lustre", (1_200, 900, 0), "its IOPS is not stated, and 900 is needed"),
        ("nfs", (100, 0, 50), "its throughput is not stated, and 50 is needed"),
    ],
)
def test_a_refusal_gives_the_figure(name: str, need: tuple[float, ...], why: str) -> None:
    assert why_not(backends()[name], *need) == why


def test_a_volume_at_its_baseline_pays_for_no_throughput() -> None:
    v2 = backends()["azure-disk-premium-v2"]
    found = fit(v2, 1000.0, 2000.0, 50.0)
    assert float(found.mibps) == v2.baseline_mibps
    usd = price_of(v2, "eastus", built_in_book()).usd_per_month(found.gib, found.iops, found.mibps)
    assert float(usd) == pytest.approx(1000 * 0.08)
