"""What a capacity plan asks for: an EKS cluster (target aws), or Kubernetes objects (target local).

Settings, each `trimtab:<name>` in stacks/Pulumi.<stack>.yaml or by `pulumi config set`; paths are
relative to the repository's root. Besides these, every argument of the target's component is a setting
in Pulumi's spelling (`asOf` for `as_of`, inner names too): `HeterogeneousClusterArgs` on aws,
`KarpenterPoolsArgs` on local.

both   target         aws or local
       plan           file of the CapacityPlan; default stacks/plans/example.yaml
       name           of the cluster and its resources; default trimtab
       asOf           instant whose window holds, ISO 8601; default the plan's start. On aws set it to
                      the present: Auto Scaling takes no schedule that lies in the past
       running        sizes that run now: {"<pool>-<group>-<generation>": {min, desired, max}}
       pools          how nodes are set up, by pool or by <pool>/<group>: see `PoolSettings`
       accelerators   of `AcceleratorsArgs`: {dra, components: {GpuOperator: {...}}, ...}
aws    karpenterPools the plan's pools that Karpenter provisions; the others get node groups
       controller     of `KarpenterControllerArgs`: {replicas, cpu, memory, override, ...}
       karpenter      of `KarpenterPoolsArgs`: {overlays, staticBaseline, buffers, maintenance, ...}
local  renderTo       folder of the rendered objects; default rendered
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from trimtab.errors import InputError
from trimtab.plan.attribution import object_labels
from trimtab.plan.document import load_plan
from trimtab.plan.model import CapacityPlan
from trimtab_components import Accelerators, KarpenterPools
from trimtab_components.accelerators.accelerators import AcceleratorsArgs
from trimtab_components.karpenter.arguments import KarpenterPoolsArgs
from trimtab_components.karpenter.features import features_for
from trimtab_components.plan_object import NAMESPACE, plan_object
from trimtab_components.program import read_settings, settings_for, user_errors

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent


def main() -> None:
    """Read the settings and make the target's resources."""
    target = pulumi.Config().get("target")
    if target not in TARGETS:
        raise InputError(
            f"is {target or 'not set'}", where="trimtab:target", mend="set it to aws or local"
        )
    make, known = TARGETS[target]
    settings = read_settings(known(), elsewhere=lambda: _elsewhere(target))
    name = settings.pop("name", "trimtab")
    plan = load_plan(ROOT / settings.pop("plan", "stacks/plans/example.yaml"))
    pulumi.export("plan", plan.metadata.name)
    pulumi.export("planDigest", plan.digest)
    make(name, plan, {key: value for key, value in settings.items() if key != "target"})


def aws(name: str, plan: CapacityPlan, settings: dict[str, Any]) -> None:
    """A cluster on EKS with node groups, Karpenter for the pools named so, and the accelerators'
    drivers and plugins."""
    from trimtab_components import HeterogeneousCluster

    accelerators = settings.pop("accelerators", {})
    karpenter, controls = settings.pop("karpenter", {}), settings.pop("controller", {})
    dynamic = settings.pop("karpenter_pools", [])
    if dynamic:
        settings["plan_pools"] = [p.name for p in plan.spec.pools if p.name not in dynamic]
    # Settings bear the names of the components' arguments, and the components check them.
    arguments: Any = {"plan": plan, **settings}
    cluster = HeterogeneousCluster(name, arguments)
    provider = kubernetes.Provider(
        name, kubeconfig=cluster.kubeconfig, opts=pulumi.ResourceOptions(parent=cluster)
    )
    inside = pulumi.ResourceOptions(providers=[provider], depends_on=[cluster])
    if dynamic:
        shared = {key: settings[key] for key in SHARED if key in settings}
        encryption = settings.get("encryption") or {}
        pools = {**shared, **_volume_key(encryption), **karpenter, "plan_pools": dynamic}
        controlled = controller(name, plan, cluster.endpoint, pools, controls, inside)
        made = node_pools(name, plan, name, pools, _after(inside, controlled))
        pulumi.export("nodePools", made.node_pool_names)
    drivers(name, plan, settings, accelerators, inside)
    pulumi.export("cluster", cluster.cluster_name)
    pulumi.export("kubeconfig", cluster.kubeconfig)
    pulumi.export("nodeGroups", cluster.node_group_names)


def local(name: str, plan: CapacityPlan, settings: dict[str, Any]) -> None:
    """The plan, and what carries it out inside a cluster, as files to review and apply."""
    accelerators = {"delivery": "flux", **settings.pop("accelerators", {})}
    # The cluster's name is in the objects, not in the resources' names: a file's name is its object's,
    # so a resource of another name would write the file and then, as the old one, delete it.
    cluster, name = name, pulumi.get_project()
    rendered = settings.pop("render_to", "rendered")
    # Relative to where providers run, so that the stack's state is the same on every machine.
    folder = rendered if Path(rendered).is_absolute() else os.path.relpath(ROOT / rendered, HERE)
    provider = kubernetes.Provider(name, render_yaml_to_directory=folder)
    home = kubernetes.core.v1.Namespace(
        f"{name}-namespace",
        metadata=kubernetes.meta.v1.ObjectMetaArgs(name=NAMESPACE, labels=object_labels(plan)),
        opts=pulumi.ResourceOptions(provider=provider),
    )
    after = pulumi.ResourceOptions(provider=provider, depends_on=[home])
    plan_object(name, plan, NAMESPACE, object_labels(plan), after)
    inside = pulumi.ResourceOptions(providers=[provider])
    drivers(name, plan, settings, accelerators, inside)
    if plan.spec.site.provider == "aws":
        made = node_pools(name, plan, cluster, settings, inside)
        pulumi.export("nodePools", made.node_pool_names)
    else:
        pulumi.log.warn(f"no node pools are rendered for provider {plan.spec.site.provider}")
    pulumi.export("rendered", rendered)


# --- What both have in a cluster -----------------------------------------------------------------


def controller(
    name: str,
    plan: CapacityPlan,
    endpoint: pulumi.Output[str],
    pools: Mapping[str, Any],
    settings: Mapping[str, Any],
    options: pulumi.ResourceOptions,
) -> pulumi.Resource:
    """Karpenter itself, with the features that the pools' settings need."""
    from trimtab_components import KarpenterController

    arguments: Any = {
        "cluster_name": name,
        "endpoint": endpoint,
        "plan": plan,
        "features": features_for(pools),
        **_volume_key(pools),
        **settings,
    }
    return KarpenterController(f"{name}-karpenter", arguments, options)


def node_pools(
    name: str,
    plan: CapacityPlan,
    cluster: str,
    settings: Mapping[str, Any],
    options: pulumi.ResourceOptions,
) -> KarpenterPools:
    """The plan's groups as Karpenter's objects."""
    arguments: Any = {"plan": plan, "cluster_name": cluster, **settings}
    return KarpenterPools(name, arguments, options)


def drivers(
    name: str,
    plan: CapacityPlan,
    settings: Mapping[str, Any],
    accelerators: Mapping[str, Any],
    options: pulumi.ResourceOptions,
) -> None:
    """What the plan's accelerators need in the cluster, if it has any."""
    arguments: Any = {
        "plan": plan,
        "image": settings.get("ami_family", "AL2023"),
        "pools": settings.get("pools", {}),
        **accelerators,
    }
    Accelerators(name, arguments, options)


def _volume_key(settings: Mapping[str, Any]) -> dict[str, Any]:
    # By one name in the cluster's encryption, for Karpenter's nodes and for the controller.
    return {key: value for key, value in settings.items() if key == "volume_key_arn"}


def _after(options: pulumi.ResourceOptions, first: pulumi.Resource) -> pulumi.ResourceOptions:
    return pulumi.ResourceOptions.merge(options, pulumi.ResourceOptions(depends_on=[first]))


# --- Settings ------------------------------------------------------------------------------------

SHARED = ("as_of", "running", "pools", "ami_family", "volume_gib", "metadata_hop_limit", "tags")
"""What node groups and Karpenter's nodes have in common."""


def _aws_settings() -> dict[str, Any]:
    # The AWS SDK takes seconds to load, and the local target does without it.
    from trimtab_components.eks.cluster_args import HeterogeneousClusterArgs
    from trimtab_components.karpenter.controller import KarpenterControllerArgs

    return {
        **settings_for(HeterogeneousClusterArgs, leave_out=["plan", "region", "plan_pools"]),
        **COMMON,
        "karpenterPools": list[str],
        "controller": KarpenterControllerArgs,
        "karpenter": KarpenterPoolsArgs,
    }


def _local_settings() -> dict[str, Any]:
    return {
        **settings_for(KarpenterPoolsArgs, leave_out=["plan", "cluster_name"]),
        **COMMON,
        "renderTo": str,
    }


def _elsewhere(target: str) -> dict[str, str]:
    """Settings of the other targets, with theirs."""
    own = TARGETS[target][1]()
    return {
        key: other
        for other, (_, known) in TARGETS.items()
        if other != target
        for key in known()
        if key not in own
    }


COMMON: dict[str, Any] = {
    "target": str,
    "plan": str,
    "name": str,
    "accelerators": AcceleratorsArgs,
}
TARGETS = {"aws": (aws, _aws_settings), "local": (local, _local_settings)}

with user_errors():
    main()
