"""Azure at the edge: application gateways, firewalls, Front Door, CDN, traffic manager, DNS."""

from collections.abc import Iterator

from trimtab.pricing.amount import between
from trimtab.pricing.estimation import Estimation
from trimtab.pricing.estimators import estimates
from trimtab.pricing.model import Basis, Gap, Part

_FREE_CDN_RULES = 5
_FREE_HOSTS = 100


@estimates("azurerm_application_gateway")
def application_gateway(at: Estimation) -> Iterator[Part]:
    """By the hour, and by capacity units: between its autoscaling's limits, or its fixed instances'."""
    tier = at.inputs.text("sku.tier", at.inputs.text("sku.name")).lower()
    if not tier.endswith("v2"):
        yield Gap("gateway", f"no price of the tier {tier or 'that it will have'}")
        return
    name = "waf-v2" if tier.startswith("waf") else "standard-v2"
    yield at.charge(f"gateway: {name}", f"azure/application-gateway/{name}")
    amount, basis = at.usage("capacity_units")
    low = at.inputs.number("autoscale_configuration.min_capacity")
    high = at.inputs.number("autoscale_configuration.max_capacity")
    fixed = at.inputs.number("sku.capacity")
    if basis is Basis.DEFAULT:
        # an instance is 10 capacity units; a fixed one pays for all of them
        least = 10.0 * (fixed or low or 0.0)
        most = 10.0 * (fixed or high or max(low or 0.0, amount.high / 10.0))
        expected = least or amount.expected
        amount = between(least, max(most, least), expected)
        basis = Basis.DECLARED if fixed else Basis.BOUNDS
    yield at.charge("capacity units", f"azure/application-gateway/{name}/unit", amount, basis=basis)


@estimates("azurerm_application_load_balancer")
def gateway_for_containers(at: Estimation) -> Iterator[Part]:
    """By the hour and by capacity units; no source gives a price."""
    yield at.unknown("gateway", "azure/application-gateway-for-containers")


@estimates("azurerm_firewall")
def firewall(at: Estimation) -> Iterator[Part]:
    """By its tier's hour, and by what passes."""
    if gap := at.awaited("firewall", "sku_tier"):
        yield gap
        return
    tier = at.inputs.text("sku_tier", "Standard").lower()
    yield at.charge(f"firewall: {tier}", f"azure/firewall/{tier}")
    # what passes a basic one is dearer
    rate = "azure/firewall/basic/data" if tier == "basic" else "azure/firewall/data"
    yield from at.used("data processed", rate, "data_processed_gb")


@estimates("azurerm_cdn_frontdoor_profile")
def front_door(at: Estimation) -> Iterator[Part]:
    """By its tier's month, by requests, and by what leaves."""
    tier = at.inputs.text("sku_name").partition("_")[0].lower()
    if tier not in ("standard", "premium"):
        yield Gap("Front Door", "its tier is known only after deployment")
        return
    yield at.charge(f"Front Door: {tier}", f"azure/frontdoor/{tier}")
    yield from at.used("requests", f"azure/frontdoor/{tier}/requests", "requests_10k")
    yield from at.used("data out", "azure/frontdoor/egress", "egress_gb")


@estimates("azurerm_frontdoor")
def classic_front_door(at: Estimation) -> Iterator[Part]:
    """The first five routing rules together, each further one, and what passes."""
    rules = at.inputs.length("routing_rule") or 1
    hosts = at.inputs.length("frontend_endpoint") or 0
    yield at.charge("first five routing rules", "azure/frontdoor-classic/rules-5")
    if rules > 5:
        yield at.charge("further rules", "azure/frontdoor-classic/rule", float(rules - 5))
    if hosts > _FREE_HOSTS:
        yield at.charge("further hosts", "azure/frontdoor-classic/host", float(hosts - _FREE_HOSTS))
    yield from at.used("data in", "azure/frontdoor-classic/inbound", "inbound_gb")
    yield from at.used("data out", "azure/frontdoor-classic/egress", "egress_gb")


@estimates("azurerm_frontdoor_firewall_policy")
def classic_front_door_policy(at: Estimation) -> Iterator[Part]:
    """By the month, by its rules, and by what they see."""
    yield at.charge("policy", "azure/frontdoor-waf/policy")
    custom = at.inputs.length("custom_rule") or 0
    managed = at.inputs.length("managed_rule") or 0
    if custom:
        yield at.charge("custom rules", "azure/frontdoor-waf/custom-rule", float(custom))
        yield from at.used("requests", "azure/frontdoor-waf/custom-requests", "requests_1m")
    if managed:
        yield at.charge("managed rule sets", "azure/frontdoor-waf/managed-ruleset", float(managed))
        rate = "azure/frontdoor-waf/managed-requests"
        yield from at.used("requests by rule sets", rate, "requests_1m")


@estimates("azurerm_cdn_endpoint")
def cdn_endpoint(at: Estimation) -> Iterator[Part]:
    """By what leaves, at the rate of its profile's SKU."""
    profile = at.referred("profile_name", "azurerm_cdn_profile")
    sku = ""
    if profile is not None:  # by Terraform's name, or the resource manager's
        sku = (profile.inputs.text("sku") or profile.inputs.text("sku_name")).lower()
    names = {
        "standard_microsoft": "microsoft",
        "standard_verizon": "standard-verizon",
        "premium_verizon": "premium-verizon",
    }
    if sku not in names:
        yield Gap("data out", f"no price of the CDN {sku or 'whose profile is not declared here'}")
        return
    yield from at.used(f"data out: {names[sku]}", f"azure/cdn/{names[sku]}", "egress_gb")
    rules = (at.inputs.length("delivery_rule") or 0) - _FREE_CDN_RULES
    if sku == "standard_microsoft" and rules > 0:
        yield at.charge("rules beyond five", "azure/cdn/rules", float(rules))


@estimates("azurerm_traffic_manager_profile")
def traffic_manager(at: Estimation) -> Iterator[Part]:
    """By what is asked."""
    yield from at.used("DNS queries", "azure/traffic-manager/queries", "queries_1m")


@estimates(
    "azurerm_traffic_manager_azure_endpoint",
    "azurerm_traffic_manager_external_endpoint",
    "azurerm_traffic_manager_nested_endpoint",
)
def traffic_manager_endpoint(at: Estimation) -> Iterator[Part]:
    """Its health checks by the month; more where the profile checks every ten seconds."""
    place = "external" if "external" in at.resource.kind else "azure"
    profile = at.referred("profile_id", "azurerm_traffic_manager_profile")
    yield at.charge("health checks", f"azure/traffic-manager/{place}-endpoint")
    if profile and profile.inputs.count("monitor_config.interval_in_seconds", 30) == 10:
        yield at.charge("fast checks", f"azure/traffic-manager/{place}-endpoint-fast")


@estimates("azurerm_dns_zone")
def dns_zone(at: Estimation) -> Iterator[Part]:
    """By the month, and by what is asked of all its records."""
    yield at.charge("DNS zone", "azure/dns/zone")
    yield from at.used("DNS queries", "azure/dns/queries", "queries_1m")


@estimates("azurerm_private_dns_zone")
def private_dns_zone(at: Estimation) -> Iterator[Part]:
    """By the month, and by what is asked of all its records."""
    yield at.charge("private DNS zone", "azure/private-dns/zone")
    yield from at.used("DNS queries", "azure/private-dns/queries", "queries_1m")


@estimates(
    "azurerm_private_dns_resolver_inbound_endpoint",
    "azurerm_private_dns_resolver_outbound_endpoint",
)
def resolver_endpoint(at: Estimation) -> Iterator[Part]:
    """By the month."""
    yield at.charge("resolver endpoint", "azure/private-dns-resolver/endpoint")


@estimates("azurerm_private_dns_resolver_dns_forwarding_ruleset")
def forwarding_ruleset(at: Estimation) -> Iterator[Part]:
    """By the month."""
    yield at.charge("forwarding rule set", "azure/private-dns-resolver/ruleset")
