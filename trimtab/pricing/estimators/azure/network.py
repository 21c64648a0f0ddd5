"""Azure networking: addresses, gateways, load balancers, private endpoints, peerings, bastions."""

from collections.abc import Iterator

from trimtab.pricing.estimation import Estimation
from trimtab.pricing.estimators import estimates
from trimtab.pricing.estimators.azure.relations import astray, followers
from trimtab.pricing.model import Gap, Part

_INCLUDED_RULES = 5
_RULES = ("azurerm_lb_rule", "azurerm_lb_outbound_rule")
_FREE_TUNNELS = 10
_BASTION_INCLUDED_INSTANCES = 2


@estimates("azurerm_public_ip")
def public_ip(at: Estimation) -> Iterator[Part]:
    """By the hour, attached or not."""
    sku = at.inputs.text("sku", "Standard").lower()
    method = at.inputs.text("allocation_method").lower()
    if at.inputs.text("ip_version", "IPv4").lower() == "ipv6":
        return
    if at.inputs.text("sku_tier").lower() == "global":
        yield at.charge("public IPv4 address", "azure/public-ip/global")
    elif sku == "basic" and method == "dynamic":
        yield at.charge("public IPv4 address", "azure/public-ip/basic-dynamic")
    else:
        yield at.charge("public IPv4 address", "azure/public-ip/standard")


@estimates("azurerm_public_ip_prefix", "azurerm_custom_ip_prefix")
def public_ip_prefix(at: Estimation) -> Iterator[Part]:
    """By the hour; a prefix of one's own costs nothing."""
    if at.resource.kind == "azurerm_public_ip_prefix":
        yield at.charge("address prefix", "azure/public-ip/prefix")


@estimates("azurerm_nat_gateway")
def nat_gateway(at: Estimation) -> Iterator[Part]:
    """By the hour, and by what passes."""
    yield at.charge("NAT gateway", "azure/nat-gateway/hour")
    yield from at.used("data processed", "azure/nat-gateway/data", "data_processed_gb")


@estimates("azurerm_lb")
def load_balancer(at: Estimation) -> Iterator[Part]:
    """A basic one is free; a standard one is paid for with five rules, and by each further rule."""
    sku = at.inputs.text("sku", "Standard").lower()
    if sku == "basic":
        return
    if sku == "gateway":
        yield Gap("gateway load balancer", "no price of azure/lb/gateway")
        return
    rules, astray = _rules(at)
    if rules or astray:
        yield at.charge("load balancer", "azure/lb/standard", note="with up to five rules")
    if rules > _INCLUDED_RULES:
        yield at.charge("rules beyond five", "azure/lb/rule", float(rules - _INCLUDED_RULES))
    yield from at.used("data processed", "azure/lb/data", "data_processed_gb")


def _rules(at: Estimation) -> tuple[int, bool]:
    """How many rules the load balancer has, and whether rules are about of which nobody says whose."""
    own = sum(len(followers(at, kind)) for kind in _RULES)
    inline = sum(at.inputs.length(each) or 0 for each in ("load_balancing_rules", "outbound_rules"))
    return own + inline, any(astray(at, kind) for kind in _RULES)


@estimates("azurerm_private_endpoint")
def private_endpoint(at: Estimation) -> Iterator[Part]:
    """By the hour, and by what passes each way."""
    yield at.charge("private endpoint", "azure/private-endpoint/hour")
    yield from at.used("data in", "azure/private-endpoint/inbound", "inbound_gb")
    yield from at.used("data out", "azure/private-endpoint/outbound", "outbound_gb")


@estimates("azurerm_virtual_network_peering")
def peering(at: Estimation) -> Iterator[Part]:
    """By what passes; more where the networks are in different regions."""
    names = ("remote_virtual_network_id", "remote_virtual_network")
    networks = (at.referred(name, "azurerm_virtual_network") for name in names)
    remote = next((each for each in networks if each), None)
    far = (
        remote is not None
        and bool(remote.region)
        and bool(at.region)
        and remote.region != at.region
    )
    name = "peering-global" if far else "peering"
    yield from at.used("data in", f"azure/{name}/inbound", "data_gb")
    yield from at.used("data out", f"azure/{name}/outbound", "data_gb")


@estimates("azurerm_bastion_host")
def bastion(at: Estimation) -> Iterator[Part]:
    """By the hour with two instances, by each further one; the Developer SKU is free."""
    sku = at.inputs.text("sku", "Basic").lower()
    if sku == "developer":
        return
    yield at.charge(f"bastion: {sku}", f"azure/bastion/{sku}")
    if gap := at.awaited("further instances", "scale_units"):
        yield gap
    further = at.inputs.count("scale_units", 2) - _BASTION_INCLUDED_INSTANCES
    if further > 0:
        yield at.charge("further instances", f"azure/bastion/{sku}/instance", float(further))


@estimates("azurerm_virtual_network_gateway")
def virtual_network_gateway(at: Estimation) -> Iterator[Part]:
    """By its SKU's hour, by what leaves, and by clients beyond 128."""
    if gap := at.awaited("gateway", "sku", "type"):
        yield gap
        return
    sku = at.inputs.text("sku", "Basic").lower()
    if at.inputs.text("type").lower() == "expressroute":
        yield at.charge(f"ExpressRoute gateway: {sku}", f"azure/expressroute-vnet-gateway/{sku}")
        return
    yield at.charge(f"VPN gateway: {sku}", f"azure/vpn-gateway/{sku}")
    yield from at.used("data out", "azure/vpn-gateway/data", "data_gb")
    yield from at.used("clients beyond 128", "azure/vpn-gateway/p2s", "p2s_tunnels")


@estimates("azurerm_virtual_network_gateway_connection")
def gateway_connection(at: Estimation) -> Iterator[Part]:
    """The first ten tunnels of a gateway are included: a gateway's eleventh is paid for."""
    if at.inputs.text("type").lower() != "ipsec":
        return
    gateway = at.referred("virtual_network_gateway_id", "azurerm_virtual_network_gateway")
    if gateway is None:
        return
    connections = followers(Estimation(gateway, at.facts), at.resource.kind)
    tunnels = [each.key for each in connections if each.inputs.text("type").lower() == "ipsec"]
    if sorted(tunnels).index(at.resource.key) >= _FREE_TUNNELS:
        yield at.charge("site-to-site tunnel", "azure/vpn-gateway/s2s")


@estimates("azurerm_express_route_circuit")
def express_route_circuit(at: Estimation) -> Iterator[Part]:
    """By its bandwidth and plan; no source gives a price."""
    tier = at.inputs.text("sku.tier", "Standard")
    yield Gap("circuit", f"no price of a {tier} circuit")


@estimates("azurerm_express_route_gateway")
def express_route_gateway(at: Estimation) -> Iterator[Part]:
    """By its scale units of 2 Gbps."""
    units = at.inputs.number("scale_units") or 1.0
    yield at.charge("scale units", "azure/expressroute-gateway/scale-unit", units)


@estimates("azurerm_express_route_connection")
def express_route_connection(at: Estimation) -> Iterator[Part]:
    """By the hour."""
    yield at.charge("ExpressRoute connection", "azure/expressroute-gateway/connection")


@estimates("azurerm_vpn_gateway")
def vpn_gateway(at: Estimation) -> Iterator[Part]:
    """A virtual hub's: by its scale units of 500 Mbps."""
    units = at.inputs.number("scale_unit") or 1.0
    yield at.charge("scale units", "azure/vpn-hub/s2s-scale-unit", units)


@estimates("azurerm_vpn_gateway_connection")
def vpn_gateway_connection(at: Estimation) -> Iterator[Part]:
    """By the hour."""
    yield at.charge("site-to-site connection", "azure/vpn-hub/s2s-connection")


@estimates("azurerm_point_to_site_vpn_gateway")
def point_to_site_gateway(at: Estimation) -> Iterator[Part]:
    """By its scale units, and by the clients' hours."""
    units = at.inputs.number("scale_unit") or 1.0
    yield at.charge("scale units", "azure/vpn-hub/p2s-scale-unit", units)
    amount, basis = at.usage("connections")
    yield at.charge("client connections", "azure/vpn-hub/p2s-connection", amount, basis=basis)


@estimates("azurerm_virtual_hub")
def virtual_hub(at: Estimation) -> Iterator[Part]:
    """By the hour, and by what passes; a basic hub is free."""
    if at.inputs.text("sku", "Standard").lower() == "basic":
        return
    yield at.charge("virtual hub", "azure/virtual-hub/hour")
    yield from at.used("data processed", "azure/virtual-hub/data", "data_processed_gb")


@estimates("azurerm_network_ddos_protection_plan")
def ddos_plan(at: Estimation) -> Iterator[Part]:
    """By the hour, with a hundred addresses."""
    yield at.charge("DDoS protection plan", "azure/ddos/plan", note="with 100 addresses")


@estimates("azurerm_network_watcher_flow_log")
def flow_log(at: Estimation) -> Iterator[Part]:
    """By what is collected, and by what traffic analytics reads of it."""
    yield from at.used("flow logs", "azure/flow-log/collected", "collected_gb")
    if at.inputs.flag("traffic_analytics.enabled"):
        minutes = at.inputs.count("traffic_analytics.interval_in_minutes", 60)
        rate = f"azure/flow-log/analytics-{10 if minutes == 10 else 60}"
        yield from at.used("traffic analytics", rate, "analytics_gb")


@estimates("azurerm_route_server", "azurerm_nginx_deployment", "azurerm_virtual_network_appliance")
def not_priced(at: Estimation) -> Iterator[Part]:
    """By the hour; no source gives a price."""
    yield Gap("the resource", f"no price of {at.resource.kind.removeprefix('azurerm_')}")
