"""Offers: what can be bought, where, and for how much per hour under each purchase option.

One row of a price table is one `Offer`. A missing price stays missing (None), never 0.
"""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class InterruptionBand:
    """Share of spot instances interrupted in a month, in percent; the top band is open-ended."""

    low_percent: float
    high_percent: float


@dataclass(frozen=True)
class Offer:
    """One instance type in one region.

    Attributes:
        provider: `aws`, `gcp`, `azure` or another lower-case name.
        region: the provider's region name.
        instance_type: the provider's name for it.
        vcpu: hardware threads, or None where unknown.
        memory_gib: memory, or None where unknown.
        accelerator: a model of `trimtab.catalogue.accelerators`, or None for a CPU-only type.
        accelerator_count: accelerators per node (a fraction where a slice is sold), or None.
        architecture: `x86_64` or `arm64`.
        on_demand_usd_per_hour, spot_usd_per_hour, reserved_1y_usd_per_hour,
        reserved_3y_usd_per_hour: US dollars per node-hour, or None where there is no price.
        interruption_band: spot interruptions per month, or None where unknown.
        gco2e_per_hour: operational and embodied emissions of one node, or None where unknown.
        as_of: date of the on-demand price.
        source: where each figure comes from.
    """

    provider: str
    region: str
    instance_type: str
    vcpu: float | None
    memory_gib: float | None
    accelerator: str | None
    accelerator_count: float | None
    architecture: str
    on_demand_usd_per_hour: float | None
    spot_usd_per_hour: float | None
    reserved_1y_usd_per_hour: float | None
    reserved_3y_usd_per_hour: float | None
    interruption_band: InterruptionBand | None
    gco2e_per_hour: float | None
    as_of: date
    source: str
