"""AWS at the edge, computed by hand from the price pages that the book names."""

from support.estimates import bill, estimate, resource
from trimtab.pricing.amount import between, exactly
from trimtab.pricing.model import Status
from trimtab.resources.inputs import UNKNOWN
from trimtab.usage.model import Usage, UsageEntry


def test_a_zone_is_paid_by_the_month_in_every_region() -> None:
    for region in ("us-east-1", "ap-south-2", None):
        assert bill(estimate(resource("aws_route53_zone", region=region))) == {"hosted zone": 0.50}


def test_queries_of_an_alias_are_free() -> None:
    assert (
        estimate(resource("aws_route53_record", {"alias": [{"name": "x"}]})).status is Status.FREE
    )


def test_queries_are_paid_by_how_they_are_routed() -> None:
    # 0.1 million x 0.40, x 0.60, x 0.70
    for policy, usd in (
        ("weighted", 0.04),
        ("latency", 0.06),
        ("geolocation", 0.07),
        ("geoproximity", 0.07),
    ):
        inputs = {f"{policy}RoutingPolicies": [{"region": "us-east-1"}]}
        assert bill(estimate(resource("aws_route53_record", inputs, camel=True))) == {
            "queries": usd
        }


def test_a_health_check_pays_for_each_option() -> None:
    plain = estimate(resource("aws_route53_health_check", {"type": "HTTP"}))
    assert bill(plain) == {"health check": 0.50}
    rich = {"type": "HTTPS_STR_MATCH", "measureLatency": True, "requestInterval": 10}
    # 0.50, and four options x 1.00
    assert bill(estimate(resource("aws_route53_health_check", rich, camel=True))) == {
        "health check": 0.50,
        "optional features": 4.00,
    }
    unknown = {"type": "HTTPS", "measure_latency": UNKNOWN}
    priced = estimate(resource("aws_route53_health_check", unknown))
    assert priced.charges[1].quantity == between(1, 4)


def test_a_calculated_health_check_has_no_options() -> None:
    inputs = {"type": "CALCULATED", "request_interval": 10}
    assert bill(estimate(resource("aws_route53_health_check", inputs))) == {"health check": 0.50}


def test_a_resolver_endpoint_has_two_addresses_at_least() -> None:
    # 2 x 730 h x 0.125, and 1 million x 0.40
    priced = estimate(resource("aws_route53_resolver_endpoint"))
    assert bill(priced) == {"addresses": 182.50, "queries": 0.40}
    unknown = estimate(resource("aws_route53_resolver_endpoint", {"ip_address": UNKNOWN}))
    assert unknown.charges[0].quantity == between(2, 6)


def test_a_distribution_is_paid_by_what_it_delivers() -> None:
    # 100 GB x 0.085; 1 GB x 0.02; 100 x 0.01; the first thousand paths are free
    assert bill(estimate(resource("aws_cloudfront_distribution", region=None))) == {
        "data to viewers": 8.50,
        "data to the origin": 0.02,
        "HTTPS requests": 1.00,
        "invalidations": 0.00,
        "invalidations beyond 1,000": 0.00,  # a tier that only the upper bound reaches
    }


def test_a_distribution_pays_for_addresses_and_encryption_of_its_own() -> None:
    inputs = {
        "viewerCertificate": {"sslSupportMethod": "vip"},
        "defaultCacheBehavior": {"fieldLevelEncryptionId": "x"},
    }
    charged = bill(estimate(resource("aws_cloudfront_distribution", inputs, camel=True)))
    assert charged["certificate with its own addresses"] == 600.00
    assert charged["field-level encryption"] == 0.02


def test_invalidations_beyond_a_thousand_cost() -> None:
    usage = Usage((UsageEntry("", "", {"invalidation_paths": exactly(3000)}),))
    charged = bill(estimate(resource("aws_cloudfront_distribution"), usage=usage))
    # 2,000 x 0.005
    assert charged["invalidations beyond 1,000"] == 10.00


def test_apis_are_paid_by_requests_or_messages() -> None:
    assert bill(estimate(resource("aws_api_gateway_rest_api"))) == {"requests": 3.50}
    http = estimate(resource("aws_apigatewayv2_api", {"protocolType": "HTTP"}, camel=True))
    assert bill(http) == {"requests": 1.00}
    socket = estimate(resource("aws_apigatewayv2_api", {"protocol_type": "WEBSOCKET"}))
    # 1 million x 1.00, and 0.44 million minutes x 0.25
    assert bill(socket) == {"messages": 1.00, "connected minutes": 0.11}


def test_a_stage_pays_for_its_cache_alone() -> None:
    assert estimate(resource("aws_api_gateway_stage")).status is Status.FREE
    cache = {"cache_cluster_enabled": True, "cache_cluster_size": "0.5"}
    # 730 h x 0.02
    assert bill(estimate(resource("aws_api_gateway_stage", cache))) == {"cache of 0.5 GB": 14.60}
    other = estimate(resource("aws_api_gateway_stage", {**cache, "cache_cluster_size": "7"}))
    assert other.gaps[0].reason == "no price of aws/api-gateway/cache/7 in us-east-1"


def test_an_amplify_app_builds_and_serves() -> None:
    # 100 minutes x 0.01; 15 GB x 0.15; 10 GB x 0.023
    assert bill(estimate(resource("aws_amplify_app"))) == {
        "build minutes": 1.00,
        "data served": 2.25,
        "storage": 0.23,
    }


def test_a_region_without_a_price_is_a_gap() -> None:
    assert (
        estimate(resource("aws_api_gateway_rest_api", region="mars-1")).status is Status.NOT_PRICED
    )
