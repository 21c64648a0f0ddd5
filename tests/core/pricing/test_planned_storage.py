"""A plan's storage tier is paid for once: by its class, or by the file system that it is."""

from pathlib import Path
from typing import Any

import pytest

from support.estimates import resource, settings
from support.plan_cases import TIER
from support.plans import START, plan
from trimtab.plan.document import save_plan
from trimtab.plan.labels import DIGEST_LABEL, STORAGE_TIER_LABEL, STORAGE_TIER_TAG
from trimtab.plan.model import CapacityPlan
from trimtab.pricing.engine import price
from trimtab.pricing.model import Basis, Estimate, Status
from trimtab.pricing.plan_source import PlanSource
from trimtab.resources.model import Estate, Resource
from trimtab.resources.readers.plans import read_plan

HOT: dict[str, Any] = {
    **TIER,
    "usdPerIopsMonth": 0.005,
    "usdPerMibpsMonth": 0.04,
    "windows": [
        {**TIER["windows"][0], "gib": 1000.0, "iops": 16_000.0, "mibps": 600.0},
        {**TIER["windows"][1], "gib": 1200.0},
    ],
}
FIRST = 1000 * 0.08 + (16_000 - 4 * 3_000) * 0.005 + (600 - 4 * 125) * 0.04
"""Four volumes bring 3000 IOPS and 125 MiB/s each."""


def storage_class(name: str = "hot", tier: str | None = "hot", **labels: str) -> Resource:
    metadata: dict[str, Any] = {"name": name, "labels": {**labels}}
    if tier:
        metadata["labels"][STORAGE_TIER_LABEL] = tier
    inputs = {"metadata": metadata, "provisioner": "ebs.csi.aws.com", "parameters": {"type": "gp3"}}
    return resource("storage.k8s.io/StorageClass", inputs, name=name, region=None)


def claim(storage_class_name: str = "hot") -> Resource:
    spec = {
        "storageClassName": storage_class_name,
        "resources": {"requests": {"storage": "100Gi"}},
    }
    inputs = {"metadata": {"name": "data"}, "spec": spec}
    return resource("core/PersistentVolumeClaim", inputs, name="data", region=None)


def priced(
    *resources: Resource, made: CapacityPlan | None = None, with_plan: bool = True
) -> list[Estimate]:
    source = PlanSource(made or plan(storage=[HOT]), "plan.yaml", {})
    estate = Estate("test", tuple(sorted(resources, key=lambda each: each.key)))
    given = settings(plan=source if with_plan else None, as_of=START, regions={"aws": "us-east-1"})
    by_key = {each.resource.key: each for each in price(estate, given)}
    return [by_key[each.key] for each in resources]


def test_a_class_bears_its_tier_at_the_plans_window_and_prices() -> None:
    (found,) = priced(storage_class())
    assert found.status is Status.PRICED
    assert found.usd_per_month is not None
    assert found.usd_per_month.expected == pytest.approx(FIRST)
    assert {charge.basis for charge in found.charges} == {Basis.PLAN}
    assert found.usd_per_month.high == pytest.approx(FIRST + 200 * 0.08)


def test_a_later_window_is_that_windows_cost() -> None:
    source = PlanSource(plan(storage=[HOT]), "plan.yaml", {})
    later = settings(plan=source, as_of=START.replace(hour=7), regions={"aws": "us-east-1"})
    (found,) = price(Estate("test", (storage_class(),)), later)
    assert found.usd_per_month is not None
    assert found.usd_per_month.expected == pytest.approx(1200 * 0.08)


def test_a_claim_of_the_class_is_not_paid_for_again() -> None:
    bearer, disk = priced(storage_class(), claim())
    assert bearer.usd_per_month is not None
    assert (disk.status, disk.usd_per_month) == (Status.COVERED, None)
    assert disk.note == "disk: part of storage tier hot, paid for at its class"


def test_a_claim_of_another_class_is_paid_for_itself() -> None:
    _, _, disk = priced(storage_class(), storage_class("own", tier=None), claim("own"))
    assert disk.usd_per_month is not None
    assert disk.usd_per_month.expected == pytest.approx(8.0)


def test_a_file_system_of_the_tier_is_what_is_paid_for() -> None:
    inputs = {"storage_capacity": 1200, "deployment_type": "SCRATCH_2"}
    system = resource(
        "aws_fsx_lustre_file_system", inputs, name="fsx", tags={STORAGE_TIER_TAG: "hot"}
    )
    itself, bearer = priced(system, storage_class())
    assert itself.usd_per_month is not None
    assert itself.usd_per_month.expected == pytest.approx(1200 * 0.14)
    assert (bearer.status, bearer.usd_per_month) == (Status.COVERED, None)
    assert bearer.note == f"storage tier hot: paid for as {system.key}"


def test_of_two_classes_of_a_tier_one_bears_it() -> None:
    first, second = priced(storage_class("a"), storage_class("b"))
    assert (first.status, second.status) == (Status.PRICED, Status.COVERED)


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (storage_class(tier="lukewarm"), "the plan has no such tier"),
        (storage_class(**{DIGEST_LABEL: "0" * 12}), f"it is of another plan, digest {'0' * 12}"),
    ],
    ids=["no such tier", "another plan"],
)
def test_a_class_that_names_what_the_plan_has_not_is_not_priced(given: Resource, why: str) -> None:
    (found,) = priced(given)
    assert found.status is Status.NOT_PRICED
    assert [gap.reason for gap in found.gaps] == [why]


def test_a_tier_without_a_price_is_not_free_and_its_claims_are_priced() -> None:
    unpriced = {**HOT, "expected": {"usedGib": HOT["expected"]["usedGib"]}}
    bearer, disk = priced(storage_class(), claim(), made=plan(storage=[unpriced]))
    assert bearer.status is Status.NOT_PRICED
    assert disk.usd_per_month is not None


def test_a_class_without_a_tier_and_one_without_a_plan_are_free() -> None:
    assert priced(storage_class(tier=None))[0].status is Status.FREE
    bearer, disk = priced(storage_class(), claim(), with_plan=False)
    assert bearer.status is Status.FREE
    assert disk.usd_per_month is not None


def test_disks_that_are_sold_in_steps_cost_what_the_plan_expects() -> None:
    stepped = {**HOT, "backend": "azure-disk-premium", "usdPerGibMonth": 0.15}
    (found,) = priced(storage_class(), made=plan(storage=[stepped]))
    assert found.usd_per_month is not None
    assert found.usd_per_month.expected == pytest.approx(0.12 * 730)


def test_a_plan_read_as_an_estate_has_its_tiers_with_their_cost(tmp_path: Path) -> None:
    file = tmp_path / "plan.yaml"
    save_plan(plan(storage=[{**HOT, "owner": {"team": "vision"}}]), file)
    estate = read_plan(file)
    (found,) = [
        each
        for each in price(estate, settings(as_of=START))
        if each.resource.kind == "trimtab.dev/StorageTier"
    ]
    assert found.resource.key == "storage[hot]"
    assert found.resource.tags == {"team": "vision"}
    assert found.usd_per_month is not None
    assert found.usd_per_month.expected == pytest.approx(FIRST)


def test_who_bears_a_tier_emits_what_the_plan_says_of_it() -> None:
    emitting = {**HOT, "expected": {**HOT["expected"], "kgco2ePerHour": 0.01}}
    bearer, disk = priced(storage_class(), claim(), made=plan(storage=[emitting]))
    (found,) = bearer.emissions
    assert found is not None
    assert found.kgco2e_per_month.expected == pytest.approx(7.3)
    # Six hours of 1000 GiB and six of 1200: the first emits less than the mean.
    assert found.kgco2e_per_month_now == pytest.approx(7.3 * 1000 / 1100)
    assert found.kgco2e_per_month.high == pytest.approx(7.3 * 1200 / 1100)
    assert disk.emissions == ()
    unknown = {**HOT, "expected": {k: v for k, v in HOT["expected"].items() if k[0] != "k"}}
    assert priced(storage_class(), made=plan(storage=[unknown]))[0].emissions == (None,)


OBJECTS: dict[str, Any] = {
    **HOT,
    "intent": "cold",
    "backend": "s3-mountpoint",
    "expected": {
        "usedGib": {"mean": 50_000.0, "low": 40_000.0, "high": 60_000.0},
        "usdPerHour": {"mean": 1.6, "low": 1.3, "high": 1.9},
        "operationsUsdPerHour": 0.004,
        "kgco2ePerHour": 0.02,
    },
}


def test_a_bucket_of_a_tier_keeps_what_the_plan_expects_to_be_stored() -> None:
    bucket = resource("aws_s3_bucket", {}, name="b", tags={STORAGE_TIER_TAG: "hot"})
    itself, bearer = priced(bucket, storage_class(), made=plan(storage=[OBJECTS]))
    by_label = {charge.label: charge for charge in itself.charges}
    stored, reads = by_label["Standard storage"], by_label["Standard reads"]
    assert (stored.quantity.expected, stored.basis) == (50_000, Basis.PLAN)
    assert stored.usd_per_month.expected == pytest.approx(50_000 * 0.023)
    assert reads.usd_per_month.expected == pytest.approx(0.004 * 730)
    assert [each and each.kgco2e_per_month.expected for each in itself.emissions] == [
        pytest.approx(0.02 * 730)
    ]
    assert (bearer.status, bearer.emissions) == (Status.COVERED, ())


def test_a_bucket_of_no_tier_keeps_the_default() -> None:
    bucket = resource("aws_s3_bucket", {}, name="b")
    (itself,) = priced(bucket, made=plan(storage=[OBJECTS]))
    assert {charge.basis for charge in itself.charges} == {Basis.DEFAULT}
    assert itself.emissions == ()
