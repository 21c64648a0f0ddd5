"""What stands beside an EKS node group in Crossplane: launch template, placement group, scheduled
actions and tags of its Auto Scaling group.

Pure. Kinds and fields follow provider-upjet-aws of 2026-08 (CRDs `ec2.aws.m.upbound.io/v1beta1`
LaunchTemplate and PlacementGroup, `autoscaling.aws.m.upbound.io/v1beta1` Schedule and GroupTag); their
content is the shape's, as the Pulumi component writes it.

A launch template and a placement group are named by us, since a node group's `launchTemplate` has no
reference in that CRD and their names are a whole region's. A schedule and a tag are for an Auto Scaling
group whose name EKS chooses: they come when the node group reports it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from trimtab.provision.eks.autoscaler import taint_tags
from trimtab.provision.eks.fabric import NetworkInterface
from trimtab.provision.eks.groups import BlockCapacity, Capacity, HeldCapacity, Volume
from trimtab.provision.eks.schedules import ScheduledSize
from trimtab.provision.eks.user_data import encoded
from trimtab_functions.capacity.adapters.eks_settings import ComposedGroup, EksSettings
from trimtab_functions.capacity.adapters.managed import managed
from trimtab_functions.capacity.adapters.objects import own_metadata
from trimtab_functions.capacity.adapters.settings import provider_config
from trimtab_functions.capacity.documents import Document

EC2 = "ec2.aws.m.upbound.io/v1beta1"
AUTO_SCALING = "autoscaling.aws.m.upbound.io/v1beta1"
LAUNCH_TEMPLATE, PLACEMENT_GROUP = "launch-template", "placement-group"
_HOP_LIMIT = 1
"""Keeps pods from the node's role."""


def companions(composed: ComposedGroup) -> dict[str, Document]:
    """What a group needs before it is created, by the end of its key."""
    found = {}
    if composed.templated:
        found[LAUNCH_TEMPLATE] = _launch_template(composed)
        if composed.shape.placement_group:
            provider = {"strategy": "cluster", "tags": dict(composed.shape.tags)}
            found[PLACEMENT_GROUP] = _resource(
                EC2, "PlacementGroup", composed.settings, provider, composed.name
            )
    return found


def schedules(
    composed: ComposedGroup, scaling_group: str, sizes: Sequence[ScheduledSize]
) -> dict[str, Document]:
    """The sizes to come as scheduled actions, by the end of their keys."""
    return {
        f"at-{each.stamp}": _resource(
            AUTO_SCALING,
            "Schedule",
            composed.settings,
            {
                "autoscalingGroupName": scaling_group,
                "startTime": each.start_time,
                "minSize": each.min,
                "desiredCapacity": each.desired,
                "maxSize": each.max,
            },
            f"{composed.shape.name}-{each.stamp}",
        )
        for each in sizes
    }


def group_tags(composed: ComposedGroup, scaling_group: str) -> dict[str, Document]:
    """Taints that the kubelet registers by itself, told to Cluster Autoscaler."""
    return {
        f"taint-{key.rpartition('taint/')[2].replace('/', '-')}": _resource(
            AUTO_SCALING,
            "GroupTag",
            composed.settings,
            {
                "autoscalingGroupName": scaling_group,
                "tag": {"key": key, "value": value, "propagateAtLaunch": False},
            },
        )
        for key, value in taint_tags(composed.shape.hidden_taints).items()
    }


def reservation_specification(capacity: Capacity) -> Document | None:
    """A launch template's `capacityReservationSpecification`; None where nothing is asked for."""
    match capacity:
        case HeldCapacity(reservation_id=None, group_arn=arn):
            return {"capacityReservationTarget": {"capacityReservationResourceGroupArn": arn}}
        case HeldCapacity(reservation_id=held) | BlockCapacity(reservation_id=held):
            return {"capacityReservationTarget": {"capacityReservationId": held}}
    return None


def tag_specifications(tags: Mapping[str, str]) -> list[Document]:
    """A launch template's tags of the instances and volumes that it launches."""
    return [{"resourceType": kind, "tags": dict(tags)} for kind in ("instance", "volume")]


def _launch_template(composed: ComposedGroup) -> Document:
    settings, shape = composed.settings, composed.shape
    provider: Document = {
        **({} if composed.name is None else {"name": composed.name}),
        "description": f"Nodes of {shape.name}",
        "updateDefaultVersion": True,
        "metadataOptions": {
            "httpEndpoint": "enabled",
            "httpTokens": "required",
            "httpPutResponseHopLimit": settings.metadata_hop_limit or _HOP_LIMIT,
        },
        "blockDeviceMappings": [_mapping(each, settings.volume_key_arn) for each in shape.volumes],
        "tagSpecifications": tag_specifications({**shape.instance_tags, "Name": shape.name}),
        "tags": dict(shape.tags),
    }
    if shape.interfaces:
        provider["networkInterfaces"] = [
            _interface(each, settings.efa_security_group_ids) for each in shape.interfaces
        ]
    if shape.placement_group:
        provider["placement"] = {"groupName": composed.name}
    if shape.user_data:
        provider["userData"] = encoded(shape.user_data)
    if isinstance(shape.capacity, BlockCapacity):
        # A capacity block's instance type stands here, not in the node group; EKS takes it once.
        provider["instanceType"] = shape.instance_types[0]
        provider["instanceMarketOptions"] = {"marketType": "capacity-block"}
    if (held := reservation_specification(shape.capacity)) is not None:
        provider["capacityReservationSpecification"] = held
    return _resource(EC2, "LaunchTemplate", settings, provider)


def _mapping(volume: Volume, key_arn: str | None) -> Document:
    ebs: Document = {
        "volumeType": "gp3",
        "encrypted": "true",
        "deleteOnTermination": "true",
        "volumeSize": volume.gib,
    }
    if key_arn is not None:
        ebs["kmsKeyId"] = key_arn
    return {"deviceName": volume.device, "ebs": ebs}


def _interface(each: NetworkInterface, security_group_ids: Sequence[str]) -> Document:
    return {
        "networkCardIndex": each.card,
        "deviceIndex": each.device,
        "interfaceType": each.type,
        # EC2 gives no public address to a machine with several interfaces.
        "associatePublicIpAddress": "false",
        "deleteOnTermination": "true",
        "securityGroups": list(security_group_ids),
    }


def _resource(
    api_version: str,
    kind: str,
    settings: EksSettings,
    provider: Mapping[str, Any],
    external_name: str | None = None,
) -> Document:
    document: Document = {
        "apiVersion": api_version,
        "kind": kind,
        "metadata": own_metadata(external_name),
        "spec": {"providerConfigRef": provider_config(settings)},
    }
    return managed(document, {"region": settings.region, **provider})
