"""What a plan's storage tier costs, borne by the StorageClass, or the VolumeSnapshotClass, that gives it.

A tier is paid for once. Its class bears it, by the plan's window (GiB, IOPS and MiB/s at the plan's prices),
and claims of that class are part of it. Where the tier's file system or bucket is a resource of the estate
(it bears the tier's tag) that is what is paid for, by what the plan expects to be stored, and the class says
so. Of several classes of one tier the first bears it. Who bears a tier emits what the plan says of it. A class that names a tier which the plan does not have, or another plan's digest, is not priced.
"""

from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING

from trimtab.clock import HOURS_PER_MONTH
from trimtab.plan.labels import (
    DIGEST_LABEL,
    DIGEST_TAG,
    STORAGE_TIER_LABEL,
    STORAGE_TIER_TAG,
)
from trimtab.pricing.amount import ZERO, Amount, between, exactly
from trimtab.pricing.estimation import Estimation, Facts
from trimtab.pricing.model import (
    Basis,
    Charge,
    Emissions,
    Gap,
    PaidElsewhere,
    Part,
    Rate,
    Stored,
)
from trimtab.pricing.planned import mark_of
from trimtab.resources.model import Resource

if TYPE_CHECKING:  # pydantic, which a change without a plan does not need
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from trimtab.plan.storage import StorageTier, StorageWindow
    from trimtab.storage.prices import StoragePrice

CLASSES = frozenset({"storage.k8s.io/StorageClass", "snapshot.storage.k8s.io/VolumeSnapshotClass"})
FILE_SYSTEMS = frozenset(
    {
        "aws_efs_file_system",
        "aws_fsx_lustre_file_system",
        "aws_fsx_ontap_file_system",
        "aws_fsx_openzfs_file_system",
        "aws_fsx_windows_file_system",
        "aws_s3_bucket",
        "azurerm_storage_account",
        "azurerm_storage_share",
        "google_filestore_instance",
        "google_storage_bucket",
    }
)
"""What may be a tier's volumes together, and is paid for itself."""


def class_parts(at: Estimation) -> Iterator[Part]:
    """What a StorageClass bears of the plan's storage."""
    name = mark_of(at.resource, STORAGE_TIER_TAG, STORAGE_TIER_LABEL)
    source = at.facts.settings.plan
    if name is None or source is None:
        return
    tier = tier_of(at.resource, at.facts)
    if tier is None:
        digest = mark_of(at.resource, DIGEST_TAG, DIGEST_LABEL)
        known = any(each.name == name for each in source.plan.spec.storage or ())
        why = f"it is of another plan, digest {digest}" if known else "the plan has no such tier"
        yield Gap(f"storage tier {name}", why)
        return
    bearers = at.facts.once(_bearers).get(name, [])
    if bearers and bearers[0].key != at.resource.key:
        yield PaidElsewhere(f"storage tier {name}: paid for as {bearers[0].key}")
        return
    spec = source.plan.spec
    yield from tier_parts(at, tier, spec.site.region, spec.as_of.date(), source.file)


def system_parts(at: Estimation) -> Iterator[Part]:
    """What a tier's file system or bucket emits, where it bears the tier."""
    if at.resource.kind not in FILE_SYSTEMS:
        return
    tier = tier_of(at.resource, at.facts)
    if tier is not None and at.facts.once(_bearers)[tier.name][0].key == at.resource.key:
        yield _stored(at, tier)


def planned_usage(resource: Resource, key: str, facts: Facts) -> Amount | None:
    """A month's quantity of a usage key, where a plan's tier says it of a file system or bucket.

    None where it says nothing, or what is paid for is what is provisioned.
    """
    if key not in ("storage_gb", "get_requests_1k") or resource.kind not in FILE_SYSTEMS:
        return None
    tier = tier_of(resource, facts)
    if tier is None or facts.once(_bearers)[tier.name][0].key != resource.key:
        return None
    from trimtab.storage.backends import backends

    backend = backends().get(tier.backend)
    if backend is None or backend.billed != "used":
        return None
    if key == "storage_gb":
        return _used(tier)
    usd, price = tier.expected.operations_usd_per_hour, None
    if usd is not None and facts.settings.plan is not None:
        price = facts.book.rate("aws/s3/standard/get", facts.settings.plan.plan.spec.site.region)
    return None if not usd or price is None else exactly(usd * HOURS_PER_MONTH / price.usd)


def tier_of(storage_class: Resource, facts: Facts) -> "StorageTier | None":
    """The plan's tier that a StorageClass gives; None where it names none, or the plan has not it."""
    name = mark_of(storage_class, STORAGE_TIER_TAG, STORAGE_TIER_LABEL)
    source = facts.settings.plan
    if name is None or source is None:
        return None
    if mark_of(storage_class, DIGEST_TAG, DIGEST_LABEL) not in {None, source.plan.digest}:
        return None
    return next((each for each in source.plan.spec.storage or () if each.name == name), None)


def _bearers(facts: Facts) -> "Mapping[str, list[Resource]]":
    """By tier what may bear its cost, the one that does first: file systems before classes."""
    found: dict[str, list[Resource]] = {}
    for resource in facts.resources.values():
        if resource.kind in CLASSES or resource.kind in FILE_SYSTEMS:
            name = mark_of(resource, STORAGE_TIER_TAG, STORAGE_TIER_LABEL)
            if name is not None and (resource.kind not in CLASSES or tier_of(resource, facts)):
                found.setdefault(name, []).append(resource)
    for resources in found.values():
        resources.sort(key=lambda each: (each.kind in CLASSES, each.key))
    return found


def tier_parts(
    at: Estimation, tier: "StorageTier", region: str, as_of: date, file: str
) -> Iterator[Part]:
    """The tier's charges at the window of the run's instant; their bounds are its other windows'.

    Args:
        at: what bears them.
        tier: of a plan.
        region, as_of, file: of the plan: its site's region, when it was made, where it was read.
    """
    from trimtab.storage.backends import backends
    from trimtab.storage.prices import price_of

    yield _stored(at, tier)
    if tier.expected.usd_per_hour is None:
        yield Gap(f"storage tier {tier.name}", f"the plan has no price of {tier.backend}")
        return
    now = window_at(tier, at.facts.settings.as_of)
    backend = backends().get(tier.backend)
    where = None if tier.site else region
    label = f"storage tier {tier.name}, {tier.backend}"

    def rate(part: str, usd: float, unit: str) -> Rate:
        name = f"plan/storage/{tier.name}/{part}"
        return Rate(name, where or tier.site or "*", usd, unit, as_of, file)

    def charge(part: str, what: str, usd: float, unit: str, amount: Amount) -> Charge:
        return Charge(f"{label}: {what}", rate(part, usd, unit), amount, Basis.PLAN)

    usd = tier.usd_per_gib_month
    if backend is not None and backend.steps:
        # Whole steps are paid for: the expected cost has them, GiB times a price has not.
        hour = tier.expected.usd_per_hour
        yield charge("steps", "disks", 1.0, "USD-hour", between(hour.low, hour.high, hour.mean))
        return
    if usd is not None:
        amount = (
            _used(tier)
            if backend is not None and backend.billed == "used"
            else _over(tier, now, lambda window: window.gib)
        )
        yield charge("gib", "GiB", usd, "GiB-month", amount)
    price = None if backend is None else price_of(backend, where, at.facts.book, tier.intent)
    if price is not None and tier.usd_per_iops_month:
        beyond = _over(tier, now, lambda window: _iops(price, tier, window))
        if beyond.high > 0:
            yield charge("iops", "IOPS", tier.usd_per_iops_month, "IOPS-month", beyond)
    if price is not None and tier.usd_per_mibps_month:
        beyond = _over(tier, now, lambda window: _mibps(price, tier, window))
        if beyond.high > 0:
            yield charge("mibps", "MiB/s", tier.usd_per_mibps_month, "MiBps-month", beyond)
    operations = tier.expected.operations_usd_per_hour
    if operations:
        yield charge("operations", "operations", operations, "hour", between(1.0, 1.0, 1.0))


def window_at(tier: "StorageTier", instant: "datetime") -> "StorageWindow":
    """The window that holds at an instant; the first before the tier begins, the last after it ends."""
    begun = [window for window in tier.windows if window.start <= instant]
    return begun[-1] if begun else tier.windows[0]


def _used(tier: "StorageTier") -> Amount:
    used = tier.expected.used_gib
    return between(used.low, used.high, used.mean)


def _stored(at: Estimation, tier: "StorageTier") -> Stored:
    """What a tier emits: the plan's mean, and by the GiB of each window."""
    each = tier.expected.kgco2e_per_hour
    if each is None:
        return Stored(None)
    month = each * HOURS_PER_MONTH
    hours = [(window.end - window.start).total_seconds() for window in tier.windows]
    sizes = [window.gib for window in tier.windows]
    mean = sum(map(float.__mul__, sizes, hours)) / sum(hours)
    now = window_at(tier, at.facts.settings.as_of).gib
    low, high, start = (
        month * (size / mean if mean else 1.0) for size in (sizes[0], sizes[-1], now)
    )
    method = f"the plan's storage tier {tier.name}: energy of its disks"
    return Stored(Emissions(between(low, high, month), ZERO, method, start))


def _iops(price: "StoragePrice", tier: "StorageTier", window: "StorageWindow") -> float:
    included = 0.0 if price.included_iops == float("inf") else price.included_iops
    return max(window.iops - included * tier.volumes, 0.0)


def _mibps(price: "StoragePrice", tier: "StorageTier", window: "StorageWindow") -> float:
    if price.included_mibps == float("inf"):
        return window.mibps
    free = price.included_mibps * tier.volumes + price.included_mibps_per_gib * window.gib
    return max(window.mibps - free, 0.0)


def _over(
    tier: "StorageTier", now: "StorageWindow", of: "Callable[[StorageWindow], float]"
) -> Amount:
    """An amount of the present window, bounded by all of them."""
    values = [of(window) for window in tier.windows]
    return between(min(values), max(values), of(now))
