"""Target aws: a cluster on EKS with node groups, Karpenter for the pools named so, the accelerators' drivers
and plugins, and what else is set to be inside."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from targets import Asked
from targets.inside import INSIDE, Place, furnish
from targets.kinds import COMMON, Kinds, Late
from targets.nodes import NODES, drivers, node_pools
from trimtab.plan.model import CapacityPlan
from trimtab_components import HeterogeneousCluster, KarpenterController
from trimtab_components.karpenter.features import features_for
from trimtab_components.program import settings_for

SHARED = ("as_of", "running", "pools", "ami_family", "volume_gib", "metadata_hop_limit", "tags")
"""What node groups and Karpenter's nodes have in common."""
AROUND = {
    "data": ("DataLifecycle", "storage.lifecycle:DataLifecycleArgs"),
    "governance": ("CostGovernance", "governance.arguments:CostGovernanceArgs"),
}
"""What an account has around its cluster, by setting: the component and its arguments."""


def kinds() -> Mapping[str, Any]:
    """Every setting, with its type."""
    from trimtab_components.eks.cluster_args import HeterogeneousClusterArgs

    return Kinds(
        settings_for(HeterogeneousClusterArgs, leave_out=["plan", "region", "plan_pools"]),
        COMMON,
        NODES,
        INSIDE,
        {key: Late(place) for key, (_, place) in AROUND.items()},
        {
            "karpenterPools": list[str],
            "controller": Late("karpenter.controller:KarpenterControllerArgs"),
            "karpenter": Late("karpenter.arguments:KarpenterPoolsArgs"),
        },
    )


@dataclass(frozen=True)
class Made:
    """The cluster, and how other resources get into it."""

    cluster: HeterogeneousCluster
    inside: pulumi.ResourceOptions
    place: Place


def make(asked: Asked) -> None:
    """Make the target's resources."""
    settings = dict(asked.settings)
    stated = taken(settings)
    made = cluster(asked.name, asked.plan, settings, stated)
    furnish(made.place, stated)
    around(asked.name, asked.plan, stated)


def taken(settings: dict[str, Any]) -> dict[str, Any]:
    """What is not of the cluster itself, taken out of the settings."""
    from targets.inside import FAMILIES, argument

    names = [*map(argument, [*FAMILIES, *AROUND]), "karpenter", "controller", "karpenter_pools"]
    return {key: settings.pop(key) for key in [*names, "accelerators"] if key in settings}


def cluster(
    name: str,
    plan: CapacityPlan,
    settings: dict[str, Any],
    stated: Mapping[str, Any],
    *,
    part: bool = False,
) -> Made:
    """The cluster with its nodes and their drivers; `part`: the plan has other clusters too."""
    dynamic = stated.get("karpenter_pools", [])
    # Settings bear the names of the components' arguments, and the components check them.
    arguments: Any = {"plan": plan, **settings}
    if dynamic:
        arguments["plan_pools"] = [p.name for p in plan.spec.pools if p.name not in dynamic]
    made = HeterogeneousCluster(name, arguments)
    provider = kubernetes.Provider(
        name, kubeconfig=made.kubeconfig, opts=pulumi.ResourceOptions(parent=made)
    )
    inside = pulumi.ResourceOptions(providers=[provider], depends_on=[made])
    if dynamic:
        shared = {key: settings[key] for key in SHARED if key in settings}
        pools = {
            **shared,
            **_volume_key(settings.get("encryption") or {}),
            **stated.get("karpenter", {}),
            "plan_pools": dynamic,
        }
        controlled = controller(
            name, plan, made.endpoint, pools, stated.get("controller", {}), inside
        )
        after = pulumi.ResourceOptions(depends_on=[controlled])
        karpenter = node_pools(name, plan, name, pools, pulumi.ResourceOptions.merge(inside, after))
        pulumi.export("nodePools", karpenter.node_pool_names)
    drivers(name, plan, settings, stated.get("accelerators", {}), inside)
    pulumi.export("cluster", made.cluster_name)
    pulumi.export("kubeconfig", made.kubeconfig)
    pulumi.export("nodeGroups", made.node_group_names)
    place = Place(
        name=name,
        cluster=name,
        plan=plan,
        options=inside,
        shared={key: settings[key] for key in ("as_of", "running", "pools") if key in settings},
        network={
            "vpc_id": made.vpc_id,
            "subnet_ids": [made.node_subnet_ids[i] for i in range(made.node_subnet_count)],
            "client_security_group_id": made.security_group_id,
        },
        part=part,
    )
    return Made(made, inside, place)


def around(name: str, plan: CapacityPlan, stated: Mapping[str, Any]) -> None:
    """What the account has around its cluster, where it is set; `plan`: the cloud's part."""
    import trimtab_components

    for key, (component, _) in AROUND.items():
        if key in stated:
            arguments: Any = {**stated[key], "plan": plan}
            getattr(trimtab_components, component)(f"{name}-{key}", arguments)


def controller(
    name: str,
    plan: CapacityPlan,
    endpoint: pulumi.Output[str],
    pools: Mapping[str, Any],
    settings: Mapping[str, Any],
    options: pulumi.ResourceOptions,
) -> pulumi.Resource:
    """Karpenter itself, with the features that the pools' settings need."""
    arguments: Any = {
        "cluster_name": name,
        "endpoint": endpoint,
        "plan": plan,
        "features": features_for(pools),
        **_volume_key(pools),
        **settings,
    }
    return KarpenterController(f"{name}-karpenter", arguments, options)


def _volume_key(settings: Mapping[str, Any]) -> dict[str, Any]:
    # By one name in the cluster's encryption, for Karpenter's nodes and for the controller.
    return {key: value for key, value in settings.items() if key == "volume_key_arn"}
