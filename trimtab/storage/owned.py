"""What storage of one's own costs a GiB-month and emits, from what its owner has on paper.

    stored GiB       = raw TiB x 1,024 x fill / raw per stored
    usd per GiB-month = Hardware's USD per hour x 730 / stored GiB
    kg per TiB-hour   = Hardware's grams per hour / 1,000 / (stored GiB / 1,024)

`Hardware` is the papers of all of it together: the servers or the array with their disks, written off over
its life, with what it draws and the making of it. The cost is full cost, spread over what may be stored,
used or not, so that a tier of one's own is weighed with the same figure as a cloud's. Raw per stored is the
number of copies, or (data + coding chunks) / data of erasure coding; fill is the share of raw capacity that
may be used before its software warns.
"""

from dataclasses import dataclass

from trimtab.errors import InputError
from trimtab.inventory.hardware import HOURS_PER_MONTH, Hardware

GIB_PER_TIB = 1024.0
CEPH_FILL = 0.85
"""Where Ceph warns (mon_osd_nearfull_ratio; Ceph's documentation of its configuration, 2026-11)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnedStoragePapers:
    """A pool of storage's papers.

    Attributes:
        hardware: of all that makes it up, disks and what they are in.
        raw_tib: of its disks together, TiB of 2**40 bytes (makers sell TB of 10**12: 1 TB is 0.909 TiB).
        raw_per_stored: raw bytes that a stored byte takes: 3 for three copies, 1.5 for 4+2.
        fill: share of raw capacity that may be used, above 0 and up to 1.
    """

    hardware: Hardware
    raw_tib: float
    raw_per_stored: float
    fill: float = CEPH_FILL

    def __post_init__(self) -> None:
        """Refuse what holds nothing, or more than is there.

        Raises:
            InputError: a figure is out of its range.
        """
        for name, right, mend in (
            ("raw_tib", self.raw_tib > 0, "give the TiB of its disks together"),
            ("raw_per_stored", self.raw_per_stored >= 1, "give 1 or more: 3 for three copies"),
            ("fill", 0 < self.fill <= 1, "give a share above 0 and up to 1"),
        ):
            if not right:
                raise InputError(f"{name} is {getattr(self, name):g}", mend=mend)

    @property
    def stored_gib(self) -> float:
        """What it may hold, copies not counted: the inventory's `gib`."""
        return self.raw_tib * GIB_PER_TIB * self.fill / self.raw_per_stored

    @property
    def usd_per_gib_month(self) -> float:
        """US dollars a month of 730 h for each GiB that it may hold."""
        return self.hardware.usd_per_hour * HOURS_PER_MONTH / self.stored_gib

    @property
    def kgco2e_per_tib_hour(self) -> float | None:
        """Kilograms of CO2e an hour for each TiB that it may hold; None where its grid is not known."""
        emissions = self.hardware.emissions
        if emissions is None:
            return None
        return emissions.gco2e_per_hour / 1000 / (self.stored_gib / GIB_PER_TIB)

    @property
    def arithmetic(self) -> str:
        """How the price came about, in one sentence."""
        return (
            f"${self.usd_per_gib_month:.4f} a GiB-month = ${self.hardware.usd_per_hour:.4f} an hour x "
            f"{HOURS_PER_MONTH:g} h / {self.stored_gib:,.0f} GiB ({self.raw_tib:g} TiB raw x "
            f"{self.fill:.0%} / {self.raw_per_stored:g}); {self.hardware.arithmetic}"
        )
