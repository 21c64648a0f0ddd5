"""The AWS stand-in refuses what AWS refuses: else the scenarios on the engine would prove little."""

from typing import Any

import pytest

from support.sdk_inputs import UNKNOWN
from support.stand_in.aws import Aws
from support.stand_in.cloud import Cloud, Held, RefusalError

GROUP = {
    "clusterName": "trimtab",
    "nodeGroupName": "trainer",
    "nodeRoleArn": "arn:aws:iam::123456789012:role/nodes",
    "subnetIds": ["subnet-1"],
    "scalingConfig": {"minSize": 1, "desiredSize": 2, "maxSize": 3},
}


@pytest.fixture
def aws() -> Aws:
    """A cloud with a cluster, its subnet, its role, and a node group."""
    found = Aws(Cloud())
    hold(found, "aws:ec2/subnet:Subnet", "subnet-1", {"vpcId": "vpc-1"})
    hold(found, "aws:ec2/vpc:Vpc", "vpc-1", {})
    hold(found, "aws:iam/role:Role", "nodes", {"name": "nodes"}, arn=GROUP["nodeRoleArn"])
    hold(found, "aws:eks/cluster:Cluster", "trimtab", {"roleArn": "arn:aws:iam::1:role/control"})
    hold(
        found,
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        "nodes-worker",
        {"role": "nodes", "policyArn": "arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy"},
    )
    hold(found, "aws:eks/nodeGroup:NodeGroup", "trimtab:trainer", GROUP)
    return found


def hold(aws: Aws, token: str, identity: str, inputs: dict[str, Any], **outputs: Any) -> None:
    aws.cloud.held[token, identity] = Held(token, identity, identity, inputs, {**inputs, **outputs})


@pytest.mark.parametrize(
    ("sizes", "says"),
    [
        ((3, 2, 4), "Minimum capacity 3 can't be greater than desired size 2"),
        ((1, 5, 4), "desired capacity 5 can't be greater than max size 4"),
        ((0, 0, 0), "maxSize must be at least 1"),
    ],
)
@pytest.mark.parametrize("call", ["create", "update"])
def test_sizes_that_eks_refuses(
    aws: Aws, call: str, sizes: tuple[int, int, int], says: str
) -> None:
    scaling = dict(zip(("minSize", "desiredSize", "maxSize"), sizes, strict=True))
    with pytest.raises(RefusalError, match=says):
        aws.admit(
            call, "NodeGroup", {**GROUP, "nodeGroupName": "x", "scalingConfig": scaling}, None
        )


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({}, "already exists with name trainer and cluster name trimtab"),
        ({"nodeGroupName": "x", "clusterName": "other"}, "No cluster found: other"),
    ],
)
def test_node_groups_that_eks_refuses(aws: Aws, changes: dict[str, Any], says: str) -> None:
    with pytest.raises(RefusalError, match=says):
        aws.admit("create", "NodeGroup", {**GROUP, **changes}, None)


def test_a_node_group_needs_its_roles_policies(aws: Aws) -> None:
    (attachment,) = aws.cloud.of("RolePolicyAttachment")
    aws.admit("create", "NodeGroup", {**GROUP, "nodeGroupName": "x"}, None)
    del aws.cloud.held[attachment.token, attachment.id]
    with pytest.raises(RefusalError, match="the role nodes lacks the policies of a node"):
        aws.admit("create", "NodeGroup", {**GROUP, "nodeGroupName": "x"}, None)


@pytest.mark.parametrize("kind", ["Subnet", "Vpc", "Role", "Cluster"])
def test_what_is_in_use_stays(aws: Aws, kind: str) -> None:
    (held,) = aws.cloud.of(kind)
    with pytest.raises(RefusalError, match=f"{kind} {held.id} has a dependent object"):
        aws.admit("delete", kind, held.inputs, held)


def test_a_launch_template_gets_a_version_for_what_it_launches_only() -> None:
    aws, token = Aws(Cloud()), "aws:ec2/launchTemplate:LaunchTemplate"
    first = {"name": "t", "tags": {"plan": "1"}, "instanceType": "m7i.large"}
    made = aws.outputs(token, first, "lt-1", None)
    held = Held(token, "lt-1", "t", first, made)
    assert made["latestVersion"] == 1
    retagged, resized = {**first, "tags": {"plan": "2"}}, {**first, "instanceType": "m7i.xlarge"}
    # The preview can't know; the update does.
    assert aws.planned(held, retagged)["latestVersion"] == UNKNOWN
    assert aws.outputs(token, retagged, "lt-1", held)["latestVersion"] == 1
    assert aws.outputs(token, resized, "lt-1", held)["latestVersion"] == 2


def test_what_a_cloud_computes_is_unknown_before_it_exists() -> None:
    aws, token = Aws(Cloud()), "aws:eks/nodeGroup:NodeGroup"
    before = aws.outputs(token, GROUP, UNKNOWN, None)
    assert before["arn"] == before["resources"] == UNKNOWN
    after = aws.outputs(token, GROUP, "trimtab:trainer", None)
    assert after["resources"][0]["autoscalingGroups"][0]["name"].startswith("eks-trainer-")


def test_a_cloud_outlives_its_process(tmp_path: Any) -> None:
    path = tmp_path / "cloud.json"
    cloud = Cloud(path)
    cloud.held["a:b:C", "1"] = Held("a:b:C", "1", "c", {"x": 1}, {"y": 2})
    cloud.fail("create", "C", "no room", after=1)
    cloud.record("create", "C", "c", "1")
    again = Cloud(path)
    assert (again.held, again.log, again.faults) == (cloud.held, cloud.log, cloud.faults)
    assert again.named("C", "c").outputs == {"y": 2}
    again.strike("create", "C", "c")
    with pytest.raises(RefusalError, match="no room"):
        again.strike("create", "C", "c")
    again.strike("create", "C", "c")
