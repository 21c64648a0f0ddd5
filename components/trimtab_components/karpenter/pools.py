"""A plan's groups for a cluster that Karpenter scales."""

from typing import Annotated, Any, NotRequired, TypedDict

import pulumi
import pulumi_kubernetes as kubernetes
from pydantic import Field

from trimtab.plan.eks import AmiFamily
from trimtab.plan.sizing import Sizes
from trimtab.plan.types import Count
from trimtab_components.arguments import (
    Arguments,
    Running,
    RunningSizes,
    checked,
    instant_of,
    plan_of,
)
from trimtab_components.karpenter.objects import (
    KubernetesObject,
    NodeSettings,
    karpenter_objects,
)
from trimtab_components.sized_groups import check_site, check_tags, sized_groups


class KarpenterPoolsArgs(TypedDict):
    """What the pools are made from. All of it must be known at plan time."""

    plan: Any
    """The CapacityPlan: the document itself, or the path of its file."""
    cluster_name: str
    """The cluster's name; subnets and security groups bear it in the tag karpenter.sh/discovery."""
    node_role: NotRequired[str]
    """Name of the nodes' IAM role; default KarpenterNodeRole-<cluster_name>."""
    as_of: NotRequired[str]
    """The instant whose window holds, ISO 8601; default the plan's start."""
    running: NotRequired[dict[str, RunningSizes]]
    """Sizes that run now, by group key (`<pool>-<group>-<generation>`); default nothing runs."""
    ami_family: NotRequired[str]
    """The nodes' image: AL2023 (the default) or BOTTLEROCKET."""
    ami_version: NotRequired[str]
    """Version of the image's alias; default latest, which replaces nodes at each new image."""
    volume_gib: NotRequired[int]
    """Size of a node's volume; default 100."""
    metadata_hop_limit: NotRequired[int]
    """Network hops of instance metadata; default 1, which keeps pods from the node's role."""
    tags: NotRequired[dict[str, str]]
    """Tags of every machine and volume, besides those of the plan."""


class _Checked(Arguments):
    plan: Any
    cluster_name: Annotated[str, Field(min_length=1, max_length=100)]
    node_role: str | None = None
    as_of: str | None = None
    running: dict[str, Running] = Field(default_factory=dict)
    ami_family: AmiFamily = "AL2023"
    ami_version: Annotated[str, Field(pattern=r"^(latest|v[0-9.]+)$")] = "latest"
    volume_gib: Annotated[Count, Field(ge=20, le=16384)] = 100
    metadata_hop_limit: Annotated[Count, Field(ge=1, le=64)] = 1
    tags: dict[str, str] = Field(default_factory=dict)


class KarpenterPools(pulumi.ComponentResource):
    """One NodePool and one EC2NodeClass for each group of a CapacityPlan."""

    node_pool_names: pulumi.Output[list[str]]
    """The NodePools' names, in the plan's order."""

    def __init__(
        self, name: str, args: KarpenterPoolsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """
        Args:
            name: the component's name; its children's begin with it.
            args: see `KarpenterPoolsArgs`.
            opts: Pulumi's options; providers are handed down.

        Raises:
            InputError: an argument is unknown or wrong, or Karpenter can't provision a group.
            StalePlanError: the plan has expired, or is for another provider.
        """
        where = f'KarpenterPools "{name}"'
        settings = checked(_Checked, args, where)
        plan = plan_of(settings.plan, where)
        check_site(plan, "aws", plan.spec.site.region)
        check_tags(settings.tags, where)
        as_of = instant_of(settings.as_of, plan, where)
        nodes = NodeSettings(
            cluster=settings.cluster_name,
            role=settings.node_role or f"KarpenterNodeRole-{settings.cluster_name}",
            family=settings.ami_family,
            ami_version=settings.ami_version,
            volume_gib=settings.volume_gib,
            metadata_hop_limit=settings.metadata_hop_limit,
        )
        running = {key: Sizes(s.min, s.desired, s.max) for key, s in settings.running.items()}
        objects = [
            (sized, karpenter_objects(plan, sized, nodes, settings.tags))
            for sized in sized_groups(plan, as_of, running)
        ]
        super().__init__("trimtab:index:KarpenterPools", name, {}, opts)

        for sized, (node_class, node_pool) in objects:
            made = _custom_resource(f"{name}-{node_class.name}-class", node_class, self)
            pool = _custom_resource(f"{name}-{node_pool.name}", node_pool, self, made)
            if sized.sizing.reason:
                pulumi.log.info(f"{node_pool.name}: {sized.sizing.reason}", resource=pool)
        self.node_pool_names = pulumi.Output.from_input(
            [node_pool.name for _, (_, node_pool) in objects]
        )
        self.register_outputs({"node_pool_names": self.node_pool_names})


def _custom_resource(
    name: str, made: KubernetesObject, parent: pulumi.Resource, after: pulumi.Resource | None = None
) -> kubernetes.apiextensions.CustomResource:
    return kubernetes.apiextensions.CustomResource(
        name,
        api_version=made.api_version,
        kind=made.kind,
        metadata=kubernetes.meta.v1.ObjectMetaArgs(
            name=made.name, labels=made.labels, annotations=made.annotations or None
        ),
        spec=made.spec,
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[after] if after else None),
    )
