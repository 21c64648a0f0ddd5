"""GKE NodePools: what is written, what is kept and read back, and what is refused."""

from datetime import timedelta
from typing import Any

import pytest

from support.capacity_requests import answer, request
from support.cloud_plans import gke_group, gke_plan, held, tpu_group
from support.plans import START, windows
from trimtab.errors import InputError
from trimtab.plan.document import to_data
from trimtab.plan.model import CapacityPlan
from trimtab_functions.capacity.adapters.base import Fixed
from trimtab_functions.capacity.adapters.gke_node_pool import GkeNodePool

ADAPTER = GkeNodePool()
ZONES = ["us-central1-a", "us-central1-b", "us-central1-c"]
SPEC = {"region": "us-central1", "cluster": "ml", "project": "my-project", "zones": ZONES}
INPUT = {
    "apiVersion": "capacity.fn.trimtab.dev/v1alpha1",
    "kind": "Input",
    "mode": "Compose",
    "compose": {"as": "GKE"},
}
SPOT = {"option": "spot", "pools": 2}
KEY = "trainer-main-0a1b2c"
NOW = START + timedelta(hours=1)

Document = dict[str, Any]


def plan_of(purchase: dict[str, Any] | None = None, **changes: Any) -> CapacityPlan:
    return gke_plan(gke_group("main", purchase, **changes))


def base(**provider: Any) -> Document:
    """An earlier step's node pool."""
    stated = {"location": "us-central1", "nodeLocations": ZONES, **provider}
    return {
        "apiVersion": "container.gcp.m.upbound.io/v1beta1",
        "kind": "NodePool",
        "metadata": {"labels": {"trimtab.dev/pool": "trainer", "trimtab.dev/group": "main"}},
        "spec": {"forProvider": stated},
    }


def decided(document: Document, plan: CapacityPlan) -> Document:
    """The node pool's forProvider as the plan's only group has it, without sizes."""
    (pool,) = plan.spec.pools
    (group,) = pool.groups
    found = ADAPTER.decide(plan, pool, group, document)
    provider: Document = ADAPTER.planned(document, found)["spec"]["forProvider"]
    return provider


def fixed_of(document: Document, plan: CapacityPlan) -> tuple[Fixed, Any]:
    """What is there, and what the plan's only group asks for."""
    (pool,) = plan.spec.pools
    return ADAPTER.fixed(document), ADAPTER.decide(plan, pool, pool.groups[0], base()).fixed


def composed(plan: CapacityPlan, **given: Any) -> dict[str, Any]:
    spec = {**SPEC, **given.pop("spec", {})}
    told: dict[str, Any] = answer(request(to_data(plan), spec=spec, step_input=INPUT, **given), NOW)
    return told


def resources(told: dict[str, Any]) -> dict[str, Document]:
    found = told["desired"].get("resources", {})
    return {key: each["resource"] for key, each in found.items()}


def refusal(told: dict[str, Any]) -> str:
    (found,) = [each for each in told["conditions"] if each["type"] == "CapacityPlanned"]
    assert found["reason"] == "GroupsRefused"
    return str(found["message"])


def exists(document: Document, each: int, groups: int = 3, **reported: Any) -> Document:
    """The node pool as the provider reports it: so many nodes in each of its instance groups."""
    urls = [f"https://example.org/{i}" for i in range(groups)]
    status = {"nodeCount": each, "managedInstanceGroupUrls": urls, **reported}
    ready = [{"type": "Ready", "status": "True"}]
    return {**document, "status": {"atProvider": status, "conditions": ready}}


# --- What a group is ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("purchase", "expected"),
    [
        ({"option": "on-demand"}, {}),
        (SPOT, {"spot": True}),
        (
            held("ours", ZONES[1]),
            {
                "reservationAffinity": {
                    "consumeReservationType": "SPECIFIC_RESERVATION",
                    "key": "compute.googleapis.com/reservation-name",
                    "values": ["ours"],
                }
            },
        ),
    ],
    ids=["on demand", "spot", "a held reservation"],
)
def test_a_purchase_option_is_written_and_another_ones_words_go(
    purchase: dict[str, Any], expected: dict[str, Any]
) -> None:
    other = {
        "spot": True,
        "preemptible": True,
        "reservationAffinity": {"consumeReservationType": "SPECIFIC_RESERVATION", "values": ["x"]},
    }
    provider = decided(base(nodeConfig=other), plan_of(purchase))
    found = provider["nodeConfig"]
    words = ("spot", "preemptible", "reservationAffinity")
    assert {each: found[each] for each in words if each in found} == expected
    assert found["machineType"] == "a2-highgpu-8g"
    pinned = purchase["option"] == "reserved"
    assert provider["nodeLocations"] == ([ZONES[1]] if pinned else ZONES)


def test_what_an_earlier_step_states_besides_stays() -> None:
    own = {
        "diskSizeGb": 300.0,
        "labels": {"own": "1", "trimtab.dev/pool": "another"},
        "resourceLabels": {"cost-centre": "7"},
        "taint": [
            {"key": "own", "value": "1", "effect": "NO_SCHEDULE"},
            {"key": "spot-only", "value": "old", "effect": "NO_SCHEDULE"},
        ],
        "guestAccelerator": [
            {
                "type": "nvidia-l4",
                "count": 1.0,
                "gpuPartitionSize": "1g.5gb",
                "gpuDriverInstallationConfig": {"gpuDriverVersion": "LATEST"},
            }
        ],
    }
    taints = [{"key": "spot-only", "value": "true", "effect": "NoSchedule"}]
    provider = decided(
        base(nodeConfig=own, upgradeSettings={"maxSurge": 2.0}), plan_of(SPOT, taints=taints)
    )
    config = provider["nodeConfig"]
    assert config["diskSizeGb"] == 300
    assert config["labels"] == {
        "own": "1",
        "gpu-type": "nvidia-a100",
        "trimtab.dev/pool": "trainer",
        "trimtab.dev/group": "main",
        "trimtab.dev/purchase-option": "spot",
    }
    assert config["resourceLabels"]["cost-centre"] == "7"
    assert config["resourceLabels"]["team"] == "vision"
    assert config["taint"] == [
        {"key": "own", "value": "1", "effect": "NO_SCHEDULE"},
        {"key": "spot-only", "value": "true", "effect": "NO_SCHEDULE"},
    ]
    assert config["guestAccelerator"] == [
        {
            "type": "nvidia-tesla-a100",
            "count": 8,
            "gpuPartitionSize": "1g.5gb",
            "gpuDriverInstallationConfig": {"gpuDriverVersion": "LATEST"},
        }
    ]
    assert provider["upgradeSettings"] == {"maxSurge": 2.0}


def test_what_is_held_or_queued_has_no_room_for_a_node_more() -> None:
    one_less = {"strategy": "SURGE", "maxSurge": 0, "maxUnavailable": 1}
    assert decided(base(), plan_of(held("ours", ZONES[0])))["upgradeSettings"] == one_less
    queued = base(queuedProvisioning={"enabled": True})
    empty = windows((0, 1, 4))
    provider = decided(queued, plan_of(windows=empty))
    assert provider["upgradeSettings"] == one_less
    affinity = provider["nodeConfig"]["reservationAffinity"]
    assert affinity == {"consumeReservationType": "NO_RESERVATION"}
    assert "upgradeSettings" not in decided(base(), plan_of())


@pytest.mark.parametrize(
    ("provider", "plan", "message"),
    [
        (
            {"queuedProvisioning": {"enabled": True}},
            plan_of(),
            "give a group",
        ),
        ({"placementPolicy": {"type": "COMPACT"}}, plan_of(), "stands in one zone"),
        ({}, plan_of(held("ours", None)), "the zone of reservation ours is not stated"),
        (
            {"placementPolicy": {"tpuTopology": "4x4"}, "nodeLocations": ZONES[:1]},
            gke_plan(tpu_group("main")),
            "max is 8 nodes, and a NodePool is one slice of 4",
        ),
        (
            {"placementPolicy": {"tpuTopology": "4x4"}, "nodeLocations": ZONES[:1]},
            gke_plan(tpu_group("main", windows=windows((0, 2, 4)))),
            "desired is 2 nodes, and a slice of 4x4 has 4",
        ),
    ],
    ids=[
        "a queue with a min",
        "a compact pool in three zones",
        "no zone",
        "two slices",
        "half a slice",
    ],
)
def test_a_group_that_gke_cannot_have_is_refused(
    provider: dict[str, Any], plan: CapacityPlan, message: str
) -> None:
    with pytest.raises(InputError) as caught:
        decided(base(**provider), plan)
    expected = message.replace("give a group", "name a group with GPUs and a min of 0")
    assert expected in str(caught.value)


def test_a_node_pool_of_other_words_is_another_generation() -> None:
    config = {"machineType": "a2-highgpu-8g", "spot": True}
    for changes, same in (
        ({}, True),
        ({"machineType": "a2-highgpu-4g"}, False),
        ({"spot": False}, False),
        ({"spot": False, "preemptible": True}, False),
        ({"guestAccelerator": [{"type": "nvidia-tesla-a100", "count": 8.0}]}, True),
        ({"guestAccelerator": [{"type": "nvidia-tesla-a100", "count": 4.0}]}, False),
        ({"machineType": None}, True),
    ):
        there, wanted = fixed_of(base(nodeConfig={**config, **changes}), plan_of(SPOT))
        assert there.gives(wanted) is same, changes
    reported = base(nodeConfig={})
    reported["status"] = {"atProvider": {"nodeConfig": {**config, "machineType": "e2-small"}}}
    there, wanted = fixed_of(reported, plan_of(SPOT))
    assert not there.gives(wanted)


# --- Through the whole function --------------------------------------------------------------------


def test_groups_are_composed_as_the_plan_has_them() -> None:
    found = resources(composed(gke_plan()))
    assert sorted(found) == [
        "trainer-held-0a1b2c",
        "trainer-on-demand-0a1b2c",
        "trainer-reserved-0a1b2c",
        "trainer-spot-0a1b2c",
    ]
    for key, document in found.items():
        assert document["metadata"]["annotations"]["crossplane.io/external-name"] == key
        assert "LateInitialize" not in document["spec"]["managementPolicies"]
        assert document["spec"]["initProvider"] == {"initialNodeCount": 3 if "held" in key else 1}


def test_bounds_hold_what_runs_and_a_lost_plan_keeps_them() -> None:
    plan = plan_of(windows=windows((6, 9, 12), (2, 3, 6)))
    first = resources(composed(plan))[KEY]
    there = exists(first, 3)
    later = answer(
        request(to_data(plan), spec=SPEC, step_input=INPUT, observed={KEY: there}),
        START + timedelta(hours=5),
    )
    second = resources(later)[KEY]
    scaling = second["spec"]["forProvider"]["autoscaling"]
    assert 2 <= scaling["totalMinNodeCount"] < 6
    assert scaling["totalMaxNodeCount"] >= 9
    there = exists(second, 3)
    lost = answer(request(None, spec=SPEC, step_input=INPUT, observed={KEY: there}), NOW)
    assert resources(lost)[KEY]["spec"] == second["spec"]
    blind = exists(second, 0)
    blind["spec"]["forProvider"]["ignoreNodeCountChanges"] = True
    kept = answer(request(None, spec=SPEC, step_input=INPUT, observed={KEY: blind}), NOW)
    assert resources(kept)[KEY]["spec"] == blind["spec"]


def test_a_group_that_gke_lets_wait_holds_nobody_up() -> None:
    sizes = windows((2, 4, 6), (0, 1, 6))
    plan = gke_plan(
        gke_group("main", windows=sizes),
        gke_group("spot", SPOT, windows=windows((0, 0, 6), (5, 5, 6))),
    )
    first = resources(composed(plan))
    there = {
        KEY: exists(first[KEY], 1),
        "trainer-spot-0a1b2c": exists(first["trainer-spot-0a1b2c"], 0),
    }
    for ready, low in (("True", 1), ("False", 2)):
        there["trainer-spot-0a1b2c"]["status"]["conditions"][0]["status"] = ready
        later = answer(
            request(to_data(plan), spec=SPEC, step_input=INPUT, observed=there),
            START + timedelta(hours=5),
        )
        scaling = resources(later)[KEY]["spec"]["forProvider"]["autoscaling"]
        assert scaling["totalMinNodeCount"] == low, ready


def test_a_lost_plan_keeps_an_earlier_steps_pool_but_for_what_is_the_steps() -> None:
    plan = plan_of(SPOT)
    step = base(nodeConfig={"diskSizeGb": 100})
    inject = {**INPUT, "mode": "Inject"}
    first = answer(
        request(to_data(plan), spec=SPEC, step_input=inject, desired={"nodes": step}), NOW
    )
    made = resources(first)["nodes"]
    assert made["spec"]["forProvider"]["nodeConfig"]["spot"] is True
    larger = base(nodeConfig={"diskSizeGb": 200, "machineType": "e2-small"})
    lost = answer(
        request(
            None,
            spec=SPEC,
            step_input=inject,
            desired={"nodes": larger},
            observed={"nodes": exists(made, 1)},
        ),
        NOW,
    )
    config = {**made["spec"]["forProvider"]["nodeConfig"], "diskSizeGb": 200}
    assert resources(lost)["nodes"]["spec"]["forProvider"]["nodeConfig"] == config


def test_a_pools_template_is_split_under_names_that_gke_takes() -> None:
    step = base()
    step["metadata"] = {
        "labels": {"trimtab.dev/pool": "trainer"},
        "annotations": {"crossplane.io/external-name": "the-trainers-of-the-vision-team"},
    }
    found = resources(composed(gke_plan(), spec={"pools": []}, desired={"workers": step}))
    assert set(found) == {
        f"workers-{each}-0a1b2c" for each in ("held", "on-demand", "reserved", "spot")
    }
    names = [
        each["metadata"]["annotations"]["crossplane.io/external-name"] for each in found.values()
    ]
    assert len(set(names)) == 4
    assert all(len(each) <= 40 for each in names)


def test_a_plan_for_another_region_or_cloud_moves_nothing() -> None:
    inject = {**INPUT, "mode": "Inject"}
    for location in ("europe-west4", "europe-west4-a"):
        step = base(location=location)
        told = answer(
            request(to_data(plan_of()), spec=SPEC, step_input=inject, desired={"nodes": step}), NOW
        )
        assert told["conditions"][0]["reason"] == "PlanForAnotherPlace"


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"nodeSettings": {"trainer": {"volumGib": 9}}}, "volum_gib"),
        ({"nodeSettings": {"trainer": {"maxUnavailablePercentage": 9}}}, "a share of a max"),
        ({"queued": ["trainer"]}, "name a group with GPUs and a min of 0"),
        ({"tpuTopologies": {"trainer": "4x4"}}, "makes no TPU slices"),
    ],
    ids=lambda each: next(iter(each)) if isinstance(each, dict) else "",
)
def test_settings_that_do_not_fit_refuse_their_group(spec: dict[str, Any], message: str) -> None:
    assert message in refusal(composed(plan_of(), spec=spec))


def test_settings_are_those_of_the_pulumi_component() -> None:
    spec = {
        "gpuDriver": "none",
        "diskKey": "projects/p/k",
        "serviceAccount": "nodes@example.org",
        "poolZones": {"trainer/main": [ZONES[0]]},
        "nodeSettings": {
            "trainer": {"placementGroup": True, "volumeGib": 500, "migProfile": "all-1g.5gb"}
        },
    }
    provider = resources(composed(plan_of(), spec=spec))[KEY]["spec"]["forProvider"]
    config = provider["nodeConfig"]
    assert provider["placementPolicy"] == {"type": "COMPACT"}
    assert provider["nodeLocations"] == [ZONES[0]]
    assert config["bootDiskKmsKey"] == "projects/p/k"
    assert config["serviceAccount"] == "nodes@example.org"
    assert config["diskSizeGb"] == 500
    assert config["shieldedInstanceConfig"]["enableSecureBoot"] is False
    # The GPU operator cuts them, by the nodes' label.
    assert config["labels"]["nvidia.com/mig.config"] == "all-1g.5gb"
    assert config["guestAccelerator"] == [
        {
            "type": "nvidia-tesla-a100",
            "count": 8,
            "gpuDriverInstallationConfig": {"gpuDriverVersion": "INSTALLATION_DISABLED"},
        }
    ]
