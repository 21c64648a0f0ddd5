"""The estate on Pulumi's real engine: node groups and Karpenter's objects of one plan, living together."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from support.automation import EngineStack
from support.pulumi_cli import PulumiCli
from support.recorded import REPO
from support.stand_in.cloud import Cloud
from trimtab.plan.attribution import group_key

pytestmark = pytest.mark.engine

DYNAMIC = {"evaluation", "ingest"}


def larger_plan() -> dict[str, Any]:
    """The estate's plan with one more node at most in every group that no commitment bounds."""
    data: dict[str, Any] = yaml.safe_load((REPO / "stacks/plans/estate.yaml").read_text("utf-8"))
    for pool in data["spec"]["pools"]:
        for group in pool["groups"]:
            for window in group["windows"]:
                window["max"] += group["purchase"]["option"] != "reserved"
    return data


def maxima(cloud: Cloud) -> dict[str, int]:
    """Nodes at most, by node group."""
    held = cloud.of("NodeGroup")
    return {each.inputs["nodeGroupName"]: each.inputs["scalingConfig"]["maxSize"] for each in held}


def test_the_estate_lives_grows_and_dies(
    pulumi_engine: PulumiCli, stand_ins: dict[str, str], cloud: Cloud, tmp_path: Path
) -> None:
    stack = EngineStack(pulumi_engine, tmp_path / "estate", "estate", env=stand_ins)
    assert stack.up().operations == {"create"}
    before = maxima(cloud)
    pools = {each.inputs["metadata"]["name"] for each in cloud.of("NodePool")}
    assert {name.partition("-")[0] for name in pools} == DYNAMIC
    assert {name.partition("-")[0] for name in before} & DYNAMIC == set()
    assert stack.preview().operations == set()
    cloud.take()

    grown = stack.write_plan(larger_plan())
    steps = stack.up()
    assert steps.operations == {"update"}, steps.of("create")
    after = maxima(cloud)
    assert after.keys() == before.keys()
    asked = {group_key(p, g): g.windows[0].max for p in grown.spec.pools for g in p.groups}
    for name, size in after.items():
        (most,) = (most for key, most in asked.items() if name.startswith(key))
        assert size == max(1, most), name  # EKS takes no max of 0
    assert after != before
    assert {each.call for each in cloud.take()} == {"update"}
    assert stack.preview().operations == set()

    assert stack.destroy().operations == {"delete"}
    assert cloud.held == {}
