"""The local stack on Pulumi's real engine: preview, up, no change, new sizes, new offers, destroy.

The program is the repository's own; only the Kubernetes provider is a stand-in of ours, which renders
objects to YAML as the real one does.
"""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from support.automation import EngineStack, OperationError
from support.plans import START, group, plan, plan_data, pool, windows
from support.pulumi_cli import PulumiCli
from support.stand_in.cloud import Call, Cloud
from support.stand_in.kubernetes import Kubernetes
from support.stand_in.server import attached
from trimtab.plan.document import parse_plan
from trimtab.plan.model import CapacityPlan

pytestmark = pytest.mark.engine

GROUPS = ("on-demand", "spot")


class LocalStack(EngineStack):
    """The local stack of a copy of the project, with the support module's plan."""

    def __init__(self, cli: PulumiCli, folder: Path, env: dict[str, str]) -> None:
        super().__init__(cli, folder, "local", env=env)
        self.write_plan()

    def rendered(self) -> dict[tuple[str, str], dict[str, Any]]:
        """The rendered objects by kind and name."""
        files = sorted((self.folder / "rendered" / "1-manifest").glob("*.yaml"))
        objects = [yaml.safe_load(file.read_text("utf-8")) for file in files]
        return {(each["kind"], each["metadata"]["name"]): each for each in objects}


@pytest.fixture
def local(pulumi_engine: PulumiCli, cloud: Cloud, tmp_path: Path) -> Iterator[LocalStack]:
    """A fresh local stack, with a state and a provider of its own."""
    folder = tmp_path / "project"
    # Providers run where the program is.
    with attached({"kubernetes": Kubernetes(cloud, folder / "stacks")}) as env:
        yield LocalStack(pulumi_engine, folder, env)


def names(calls: list[Call], call: str) -> list[str]:
    return [each.name for each in calls if each.call == call]


def test_the_life_of_the_stack(local: LocalStack, cloud: Cloud) -> None:
    preview = local.preview()
    assert preview.operations == {"create"}
    assert (cloud.take(), local.rendered()) == ([], {})

    made = local.up()
    assert set(made.done) == set(preview.done)
    created = names(cloud.take(), "create")
    assert len(created) == len(local.rendered()) == len(set(created))
    outputs = local.outputs()
    assert (outputs["planDigest"], outputs["rendered"]) == (plan().digest, "rendered")
    assert_rendered(local.rendered(), plan())

    assert local.preview().operations == set()
    local.up(expect_no_changes=True)
    assert local.refresh().operations == set()
    assert cloud.take() == []

    local.destroy()
    deleted = names(cloud.take(), "delete")
    assert sorted(deleted) == sorted(created)
    assert (local.rendered(), local.state()) == ({}, [])
    for first, then in (
        ("trimtab-namespace", "trimtab-plan"),
        ("trimtab-trainer-spot-0a1b2c-class", "trimtab-trainer-spot-0a1b2c"),
        ("trimtab-gpu-operator-namespace", "trimtab-gpu-operator-repository"),
        ("trimtab-gpu-operator-repository", "trimtab-gpu-operator-release"),
    ):
        assert created.index(first) < created.index(then)
        assert deleted.index(then) < deleted.index(first)


def assert_rendered(
    rendered: dict[tuple[str, str], dict[str, Any]], expected: CapacityPlan
) -> None:
    """The objects carry the plan itself, its sizes, and values that agree with the image."""
    found = parse_plan(rendered["CapacityPlan", "example"], "rendered")
    assert found.digest == expected.digest
    for each in expected.spec.pools[0].groups:
        spec = rendered["NodePool", f"trainer-{each.name}-{each.generation}"]["spec"]
        assert spec["limits"]["nodes"] == str(each.windows[0].max)
    values = rendered["HelmRelease", "gpu-operator"]["spec"]["values"]
    assert values["driver"] == {"enabled": False}


def test_a_moved_instant_and_a_new_plan_change_sizes_only(local: LocalStack, cloud: Cloud) -> None:
    local.up()
    cloud.take()
    local.set(asOf=(START + timedelta(hours=4)).isoformat())
    steps = local.up()
    resized = {f"trimtab-trainer-{each}-0a1b2c" for each in GROUPS}
    assert steps.operations == {"update"}
    assert steps.changed == {name: {"spec.limits.nodes", "spec.limits.cpu"} for name in resized}
    assert sorted(names(cloud.take(), "update")) == sorted(resized)
    assert local.rendered()["NodePool", "trainer-spot-0a1b2c"]["spec"]["limits"]["nodes"] == "6"
    assert local.preview().operations == set()

    # A forecast that rises: limits grow in place, and no pool is made or goes.
    local.write_plan(
        plan_data(
            pools=[
                pool(
                    groups=[
                        {**each, "windows": windows((5, 6, 9), (5, 6, 9), (5, 6, 9))}
                        if each["name"] in GROUPS
                        else each
                        for each in pool()["groups"]
                    ]
                )
            ]
        )
    )
    assert local.up().operations == {"update"}
    pools = {n: o for (kind, n), o in local.rendered().items() if kind == "NodePool"}
    assert pools["trainer-spot-0a1b2c"]["spec"]["limits"]["nodes"] == "9"


def test_another_cluster_name_changes_the_objects_and_keeps_their_files(local: LocalStack) -> None:
    local.up()
    before = set(local.rendered())
    local.set(name="elsewhere")
    local.up()
    assert set(local.rendered()) == before
    node_class = local.rendered()["EC2NodeClass", "trainer-spot-0a1b2c"]["spec"]
    assert node_class["role"] == "KarpenterNodeRole-elsewhere"
    assert local.preview().operations == set()


def test_a_changed_offer_makes_a_new_generation_beside_the_old(
    local: LocalStack, cloud: Cloud
) -> None:
    local.up()
    cloud.take()
    fresh = group("on-demand", {"option": "on-demand"}, generation="ffffff",
                  offers=[{"instanceType": "p4de.24xlarge", "usdPerHour": 40.0}])  # fmt: skip
    members = pool()["groups"]
    local.write_plan(plan_data(pools=[pool(groups=[members[0], fresh, members[2]])]))
    new, old = (f"trimtab-trainer-on-demand-{g}" for g in ("ffffff", "0a1b2c"))

    # The new pool is refused at first: the old one stays until it is there.
    cloud.fail("create", "NodePool", "admission webhook: no capacity", name=new)
    with pytest.raises(OperationError, match="no capacity"):
        local.up()
    assert ("NodePool", old.removeprefix("trimtab-")) in local.rendered()
    assert names(cloud.take(), "delete") == []

    local.up()
    calls = [(each.call, each.name) for each in cloud.take()]
    assert calls.index(("create", new)) < calls.index(("delete", old))
    assert {name for call, name in calls if call == "delete"} == {old, f"{old}-class"}
    assert local.preview().operations == set()


def test_a_mistake_stops_the_engine_with_one_line(local: LocalStack) -> None:
    for key, value, says in (
        ("asOf", "2030-01-01T00:00:00Z", "as_of (trimtab:asOf): 2030-01-01T00:00:00Z is past"),
        ("asof", "2026-11-01", "trimtab:asof: unknown setting; did you mean asOf?"),
        ("plan", "nowhere.yaml", "nowhere.yaml: no such file"),
    ):
        local.set(**{key: value})
        with pytest.raises(OperationError) as caught:
            local.preview()
        local.set(**{key: None})
        assert says in str(caught.value)
        assert "Traceback" not in str(caught.value)
    assert local.rendered() == {}


def test_the_stand_in_refuses_what_the_sdk_does_not_know(local: LocalStack) -> None:
    target = local.folder / "stacks" / "targets" / "local.py"
    right = "metadata=kubernetes.meta.v1.ObjectMetaArgs(name=NAMESPACE,"
    text = target.read_text("utf-8")
    assert right in text
    wrong = text.replace(right, "metadata=dict(nmespace=NAMESPACE, name=NAMESPACE,")
    target.write_text(wrong, "utf-8")
    with pytest.raises(OperationError, match=r"metadata.nmespace"):
        local.preview()
