"""Azure networking and edge, computed by hand from the price pages that the book names."""

from typing import Any

import pytest

from support.estimates import bill, estimate, resource
from trimtab.pricing.amount import exactly
from trimtab.pricing.model import Status
from trimtab.usage.model import Usage, UsageEntry


def rule(key: str, **fields: Any) -> Any:
    return resource("azurerm_lb_rule", key=key, **fields)


def test_a_nat_gateway_is_paid_by_the_hour_and_by_what_passes() -> None:
    # 730 h x 0.045, and 100 GB (the default) x 0.045, the same everywhere
    for region in ("eastus", "southeastasia"):
        assert bill(estimate(resource("azurerm_nat_gateway", region=region))) == {
            "NAT gateway": 32.85,
            "data processed": 4.50,
        }


@pytest.mark.parametrize(
    ("inputs", "usd"),
    [
        ({"sku": "Standard"}, 3.65),
        ({"sku": "Standard", "sku_tier": "Global"}, 7.30),
        ({"sku": "Basic", "allocation_method": "Dynamic"}, 2.92),
    ],
)
def test_an_address_is_paid_by_the_hour(inputs: dict[str, Any], usd: float) -> None:
    one = resource("azurerm_public_ip", inputs, region="eastus")
    assert bill(estimate(one)) == {"public IPv4 address": usd}


def test_an_ipv6_address_is_free() -> None:
    one = resource("azurerm_public_ip", {"ipVersion": "IPv6"}, region="eastus", camel=True)
    assert estimate(one).status is Status.FREE


def test_a_load_balancer_is_paid_for_with_five_rules_and_by_each_further_one() -> None:
    balancer = resource("azurerm_lb", {"sku": "Standard"}, region="eastus", key="lb")
    to = {"loadbalancer_id": ("lb",)}
    rules = [rule(f"rule{n}", references=to) for n in range(7)]
    assert bill(estimate(balancer, *rules)) == {
        "load balancer": 18.25,  # 730 h x 0.025
        "rules beyond five": 14.60,  # 2 x 730 h x 0.01
        "data processed": 0.50,  # 100 GB x 0.005
    }


def test_a_load_balancer_without_rules_is_paid_for_by_data_alone() -> None:
    balancer = resource("azurerm_lb", {"sku": "Standard"}, region="eastus", key="lb")
    other = rule("rule", references={"loadbalancer_id": ("another",)})
    assert bill(estimate(balancer, other)) == {"data processed": 0.50}
    astray = rule("rule")  # may be this one's
    assert "load balancer" in bill(estimate(balancer, astray))


def test_a_basic_load_balancer_and_a_rule_are_free() -> None:
    assert estimate(resource("azurerm_lb", {"sku": "Basic"})).status is Status.FREE
    assert estimate(rule("rule")).status is Status.FREE


def test_a_private_endpoint_is_cheaper_beyond_a_petabyte() -> None:
    monthly = {"inbound_gb": exactly(1_500_000.0), "outbound_gb": exactly(0.0)}
    usage = Usage((UsageEntry("", "", monthly),))
    priced = estimate(resource("azurerm_private_endpoint", region="westus"), usage=usage)
    assert bill(priced) == {
        "private endpoint": 7.30,  # 730 h x 0.01
        "data in": 10000.00,  # 1 PB x 0.01
        "data in beyond 1,000,000": 3000.00,  # 0.5 PB x 0.006
    }


def test_a_peering_across_regions_costs_more() -> None:
    near = resource("azurerm_virtual_network", region="westeurope", key="near")
    far = resource("azurerm_virtual_network", region="northeurope", key="far")
    for network, usd in ((near, 0.50), (far, 1.75)):  # 50 GB x 0.01, 50 GB x 0.035
        one = resource(
            "azurerm_virtual_network_peering",
            region="westeurope",
            references={"remote_virtual_network_id": (network.key,)},
        )
        assert bill(estimate(one, near, far)) == {"data in": usd, "data out": usd}


def test_a_gateways_eleventh_tunnel_is_paid_for() -> None:
    to = {"virtual_network_gateway_id": ("gateway",)}
    kind = "azurerm_virtual_network_gateway_connection"
    gateway = resource("azurerm_virtual_network_gateway", key="gateway")
    tunnels = [
        resource(kind, {"type": "IPsec"}, region="eastus", key=f"t{n:02}", references=to)
        for n in range(11)
    ]
    assert estimate(tunnels[0], gateway, *tunnels[1:]).status is Status.FREE
    assert bill(estimate(tunnels[10], gateway, *tunnels[:10])) == {"site-to-site tunnel": 10.95}


def test_a_vpn_gateway_is_paid_for_by_its_sku() -> None:
    inputs = {"type": "Vpn", "sku": "VpnGw1"}
    assert bill(estimate(resource("azurerm_virtual_network_gateway", inputs, region="eastus"))) == {
        "VPN gateway: vpngw1": 138.70,  # 730 h x 0.19
        "data out": 3.50,  # 100 GB x 0.035
        "clients beyond 128": 0.00,
    }


def test_an_application_gateway_lies_between_its_limits() -> None:
    inputs = {
        "sku": [{"name": "WAF_v2", "tier": "WAF_v2"}],
        "autoscale_configuration": [{"min_capacity": 1, "max_capacity": 10}],
    }
    priced = estimate(resource("azurerm_application_gateway", inputs, region="northeurope"))
    # 730 h x 0.432; 10 to 100 units x 730 h x 0.0144
    assert bill(priced)["gateway: waf-v2"] == 315.36
    units = priced.charges[1].usd_per_month
    assert units.low == pytest.approx(105.12)
    assert units.expected == pytest.approx(105.12)
    assert units.high == pytest.approx(1051.20)


def test_a_first_generation_gateway_is_a_gap() -> None:
    inputs = {"sku": [{"name": "Standard_Medium", "tier": "Standard"}]}
    priced = estimate(resource("azurerm_application_gateway", inputs, region="eastus"))
    assert priced.gaps[0].reason == "no price of the tier standard"


def test_front_door_is_paid_by_the_month_by_requests_and_by_data() -> None:
    inputs = {"sku_name": "Standard_AzureFrontDoor"}
    assert bill(estimate(resource("azurerm_cdn_frontdoor_profile", inputs, region=None))) == {
        "Front Door: standard": 35.00,
        "requests": 0.90,  # 100 x 0.009
        "data out": 8.30,  # 100 GB x 0.083
    }


def test_a_firewall_and_its_data() -> None:
    assert bill(estimate(resource("azurerm_firewall", region="eastus"))) == {
        "firewall: standard": 912.50,  # 730 h x 1.25
        "data processed": 1.60,  # 100 GB x 0.016
    }
    basic = estimate(
        resource("azurerm_firewall", {"skuTier": "Basic"}, region="eastus", camel=True)
    )
    assert [gap.label for gap in basic.gaps] == ["firewall: basic", "data processed"]


def test_a_cdn_endpoint_is_paid_for_at_its_profiles_rate() -> None:
    profile = resource("azurerm_cdn_profile", {"sku": "Standard_Microsoft"}, key="profile")
    references = {"profile_name": ("profile",)}
    one = resource("azurerm_cdn_endpoint", region="eastus", references=references)
    assert bill(estimate(one, profile)) == {"data out: microsoft": 8.10}  # 100 GB x 0.081
    native = resource("azurerm_cdn_profile", {"sku_name": "Standard_Microsoft"}, key="profile")
    assert bill(estimate(one, native)) == {"data out: microsoft": 8.10}
    assert estimate(one).status is Status.NOT_PRICED


def test_zones_are_paid_for_by_the_month_and_by_queries() -> None:
    for kind, label in (("dns", "DNS zone"), ("private_dns", "private DNS zone")):
        one = resource(f"azurerm_{kind}_zone", region=None)
        assert bill(estimate(one)) == {label: 0.50, "DNS queries": 0.40}


def test_a_region_without_a_price_is_a_gap_and_never_0() -> None:
    priced = estimate(resource("azurerm_firewall", region="marsnorth"))
    assert priced.status is Status.NOT_PRICED
    assert priced.usd_per_month is None
    assert priced.gaps[0].reason == "no price of azure/firewall/standard in marsnorth"
