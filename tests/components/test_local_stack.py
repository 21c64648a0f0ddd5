"""The local stack as the engine would see it: Kubernetes objects only, sized by the plan."""

import json
from datetime import timedelta
from typing import Any

import pytest

from support.plans import START, group, plan, plan_data, pool
from support.recorded import Record, Records, of, one
from support.sdk_inputs import problems
from trimtab.errors import InputError, StalePlanError, TrimtabError
from trimtab.plan.document import parse_plan


def kubernetes_objects(records: Records) -> list[tuple[str, str]]:
    return sorted(
        (r.type.rpartition(":")[2], r.inputs["metadata"]["name"])
        for r in records
        if r.type.startswith("kubernetes:")
    )


def test_the_objects(recorded: Record) -> None:
    keys = [f"trainer-{option}-0a1b2c" for option in ("on-demand", "reserved", "spot")]
    assert kubernetes_objects(recorded("local")) == [
        ("CapacityPlan", "example"),
        *(("EC2NodeClass", key) for key in keys),
        ("HelmRelease", "gpu-operator"),
        ("HelmRepository", "gpu-operator"),
        ("Namespace", "gpu-operator"),
        ("Namespace", "trimtab-system"),
        *(("NodePool", key) for key in keys),
    ]


def test_every_object_goes_through_the_rendering_provider(recorded: Record) -> None:
    records = recorded("local")
    provider = next(r for r in records if r.type == "pulumi:providers:kubernetes")
    assert provider.inputs["renderYamlToDirectory"] == "../rendered"
    for each in records:
        if each.type.startswith("kubernetes:"):
            assert each.provider.startswith(provider.urn), each.name


def test_every_input_is_one_that_the_sdk_knows(recorded: Record) -> None:
    checked = [r for r in recorded("local") if r.type.startswith("kubernetes:")]
    assert {r.name: found for r in checked if (found := problems(r.type, r.inputs))} == {}


def test_the_plan_arrives_as_it_was_written(recorded: Record) -> None:
    inputs = one(recorded("local"), "CapacityPlan").inputs
    assert inputs["metadata"]["namespace"] == "trimtab-system"
    assert inputs["metadata"]["labels"]["trimtab.dev/plan-digest"] == plan().digest
    assert parse_plan(dict(inputs), "recorded").digest == plan().digest


@pytest.mark.parametrize(("hours", "nodes"), [(0, "4"), (4, "6"), (8, "4")])
def test_a_node_pool_is_limited_to_the_windows_max(
    recorded: Record, hours: int, nodes: str
) -> None:
    as_of = (START + timedelta(hours=hours)).isoformat()
    pools = of(recorded("local", {"asOf": as_of}), "NodePool")
    spec = pools["trimtab-trainer-on-demand-0a1b2c"].inputs["spec"]
    assert spec["limits"]["nodes"] == nodes


def test_node_pools_stand_in_the_plans_order(recorded: Record) -> None:
    weights = {
        name: record.inputs["spec"]["weight"]
        for name, record in of(recorded("local"), "NodePool").items()
    }
    ordered = sorted(weights, key=lambda name: -weights[name])
    assert [name.split("-", 2)[2] for name in ordered] == [
        "reserved-0a1b2c",
        "on-demand-0a1b2c",
        "spot-0a1b2c",
    ]


def test_a_node_pool_comes_after_its_class(recorded: Record) -> None:
    records = recorded("local")
    classes = of(records, "EC2NodeClass")
    for name, each in of(records, "NodePool").items():
        assert classes[f"{name}-class"].urn in each.dependencies


def test_a_plan_for_elsewhere_renders_no_node_pools(recorded: Record) -> None:
    site = {"provider": "gcp", "region": "us-central1"}
    kinds = {kind for kind, _ in kubernetes_objects(recorded("local", plan=plan_data(site=site)))}
    assert kinds == {"CapacityPlan", "HelmRelease", "HelmRepository", "Namespace"}


def test_owned_machines_are_left_to_others(recorded: Record) -> None:
    owned = group("cellar", {"option": "owned", "site": "cellar"})
    pools = [pool(groups=[owned, group("on-demand", {"option": "on-demand"})])]
    objects = kubernetes_objects(recorded("local", plan=plan_data(pools=pools)))
    names = [name for kind, name in objects if kind == "NodePool"]
    assert [name for name in names if "cellar" in name] == []
    assert len(names) == 1


def test_the_gpu_operator_can_be_set(recorded: Record) -> None:
    override = {
        "version": "v26.3.3",
        "namespace": "gpus",
        "values": {"operator": {"logging": {"level": "debug"}}},
    }
    stated = {"components": {"GpuOperator": {"migStrategy": "mixed", "override": override}}}
    records = recorded("local", {"accelerators": json.dumps(stated)})
    spec = one(records, "HelmRelease").inputs["spec"]
    assert spec["chart"]["spec"]["version"] == "v26.3.3"
    assert spec["values"]["mig"] == {"strategy": "mixed"}
    assert spec["values"]["operator"] == {"logging": {"level": "debug"}}


@pytest.mark.parametrize(
    ("config", "plan_changes", "error", "says"),
    [
        ({"nat": "none"}, {}, InputError, "trimtab:nat: only counts for aws or hybrid"),
        ({"amiVersion": "newest"}, {}, InputError, "ami_version: String should match"),
        ({"asOf": "2030-01-01"}, {}, StalePlanError, "trimtab:asOf"),
    ],
)
def test_a_mistake_is_one_line(
    recorded: Record,
    config: dict[str, str],
    plan_changes: dict[str, Any],
    error: type[TrimtabError],
    says: str,
) -> None:
    with pytest.raises(error) as caught:
        recorded("local", config, plan_data(**plan_changes))
    assert says in str(caught.value)
