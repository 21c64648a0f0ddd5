"""What can go wrong around the capacity function in a real control plane: nothing may shrink.

No AWS provider runs: the test writes what one would report into the node groups' status.
"""

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import yaml

from support.capacity_cluster import (
    NODE_GROUP_SET,
    PLAN,
    ROOT,
    CapacityControlPlane,
    Cluster,
    eventually,
    in_seconds,
    node_group_set,
    plan_now,
)
from support.kube_api import KubeApi, KubeError
from support.recording_function import recording_function
from trimtab.plan.schema import CRD_FILE

pytestmark = pytest.mark.engine


def test_an_expired_plan_keeps_what_runs_and_says_so(cluster: Cluster) -> None:
    cluster.runs()
    expires = in_seconds(2)
    cluster.apply_plan((2, 3, 4), valid_until=expires)
    # The response lives until then; nobody edits the XR.
    condition = cluster.awaits_reason("PlanUsable", "PlanExpired")
    assert condition["status"] == "False"
    assert f"{expires:%Y-%m-%dT%H:%M:%SZ}" in condition["message"]
    assert cluster.reasons()["CapacityPlanned"] == "KeptRunning"
    spec = cluster.spec()
    assert spec["forProvider"]["scalingConfig"] == {"minSize": 2, "maxSize": 4}
    # Its autoscaler goes on within the bounds, and is not fought over.
    cluster.report(2)
    cluster.assert_stays(spec)
    cluster.report(4)
    cluster.assert_stays(spec)
    assert cluster.reasons()["Ready"] == "Available"
    cluster.apply_plan((3, 4, 6))
    cluster.awaits(minSize=3, maxSize=6)
    cluster.awaits_reason("CapacityPlanned", "AsPlanned")


@contextmanager
def unvalidated_plans(api: KubeApi) -> Iterator[None]:
    """The CRD of plans without its schema: as if an object of another release were stored."""
    published = yaml.safe_load((ROOT / CRD_FILE).read_text("utf-8"))
    lax = copy.deepcopy(published)
    for version in lax["spec"]["versions"]:
        version["schema"]["openAPIV3Schema"] = {
            "type": "object",
            "x-kubernetes-preserve-unknown-fields": True,
        }
    api.apply_all([lax])
    try:
        yield
    finally:
        api.apply_all([published])


CORRUPTIONS: dict[str, tuple[list[str | int], object, str]] = {
    "a size that is a word": (["pools", 0, "groups", 0, "windows", 0, "min"], "none", "min"),
    "a negative size": (["pools", 0, "groups", 0, "windows", 0, "min"], -5, "min"),
    "no pools": (["pools"], [], "pools"),
    "a field that nobody knows": (["discount"], 0.5, "discount"),
}


def test_a_corrupted_plan_keeps_what_runs_and_names_the_field(cluster: Cluster) -> None:
    spec = cluster.runs()
    corrupted = {}
    for what, (path, value, named) in CORRUPTIONS.items():
        plan = plan_now((0, 0, 1))
        place: Any = plan["spec"]
        for part in path[:-1]:
            place = place[part]
        place[path[-1]] = value
        # The published schema lets none of them in.
        with pytest.raises(KubeError, match=named):
            cluster.apply(plan)
        corrupted[what] = plan
    with unvalidated_plans(cluster.api):
        for what, plan in corrupted.items():
            # A changed schema is in force a moment later, and so are the watches of the kind.
            await_stored(cluster, plan)
            assert "PlanInvalid" in cluster.awaits_said(CORRUPTIONS[what][2]), what
            cluster.assert_stays(spec)
            assert cluster.reasons()["CapacityPlanned"] == "KeptRunning"
        await_stored(cluster, plan_now((3, 4, 8)))
        cluster.awaits_said("PlanFound")
    cluster.awaits(minSize=3, maxSize=8)


def await_stored(cluster: Cluster, plan: dict[str, Any]) -> None:
    """Apply a plan as soon as the API server takes it."""

    def applied() -> bool:
        try:
            cluster.apply(plan)
        except KubeError:
            return False
        return True

    eventually(applied, bool)


def test_a_deleted_plan_keeps_what_runs_and_creates_nothing(cluster: Cluster) -> None:
    spec = cluster.runs()
    cluster.delete_plan()
    condition = cluster.awaits_reason("PlanUsable", "PlanNotFound")
    assert f"{cluster.namespace}/example" in condition["message"]
    cluster.assert_stays(spec)
    late = Cluster(cluster.api, cluster.namespace, "late")
    late.touch()
    late.awaits_reason("PlanUsable", "PlanNotFound")
    assert late.node_groups() == {}
    cluster.apply_plan((2, 3, 5))
    cluster.awaits(minSize=2, maxSize=5)
    late.touch()
    late.awaits(minSize=2, maxSize=5)


def test_a_bootstrap_requirement_brings_the_plan_with_the_first_call(
    cluster: Cluster, with_function: CapacityControlPlane
) -> None:
    core = with_function.core
    cluster.apply(plan_now((2, 3, 4)))
    with recording_function(
        with_function.function.target, core.function_certificates, core.client_certificates
    ) as recording:
        core.register_function("function-recording", recording.port)
        bootstrap = {
            "requirementName": "capacity-plan",
            "apiVersion": PLAN[0],
            "kind": PLAN[1],
            "namespace": cluster.namespace,
            "name": "example",
        }
        called = {}
        for name, requirements in (("asks", []), ("brings", [bootstrap])):
            compose_through(cluster.api, "function-recording", name, requirements)
            xr = node_group_set(cluster.namespace, name)
            xr["spec"]["crossplane"] = {"compositionRef": {"name": name}}
            cluster.api.apply(xr)
            Cluster(cluster.api, cluster.namespace, name).awaits(minSize=2, maxSize=4)
            called[name] = recording.requests_with(name)
    rule = plan_now((2, 3, 4))["spec"]["evidence"]["decisions"][0]["rule"].encode()
    assert rule not in called["asks"][0]
    assert rule in called["asks"][1]
    assert rule in called["brings"][0]


def compose_through(
    api: KubeApi, function: str, name: str, requirements: list[dict[str, Any]]
) -> None:
    """Make a Composition of NodeGroupSets with one step, and wait until it can be used."""
    api.apply(
        {
            "apiVersion": "apiextensions.crossplane.io/v1",
            "kind": "Composition",
            "metadata": {"name": name},
            "spec": {
                "compositeTypeRef": {"apiVersion": NODE_GROUP_SET[0], "kind": NODE_GROUP_SET[1]},
                "mode": "Pipeline",
                "pipeline": [
                    {
                        "step": "capacity",
                        "functionRef": {"name": function},
                        "requirements": {"requiredResources": requirements},
                        "input": {
                            "apiVersion": "capacity.fn.trimtab.dev/v1alpha1",
                            "kind": "Input",
                            "plan": {"name": "example"},
                        },
                    }
                ],
            },
        }
    )
    label = "crossplane.io/composition-name"
    eventually(
        lambda: api.list_all("apiextensions.crossplane.io/v1", "CompositionRevision"),
        lambda found: any(each["metadata"]["labels"][label] == name for each in found),
    )
