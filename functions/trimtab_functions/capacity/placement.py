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

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from trimtab.errors import InputError
from trimtab.plan.sizing import window_index
from trimtab.policy.model import Stability
from trimtab_functions.capacity.adapters.base import GroupRef
from trimtab_functions.capacity.adapters.beside import Beside
from trimtab_functions.capacity.adapters.objects import (
    EXTERNAL_NAME,
    MOVED_ANNOTATION,
    as_applied,
    with_annotation,
    with_labels,
)
from trimtab_functions.capacity.decisions import (
    Decision,
    Placed,
    Planned,
    Remember,
    Stand,
    make_anew,
)
from trimtab_functions.capacity.documents import Document, section, text
from trimtab_functions.capacity.observed import Observed, Other
from trimtab_functions.capacity.preparation import Preparation, PreparedPool, Slot
from trimtab_functions.capacity.scaling import Generations, ahead, hold, not_begun, scale
from trimtab_functions.capacity.selection import Template
from trimtab_functions.memo import ById

Existing = Mapping[GroupRef, list[Observed]]


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
    own_keys: dict[str, GroupRef] = field(default_factory=dict)
    refs: set[GroupRef] = field(default_factory=set)

    def decide(self) -> Decision:
        elsewhere = self.prepared.wanted.elsewhere
        if elsewhere:
            self.observed = {k: each for k, each in self.observed.items() if k not in elsewhere}
        slots = [slot for pool in self.prepared.pools for slot in pool.slots]
        self.refs = {slot.ref for slot in slots}
        # A key that is made of a group and its generation can be nobody else's, whatever its labels.
        templates = self.prepared.wanted.templates
        self.own_keys = {slot.key: slot.ref for slot in slots if slot.key not in templates}
        existing = self._by_group()
        for key in sorted(self.observed):
            each = self.observed[key]
            if isinstance(each, Other) and each.ours and each.ref is not None:
                self.companions.setdefault(each.ref, {})[key] = each
        for pool in self.prepared.pools:
            self._place_pool(pool, existing)
        self._keep_the_rest(existing)
        self._place_companions()
        # What one group's key stood for may run for another.
        self.decision.retired -= self.decision.placed.keys()
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
            if template is not None and template.ref.name is not None and ref not in self.refs:
                # Its template is for another group now: what it ran goes when that one is ready.
                ref = template.ref
            ref = self.own_keys.get(each.key, ref)
            if ref is not None:
                groups.setdefault(ref, []).append(each)
        return groups

    def _place_pool(self, pool: PreparedPool, existing: Existing) -> None:
        whole = list(existing.get(GroupRef(pool.name, None), []))
        mine = {slot.ref: self._members(slot, existing, whole) for slot in pool.slots}
        unfilled = {
            slot.ref: str(slot.ref)
            for slot in pool.slots
            if not self._is_filled(slot, mine[slot.ref])
        }
        complete = not pool.refused
        for slot in pool.slots:
            lacking = [name for ref, name in unfilled.items() if ref != slot.ref]
            lacking += ["groups that are refused"] if pool.refused else []
            ready = self._place_group(slot, mine[slot.ref], ", ".join(lacking) or None)
            complete = complete and ready
        if self.prepared.wanted.compose is None:
            return
        for ref, old in _each(existing):
            gone = ref.pool == pool.name and ref.name is not None and ref.name not in pool.names
            if not gone or not self._is_own(old, None):
                continue
            if pool.slots:
                why = "it has left the plan: kept until the pool's groups are ready"
                self._retire(ref, old, why, over=complete)
            elif not old.deleting:
                # Whether those serve is not to be seen here.
                why = "it has left the plan, whose groups others provision: delete it by hand"
                self._keep(ref, old, Stand.HELD, why)
        for old in whole:
            why = "its pool has groups now: kept until they are ready"
            self._retire(GroupRef(pool.name, None), old, why, over=complete and bool(pool.slots))
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
        if current is None or not current.ready:
            return False
        if current.sizes is None:
            # Nobody can tell, and waiting for it would last for ever.
            return window.min == 0
        return current.sizes.desired >= window.min or not slot.adapter.reaches_min

    def _current(self, slot: Slot, mine: list[Observed]) -> Observed | None:
        """What runs the group's generation; of several what is not being deleted, then under its own
        key."""
        right = [
            each
            for each in mine
            if each.adapter is slot.adapter
            and (each.key in self.own_keys or each.is_generation(slot.generation, slot.fixed))
        ]
        return min(right, key=lambda e: (e.deleting, e.key != slot.key, e.key), default=None)

    def _place_group(self, slot: Slot, mine: list[Observed], lacking: str | None) -> bool:
        """Place a group's generation, and keep or retire its others; whether it is ready."""
        templates, generation = self.prepared.wanted.templates, slot.generation
        current = self._current(slot, mine)
        # Another step's resource with the same labels is none of this group's generations.
        others = [each for each in mine if each is not current and self._is_own(each, slot.key)]
        # What somebody deletes is let go: desired once more, it might be created anew.
        self.decision.retired |= {each.key for each in others if each.deleting}
        older = tuple(each for each in others if not each.deleting)
        if current is None and slot.verdict.start is not None:
            self._hold_back(slot, older, slot.verdict.start)
            return False
        if slot.verdict.growth is not None:
            self.decision.policy[slot.ref] = slot.verdict.growth
        key = slot.key
        if current is not None:
            key = current.key
        elif slot.key in self.observed:
            key = f"{slot.key}-{generation}"
        moved = key != slot.key and slot.key in templates
        index = window_index(slot.group, self.instant)
        beside = self._beside(slot)
        generations = Generations(current, older, lacking)
        placed = self.decision.placed[key] = self.remember(
            (slot, key, moved, index, generations, self.stability, beside),
            lambda: _planned(slot, key, index, generations, self.stability, beside, moved=moved),
        )
        ready = current is not None and _serves(current)
        # Before its block begins a generation is ready, and has nothing to take over with.
        over = ready and not not_begun(slot.group, slot.group.windows[index])
        for old in older:
            self._retire(slot.ref, old, f"kept until {key} is ready", over=over)
        for name, document in {**slot.companions, **placed.companions}.items():
            self._place_companion(slot, name, document)
        if not self.decision.settles(slot.key):
            # The earlier step's key stood for a generation that is gone.
            self.decision.retired.add(slot.key)
        return ready

    def _is_own(self, each: Observed, home: str | None) -> bool:
        """Whether a resource with a group's labels is this function's to keep or to drop; `home` is the
        group's own key, if it has one."""
        wanted = self.prepared.wanted
        template = wanted.templates.get(each.key)
        if template is None or each.key == home:
            return True
        if template.ref.name is not None and each.ref not in (None, template.ref):
            return True  # its template has become another group's
        # What a whole pool's template ran before it was split.
        return wanted.compose is not None and template.ref.name is None

    def _hold_back(self, slot: Slot, older: tuple[Observed, ...], why: str) -> None:
        """Begin nothing, and keep what runs of other generations."""
        self.decision.policy[slot.ref] = why
        for old in older:
            self._keep(slot.ref, old, Stand.HELD, why)
        if not older:
            self.decision.placed[slot.key] = Placed(
                slot.key, slot.ref, Stand.WITHHELD, None, ready=False, reason=why
            )
        elif not self.decision.settles(slot.key):
            self.decision.retired.add(slot.key)

    def _beside(self, slot: Slot) -> tuple[tuple[str, Other], ...]:
        """What exists beside a group's resource, where its adapter asks for it."""
        if not slot.adapter.attaches:
            return ()
        mine = self.companions.get(slot.ref, {})
        return tuple(each for each in mine.items() if each[0].startswith(f"{slot.key}-"))

    def _place_companion(self, slot: Slot, key: str, document: Document) -> None:
        other = self.observed.get(key)
        ready = isinstance(other, Other) and other.ready
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
            left = not composes and self._is_of_mode_compose(ref, old)
            if decision.settles(old.key) or not (composes or left or ref in asked):
                continue
            if old.deleting:
                if old.key not in wanted.templates:
                    decision.retired.add(old.key)
                continue
            stray = self._knows_pools() and ref.pool not in {*self.prepared.asked_for, *named}
            why = f"pool {ref.pool} is not among the XR's pools: delete it by hand"
            if left:
                why = "mode Inject makes no groups, and mode Compose made it: delete it by hand"
            self._keep(ref, old, Stand.HELD, why if stray or left else None)
        for key, template in wanted.templates.items():
            if decision.settles(key):
                continue
            if isinstance(each := self.observed.get(key), Observed) and not each.deleting:
                self._keep(template.ref, each, Stand.HELD, None)
            else:
                decision.placed[key] = Placed(key, template.ref, Stand.WITHHELD, None, ready=False)

    def _is_of_mode_compose(self, ref: GroupRef, old: Observed) -> bool:
        """Whether no earlier step composed what exists: this function did, of nothing or of a pool's
        template, and a change of the step's mode is no leave to delete it."""
        end = f"-{ref.name}-{old.generation}"
        return old.ours or any(
            each.ref.pool == ref.pool and old.key == f"{each.key}{end}"
            for each in self.prepared.wanted.templates.values()
        )

    def _knows_pools(self) -> bool:
        """Whether the XR's pools could be read, so that others are nobody's."""
        compose = self.prepared.wanted.compose
        if compose is None or self.prepared.unusable is not None:
            return False
        return bool(compose.pools) or not isinstance(compose.settings, InputError)

    def _place_companions(self) -> None:
        """Let what stands beside a group's resource share its fate."""
        launching = (old.key for old in self._launching() if old.ref or old.key in self.own_keys)
        # The longest first: a key may begin as another does.
        owners = sorted(launching, key=len, reverse=True)
        for key in sorted(self.observed):
            each = self.observed[key]
            if not isinstance(each, Other) or not each.ours or self.decision.settles(key):
                continue
            if each.ref is None or each.ref.name is None:
                continue
            owner = next((old for old in owners if key.startswith(f"{old}-")), None)
            gone = owner in self.decision.retired or (
                owner is None and any(each.ref.pool == pool.name for pool in self.prepared.pools)
            )
            placed = self.decision.placed.get(owner) if owner is not None else None
            # Of what is as planned, all that belongs beside it has been placed.
            gone = gone or (placed is not None and placed.stand is Stand.PLANNED)
            if gone:
                self.decision.retired.add(key)
            elif placed is not None or self.prepared.wanted.compose is not None:
                self.decision.placed[key] = self.remember(
                    (each, "companion"), partial(_kept_companion, each)
                )


def _serves(current: Observed) -> bool:
    """Whether a generation can take over: it is ready, and has the nodes that it was asked to have."""
    sizes = current.sizes
    return current.ready and (sizes is None or sizes.desired >= sizes.min)


def _planned(
    slot: Slot,
    key: str,
    index: int,
    generations: Generations,
    stability: Stability,
    beside: tuple[tuple[str, Other], ...],
    *,
    moved: bool,
) -> Placed:
    """A group as its plan's window has it; `moved` from its template's key to one of its own."""
    document, window, current = slot.document, slot.group.windows[index], generations.current
    if moved:
        document = slot.adapter.named(document, slot.group.generation)
    if current is not None and key != slot.key:
        document = _as_named(document, current)
    scaled = scale(slot, window, generations, stability)
    document = with_annotation(document, MOVED_ANNOTATION, str(scaled.moved))
    document = slot.adapter.sized(document, scaled.scaling)
    reason = scaled.reason
    companions: Mapping[str, Document] = {}
    if slot.adapter.attaches:
        attached = slot.adapter.attach(
            document,
            Beside(
                current.read() if current is not None else None,
                {name.removeprefix(f"{slot.key}-"): each.read() for name, each in beside},
                slot.group,
                scaled.scaling.sizes,
                window,
                partial(ahead, slot.group, index, scaled.moved, stability),
                slot.aside,
            ),
        )
        companions = {
            f"{slot.key}-{end}": with_labels(each, slot.labels)
            for end, each in attached.companions.items()
        }
        if attached.document is None:
            stand, why = Stand.WITHHELD, attached.note
            return Placed(key, slot.ref, stand, None, False, reason=why, companions=companions)
        document = attached.document
        reason = "; ".join(each for each in (reason, attached.note) if each) or None
    return Placed(
        key,
        slot.ref,
        Stand.PLANNED,
        document,
        current is not None and current.ready,
        scaled.scaling.sizes,
        reason,
        Planned(slot.pool, slot.group, window),
        companions=companions,
    )


def _as_named(document: Document, current: Observed) -> Document:
    """The document under the names that an adopted resource has: another external name would make
    another node group of it, and leave this one to nobody."""
    annotations = section(document, "metadata", "annotations")
    if current.external_name is not None and EXTERNAL_NAME in annotations:
        document = with_annotation(document, EXTERNAL_NAME, current.external_name)
    metadata = section(document, "metadata")
    if current.name is not None and text(metadata.get("name")) is not None:
        document = {**document, "metadata": {**metadata, "name": current.name}}
    return document


def _kept(
    ref: GroupRef, old: Observed, stand: Stand, why: str | None, template: Template | None
) -> Placed:
    """A resource as it is."""
    adapter = old.adapter
    document = adapter.held(old.read(), template.document if template else None)
    scaling = hold(old)
    if scaling is not None:
        document = adapter.sized(document, scaling)
    sizes = scaling.sizes if scaling else None
    return Placed(old.key, ref, stand, document, old.ready, sizes, why)


def _kept_companion(each: Other) -> Placed:
    assert each.ref is not None  # noqa: S101 - the caller's condition
    document = as_applied(each.read())
    return Placed(each.key, each.ref, Stand.HELD, document, each.ready, launches=False)


def _each(groups: Existing) -> Iterator[tuple[GroupRef, Observed]]:
    for ref, members in groups.items():
        for observed in members:
            yield ref, observed
