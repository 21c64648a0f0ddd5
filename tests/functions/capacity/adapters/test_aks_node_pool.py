"""AKS node pools: what is written, what is kept and read back, and what is refused."""

import re
from datetime import timedelta
from typing import Any

import pytest

from support.capacity_requests import answer, request
from support.cloud_plans import RESERVATION_GROUP, aks_group, aks_plan, held
from support.plans import START, windows
from trimtab.errors import InputError
from trimtab.plan.document import to_data
from trimtab.plan.model import CapacityPlan
from trimtab.plan.sizing import Sizes
from trimtab.provision.aks.pools import pool_name
from trimtab_functions.capacity.adapters.aks_node_pool import AksNodePool
from trimtab_functions.capacity.adapters.base import Running, Scaling

ADAPTER = AksNodePool()
CLUSTER = (
    "/subscriptions/0/resourceGroups/ours/providers/Microsoft.ContainerService/managedClusters/ml"
)
SPEC = {"region": "eastus", "clusterId": CLUSTER, "clusterName": None}
INPUT = {
    "apiVersion": "capacity.fn.trimtab.dev/v1alpha1",
    "kind": "Input",
    "mode": "Compose",
    "compose": {"as": "AKS"},
}
SPOT = {"option": "spot", "pools": 2}
KEY = "trainer-main-0a1b2c"
NOW = START + timedelta(hours=1)
SPOT_LABEL = "kubernetes.azure.com/scalesetpriority"

Document = dict[str, Any]


def plan_of(purchase: dict[str, Any] | None = None, **changes: Any) -> CapacityPlan:
    return aks_plan(aks_group("main", purchase, **changes))


def base(**provider: Any) -> Document:
    """An earlier step's node pool."""
    return {
        "apiVersion": "containerservice.azure.m.upbound.io/v1beta1",
        "kind": "KubernetesClusterNodePool",
        "metadata": {"labels": {"trimtab.dev/pool": "trainer", "trimtab.dev/group": "main"}},
        "spec": {"forProvider": {"kubernetesClusterIdRef": {"name": "ml"}, **provider}},
    }


def decided(document: Document, plan: CapacityPlan) -> Document:
    """The node pool's forProvider as the plan's only group has it, without sizes."""
    (pool,) = plan.spec.pools
    found = ADAPTER.decide(plan, pool, pool.groups[0], document)
    provider: Document = ADAPTER.planned(document, found)["spec"]["forProvider"]
    return provider


def composed(plan: CapacityPlan | None, **given: Any) -> dict[str, Any]:
    spec = {**SPEC, **given.pop("spec", {})}
    now = given.pop("now", NOW)
    sent = None if plan is None else to_data(plan)
    told: dict[str, Any] = answer(request(sent, spec=spec, step_input=INPUT, **given), now)
    return told


def resources(told: dict[str, Any]) -> dict[str, Document]:
    found = told["desired"].get("resources", {})
    return {key: each["resource"] for key, each in found.items()}


def scaling(document: Document) -> Document:
    words = ("autoScalingEnabled", "minCount", "maxCount", "nodeCount")
    return {k: v for k, v in document["spec"]["forProvider"].items() if k in words}


def exists(document: Document, nodes: int) -> Document:
    """The node pool as the provider reports it."""
    ready = [{"type": "Ready", "status": "True"}]
    return {**document, "status": {"atProvider": {"nodeCount": nodes}, "conditions": ready}}


@pytest.mark.parametrize(
    ("purchase", "expected"),
    [
        ({"option": "on-demand"}, {"priority": "Regular"}),
        (SPOT, {"priority": "Spot", "evictionPolicy": "Delete", "spotMaxPrice": -1}),
        (
            held(RESERVATION_GROUP, "eastus-2"),
            {"priority": "Regular", "capacityReservationGroupId": RESERVATION_GROUP},
        ),
    ],
    ids=["on demand", "spot", "a capacity reservation group"],
)
def test_a_purchase_option_is_written_and_another_ones_words_go(
    purchase: dict[str, Any], expected: dict[str, Any]
) -> None:
    words = ("priority", "evictionPolicy", "spotMaxPrice", "capacityReservationGroupId")
    other = {
        "priority": "Spot",
        "evictionPolicy": "Deallocate",
        "spotMaxPrice": 3,
        "capacityReservationGroupId": "/subscriptions/other",
        "zones": ["1", "2", "3"],
    }
    provider = decided(base(**other), plan_of(purchase))
    assert {each: provider[each] for each in words if each in provider} == expected
    assert provider["vmSize"] == "Standard_ND96asr_v4"
    assert provider["zones"] == (["2"] if purchase["option"] == "reserved" else ["1", "2", "3"])
    assert provider["gpuDriver"] == "Install"


def test_what_an_earlier_step_states_besides_stays() -> None:
    own = {
        "gpuDriver": "None",
        "gpuInstance": "MIG1g",
        "osDiskSizeGb": 300.0,
        "nodeLabels": {"own": "1", "trimtab.dev/pool": "another"},
        "tags": {"cost-centre": "7"},
        "nodeTaints": ["own=1:NoSchedule", "spot-only=old:NoSchedule"],
        "upgradeSettings": {"maxSurge": "50%", "drainTimeoutInMinutes": 9.0},
    }
    taints = [{"key": "spot-only", "value": "true", "effect": "NoSchedule"}]
    regular = decided(base(**own), plan_of(taints=taints))
    assert regular["upgradeSettings"] == own["upgradeSettings"]
    provider = decided(base(**own), plan_of(SPOT, taints=taints))
    # AKS takes no surge of a Spot pool.
    assert provider["upgradeSettings"] == {"drainTimeoutInMinutes": 9}
    for each in ("gpuDriver", "gpuInstance", "osDiskSizeGb"):
        assert provider[each] == own[each]
    assert provider["nodeLabels"] == {
        "own": "1",
        "gpu-type": "nvidia-a100",
        "trimtab.dev/pool": "trainer",
        "trimtab.dev/group": "main",
        "trimtab.dev/purchase-option": "spot",
        SPOT_LABEL: "spot",
    }
    assert provider["tags"]["cost-centre"] == "7"
    assert provider["tags"]["trimtab:group-key"] == KEY
    assert provider["nodeTaints"] == [
        "own=1:NoSchedule",
        "spot-only=true:NoSchedule",
        f"{SPOT_LABEL}=spot:NoSchedule",
    ]


@pytest.mark.parametrize(
    ("plan", "message"),
    [
        (plan_of(windows=windows((0, 1, 1001))), "a node pool of AKS takes 1000"),
        (plan_of(held("cr-1", "1")), "is no capacity reservation group of Azure"),
        (plan_of(held(RESERVATION_GROUP, "westus-1")), "westus-1 is no zone of eastus"),
        (plan_of(offers=[{"instanceType": "p4d.24xlarge"}]), "is no VM size of Azure"),
    ],
    ids=["too many nodes", "a reservation of AWS", "a zone of another region", "a machine of AWS"],
)
def test_a_group_that_aks_cannot_have_is_refused(plan: CapacityPlan, message: str) -> None:
    with pytest.raises(InputError) as caught:
        decided(base(), plan)
    assert message in str(caught.value)


def test_a_node_pool_of_other_words_is_another_generation() -> None:
    plan = plan_of(held(RESERVATION_GROUP, "1"))
    (pool,) = plan.spec.pools
    wanted: Any = ADAPTER.decide(plan, pool, pool.groups[0], base()).fixed
    there = {
        "vmSize": "standard_nd96asr_v4",
        "capacityReservationGroupId": RESERVATION_GROUP.upper(),
    }
    for changes, same in (
        ({}, True),
        ({"vmSize": None}, True),
        ({"vmSize": "Standard_D4s_v5"}, False),
        ({"capacityReservationGroupId": None}, False),
        ({"priority": "Spot"}, False),
    ):
        assert ADAPTER.fixed(base(**{**there, **changes})).gives(wanted) is same, changes


@pytest.mark.parametrize(
    ("provider", "initial", "reported", "expected"),
    [
        ({}, None, None, Running(None)),
        (
            {"autoScalingEnabled": True, "minCount": 2.0, "maxCount": 9.0},
            5.0,
            None,
            Running(Sizes(2, 5, 9), 5),
        ),
        (
            {"autoScalingEnabled": True, "minCount": 2.0, "maxCount": 9.0},
            5.0,
            {"nodeCount": 7.0},
            Running(Sizes(2, 7, 9), 5),
        ),
        ({}, None, {"autoScalingEnabled": True, "maxCount": 3.0, "nodeCount": 0.0}, Running(Sizes(0, 0, 3))),
        ({"autoScalingEnabled": False, "nodeCount": 4.0}, None, {"nodeCount": 3.0}, Running(Sizes(4, 3, 4))),
        ({"autoScalingEnabled": True, "maxCount": "x"}, None, {"nodeCount": 3.0}, Running(None)),
    ],
    ids=["nothing", "being created", "autoscaled", "only reported", "a fixed number", "nonsense"],
)  # fmt: skip
def test_what_runs_is_read(
    provider: dict[str, Any], initial: float | None, reported: dict[str, Any] | None, expected: Running
) -> None:  # fmt: skip
    document = base(**provider)
    if initial is not None:
        document["spec"]["initProvider"] = {"nodeCount": initial}
    if reported is not None:
        document["status"] = {"atProvider": reported}
    assert ADAPTER.running(document) == expected


def test_sizes_are_written() -> None:
    document = base(nodeCount=7, minCount=1)
    document["spec"]["initProvider"] = {"nodeCount": 7}
    some = ADAPTER.sized(document, Scaling(Sizes(2, 3, 9), 3))
    bounds = {"autoScalingEnabled": True, "minCount": 2, "maxCount": 9}
    assert (scaling(some), some["spec"]["initProvider"]) == (bounds, {"nodeCount": 3})
    raised = ADAPTER.sized(document, Scaling(Sizes(4, 4, 9), 3, enforced=4))
    assert scaling(raised) == {**bounds, "minCount": 4, "nodeCount": 4}
    none = ADAPTER.sized(document, Scaling(Sizes(0, 0, 0), 0))
    assert scaling(none) == {"autoScalingEnabled": False, "nodeCount": 0}
    assert "initProvider" not in none["spec"]


# --- Through the whole function --------------------------------------------------------------------


def test_groups_are_composed_as_the_plan_has_them() -> None:
    found = resources(composed(aks_plan()))
    assert sorted(found) == [
        f"trainer-{each}-0a1b2c" for each in ("held", "on-demand", "reserved", "spot")
    ]
    for key, document in found.items():
        name = document["metadata"]["annotations"]["crossplane.io/external-name"]
        assert name == pool_name(key)
        assert document["spec"]["forProvider"]["kubernetesClusterId"] == CLUSTER
        assert "LateInitialize" not in document["spec"]["managementPolicies"]
    by_ref = resources(composed(plan_of(), spec={"clusterId": None, "clusterName": "ml"}))[KEY]
    assert by_ref["spec"]["forProvider"]["kubernetesClusterIdRef"] == {"name": "ml"}


def test_a_raise_states_the_count_and_then_releases_it() -> None:
    plan = plan_of()
    first = resources(composed(plan))[KEY]
    assert scaling(first) == {"autoScalingEnabled": True, "minCount": 2, "maxCount": 4}
    later = START + timedelta(hours=5)
    raised = resources(composed(plan, observed={KEY: exists(first, 2)}, now=later))[KEY]
    assert scaling(raised) == {
        "autoScalingEnabled": True,
        "minCount": 3,
        "maxCount": 6,
        "nodeCount": 3,
    }
    released = resources(composed(plan, observed={KEY: exists(raised, 3)}, now=later))[KEY]
    assert scaling(released) == {"autoScalingEnabled": True, "minCount": 3, "maxCount": 6}


def test_a_lost_plan_keeps_what_runs() -> None:
    made = resources(composed(plan_of(SPOT)))[KEY]
    lost = resources(composed(None, observed={KEY: exists(made, 3)}))[KEY]
    assert lost["spec"] == made["spec"]
    step = base(osDiskSizeGb=64, priority="Regular", nodeCount=9)
    held_back = ADAPTER.held(exists(made, 3), step)["spec"]["forProvider"]
    assert held_back["osDiskSizeGb"] == 64
    assert held_back["priority"] == "Spot"
    assert "nodeCount" not in held_back


def test_a_pools_template_is_split_under_names_that_aks_takes() -> None:
    for annotations in ({}, {"crossplane.io/external-name": "gpus"}):
        step = base()
        step["metadata"] = {"labels": {"trimtab.dev/pool": "trainer"}, "annotations": annotations}
        found = resources(composed(aks_plan(), spec={"pools": []}, desired={"workers": step}))
        assert len(found) == 4
        names = {
            each["metadata"]["annotations"]["crossplane.io/external-name"]
            for each in found.values()
        }
        assert len(names) == 4
        assert all(re.fullmatch(r"[a-z][a-z0-9]{0,11}", each) for each in names)
        if not annotations:
            # As the component names them, so that either may follow the other.
            assert pool_name("trainer-spot-0a1b2c") in names


def test_an_earlier_steps_own_pool_keeps_its_name() -> None:
    told = answer(
        request(
            to_data(plan_of()),
            spec=SPEC,
            step_input={**INPUT, "mode": "Inject"},
            desired={"workers": base()},
        ),
        NOW,
    )
    annotations = resources(told)["workers"]["metadata"].get("annotations", {})
    assert "crossplane.io/external-name" not in annotations


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"clusterName": "ml"}, "give clusterId or clusterName"),
        ({"nodeSettings": {"trainer": {"placementGroup": True}}}, "proximity placement group"),
        ({"nodeSettings": {"trainer": {"efa": True}}}, "AKS has no efa"),
        ({"tags": {"managed-by": "me"}}, "managed-by is set from the plan"),
    ],
    ids=["two clusters", "a placement group", "EFA", "a tag of the plan's"],
)
def test_settings_that_do_not_fit_are_refused(spec: dict[str, Any], message: str) -> None:
    told = composed(plan_of(), spec=spec)
    assert message in " ".join(each["message"] for each in told["conditions"])
    assert resources(told) == {}
