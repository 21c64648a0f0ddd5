"""The gates of nodes: what opens them, when, and what it may do. The API server judges in e2e."""

from pathlib import Path
from typing import Any

from support.accelerator_cases import plan_of_pools, serve
from support.recorded import of
from trimtab.provision.accelerators.readiness import (
    ACCOUNT,
    NAMESPACE,
    Gate,
    cluster_role_rules,
    daemon_set_spec,
    never_early_policy,
    own_node_policy,
)
from trimtab.provision.nodes import READINESS_TAINT

GATE = Gate("nvidia.com/mig-1g.10gb", {"trainer": ("spot", "od"), "eval": ("od",)})


def pod() -> dict[str, Any]:
    found: dict[str, Any] = daemon_set_spec(GATE, ("x/y",), {"l": "m"})["template"]["spec"]
    return found


def test_a_pod_closes_waits_and_opens_in_this_order() -> None:
    steps = pod()["initContainers"]
    assert [each["name"] for each in steps] == ["close", "wait", "open"]
    close, wait, opened = (each["args"] for each in steps)
    assert close[:3] == opened[:3] == ["taint", "nodes", "$(NODE_NAME)"]
    assert close[3] == f"{READINESS_TAINT}=true:NoSchedule"
    assert opened[3] == f"{READINESS_TAINT}:NoSchedule-"
    # A dot in a resource's name is no step into an object.
    assert r"--for=jsonpath={.status.allocatable.nvidia\.com/mig-1g\.10gb}" in wait
    assert any(each.startswith("--timeout=") for each in wait)
    for each in steps:
        assert each["env"][0]["valueFrom"]["fieldRef"]["fieldPath"] == "spec.nodeName"


def test_another_plan_does_not_close_the_nodes_anew() -> None:
    first, second = (
        daemon_set_spec(GATE, (), {"trimtab.dev/plan-digest": digest}) for digest in "ab"
    )
    assert first == second


def test_it_goes_to_the_gated_groups_alone() -> None:
    affinity = pod()["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    terms = [
        {each["key"]: each["values"] for each in term["matchExpressions"]}
        for term in affinity["nodeSelectorTerms"]
    ]
    assert terms == [
        {"trimtab.dev/pool": ["trainer"], "trimtab.dev/group": ["spot", "od"]},
        {"trimtab.dev/pool": ["eval"], "trimtab.dev/group": ["od"]},
    ]
    assert [each["key"] for each in pod()["tolerations"]] == [READINESS_TAINT, "x/y"]


def test_it_may_do_little() -> None:
    assert "*" not in str(cluster_role_rules())
    (rule,) = cluster_role_rules()
    assert rule["resources"] == ["nodes"]
    assert "update" not in rule["verbs"]
    for each in [*pod()["initContainers"], *pod()["containers"]]:
        security = each["securityContext"]
        assert security["capabilities"] == {"drop": ["ALL"]}
        assert security["readOnlyRootFilesystem"] is True
    confined = str(own_node_policy())
    assert f"system:serviceaccount:{NAMESPACE}:{ACCOUNT}" in confined


def test_the_policy_knows_what_each_pool_waits_for() -> None:
    both = never_early_policy([GATE, Gate("amd.com/gpu", {"eval": ("od",)})])
    (awaited,) = (v["expression"] for v in both["variables"] if v["name"] == "awaited")
    assert "'eval': ['amd.com/gpu', 'nvidia.com/mig-1g.10gb']" in awaited
    assert "'trainer': ['nvidia.com/mig-1g.10gb']" in awaited


def test_names_fit_whatever_the_resource(tmp_path: Path) -> None:
    long = Gate("amd.com/xilinx_u30_gen3x4_base_2-0-and-very-much-longer-than-that", {})
    assert len(long.daemon_set_name) <= 63
    assert long.daemon_set_name.strip("-") == long.daemon_set_name


def test_gates_stand_behind_their_policies(tmp_path: Path) -> None:
    records = serve(
        tmp_path,
        plan_of_pools("h100", "trainium"),
        {"image": "AL2023", "delivery": "flux",
         "pools": {"h100": {"readiness_taint": True}, "trainium": {"readiness_taint": True}}},
    )  # fmt: skip
    daemons = of(records, "DaemonSet")
    assert set(daemons) == {
        "acc-readiness-nvidia-com-gpu",
        "acc-readiness-aws-amazon-com-neuron",
    }
    bindings = of(records, "ValidatingAdmissionPolicyBinding")
    assert len(bindings) == 2
    for each in [*daemons.values(), *of(records, "ClusterRoleBinding").values()]:
        assert {binding.urn for binding in bindings.values()} <= set(each.dependencies)
