"""A cluster's node groups together: which there are, where they may stand, and whether the cluster
could work with them, decided before any resource exists.

Pure. What one group is stands in `groups`. Sources: EKS quotas (30 managed node groups a cluster) and
EC2 user guide on several network interfaces, 2026-11; coredns' and metrics-server's add-ons tolerate
`CriticalAddonsOnly` at most.
"""

from collections.abc import Collection, Sequence
from datetime import datetime

from trimtab.errors import InputError
from trimtab.plan.model import CapacityPlan
from trimtab.provision.eks.addons import CLUSTER_DEFAULTS
from trimtab.provision.eks.groups import NodeGroupShape, node_group_shape, pinned_zone
from trimtab.provision.eks.subnets import default_zones
from trimtab.provision.pool_settings import SettingsByGroup
from trimtab.provision.sized_groups import sized_groups
from trimtab_components.eks.addons import ChosenAddon
from trimtab_components.eks.cluster_args import ClusterSettings

GROUPS_PER_CLUSTER = 30
"""EKS's default quota of managed node groups; AWS raises it on request."""


def cluster_zones(settings: ClusterSettings, plan: CapacityPlan, region: str) -> Collection[str]:
    """The zones that nodes can be told to stand in, in the cluster's order."""
    if settings.vpc_id is not None:
        return (settings.zone_subnet_ids or {}).keys()
    return settings.zones or plan.spec.site.zones or default_zones(region)


def cluster_groups(
    plan: CapacityPlan,
    as_of: datetime,
    settings: ClusterSettings,
    by_group: SettingsByGroup,
    zones: Collection[str],
    where: str,
) -> tuple[NodeGroupShape, ...]:
    """The node groups of a cluster, in the plan's order.

    Args:
        plan: the plan.
        as_of: the instant that is now.
        settings, by_group: what is chosen for the cluster and for its groups' nodes.
        zones: from `cluster_zones`.
        where: the component's type and name, for errors.

    Raises:
        InputError: EKS has nothing for a group, or its nodes could not join the cluster.
        StalePlanError: the plan has expired.
    """
    running = {key: each.sizes for key, each in settings.running.items()}
    pools = () if settings.auto and settings.plan_pools is None else settings.plan_pools
    shapes = tuple(
        node_group_shape(
            plan,
            sized,
            as_of=as_of,
            family=settings.ami_family,
            volume_gib=settings.volume_gib,
            autoscaled=settings.autoscaled,
            extra_tags=settings.tags,
            settings=by_group.of(sized.pool, sized.group),
        )
        for sized in sized_groups(plan, as_of, running, pools)
    )
    for shape in shapes:
        pinned_zone(shape, zones)
        if shape.interfaces and settings.nodes_need_public_addresses:
            raise InputError(
                f"efa: EC2 gives no public address to machines with several interfaces, so with nat "
                f"none nodes of {shape.name} could not join",
                where=where,
                mend="give nat single or per-zone, or endpoints, or drop efa",
            )
    return shapes


def cluster_warnings(
    settings: ClusterSettings, shapes: Sequence[NodeGroupShape], addons: Sequence[ChosenAddon]
) -> list[str]:
    """What a person should know of the cluster before it is deployed."""
    found = []
    if len(shapes) > GROUPS_PER_CLUSTER:
        found.append(
            f"{len(shapes)} node groups are above EKS's default quota of {GROUPS_PER_CLUSTER} a "
            "cluster; ask AWS to raise it"
        )
    waiting = [
        each.name
        for each in addons
        if each.name in CLUSTER_DEFAULTS and "tolerations" not in each.settings.values
    ]
    hosted = settings.built_in_pools or any(shape.open for shape in shapes)
    if waiting and not hosted:
        found.append(
            f"no group begins with a node that takes pods without tolerations: where there is none "
            f"yet, the creation of {' and '.join(waiting)} waits for one and fails after 20 minutes; "
            "let a group begin with an open node, give their values tolerations, or disable them"
        )
    if settings.hybrid is not None and settings.public_endpoint:
        found.append(
            "machines on premises resolve a public endpoint to its public addresses, and join over "
            "the internet from blocks in public_access_cidrs; give public_endpoint false to keep to "
            "the way between the sites"
        )
    return found
