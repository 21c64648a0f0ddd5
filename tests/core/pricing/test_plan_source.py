"""A plan's groups and the lines they start on."""

import json
from pathlib import Path

import pytest
import yaml

from support.plans import plan, plan_data, pool
from trimtab.errors import InputError
from trimtab.plan.document import save_plan, to_yaml
from trimtab.pricing.plan_source import group_lines, load_plan_source


@pytest.mark.parametrize("pools", [["trainer"], ["trainer", "serving", "batch"]])
@pytest.mark.parametrize("style", ["canonical", "block", "json"])
def test_each_group_is_found_on_the_line_that_names_it(pools: list[str], style: str) -> None:
    capacity_plan = plan(pools=[pool(name=name) for name in pools])
    data = yaml.safe_load(to_yaml(capacity_plan))
    text = {
        "canonical": to_yaml(capacity_plan),
        "block": yaml.safe_dump(data, default_flow_style=False),
        "json": json.dumps(data, indent=2),
    }[style]
    lines = group_lines(text)
    assert set(lines) == {(p, g) for p in pools for g in ("reserved", "on-demand", "spot")}
    starts = sorted(lines.values())
    assert len(set(starts)) == len(starts)
    for (_, name), line in lines.items():
        end = next((start for start in starts if start > line), len(text.splitlines()) + 1)
        block = "\n".join(text.splitlines()[line - 1 : end - 1])
        assert f"name: {name}" in block.replace('"', "")


def test_the_file_is_shown_as_the_user_sees_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_plan(plan(), tmp_path / "plan.yaml")
    assert load_plan_source(tmp_path / "plan.yaml").file == str(tmp_path / "plan.yaml")
    monkeypatch.chdir(tmp_path)
    assert load_plan_source(tmp_path / "plan.yaml").file == "plan.yaml"


def test_a_file_that_is_no_plan_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "plan.yaml"
    path.write_text(json.dumps({**plan_data(), "kind": "Deployment"}), "utf-8")
    with pytest.raises(InputError, match="give apiVersion"):
        load_plan_source(path)
