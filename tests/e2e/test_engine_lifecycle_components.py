"""The components by themselves on Pulumi's real engine: renamed, moved, protected."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as kubernetes
import pytest

from support.automation import EngineStack, OperationError
from support.plans import plan
from support.pulumi_cli import PulumiCli
from support.stand_in.cloud import Cloud
from trimtab_components import GpuOperator, HeterogeneousCluster, KarpenterPools

pytestmark = pytest.mark.engine

Program = Callable[[], object]
Options = pulumi.ResourceOptions


class Owner(pulumi.ComponentResource):
    """A team's own component, around ours."""

    def __init__(self, name: str, opts: Options | None = None) -> None:
        super().__init__("team:index:Owner", name, {}, opts)


class Commitment(pulumi.ComponentResource):
    """What binds money: held capacity that bills until it is given back."""

    def __init__(self, name: str, opts: Options | None = None) -> None:
        super().__init__("team:index:Commitment", name, {}, opts)
        aws.ec2.CapacityReservation(
            f"{name}-held",
            availability_zone="us-east-1a",
            instance_type="p5.48xlarge",
            instance_platform="Linux/UNIX",
            instance_count=1,
            opts=Options(parent=self),
        )


class Programs:
    """A stack whose program is whatever the test last said."""

    def __init__(self, cli: PulumiCli, env: dict[str, str], folder: Path) -> None:
        self._now: Program = lambda: None
        self.stack = EngineStack(
            cli,
            folder / "project",
            "dev",
            program=lambda: self._now() and None,
            config={"aws:region": "us-east-1"},
            env=env,
        )

    def use(self, program: Program) -> EngineStack:
        """The stack, with another program."""
        self._now = program
        return self.stack


@pytest.fixture
def programs(pulumi_engine: PulumiCli, stand_ins: dict[str, str], tmp_path: Path) -> Programs:
    """A stack of programs."""
    return Programs(pulumi_engine, stand_ins, tmp_path)


def cluster(name: str, opts: Options | None = None, **more: Any) -> HeterogeneousCluster:
    arguments: Any = {"plan": plan(), "region": "us-east-1", **more}
    return HeterogeneousCluster(name, arguments, opts)


def in_a_cluster(name: str, aliases: list[Any] | None = None) -> None:
    """What stands in a cluster: its pools and its GPU operator."""
    provider = kubernetes.Provider("kubernetes", kubeconfig="{}")

    def options(suffix: str = "") -> Options:
        former = [pulumi.Alias(name=f"{each}{suffix}") for each in aliases or []]
        return Options(providers=[provider], aliases=former)

    pools: Any = {"plan": plan(), "cluster_name": "gpus"}
    KarpenterPools(name, pools, options())
    image: Any = {"image": "AL2023"}
    GpuOperator(f"{name}-operator", image, options("-operator"))


def test_a_component_is_renamed_through_its_alias(programs: Programs, cloud: Cloud) -> None:
    programs.use(lambda: in_a_cluster("before")).up()
    cloud.take()

    renamed = programs.use(lambda: in_a_cluster("after", ["before"]))
    preview = renamed.preview()
    assert preview.operations <= {"update"}, preview.done
    assert renamed.up().operations <= {"update"}
    assert {each.call for each in cloud.take()} <= {"update"}
    names = [each["urn"].rpartition("::")[2] for each in renamed.state()]
    assert not [name for name in names if name.startswith("before")]

    # Without the alias it would all be made anew.
    assert {"create", "delete"} <= programs.use(lambda: in_a_cluster("again")).preview().operations


def test_a_cluster_moves_into_a_component_through_its_alias(
    programs: Programs, cloud: Cloud
) -> None:
    programs.use(lambda: cluster("gpus")).up()
    cloud.take()

    def moved() -> None:
        alias = pulumi.Alias(parent=pulumi.ROOT_STACK_RESOURCE)
        cluster("gpus", Options(parent=Owner("team"), aliases=[alias]))

    stack = programs.use(moved)
    steps = stack.up()
    assert [(o, k) for o, k, _ in steps.done if o != "same"] == [("create", "Owner")]
    assert cloud.take() == []
    types = {each["urn"].split("::")[2] for each in stack.state()}
    assert "team:index:Owner$trimtab:index:HeterogeneousCluster$aws:eks/cluster:Cluster" in types


def test_what_is_protected_refuses_to_go(programs: Programs, cloud: Cloud) -> None:
    def program(*, protect: bool | None = None, commitment: bool = True) -> Program:
        options = Options(protect=protect)

        def run() -> None:
            cluster("gpus", options)
            if commitment:
                Commitment("year", options)

        return run

    stack = programs.use(program(protect=True))
    stack.up()
    # Protection of a component is its children's, all the way down.
    state = stack.state()
    ours = [e for e in state if not e["type"].startswith("pulumi:")]
    assert {each["type"] for each in ours if not each.get("protect")} == set()
    held = dict(cloud.held)
    cloud.take()

    with pytest.raises(OperationError, match="cannot be deleted"):
        stack.destroy()
    with pytest.raises(OperationError, match="cannot be deleted"):
        programs.use(program(protect=True, commitment=False)).up()
    assert cloud.held == held
    assert {each.call for each in cloud.take()} <= {"update"}

    # The commitment alone stays behind when all else goes.
    lifted = programs.use(program(protect=False))
    assert lifted.up().operations <= {"update"}
    assert cloud.held == held
    lifted.destroy()
    assert cloud.held == {}


def test_a_commitment_outlives_the_stack_that_lets_it_go(programs: Programs, cloud: Cloud) -> None:
    """What is retained leaves the state and stays in the cloud: forgetting it ends no contract."""
    stack = programs.use(lambda: Commitment("year", Options(retain_on_delete=True)))
    stack.up()
    stack.destroy()
    assert [each.kind for each in cloud.held.values()] == ["CapacityReservation"]
    assert stack.state() == []
