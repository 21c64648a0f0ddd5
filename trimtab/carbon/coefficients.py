"""The coefficients of the estimate: tables beside this module, each figure with its source.

    cpus.csv          watts per vCPU, idle and fully loaded, by microarchitecture
    hosts.csv         by provider and family of instance types: the microarchitecture, and the vCPUs of the
                      host that the family's machines are cut from
    accelerators.csv  thermal design power of one device, by model, or by `provider/type` where a type's
                      card differs from its model's usual form
    grid.csv          grams of CO2e per kWh by provider and region: annual mean, location-based; its year
    pue.csv           power usage effectiveness by provider (region `*`), and by region where it is known
    constants.csv     the rest: watts per GiB, embodied kilograms, life, the accelerators' idle and full share
    sources.csv       what the ids of sources stand for

Read when first asked for.
"""

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).resolve().parent


@dataclass(frozen=True, slots=True)
class Cpu:
    """Watts that one vCPU draws."""

    name: str
    idle_watts: float
    full_watts: float
    source: str

    def watts(self, utilisation: float) -> float:
        """Linear between idle and full load."""
        return self.idle_watts + utilisation * (self.full_watts - self.idle_watts)


@dataclass(frozen=True, slots=True)
class Host:
    """What a family's machines are cut from.

    Attributes:
        cpu: its microarchitecture.
        vcpu: of the whole host, which the machines share.
        known: False where the family is not in the table, and this is the provider's mean.
    """

    cpu: Cpu
    vcpu: float
    known: bool = True


@dataclass(frozen=True, slots=True)
class Grid:
    """Grams of CO2e per kWh where a region draws its power: the mean of a year, location-based."""

    gco2e_per_kwh: float
    year: int
    source: str


@dataclass(frozen=True, slots=True)
class Constants:
    """The figures that are the same everywhere."""

    watts_per_gib: float
    accelerator_idle_share: float
    accelerator_full_share: float
    chassis_kgco2e: float
    second_cpu_kgco2e: float
    memory_kgco2e: float
    memory_gib: float
    accelerator_kgco2e: float
    lifetime_hours: float
    ssd_watts_per_tb: float
    hdd_watts_per_tb: float

    def accelerator_share(self, utilisation: float) -> float:
        """The share of its thermal design power that an accelerator draws."""
        full, idle = self.accelerator_full_share, self.accelerator_idle_share
        return idle + utilisation * (full - idle)

    @property
    def server_kgco2e(self) -> float:
        """A rack server and its second CPU, without memory and accelerators."""
        return self.chassis_kgco2e + self.second_cpu_kgco2e

    @property
    def kgco2e_per_gib(self) -> float:
        return self.memory_kgco2e / self.memory_gib


def host_of(provider: str, instance_type: str) -> Host | None:
    """The host of an instance type's family; None where the family is not in the table."""
    known = _hosts()
    families = _families(provider, instance_type)
    return next((known[provider, name] for name in families if (provider, name) in known), None)


@cache
def mean_host(provider: str) -> Host | None:
    """What stands for a family that is not known: the mean over the provider's; None: nobody knows any."""
    hosts = [host for (owner, _), host in _hosts().items() if owner == provider]
    if not hosts:
        return None
    count = len(hosts)
    cpu = Cpu(
        f"mean of {provider}'s families",
        sum(host.cpu.idle_watts for host in hosts) / count,
        sum(host.cpu.full_watts for host in hosts) / count,
        hosts[0].cpu.source,
    )
    return Host(cpu, sum(host.vcpu for host in hosts) / count, known=False)


def accelerator_watts(provider: str, instance_type: str, model: str) -> tuple[float, str] | None:
    """Thermal design power of one device, and its source; None where it is not published."""
    known = _accelerators()
    return known.get(f"{provider}/{instance_type}") or known.get(model)


def grid_of(provider: str, region: str) -> Grid | None:
    """The grid of a region; None where no source has it."""
    return _grids().get((provider, region))


def pue_of(provider: str, region: str) -> float | None:
    """Power that the data centre draws for each kWh of its machines; None: another provider's."""
    known = _pues()
    return known.get((provider, region)) or known.get((provider, "*"))


@cache
def constants() -> Constants:
    """The figures that are the same everywhere."""
    return Constants(**{row["constant"]: float(row["value"]) for row in table("constants")})


@cache
def sources() -> Mapping[str, str]:
    """What the ids of sources stand for."""
    return {row["source"]: row["text"] for row in table("sources")}


def table(name: str) -> list[dict[str, str]]:
    """The rows of a table, as they stand."""
    text = (FOLDER / f"{name}.csv").read_text("utf-8")
    return list(csv.DictReader(text.splitlines()))


@cache
def cpus() -> Mapping[str, Cpu]:
    """Every microarchitecture by its name."""
    return {
        row["cpu"]: Cpu(
            row["cpu"],
            float(row["idle_watts_per_vcpu"]),
            float(row["full_watts_per_vcpu"]),
            row["source"],
        )
        for row in table("cpus")
    }


@cache
def _hosts() -> Mapping[tuple[str, str], Host]:
    known = cpus()
    return {
        (row["provider"], row["family"]): Host(known[row["cpu"]], float(row["host_vcpu"]))
        for row in table("hosts")
    }


@cache
def _accelerators() -> Mapping[str, tuple[float, str]]:
    return {
        row["accelerator"]: (float(row["watts"]), row["source"]) for row in table("accelerators")
    }


@cache
def _grids() -> Mapping[tuple[str, str], Grid]:
    return {
        (row["provider"], row["region"]): Grid(
            float(row["gco2e_per_kwh"]), int(row["year"]), row["source"]
        )
        for row in table("grid")
    }


@cache
def _pues() -> Mapping[tuple[str, str], float]:
    return {(row["provider"], row["region"]): float(row["pue"]) for row in table("pue")}


def _families(provider: str, instance_type: str) -> tuple[str, ...]:
    """The names under which a type's family may stand, the closest first.

    AWS: `m7i` of m7i.4xlarge. Google Cloud: `a3-highgpu`, then `a3`. Azure: `Ds_v5` of Standard_D16s_v5
    and `Es_v5` of the constrained Standard_E16-4s_v5.
    """
    if provider == "aws":
        return (instance_type.partition(".")[0],)
    if provider == "azure":
        plain = instance_type.removeprefix("Standard_").removesuffix("_Promo")
        return (_AZURE_SIZE.sub(r"\1", plain, count=1),)
    return (instance_type.rpartition("-")[0], instance_type.partition("-")[0])


_AZURE_SIZE = re.compile(r"^([A-Z]+)\d+(?:-\d+)?")
