"""What one backend would provision for a tier, what that would cost, or why it can't serve.

Volumes can't shrink in any cloud: on the backend where a tier stands already its GiB begin with what is
provisioned and never fall. On another one it would begin afresh, which is a move and paid for as one
(`trimtab.planning.storage`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from trimtab.clock import HOURS_PER_MONTH
from trimtab.forecast.model import Array
from trimtab.inventory.model import OwnedStorage, RunningStorage
from trimtab.planning.storage_needs import WindowNeeds
from trimtab.pricing.book import PriceBook
from trimtab.storage.backends import LATENCIES, ON_PREMISES, Backend, backends, suiting
from trimtab.storage.carbon import kgco2e_per_tib_hour
from trimtab.storage.limits import attainable, fit, whole, why_not
from trimtab.storage.model import TierNeed
from trimtab.storage.prices import StoragePrice, owned_price, price_of

GROWTH_STEP = 0.02
"""A volume grows by at least this share of its size: nobody wants a change for every GiB."""
GIB_PER_TIB = 1024.0


@dataclass(frozen=True)
class Place:
    """Where a tier stands."""

    provider: str
    region: str
    site: str | None = None


@dataclass(frozen=True)
class Sized:
    """A backend's answer to a tier.

    Attributes:
        backend: which.
        price: of it there.
        gib, iops, mibps: provisioned, summed over the volumes, shape (windows,); empty where refused.
        usd_per_hour: mean over the span, with what the low and the high scenario would cost; None: not
            priced, or refused.
        kgco2e_per_hour: mean over the span; None: not known.
        refused: why it can't serve; None: it can.
        held: whether what is provisioned already is more than would be made anew.
        owned: the row of the inventory that it draws from, where it is one's own.
    """

    backend: Backend
    price: StoragePrice
    gib: Array
    iops: Array
    mibps: Array
    usd_per_hour: tuple[float, float, float] | None = None
    kgco2e_per_hour: float | None = None
    refused: str | None = None
    held: bool = False
    owned: OwnedStorage | None = None


@dataclass(frozen=True)
class Weighing:
    """What every candidate of a tier is weighed with.

    Attributes:
        need, windows: what is asked.
        place: where.
        book: prices.
        running: what the tier is provisioned with; None: nothing, or it is not known.
        owned: storage of one's own.
        left: GiB that are left of each, by id.
    """

    need: TierNeed
    windows: WindowNeeds
    place: Place
    book: PriceBook
    running: RunningStorage | None
    owned: Sequence[OwnedStorage]
    left: Mapping[str, float]

    def candidates(self) -> list[Sized]:
        """Every backend that may be chosen, and the one that runs, the most suitable first."""
        provider = ON_PREMISES if self.place.site else self.place.provider
        known = backends()
        names = list(self.need.backends) or [
            each.id for each in suiting(self.need.intent, provider)
        ]
        if self.running and self.running.backend not in names:
            names.append(self.running.backend)
        return [self._sized(known[name], provider) for name in names]

    def _sized(self, backend: Backend, provider: str) -> Sized:
        owned = self._row(backend)
        price = (
            price_of(backend, self.place.region, self.book, self.need.intent)
            if backend.provider == provider and provider != ON_PREMISES
            else owned_price(backend, self.place.site, owned.usd_per_gib_month if owned else None)
        )
        refused = self._unsuitable(backend, provider, owned)
        held = False
        if refused is None:
            made = self._windows(_within(backend, owned), price)
            if isinstance(made, str):
                refused = made
            else:
                gib, iops, mibps, held = made
                if owned and gib[-1] > self.left.get(owned.id, owned.gib):
                    room = self.left.get(owned.id, owned.gib)
                    refused = f"{owned.id} has {room:,.0f} GiB left, and {gib[-1]:,.0f} are needed"
        if refused is not None:
            none = np.zeros(0)
            return Sized(backend, price, none, none, none, refused=refused, owned=owned)
        return Sized(
            backend,
            price,
            gib,
            iops,
            mibps,
            usd_per_hour=self._usd(backend, price, gib, iops, mibps),
            kgco2e_per_hour=self._carbon(backend, provider, owned, gib),
            held=held,
            owned=owned,
        )

    def _row(self, backend: Backend) -> OwnedStorage | None:
        rows = (each for each in self.owned if each.backend == backend.id)
        here = self.place.site or self.place.region
        return next((each for each in rows if each.site == here), None)

    def _unsuitable(
        self, backend: Backend, provider: str, owned: OwnedStorage | None
    ) -> str | None:
        """Why the backend can't be what the tier needs, whatever its size."""
        need, running = self.need, self.running
        if backend.provider not in (provider, None):
            return f"there is none at {self.place.site or self.place.provider}"
        if need.intent not in backend.intents:
            return f"it does not suit {need.intent} data"
        if backend.provider is None and owned is None:
            return "what it has hangs on its machines: state it as ownedStorage in an inventory"
        if need.access == "many" and backend.access == "block":
            return "its volumes serve one node at a time, and many are to use them"
        if need.snapshots and not backend.snapshots:
            return "no VolumeSnapshots are taken of it"
        if need.latency != "any":
            if backend.latency is None:
                return f"its latency is not stated, and {need.latency} is needed"
            if LATENCIES.index(backend.latency) > LATENCIES.index(need.latency):
                return f"it is slower than {need.latency}"
        if running is None:
            unknown = self.windows.iops is None
            if unknown and backend.latency == "any" and need.intent in ("hot", "warm"):
                return f"how many IOPS {need.intent} data needs is not known: no disks that turn"
            return None
        if running.backend == backend.id:
            return None
        if self.windows.fault:
            return f"the telemetry can't be trusted: {self.windows.fault}"
        return self._slower(backend, running)

    def _slower(self, backend: Backend, running: RunningStorage) -> str | None:
        """Why the backend may be slower than what runs, where the need is not known."""
        volumes = self.need.volumes
        now = attainable(backends()[running.backend], running.gib / volumes)
        then = attainable(backend, running.gib / volumes)
        for what, need, stated, had, has in (
            ("IOPS", self.windows.iops, running.iops, now[0], then[0]),
            ("MiB/s", self.windows.mibps, running.mibps, now[1], then[1]),
        ):
            before = stated / volumes or float(had)
            if need is None and not float(has) >= before:  # NaN: nobody says that it is enough
                return (
                    f"it may be slower than what runs, and how many {what} are needed is not known"
                )
        return None

    def _windows(
        self, backend: Backend, price: StoragePrice
    ) -> tuple[Array, Array, Array, bool] | str:
        """GiB, IOPS and MiB/s of each window, and whether what runs held them; a text: why there are none."""
        need, windows, volumes = self.need, self.windows, self.need.volumes
        filled = need.fill_limit if backend.sized_by_hand else 1.0
        stays = self.running is not None and self.running.backend == backend.id
        nothing = np.zeros(len(windows.gib))
        iops = nothing if windows.iops is None else windows.iops
        mibps = nothing if windows.mibps is None else windows.mibps
        if stays and self.running is not None:
            # What is not known, or not to be trusted, keeps what runs.
            if windows.iops is None or windows.fault:
                iops = np.maximum(iops, self.running.iops)
            if windows.mibps is None or windows.fault:
                mibps = np.maximum(mibps, self.running.mibps)
        wanted = windows.gib / filled
        asked = (wanted / volumes, iops / volumes, mibps / volumes)
        for each in zip(*asked, strict=True):
            if refused := why_not(backend, *(float(value) for value in each)):
                return refused
        fitted = fit(backend, *asked)
        begin = self.running.gib / volumes if stays and self.running else 0.0
        gib = _risen(backend, fitted.gib, begin)
        held = bool(begin > fitted.gib.max())
        if backend.max_gib is not None:
            gib = np.minimum(gib, max(backend.max_gib, begin))
        if not (backend.retunable or price.sells_speed):
            return gib * volumes, nothing, nothing, held
        return gib * volumes, fitted.iops * volumes, fitted.mibps * volumes, held

    def _usd(
        self, backend: Backend, price: StoragePrice, gib: Array, iops: Array, mibps: Array
    ) -> tuple[float, float, float] | None:
        """Mean over the span, in the expected, the low and the high scenario."""
        volumes, windows = self.need.volumes, self.windows
        each_mean_iops = windows.mean_iops / volumes
        if price.operation is None and "operations" not in price.unpriced:
            each_mean_iops = 0.0
        found = []
        for used in windows.used:
            size = gib if backend.sized_by_hand else np.full(gib.shape, used)
            month = volumes * price.usd_per_month(
                size / volumes, iops / volumes, mibps / volumes, each_mean_iops
            )
            found.append(float(np.average(month, weights=windows.lengths)) / HOURS_PER_MONTH)
        mean, low, high = found
        return None if np.isnan(mean) else (mean, low, high)

    def _carbon(
        self, backend: Backend, provider: str, owned: OwnedStorage | None, gib: Array
    ) -> float | None:
        each = (
            owned.kgco2e_per_tib_hour
            if owned
            else kgco2e_per_tib_hour(backend, provider, self.place.region)
        )
        if each is None:
            return None
        kept = gib if backend.sized_by_hand else np.full(gib.shape, self.windows.used[0])
        return float(np.average(kept, weights=self.windows.lengths)) / GIB_PER_TIB * each


def _within(backend: Backend, owned: OwnedStorage | None) -> Backend:
    """The backend with what its owner says that a volume of it can do."""
    if owned is None:
        return backend
    return replace(
        backend,
        max_iops=owned.max_iops if owned.max_iops is not None else backend.max_iops,
        max_mibps=owned.max_mibps if owned.max_mibps is not None else backend.max_mibps,
    )


def _risen(backend: Backend, gib: Array, begin: float) -> Array:
    """Sizes that never fall, and grow by no less than GROWTH_STEP once there are volumes."""
    now, found = begin, []
    for wanted in gib:
        if wanted > now:
            now = max(float(wanted), float(whole(backend, now * (1 + GROWTH_STEP))))
        found.append(now)
    return np.array(found)
