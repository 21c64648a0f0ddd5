"""AWS networking, computed by hand from the price pages that the book names."""

from support.estimates import bill, estimate, resource
from trimtab.pricing.model import Status


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
