"""AWS networking, computed by hand from the price pages that the book names."""

import pytest

from support.estimates import bill, estimate, resource
from trimtab.pricing.amount import between
from trimtab.pricing.model import Status
from trimtab.resources.inputs import UNKNOWN


def test_a_nat_gateway_is_paid_by_the_hour_and_by_what_passes() -> None:
    priced = estimate(resource("aws_nat_gateway"))
    # 730 h x 0.045, and 100 GB (the default) x 0.045
    assert bill(priced) == {"NAT gateway": 32.85, "data processed": 4.50}
    assert priced.status is Status.PRICED


def test_a_region_without_a_price_is_a_gap_and_never_0() -> None:
    priced = estimate(resource("aws_nat_gateway", region="mars-1"))
    assert priced.status is Status.NOT_PRICED
    assert priced.usd_per_month is None
    assert priced.gaps[0].reason == "no price of aws/nat-gateway/hour in mars-1"


@pytest.mark.parametrize(
    ("region", "usd_per_month"),
    [
        # 730 h at the region's hourly price
        ("us-east-2", 32.85),
        ("us-west-2", 32.85),
        ("eu-west-1", 35.04),
        ("ap-southeast-1", 43.07),
        ("sa-east-1", 67.89),
    ],
)
def test_a_nat_gateway_costs_what_its_region_asks(region: str, usd_per_month: float) -> None:
    priced = estimate(resource("aws_nat_gateway", region=region))
    assert bill(priced)["NAT gateway"] == usd_per_month


def test_a_regional_nat_gateway_is_a_gap() -> None:
    priced = estimate(resource("aws_nat_gateway", {"availabilityMode": "regional"}, camel=True))
    assert priced.status is Status.NOT_PRICED


def test_an_address_is_paid_by_the_hour_but_for_one_of_the_users_range() -> None:
    # 730 h x 0.005
    assert bill(estimate(resource("aws_eip", region="eu-north-1"))) == {"public IPv4 address": 3.65}
    own = resource("aws_eip", {"publicIpv4Pool": "ipv4pool-ec2-012345"}, camel=True)
    assert estimate(own).gaps[0].reason == "publicIpv4Pool changes the price"


def test_a_gateway_endpoint_is_free() -> None:
    for inputs in ({}, {"vpc_endpoint_type": "Gateway"}):
        assert estimate(resource("aws_vpc_endpoint", inputs)).status is Status.FREE


def test_an_interface_endpoint_is_paid_in_each_of_its_zones() -> None:
    inputs = {"vpcEndpointType": "Interface", "subnetIds": ["a", UNKNOWN, "c"]}
    priced = estimate(resource("aws_vpc_endpoint", inputs, camel=True))
    # 3 x 730 h x 0.01, and 100 GB x 0.01
    assert bill(priced) == {"endpoint in each of its zones": 21.90, "data processed": 1.00}


def test_zones_that_are_associated_apart_are_paid_for_there() -> None:
    endpoint = resource("aws_vpc_endpoint", {"vpc_endpoint_type": "Interface"}, key="endpoint")
    zone = resource(
        "aws_vpc_endpoint_subnet_association", references={"vpc_endpoint_id": ("endpoint",)}
    )
    assert bill(estimate(endpoint)) == {"endpoint in each of its zones": 7.30, "data processed": 1}
    assert bill(estimate(endpoint, zone)) == {"data processed": 1.00}
    assert bill(estimate(zone, endpoint)) == {"endpoint in a zone": 7.30}


def test_an_interface_endpoint_in_unknown_zones_is_bounded_by_the_zones_of_a_region() -> None:
    inputs = {"vpc_endpoint_type": "Interface", "subnet_ids": UNKNOWN}
    priced = estimate(resource("aws_vpc_endpoint", inputs))
    assert priced.charges[0].quantity == between(1, 6)
    assert priced.status is Status.BOUNDED
    kind = {"vpc_endpoint_type": UNKNOWN}
    assert estimate(resource("aws_vpc_endpoint", kind)).status is Status.NOT_PRICED


def test_a_vpn_to_a_transit_gateway_is_its_attachment_too() -> None:
    assert bill(estimate(resource("aws_vpn_connection"))) == {"VPN connection": 36.50}
    both = bill(estimate(resource("aws_vpn_connection", {"transit_gateway_id": UNKNOWN})))
    # 730 h x 0.05 twice, and 100 GB x 0.02
    assert both == {
        "VPN connection": 36.50,
        "transit gateway attachment": 36.50,
        "data processed": 2.00,
    }


def test_a_port_of_a_bandwidth_without_price_is_a_gap() -> None:
    priced = estimate(resource("aws_dx_connection", {"bandwidth": "400Gbps"}))
    assert priced.gaps[0].reason == "no price of aws/direct-connect/400Gbps/hour in us-east-1"


def test_a_load_balancer_is_paid_by_the_hour_by_use_and_by_its_addresses() -> None:
    inputs = {"loadBalancerType": "application", "subnets": ["a", "b", "c"]}
    priced = estimate(resource("aws_lb", inputs, camel=True))
    # 730 h x 0.0225; one unit x 730 h x 0.008; three addresses x 730 h x 0.005
    assert bill(priced) == {
        "application load balancer": 16.43,
        "capacity units": 5.84,
        "public IPv4 addresses": 10.95,
    }


def test_a_load_balancer_without_public_addresses_pays_none() -> None:
    for inputs in (
        {"internal": True, "subnets": ["a", "b"]},
        {"subnet_mapping": [{"allocation_id": "eipalloc-1"}]},  # the Elastic IP bills itself
        {"ip_address_type": "dualstack-without-public-ipv4", "subnets": ["a", "b"]},
    ):
        assert "public IPv4 addresses" not in bill(estimate(resource("aws_lb", inputs)))


def test_a_gateway_load_balancer_has_no_public_address() -> None:
    priced = estimate(resource("aws_lb", {"load_balancer_type": "gateway", "subnets": ["a"]}))
    # 730 h x 0.0125, and one unit x 730 h x 0.004
    assert bill(priced) == {"gateway load balancer": 9.12, "capacity units": 2.92}


def test_a_load_balancer_in_unknown_subnets_has_two_to_six_addresses() -> None:
    priced = estimate(resource("aws_lb", {"subnets": UNKNOWN}))
    assert priced.charges[2].quantity == between(2, 6)
    hidden = estimate(resource("aws_lb", {"subnets": ["a", "b"], "internal": UNKNOWN}))
    assert hidden.charges[2].quantity == between(0, 2)


def test_a_classic_load_balancer_pays_by_what_passes() -> None:
    priced = estimate(resource("aws_elb", {"availability_zones": ["a", "b"]}))
    # 730 h x 0.025; 100 GB x 0.008; two addresses x 730 h x 0.005
    assert bill(priced) == {
        "classic load balancer": 18.25,
        "data processed": 0.80,
        "public IPv4 addresses": 7.30,
    }
