"""Why every number of a plan's storage is what it is: `trimtab.explain`'s part for tiers.

Pure: the facts are the plan's own, with the planner's constants.
"""

from collections.abc import Iterator

from trimtab.clock import HOURS_PER_MONTH
from trimtab.explain_evidence import usd
from trimtab.plan.model import CapacityPlan
from trimtab.plan.storage import StorageReason, StorageTier


def sentences(plan: CapacityPlan) -> Iterator[tuple[str, str]]:
    """Each number's path and its sentence, tier by tier."""
    for i, tier in enumerate(plan.spec.storage or ()):
        for path, sentence in _tier(tier):
            yield f"spec.storage[{i}].{path}", sentence


def _tier(tier: StorageTier) -> Iterator[tuple[str, str]]:
    reason = tier.reason
    yield "volumes", "stated in the storage file; they share the tier's sizes evenly"
    gib, iops, mibps = _windows(tier, reason)
    yield "windows[*].gib", gib
    yield "windows[*].iops", iops
    yield "windows[*].mibps", mibps
    yield from _prices(tier)
    yield (
        "expected.usedGib",
        "mean of what is forecast to be stored; its bounds are the 10 % and 90 % quantiles",
    )
    cost = tier.expected.usd_per_hour
    yield (
        "expected.usdPerHour",
        f"not priced: the book has no price of {tier.backend} there"
        if cost is None
        else f"what is provisioned, at the prices above; {usd(cost.mean * HOURS_PER_MONTH)} a month of "
        f"{HOURS_PER_MONTH:.0f} h",
    )
    if tier.expected.operations_usd_per_hour is not None:
        yield "expected.operationsUsdPerHour", "forecast mean operations a second at their price"
    yield (
        "expected.kgco2ePerHour",
        f"not known: no figure for {tier.backend} there"
        if tier.expected.kgco2e_per_hour is None
        else "energy of the disks that hold its copies: watts per TB x copies x PUE x grid; their making "
        "is left out",
    )
    for i, each in enumerate(tier.candidates):
        chosen = each.backend == tier.backend
        yield (
            f"candidates[{i}].usdPerHour",
            f"refused: {each.refused}"
            if each.refused
            else f"{each.backend}, not priced there"
            if each.usd_per_hour is None
            else f"{each.backend}, sized for the same needs"
            + (f": chosen, {reason.backend}" if chosen and reason else ""),
        )
        yield (
            f"candidates[{i}].kgco2ePerHour",
            f"what {each.backend} would emit"
            if each.kgco2e_per_hour is not None
            else f"{each.backend}: refused, or not known",
        )
    if reason:
        yield from _reason(reason)


def _windows(tier: StorageTier, reason: StorageReason | None) -> tuple[str, str, str]:
    if reason is None:
        said = "as its author wrote it: the planner did not size the tier"
        return said, said, said
    gib = (
        f"the forecast's {reason.gib_quantile:.0%} quantile of what is stored, at most "
        f"{reason.fill_limit:.0%} full, in sizes that {tier.backend} comes in, or larger where only size "
        "brings the speed; never less than the window before"
    )
    if reason.guardrail:
        gib += f"; {reason.guardrail}"
    speed = (
        f"the forecast's {reason.speed_quantile:.0%} quantile at the window's busiest hour, widened by how "
        "far peaks stand over means, and no less than comes with the volumes"
    )
    none = f"0: {tier.backend} sells none beside its size, or no more is needed than comes with it"
    iops = speed if any(window.iops for window in tier.windows) else none
    mibps = speed if any(window.mibps for window in tier.windows) else none
    return gib, iops, mibps


def _prices(tier: StorageTier) -> Iterator[tuple[str, str]]:
    yield (
        "usdPerGibMonth",
        "not priced"
        if tier.usd_per_gib_month is None
        else f"{tier.backend}: of a GiB, or of what a GiB comes to where disks are sold in steps",
    )
    for path, value, what in (
        ("usdPerIopsMonth", tier.usd_per_iops_month, "IOPS"),
        ("usdPerMibpsMonth", tier.usd_per_mibps_month, "MiB/s"),
    ):
        yield (
            path,
            f"{tier.backend} sells no {what} beside its size, or they have no price there"
            if value is None
            else f"of {what} above those that come with a volume of {tier.backend}",
        )


def _reason(reason: StorageReason) -> Iterator[tuple[str, str]]:
    yield (
        "reason.coverage80",
        "not measured: the history is too short"
        if reason.coverage80 is None
        else f"of {reason.forecast}'s calibrated 80 % interval on held-out origins",
    )
    yield (
        "reason.gibQuantile",
        "where the last GiB pays for itself: r / (1 + r), r what a missing GiB costs over an idle one",
    )
    yield "reason.speedQuantile", "the same of IOPS and throughput"
    yield "reason.fillLimit", "how full volumes are planned to get, as the storage file says"
    if reason.running_gib is not None:
        yield (
            "reason.runningGib",
            "provisioned when the plan was made, as the inventory or the plan before says",
        )
