"""GKE, computed by hand from the rates of us-central1 (July 2026) that the book names.

e2-medium is 0.033506 an hour, pd-balanced 0.10 a GiB; management 0.10 an hour.
"""

from typing import Any

import pytest

from support.estimates import bill, estimate, resource
from trimtab.pricing.amount import Amount
from trimtab.pricing.model import Status
from trimtab.resources.inputs import UNKNOWN
from trimtab.resources.model import Resource

FEE = 73.00


def cluster(inputs: dict[str, Any], **fields: Any) -> Resource:
    return resource("google_container_cluster", inputs, region="us-central1", **fields)


def pool(inputs: dict[str, Any], **fields: Any) -> Resource:
    return resource("google_container_node_pool", inputs, region="us-central1", **fields)


def test_a_cluster_without_its_default_pool_is_its_fee() -> None:
    priced = estimate(
        cluster(
            {
                "location": "us-central1",
                "initial_node_count": 1,
                "remove_default_node_pool": True,
            }
        )
    )
    assert bill(priced) == {"cluster management": FEE}


def test_a_regional_default_pool_has_its_count_in_each_of_three_zones() -> None:
    priced = estimate(cluster({"location": "us-central1", "initial_node_count": 1}))
    # 3 x 730 x 0.033506; 3 x 100 x 0.10; 3 x 730 x 0.005
    assert bill(priced) == {
        "cluster management": FEE,
        "default pool: e2-medium, on-demand": 73.38,
        "boot disks, pd-balanced": 30.00,
        "nodes' external addresses": 10.95,
    }


def test_a_cluster_that_says_no_location_is_in_its_providers_zone() -> None:
    found = estimate(cluster({"initial_node_count": 5}))
    assert found.machines[0].nodes.count.expected == 5
    further = ["us-central1-b", "us-central1-c"]
    found = estimate(cluster({"initial_node_count": 5, "node_locations": further}))
    assert found.machines[0].nodes.count.expected == 15  # and in its own zone


def test_private_nodes_have_no_addresses() -> None:
    private = {"private_cluster_config": {"enable_private_nodes": True}}
    owner = cluster({"location": "us-central1-a", **private}, key="owner")
    inputs = {"location": "us-central1-a", "node_count": 1}
    nodes = pool(inputs, references={"cluster": ("owner",)})
    assert "nodes' external addresses" not in bill(estimate(nodes, owner))
    public = {**inputs, "network_config": {"enable_private_nodes": False}}
    again = pool(public, references={"cluster": ("owner",)})
    assert bill(estimate(again, owner))["nodes' external addresses"] == 3.65


def test_a_zonal_clusters_own_zone_counts_besides_those_that_it_lists() -> None:
    inputs = {"location": "us-central1-a", "node_locations": ["us-central1-b"]}
    priced = estimate(cluster({**inputs, "initial_node_count": 1}))
    assert bill(priced)["default pool: e2-medium, on-demand"] == 48.92  # 2 x 24.46


def test_pools_in_a_cluster_are_charged_with_it() -> None:
    priced = estimate(
        cluster(
            {
                "location": "us-central1-a",
                "node_pool": [{"name": "web", "node_count": 2}],
            }
        )
    )
    assert bill(priced)["nodes of web: e2-medium, on-demand"] == 48.92


def test_autopilot_is_paid_by_what_pods_ask_for() -> None:
    priced = estimate(cluster({"location": "us-central1", "enable_autopilot": True}))
    # by default 2 x 730 x 0.0445, 8 x 730 x 0.0049225, 4 x 730 x 0.0000548
    assert bill(priced) == {
        "cluster management": FEE,
        "pods' vCPUs": 64.97,
        "pods' memory": 28.75,
        "pods' ephemeral storage": 0.16,
    }


def test_a_pool_with_a_fixed_count_has_it_in_each_zone() -> None:
    priced = estimate(
        pool(
            {
                "location": "us-central1",
                "node_count": 2,
                "node_config": {"machine_type": "e2-standard-2", "disk_size_gb": 50},
            }
        )
    )
    # 6 x 730 x 0.067011; 6 x 50 x 0.10
    assert bill(priced) == {
        "nodes: e2-standard-2, on-demand": 293.51,
        "boot disks, pd-balanced": 30.00,
    }


def test_a_pool_that_names_its_zones_has_its_count_in_each_of_them() -> None:
    inputs = {"location": "us-central1", "node_locations": ["us-central1-a", "us-central1-b"]}
    priced = estimate(pool({**inputs, "node_count": 1}))
    assert bill(priced)["nodes: e2-medium, on-demand"] == 48.92


@pytest.mark.parametrize(
    ("scaling", "low", "high"),
    [
        pytest.param({"min_node_count": 1, "max_node_count": 3}, 3, 9, id="a zone's bounds"),
        pytest.param(
            {"total_min_node_count": 1, "total_max_node_count": 5}, 1, 5, id="the pool's bounds"
        ),
    ],
)
def test_autoscaling_bounds_a_pool_and_the_start_is_what_is_expected(
    scaling: dict[str, int], low: int, high: int
) -> None:
    inputs = {"location": "us-central1", "initial_node_count": 1, "autoscaling": scaling}
    nodes = estimate(pool(inputs)).machines[0].nodes
    assert (nodes.count.low, nodes.count.expected, nodes.count.high) == (low, 3, high)
    assert nodes.now == 3


def test_autoscaling_without_a_start_is_bounds_alone() -> None:
    inputs = {"location": "us-central1-a", "autoscaling": {"max_node_count": 4}}
    priced = estimate(pool(inputs))
    assert priced.status is Status.BOUNDED
    assert priced.machines[0].nodes.count == Amount(0, None, 4)
    assert priced.usd_per_month_now == 0


def test_a_spot_pool_with_gpus_and_local_ssds() -> None:
    priced = estimate(
        pool(
            {
                "location": "us-central1-a",
                "node_count": 1,
                "node_config": {
                    "machine_type": "n1-standard-4",
                    "spot": True,
                    "guest_accelerator": [{"type": "nvidia-tesla-t4", "count": 1}],
                    "ephemeral_storage_local_ssd_config": {"local_ssd_count": 1},
                },
            }
        )
    )
    # 730 x 0.06701; 730 x 0.14; 100 x 0.10; 375 x 0.0428
    assert bill(priced) == {
        "nodes: n1-standard-4, spot": 48.92,
        "nodes: nvidia-tesla-t4": 102.20,
        "boot disks, pd-balanced": 10.00,
        "local SSDs": 16.05,
    }


def test_an_accelerator_series_has_its_gpus_in_its_price() -> None:
    config = {
        "machine_type": "g2-standard-4",
        "guest_accelerator": [{"type": "nvidia-l4", "count": 1}],
    }
    priced = estimate(pool({"location": "us-central1-a", "node_count": 1, "node_config": config}))
    assert set(bill(priced)) == {"nodes: g2-standard-4, on-demand", "boot disks, pd-balanced"}


def test_a_pool_is_where_its_cluster_is() -> None:
    owner = cluster({"location": "europe-west4-a"}, key="owner")
    priced = estimate(
        pool({"cluster": UNKNOWN, "node_count": 1}, references={"cluster": ("owner",)}), owner
    )
    assert {charge.rate.region for charge in priced.charges} == {"europe-west4"}
    assert priced.machines[0].nodes.count.expected == 1


def test_a_pool_of_unknown_size_is_a_gap() -> None:
    priced = estimate(pool({"location": "us-central1-a", "node_count": UNKNOWN}))
    assert priced.status is Status.NOT_PRICED
    assert priced.gaps[0].reason == "its number of nodes is not known before a deployment"


def test_an_enterprise_tier_and_auto_provisioning_are_gaps() -> None:
    priced = estimate(
        cluster(
            {
                "location": "us-central1",
                "remove_default_node_pool": True,
                "enterprise_config": {"desired_tier": "ENTERPRISE"},
                "cluster_autoscaling": {"enabled": True},
            }
        )
    )
    assert [gap.label for gap in priced.gaps] == ["GKE Enterprise", "auto-provisioned nodes"]


def test_crossplane_and_pulumi_spell_the_same_in_camel_case() -> None:
    priced = estimate(
        pool(
            {
                "location": "us-central1",
                "initialNodeCount": 1,
                "autoscaling": [{"minNodeCount": 1, "maxNodeCount": 2}],
                "nodeConfig": [{"machineType": "e2-standard-2", "diskSizeGb": 50, "spot": True}],
            },
            camel=True,
        )
    )
    # 3 x 730 x 0.040212; 3 x 50 x 0.10
    assert bill(priced) == {
        "nodes: e2-standard-2, spot": 88.06,
        "boot disks, pd-balanced": 15.00,
    }
