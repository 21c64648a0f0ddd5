"""One group of the plan in EKS: launch template, node group, and a scheduled action per window."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws

from trimtab.provision.eks.autoscaler import taint_tags
from trimtab.provision.eks.fabric import NetworkInterface
from trimtab.provision.eks.groups import (
    BlockCapacity,
    HeldCapacity,
    NodeGroupShape,
    OpenCapacity,
    Volume,
    pinned_zone,
)
from trimtab.provision.eks.user_data import encoded


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
    efa_security_group_ids: Sequence[pulumi.Input[str]] = ()
    """Security groups of nodes with EFA: the cluster's own, which EKS leaves out where a template
    states interfaces, and one of `efa_security_group`."""
    volume_key_arn: pulumi.Input[str] | None = None
    """The KMS key of the nodes' volumes; None for AWS's."""
    kubernetes_version: str | None = None
    """The nodes' minor version, which they follow to a newer one; None: what EKS gives them at first."""


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

        Raises:
            InputError: the nodes must stand in a zone of which no subnet is known.
        """
        zone = pinned_zone(shape, host.zone_subnet_ids.keys())
        super().__init__("trimtab:index:PlannedNodeGroup", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        template = self._template(name, shape, host)
        in_template = isinstance(shape.capacity, BlockCapacity)
        group = aws.eks.NodeGroup(
            name,
            cluster_name=host.cluster_name,
            node_group_name=shape.name,
            node_role_arn=host.role_arn,
            # A capacity block's group can only be upgraded at zero: it keeps what it began with.
            version=None if in_template else host.kubernetes_version,
            subnet_ids=host.subnet_ids if zone is None else [host.zone_subnet_ids[zone]],
            ami_type=shape.ami_type,
            capacity_type=shape.capacity_type,
            instance_types=None if in_template else list(shape.instance_types),
            launch_template=aws.eks.NodeGroupLaunchTemplateArgs(
                id=template.id, version=template.latest_version.apply(str)
            ),
            scaling_config=aws.eks.NodeGroupScalingConfigArgs(
                min_size=shape.sizes.min,
                desired_size=shape.sizes.desired,
                max_size=shape.sizes.max,
            ),
            update_config=_updates(shape),
            node_repair_config=aws.eks.NodeGroupNodeRepairConfigArgs(enabled=shape.node_repair),
            labels=shape.labels,
            taints=[aws.eks.NodeGroupTaintArgs(**taint) for taint in shape.taints] or None,
            tags={**shape.tags, **shape.autoscaler_tags},
            # EKS moves no group to other subnets: a zone more would end every node, and then make it
            # anew. A generation keeps its own.
            opts=pulumi.ResourceOptions(
                parent=self, depends_on=list(host.ready), ignore_changes=["subnetIds"]
            ),
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
        for key, value in taint_tags(shape.hidden_taints).items():
            aws.autoscaling.Tag(
                f"{name}-taint-{key.rpartition('taint/')[2].replace('/', '-')}",
                autoscaling_group_name=scaling_group,
                tag=aws.autoscaling.TagTagArgs(key=key, value=value, propagate_at_launch=False),
                opts=child,
            )
        if shape.reason:
            pulumi.log.info(f"{shape.name}: {shape.reason}", resource=group)
        for warning in shape.warnings:
            pulumi.log.warn(f"{shape.name}: {warning}", resource=group)
        self.node_group_name = group.node_group_name
        self.register_outputs({"node_group_name": self.node_group_name})

    def _template(
        self, name: str, shape: NodeGroupShape, host: NodeGroupHost
    ) -> aws.ec2.LaunchTemplate:
        child = pulumi.ResourceOptions(parent=self)
        placement = None
        if shape.placement_group:
            together = aws.ec2.PlacementGroup(
                name, name=name, strategy="cluster", tags=shape.tags, opts=child
            )
            placement = aws.ec2.LaunchTemplatePlacementArgs(group_name=together.name)
        block = isinstance(shape.capacity, BlockCapacity)
        return aws.ec2.LaunchTemplate(
            name,
            description=f"Nodes of {shape.name}",
            update_default_version=True,
            metadata_options=aws.ec2.LaunchTemplateMetadataOptionsArgs(
                http_endpoint="enabled",
                http_tokens="required",
                http_put_response_hop_limit=host.metadata_hop_limit,
            ),
            block_device_mappings=[
                _mapping(volume, host.volume_key_arn) for volume in shape.volumes
            ],
            network_interfaces=[
                _interface(each, host.efa_security_group_ids) for each in shape.interfaces
            ]
            or None,
            placement=placement,
            user_data=encoded(shape.user_data) if shape.user_data else None,
            tag_specifications=[
                aws.ec2.LaunchTemplateTagSpecificationArgs(
                    resource_type=kind, tags={**shape.instance_tags, "Name": shape.name}
                )
                for kind in ("instance", "volume")
            ],
            tags=shape.tags,
            # A capacity block's instance type stands here, not in the node group; EKS takes it once.
            instance_type=shape.instance_types[0] if block else None,
            instance_market_options=(
                aws.ec2.LaunchTemplateInstanceMarketOptionsArgs(market_type="capacity-block")
                if block
                else None
            ),
            capacity_reservation_specification=_reservation(shape),
            opts=child,
        )


def _scaling_group(made: Sequence[aws.eks.outputs.NodeGroupResource]) -> str:
    groups = made[0].autoscaling_groups or []
    return str(groups[0].name)


def _mapping(
    volume: Volume, key_arn: pulumi.Input[str] | None
) -> aws.ec2.LaunchTemplateBlockDeviceMappingArgs:
    return aws.ec2.LaunchTemplateBlockDeviceMappingArgs(
        device_name=volume.device,
        ebs=aws.ec2.LaunchTemplateBlockDeviceMappingEbsArgs(
            volume_type="gp3",
            encrypted="true",
            delete_on_termination="true",
            volume_size=volume.gib,
            kms_key_id=key_arn,
        ),
    )


def _interface(
    each: NetworkInterface, security_group_ids: Sequence[pulumi.Input[str]]
) -> aws.ec2.LaunchTemplateNetworkInterfaceArgs:
    return aws.ec2.LaunchTemplateNetworkInterfaceArgs(
        network_card_index=each.card,
        device_index=each.device,
        interface_type=each.type,
        # EC2 gives no public address to a machine with several interfaces.
        associate_public_ip_address="false",
        delete_on_termination="true",
        security_groups=list(security_group_ids),
    )


def _updates(shape: NodeGroupShape) -> aws.eks.NodeGroupUpdateConfigArgs:
    # What is reserved has no machine to spare: an update must end one before it starts another.
    strategy = None if isinstance(shape.capacity, OpenCapacity) else "MINIMAL"
    share = shape.max_unavailable_percentage
    return aws.eks.NodeGroupUpdateConfigArgs(
        # EKS's default is said, or a share that is dropped would stay.
        max_unavailable=1 if share is None else None,
        max_unavailable_percentage=share,
        update_strategy=strategy,
    )


def _reservation(
    shape: NodeGroupShape,
) -> aws.ec2.LaunchTemplateCapacityReservationSpecificationArgs | None:
    target = aws.ec2.LaunchTemplateCapacityReservationSpecificationCapacityReservationTargetArgs
    match shape.capacity:
        case HeldCapacity(reservation_id=None, group_arn=arn):
            chosen = target(capacity_reservation_resource_group_arn=arn)
        case HeldCapacity(reservation_id=held) | BlockCapacity(reservation_id=held):
            chosen = target(capacity_reservation_id=held)
        case OpenCapacity():
            return None
    return aws.ec2.LaunchTemplateCapacityReservationSpecificationArgs(
        capacity_reservation_target=chosen
    )
