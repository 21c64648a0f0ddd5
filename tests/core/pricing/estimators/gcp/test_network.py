"""Networking, computed by hand from the rates of us-central1 that the book names."""

from typing import Any

import pytest

from support.estimates import bill, estimate, resource
from trimtab.pricing.model import Status
from trimtab.resources.inputs import UNKNOWN
from trimtab.resources.model import Resource


def gce(kind: str, inputs: dict[str, Any] | None = None, **fields: Any) -> Resource:
    region = fields.pop("region", "us-central1")
    return resource(f"google_compute_{kind}", inputs or {}, region=region, **fields)


def test_an_address_that_nothing_uses_costs_twice_one_in_use() -> None:
    address = gce("address", key="ip")
    user = gce(
        "instance",
        {"network_interface": [{"access_config": [{"nat_ip": UNKNOWN}]}]},
        references={"network_interface": ("ip",)},
    )
    # 730 x 0.01 and 730 x 0.005
    assert bill(estimate(address)) == {"external address, unused": 7.30}
    assert bill(estimate(address, user)) == {"external address in use": 3.65}


def test_an_address_of_a_spot_machine_costs_less_still() -> None:
    user = gce(
        "instance",
        {"scheduling": {"preemptible": True}, "network_interface": [{"access_config": [{}]}]},
        references={"network_interface": ("ip",)},
    )
    priced = estimate(gce("address", key="ip"), user)
    assert bill(priced) == {"external address of a spot machine": 1.82}  # 730 x 0.0025


def test_an_address_of_a_forwarding_rule_and_an_internal_one_cost_nothing() -> None:
    rule = gce("forwarding_rule", references={"ip_address": ("ip",)})
    assert estimate(gce("address", key="ip"), rule).status is Status.FREE
    assert estimate(gce("address", {"address_type": "INTERNAL"})).status is Status.FREE
    assert estimate(gce("global_address", {"purpose": "VPC_PEERING"})).status is Status.FREE


def test_a_nat_gateway_is_paid_by_machines_and_what_passes() -> None:
    # by default 4 x 730 x 0.0014 and 100 x 0.045
    assert bill(estimate(gce("router_nat"))) == {
        "NAT gateway, machines behind it": 4.09,
        "data processed": 4.50,
    }


def test_a_nat_gateway_that_takes_its_own_addresses_has_one_at_the_least() -> None:
    priced = estimate(gce("router_nat", {"nat_ip_allocate_option": "AUTO_ONLY"}))
    assert bill(priced)["external address"] == 3.65  # 730 x 0.005


def test_the_first_five_forwarding_rules_cost_as_much_as_one() -> None:
    rules = [gce("global_forwarding_rule", name=f"rule{n}") for n in range(7)]

    def hourly(rule: Resource) -> float:
        others = [each for each in rules if each is not rule]
        return bill(estimate(rule, *others)).get("forwarding rule") or 0.0

    # 730 x 0.025 once, and 730 x 0.01 for each beyond five
    assert [hourly(rule) for rule in rules] == [18.25, 0, 0, 0, 0, 7.30, 7.30]


def test_a_rule_of_a_classic_vpn_costs_nothing() -> None:
    assert estimate(gce("forwarding_rule", {"ip_protocol": "ESP"})).status is Status.FREE


def test_a_private_service_connect_endpoint_is_a_gap() -> None:
    target = "projects/p/regions/us-central1/serviceAttachments/s"
    priced = estimate(gce("forwarding_rule", {"target": target}))
    assert priced.gaps[0].label == "Private Service Connect endpoint"


def test_a_tunnel_is_paid_by_the_hour_where_it_is() -> None:
    assert bill(estimate(gce("vpn_tunnel"))) == {"VPN tunnel": 36.50}  # 730 x 0.05
    priced = estimate(gce("vpn_tunnel", region="mars-1"))
    assert priced.gaps[0].reason == "no price of gcp/compute/vpn/tunnel in mars-1"


def test_an_interconnect_is_a_gap() -> None:
    priced = estimate(gce("interconnect_attachment", {"bandwidth": "BPS_50G"}))
    assert priced.gaps[0].reason == "no source gives the price of BPS_50G"


def test_a_security_policy_is_paid_by_its_rules() -> None:
    rules = [{"action": "allow"}, {"action": "deny(403)"}]
    # 5, 2 x 1, and by default a million requests at 0.75
    assert bill(estimate(gce("security_policy", {"rule": rules}))) == {
        "Cloud Armor policy": 5.00,
        "Cloud Armor rules": 2.00,
        "requests": 0.75,
    }


def test_pulumi_spells_the_same_in_camel_case() -> None:
    priced = estimate(gce("address", {"addressType": "INTERNAL"}, camel=True))
    assert priced.status is Status.FREE


@pytest.mark.parametrize(
    "kind",
    [
        "google_compute_network",
        "google_compute_subnetwork",
        "google_compute_firewall",
        "google_compute_router",
        "google_compute_resource_policy",
        "google_compute_target_https_proxy",
        "google_project_iam_member",
        "google_project_service",
        "google_service_account",
        "google_storage_bucket_iam_member",
        "google_compute_instance_template",
    ],
)
def test_what_google_takes_no_money_for(kind: str) -> None:
    assert estimate(resource(kind)).status is Status.FREE


def test_a_backend_with_a_cdn_is_not_free() -> None:
    backend = gce("backend_service", {"enable_cdn": True})
    assert estimate(backend).status is Status.NOT_PRICED
