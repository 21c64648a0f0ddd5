"""The options of `trimtab backtest` as plain data, and what comes up while they are read."""

from dataclasses import dataclass, field
from pathlib import Path

from trimtab.files import read_bytes, sha256
from trimtab.workloads.model import Unit


@dataclass(frozen=True)
class BacktestOptions:
    """The options of `trimtab backtest`, as given."""

    demand: tuple[str, ...]
    unit: Unit | None = None
    max_gap: str = "6h"
    on_demand: float | None = None
    reserved: float | None = None
    spot: float | None = None
    offers: Path | None = None
    instance_type: str | None = None
    provider: str | None = None
    region: str | None = None
    units_per_node: float | None = None
    commitment: str = "1y"
    term: str | None = None
    spot_availability: tuple[Path, ...] = ()
    spot_depth: float | None = None
    restart: str = "15min"
    launch: str = "6min"
    lead: str = "1h"
    carbon: Path | None = None
    kwh_per_unit_hour: float | None = None
    split: float = 0.5
    decide_every: str = "24h"
    shift: tuple[str, ...] = ()
    full_term: bool = False


@dataclass(frozen=True)
class Source:
    """A file that was read, and the digest of its bytes."""

    name: str
    digest: str


@dataclass
class Told:
    """Sources and notes as they come up."""

    sources: list[Source] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def file(self, path: Path) -> None:
        self.sources.append(Source(path.name, sha256(read_bytes(path))))
