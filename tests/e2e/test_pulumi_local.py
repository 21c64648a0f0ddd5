"""The local stack on Pulumi's real engine: preview, up, no change, a moved instant, destroy.

The program is the repository's own; only the Kubernetes provider is a stand-in of ours, which renders
objects to YAML as the real one does.
"""

import json
import os
import runpy
import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from pulumi import automation

from support.plans import START, group, plan, plan_data, pool
from support.pulumi_cli import PulumiCli
from support.pulumi_plugins import KUBERNETES_STAND_IN, plugin_folder
from trimtab.plan.document import parse_plan, save_plan
from trimtab.plan.model import CapacityPlan

pytestmark = pytest.mark.engine

REPO = Path(__file__).resolve().parents[2]
SAME = automation.OpType.SAME


class LocalStack:
    """The local stack of a copy of the project, on the real engine."""

    def __init__(self, cli: PulumiCli, folder: Path) -> None:
        self.folder, self.log = folder / "project", folder / "provider.log"
        shutil.copytree(REPO / "stacks", self.folder / "stacks")
        shutil.copy(REPO / "Pulumi.yaml", self.folder)
        self.write_plan()
        plugins = plugin_folder(folder / "plugins", {"kubernetes": KUBERNETES_STAND_IN})
        options = automation.LocalWorkspaceOptions(
            work_dir=str(self.folder),
            env_vars={
                **cli.env,
                "PATH": f"{plugins}{os.pathsep}{cli.env['PATH']}",
                "STAND_IN_LOG": str(self.log),
            },
            pulumi_command=automation.PulumiCommand(root=str(cli.root)),
        )
        self.stack = automation.create_or_select_stack(
            stack_name="local", project_name="trimtab", program=self._program, opts=options
        )

    def _program(self) -> None:
        runpy.run_path(str(self.folder / "stacks" / "__main__.py"), run_name="__main__")

    def write_plan(self, **spec: Any) -> CapacityPlan:
        """Put another plan where the stack reads it."""
        made = parse_plan(plan_data(**spec), "test plan")
        save_plan(made, self.folder / "stacks" / "plans" / "example.yaml")
        return made

    def set(self, key: str, value: str) -> None:
        """Set one of the project's settings."""
        self.stack.set_config(f"trimtab:{key}", automation.ConfigValue(value))

    def calls(self) -> list[dict[str, Any]]:
        """What the provider was asked since the last time, in order."""
        lines = self.log.read_text("utf-8").splitlines() if self.log.exists() else []
        self.log.write_text("", "utf-8")
        return [json.loads(line) for line in lines]

    def rendered(self) -> dict[tuple[str, str], dict[str, Any]]:
        """The rendered objects by kind and name."""
        files = sorted((self.folder / "rendered" / "1-manifest").glob("*.yaml"))
        objects = [yaml.safe_load(file.read_text("utf-8")) for file in files]
        return {(each["kind"], each["metadata"]["name"]): each for each in objects}


@pytest.fixture
def local(pulumi_engine: PulumiCli, tmp_path: Path) -> LocalStack:
    """A fresh local stack, with a state and a provider of its own."""
    return LocalStack(pulumi_engine, tmp_path)


def names(calls: list[dict[str, Any]], call: str) -> list[str]:
    return [each["name"] for each in calls if each["call"] == call]


def test_the_life_of_the_stack(local: LocalStack) -> None:
    preview = local.stack.preview()
    assert set(preview.change_summary) == {automation.OpType.CREATE}
    assert local.calls() == []
    assert local.rendered() == {}

    up = local.stack.up()
    created = names(local.calls(), "create")
    assert len(created) == len(local.rendered()) == 11
    assert up.outputs["planDigest"].value == plan().digest
    assert up.outputs["rendered"].value == "rendered"
    assert_rendered(local.rendered(), plan())

    assert set(local.stack.preview().change_summary) == {SAME}
    assert set(local.stack.up().summary.resource_changes or {}) == {SAME}
    assert {each["call"] for each in local.calls()} <= {"diff"}

    local.stack.destroy()
    deleted = names(local.calls(), "delete")
    assert sorted(deleted) == sorted(created)
    assert local.rendered() == {}
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
        assert spec["limits"] == {"nodes": str(each.windows[0].max)}
    values = rendered["HelmRelease", "gpu-operator"]["spec"]["values"]
    assert values["driver"] == {"enabled": False}


def test_a_moved_instant_changes_sizes_only(local: LocalStack) -> None:
    local.stack.up()
    local.calls()
    local.set("asOf", (START + timedelta(hours=4)).isoformat())
    local.stack.preview()
    changed = {c["name"]: c["changed"] for c in local.calls() if c.get("changed")}
    resized = {f"trimtab-trainer-{g}-0a1b2c" for g in ("on-demand", "spot")}
    assert changed == {name: {"spec.limits.nodes": "UPDATE"} for name in resized}

    summary = local.stack.up().summary.resource_changes or {}
    assert summary[automation.OpType.UPDATE] == 2
    assert set(summary) == {SAME, automation.OpType.UPDATE}
    limits = local.rendered()["NodePool", "trainer-spot-0a1b2c"]["spec"]["limits"]
    assert limits == {"nodes": "6"}
    assert set(local.stack.preview().change_summary) == {SAME}


def test_another_cluster_name_changes_the_objects_and_keeps_their_files(local: LocalStack) -> None:
    local.stack.up()
    before = set(local.rendered())
    local.set("name", "elsewhere")
    local.stack.up()
    assert set(local.rendered()) == before
    node_class = local.rendered()["EC2NodeClass", "trainer-spot-0a1b2c"]["spec"]
    assert node_class["role"] == "KarpenterNodeRole-elsewhere"
    assert set(local.stack.preview().change_summary) == {SAME}


def test_a_changed_offer_makes_a_new_generation_beside_the_old(local: LocalStack) -> None:
    local.stack.up()
    local.calls()
    fresh = group("on-demand", {"option": "on-demand"}, generation="ffffff",
                  offers=[{"instanceType": "p4de.24xlarge", "usdPerHour": 40.0}])  # fmt: skip
    members = pool()["groups"]
    local.write_plan(pools=[pool(groups=[members[0], fresh, members[2]])])
    local.stack.up()
    calls = [(c["call"], c["name"]) for c in local.calls() if c["call"] != "diff"]
    new, old = (f"trimtab-trainer-on-demand-{g}" for g in ("ffffff", "0a1b2c"))
    assert calls.index(("create", new)) < calls.index(("delete", old))
    assert {name for call, name in calls if call == "delete"} == {old, f"{old}-class"}
    updated = {name for call, name in calls if call == "update"}
    assert "trimtab-plan" in updated


def test_a_mistake_stops_the_engine_with_one_line(local: LocalStack) -> None:
    for key, value, says in (
        ("asOf", "2030-01-01T00:00:00Z", "as_of (trimtab:asOf): 2030-01-01T00:00:00Z is past"),
        ("asof", "2026-11-01", "trimtab:asof: unknown setting; did you mean asOf?"),
        ("plan", "nowhere.yaml", "nowhere.yaml: no such file"),
    ):
        local.set(key, value)
        with pytest.raises(automation.CommandError) as caught:
            local.stack.preview()
        local.stack.remove_config(f"trimtab:{key}")
        assert says in str(caught.value)
    assert local.rendered() == {}


def test_the_stand_in_refuses_what_the_sdk_does_not_know(local: LocalStack) -> None:
    main = local.folder / "stacks" / "__main__.py"
    right = "metadata=kubernetes.meta.v1.ObjectMetaArgs(name=NAMESPACE,"
    text = main.read_text("utf-8")
    assert right in text
    wrong = text.replace(right, "metadata=dict(nmespace=NAMESPACE, name=NAMESPACE,")
    main.write_text(wrong, "utf-8")
    with pytest.raises(automation.CommandError, match=r"metadata.nmespace"):
        local.stack.preview()
