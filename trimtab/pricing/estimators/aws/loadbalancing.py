"""AWS load balancers: by the hour, by the capacity units or data that pass, and their addresses.

An internet-facing load balancer has a public IPv4 address in each of its zones, which is paid for apart
from it, since February 2024.
"""

from collections.abc import Iterator

from trimtab.pricing.amount import between, exactly
from trimtab.pricing.estimation import Estimation
from trimtab.pricing.estimators import estimates
from trimtab.pricing.estimators.aws.network import MOST_ZONES
from trimtab.pricing.model import Basis, Gap, Part

TYPES = ("application", "network", "gateway")


@estimates("aws_lb", "aws_alb")
def load_balancer(at: Estimation) -> Iterator[Part]:
    """Application, network or gateway."""
    if at.inputs.unknown("load_balancer_type"):
        yield Gap("load balancer", "only a deployment will know its type")
        return
    kind = at.inputs.text("load_balancer_type", "application")
    if kind not in TYPES:
        yield Gap("load balancer", f"no price of the type {kind}")
        return
    yield at.charge(f"{kind} load balancer", f"aws/lb/{kind}/hour")
    yield from at.used("capacity units", f"aws/lb/{kind}/lcu", "average_lcus")
    if kind != "gateway":
        yield from _addresses(at, "subnets", "subnet_mapping")


@estimates("aws_elb")
def classic_load_balancer(at: Estimation) -> Iterator[Part]:
    """Classic: by the hour, and by what passes."""
    yield at.charge("classic load balancer", "aws/lb/classic/hour")
    yield from at.used("data processed", "aws/lb/classic/data", "data_processed_gb")
    yield from _addresses(at, "subnets", "availability_zones")


def _addresses(at: Estimation, *lists: str) -> Iterator[Part]:
    """A public address in each zone of one that faces the internet; given Elastic IPs bill themselves."""
    if at.inputs.flag("internal") or at.inputs.text("ip_address_type").endswith(
        "without-public-ipv4"
    ):
        return
    mappings = at.inputs.blocks("subnet_mapping")
    if mappings and all(mapping.has("allocation_id") for mapping in mappings):
        return
    lengths = [at.inputs.length(name) for name in lists]
    count, basis = between(2, MOST_ZONES), Basis.BOUNDS
    if any(lengths):
        count, basis = exactly(next(length for length in lengths if length)), Basis.DECLARED
    elif None not in lengths and not at.inputs.unknown("internal"):
        return  # no zone is named: nothing to count
    if at.inputs.unknown("internal"):
        count, basis = between(0, count.high), Basis.BOUNDS
    yield at.charge("public IPv4 addresses", "aws/public-ipv4/hour", count, basis=basis)
