"""What a volume costs a month: its GiB, the IOPS and MiB/s above what comes with it, and its operations.

Prices are the book's (`trimtab.pricing.book`), by the names in rates.csv; an owner's figure stands for
what is on premises. What has no price is NaN, never 0: a volume whose IOPS are not priced is not priced.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from math import inf, nan
from typing import TYPE_CHECKING

from trimtab.clock import SECONDS_PER_MONTH
from trimtab.plan.storage import Intent
from trimtab.pricing.book import PriceBook
from trimtab.storage.backends import Backend, table

if TYPE_CHECKING:  # `trimtab preview` takes prices from here, and numpy takes half a second to load
    from numpy.typing import ArrayLike

    from trimtab.storage.limits import Array

_PER_RATE = {"10k operations": 1e4, "1K requests": 1e3}
"""Operations in the unit of a rate."""


@dataclass(frozen=True)
class PriceTier:
    """US dollars a month for each unit above `start`, up to the next tier's."""

    start: float
    usd: float


@dataclass(frozen=True)
class Cited:
    """A rate that a price rests on."""

    rate: str
    as_of: date
    source: str


@dataclass(frozen=True)
class StoragePrice:
    """What one backend costs at one place, US dollars a month of 730 h.

    Attributes:
        backend: whose price it is.
        region: where.
        gib: per GiB; empty: not priced.
        steps: of a disk of each step, in the backend's order; NaN: not priced; empty: sold by the GiB.
        iops, mibps: per unit above what is included; empty: not charged, or not sold (see `unpriced`).
        included_iops, included_mibps, included_mibps_per_gib: what comes with a volume.
        operation: per mean operation a second, over a month; None: not charged.
        unpriced: parts that are charged for and have no price here.
        cited: the rates behind it.
    """

    backend: Backend
    region: str | None
    gib: tuple[PriceTier, ...] = ()
    steps: tuple[float, ...] = ()
    iops: tuple[PriceTier, ...] = ()
    mibps: tuple[PriceTier, ...] = ()
    included_iops: float = inf
    included_mibps: float = inf
    included_mibps_per_gib: float = 0.0
    operation: float | None = None
    unpriced: frozenset[str] = frozenset()
    cited: tuple[Cited, ...] = ()

    @property
    def usd_per_gib_month(self) -> float | None:
        """Of the first GiB; None: not priced, or sold in steps."""
        return self.gib[0].usd if self.gib else None

    @property
    def usd_per_iops_month(self) -> float | None:
        """Of the first IOPS above those that are included; None: not sold, or not priced."""
        return self.iops[0].usd if self.iops else None

    def iops_beyond(self, iops: float) -> float:
        """IOPS of one volume that are paid for."""
        return max(iops - self.included_iops, 0.0) if self.iops else 0.0

    def mibps_beyond(self, mibps: float, gib: float) -> float:
        """MiB/s of one volume of a size that are paid for."""
        free = self.included_mibps + self.included_mibps_per_gib * gib
        return max(mibps - free, 0.0) if self.mibps else 0.0

    def usd_per_iops_month_at(self, iops: float) -> float | None:
        """Mean price of those of one volume's IOPS that are paid for; where none is, of the first."""
        beyond = self.iops_beyond(iops)
        if not beyond:
            return self.usd_per_iops_month
        import numpy as np

        return float(_tiered(self.iops, np.asarray(beyond))) / beyond

    @property
    def usd_per_mibps_month(self) -> float | None:
        """Of the first MiB/s above those that are included; None: not sold, or not priced."""
        return self.mibps[0].usd if self.mibps else None

    @property
    def sells_speed(self) -> bool:
        """Whether IOPS or throughput are bought beside the GiB."""
        return bool(self.iops or self.mibps or {"iops", "mibps"} & self.unpriced)

    def usd_per_month(
        self,
        gib: "ArrayLike",
        iops: "ArrayLike" = 0.0,
        mibps: "ArrayLike" = 0.0,
        mean_iops: "ArrayLike" = 0.0,
    ) -> "Array":
        """What volumes cost; NaN: not priced.

        Args:
            gib: of each, provisioned (or used, where that is billed).
            iops, mibps: set on each.
            mean_iops: operations a second over the month; NaN: not known, as their price then is.
        """
        import numpy as np

        size, io, through, mean = np.broadcast_arrays(
            *(np.asarray(each, dtype=np.float64) for each in (gib, iops, mibps, mean_iops))
        )
        usd = self._storage(size)
        usd = usd + self._beyond("iops", self.iops, io - self.included_iops)
        free = self.included_mibps + self.included_mibps_per_gib * size
        usd = usd + self._beyond("mibps", self.mibps, through - free)
        if "operations" in self.unpriced:
            usd = np.where(np.nan_to_num(mean, nan=1.0) > 0, np.nan, usd)
        elif self.operation is not None:
            usd = usd + mean * self.operation
        found: Array = usd
        return found

    def _storage(self, gib: "Array") -> "Array":
        import numpy as np

        if self.steps:
            ends = np.array([step.gib for step in self.backend.steps])
            at = np.searchsorted(ends, gib, side="left")
            prices = np.array([*self.steps, np.nan])
            priced: Array = prices[at]
            return priced
        return _tiered(self.gib, gib) if self.gib else np.full(gib.shape, np.nan)

    def _beyond(self, part: str, tiers: Sequence[PriceTier], above: "Array") -> "Array":
        import numpy as np

        extra = np.nan_to_num(np.maximum(above, 0.0), nan=0.0, posinf=0.0)
        if part in self.unpriced:
            return np.where(extra > 0, np.nan, 0.0)
        return _tiered(tiers, extra) if tiers else np.zeros(extra.shape)


def price_of(
    backend: Backend, region: str | None, book: PriceBook, intent: Intent | None = None
) -> StoragePrice:
    """A backend's price in a region; parts that the book does not have there are `unpriced`.

    Args:
        backend: of a cloud.
        region: where.
        book: the prices.
        intent: where a backend's price hangs on it: FSx for scratch is not FSx that lasts.
    """
    price = StoragePrice(backend, region)
    for row in _rates(backend.id, intent):
        price = _with(price, row, book)
    return price


def owned_price(
    backend: Backend,
    site: str | None,
    usd_per_gib_month: float | None,
) -> StoragePrice:
    """What an owner says that his storage costs; None: he does not say."""
    tiers = () if usd_per_gib_month is None else (PriceTier(0.0, usd_per_gib_month),)
    return StoragePrice(backend, site, tiers)


def _with(price: StoragePrice, row: dict[str, str], book: PriceBook) -> StoragePrice:
    part, name = row["part"], row["rate"]
    if part == "step":
        names = [name.format(step=step.name) for step in price.backend.steps]
        rates = [book.rate(each, price.region) for each in names]
        steps = tuple(nan if rate is None else rate.usd for rate in rates)
        known = [rate for rate in rates if rate is not None]
        if not known:
            return replace(price, unpriced=price.unpriced | {part})
        cited = Cited(name, known[0].as_of, known[0].source)
        return replace(price, steps=steps, cited=(*price.cited, cited))
    price = _including(price, row)
    found = book.tiers(name, price.region)
    if found is None:
        return replace(price, unpriced=price.unpriced | {part})
    cited = Cited(name, found[0].rate.as_of, found[0].rate.source)
    price = replace(price, cited=(*price.cited, cited))
    if part == "operations":
        per = _PER_RATE[found[0].rate.unit]
        return replace(price, operation=SECONDS_PER_MONTH / per * found[0].rate.usd)
    tiers = tuple(PriceTier(each.start, each.rate.usd) for each in found)
    if part == "iops":
        return replace(price, iops=tiers)
    return replace(price, mibps=tiers) if part == "mibps" else replace(price, gib=tiers)


def _including(price: StoragePrice, row: dict[str, str]) -> StoragePrice:
    """What comes with a volume, of what is sold beside its GiB."""
    included = float(row["included"] or 0.0)
    if row["part"] == "iops":
        return replace(price, included_iops=included)
    if row["part"] == "mibps":
        per_gib = float(row["included_per_gib"] or 0.0)
        return replace(price, included_mibps=included, included_mibps_per_gib=per_gib)
    return price


def _rates(backend: str, intent: str | None) -> list[dict[str, str]]:
    """The rates of a backend, those of the intent in place of the general ones."""
    rows = _table().get(backend, [])
    own = [row for row in rows if row["intent"] and row["intent"] == intent]
    taken = {row["part"] for row in own}
    return [*own, *(row for row in rows if not row["intent"] and row["part"] not in taken)]


@cache
def _table() -> dict[str, list[dict[str, str]]]:
    found: dict[str, list[dict[str, str]]] = {}
    for row in table("rates"):
        found.setdefault(row["backend"], []).append(row)
    return found


def _tiered(tiers: Sequence[PriceTier], quantity: "Array") -> "Array":
    import numpy as np

    ends = [*(tier.start for tier in tiers[1:]), np.inf]
    usd: Array = np.zeros(quantity.shape)
    for tier, end in zip(tiers, ends, strict=True):
        usd = usd + np.clip(quantity - tier.start, 0.0, end - tier.start) * tier.usd
    return usd
