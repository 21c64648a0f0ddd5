"""IOPS and throughput that are bought apart from the GiB: what a volume can have, and what the plan asks for.

Pure. What a volume can have is the catalogue's to say.
"""

from collections.abc import Iterator, Mapping

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

NEEDS_IOPS = {"ebs-io2"}
"""Backends whose volumes are not made without a number."""


def chosen_by_number(backend: Backend) -> bool:
    """Whether a volume's IOPS are bought by number, and not by its GiB or its kind."""
    return backend.retunable


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
    backend, where = request.backend, place(request, facts)
    if backend.id in NEEDS_IOPS and request.iops is None:
        raise InputError(
            f"backend {backend.id} has no IOPS of its own",
            where=where,
            mend=f"give iops, {_span(backend.baseline_iops, backend.max_iops)}",
        )
    gib = gib_of_a_volume(request)
    _within(request.iops, request.mibps, backend, gib, where)
    for name, each in request.retune.items():
        _within(each.get("iops"), each.get("mibps"), backend, gib, f"{where}.retune.{name}")
    if request.retune and (facts.kubernetes_version or ATTRIBUTES_SINCE) < ATTRIBUTES_SINCE:
        raise InputError(
            "retune needs VolumeAttributesClass, which Kubernetes has since 1.34",
            where=where,
            mend="drop retune, or upgrade the cluster and give its kubernetes_version",
        )


def _within(
    iops: float | None, mibps: float | None, backend: Backend, gib: float | None, where: str
) -> None:
    least = backend.baseline_iops or 0
    _between("iops", iops, least, backend.max_iops, where)
    if mibps is not None:
        if backend.baseline_mibps is None:
            raise InputError(
                f"mibps {mibps:g}, but throughput comes with the IOPS",
                where=where,
                mend="drop mibps",
            )
        _between("mibps", mibps, backend.baseline_mibps, backend.max_mibps, where)
        had, each = least if iops is None else iops, backend.mibps_per_iops
        if each is not None and mibps > max(each * had, backend.baseline_mibps):
            raise InputError(
                f"mibps {mibps:g} with {had:g} IOPS: a volume has {each:g} MiB/s for each",
                where=where,
                mend=f"give iops of {whole(mibps / each)} or more",
            )
    per_gib = backend.iops_per_gib
    if iops is None or gib is None or per_gib is None:
        return
    if iops > max(per_gib * gib, least):
        raise InputError(
            f"iops {iops:g} on volumes of {gib:g} GiB: a volume has {per_gib:g} for each GiB",
            where=where,
            mend=f"plan volumes of {whole(iops / per_gib)} GiB or more, or fewer IOPS",
        )


def _between(name: str, value: float | None, least: float, most: float | None, where: str) -> None:
    if value is not None and not least <= value <= (value if most is None else most):
        raise InputError(f"{name} {value:g}", where=where, mend=f"give {_span(least, most)}")


def _span(least: float | None, most: float | None) -> str:
    return f"{least or 0:g} or more" if most is None else f"{least or 0:g} to {whole(most)}"


def retunings(request: ClassRequest, facts: Facts) -> dict[str, Mapping[str, float]]:
    """What the class' volumes are retuned to, by name: as stated, and as the plan's windows differ.

    The plan's are named for their numbers, for an attributes class can't change while a claim uses it.
    """
    found: dict[str, Mapping[str, float]] = dict(request.retune)
    new_enough = (facts.kubernetes_version or ATTRIBUTES_SINCE) >= ATTRIBUTES_SINCE
    if request.tier is None or not request.backend.retunable or not new_enough:
        return found
    by_iops_alone = request.backend.baseline_mibps is None
    planned = sorted(set(windows(request.tier, request.backend)))
    if len(planned) < 2:
        return found
    for iops, mibps in planned:
        wanted = {"iops": iops, **({} if by_iops_alone else {"mibps": mibps})}
        found["-".join(whole(each) for each in wanted.values())] = wanted
    return found
