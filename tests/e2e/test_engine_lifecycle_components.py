"""The components by themselves on Pulumi's real engine: renamed, moved, protected."""

from pathlib import Path
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes
import pytest

from support.automation import OperationError
from support.plans import plan
from support.programs import Program, Programs
from support.stand_in.cloud import Cloud
from trimtab_components import Commitments, GpuOperator, HeterogeneousCluster, KarpenterPools

pytestmark = pytest.mark.engine

Options = pulumi.ResourceOptions


class Owner(pulumi.ComponentResource):
    """A team's own component, around ours."""

    def __init__(self, name: str, opts: Options | None = None) -> None:
        super().__init__("team:index:Owner", name, {}, opts)


LINE = f"sha256:{'a' * 64}"
APPROVAL = f"""\
apiVersion: trimtab.dev/v1alpha1
kind: CommitmentApproval
metadata: {{name: a100s}}
spec:
  plan: example
  commitment: {LINE}
  quantity: 20
  ceilingUsdPerHour: 14
  approvedBy: finops@example.com
  approvedAt: '2026-11-01T00:00:00Z'
  expires: '2026-11-15T00:00:00Z'
"""


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


def test_a_cluster_is_renamed_through_its_alias(programs: Programs, cloud: Cloud) -> None:
    programs.use(lambda: cluster("gpus")).up()
    cloud.take()

    def renamed() -> None:
        former = Options(aliases=[pulumi.Alias(name="gpus")])
        cluster("fleet", former, cluster_name="gpus")

    stack = programs.use(renamed)
    steps = stack.preview()
    assert steps.operations <= {"update"}, steps.done
    assert stack.up().operations <= {"update"}
    assert {each.call for each in cloud.take()} <= {"update"}


def test_a_commitment_refuses_to_go(programs: Programs, cloud: Cloud, tmp_path: Path) -> None:
    approvals = tmp_path / "approvals.yaml"
    approvals.write_text(APPROVAL, "utf-8")

    def bought(quantity: int) -> Program:
        purchase = {
            "approval": "a100s",
            "commitment": LINE,
            "offering_id": "11111111-2222-3333-4444-555555555555",
            "quantity": quantity,
            "usd_per_hour": 13.5,
        }
        at = "2026-11-02T00:00:00Z"
        arguments: Any = {"approvals": str(approvals), "at": at, "purchases": {"year": purchase}}
        return lambda: Commitments("commitments", arguments)

    stack = programs.use(bought(10))
    stack.up()
    cloud.take()
    assert stack.preview().operations == set()

    # Neither a destroy, nor a program that forgot it, nor one that bought more takes it away.
    with pytest.raises(OperationError, match="protected"):
        stack.destroy()
    for other in (lambda: None, bought(12)):
        with pytest.raises(OperationError, match="protect"):
            programs.use(other).up()
    assert [each.inputs["commitment"] for each in cloud.of("SavingsPlan")] == ["135"]
    assert cloud.take() == []
    kinds = [each["type"] for each in stack.state() if each.get("protect")]
    assert kinds == ["aws:savingsplans/savingsPlan:SavingsPlan"]

    # Who insists can forget it, and the contract goes on: the provider is not even asked.
    stack.unprotect()
    programs.use(bought(10)).destroy()
    assert stack.state() == []
    assert cloud.of("SavingsPlan")
    assert cloud.take() == []


def test_protection_reaches_everything_in_a_component(programs: Programs, cloud: Cloud) -> None:
    def program(*, protect: bool) -> Program:
        return lambda: cluster("gpus", Options(protect=protect))

    stack = programs.use(program(protect=True))
    stack.up()
    ours = [each for each in stack.state() if not each["type"].startswith("pulumi:")]
    assert {each["type"] for each in ours if not each.get("protect")} == set()
    held = dict(cloud.held)
    cloud.take()

    with pytest.raises(OperationError, match="protected"):
        stack.destroy()
    with pytest.raises(OperationError, match="protected"):
        programs.use(lambda: None).up()
    assert (cloud.held, cloud.take()) == (held, [])

    lifted = programs.use(program(protect=False))
    assert lifted.up().operations <= {"update"}
    assert cloud.take() == []
    lifted.destroy()
    assert cloud.held == {}


def test_a_control_plane_with_deletion_protection_refuses_to_go(
    programs: Programs, cloud: Cloud
) -> None:
    stack = programs.use(lambda: cluster("gpus", control_plane={"deletion_protection": True}))
    stack.up()
    with pytest.raises(OperationError, match="deletion protection"):
        stack.destroy()
    assert cloud.of("Cluster")
    programs.use(lambda: cluster("gpus", control_plane={"deletion_protection": False})).up()
    stack.destroy()
    assert cloud.held == {}
