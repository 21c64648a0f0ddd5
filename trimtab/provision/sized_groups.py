"""Which groups a plan asks for at an instant, and how large: what every target starts from.

Pure. Sizes come from `trimtab.plan.sizing`, so that Pulumi and Crossplane can't disagree; what runs
is an input, and an expired plan is refused rather than carried out.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from trimtab.clock import format_instant
from trimtab.errors import InputError, StalePlanError, allowed
from trimtab.plan.attribution import group_key, group_tags
from trimtab.plan.labels import DIGEST_TAG, PLAN_TAG
from trimtab.plan.model import CapacityPlan, Group, Pool, Window
from trimtab.plan.sizing import Sizes, Sizing, expired, later_windows, size, window_at

AS_OF = "as_of (trimtab:asOf)"
RUNNING = "running (trimtab:running)"
PLAN_POOLS = "plan_pools (trimtab:planPools)"
REGION_SETTINGS = {"aws": "aws:region", "azure": "azure:location", "gcp": "gcp:region"}
"""Where a stack states the region, by provider."""
_RESERVED_TAG = re.compile(r"(?:trimtab:.*|managed-by)")


@dataclass(frozen=True)
class SizedGroup:
    """One of the plan's groups with the sizes to ask for now and the windows after.

    Attributes:
        key: `<pool>-<group>-<generation>`.
        sizing: sizes in whole nodes, with the reason where they differ from the window's.
        later: the windows that follow the one that holds now.
    """

    pool: Pool
    group: Group
    key: str
    sizing: Sizing
    later: tuple[Window, ...]


def sized_groups(
    plan: CapacityPlan,
    as_of: datetime,
    running: Mapping[str, Sizes],
    pools: Collection[str] | None = None,
) -> tuple[SizedGroup, ...]:
    """The plan's groups in its own order, without owned machines, which others provision.

    Args:
        plan: the plan.
        as_of: the instant whose window holds.
        running: observed sizes by group key; a group that is absent does not run. Keys of a former
            generation of a group are passed over: those nodes are no longer the plan's to size.
        pools: names of the pools to provision; None for all. The others are someone else's, such as
            Karpenter's beside a cluster's own node groups.

    Raises:
        StalePlanError: the plan has expired at `as_of`.
        InputError: a key of `running` names no group of the plan, or a name of `pools` no pool.
    """
    if expired(plan, as_of):
        raise StalePlanError(
            f"{format_instant(as_of)} is past the end of plan {plan.metadata.name}, "
            f"which holds until {format_instant(plan.spec.valid_until)}",
            where=AS_OF,
            mend="make a new plan; until then what runs stays as it is",
        )
    members = [(pool, group) for pool in plan.spec.pools for group in pool.groups]
    _check_running(members, running)
    names = [pool.name for pool in plan.spec.pools]
    for name in pools or ():
        if name not in names:
            raise InputError(
                f"{name} is no pool of the plan",
                where=PLAN_POOLS,
                mend=f"use one of {allowed(names)}",
            )
    return tuple(
        SizedGroup(
            pool,
            group,
            group_key(pool, group),
            size(window_at(group, as_of), running.get(group_key(pool, group))),
            later_windows(group, as_of),
        )
        for pool, group in members
        if group.purchase.option != "owned" and (pools is None or pool.name in pools)
    )


def check_site(plan: CapacityPlan, provider: str, region: str) -> None:
    """Refuse a plan that speaks of another cloud or region.

    Raises:
        StalePlanError: it does; names both.
    """
    site = plan.spec.site
    if site.provider != provider:
        raise StalePlanError(
            f"the plan is for provider {site.provider}, not {provider}",
            where=f"plan {plan.metadata.name}: spec.site.provider",
            mend=f"give a plan made for {provider}",
        )
    if site.region != region:
        raise StalePlanError(
            f"the plan is for region {site.region}, but {region} is configured",
            where=f"plan {plan.metadata.name}: spec.site.region",
            mend=f"set {REGION_SETTINGS[provider]} to {site.region}, "
            f"or give a plan made for {region}",
        )


def check_tags(tags: Mapping[str, str], where: str) -> None:
    """Refuse tags that would overwrite the plan's own.

    Raises:
        InputError: one of them is Trimtab's.
    """
    for key in tags:
        if _RESERVED_TAG.fullmatch(key):
            raise InputError(f"tags: {key} is set from the plan", where=where, mend="drop it")


def instance_tags(plan: CapacityPlan, pool: Pool, group: Group) -> dict[str, str]:
    """Tags of the group's machines and volumes.

    Without the plan's name and digest: tags of instances stand in the launch template, and one that
    moved with every plan would roll every node. The node group itself carries both.
    """
    return {
        key: value
        for key, value in group_tags(plan, pool, group).items()
        if key not in (DIGEST_TAG, PLAN_TAG)
    }


def settable_labels(labels: Mapping[str, str]) -> dict[str, str]:
    """The labels that a provisioner may put on a node.

    Those in the domains of Kubernetes, Karpenter and EKS come from the kubelet and the cloud: what a
    workload selects by them already narrowed the group's instance types, and setting them is refused.
    """
    return {key: value for key, value in labels.items() if not _OWNED_DOMAIN.match(key)}


_OWNED_DOMAIN = re.compile(
    r"(?:[^/]*\.)?(?:kubernetes\.io|k8s\.io|karpenter\.sh|karpenter\.k8s\.aws|eks\.amazonaws\.com)/"
)


def _check_running(members: list[tuple[Pool, Group]], running: Mapping[str, Sizes]) -> None:
    keys = {group_key(pool, group) for pool, group in members}
    stems = {key.rpartition("-")[0] for key in keys}
    for key, sizes in running.items():
        stem, _, generation = key.rpartition("-")
        former = stem in stems and re.fullmatch(r"[0-9a-f]{6}", generation)
        if key not in keys and not former:
            raise InputError(
                f"{key} is no group of the plan",
                where=RUNNING,
                mend=f"use one of {allowed(keys)}",
            )
        if not sizes.min <= sizes.desired <= sizes.max:
            raise InputError(
                f"{key} has min {sizes.min}, desired {sizes.desired}, max {sizes.max}",
                where=RUNNING,
                mend="give sizes with min <= desired <= max",
            )
