"""AWS networking: gateways, addresses, endpoints, load balancers."""

from collections.abc import Iterator

from trimtab.pricing.estimation import Estimation
from trimtab.pricing.estimators import estimates
from trimtab.pricing.model import Gap, Part


@estimates("aws_nat_gateway")
def nat_gateway(at: Estimation) -> Iterator[Part]:
    """By the hour, and by what passes."""
    if at.inputs.text("availability_mode") == "regional":
        yield Gap("NAT gateway", "a regional gateway is charged by the zones it spans")
        return
    yield at.charge("NAT gateway", "aws/nat-gateway/hour")
    yield from at.used("data processed", "aws/nat-gateway/data", "data_processed_gb")
