"""What only a deployment knows: a cluster's address, its groups' Auto Scaling groups.

A preview leaves these unknown, so the SDK's mocks stand in for a deployment here.
"""

import asyncio
import contextvars
import json
from typing import Any

import pulumi
import pytest
from pulumi.runtime.stack import run_pulumi_func

from support.iam import unknown_documents, wildcard_problems
from support.plans import group, plan_data, pool
from support.plans import plan as example_plan
from trimtab.plan.document import parse_plan
from trimtab.preview.records import ResourceRecord
from trimtab.provision.eks.roles import partition
from trimtab_components import HeterogeneousCluster

ACCOUNT = "111122223333"
COMPUTED: dict[str, dict[str, Any]] = {
    "aws:eks/cluster:Cluster": {
        "endpoint": "https://c.example.com",
        "certificateAuthority": {"data": "Y2E="},
    },
    "aws:ec2/launchTemplate:LaunchTemplate": {"latestVersion": 3},
    "aws:ssm/activation:Activation": {"activationCode": "s3cret"},
}
OWNED = group(
    "racks",
    {"option": "owned", "site": "hall-1"},
    taints=[{"key": "site", "effect": "NoSchedule"}],
)
HYBRID = {"node_cidrs": ["192.168.0.0/24"]}


class Deployment(pulumi.runtime.Mocks):
    """Answers with the inputs and what the cloud adds."""

    def __init__(self) -> None:
        self.made: dict[str, dict[str, Any]] = {}
        self.records: list[ResourceRecord] = []

    def new_resource(self, args: Any) -> tuple[str, dict[str, Any]]:
        self.made[f"{args.typ.rpartition(':')[2]} {args.name}"] = args.inputs
        self.records.append(ResourceRecord("", args.typ, args.name, "", args.inputs))
        added = dict(COMPUTED.get(args.typ, {}))
        if args.typ.startswith("aws:"):
            added.setdefault("arn", f"arn:aws:x:us-east-1:{ACCOUNT}:{args.name}")
        if args.typ == "aws:eks/nodeGroup:NodeGroup":
            scaling = f"asg-of-{args.inputs['nodeGroupName']}"
            added["resources"] = [{"autoscalingGroups": [{"name": scaling}]}]
        if args.typ == "aws:eks/cluster:Cluster":
            added["vpcConfig"] = {**args.inputs["vpcConfig"], "clusterSecurityGroupId": "sg-1"}
        return f"{args.name}-id", {**args.inputs, **added}

    def call(self, args: Any) -> Any:
        assert args.token == "aws:index/getCallerIdentity:getCallerIdentity", args.token
        return {"accountId": ACCOUNT}


def deploy(plan: Any = None, **arguments: Any) -> tuple[Deployment, dict[str, Any]]:
    """What a deployment makes, and the component's outputs with their values."""
    deployment = Deployment()
    found: dict[str, Any] = {}

    async def run() -> None:
        pulumi.runtime.set_mocks(deployment, project="p", stack="s", preview=False)
        given: Any = {"plan": plan or example_plan(), "region": "us-east-1", **arguments}
        found["cluster"] = HeterogeneousCluster("c", given)

    async def main() -> None:
        await run_pulumi_func(lambda: run())
        for name in HeterogeneousCluster.__annotations__:
            output = getattr(found["cluster"], name)
            found[name] = await output.future()
            found[f"{name} is secret"] = await output.is_secret()

    contextvars.copy_context().run(lambda: asyncio.run(main()))
    return deployment, found


def test_a_deployments_values_reach_schedules_templates_and_the_kubeconfig() -> None:
    deployment, found = deploy()
    schedules = {n: i for n, i in deployment.made.items() if n.startswith("Schedule ")}
    assert len(schedules) == 4
    for inputs in schedules.values():
        action, group = inputs["scheduledActionName"], inputs["autoscalingGroupName"]
        assert group.removeprefix("asg-of-") == action.rpartition("-")[0]
    group = deployment.made["NodeGroup c-trainer-spot-0a1b2c"]
    assert group["launchTemplate"] == {"id": "c-trainer-spot-0a1b2c-id", "version": "3"}

    config = json.loads(found["kubeconfig"])
    (cluster,), (user,) = config["clusters"], config["users"]
    assert cluster["cluster"] == {
        "server": "https://c.example.com",
        "certificate-authority-data": "Y2E=",
    }
    assert user["user"]["exec"]["args"][:4] == ["eks", "get-token", "--cluster-name", "c"]
    assert "token" not in user["user"]


def test_outputs_are_known_after_a_deployment() -> None:
    _, found = deploy()
    assert found["security_group_id"] == "sg-1"
    assert found["certificate_authority"] == "Y2E="
    assert found["vpc_id"] == "c-network-vpc-id"
    assert found["zone_subnet_ids"] == {
        f"us-east-1{zone}": f"c-network-private-{zone}-id" for zone in "abc"
    }
    assert found["node_subnet_ids"] == list(found["zone_subnet_ids"].values())
    assert found["node_role_arn"].endswith(":c-nodes")
    assert (found["hybrid_role_arn"], found["hybrid_node_configs"]) == ("", {})
    _, auto = deploy(auto_mode={})
    assert auto["node_role_name"] == "KarpenterNodeRole-c"


def owned_plan() -> Any:
    bought = group("on-demand", {"option": "on-demand"})
    pools = [pool(groups=[bought]), pool(name="edge", groups=[OWNED])]
    return parse_plan(plan_data(pools=pools), "plan with owned machines")


def test_a_node_config_joins_machines_by_activation_and_is_secret() -> None:
    _, found = deploy(owned_plan(), hybrid=HYBRID)
    assert found["hybrid_node_configs is secret"]
    ((key, text),) = found["hybrid_node_configs"].items()
    assert key == "edge-racks-0a1b2c"
    config = json.loads(text)
    assert (config["apiVersion"], config["kind"]) == ("node.eks.aws/v1alpha1", "NodeConfig")
    spec = config["spec"]
    assert spec["cluster"] == {"name": "c", "region": "us-east-1"}
    assert spec["hybrid"] == {"ssm": {"activationCode": "s3cret", "activationId": "c-hybrid-id"}}
    labels, taints = spec["kubelet"]["flags"]
    assert "trimtab.dev/pool=edge" in labels.removeprefix("--node-labels=").split(",")
    assert taints == "--register-with-taints=site=:NoSchedule"


def test_a_node_config_joins_machines_by_certificate() -> None:
    pem = "-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n"
    hybrid = {**HYBRID, "credentials": "iam-roles-anywhere", "ca_certificate": pem}
    deployment, found = deploy(owned_plan(), hybrid=hybrid)
    (text,) = found["hybrid_node_configs"].values()
    anchor = f"arn:aws:x:us-east-1:{ACCOUNT}:c-hybrid"
    assert json.loads(text)["spec"]["hybrid"] == {
        "iamRolesAnywhere": {
            "nodeName": "<its CN>",
            "trustAnchorArn": anchor,
            "profileArn": anchor,
            "roleArn": anchor,
        }
    }
    trust = json.loads(deployment.made["Role c-hybrid"]["assumeRolePolicy"])
    assert [each["Condition"]["ArnEquals"] for each in trust["Statement"]] == [
        {"aws:SourceArn": anchor}
    ] * 2
    assert trust["Statement"][1]["Condition"]["StringEquals"] == {
        "sts:RoleSessionName": "${aws:PrincipalTag/x509Subject/CN}"
    }


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"encryption": {"own_key": True}, "addons": {"aws-ebs-csi-driver": {}}},
        {"auto_mode": {}, "hybrid": HYBRID},
    ],
    ids=str,
)
def test_no_policy_reaches_too_far_once_all_of_it_is_known(arguments: dict[str, Any]) -> None:
    deployment, _ = deploy(**arguments)
    assert wildcard_problems(deployment.records) == []
    assert unknown_documents(deployment.records) == []


@pytest.mark.parametrize(
    ("region", "expected"),
    [("us-east-1", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")],
)
def test_every_region_has_its_partition(region: str, expected: str) -> None:
    assert partition(region) == expected
