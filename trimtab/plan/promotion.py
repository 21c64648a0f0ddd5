"""Moving a plan to the next environment: what has to hold, and what the next environment's file says then.

Pure. A promotion changes no number: the spec, and so the digest, is the one that the earlier environment
carried out. The name, the namespace and the labels stay the target's own, and annotations say where the
plan came from. Whether the change fits a budget is for `trimtab diff` on the pull request; when it is
merged is for people.

A plan is for one site: its prices, zones and machines are those of a region. It is promoted between
clusters of the same site, such as a canary and the rest. For another site the same workloads are planned
again there, and that plan passes the same environments.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from trimtab.clock import format_duration, format_instant, parse_instant
from trimtab.errors import InputError, StalePlanError
from trimtab.inventory.leave import refusal
from trimtab.inventory.model import Approval
from trimtab.plan.document import parse_plan
from trimtab.plan.labels import LABEL_PREFIX
from trimtab.plan.model import KIND, CapacityPlan, Commitment, Pool, Site, Window

PROMOTED_FROM = f"{LABEL_PREFIX}promoted-from"
"""Annotation: where the plan was before, as the promotion named it."""
PROMOTED_DIGEST = f"{LABEL_PREFIX}promoted-digest"
"""Annotation: the digest that was carried out there. A reader sees by it whether the spec was edited
since."""
PROMOTED_AT = f"{LABEL_PREFIX}promoted-at"
PROMOTED_OVER = f"{LABEL_PREFIX}promoted-over"
"""Annotation: the digest of the plan that stood there before."""
_PROVENANCE = (PROMOTED_FROM, PROMOTED_DIGEST, PROMOTED_AT, PROMOTED_OVER)
FOLLOWED = ("PlanUsable", "Ready")
"""Conditions of what follows a plan that hold once it is carried out."""
LARGEST_STEP = 0.5
"""The step that is let pass unless another is given: half of a pool's nodes. A choice, not a finding."""


@dataclass(frozen=True)
class Gate:
    """What a promotion is held to.

    Attributes:
        at: the instant of the promotion.
        running: the digest that the earlier environment carries out.
        soak: how long it must have been in force there.
        largest_step: the largest change of a pool's peak, and of its limit, as a share of what it is now.
        approvals: leave to buy that was recorded.
        pools_may_change: whether pools may come and go.
        may_be_unapproved: whether commitments may wait for their approvals; their nodes are then run at
            list price.
    """

    at: datetime
    running: str
    soak: timedelta = timedelta(0)
    largest_step: float = LARGEST_STEP
    approvals: tuple[Approval, ...] = ()
    pools_may_change: bool = False
    may_be_unapproved: bool = False


@dataclass(frozen=True)
class Step:
    """How a pool changes, in nodes; a pool that comes or goes was or is 0.

    Attributes:
        what: its `peak`, what it is to have, or its `limit`, what autoscalers may let it grow to.
    """

    pool: str
    before: int
    after: int
    what: Literal["peak", "limit"] = "peak"

    @property
    def share(self) -> float:
        """The change as a share of the nodes before, of which none count as one."""
        return abs(self.after - self.before) / max(self.before, 1)


@dataclass(frozen=True)
class Promotion:
    """What the next environment's file is to hold.

    Attributes:
        plan: the whole document.
        changed: false where the environment has that plan already.
        steps: how the pools' peaks and limits change; empty where no plan was there.
    """

    plan: CapacityPlan
    changed: bool
    steps: tuple[Step, ...] = ()


def promote(
    source: CapacityPlan,
    target: CapacityPlan | None,
    gate: Gate,
    source_place: str,
    target_place: str,
) -> Promotion:
    """The plan as the next environment is to have it.

    Args:
        source: the plan of the earlier environment.
        target: the plan of the next one; None where it has none: then there is no site and no size to
            compare with.
        gate: what has to hold.
        source_place: what errors and the provenance call the source, such as its path.
        target_place: what errors call the target.

    Raises:
        StalePlanError: the plan has expired, or is for another site.
        InputError: something else of the gate does not hold.
    """
    _check_age(source, gate, source_place)
    steps: tuple[Step, ...] = ()
    if target is not None:
        _check_site(source.spec.site, target.spec.site, source_place, target_place)
        if source.digest == target.digest:
            return Promotion(target, changed=False)
        _check_order(source, target, source_place)
        _check_pools(source, target, gate, source_place)
        steps = tuple(_steps(source, target))
        _check_steps(steps, gate, source_place)
    own = source.metadata if target is None else target.metadata
    if not gate.may_be_unapproved:
        for line in source.spec.commitments:
            _check_approved(line, own.name, gate, source_place)
    told = {
        PROMOTED_FROM: source_place,
        PROMOTED_DIGEST: source.digest,
        PROMOTED_AT: format_instant(gate.at),
    }
    if target is not None:
        told[PROMOTED_OVER] = target.digest
    # A first plan brings the annotations of its source, whose own way is not the target's.
    others = {key: text for key, text in own.annotations.items() if key not in _PROVENANCE}
    metadata = own.model_copy(update={"annotations": {**others, **told}})
    return Promotion(source.model_copy(update={"metadata": metadata}), changed=True, steps=steps)


def in_force_since(plan: CapacityPlan, place: str) -> datetime:
    """From when the plan could be carried out where it is: its start, or its promotion if that was later.

    Raises:
        InputError: the annotation of its promotion is no instant.
    """
    said = plan.metadata.annotations.get(PROMOTED_AT)
    if said is None:
        return plan.spec.start
    try:
        return max(plan.spec.start, parse_instant(said))
    except ValueError:
        raise InputError(
            f"metadata.annotations: {PROMOTED_AT} is {said!r}",
            where=place,
            mend="restore what `trimtab promote` wrote",
        ) from None


def carried_out(document: object, place: str) -> str:
    """The digest that an object of a cluster speaks of.

    Args:
        document: a CapacityPlan, which says what was delivered, or a composite resource that follows one,
            which says what is carried out.
        place: what errors call it.

    Raises:
        InputError: it says nothing of a plan, or follows it only in part.
    """
    if not isinstance(document, Mapping):
        raise InputError("is no object of a cluster", where=place, mend=_RUNNING)
    if document.get("kind") == KIND:
        return parse_plan(document, place).digest
    status = _mapping(document.get("status"))
    digest = _mapping(_mapping(status.get("capacity")).get("plan")).get("digest")
    if not isinstance(digest, str):
        raise InputError("status.capacity.plan.digest: is missing", where=place, mend=_RUNNING)
    stated = status.get("conditions")
    conditions = [_mapping(each) for each in stated] if isinstance(stated, list) else []
    holds = {each.get("type") for each in conditions if each.get("status") == "True"}
    for needed in FOLLOWED:
        if needed not in holds:
            raise InputError(
                f"status.conditions: {needed} is not True",
                where=place,
                mend="wait until the plan is carried out there, or mend what the condition says",
            )
    return digest


_RUNNING = "give what follows the plan, such as `kubectl get nodegroupset NAME -o yaml` prints it"


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def peak_nodes(pool: Pool) -> int:
    """The most nodes that the pool's groups together are to have at one time."""
    return _most(pool, lambda window: window.desired)


def limit_nodes(pool: Pool) -> int:
    """The most nodes that the pool's groups together may have at one time."""
    return _most(pool, lambda window: window.max)


def _most(pool: Pool, nodes: Callable[[Window], int]) -> int:
    starts = {window.start for group in pool.groups for window in group.windows}
    return max(
        sum(
            nodes(window)
            for group in pool.groups
            for window in group.windows
            if window.start <= at < window.end
        )
        for at in starts
    )


def _check_age(source: CapacityPlan, gate: Gate, place: str) -> None:
    spec, at = source.spec, format_instant(gate.at)
    if gate.at >= spec.valid_until:
        raise StalePlanError(
            f"expired at {format_instant(spec.valid_until)}, and it is {at}",
            where=place,
            mend="plan again, and have that plan carried out first",
        )
    if gate.at < spec.as_of:
        raise InputError(
            f"was made at {format_instant(spec.as_of)}, and it is {at}",
            where=place,
            mend="give the present instant as --at",
        )
    if gate.running != source.digest:
        raise InputError(
            f"has the digest {source.digest}, and {gate.running} is carried out",
            where=place,
            mend="wait until it is carried out there",
        )
    since = in_force_since(source, place)
    if gate.at - since < gate.soak:
        raise InputError(
            f"is in force since {format_instant(since)}, not for {format_duration(gate.soak)} yet",
            where=place,
            mend=f"promote it from {format_instant(since + gate.soak)} on",
        )


def _check_site(source: Site, target: Site, place: str, target_place: str) -> None:
    if _site(source) != _site(target):
        raise StalePlanError(
            f"is for {_words(source)}, and {target_place} for {_words(target)}",
            where=place,
            mend="plan the same workloads again for that site",
        )


def _site(site: Site) -> tuple[str, str, frozenset[str]]:
    return site.provider, site.region, frozenset(site.zones)


def _words(site: Site) -> str:
    zones = f" ({', '.join(sorted(site.zones))})" if site.zones else ""
    return f"{site.provider} {site.region}{zones}"


def _check_order(source: CapacityPlan, target: CapacityPlan, place: str) -> None:
    if source.spec.as_of < target.spec.as_of:
        raise InputError(
            f"was made at {format_instant(source.spec.as_of)}, before the plan that it would replace "
            f"({format_instant(target.spec.as_of)})",
            where=place,
            mend="take a promotion back with git revert",
        )


def _check_pools(source: CapacityPlan, target: CapacityPlan, gate: Gate, place: str) -> None:
    if gate.pools_may_change:
        return
    new = {pool.name for pool in source.spec.pools}
    old = {pool.name for pool in target.spec.pools}
    parts = [
        f"{word} {', '.join(sorted(names))}"
        for word, names in (("adds", new - old), ("lacks", old - new))
        if names
    ]
    if parts:
        raise InputError(
            f"pools: {' and '.join(parts)}",
            where=place,
            mend="give --pools-may-change if they are meant to come and go",
        )


def _steps(source: CapacityPlan, target: CapacityPlan) -> Iterator[Step]:
    after = {pool.name: pool for pool in source.spec.pools}
    before = {pool.name: pool for pool in target.spec.pools}
    measures: tuple[tuple[Literal["peak", "limit"], Callable[[Pool], int]], ...] = (
        ("peak", peak_nodes),
        ("limit", limit_nodes),
    )
    for name in dict.fromkeys((*after, *before)):
        for what, nodes in measures:
            old, new = (nodes(at[name]) if name in at else 0 for at in (before, after))
            yield Step(name, old, new, what)


def _check_steps(steps: tuple[Step, ...], gate: Gate, place: str) -> None:
    for step in steps:
        # A pool that comes or goes was let do so by name.
        if step.share > gate.largest_step and not (
            gate.pools_may_change and 0 in (step.before, step.after)
        ):
            raise InputError(
                f"pool {step.pool}: its {step.what} moves from {step.before} to {step.after} nodes, by "
                f"{step.share:.0%}, and {gate.largest_step:.0%} is let pass",
                where=place,
                mend=f"look at `trimtab diff`, then give --largest-step {_up(step.share)}",
            )


def _up(share: float) -> str:
    """Rounded up to two digits, so that what is advised suffices."""
    hundredths = -int(-share * 100 // 1)
    return f"{hundredths / 100:.2f}"


def _check_approved(line: Commitment, plan: str, gate: Gate, place: str) -> None:
    said = [
        refusal(
            approval,
            commitment=line.digest,
            quantity=line.quantity,
            usd_per_hour=line.usd_per_hour,
            at=gate.at,
            plan=plan,
        )
        for approval in gate.approvals
        if approval.commitment == line.digest
    ]
    if None in said:
        return
    reasons = "; ".join(reason for reason in said if reason)
    raise InputError(
        f"commitment {line.digest} of pool {line.pool} has no approval"
        + (f" that holds: {reasons}" if reasons else f" for the plan {plan}"),
        where=place,
        mend="record one, or give --may-be-unapproved to run its nodes at list price until then",
    )
