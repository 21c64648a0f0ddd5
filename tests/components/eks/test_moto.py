"""The recorded inputs against AWS's own API shapes: moto's EC2 and EKS, called through boto3.

botocore refuses unknown and ill-typed parameters, and its service models know the enumerations;
moto then makes the resources, so that what refers to one another is found.
"""

import json
import os
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from support.engines import free_ports
from support.plans import START, group, plan_data, pool
from support.recorded import Record, of

BLOCK = {
    "option": "capacity-block",
    "reservationId": "cr-0123456789abcdef0",
    "endsAt": (START + timedelta(hours=10)).isoformat(),
}
NEURON = {"model": "trainium2", "resource": "aws.amazon.com/neuron", "perNode": 16.0}


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Makes clients of a moto server: `aws("eks")`."""
    for name in [n for n in os.environ if n.startswith("AWS_")]:
        monkeypatch.delenv(name)
    (port,) = free_ports(1)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=port, verbose=False)
    server.start()
    session = boto3.Session(
        aws_access_key_id="test", aws_secret_access_key="test", region_name="us-east-1"
    )
    try:
        yield lambda service: session.client(service, endpoint_url=f"http://127.0.0.1:{port}")
    finally:
        server.stop()


def test_launch_templates_and_node_groups_are_accepted(recorded: Record, aws: Any) -> None:
    members = [
        group("reserved", {"option": "reserved", "term": "1y"}),
        group("spot", {"option": "spot", "pools": 2},
              taints=[{"key": "trimtab.dev/purchase-option", "value": "spot",
                       "effect": "NoSchedule"}]),
        group("cpu", {"option": "on-demand"}, accelerator=None, architecture="arm64"),
        group("neuron", {"option": "on-demand"}, accelerator=NEURON),
        group("block", BLOCK),
    ]  # fmt: skip
    records = recorded("cluster", {}, plan_data(pools=[pool(groups=members)]))
    ec2, eks = aws("ec2"), aws("eks")
    subnets = [each["SubnetId"] for each in ec2.describe_subnets()["Subnets"]][:3]
    eks.create_cluster(
        name="trimtab",
        roleArn="arn:aws:iam::123456789012:role/c",
        resourcesVpcConfig={"subnetIds": subnets},
    )
    templates = {}
    for name, record in of(records, "LaunchTemplate").items():
        data = launch_template_data(record.inputs)
        check_enumerations(ec2, "CreateLaunchTemplate", "LaunchTemplateData", data)
        made = ec2.create_launch_template(LaunchTemplateName=name, LaunchTemplateData=data)
        templates[name] = made["LaunchTemplate"]["LaunchTemplateId"]

    groups = of(records, "NodeGroup")
    assert len(groups) == len(templates) == len(members)
    for name, record in groups.items():
        request = node_group_request(record.inputs, templates[name], subnets)
        check_enumerations(eks, "CreateNodegroup", None, request)
        eks.create_nodegroup(clusterName="trimtab", **request)

    made = {
        name: eks.describe_nodegroup(clusterName="trimtab", nodegroupName=name)["nodegroup"]
        for name in eks.list_nodegroups(clusterName="trimtab")["nodegroups"]
    }
    assert {name: (g["capacityType"], g["amiType"]) for name, g in made.items()} == {
        "trainer-reserved-0a1b2c": ("ON_DEMAND", "AL2023_x86_64_NVIDIA"),
        "trainer-spot-0a1b2c": ("SPOT", "AL2023_x86_64_NVIDIA"),
        "trainer-cpu-0a1b2c": ("ON_DEMAND", "AL2023_ARM_64_STANDARD"),
        "trainer-neuron-0a1b2c": ("ON_DEMAND", "AL2023_x86_64_NEURON"),
        "trainer-block-0a1b2c": ("CAPACITY_BLOCK", "AL2023_x86_64_NVIDIA"),
    }
    for each in made.values():
        assert each["scalingConfig"] == {"minSize": 2, "desiredSize": 3, "maxSize": 4}


def test_what_is_chosen_for_nodes_is_accepted(recorded: Record, aws: Any) -> None:
    zone = "us-east-1a"
    held = {"id": "cr-0123456789abcdef0", "zone": zone}
    by_group = {"groupArn": "arn:aws:resource-groups:us-east-1:123456789012:group/g", "zone": zone}
    members = [
        group("held", {"option": "reserved", "term": "open", "reservation": held}),
        group("held-group", {"option": "reserved", "term": "open", "reservation": by_group}),
        group("on-demand", {"option": "on-demand"}),
        group("spot", {"option": "spot", "pools": 2}),
        group("block", {**BLOCK, "zone": zone}),
    ]
    everything = {
        "efa": True,
        "localStorage": "raid0",
        "acceleratorTaint": True,
        "teamTaint": True,
        "readinessTaint": True,
        "maxUnavailablePercentage": 25,
        "nodeRepair": True,
    }
    chosen = {
        "trainer": everything,
        "trainer/on-demand": {"placementGroup": True},
        "trainer/spot": {"efa": False, "readinessTaint": False, "amiFamily": "BOTTLEROCKET"},
    }
    records = recorded(
        "cluster",
        {"pools": json.dumps(chosen), "autoscaled": "true"},
        plan_data(pools=[pool(groups=members)]),
    )
    ec2, eks = aws("ec2"), aws("eks")
    subnets = [each["SubnetId"] for each in ec2.describe_subnets()["Subnets"]][:3]
    eks.create_cluster(
        name="chosen",  # moto keeps what an earlier test made
        roleArn="arn:aws:iam::123456789012:role/c",
        resourcesVpcConfig={"subnetIds": subnets},
    )
    (together,) = of(records, "PlacementGroup").values()  # moto has no placement groups
    check_enumerations(ec2, "CreatePlacementGroup", None, {"Strategy": together.inputs["strategy"]})
    templates = {}
    for name, record in of(records, "LaunchTemplate").items():
        data = launch_template_data(record.inputs)
        check_enumerations(ec2, "CreateLaunchTemplate", "LaunchTemplateData", data)
        made = ec2.create_launch_template(
            LaunchTemplateName=f"chosen-{name}", LaunchTemplateData=data
        )
        templates[name] = made["LaunchTemplate"]["LaunchTemplateId"]
    for name, record in of(records, "NodeGroup").items():
        request = node_group_request(record.inputs, templates[name], subnets)
        check_enumerations(eks, "CreateNodegroup", None, request)
        made = eks.create_nodegroup(clusterName="chosen", **request)["nodegroup"]
        assert len(made["tags"]) <= 50
    assert len(templates) == len(members)


def test_a_schedule_is_accepted(recorded: Record, aws: Any) -> None:
    ec2, scaling = aws("ec2"), aws("autoscaling")
    subnet = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
    template = ec2.create_launch_template(
        LaunchTemplateName="t",
        LaunchTemplateData={"InstanceType": "t3.micro", "ImageId": "ami-12345678"},
    )["LaunchTemplate"]["LaunchTemplateId"]
    scaling.create_auto_scaling_group(
        AutoScalingGroupName="g",
        LaunchTemplate={"LaunchTemplateId": template},
        MinSize=0,
        MaxSize=9,
        VPCZoneIdentifier=subnet,
    )
    wanted = {}
    for record in of(recorded("cluster"), "Schedule").values():
        inputs = upper(record.inputs)
        inputs["AutoScalingGroupName"] = "g" if inputs.pop("AutoscalingGroupName") else ""
        scaling.put_scheduled_update_group_action(**inputs)
        wanted[inputs["ScheduledActionName"]] = (inputs["MinSize"], inputs["MaxSize"])
    made = scaling.describe_scheduled_actions()["ScheduledUpdateGroupActions"]
    assert {a["ScheduledActionName"]: (a["MinSize"], a["MaxSize"]) for a in made} == wanted
    assert len(wanted) == 4


def launch_template_data(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The provider's inputs in EC2's own words."""
    own = {"tags", "description", "updateDefaultVersion"}
    data = {key: upper(value) for key, value in inputs.items() if key not in own}
    data = {key[0].upper() + key[1:]: value for key, value in data.items()}
    flags = {"true": True, "false": False}
    for mapping in data["BlockDeviceMappings"]:
        for flag in ("Encrypted", "DeleteOnTermination"):
            mapping["Ebs"][flag] = flags[mapping["Ebs"][flag]]
    for interface in data.get("NetworkInterfaces", []):
        interface["Groups"] = [f"sg-{n}" for n, _ in enumerate(interface.pop("SecurityGroups"))]
        for flag in ("AssociatePublicIpAddress", "DeleteOnTermination"):
            interface[flag] = flags[interface[flag]]
    data["TagSpecifications"] = [
        {
            "ResourceType": each["resourceType"],
            "Tags": [{"Key": key, "Value": value} for key, value in each["tags"].items()],
        }
        for each in inputs["tagSpecifications"]
    ]
    return data


def node_group_request(
    inputs: Mapping[str, Any], template: str, subnets: list[str]
) -> dict[str, Any]:
    """The provider's inputs in EKS's own words, with what only a cloud gives filled in."""
    names = {"nodeGroupName": "nodegroupName"}
    late = {"clusterName", "subnetIds", "nodeRoleArn", "launchTemplate"}
    given = {names.get(key, key): value for key, value in inputs.items() if key not in late}
    return {
        **given,
        "subnets": subnets,
        "nodeRole": "arn:aws:iam::123456789012:role/n",
        "launchTemplate": {"id": template, "version": "1"},
    }


def upper(value: Any) -> Any:
    """Keys with their first letter in upper case, as EC2 has them."""
    if isinstance(value, Mapping):
        return {key[0].upper() + key[1:]: upper(each) for key, each in value.items()}
    return [upper(each) for each in value] if isinstance(value, list) else value


def check_enumerations(client: Any, operation: str, member: str | None, given: Any) -> None:
    """Every value is one of its enumeration, which botocore itself does not check."""
    shape = client.meta.service_model.operation_model(operation).input_shape
    seen = list(enumerated(shape.members[member] if member else shape, given))
    assert seen, "no enumeration was reached"
    for path, value, known in seen:
        assert value in known, f"{path} is {value}, not one of {known}"


def enumerated(shape: Any, given: Any) -> Iterator[tuple[str, str, list[str]]]:
    if shape.type_name == "structure":
        for key, value in given.items():
            yield from enumerated(shape.members[key], value)
    elif shape.type_name == "list":
        for value in given:
            yield from enumerated(shape.member, value)
    elif shape.type_name == "string" and shape.enum:
        yield shape.name, given, shape.enum
