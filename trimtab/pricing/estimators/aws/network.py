"""AWS networking: gateways, addresses, private links and connections between networks."""

from collections.abc import Iterator

from trimtab.pricing.amount import Amount, between, exactly
from trimtab.pricing.estimation import Estimation, Facts
from trimtab.pricing.estimators import estimates
from trimtab.pricing.estimators.aws.tariff import by_use, tariff
from trimtab.pricing.model import Basis, Gap, Part

MOST_ZONES = 6
"""No AWS region has more zones (us-east-1)."""


@estimates("aws_nat_gateway")
def nat_gateway(at: Estimation) -> Iterator[Part]:
    """By the hour, and by what passes."""
    if at.inputs.text("availability_mode") == "regional":
        yield Gap("NAT gateway", "a regional gateway is charged by the zones it spans")
        return
    yield at.charge("NAT gateway", "aws/nat-gateway/hour")
    yield from at.used("data processed", "aws/nat-gateway/data", "data_processed_gb")


@estimates("aws_eip")
def address(at: Estimation) -> Iterator[Part]:
    """A public IPv4 address, in use or idle; one of the user's own range is paid for otherwise."""
    if at.inputs.has("public_ipv4_pool") and at.inputs.text("public_ipv4_pool") != "amazon":
        yield Gap("public IPv4 address", "publicIpv4Pool changes the price")
        return
    yield at.charge("public IPv4 address", "aws/public-ipv4/hour")


def zones(at: Estimation, *names: str) -> tuple[Amount, Basis]:
    """In how many zones something stands: as many as the subnets of the first list that is given."""
    for name in names:
        length = at.inputs.length(name)
        if length is None:
            return between(1, MOST_ZONES), Basis.BOUNDS
        if length:
            return exactly(length), Basis.DECLARED
    return exactly(1), Basis.DECLARED


@estimates("aws_vpc_endpoint")
def vpc_endpoint(at: Estimation) -> Iterator[Part]:
    """An interface by the hour in each of its zones, and by what passes; a gateway is free."""
    if at.inputs.unknown("vpc_endpoint_type"):
        yield Gap("VPC endpoint", "only a deployment will know whether it is a gateway (free)")
        return
    match at.inputs.text("vpc_endpoint_type", "Gateway"):
        case "Gateway":
            return
        case "Interface":
            link = "interface"
        case "GatewayLoadBalancer":
            link = "gateway-load-balancer"
        case other:
            yield Gap("VPC endpoint", f"no price of the endpoint type {other}")
            return
    apart = at.resource.key in at.facts.once(_endpoints_with_associations)
    if not apart or at.inputs.has("subnet_ids") or at.inputs.has("subnet_configuration"):
        count, basis = zones(at, "subnet_ids", "subnet_configuration")
        yield at.charge(
            "endpoint in each of its zones", f"aws/vpc-endpoint/{link}/hour", count, basis=basis
        )
    yield from at.used("data processed", f"aws/vpc-endpoint/{link}/data", "data_processed_gb")


def _endpoints_with_associations(facts: Facts) -> frozenset[str]:
    """Keys of endpoints whose zones are declared apart from them, and paid for there."""
    return frozenset(
        key
        for each in facts.resources.values()
        if each.kind == "aws_vpc_endpoint_subnet_association"
        for key in each.references.get("vpc_endpoint_id", ())
    )


@estimates("aws_vpc_endpoint_subnet_association")
def vpc_endpoint_zone(at: Estimation) -> Iterator[Part]:
    """One more zone of an interface endpoint."""
    endpoint = at.referred("vpc_endpoint_id", "aws_vpc_endpoint")
    if endpoint is not None and endpoint.inputs.text("vpc_endpoint_type") == "GatewayLoadBalancer":
        yield at.charge("endpoint in a zone", "aws/vpc-endpoint/gateway-load-balancer/hour")
        return
    yield at.charge("endpoint in a zone", "aws/vpc-endpoint/interface/hour")


@estimates("aws_vpn_connection")
def vpn_connection(at: Estimation) -> Iterator[Part]:
    """By the hour; one that ends at a transit gateway is an attachment of it, too."""
    yield at.charge("VPN connection", "aws/vpn/connection/hour")
    if at.inputs.has("transit_gateway_id"):
        yield at.charge("transit gateway attachment", "aws/transit-gateway/attachment/hour")
        yield from at.used("data processed", "aws/transit-gateway/data", "data_processed_gb")


tariff(
    "aws_ec2_transit_gateway_vpc_attachment",
    "aws_dx_gateway_association",
    "aws_ec2_transit_gateway_connect",
    fixed=[("transit gateway attachment", "aws/transit-gateway/attachment/hour")],
    used=[("data processed", "aws/transit-gateway/data", "data_processed_gb")],
)
tariff(
    "aws_ec2_transit_gateway_peering_attachment",
    fixed=[("transit gateway attachment", "aws/transit-gateway/attachment/hour")],
)
tariff(
    "aws_ec2_client_vpn_endpoint",
    used=[("connections", "aws/client-vpn/connection/hour", "connections")],
)
tariff(
    "aws_ec2_client_vpn_network_association",
    fixed=[("endpoint association", "aws/client-vpn/association/hour")],
)
tariff(
    "aws_ec2_traffic_mirror_session",
    fixed=[("traffic mirror", "aws/traffic-mirror/session/hour")],
)
tariff(
    "aws_globalaccelerator_accelerator",
    "aws_globalaccelerator_custom_routing_accelerator",
    fixed=[("accelerator", "aws/global-accelerator/hour")],
    used=[("premium transfer", "aws/global-accelerator/data", "data_transfer_gb")],
)
tariff(
    "aws_vpc_ipam",
    used=[("active addresses", "aws/ipam/address/hour", "active_addresses")],
)


@estimates("aws_dx_connection")
def direct_connect(at: Estimation) -> Iterator[Part]:
    """A port by the hour and its bandwidth, and what leaves AWS through it."""
    bandwidth = at.inputs.text("bandwidth", "unknown bandwidth")
    yield at.charge(f"port, {bandwidth}", f"aws/direct-connect/{bandwidth}/hour")
    yield from at.used("data out", "aws/direct-connect/data-out", "data_out_gb")


@estimates("aws_networkfirewall_firewall")
def network_firewall(at: Estimation) -> Iterator[Part]:
    """An endpoint by the hour in each of its zones, and by what passes."""
    count, basis = zones(at, "subnet_mapping", "availability_zone_mapping")
    yield at.charge("firewall endpoint", "aws/network-firewall/endpoint/hour", count, basis=basis)
    yield from by_use(at, ("data processed", "aws/network-firewall/data", "data_processed_gb"))
