"""The settings of the evidence: real series, real spot traces, real prices, all from ../shared/data.

Every hourly series of at least 14 days, scaled to a mean of 300 units; the first half is history. Spot
is five V100 zones on one clock (an hour is available when every tick of it is), repeated to the series'
length, times a depth per zone. Terms are 28 days, so that several fit into the series.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache

import numpy as np
from numpy.typing import NDArray

from benchmarks.measure import ROOT
from trimtab.backtest.model import Market, Product, Setting
from trimtab.spot.reader import read_availability
from trimtab.spot.trace import aligned

DATA = ROOT.parent / "shared" / "data"
MEAN_UNITS = 300.0
LEAST_HOURS = 14 * 24
TERM_HOURS = 28 * 24
DEPTHS = (0, 20, 60, 120)
SHIFTS = ((0.7, 0.25), (1.3, 0.25), (0.7, 0.75), (1.3, 0.75))
"""Factor of the demand, and the share of the series from which it holds: mid-history or mid-test."""

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Prices:
    """US dollars per hour of one accelerator."""

    name: str
    on_demand: float
    reserved: float
    spot: float


V100 = Prices("aws us-east-1 p3.2xlarge, February 2023", 3.06, 2.088, 1.1288)
"""The evidence's: list price, one year without upfront, and the spot price of the traces' time."""

TODAY = (
    ("gcp", "us-central1", "g2-standard-8", "1y"),
    ("gcp", "us-central1", "a2-highgpu-1g", "1y"),
    ("gcp", "us-central1", "a2-highgpu-1g", "3y"),
    ("gcp", "us-central1", "a3-highgpu-8g", "1y"),
    ("gcp", "us-central1", "a3-highgpu-8g", "3y"),
    ("aws", "us-east-1", "g5.xlarge", "1y"),
    ("aws", "us-east-1", "p3.2xlarge", "1y"),
)
"""Offers with a reserved and a spot price. All are paid by the hour, their terms scaled to 28 days."""


def present() -> bool:
    """Whether the shared data is beside the repository."""
    return (DATA / "demand").is_dir()


@cache
def series() -> dict[str, Array]:
    """Hourly demand by series, each scaled to the same mean."""
    found = {}
    for path in sorted((DATA / "demand").glob("*.csv")):
        if path.stem.endswith("min"):
            continue
        with path.open(encoding="utf-8", newline="") as file:
            demand = np.array([float(row["demand"]) for row in csv.DictReader(file)])
        if len(demand) >= LEAST_HOURS:
            found[path.stem] = demand * MEAN_UNITS / demand.mean()
    return found


@cache
def zones() -> dict[str, Array]:
    """Per zone 1 where it had capacity throughout the hour, else 0, on one clock."""
    paths = sorted((DATA / "spot" / "availability").glob("skypilot_aws_2023-02-15_*_v100_1.csv"))
    found = aligned([read_availability(path, name=path.stem.split("_")[3]) for path in paths])
    return dict(zip(found.names, found.least, strict=True))


@cache
def today() -> tuple[Prices, ...]:
    """The offers of `TODAY`, per accelerator."""
    wanted = {key[:3] for key in TODAY}
    rows = {}
    with (DATA / "prices" / "offers.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            key = (row["provider"], row["region"], row["instance_type"])
            if key in wanted:
                rows[key] = row

    def prices(provider: str, region: str, kind: str, term: str) -> Prices:
        row = rows[provider, region, kind]
        per_node = (
            row["on_demand_usd_hour"],
            row[f"reserved_{term}_usd_hour"],
            row["spot_usd_hour"],
        )
        on_demand, reserved, spot = (
            float(text) / float(row["accelerator_count"]) for text in per_node
        )
        return Prices(f"{provider} {region} {kind}, {term}", on_demand, reserved, spot)

    return tuple(prices(*key) for key in TODAY)


def setting(name: str, depth: int, prices: Prices = V100, *, full_term: bool = False) -> Setting:
    """A series on a market; a depth of 0 has no spot at all."""
    demand = series()[name]
    up = zones() if depth else {}
    available = np.zeros((len(up), len(demand)))
    for row, trace in zip(available, up.values(), strict=True):
        row[:] = np.resize(trace, len(demand)) * depth
    market = Market(
        prices.on_demand,
        (Product("28 d", prices.reserved, TERM_HOURS),),
        tuple(up),
        np.full(len(up), prices.spot),
    )
    return Setting(
        name=name,
        unit="accelerators",
        # Instants name the hours of the forecasts only; the series' own are partly invented.
        start=datetime(2024, 1, 1, tzinfo=UTC),
        demand=demand,
        test_from=len(demand) // 2,
        market=market,
        spot_available=available,
        full_term=full_term,
    )


def shifted(base: Setting) -> Iterator[tuple[str, Setting]]:
    """The setting with each of the level shifts."""
    for factor, share in SHIFTS:
        place = "mid-history" if share < 0.5 else "mid-test"
        label = f"{factor - 1:+.0%} in {place}"
        moved = base.shifted(factor, int(len(base.demand) * share))
        yield label, replace(moved, name=base.name)
