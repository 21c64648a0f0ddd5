"""Disks of Compute Engine, their snapshots and images.

A disk is paid for by the size that is provisioned; extreme ones and Hyperdisks also by the IOPS and the
throughput. What a Hyperdisk Balanced brings for nothing is not charged.
"""

from collections.abc import Iterator

from trimtab.pricing.amount import ONE, Amount, exactly
from trimtab.pricing.estimation import Estimation
from trimtab.pricing.estimators import estimates
from trimtab.pricing.estimators.gcp.places import last, located
from trimtab.pricing.model import Basis, Gap, Part
from trimtab.resources.inputs import Inputs

LOCAL_SSD_GIB = 375.0
"""Size of one local SSD of the series that let one choose how many."""

_DEFAULT_GIB = {
    "pd-standard": 500.0,
    "pd-balanced": 100.0,
    "pd-ssd": 100.0,
    "pd-extreme": 1000.0,
    "hyperdisk-extreme": 1000.0,
    "hyperdisk-balanced": 100.0,
}
_DEFAULT_IOPS = {"pd-extreme": 100_000.0, "hyperdisk-extreme": 350_000.0}
"""As Infracost has them, for a disk that says neither."""
_INCLUDED = {"hyperdisk-balanced": (3000.0, 140.0)}
"""IOPS and MiB/s without further charge."""


def disk_parts(
    at: Estimation,
    kind: str,
    gib: float | Amount,
    *,
    count: Amount = ONE,
    label: str = "",
    iops: float | None = None,
    throughput: float | None = None,
    basis: Basis = Basis.DECLARED,
    note: str = "",
) -> Iterator[Part]:
    """What so many disks of a type and size cost.

    Args:
        at: where, and whose.
        kind: `pd-balanced`, `regional-pd-ssd`, `hyperdisk-extreme`, `local-ssd`.
        gib: of one disk.
        count: how many.
        label: what they are; their type where nothing is said.
        iops, throughput: provisioned for one; MiB/s.
        basis: where the count is from.
        note: what the reader should know.
    """
    size = gib if isinstance(gib, Amount) else exactly(gib)
    name = label or f"{kind} storage"
    yield at.charge(name, f"gcp/compute/disk/{kind}", size.of_each(count), basis=basis, note=note)
    free_iops, free_throughput = _INCLUDED.get(kind, (0.0, 0.0))
    wanted = iops if iops is not None else _DEFAULT_IOPS.get(kind)
    if wanted is not None and ("extreme" in kind or "hyperdisk" in kind) and wanted > free_iops:
        yield at.charge(
            f"{name}: IOPS",
            f"gcp/compute/disk/{kind}/iops",
            count.times(wanted - free_iops),
            basis=basis,
        )
    if throughput is not None and throughput > free_throughput:
        yield at.charge(
            f"{name}: throughput",
            f"gcp/compute/disk/{kind}/throughput",
            count.times(throughput - free_throughput),
            basis=basis,
        )


def size_of(at: Estimation, inputs: Inputs, *names: str) -> float | None:
    """Gibibytes that a disk is declared with, or those of what it is made from."""
    for name in names:
        gib = inputs.number(name)
        if gib is not None:
            return gib
    return _source_size(at)


def _source_size(at: Estimation, depth: int = 3) -> float | None:
    """The size of the snapshot, image or disk that something is made from, where that is here too."""
    for name in ("snapshot", "image", "source_disk", "source_snapshot", "source_image"):
        source = at.referred(
            name, "google_compute_disk", "google_compute_snapshot", "google_compute_image"
        )
        if source is None:
            continue
        of_source = Estimation(source, at.facts)
        gib = source.inputs.number("size") or source.inputs.number("disk_size_gb")
        if gib is not None:
            return gib
        if source.kind == "google_compute_disk" and not source.inputs.has("image"):
            return _DEFAULT_GIB.get(last(source.inputs.text("type", "pd-standard")))
        return _source_size(of_source, depth - 1) if depth else None
    return None


@estimates("google_compute_disk", "google_compute_region_disk")
def disk(at: Estimation) -> Iterator[Part]:
    """By size, and for the fast types by IOPS and throughput."""
    regional = at.resource.kind == "google_compute_region_disk"
    at = located(at, "zone", "region")
    if at.inputs.unknown("type") or at.inputs.unknown("size"):
        yield Gap("disk", "its type or size is not known before a deployment")
        return
    kind = last(at.inputs.text("type", "pd-standard"))
    gib = size_of(at, at.inputs, "size")
    note = ""
    if gib is None:
        gib = _DEFAULT_GIB.get(kind, 500.0)
        note = f"no size is given: {gib:,.0f} GiB, the default of its type"
        if any(at.inputs.has(name) for name in ("image", "snapshot", "source_disk")):
            gib, note = 10.0, "no size is given: 10 GiB, as most Linux images have"
    yield from disk_parts(
        at,
        f"regional-{kind}" if regional else kind,
        gib,
        iops=at.inputs.number("provisioned_iops"),
        throughput=at.inputs.number("provisioned_throughput"),
        note=note,
    )


@estimates("google_compute_snapshot")
def snapshot(at: Estimation) -> Iterator[Part]:
    """By what it keeps: at most the disk's size."""
    at = located(at, "zone", "region")
    yield from _kept(at, "snapshot", "gcp/compute/snapshot")


@estimates("google_compute_image")
def image(at: Estimation) -> Iterator[Part]:
    """By what it keeps: the size of what it is made from."""
    yield from _kept(at, "image", "gcp/compute/image")


@estimates("google_compute_machine_image")
def machine_image(at: Estimation) -> Iterator[Part]:
    """By what it keeps of all the machine's disks."""
    yield from at.used("machine image", "gcp/compute/machine-image", "storage_gb")


def _kept(at: Estimation, label: str, rate: str) -> Iterator[Part]:
    kept, basis = at.usage("storage_gb")
    size = size_of(at, at.inputs, "disk_size_gb")
    if size is not None and basis is Basis.DEFAULT:
        note = "at most, all of the disk; what it really keeps is compressed"
        yield at.charge(label, rate, Amount(0.0, size, size), note=note)
        return
    yield from at.tiered(label, rate, kept, basis=basis)
