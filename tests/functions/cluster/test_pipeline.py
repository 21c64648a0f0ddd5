"""Whole responses of both steps: the order of creation, and that nothing is ever taken away."""

from typing import Any

import pytest

from support import plans
from support.cluster_requests import (
    API,
    AWS,
    BASE,
    EDGE,
    EXISTING,
    GCP,
    Pipeline,
    conditions,
    desired,
    exists,
)

SPECS: dict[str, dict[str, Any]] = {
    "AWS": AWS,
    "GCP": GCP,
    "OnPremises": {**BASE, "onPremises": {"clusterApi": API}},
    "Edge": {**EDGE, "kubeconfigSecretRef": {"name": "site"}},
}
SITES: dict[str, tuple[dict[str, str], dict[str, Any], str]] = {
    "AWS": ({"provider": "aws", "region": "us-east-1"}, {"option": "on-demand"}, "p4d.24xlarge"),
    "GCP": ({"provider": "gcp", "region": "us-central1"}, {"option": "on-demand"}, "a2-highgpu-8g"),
    "OnPremises": ({"provider": "dc", "region": "oslo"}, {"option": "owned", "site": "oslo"}, "dgx"),
    "Edge": ({"provider": "edge", "region": "oslo"}, {"option": "owned", "site": "oslo"}, "jetson"),
}  # fmt: skip
TAINT = {"key": "nvidia.com/gpu", "value": "present", "effect": "NoSchedule"}
NOW = plans.START.replace(hour=1)


def the_plan(platform: str, **group: Any) -> dict[str, Any]:
    site, purchase, instance_type = SITES[platform]
    offers = [{"instanceType": instance_type}]
    main = plans.group("main", purchase, **{"offers": offers, **group})
    metadata = {"metadata": {"name": "prod", "namespace": "team"}}
    return plans.plan_data(site=site, pools=[plans.pool(groups=[main])]) | metadata


def pipeline(platform: str, **spec: Any) -> Pipeline:
    return Pipeline(platform, {**SPECS[platform], **spec}, NOW)


def test_an_eks_cluster_comes_to_be_in_order() -> None:
    xr = pipeline("AWS")
    plan = the_plan("AWS")
    waits = []
    for _ in range(6):
        told = xr.run(plan)
        new = set(desired(told)) - set(xr.observed)
        waits.append(new)
        assert conditions(told)["ClusterComposed"][:2] == (
            ("TRUE", "Composed") if len(waits) >= 5 else ("FALSE", "Waiting")
        )
        xr.exist(told)
    network, *rest = waits
    assert {"vpc", "cluster", "role-node", "pool-trainer-main-0a1b2c"} <= network
    addons = {
        "addon-aws-ebs-csi-driver",
        "addon-coredns",
        "addon-eks-pod-identity-agent",
        "addon-kube-proxy",
        "addon-metrics-server",
        "addon-vpc-cni",
    }
    assert rest == [
        {"kubeconfig", "ebs-csi-identity", *addons},
        {"helm-config", "kubernetes-config"},
        {"gpu-operator", "storage-class"},
        {
            "usage-cluster-gpu-operator",
            "usage-cluster-storage-class",
            "usage-kubeconfig-gpu-operator",
            "usage-kubeconfig-storage-class",
        },
        set(),
    ]


def test_what_waits_is_said_and_the_xr_is_not_ready() -> None:
    xr = pipeline("GCP")
    told = xr.run(the_plan("GCP"))
    status, reason, message = conditions(told)["ClusterComposed"]
    assert (status, reason) == ("FALSE", "Waiting")
    assert message == (
        "not created yet: for node-account wait node-role-container-defaultnodeserviceaccount, "
        "node-role-artifactregistry-reader; for cluster wait helm-config, kubernetes-config; for "
        "kubernetes-config wait storage-class; for cluster, storage-class wait "
        "usage-cluster-storage-class"
    )
    assert told["desired"]["composite"]["ready"] == "READY_FALSE"
    settled = xr.settle(the_plan("GCP"))
    assert conditions(settled)["ClusterComposed"][:2] == ("TRUE", "Composed")
    assert "ready" not in settled["desired"]["composite"]
    made = settled["desired"]["resources"].values()
    assert {each["ready"] for each in made} == {"READY_TRUE"}


@pytest.mark.parametrize("platform", SPECS)
def test_a_dependency_that_flaps_takes_nothing_away(platform: str) -> None:
    xr = pipeline(platform)
    plan = the_plan(platform)
    everything = desired(xr.settle(plan))
    assert set(everything) == set(xr.observed)
    for key in list(xr.observed):
        there = xr.observed[key]
        xr.observed[key] = exists(everything[key], ready="False")
        assert set(desired(xr.run(plan))) == set(everything), key
        del xr.observed[key]["metadata"]["name"]
        xr.observed[key].pop("status", None)
        assert set(desired(xr.run(plan))) == set(everything), key
        xr.observed[key] = there


@pytest.mark.parametrize("platform", SPECS)
@pytest.mark.parametrize("plan", [False, None, True], ids=["not fetched", "absent", "malformed"])
def test_without_a_plan_all_that_exists_stays(platform: str, plan: Any) -> None:
    xr = pipeline(platform)
    given = the_plan(platform)
    xr.settle(given)
    given["spec"]["pools"] = "none"
    told = xr.run(given if plan is True else plan)
    assert set(desired(told)) == set(xr.observed)
    for key, document in desired(told).items():
        assert document["spec"] == xr.observed[key]["spec"] if "spec" in document else True
    assert told.get("results", []) == [] or plan is not False


@pytest.mark.parametrize("platform", SPECS)
def test_without_a_plan_the_cluster_begins_and_its_pools_wait(platform: str) -> None:
    xr = pipeline(platform)
    told = xr.run(None)
    assert desired(told)
    assert not any(key.startswith("pool-") or "agent" in key for key in desired(told))
    if platform != "Edge":
        assert conditions(told)["SystemPodsHosted"][:2] == ("UNKNOWN", "NoPlan")


@pytest.mark.parametrize("platform", SPECS)
def test_an_invalid_spec_keeps_all(platform: str) -> None:
    xr = pipeline(platform)
    plan = the_plan(platform)
    xr.settle(plan)
    xr.spec = {**xr.spec, "pools": ["Trainer!"]}
    told = xr.run(plan)
    assert set(desired(told)) == set(xr.observed)
    status, reason, message = conditions(told)["ClusterComposed"]
    assert (status, reason) == ("FALSE", "InputInvalid")
    assert message.startswith("the XR's spec: pools[0]: String should match pattern")


def test_an_input_for_no_platform_keeps_all() -> None:
    xr = pipeline("AWS")
    plan = the_plan("AWS")
    xr.settle(plan)
    xr.platform = "Azure"
    told = xr.run(plan)
    assert set(desired(told)) == set(xr.observed)
    assert conditions(told)["ClusterComposed"][1] == "InputInvalid"


def test_equal_requests_have_equal_answers() -> None:
    one, two = pipeline("AWS"), pipeline("AWS")
    plan = the_plan("AWS")
    for _ in range(3):
        told = one.run(plan)
        assert told == two.run(plan)
        one.exist(told)
        two.exist(told)


def test_drivers_go_where_machines_need_them_and_nobody_else_brings_them() -> None:
    plain = the_plan("AWS", accelerator=None)
    assert "gpu-operator" in desired(pipeline("AWS").settle(the_plan("AWS")))
    assert "gpu-operator" not in desired(pipeline("AWS").settle(plain))
    # GKE brings its own.
    assert "gpu-operator" not in desired(pipeline("GCP").settle(the_plan("GCP")))
    off = pipeline("AWS", gpuOperator={"enabled": False})
    assert "gpu-operator" not in desired(off.settle(the_plan("AWS")))
    on = pipeline("AWS", gpuOperator={"enabled": True})
    assert "gpu-operator" in desired(on.settle(plain))


def test_other_clusters_pools_need_no_drivers_here() -> None:
    plan = the_plan("AWS", accelerator=None)
    other = plans.pool(name="other", groups=[plans.group("main", {"option": "on-demand"})])
    plan["spec"]["pools"].append(other)
    assert "gpu-operator" not in desired(pipeline("AWS").settle(plan))


def test_drivers_tolerate_the_plans_taints() -> None:
    made = desired(pipeline("AWS").settle(the_plan("AWS", taints=[TAINT])))
    values = made["gpu-operator"]["spec"]["forProvider"]["values"]
    keys = {each["key"] for each in values["daemonsets"]["tolerations"]}
    assert TAINT["key"] in keys


def test_drivers_that_are_no_longer_needed_go_by_the_plans_word_alone() -> None:
    xr = pipeline("AWS")
    xr.settle(the_plan("AWS"))
    assert "gpu-operator" in desired(xr.run(None))
    assert "gpu-operator" not in desired(xr.run(the_plan("AWS", accelerator=None)))


@pytest.mark.parametrize(
    ("platform", "group", "reason"),
    [
        ("AWS", {}, "OpenGroup"),
        ("AWS", {"taints": [TAINT]}, "EveryGroupTainted"),
        ("AWS", {"taints": [{**TAINT, "effect": "PreferNoSchedule"}]}, "OpenGroup"),
        ("AWS", {"windows": plans.windows((0, 0, 0), hours=12)}, "EveryGroupTainted"),
        ("GCP", {"accelerator": {"model": "v5e", "resource": "google.com/tpu", "perNode": 4.0},
                 "offers": [{"instanceType": "ct5lp-hightpu-4t"}]}, "EveryGroupTainted"),
        ("OnPremises", {}, "OpenGroup"),
    ],
)  # fmt: skip
def test_it_is_said_whether_dns_has_a_node_to_run_on(
    platform: str, group: dict[str, Any], reason: str
) -> None:
    told = pipeline(platform).run(the_plan(platform, **group))
    found = conditions(told)["SystemPodsHosted"]
    assert found[1] == reason
    if reason == "EveryGroupTainted":
        assert found[2].startswith("every group of plan prod in pools trainer is tainted or has no")
        assert found[2].endswith("name a pool with an untainted group in spec.pools")


def test_a_cluster_that_is_there_has_nodes_of_its_own() -> None:
    xr = Pipeline("OnPremises", {**BASE, "onPremises": EXISTING}, NOW)
    assert "SystemPodsHosted" not in conditions(xr.run(the_plan("OnPremises", taints=[TAINT])))


@pytest.mark.parametrize(
    ("platform", "reported", "endpoint"),
    [
        ("AWS", {"atProvider": {"endpoint": "https://A.eks.example"}}, "https://A.eks.example"),
        ("GCP", {"atProvider": {"endpoint": "203.0.113.7"}}, "https://203.0.113.7"),
    ],
)
def test_the_status_has_the_clusters_endpoint_once_it_is_known(
    platform: str, reported: dict[str, Any], endpoint: str
) -> None:
    xr = pipeline(platform, clusterName="prod-1")
    told = xr.run(None)
    assert told["desired"]["composite"]["resource"]["status"]["cluster"] == {"name": "prod-1"}
    xr.exist(told, **reported)
    status = xr.run(None)["desired"]["composite"]["resource"]["status"]
    assert status["cluster"] == {"name": "prod-1", "endpoint": endpoint}


def test_the_status_is_written_only_where_the_step_is_told_to() -> None:
    xr = pipeline("Edge")
    step = {"apiVersion": "cluster.fn.trimtab.dev/v1alpha1", "kind": "Input", "platform": "Edge"}
    assert "resource" not in xr.run(None, step=step)["desired"]["composite"]
    told = xr.run(None, step={**step, "statusFieldPath": "status.site"})
    status = told["desired"]["composite"]["resource"]["status"]
    assert status == {"site": {"name": "ml", "endpoint": "https://10.0.0.10:6443"}}
