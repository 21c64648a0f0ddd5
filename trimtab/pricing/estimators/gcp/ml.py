"""Machines for notebooks, and TPUs."""

import re
from collections.abc import Iterator

from trimtab.pricing.amount import ONE
from trimtab.pricing.estimation import Estimation
from trimtab.pricing.estimators import estimates
from trimtab.pricing.estimators.gcp.disks import disk_parts
from trimtab.pricing.estimators.gcp.machines import Fleet, accelerator_parts, machine_parts
from trimtab.pricing.estimators.gcp.places import located
from trimtab.pricing.model import Gap, Part
from trimtab.resources.inputs import Inputs

_NOTEBOOK_DISK_GIB = 100.0
_WORKBENCH_BOOT_GIB = 150.0

_TPU = re.compile(r"^(v\d+[a-z]*?(?:litepod|p|e)?)-(\d+)$")
_CORES_PER_CHIP = {"v5p": 2.0, "v4": 2.0}
"""Of the generations whose type names count cores; the others' count chips."""
_WHOLE = ("v2", "v3")
"""Generations that are priced by the slice, not by the chip."""
_GENERATIONS = {"V5LITE_POD": "v5litepod", "V5P": "v5p", "V6E": "v6e", "V4": "v4"}


@estimates("google_notebooks_instance")
def notebook(at: Estimation) -> Iterator[Part]:
    """Its machine, accelerators and disks."""
    at = located(at, "location")
    fleet = Fleet("notebook machine", at.inputs.text("machine_type"), ONE, 1.0)
    yield from machine_parts(at, fleet)
    accelerators = at.inputs.blocks("accelerator_config")
    yield from accelerator_parts(at, fleet, _accelerators(accelerators, "core_count"))
    yield from _disk(at, at.inputs, "boot_disk", "boot_disk_type", "boot_disk_size_gb", 100.0)
    yield from _disk(
        at, at.inputs, "data_disk", "data_disk_type", "data_disk_size_gb", _NOTEBOOK_DISK_GIB
    )


@estimates("google_workbench_instance")
def workbench(at: Estimation) -> Iterator[Part]:
    """Its machine, accelerators and disks."""
    at = located(at, "location")
    blocks = at.inputs.blocks("gce_setup")
    setup = blocks[0] if blocks else Inputs({}, camel=at.inputs.camel)
    fleet = Fleet("workbench machine", setup.text("machine_type", "e2-standard-4"), ONE, 1.0)
    yield from machine_parts(at, fleet)
    accelerators = setup.blocks("accelerator_configs")
    yield from accelerator_parts(at, fleet, _accelerators(accelerators, "core_count"))
    boot = "boot_disk"
    yield from _disk(
        at, setup, boot, f"{boot}.disk_type", f"{boot}.disk_size_gb", _WORKBENCH_BOOT_GIB
    )
    data = "data_disks"
    yield from _disk(
        at, setup, data, f"{data}.disk_type", f"{data}.disk_size_gb", _NOTEBOOK_DISK_GIB
    )


def _accelerators(blocks: list[Inputs], count: str) -> list[Inputs]:
    return [
        Inputs(
            {"type": each.text("type").lower().replace("_", "-"), "count": each.get(count)},
            camel=False,
        )
        for each in blocks
    ]


def _disk(
    at: Estimation, inputs: Inputs, label: str, kind: str, size: str, default: float
) -> Iterator[Part]:
    name = inputs.text(kind, "PD_BALANCED").lower().replace("_", "-")
    gib = inputs.number(size)
    yield from disk_parts(
        at,
        "pd-balanced" if name == "disk-type-unspecified" else name,
        default if gib is None else gib,
        label=label.replace("_", " ").removesuffix("s"),
        note="" if gib is not None else f"no size is given: {default:.0f} GiB",
    )


@estimates("google_tpu_v2_vm")
def tpu(at: Estimation) -> Iterator[Part]:
    """By its chips."""
    at = located(at, "zone")
    yield from _slice(at, at.inputs, 1.0)


@estimates("google_tpu_v2_queued_resource")
def queued_tpu(at: Estimation) -> Iterator[Part]:
    """The slices that it waits for, from when they are there."""
    at = located(at, "zone")
    if not at.inputs.blocks("tpu.node_spec"):
        yield Gap("TPU", "what it waits for is not known before a deployment")
    for spec in at.inputs.blocks("tpu.node_spec"):
        for node in spec.blocks("node"):
            yield from _slice(at, node, 1.0)


def _slice(at: Estimation, inputs: Inputs, count: float) -> Iterator[Part]:
    spot = inputs.flag("scheduling_config.spot") or inputs.flag("scheduling_config.preemptible")
    option = "/spot" if spot else ""
    name = inputs.text("accelerator_type")
    topology = inputs.text("accelerator_config.topology")
    if not name and topology:
        generation = _GENERATIONS.get(inputs.text("accelerator_config.type").upper(), "")
        sides = [float(side) for side in topology.split("x") if side.isdecimal()]
        chips = 1.0
        for side in sides:
            chips *= side
        yield at.charge(
            f"TPU {generation} {topology}", f"gcp/tpu/{generation}/chip{option}", chips * count
        )
        return
    found = _TPU.match(name)
    if found is None:
        yield Gap("TPU", f"no price of {name}" if name else "its type is not known")
    elif found[1] in _WHOLE:
        yield at.charge(f"TPU {name}", f"gcp/tpu/{name}{option}", count)
    else:
        chips = float(found[2]) / _CORES_PER_CHIP.get(found[1], 1.0)
        yield at.charge(f"TPU {name}", f"gcp/tpu/{found[1]}/chip{option}", chips * count)
