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

from support.plans import plan
from trimtab_components import HeterogeneousCluster
from trimtab_components.eks.roles import partition

COMPUTED: dict[str, dict[str, Any]] = {
    "aws:eks/cluster:Cluster": {
        "endpoint": "https://c.example.com",
        "certificateAuthority": {"data": "Y2E="},
    },
    "aws:ec2/launchTemplate:LaunchTemplate": {"latestVersion": 3},
}


class Deployment(pulumi.runtime.Mocks):
    """Answers with the inputs and what the cloud adds."""

    def __init__(self) -> None:
        self.made: dict[str, dict[str, Any]] = {}

    def new_resource(self, args: Any) -> tuple[str, dict[str, Any]]:
        self.made[f"{args.typ.rpartition(':')[2]} {args.name}"] = args.inputs
        added = dict(COMPUTED.get(args.typ, {}))
        if args.typ == "aws:eks/nodeGroup:NodeGroup":
            scaling = f"asg-of-{args.inputs['nodeGroupName']}"
            added["resources"] = [{"autoscalingGroups": [{"name": scaling}]}]
        return f"{args.name}-id", {**args.inputs, **added}

    def call(self, args: Any) -> Any:
        raise AssertionError(f"the component calls {args.token}")


def deploy() -> tuple[Deployment, dict[str, Any]]:
    deployment = Deployment()
    found: dict[str, Any] = {}

    async def run() -> None:
        pulumi.runtime.set_mocks(deployment, project="p", stack="s", preview=False)
        found["cluster"] = HeterogeneousCluster("c", {"plan": plan(), "region": "us-east-1"})

    async def main() -> None:
        await run_pulumi_func(lambda: run())
        found["kubeconfig"] = await found["cluster"].kubeconfig.future()

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


@pytest.mark.parametrize(
    ("region", "expected"),
    [("us-east-1", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")],
)
def test_every_region_has_its_partition(region: str, expected: str) -> None:
    assert partition(region) == expected
