"""What the real engines write, as the readers of a change take it."""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from support.automation import EngineStack
from support.capacity_function import CapacityFunction, capacity_function
from support.crossplane_cli import CrossplaneCli
from support.plans import plan_data, pool
from support.pulumi_cli import PulumiCli
from trimtab.resources.model import Role
from trimtab.resources.readers import read_change, read_estate
from trimtab_components.engines import cli
from trimtab_components.engines.project import find_project

pytestmark = pytest.mark.engine

EXAMPLES = Path(__file__).parents[2] / "functions" / "examples"
APIS = Path(__file__).parents[2] / "functions" / "apis" / "nodegroupset"


@pytest.fixture(scope="module")
def function(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CapacityFunction]:
    with capacity_function(tmp_path_factory.mktemp("function")) as served:
        yield served


def test_a_pulumi_preview_its_plan_and_its_state_agree(
    pulumi_engine: PulumiCli,
    stand_ins: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stack = EngineStack(pulumi_engine, tmp_path / "cluster", "cluster", env=stand_ins)
    stack.write_plan()
    stack.up()
    exported = tmp_path / "export.json"
    exported.write_text(pulumi_engine.run("stack", "export", cwd=stack.folder).stdout, "utf-8")
    groups = pool()["groups"]
    groups[-1]["windows"][0] |= {"max": groups[-1]["windows"][0]["max"] + 1}
    stack.write_plan(plan_data(pools=[pool(groups=groups)]))

    for key, value in stand_ins.items():
        monkeypatch.setenv(key, value)
    previewed, plan = tmp_path / "preview.json", tmp_path / "plan.json"
    previewed.write_text(_preview(pulumi_engine, stack, "--show-sames", f"--save-plan={plan}"))
    changed = tmp_path / "changed.json"
    changed.write_text(_preview(pulumi_engine, stack))

    whole = read_change(None, str(previewed))
    assert whole.before.complete
    assert whole.after.complete
    sizes = {
        each.key: each.inputs.number("scaling_config.max_size")
        for side in (whole.before, whole.after)
        for each in side.resources
        if each.kind == "aws_eks_node_group"
    }
    assert len(sizes) >= 3
    assert None not in sizes.values()
    regions = {each.region for each in whole.after.resources if each.kind.startswith("aws_")}
    assert len(regions) == 1
    assert None not in regions
    assert any(each.references for each in whole.after.resources)
    state = read_estate(str(exported))
    managed = {each.key for each in state.resources}
    assert managed == {each.key for each in whole.before.resources}

    partial = read_change(None, str(changed))
    assert not partial.after.complete
    updated = {key for key, name in whole.operations.items() if name not in ("same", "read")}
    assert updated
    assert updated == {
        key for key, name in partial.operations.items() if name not in ("same", "read")
    }

    planned = read_change(str(exported), str(plan))
    expected = {each.key: each for each in whole.after.resources}
    found = {each.key: each for each in planned.after.resources}
    assert set(found) == set(expected)
    for key in updated:
        assert found[key].inputs.values == expected[key].inputs.values
    assert {key for key, name in planned.operations.items() if name == "update"} == {
        key for key, name in whole.operations.items() if name == "update"
    }


def _preview(engine: PulumiCli, stack: EngineStack, *options: str) -> str:
    """What `pulumi preview --json` prints; the program runs in this process."""
    project = find_project(stack.folder)
    failures: list[Exception] = []
    with cli._language_host(project, failures) as address:
        ended = engine.run(
            "preview", "--json", "--non-interactive", f"--client={address}",
            "--exec-kind=auto.inline", f"--stack={stack.stack.name}", *options,
            cwd=stack.folder,
        )  # fmt: skip
    assert not failures
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def test_what_crossplane_renders_is_read(
    crossplane: CrossplaneCli, function: CapacityFunction, tmp_path: Path
) -> None:
    def rendered(name: str, xr: dict[str, Any]) -> str:
        documents = crossplane.render(
            xr,
            APIS / "composition.yaml",
            {"function-trimtab-capacity": function.target},
            xrd=APIS / "definition.yaml",
            required_resources=EXAMPLES / "plan.yaml",
        )
        path = tmp_path / name
        path.write_text(yaml.safe_dump_all(documents), "utf-8")
        return str(path)

    xr = yaml.safe_load((EXAMPLES / "xr.yaml").read_text("utf-8"))
    before = rendered("before.yaml", xr)
    moved = json.loads(json.dumps(xr))
    with contextlib.suppress(KeyError):
        moved["metadata"]["labels"] = {**moved["metadata"].get("labels", {}), "moved": "yes"}
    change = read_change(before, rendered("after.yaml", moved))

    keys = [{each.key for each in side.resources} for side in (change.before, change.after)]
    assert keys[0] == keys[1]
    groups = [each for each in change.after.resources if each.kind == "aws_eks_node_group"]
    assert groups
    for each in groups:
        assert each.region
        assert each.inputs.number("scaling_config.max_size") is not None
        assert each.inputs.number("scaling_config.desired_size") is not None
        assert each.parent
    components = [each for each in change.after.resources if each.role is Role.COMPONENT]
    assert [each.key for each in components] == [groups[0].parent]
