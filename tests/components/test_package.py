"""The components as a Pulumi package: what schema inference sees, and late values at the boundary."""

import runpy
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml
from pulumi.provider.experimental.analyzer import Analyzer, PropertyType

import trimtab_components
from support.plans import plan, plan_data
from trimtab.errors import InputError
from trimtab.plan.document import save_plan
from trimtab_components.arguments import checked, plan_of
from trimtab_components.eks import cluster

REPO = Path(__file__).resolve().parents[2]
MODELS = {
    name: import_module(getattr(trimtab_components, name).__module__)
    for name in trimtab_components.__all__
}


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    classes = [getattr(trimtab_components, name) for name in MODELS]
    analysed = Analyzer("trimtab").analyze(classes)
    return dict(analysed)


@pytest.mark.parametrize("name", MODELS)
def test_inference_sees_every_argument(schema: dict[str, Any], name: str) -> None:
    component = schema["component_definitions"][name]
    fields = MODELS[name]._Checked.model_fields
    assert set(component.inputs_mapping.values()) == set(fields)
    for argument in component.inputs.values():
        assert argument.description
    required = {n for n, field in fields.items() if field.is_required()}
    inferred = component.inputs_mapping
    assert {inferred[n] for n, p in component.inputs.items() if not p.optional} == required
    assert component.outputs


def test_late_values_are_inputs_and_the_rest_is_plain(schema: dict[str, Any]) -> None:
    inputs = schema["component_definitions"]["HeterogeneousCluster"].inputs
    assert {name for name, p in inputs.items() if not p.plain} == {"vpcId"}
    assert inputs["subnetIds"].items.plain is None
    assert inputs["volumeGib"].type is PropertyType.INTEGER
    assert set(schema["type_definitions"]) == {"ChartOverride", "RunningSizes"}


def test_the_plugin_hosts_every_public_component(monkeypatch: pytest.MonkeyPatch) -> None:
    hosted: dict[str, Any] = {}
    monkeypatch.setattr(
        "pulumi.provider.experimental.component_provider_host", lambda **given: hosted.update(given)
    )
    runpy.run_path(str(REPO / "components" / "__main__.py"), run_name="__main__")
    assert [each.__name__ for each in hosted["components"]] == trimtab_components.__all__
    assert hosted["name"] == "trimtab"
    manifest = yaml.safe_load((REPO / "components" / "PulumiPlugin.yaml").read_text("utf-8"))
    assert manifest == {"runtime": "python"}


@pytest.mark.parametrize(("given", "size"), [(100, 100), (100.0, 100), (20, 20), (16384.0, 16384)])
def test_whole_numbers_may_arrive_as_floats(given: float, size: int) -> None:
    model = cluster._Checked
    found = checked(model, {"plan": "p", "volume_gib": given}, "here").volume_gib
    assert found == size
    assert isinstance(found, int)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({}, "here: plan: Field required"),
        ({"plan": "p", "volume_gb": 1}, "volume_gb: unknown field; did you mean volume_gib?"),
        # The typo goes first, whatever else is wrong.
        ({"plan": "p", "nat": "x", "zone": []}, "zone: unknown field (and 1 more)"),
        ({"plan": "p", "volume_gib": 20.5}, "volume_gib"),
        ({"plan": "p", "volume_gib": "100"}, "volume_gib"),
        ({"plan": "p", "autoscaled": "yes"}, "autoscaled"),
        ({"plan": "p", "running": {"a": {"min": 1.5, "desired": 2, "max": 2}}}, "running.a.min"),
    ],
)
def test_arguments_are_refused_by_name(arguments: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError) as caught:
        checked(cluster._Checked, arguments, "here")
    assert says in str(caught.value)
    assert str(caught.value).startswith("here: ")


def test_a_plan_may_be_a_document_data_or_a_path(tmp_path: Path) -> None:
    path = tmp_path / "plan.yaml"
    save_plan(plan(), path)
    for given in (plan(), plan_data(), path, str(path)):
        assert plan_of(given, "here").digest == plan().digest


@pytest.mark.parametrize("given", [None, 3, ["x"]])
def test_anything_else_is_no_plan(given: object) -> None:
    with pytest.raises(InputError, match="give a CapacityPlan document or the path"):
        plan_of(given, "here")
