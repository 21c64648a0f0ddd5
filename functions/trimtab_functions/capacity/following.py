"""What follows a pool or a group without launching its nodes: what is to be desired of it.

Pure. Each kind's own rules are its `Follower`'s; here stands what holds for all: without a usable
plan nothing changes, a group that the plan does not have is refused, and a person is told.
"""

from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from trimtab.clock import format_instant
from trimtab.errors import InputError, allowed
from trimtab.inventory.model import Approval
from trimtab.plan.sizing import window_index
from trimtab.policy.model import Stability
from trimtab_functions.capacity.adapters.field_path_owners import composed_part
from trimtab_functions.capacity.adapters.followers import Followed, GroupNow, Now
from trimtab_functions.capacity.adapters.objects import as_applied, plan_labels, with_labels
from trimtab_functions.capacity.decisions import Placed, Stand, make_anew
from trimtab_functions.capacity.observed import Observed, Other
from trimtab_functions.capacity.preparation import Preparation, PreparedPool
from trimtab_functions.capacity.selection import Following
from trimtab_functions.memo import ById

Remember = Callable[[Hashable, Callable[[], Placed]], Placed]


@dataclass(frozen=True)
class FollowersDecision:
    """Resources to desire or withhold, what a person must mend, and what the policy holds back."""

    placed: dict[str, Placed]
    refused: tuple[str, ...] = ()
    policy: tuple[str, ...] = ()


def decide(
    prepared: Preparation,
    observed: Mapping[str, Observed | Other],
    instant: datetime,
    stability: Stability,
    approvals: tuple[Approval, ...] | None = (),
    remember: Remember = make_anew,
) -> FollowersDecision:
    """What is to be desired of every follower.

    Args:
        prepared: what the plan and the settings imply.
        observed: the resources that exist, by key.
        instant: the present; only indices of windows depend on it.
        stability: how far bounds may shrink.
        approvals: those that arrived and have not expired; None before they have been fetched, and
            until then what acts on them is kept as it is.
        remember: may keep a decision, which hangs on nothing but its key.
    """
    pools = {pool.name: pool for pool in prepared.pools}
    placed: dict[str, Placed] = {}
    refused, policy = [], []
    for key, following in prepared.wanted.followers.items():
        exists = observed.get(key)
        pool, now, why = pools.get(following.ref.pool), None, None
        if pool is not None:
            why = _growth(pool, following)
        if why is not None:
            policy.append(f"{following.ref}: {key}: {why}")
        elif pool is not None and (approvals is not None or not _needs_approvals(following)):
            try:
                now = _now(prepared, pool, following, instant, stability, approvals or ())
            except InputError as error:
                refused.append(f"{following.ref}: {key}: {error}")
        placed[key] = remember(
            (following, exists, _identity(now), why), partial(_place, following, exists, now, why)
        )
    for key, other in observed.items():
        known = key in placed or key in prepared.wanted.elsewhere
        if known or not isinstance(other, Other) or other.ref is None:
            continue
        if other.paid is not None:
            placed[key] = remember((other, "paid"), partial(_paid, other))
        elif prepared.wanted.unread and not other.ours:
            placed[key] = remember((other, "unread"), partial(_as_it_is, other))
    for key, first in _claimed_twice(placed, observed):
        if key not in prepared.wanted.followers:
            continue
        following = prepared.wanted.followers[key]
        held = _place(following, observed.get(key), None, f"{first} is given the same already")
        placed[key] = replace(held, refused=True)
    for key, each in placed.items():
        if each.reason is not None and each.refused:
            refused.append(f"{each.ref}: {key}: {each.reason}")
    return FollowersDecision(placed, tuple(refused), tuple(policy))


def _paid(exists: Other) -> Placed:
    """What is bought, or was asked for, and no earlier step composes any more, as it is."""
    assert exists.paid is not None  # noqa: S101 - the caller's condition
    assert exists.ref is not None  # noqa: S101 - likewise
    document = exists.read()
    kept = exists.paid.held(document, document)
    why = "it may be paid for, and no earlier step composes it any more: delete it by hand"
    claim = exists.paid.claimed(document)
    ready = exists.ready
    return Placed(
        exists.key, exists.ref, Stand.HELD, kept, ready, reason=why, launches=False, claim=claim
    )


def _as_it_is(exists: Other) -> Placed:
    """What followed a plan by a target that can't be read now: as Crossplane applied it last."""
    assert exists.ref is not None  # noqa: S101 - the caller's condition
    document = exists.read()
    kept = composed_part(document) or as_applied(document)
    return Placed(exists.key, exists.ref, Stand.HELD, kept, exists.ready, launches=False)


def _claimed_twice(
    placed: Mapping[str, Placed], observed: Mapping[str, Observed | Other]
) -> Iterator[tuple[str, str]]:
    """Resources that claim what another has, each with that other: one that is there goes first."""
    claims: dict[str, list[str]] = {}
    for key, each in placed.items():
        if each.claim is not None:
            claims.setdefault(each.claim, []).append(key)
    for keys in claims.values():
        first, *others = sorted(keys, key=lambda k: (not placed[k].ready, k not in observed, k))
        yield from ((other, first) for other in others)


def _needs_approvals(following: Following) -> bool:
    return following.follower.needs_approvals


def _growth(pool: PreparedPool, following: Following) -> str | None:
    """Why the policy holds what it follows, if it does."""
    name = following.ref.name
    mine = [each for group, each in pool.verdicts.items() if name in (None, group)]
    return next((each.growth for each in mine if each.growth is not None), None)


def _identity(now: Now | None) -> Hashable:
    """What a decision hangs on, by identity where content would cost."""
    if now is None:
        return None
    windows = tuple(ById(each.window) for each in now.groups)
    return (ById(now.plan), now.since, windows, now.stability, now.approvals)


def _now(
    prepared: Preparation,
    pool: PreparedPool,
    following: Following,
    instant: datetime,
    stability: Stability,
    approvals: tuple[Approval, ...],
) -> Now:
    plan = prepared.wanted.plan
    assert plan is not None  # noqa: S101 - pools are prepared of a plan
    ref = following.ref
    if ref.name is None and not following.follower.whole_pool:
        raise InputError("names no group", mend=f"use one of {allowed(set(pool.names))}")
    if ref.name is not None and ref.name not in pool.names:
        raise InputError(
            f"the plan's pool has no group {ref.name}",
            mend=f"use one of {allowed(set(pool.names))}",
        )
    groups = []
    for group in pool.pool.groups:
        if ref.name in (None, group.name):
            index = window_index(group, instant)
            groups.append(GroupNow(group, group.windows[index], group.windows[index + 1 :]))
    since = format_instant(max(each.window.start for each in groups))
    given = approvals if _needs_approvals(following) else ()
    return Now(plan, pool.pool, ref, tuple(groups), stability, since, given)


def _place(
    following: Following, exists: Observed | Other | None, now: Now | None, why: str | None
) -> Placed:
    base, ref, key = following.document, following.ref, following.key
    document = exists.read() if exists is not None else None
    ready = document is not None and following.follower.is_ready(document)
    followed = None
    if now is not None:
        try:
            followed = following.follower.follow(base, document, now)
        except InputError as error:
            held = following.follower.held(base, document)
            followed = Followed(held, str(error), refused=True)
    if followed is None or now is None:
        held = following.follower.held(base, document)
        stand = Stand.WITHHELD if held is None else Stand.HELD
        return Placed(key, ref, stand, held, ready, reason=why, launches=False)
    stand = Stand.WITHHELD if followed.document is None else Stand.PLANNED
    group = now.groups[0].group if ref.name is not None else None
    wanted = followed.document
    if wanted is not None:
        wanted = with_labels(wanted, plan_labels(now.plan, now.pool, group))
    return Placed(
        key,
        ref,
        stand,
        wanted,
        ready,
        followed.sizes,
        followed.reason,
        launches=False,
        refused=followed.refused,
        claim=followed.claim,
    )
