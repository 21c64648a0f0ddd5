"""Cluster API's MachinePools and MachineDeployments: what is written, kept, read back and refused."""

import copy
from datetime import timedelta
from typing import Any

import pytest

from support.capacity_requests import answer, request
from support.plans import START, group, plan, pool, windows
from trimtab.errors import InputError
from trimtab.plan.document import to_data
from trimtab.plan.model import CapacityPlan
from trimtab.plan.sizing import Sizes
from trimtab_functions.capacity.adapters.base import Running, Scaling
from trimtab_functions.capacity.adapters.cluster_api import ClusterApiMachines

ADAPTER = ClusterApiMachines()
INPUT = {
    "apiVersion": "capacity.fn.trimtab.dev/v1alpha1",
    "kind": "Input",
    "mode": "Compose",
    "compose": {"as": "ClusterAPI"},
}
LOW = "cluster.x-k8s.io/cluster-api-autoscaler-node-group-min-size"
HIGH = "cluster.x-k8s.io/cluster-api-autoscaler-node-group-max-size"
CAPACITY = "capacity.cluster-autoscaler.kubernetes.io/"
TYPES = "trimtab.dev/instance-types"
OTHERS = "cluster.x-k8s.io/replicas-managed-by"
SPOT = {"option": "spot", "pools": 2}
COMPOSED = "apiextensions.crossplane.io/composed/0123"
NOW = START + timedelta(hours=1)

Document = dict[str, Any]


def plan_of(purchase: dict[str, Any] | None = None, **changes: Any) -> CapacityPlan:
    member = group("main", purchase or {"option": "on-demand"}, **changes)
    return plan(pools=[pool(groups=[member])])


def base(
    kind: str = "MachineDeployment",
    annotations: dict[str, str] | None = None,
    labels: dict[str, str] | None = None,
    **spec: Any,
) -> Document:
    """An earlier step's template, labelled with its group."""
    own = {"trimtab.dev/pool": "trainer", "trimtab.dev/group": "main"}
    machine = {
        "clusterName": "ml",
        "bootstrap": {"configRef": {"kind": "KubeadmConfigTemplate", "name": "main"}},
        "infrastructureRef": {"kind": "AWSMachineTemplate", "name": "main-p4d"},
        **spec.pop("machine", {}),
    }
    return {
        "apiVersion": "cluster.x-k8s.io/v1beta2",
        "kind": kind,
        "metadata": {
            "labels": own if labels is None else labels,
            **({"annotations": annotations} if annotations else {}),
        },
        "spec": {"clusterName": "ml", "template": {"spec": machine}, **spec},
    }


def decided(document: Document, given: CapacityPlan) -> Document:
    """The document as the plan's only group has it, without sizes."""
    (one,) = given.spec.pools
    return ADAPTER.planned(document, ADAPTER.decide(given, one, one.groups[0], document))


def refusal(document: Document, given: CapacityPlan) -> str:
    with pytest.raises(InputError) as caught:
        decided(document, given)
    return str(caught.value)


def owned_by(document: Document, *managers: tuple[str, str]) -> Document:
    """The document as the API server has it, its replicas owned by these managers."""
    found = copy.deepcopy(document)
    fields: dict[str, Any] = {"f:spec": {"f:replicas": {}}}
    found["metadata"]["managedFields"] = [
        {"manager": manager, "operation": operation, "fieldsV1": fields}
        for manager, operation in managers
    ]
    return found


# --- What a group is ------------------------------------------------------------------------------


def test_labels_reach_the_machines_and_the_autoscaler() -> None:
    given = base(
        annotations={f"{CAPACITY}labels": "own=1,gpu-type=old", f"{CAPACITY}gpu-count": "4"},
        replicas=9,
    )
    given["spec"]["template"]["metadata"] = {"labels": {"own": "1"}}
    document = decided(given, plan_of())
    labels = {
        "gpu-type": "nvidia-a100",
        "trimtab.dev/pool": "trainer",
        "trimtab.dev/group": "main",
        "trimtab.dev/purchase-option": "on-demand",
    }
    assert document["spec"]["template"]["metadata"]["labels"] == {"own": "1", **labels}
    written = sorted(f"{k}={v}" for k, v in {"own": "1", **labels}.items())
    assert document["metadata"]["annotations"] == {
        f"{CAPACITY}labels": ",".join(written),
        f"{CAPACITY}gpu-type": "nvidia.com/gpu",
        f"{CAPACITY}gpu-count": "4",
    }
    assert "replicas" not in document["spec"]
    assert given["spec"]["replicas"] == 9


@pytest.mark.parametrize(
    ("kind", "path", "value"),
    [
        ("MachinePool", ("failureDomains",), ["us-east-1a"]),
        ("MachineDeployment", ("template", "spec", "failureDomain"), "us-east-1a"),
    ],
)
def test_what_is_held_in_a_zone_stays_there(
    kind: str, path: tuple[str, ...], value: object
) -> None:
    reservation = {"id": "cr-0123456789abcdef0", "zone": "us-east-1a"}
    given = plan_of({"option": "reserved", "term": "open", "reservation": reservation})
    found: Any = decided(base(kind), given)["spec"]
    for part in path:
        found = found[part]
    assert found == value
    elsewhere = (
        base(kind, failureDomains=["us-east-1b"])
        if kind == "MachinePool"
        else base(kind, machine={"failureDomain": "us-east-1b"})
    )
    assert "it stands in us-east-1b, but what is held is in us-east-1a" in refusal(elsewhere, given)


TAINT = {"key": "trimtab.dev/purchase-option", "value": "spot", "effect": "NoSchedule"}


def test_a_taint_needs_somebody_who_puts_it_on_nodes() -> None:
    given = plan_of(SPOT, taints=[TAINT])
    assert (
        "nothing puts the taint trimtab.dev/purchase-option=spot:NoSchedule on its nodes"
        in refusal(base(), given)
    )
    told = {f"{CAPACITY}taints": "own=1:NoExecute, trimtab.dev/purchase-option=spot:NoSchedule"}
    assert "taints" not in decided(base(annotations=told), given)["spec"]["template"]["spec"]
    stated = [{"key": "own", "effect": "NoExecute", "propagation": "Always"}]
    found = decided(base(machine={"taints": stated}), given)["spec"]["template"]["spec"]["taints"]
    assert found == [*stated, {**TAINT, "propagation": "Always"}]


@pytest.mark.parametrize(
    ("annotations", "labels", "message"),
    [
        ({TYPES: "m5.large"}, None, "its infrastructure makes m5.large, and the group is p4d.24xlarge"),
        (
            None,
            {"trimtab.dev/group": "main", "trimtab.dev/purchase-option": "spot"},
            "its infrastructure buys spot, and the group is on-demand",
        ),
        (None, {"trimtab.dev/pool": "trainer"}, "nothing says which machines its infrastructure makes"),
        ({TYPES: "p4d.24xlarge"}, {"trimtab.dev/pool": "trainer"}, "how they are bought"),
    ],
    ids=["another machine", "another purchase", "a split that says nothing", "and half of it"],
)  # fmt: skip
def test_machines_that_are_not_the_plans_are_refused(
    annotations: dict[str, str] | None, labels: dict[str, str] | None, message: str
) -> None:
    assert message in refusal(base(annotations=annotations, labels=labels), plan_of())


def test_a_split_serves_the_groups_that_it_says_it_is_for() -> None:
    template = base(
        annotations={TYPES: "p4d.24xlarge"},
        labels={"trimtab.dev/pool": "trainer", "trimtab.dev/purchase-option": "on-demand"},
    )
    both = plan(
        pools=[pool(groups=[group("spot", SPOT), group("steady", {"option": "on-demand"})])]
    )
    told = answer(
        request(to_data(both), spec={"pools": []}, step_input=INPUT, desired={"workers": template}),
        NOW,
    )
    assert list(told["desired"]["resources"]) == ["workers-steady-0a1b2c"]
    (refused,) = [each for each in told["conditions"] if each["type"] == "CapacityPlanned"]
    assert "its infrastructure buys on-demand, and the group is spot" in refused["message"]


def test_nothing_is_composed_without_a_template() -> None:
    told = answer(request(to_data(plan_of()), spec={}, step_input=INPUT), NOW)
    assert told["conditions"][0]["reason"] == "InputInvalid"
    assert "resources" not in told["desired"]


# --- How many run ---------------------------------------------------------------------------------

BOUNDS = {LOW: "2", HIGH: "9"}


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (base(), Running(None)),
        (base(annotations=BOUNDS, replicas=5), Running(Sizes(2, 5, 9))),
        (base(replicas=5), Running(Sizes(5, 5, 5))),
        (base(annotations={LOW: "-1", HIGH: "x"}, replicas=5), Running(Sizes(5, 5, 5))),
        (
            owned_by(base(annotations=BOUNDS, replicas=5), (COMPOSED, "Apply")),
            Running(Sizes(2, 5, 9), stated=True),
        ),
        (
            owned_by(base(annotations=BOUNDS, replicas=5), (COMPOSED, "Apply"), ("autoscaler", "Update")),
            Running(Sizes(2, 5, 9)),
        ),
        (
            owned_by(base(annotations=BOUNDS, replicas=5), ("autoscaler", "Update")),
            Running(Sizes(2, 5, 9)),
        ),
        (
            owned_by(base(annotations={**BOUNDS, OTHERS: "aws"}, replicas=5), (COMPOSED, "Apply")),
            Running(Sizes(2, 5, 9)),
        ),
    ],
    ids=[
        "nothing",
        "autoscaled",
        "a fixed number",
        "nonsense",
        "stated by the function alone",
        "stated by two",
        "the autoscaler's",
        "the infrastructure's",
    ],
)  # fmt: skip
def test_what_runs_is_read(document: Document, expected: Running) -> None:
    assert ADAPTER.running(document) == expected


@pytest.mark.parametrize(
    ("annotations", "scaling", "replicas"),
    [
        (None, Scaling(Sizes(2, 3, 9), 3, creates=True), 3),
        (None, Scaling(Sizes(2, 5, 9), 3), None),
        (None, Scaling(Sizes(2, 5, 9), 3, enforced=5), 5),
        ({OTHERS: "aws"}, Scaling(Sizes(2, 3, 9), 3, creates=True), 3),
        ({OTHERS: "aws"}, Scaling(Sizes(4, 4, 9), 3, enforced=4), None),
        ({OTHERS: "false"}, Scaling(Sizes(4, 4, 9), 3, enforced=4), 4),
    ],
    ids=[
        "created",
        "the autoscaler's",
        "raised",
        "created, counted by others",
        "others'",
        "ours again",
    ],
)
def test_sizes_are_written(
    annotations: dict[str, str] | None, scaling: Scaling, replicas: int | None
) -> None:
    found = ADAPTER.sized(base(annotations=annotations, replicas=7), scaling)
    bounds = {LOW: str(scaling.sizes.min), HIGH: str(scaling.sizes.max)}
    assert found["metadata"]["annotations"] == {**(annotations or {}), **bounds}
    assert found["spec"].get("replicas") == replicas


@pytest.mark.parametrize(
    ("status", "replicas", "ready"),
    [
        ({}, 0, False),
        ({"observedGeneration": 2.0}, 0, True),
        ({"observedGeneration": 1.0, "readyReplicas": 3.0}, 3, False),
        ({"observedGeneration": 2.0, "readyReplicas": 2.0}, 3, False),
        ({"observedGeneration": 2.0, "readyReplicas": 3.0}, 3, True),
        ({"observedGeneration": 2.0, "readyReplicas": 3.0}, None, False),
    ],
    ids=[
        "not seen",
        "none asked for",
        "seen before",
        "one is missing",
        "all are there",
        "not known",
    ],
)
def test_a_group_is_ready_when_its_nodes_are(
    status: dict[str, Any], replicas: int | None, ready: bool
) -> None:
    document = base(replicas=replicas)
    document["metadata"]["generation"] = 2.0
    document["status"] = status
    assert ADAPTER.is_ready(document) is ready


# --- Without a plan -------------------------------------------------------------------------------


def live(made: Document, replicas: int, owned: bool) -> Document:
    """What is composed, as the API server has it after Cluster API's controllers have seen it."""
    found = copy.deepcopy(made)
    found["metadata"]["name"] = "ml-x7k2p"
    found["metadata"]["labels"]["crossplane.io/composite"] = "ml"
    found["metadata"]["annotations"]["crossplane.io/composition-resource-name"] = "workers"
    found["metadata"]["annotations"]["machinedeployment.clusters.x-k8s.io/revision"] = "1"
    fields = _fields({k: made[k] for k in ("metadata", "spec")})
    fields["f:spec"].pop("f:replicas", None)
    if owned:
        fields["f:spec"]["f:replicas"] = {}
    found["spec"]["replicas"] = replicas
    found["spec"]["template"]["spec"]["deletion"] = {"order": "Oldest"}
    found["metadata"]["managedFields"] = [
        {"manager": COMPOSED, "operation": "Apply", "fieldsV1": fields},
        {"manager": "manager", "operation": "Update", "fieldsV1": {"f:spec": {"f:deletion": {}}}},
    ]
    return found


def _fields(value: object) -> dict[str, Any]:
    if isinstance(value, dict):
        return {f"f:{key}": _fields(each) for key, each in value.items()}
    return {}


@pytest.mark.parametrize("owned", [True, False], ids=["stated", "the autoscaler's"])
@pytest.mark.parametrize("templated", [True, False], ids=["an earlier step's", "split"])
def test_a_lost_plan_keeps_what_runs(owned: bool, templated: bool) -> None:
    template = base() if templated else base(
        annotations={TYPES: "p4d.24xlarge"},
        labels={"trimtab.dev/pool": "trainer", "trimtab.dev/purchase-option": "on-demand"},
    )  # fmt: skip
    desired = {"workers": template}
    key = "workers" if templated else "workers-main-0a1b2c"
    spec: dict[str, Any] = {"pools": []}
    first = answer(request(to_data(plan_of()), spec=spec, step_input=INPUT, desired=desired), NOW)
    made = first["desired"]["resources"][key]["resource"]
    assert made["spec"]["replicas"] == 3
    there = {key: live(made, 3 if owned else 4, owned)}
    lost = answer(request(None, spec=spec, step_input=INPUT, desired=desired, observed=there), NOW)
    kept = lost["desired"]["resources"][key]["resource"]
    expected = copy.deepcopy(made)
    if not owned:
        del expected["spec"]["replicas"]
    assert kept == expected
    again = answer(
        request(to_data(plan_of()), spec=spec, step_input=INPUT, desired=desired, observed=there),
        NOW,
    )
    assert again["desired"]["resources"][key]["resource"] == expected


def test_what_does_not_say_who_owns_it_keeps_all_but_its_controllers_fields() -> None:
    document = base(
        "MachinePool",
        annotations={**BOUNDS, TYPES: "a", f"{CAPACITY}labels": "a=b", "other.example.org/x": "1"},
        replicas=4,
        providerIDList=["aws:///i-1"],
        machine={"bootstrap": {"configRef": {"name": "a"}, "dataSecretName": "s"}},
    )
    found = ADAPTER.held(document, None)
    assert found["spec"] == {
        "clusterName": "ml",
        "template": {
            "spec": {
                **document["spec"]["template"]["spec"],
                "bootstrap": {"configRef": {"name": "a"}},
            }
        },
    }
    assert set(found["metadata"]["annotations"]) == {*BOUNDS, TYPES, f"{CAPACITY}labels"}


def test_a_new_machine_waits_for_its_own_generation() -> None:
    """The step's template already names the new infrastructure: what runs keeps the old one."""
    made = decided(base(), plan_of())
    observed = live(ADAPTER.sized(made, Scaling(Sizes(2, 3, 4), 3, creates=True)), 3, owned=False)
    newer = base(machine={"infrastructureRef": {"kind": "AWSMachineTemplate", "name": "main-p5"}})
    found = ADAPTER.held(observed, newer)
    assert found["spec"]["template"]["spec"]["infrastructureRef"]["name"] == "main-p4d"


def test_bounds_never_exclude_what_runs() -> None:
    given = plan_of(windows=windows((0, 2, 8), (0, 1, 2)))
    desired = {"workers": base()}
    first = answer(
        request(to_data(given), step_input=INPUT, spec={"pools": []}, desired=desired), NOW
    )
    made = first["desired"]["resources"]["workers"]["resource"]
    later = answer(
        request(
            to_data(given),
            step_input=INPUT,
            spec={"pools": []},
            desired=desired,
            observed={"workers": live(made, 7, owned=False)},
        ),
        START + timedelta(hours=5),
    )
    found = later["desired"]["resources"]["workers"]["resource"]
    # Cluster API would cut replicas that it defaults to the annotations' bounds.
    assert int(found["metadata"]["annotations"][HIGH]) >= 7
    assert "replicas" not in found["spec"]


def test_a_pools_template_is_split_for_machines_of_ones_own_too() -> None:
    owned = {"option": "owned", "site": "oslo"}
    given = plan(pools=[pool(groups=[group("new", owned), group("old", owned)])])
    template = base(
        annotations={TYPES: "p4d.24xlarge"},
        labels={"trimtab.dev/pool": "trainer", "trimtab.dev/purchase-option": "owned"},
    )
    told = answer(
        request(to_data(given), step_input=INPUT, spec={"pools": []}, desired={"nodes": template}),
        NOW,
    )
    assert sorted(told["desired"]["resources"]) == ["nodes-new-0a1b2c", "nodes-old-0a1b2c"]
