"""What to do with each claim: keep it, retune it, move it, shrink it, or let it go, and what that saves.

Vectorised: every option is an array over the claims that it concerns, and each claim takes the option with
the largest gain over PAYBACK_MONTHS, the cost of the change taken off. Statistics that are missing, or span
fewer than LEAST_DAYS, never make a claim smaller, slower or gone.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from trimtab.clock import DAYS_PER_MONTH
from trimtab.pricing.book import PriceBook
from trimtab.storage.backends import LATENCIES, ON_PREMISES, Backend, backends
from trimtab.storage.claims import Claims
from trimtab.storage.limits import Array, Fit, attainable, fit
from trimtab.storage.prices import StoragePrice, price_of

FILL_LIMIT = 0.85
HEADROOM = 1.25
"""IOPS and MiB/s are provisioned so far above their 95 % quantile."""
LEAST_DAYS = 14.0
"""Two weeks: a month's end or a weekend is not all there is."""
COLD_DAYS, IDLE_DAYS = 30.0, 60.0
"""Without an access for so long, a slower latency will do; or a snapshot."""
MOVE_DAYS = 7.0
"""How long both copies are paid for in a move."""
PAYBACK_MONTHS = 3.0
LEAST_USD = 1.0
"""A month; what saves less is not worth a person's time."""
FULL, BUSY = 0.9, 0.9
"""Shares from which a volume is said to be nearly full, or at its limit."""


class Action(StrEnum):
    """What to do with a claim."""

    KEEP = "keep"
    GROW = "grow"
    RETUNE = "retune"
    SHRINK = "shrink"
    MOVE = "move"
    SNAPSHOT = "snapshot"
    ORPHANED = "orphaned"


_ORDER = tuple(Action)


@dataclass(frozen=True)
class Advice:
    """What to do with each claim, arrays of shape (claims,).

    Attributes:
        action: position in `Action`.
        target: position in `targets` of the backend that it is to be on.
        targets: ids of backends.
        gib, iops, mibps: of the volume then; NaN: as it comes, or none.
        usd_now, usd_then: a month; NaN: not priced.
        usd_once: what the change costs.
        unmeasured: where statistics are missing or too short.
    """

    action: NDArray[np.int64]
    target: NDArray[np.int64]
    targets: tuple[str, ...]
    gib: Array
    iops: Array
    mibps: Array
    usd_now: Array
    usd_then: Array
    usd_once: Array
    unmeasured: NDArray[np.bool_]

    @property
    def saving(self) -> Array:
        """US dollars a month; 0 where nothing changes, NaN where it is not known."""
        return self.usd_now - self.usd_then

    def action_of(self, row: int) -> Action:
        """What to do with one claim."""
        return _ORDER[int(self.action[row])]


def advise(claims: Claims, region: str | None, book: PriceBook) -> Advice:
    """What to do with each claim.

    Args:
        claims: of one provider, whose prices are those of `region`.
        region: where they are.
        book: prices.
    """
    known = backends()
    count = len(claims)
    now = [price_of(known[name], region, book) for name in claims.backend_ids]
    targets = _targets(claims)
    advice = _Draft(claims, now, targets)
    measured = _measured(claims)
    advice.unmeasured = ~measured
    for index, name in enumerate(claims.backend_ids):
        rows = np.flatnonzero(claims.backend == index)
        backend = known[name]
        advice.start(rows, backend, now[index], targets.index(name))
        busy = rows[measured[rows]]
        advice.full(rows, backend, now[index])
        for target in targets:
            advice.weigh(busy, backend, known[target], price_of(known[target], region, book))
        snapshot = _snapshot_of(backend)
        if snapshot is not None:
            advice.snapshot(busy, price_of(snapshot, region, book))
    # What was read or written lately is used by somebody, whatever the list of pods says just now.
    lately = (claims.days_since_access < LEAST_DAYS) | (claims.iops_p95 > 0)
    advice.orphans(np.flatnonzero(~claims.bound & ~lately))
    assert len(advice.action) == count  # noqa: S101 - every claim has its row
    return advice.done()


def reason(claims: Claims, advice: Advice, row: int) -> str:
    """Why, in one sentence; what it rests on."""
    action, gib = advice.action_of(row), claims.gib[row]
    used, p95, days = claims.used_gib[row], claims.iops_p95[row], claims.days_since_access[row]
    if action is Action.ORPHANED:
        return "no pod uses it: delete it once nobody claims it, after a last snapshot"
    if action is Action.GROW:
        return f"{used / gib:.0%} full, or at its IOPS or throughput: grow it before anything else"
    if advice.unmeasured[row]:
        seen = claims.measured_days[row]
        span = "" if np.isnan(seen) else f" over {seen:.0f} days"
        return f"not measured enough{span}: nothing smaller or slower is advised"
    rests = f"{used:,.0f} of {gib:,.0f} GiB used, {p95:,.0f} IOPS at p95"
    if not np.isnan(days) and days >= 1:
        rests += f", not touched for {days:.0f} days"
    slow, quick = (
        backends()[name].latency or "not stated"
        for name in (advice.targets[advice.target[row]], claims.backend_ids[claims.backend[row]])
    )
    if action is Action.MOVE and slow != quick:
        rests += f"; its latency would be {slow}, not {quick}"
    if np.isnan(advice.usd_now[row]):
        return f"its price, or the IOPS that it pays for, is not known, and so no saving; {rests}"
    return rests


class _Draft:
    """Advice in the making: the best option of each claim so far."""

    def __init__(self, claims: Claims, now: list[StoragePrice], targets: tuple[str, ...]) -> None:
        count = len(claims)
        self.claims, self.targets, self.prices = claims, targets, now
        self.action = np.full(count, _ORDER.index(Action.KEEP))
        self.target = np.zeros(count, dtype=np.int64)
        self.gib, self.iops, self.mibps = claims.gib.copy(), claims.iops.copy(), claims.mibps.copy()
        self.usd_now = np.full(count, np.nan)
        self.usd_then = np.full(count, np.nan)
        self.usd_once = np.zeros(count)
        self.gain = np.zeros(count)
        self.held = np.zeros(count, dtype=np.bool_)
        self.unmeasured = np.zeros(count, dtype=np.bool_)

    def start(
        self, rows: NDArray[np.int64], backend: Backend, price: StoragePrice, target: int
    ) -> None:
        """What the claims of one backend cost as they are."""
        claims = self.claims
        size = claims.gib if backend.sized_by_hand else claims.used_gib
        iops = np.nan_to_num(claims.iops[rows], nan=0.0)
        mibps = np.nan_to_num(claims.mibps[rows], nan=0.0)
        # Operations are left out of what is paid now: their p95 would make it look dear.
        usd = price.usd_per_month(size[rows], iops, mibps)
        if price.iops and not price.included_iops:
            # Every one is paid for: how many are set must be known.
            usd = np.where(np.isnan(claims.iops[rows]), np.nan, usd)
        self.usd_now[rows] = self.usd_then[rows] = usd
        self.target[rows] = target

    def full(self, rows: NDArray[np.int64], backend: Backend, price: StoragePrice) -> None:
        """Claims that have too little of something are to grow, and are offered nothing else."""
        claims = self.claims
        by_size, by_size_mibps = attainable(backend, claims.gib[rows])
        if backend.retunable:
            # Where each IOPS is paid for, some were set; a blank only says that nobody knows how many.
            comes = backend.baseline_iops if price.included_iops else None
            by_size = np.full(len(rows), comes or np.nan)
            by_size_mibps = np.full(len(rows), backend.baseline_mibps or np.nan)
        iops = np.where(np.isnan(claims.iops[rows]), by_size, claims.iops[rows])
        mibps = np.where(np.isnan(claims.mibps[rows]), by_size_mibps, claims.mibps[rows])
        short = (
            (claims.used_gib[rows] > FULL * claims.gib[rows]) & backend.sized_by_hand
            | (claims.iops_p95[rows] > BUSY * iops)
            | (claims.mibps_p95[rows] > BUSY * mibps)
        )
        found = rows[short]
        self.action[found] = _ORDER.index(Action.GROW)
        self.held[found] = True

    def weigh(
        self, rows: NDArray[np.int64], backend: Backend, target: Backend, price: StoragePrice
    ) -> None:
        """One backend as a target for measured claims of another, or of itself."""
        claims, same = self.claims, target.id == backend.id
        rows = rows[~self.held[rows]]
        if not len(rows):
            return
        iops = claims.iops_p95[rows] * HEADROOM
        mibps = np.nan_to_num(claims.mibps_p95[rows], nan=0.0) * HEADROOM
        needed = claims.used_gib[rows] / (FILL_LIMIT if target.sized_by_hand else 1.0)
        allowed = _allowed(claims, rows, backend, target)
        if same and backend.retunable:
            tuned = fit(target, claims.gib[rows], iops, mibps)
            keeps = (tuned.gib <= claims.gib[rows]) & ~tuned.refused
            fitted = Fit(claims.gib[rows], tuned.iops, tuned.mibps, tuned.refused)
            usd = self._usd(price, fitted, rows)
            self._take(rows, Action.RETUNE, target, fitted, usd, 0.0, keeps)
        fitted = fit(target, needed, iops, mibps)
        usd = self._usd(price, fitted, rows)
        smaller = fitted.gib < claims.gib[rows]
        action = Action.SHRINK if same else Action.MOVE
        once = self.usd_now[rows] * MOVE_DAYS / DAYS_PER_MONTH
        fits = allowed & ~fitted.refused & (smaller if same else True)
        self._take(rows, action, target, fitted, usd, once, fits)

    def snapshot(self, rows: NDArray[np.int64], price: StoragePrice) -> None:
        """A snapshot in place of a volume that nobody has touched for long."""
        claims = self.claims
        idle = (claims.days_since_access[rows] >= IDLE_DAYS) & (claims.iops_p95[rows] == 0)
        rows = rows[idle & ~self.held[rows]]
        none = np.full(len(rows), np.nan)
        fitted = Fit(none, none, none, np.zeros(len(rows), dtype=np.bool_))
        usd = price.usd_per_month(claims.used_gib[rows])
        self._take(
            rows,
            Action.SNAPSHOT,
            price.backend,
            fitted,
            usd,
            0.0,
            np.ones(len(rows), dtype=np.bool_),
        )

    def orphans(self, rows: NDArray[np.int64]) -> None:
        """Claims that nothing uses: all that they cost is saved."""
        self.action[rows] = _ORDER.index(Action.ORPHANED)
        self.usd_then[rows] = np.where(np.isnan(self.usd_now[rows]), np.nan, 0.0)
        self.usd_once[rows] = 0.0
        self.gib[rows] = self.iops[rows] = self.mibps[rows] = np.nan

    def _usd(self, price: StoragePrice, fitted: Fit, rows: NDArray[np.int64]) -> Array:
        size = fitted.gib if price.backend.sized_by_hand else self.claims.used_gib[rows]
        # Operations at their p95: what a move to it costs at most.
        mean = self.claims.iops_p95[rows]
        return price.usd_per_month(size, fitted.iops, fitted.mibps, mean)

    def _take(
        self,
        rows: NDArray[np.int64],
        action: Action,
        target: Backend,
        fitted: Fit,
        usd: Array,
        once: Array | float,
        able: NDArray[np.bool_],
    ) -> None:
        """The option where it gains more than what each claim has so far."""
        saving = self.usd_now[rows] - usd
        once = np.broadcast_to(np.asarray(once, dtype=np.float64), saving.shape)
        gain = saving * PAYBACK_MONTHS - once
        better = able & (saving >= LEAST_USD) & (gain > self.gain[rows] * (1 + 1e-9))
        chosen = rows[better]
        self.gain[chosen] = gain[better]
        self.action[chosen] = _ORDER.index(action)
        self.target[chosen] = self._index(target)
        self.gib[chosen] = fitted.gib[better]
        self.iops[chosen] = np.where(target.retunable, fitted.iops[better], np.nan)
        self.mibps[chosen] = np.where(target.retunable, fitted.mibps[better], np.nan)
        self.usd_then[chosen] = usd[better]
        self.usd_once[chosen] = once[better]

    def _index(self, target: Backend) -> int:
        if target.id not in self.targets:
            self.targets = (*self.targets, target.id)
        return self.targets.index(target.id)

    def done(self) -> Advice:
        return Advice(
            self.action,
            self.target,
            self.targets,
            self.gib,
            self.iops,
            self.mibps,
            self.usd_now,
            self.usd_then,
            self.usd_once,
            self.unmeasured,
        )


def _targets(claims: Claims) -> tuple[str, ...]:
    """Backends that claims may move to: volumes of their own providers, and the ones that they are on."""
    known = backends()
    providers = {known[name].provider for name in claims.backend_ids} - {None, ON_PREMISES}
    others = (
        each.id
        for each in known.values()
        if each.provider in providers and each.sized_by_hand and each.access == "block"
    )
    return tuple(dict.fromkeys([*claims.backend_ids, *others]))


def _allowed(
    claims: Claims, rows: NDArray[np.int64], backend: Backend, target: Backend
) -> NDArray[np.bool_]:
    """Where the target may stand in for the backend, whatever its size."""
    able = np.full(len(rows), target.access == backend.access)
    if target.provider != backend.provider or (backend.snapshots and not target.snapshots):
        return np.zeros(len(rows), dtype=np.bool_)
    # A few milliseconds in place of less than one: the reason says so. Disks that turn are for what is cold.
    if target.latency in ("any", None) and _latency(target) > _latency(backend):
        able &= claims.days_since_access[rows] >= COLD_DAYS
    stated = np.array([claims.intent[row] for row in rows.tolist()])
    able &= (stated == "") | np.isin(stated, target.intents)
    return able


def _latency(backend: Backend) -> int:
    return len(LATENCIES) if backend.latency is None else LATENCIES.index(backend.latency)


def _measured(claims: Claims) -> NDArray[np.bool_]:
    """Where enough is known to advise anything smaller or slower."""
    return (
        np.isfinite(claims.used_gib)
        & np.isfinite(claims.iops_p95)
        & np.isfinite(claims.mibps_p95)
        & (claims.measured_days >= LEAST_DAYS)
    )


def _snapshot_of(backend: Backend) -> Backend | None:
    """The snapshots of a backend's provider, where it takes any."""
    if not backend.snapshots or backend.access != "block":
        return None
    return next(
        (
            e
            for e in backends().values()
            if e.provider == backend.provider and e.intents == ("snapshot",)
        ),
        None,
    )
