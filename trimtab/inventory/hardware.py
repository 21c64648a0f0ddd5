"""What a machine of one's own costs and emits in an hour, from what its owner has on paper.

    usd   = (purchase - residual) / (life x 8760) + maintenance / 8760
            + watts / 1000 x PUE x USD per kWh + (connectivity + site) / 730
    grams = watts / 1000 x PUE x grid + embodied x 1000 / (life x 8760)

A year has 8,760 hours and a month 730. The cost is full cost: the share of it that ends when the machine
idles or goes is for its owner to know. Plans use owned machines first whatever they cost, for purchase,
site and line are paid either way; the figure tells what the estate costs, and whether the next machine
is worth buying.
"""

from dataclasses import dataclass

from trimtab.carbon.coefficients import grid_of
from trimtab.carbon.emissions import NodeEmissions, owned_emissions
from trimtab.errors import InputError

HOURS_PER_YEAR = 8760.0
HOURS_PER_MONTH = 730.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Power:
    """What a machine draws at the wall: a mean, or the line between idle and full load.

    Attributes:
        watts: the mean; or None, and then all of the following:
        idle_watts, max_watts: at no load and at full load.
        utilisation: mean load from 0 to 1.
    """

    watts: float | None = None
    idle_watts: float | None = None
    max_watts: float | None = None
    utilisation: float | None = None

    @property
    def mean_watts(self) -> float:
        """The mean."""
        if self.watts is not None:
            return self.watts
        idle, most, load = self.idle_watts or 0.0, self.max_watts or 0.0, self.utilisation or 0.0
        return idle + (most - idle) * load

    def check(self) -> None:
        """Refuse what says too little or too much.

        Raises:
            InputError: neither is stated, or both, or full load draws less than none.
        """
        line = (self.idle_watts, self.max_watts, self.utilisation)
        if self.watts is not None and line == (None, None, None):
            return
        idle, most, load = line
        if self.watts is not None or idle is None or most is None or load is None:
            raise InputError(
                "must state watts, the mean at the wall, or idleWatts, maxWatts and utilisation",
                mend="give exactly one of the two",
            )
        if most < idle:
            raise InputError(
                f"maxWatts {most:g} is below idleWatts {idle:g}", mend="check the two figures"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Hardware:
    """A machine's papers.

    Attributes:
        purchase_usd: what it was bought for, rack and cables included.
        life_years: over which that is written off, and its making spread.
        residual_usd: what it is sold for at the end.
        maintenance_usd_per_year: contract, spare parts, hands.
        power: what it draws.
        pue: of the room: power drawn for each watt of its machines; 1 where `power` has it in it.
        usd_per_kwh: of its tariff.
        gco2e_per_kwh: of its grid or contract; None: not known.
        grid: where that figure is from, for people.
        embodied_kgco2e: of its making; None: the maker does not say, and it is left out.
        connectivity_usd_per_month: of its line, where it has one of its own.
        site_usd_per_month: of its place in the hall, where that is billed.
    """

    purchase_usd: float
    life_years: float
    power: Power
    usd_per_kwh: float
    residual_usd: float = 0.0
    maintenance_usd_per_year: float = 0.0
    pue: float = 1.0
    gco2e_per_kwh: float | None = None
    grid: str = ""
    embodied_kgco2e: float | None = None
    connectivity_usd_per_month: float = 0.0
    site_usd_per_month: float = 0.0

    @property
    def capital_usd_per_hour(self) -> float:
        """Purchase less residual value, over its life."""
        return (self.purchase_usd - self.residual_usd) / (self.life_years * HOURS_PER_YEAR)

    @property
    def energy_usd_per_hour(self) -> float:
        """What it draws, the room's overhead included."""
        return self.power.mean_watts / 1000 * self.pue * self.usd_per_kwh

    @property
    def running_usd_per_hour(self) -> float:
        """Maintenance, line and place."""
        monthly = self.connectivity_usd_per_month + self.site_usd_per_month
        return self.maintenance_usd_per_year / HOURS_PER_YEAR + monthly / HOURS_PER_MONTH

    @property
    def usd_per_hour(self) -> float:
        """All of it."""
        return self.capital_usd_per_hour + self.energy_usd_per_hour + self.running_usd_per_hour

    @property
    def emissions(self) -> NodeEmissions | None:
        """In use and in the making; None where its grid is not known."""
        if self.gco2e_per_kwh is None:
            return None
        return owned_emissions(
            self.power.mean_watts,
            self.gco2e_per_kwh,
            pue=self.pue,
            embodied_kgco2e=self.embodied_kgco2e or 0.0,
            life_years=self.life_years,
        )

    @property
    def arithmetic(self) -> str:
        """How the two figures came about, in one sentence."""
        watts, emissions = self.power.mean_watts, self.emissions
        drawn = (
            f"{watts:g} W"
            if self.power.watts is not None
            else f"{watts:g} W at {self.power.utilisation or 0:.0%} load"
        )
        money = (
            f"${self.usd_per_hour:.4f} an hour = ${self.capital_usd_per_hour:.4f} "
            f"(${self.purchase_usd:,.0f} less ${self.residual_usd:,.0f} over {self.life_years:g} years)"
            f" + ${self.energy_usd_per_hour:.4f} energy ({drawn} x PUE {self.pue:g} x "
            f"${self.usd_per_kwh:g} a kWh) + ${self.running_usd_per_hour:.4f} maintenance, line and site"
        )
        if emissions is None:
            return f"{money}; emissions not known: no grid is stated"
        made = (
            f"{emissions.embodied_gco2e_per_hour:.1f} g of its making "
            f"({self.embodied_kgco2e:g} kg over {self.life_years:g} years)"
            if self.embodied_kgco2e
            else "its making, which is not stated and left out"
        )
        return (
            f"{money}; {emissions.gco2e_per_hour:.1f} g CO2e an hour = "
            f"{emissions.energy_gco2e_per_hour:.1f} g of energy ({self.gco2e_per_kwh:g} g a kWh, "
            f"{self.grid or 'as its owner gave it'}) + {made}"
        )


def grid_intensity(provider: str, region: str) -> tuple[float, str]:
    """Grams per kWh of the grid that a cloud's region draws from, and where the figure is from.

    Raises:
        InputError: no source has that region.
    """
    grid = grid_of(provider, region)
    if grid is None:
        raise InputError(
            f"no grid is known for {provider} {region}",
            mend="name a cloud's region on the same grid, or give gco2ePerKwh",
        )
    return grid.gco2e_per_kwh, f"the grid of {provider} {region} in {grid.year}"
