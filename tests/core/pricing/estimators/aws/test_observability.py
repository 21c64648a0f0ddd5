"""AWS monitoring and audit, computed by hand from the price pages that the book names."""

import pytest

from support.estimates import bill, estimate, resource
from trimtab.pricing.amount import between, exactly
from trimtab.pricing.model import Status
from trimtab.resources.inputs import UNKNOWN
from trimtab.usage.model import Usage, UsageEntry


def test_a_log_group_is_paid_by_what_it_takes_in_and_keeps() -> None:
    # 1 GB x 0.50, and 1 GB x 0.03
    assert bill(estimate(resource("aws_cloudwatch_log_group"))) == {
        "logs taken in": 0.50,
        "logs kept": 0.03,
    }


def test_a_log_class_without_a_price_is_a_gap() -> None:
    inputs = {"logGroupClass": "INFREQUENT_ACCESS"}
    priced = estimate(resource("aws_cloudwatch_log_group", inputs, camel=True))
    assert priced.gaps[0].reason == (
        "no price of aws/cloudwatch/logs/infrequent-access/in in us-east-1"
    )
    assert priced.status is Status.PARTLY


METRICS = [{"metric": [{"period": 60}]}, {"metric": [{"period": 60}]}, {"expression": "m1/m2"}]


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        ({"period": 300}, {"standard-resolution alarm": 0.10}),
        ({"period": 10}, {"high-resolution alarm": 0.30}),
        ({"metric_query": METRICS}, {"standard-resolution alarm": 0.20}),
        # three metrics for the expected band: 3 x 0.10
        (
            {"period": 300, "comparison_operator": "GreaterThanUpperThreshold"},
            {"standard-resolution anomaly alarm": 0.30},
        ),
    ],
)
def test_an_alarm_is_paid_by_metric_and_resolution(
    inputs: dict[str, object], expected: dict[str, float]
) -> None:
    assert bill(estimate(resource("aws_cloudwatch_metric_alarm", inputs))) == expected


def test_an_alarm_whose_period_is_not_known_is_a_gap() -> None:
    priced = estimate(resource("aws_cloudwatch_metric_alarm", {"period": UNKNOWN}))
    assert priced.status is Status.NOT_PRICED


def test_a_metric_filter_makes_a_metric() -> None:
    assert bill(estimate(resource("aws_cloudwatch_log_metric_filter"))) == {"metric": 0.30}


def test_flow_logs_to_a_log_group_are_paid_there() -> None:
    assert estimate(resource("aws_flow_log")).status is Status.FREE
    to_s3 = resource("aws_flow_log", {"logDestinationType": "s3"}, camel=True)
    assert estimate(to_s3).status is Status.NOT_PRICED


def test_prometheus_is_paid_by_samples() -> None:
    # 88 x 10 million x 0.90, and 1 GB x 0.03
    assert bill(estimate(resource("aws_prometheus_workspace"))) == {
        "samples taken in": 79.20,
        "storage": 0.03,
    }


def test_grafana_is_paid_by_user() -> None:
    assert bill(estimate(resource("aws_grafana_workspace"))) == {"editors": 9.00}


def test_a_first_trail_of_management_events_is_expected_to_cost_nothing() -> None:
    priced = estimate(resource("aws_cloudtrail"))
    # 0, or up to 1,000 x 2.00 for a copy and 10,000 x 0.10 for data events
    assert priced.usd_per_month == between(0, 3000, 0)


def test_rules_are_paid_by_evaluation_and_cheaper_beyond_100_000() -> None:
    assert bill(estimate(resource("aws_config_config_rule"))) == {"evaluations": 1.00}
    usage = Usage((UsageEntry("aws_config_*", "", {"evaluations": exactly(200_000)}),))
    # 100,000 x 0.001, and 100,000 x 0.0008
    assert bill(estimate(resource("aws_config_config_rule"), usage=usage)) == {
        "evaluations": 100.00,
        "evaluations beyond 100,000": 80.00,
    }


def test_a_region_without_a_price_is_a_gap() -> None:
    priced = estimate(resource("aws_cloudwatch_log_group", region="mars-1"))
    assert priced.status is Status.NOT_PRICED
