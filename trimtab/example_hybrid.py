"""An estate in three kinds of place to plan from: a cloud, a hall of one's own, and sites at the edge.

Nothing here was measured. One plan covers all of it: what only the cloud serves, what the hall serves first
and the cloud when the hall is full, and what must stay where it is. Series are `trimtab.example_estate`'s; the
machines' papers are round figures of the size that such machines have.
"""

from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import numpy as np

from trimtab.clock import format_instant
from trimtab.example import START
from trimtab.example_estate import DAYS, Size, make_folder, plan_command, sized_series
from trimtab.files import write_atomic

STORED_DAYS = 184


class Stored(NamedTuple):
    """A storage tier's series: GiB at its start, GiB more an hour, and mean IOPS and MiB/s."""

    gib: float
    gib_per_hour: float
    iops: float
    mibps: float


SIZES = {
    "trainer": Size(1, 4.0),
    "assistant": Size(2, 20.0),
    "evaluation": Size(3, 16.0),
    "ingest": Size(5, 120.0),
    "services": Size(6, 60.0),
    "pretraining": Size(7, 5.0),
    "simulation": Size(8, 150.0),
    "records": Size(9, 40.0),
    "vision-hamburg": Size(10, 3.0),
    "tills-hamburg": Size(11, 8.0),
    "vision-munich": Size(12, 3.0),
    "tills-munich": Size(13, 6.0),
    "inspection-leipzig": Size(14, 6.0),
    "telemetry-leipzig": Size(15, 14.0),
}
"""Mean of each over the year, in replicas."""


INVENTORY = """\
# A synthetic example: a capacity reservation in the cloud, and machines of one's own in four places. Their cost
# and emissions follow from their papers; the grid is Germany's, as Google states it for Frankfurt.
apiVersion: trimtab.dev/v1alpha1
kind: CapacityInventory
spec:
  site: {provider: aws, region: us-east-1}
  odcrs:
  - {id: cr-0a1b2c3d4e5f60718, pool: trainer, provider: aws, region: us-east-1, instanceType: p5.48xlarge,
     quantity: 3, zone: us-east-1a, starts: '2026-06-01T00:00:00Z'}
  ownedStorage:
  - {id: ceph-nvme, backend: ceph-block, site: hall-berlin, gib: 60000, usdPerGibMonth: 0.045, kgco2ePerTibHour: 0.0011,
     maxIops: 50000, maxMibps: 2000}
  - {id: ceph-disk, backend: ceph-file, site: hall-berlin, gib: 120000, usdPerGibMonth: 0.021, kgco2ePerTibHour: 0.0007, maxIops: 20000,
     maxMibps: 1500}
  - {id: filer, backend: nfs, site: hall-berlin, gib: 200000, usdPerGibMonth: 0.012, kgco2ePerTibHour: 0.0005, maxIops: 5000,
     maxMibps: 500}
  - {id: disks-hamburg, backend: local-path, site: store-hamburg, gib: 3000, usdPerGibMonth: 0.03, maxIops: 20000,
     maxMibps: 500}
  - {id: disks-munich, backend: local-path, site: store-munich, gib: 3000, usdPerGibMonth: 0.03, maxIops: 20000,
     maxMibps: 500}
  - {id: disks-leipzig, backend: local-lvm, site: plant-leipzig, gib: 8000, usdPerGibMonth: 0.03, maxIops: 90000,
     maxMibps: 2000}
  owned:
  - id: dgx
    pool: pretraining
    site: hall-berlin
    instanceType: dgx-h100
    quantity: 4
    unitsPerNode: 1
    accelerator: h100-80gb
    accelerators: 8
    hardware: {purchaseUsd: 320000, lifeYears: 5, residualUsd: 32000, maintenanceUsdPerYear: 24000,
      idleWatts: 2000, maxWatts: 10200, utilisation: 0.7, pue: 1.3, usdPerKwh: 0.19,
      grid: {provider: gcp, region: europe-west3}, embodiedKgco2e: 4500, siteUsdPerMonth: 900}
  - id: racks
    pool: simulation
    site: hall-berlin
    instanceType: r-epyc-96
    quantity: 8
    unitsPerNode: 22
    hardware: {purchaseUsd: 18000, lifeYears: 5, maintenanceUsdPerYear: 900, idleWatts: 180, maxWatts: 720,
      utilisation: 0.6, pue: 1.3, usdPerKwh: 0.19, grid: {provider: gcp, region: europe-west3},
      embodiedKgco2e: 1300, siteUsdPerMonth: 90}
  - id: vaults
    pool: records
    site: hall-berlin
    instanceType: r-epyc-32
    quantity: 6
    unitsPerNode: 14
    hardware: {purchaseUsd: 11000, lifeYears: 6, maintenanceUsdPerYear: 600, watts: 320, pue: 1.3,
      usdPerKwh: 0.19, grid: {provider: gcp, region: europe-west3}, embodiedKgco2e: 1100, siteUsdPerMonth: 60}
  - id: cams-hamburg
    pool: vision-hamburg
    site: store-hamburg
    instanceType: edge-l4
    quantity: 3
    unitsPerNode: 2
    accelerator: l4
    hardware: {purchaseUsd: 6500, lifeYears: 4, maintenanceUsdPerYear: 300, watts: 165, usdPerKwh: 0.29,
      grid: {provider: gcp, region: europe-west3}, embodiedKgco2e: 450, connectivityUsdPerMonth: 45}
  - id: tills-hamburg
    pool: tills-hamburg
    site: store-hamburg
    instanceType: edge-mini
    quantity: 3
    unitsPerNode: 6
    hardware: {purchaseUsd: 1100, lifeYears: 5, watts: 28, usdPerKwh: 0.29,
      grid: {provider: gcp, region: europe-west3}, embodiedKgco2e: 180}
  - id: cams-munich
    pool: vision-munich
    site: store-munich
    instanceType: edge-l4
    quantity: 3
    unitsPerNode: 2
    accelerator: l4
    hardware: {purchaseUsd: 6500, lifeYears: 4, maintenanceUsdPerYear: 300, watts: 165, usdPerKwh: 0.31,
      grid: {provider: gcp, region: europe-west3}, embodiedKgco2e: 450, connectivityUsdPerMonth: 45}
  - id: tills-munich
    pool: tills-munich
    site: store-munich
    instanceType: edge-mini
    quantity: 3
    unitsPerNode: 6
    hardware: {purchaseUsd: 1100, lifeYears: 5, watts: 28, usdPerKwh: 0.31,
      grid: {provider: gcp, region: europe-west3}, embodiedKgco2e: 180}
  - id: lines-leipzig
    pool: inspection-leipzig
    site: plant-leipzig
    instanceType: edge-l4
    quantity: 5
    unitsPerNode: 2
    accelerator: l4
    hardware: {purchaseUsd: 6500, lifeYears: 4, maintenanceUsdPerYear: 300, watts: 165, usdPerKwh: 0.22,
      grid: {provider: gcp, region: europe-west3}, embodiedKgco2e: 450}
  - id: gateways-leipzig
    pool: telemetry-leipzig
    site: plant-leipzig
    instanceType: edge-mini-arm
    architecture: arm64
    quantity: 4
    unitsPerNode: 6
    hardware: {purchaseUsd: 700, lifeYears: 5, watts: 15, usdPerKwh: 0.22,
      grid: {provider: gcp, region: europe-west3}, embodiedKgco2e: 120}
"""

STORAGE_SIZES = {
    "checkpoints": Stored(3_000, 0.30, 9_000, 620),
    "corpora": Stored(9_000, 0.90, 0, 240),
    "results": Stored(1_500, 0.40, 120, 12),
    "hall-volumes": Stored(6_000, 0.50, 7_000, 400),
    "hall-shared": Stored(12_000, 1.20, 0, 300),
    "hall-archive": Stored(20_000, 1.50, 0, 20),
    "hamburg-cache": Stored(300, 0.01, 400, 40),
    "munich-cache": Stored(260, 0.01, 400, 40),
    "leipzig-frames": Stored(900, 0.03, 1_200, 120),
}

STORAGE = """\
# A synthetic example: what nine tiers store, in the cloud, in the hall and at the edge.
apiVersion: trimtab.dev/v1alpha1
kind: StorageDemand
spec:
  tiers:
  - {name: checkpoints, intent: hot, demand: checkpoints.csv, volumes: 8, workloads: [trainer], snapshots: true,
     owner: {team: foundation-models, project: pretraining}, backends: [ebs-gp3, ebs-io2]}
  - {name: corpora, intent: shared, demand: corpora.csv, workloads: [trainer, evaluation],
     owner: {team: foundation-models, project: pretraining}, backends: [efs, fsx-lustre]}
  - {name: results, intent: warm, demand: results.csv, volumes: 4, workloads: [evaluation],
     owner: {team: foundation-models, project: evaluation}}
  - {name: hall-volumes, intent: hot, demand: hall-volumes.csv, volumes: 6, site: hall-berlin,
     workloads: [pretraining, records], owner: {team: platform, project: hall}, backends: [ceph-block]}
  - {name: hall-shared, intent: shared, demand: hall-shared.csv, site: hall-berlin,
     workloads: [pretraining, simulation], owner: {team: platform, project: hall}, backends: [ceph-file, nfs]}
  - {name: hall-archive, intent: cold, demand: hall-archive.csv, site: hall-berlin, workloads: [records],
     owner: {team: compliance, project: records}, backends: [nfs]}
  - {name: hamburg-cache, intent: scratch, demand: hamburg-cache.csv, volumes: 3, site: store-hamburg,
     workloads: [vision-hamburg], owner: {team: retail, project: vision}, backends: [local-path]}
  - {name: munich-cache, intent: scratch, demand: munich-cache.csv, volumes: 3, site: store-munich,
     workloads: [vision-munich], owner: {team: retail, project: vision}, backends: [local-path]}
  - {name: leipzig-frames, intent: scratch, demand: leipzig-frames.csv, volumes: 5, site: plant-leipzig,
     workloads: [inspection-leipzig], owner: {team: manufacturing, project: inspection}, backends: [local-lvm]}
"""

_WORKLOAD = """\
---
apiVersion: trimtab.dev/v1alpha1
kind: Workload
metadata: {{name: {name}}}
spec:
{policy}
"""
_POLICIES = {
    # In the cloud alone.
    "trainer": """\
  owner: {team: foundation-models, project: pretraining, model: mm-70b, environment: production}
  resources: {nvidia.com/gpu: "8", cpu: "96", memory: 1000Gi}
  accelerators: [h100]""",
    "assistant": """\
  owner: {team: assistants, project: chat, model: mm-7b, environment: production}
  resources: {nvidia.com/gpu: "1", cpu: "3", memory: 12Gi}
  accelerators: [a10g]""",
    "evaluation": """\
  owner: {team: foundation-models, project: evaluation, model: mm-70b, environment: production}
  interruptible: true
  shortageTolerance: 0.05
  resources: {nvidia.com/gpu: "1", cpu: "3", memory: 10Gi}
  accelerators: [l4]""",
    "ingest": """\
  owner: {team: data, project: ingest, environment: production}
  interruptible: true
  shortageTolerance: 0.05
  resources: {cpu: "2", memory: 6Gi}
  nodeSelector: {kubernetes.io/arch: arm64}""",
    "services": """\
  owner: {team: platform, project: services, environment: production}
  resources: {cpu: "1", memory: 3Gi}
  nodeSelector: {kubernetes.io/arch: amd64}""",
    # In the hall first, and in the cloud when the hall is full.
    "pretraining": """\
  owner: {team: foundation-models, project: pretraining, model: mm-7b, environment: production}
  resources: {nvidia.com/gpu: "8", cpu: "96", memory: 1000Gi}
  accelerators: [h100]
  allowedRegions: [us-east-1, hall-berlin]""",
    "simulation": """\
  owner: {team: engineering, project: simulation, environment: production}
  shortageTolerance: 0.05
  resources: {cpu: "4", memory: 14Gi}
  nodeSelector: {kubernetes.io/arch: amd64}
  allowedRegions: [us-east-1, hall-berlin]""",
    # Where they are, and nowhere else.
    "records": """\
  owner: {team: compliance, project: records, environment: production}
  resources: {cpu: "2", memory: 7Gi}
  allowedRegions: [hall-berlin]""",
    **{
        f"vision-{store}": f"""\
  owner: {{team: retail, project: vision, model: shelf-1, environment: production}}
  shortageTolerance: 0.05
  resources: {{nvidia.com/gpu: "1", cpu: "2", memory: 8Gi}}
  allowedRegions: [store-{store}]"""
        for store in ("hamburg", "munich")
    },
    **{
        f"tills-{store}": f"""\
  owner: {{team: retail, project: tills, environment: production}}
  resources: {{cpu: "0.5", memory: 2Gi}}
  allowedRegions: [store-{store}]"""
        for store in ("hamburg", "munich")
    },
    "inspection-leipzig": """\
  owner: {team: manufacturing, project: inspection, model: weld-2, environment: production}
  shortageTolerance: 0.05
  resources: {nvidia.com/gpu: "1", cpu: "2", memory: 8Gi}
  allowedRegions: [plant-leipzig]""",
    "telemetry-leipzig": """\
  owner: {team: manufacturing, project: telemetry, environment: production}
  resources: {cpu: "0.5", memory: 1Gi}
  allowedRegions: [plant-leipzig]""",
}
WORKLOADS = "# A synthetic example: fourteen workloads, and where each may be.\n" + "".join(
    _WORKLOAD.format(name=name, policy=policy) for name, policy in _POLICIES.items()
)

README = """\
A synthetic hybrid estate for Trimtab: nothing in it was measured.

NAME.csv        hourly demand of a workload in replicas, {days} days, made by `trimtab.example_hybrid`
workloads.yaml  what a replica of each needs, and where it may be
storage.yaml    tiers of storage, whose series lie beside it
inventory.yaml  a reservation in the cloud, and machines of one's own with their papers

  {command}
"""


def write_hybrid(folder: Path) -> str:
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
    write_atomic(folder / "storage.yaml", STORAGE)
    for seed, (name, stored) in enumerate(STORAGE_SIZES.items()):
        write_atomic(folder / f"{name}.csv", stored_series(stored, seed))
    command = plan_command(folder, SIZES, "hybrid", f"--storage {folder / 'storage.yaml'} ")
    write_atomic(folder / "README.txt", README.format(days=DAYS, command=command))
    return command


def stored_series(stored: Stored, seed: int) -> bytes:
    """Six-hourly GiB, IOPS and MiB/s of a tier over half a year that ends where demand does."""
    hour = np.arange(0, 24 * STORED_DAYS, 6, dtype=np.float64)
    noise = 1 + 0.05 * (np.random.Generator(np.random.PCG64(seed)).random((3, len(hour))) - 0.5)
    busy = 1 + 0.6 * np.sin(2 * np.pi * (hour % 24 - 9) / 24)
    gib = (stored.gib + stored.gib_per_hour * hour) * (1 + 0.02 * (noise[0] - 1))
    columns = gib, stored.iops * busy * noise[1], stored.mibps * busy * noise[2]
    start = START + timedelta(days=365 - STORED_DAYS)
    rows = ["timestamp,gib,iops,mibps"]
    for at, row in zip(
        hour.tolist(), zip(*(c.tolist() for c in columns), strict=True), strict=True
    ):
        instant = format_instant(start + timedelta(hours=at))
        rows.append(",".join((instant, *(f"{value:.1f}" for value in row))))
    return ("\n".join(rows) + "\n").encode()
