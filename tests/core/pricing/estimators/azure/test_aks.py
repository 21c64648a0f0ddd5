"""AKS: fee, pools, disks and the load balancer, computed by hand."""

from typing import Any

import pytest

from support.estimates import bill, estimate, resource
from trimtab.pricing.model import Status
from trimtab.resources.inputs import UNKNOWN


def cluster(**inputs: Any) -> dict[str, float | None]:
    return bill(estimate(resource("azurerm_kubernetes_cluster", inputs, region="eastus")))


def test_a_free_cluster_pays_for_its_load_balancer_alone() -> None:
    # 730 h x 0.025, 730 h x 0.005, 100 GB x 0.005
    assert cluster() == {
        "load balancer": 18.25,
        "outbound address": 3.65,
        "load balancer data": 0.50,
    }


@pytest.mark.parametrize(
    ("tier", "label", "usd"),
    [
        ("Standard", "Standard tier", 73.00),  # 730 h x 0.10
        ("Paid", "Standard tier", 73.00),
        ("Premium", "Premium tier", 438.00),  # 730 h x 0.60
    ],
)
def test_a_tier_has_its_fee(tier: str, label: str, usd: float) -> None:
    assert cluster(sku_tier=tier)[label] == usd


def test_a_premium_cluster_where_its_price_is_not_known_is_a_gap() -> None:
    one = resource("azurerm_kubernetes_cluster", {"sku_tier": "Premium"}, region="westeurope")
    assert estimate(one).gaps[0].reason == "no price of azure/aks/premium in westeurope"


def test_a_tier_that_is_not_known_is_within_bounds() -> None:
    one = resource("azurerm_kubernetes_cluster", {"sku_tier": UNKNOWN}, region="eastus")
    fee = estimate(one).charges[0].usd_per_month
    assert (fee.low, fee.expected, fee.high) == (0, None, 73)


def test_outbound_addresses_of_ones_own_bill_themselves() -> None:
    for name in ("outbound_ip_address_ids", "outbound_ip_prefix_ids"):
        charged = cluster(network_profile=[{"load_balancer_profile": [{name: [UNKNOWN]}]}])
        assert charged == {"load balancer": 18.25, "load balancer data": 0.50}


def test_a_cluster_behind_a_nat_gateway_has_no_load_balancer() -> None:
    assert cluster(network_profile=[{"outbound_type": "userAssignedNATGateway"}]) == {}


def test_the_default_pool_in_pulumis_spelling() -> None:
    pool = {"vmSize": "Standard_D4s_v5", "nodeCount": 3, "osDiskSizeGb": 256}
    inputs = {"skuTier": "Free", "defaultNodePool": pool}
    one = resource("azurerm_kubernetes_cluster", inputs, region="eastus", camel=True)
    priced = estimate(one)
    # 3 x P15 38.012142
    assert bill(priced)["node disks: Premium SSD P15 LRS"] == 114.04
    assert [each.nodes.count.expected for each in priced.machines] == [3]


def test_an_autoscaled_spot_pool_lies_between_its_limits() -> None:
    inputs = {
        "vm_size": "Standard_D4s_v5",
        "auto_scaling_enabled": True,
        "min_count": 1,
        "max_count": 5,
        "node_count": 2,
        "os_disk_type": "Ephemeral",
        "priority": "Spot",
    }
    priced = estimate(resource("azurerm_kubernetes_cluster_node_pool", inputs, region="eastus"))
    parts = [each.nodes for each in priced.machines]
    if parts:  # only where the machine tables have a spot price
        assert (parts[0].count.low, parts[0].now, parts[0].count.high) == (1, 2, 5)
        assert parts[0].option == "spot"
    else:
        assert priced.gaps[0].reason == "no spot price of Standard_D4s_v5 in eastus"
    assert not any("disk" in label for label in bill(priced))


@pytest.mark.parametrize(
    ("size", "tier"),
    [
        ("Standard_D4s_v5", "Premium SSD P10"),
        ("Standard_D8s_v5", "Premium SSD P15"),
        ("Standard_D16s_v5", "Premium SSD P20"),
        ("Standard_D64s_v5", "Premium SSD P30"),
        ("Standard_D2_v2", "Standard HDD S10"),
    ],
)
def test_a_nodes_disk_is_by_its_machine_where_the_pool_says_nothing(size: str, tier: str) -> None:
    one = resource("azurerm_kubernetes_cluster_node_pool", {"vm_size": size}, region="eastus")
    assert f"node disks: {tier} LRS" in bill(estimate(one))


def test_a_windows_pool_is_told_apart() -> None:
    inputs = {"vm_size": "Standard_D4s_v5", "os_type": "Windows"}
    priced = estimate(resource("azurerm_kubernetes_cluster_node_pool", inputs, region="eastus"))
    assert bill(priced)["Windows licence"] == 134.32  # 4 vCPU x 730 h x 0.046


def test_a_pool_that_nothing_bounds_is_a_gap() -> None:
    inputs = {"vm_size": "Standard_D4s_v5", "node_count": UNKNOWN}
    priced = estimate(resource("azurerm_kubernetes_cluster_node_pool", inputs, region="eastus"))
    assert priced.status is Status.NOT_PRICED
    assert "nothing bounds it" in priced.gaps[0].reason
