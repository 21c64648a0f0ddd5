"""Pulumi's aws-native types by Terraform's names.

Cloud Control's resources are CloudFormation's: other types, other names of inputs. The types here are those
that most programs use and that cost money; of their inputs those whose name is another are in the table,
the rest are the same words in Terraform's spelling. Sources: CloudFormation's resource reference and
Terraform's AWS provider 6, November 2026.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

Values = dict[str, Any]


def translate(token: str, inputs: Mapping[str, Any]) -> tuple[str, Values] | None:
    """The kind of an aws-native type and its inputs by Terraform's names; None where it is not known."""
    found = _TYPES.get(token)
    if found is None:
        return None
    kind, names, shape = found
    values: Values = {}
    for name, value in inputs.items():
        path = names.get(name, snake(name))
        _put(values, path.split("."), _spelt(value, name in _FREE))
    if shape is not None:
        shape(values)
    engine = values.get("engine")
    if kind == "aws_db_instance" and isinstance(engine, str) and engine.startswith("aurora"):
        kind = "aws_rds_cluster_instance"  # CloudFormation has one type for both
    return kind, values


def snake(name: str) -> str:
    """A name in Terraform's spelling: `dbInstanceClass` is `db_instance_class`."""
    return _CAPITAL.sub("_", name).lower()


_CAPITAL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_FREE = frozenset({"tags", "labels", "variables", "environment"})
"""Inputs whose keys are people's own."""


def _spelt(value: Any, free: bool) -> Any:
    if isinstance(value, Mapping) and not free:
        return {snake(name): _spelt(each, name in _FREE) for name, each in value.items()}
    if isinstance(value, list):
        return [_spelt(each, free) for each in value]
    return value


def _put(values: Values, path: list[str], value: Any) -> None:
    for name in path[:-1]:
        inner = values.setdefault(name, {})
        if not isinstance(inner, dict):
            return
        values = inner
    known = values.get(path[-1])
    if isinstance(known, dict) and isinstance(value, dict):
        known.update(value)
    else:
        values[path[-1]] = value


def _instance(values: Values) -> None:
    """CloudFormation has one list of devices, Terraform the root's apart."""
    devices = values.pop("block_device_mappings", None)
    if not isinstance(devices, list):
        return
    blocks = [_device(each) for each in devices if isinstance(each, dict) and "ebs" in each]
    roots = [each for each in blocks if each.get("device_name") in _ROOTS]
    values["root_block_device"] = roots[:1]
    values["ebs_block_device"] = [each for each in blocks if each not in roots]


def _device(mapping: Values) -> Values:
    block = {"device_name": mapping.get("device_name")}
    ebs = mapping.get("ebs")
    return {**block, **ebs} if isinstance(ebs, dict) else block


_ROOTS = ("/dev/xvda", "/dev/sda1")


def _launch_template(values: Values) -> None:
    data = values.pop("launch_template_data", None)
    if isinstance(data, dict):
        for name, value in data.items():
            values.setdefault(name, value)


def _table(values: Values) -> None:
    _capacity(values)
    indexes = values.get("global_secondary_index")
    for each in indexes if isinstance(indexes, list) else []:
        if isinstance(each, dict):
            _capacity(each)
    values.setdefault("billing_mode", "PROVISIONED")


def _capacity(values: Values) -> None:
    throughput = values.pop("provisioned_throughput", None)
    if isinstance(throughput, dict):
        values["read_capacity"] = throughput.get("read_capacity_units")
        values["write_capacity"] = throughput.get("write_capacity_units")


def _load_balancer(values: Values) -> None:
    values["internal"] = values.pop("scheme", None) == "internal"


def _scaling_group(values: Values) -> None:
    policy = values.get("mixed_instances_policy")
    template = policy.get("launch_template") if isinstance(policy, dict) else None
    if isinstance(template, dict) and "overrides" in template:
        template["override"] = template.pop("overrides")


def _task(values: Values) -> None:
    storage = values.get("ephemeral_storage")
    if isinstance(storage, dict) and "size_in_gi_b" in storage:
        storage["size_in_gib"] = storage.pop("size_in_gi_b")


_Row = tuple[str, Mapping[str, str], Callable[[Values], None] | None]
_TYPES: dict[str, _Row] = {
    "aws-native:autoscaling:AutoScalingGroup": (
        "aws_autoscaling_group",
        {
            "autoScalingGroupName": "name",
            "launchConfigurationName": "launch_configuration",
            "tags": "tag",
        },
        _scaling_group,
    ),
    "aws-native:ec2:CapacityReservation": ("aws_ec2_capacity_reservation", {}, None),
    "aws-native:ec2:Eip": ("aws_eip", {"instanceId": "instance"}, None),
    "aws-native:ec2:Instance": (
        "aws_instance",
        {"imageId": "ami", "securityGroupIds": "vpc_security_group_ids"},
        _instance,
    ),
    "aws-native:ec2:LaunchTemplate": (
        "aws_launch_template",
        {"launchTemplateName": "name"},
        _launch_template,
    ),
    "aws-native:ec2:NatGateway": ("aws_nat_gateway", {}, None),
    "aws-native:ec2:TransitGatewayVpcAttachment": (
        "aws_ec2_transit_gateway_vpc_attachment",
        {},
        None,
    ),
    "aws-native:ec2:Volume": ("aws_ebs_volume", {"volumeType": "type"}, None),
    "aws-native:ec2:VpcEndpoint": ("aws_vpc_endpoint", {}, None),
    "aws-native:ec2:VpnConnection": ("aws_vpn_connection", {}, None),
    "aws-native:ecr:Repository": ("aws_ecr_repository", {"repositoryName": "name"}, None),
    "aws-native:ecs:Service": (
        "aws_ecs_service",
        {"serviceName": "name"},
        None,
    ),
    "aws-native:ecs:TaskDefinition": ("aws_ecs_task_definition", {}, _task),
    "aws-native:efs:FileSystem": (
        "aws_efs_file_system",
        {"fileSystemTags": "tags", "lifecyclePolicies": "lifecycle_policy"},
        None,
    ),
    "aws-native:eks:Cluster": (
        "aws_eks_cluster",
        {"resourcesVpcConfig": "vpc_config"},
        None,
    ),
    "aws-native:eks:Nodegroup": (
        "aws_eks_node_group",
        {"nodegroupName": "node_group_name", "nodeRole": "node_role_arn", "subnets": "subnet_ids"},
        None,
    ),
    "aws-native:elasticache:ReplicationGroup": (
        "aws_elasticache_replication_group",
        {"cacheNodeType": "node_type"},
        None,
    ),
    "aws-native:elasticloadbalancingv2:LoadBalancer": (
        "aws_lb",
        {"type": "load_balancer_type"},
        _load_balancer,
    ),
    "aws-native:kms:Key": ("aws_kms_key", {"keySpec": "customer_master_key_spec"}, None),
    "aws-native:lambda:Function": ("aws_lambda_function", {}, None),
    "aws-native:logs:LogGroup": (
        "aws_cloudwatch_log_group",
        {"logGroupName": "name"},
        None,
    ),
    "aws-native:rds:DbCluster": (
        "aws_rds_cluster",
        {
            "dbClusterIdentifier": "cluster_identifier",
            "serverlessV2ScalingConfiguration": "serverlessv2_scaling_configuration",
        },
        None,
    ),
    "aws-native:rds:DbInstance": (
        "aws_db_instance",
        {
            "dbInstanceClass": "instance_class",
            "dbInstanceIdentifier": "identifier",
            "dbClusterIdentifier": "cluster_identifier",
        },
        None,
    ),
    "aws-native:s3:Bucket": ("aws_s3_bucket", {"bucketName": "bucket"}, None),
    "aws-native:secretsmanager:Secret": ("aws_secretsmanager_secret", {}, None),
    "aws-native:sns:Topic": ("aws_sns_topic", {"topicName": "name"}, None),
    "aws-native:sqs:Queue": ("aws_sqs_queue", {"queueName": "name"}, None),
    "aws-native:dynamodb:Table": (
        "aws_dynamodb_table",
        {"tableName": "name", "globalSecondaryIndexes": "global_secondary_index"},
        _table,
    ),
}
