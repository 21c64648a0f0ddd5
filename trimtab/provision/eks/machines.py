"""What AWS's machines carry: architecture, accelerators, network cards, EFA, local NVMe disks.

Facts are in `machines.csv` beside this file, with their sources and dates; `tools/machine_facts.py`
writes it. A type that is not there is not known, which is not the same as having nothing.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from types import MappingProxyType

from trimtab.catalogue.accelerators import ImageFlavour

_FLAVOURS: dict[str, ImageFlavour] = {"NVIDIA": "nvidia", "AWS": "neuron"}


@dataclass(frozen=True)
class NetworkCards:
    """A machine's network cards.

    Attributes:
        count: how many cards there are, numbered from 0.
        first_card_interfaces: interfaces that card 0 holds.
        efa: the cards whose interfaces may be EFA, in order; as many EFA interfaces can be had.
    """

    count: int
    first_card_interfaces: int
    efa: tuple[int, ...]


@dataclass(frozen=True)
class NvmeDisks:
    """A machine's own disks: how many, and the decimal gigabytes of all of them."""

    count: int
    gb: int


@dataclass(frozen=True)
class Machine:
    """One instance type.

    Attributes:
        architecture: `x86_64` or `arm64`.
        accelerator: maker and model, such as `NVIDIA H100`; empty where there is none.
        accelerators: devices of one machine; a fraction where it has a part of one.
        network: its network cards; None where they are not known.
        nvme: its local NVMe disks; None where they are not known.
    """

    instance_type: str
    architecture: str
    accelerator: str
    accelerators: float
    network: NetworkCards | None
    nvme: NvmeDisks | None

    @property
    def image(self) -> ImageFlavour:
        """The drivers that EKS has an image with for its accelerator; `none`: bring your own."""
        return _FLAVOURS.get(self.accelerator.partition(" ")[0], "none")


def machine(instance_type: str) -> Machine | None:
    """What a type carries; None where this release does not know it."""
    return _machines().get(instance_type)


@lru_cache(maxsize=1)
def _machines() -> Mapping[str, Machine]:
    text = resources.files(__package__).joinpath("machines.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    return MappingProxyType({row["instance_type"]: _machine(row) for row in rows})


def _machine(row: dict[str, str]) -> Machine:
    cards, disks = row["network_cards"], row["nvme_disks"]
    return Machine(
        row["instance_type"],
        row["architecture"],
        row["accelerator"],
        float(row["accelerators"]),
        NetworkCards(int(cards), int(row["first_card_interfaces"]), _numbers(row["efa_cards"]))
        if cards
        else None,
        NvmeDisks(int(disks), int(row["nvme_gb"])) if disks else None,
    )


def _numbers(spans: str) -> tuple[int, ...]:
    """`1-3 7` as 1, 2, 3, 7."""
    ends = [span.split("-") for span in spans.split()]
    return tuple(number for end in ends for number in range(int(end[0]), int(end[-1]) + 1))
