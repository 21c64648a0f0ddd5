"""A plan's groups for a cluster that Karpenter scales."""

from collections.abc import Mapping, Sequence

import pulumi
import pulumi_kubernetes as kubernetes

from trimtab.errors import InputError, allowed
from trimtab.plan.attribution import group_tags
from trimtab.plan.model import CapacityPlan
from trimtab.provision.arguments import checked, instant_of, plan_of, said_by
from trimtab.provision.karpenter.buffers import buffer_objects, headroom_nodes
from trimtab.provision.karpenter.node_class import (
    NodeSettings,
    ReservationSelector,
    placement_group_name,
)
from trimtab.provision.karpenter.objects import Choices, GroupObjects, group_objects
from trimtab.provision.karpenter.shapes import KubernetesObject
from trimtab.provision.karpenter.static import Baseline
from trimtab.provision.pool_settings import SettingsByGroup
from trimtab.provision.sized_groups import SizedGroup, check_site, check_tags, sized_groups
from trimtab_components.karpenter.arguments import Checked, KarpenterPoolsArgs
from trimtab_components.order import children_wait

_Checked = Checked

Planned = tuple[tuple[SizedGroup, GroupObjects], ...]
Buffer = tuple[KubernetesObject, KubernetesObject]


class KarpenterPools(pulumi.ComponentResource):
    """NodePools and a node class for each group of a CapacityPlan, with what prices and headroom say."""

    node_pool_names: pulumi.Output[list[str]]
    """The NodePools' names, in the plan's order; a static one after the dynamic one of its group."""

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
        settings = checked(Checked, args, where)
        with said_by(where):
            plan = plan_of(settings.plan, where)
            check_site(plan, "aws", plan.spec.site.region)
            check_tags(settings.tags, where)
            by_group = SettingsByGroup(plan, settings.pools, where)
            choices = _choices(settings, plan, where)
            objects = planned_objects(plan, settings, choices, by_group)
            buffers = planned_buffers(plan, settings, objects, where)
        # Above all, the objects go before the controller does, for it alone takes their finalizers off.
        super().__init__("trimtab:index:KarpenterPools", name, {}, children_wait(opts))

        for sized, made in objects:
            first = []
            if by_group.of(sized.pool, sized.group).placement_group:
                first = [
                    _placement_group(f"{name}-{made.node_class.name}", plan, sized, choices, self)
                ]
            node_class = _object(
                f"{name}-{made.node_class.name}-class", made.node_class, self, first
            )
            pools = [
                _object(f"{name}-{each.name}", each, self, [node_class]) for each in made.node_pools
            ]
            if made.overlay:
                _object(f"{name}-{made.overlay.name}-overlay", made.overlay, self, pools)
            for reason in made.reasons:
                pulumi.log.info(f"{made.node_class.name}: {reason}", resource=pools[0])
            for warning in made.warnings:
                pulumi.log.warn(f"{made.node_class.name}: {warning}", resource=pools[0])
        for template, buffer in buffers:
            chunk = kubernetes.core.v1.PodTemplate(
                f"{name}-{template.name}-template",
                metadata=_metadata(template),
                template=template.body["template"],
                opts=pulumi.ResourceOptions(parent=self),
            )
            _object(f"{name}-{buffer.name}", buffer, self, [chunk])
        names = [each.name for _, made in objects for each in made.node_pools]
        self.node_pool_names = pulumi.Output.from_input(names)
        self.register_outputs({"node_pool_names": self.node_pool_names})


def planned_objects(
    plan: CapacityPlan, settings: Checked, choices: Choices, by_group: SettingsByGroup
) -> Planned:
    """The objects of every group that is provisioned here.

    Raises:
        InputError: a pool is named that the plan has not, or Karpenter can't provision a group.
    """
    chosen = sized_groups(plan, choices.as_of, choices.running, settings.plan_pools)
    pools = sorted({sized.pool.name for sized in chosen})
    groups = sorted(f"{sized.pool.name}/{sized.group.name}" for sized in chosen)
    for argument, keys, known in (
        ("release", settings.release, pools),
        ("buffers", settings.buffers, pools),
        ("reservations", settings.reservations, groups),
    ):
        for key in keys:
            if key not in known:
                raise InputError(
                    f"{argument}: {key} is not provisioned here",
                    where=choices.where,
                    mend=f"use one of {allowed(known)}",
                )
    proposed = {line.digest for line in plan.spec.commitments}
    for digest in settings.approved:
        if digest not in proposed:
            raise InputError(
                f"approved: {digest} is no proposal of the plan",
                where=choices.where,
                mend="drop it: what a new plan holds it does not propose again",
            )
    return tuple(
        (sized, group_objects(plan, sized, choices, by_group.of(sized.pool, sized.group)))
        for sized in chosen
    )


def planned_buffers(
    plan: CapacityPlan, settings: Checked, objects: Planned, where: str
) -> tuple[Buffer, ...]:
    """A PodTemplate and a CapacityBuffer for each pool that is to have headroom and expects to need it.

    Raises:
        InputError: the plan does not tell a node's worth.
    """
    found = []
    for pool in plan.spec.pools:
        stated = settings.buffers.get(pool.name)
        if stated is None:
            continue
        made = [each for sized, each in objects if sized.pool.name == pool.name]
        nodes = stated.nodes or headroom_nodes(pool, sum(each.limit for each in made))
        taints = [taint for each in made for taint in each.marks.taints]
        if nodes:
            found.append(
                buffer_objects(plan, pool, nodes, taints, stated.namespace, stated.requests, where)
            )
    return tuple(found)


def _choices(settings: Checked, plan: CapacityPlan, where: str) -> Choices:
    nodes = NodeSettings(
        cluster=settings.cluster_name,
        role=settings.node_role or f"KarpenterNodeRole-{settings.cluster_name}",
        family=settings.ami_family or "AL2023",
        ami_version=settings.ami_version or "latest",
        volume_gib=settings.volume_gib,
        volume_key_arn=settings.volume_key_arn,
        metadata_hop_limit=settings.metadata_hop_limit or 1,
        mode=settings.mode,
        reservations={
            key: ReservationSelector(each.tags, each.owner_id)
            for key, each in settings.reservations.items()
        },
    )
    return Choices(
        nodes=nodes,
        as_of=instant_of(settings.as_of, plan, where),
        tags=settings.tags,
        whole_span=settings.limits == "span",
        baseline=Baseline(settings.static_baseline, settings.approved, settings.release),
        overlays=settings.overlays,
        maintenance=settings.maintenance.window() if settings.maintenance else None,
        running={key: each.sizes for key, each in settings.running.items()},
        where=where,
    )


def _placement_group(
    name: str,
    plan: CapacityPlan,
    sized: SizedGroup,
    choices: Choices,
    parent: pulumi.Resource,
) -> pulumi.Resource:
    # The AWS SDK takes seconds to load, and few pools need it.
    import pulumi_aws as aws

    return aws.ec2.PlacementGroup(
        f"{name}-placement",
        name=placement_group_name(sized, choices.nodes),
        strategy="cluster",
        tags={**choices.tags, **group_tags(plan, sized.pool, sized.group)},
        opts=pulumi.ResourceOptions(parent=parent),
    )


def _object(
    name: str,
    made: KubernetesObject,
    parent: pulumi.Resource,
    after: Sequence[pulumi.Resource] = (),
) -> kubernetes.apiextensions.CustomResource:
    return kubernetes.apiextensions.CustomResource(
        name,
        api_version=made.api_version,
        kind=made.kind,
        metadata=_metadata(made),
        spec=made.spec,
        opts=pulumi.ResourceOptions(parent=parent, depends_on=list(after) or None),
    )


def _metadata(made: KubernetesObject) -> kubernetes.meta.v1.ObjectMetaArgs:
    annotations: Mapping[str, str] | None = dict(made.annotations) or None
    return kubernetes.meta.v1.ObjectMetaArgs(
        name=made.name, namespace=made.namespace, labels=made.labels, annotations=annotations
    )
