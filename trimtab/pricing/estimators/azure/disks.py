"""Azure disks: managed disks by the tier that their size falls into, snapshots, images.

A disk below a tier's size is paid for as the tier. Ultra disks and Premium SSD v2 have no tiers: they are
paid for by size and by performance, of which v2 includes some.
"""

from collections.abc import Iterator

from trimtab.pricing.amount import ONE, Amount, between, exactly
from trimtab.pricing.estimation import Estimation
from trimtab.pricing.estimators import estimates
from trimtab.pricing.model import Basis, Gap, Part
from trimtab.resources.inputs import Inputs

_TIERS = (
    (4, "1"),
    (8, "2"),
    (16, "3"),
    (32, "4"),
    (64, "6"),
    (128, "10"),
    (256, "15"),
    (512, "20"),
    (1024, "30"),
    (2048, "40"),
    (4096, "50"),
    (8192, "60"),
    (16384, "70"),
    (32767, "80"),
)
"""The sizes in GiB up to which a tier goes, and its number (learn.microsoft.com, disks-types)."""

_FAMILIES = {"premium": "p", "standardssd": "e", "standard": "s"}
_NAMES = {"p": "Premium SSD", "e": "Standard SSD", "s": "Standard HDD"}

LINUX_IMAGE_GIB = 30.0
WINDOWS_IMAGE_GIB = 127.0
"""What the marketplace's images bring where no size is said."""

_V2_INCLUDED_IOPS = 3000
_V2_INCLUDED_MBPS = 125
_ULTRA_DEFAULT_GIB = 1024


def tier(storage_type: str, gib: float) -> str | None:
    """The tier of a disk, `p10`; None for a type without tiers or a size beyond the largest."""
    family = _FAMILIES.get(storage_type.partition("_")[0].lower())
    if family is None:
        return None
    number = next((number for most, number in _TIERS if gib <= most), None)
    if number is None:
        return None
    return f"s{max(int(number), 4)}" if family == "s" else f"{family}{number}"


def disk(
    at: Estimation,
    label: str,
    storage_type: str,
    gib: float,
    count: Amount = ONE,
    basis: Basis = Basis.DECLARED,
    note: str = "",
) -> Part:
    """Disks of one tiered type and size.

    Args:
        at: the resource that they belong to.
        label: what they are: "OS disk".
        storage_type: `Premium_LRS`, `StandardSSD_ZRS`, `Standard_LRS`.
        gib: size of each.
        count: how many.
        basis: where the count is from.
        note: what the reader should know.
    """
    found = tier(storage_type, gib)
    if found is None:
        return Gap(label, f"no price of {gib:,.0f} GiB of {storage_type or 'an unknown disk type'}")
    redundancy = storage_type.partition("_")[2].lower() or "lrs"
    name = f"{label}: {_NAMES[found[0]]} {found.upper()} {redundancy.upper()}"
    return at.charge(name, f"azure/disk/{found}/{redundancy}", count, basis=basis, note=note)


def operations(at: Estimation, storage_type: str) -> Iterator[Part]:
    """The transactions of standard disks; premium ones include them."""
    family = _FAMILIES.get(storage_type.partition("_")[0].lower())
    if family in ("s", "e"):
        rate = f"azure/disk/{family}/operations"
        yield from at.used("disk operations", rate, "disk_operations_10k")


def os_disk(
    at: Estimation,
    block: Inputs | None,
    *,
    windows: bool,
    count: Amount = ONE,
    basis: Basis = Basis.DECLARED,
    type_name: str = "storage_account_type",
) -> Iterator[Part]:
    """A machine's system disk; an ephemeral one is the machine's own and costs nothing more."""
    if block is None:
        yield Gap("OS disk", "its type is not declared")
        return
    if block.has("diff_disk_settings"):
        return
    default = WINDOWS_IMAGE_GIB if windows else LINUX_IMAGE_GIB
    if block.unknown("disk_size_gb"):
        yield Gap("OS disk", "its size is known only after deployment")
        return
    gib = block.number("disk_size_gb")
    note = "" if gib else f"{default:,.0f} GiB, the usual image's size"
    storage_type = block.text(type_name, "Standard_LRS")
    yield disk(at, "OS disk", storage_type, gib or default, count, basis, note)
    yield from operations(at, storage_type)


@estimates("azurerm_managed_disk")
def managed_disk(at: Estimation) -> Iterator[Part]:
    """By tier, or by size and performance."""
    storage_type = at.inputs.text("storage_account_type")
    gib = at.inputs.number("disk_size_gb")
    if not storage_type or at.inputs.unknown("storage_account_type"):
        yield Gap("disk", "its type is known only after deployment")
    elif storage_type.lower() == "ultrassd_lrs":
        yield from _ultra(at, gib)
    elif storage_type.lower().startswith("premiumv2"):
        yield from _premium_v2(at, gib)
    elif gib is None:
        yield Gap("disk", "its size is its source's, or known only after deployment")
    elif performance := at.inputs.text("tier").lower():
        redundancy = storage_type.partition("_")[2].lower()
        label = f"disk: at the performance of {performance.upper()}"
        yield at.charge(label, f"azure/disk/{performance}/{redundancy}")
    else:
        yield disk(at, "disk", storage_type, gib)
        yield from operations(at, storage_type)


def _ultra(at: Estimation, gib: float | None) -> Iterator[Part]:
    size = _ULTRA_DEFAULT_GIB if gib is None else gib
    yield at.charge("Ultra Disk storage", "azure/disk/ultra/storage", size)
    iops = at.inputs.number("disk_iops_read_write")
    mbps = at.inputs.number("disk_mbps_read_write")
    if iops is None:
        yield Gap("Ultra Disk IOPS", "not declared")
    else:
        yield at.charge("Ultra Disk IOPS", "azure/disk/ultra/iops", iops)
    if mbps is None:
        yield Gap("Ultra Disk throughput", "not declared")
    else:
        yield at.charge("Ultra Disk throughput", "azure/disk/ultra/throughput", mbps)


def _premium_v2(at: Estimation, gib: float | None) -> Iterator[Part]:
    if gib is None:
        yield Gap("Premium SSD v2 storage", "its size is known only after deployment")
    else:
        yield at.charge("Premium SSD v2 storage", "azure/disk/premium-v2/storage", gib)
    iops = at.inputs.number("disk_iops_read_write")
    mbps = at.inputs.number("disk_mbps_read_write")
    if iops is not None and iops > _V2_INCLUDED_IOPS:
        yield at.charge(
            "Premium SSD v2 IOPS", "azure/disk/premium-v2/iops", iops - _V2_INCLUDED_IOPS
        )
    if mbps is not None and mbps > _V2_INCLUDED_MBPS:
        yield at.charge(
            "Premium SSD v2 throughput",
            "azure/disk/premium-v2/throughput",
            mbps - _V2_INCLUDED_MBPS,
        )


@estimates("azurerm_snapshot")
def snapshot(at: Estimation) -> Iterator[Part]:
    """By what the disk holds: at most the disk's size, with what a disk usually has used."""
    size = at.inputs.number("disk_size_gb")
    if size is None:
        source = at.referred("source_uri", "azurerm_managed_disk") or at.referred(
            "source_resource_id", "azurerm_managed_disk"
        )
        size = source.inputs.number("disk_size_gb") if source else None
    amount, basis = at.usage("storage_gb")
    if size is not None and basis is Basis.DEFAULT:
        amount, basis = between(0.0, size), Basis.BOUNDS
    yield at.charge("snapshot storage", "azure/snapshot/standard", amount, basis=basis)


@estimates("azurerm_image", "azurerm_shared_image_version")
def image(at: Estimation) -> Iterator[Part]:
    """By what it holds."""
    amount, basis = at.usage("storage_gb")
    size = at.inputs.number("os_disk.size_gb")
    if size is not None and basis is Basis.DEFAULT:
        data = (each.number("size_gb") or 0.0 for each in at.inputs.blocks("data_disk"))
        amount, basis = exactly(size + sum(data)), Basis.DECLARED
    yield at.charge("image storage", "azure/image/storage", amount, basis=basis)
