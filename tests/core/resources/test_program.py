"""A Pulumi program as a side of a change."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from support.change_inputs import GROUP, PROVIDER, STACK, VOLUME
from trimtab.errors import EngineError, InputError
from trimtab.preview.records import PreviewRequest, Recording, ResourceRecord
from trimtab.resources.inputs import SECRET
from trimtab.resources.model import Role
from trimtab.resources.readers import Options, program, read_change, read_estate
from trimtab.resources.readers.program import from_record, from_recording

FORMER = GROUP.replace("workers", "nodes")


def records(**changed: Any) -> tuple[ResourceRecord, ...]:
    inputs = {"capacityType": "SPOT", "launchTemplate": {"id": SECRET}}
    group = {"parent": STACK, "inputs": inputs, "provider": f"{PROVIDER}::x"} | changed
    urn = group.pop("urn", GROUP)
    return (
        ResourceRecord(STACK, "pulumi:pulumi:Stack", "shop-dev", custom=False),
        ResourceRecord(PROVIDER, "pulumi:providers:aws", "west", inputs={"region": "us-west-2"}),
        ResourceRecord(urn, "aws:eks/nodeGroup:NodeGroup", "workers", **group),
        ResourceRecord(VOLUME, "aws:ebs/volume:Volume", "data", inputs={"size": 1}, existing=True),
    )


def recording(folder: Path, config: Mapping[str, str], **changed: Any) -> Recording:
    return Recording("shop", "dev", folder, folder, config, records(**changed), ("a note",))


def test_a_recording_is_an_estate(tmp_path: Path) -> None:
    (tmp_path / "plan.yaml").write_text("x")
    config = {"aws:region": "eu-west-1", "trimtab:plan": "plan.yaml"}
    estate = from_recording(recording(tmp_path, config))
    found = {each.key: each for each in estate.resources}
    assert (found[GROUP].kind, found[GROUP].region) == ("aws_eks_node_group", "us-west-2")
    assert (found[VOLUME].role, found[VOLUME].region) == (Role.EXISTING, "eu-west-1")
    assert found[STACK].role is Role.COMPONENT
    assert (estate.source, estate.notes) == ("shop/dev", ("a note",))
    assert estate.plan_file == tmp_path / "plan.yaml"


@pytest.mark.parametrize("value", ["other.yaml", SECRET, ""])
def test_a_plan_that_is_not_there_is_none(tmp_path: Path, value: str) -> None:
    assert from_recording(recording(tmp_path, {"trimtab:plan": value})).plan_file is None


def test_a_record_is_a_resource() -> None:
    one = from_record(records()[2])
    assert (one.key, one.name, one.parent) == (GROUP, "workers", STACK)
    assert one.inputs.unknown("launch_template.id")


@pytest.mark.parametrize(
    "alias", [FORMER, "name=nodes", "name=nodes,parent=" + STACK, "name=nodes,stack=dev"]
)
def test_programs_of_two_checkouts_are_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, alias: str
) -> None:
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
    asked: list[PreviewRequest] = []

    def engine(request: PreviewRequest) -> Recording:
        asked.append(request)
        if request.program.name == "old":
            return recording(request.program, request.config, urn=FORMER)
        return recording(request.program, request.config, aliases=(alias,))

    monkeypatch.setattr(program, "engine_of", lambda _name: engine)
    options = Options(stack="dev", config={"aws:region": "eu-west-1"})
    change = read_change(str(tmp_path / "old"), str(tmp_path / "new"), options)
    keys = [[each.key for each in side.resources] for side in (change.before, change.after)]
    assert keys[0] == keys[1]
    assert {request.stack for request in asked} == {"dev"}
    assert change.after.source == str(tmp_path / "new")


def test_an_engine_must_be_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: shop\n")
    with pytest.raises(InputError, match="no engine 'none'; choose one of: pulumi, recorder"):
        read_estate(str(tmp_path), Options(stack="dev", engine="none"))
    monkeypatch.setattr(program, "entry_points", lambda **_: ())
    with pytest.raises(EngineError, match="no preview engine is installed"):
        read_estate(str(tmp_path), Options(stack="dev"))


def test_a_chart_of_which_no_part_is_seen_costs_what_it_installs() -> None:
    kinds = {
        "chart": "helm.sh/v4:Chart",
        "seen": "helm.sh/v4:Chart",
        "group": "yaml/v2:ConfigGroup",
    }
    charts = [
        ResourceRecord(f"urn:pulumi:s::p::t::{name}", f"kubernetes:{kind}", name, custom=False)
        for name, kind in kinds.items()
    ]
    part = ResourceRecord(
        "urn:pulumi:s::p::t::part", "kubernetes:core/v1:ConfigMap", "part", charts[1].urn
    )
    recording = Recording("p", "s", Path("p"), Path("p"), {}, (*charts, part))
    roles = {each.name: each.role for each in from_recording(recording).resources}
    assert roles == {
        "chart": Role.MANAGED,
        "seen": Role.COMPONENT,
        "group": Role.MANAGED,
        "part": Role.MANAGED,
    }
