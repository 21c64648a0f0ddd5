"""An estate in three kinds of place to plan from: a cloud, a hall of one's own, and sites at the edge.

Nothing here was measured. One plan covers all of it: what only the cloud serves, what the hall serves first
and the cloud when the hall is full, and what must stay where it is. Series are `trimtab.example_estate`'s; the
machines' papers are round figures of the size that such machines have.
"""

from pathlib import Path

from trimtab.example_estate import DAYS, Size, make_folder, plan_command, sized_series
from trimtab.files import write_atomic

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
    command = plan_command(folder, SIZES, "hybrid")
    write_atomic(folder / "README.txt", README.format(days=DAYS, command=command))
    return command
