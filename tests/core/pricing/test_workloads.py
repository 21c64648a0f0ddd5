"""Pods' share of nodes, by hand.

A node of `web` has 16 vCPU and 64 GiB for 0.80 USD an hour. Of them pods may have (the kubelet takes 0.06 of
the first core, 0.01 of the second, 0.005 of two and 0.0025 of twelve: 0.11; daemons 0.25) 15.64 vCPU, and
(64 x 0.925 - (255 + 11 x 234)/1024 - 100/1024 - 0.5 for daemons) 55.839 GiB.
"""

from typing import Any

import pytest

from support.estimates import resource, settings
from support.machine_book import machine_book, offer
from trimtab.pricing.engine import price
from trimtab.pricing.model import Estimate, Status
from trimtab.resources.inputs import UNKNOWN
from trimtab.resources.model import Estate, Resource

CORES = 15.64
GIB = 64 * 0.925 - (255 + 11 * 234) / 1024 - 100 / 1024 - 0.5
BOOK = machine_book(
    offer("web", 0.80, spot=0.2),
    offer("giant", 40.0, vcpu=192, gib=768),
    offer("gpu", 8.0, vcpu=96, gib=1152, gpu=("a100-40gb", 8)),
    offer("arm", 0.01, architecture="arm64"),
)


def node_pool(name: str, instance_type: str, count: int, **spec: Any) -> Resource:
    requirement = {"key": "node.kubernetes.io/instance-type", "operator": "In"}
    template = {
        "metadata": {"labels": spec.pop("labels", {})},
        "spec": {
            "nodeClassRef": {"group": "karpenter.k8s.aws", "kind": "EC2NodeClass"},
            "requirements": [
                {**requirement, "values": [instance_type]},
                *spec.pop("requirements", []),
            ],
            **spec,
        },
    }
    values = {"metadata": {"name": name}, "spec": {"replicas": count, "template": template}}
    return resource("karpenter.sh/NodePool", values, name=name, region=None)


def deployment(
    requests: dict[str, Any], *, kind: str = "apps/Deployment", replicas: Any = 2, **pod: Any
) -> Resource:
    container = {"name": "c", "resources": {"requests": requests, "limits": pod.pop("limits", {})}}
    template = {"spec": {"containers": [container], **pod}}
    values = {"metadata": {"name": "app"}, "spec": {"replicas": replicas, "template": template}}
    return resource(kind, values, name="app", region=None)


def priced(one: Resource, *others: Resource, **fields: Any) -> Estimate:
    fields = {"book": BOOK, "regions": {"aws": "us-east-1"}, **fields}
    return price(Estate("test", (one, *others)), settings(**fields))[0]


def share(found: Estimate) -> float | None:
    """The expected share in nodes of 730 hours."""
    if found.share_usd_per_month is None:
        return None
    return found.share_usd_per_month.expected


def test_pods_share_a_node_by_what_they_ask_for_most_of() -> None:
    web = node_pool("web", "web", 3)
    by_cores = priced(deployment({"cpu": "2", "memory": "1Gi"}), web)
    assert share(by_cores) == pytest.approx(2 * 2 / CORES * 0.80 * 730)
    by_memory = priced(deployment({"cpu": "100m", "memory": "16Gi"}), web)
    assert share(by_memory) == pytest.approx(2 * 16 / GIB * 0.80 * 730)
    # The nodes are in the total already.
    assert (by_cores.status, by_cores.usd_per_month) == (Status.COVERED, None)
    usd = 2 * 2 / CORES * 0.80 * 730
    assert by_cores.note == f"pods: in the price of web, its share, ${usd:,.2f} a month"


def test_accelerators_count_by_the_device() -> None:
    pods = deployment({"cpu": "4"}, limits={"nvidia.com/gpu": 2}, replicas=1)
    found = priced(pods, node_pool("gpus", "gpu", 1), node_pool("web", "web", 1))
    assert share(found) == pytest.approx(2 / 8 * 8.0 * 730)


def test_pods_without_accelerators_keep_off_nodes_that_have_them() -> None:
    found = priced(
        deployment({"cpu": "1"}), node_pool("gpus", "gpu", 1), node_pool("web", "web", 1)
    )
    assert share(found) == pytest.approx(2 * 1 / CORES * 0.80 * 730)


@pytest.mark.parametrize(
    ("selector", "lands"),
    [
        ({"karpenter.sh/nodepool": "b"}, "b"),
        ({"trimtab.dev/pool": "batch"}, "b"),
        ({"tier": "x"}, "b"),
        ({"node.kubernetes.io/instance-type": "giant"}, "a"),
        ({"kubernetes.io/arch": "amd64", "tier": "x"}, "b"),
    ],
)
def test_selectors_choose_the_pool(selector: dict[str, str], lands: str) -> None:
    found = priced(
        deployment({"cpu": "1"}, nodeSelector=selector),
        node_pool("a", "giant", 1),
        node_pool("b", "web", 1, labels={"tier": "x", "trimtab.dev/pool": "batch"}),
    )
    assert f"in the price of {lands}, " in found.note


def test_affinity_and_taints_choose_the_pool() -> None:
    expression = {"key": "tier", "operator": "NotIn", "values": ["x"]}
    terms = {"nodeSelectorTerms": [{"matchExpressions": [expression]}]}
    required = {"requiredDuringSchedulingIgnoredDuringExecution": terms}
    taint = {"key": "only", "value": "a", "effect": "NoSchedule"}
    pools = (
        node_pool("a", "web", 1, taints=[taint]),
        node_pool("b", "web", 1, labels={"tier": "x"}),
        node_pool("c", "web", 1),
    )
    found = priced(deployment({"cpu": "1"}, affinity={"nodeAffinity": required}), *pools)
    assert "in the price of c, " in found.note
    bears = {"key": "only", "operator": "Exists"}
    bearing = deployment(
        {"cpu": "1"}, tolerations=[bears], nodeSelector={"karpenter.sh/nodepool": "a"}
    )
    assert "in the price of a, " in priced(bearing, *pools).note


def test_of_several_pools_the_share_is_between_the_cheapest_and_the_dearest() -> None:
    spot = {"key": "karpenter.sh/capacity-type", "operator": "In", "values": ["spot"]}
    found = priced(
        deployment({"cpu": "2"}, replicas=1),
        node_pool("a", "web", 1),
        node_pool("b", "web", 3, requirements=[spot]),
    )
    part = 2 / CORES * 730
    assert found.share_usd_per_month is not None
    # by their nodes: one at 0.80, three at 0.20
    assert found.share_usd_per_month == pytest.approx((part * 0.2, part * 0.35, part * 0.8))


def test_a_daemon_set_runs_on_every_node_that_it_may() -> None:
    daemon = deployment({"cpu": "500m"}, kind="apps/DaemonSet")
    found = priced(daemon, node_pool("a", "web", 2), node_pool("b", "web", 3))
    assert share(found) == pytest.approx(5 * 0.5 / CORES * 0.80 * 730)
    alone = priced(daemon)
    assert alone.gaps[0].reason.startswith("runs on every node, and none")


def test_without_a_pool_a_cheap_machine_is_assumed_and_said() -> None:
    found = priced(deployment({"cpu": "2", "memory": "1Gi"}))
    assert found.status is Status.PRICED
    assert found.usd_per_month is not None
    # `web` at 0.80 / 15.64 a core; `giant` costs four times as much, `arm` is another architecture
    assert found.usd_per_month.expected == pytest.approx(2 * 2 / CORES * 0.80 * 730)
    assert found.note == "no pool is among the resources: web is assumed"
    spot = {"karpenter.sh/capacity-type": "spot"}
    cheaper = priced(deployment({"cpu": "2"}, nodeSelector=spot))
    assert cheaper.charges[0].label == "pods: share of web, spot"


@pytest.mark.parametrize(
    ("one", "fields", "reason"),
    [
        (
            deployment({"cpu": "1"}),
            {"regions": {}},
            "no pool that it may run on is among the resources, and no region is known",
        ),
        (
            deployment({"cpu": "500"}),
            {},
            "no machine of us-east-1 is known that fits, and no pool for it is here",
        ),
        (deployment({"cpu": "1x"}), {}, "'1x' is not a quantity such as 500m, 4 or 16Gi"),
    ],
)
def test_what_lands_nowhere_is_a_gap(one: Resource, fields: dict[str, Any], reason: str) -> None:
    found = priced(one, **fields)
    assert found.status is Status.NOT_PRICED
    assert reason in found.gaps[0].reason


def test_pods_of_an_autopilot_cluster_share_what_it_takes_for_them() -> None:
    cluster = resource(
        "google_container_cluster",
        {"name": "c", "location": "us-central1", "enable_autopilot": True},
        name="c",
        region="us-central1",
    )
    found = priced(deployment({"cpu": "500m", "memory": "2Gi"}), cluster, regions={})
    # 2 pods of 0.5 vCPU at 0.0445 and of 2 GiB at 0.0049225
    assert share(found) == pytest.approx(2 * (0.5 * 0.0445 + 2 * 0.0049225) * 730)
    assert (found.status, found.note) == (
        Status.COVERED,
        "pods: in what Autopilot cluster c takes for its pods",
    )


def test_a_pod_that_no_node_of_its_pool_has_room_for_is_a_gap() -> None:
    found = priced(deployment({"cpu": "20"}), node_pool("web", "web", 1))
    assert found.gaps[0].reason == "nodes of web are too small for it"


def test_pods_without_requests_have_no_share() -> None:
    found = priced(deployment({}), node_pool("web", "web", 1))
    assert (found.status, found.share_usd_per_month) == (Status.COVERED, None)
    assert found.note == "pods: no requests, so no share of a node"


def scaler(kind: str, **spec: Any) -> Resource:
    target = {"scaleTargetRef": {"kind": "Deployment", "name": "app"}}
    return resource(kind, {"metadata": {"name": "s"}, "spec": {**target, **spec}}, name="s")


def test_an_autoscaler_bounds_the_replicas() -> None:
    web = node_pool("web", "web", 9)
    each = 1 / CORES * 0.80 * 730
    hpa = scaler("autoscaling/HorizontalPodAutoscaler", minReplicas=2, maxReplicas=10)
    found = priced(deployment({"cpu": "1"}, replicas=3), web, hpa)
    assert found.share_usd_per_month == pytest.approx((2 * each, 3 * each, 10 * each))
    keda = scaler("keda.sh/ScaledObject", maxReplicaCount=5)
    unknown = priced(deployment({"cpu": "1"}, replicas=UNKNOWN), web, keda)
    assert unknown.share_usd_per_month is not None
    assert unknown.share_usd_per_month.expected is None
    assert unknown.share_usd_per_month[::2] == pytest.approx((0, 5 * each))


def test_a_bounded_pool_counts_a_pod_on_the_cheapest_machine_that_it_may_start() -> None:
    pool = node_pool("any", "web", 1)
    spec = pool.inputs.values["spec"]
    del spec["replicas"]
    spec["limits"] = {"cpu": "400"}
    spec["template"]["spec"]["requirements"][0]["values"] = ["web", "giant"]
    found = priced(deployment({"cpu": "2"}, replicas=1), pool)
    assert found.share_usd_per_month is not None
    # `giant`: 192 - (0.06 + 0.01 + 0.01 + 188 x 0.0025) - 0.25 = 191.2 vCPU for 40 USD
    assert found.share_usd_per_month == pytest.approx(
        (2 / CORES * 0.80 * 730, 2 / CORES * 0.80 * 730, 2 / 191.2 * 40 * 730)
    )
