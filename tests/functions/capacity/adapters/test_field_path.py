"""Sizes by the paths of fields: any kind, managed or plain, of a pool or a group."""

import copy
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.capacity_requests import answer, request
from support.plans import START, group, plan, pool, windows
from trimtab.plan.document import to_data
from trimtab.plan.model import CapacityPlan
from trimtab_functions.capacity.adapters.field_path_owners import composed_part, only_composed

NOW = START + timedelta(hours=1)
LATER = START + timedelta(hours=5)
BOUNDS = "trimtab.dev/bounds"
COMPOSED = "apiextensions.crossplane.io/composed/0123"

Document = dict[str, Any]

ASG = {"min": "spec.forProvider.minSize", "max": "spec.forProvider.maxSize",
       "desired": "spec.forProvider.desiredCapacity", "running": "status.atProvider.size"}  # fmt: skip
SET = {
    "min": "spec.min",
    "max": "spec.max",
    "desired": "spec.replicas",
    "running": "status.replicas",
}


def plan_of(*sizes: tuple[int, int, int], units: float = 8.0) -> CapacityPlan:
    """Two groups of one pool, alike."""
    held = windows(*(sizes or ((2, 3, 4), (1, 2, 3))))
    groups = [
        group(name, {"option": option}, windows=held, unitsPerNode=units)
        for name, option in (("a", "on-demand"), ("b", "reserved"))
    ]
    groups[1]["purchase"]["term"] = "1y"
    return plan(pools=[pool(groups=groups)])


def managed(**provider: Any) -> Document:
    return {
        "apiVersion": "autoscaling.example.org/v1",
        "kind": "ScalingGroup",
        "metadata": {"labels": {"app": "own"}},
        "spec": {"forProvider": {"region": "us-east-1", **provider}},
    }


def plain(**spec: Any) -> Document:
    return {"apiVersion": "scaling.example.org/v1", "kind": "Set", "spec": {"class": "a", **spec}}


def run(
    sent: CapacityPlan | None,
    document: Document,
    fields: dict[str, str],
    *,
    observed: Document | None = None,
    group_name: str | None = None,
    now: Any = NOW,
    mode: str = "Inject",
) -> dict[str, Any]:
    target: dict[str, Any] = {"match": {"name": "any"}, "pool": "trainer", "fields": fields}
    if group_name is not None:
        target["group"] = group_name
    step_input = {
        "apiVersion": "capacity.fn.trimtab.dev/v1alpha1",
        "kind": "Input",
        "mode": mode,
        "targets": [target],
    }
    req = request(
        None if sent is None else to_data(sent),
        spec={"pools": []},
        step_input=step_input,
        desired={"any": document},
        observed={} if observed is None else {"any": observed},
    )
    told: dict[str, Any] = answer(req, now)
    return told


def written(told: dict[str, Any]) -> Document:
    found: Document = told["desired"]["resources"]["any"]["resource"]
    return found


def refused(told: dict[str, Any]) -> str:
    (found,) = [each for each in told["conditions"] if each["type"] == "CapacityPlanned"]
    assert found["reason"] == "GroupsRefused", found
    return str(found["message"])


def as_it_is(document: Document, replicas: int | None = None, owner: str = COMPOSED) -> Document:
    """The object as the API server has it: its replicas owned by one manager."""
    found = copy.deepcopy(document)
    if replicas is not None:
        found["spec"]["replicas"] = replicas
        found["status"] = {"replicas": replicas}
    operation = "Apply" if owner == COMPOSED else "Update"
    fields: dict[str, Any] = {"f:spec": {"f:replicas": {}}}
    found["metadata"] = {
        **found.get("metadata", {}),
        "managedFields": [{"manager": owner, "operation": operation, "fieldsV1": fields}],
    }
    return found


# --- Managed resources ----------------------------------------------------------------------------


def test_a_pools_groups_are_added_up_in_a_managed_resource() -> None:
    found = written(run(plan_of(), managed(desiredCapacity=9), ASG))
    assert found["spec"] == {
        "forProvider": {"region": "us-east-1", "minSize": 4, "maxSize": 8},
        "initProvider": {"desiredCapacity": 6},
        "managementPolicies": ["Observe", "Create", "Update", "Delete"],
    }
    assert found["metadata"]["annotations"] == {BOUNDS: "2026-11-01T00:00:00Z 4..8"}
    assert found["metadata"]["labels"]["app"] == "own"
    assert found["metadata"]["labels"]["trimtab.dev/pool"] == "trainer"


def test_a_group_alone_and_units_rather_than_nodes() -> None:
    found = written(run(plan_of(), managed(), ASG, group_name="a"))
    assert found["spec"]["forProvider"]["maxSize"] == 4
    assert found["metadata"]["labels"]["trimtab.dev/group"] == "a"
    units = {**ASG, "unit": "units"}
    found = written(run(plan_of(units=2.5), managed(), units))
    assert found["spec"]["forProvider"] == {"region": "us-east-1", "minSize": 10, "maxSize": 20}


def test_only_what_the_target_names_is_written() -> None:
    found = written(run(plan_of(), managed(), {"max": ASG["max"]}))
    assert found["spec"]["forProvider"] == {"region": "us-east-1", "maxSize": 8}
    assert "initProvider" not in found["spec"]


def test_text_stays_text() -> None:
    found = written(run(plan_of(), managed(minSize="0", maxSize="1"), ASG))
    assert found["spec"]["forProvider"]["minSize"] == "4"


def test_what_runs_stays_within_the_bounds_and_they_shrink_by_steps() -> None:
    first = written(run(plan_of((10, 12, 20), (1, 2, 3)), managed(), ASG))
    there = {**first, "status": {"atProvider": {"size": 37}}}
    second = run(plan_of((10, 12, 20), (1, 2, 3)), managed(), ASG, observed=there, now=LATER)
    found = written(second)
    provider = found["spec"]["forProvider"]
    assert 2 < provider["minSize"] < 20
    assert provider["maxSize"] == 37
    assert "max held at the 37 that run" in str(second)
    low, high = found["metadata"]["annotations"][BOUNDS].split()[1].split("..")
    assert int(low) == provider["minSize"]
    assert 6 < int(high) < 37
    # The number to create with is never changed afterwards.
    assert found["spec"]["initProvider"] == {"desiredCapacity": 24}


def test_without_a_plan_the_sizes_are_exactly_those_that_are_there() -> None:
    first = written(run(plan_of(), managed(), ASG))
    there = {**first, "status": {"atProvider": {"size": 7}}}
    there["spec"]["forProvider"]["maxSize"] = 99
    step = managed(minSize=0, maxSize=1, desiredCapacity=0, colour="blue")
    kept = written(run(None, step, ASG, observed=there))
    assert kept["spec"]["forProvider"] == {
        "region": "us-east-1", "colour": "blue", "minSize": 4, "maxSize": 99,
    }  # fmt: skip
    assert kept["spec"]["initProvider"] == {"desiredCapacity": 6}
    assert kept["metadata"]["annotations"] == {BOUNDS: "2026-11-01T00:00:00Z 4..8"}


def test_without_a_plan_nothing_is_created() -> None:
    told = run(None, managed(minSize=0), ASG)
    assert "resources" not in told["desired"]


# --- Plain objects --------------------------------------------------------------------------------


def test_a_plain_objects_desired_size_is_stated_until_somebody_else_moves_it() -> None:
    first = written(run(plan_of(), plain(replicas=1), SET))
    assert first["spec"] == {"class": "a", "min": 4, "max": 8, "replicas": 6}
    assert "managementPolicies" not in first["spec"]
    ours = as_it_is(first, 6)
    assert written(run(plan_of(), plain(replicas=1), SET, observed=ours))["spec"]["replicas"] == 6
    assert written(run(None, plain(replicas=1), SET, observed=ours))["spec"]["replicas"] == 6
    moved = as_it_is(first, 7, owner="autoscaler")
    for sent in (plan_of(), None):
        found = written(run(sent, plain(replicas=1), SET, observed=moved))["spec"]
        assert found == {"class": "a", "min": 4, "max": 8}


def test_what_reports_nothing_is_damped_all_the_same() -> None:
    fields = {"min": SET["min"], "max": SET["max"]}
    sizes = plan_of((20, 20, 40), (0, 0, 2))
    first = written(run(sizes, plain(), fields))
    found = written(run(sizes, plain(), fields, observed=first, now=LATER))["spec"]
    assert 4 < found["max"] < 80
    # Before anything was remembered, the bounds that stand are what is shrunk from.
    stranger = plain(min=50, max=90)
    found = written(run(sizes, plain(), fields, observed=stranger, now=LATER))["spec"]
    assert 4 < found["max"] < 90
    assert 0 < found["min"] < 50


@pytest.mark.parametrize("mode", ["Inject", "Compose"])
def test_an_adapters_kind_is_sized_by_fields_where_a_target_says_so(mode: str) -> None:
    node_group = {
        "apiVersion": "eks.aws.m.upbound.io/v1beta1",
        "kind": "NodeGroup",
        "metadata": {"labels": {"trimtab.dev/pool": "trainer"}},
        "spec": {"forProvider": {"region": "us-east-1"}},
    }
    fields = {"max": "spec.forProvider.own.max"}
    found = written(run(plan_of(), node_group, fields, mode=mode))
    assert found["spec"]["forProvider"] == {"region": "us-east-1", "own": {"max": 8}}
    for sent in (plan_of(), None):
        assert written(run(sent, node_group, fields, observed=found, mode=mode)) == found


def test_an_object_of_provider_kubernetes_takes_no_desired_size() -> None:
    document = {
        "apiVersion": "kubernetes.m.crossplane.io/v1alpha1",
        "kind": "Object",
        "spec": {"forProvider": {"manifest": {"kind": "Set"}}},
    }
    inside = "spec.forProvider.manifest.spec"
    told = run(plan_of(), document, {"max": f"{inside}.max", "desired": f"{inside}.replicas"})
    assert "an Object enforces all of its manifest" in refused(told)
    found = written(run(plan_of(), document, {"max": f"{inside}.max"}))
    assert found["spec"]["forProvider"]["manifest"] == {"kind": "Set", "spec": {"max": 8}}


# --- Owners ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("managers", "expected"),
    [
        ([], False),
        ([(COMPOSED, "Apply", {"f:spec": {"f:replicas": {}}})], True),
        ([(COMPOSED, "Apply", {"f:spec": {}})], True),
        ([(COMPOSED, "Apply", {"f:spec": {"f:other": {}}})], False),
        ([(COMPOSED, "Update", {"f:spec": {"f:replicas": {}}})], False),
        ([("kubectl", "Apply", {"f:spec": {"f:replicas": {}}})], False),
        (
            [
                (COMPOSED, "Apply", {"f:spec": {"f:replicas": {}}}),
                ("autoscaler", "Update", {"f:spec": {"f:replicas": {}}}),
            ],
            False,
        ),
    ],
    ids=["nobody", "Crossplane", "all of spec", "another field", "no apply", "kubectl", "two"],
)
def test_who_owns_a_field(managers: list[tuple[str, str, Any]], expected: bool) -> None:
    document = plain(replicas=3)
    document["metadata"] = {
        "managedFields": [
            {"manager": name, "operation": operation, "fieldsV1": fields}
            for name, operation, fields in managers
        ]
    }
    assert only_composed(document, ("spec", "replicas")) is expected
    del document["spec"]["replicas"]
    assert not only_composed(document, ("spec", "replicas"))


def test_what_was_applied_is_told_from_what_others_wrote() -> None:
    document = plain(
        replicas=3,
        taints=[
            {"key": "a", "effect": "b", "value": "1", "seen": True},
            {"key": "theirs", "effect": "b"},
        ],
        names=["ours", "theirs"],
        whole={"a": [1, 2]},
    )
    document["metadata"] = {
        "name": "x",
        "labels": {"own": "1", "crossplane.io/composite": "x", "theirs": "1"},
        "annotations": {"crossplane.io/external-name": "x", "crossplane.io/else": "x", "a": "b"},
        "managedFields": [
            {"manager": "other", "operation": "Apply", "fieldsV1": {"f:spec": {"f:replicas": {}}}},
            {
                "manager": COMPOSED,
                "operation": "Apply",
                "fieldsV1": {
                    "f:metadata": {
                        "f:labels": {"f:own": {}, "f:crossplane.io/composite": {}},
                        "f:annotations": {
                            "f:crossplane.io/external-name": {},
                            "f:crossplane.io/else": {},
                        },
                    },
                    "f:spec": {
                        "f:class": {},
                        "f:taints": {
                            'k:{"effect":"b","key":"a"}': {".": {}, "f:effect": {}, "f:key": {}, "f:value": {}}
                        },
                        "f:names": {".": {}, 'v:"ours"': {}},
                        "f:whole": {},
                        "f:gone": {},
                    },
                },
            },
        ],
    }  # fmt: skip
    assert composed_part(document) == {
        "apiVersion": "scaling.example.org/v1",
        "kind": "Set",
        "metadata": {
            "labels": {"own": "1"},
            "annotations": {"crossplane.io/external-name": "x"},
        },
        "spec": {
            "class": "a",
            "taints": [{"key": "a", "effect": "b", "value": "1"}],
            "names": ["ours"],
            "whole": {"a": [1, 2]},
        },
    }
    del document["metadata"]["managedFields"]
    assert composed_part(document) is None


_JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["f:spec", "f:replicas", "k:x", "v:1", "k:{}", ".", "spec", "replicas"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(_JUNK, _JUNK, _JUNK)
def test_no_malformed_object_is_a_crash(spec: object, fields: object, managers: object) -> None:
    entry = {"manager": COMPOSED, "operation": "Apply", "fieldsV1": fields}
    for found in ([entry], managers):
        document: Any = {"spec": spec, "metadata": {"managedFields": found}}
        only_composed(document, ("spec", "replicas"))
        composed_part(document)
