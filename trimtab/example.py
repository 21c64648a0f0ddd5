"""The example that a clone can plan from: a synthetic year of GPU demand, and two workloads.

Nothing here was measured. The series has what real ones have and a planner must survive: a day, a
week, growth, a launch that moves the level for good, noise with a memory, and short spikes. Equal
seeds give equal bytes, so a plan made from it can be compared to the byte.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from trimtab.clock import format_instant
from trimtab.errors import InputError
from trimtab.files import write_atomic

START = datetime(2025, 11, 1, tzinfo=UTC)
HOURS = 8760
SEED = 7

BASE_GPUS = 146.0
YEARLY_GROWTH = 0.18
LAUNCH_HOUR = 5400  # mid-June 2026
LAUNCH_GPUS = 26.0
LAUNCH_RAMP_HOURS = 72.0
DAILY_SWING = 0.15
WEEKEND_DIP = 0.13
NOISE = 0.03
NOISE_MEMORY = 0.85  # hour to hour
SPIKES = 14
SPIKE_HOURS = (2, 9)
SPIKE_SHARE = (0.20, 0.50)

README = """\
A synthetic example for Trimtab: nothing in it was measured.

synthetic-demand.csv  hourly demand for A100 GPUs (running plus pending), {start} to {end},
                      made by `trimtab.example` with seed {seed}; peak is the highest within the hour
workloads.yaml        the two Kubernetes workloads that share it

  trimtab plan --demand synthetic-demand.csv --workloads workloads.yaml --unit gpus --out plan.yaml
"""

WORKLOADS = """\
# A synthetic example: two ordinary manifests. What Kubernetes has no word for is in trimtab.dev/*
# annotations. They share the demand series in proportion to their replicas.
apiVersion: apps/v1
kind: Deployment
metadata:
  name: multimodal-ai-trainer
  annotations:
    trimtab.dev/interruptible: "false"
    trimtab.dev/team: foundation-models
    trimtab.dev/project: multimodal
    trimtab.dev/model: mm-7b
    trimtab.dev/environment: production
    trimtab.dev/allowed-regions: us-east-1
spec:
  replicas: 128
  selector:
    matchLabels:
      app: multimodal-ai-trainer
  template:
    metadata:
      labels:
        app: multimodal-ai-trainer
    spec:
      nodeSelector:
        gpu-type: nvidia-a100
      containers:
        - name: trainer
          image: registry.example.com/multimodal/trainer:1.0
          resources:
            limits:
              nvidia.com/gpu: 1
              cpu: "8"
              memory: 32Gi
            requests:
              cpu: "4"
              memory: 16Gi
          volumeMounts:
            - name: dataset
              mountPath: /data
            - name: checkpoints
              mountPath: /checkpoints
      volumes:
        - name: dataset
          persistentVolumeClaim:
            claimName: multimodal-dataset
        - name: checkpoints
          persistentVolumeClaim:
            claimName: trainer-checkpoints
---
apiVersion: batch/v1
kind: Job
metadata:
  name: nightly-eval
  annotations:
    trimtab.dev/interruptible: "true"
    trimtab.dev/restart-hours: "0.25"
    trimtab.dev/shortage-tolerance: "0.05"
    trimtab.dev/team: foundation-models
    trimtab.dev/project: evaluation
    trimtab.dev/model: mm-7b
    trimtab.dev/environment: production
    trimtab.dev/allowed-regions: us-east-1
spec:
  parallelism: 48
  completions: 48
  backoffLimit: 20
  template:
    metadata:
      labels:
        app: nightly-eval
    spec:
      restartPolicy: OnFailure
      nodeSelector:
        gpu-type: nvidia-a100
      tolerations:
        - key: nvidia.com/gpu
          operator: Exists
          effect: NoSchedule
        - key: trimtab.dev/purchase-option
          operator: Equal
          value: spot
          effect: NoSchedule
      containers:
        - name: eval
          image: registry.example.com/multimodal/eval:1.0
          resources:
            limits:
              nvidia.com/gpu: 1
              cpu: "8"
              memory: 32Gi
            requests:
              cpu: "4"
              memory: 16Gi
"""


class Example(NamedTuple):
    """Where `write_example` put its files."""

    demand: Path
    workloads: Path
    readme: Path


def example_series(seed: int = SEED, *, hours: int = HOURS) -> bytes:
    """A synthetic hourly series from 2025-11-01 on, in GPUs, as CSV (timestamp, demand, peak)."""
    generator = np.random.Generator(np.random.PCG64(seed))
    hour = np.arange(hours)
    growth = 1.0 + YEARLY_GROWTH * hour / HOURS
    launch = LAUNCH_GPUS * np.clip((hour - LAUNCH_HOUR) / LAUNCH_RAMP_HOURS, 0.0, 1.0)
    # Two harmonics: a long working day with its top at 16:00 UTC, and a short night.
    day = 2.0 * np.pi * (hour % 24 - 16) / 24.0
    daily = DAILY_SWING * (0.8 * np.cos(day) + 0.2 * np.cos(2.0 * day))
    weekend = (hour // 24 + START.weekday()) % 7 >= 5
    shape = (1.0 + daily) * np.where(weekend, 1.0 - WEEKEND_DIP, 1.0)
    level = (BASE_GPUS * growth + launch) * shape
    demand = level * (1.0 + _noise(generator, hours) + _spikes(generator, hours))
    demand = np.round(np.maximum(demand, 0.0), 4)
    # Devices are whole; within an hour the peak stands a few percent above the mean.
    peak = np.ceil(demand * (1.0 + 0.06 * generator.random(hours)))
    rows = ["timestamp,demand,peak"]
    for step, (mean, top) in enumerate(zip(demand.tolist(), peak.tolist(), strict=True)):
        rows.append(f"{format_instant(START + timedelta(hours=step))},{mean:.4f},{top:.0f}")
    return ("\n".join(rows) + "\n").encode()


def example_workloads() -> str:
    """Two manifests that share the series: a trainer that must not be interrupted, and a Job."""
    return WORKLOADS


def write_example(folder: Path, seed: int = SEED) -> Example:
    """Write the series, the workloads and a README into the folder, making it when absent.

    Raises:
        InputError: the folder can't be made or written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"cannot be made ({error.strerror})", where=str(folder), mend="name another folder"
        ) from error
    # The name says it is synthetic, since a CSV has no place for a remark.
    files = Example(
        demand=folder / "synthetic-demand.csv",
        workloads=folder / "workloads.yaml",
        readme=folder / "README.txt",
    )
    end = START + timedelta(hours=HOURS)
    readme = README.format(start=f"{START:%Y-%m-%d}", end=f"{end:%Y-%m-%d}", seed=seed)
    write_atomic(files.demand, example_series(seed))
    write_atomic(files.workloads, example_workloads())
    write_atomic(files.readme, readme)
    return files


def _noise(generator: np.random.Generator, hours: int) -> NDArray[np.float64]:
    """Noise of standard deviation NOISE that remembers the hour before."""
    # Sums of twelve uniforms instead of normals: of NumPy's streams only the uniform one is so
    # simple that no later release has a reason to change it.
    shocks = generator.random((hours, 12)).sum(axis=1) - 6.0
    shocks *= NOISE * np.sqrt(1.0 - NOISE_MEMORY**2)
    noise = np.empty(hours)
    last = 0.0
    for step, shock in enumerate(shocks.tolist()):
        last = NOISE_MEMORY * last + shock
        noise[step] = last
    return noise


def _spikes(generator: np.random.Generator, hours: int) -> NDArray[np.float64]:
    """A share added to the level for a few hours, some times a year."""
    spikes = np.zeros(hours)
    low, high = SPIKE_HOURS
    for begin, length, size in generator.random((SPIKES, 3)).tolist():
        first = int(begin * HOURS)
        last = first + low + int(length * (high - low))
        share = SPIKE_SHARE[0] + size * (SPIKE_SHARE[1] - SPIKE_SHARE[0])
        spikes[first:last] = np.maximum(spikes[first:last], share)
    return spikes
