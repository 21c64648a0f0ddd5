"""Limits as the planner uses them."""

from dataclasses import dataclass
from typing import Literal

from trimtab.workloads.model import Owner

Term = Literal["1y", "3y"]


@dataclass(frozen=True)
class Budget:
    """The most that an owner's pools may be expected to cost; fields of the owner left empty: any."""

    owner: Owner
    usd_per_month: float
    where: str = ""

    def concerns(self, owner: Owner) -> bool:
        """Whether a pool of that owner counts against it."""
        pairs = (
            (self.owner.team, owner.team),
            (self.owner.project, owner.project),
            (self.owner.model, owner.model),
            (self.owner.environment, owner.environment),
        )
        return all(wanted in ("", found) for wanted, found in pairs)

    @property
    def title(self) -> str:
        """How messages name it: `team vision, project mm`."""
        named = (
            ("team", self.owner.team),
            ("project", self.owner.project),
            ("model", self.owner.model),
            ("environment", self.owner.environment),
        )
        return ", ".join(f"{name} {value}" for name, value in named if value)


@dataclass(frozen=True)
class Limits:
    """What bounds a plan.

    Attributes:
        source, digest: of the file.
        budgets: per owner, expected cost in US dollars a month of 730 h.
        usd_per_tonne: internal price of carbon; it decides, and is in no cost that is shown.
        kg_per_month: most that the plan may be expected to emit, or None.
        spot_shares: pool to the most of its demand that spot may serve.
        commitment_usd_per_hour: most that new commitments may bind per hour, or None.
        terms: commitment terms that are allowed, or None for those that were asked for.
        step_down: share of a group that may go in one window, or None for the default.
        moving_hours: cost of moving a node over its price per hour, or None for restart hours.
        ended_pools: pools whose zero demand is meant.
        clients: workload to the regions of its users.
    """

    source: str = ""
    digest: str = ""
    budgets: tuple[Budget, ...] = ()
    usd_per_tonne: float = 0.0
    kg_per_month: float | None = None
    spot_shares: tuple[tuple[str, float], ...] = ()
    commitment_usd_per_hour: float | None = None
    terms: tuple[Term, ...] | None = None
    step_down: float | None = None
    moving_hours: float | None = None
    ended_pools: tuple[str, ...] = ()
    clients: tuple[tuple[str, tuple[str, ...]], ...] = ()
