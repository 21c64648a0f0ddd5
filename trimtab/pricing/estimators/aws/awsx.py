"""Components of Pulumi's AWSX, where only their inputs are seen: another process makes their parts.

A preview of Pulumi's own shows the parts, and they are priced instead. Defaults: AWSX 3.11, `ec2.Vpc`.
"""

from collections.abc import Iterator

from trimtab.pricing.amount import between, exactly
from trimtab.pricing.estimation import Estimation
from trimtab.pricing.estimators import estimates
from trimtab.pricing.model import Basis, Gap, Part

_ZONES = 3
"""Availability zones where nobody says how many."""


@estimates("awsx:ec2:Vpc")
def vpc(at: Estimation) -> Iterator[Part]:
    """Its NAT gateways, by its strategy: none, one, or one in each zone; the network itself is free."""
    if at.inputs.has("vpc_endpoint_specs"):
        yield Gap("VPC endpoints", "what AWSX makes of their specifications is not seen")
    strategy = at.inputs.text("nat_gateways.strategy") or _usual(at)
    zones = at.inputs.length("availability_zone_names")
    if not zones:
        zones = at.inputs.count("number_of_availability_zones", _ZONES)
    if at.inputs.unknown("nat_gateways.strategy") or at.inputs.unknown("nat_gateways"):
        count, basis = between(0, zones), Basis.BOUNDS
    else:
        number = {"OnePerAz": zones, "Single": 1}.get(strategy, 0)
        count, basis = exactly(number), Basis.DECLARED
    if count.high == 0:
        return
    yield at.charge("NAT gateways", "aws/nat-gateway/hour", count, basis=basis)
    if not at.inputs.has("nat_gateways.elastic_ip_allocation_ids"):
        yield at.charge("their addresses", "aws/public-ipv4/hour", count, basis=basis)
    yield from at.used("data processed", "aws/nat-gateway/data", "data_processed_gb")


def _usual(at: Estimation) -> str:
    """One gateway in each zone where there are public and private subnets, as there are by default."""
    types = {spec.text("type") for spec in at.inputs.blocks("subnet_specs")}
    return "OnePerAz" if not types or {"Public", "Private"} <= types else "None"
