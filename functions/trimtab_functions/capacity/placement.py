"""Which resource serves which group of the plan, and at what size.

A pure function of what is prepared, of what runs, and of the window that holds. It is safe on every
reconcile, and needs no stored state.

- What runs is an input. A desired size that an autoscaler chose is never moved, but raised to a new
  min in the change that sets it; a max below what runs is held at what runs until that has fallen.
  How far bounds may shrink is `stability`'s.
- Without a usable plan (not fetched, absent, invalid, expired, without the pool, or for another
  place) nothing is created, and what exists is kept as it is.
- Retain, then fill: no group of a pool shrinks before every other has the nodes that it is to have.
- A group's new generation is a new resource; the old one is kept until the new one is ready. A group
  that has left the plan is kept until every group of its pool is ready.
- A resource that runs the right generation is used under whatever key it has: an earlier step's
  resource is adopted, and a generation that has moved to a key of its own stays there.
- A resource of a pool that nobody names is kept, and reported: deleting it is a person's decision.

It does not choose instance types or judge prices: planning does.
"""

from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from functools import partial

from trimtab.clock import format_instant
from trimtab.plan.model import Group, Window
from trimtab.plan.sizing import Sizes, size, window_index
from trimtab.policy.model import Stability
from trimtab_functions.capacity.adapters.base import (
    MOVED_ANNOTATION,
    GroupRef,
    Scaling,
    as_applied,
    with_annotation,
    with_labels,
)
from trimtab_functions.capacity.adapters.beside import Beside
from trimtab_functions.capacity.documents import Document
from trimtab_functions.capacity.observed import Observed, Other
from trimtab_functions.capacity.preparation import Preparation, PreparedPool, Slot
from trimtab_functions.capacity.selection import Template
from trimtab_functions.capacity.stability import Moved, damp
from trimtab_functions.memo import ById

Existing = Mapping[GroupRef, list[Observed]]


class Stand(Enum):
    """What was decided about a resource; the values stand in the XR's status."""

    PLANNED = "Planned"  # it has the plan's sizes, reconciled with what runs
    HELD = "Held"  # kept as it is, for no usable plan speaks of it
    RETIRING = "Retiring"  # kept until what replaces it is ready
    WITHHELD = "Withheld"  # not composed yet, for no usable plan says what it is


@dataclass(frozen=True)
class Planned:
    """What the plan says of a group now."""

    group: Group
    window: Window


@dataclass(frozen=True)
class Placed:
    """A decision about one resource.

    Attributes:
        document: what to desire, in full; None when the resource is withheld.
        sizes: what it was given; None where it has none, or none are known.
        reason: why, when it is not simply as planned.
        planned: the plan's word, when it is followed.
        launches: whether it launches a group's nodes.
        refused: whether a person must act; `reason` says how.
        companions: what is to stand beside it and follows from what exists, by key.
    """

    key: str
    ref: GroupRef
    stand: Stand
    document: Document | None
    ready: bool
    sizes: Sizes | None = None
    reason: str | None = None
    planned: Planned | None = None
    launches: bool = True
    refused: bool = False
    companions: Mapping[str, Document] = field(default_factory=dict)


@dataclass
class Decision:
    """What to do.

    Attributes:
        placed: resources to desire or withhold, by key.
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
    observed: Mapping[str, Observed | Other],
    instant: datetime,
    stability: Stability,
    remember: Remember = make_anew,
) -> Decision:
    """The whole decision, but for what follows pools and groups.

    Args:
        prepared: what the plan and the settings imply.
        observed: the resources that exist, by key.
        instant: the present; only the index of the window that holds depends on it.
        stability: how far bounds may shrink.
        remember: may keep the decision on a resource, which hangs on nothing but its key.
    """
    return _Decider(prepared, observed, instant, stability, remember).decide()


@dataclass
class _Decider:
    prepared: Preparation
    observed: Mapping[str, Observed | Other]
    instant: datetime
    stability: Stability
    remember: Remember
    decision: Decision = field(default_factory=Decision)
    companions: dict[GroupRef, dict[str, Other]] = field(default_factory=dict)

    def decide(self) -> Decision:
        existing = self._by_group()
        for key in sorted(self.observed):
            each = self.observed[key]
            if isinstance(each, Other) and each.ours and each.ref is not None:
                self.companions.setdefault(each.ref, {})[key] = each
        for pool in self.prepared.pools:
            self._place_pool(pool, existing)
        self._keep_the_rest(existing)
        self._place_companions()
        return self.decision

    def _launching(self) -> Iterator[Observed]:
        for key in sorted(self.observed):
            if isinstance(each := self.observed[key], Observed):
                yield each

    def _by_group(self) -> Existing:
        """What exists, by group; what ran before it was labelled has its template's group."""
        groups: dict[GroupRef, list[Observed]] = {}
        for each in self._launching():
            template = self.prepared.wanted.templates.get(each.key)
            ref = template.ref if template else each.ref
            if each.ref is not None and each.ref.name is not None:
                ref = each.ref
            if ref is not None:
                groups.setdefault(ref, []).append(each)
        return groups

    def _place_pool(self, pool: PreparedPool, existing: Existing) -> None:
        whole = list(existing.get(GroupRef(pool.name, None), []))
        mine = {slot.ref: self._members(slot, existing, whole) for slot in pool.slots}
        unfilled = {slot.ref for slot in pool.slots if not self._is_filled(slot, mine[slot.ref])}
        complete = not pool.refused
        for slot in pool.slots:
            filled = not (unfilled - {slot.ref}) and not pool.refused
            ready = self._place_group(slot, mine[slot.ref], filled=filled)
            complete = complete and ready
        if self.prepared.wanted.compose is None:
            return
        for ref, old in _each(existing):
            gone = ref.pool == pool.name and ref.name is not None and ref.name not in pool.names
            if gone and old.key not in self.prepared.wanted.templates:
                why = "it has left the plan: kept until the pool's groups are ready"
                self._retire(ref, old, why, over=complete)
        for old in whole:
            why = "its pool has groups now: kept until they are ready"
            self._retire(GroupRef(pool.name, None), old, why, over=complete)
        self.decision.retired |= {key for key in pool.split if not self.decision.settles(key)}

    def _members(self, slot: Slot, existing: Existing, whole: list[Observed]) -> list[Observed]:
        """What exists of a group; of what serves its whole pool, the first that is the same."""
        mine = list(existing.get(slot.ref, []))
        if not mine:
            same = next((each for each in whole if each.is_generation("", slot.fixed)), None)
            if same is not None:
                whole.remove(same)
                mine.append(same)
        return mine

    def _is_filled(self, slot: Slot, mine: list[Observed]) -> bool:
        """Whether the group has as many nodes as it is to have at the least."""
        window = slot.group.windows[window_index(slot.group, self.instant)]
        if window.max == 0:
            return True
        current = self._current(slot, mine)
        if current is None or not current.ready or current.sizes is None:
            return False
        return current.sizes.desired >= window.min

    def _current(self, slot: Slot, mine: list[Observed]) -> Observed | None:
        """What runs the group's generation, under its own key where there are several."""
        generation = slot.generation
        right = [each for each in mine if each.is_generation(generation, slot.fixed)]
        return next((each for each in right if each.key == slot.key), right[0] if right else None)

    def _place_group(self, slot: Slot, mine: list[Observed], *, filled: bool) -> bool:
        """Place a group's generation, and keep or retire its others; whether it is ready."""
        templates, generation = self.prepared.wanted.templates, slot.generation
        current = self._current(slot, mine)
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
        beside = self._beside(slot)
        placed = self.decision.placed[key] = self.remember(
            (slot, key, moved, index, current, older, self.stability, filled, beside),
            lambda: _planned(
                slot, key, index, current, older, self.stability, beside, moved=moved, filled=filled
            ),
        )
        ready = current is not None and current.ready
        for old in older:
            self._retire(slot.ref, old, f"kept until {key} is ready", over=ready)
        for name, document in {**slot.companions, **placed.companions}.items():
            self._place_companion(slot, name, document)
        if not self.decision.settles(slot.key):
            # The earlier step's key stood for a generation that is gone.
            self.decision.retired.add(slot.key)
        return ready

    def _beside(self, slot: Slot) -> tuple[tuple[str, Other], ...]:
        """What exists beside a group's resource, where its adapter asks for it."""
        if not slot.adapter.attaches:
            return ()
        mine = self.companions.get(slot.ref, {})
        return tuple(each for each in mine.items() if each[0].startswith(f"{slot.key}-"))

    def _place_companion(self, slot: Slot, key: str, document: Document) -> None:
        other = self.observed.get(key)
        ready = isinstance(other, Other) and other.exists_ready
        self.decision.placed[key] = self.remember(
            (slot, key, ready, ById(document)),
            lambda: Placed(key, slot.ref, Stand.PLANNED, document, ready, launches=False),
        )

    def _retire(self, ref: GroupRef, old: Observed, why: str, *, over: bool) -> None:
        """Drop a resource whose time is over, or keep it until then."""
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
        named = {ref.pool for ref in asked if ref.name is None}
        composes = wanted.compose is not None
        for ref, old in _each(existing):
            # In mode Inject the earlier steps alone say which groups exist.
            if decision.settles(old.key) or not (composes or ref in asked):
                continue
            stray = composes and ref.pool not in {*self.prepared.asked_for, *named}
            why = f"pool {ref.pool} is not among the XR's pools: delete it by hand"
            self._keep(ref, old, Stand.HELD, why if stray else None)
        for key, template in wanted.templates.items():
            if decision.settles(key):
                continue
            if isinstance(each := self.observed.get(key), Observed):
                self._keep(template.ref, each, Stand.HELD, None)
            else:
                decision.placed[key] = Placed(key, template.ref, Stand.WITHHELD, None, ready=False)

    def _place_companions(self) -> None:
        """Let what stands beside a group's resource share its fate."""
        for key in sorted(self.observed):
            each = self.observed[key]
            if not isinstance(each, Other) or not each.ours or self.decision.settles(key):
                continue
            if each.ref is None or each.ref.name is None:
                continue
            # The longest: a key may begin as another does.
            mine = (old.key for old in self._launching() if key.startswith(f"{old.key}-"))
            owner = max(mine, key=len, default=None)
            gone = owner in self.decision.retired or (
                owner is None and any(each.ref.pool == pool.name for pool in self.prepared.pools)
            )
            placed = self.decision.placed.get(owner) if owner is not None else None
            # Of what is as planned, all that belongs beside it has been placed.
            gone = gone or (placed is not None and placed.stand is Stand.PLANNED)
            if gone:
                self.decision.retired.add(key)
            elif self.prepared.wanted.compose is not None:
                self.decision.placed[key] = self.remember(
                    (each, "companion"), partial(_kept_companion, each)
                )


def _planned(
    slot: Slot,
    key: str,
    index: int,
    current: Observed | None,
    older: tuple[Observed, ...],
    stability: Stability,
    beside: tuple[tuple[str, Other], ...],
    *,
    moved: bool,
    filled: bool,
) -> Placed:
    """A group as its plan's window has it; `moved` from its template's key to one of its own."""
    document, window = slot.document, slot.group.windows[index]
    if moved:
        document = slot.adapter.named(document, slot.group.generation)
    scaling, last, reason = _scale(slot, index, current, older, stability, filled=filled)
    document = with_annotation(document, MOVED_ANNOTATION, str(last))
    document = slot.adapter.sized(document, scaling)
    ready = current is not None and current.ready
    planned = Planned(slot.group, window)
    companions: Mapping[str, Document] = {}
    if slot.adapter.attaches:
        attached = slot.adapter.attach(
            document,
            Beside(
                current.read() if current is not None else None,
                {name.removeprefix(f"{slot.key}-"): each.read() for name, each in beside},
                slot.group,
                scaling.sizes,
                window,
                partial(_ahead, slot.group, index, last, stability),
                slot.aside,
            ),
        )
        document = attached.document
        companions = {
            f"{slot.key}-{end}": with_labels(each, slot.labels)
            for end, each in attached.companions.items()
        }
        reason = "; ".join(each for each in (reason, attached.note) if each) or None
    return Placed(
        key,
        slot.ref,
        Stand.PLANNED,
        document,
        ready,
        scaling.sizes,
        reason,
        planned,
        companions=companions,
    )


def _ahead(group: Group, index: int, last: Moved, stability: Stability) -> tuple[Window, ...]:
    """The windows to come, with the bounds that they will ask for when nothing holds them up."""
    found = []
    for window in group.windows[index + 1 :]:
        begun = format_instant(window.start)
        if window.max == 0 and group.purchase.option == "capacity-block":
            last = Moved(begun, 0, 0)
        else:
            last = damp(
                Sizes(window.min, window.desired, window.max), None, last, begun, stability
            ).moved
        desired = min(max(window.desired, last.low), last.high)
        sizes = {"min": last.low, "desired": desired, "max": last.high}
        found.append(window.model_copy(update=sizes))
    return tuple(found)


def _kept(
    ref: GroupRef, old: Observed, stand: Stand, why: str | None, template: Template | None
) -> Placed:
    """A resource as it is."""
    adapter = old.adapter
    document = adapter.held(old.read(), template.document if template else None)
    scaling = _hold(old)
    if scaling is not None:
        document = adapter.sized(document, scaling)
    sizes = scaling.sizes if scaling else None
    return Placed(old.key, ref, stand, document, old.ready, sizes, why)


def _kept_companion(each: Other) -> Placed:
    assert each.ref is not None  # noqa: S101 - the caller's condition
    document = as_applied(each.read())
    return Placed(each.key, each.ref, Stand.HELD, document, each.exists_ready, launches=False)


def _scale(
    slot: Slot,
    index: int,
    current: Observed | None,
    older: tuple[Observed, ...],
    stability: Stability,
    *,
    filled: bool,
) -> tuple[Scaling, Moved, str | None]:
    """The sizes to ask for, the bounds decided, and why they differ from the window's.

    A new generation starts with as many nodes as the old one runs, as far as its bounds allow.
    """
    window = slot.group.windows[index]
    begun = format_instant(window.start)
    before = current or next(iter(older), None)
    last = before.moved if before else None
    running = current.sizes if current else None
    if window.max == 0 and slot.group.purchase.option == "capacity-block":
        # The machines end whether nodes are drained or not.
        enforced = 0 if running and running.desired else None
        sizes = slot.adapter.accepted(Sizes(0, 0, 0))
        why = "outside its capacity block: no nodes"
        return Scaling(sizes, 0, enforced, current is None), Moved(begun, 0, 0), why
    planned = Sizes(window.min, window.desired, window.max)
    known = before.sizes if before else None
    damped = damp(planned, known, last, begun, stability, filled=filled)
    low, high = damped.moved.low, damped.moved.high
    bounds = window.model_copy(
        update={"min": low, "desired": min(max(window.desired, low), high), "max": high}
    )
    sizing = size(bounds, running)
    sizes = slot.adapter.accepted(sizing.sizes)
    initial = bounds.desired
    for old in older:
        if old.sizes is not None:
            initial = min(max(initial, old.sizes.desired), bounds.max)
    reason = "; ".join(each for each in (damped.reason, sizing.reason) if each) or None
    if running is None:
        first = Sizes(sizes.min, initial, sizes.max)
        return Scaling(first, initial, creates=current is None), damped.moved, reason
    stated = current is not None and current.stated
    enforced = sizes.desired if stated or running.desired < sizes.min else None
    return Scaling(sizes, initial, enforced), damped.moved, reason


def _hold(observed: Observed) -> Scaling | None:
    """The sizes that keep a resource as it is; None when it states none."""
    running = observed.sizes
    if running is None:
        return None
    desired = max(running.desired, running.min)
    sizes = observed.adapter.accepted(Sizes(running.min, desired, max(running.max, desired)))
    stated = desired if observed.initial is None else observed.initial
    initial = min(max(stated, sizes.min), sizes.max)
    raised = observed.stated or running.desired < sizes.min
    return Scaling(sizes, initial, desired if raised else None)


def _each(groups: Existing) -> Iterator[tuple[GroupRef, Observed]]:
    for ref, members in groups.items():
        for observed in members:
            yield ref, observed
