"""What holds for every AWS kind that is not a machine: it is priced as far as the book goes, from its inputs alone."""

import pytest

from support.estimates import estimate, resource
from trimtab.pricing.estimators import _ESTIMATORS, estimated_kinds
from trimtab.pricing.model import Status

FAMILIES = frozenset(
    {
        "analytics",
        "caches",
        "databases",
        "edge",
        "loadbalancing",
        "messaging",
        "network",
        "observability",
        "rds",
        "search",
        "security",
        "storage",
        "streaming",
        "tariff",
    }
)
KINDS = [
    kind
    for kind in estimated_kinds()
    if kind.startswith("aws_") and _ESTIMATORS[kind].__module__.rpartition(".")[2] in FAMILIES
]


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_is_priced_free_or_says_why_not(kind: str) -> None:
    priced = estimate(resource(kind))
    assert priced.status is not Status.FREE or not priced.gaps
    assert all(gap.reason for gap in priced.gaps)
    for charge in priced.charges:
        assert charge.usd_per_month.low >= 0
        assert charge.rate.source


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_costs_nothing_it_does_not_know_where_nothing_has_a_price(kind: str) -> None:
    priced = estimate(resource(kind, region="mars-1"))
    # only what costs the same everywhere has a price there
    assert {charge.rate.region for charge in priced.charges} <= {"*"}


@pytest.mark.parametrize(
    "kind",
    [
        "aws_vpc",
        "aws_subnet",
        "aws_route_table",
        "aws_security_group",
        "aws_iam_role_policy_attachment",
        "aws_lb_listener_rule",
        "aws_lb_target_group",
        "aws_db_subnet_group",
        "aws_db_parameter_group",
        "aws_elasticache_parameter_group",
        "aws_s3_bucket_lifecycle_configuration",
        "aws_sqs_queue_policy",
        "aws_sns_topic_policy",
        "aws_cloudwatch_event_target",
        "aws_kms_alias",
        "aws_secretsmanager_secret_version",
        "aws_api_gateway_integration",
        "aws_apigatewayv2_stage",
        "aws_cloudfront_origin_access_control",
        "aws_route53_zone_association",
        "aws_ec2_transit_gateway",
        "aws_vpc_peering_connection",
        "aws_ssm_document",
        "aws_efs_mount_target",
        "aws_wafv2_ip_set",
        "aws_cognito_user_pool_client",
    ],
)
def test_what_aws_takes_no_money_for_is_free(kind: str) -> None:
    assert estimate(resource(kind)).status is Status.FREE
