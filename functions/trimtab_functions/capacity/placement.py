"""Which node group serves which group of the plan, and at what size.

A pure function of the scene: the plan, what earlier steps composed, and what runs. It is safe on
every reconcile, needs no stored state, and gives the same decision for the same scene and window.

- What runs is an input. A desired size that an autoscaler chose is never moved, but raised to a new
  min in the change that sets it; a max below what runs is held at what runs until that has fallen.
- Without a usable plan (not fetched, absent, invalid, expired, without the pool, or for another
  region) nothing is created, and what exists is kept as it is.
- A group's new generation is a new node group; the old one is kept until the new one is ready. A
  group that has left the plan is kept until every group of its pool is ready.
- A node group that runs the right generation is used under whatever key it has: an earlier step's
  resource is adopted, and a generation that has moved to a key of its own stays there.
- A node group of a pool that nobody names is kept, and reported: deleting it is a person's decision.

It does not choose instance types, judge prices, or damp the plan: planning does.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from trimtab.errors import InputError, allowed
from trimtab.plan import eks
from trimtab.plan.model import CapacityPlan, Group, Pool, Window
from trimtab.plan.sizing import Sizes, size, window_at
from trimtab_functions.capacity import nodegroups
from trimtab_functions.capacity.nodegroups import GroupRef, Observed, Scaling, Template
from trimtab_functions.capacity.settings import NodeGroupsSpec


@dataclass(frozen=True)
class Scene:
    """All that a decision depends on.

    Attributes:
        plan: the plan, when it may move sizes; else None, and all is kept.
        composes: whether the step composes groups that no earlier step has (mode Compose).
        spec: the XR's settings for those; None when they are invalid, or not needed.
        templates: what earlier steps composed and labelled, by key.
        observed: the node groups that exist, by key.
        instant: the present; only the index of the window that holds depends on it.
    """

    plan: CapacityPlan | None
    composes: bool
    spec: NodeGroupsSpec | None
    templates: Mapping[str, Template]
    observed: Mapping[str, Observed]
    instant: datetime


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
        document: what to desire; None when the resource is withheld.
        sizes: what is asked for; None when it is not known.
        reason: why, when it is not simply as planned.
        planned: the plan's word, when it is followed.
    """

    key: str
    ref: GroupRef
    stand: Stand
    document: nodegroups.Document | None
    ready: bool
    sizes: Sizes | None = None
    reason: str | None = None
    planned: Planned | None = None


@dataclass
class Decision:
    """What to do.

    Attributes:
        placed: node groups to desire or withhold, by key.
        retired: keys to take out of the desired state.
        missing_pools: pools asked for that the plan does not have.
        foreign: why a pool's plan is for another place, by pool.
        problems: groups that can't be provisioned, and why.
    """

    placed: dict[str, Placed] = field(default_factory=dict)
    retired: set[str] = field(default_factory=set)
    missing_pools: list[str] = field(default_factory=list)
    foreign: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def settles(self, key: str) -> bool:
        """Whether something was decided about a key."""
        return key in self.placed or key in self.retired


def decide(scene: Scene) -> Decision:
    """The whole decision, in the order of the XR's pools and the plan's groups."""
    decision = Decision()
    existing = _by_group(scene)
    if scene.plan is not None:
        pools = {pool.name: pool for pool in scene.plan.spec.pools}
        for name in _pools_asked_for(scene):
            if name not in pools:
                decision.missing_pools.append(name)
            elif (why := _foreign(scene, scene.plan, name)) is not None:
                decision.foreign[name] = why
            else:
                _place_pool(decision, scene, scene.plan, pools[name], existing)
    _keep_the_rest(decision, scene, existing)
    return decision


def _pools_asked_for(scene: Scene) -> list[str]:
    """The pools that the XR names, then those that earlier steps' labels name."""
    named = scene.spec.pools if scene.spec else ()
    return list(dict.fromkeys([*named, *sorted(t.ref.pool for t in scene.templates.values())]))


def _by_group(scene: Scene) -> dict[GroupRef, list[Observed]]:
    """What exists, by group; what ran before Trimtab labelled it has its template's group."""
    groups: dict[GroupRef, list[Observed]] = {}
    for key, observed in sorted(scene.observed.items()):
        template = scene.templates.get(key)
        ref = observed.ref or (template.ref if template else None)
        if ref is not None:
            groups.setdefault(ref, []).append(observed)
    return groups


def _foreign(scene: Scene, plan: CapacityPlan, pool: str) -> str | None:
    """Why the plan is for another place than the pool's node groups: residency is not negotiable."""
    site = plan.spec.site
    if site.provider != "aws":
        return f"the plan is for {site.provider}, and these are EKS node groups"
    regions = {t.region for t in scene.templates.values() if t.ref.pool == pool}
    if scene.spec is not None and pool in scene.spec.pools:
        regions.add(scene.spec.region)
    other = sorted(region for region in regions if region not in (None, site.region))
    return f"the plan is for {site.region}, the node groups for {allowed(other)}" if other else None


def _place_pool(
    decision: Decision,
    scene: Scene,
    plan: CapacityPlan,
    pool: Pool,
    existing: Mapping[GroupRef, list[Observed]],
) -> None:
    complete = True
    for group in pool.groups:
        ref = GroupRef(pool.name, group.name)
        try:
            home = _home(scene, pool, group)
            if home is not None:
                ready = _place_group(decision, scene, plan, pool, group, home, existing)
                complete = complete and ready
        except InputError as error:
            decision.problems.append(f"{ref}: {error}")
            complete = False
    names = {group.name for group in pool.groups}
    gone = {ref: old for ref, old in existing.items() if ref.pool == pool.name}
    for ref, old in _node_groups(gone):
        if ref.name in names:
            continue
        if old.key in scene.templates:
            decision.problems.append(
                f"{ref}: the plan's pool has no such group; use one of {allowed(names)}"
            )
        elif scene.composes:
            why = "it has left the plan: kept until the pool's groups are ready"
            _retire(decision, scene, ref, old, why, over=complete)


def _home(scene: Scene, pool: Pool, group: Group) -> Template | None:
    """Where a group belongs; None when this step does not provision it.

    Raises:
        InputError: the XR lacks what the group needs.
    """
    for template in scene.templates.values():
        if template.ref == GroupRef(pool.name, group.name):
            return template
    if scene.spec is None or pool.name not in scene.spec.pools or group.purchase.option == "owned":
        return None
    return nodegroups.own_template(scene.spec, pool, group)


def _place_group(
    decision: Decision,
    scene: Scene,
    plan: CapacityPlan,
    pool: Pool,
    group: Group,
    home: Template,
    existing: Mapping[GroupRef, list[Observed]],
) -> bool:
    """Place a group's generation, and keep or retire the others; whether it is ready.

    Raises:
        InputError: EKS can't provision the group.
    """
    decided = nodegroups.decide(plan, pool, group, home.ami_family)
    mine = existing.get(home.ref, [])
    right = [each for each in mine if each.is_generation(group.generation, decided.fixed)]
    current = next((each for each in right if each.key == home.key), right[0] if right else None)
    # Another step's resource with the same labels is none of this group's generations.
    older = [
        each
        for each in mine
        if each is not current and (each.key == home.key or each.key not in scene.templates)
    ]
    key, base = home.key, home.document
    if current is not None:
        key = current.key
    elif home.key in scene.observed:
        key = f"{home.key}-{group.generation}"
    if key != home.key and home.key in scene.templates:
        base = nodegroups.next_generation(base, group.generation)

    window = window_at(group, scene.instant)
    scaling, reason = _scale(window, current, older)
    ready = current is not None and current.ready
    decision.placed[key] = Placed(
        key,
        home.ref,
        Stand.PLANNED,
        nodegroups.planned(base, decided, scaling),
        ready,
        scaling.sizes,
        reason,
        Planned(group, window),
    )
    for old in older:
        _retire(decision, scene, home.ref, old, f"kept until {key} is ready", over=ready)
    if not decision.settles(home.key):
        decision.retired.add(home.key)  # the earlier step's key stood for a generation now gone
    return ready


def _scale(
    window: Window, current: Observed | None, older: list[Observed]
) -> tuple[Scaling, str | None]:
    """The sizes to ask for, reconciled with what runs, and why they differ from the window's.

    A new generation starts with as many nodes as the old one runs, as far as the window allows.
    """
    running = current.sizes if current else None
    sizing = size(window, running)
    sizes = eks.accepted_sizes(sizing.sizes)
    carried = max((old.sizes.desired for old in older if old.sizes), default=0)
    initial = min(max(window.desired, carried), window.max)
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


def _retire(
    decision: Decision, scene: Scene, ref: GroupRef, old: Observed, why: str, *, over: bool
) -> None:
    """Drop a node group whose time is over, or keep it until then."""
    if over:
        decision.retired.add(old.key)
    else:
        _keep(decision, scene, ref, old, Stand.RETIRING, why)


def _keep(
    decision: Decision, scene: Scene, ref: GroupRef, old: Observed, stand: Stand, why: str | None
) -> None:
    scaling = _hold(old)
    document = nodegroups.held(old, scene.templates.get(old.key), scaling)
    sizes = scaling.sizes if scaling else None
    decision.placed[old.key] = Placed(old.key, ref, stand, document, old.ready, sizes, why)


def _keep_the_rest(
    decision: Decision, scene: Scene, existing: Mapping[GroupRef, list[Observed]]
) -> None:
    """Keep what exists and no plan speaks of; withhold what is to be created without one."""
    pools = _pools_asked_for(scene)
    asked = {template.ref for template in scene.templates.values()}
    for ref, old in _node_groups(existing):
        # In mode Inject the earlier steps alone say which groups exist.
        if decision.settles(old.key) or not (scene.composes or ref in asked):
            continue
        stray = scene.spec is not None and ref.pool not in pools
        why = f"pool {ref.pool} is not among the XR's pools: delete it by hand" if stray else None
        _keep(decision, scene, ref, old, Stand.HELD, why)
    for key, template in scene.templates.items():
        if not decision.settles(key):
            if any(each.ref == template.ref and each.planned for each in decision.placed.values()):
                decision.problems.append(f"{template.ref}: {key} is labelled as this group too")
            if key in scene.observed:
                _keep(decision, scene, template.ref, scene.observed[key], Stand.HELD, None)
            else:
                decision.placed[key] = Placed(key, template.ref, Stand.WITHHELD, None, ready=False)


def _node_groups(
    groups: Mapping[GroupRef, list[Observed]],
) -> Iterator[tuple[GroupRef, Observed]]:
    for ref, each in groups.items():
        for observed in each:
            yield ref, observed
