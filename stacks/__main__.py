"""What a capacity plan asks for: an EKS cluster (target aws), or Kubernetes objects (target local).

Settings, each `trimtab:<name>` in stacks/Pulumi.<stack>.yaml or by `pulumi config set`; paths are
relative to the repository's root.

both   plan       file of the CapacityPlan; default stacks/plans/example.yaml
       target     aws or local
       name       of the cluster and its resources; default trimtab
       asOf       instant whose window holds, ISO 8601; default the plan's start. On aws set it to
                  the present: Auto Scaling takes no schedule that lies in the past
       running    sizes that run now: {"<pool>-<group>-<generation>": {min, desired, max}}
       amiFamily  AL2023 or BOTTLEROCKET
       volumeGib, metadataHopLimit, tags
       gpu        of the GPU operator: {migStrategy, sharing, sharingReplicas, override, ...}
aws    autoscaled, kubernetesVersion, vpcId, subnetIds, cidr, zones, nat, publicEndpoint,
       publicAccessCidrs, adminArns, creatorIsAdmin, logTypes: as `HeterogeneousClusterArgs` says
local  renderTo   folder of the rendered objects; default rendered
       nodeRole, amiVersion: as `KarpenterPoolsArgs` says
"""

import os
from pathlib import Path
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from trimtab.errors import InputError
from trimtab.plan.attribution import object_labels
from trimtab.plan.document import load_plan, to_data
from trimtab.plan.model import API_VERSION, KIND, CapacityPlan
from trimtab_components import GpuOperator, HeterogeneousCluster, KarpenterPools
from trimtab_components.accelerators.gpu_operator import GpuOperatorArgs
from trimtab_components.accelerators.gpu_values import nvidia_taint_keys
from trimtab_components.eks.cluster import HeterogeneousClusterArgs
from trimtab_components.karpenter.pools import KarpenterPoolsArgs
from trimtab_components.program import read_settings, settings_for, user_errors

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
NAMESPACE = "trimtab-system"

# Settings bear the names and the types of the components' arguments, and the components check them.
CLUSTER = settings_for(HeterogeneousClusterArgs, leave_out=["plan", "region"])
POOLS = settings_for(KarpenterPoolsArgs, leave_out=["plan", "cluster_name"])
BOTH: dict[str, Any] = {
    "plan": str,
    "target": str,
    "name": str,
    "gpu": GpuOperatorArgs,
}
TARGETS: dict[str, dict[str, Any]] = {
    "aws": {**BOTH, **CLUSTER},
    "local": {**BOTH, **POOLS, "renderTo": str},
}


def main() -> None:
    """Read the settings and make the target's resources."""
    target = pulumi.Config().get("target")
    if target not in TARGETS:
        raise InputError(
            f"is {target or 'not set'}", where="trimtab:target", mend="set it to aws or local"
        )
    other = {key: name for name, keys in TARGETS.items() if name != target for key in keys}
    settings = read_settings(TARGETS[target], elsewhere=other)
    settings.pop("target")
    name = settings.pop("name", "trimtab")
    plan = load_plan(ROOT / settings.pop("plan", "stacks/plans/example.yaml"))
    pulumi.export("plan", plan.metadata.name)
    pulumi.export("planDigest", plan.digest)
    {"aws": aws, "local": local}[target](name, plan, settings)


def aws(name: str, plan: CapacityPlan, settings: dict[str, Any]) -> None:
    """A cluster on EKS, and the GPU operator where the plan has NVIDIA groups."""
    gpu = settings.pop("gpu", {})
    image = settings.get("ami_family", "AL2023")
    arguments: Any = {"plan": plan, **settings}
    cluster = HeterogeneousCluster(name, arguments)
    provider = kubernetes.Provider(
        name, kubeconfig=cluster.kubeconfig, opts=pulumi.ResourceOptions(parent=cluster)
    )
    gpu_operator(name, plan, {"image": image, **gpu}, provider, [cluster])
    pulumi.export("cluster", cluster.cluster_name)
    pulumi.export("kubeconfig", cluster.kubeconfig)
    pulumi.export("nodeGroups", cluster.node_group_names)


def local(name: str, plan: CapacityPlan, settings: dict[str, Any]) -> None:
    """The plan, and what carries it out inside a cluster, as files to review and apply."""
    gpu = settings.pop("gpu", {})
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
    kubernetes.apiextensions.CustomResource(
        f"{name}-plan",
        api_version=API_VERSION,
        kind=KIND,
        metadata=kubernetes.meta.v1.ObjectMetaArgs(
            name=plan.metadata.name,
            namespace=NAMESPACE,
            labels={**plan.metadata.labels, **object_labels(plan)},
            annotations=plan.metadata.annotations or None,
        ),
        spec=to_data(plan)["spec"],
        opts=pulumi.ResourceOptions(provider=provider, depends_on=[home]),
    )
    image = settings.get("ami_family", "AL2023")
    if plan.spec.site.provider == "aws":
        arguments: Any = {"plan": plan, "cluster_name": cluster, **settings}
        pools = KarpenterPools(name, arguments, pulumi.ResourceOptions(providers=[provider]))
        pulumi.export("nodePools", pools.node_pool_names)
    else:
        pulumi.log.warn(f"no node pools are rendered for provider {plan.spec.site.provider}")
    gpu_operator(name, plan, {"image": image, "delivery": "flux", **gpu}, provider, [])
    pulumi.export("rendered", rendered)


def gpu_operator(
    name: str,
    plan: CapacityPlan,
    settings: dict[str, Any],
    provider: kubernetes.Provider,
    after: list[pulumi.Resource],
) -> None:
    """The NVIDIA GPU operator, if any of the plan's groups needs it."""
    taints = nvidia_taint_keys(plan)
    if taints is None:
        return
    arguments: Any = {"tolerate": list(taints), "labels": object_labels(plan), **settings}
    options = pulumi.ResourceOptions(providers=[provider], depends_on=after)
    GpuOperator(f"{name}-gpu-operator", arguments, options)


with user_errors():
    main()
