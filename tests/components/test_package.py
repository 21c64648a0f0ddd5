"""The components as a Pulumi package: what schema inference sees, and late values at the boundary."""

import asyncio
import json
import runpy
import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path
from typing import Any, get_type_hints

import pulumi
import pytest
import yaml
from pulumi.errors import InputPropertiesError
from pulumi.provider.experimental.analyzer import Analyzer, PropertyType

import trimtab_components
from support.plans import plan, plan_data
from trimtab.errors import InputError
from trimtab.plan.attribution import group_key
from trimtab.plan.document import load_plan, save_plan
from trimtab.preview.records import PreviewRequest
from trimtab.provision.arguments import checked, plan_of
from trimtab_components import plugin
from trimtab_components.eks import cluster
from trimtab_components.engines.recorder import record

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


@pytest.mark.parametrize("name", MODELS)
def test_what_the_model_takes_as_it_comes_is_late_and_the_rest_is_plain(
    schema: dict[str, Any], name: str
) -> None:
    component = schema["component_definitions"][name]
    fields = MODELS[name]._Checked.model_fields
    for wire, argument in component.inputs.items():
        field = component.inputs_mapping[wire]
        late = fields[field].annotation is Any and field != "plan"
        parts = [argument, argument.items, argument.additional_properties]
        assert late == (not all(part.plain for part in parts if part is not None)), field


def test_nested_types_are_described_and_named_for_what_they_hold(schema: dict[str, Any]) -> None:
    assert {"ChartOverride", "RunningSizes"} <= set(schema["type_definitions"])
    for name, definition in schema["type_definitions"].items():
        # Pulumi's generators add Args themselves.
        assert not name.endswith("Args")
        assert definition.description, name
        assert definition.properties, name
        assert all(each.description for each in definition.properties.values()), name
        # Pulumi's Input names Output, which is not where the type is.
        hints = get_type_hints(definition.python_type, localns={"Output": pulumi.Output, "T": Any})
        assert set(definition.properties_mapping.values()) == set(hints), name


def test_whole_numbers_are_integers(schema: dict[str, Any]) -> None:
    inputs = schema["component_definitions"]["HeterogeneousCluster"].inputs
    assert inputs["volumeGib"].type is PropertyType.INTEGER


def test_a_resources_output_where_a_plain_value_is_needed_is_named() -> None:
    async def made() -> pulumi.Output[str]:
        return pulumi.Output.from_input("x")

    late = asyncio.run(made())
    for given, field in (
        ({"plan": "p", "nat": late}, "nat"),
        ({"plan": "p", "zones": ["us-east-1a", late]}, "zones.1"),
        ({"plan": "p", "nat": late, "volume_gb": 1}, None),
    ):
        with pytest.raises(InputError) as caught:
            checked(cluster._Checked, given, "here")
        says = f"here: {field}: is known only after deployment; give the value itself"
        assert str(caught.value).startswith(says if field else "here: volume_gb: unknown field")


def test_the_plugin_serves_every_public_component(monkeypatch: pytest.MonkeyPatch) -> None:
    served: list[Any] = []
    monkeypatch.setattr(plugin, "serve", lambda package, _arguments: served.append(package))
    runpy.run_path(str(REPO / "components" / "__main__.py"), run_name="__main__")
    (package,) = served
    spec = json.loads(package.schema)
    assert spec["name"] == "trimtab"
    assert list(spec["resources"]) == [f"trimtab:index:{name}" for name in MODELS]
    assert not [text for text in descriptions(spec) if "\n" in text or "  " in text]
    # Go's generator makes no type for a plain object in a list or a map.
    running = spec["resources"]["trimtab:index:HeterogeneousCluster"]["inputProperties"]["running"]
    assert running["plain"]
    assert running["additionalProperties"]["$ref"] == "#/types/trimtab:index:RunningSizes"
    assert "plain" not in running["additionalProperties"]
    manifest = yaml.safe_load((REPO / "components" / "PulumiPlugin.yaml").read_text("utf-8"))
    assert manifest == {"runtime": "python"}


def descriptions(spec: Any) -> list[str]:
    """Every description of a schema."""
    if isinstance(spec, list):
        return [text for each in spec for text in descriptions(each)]
    if not isinstance(spec, dict):
        return []
    own = [spec["description"]] if isinstance(spec.get("description"), str) else []
    return own + [text for each in spec.values() for text in descriptions(each)]


def test_what_a_cluster_is_given_loads_no_clouds_sdk() -> None:
    program = (
        "import sys; from trimtab_components import Accelerators, ExistingCluster, KarpenterPools; "
        "print([name for name in ('pulumi_aws', 'pulumi_azure', 'pulumi_gcp') if name in sys.modules])"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert ended.stdout.strip() == "[]"


def test_the_distribution_installs_the_plugin_under_the_name_that_engines_look_for() -> None:
    project = tomllib.loads((REPO / "components" / "pyproject.toml").read_text("utf-8"))
    scripts = project["project"]["scripts"]
    assert scripts == {"pulumi-resource-trimtab": "trimtab_components.plugin:main"}
    assert callable(plugin.main)


def test_a_users_mistake_crosses_to_the_engine_as_one_line() -> None:
    package = plugin.Package([trimtab_components.GpuOperator])
    with pytest.raises(InputPropertiesError) as caught:
        package.construct("g", "trimtab:index:GpuOperator", {"image": "AL2"})
    assert caught.value.message.startswith('GpuOperator "g": image: Input should be ')
    assert caught.value.errors == []


def test_the_example_in_python_previews_a_whole_estate() -> None:
    example = REPO / "docs" / "examples" / "estate-python"
    records = record(PreviewRequest(example, "dev")).records
    made = {each.type.rpartition(":")[2] for each in records if each.type.startswith("trimtab:")}
    assert {"HeterogeneousCluster", "KarpenterController", "KarpenterPools", "Accelerators"} <= made
    groups = {each.name for each in records if each.type == "trimtab:index:PlannedNodeGroup"}
    pools = {each.name for each in records if each.type == "kubernetes:karpenter.sh/v1:NodePool"}
    plan = load_plan(REPO / "stacks" / "plans" / "estate.yaml")
    keys = {group_key(pool, group) for pool in plan.spec.pools for group in pool.groups}
    found = {n.removeprefix("estate-") for n in groups} | {n.removeprefix("nodes-") for n in pools}
    assert found == keys


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
