"""What runs when a plan is made, as its inputs say it: the inventory, or the plan before.

Observed nodes win over planned ones. The plan before also says where the cluster is, which type a pool
runs, and when a group last came down, so that planning again often does not shrink it faster.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from trimtab.inventory.model import Inventory
from trimtab.plan.document import rounded
from trimtab.plan.evidence import StabilityEvidence
from trimtab.plan.model import CapacityPlan, Group, GroupExpected, Window
from trimtab.planning.economics import Nodes, nodes_for
from trimtab.planning.guardrails import Running, Stabilised, Steadiness, stabilised
from trimtab.planning.holdings import Span
from trimtab.planning.windows import Sizes, merged

HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Present:
    """What is known of the present.

    Attributes:
        inventory: what is observed, or None.
        previous: the plan before, or None.
        start: the new plan's start.
    """

    inventory: Inventory | None
    previous: CapacityPlan | None
    start: datetime

    @property
    def known(self) -> bool:
        """Whether anything says what runs."""
        return self.previous is not None or bool(self.inventory and self.inventory.running)

    def site(self) -> tuple[str, str] | None:
        """Provider and region of the cluster, where they are settled."""
        if self.inventory and self.inventory.site:
            return self.inventory.site.provider, self.inventory.site.region
        if self.previous:
            return self.previous.spec.site.provider, self.previous.spec.site.region
        return None

    def groups(self, pool: str) -> tuple[Group, ...]:
        """The pool's groups in the plan before."""
        pools = self.previous.spec.pools if self.previous else ()
        return next((each.groups for each in pools if each.name == pool), ())

    def instance_type(self, pool: str) -> str | None:
        """The type that the pool's on-demand group was planned with: its base."""
        found = next((g for g in self.groups(pool) if g.name == "on-demand"), None)
        return found.offers[0].instance_type if found else None

    def nodes(self, pool: str) -> int:
        """How many nodes the pool runs, of whatever kind."""
        names = {g.name for g in self.groups(pool)} | set(self._observed(pool))
        each = (self.running(pool, name, None) for name in names)
        return sum(running.nodes for running in each if running)

    def running(self, pool: str, group: str, units_per_node: float | None) -> Running | None:
        """What a group runs, in nodes of so many units; None where nothing says it."""
        if not self.known:
            return None
        before = next((g for g in self.groups(pool) if g.name == group), None)
        window = _window(before, self.start) if before else None
        nodes, ceiling = (window.desired, window.max) if window else (0, 0)
        since = self._stepped_at(pool, group)
        observed = self._observed(pool)
        if observed or (self.inventory and self.inventory.running and not self.previous):
            planned = nodes
            nodes, seen_since = observed.get(group, (0, None))
            # A step that was planned and not carried out was none.
            since = seen_since or (since if nodes <= planned else None)
        if before and units_per_node:
            scale = before.units_per_node / units_per_node
            # Another type serves another demand a node: the same capacity is another count.
            nodes, ceiling = (
                int(nodes_for(np.array([count * scale]), 1.0)[0]) for count in (nodes, ceiling)
            )
        hours = float("inf") if since is None else (self.start - since) / HOUR
        return Running(nodes, max(hours, 0.0), ceiling)

    def _observed(self, pool: str) -> dict[str, tuple[int, datetime | None]]:
        rows = self.inventory.running if self.inventory else ()
        return {row.group: (row.nodes, row.since) for row in rows if row.pool == pool}

    def _stepped_at(self, pool: str, group: str) -> datetime | None:
        """When the group last became smaller: as the plan before says, or planned since."""
        if self.previous is None:
            return None
        told = next(
            (
                each.stepped_at
                for each in self.previous.spec.evidence.stability or ()
                if (each.pool, each.group) == (pool, group)
            ),
            None,
        )
        windows = next((g.windows for g in self.groups(pool) if g.name == group), ())
        since = [
            later.start
            for earlier, later in itertools.pairwise(windows)
            if later.desired < earlier.desired and later.start <= self.start
        ]
        return max(since, default=told)


@dataclass(frozen=True)
class Holder:
    """Holds one pool's groups to what runs, and remembers why."""

    present: Present
    pool: str
    span: Span
    policy: Steadiness
    fault: str | None
    units: dict[str, float]
    applied: dict[str, tuple[Running, Stabilised]]

    def __call__(self, group: str, sizes: Sizes) -> Sizes:
        """The group's sizes, held."""
        running = self.present.running(self.pool, group, self.units.get(group))
        if running is None:
            return sizes
        held = stabilised(sizes, self.span.window_hours, running, self.policy, self.fault)
        self.applied[group] = (running, held)
        return held.sizes

    def leaving(self, planned: Sequence[str]) -> list[Group]:
        """Groups of the plan before that this one no longer has: they come down step by step."""
        carried = []
        for group in self.present.groups(self.pool):
            if group.name in planned:
                continue
            none = np.zeros(self.span.windows, dtype=np.int64)
            sizes = self(group.name, Sizes(none, none, none))
            if sizes.max.any():
                carried.append(self._carried(group, sizes))
        return carried

    def evidence(self) -> list[StabilityEvidence]:
        """What ran, and what held the sizes to it."""
        found = []
        for group, (running, held) in self.applied.items():
            hours = running.hours_since_step
            if held.stepped:
                at: datetime | None = self.span.start
            else:
                at = None if hours == float("inf") else self.span.start - hours * HOUR
            found.append(
                StabilityEvidence(
                    pool=self.pool,
                    group=group,
                    running=running.nodes,
                    stepped_at=at,
                    reason=held.reason,
                )
            )
        return found

    def _carried(self, group: Group, sizes: Sizes) -> Group:
        hours = self.span.hourly(sizes.desired)
        nodes, offer = float(hours.mean()), group.offers[0]
        usd, carbon = offer.usd_per_hour, offer.gco2e_per_hour
        return group.model_copy(
            update={
                "windows": merged(sizes, self.span.start, self.span.window_hours, self.span.end),
                "expected": GroupExpected(
                    nodes=rounded(nodes),
                    usd_per_hour=None if usd is None else rounded(nodes * usd),
                    kgco2e_per_hour=None if carbon is None else rounded(nodes * carbon / 1000),
                ),
            }
        )


def nodes_per_hour(sizes: Nodes, span: Span) -> Nodes:
    """Nodes per window as nodes per hour."""
    return np.repeat(sizes, span.window_hours)[: span.hours]


def _window(group: Group, instant: datetime) -> Window | None:
    """The window that holds at an instant; after the last one what it said still runs."""
    for window in group.windows:
        if window.start <= instant < window.end:
            return window
    return group.windows[-1] if instant >= group.windows[-1].end else group.windows[0]
