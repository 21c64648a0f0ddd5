"""What a fetch is made of: jobs, and the rows that they yield."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

GLOBAL = "*"
"""The region of a price that is the same everywhere."""
ALL = "all"
"""In place of a job's regions: whatever its answer holds."""
REGION = re.compile(r"[A-Za-z0-9][\w .-]*")
"""A region's name, which names a file, too."""

PRICES = ("on_demand", "spot", "reserved_1y", "reserved_3y")
SHAPE = ("vcpu", "memory_gib", "accelerator", "accelerator_count", "architecture")
"""Columns of a machine: US dollars an hour, and what it has."""


@dataclass(frozen=True, slots=True)
class RateRow:
    """A rate in a region.

    Attributes:
        region: by the provider's own name, or `*`.
        rate: as the estimators name it: `aws/nat-gateway/hour`.
        unit: what one is charged by: `hour`.
        tiers: from which quantity on, in that unit, and US dollars for one.
        meter: the provider's own name for it, for messages.
    """

    region: str
    rate: str
    unit: str
    tiers: tuple[tuple[float, float], ...]
    meter: str = ""


@dataclass(frozen=True, slots=True)
class MachineRow:
    """What a source says of a machine in a region; columns are of `PRICES` and `SHAPE`."""

    region: str
    instance_type: str
    cells: Mapping[str, float | str | None]


Row: TypeAlias = RateRow | MachineRow


@dataclass(frozen=True)
class Job:
    """One fetch, written whole or not at all.

    Attributes:
        provider: `aws`, `azure`, `gcp`, or a GPU cloud.
        regions: those that it is of: by name, `*`, or `ALL`.
        service: the provider's service, or what of it: `AmazonEC2`, `spot`.
        source: the API, as a price's source names it.
        fetch: asks the API; may be long, and may raise in the middle.
        columns: of a machine that it tells.
        required: a region without any such price is an error, not a fact.
    """

    provider: str
    regions: tuple[str, ...]
    service: str
    source: str
    fetch: Callable[[], Iterator[Row]]
    columns: tuple[str, ...] = ()
    required: bool = False

    @property
    def key(self) -> str:
        """How messages name it."""
        return f"{self.provider}/{'+'.join(self.regions)}/{self.service}"


@dataclass(frozen=True)
class Wanted:
    """What a refresh is asked for.

    Attributes:
        providers, regions, services: only these; empty for all.
        now: the instant of the fetch.
    """

    now: datetime
    providers: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    services: tuple[str, ...] = ()

    def service(self, name: str) -> bool:
        """Whether a service is asked for, however it is capitalised."""
        return not self.services or name.lower() in {each.lower() for each in self.services}
