"""What storage can be had: one row a backend, whoever provides it.

The one place for these facts. A backend is what one StorageClass can name: a CSI driver with the
parameters that decide price and performance. Who turns it into objects is `trimtab.provision.storage`,
who prices it `trimtab.storage.prices`.
"""

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

from trimtab.errors import InputError, allowed
from trimtab.plan.storage import Intent

ON_PREMISES = "on-premises"
"""The provider of every site that is no cloud's: a data centre of one's own, or the edge."""

Access = Literal["block", "file", "object"]


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
        baseline_iops, baseline_mibps: of one volume, in the price of its GiB; None: grows with its size.
        max_iops, max_mibps: that one volume can have; None: not stated by its provider.
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
    baseline_iops: float | None
    baseline_mibps: float | None
    max_iops: float | None
    max_mibps: float | None
    source: str


@cache
def backends() -> dict[str, Backend]:
    """Every backend by its id, in the table's order."""
    with (files("trimtab.storage") / "backends.csv").open(encoding="utf-8") as table:
        return {row["id"]: _backend(row) for row in csv.DictReader(table)}


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
        baseline_iops=_number(row["baseline_iops"]),
        baseline_mibps=_number(row["baseline_mibps"]),
        max_iops=_number(row["max_iops"]),
        max_mibps=_number(row["max_mibps"]),
        source=row["source"],
    )


def _number(text: str) -> float | None:
    return float(text) if text else None
