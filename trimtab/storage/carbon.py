"""What stored data emits: the energy of the disks that hold its copies.

    kg CO2e per TiB-hour = watts per TB x TB per TiB x copies x PUE x grid / 1e6

Watts are Cloud Carbon Footprint's: 1.2 for a terabyte on SSD, 0.65 on disks that turn. The making of the
disks, the servers around them and the network are left out: no public figure is per terabyte.
"""

from trimtab.carbon.coefficients import constants, grid_of, pue_of
from trimtab.storage.backends import Backend

TB_PER_TIB = 2**40 / 1e12


def kgco2e_per_tib_hour(backend: Backend, provider: str, region: str | None) -> float | None:
    """Kilograms of CO2e that a TiB emits in an hour; None where a figure is not known."""
    if backend.media is None or backend.copies is None or region is None:
        return None
    grid, pue = grid_of(provider, region), pue_of(provider, region)
    if grid is None or pue is None:
        return None
    known = constants()
    watts = known.ssd_watts_per_tb if backend.media == "ssd" else known.hdd_watts_per_tb
    return watts * TB_PER_TIB * backend.copies * pue * grid.gco2e_per_kwh / 1e6
