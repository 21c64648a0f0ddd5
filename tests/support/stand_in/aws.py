"""AWS as far as a stack can tell: what it refuses, computes, and can't change in place.

Sources: the schemas of terraform-provider-aws, on which Pulumi's provider is built (ForceNew and
CustomizeDiff in internal/service/{eks/node_group,eks/cluster,ec2/ec2_launch_template,ec2/vpc_subnet,
ec2/ec2_capacity_reservation,autoscaling/schedule,savingsplans/savings_plan}.go); the errors of CreateNodegroup,
UpdateNodegroupConfig, DeleteCluster, DeleteRole, DeleteSubnet, DeleteVpc, DetachInternetGateway and
PutScheduledUpdateGroupAction in AWS's API references; 2026-11.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from support.sdk_inputs import UNKNOWN
from support.stand_in.cloud import Cloud, Held, RefusalError
from support.stand_in.provider import StandIn

NODE_POLICY = "AmazonEKSWorkerNodePolicy"
NOT_IN_A_VERSION = {"name", "namePrefix", "tags", "updateDefaultVersion", "defaultVersion"}
SCHEDULES_OF_A_GROUP = 125


class Aws(StandIn):
    """A provider of AWS resources.

    Attributes:
        now: the cloud's clock, for schedules that lie in the past; None where time does not matter.
    """

    replaced_by: Mapping[str, tuple[str, ...]] = {
        "": ("name", "namePrefix", "region"),
        "AccessEntry": ("clusterName", "principalArn", "type"),
        "AccessPolicyAssociation": ("clusterName", "principalArn", "policyArn", "accessScope"),
        "Addon": ("clusterName", "addonName"),
        "CapacityReservation": (
            "availabilityZone",
            "ebsOptimized",
            "ephemeralStorage",
            "instancePlatform",
            "instanceType",
            "outpostArn",
            "placementGroupArn",
            "tenancy",
        ),
        "Cluster": (
            "accessConfig.bootstrapClusterCreatorAdminPermissions",
            "bootstrapSelfManagedAddons",
            "kubernetesNetworkConfig.ipFamily",
            "kubernetesNetworkConfig.serviceIpv4Cidr",
            "outpostConfig",
            "remoteNetworkConfig",
            "roleArn",
        ),
        "Eip": ("domain", "address", "networkBorderGroup", "publicIpv4Pool"),
        "InstanceProfile": ("path",),
        "NatGateway": ("allocationId", "connectivityType", "privateIp", "subnetId"),
        "NodeGroup": (
            "amiType",
            "capacityType",
            "clusterName",
            "diskSize",
            "instanceTypes",
            "launchTemplate.id",
            "launchTemplate.name",
            "nodeGroupName",
            "nodeGroupNamePrefix",
            "nodeRoleArn",
            "remoteAccess",
            "subnetIds",
        ),
        "PlacementGroup": ("strategy", "partitionCount", "spreadLevel"),
        "PodIdentityAssociation": ("clusterName", "namespace", "serviceAccount"),
        "Policy": ("description", "path"),
        "Role": ("path",),
        "RolePolicy": ("role",),
        "RolePolicyAttachment": ("policyArn", "role"),
        "Route": ("destinationCidrBlock", "destinationIpv6CidrBlock", "routeTableId"),
        "RouteTable": ("vpcId",),
        "RouteTableAssociation": ("gatewayId", "subnetId"),
        "SavingsPlan": (
            "commitment",
            "purchaseTime",
            "savingsPlanOfferingId",
            "upfrontPaymentAmount",
        ),
        "Schedule": ("autoscalingGroupName", "scheduledActionName"),
        "SecurityGroup": ("description", "vpcId"),
        "Subnet": ("availabilityZone", "availabilityZoneId", "cidrBlock", "vpcId"),
        "Vpc": ("cidrBlock", "ipv4IpamPoolId"),
        "VpcEndpoint": ("serviceName", "vpcEndpointType", "vpcId"),
    }
    sets = frozenset(
        {
            "enabledClusterLogTypes",
            "publicAccessCidrs",
            "routeTableIds",
            "securityGroupIds",
            "subnetIds",
            "taints",
        }
    )
    # Deleting an active one takes it out of the state; it bills to its end.
    lasting = frozenset({"SavingsPlan"})
    # What others must wait for is late, so that a missing dependency shows.
    slow: Mapping[str, float] = {"RolePolicyAttachment": 0.03, "AccessEntry": 0.03, "Route": 0.03}

    def __init__(self, cloud: Cloud, now: datetime | None = None) -> None:
        super().__init__("aws", cloud)
        self.now = now

    def fixed(self, kind: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[str, ...]:
        found = super().fixed(kind, old, new)
        # Encryption can be added to a cluster, never taken away.
        ended = (
            kind == "Cluster" and old.get("encryptionConfig") and not new.get("encryptionConfig")
        )
        return (*found, "encryptionConfig") if ended else found

    def keeps_name(self, token: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
        named = "nodeGroupName" if token.endswith(":NodeGroup") else "name"
        return old.get(named) is not None and old.get(named) == new.get(named)

    def identity(self, token: str, inputs: Mapping[str, Any], name: str) -> str:
        match token.rpartition(":")[2]:
            case "NodeGroup":
                return f"{inputs['clusterName']}:{inputs['nodeGroupName']}"
            case "Cluster" | "Role" | "InstanceProfile":
                return str(inputs["name"])
            case "Schedule":
                return f"{inputs['autoscalingGroupName']}/{inputs['scheduledActionName']}"
            case kind:
                return f"{kind.lower()}-{self.cloud.number():08x}"

    def outputs(
        self, token: str, inputs: Mapping[str, Any], identity: str, held: Held | None
    ) -> dict[str, Any]:
        found = super().outputs(token, inputs, identity, held)
        unknown = identity == UNKNOWN
        match token.rpartition(":")[2]:
            case "Cluster":
                given = {
                    key: UNKNOWN if unknown else f"{identity}-{key}"
                    for key in ("clusterSecurityGroupId", "vpcId")
                }
                found["vpcConfig"] = {**given, **inputs["vpcConfig"]}
            case "LaunchTemplate" if not unknown:
                version = held.outputs["latestVersion"] if held else 0
                if held is None or _differ(held.inputs, inputs, NOT_IN_A_VERSION):
                    version += 1
                found |= {"latestVersion": version, "defaultVersion": version}
            case "NodeGroup" if held is None and not unknown:
                name = f"eks-{inputs['nodeGroupName']}-{self.cloud.number():08x}"
                found["resources"] = [{"autoscalingGroups": [{"name": name}]}]
        return found

    def planned(self, held: Held, inputs: Mapping[str, Any]) -> dict[str, Any]:
        found = super().planned(held, inputs)
        # A preview says that any change may make a version; an update then makes one if it must.
        changed = _differ(held.inputs, inputs, {"name", "namePrefix", "description"})
        if held.kind == "LaunchTemplate" and changed:
            found |= {"latestVersion": UNKNOWN, "defaultVersion": UNKNOWN}
        return found

    def admit(self, call: str, kind: str, inputs: Mapping[str, Any], held: Held | None) -> None:
        rules: dict[tuple[str, str], Callable[[Mapping[str, Any]], None]] = {
            ("create", "NodeGroup"): self._new_node_group,
            ("update", "NodeGroup"): _sizes_of_a_node_group,
            ("create", "Cluster"): self._new_cluster,
            ("create", "Schedule"): self._schedule,
            ("update", "Schedule"): self._schedule,
            ("create", "Addon"): self._of_a_cluster,
            ("create", "AccessEntry"): self._of_a_cluster,
            ("create", "AccessPolicyAssociation"): self._of_a_principal,
            ("create", "PodIdentityAssociation"): self._of_a_cluster,
        }
        if rule := rules.get((call, kind)):
            rule(inputs)
        if call == "delete" and held is not None:
            self._unused(held)

    def _new_node_group(self, inputs: Mapping[str, Any]) -> None:
        self._of_a_cluster(inputs)
        _sizes_of_a_node_group(inputs)
        for each in self.cloud.of("NodeGroup"):
            if all(each.inputs[k] == inputs[k] for k in ("clusterName", "nodeGroupName")):
                raise RefusalError(
                    "ResourceInUseException: NodeGroup already exists with name "
                    f"{inputs['nodeGroupName']} and cluster name {inputs['clusterName']}"
                )
        role = self._role(inputs["nodeRoleArn"])
        if role is not None and not any(
            each.inputs["policyArn"].endswith(NODE_POLICY) for each in self._attachments(role)
        ):
            raise RefusalError(
                f"InvalidParameterException: the role {role.id} lacks the policies of a node"
            )

    def _new_cluster(self, inputs: Mapping[str, Any]) -> None:
        if any(each.id == inputs["name"] for each in self.cloud.of("Cluster")):
            raise RefusalError(f"ResourceInUseException: Cluster already exists: {inputs['name']}")
        role = self._role(inputs["roleArn"])
        if role is not None and not self._attachments(role):
            raise RefusalError(f"InvalidParameterException: the role {role.id} has no policies")

    def _of_a_cluster(self, inputs: Mapping[str, Any]) -> None:
        if not any(each.id == inputs["clusterName"] for each in self.cloud.of("Cluster")):
            raise RefusalError(
                f"ResourceNotFoundException: No cluster found: {inputs['clusterName']}"
            )

    def _of_a_principal(self, inputs: Mapping[str, Any]) -> None:
        entries = {each.inputs["principalArn"] for each in self.cloud.of("AccessEntry")}
        if inputs["principalArn"] not in entries:
            raise RefusalError(
                "ResourceNotFoundException: The specified principalArn could not be found"
            )

    def _schedule(self, inputs: Mapping[str, Any]) -> None:
        group = inputs["autoscalingGroupName"]
        groups = {_scaling_group(each) for each in self.cloud.of("NodeGroup")}
        if group not in groups:
            raise RefusalError(f"ValidationError: AutoScalingGroup name not found: {group}")
        low, wanted, high = (inputs[k] for k in ("minSize", "desiredCapacity", "maxSize"))
        known = [each for each in (low, wanted, high) if each != -1]
        if known != sorted(known):
            raise RefusalError(f"ValidationError: min {low}, desired {wanted}, max {high}")
        start = datetime.fromisoformat(inputs["startTime"])
        if self.now is not None and start <= self.now:
            raise RefusalError("ValidationError: Given start time is in the past")
        others = [s for s in self.cloud.of("Schedule") if s.inputs["autoscalingGroupName"] == group]
        if len(others) >= SCHEDULES_OF_A_GROUP:
            raise RefusalError(f"LimitExceeded: {group} has {len(others)} scheduled actions")

    def _unused(self, held: Held) -> None:
        """Refuse to delete what is protected, or what something else still stands on."""
        if held.inputs.get("deletionProtection"):
            raise RefusalError(
                f"InvalidRequestException: {held.id} has deletion protection enabled"
            )
        users = {
            "Cluster": [("NodeGroup", "clusterName"), ("Addon", "clusterName")],
            "Eip": [("NatGateway", "allocationId")],
            "InternetGateway": [("Route", "gatewayId")],
            "NatGateway": [("Route", "natGatewayId")],
            "Role": [
                ("NodeGroup", "nodeRoleArn"),
                ("Cluster", "roleArn"),
                ("RolePolicyAttachment", "role"),
            ],
            "RouteTable": [("RouteTableAssociation", "routeTableId")],
            "Subnet": [
                ("NodeGroup", "subnetIds"),
                ("Cluster", "subnetIds"),
                ("NatGateway", "subnetId"),
            ],
            "SecurityGroup": [("Cluster", "securityGroupIds")],
            "Vpc": [
                ("Subnet", "vpcId"),
                ("InternetGateway", "vpcId"),
                ("RouteTable", "vpcId"),
                ("VpcEndpoint", "vpcId"),
                ("SecurityGroup", "vpcId"),
            ],
        }
        names = {held.id, held.outputs.get("arn"), held.outputs.get("name")} - {None}
        for kind, key in users.get(held.kind, []):
            for each in self.cloud.of(kind):
                if _names(each.inputs, key) & names:
                    raise RefusalError(
                        f"DependencyViolation: {held.kind} {held.id} has a dependent object: "
                        f"{kind} {each.id}"
                    )

    def _role(self, arn: str) -> Held | None:
        return next((r for r in self.cloud.of("Role") if r.outputs["arn"] == arn), None)

    def _attachments(self, role: Held) -> list[Held]:
        found = self.cloud.of("RolePolicyAttachment")
        return [each for each in found if each.inputs["role"] == role.outputs["name"]]


def _sizes_of_a_node_group(inputs: Mapping[str, Any]) -> None:
    sizes = inputs["scalingConfig"]
    low, wanted, high = (sizes[key] for key in ("minSize", "desiredSize", "maxSize"))
    if high < 1:
        raise RefusalError("InvalidParameterException: maxSize must be at least 1")
    if low > wanted:
        raise RefusalError(
            f"InvalidParameterException: Minimum capacity {low} can't be greater than desired size "
            f"{wanted}"
        )
    if wanted > high:
        raise RefusalError(
            f"InvalidParameterException: desired capacity {wanted} can't be greater than max size "
            f"{high}"
        )


def _scaling_group(group: Held) -> str:
    return str(group.outputs["resources"][0]["autoscalingGroups"][0]["name"])


def _differ(old: Mapping[str, Any], new: Mapping[str, Any], besides: set[str]) -> bool:
    keys = (old.keys() | new.keys()) - besides
    return any(old.get(key) != new.get(key) for key in keys)


def _names(inputs: Any, key: str) -> set[Any]:
    """Every value under the key, however deep."""
    found: set[Any] = set()
    if isinstance(inputs, Mapping):
        for name, value in inputs.items():
            if name == key:
                found |= set(value) if isinstance(value, list) else {value}
            else:
                found |= _names(value, key)
    return found
