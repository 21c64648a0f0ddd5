"""A small, valid CapacityPlan for tests of the consumers, varied by keyword."""

from datetime import UTC, datetime, timedelta
from typing import Any

from trimtab.plan.document import parse_plan
from trimtab.plan.model import CapacityPlan

START = datetime(2026, 11, 1, tzinfo=UTC)
DIGEST = "sha256:" + "a" * 64


COMMITMENT: dict[str, Any] = {
    "digest": DIGEST,
    "pool": "trainer",
    "group": "reserved",
    "provider": "aws",
    "region": "us-east-1",
    "instanceType": "p4d.24xlarge",
    "term": "1y",
    "quantity": 5,
    "usdPerHour": 19.22,
    "onDemandUsdPerHour": 32.77,
    "bindingUsd": 841836.0,
    "breakEvenUtilisation": 0.59,
    "expectedUtilisation": 0.95,
    "lastNodeUtilisation": 0.8,
}
"""A proposed line for the plan's reserved group."""


def windows(*sizes: tuple[int, int, int], hours: int = 4) -> list[dict[str, Any]]:
    """Windows of equal length from START, one a (min, desired, max)."""
    step = timedelta(hours=hours)
    return [
        {
            "start": (START + i * step).isoformat(),
            "end": (START + (i + 1) * step).isoformat(),
            "min": low,
            "desired": desired,
            "max": high,
        }
        for i, (low, desired, high) in enumerate(sizes)
    ]


def group(name: str, purchase: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A group of p4d.24xlarge nodes with three windows."""
    return {
        "name": name,
        "generation": "0a1b2c",
        "purchase": purchase,
        "offers": [{"instanceType": "p4d.24xlarge", "usdPerHour": 32.77, "gco2ePerHour": 1900.0}],
        "unitsPerNode": 8.0,
        "architecture": "x86_64",
        "accelerator": {"model": "a100-40gb", "resource": "nvidia.com/gpu", "perNode": 8.0},
        "windows": windows((2, 3, 4), (3, 4, 6), (1, 2, 4)),
        "expected": {"nodes": 3.0, "usdPerHour": 98.31, "kgco2ePerHour": 5.7},
        **changes,
    }


def pool(**changes: Any) -> dict[str, Any]:
    """A pool with a reserved, an on-demand and a spot group."""
    interval = {"mean": 60.0, "low": 40.0, "high": 80.0}
    return {
        "name": "trainer",
        "workloads": ["multimodal-ai-trainer", "nightly-eval"],
        "unit": "gpus",
        "owner": {"team": "vision", "project": "multimodal", "model": "mm-7b"},
        "interruptibleShare": 0.5,
        "shortageTolerance": 0.01,
        "labels": {"gpu-type": "nvidia-a100"},
        "groups": [
            group("reserved", {"option": "reserved", "term": "1y", "commitment": DIGEST},
                  windows=windows((5, 5, 5), hours=12)),
            group("on-demand", {"option": "on-demand"}),
            group("spot", {"option": "spot", "pools": 2},
                  taints=[{"key": "trimtab.dev/purchase-option", "value": "spot",
                           "effect": "NoSchedule"}]),
        ],
        "expected": {
            "demand": interval,
            "usdPerHour": interval,
            "usdPerHourUnapproved": interval,
            "shortageShare": 0.001,
            "shortageUnitHours": 0.7,
            "baselines": [{"name": "all on-demand", "usdPerHour": interval, "shortageShare": 0.001}],
        },
        **changes,
    }  # fmt: skip


def plan_data(**spec: Any) -> dict[str, Any]:
    """The document as plain data."""
    return {
        "apiVersion": "trimtab.dev/v1alpha1",
        "kind": "CapacityPlan",
        "metadata": {"name": "example"},
        "spec": {
            "asOf": START.isoformat(),
            "start": START.isoformat(),
            "validUntil": (START + timedelta(hours=12)).isoformat(),
            "fallback": "keep-running",
            "site": {"provider": "aws", "region": "us-east-1"},
            "pools": [pool()],
            "commitments": [],
            "evidence": {
                "generator": "trimtab 0.1.0",
                "inputs": [{"kind": "demand", "name": "demand.csv", "digest": DIGEST}],
                "forecasts": [
                    {"pool": "trainer", "model": "mstl", "origins": 8, "horizonHours": 168}
                ],
                "decisions": [
                    {
                        "pool": "trainer",
                        "rule": "trailing 30 d",
                        "reason": "cheapest on the replayed history",
                        "replayedHours": 720,
                        "candidates": [
                            {"rule": "trailing 30 d", "nodes": 5, "usdPerHour": 100.0}
                        ],
                    }
                ],
            },
            **spec,
        },
    }  # fmt: skip


def plan(**spec: Any) -> CapacityPlan:
    """The parsed document."""
    return parse_plan(plan_data(**spec), "test plan")
