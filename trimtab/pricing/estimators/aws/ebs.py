"""EBS: volumes, the disks of machines, and snapshots.

A disk is paid for by what is provisioned, whether a machine runs or not: its size by the GB-month, and by
type the IOPS and the throughput beyond what the size includes. Magnetic disks are also paid by request.
"""

from collections.abc import Iterator
from dataclasses import replace

from trimtab.pricing.amount import ONE, Amount, exactly
from trimtab.pricing.estimation import Estimation
from trimtab.pricing.estimators import estimates
from trimtab.pricing.model import Basis, Charge, Gap, Part
from trimtab.resources.inputs import Inputs
from trimtab.resources.model import Resource

DEFAULT_TYPE = "gp2"
"""What EC2 makes of a disk whose type nobody says."""

_PROVISIONED = frozenset({"io1", "io2"})
_INCLUDED_IOPS = {"gp3": 3000.0}
_INCLUDED_THROUGHPUT_MIBPS = 125.0
_SNAPSHOT_USES = (
    ("fast snapshot restore", "fast-restore", "fast_restore_dsu_hours"),
    ("list requests", "list", "list_blocks_requests_thousand"),
    ("get requests", "get", "get_block_units_thousand"),
    ("put requests", "put", "put_block_units_thousand"),
)
_TYPES = frozenset({"gp2", "gp3", "io1", "io2", "st1", "sc1", "standard"})


def disk_charges(
    at: Estimation,
    label: str,
    inputs: Inputs,
    count: Amount = ONE,
    *,
    default_gib: float | None = None,
    default_type: str = DEFAULT_TYPE,
    note: str = "",
) -> Iterator[Part]:
    """What disks of one make cost.

    Args:
        at: whose disks they are.
        label: which: "root disk".
        inputs: `volume_size` or `size` in GiB, `volume_type` or `type`, `iops`, `throughput` in MiB/s.
        count: how many there are.
        default_gib: the size where none is given; None: such a disk is a gap.
        default_type: the type where none is given.
        note: what the reader should know.
    """
    if inputs.unknown("volume_type") or inputs.unknown("type"):
        yield Gap(label, "its type is not known before a deployment")
        return
    volume_type = inputs.text("volume_type") or inputs.text("type") or default_type
    if volume_type not in _TYPES:
        yield Gap(label, f"no EBS volume type {volume_type}")
        return
    name = f"{label}, {volume_type}"
    size = inputs.number("volume_size") or inputs.number("size")
    basis = Basis.DECLARED
    if size is None and not (inputs.unknown("volume_size") or inputs.unknown("size")):
        size, basis = default_gib, Basis.DEFAULT
    if size is None:
        yield Gap(name, "its size is not known before a deployment")
    else:
        yield at.charge(
            name, f"aws/ebs/{volume_type}/storage", count.times(size), basis=basis, note=note
        )
    yield from _iops(at, name, inputs, volume_type, count)
    yield from _throughput(at, name, inputs, volume_type, count)


def _iops(
    at: Estimation, name: str, inputs: Inputs, volume_type: str, count: Amount
) -> Iterator[Part]:
    included = _INCLUDED_IOPS.get(volume_type, 0.0)
    if volume_type not in _PROVISIONED and not included:
        return
    label = f"{name}: IOPS"
    if inputs.unknown("iops"):
        yield Gap(label, "how many are provisioned is not known before a deployment")
        return
    beyond = max((inputs.number("iops") or 0.0) - included, 0.0)
    if beyond:
        for part in at.tiered(label, f"aws/ebs/{volume_type}/iops", exactly(beyond)):
            yield _of_each(part, count)


def _throughput(
    at: Estimation, name: str, inputs: Inputs, volume_type: str, count: Amount
) -> Iterator[Part]:
    if volume_type != "gp3":
        return
    label = f"{name}: throughput"
    if inputs.unknown("throughput"):
        yield Gap(label, "how much is provisioned is not known before a deployment")
        return
    beyond = max((inputs.number("throughput") or 0.0) - _INCLUDED_THROUGHPUT_MIBPS, 0.0)
    if beyond:
        yield at.charge(label, "aws/ebs/gp3/throughput", count.times(beyond))


def _of_each(part: Part, count: Amount) -> Part:
    """A charge of one disk (its tiers are reached by each alone) times how many there are."""
    if not isinstance(part, Charge):
        return part
    return replace(part, quantity=count.times(part.quantity.high))


@estimates("aws_ebs_volume")
def volume(at: Estimation) -> Iterator[Part]:
    """One disk; without a size it is as large as its snapshot."""
    yield from disk_charges(at, "volume", at.inputs, default_gib=_snapshot_gib(at))
    if at.inputs.text("type") == "standard":
        yield from at.used("requests", "aws/ebs/standard/requests", "io_requests", per=1e6)


@estimates("aws_ebs_volume_copy")
def volume_copy(at: Estimation) -> Iterator[Part]:
    """A disk of the one that it copies: its type and size, where the copy has none of its own."""
    source = at.referred("source_volume_id", "aws_ebs_volume")
    size = None if source is None else source.inputs.number("size")
    kind = DEFAULT_TYPE if source is None else source.inputs.text("type", DEFAULT_TYPE)
    yield from disk_charges(at, "volume", at.inputs, default_gib=size, default_type=kind)


@estimates("aws_ami", "aws_ami_copy", "aws_ami_from_instance")
def image(at: Estimation) -> Iterator[Part]:
    """An image costs the snapshots that it is made of."""
    yield from at.used("snapshot storage", "aws/ebs/snapshot/standard", "storage_gb")


@estimates("aws_ebs_snapshot", "aws_ebs_snapshot_copy", "aws_ebs_snapshot_import")
def snapshot(at: Estimation) -> Iterator[Part]:
    """By the blocks that it keeps: at most the disk's size, and less where another snapshot has them."""
    tier = "archive" if at.inputs.text("storage_tier") == "archive" else "standard"
    rate = f"aws/ebs/snapshot/{tier}"
    stored, basis = at.usage("storage_gb")
    size = _volume_gib(at, at.resource)
    if basis is Basis.DEFAULT and size is not None:
        note = "at the disk's full size, which the first snapshot has at most"
        yield at.charge(
            "snapshot storage", rate, Amount(0.0, size, size), basis=Basis.DECLARED, note=note
        )
    else:
        yield at.charge("snapshot storage", rate, stored, basis=basis)
    for label, name, key in _SNAPSHOT_USES:
        quantity, basis = at.usage(key)
        if basis is not Basis.DEFAULT:  # few programs call these, and none by declaring them
            yield at.charge(label, f"aws/ebs/snapshot/{name}", quantity, basis=basis)


@estimates("aws_ebs_fast_snapshot_restore")
def fast_snapshot_restore(at: Estimation) -> Iterator[Part]:
    """By the hour, in its zone, for as long as it is enabled."""
    yield at.charge("fast snapshot restore", "aws/ebs/snapshot/fast-restore/hour")


def _snapshot_gib(at: Estimation) -> float | None:
    source = at.referred("snapshot_id", "aws_ebs_snapshot", "aws_ebs_snapshot_copy")
    return None if source is None else _volume_gib(at, source)


def _volume_gib(at: Estimation, snapshot: Resource) -> float | None:
    """The size of the disk that a snapshot is of, through copies of it."""
    seen: set[str] = set()
    while snapshot.key not in seen:
        seen.add(snapshot.key)
        there = Estimation(snapshot, at.facts)
        disk = there.referred("volume_id", "aws_ebs_volume")
        if disk is not None:
            return disk.inputs.number("size")
        origin = there.referred("source_snapshot_id", "aws_ebs_snapshot", "aws_ebs_snapshot_copy")
        if origin is None:
            return None
        snapshot = origin
    return None
