"""What a machine emits in an hour, in use and in the making.

    energy   = (vcpu x watts per vCPU + GiB x watts per GiB + devices x thermal design power x its share)
               / 1000 x PUE x grid
    embodied = (server x vcpu / the host's vCPUs + GiB x kg per GiB + devices x kg per device) / life

The watts at a utilisation lie on the line between idle and full load. Storage, network and switches are
left out. `trimtab.carbon.coefficients` has every figure beside its source; docs/diff/carbon.md says how
far to trust them.
"""

from dataclasses import dataclass

from trimtab.carbon.coefficients import (
    Host,
    accelerator_watts,
    constants,
    grid_of,
    host_of,
    mean_host,
    pue_of,
    sources,
)
from trimtab.catalogue.offers import Offer

UTILISATION = 0.5
"""The load that Cloud Carbon Footprint takes where nobody measured one."""


@dataclass(frozen=True, slots=True)
class NodeEmissions:
    """What one machine emits in an hour.

    Attributes:
        energy_kwh_per_hour: what it draws from the grid, the data centre's overhead included.
        energy_gco2e_per_hour: of that energy, location-based.
        embodied_gco2e_per_hour: of its making, spread over its life.
        method: how it was worked out, and from what.
        year: of the grid figure; None where the user gave it.
    """

    energy_kwh_per_hour: float
    energy_gco2e_per_hour: float
    embodied_gco2e_per_hour: float
    method: str
    year: int | None

    @property
    def gco2e_per_hour(self) -> float:
        """Both together."""
        return self.energy_gco2e_per_hour + self.embodied_gco2e_per_hour


def node_emissions(offer: Offer, utilisation: float = UTILISATION) -> NodeEmissions | None:
    """What one machine of an offer emits in an hour.

    None where the size, the accelerator's power, or the region's grid is not known: the rest alone would
    make it look clean. A family that is not known takes the mean of its provider's, and `method` says so.

    Args:
        offer: the machine and where it is.
        utilisation: of its vCPUs and accelerators, from 0 to 1.
    """
    if offer.vcpu is None or offer.memory_gib is None:
        return None
    host = host_of(offer.provider, offer.instance_type) or mean_host(offer.provider)
    if host is None:
        return None
    return machine_emissions(
        offer.provider,
        offer.region,
        offer.instance_type,
        host,
        vcpu=offer.vcpu,
        memory_gib=offer.memory_gib,
        accelerator=offer.accelerator,
        devices=offer.accelerator_count,
        utilisation=utilisation,
    )


def machine_emissions(
    provider: str,
    region: str,
    instance_type: str,
    host: Host,
    *,
    vcpu: float,
    memory_gib: float,
    accelerator: str | None,
    devices: float | None,
    utilisation: float = UTILISATION,
) -> NodeEmissions | None:
    """The same of a machine whose host is known."""
    grid, pue = grid_of(provider, region), pue_of(provider, region)
    if grid is None or pue is None:
        return None
    known, watts_of_device, cards = constants(), 0.0, 0.0
    noted = [f"{host.cpu.name} CPU" if host.known else f"CPU not known: {host.cpu.name}"]
    used = [host.cpu.source]
    if accelerator is not None:
        power = accelerator_watts(provider, instance_type, accelerator)
        if power is None or devices is None:
            return None
        (watts_of_device, source), cards = power, devices
        noted.append(f"{devices:g} x {accelerator} of {watts_of_device:g} W")
        used.append(source)
    watts = (
        vcpu * host.cpu.watts(utilisation)
        + memory_gib * known.watts_per_gib
        + cards * watts_of_device * known.accelerator_share(utilisation)
    )
    made_kg = (
        known.server_kgco2e * vcpu / host.vcpu
        + memory_gib * known.kgco2e_per_gib
        + cards * known.accelerator_kgco2e
    )
    noted.append(
        f"{utilisation:.0%} load, PUE {pue:g}, grid {grid.gco2e_per_kwh:g} g/kWh of {grid.year}"
    )
    texts = sources()
    return NodeEmissions(
        energy_kwh_per_hour=watts / 1000 * pue,
        energy_gco2e_per_hour=watts / 1000 * pue * grid.gco2e_per_kwh,
        embodied_gco2e_per_hour=made_kg * 1000 / known.lifetime_hours,
        method="; ".join([*noted, *dict.fromkeys(texts[name] for name in [*used, grid.source])]),
        year=grid.year,
    )


def owned_emissions(
    watts: float,
    gco2e_per_kwh: float,
    *,
    pue: float = 1.0,
    embodied_kgco2e: float = 0.0,
    life_years: float = 4.0,
) -> NodeEmissions:
    """What a machine of one's own emits in an hour, from figures that its owner has.

    Args:
        watts: its mean power at the wall.
        gco2e_per_kwh: of its grid or contract.
        pue: of its data centre; 1 where `watts` has the overhead in it.
        embodied_kgco2e: of its making; 0 where the maker does not say: then it is left out.
        life_years: over which that is spread.
    """
    kwh = watts / 1000 * pue
    left_out = "" if embodied_kgco2e else "; its making left out: not given"
    return NodeEmissions(
        energy_kwh_per_hour=kwh,
        energy_gco2e_per_hour=kwh * gco2e_per_kwh,
        embodied_gco2e_per_hour=embodied_kgco2e * 1000 / (life_years * 8760),
        method=f"{watts:g} W, PUE {pue:g} and {gco2e_per_kwh:g} g/kWh as its owner gave them{left_out}",
        year=None,
    )
