"""Which node group serves which group of the plan, and at what size.

A pure function of what is prepared, of what runs, and of the window that holds. It is safe on every
reconcile, and needs no stored state.

- What runs is an input. A desired size that an autoscaler chose is never moved, but raised to a new
  min in the change that sets it; a max below what runs is held at what runs until that has fallen.
- Without a usable plan (not fetched, absent, invalid, expired, without the pool, or for another
  place) nothing is created, and what exists is kept as it is.
- A group's new generation is a new node group; the old one is kept until the new one is ready. A
  group that has left the plan is kept until every group of its pool is ready.
- A node group that runs the right generation is used under whatever key it has: an earlier step's
  resource is adopted, and a generation that has moved to a key of its own stays there.
- A node group of a pool that nobody names is kept, and reported: deleting it is a person's decision.

It does not choose instance types, judge prices, or damp the plan: planning does.
"""

from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from trimtab.plan import eks
from trimtab.plan.model import Group, Window
from trimtab.plan.sizing import Sizes, size, window_index
from trimtab_functions.capacity import nodegroups
from trimtab_functions.capacity.nodegroups import (
    Document,
    GroupRef,
    Observed,
    Scaling,
    Template,
)
from trimtab_functions.capacity.preparation import Preparation, PreparedPool, Slot

Existing = Mapping[GroupRef, list[Observed]]


class Stand(Enum):
    """What was decided about a node group; the values stand in the XR's status."""

    PLANNED = "Planned"  # it has the plan's sizes, reconciled with what runs
    HELD = "Held"  # kept as it is, for no usable plan speaks of it
    RETIRING = "Retiring"  # kept until what replaces it is ready
    WITHHELD = "Withheld"  # not composed yet, for no usable plan says what it is


@dataclass(frozen=True)
class Planned:
    """What the plan says of a node group now."""

    group: Group
    window: Window


@dataclass(frozen=True)
class Placed:
    """A decision about one node group.

    Attributes:
        document: what to desire, but for its sizes; None when the resource is withheld.
        scaling: its sizes; None leaves those that the document has.
        reason: why, when it is not simply as planned.
        planned: the plan's word, when it is followed.
    """

    key: str
    ref: GroupRef
    stand: Stand
    document: Document | None
    ready: bool
    scaling: Scaling | None = None
    reason: str | None = None
    planned: Planned | None = None


@dataclass
class Decision:
    """What to do.

    Attributes:
        placed: node groups to desire or withhold, by key.
        retired: keys to take out of the desired state.
    """

    placed: dict[str, Placed] = field(default_factory=dict)
    retired: set[str] = field(default_factory=set)

    def settles(self, key: str) -> bool:
        """Whether something was decided about a key."""
        return key in self.placed or key in self.retired


Remember = Callable[[Hashable, Callable[[], Placed]], Placed]
"""Gives the decision for its arguments, made anew or kept from an earlier call."""


def make_anew(_: Hashable, make: Callable[[], Placed]) -> Placed:
    """Keeps nothing."""
    return make()


def decide(
    prepared: Preparation,
    observed: Mapping[str, Observed],
    instant: datetime,
    remember: Remember = make_anew,
) -> Decision:
    """The whole decision.

    Args:
        prepared: what the plan and the settings imply.
        observed: the node groups that exist, by key.
        instant: the present; only the index of the window that holds depends on it.
        remember: may keep the decision on a node group, which hangs on nothing but its key.
    """
    return _Decider(prepared, observed, instant, remember).decide()


@dataclass
class _Decider:
    prepared: Preparation
    observed: Mapping[str, Observed]
    instant: datetime
    remember: Remember
    decision: Decision = field(default_factory=Decision)

    def decide(self) -> Decision:
        existing = self._by_group()
        for pool in self.prepared.pools:
            self._place_pool(pool, existing)
        self._keep_the_rest(existing)
        return self.decision

    def _by_group(self) -> Existing:
        """What exists, by group; what ran before it was labelled has its template's group."""
        groups: dict[GroupRef, list[Observed]] = {}
        for key in sorted(self.observed):
            template = self.prepared.wanted.templates.get(key)
            ref = self.observed[key].ref or (template.ref if template else None)
            if ref is not None:
                groups.setdefault(ref, []).append(self.observed[key])
        return groups

    def _place_pool(self, pool: PreparedPool, existing: Existing) -> None:
        complete = not pool.refused
        for slot in pool.slots:
            ready = self._place_group(slot, existing.get(slot.ref, []))
            complete = complete and ready
        if not self.prepared.wanted.composes:
            return
        for ref, old in _each(existing):
            gone = ref.pool == pool.name and ref.name not in pool.names
            if gone and old.key not in self.prepared.wanted.templates:
                why = "it has left the plan: kept until the pool's groups are ready"
                self._retire(ref, old, why, over=complete)

    def _place_group(self, slot: Slot, mine: list[Observed]) -> bool:
        """Place a group's generation, and keep or retire its others; whether it is ready."""
        templates, generation = self.prepared.wanted.templates, slot.group.generation
        right = [each for each in mine if each.is_generation(generation, slot.fixed)]
        current = next(
            (each for each in right if each.key == slot.key), right[0] if right else None
        )
        # Another step's resource with the same labels is none of this group's generations.
        older = tuple(
            each
            for each in mine
            if each is not current and (each.key == slot.key or each.key not in templates)
        )
        key = slot.key
        if current is not None:
            key = current.key
        elif slot.key in self.observed:
            key = f"{slot.key}-{generation}"
        moved = key != slot.key and slot.key in templates
        index = window_index(slot.group, self.instant)
        self.decision.placed[key] = self.remember(
            (slot, key, moved, index, current, older),
            lambda: _planned(slot, key, index, current, older, moved=moved),
        )
        ready = current is not None and current.ready
        for old in older:
            self._retire(slot.ref, old, f"kept until {key} is ready", over=ready)
        if not self.decision.settles(slot.key):
            # The earlier step's key stood for a generation that is gone.
            self.decision.retired.add(slot.key)
        return ready

    def _retire(self, ref: GroupRef, old: Observed, why: str, *, over: bool) -> None:
        """Drop a node group whose time is over, or keep it until then."""
        if over:
            self.decision.retired.add(old.key)
        else:
            self._keep(ref, old, Stand.RETIRING, why)

    def _keep(self, ref: GroupRef, old: Observed, stand: Stand, why: str | None) -> None:
        template = self.prepared.wanted.templates.get(old.key)
        self.decision.placed[old.key] = self.remember(
            (old, ref, stand, why, template), lambda: _kept(ref, old, stand, why, template)
        )

    def _keep_the_rest(self, existing: Existing) -> None:
        """Keep what exists and no plan speaks of; withhold what is to be created without one."""
        wanted, decision = self.prepared.wanted, self.decision
        asked = {template.ref for template in wanted.templates.values()}
        for ref, old in _each(existing):
            # In mode Inject the earlier steps alone say which groups exist.
            if decision.settles(old.key) or not (wanted.composes or ref in asked):
                continue
            stray = wanted.spec is not None and ref.pool not in self.prepared.asked_for
            why = f"pool {ref.pool} is not among the XR's pools: delete it by hand"
            self._keep(ref, old, Stand.HELD, why if stray else None)
        for key, template in wanted.templates.items():
            if not decision.settles(key):
                if key in self.observed:
                    self._keep(template.ref, self.observed[key], Stand.HELD, None)
                else:
                    decision.placed[key] = Placed(
                        key, template.ref, Stand.WITHHELD, None, ready=False
                    )


def _planned(
    slot: Slot,
    key: str,
    index: int,
    current: Observed | None,
    older: tuple[Observed, ...],
    *,
    moved: bool,
) -> Placed:
    """A group as its plan's window has it; `moved` from its template's key to one of its own."""
    document, window = slot.document, slot.group.windows[index]
    if moved:
        document = nodegroups.next_generation(document, slot.group.generation)
    scaling, reason = _scale(window, current, older)
    ready = current is not None and current.ready
    planned = Planned(slot.group, window)
    return Placed(key, slot.ref, Stand.PLANNED, document, ready, scaling, reason, planned)


def _kept(
    ref: GroupRef, old: Observed, stand: Stand, why: str | None, template: Template | None
) -> Placed:
    """A node group as it is."""
    document = nodegroups.held(old, template)
    return Placed(old.key, ref, stand, document, old.ready, _hold(old), why)


def _scale(
    window: Window, current: Observed | None, older: tuple[Observed, ...]
) -> tuple[Scaling, str | None]:
    """The sizes to ask for, reconciled with what runs, and why they differ from the window's.

    A new generation starts with as many nodes as the old one runs, as far as the window allows.
    """
    running = current.sizes if current else None
    sizing = size(window, running)
    sizes = eks.accepted_sizes(sizing.sizes)
    initial = window.desired
    for old in older:
        if old.sizes is not None:
            initial = min(max(initial, old.sizes.desired), window.max)
    if running is None:
        return Scaling(Sizes(sizes.min, initial, sizes.max), initial), sizing.reason
    raise_to = sizes.desired if running.desired < sizes.min else None
    return Scaling(sizes, initial, raise_to), sizing.reason


def _hold(observed: Observed) -> Scaling | None:
    """The sizes that keep a node group as it is; None when it states none."""
    running = observed.sizes
    if running is None:
        return None
    desired = max(running.desired, running.min)
    sizes = eks.accepted_sizes(Sizes(running.min, desired, max(running.max, desired)))
    stated = desired if observed.initial is None else observed.initial
    initial = min(max(stated, sizes.min), sizes.max)
    return Scaling(sizes, initial, desired if running.desired < sizes.min else None)


def _each(groups: Existing) -> Iterator[tuple[GroupRef, Observed]]:
    for ref, members in groups.items():
        for observed in members:
            yield ref, observed
