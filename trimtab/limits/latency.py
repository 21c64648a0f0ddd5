"""A table of round trips between regions makes latency bounds enforceable.

No offer states a latency. Where a table does, and the limits say where a workload's users are, a bound
leaves only the regions from which all of them are reached in time. A region that the table does not
know can promise nothing, and is left out.
"""

import csv
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from trimtab.errors import InfeasibleError, InputError, allowed
from trimtab.files import read_bytes, read_text, sha256
from trimtab.workloads.model import Workload

COLUMNS = ("from_region", "to_region", "rtt_ms")
MAX_RTT_MS = 10_000.0


@dataclass(frozen=True)
class LatencyTable:
    """Round trips in milliseconds by (from, to) region; within a region it is taken as 0."""

    source: str
    digest: str
    rtt_ms: Mapping[tuple[str, str], float]

    def regions(self) -> set[str]:
        """Every region that it knows."""
        return {region for pair in self.rtt_ms for region in pair}

    def between(self, one: str, other: str) -> float | None:
        """The round trip, measured either way; None where it is not known."""
        if one == other:
            return 0.0
        return self.rtt_ms.get((one, other), self.rtt_ms.get((other, one)))


def load_latency(path: Path) -> LatencyTable:
    """The table in a CSV file with the columns from_region, to_region and rtt_ms.

    Raises:
        InputError: the file can't be read, or a row is wrong; names the line.
    """
    lines = read_text(path).splitlines()
    header = [name.strip() for name in lines[0].split(",")] if lines else []
    missing = [name for name in COLUMNS if name not in header]
    if missing:
        raise InputError(
            f"has no column {missing[0]}",
            where=f"{path}, line 1",
            mend=f"give the columns {', '.join(COLUMNS)}",
        )
    rtt_ms: dict[tuple[str, str], float] = {}
    for number, row in enumerate(csv.DictReader(lines, fieldnames=None, skipinitialspace=True), 2):
        where = f"{path}, line {number}"
        clean = {key.strip(): (value or "").strip() for key, value in row.items() if key}
        pair = clean["from_region"], clean["to_region"]
        if not all(pair):
            raise InputError("names no region", where=where, mend="fill in both regions")
        if pair in rtt_ms:
            raise InputError(f"{pair[0]} to {pair[1]} stands twice", where=where, mend="keep one")
        rtt_ms[pair] = _milliseconds(clean["rtt_ms"], where)
    return LatencyTable(path.name, sha256(read_bytes(path)), rtt_ms)


def within_reach(
    workload: Workload,
    clients: Collection[str],
    table: LatencyTable,
    offered: Collection[str],
) -> Workload:
    """The workload, allowed only where all its users are reached within its bound.

    Args:
        workload: with a latency bound.
        clients: regions of its users.
        table: round trips.
        offered: regions on offer.

    Raises:
        InputError: it is not said where its users are, or the table knows none of it.
        InfeasibleError: no allowed region on offer is near enough; names the nearest.
    """
    bound = workload.latency_ms
    if bound is None:
        return workload
    if not clients:
        raise InputError(
            f"workload {workload.name} bounds its latency to {bound:g} ms, and nothing says to where",
            where=f"--latency {table.source}",
            mend="state the regions of its users in --limits, spec.clients",
        )
    unknown = sorted(set(clients) - table.regions())
    if unknown:
        raise InputError(
            f"the table knows no region {unknown[0]}, where users of {workload.name} are",
            where=f"--latency {table.source}",
            mend=f"use one of {allowed(table.regions())}",
        )
    candidates = set(workload.regions) & set(offered) if workload.regions else set(offered)
    farthest: dict[str, float] = {}
    for region in candidates:
        trips = [table.between(region, client) for client in clients]
        known = [trip for trip in trips if trip is not None]
        if len(known) == len(trips):
            farthest[region] = max(known)
    near = tuple(sorted(region for region, trip in farthest.items() if trip <= bound))
    if not near:
        nearest = min(farthest.items(), key=lambda each: (each[1], each[0]), default=None)
        raise InfeasibleError(
            f"no region on offer is within {bound:g} ms of the users of {workload.name} in "
            f"{allowed(set(clients))}"
            + (f"; the nearest, {nearest[0]}, is {nearest[1]:g} ms away" if nearest else ""),
            where=f"--latency {table.source}",
            mend=f"allow {nearest[1]:g} ms, or another region" if nearest else "widen the table",
        )
    return replace(workload, regions=near)


def _milliseconds(text: str, where: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value <= MAX_RTT_MS:
        raise InputError(
            f"{text or 'nothing'} is no round trip",
            where=f"{where}, column rtt_ms",
            mend=f"give milliseconds from 0 to {MAX_RTT_MS:g}",
        )
    return value
