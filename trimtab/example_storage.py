"""A synthetic example of storage: three tiers with half a year of demand, claims and groups of objects.

Nothing here was measured. Equal seeds give equal bytes.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from trimtab.clock import format_instant
from trimtab.errors import InputError
from trimtab.files import write_atomic

START = datetime(2026, 5, 1, tzinfo=UTC)
HOURS = 24 * 184
SEED = 11
CLAIMS = 60

STORAGE = """\
# A synthetic example: what three tiers store and do is in the CSV files beside this one.
apiVersion: trimtab.dev/v1alpha1
kind: StorageDemand
spec:
  tiers:
    - name: checkpoints
      intent: hot
      demand: checkpoints.csv
      volumes: 8
      workloads: [multimodal-ai-trainer]
      owner: {team: foundation-models, project: multimodal}
      snapshots: true
    - name: datasets
      intent: shared
      demand: datasets.csv
      owner: {team: foundation-models, project: multimodal}
      backends: [efs, fsx-lustre]
    - name: results
      intent: warm
      demand: results.csv
      volumes: 4
      workloads: [nightly-eval]
      owner: {team: foundation-models, project: evaluation}
"""


def write_storage(folder: Path) -> str:
    """Write the example into a folder, which is made when absent.

    Returns:
        The command to run next.

    Raises:
        InputError: the folder can't be written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{error.strerror}", where=str(folder), mend="choose another") from None
    noise = np.random.default_rng(SEED)
    write_atomic(folder / "storage.yaml", STORAGE)
    write_atomic(folder / "checkpoints.csv", _series(_checkpoints(noise)))
    write_atomic(folder / "datasets.csv", _series(_datasets(noise)))
    write_atomic(folder / "results.csv", _series(_results(noise)))
    write_atomic(folder / "claims.csv", _claims(noise))
    write_atomic(folder / "objects.csv", _OBJECTS)
    return f"trimtab storage advise --access {folder}/claims.csv"


def _hours() -> NDArray[np.float64]:
    return np.arange(HOURS, dtype=np.float64)


def _checkpoints(noise: np.random.Generator) -> dict[str, NDArray[np.float64]]:
    """A saw: runs write checkpoints, and old ones are deleted once a week."""
    hour = _hours()
    gib = 2_400 + 0.25 * hour + 700 * ((hour % 168) / 168) + noise.normal(0, 8, HOURS)
    busy = 1 + 0.6 * np.sin(2 * np.pi * (hour % 24 - 9) / 24)
    return {
        "gib": np.maximum(gib, 0),
        "iops": np.maximum(9_000 * busy + noise.normal(0, 900, HOURS), 0),
        "mibps": np.maximum(620 * busy + noise.normal(0, 60, HOURS), 0),
    }


def _datasets(noise: np.random.Generator) -> dict[str, NDArray[np.float64]]:
    """Grows by what is collected; read by day."""
    hour = _hours()
    gib = 6_000 + 0.9 * hour + np.cumsum(np.maximum(noise.normal(0, 0.3, HOURS), 0))
    busy = 1 + 0.8 * np.sin(2 * np.pi * (hour % 24 - 9) / 24)
    return {
        "gib": gib,
        "mibps": np.maximum(240 * busy + noise.normal(0, 20, HOURS), 0),
    }


def _results(noise: np.random.Generator) -> dict[str, NDArray[np.float64]]:
    """A little more each night, read in the morning, a few large requests at a time."""
    hour = _hours()
    gib = 1_500 + 0.4 * hour + noise.normal(0, 3, HOURS)
    morning = ((hour % 24 > 6) & (hour % 24 < 10)).astype(np.float64)
    return {
        "gib": gib,
        "iops": np.maximum(60 + 220 * morning + noise.normal(0, 15, HOURS), 0),
        "mibps": np.maximum(4 + 30 * morning + noise.normal(0, 2, HOURS), 0),
    }


def _series(columns: dict[str, NDArray[np.float64]]) -> str:
    """Six-hourly means, as a telemetry store keeps them."""
    kept = {name: values.reshape(-1, 6).mean(axis=1) for name, values in columns.items()}
    lines = [",".join(("timestamp", *kept))]
    for row in range(HOURS // 6):
        instant = format_instant(START + timedelta(hours=6 * row))
        lines.append(",".join((instant, *(f"{values[row]:.1f}" for values in kept.values()))))
    return "\n".join(lines) + "\n"


_CLAIM_COLUMNS = (
    "namespace,claim,backend,gib,used_gib,iops,mibps,iops_p95,mibps_p95,days_since_access,"
    "measured_days,bound,team"
)


def _claims(noise: np.random.Generator) -> str:
    """Claims as `trimtab storage advise` reads them: some idle, some too large, some not measured."""
    lines = [_CLAIM_COLUMNS]
    for number in range(CLAIMS):
        kind = number % 6
        backend = "ebs-io2" if kind == 1 else "ebs-gp3"
        gib = float(noise.integers(5, 80)) * 10
        used = gib * noise.uniform(0.1, 0.8)
        iops, mibps = (8_000, 0) if backend == "ebs-io2" else (0, 0)
        if kind == 2:
            iops, mibps = 12_000, 500
        p95, through, days, measured, bound = (
            noise.uniform(50, 2_500),
            noise.uniform(1, 90),
            0,
            30,
            1,
        )
        if kind == 3:
            p95, through, days = 0.0, 0.0, 75
        if kind == 4:
            measured = 3
        if kind == 5:
            p95, through, days, bound = 0.0, 0.0, 45, 0
        known = kind != 4 or number % 12 == 4
        lines.append(
            f"team-{number % 4},data-{number},{backend},{gib:.0f},{used:.1f},{iops or ''},{mibps or ''},"
            + (f"{p95:.0f},{through:.1f},{days}" if known else ",,")
            + f",{measured},{'yes' if bound else 'no'},team-{number % 4}"
        )
    return "\n".join(lines) + "\n"


_OBJECTS = """\
group,gib,objects,reads_per_month,retrieved_gib_per_month,lifetime_days,may_wait,prefix
training/raw,180000,24000000,40000,900,3650,no,training/raw/
training/shards,42000,350000,9000000,160000,730,no,training/shards/
models/archive,9000,1200,6,40,3650,yes,models/archive/
logs/debug,2600,310000000,1000,1,365,no,logs/debug/
uploads/tmp,800,90000,500,5,20,no,uploads/tmp/
shared/unknown,30000,600000,,,1825,no,shared/unknown/
"""
