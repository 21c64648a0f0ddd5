"""What a plan and its settings imply, whatever runs and whenever it is.

Pure, and the larger part of the work: which groups of the plan have a resource here, under which key,
and as what. It depends on the plan, the XR's settings and what earlier steps composed, which rarely
change, so the caller may keep it from one call to the next.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from trimtab.errors import InputError, allowed
from trimtab.plan.attribution import group_key
from trimtab.plan.model import CapacityPlan, Group, Pool
from trimtab.provision.capacity_blocks import open_windows
from trimtab_functions.capacity.adapters import group_adapter
from trimtab_functions.capacity.adapters.base import Composed, Fixed, GroupAdapter, GroupRef
from trimtab_functions.capacity.adapters.objects import GENERATION_LABEL, plan_labels, with_labels
from trimtab_functions.capacity.documents import Document
from trimtab_functions.capacity.policies import DEFAULTS, Rules, Verdict, verdicts
from trimtab_functions.capacity.selection import Following, Template
from trimtab_functions.capacity.settings import ComposeSpec


@dataclass(frozen=True)
class Wanted:
    """What is asked for.

    Attributes:
        plan: the plan, when it may move sizes; else None, and all is kept.
        compose: what the step composes itself (mode Compose); None in mode Inject.
        templates: what earlier steps composed for groups and pools, by key, sorted.
        followers: what earlier steps composed that follows them, by key, sorted.
        rules: the policy's.
        elsewhere: keys of what an earlier step of this function composed, and decides on.
        unread: whether the step's input can't be read: whatever followed a plan until now is kept.
    """

    plan: CapacityPlan | None
    compose: ComposeSpec | None
    templates: Mapping[str, Template]
    followers: Mapping[str, Following] = field(default_factory=dict)
    rules: Rules = DEFAULTS
    elsewhere: frozenset[str] = frozenset()
    unread: bool = False


@dataclass(frozen=True, eq=False)
class Slot:
    """A group of the plan, the key that it belongs under, and its resource without sizes.

    Attributes:
        group: of the plan; a capacity block's windows are cut where it begins and drains.
        generation: the group's, with what else can't change in place.
        labels: of its resource and all that stands beside it.
        verdict: what the policy says of it.
        companions: what its resource needs beside it, in full, by key.
        aside: what its adapter put aside for `attach`.
    """

    ref: GroupRef
    pool: Pool
    group: Group
    generation: str
    key: str
    labels: Mapping[str, str]
    verdict: Verdict
    adapter: GroupAdapter
    fixed: Fixed
    document: Document
    companions: Mapping[str, Document]
    aside: Any = None


@dataclass
class PreparedPool:
    """A pool of the plan.

    Attributes:
        pool: of the plan, with the windows of its groups as `Slot.group` has them.
        names: all its groups'.
        split: keys of templates that its groups were split from.
        refused: why some groups have no slot.
        unplaced: why some templates serve no group; the plan's own capacity does not hang on them.
        verdicts: what the policy says of its groups, by name; nothing of those that it leaves alone.
    """

    pool: Pool
    names: frozenset[str]
    slots: list[Slot] = field(default_factory=list)
    split: set[str] = field(default_factory=set)
    refused: list[str] = field(default_factory=list)
    unplaced: list[str] = field(default_factory=list)
    verdicts: Mapping[str, Verdict] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The pool's."""
        return self.pool.name


@dataclass
class Preparation:
    """Everything that is known before looking at what runs.

    Attributes:
        wanted: what it was made from.
        asked_for: the pools that the XR or an earlier step names.
        pools: those of them that the plan has, for the right place.
        missing: those that the plan does not have.
        foreign: why the plan is for another place, by pool.
        unusable: what is wrong with what the user asks for; then nothing is prepared.
    """

    wanted: Wanted
    asked_for: list[str]
    unusable: InputError | None = None
    pools: list[PreparedPool] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    foreign: dict[str, str] = field(default_factory=dict)


def prepare(wanted: Wanted) -> Preparation:
    """Find every group's slot, in the order of the XR's pools and the plan's groups."""
    named = wanted.compose.pools if wanted.compose else ()
    refs = [each.ref for each in wanted.templates.values()]
    refs += [each.ref for each in wanted.followers.values()]
    labelled = sorted({ref.pool for ref in refs})
    asked_for = list(dict.fromkeys([*named, *labelled]))
    prepared = Preparation(wanted, asked_for, _unusable(wanted, asked_for))
    if wanted.plan is None or prepared.unusable is not None:
        return prepared
    pools = {pool.name: pool for pool in wanted.plan.spec.pools}
    for name in prepared.asked_for:
        if name not in pools:
            prepared.missing.append(name)
        elif (why := _foreign(wanted, wanted.plan, name)) is not None:
            prepared.foreign[name] = why
        else:
            prepared.pools.append(_prepare_pool(wanted, wanted.plan, _opened(pools[name])))
    _refuse_shared_keys(prepared)
    return prepared


def _refuse_shared_keys(prepared: Preparation) -> None:
    """Refuse groups whose names, joined, are the same: `a` of pool `b-c`, and `c-a` of pool `b`. None of
    them goes first, or the order of pools would say whose nodes are whose."""
    members: dict[str, list[tuple[PreparedPool, Slot]]] = {}
    for pool in prepared.pools:
        for slot in pool.slots:
            members.setdefault(slot.key, []).append((pool, slot))
    templates = prepared.wanted.templates
    for key, claims in members.items():
        taken = [str(slot.ref) for _, slot in claims]
        home = templates.get(key)
        if home is not None and str(home.ref) not in taken:
            taken.append(f"the template for {home.ref}")
        if len(taken) == 1:
            continue
        for pool, slot in claims:
            if home is not None and slot.ref == home.ref:
                continue
            others = allowed([each for each in taken if each != str(slot.ref)])
            pool.slots.remove(slot)
            pool.refused.append(f"{slot.ref}: its key {key} is also that of {others}; rename one")


def _unusable(wanted: Wanted, asked_for: list[str]) -> InputError | None:
    """What is wrong with what the user asks to be composed, if anything."""
    compose = wanted.compose
    if compose is None:
        return None
    if not asked_for:
        return InputError(
            "names no pool, and no earlier step has a resource labelled trimtab.dev/pool",
            where="the XR's spec.pools",
            mend="name pools of the plan, or label a resource",
        )
    templated = {each.ref.pool for each in wanted.templates.values()}
    if isinstance(compose.settings, InputError) and set(compose.pools) - templated:
        return compose.settings
    return None


def _opened(pool: Pool) -> Pool:
    if all(group.purchase.option != "capacity-block" for group in pool.groups):
        return pool
    groups = [each.model_copy(update={"windows": open_windows(each)}) for each in pool.groups]
    return pool.model_copy(update={"groups": tuple(groups)})


def _foreign(wanted: Wanted, plan: CapacityPlan, pool: str) -> str | None:
    """Why the plan is for another place than the pool's resources: residency is not negotiable."""
    site = plan.spec.site
    mine = [each for each in wanted.templates.values() if each.ref.pool == pool]
    adapters = {each.adapter for each in mine}
    regions = {each.region for each in mine}
    compose = wanted.compose
    if compose is not None and pool in compose.pools and not mine:
        adapters.add(compose.adapter)
        if not isinstance(compose.settings, InputError):
            regions.add(compose.settings.region)
    for adapter in adapters:
        if adapter.provider not in (None, site.provider):
            kind = adapter.kinds[0].kind
            return f"the plan is for {site.provider}, and {kind} is {adapter.provider}'s"
    other = [region for region in regions if region is not None and region != site.region]
    if not other:
        return None
    return (
        f"the plan is for {site.region}, the resources are for {allowed(other)}; "
        "name a plan of that region"
    )


def _prepare_pool(wanted: Wanted, plan: CapacityPlan, pool: Pool) -> PreparedPool:
    prepared = PreparedPool(pool, frozenset(group.name for group in pool.groups))
    # Reversed, so that of two with the same labels the first stays.
    mine = [each for each in wanted.templates.values() if each.ref.pool == pool.name]
    homes = {each.ref: each for each in reversed(mine)}
    whole = homes.get(GroupRef(pool.name, None))
    if whole is not None and wanted.compose is not None:
        prepared.split.update(each.key for each in mine if each.ref.name is None)
    prepared.verdicts = verdicts(wanted.rules, plan, pool)
    for group in pool.groups:
        ref = GroupRef(pool.name, group.name)
        verdict = prepared.verdicts.get(group.name, Verdict())
        try:
            slot = _slot(wanted, plan, pool, group, homes.get(ref), whole, verdict)
            if slot is not None:
                prepared.slots.append(slot)
        except InputError as error:
            prepared.refused.append(f"{ref}: {error}")
    prepared.unplaced.extend(
        why for each in mine if (why := _unplaced(each, prepared, homes, wanted)) is not None
    )
    return prepared


def _without_min(group: Group) -> Group:
    windows = tuple(each.model_copy(update={"min": 0}) for each in group.windows)
    return group.model_copy(update={"windows": windows})


def _unplaced(
    template: Template,
    prepared: PreparedPool,
    homes: Mapping[GroupRef, Template],
    wanted: Wanted,
) -> str | None:
    """Why a template can't serve any group, if that is so."""
    ref, names = template.ref, allowed(set(prepared.names))
    if homes[ref] is not template:
        twice = f"{template.key} and {homes[ref].key} are both labelled so"
        return f"{ref}: {twice}; give one of them another group, or take its labels off"
    if ref.name is None and wanted.compose is None:
        return (
            f"{ref}: {template.key} names no group, and mode Inject splits none; use one of {names}"
        )
    if ref.name is not None and ref.name not in prepared.names:
        return f"{ref}: the plan's pool has no such group, which {template.key} names; use one of {names}"
    return None


def _provisions_owned(whole: Template | None) -> bool:
    """Whether a pool's template makes machines of one's own, as Cluster API does of racks."""
    return whole is not None and whole.adapter.makes_owned


def _slot(
    wanted: Wanted,
    plan: CapacityPlan,
    pool: Pool,
    group: Group,
    home: Template | None,
    whole: Template | None,
    verdict: Verdict,
) -> Slot | None:
    """A group's slot: an earlier step's, split from the pool's, or composed; None: not this step's.

    Raises:
        InputError: what it would be provisioned as can't have it.
    """
    ref, compose = GroupRef(pool.name, group.name), wanted.compose
    adapter: GroupAdapter
    if home is not None:
        key, adapter, made = home.key, home.adapter, Composed(home.document)
    elif compose is None or (group.purchase.option == "owned" and not _provisions_owned(whole)):
        return None  # machines on premises are provisioned by others
    elif whole is not None:
        adapter = whole.adapter
        key = f"{whole.key}-{group.name}-{group.generation}"
        made = adapter.split(whole.document, plan, pool, group, f"{group.name}-{group.generation}")
    elif pool.name not in compose.pools:
        return None
    elif isinstance(compose.settings, InputError):
        raise compose.settings.bare()
    else:
        adapter = compose.adapter
        made = adapter.compose(compose.settings, plan, pool, group)
        adapter = group_adapter(made.document) or adapter  # inside an Object it is another
        key = "-".join((group_key(pool, group), *made.variant))
    decided = adapter.decide(plan, pool, group, made.document)
    document = adapter.planned(made.document, decided)
    generation = "-".join((group.generation, *made.variant))
    labels = {**plan_labels(plan, pool, group), GENERATION_LABEL: generation}
    return Slot(
        ref,
        pool,
        group if adapter.keeps_min else _without_min(group),
        generation,
        key,
        labels,
        verdict,
        adapter,
        decided.fixed,
        with_labels(document, labels),
        {f"{key}-{end}": with_labels(each, labels) for end, each in made.companions.items()},
        made.aside,
    )
