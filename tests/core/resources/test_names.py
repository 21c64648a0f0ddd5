"""Types' names, regions and tags."""

import csv
from importlib.resources import files
from typing import Any

import pytest

from trimtab.resources.aws_native import translate
from trimtab.resources.inputs import UNKNOWN, Inputs
from trimtab.resources.kinds import kubernetes_kind, pulumi_kind
from trimtab.resources.place import (
    arn_region,
    aws_region_of,
    default_tags,
    gcp_region,
    own_region,
    tags_of,
)

PREFIXES = {"aws": "aws_", "azure": "azurerm_", "gcp": "google_"}


def rows(provider: str) -> list[dict[str, str]]:
    table = files("trimtab.resources").joinpath("type_names", f"{provider}.csv")
    return list(csv.DictReader(table.read_text("utf-8").splitlines()))


@pytest.mark.parametrize(("provider", "least"), [("aws", 1700), ("azure", 1100), ("gcp", 1400)])
def test_no_name_is_of_two_kinds(provider: str, least: int) -> None:
    found = rows(provider)
    assert len(found) > least
    for column in ("pulumi", "crossplane"):
        names = [row[column] for row in found if row[column]]
        assert len(names) == len(set(names))
    assert all(row["kind"].startswith(PREFIXES[provider]) for row in found)
    assert all(row["pulumi"].startswith((f"{provider}:", "")) for row in found)


@pytest.mark.parametrize(
    ("token", "kind"),
    [
        ("aws:eks/nodeGroup:NodeGroup", "aws_eks_node_group"),
        ("aws:ec2/instance:Instance", "aws_instance"),
        ("aws:ebs/volume:Volume", "aws_ebs_volume"),
        ("aws:alb/loadBalancer:LoadBalancer", "aws_lb"),
        ("aws:lb/loadBalancer:LoadBalancer", "aws_lb"),
        ("aws:lb/listener:Listener", "aws_lb_listener"),
        ("aws:alb/listener:Listener", "aws_lb_listener"),
        ("aws:ec2/vpcEncryptionControl:VpcEncryptionControl", "aws_vpc_encryption_control"),
        ("aws:elb/loadBalancer:LoadBalancer", "aws_elb"),
        ("aws:s3/bucketV2:BucketV2", "aws_s3_bucket"),
        ("aws:rds/instance:Instance", "aws_db_instance"),
        ("aws:ec2/capacityBlockReservation:CapacityBlockReservation", "aws_ec2_capacity_block_reservation"),
        ("azure:containerservice/kubernetesClusterNodePool:KubernetesClusterNodePool", "azurerm_kubernetes_cluster_node_pool"),
        ("gcp:container/nodePool:NodePool", "google_container_node_pool"),
        ("kubernetes:karpenter.sh/v1:NodePool", "karpenter.sh/NodePool"),
        ("kubernetes:core/v1:Pod", "core/Pod"),
        ("random:index/randomId:RandomId", "random:index/randomId:RandomId"),
    ],
)  # fmt: skip
def test_pulumis_types_have_terraforms_names(token: str, kind: str) -> None:
    assert pulumi_kind(token) == kind


@pytest.mark.parametrize(
    ("version", "name", "kind"),
    [
        ("eks.aws.upbound.io/v1beta2", "NodeGroup", "aws_eks_node_group"),
        ("eks.aws.m.upbound.io/v1beta1", "NodeGroup", "aws_eks_node_group"),
        ("ec2.aws.upbound.io/v1beta1", "EBSVolume", "aws_ebs_volume"),
        ("containerservice.azure.m.upbound.io/v1beta1", "KubernetesCluster", "azurerm_kubernetes_cluster"),
        ("container.gcp.upbound.io/v1beta2", "NodePool", "google_container_node_pool"),
        ("aws.upbound.io/v1beta1", "ProviderConfig", "aws.upbound.io/ProviderConfig"),
        ("v1", "Pod", "core/Pod"),
    ],
)  # fmt: skip
def test_crossplanes_types_have_terraforms_names(version: str, name: str, kind: str) -> None:
    assert kubernetes_kind(version, name) == kind


@pytest.mark.parametrize(
    ("provider", "inputs", "region"),
    [
        ("aws", {"region": "eu-west-1", "availability_zone": "us-east-1a"}, "eu-west-1"),
        ("aws", {"availability_zone": "us-west-2-lax-1a"}, "us-west-2"),
        ("aws", {"availability_zones": ["us-gov-west-1b"]}, "us-gov-west-1"),
        ("aws", {"region": UNKNOWN}, None),
        ("azure", {"location": "West Europe"}, "westeurope"),
        ("gcp", {"zone": "us-central1-a"}, "us-central1"),
        ("gcp", {"location": "US"}, "us"),
        ("gcp", {"region": "https://x/projects/p/regions/europe-west4"}, "europe-west4"),
        ("gcp", {"node_locations": ["us-east1-b", "us-east1-c"]}, "us-east1"),
        ("kubernetes", {"spec": {"nodeSelector": {"topology.kubernetes.io/region": "r"}}}, "r"),
        ("", {"region": "x"}, None),
    ],
)
def test_a_resource_says_where_it_is(
    provider: str, inputs: dict[str, Any], region: str | None
) -> None:
    assert own_region(provider, Inputs(inputs, camel=provider == "kubernetes")) == region


def test_arns_have_regions_but_those_of_global_services() -> None:
    assert aws_region_of("arn:aws:eks:eu-west-1:1:cluster/c") == "eu-west-1"
    assert aws_region_of("arn:aws:iam::1:role/r") is None
    assert aws_region_of("arn:") is None
    inputs = {"role_arn": "arn:aws:iam::1:role/r", "key": "arn:aws:kms:eu-west-1:1:key/k"}
    assert arn_region("aws", Inputs(inputs, camel=False)) == "eu-west-1"
    assert gcp_region("europe-west4-a") == "europe-west4"


@pytest.mark.parametrize(
    ("inputs", "tags"),
    [
        pytest.param({"tags": {"a": "1"}, "tagsAll": {"a": "2", "b": "3"}}, {"a": "1", "b": "3"}, id="all"),
        pytest.param({"tags": [{"key": "a", "value": "1", "propagateAtLaunch": True}]}, {"a": "1"}, id="list"),
        pytest.param({"resourceLabels": {"a": "1"}, "labels": {"b": "2"}}, {"a": "1", "b": "2"}, id="labels"),
        pytest.param({"settings": {"userLabels": {"a": "1"}}}, {"a": "1"}, id="settings"),
        pytest.param({"tags": {"a": True, "b": 3, "c": {}}}, {"a": "true", "b": "3", "c": UNKNOWN}, id="types"),
        pytest.param(
            {"metadata": {"labels": {"a": "1"}}, "spec": {"template": {"metadata": {"labels": {"b": "2"}}}}},
            {"a": "1", "b": "2"},
            id="template",
        ),
    ],
)  # fmt: skip
def test_tags_and_labels_are_one(inputs: dict[str, Any], tags: dict[str, str]) -> None:
    assert tags_of(Inputs(inputs, camel=True)) == tags


def test_default_tags_stand_behind() -> None:
    provider = Inputs({"defaultTags": {"tags": {"a": "1", "b": "2"}}}, camel=True)
    assert tags_of(Inputs({"tags": {"a": "9"}}, camel=True), default_tags(provider)) == {
        "a": "9",
        "b": "2",
    }


NATIVE: list[tuple[str, dict[str, Any], str, dict[str, Any]]] = [
    (
        "ec2:Instance",
        {
            "imageId": "ami-1",
            "blockDeviceMappings": [
                {"deviceName": "/dev/xvda", "ebs": {"volumeSize": 30}},
                {"deviceName": "/dev/sdb", "ebs": {"volumeType": "gp3"}},
                {"deviceName": "/dev/sdc", "noDevice": {}},
            ],
        },
        "aws_instance",
        {
            "ami": "ami-1",
            "root_block_device": [{"device_name": "/dev/xvda", "volume_size": 30}],
            "ebs_block_device": [{"device_name": "/dev/sdb", "volume_type": "gp3"}],
        },
    ),
    (
        "eks:Nodegroup",
        {"nodegroupName": "n", "scalingConfig": {"desiredSize": 2}, "labels": {"myKey": "v"}},
        "aws_eks_node_group",
        {"node_group_name": "n", "scaling_config": {"desired_size": 2}, "labels": {"myKey": "v"}},
    ),
    (
        "rds:DbInstance",
        {"dbInstanceClass": "db.r6g.large", "multiAz": True},
        "aws_db_instance",
        {"instance_class": "db.r6g.large", "multi_az": True},
    ),
    (
        "rds:DbInstance",
        {"engine": "aurora-postgresql", "dbClusterIdentifier": "c"},
        "aws_rds_cluster_instance",
        {"engine": "aurora-postgresql", "cluster_identifier": "c"},
    ),
    (
        "dynamodb:Table",
        {
            "provisionedThroughput": {"readCapacityUnits": 5, "writeCapacityUnits": 6},
            "globalSecondaryIndexes": [{"provisionedThroughput": {"readCapacityUnits": 7}}],
        },
        "aws_dynamodb_table",
        {
            "read_capacity": 5,
            "write_capacity": 6,
            "billing_mode": "PROVISIONED",
            "global_secondary_index": [{"read_capacity": 7, "write_capacity": None}],
        },
    ),
    (
        "autoscaling:AutoScalingGroup",
        {
            "mixedInstancesPolicy": {"launchTemplate": {"overrides": [{"instanceType": "m6i.large"}]}},
            "tags": [{"key": "a", "value": "b"}],
        },
        "aws_autoscaling_group",
        {
            "mixed_instances_policy": {
                "launch_template": {"override": [{"instance_type": "m6i.large"}]}
            },
            "tag": [{"key": "a", "value": "b"}],
        },
    ),
    (
        "ec2:LaunchTemplate",
        {"launchTemplateName": "t", "launchTemplateData": {"instanceType": "m6i.large"}},
        "aws_launch_template",
        {"name": "t", "instance_type": "m6i.large"},
    ),
    (
        "elasticloadbalancingv2:LoadBalancer",
        {"type": "network", "scheme": "internal"},
        "aws_lb",
        {"load_balancer_type": "network", "internal": True},
    ),
    (
        "ecs:TaskDefinition",
        {"cpu": "256", "ephemeralStorage": {"sizeInGiB": 30}},
        "aws_ecs_task_definition",
        {"cpu": "256", "ephemeral_storage": {"size_in_gib": 30}},
    ),
]  # fmt: skip


@pytest.mark.parametrize(("token", "inputs", "kind", "expected"), NATIVE)
def test_aws_natives_types_are_terraforms(
    token: str, inputs: dict[str, Any], kind: str, expected: dict[str, Any]
) -> None:
    assert translate(f"aws-native:{token}", inputs) == (kind, expected)


def test_a_native_type_that_nobody_translates_stays() -> None:
    assert translate("aws-native:iot:Thing", {}) is None
