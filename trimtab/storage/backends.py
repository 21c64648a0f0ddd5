"""What storage can be had: one row a backend, whoever provides it.

The one place for these facts. A backend is what one StorageClass can name: a CSI driver with the
parameters that decide price and performance. Who turns it into objects is `trimtab.provision.storage`,
who prices it `trimtab.storage.prices`.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

from trimtab.errors import InputError, allowed
from trimtab.plan.storage import Intent

ON_PREMISES = "on-premises"
"""The provider of every site that is no cloud's: a data centre of one's own, or the edge."""

Access = Literal["block", "file", "object"]
Latency = Literal["sub-ms", "ms", "any"]
LATENCIES: tuple[Latency, ...] = ("sub-ms", "ms", "any")
"""From the quickest: below a millisecond, a few milliseconds, disks that turn or worse."""
MB_IN_MIB = 1e6 / 2**20


@dataclass(frozen=True)
class Step:
    """A size in which disks are sold: one that is smaller is paid for as this.

    Attributes:
        name: as the provider has it: `p10`.
        gib: the largest disk that it covers.
        iops, mibps: that such a disk has.
    """

    name: str
    gib: float
    iops: float
    mibps: float


@dataclass(frozen=True)
class Backend:
    """One kind of storage.

    Attributes:
        id: as plans and arguments name it, such as `ebs-gp3`.
        provider: `aws`, `azure`, `gcp` or `on-premises`; None: nodes of any.
        driver: the CSI driver's name, which is the StorageClass' provisioner.
        access: `block` (one node at a time), `file` (many) or `object`.
        intents: what it suits, the best first.
        expandable: whether volumes grow in place.
        snapshots: whether VolumeSnapshots are taken of it.
        retunable: whether a VolumeAttributesClass changes IOPS and throughput in place.
        min_gib, max_gib: of one volume; None: not limited.
        gib_step: what sizes above the least are multiples of; None: of one GiB.
        baseline_iops, baseline_mibps: that a volume of any size has; None: grows with its size, or is
            not stated.
        max_iops, max_mibps: that one volume can have; None: not stated by its provider.
        iops_per_gib, mibps_per_gib: of a retunable one, the most that may be set for each GiB; of
            another, what each GiB brings beside the baseline.
        mibps_per_iops: the most throughput that may be set for each IOPS; None: not tied.
        latency: of a small request, as its provider says; None: not stated.
        media: `ssd` or `hdd`; None: not stated.
        copies: that are kept of each byte, for the energy they take; None: not known.
        billed: by what is `provisioned`, or by what is `used`.
        steps: the sizes it is sold in, rising; empty: by the GiB.
        source: where the limits were read, and when.
    """

    id: str
    provider: str | None
    driver: str
    access: Access
    intents: tuple[Intent, ...]
    expandable: bool
    snapshots: bool
    retunable: bool
    min_gib: float | None
    max_gib: float | None
    gib_step: float | None
    baseline_iops: float | None
    baseline_mibps: float | None
    max_iops: float | None
    max_mibps: float | None
    iops_per_gib: float | None
    mibps_per_gib: float | None
    mibps_per_iops: float | None
    latency: Latency | None
    media: Literal["ssd", "hdd"] | None
    copies: int | None
    billed: Literal["provisioned", "used"]
    steps: tuple[Step, ...]
    source: str

    @property
    def sized_by_hand(self) -> bool:
        """Whether its volumes are made of a size at all: not where only what is stored is paid for."""
        return self.billed == "provisioned"


@cache
def backends() -> dict[str, Backend]:
    """Every backend by its id, in the table's order."""
    return {row["id"]: _backend(row) for row in table("backends")}


def backend(name: str, where: str) -> Backend:
    """The backend of that id.

    Raises:
        InputError: there is none.
    """
    known = backends()
    if name not in known:
        raise InputError(
            f"backend {name} is not known",
            where=where,
            mend=f"use one of {allowed(list(known), limit=50)}",
        )
    return known[name]


def suiting(intent: Intent, provider: str) -> tuple[Backend, ...]:
    """The provider's backends that suit an intent: where it is named first, first."""
    found = [
        each
        for each in backends().values()
        if each.provider in (provider, None) and intent in each.intents
    ]
    return tuple(sorted(found, key=lambda each: each.intents.index(intent)))


def table(name: str) -> Iterator[dict[str, str]]:
    """The rows of a table beside this module."""
    with (files("trimtab.storage") / f"{name}.csv").open(encoding="utf-8") as text:
        yield from csv.DictReader(text)


@cache
def _steps() -> dict[str, tuple[Step, ...]]:
    found: dict[str, list[Step]] = {}
    for row in table("steps"):
        step = Step(
            row["step"], float(row["gib"]), float(row["iops"]), float(row["mbps"]) * MB_IN_MIB
        )
        found.setdefault(row["backend"], []).append(step)
    return {name: tuple(steps) for name, steps in found.items()}


def _backend(row: dict[str, str]) -> Backend:
    return Backend(
        id=row["id"],
        provider=row["provider"] or None,
        driver=row["driver"],
        access=row["access"],  # type: ignore[arg-type]  # held by a test of the table
        intents=tuple(row["intents"].split()),  # type: ignore[arg-type]
        expandable=row["expandable"] == "yes",
        snapshots=row["snapshots"] == "yes",
        retunable=row["retunable"] == "yes",
        min_gib=_number(row["min_gib"]),
        max_gib=_number(row["max_gib"]),
        gib_step=_number(row["gib_step"]),
        baseline_iops=_number(row["baseline_iops"]),
        baseline_mibps=_number(row["baseline_mibps"]),
        max_iops=_number(row["max_iops"]),
        max_mibps=_number(row["max_mibps"]),
        iops_per_gib=_number(row["iops_per_gib"]),
        mibps_per_gib=_number(row["mibps_per_gib"]),
        mibps_per_iops=_number(row["mibps_per_iops"]),
        latency=row["latency"] or None,  # type: ignore[arg-type]
        media=row["media"] or None,  # type: ignore[arg-type]
        copies=int(row["copies"]) if row["copies"] else None,
        billed=row["billed"],  # type: ignore[arg-type]
        steps=_steps().get(row["id"], ()),
        source=row["source"],
    )


def _number(text: str) -> float | None:
    return float(text) if text else None
