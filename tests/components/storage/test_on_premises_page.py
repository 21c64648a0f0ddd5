"""docs/storage-on-premises.md and its example: what it makes, in which order, and what the page says of it."""

import doctest
import re

import pytest

from support.examples import DOCS, block, example
from support.recorded import Records, of, one
from trimtab.provision.storage.drivers import DRIVERS
from trimtab.provision.storage.on_premises import MAKERS
from trimtab.provision.storage.on_premises_drivers import DRIVERS as OURS

PAGE = "storage-on-premises.md"


@pytest.fixture(scope="module")
def hall() -> Records:
    return example("storage-on-premises")


def test_the_example_s_tiers_are_its_classes(hall: Records) -> None:
    assert set(of(hall, "StorageClass")) == {
        f"storage-{name}" for name in ("hot", "shared", "archive", "homes", "databases", "scratch")
    }
    defaults = [
        name
        for name, each in of(hall, "StorageClass").items()
        if each.inputs["metadata"].get("annotations")
    ]
    assert defaults == ["storage-hot"]
    assert set(of(hall, "VolumeSnapshotClass")) == {"storage-copies"}
    assert set(of(hall, "PersistentVolume")) == {
        "storage-databases-lun-1",
        "storage-databases-lun-2",
    }


def test_the_pool_holds_what_the_plan_grows_to(hall: Records) -> None:
    pool = one(hall, "CephBlockPool").inputs["spec"]
    assert pool["parameters"] == {"target_size_bytes": str(8000 * 2**30)}
    assert pool["deviceClass"] == "nvme"


def test_what_a_kind_needs_stands_before_it(hall: Records) -> None:
    charts = of(hall, "Chart")
    cluster = one(hall, "CephCluster")
    assert charts["storage-rook"].urn in cluster.dependencies
    pool = one(hall, "CephBlockPool")
    assert {cluster.urn, charts["storage-rook"].urn} <= set(pool.dependencies)
    copies = one(hall, "VolumeSnapshotClass")
    assert charts["storage-snapshot-controller"].urn in copies.dependencies
    assert charts["storage-rook"].urn in charts["storage-ceph-csi"].dependencies


def test_no_secret_is_made(hall: Records) -> None:
    assert of(hall, "Secret") == {}


def test_the_page_has_every_backend_and_every_driver() -> None:
    text = (DOCS / PAGE).read_text("utf-8")
    assert set(re.findall(r"^\| `([a-z-]+)` \|", text, re.M)) >= set(MAKERS) | (
        set(OURS) - {"ceph"}
    )
    for name, driver in OURS.items():
        if driver.chart:
            row = f"| `{name}` | {driver.chart.chart} {driver.chart.version} |"
            assert row in text
        assert name in DRIVERS


def test_the_page_s_prices_are_worked_out() -> None:
    source = block(PAGE, "pycon")
    parsed = doctest.DocTestParser().get_doctest(source, {}, PAGE, PAGE, 0)
    assert doctest.DocTestRunner(verbose=False).run(parsed) == doctest.TestResults(0, 4)
