"""Storage in a plan: every tier forecast, sized and placed on the cheapest backend that can serve it.

The plan's site is chosen by its machines; storage stands there, or at a site of one's own that a tier names.
Pure: the same plan, needs and prices give the same tiers. Each tier keeps every backend that was weighed,
with its cost or why it was refused.

A tier that stands on a backend stays there. Claims hold the name of its class, which is the tier's: another
backend under that name would leave their data where it is, serve every new claim from elsewhere, and might
no longer let the old ones grow. So a cheaper backend is a proposal, with its saving, the cost of paying for
both while data is copied (`MOVE_HOURS`), and whether that is won back within `PAYBACK_HOURS`; it is taken by a
tier of another name. Telemetry that is old or broken proposes nothing and shrinks nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

import numpy as np

from trimtab.clock import HOURS_PER_MONTH
from trimtab.demand.series import HOUR
from trimtab.errors import InfeasibleError, InputError
from trimtab.forecast.fleet import Progress
from trimtab.inventory.model import Inventory, RunningStorage
from trimtab.plan.document import rounded
from trimtab.plan.evidence import Evidence, Input
from trimtab.plan.model import CapacityPlan, PlanSpec
from trimtab.plan.shared import Interval, OwnerRef
from trimtab.plan.storage import (
    StorageCandidate,
    StorageExpected,
    StorageReason,
    StorageTier,
    StorageWindow,
)
from trimtab.planning.forecasting import FleetForecaster, default_forecaster
from trimtab.planning.storage_candidates import Place, Sized, Weighing
from trimtab.planning.storage_needs import WindowNeeds, window_needs
from trimtab.pricing.book import PriceBook
from trimtab.storage.backends import backends
from trimtab.storage.model import StorageNeeds, TierNeed

Part = TypeVar("Part", Evidence, PlanSpec)

MOVE_HOURS = 7 * 24
"""How long both copies are paid for in a move: to copy, to switch over and to be sure."""
PAYBACK_HOURS = 90 * 24
"""Within what a move must have won back its cost."""
MOST_STORED = 4.0
"""Times what is provisioned: more can't be stored there, even where it has grown since it was looked at."""
MAX_CANDIDATES = 32
MAX_SAID = 64
"""Sentences of assumptions that a plan keeps."""


@dataclass(frozen=True)
class StorageRequest:
    """What a plan's storage is made from.

    Attributes:
        needs: the tiers.
        book: prices.
        inventory: what is owned and provisioned; None: nothing is known.
        previous: the plan before, whose tiers are taken to be what runs.
    """

    needs: StorageNeeds
    book: PriceBook
    inventory: Inventory | None = None
    previous: CapacityPlan | None = None

    def running(self, tier: str, at: datetime) -> RunningStorage | None:
        """What a tier is provisioned with: as observed, else as the plan before has it at an instant."""
        observed = self.inventory.running_storage if self.inventory else ()
        found = next((each for each in observed if each.tier == tier), None)
        if found is not None or self.previous is None:
            return found
        before = next((t for t in self.previous.spec.storage or () if t.name == tier), None)
        if before is None:
            return None
        windows = [each for each in before.windows if each.start <= at] or [before.windows[0]]
        last = windows[-1]
        return RunningStorage(tier, before.backend, last.gib, last.iops, last.mibps)


def with_storage(
    plan: CapacityPlan,
    request: StorageRequest,
    progress: Progress | None = None,
    forecaster: FleetForecaster = default_forecaster,
) -> CapacityPlan:
    """The plan with its storage tiers, and their inputs in its evidence.

    Raises:
        InputError: a series is too short, too old to size a tier from, or contradicts what runs.
        InfeasibleError: no backend can serve a tier.
    """
    spec = plan.spec
    hours = int((spec.valid_until - spec.start) / HOUR)
    tiers = request.needs.tiers
    running = [request.running(each.name, spec.start) for each in tiers]
    for need, now in zip(tiers, running, strict=True):
        _check_stored(need, now, spec.as_of)
    windows = window_needs(
        tiers, spec.as_of, spec.start, hours, [r is not None for r in running], forecaster, progress
    )
    owned = request.inventory.owned_storage if request.inventory else ()
    left = {each.id: each.gib for each in owned}
    made = []
    for need, wanted, now in zip(tiers, windows, running, strict=True):
        place = Place(spec.site.provider, spec.site.region, need.site)
        weighing = Weighing(need, wanted, place, request.book, now, owned, dict(left))
        chosen, candidates, why = choose(weighing)
        if chosen.owned is not None:
            left[chosen.owned.id] -= float(chosen.gib[-1])
        made.append(_tier(weighing, chosen, candidates, why, spec.start, spec.valid_until))
    return _planned(plan, request, tuple(made), windows)


def _check_stored(need: TierNeed, running: RunningStorage | None, as_of: datetime) -> None:
    """Refuse a series that stores far more than there is room for: a slip of units, or another tier's.

    Raises:
        InputError: it does.
    """
    if running is None or not backends()[running.backend].sized_by_hand:
        return
    stored = need.gib.until(as_of).demand[-1]
    if stored > MOST_STORED * running.gib > 0:
        raise InputError(
            f"{stored:,.0f} GiB are stored of tier {need.name}, and {running.gib:,.0f} are provisioned on "
            f"{running.backend}",
            where=need.gib.source,
            mend="check the units and the tier's name; or correct runningStorage in --inventory",
        )


def choose(weighing: Weighing) -> tuple[Sized, list[Sized], str]:
    """The backend of a tier, every one that was weighed, and why it is that one.

    Raises:
        InfeasibleError: none can serve the tier, or the one that it runs on can't.
    """
    need, running = weighing.need, weighing.running
    candidates = weighing.candidates()
    able = [each for each in candidates if each.refused is None]
    here = next((e for e in candidates if running and e.backend.id == running.backend), None)
    if here is not None and here.refused is not None:
        raise InfeasibleError(
            f"storage tier {need.name} runs on {here.backend.id}, which can't serve it: {here.refused}",
            where=need.where,
            mend="share it among more volumes, or relax what it needs; for another backend give the tier "
            "another name and move its claims there: a class that claims name keeps its backend",
        )
    if not able:
        reasons = "; ".join(f"{each.backend.id}: {each.refused}" for each in candidates)
        raise InfeasibleError(
            f"no backend can serve storage tier {need.name}: {reasons or 'none suits its intent'}",
            where=need.where,
            mend="share it among more volumes, relax what it needs, or allow other backends",
        )
    priced = [each for each in able if each.usd_per_hour is not None]
    best = min(priced, key=_mean, default=able[0])
    why = (
        f"the cheapest of {len(priced)} that can serve it and have a price"
        if priced
        else f"the most suitable of {len(able)} that can serve it; none has a price"
    )
    if here is None or here is best:
        return best, candidates, why
    return here, candidates, _staying(here, best)


def _staying(runs: Sized, best: Sized) -> str:
    """Why a tier stays where it is although another backend would be cheaper, and what that would save."""
    if runs.usd_per_hour is None:
        return "it runs there, and without its price nobody can say whether a move pays"
    saving, cost = _mean(runs) - _mean(best), _mean(runs) * MOVE_HOURS
    said = f"it runs there; {best.backend.id} would save {saving:.4g} USD an hour"
    if saving <= 0:
        return "it runs there, and no other is cheaper"
    if saving * PAYBACK_HOURS <= cost:
        return (
            f"{said}, and paying for both while data is copied would not be won back within "
            f"{PAYBACK_HOURS // 24} days"
        )
    return (
        f"{said}: {cost:.4g} USD for both while data is copied would be won back in "
        f"{cost / saving / 24:.0f} days; to take it, move the claims to a tier of another name"
    )


def _mean(sized: Sized) -> float:
    return sized.usd_per_hour[0] if sized.usd_per_hour else float("inf")


# The document.


def _tier(
    weighing: Weighing,
    chosen: Sized,
    candidates: Sequence[Sized],
    why: str,
    start: datetime,
    end: datetime,
) -> StorageTier:
    need, wanted, price = weighing.need, weighing.windows, chosen.price
    mean, low, high = (rounded(value) for value in wanted.used)
    usd = chosen.usd_per_hour
    return StorageTier(
        name=need.name,
        intent=need.intent,
        backend=chosen.backend.id,
        site=need.site,
        workloads=need.workloads,
        owner=OwnerRef(
            team=need.owner.team,
            project=need.owner.project,
            model=need.owner.model,
            environment=need.owner.environment,
        ),
        volumes=need.volumes,
        windows=_merged(chosen, wanted.hours, start, end),
        usd_per_gib_month=_known(price.usd_per_gib_month or _of_steps(chosen, need)),
        usd_per_iops_month=_known(
            price.usd_per_iops_month_at(float(chosen.iops.max()) / need.volumes)
        ),
        usd_per_mibps_month=_known(price.usd_per_mibps_month),
        expected=StorageExpected(
            used_gib=Interval(mean=mean, low=min(low, mean), high=max(high, mean)),
            usd_per_hour=None if usd is None else _interval(usd),
            operations_usd_per_hour=_operations(weighing, chosen),
            kgco2e_per_hour=_known(chosen.kgco2e_per_hour),
        ),
        candidates=tuple(_candidate(each) for each in candidates[:MAX_CANDIDATES]),
        reason=_reason(weighing, chosen, why),
    )


def _merged(chosen: Sized, hours: int, start: datetime, end: datetime) -> tuple[StorageWindow, ...]:
    """Windows from a start to an end, equal neighbours merged."""
    rows = np.stack([chosen.gib, chosen.iops, chosen.mibps])
    opens = [0, *(np.flatnonzero((rows[:, 1:] != rows[:, :-1]).any(axis=0)) + 1).tolist()]
    instants = [start + timedelta(hours=index * hours) for index in opens]
    return tuple(
        StorageWindow(start=first, end=last, gib=gib, iops=iops, mibps=mibps)
        for first, last, (gib, iops, mibps) in zip(
            instants, [*instants[1:], end], rows[:, opens].T.tolist(), strict=True
        )
    )


def _of_steps(chosen: Sized, need: TierNeed) -> float | None:
    """What a GiB comes to where disks are sold in steps: a whole step over what is provisioned of it."""
    if not chosen.price.steps:
        return None
    each = float(chosen.gib[-1]) / need.volumes
    usd = float(chosen.price.usd_per_month(each))
    return None if np.isnan(usd) else usd / each


def _operations(weighing: Weighing, chosen: Sized) -> float | None:
    """What single requests cost an hour; None where they are not charged, or nothing is priced."""
    if chosen.price.operation is None or chosen.usd_per_hour is None:
        return None
    return rounded(weighing.windows.mean_iops * chosen.price.operation / HOURS_PER_MONTH)


def _candidate(sized: Sized) -> StorageCandidate:
    usd = sized.usd_per_hour
    return StorageCandidate(
        backend=sized.backend.id,
        usd_per_hour=None if usd is None else rounded(usd[0]),
        kgco2e_per_hour=_known(sized.kgco2e_per_hour),
        refused=None if sized.refused is None else sized.refused[:253],
    )


def _reason(weighing: Weighing, chosen: Sized, why: str) -> StorageReason:
    need, wanted, running = weighing.need, weighing.windows, weighing.running
    held = ""
    if running and running.backend == chosen.backend.id:
        if wanted.fault:
            held = f"nothing shrinks: {wanted.fault}"
        elif chosen.held:
            held = "volumes can't shrink: what is provisioned is more than is needed"
    return StorageReason(
        backend=why[:1000],
        guardrail=held[:1000],
        forecast=wanted.forecast.model[:253],
        coverage80=_known(wanted.forecast.calibrated_coverage80),
        gib_quantile=rounded(need.gib_level),
        speed_quantile=rounded(need.speed_level),
        fill_limit=need.fill_limit if chosen.backend.sized_by_hand else 1.0,
        running_gib=_known(running.gib) if running else None,
    )


def _interval(usd: tuple[float, float, float]) -> Interval:
    mean, low, high = (rounded(value) for value in usd)
    return Interval(mean=mean, low=min(low, mean), high=max(high, mean))


def _known(value: float | None) -> float | None:
    return None if value is None else rounded(value)


def _planned(
    plan: CapacityPlan,
    request: StorageRequest,
    tiers: tuple[StorageTier, ...],
    windows: Sequence[WindowNeeds],
) -> CapacityPlan:
    evidence = plan.spec.evidence
    said = (*evidence.assumptions, *_assumed(request.needs, tiers))
    repairs = (*evidence.repairs, *(each for wanted in windows for each in wanted.repairs))
    changed = _with(
        evidence,
        {
            "inputs": (*evidence.inputs, *_inputs(request.needs)),
            "assumptions": said[:MAX_SAID],
            "repairs": repairs[:256],
        },
    )
    spec = _with(plan.spec, {"storage": tiers, "evidence": changed})
    return CapacityPlan(metadata=plan.metadata, spec=spec)


def _with(part: Part, changes: Mapping[str, object]) -> Part:
    """The part with changes, its rules checked again."""
    kind = type(part)
    return kind(**({name: getattr(part, name) for name in kind.model_fields} | dict(changes)))


def _inputs(needs: StorageNeeds) -> tuple[Input, ...]:
    document = Input(
        kind="storage", name=needs.source, digest=needs.digest, detail=f"{len(needs.tiers)} tiers"
    )
    rows = (
        Input(kind="storage", name=name, digest=digest, detail="series")
        for name, digest in needs.series
    )
    return (document, *rows)


def _assumed(needs: StorageNeeds, tiers: Sequence[StorageTier]) -> list[str]:
    """What nobody stated, a sentence each."""
    found = []
    for need, tier in zip(needs.tiers, tiers, strict=True):
        unknown = [
            name
            for name, series in (("IOPS", need.iops), ("throughput", need.mibps))
            if series is None
        ]
        if unknown:
            found.append(
                f"storage {need.name}: {' and '.join(unknown)} not known: what comes with the size of "
                f"{tier.backend} is taken to do"
            )
        if need.volumes > 1:
            found.append(f"storage {need.name}: its {need.volumes} volumes share it evenly")
    return found
