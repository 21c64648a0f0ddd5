"""Machine types of Google Cloud as GKE needs them: accelerators, disks and TPU slices.

Pure. As of 2026-11-23. Sources: Google's pages on GPU, TPU and Local SSD machine types; the topologies
that AI-Hypercomputer/xpk lists (src/xpk/core/system_characteristics.py); GKE's page on TPU plans.
"""

import math
import re

from trimtab.errors import InputError, allowed

MACHINE_TYPE = re.compile(r"[a-z][a-z0-9]*-[a-z0-9]+(?:-[a-z0-9]+)*")

GPU_TYPES = {
    "a100-40gb": "nvidia-tesla-a100",
    "a100-80gb": "nvidia-a100-80gb",
    "b200": "nvidia-b200",
    "b300": "nvidia-b300",
    "gb200": "nvidia-gb200",
    "gb300": "nvidia-gb300",
    "h100-80gb": "nvidia-h100-80gb",
    "h100-mega-80gb": "nvidia-h100-mega-80gb",
    "h200-141gb": "nvidia-h200-141gb",
    "l4": "nvidia-l4",
    "p4": "nvidia-tesla-p4",
    "p100": "nvidia-tesla-p100",
    "rtx-pro-6000": "nvidia-rtx-pro-6000",
    "t4": "nvidia-tesla-t4",
    "v100-16gb": "nvidia-tesla-v100",
}
"""GKE's name of each accelerator."""

_G2 = {4: 1, 8: 1, 12: 1, 16: 1, 32: 1, 24: 2, 48: 4, 96: 8}
"""GPUs of a g2-standard machine by its vCPUs; it can have as many Local SSDs."""
_LSSD = {
    "c3": {4: 1, 8: 2, 22: 4, 44: 8, 88: 16, 176: 32},
    "c3d": {8: 1, 16: 1, 30: 2, 60: 4, 90: 8, 180: 16, 360: 32},
    "c4a": {4: 1, 8: 2, 16: 4, 32: 6, 48: 10, 64: 14, 72: 16},
}
"""Local SSDs of a machine type that ends in -lssd, by its series and vCPUs."""
_BUNDLED_SSDS = {
    "a2-highgpu-1g": 1,
    "a2-highgpu-2g": 2,
    "a2-highgpu-4g": 4,
    "a2-highgpu-8g": 8,
    "a2-ultragpu-1g": 1,
    "a2-ultragpu-2g": 2,
    "a2-ultragpu-4g": 4,
    "a2-ultragpu-8g": 8,
    "a3-highgpu-8g": 16,
    "a3-megagpu-8g": 16,
    "a3-ultragpu-8g": 32,
    "a4-highgpu-8g": 32,
}

_FLAT = ("2x4", "4x4", "4x8", "8x8", "8x16", "16x16")
_SMALL_CUBES = ("2x2x2", "2x2x4", "2x4x4")
_MOST_CHIPS = {"ct4p": 4096, "ct5p": 8960}
TPU_FAMILIES = {"ct4p": "v4", "ct5lp": "v5e", "ct5p": "v5p", "ct6e": "v6e"}
"""TPU machine families whose slices need no policy of their own, with the TPU's version."""
CHIPS_PER_HOST = 4
"""Of a machine that is one host of several."""


def gpus_of(machine_type: str) -> int | None:
    """The GPUs that a machine type has by itself; None where they are attached or not known."""
    if found := re.fullmatch(r"g2-standard-(\d+)", machine_type):
        return _G2.get(int(found[1]))
    found = re.fullmatch(r"a\d+x?-[a-z]+-(\d+)g(?:-.*)?", machine_type)
    return int(found[1]) if found else None


def local_ssds(machine_type: str, where: str) -> int:
    """How many Local SSDs a machine has, or can have at most.

    Raises:
        InputError: it is not known to have any.
    """
    count = _BUNDLED_SSDS.get(machine_type)
    if found := re.fullmatch(r"g2-standard-(\d+)", machine_type):
        count = _G2.get(int(found[1]))
    elif found := re.fullmatch(r"(\w+)-[a-z]+-(\d+)-lssd", machine_type):
        count = _LSSD.get(found[1], {}).get(int(found[2]))
    if count is None:
        series = ", ".join(f"{name}-…-lssd" for name in _LSSD)
        raise InputError(
            f"local_storage is raid0, but no Local SSDs are known of {machine_type}",
            where=where,
            mend=f"use {series}, g2-standard-…, one of {allowed(list(_BUNDLED_SSDS))}, "
            "or drop local_storage",
        )
    return count


def tpu_hosts(machine_type: str, topology: str, where: str) -> int:
    """The machines of one slice.

    Args:
        topology: chips along each side, `4x8` or `4x4x8`.

    Raises:
        InputError: the machine type makes no such slice.
    """
    family, _, _ = machine_type.partition("-")
    chips_of_one = re.search(r"-(\d+)t$", machine_type)
    if family not in TPU_FAMILIES or chips_of_one is None:
        raise InputError(
            f"tpu_topologies: {machine_type} makes no TPU slices",
            where=where,
            mend=f"drop the topology, or use machines of {allowed(list(TPU_FAMILIES))}",
        )
    one = int(chips_of_one[1])
    if re.fullmatch(r"[1-9]\d*(x[1-9]\d*){1,2}", topology) is None:
        raise InputError(
            f"tpu_topologies: {topology} is no topology", where=where, mend="give one such as 4x4"
        )
    sides = [int(side) for side in topology.split("x")]
    chips = math.prod(sides)
    if chips == one:
        return 1
    if one != CHIPS_PER_HOST or not _is_slice(family, topology, sides):
        cubes = "2x2x2, 2x2x4, 2x4x4, or three multiples of 4 in rising order"
        shapes = ", ".join(_FLAT) if family in {"ct5lp", "ct6e"} else cubes
        raise InputError(
            f"tpu_topologies: {machine_type} has no slice of {topology}",
            where=where,
            mend=f"with machines of {CHIPS_PER_HOST} chips give {shapes}",
        )
    return chips // CHIPS_PER_HOST


def _is_slice(family: str, topology: str, sides: list[int]) -> bool:
    if family in {"ct5lp", "ct6e"}:
        return topology in _FLAT
    cube = len(sides) == 3 and sides == sorted(sides) and all(side % 4 == 0 for side in sides)
    return topology in _SMALL_CUBES or (cube and math.prod(sides) <= _MOST_CHIPS[family])
