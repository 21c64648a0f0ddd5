"""A whole estate to plan from: six teams' workloads, a synthetic series each, and what is held.

Nothing here was measured. The series are `trimtab.example`'s, each from a seed of its own and brought
to its workload's size; the workloads need different machines (NVIDIA, Inferentia, FPGA, Graviton), so
that one plan shows every kind of node that a cluster may hold.
"""

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from trimtab.errors import InputError
from trimtab.example import example_series
from trimtab.files import write_atomic

DAYS = 90


class Size(NamedTuple):
    """A workload's series: which seed, and its mean over the year in replicas."""

    seed: int
    replicas: float


SIZES = {
    "trainer": Size(1, 6.0),
    "chat": Size(2, 24.0),
    "evaluation": Size(3, 20.0),
    "embedding": Size(4, 10.0),
    "ingest": Size(5, 160.0),
    "genomics": Size(6, 3.0),
}

INVENTORY = """\
# A synthetic example: a capacity reservation that the trainers hold.
apiVersion: trimtab.dev/v1alpha1
kind: CapacityInventory
spec:
  site: {provider: aws, region: us-east-1}
  odcrs:
  - id: cr-0a1b2c3d4e5f60718
    pool: trainer
    provider: aws
    region: us-east-1
    instanceType: p5.48xlarge
    quantity: 4
    zone: us-east-1a
    starts: '2026-06-01T00:00:00Z'
"""

WORKLOADS = """\
# A synthetic example: six workloads that need six kinds of machine.
apiVersion: trimtab.dev/v1alpha1
kind: Workload
metadata: {name: trainer}
spec:
  owner: {team: foundation-models, project: pretraining, model: mm-70b, environment: production}
  resources: {nvidia.com/gpu: "8", cpu: "96", memory: 1000Gi}
  accelerators: [h100]
---
apiVersion: trimtab.dev/v1alpha1
kind: Workload
metadata: {name: evaluation}
spec:
  owner: {team: foundation-models, project: evaluation, model: mm-70b, environment: production}
  interruptible: true
  shortageTolerance: 0.05
  resources: {nvidia.com/gpu: "1", cpu: "3", memory: 10Gi}
  accelerators: [l4]
---
apiVersion: trimtab.dev/v1alpha1
kind: Workload
metadata: {name: chat}
spec:
  owner: {team: assistants, project: chat, model: mm-7b, environment: production}
  resources: {nvidia.com/gpu: "1", cpu: "3", memory: 12Gi}
  accelerators: [a10g]
---
apiVersion: trimtab.dev/v1alpha1
kind: Workload
metadata: {name: embedding}
spec:
  owner: {team: search, project: embeddings, model: e5, environment: production}
  resources: {aws.amazon.com/neuron: "1", cpu: "8", memory: 32Gi}
  accelerators: [inferentia2]
---
apiVersion: trimtab.dev/v1alpha1
kind: Workload
metadata: {name: ingest}
spec:
  owner: {team: data, project: ingest, environment: production}
  interruptible: true
  shortageTolerance: 0.05
  resources: {cpu: "2", memory: 6Gi}
  nodeSelector: {kubernetes.io/arch: arm64}
---
apiVersion: trimtab.dev/v1alpha1
kind: Workload
metadata: {name: genomics}
spec:
  owner: {team: life-sciences, project: alignment, environment: production}
  resources: {xilinx.com/fpga-xilinx_f2: "1", cpu: "16", memory: 64Gi}
"""

README = """\
A synthetic estate for Trimtab: nothing in it was measured.

NAME.csv        hourly demand of a workload in replicas, {days} days, made by `trimtab.example_estate`
workloads.yaml  what a replica of each needs
inventory.yaml  a capacity reservation that is held

  {command}
"""


def write_estate(folder: Path) -> str:
    """Write the series, the workloads and the inventory into the folder, making it when absent.

    Returns:
        The command that plans from them.

    Raises:
        InputError: the folder can't be made or written.
    """
    make_folder(folder)
    for name, size in SIZES.items():
        write_atomic(folder / f"{name}.csv", sized_series(size))
    write_atomic(folder / "workloads.yaml", WORKLOADS)
    write_atomic(folder / "inventory.yaml", INVENTORY)
    command = plan_command(folder, SIZES, "estate")
    write_atomic(folder / "README.txt", README.format(days=DAYS, command=command))
    return command


def make_folder(folder: Path) -> None:
    """The folder, made when absent.

    Raises:
        InputError: it can't be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"cannot be made ({error.strerror})", where=str(folder), mend="name another folder"
        ) from error


def plan_command(folder: Path, names: Iterable[str], plan: str, more: str = "") -> str:
    """The command that plans from a folder's files, at us-east-1; `more`: further options and a space."""
    demand = " ".join(f"--demand {name}={folder / name}.csv" for name in names)
    zones = " ".join(f"--zone us-east-1{letter}" for letter in "abc")
    return (
        f"trimtab plan {demand} --unit replicas --workloads {folder / 'workloads.yaml'} "
        f"--inventory {folder / 'inventory.yaml'} {more}--region us-east-1 {zones} --name {plan} --out plan.yaml"
    )


def sized_series(size: Size) -> bytes:
    """The last days of a synthetic year whose mean is the workload's."""
    rows = list(csv.DictReader(example_series(size.seed).decode().splitlines()))
    scale = size.replicas * len(rows) / sum(float(row["demand"]) for row in rows)
    lines = ["timestamp,demand,peak"]
    for row in rows[-24 * DAYS :]:
        demand, peak = (scale * float(row[column]) for column in ("demand", "peak"))
        lines.append(f"{row['timestamp']},{demand:.4f},{max(demand, peak):.4f}")
    return ("\n".join(lines) + "\n").encode()
