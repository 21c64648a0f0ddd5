"""Clusters of other clouds on Pulumi's real engine: up, no change, new sizes, new offers, destroy."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from support.automation import EngineStack, OperationError
from support.plans import group, plan, pool, windows
from support.pulumi_cli import PulumiCli
from support.stand_in.cloud import Cloud
from support.stand_in.clouds import Azure, Gcp
from support.stand_in.server import attached
from trimtab.plan.model import CapacityPlan
from trimtab_components import AksCluster, GkeCluster

pytestmark = pytest.mark.engine


@dataclass(frozen=True)
class Case:
    """One cloud: its cluster, and the machines of its plans.

    Attributes:
        offers: two instance types, for one generation of a group each.
        node_pool: the kind of its node pools.
        most: where a node pool's inputs have its largest size.
    """

    component: Callable[[str, Any], object]
    region: str
    offers: tuple[str, str]
    node_pool: str
    most: Callable[[dict[str, Any]], int]
    config: dict[str, str]
    arguments: dict[str, Any]


CASES = {
    "gcp": Case(
        GkeCluster,
        "us-central1",
        ("a2-highgpu-8g", "a2-ultragpu-8g"),
        "NodePool",
        lambda made: int(made["autoscaling"]["totalMaxNodeCount"]),
        {"gcp:project": "example", "gcp:region": "us-central1"},
        {"deletion_protection": False},
    ),
    "azure": Case(
        AksCluster,
        "eastus",
        ("Standard_ND96asr_v4", "Standard_ND96amsr_A100_v4"),
        "KubernetesClusterNodePool",
        lambda made: int(made["maxCount"]),
        {"azure:location": "eastus"},
        {"admin_groups": ["00000000-0000-0000-0000-000000000001"]},
    ),
}


class Stack(EngineStack):
    """A cluster of the case, from whatever plan the test last gave."""

    def __init__(self, cli: PulumiCli, folder: Path, env: dict[str, str], case: Case) -> None:
        self.case = case
        self.plan(("0a1b2c", 0, 4))
        super().__init__(cli, folder, "dev", program=self._program, config=case.config, env=env)

    def _program(self) -> None:
        self.case.component("gpus", {"plan": self._plan, **self.case.arguments})

    def plan(self, on_demand: tuple[str, int, int]) -> CapacityPlan:
        """Take another plan: the on-demand group's generation, offer and largest size."""
        generation, offer, most = on_demand

        usual, fresh = (
            {"instanceType": self.case.offers[each], "usdPerHour": 30.0} for each in (0, offer)
        )
        self._plan = plan(
            site={"provider": _provider(self.case), "region": self.case.region},
            pools=[
                pool(
                    groups=[
                        group(
                            "on-demand",
                            {"option": "on-demand"},
                            generation=generation,
                            offers=[fresh],
                            windows=windows((1, 2, most)),
                        ),
                        group("spot", {"option": "spot", "pools": 1}, offers=[usual]),
                    ]
                )
            ],
        )
        return self._plan


def _provider(case: Case) -> str:
    return next(name for name, each in CASES.items() if each is case)


@pytest.fixture(params=CASES)
def stack(
    request: pytest.FixtureRequest, pulumi_engine: PulumiCli, cloud: Cloud, tmp_path: Path
) -> Iterator[Stack]:
    """A stack of the cloud's cluster, before anything exists."""
    with attached({"gcp": Gcp(cloud), "azure": Azure(cloud)}) as env:
        yield Stack(pulumi_engine, tmp_path / "project", env, CASES[request.param])


def pools(stack: Stack, cloud: Cloud) -> dict[str, str]:
    """The ids of the node pools by resource name."""
    return {each.name: each.id for each in cloud.of(stack.case.node_pool)}


def test_a_cluster_lives_and_dies(stack: Stack, cloud: Cloud) -> None:
    preview = stack.preview()
    assert (preview.operations, cloud.held) == ({"create"}, {})
    made = stack.up()
    assert set(made.done) == set(preview.done)
    first = pools(stack, cloud)
    names = {f"gpus-trainer-{each}-0a1b2c" for each in ("on-demand", "spot")}
    assert names <= set(first)
    stack.up(expect_no_changes=True)
    refreshed = stack.refresh()
    assert (refreshed.operations, refreshed.changed) == (set(), {})

    stack.plan(("0a1b2c", 0, 9))
    cloud.take()
    assert stack.up().operations == {"update"}
    grown = cloud.named(stack.case.node_pool, "gpus-trainer-on-demand-0a1b2c")
    assert stack.case.most(grown.inputs) == 9
    assert pools(stack, cloud) == first

    # Other machines are another generation, which stands before the old one goes.
    stack.plan(("ffffff", 1, 9))
    cloud.take()
    new, old = (f"gpus-trainer-on-demand-{each}" for each in ("ffffff", "0a1b2c"))
    cloud.fail("create", stack.case.node_pool, "out of stock", name=new)
    with pytest.raises(OperationError, match="out of stock"):
        stack.up()
    assert old in pools(stack, cloud)
    assert stack.up().operations <= {"create", "update", "delete"}
    calls = [(each.call, each.name) for each in cloud.take()]
    assert calls.index(("create", new)) < calls.index(("delete", old))
    spot = "gpus-trainer-spot-0a1b2c"
    assert pools(stack, cloud)[spot] == first[spot]
    assert stack.preview().operations == set()

    stack.destroy()
    gone = [each.kind for each in cloud.take()]
    last = max(i for i, kind in enumerate(gone) if kind == stack.case.node_pool)
    assert last < next(i for i, kind in enumerate(gone) if kind.endswith("Cluster"))
    assert (cloud.held, stack.state()) == ({}, [])
