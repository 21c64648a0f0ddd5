"""What holds for every kind that launches nodes: an answer that was carried out is given again and tells
of no change, a lost plan changes nothing, and nothing shrinks within a window."""

import copy
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from support.capacity_requests import answer, request
from support.cloud_plans import aks_group, aks_plan, gke_group, gke_plan
from support.plans import START, group, plan_data, pool
from trimtab.plan.document import to_data

NOW = START + timedelta(hours=1)
STEP = {"apiVersion": "capacity.fn.trimtab.dev/v1alpha1", "kind": "Input"}
CLUSTER = (
    "/subscriptions/0/resourceGroups/ours/providers/Microsoft.ContainerService/managedClusters/ml"
)
SPOT = {"option": "spot", "pools": 2}
MAIN = group("main", {"option": "on-demand"})
PLAN = plan_data(pools=[pool(groups=[MAIN])])
PAIR = plan_data(pools=[pool(groups=[MAIN, group("spot", SPOT)])])
MACHINES: dict[str, Any] = {
    "apiVersion": "cluster.x-k8s.io/v1beta2",
    "kind": "MachineDeployment",
    "metadata": {"labels": {"trimtab.dev/pool": "trainer", "trimtab.dev/group": "main"}},
    "spec": {
        "clusterName": "ml",
        "template": {
            "spec": {
                "clusterName": "ml",
                "bootstrap": {"configRef": {"kind": "KubeadmConfigTemplate", "name": "main"}},
                "infrastructureRef": {"kind": "AWSMachineTemplate", "name": "main-p4d"},
            }
        },
    },
}


@dataclass(frozen=True)
class Kind:
    """A kind, and what composes it; `pair` is a plan of two groups."""

    name: str
    plan: Any
    pair: Any
    spec: dict[str, Any] = field(default_factory=dict)
    desired: dict[str, Any] = field(default_factory=dict)

    def request(self, plan: Any, observed: dict[str, Any]) -> Any:
        step = {**STEP, "compose": {"as": self.name}}
        return request(
            plan,
            spec=self.spec,
            step_input=step,
            observed=observed,
            desired=copy.deepcopy(self.desired),
        )


KINDS = [
    Kind("EKS", PLAN, PAIR),
    Kind(
        "GKE",
        to_data(gke_plan(gke_group("main"))),
        to_data(gke_plan(gke_group("main"), gke_group("spot", SPOT))),
        {
            "region": "us-central1",
            "cluster": "ml",
            "project": "my-project",
            "zones": ["us-central1-a", "us-central1-b", "us-central1-c"],
        },
    ),
    Kind(
        "AKS",
        to_data(aks_plan(aks_group("main"))),
        to_data(aks_plan(aks_group("main"), aks_group("spot", SPOT))),
        {"region": "eastus", "clusterId": CLUSTER, "clusterName": None},
    ),
    Kind("Karpenter", PLAN, PAIR, {"karpenter": {"overlays": True}}),
    Kind("ClusterAPI", PLAN, PAIR, {"pools": None}, {"machines": MACHINES}),
]


def carried_out(told: dict[str, Any], *, ready: bool = True) -> dict[str, Any]:
    """What was desired, as it exists."""
    found = {}
    for key, each in copy.deepcopy(told["desired"]["resources"]).items():
        document = each["resource"]
        document["metadata"] |= {"uid": "1", "name": f"{key}-x1"}
        state = "True" if ready else "False"
        conditions = [{"type": each, "status": state} for each in ("Ready", "Available")]
        found[key] = {**document, "status": {"conditions": conditions}}
    return found


def documents(told: dict[str, Any]) -> dict[str, Any]:
    """What is desired, but for readiness."""
    return {
        key: {**each["resource"], "metadata": {**each["resource"]["metadata"], "name": None}}
        for key, each in told["desired"]["resources"].items()
    }


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_what_was_carried_out_is_desired_again_and_is_no_change(kind: Kind) -> None:
    first = answer(kind.request(kind.plan, {}), NOW)
    assert first["conditions"][1]["reason"] == "AsPlanned"
    assert [each["severity"] for each in first["results"]] == ["SEVERITY_NORMAL"]
    # What a size was created with may be stated only then.
    second = answer(kind.request(kind.plan, carried_out(first)), NOW)
    assert "results" not in second
    assert second["conditions"] == first["conditions"]
    third = answer(kind.request(kind.plan, carried_out(second)), NOW)
    assert documents(third) == documents(second)
    assert "results" not in third


@pytest.mark.parametrize("plan", [None, False], ids=["absent", "unfetched"])
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_lost_plan_changes_nothing(kind: Kind, plan: Any) -> None:
    first = answer(kind.request(kind.plan, {}), NOW)
    second = answer(kind.request(kind.plan, carried_out(first)), NOW)
    kept = answer(kind.request(plan, carried_out(second)), NOW)
    assert documents(kept) == documents(second)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_without_a_plan_nothing_is_created(kind: Kind) -> None:
    assert "resources" not in answer(kind.request(None, {}), NOW)["desired"]


def moved(told: dict[str, Any]) -> set[str]:
    """The bounds decided last of what launches nodes."""
    found = (
        each["resource"]["metadata"].get("annotations", {}).get("trimtab.dev/bounds")
        for each in told["desired"]["resources"].values()
    )
    return {each for each in found if each is not None}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_what_is_ready_lets_the_others_shrink(kind: Kind) -> None:
    """Whatever a kind can report of its nodes: no group waits for the others for ever."""
    told = answer(kind.request(kind.pair, {}), NOW)
    for hours in (4, 4, 4, 8):
        told = answer(
            kind.request(kind.pair, carried_out(told)), START + timedelta(hours=hours, minutes=1)
        )
    assert all(each.startswith("2026-11-01T08:00:00Z") for each in moved(told)), moved(told)
    assert moved(told)
