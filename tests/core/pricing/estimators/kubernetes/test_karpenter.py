"""NodePools: replicas, limits as bounds, requirements, and machines that are theirs, by hand."""

from collections.abc import Mapping
from typing import Any

import pytest

from support.estimates import bill, estimate, resource
from support.machine_book import machine_book, offer
from trimtab.pricing.amount import Amount
from trimtab.pricing.model import Status
from trimtab.resources.model import Resource

BOOK = machine_book(
    offer("m.large", 0.10, spot=0.04, vcpu=2, gib=8, band=(0, 5)),
    offer("m.xlarge", 0.25, spot=0.05, vcpu=4, gib=16),
    offer("g.xlarge", 1.00, vcpu=4, gib=16, gpu=("a10g", 1)),
    offer("a.large", 0.07, vcpu=2, gib=8, architecture="arm64"),
    offer("west.large", 0.50, vcpu=2, gib=8, region="us-west-2"),
)
AMD64 = {"key": "kubernetes.io/arch", "operator": "In", "values": ["amd64"]}


def node_pool(
    *requirements: Mapping[str, Any], group: str = "karpenter.k8s.aws", **spec: Any
) -> Resource:
    reference = {"group": group, "kind": "EC2NodeClass", "name": "default"}
    template = {"spec": {"nodeClassRef": reference, "requirements": list(requirements)}}
    values = {"metadata": {"name": "p"}, "spec": {**spec, "template": template}}
    return resource("karpenter.sh/NodePool", values, region=None)


def priced(pool: Resource, **fields: Any) -> Any:
    return estimate(pool, **{"book": BOOK, "regions": {"aws": "us-east-1"}, **fields})


def test_replicas_run_the_cheapest_type_that_is_admitted() -> None:
    found = priced(node_pool(AMD64, replicas=3))
    # 3 x 730 x 0.10
    assert bill(found) == {"nodes: m.large, on-demand": 219.00}
    assert (found.status, found.usd_per_month_now) == (Status.PRICED, pytest.approx(219))
    assert found.charges[0].note == "the cheapest of 2 types that its requirements admit"


def test_limits_bound_what_it_may_cost_and_nobody_expects_a_figure() -> None:
    found = priced(node_pool(AMD64, limits={"cpu": "10", "memory": "1Ti"}))
    # 5 m.large (10 of 2 vCPU) cost 0.50 an hour, 2 m.xlarge (8 of 4) likewise; by name, the latter
    assert found.usd_per_month == Amount(0, None, 5 * 0.10 * 730)
    assert found.status is Status.BOUNDED
    # spot is allowed where nothing says otherwise: 2 m.xlarge at 0.05
    assert found.charges[0].note == (
        "full at its limits: 2 m.xlarge, $73.00 a month, to 2 m.xlarge, $365.00"
    )


@pytest.mark.parametrize(
    ("limits", "nodes", "instance_type"),
    [
        ({"memory": "20Gi"}, 1, "m.xlarge"),  # 2 m.large 0.20, 1 m.xlarge 0.25
        ({"nodes": 3}, 3, "m.xlarge"),
        ({"cpu": "4000m"}, 1, "m.xlarge"),
        ({"cpu": 2}, 1, "m.large"),
        ({"cpu": 100, "nvidia.com/gpu": 2}, 2, "g.xlarge"),
    ],
)
def test_the_dearest_way_to_fill_limits_is_in_whole_machines(
    limits: dict[str, Any], nodes: int, instance_type: str
) -> None:
    found = priced(node_pool(AMD64, limits=limits)).machines[0].nodes
    assert (found.count.high, found.instance_types) == (nodes, (instance_type,))


def test_limits_that_let_nothing_start_cost_nothing() -> None:
    found = priced(node_pool(AMD64, limits={"cpu": 1}))
    assert found.usd_per_month == Amount(0, 0, 0)


def test_without_limits_nothing_bounds_it() -> None:
    found = priced(node_pool(AMD64))
    assert found.usd_per_month == Amount(0, None, float("inf"))
    assert found.charges[0].note == "no limits: nothing bounds it"


def test_spot_alone_costs_spot_prices_and_is_at_risk() -> None:
    spot = {"key": "karpenter.sh/capacity-type", "operator": "In", "values": ["spot"]}
    found = priced(node_pool(AMD64, spot, replicas=2))
    assert bill(found) == {"nodes: m.large, spot": 58.40}  # 2 x 730 x 0.04
    # in the band of 0 to 5 %
    assert found.machines[0].risk.interruptions_per_month == pytest.approx((0, 0.05, 0.1))


def test_auto_mode_takes_its_share_of_the_on_demand_price() -> None:
    spot = {"key": "karpenter.sh/capacity-type", "operator": "In", "values": ["spot"]}
    found = priced(node_pool(AMD64, spot, group="eks.amazonaws.com", replicas=2))
    # 2 x 730 x 0.04, and 12 % of 0.10
    assert bill(found) == {"nodes: m.large, spot": 58.40, "EKS Auto Mode's fee": 17.52}
    gpu = {"key": "karpenter.k8s.aws/instance-gpu-count", "operator": "Gt", "values": ["0"]}
    accelerated = priced(node_pool(gpu, group="eks.amazonaws.com", replicas=1))
    assert accelerated.status is Status.PARTLY
    assert accelerated.note == "without EKS Auto Mode's fee"


def test_the_region_is_the_requirements_or_the_clusters() -> None:
    west = {"key": "topology.kubernetes.io/region", "operator": "In", "values": ["us-west-2"]}
    assert bill(priced(node_pool(west, replicas=1))) == {"nodes: west.large, on-demand": 365.00}
    cluster = resource("aws_eks_cluster", {"name": "c"}, name="c", region="us-west-2")
    there = estimate(node_pool(replicas=1), cluster, book=BOOK)
    assert bill(there) == {"nodes: west.large, on-demand": 365.00}


@pytest.mark.parametrize(
    ("requirement", "regions", "reason"),
    [
        (
            {"key": "karpenter.k8s.aws/instance-family", "operator": "In", "values": ["z9"]},
            {"aws": "us-east-1"},
            "no machine of us-east-1 is known that its requirements admit",
        ),
        (
            {"key": "node.kubernetes.io/instance-type", "operator": "In", "values": ["z9.large"]},
            {"aws": "us-east-1"},
            "no on-demand price of z9.large in us-east-1",
        ),
        (
            {"key": "node.kubernetes.io/instance-type", "operator": "In", "values": ["m.large"]},
            {},
            "no on-demand price of m.large in an unknown region",
        ),
        (
            {"key": "karpenter.k8s.aws/instance-gpu-name", "operator": "In", "values": ["nogpu9"]},
            {"aws": "us-east-1"},
            "unknown accelerator",
        ),
    ],
)
def test_what_no_machine_answers_is_a_gap(
    requirement: dict[str, Any], regions: dict[str, str], reason: str
) -> None:
    found = priced(node_pool(requirement, replicas=1), regions=regions)
    assert found.status is Status.NOT_PRICED
    assert reason in found.gaps[0].reason


def claim(name: str, labels: dict[str, str]) -> Resource:
    requirement = {"key": "node.kubernetes.io/instance-type", "operator": "In"}
    spec = {
        "nodeClassRef": {"group": "karpenter.k8s.aws"},
        "requirements": [{**requirement, "values": ["m.xlarge"]}],
    }
    values = {"metadata": {"name": name, "labels": labels}, "spec": spec}
    return resource("karpenter.sh/NodeClaim", values, name=name, region=None)


def test_a_node_claim_is_one_machine_or_among_its_pools() -> None:
    pool = node_pool(AMD64, replicas=1)
    fields: dict[str, Any] = {"book": BOOK, "regions": {"aws": "us-east-1"}}
    of_pool = estimate(claim("c", {"karpenter.sh/nodepool": "p"}), pool, **fields)
    assert (of_pool.status, of_pool.note) == (Status.COVERED, "among the nodes of NodePool p")
    alone = estimate(claim("c", {}), pool, **fields)
    assert bill(alone) == {"nodes: m.xlarge, on-demand": 182.50}  # 730 x 0.25
