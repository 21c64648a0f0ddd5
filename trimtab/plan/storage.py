"""What a plan says of storage: how much of which kind is provisioned, when, at what price, and why.

A tier is what one StorageClass gives: one intent, served by one backend at one site. Its sizes are sums
over the tier's volumes. Volumes grow in place and shrink in no cloud, so a tier's GiB never fall from
window to window; IOPS and throughput may, for a VolumeAttributesClass retunes them.
"""

from itertools import pairwise
from typing import Annotated, Literal

from pydantic import Field

from trimtab.plan.shared import Interval, OwnerRef
from trimtab.plan.types import (
    Amount,
    DnsLabel,
    Document,
    Instant,
    Invariant,
    Name,
    Share,
    ShortText,
    Text,
    Whole,
)

MAX_TIERS = 64
MAX_STORAGE_WINDOWS = 48
Intent = Literal["hot", "warm", "cold", "scratch", "shared", "snapshot"]
INTENTS: tuple[Intent, ...] = ("hot", "warm", "cold", "scratch", "shared", "snapshot")
"""What data is for: read and written all the time; now and then; hardly ever; until the job ends; by many
pods at once; a copy to go back to."""


class StorageWindow(Document):
    """What is provisioned in [start, end), summed over the tier's volumes."""

    start: Instant
    end: Instant
    gib: Amount
    iops: Amount = Field(default=0.0, description="0: the backend's baseline.")
    mibps: Amount = Field(default=0.0, description="Throughput in MiB/s; 0: the baseline.")

    invariants = (
        Invariant(
            "a window must start before it ends",
            lambda w: w.start < w.end,
            "self.start < self.end",
        ),
    )


class StorageCandidate(Document):
    """A backend that was weighed: what it would cost, or why it can't serve."""

    backend: ShortText
    usd_per_hour: Amount | None = Field(default=None, description="Absent: not priced, or refused.")
    kgco2e_per_hour: Amount | None = None
    refused: ShortText | None = Field(default=None, description="Why it can't serve the tier.")


class StorageExpected(Document):
    """Means over the plan's span."""

    used_gib: Interval = Field(description="What is stored, of what is provisioned.")
    usd_per_hour: Interval | None = Field(default=None, description="Absent: not priced.")
    operations_usd_per_hour: Amount | None = Field(
        default=None, description="Part of usdPerHour: single requests, where they are charged."
    )
    kgco2e_per_hour: Amount | None = Field(default=None, description="Absent: not known.")


class StorageReason(Document):
    """Why a tier is sized and placed as it is."""

    backend: Text = Field(description="Why this backend.")
    guardrail: Text = Field(default="", description="What held the sizes; empty: nothing.")
    forecast: ShortText = Field(description="The model that forecast the GiB.")
    coverage80: Share | None = Field(
        default=None, description="Of its 80 % interval, calibrated, on held-out origins."
    )
    gib_quantile: Share = Field(description="Of the forecast, that GiB are provisioned for.")
    speed_quantile: Share = Field(description="The same of IOPS and throughput.")
    fill_limit: Share = Field(description="How full volumes are planned to get.")
    running_gib: Amount | None = Field(
        default=None, description="Provisioned when the plan was made; absent: not known."
    )


class StorageTier(Document):
    """Storage of one intent on one backend at one site: what one StorageClass gives."""

    name: DnsLabel = Field(description="Of the StorageClass, too.")
    intent: Intent
    backend: ShortText = Field(description="In the words of the storage catalogue: ebs-gp3.")
    site: ShortText | None = Field(
        default=None,
        description="Of owned machines, where it stands there; absent: the plan's site.",
    )
    workloads: Annotated[tuple[Name, ...], Field(max_length=64)] = ()
    owner: OwnerRef = OwnerRef()
    volumes: Annotated[int, Field(strict=True, ge=1, le=1_000_000), Whole] = Field(
        default=1,
        description="How many volumes share the sizes; limits of a volume count for each.",
    )
    windows: Annotated[
        tuple[StorageWindow, ...], Field(min_length=1, max_length=MAX_STORAGE_WINDOWS)
    ]
    usd_per_gib_month: Amount | None = Field(default=None, description="Absent: not priced.")
    usd_per_iops_month: Amount | None = Field(
        default=None,
        description="Of IOPS above the backend's baseline; where its price falls with them, the mean of the"
        " largest window.",
    )
    usd_per_mibps_month: Amount | None = Field(
        default=None, description="Of throughput above the backend's baseline."
    )
    expected: StorageExpected
    candidates: Annotated[tuple[StorageCandidate, ...], Field(max_length=32)] = ()
    reason: StorageReason | None = None

    invariants = (
        Invariant(
            "windows must follow one another without gap or overlap",
            lambda t: all(a.end == b.start for a, b in pairwise(t.windows)),
            "self.windows.map(w, w.start) + [self.windows[self.windows.size() - 1].end]"
            " == [self.windows[0].start] + self.windows.map(w, w.end)",
        ),
        Invariant(
            "a tier's GiB must not fall: volumes can't shrink",
            lambda t: all(a.gib <= b.gib for a, b in pairwise(t.windows)),
            "self.windows.map(w, w.gib).isSorted()",
        ),
    )
