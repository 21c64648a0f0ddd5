"""Who may use how much of a plan's pools: queues, and the cohorts in which they borrow.

Pure. A pool's quotas are split among its queues by their shares, rounded down; what no queue has is the
root cohort's, for whoever comes first. So the quotas of a flavor always add up to what the plan holds.
Queues of a team stand in the team's cohort, and teams in the organisation's.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from trimtab.errors import InputError, allowed
from trimtab.provision.queueing.capacity import Flavor, PoolCapacity
from trimtab.provision.queueing.flavors import whole
from trimtab.provision.queueing.settings import QueueSettings

MOST_FLAVORS = 64
"""Of a resource group."""
MOST_PARTS = 1_000_000
"""Into which a pool is divided: a share is read as the nearest fraction of so many."""


@dataclass(frozen=True)
class Quota:
    """What a queue has of a flavor's resource, and may borrow and lend of it; None: without limit."""

    nominal: Fraction
    borrowing: Fraction | None = None
    lending: Fraction | None = None


Quotas = Mapping[str, Mapping[str, Quota]]
"""By flavor, in the order in which Kueue tries them, then by resource."""


@dataclass(frozen=True)
class Queue:
    """A ClusterQueue, and the LocalQueues that lead to it.

    Attributes:
        pool: whose flavors it has first.
        cohort: where it borrows.
    """

    name: str
    pool: str
    cohort: str
    settings: QueueSettings
    quotas: Quotas


@dataclass(frozen=True)
class Cohort:
    """Queues, or cohorts, that lend to one another.

    Attributes:
        quotas: what is nobody's own.
    """

    name: str
    parent: str | None
    weight: float | None
    quotas: Quotas


@dataclass(frozen=True)
class Shared:
    """All of it."""

    cohorts: tuple[Cohort, ...]
    queues: tuple[Queue, ...]


def share(
    pools: Iterable[PoolCapacity],
    stated: Mapping[str, QueueSettings],
    root: str,
    weights: Mapping[str, float],
    where: str,
) -> Shared:
    """The queues and cohorts of some pools.

    Args:
        stated: queues by name; a pool that none names gets one of its own name.
        root: the organisation's cohort.
        weights: of teams, in fair sharing.
        where: the component's type and name, for errors.

    Raises:
        InputError: a queue names no pool, a pool's shares add up to more than all, names clash, or a
            weight is of no team.
    """
    by_name = {pool.name: pool for pool in pools}
    named = {queue.pool for queue in stated.values()}
    _check_pools(stated, by_name, where)
    for name in by_name:
        if name not in named and name in stated:
            raise InputError(
                f"queues: {name} is a queue of another pool, and pool {name} has none",
                where=where,
                mend=f"name a queue for pool {name}, or give that queue another name",
            )
    settings = {
        **stated,
        **{name: QueueSettings(pool=name) for name in by_name if name not in named},
    }
    teams = {name: _team(each, by_name[each.pool]) for name, each in settings.items()}
    cohorts = _team_cohorts(root, set(teams.values()) - {""}, where)
    for team in weights:
        if team not in cohorts:
            raise InputError(
                f"weights: {team} is no team of a queue",
                where=where,
                mend=f"use one of {allowed(set(cohorts))}" if cohorts else "drop it",
            )
    queues = tuple(
        Queue(
            name,
            each.pool,
            cohorts.get(teams[name], root),
            each,
            _quotas(name, each, by_name, where),
        )
        for name, each in settings.items()
    )
    left = _left(by_name.values(), queues)
    _few_enough(f"cohort {root}", left, where)
    return Shared(
        (
            Cohort(root, None, None, left),
            *(Cohort(name, root, weights.get(team), {}) for team, name in cohorts.items()),
        ),
        queues,
    )


def _check_pools(
    stated: Mapping[str, QueueSettings], pools: Mapping[str, PoolCapacity], where: str
) -> None:
    taken: dict[str, Fraction] = {}
    for name, queue in stated.items():
        for pool in (queue.pool, *queue.also):
            if pool not in pools:
                raise InputError(
                    f"queues.{name}: {pool} is no pool of the plan",
                    where=where,
                    mend=f"use one of {allowed(set(pools))}",
                )
        if len({queue.pool, *queue.also}) <= len(queue.also):
            raise InputError(
                f"queues.{name}: also names a pool twice",
                where=where,
                mend=f"name each pool once, and {queue.pool} only as pool",
            )
        taken[queue.pool] = taken.get(queue.pool, Fraction(0)) + _part(queue.share)
    for pool, total in taken.items():
        if total > 1:
            raise InputError(
                f"queues: the shares of pool {pool} add up to {float(total):g}",
                where=where,
                mend="give shares that add up to 1 or less; what is left is everybody's",
            )


def _part(value: float) -> Fraction:
    """A share as it was meant: three thirds make a whole."""
    return Fraction(value).limit_denominator(MOST_PARTS)


def _team(queue: QueueSettings, pool: PoolCapacity) -> str:
    return pool.team if queue.team is None else queue.team


def _team_cohorts(root: str, teams: set[str], where: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for team in sorted(teams):
        name = f"{root}-{re.sub(r'[^a-z0-9]+', '-', team.lower()).strip('-')}"
        if name in found.values():
            raise InputError(
                f"teams {', '.join(sorted(t for t in teams if found.get(t) == name or t == team))} "
                f"would both be cohort {name}",
                where=where,
                mend="give the queues teams whose names differ in letters or digits",
            )
        found[team] = name
    return found


def _quotas(
    name: str, queue: QueueSettings, pools: Mapping[str, PoolCapacity], where: str
) -> Quotas:
    own = pools[queue.pool]
    others = [pools[each] for each in queue.also]
    covers = _covers([own, *others])
    quotas = {
        flavor.name: {key: _quota(key, flavor, queue) for key in covers} for flavor in own.flavors
    }
    borrowed = None if queue.borrowing is None else _part(queue.borrowing)
    for other in others:
        for flavor in _safe(own, other):
            quotas[flavor.name] = {
                key: Quota(
                    Fraction(0),
                    None
                    if borrowed is None
                    else whole(key, borrowed * flavor.holds.get(key, Fraction(0))),
                )
                for key in covers
            }
    _few_enough(f"queue {name}", quotas, where)
    if not covers:
        raise InputError(
            f"queue {name} would have no quota at all: the plan tells of pool {queue.pool} neither "
            "accelerators nor vCPUs, and its machines' size is not known",
            where=where,
            mend="give machines, the vCPUs and memory of its instance types",
        )
    return quotas


def _safe(own: PoolCapacity, other: PoolCapacity) -> list[Flavor]:
    """The flavors of another pool that work of a queue's own may be admitted to.

    Where all of the other pool's work may be interrupted, its spot takes whatever comes; of a pool some
    of whose work must not be, nothing may come.
    """
    taken = own.uninterruptible and not other.uninterruptible
    return [each for each in other.flavors if not (taken and each.option == "spot")]


def _covers(pools: list[PoolCapacity]) -> tuple[str, ...]:
    """What a queue over pools covers: accelerators of any, and else what all of them tell."""
    unknown = {key for pool in pools for key in pool.unknown}
    every = {key for pool in pools for key in pool.covers} - unknown
    return tuple(
        sorted(key for key in every if "/" in key or all(key in pool.covers for pool in pools))
    )


def _quota(resource: str, flavor: Flavor, queue: QueueSettings) -> Quota:
    holds = flavor.holds.get(resource, Fraction(0))
    nominal = whole(resource, holds * _part(queue.share))
    return Quota(
        nominal,
        None if queue.borrowing is None else whole(resource, holds * _part(queue.borrowing)),
        None if queue.lending is None else whole(resource, nominal * _part(queue.lending)),
    )


def _left(pools: Iterable[PoolCapacity], queues: tuple[Queue, ...]) -> Quotas:
    """What the queues have not taken, of flavors that have something left."""
    left: dict[str, dict[str, Quota]] = {}
    for flavor in (each for pool in pools for each in pool.flavors):
        users = [queue.quotas[flavor.name] for queue in queues if flavor.name in queue.quotas]
        rest = {
            key: Quota(
                holds - sum((each[key].nominal for each in users if key in each), Fraction(0))
            )
            for key, holds in flavor.holds.items()
            if any(key in each for each in users)
        }
        if any(each.nominal for each in rest.values()):
            left[flavor.name] = rest
    covers = sorted({key for rest in left.values() for key in rest})
    return {
        name: {key: rest.get(key, Quota(Fraction(0))) for key in covers}
        for name, rest in left.items()
    }


def _few_enough(what: str, quotas: Quotas, where: str) -> None:
    if len(quotas) > MOST_FLAVORS:
        raise InputError(
            f"{what} would have {len(quotas)} flavors, and Kueue allows {MOST_FLAVORS}",
            where=where,
            mend="give it fewer pools",
        )
