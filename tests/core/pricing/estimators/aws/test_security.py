"""AWS security, computed by hand from the price pages that the book names."""

import pytest

from support.estimates import bill, estimate, resource
from trimtab.pricing.model import Status
from trimtab.resources.inputs import UNKNOWN


def test_a_key_is_paid_by_the_month_and_by_requests() -> None:
    # 1.00, and 10,000 x 0.03 per 10,000
    assert bill(estimate(resource("aws_kms_key"))) == {"key": 1.00, "requests": 0.03}
    strong = resource("aws_kms_key", {"customerMasterKeySpec": "ECC_NIST_P256"}, camel=True)
    assert bill(estimate(strong)) == {"key": 1.00, "requests": 0.15}


def test_a_key_costs_the_same_where_its_requests_have_no_price() -> None:
    priced = estimate(resource("aws_kms_replica_key", region="mars-1"))
    assert bill(priced) == {"key": 1.00}
    assert priced.status is Status.PARTLY


def test_a_secret_is_paid_by_the_month_and_by_requests() -> None:
    assert bill(estimate(resource("aws_secretsmanager_secret"))) == {
        "secret": 0.40,
        "requests": 0.05,
    }


def test_a_standard_parameter_is_free() -> None:
    assert estimate(resource("aws_ssm_parameter", {"tier": "Standard"})).status is Status.FREE
    advanced = estimate(resource("aws_ssm_parameter", {"tier": "Advanced"}))
    # 730 h x 0.05 / 730, and 10,000 x 0.05 per 10,000
    assert bill(advanced) == {"advanced parameter": 0.05, "requests": 0.05}
    unknown = estimate(resource("aws_ssm_parameter", {"tier": UNKNOWN}))
    assert unknown.status is Status.NOT_PRICED


def test_an_acl_pays_for_each_rule() -> None:
    inputs = {"rules": [{"name": "a"}, {"name": "b"}]}
    # 5.00; 2 x 1.00; 1 million x 0.60
    assert bill(estimate(resource("aws_wafv2_web_acl", inputs, camel=True))) == {
        "web ACL": 5.00,
        "rules": 2.00,
        "requests": 0.60,
    }
    unknown = estimate(resource("aws_wafv2_web_acl", {"rule": UNKNOWN}))
    assert unknown.gaps[0].label == "rules"


def test_a_rule_group_pays_for_its_rules() -> None:
    group = resource("aws_wafv2_rule_group", {"rule": [{}, {}, {}]})
    assert bill(estimate(group)) == {"rules": 3.00}


@pytest.mark.parametrize(
    ("inputs", "usd_per_month"),
    [
        # two controllers x 730 h x 0.06, 0.20, 0.05, 0.15
        ({"type": "MicrosoftAD", "edition": "Standard"}, 87.60),
        ({"type": "MicrosoftAD"}, 292.00),
        ({"size": "Small"}, 73.00),
        ({}, 219.00),
    ],
)
def test_a_directory_has_two_controllers(inputs: dict[str, str], usd_per_month: float) -> None:
    priced = estimate(resource("aws_directory_service_directory", inputs))
    assert bill(priced) == {"domain controllers": usd_per_month}


def test_detection_is_paid_by_what_it_looks_at() -> None:
    # 1 million x 4.00, and 10 GB x 1.00
    assert bill(estimate(resource("aws_guardduty_detector"))) == {
        "CloudTrail events": 4.00,
        "flow and DNS logs": 10.00,
    }
    assert bill(estimate(resource("aws_macie2_account"))) == {"buckets": 1.00}
    assert bill(estimate(resource("aws_securityhub_account"))) == {"checks": 10.00}


def test_ten_thousand_users_of_a_pool_are_free() -> None:
    assert bill(estimate(resource("aws_cognito_user_pool"))) == {"active users": 0.0}


def test_a_public_certificate_is_free_and_an_exported_one_is_not() -> None:
    assert estimate(resource("aws_acm_certificate")).status is Status.FREE
    exported = resource("aws_acm_certificate", {"options": [{"export": "ENABLED"}]})
    assert estimate(exported).status is Status.NOT_PRICED


def test_what_costs_the_same_everywhere_has_a_price_in_every_region() -> None:
    secret = resource("aws_secretsmanager_secret", region="ap-south-2")
    assert bill(estimate(secret)) == {"secret": 0.40, "requests": 0.05}
    acl = resource("aws_wafv2_web_acl", {"rule": [{}]}, region="eu-central-2")
    assert estimate(acl).status is Status.PRICED


def test_a_region_without_a_price_is_a_gap() -> None:
    priced = estimate(resource("aws_directory_service_directory", region="mars-1"))
    assert priced.status is Status.NOT_PRICED
