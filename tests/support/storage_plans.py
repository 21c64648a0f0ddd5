"""A plan with storage tiers."""

from typing import Any

from support.plans import plan, windows
from trimtab.plan.model import CapacityPlan


def tier(name: str, intent: str, backend: str, *sizes: tuple[float, float, float],
         **changes: Any) -> dict[str, Any]:  # fmt: skip
    """A tier with a window for each (GiB, IOPS, MiB/s)."""
    spans = [
        {"start": each["start"], "end": each["end"], "gib": gib, "iops": iops, "mibps": mibps}
        for each, (gib, iops, mibps) in zip(windows(*[(0, 0, 0)] * len(sizes)), sizes, strict=True)
    ]
    return {
        "name": name,
        "intent": intent,
        "backend": backend,
        "owner": {"team": "vision"},
        "windows": spans,
        "expected": {"usedGib": {"mean": 1.0, "low": 1.0, "high": 1.0}},
        **changes,
    }


def tiered(*tiers: dict[str, Any], **spec: Any) -> CapacityPlan:
    """The plan with these tiers."""
    return plan(storage=list(tiers), **spec)


HOT = tier("hot", "hot", "ebs-gp3", (4000, 40000, 1600), (4000, 16000, 0), (6000, 16000, 0),
           volumes=4)  # fmt: skip
TIERED = tiered(
    HOT,
    tier("cold", "cold", "ebs-st1", (1000, 0, 0)),
    tier("back", "snapshot", "ebs-snapshot", (500, 0, 0)),
)
