"""The aws stack on Pulumi's real engine, through the changes that a cluster lives through.

The program is the repository's own, and so are its plans; AWS and the cluster's API are stand-ins
that refuse what the real ones refuse. State and order are read from the engine's export and from what
the cloud was asked.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from pulumi.automation import Deployment

from support.automation import EngineStack, OperationError
from support.plans import plan_data, pool, windows
from support.pulumi_cli import PulumiCli
from support.stand_in.cloud import Call, Cloud, Held

pytestmark = pytest.mark.engine

RESERVED, ON_DEMAND, SPOT = (f"trainer-{g}-0a1b2c" for g in ("reserved", "on-demand", "spot"))
RESIZING = ("scalingConfig.", "tags", "launchTemplate.version")
"""What of a node group may change in place when a plan does."""

Start = Callable[..., EngineStack]


@pytest.fixture
def start(pulumi_engine: PulumiCli, stand_ins: dict[str, str], tmp_path: Path) -> Start:
    """Makes the aws stack, with the support module's plan or another, and brings it up."""

    def started(plan: dict[str, Any] | None = None, **config: Any) -> EngineStack:
        stack = EngineStack(
            pulumi_engine, tmp_path / "cluster", "cluster", config=config, env=stand_ins
        )
        stack.write_plan(plan)
        stack.up()
        return stack

    return started


def members(**changed: Mapping[str, Any]) -> dict[str, Any]:
    """The plan with some of its groups' fields changed, by group; `on_demand` for on-demand."""
    groups = [
        {**each, **changed.get(each["name"].replace("-", "_"), {})} for each in pool()["groups"]
    ]
    return plan_data(pools=[pool(groups=groups)])


def node_groups(cloud: Cloud) -> dict[str, Held]:
    """What runs, by node group name."""
    return {each.inputs["nodeGroupName"]: each for each in cloud.of("NodeGroup")}


def sizes(held: Held) -> tuple[int, int, int]:
    scaling = held.inputs["scalingConfig"]
    return scaling["minSize"], scaling["desiredSize"], scaling["maxSize"]


def places(calls: list[Call], call: str, kind: str) -> list[int]:
    """Where in the order of things something happened to a kind."""
    found = [i for i, each in enumerate(calls) if (each.call, each.kind) == (call, kind)]
    assert found, f"no {call} of a {kind}"
    return found


def assert_order(calls: list[Call], call: str, kinds: list[tuple[str, str]]) -> None:
    for first, then in kinds:
        assert max(places(calls, call, first)) < min(places(calls, call, then)), (first, then)


def assert_nothing_to_do(stack: EngineStack) -> None:
    assert stack.preview().operations == set()


ORDER = [
    ("Vpc", "Subnet"),
    ("Subnet", "Cluster"),
    ("Role", "Cluster"),
    ("RolePolicyAttachment", "NodeGroup"),
    ("Cluster", "NodeGroup"),
    ("Subnet", "NodeGroup"),
]
"""What must stand before what; it goes the other way round."""


def test_a_cluster_lives_and_dies(
    pulumi_engine: PulumiCli, stand_ins: dict[str, str], cloud: Cloud, tmp_path: Path
) -> None:
    stack = EngineStack(pulumi_engine, tmp_path / "cluster", "cluster", env=stand_ins)
    plan = stack.write_plan()

    preview = stack.preview()
    assert preview.operations == {"create"}
    assert (cloud.held, cloud.log) == ({}, [])

    made = stack.up()
    assert made.operations == {"create"}
    assert set(preview.done) <= set(made.done)
    # What a chart holds is known once there is a cluster to ask.
    assert {kind for _, kind, _ in set(made.done) - set(preview.done)} <= {"ConfigMap"}
    calls = cloud.take()
    assert {each.call for each in calls} == {"create"}
    assert_order(calls, "create", ORDER)
    windows_now = {
        f"trainer-{g.name}-0a1b2c": (g.windows[0].min, g.windows[0].desired, g.windows[0].max)
        for g in plan.spec.pools[0].groups
    }
    assert {name: sizes(each) for name, each in node_groups(cloud).items()} == windows_now

    state = stack.state()
    urns = {each["urn"] for each in state}
    adrift = [
        e["urn"] for e in state if not e["type"].startswith("pulumi:") and not e.get("parent")
    ]
    assert adrift == []
    assert {each["parent"] for each in state if each.get("parent")} <= urns
    in_cloud = {each["id"] for each in state if each.get("custom") and "id" in each}
    assert in_cloud >= {each.id for each in cloud.held.values()}
    assert not any(each.get("pendingReplacement") or each.get("delete") for each in state)

    assert_nothing_to_do(stack)
    stack.up(expect_no_changes=True)
    refreshed = stack.refresh()
    assert (refreshed.operations, refreshed.changed) == (set(), {})
    assert_nothing_to_do(stack)
    assert cloud.take() == []

    assert stack.destroy().operations == {"delete"}
    calls = cloud.take()
    assert {each.call for each in calls} == {"delete"}
    assert_order(calls, "delete", [(then, first) for first, then in ORDER])
    assert cloud.held == {}
    assert stack.state() == []


def test_a_new_plan_and_a_newer_kubernetes_change_in_place(start: Start, cloud: Cloud) -> None:
    stack = start()
    cloud.take()
    templates = {each.id: each.outputs["latestVersion"] for each in cloud.of("LaunchTemplate")}
    groups = {name: each.id for name, each in node_groups(cloud).items()}

    stack.write_plan(members(on_demand={"windows": windows((4, 5, 9), (3, 4, 6), (1, 2, 4))}))
    preview = stack.preview()
    assert preview.operations == {"update"}
    changed = {n: preview.changed[n] for n in preview.of("update", "NodeGroup")}
    assert all(path.startswith(RESIZING) for paths in changed.values() for path in paths), changed
    assert "scalingConfig.minSize" in changed[f"trimtab-{ON_DEMAND}"]

    assert stack.up().operations == {"update"}
    assert {each.call for each in cloud.take()} == {"update"}
    assert sizes(node_groups(cloud)[ON_DEMAND]) == (4, 5, 9)
    assert {name: each.id for name, each in node_groups(cloud).items()} == groups
    # No new version of a template: EKS would roll every node for one.
    assert {t.id: t.outputs["latestVersion"] for t in cloud.of("LaunchTemplate")} == templates
    assert_nothing_to_do(stack)

    # Time passes: the next window holds, and its schedule has had its day.
    stack.set(asOf=windows((1, 1, 1), (1, 1, 1))[1]["start"])
    moved = stack.up()
    assert moved.operations == {"update", "delete"}
    assert {kind for operation, kind, _ in moved.done if operation == "delete"} == {"Schedule"}
    assert sizes(node_groups(cloud)[ON_DEMAND]) == (3, 4, 6)
    assert_nothing_to_do(stack)

    # Another zone is the next generation's: what runs stays where it is.
    cloud.take()
    stack.set(zones=[f"us-east-1{letter}" for letter in "abcd"])
    assert stack.up().operations == {"create", "update"}
    assert "NodeGroup" not in {each.kind for each in cloud.take()}
    assert_nothing_to_do(stack)

    # A newer Kubernetes replaces neither the control plane nor a node group.
    cloud.take()
    stack.set(kubernetesVersion="1.36", publicAccessCidrs=["192.0.2.0/24"])
    assert stack.up().operations == {"update"}
    calls = cloud.take()
    assert {each.call for each in calls} == {"update"}
    assert "Cluster" in {each.kind for each in calls}
    assert {name: each.id for name, each in node_groups(cloud).items()} == groups


def test_a_forecast_raises_min_above_what_runs(start: Start, cloud: Cloud) -> None:
    stack = start(autoscaled=True)
    # The autoscaler has taken the group down to its min.
    held = node_groups(cloud)[SPOT]
    held.inputs["scalingConfig"]["desiredSize"] = 2
    held.outputs["scalingConfig"] = dict(held.inputs["scalingConfig"])
    cloud.take()

    raised = members(spot={"windows": windows((5, 6, 9), (5, 6, 9), (1, 2, 4))})
    stack.write_plan(raised)
    stack.set(running={f"{SPOT}": {"min": 2, "desired": 2, "max": 4}})
    stack.up()
    # EKS refuses a min above the desired size: both move in one change, and no further.
    assert sizes(node_groups(cloud)[SPOT]) == (5, 5, 9)
    assert {each.call for each in cloud.take()} == {"update"}

    # A forecast that falls below what runs ends no node: max is held until the autoscaler has moved.
    stack.write_plan(members(spot={"windows": windows((1, 2, 3), (1, 2, 3), (1, 2, 3))}))
    stack.set(running={f"{SPOT}": {"min": 5, "desired": 8, "max": 9}})
    steps = stack.up()
    assert sizes(node_groups(cloud)[SPOT]) == (1, 8, 8)
    assert "max held at the 8 nodes that run" in steps.text
    assert {each.call for each in cloud.take()} == {"update"}


def test_other_offers_and_another_purchase_make_new_generations(start: Start, cloud: Cloud) -> None:
    stack = start()
    kept = {name: each.id for name, each in node_groups(cloud).items() if name != ON_DEMAND}
    cloud.take()
    other = {
        "generation": "ffffff",
        "offers": [{"instanceType": "p4de.24xlarge", "usdPerHour": 40.0}],
    }
    new = "trainer-on-demand-ffffff"
    assert_made_before_the_old_one_goes(stack, cloud, members(on_demand=other), ON_DEMAND, new)
    assert node_groups(cloud)[new].inputs["instanceTypes"] == ["p4de.24xlarge"]

    spot = {"generation": "eeeeee", "purchase": {"option": "spot", "pools": 1}}
    old, new = new, "trainer-on-demand-eeeeee"
    assert_made_before_the_old_one_goes(stack, cloud, members(on_demand=spot), old, new)
    assert node_groups(cloud)[new].inputs["capacityType"] == "SPOT"
    assert {name: node_groups(cloud)[name].id for name in kept} == kept


def test_what_eks_cant_change_makes_a_group_beside_the_old_one(start: Start, cloud: Cloud) -> None:
    stack = start()
    kept = {name: each.id for name, each in node_groups(cloud).items() if name != SPOT}
    cloud.take()
    stack.set(pools={"trainer/spot": {"amiFamily": "BOTTLEROCKET"}})
    stack.up()
    calls = [(each.call, each.name) for each in cloud.take() if each.kind == "NodeGroup"]
    assert [each for each in calls if each[0] != "update"] == [
        ("create", f"trimtab-{SPOT}-bottlerocket"),
        ("delete", f"trimtab-{SPOT}"),
    ]
    assert {name: node_groups(cloud)[name].id for name in kept} == kept
    assert_nothing_to_do(stack)


def assert_made_before_the_old_one_goes(
    stack: EngineStack, cloud: Cloud, plan: dict[str, Any], old: str, new: str
) -> None:
    """A new node group stands before the old one goes; none is replaced."""
    stack.write_plan(plan)
    steps = stack.preview()
    assert steps.operations == {"create", "update", "delete"}
    assert steps.of("create", "NodeGroup") == [f"trimtab-{new}"]
    assert steps.of("delete", "NodeGroup") == [f"trimtab-{old}"]

    # The cloud has none of the new machines: the old ones stay, and the next update goes on.
    cloud.fail("create", "NodeGroup", "InsufficientInstanceCapacity", name=new)
    with pytest.raises(OperationError, match="InsufficientInstanceCapacity"):
        stack.up()
    assert old in node_groups(cloud)
    assert {each.call for each in cloud.take()} <= {"create", "update", "refused"}

    assert stack.up().operations <= {"create", "update", "delete"}
    calls = [(each.call, each.kind, each.name) for each in cloud.take()]
    came, went = (
        calls.index((call, "NodeGroup", f"trimtab-{name}"))
        for call, name in (("create", new), ("delete", old))
    )
    assert came < went
    assert [kind for call, kind, _ in calls if call == "delete"].count("NodeGroup") == 1
    assert_nothing_to_do(stack)


def test_a_failed_create_is_resumed(
    pulumi_engine: PulumiCli, stand_ins: dict[str, str], cloud: Cloud, tmp_path: Path
) -> None:
    stack = EngineStack(pulumi_engine, tmp_path / "cluster", "cluster", env=stand_ins)
    stack.write_plan()
    cloud.fail("create", "NodeGroup", "ResourceLimitExceeded: vCPUs", name=SPOT)
    with pytest.raises(OperationError, match="ResourceLimitExceeded: vCPUs"):
        stack.up()
    before = cloud.take()
    assert [each.name for each in before if each.call == "refused"] == [f"trimtab-{SPOT}"]
    in_state = {each.get("id") for each in stack.state()}
    assert {each.id for each in cloud.held.values()} <= in_state

    # As an engine leaves it that was killed meanwhile.
    leave_pending(stack, f"trimtab-{SPOT}")
    resumed = stack.up()
    assert resumed.operations == {"create"}
    after = cloud.take()
    assert f"trimtab-{SPOT}" in [each.name for each in after if each.kind == "NodeGroup"]
    created = [(each.kind, each.name) for each in before + after if each.call == "create"]
    assert len(set(created)) == len(created)
    assert_nothing_to_do(stack)

    # A destroy that the cloud interrupts leaves the rest, and the next one finishes.
    cloud.fail("delete", "NodeGroup", "InternalError", name=ON_DEMAND)
    with pytest.raises(OperationError, match="InternalError"):
        stack.destroy()
    assert ON_DEMAND in node_groups(cloud)
    assert cloud.of("Cluster")
    stack.destroy()
    assert cloud.held == {}


def leave_pending(stack: EngineStack, name: str) -> None:
    """Write into the state that the creation of a node group was under way."""
    exported = stack.stack.export_stack()
    assert exported.deployment is not None
    resources = exported.deployment["resources"]
    (like, *_) = (each for each in resources if each["type"].endswith(":NodeGroup"))
    urn = f"{like['urn'].rpartition('::')[0]}::{name}"
    pending = {"resource": {**like, "urn": urn, "id": ""}, "type": "creating"}
    deployment = {**exported.deployment, "pending_operations": [pending]}
    stack.stack.import_stack(Deployment(exported.version, deployment))
