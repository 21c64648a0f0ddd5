"""Google Cloud's machines: composed of what their cores, memory, accelerators and local disks cost.

What each type has is the package's table of shapes; `gcp_exceptions.csv` says which types are charged fewer
vCPUs than they show, or come with local disks. A type that has a component of unknown price has no price.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

from trimtab.clock import HOURS_PER_MONTH
from trimtab.pricing.live.compose import known_shapes
from trimtab.pricing.live.model import GLOBAL, PRICES, MachineRow

_KIND = r"(?: Predefined| AMD| Arm| Memory-optimized)?"
_FAMILY = rf"(?P<family>[A-Z][0-9][A-Z]*){_KIND}"
_SPOT = r"(?P<spot>Spot Preemptible )?"
_TERM = r"in .* for (?P<years>[13]) Year"
_MACHINE = re.compile(rf"{_SPOT}{_FAMILY} Instance (?P<what>Core|R(?i:am)) running")
_NAMED = re.compile(
    rf"{_SPOT}(?P<named>Compute optimized|Memory-optimized Instance) (?P<what>Core|R(?i:am)) running"
)
_COMMITTED = re.compile(
    rf"Commitment(?: v1)?: (?:{_FAMILY} |(?P<named>Compute optimized|Memory-optimized) )?"
    rf"(?P<what>Cpu|Core|R(?i:am)) {_TERM}"
)
_GPU = re.compile(r"Nvidia (?P<gpu>.+?) GPU (?P<spot>attached to Spot Preemptible VMs )?running")
_GPU_COMMITTED = re.compile(rf"Commitment v1: Nvidia (?P<gpu>.+?) GPU (?:running )?{_TERM}")
_DISK = re.compile(
    rf"SSD backed Local Storage(?P<spot> attached to Spot Preemptible)?|Commitment v1: Local SSD {_TERM}"
)
_NAMES = {"Compute optimized": "c2", "Memory-optimized Instance": "m1", "Memory-optimized": "m1"}
_GPUS = {
    "Tesla A100": "a100-40gb",
    "Tesla A100 80GB": "a100-80gb",
    "H100 80GB": "h100-80gb",
    "H100 80GB Mega": "h100-mega-80gb",
    "L4": "l4",
}
_DISK_NAME = "local-ssd"


class Components:
    """Prices of what machines are made of, by region, name and purchase option."""

    def __init__(self) -> None:
        self._usd: dict[tuple[str, str, str], float | None] = {}
        self._regions: set[str] = set()

    def add(self, description: str, regions: Iterable[str], per: str, usd: float) -> None:
        """Take a SKU in, where it is a component; one that two give differently has no price."""
        found = _component(description)
        if found is None or usd <= 0:
            return
        name, option = found
        if name == _DISK_NAME:
            if per != "GiBy.mo":
                return
            usd /= HOURS_PER_MONTH
        elif per != ("GiBy.h" if name.endswith("/ram") else "h"):
            return
        for region in regions:
            if region != GLOBAL:
                self._regions.add(region)
                key = (region, name, option)
                self._usd[key] = usd if self._usd.get(key, usd) == usd else None

    def machines(self) -> Iterator[MachineRow]:
        """Every type that the package knows, in each region that prices its components."""
        for instance_type, parts in _types():
            for region in sorted(self._regions):
                cells = {option: self._price(region, parts, option) for option in PRICES}
                if cells["on_demand"] is not None:
                    yield MachineRow(region, instance_type, cells)

    def _price(self, region: str, parts: Mapping[str, float], option: str) -> float | None:
        total = 0.0
        for name, count in parts.items():
            usd = self._usd.get((region, name, option))
            if usd is None:
                return None
            total += usd * count
        return total


def _component(description: str) -> tuple[str, str] | None:
    """The component and the purchase option that a SKU is."""
    for pattern in (_MACHINE, _NAMED, _COMMITTED, _GPU, _GPU_COMMITTED, _DISK):
        found = pattern.match(description)
        if found is None:
            continue
        said = found.groupdict()
        option = f"reserved_{years}y" if (years := said.get("years")) else "on_demand"
        if said.get("spot"):
            option = "spot"
        if pattern is _DISK:
            return _DISK_NAME, option
        if "gpu" in said:
            return (f"gpu/{_GPUS[said['gpu']]}", option) if said["gpu"] in _GPUS else None
        named = said.get("named")
        family = _NAMES[named] if named else (said.get("family") or "n1").lower()
        return f"{family}/{'ram' if said['what'].lower() == 'ram' else 'core'}", option
    return None


@cache
def _types() -> tuple[tuple[str, Mapping[str, float]], ...]:
    """Each type with its components and how many of each."""
    found = []
    for instance_type, shape in sorted(known_shapes("gcp").items()):
        exception = _exception(instance_type)
        if exception.get("skip") or not shape.get("vcpu"):
            continue
        family = instance_type.split("-")[0]
        parts = {
            f"{family}/core": float(exception.get("vcpu") or shape["vcpu"]),
            f"{family}/ram": float(exception.get("memory_gib") or shape["memory_gib"]),
        }
        if shape.get("accelerator"):
            parts[f"gpu/{shape['accelerator']}"] = float(shape["accelerator_count"])
        if exception.get("local_ssd_gib"):
            parts[_DISK_NAME] = float(exception["local_ssd_gib"])
        found.append((instance_type, parts))
    return tuple(found)


def _exception(instance_type: str) -> Mapping[str, str]:
    """The first row whose pattern the type matches."""
    return next(
        (row for row in _exceptions() if fnmatchcase(instance_type, row["instance_type"])), {}
    )


@cache
def _exceptions() -> tuple[Mapping[str, str], ...]:
    path = Path(__file__).with_name("gcp_exceptions.csv")
    with path.open(encoding="utf-8", newline="") as stream:
        return tuple(csv.DictReader(stream))
