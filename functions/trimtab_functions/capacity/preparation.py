"""What a plan and its settings imply, whatever runs and whenever it is.

Pure, and the larger part of the work: which groups of the plan have a node group here, under which
key, and as what. It depends on the plan, the XR's settings and what earlier steps composed, which
rarely change, so the caller may keep it from one call to the next.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from trimtab.errors import InputError, allowed
from trimtab.plan.model import CapacityPlan, Group, Pool
from trimtab_functions.capacity import nodegroups
from trimtab_functions.capacity.nodegroups import Document, Fixed, GroupRef, Template
from trimtab_functions.capacity.settings import NodeGroupsSpec


@dataclass(frozen=True)
class Wanted:
    """What is asked for.

    Attributes:
        plan: the plan, when it may move sizes; else None, and all is kept.
        composes: whether the step composes groups that no earlier step has (mode Compose).
        spec: the XR's settings for those; None when they are invalid, or not needed.
        templates: what earlier steps composed and labelled, by key, sorted.
    """

    plan: CapacityPlan | None
    composes: bool
    spec: NodeGroupsSpec | None
    templates: Mapping[str, Template]


@dataclass(frozen=True, eq=False)
class Slot:
    """A group of the plan, the key that it belongs under, and its NodeGroup without sizes."""

    ref: GroupRef
    group: Group
    key: str
    fixed: Fixed
    document: Document


@dataclass
class PreparedPool:
    """A pool of the plan; `names` are all its groups', `refused` says why some have no slot."""

    name: str
    names: frozenset[str]
    slots: list[Slot] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


@dataclass
class Preparation:
    """Everything that is known before looking at what runs.

    Attributes:
        wanted: what it was made from.
        asked_for: the pools that the XR or an earlier step's labels name.
        pools: those of them that the plan has, for the right place.
        missing: those that the plan does not have.
        foreign: why the plan is for another place, by pool.
    """

    wanted: Wanted
    asked_for: list[str]
    pools: list[PreparedPool] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    foreign: dict[str, str] = field(default_factory=dict)


def prepare(wanted: Wanted) -> Preparation:
    """Find every group's slot, in the order of the XR's pools and the plan's groups."""
    named = wanted.spec.pools if wanted.spec else ()
    labelled = sorted(template.ref.pool for template in wanted.templates.values())
    prepared = Preparation(wanted, list(dict.fromkeys([*named, *labelled])))
    if wanted.plan is None:
        return prepared
    # Reversed, so that of two with the same labels the first stays.
    homes = {each.ref: each for each in reversed(list(wanted.templates.values()))}
    pools = {pool.name: pool for pool in wanted.plan.spec.pools}
    for name in prepared.asked_for:
        if name not in pools:
            prepared.missing.append(name)
        elif (why := _foreign(wanted, wanted.plan, name)) is not None:
            prepared.foreign[name] = why
        else:
            prepared.pools.append(_prepare_pool(wanted, wanted.plan, pools[name], homes))
    return prepared


def _foreign(wanted: Wanted, plan: CapacityPlan, pool: str) -> str | None:
    """Why the plan is for another place than the pool's node groups: residency is not negotiable."""
    site = plan.spec.site
    if site.provider != "aws":
        return f"the plan is for {site.provider}, and these are EKS node groups"
    regions = {each.region for each in wanted.templates.values() if each.ref.pool == pool}
    if wanted.spec is not None and pool in wanted.spec.pools:
        regions.add(wanted.spec.region)
    other = [region for region in regions if region is not None and region != site.region]
    if not other:
        return None
    return f"the plan is for {site.region}, the node groups are for {allowed(other)}"


def _prepare_pool(
    wanted: Wanted, plan: CapacityPlan, pool: Pool, homes: Mapping[GroupRef, Template]
) -> PreparedPool:
    prepared = PreparedPool(pool.name, frozenset(group.name for group in pool.groups))
    for group in pool.groups:
        ref = GroupRef(pool.name, group.name)
        try:
            home = homes.get(ref) or _own(wanted, pool, group)
            if home is not None:
                decided = nodegroups.decide(plan, pool, group, home.ami_family)
                document = nodegroups.planned(home.document, decided)
                prepared.slots.append(Slot(ref, group, home.key, decided.fixed, document))
        except InputError as error:
            prepared.refused.append(f"{ref}: {error}")
    for key, template in wanted.templates.items():
        ref = template.ref
        if ref.pool == pool.name and ref.name not in prepared.names:
            prepared.refused.append(
                f"{ref}: the plan's pool has no such group; use one of {allowed(set(prepared.names))}"
            )
        elif ref.pool == pool.name and homes[ref] is not template:
            prepared.refused.append(f"{ref}: {key} and {homes[ref].key} are both labelled so")
    return prepared


def _own(wanted: Wanted, pool: Pool, group: Group) -> Template | None:
    """The node group of a group that no earlier step has; None when it is not for this step.

    Raises:
        InputError: the XR lacks what the group needs.
    """
    if wanted.spec is None or pool.name not in wanted.spec.pools:
        return None
    if group.purchase.option == "owned":
        return None  # machines on premises, which others provision
    return nodegroups.own_template(wanted.spec, pool, group)
