"""IOPS and throughput that are bought apart from the GiB: what a volume can have, and what the plan asks for.

Pure. Sources: Amazon EBS user guide, "General Purpose SSD volumes" and "Provisioned IOPS SSD volumes";
Azure, "Azure managed disk types", Premium SSD v2; Google Cloud, "Hyperdisk limits"; all 2026-11.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from trimtab.errors import InputError
from trimtab.plan.storage import StorageTier
from trimtab.provision.storage.model import ClassRequest, Facts
from trimtab.provision.storage.objects import (
    ATTRIBUTES_SINCE,
    gib_of_a_volume,
    place,
    whole,
)
from trimtab.storage.backends import Backend


@dataclass(frozen=True)
class Limits:
    """What one volume can be given.

    Attributes:
        iops, mibps: the least and the most; None: not chosen by number.
        iops_per_gib, mibps_per_iops: the most of the one that goes with the other.
        iops_needed: whether there is no baseline to fall back on.
    """

    iops: tuple[int, int]
    iops_per_gib: int
    mibps: tuple[int, int] | None = None
    mibps_per_iops: float = 0.25
    iops_needed: bool = False


LIMITS = {
    "ebs-gp3": Limits((3000, 80_000), 500, (125, 2000)),
    "ebs-io2": Limits((100, 256_000), 1000, iops_needed=True),
    "azure-disk-premium-v2": Limits((3000, 80_000), 500, (125, 2000)),
    "gce-hyperdisk-balanced": Limits((3000, 160_000), 500, (140, 2400)),
}
"""By the backend's id."""


def of_tier(tier: StorageTier, backend: Backend) -> tuple[float | None, float | None]:
    """IOPS and MiB/s that a new volume of the tier gets: enough for every window; None: the baseline."""
    found = list(windows(tier, backend))
    iops = max(each[0] for each in found)
    mibps = max(each[1] for each in found)
    return (
        iops if iops > (backend.baseline_iops or 0) else None,
        mibps if mibps > (backend.baseline_mibps or 0) else None,
    )


def windows(tier: StorageTier, backend: Backend) -> Iterator[tuple[float, float]]:
    """IOPS and MiB/s of one volume in each of the tier's windows, at least the baseline."""
    for window in tier.windows:
        yield (
            max(window.iops / tier.volumes, backend.baseline_iops or 0),
            max(window.mibps / tier.volumes, backend.baseline_mibps or 0),
        )


def check(request: ClassRequest, facts: Facts) -> None:
    """Refuse what no volume of the backend can have, of the class and of each retuning.

    Raises:
        InputError: says which number, and what would do.
    """
    limits, where = LIMITS[request.backend.id], place(request, facts)
    if limits.iops_needed and request.iops is None:
        raise InputError(
            f"backend {request.backend.id} has no IOPS of its own",
            where=where,
            mend=f"give iops, {limits.iops[0]} to {limits.iops[1]}",
        )
    gib = gib_of_a_volume(request)
    _within(request.iops, request.mibps, limits, gib, where)
    for name, each in request.retune.items():
        _within(each.get("iops"), each.get("mibps"), limits, gib, f"{where}.retune.{name}")
    if request.retune and (facts.kubernetes_version or ATTRIBUTES_SINCE) < ATTRIBUTES_SINCE:
        raise InputError(
            "retune needs VolumeAttributesClass, which Kubernetes has since 1.34",
            where=where,
            mend="drop retune, or upgrade the cluster and give its kubernetes_version",
        )


def _within(
    iops: float | None, mibps: float | None, limits: Limits, gib: float | None, where: str
) -> None:
    least, most = limits.iops
    if iops is not None and not least <= iops <= most:
        raise InputError(f"iops {iops:g}", where=where, mend=f"give {least} to {most}")
    if mibps is not None:
        if limits.mibps is None:
            raise InputError(
                f"mibps {mibps:g}, but throughput comes with the IOPS",
                where=where,
                mend="drop mibps",
            )
        if not limits.mibps[0] <= mibps <= limits.mibps[1]:
            raise InputError(
                f"mibps {mibps:g}",
                where=where,
                mend=f"give {limits.mibps[0]} to {limits.mibps[1]}",
            )
        had = least if iops is None else iops
        if mibps > limits.mibps_per_iops * had:
            raise InputError(
                f"mibps {mibps:g} with {had:g} IOPS: a volume has "
                f"{limits.mibps_per_iops:g} MiB/s for each",
                where=where,
                mend=f"give iops of {whole(mibps / limits.mibps_per_iops)} or more",
            )
    if iops is not None and gib is not None and iops > max(limits.iops_per_gib * gib, least):
        raise InputError(
            f"iops {iops:g} on volumes of {gib:g} GiB: a volume has {limits.iops_per_gib} for each GiB",
            where=where,
            mend=f"plan volumes of {whole(iops / limits.iops_per_gib)} GiB or more, or fewer IOPS",
        )


def retunings(request: ClassRequest, facts: Facts) -> dict[str, Mapping[str, float]]:
    """What the class' volumes are retuned to, by name: as stated, and as the plan's windows differ.

    The plan's are named for their numbers, for an attributes class can't change while a claim uses it.
    """
    found: dict[str, Mapping[str, float]] = dict(request.retune)
    new_enough = (facts.kubernetes_version or ATTRIBUTES_SINCE) >= ATTRIBUTES_SINCE
    if request.tier is None or not request.backend.retunable or not new_enough:
        return found
    limits = LIMITS[request.backend.id]
    planned = sorted(set(windows(request.tier, request.backend)))
    if len(planned) < 2:
        return found
    for iops, mibps in planned:
        wanted = {"iops": iops, **({} if limits.mibps is None else {"mibps": mibps})}
        found["-".join(whole(each) for each in wanted.values())] = wanted
    return found
