"""Lambda, computed by hand from us-east-1's prices."""

import pytest

from support.estimates import bill, estimate, resource
from trimtab.pricing.amount import exactly
from trimtab.pricing.model import Status
from trimtab.resources.inputs import UNKNOWN
from trimtab.usage.model import Usage, UsageEntry


def _usage(requests: float, ms: float) -> Usage:
    monthly = {"requests": exactly(requests), "request_duration_ms": exactly(ms)}
    return Usage((UsageEntry("aws_lambda_function", "", monthly),))


def test_a_function_by_default_answers_a_little() -> None:
    priced = estimate(resource("aws_lambda_function", {}))
    # 0.1 million x 0.20; 100,000 x 0.2 s x 0.125 GB x 0.0000166667
    assert bill(priced) == {"requests": 0.02, "duration": 0.04}
    assert priced.status is Status.PRICED
    assert priced.usd_per_month is not None
    # 100 million requests of 3 s, the timeout's default: 20 + 37.5 million GB-seconds
    assert priced.usd_per_month.high == pytest.approx(20 + 37.5e6 * 0.0000166667)


def test_memory_architecture_and_disk_are_paid_for_while_it_runs() -> None:
    inputs = {
        "memorySize": 512,
        "architectures": ["arm64"],
        "ephemeralStorage": {"size": 1536},
    }
    function = resource("aws_lambda_function", inputs, camel=True)
    assert bill(estimate(function, usage=_usage(1e6, 350))) == {
        "requests": 0.20,
        "duration": 2.33,  # 350,000 s x 0.5 GB x 0.0000133334
        "ephemeral storage": 0.01,  # 350,000 s x 1 GB x 0.0000000309
    }


def test_duration_has_tiers() -> None:
    function = resource("aws_lambda_function", {"memory_size": 1024})
    # 9 thousand million requests of 1.024 s are 9,216 million GB-seconds: 6,000 million at
    # 0.0000166667 and the other 3,216 million at 0.000015
    assert bill(estimate(function, usage=_usage(9e9, 1024))) == {
        "requests": 1800.00,
        "duration": 100000.20,
        "duration beyond 6,000,000,000": 48240.00,
    }


def test_what_is_kept_warm_costs_all_month() -> None:
    function = resource("aws_lambda_function", {"memory_size": 1024}, name="f")
    config = resource(
        "aws_lambda_provisioned_concurrency_config",
        {"function_name": UNKNOWN, "provisioned_concurrent_executions": 2},
        references={"function_name": (function.key,)},
    )
    # 2 x 1 GB x 2,628,000 s x 0.0000041667
    assert bill(estimate(config, function)) == {"provisioned concurrency": 21.90}
    assert estimate(config).status is Status.NOT_PRICED


def test_a_memory_that_is_not_known_is_a_gap() -> None:
    priced = estimate(resource("aws_lambda_function", {"memory_size": UNKNOWN}))
    assert [gap.label for gap in priced.gaps] == ["duration"]
    assert priced.status is Status.PARTLY


def test_a_region_without_a_price_is_a_gap() -> None:
    priced = estimate(resource("aws_lambda_function", {}, region="mars-1"))
    assert priced.status is Status.NOT_PRICED
