"""Google Cloud networking: addresses, NAT, load balancers, VPN, DNS, Cloud Armor."""

from collections.abc import Iterator, Mapping

from trimtab.pricing.estimation import Estimation, Facts
from trimtab.pricing.estimators import estimates
from trimtab.pricing.estimators.gcp.machines import is_spot
from trimtab.pricing.estimators.gcp.places import located
from trimtab.pricing.model import Gap, PaidElsewhere, Part
from trimtab.resources.model import Resource

FIRST_RULES = 5
"""Forwarding rules that are paid for together."""

_NAT_MACHINES = 32.0
"""Beyond so many machines a NAT gateway costs no more by the hour."""

_MACHINES = (
    "google_compute_instance",
    "google_compute_instance_template",
    "google_compute_region_instance_template",
)
_RULES = ("google_compute_forwarding_rule", "google_compute_global_forwarding_rule")
_NOT_EXTERNAL = ("VPC_PEERING", "PRIVATE_SERVICE_CONNECT", "GCE_ENDPOINT")


@estimates("google_compute_address", "google_compute_global_address")
def address(at: Estimation) -> Iterator[Part]:
    """A reserved external address: by whether a machine uses it; one of a forwarding rule costs nothing."""
    everywhere = at.resource.kind == "google_compute_global_address"
    at = located(at, "region")
    inputs = at.inputs
    if (
        inputs.text("address_type").upper() == "INTERNAL"
        or inputs.text("purpose").upper() in _NOT_EXTERNAL
        or "IPV6" in (inputs.text("ip_version").upper(), inputs.text("ipv6_endpoint_type").upper())
    ):
        return
    users = at.facts.once(_users_of_addresses).get(at.resource.key, [])
    if any(user.kind in _RULES for user in users):
        return
    if not users:
        rate = "gcp/address/global-unused" if everywhere else "gcp/compute/address/unused"
        note = "nothing here uses it; in use by a machine it costs half as much"
        yield at.charge("external address, unused", rate, note=note)
        return
    spot = any(is_spot(block) for user in users for block in user.inputs.blocks("scheduling"))
    if spot and at.rate("gcp/compute/address/preemptible") is not None:
        yield at.charge("external address of a spot machine", "gcp/compute/address/preemptible")
    else:
        yield at.charge("external address in use", "gcp/compute/address/vm")


def _users_of_addresses(facts: Facts) -> Mapping[str, list[Resource]]:
    """By the key of an address, what takes an input from it."""
    found: dict[str, list[Resource]] = {}
    for resource in facts.resources.values():
        if resource.kind in _MACHINES or resource.kind in _RULES or "_nat" in resource.kind:
            for key in {key for keys in resource.references.values() for key in keys}:
                found.setdefault(key, []).append(resource)
    return found


@estimates("google_compute_router_nat")
def router_nat(at: Estimation) -> Iterator[Part]:
    """By the hour for each machine behind it, up to 32 of them, and by what passes."""
    at = located(at, "region")
    machines, basis = at.usage("assigned_vms")
    counted = machines.at_ends(lambda value: min(value, _NAT_MACHINES))
    note = f"{_NAT_MACHINES:.0f} machines at the most are charged"
    yield at.charge(
        "NAT gateway, machines behind it", "gcp/compute/nat/vm", counted, basis=basis, note=note
    )
    yield from at.used("data processed", "gcp/compute/nat/data", "data_processed_gb")
    if at.inputs.text("nat_ip_allocate_option").upper() == "AUTO_ONLY":
        note = "one at the least: it takes more as connections need them"
        yield at.charge("external address", "gcp/compute/address/vm", note=note)


@estimates(*_RULES)
def forwarding_rule(at: Estimation) -> Iterator[Part]:
    """By the hour: the first five of an estate together, each further one; and by what passes."""
    at = located(at, "region")
    target = at.inputs.text("target")
    if "serviceAttachments" in target or at.referred("target", "google_compute_service_attachment"):
        yield Gap("Private Service Connect endpoint", "no source gives its price")
        return
    if at.inputs.text("ip_protocol").upper() == "ESP" or at.referred(
        "target", "google_compute_vpn_gateway"
    ):
        return  # a classic VPN's own, which the tunnel pays for
    everywhere = at.resource.kind == "google_compute_global_forwarding_rule"
    rate = "gcp/load-balancer/global-rule" if everywhere else "gcp/load-balancer/rule"
    rank = at.facts.once(_ranks).get(at.resource.key, 0)
    if rank == 0:
        note = f"pays for the first {FIRST_RULES} forwarding rules together"
        yield at.charge("forwarding rule", rate, note=note)
    elif rank < FIRST_RULES:
        yield PaidElsewhere(f"one of the first {FIRST_RULES} forwarding rules, paid for together")
    else:
        yield at.charge("forwarding rule", f"{rate}-further")
    yield from at.used("data processed", "gcp/load-balancer/data", "data_processed_gb")


def _ranks(facts: Facts) -> Mapping[str, int]:
    """Of each forwarding rule, how many of its kind and region come before it."""
    seen: dict[tuple[str, str | None], int] = {}
    ranks: dict[str, int] = {}
    for key in sorted(facts.resources):
        resource = facts.resources[key]
        if resource.kind in _RULES and resource.inputs.text("ip_protocol").upper() != "ESP":
            place = (resource.kind, resource.inputs.text("region") or resource.region)
            ranks[key] = seen.get(place, 0)
            seen[place] = ranks[key] + 1
    return ranks


@estimates("google_compute_vpn_tunnel")
def vpn_tunnel(at: Estimation) -> Iterator[Part]:
    """By the hour."""
    yield located(at, "region").charge("VPN tunnel", "gcp/compute/vpn/tunnel")


_WITHIN = (
    "same-region",
    "us-canada",
    "europe",
    "asia",
    "south-america",
    "oceania",
    "intercontinental",
)


@estimates("google_compute_vpn_gateway", "google_compute_ha_vpn_gateway")
def vpn_gateway(at: Estimation) -> Iterator[Part]:
    """By what leaves through it, by where that goes; its tunnels are charged by themselves."""
    for place in _WITHIN:
        key = f"{place.replace('-', '_')}_gb"
        yield from at.if_used(f"traffic, {place}", f"gcp/vpn/egress/{place}", key)


@estimates("google_compute_external_vpn_gateway")
def external_vpn_gateway(at: Estimation) -> Iterator[Part]:
    """By what goes to it over the internet."""
    for place in ("worldwide", "china", "australia"):
        yield from at.if_used(f"traffic, {place}", f"gcp/vpn/egress/{place}", f"{place}_gb")


@estimates("google_compute_interconnect_attachment", "google_compute_interconnect")
def interconnect(at: Estimation) -> Iterator[Part]:
    """By the hour and bandwidth, at prices that no source gives."""
    bandwidth = at.inputs.text("bandwidth") or at.inputs.text("link_type", "its bandwidth")
    yield Gap("interconnect", f"no source gives the price of {bandwidth}")


@estimates("google_dns_managed_zone")
def dns_zone(at: Estimation) -> Iterator[Part]:
    """By the month."""
    yield at.charge("DNS zone", "gcp/dns/zone")


@estimates("google_dns_record_set")
def dns_record_set(at: Estimation) -> Iterator[Part]:
    """By queries."""
    yield from at.used("queries", "gcp/dns/queries", "queries", 1e6)


@estimates("google_compute_security_policy", "google_compute_region_security_policy")
def security_policy(at: Estimation) -> Iterator[Part]:
    """Cloud Armor Standard: by policy, rule and request."""
    yield at.charge("Cloud Armor policy", "gcp/armor/policy")
    rules = at.inputs.length("rule")
    if rules:
        yield at.charge("Cloud Armor rules", "gcp/armor/rule", rules)
    yield from at.used("requests", "gcp/armor/requests", "requests", 1e6)


@estimates("google_compute_security_policy_rule", "google_compute_region_security_policy_rule")
def security_policy_rule(at: Estimation) -> Iterator[Part]:
    """By the month."""
    yield at.charge("Cloud Armor rule", "gcp/armor/rule")


@estimates("google_cloud_ids_endpoint")
def ids_endpoint(_: Estimation) -> Iterator[Part]:
    """By the hour, and by what it looks into, at prices that no source gives."""
    yield Gap("Cloud IDS endpoint", "no source gives its price")
