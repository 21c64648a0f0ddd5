"""What a unit of demand costs under each purchase option."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from trimtab.optimise.clairvoyant import Product

Array = NDArray[np.float64]


def _no_zones() -> Array:
    return np.zeros(0)


@dataclass(frozen=True, eq=False)
class Market:
    """What a unit costs under each purchase option; Z spot zones.

    Attributes:
        on_demand_usd_per_hour: list price.
        products: commitments on sale; a policy that only says a level buys the first. May be empty.
        zones: the names of the spot zones.
        spot_usd_per_hour: shape (Z,).
        restart_hours: hours of a unit's work that a forced interruption loses (restart and lost
            work); done again at the list price.
        launch_hours: how long a launched unit takes until it serves, at most an hour; it is paid
            for, and what it does not serve is shortage.
    """

    on_demand_usd_per_hour: float
    products: tuple[Product, ...] = ()
    zones: tuple[str, ...] = ()
    spot_usd_per_hour: Array = field(default_factory=_no_zones)
    restart_hours: float = 0.25
    launch_hours: float = 0.1

    @property
    def interruption_usd(self) -> float:
        """κ: what one unit's forced interruption costs."""
        return self.restart_hours * self.on_demand_usd_per_hour

    @property
    def product(self) -> Product | None:
        """The commitment that a level is bought as; None when none is on sale."""
        return self.products[0] if self.products else None

    @property
    def longest_term_hours(self) -> int:
        """Of the products, at least 1."""
        return max((product.term_hours for product in self.products), default=1)
