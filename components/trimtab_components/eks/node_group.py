"""One group of the plan in EKS: launch template, node group, and a scheduled action per window."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws

from trimtab_components.eks.groups import NodeGroupShape, Volume


@dataclass(frozen=True)
class NodeGroupHost:
    """What the node groups of a cluster share."""

    cluster_name: pulumi.Output[str]
    role_arn: pulumi.Output[str]
    subnet_ids: pulumi.Input[Sequence[pulumi.Input[str]]]
    metadata_hop_limit: int
    ready: tuple[pulumi.Resource, ...]
    """What nodes need to join: they must be there first, and go last."""
    zone_subnet_ids: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    """The nodes' subnet in each zone, for groups that must stay in one."""


class PlannedNodeGroup(pulumi.ComponentResource):
    """A managed node group with the sizes of the plan's window, and the later windows scheduled."""

    node_group_name: pulumi.Output[str]
    """The node group's name in EKS."""

    def __init__(
        self,
        name: str,
        shape: NodeGroupShape,
        host: NodeGroupHost,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """
        Args:
            name: the component's name; its children's begin with it.
            shape: what the plan decides.
            host: what the cluster gives.
            opts: Pulumi's options.
        """
        super().__init__("trimtab:index:PlannedNodeGroup", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        template = aws.ec2.LaunchTemplate(
            name,
            description=f"Nodes of {shape.name}",
            update_default_version=True,
            metadata_options=aws.ec2.LaunchTemplateMetadataOptionsArgs(
                http_endpoint="enabled",
                http_tokens="required",
                http_put_response_hop_limit=host.metadata_hop_limit,
            ),
            block_device_mappings=[_mapping(volume) for volume in shape.volumes],
            tag_specifications=[
                aws.ec2.LaunchTemplateTagSpecificationArgs(
                    resource_type=kind, tags={**shape.instance_tags, "Name": shape.name}
                )
                for kind in ("instance", "volume")
            ],
            tags=shape.tags,
            # A capacity block's instance type stands here, not in the node group; EKS takes it once.
            instance_type=shape.instance_types[0] if shape.block_reservation else None,
            instance_market_options=_market(shape),
            capacity_reservation_specification=_reservation(shape),
            opts=child,
        )
        group = aws.eks.NodeGroup(
            name,
            cluster_name=host.cluster_name,
            node_group_name=shape.name,
            node_role_arn=host.role_arn,
            subnet_ids=host.subnet_ids,
            ami_type=shape.ami_type,
            capacity_type=shape.capacity_type,
            instance_types=None if shape.block_reservation else list(shape.instance_types),
            launch_template=aws.eks.NodeGroupLaunchTemplateArgs(
                id=template.id, version=template.latest_version.apply(str)
            ),
            scaling_config=aws.eks.NodeGroupScalingConfigArgs(
                min_size=shape.sizes.min,
                desired_size=shape.sizes.desired,
                max_size=shape.sizes.max,
            ),
            labels=shape.labels,
            taints=[aws.eks.NodeGroupTaintArgs(**taint) for taint in shape.taints] or None,
            tags=shape.tags,
            opts=pulumi.ResourceOptions(parent=self, depends_on=list(host.ready)),
        )
        scaling_group = group.resources.apply(_scaling_group)
        for each in shape.schedules:
            aws.autoscaling.Schedule(
                f"{name}-{each.stamp}",
                scheduled_action_name=f"{shape.name}-{each.stamp}",
                autoscaling_group_name=scaling_group,
                start_time=each.start_time,
                min_size=each.min,
                desired_capacity=each.desired,
                max_size=each.max,
                opts=child,
            )
        if shape.reason:
            pulumi.log.info(f"{shape.name}: {shape.reason}", resource=group)
        self.node_group_name = group.node_group_name
        self.register_outputs({"node_group_name": self.node_group_name})


def _scaling_group(made: Sequence[aws.eks.outputs.NodeGroupResource]) -> str:
    groups = made[0].autoscaling_groups or []
    return str(groups[0].name)


def _mapping(volume: Volume) -> aws.ec2.LaunchTemplateBlockDeviceMappingArgs:
    return aws.ec2.LaunchTemplateBlockDeviceMappingArgs(
        device_name=volume.device,
        ebs=aws.ec2.LaunchTemplateBlockDeviceMappingEbsArgs(
            volume_type="gp3",
            encrypted="true",
            delete_on_termination="true",
            volume_size=volume.gib,
        ),
    )


def _market(shape: NodeGroupShape) -> aws.ec2.LaunchTemplateInstanceMarketOptionsArgs | None:
    if shape.block_reservation is None:
        return None
    return aws.ec2.LaunchTemplateInstanceMarketOptionsArgs(market_type="capacity-block")


def _reservation(
    shape: NodeGroupShape,
) -> aws.ec2.LaunchTemplateCapacityReservationSpecificationArgs | None:
    if shape.block_reservation is None:
        return None
    target = aws.ec2.LaunchTemplateCapacityReservationSpecificationCapacityReservationTargetArgs(
        capacity_reservation_id=shape.block_reservation
    )
    return aws.ec2.LaunchTemplateCapacityReservationSpecificationArgs(
        capacity_reservation_target=target
    )
