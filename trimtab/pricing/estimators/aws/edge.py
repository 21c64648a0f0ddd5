"""AWS at the edge: DNS, content delivery, and gateways of APIs."""

from collections.abc import Iterator

from trimtab.pricing.amount import between, exactly
from trimtab.pricing.estimation import Estimation
from trimtab.pricing.estimators import estimates
from trimtab.pricing.estimators.aws.tariff import by_use, tariff
from trimtab.pricing.model import Basis, Part

HEALTH_CHECK_OPTIONS = 4
"""HTTPS, string matching, latency measurement, a fast interval: the most that a check can have."""

tariff("aws_route53_zone", fixed=[("hosted zone", "aws/route53/zone")])


@estimates("aws_route53_record")
def record(at: Estimation) -> Iterator[Part]:
    """Queries, by the way they are routed; those of an alias to an AWS resource are free."""
    if at.inputs.has("alias"):
        return
    yield from at.used("queries", f"aws/route53/queries{_routing(at)}", "queries_millions")


def _routing(at: Estimation) -> str:
    if at.inputs.has("latency_routing_policy"):
        return "/latency"
    policies = ("geolocation_routing_policy", "geoproximity_routing_policy")
    return "/geo" if any(at.inputs.has(policy) for policy in policies) else ""


@estimates("aws_route53_health_check")
def health_check(at: Estimation) -> Iterator[Part]:
    """A check, and each option that it has; dearer for an endpoint outside AWS.

    Where the endpoint is only a deployment or the usage file knows: the key `outside_aws` is 0 or 1.
    """
    if at.inputs.text("type") in ("CALCULATED", "CLOUDWATCH_METRIC", "RECOVERY_CONTROL"):
        yield at.charge("health check", "aws/route53/health-check/aws")
        return
    outside, _ = at.usage("outside_aws")
    where = "other" if outside.expected and outside.expected >= 1 else "aws"
    yield at.charge("health check", f"aws/route53/health-check/{where}")
    kind = at.inputs.text("type")
    interval = at.inputs.number("request_interval")
    options = sum(
        (
            kind.startswith("HTTPS"),
            kind.endswith("STR_MATCH"),
            at.inputs.flag("measure_latency"),
            interval is not None and interval <= 10,
        )
    )
    open_ends = [
        name for name in ("type", "measure_latency", "request_interval") if at.inputs.unknown(name)
    ]
    if options or open_ends:
        count = between(options, HEALTH_CHECK_OPTIONS) if open_ends else exactly(options)
        basis = Basis.BOUNDS if open_ends else Basis.DECLARED
        rate = f"aws/route53/health-check/{where}/option"
        yield at.charge("optional features", rate, count, basis=basis)


@estimates("aws_route53_resolver_endpoint")
def resolver_endpoint(at: Estimation) -> Iterator[Part]:
    """Each of its addresses by the hour, and queries."""
    length = at.inputs.length("ip_address")
    count = (
        between(2, 6) if length is None else exactly(max(length, 2))
    )  # AWS asks for two, takes six
    basis = Basis.BOUNDS if length is None else Basis.DECLARED
    yield at.charge("addresses", "aws/route53/resolver/address", count, basis=basis)
    yield from at.used("queries", "aws/route53/resolver/queries", "queries_millions")


@estimates("aws_cloudfront_distribution")
def distribution(at: Estimation) -> Iterator[Part]:
    """Data and requests, as to viewers in the United States and Europe; certificates of its own address."""
    yield from by_use(
        at,
        ("data to viewers", "aws/cloudfront/data/us", "data_out_gb"),
        ("data to the origin", "aws/cloudfront/origin/us", "data_to_origin_gb"),
        ("HTTPS requests", "aws/cloudfront/https/us", "https_requests_10k"),
        ("invalidations", "aws/cloudfront/invalidations", "invalidation_paths"),
    )
    if at.inputs.text("viewer_certificate.ssl_support_method") == "vip":
        yield at.charge("certificate with its own addresses", "aws/cloudfront/dedicated-ip")
    if any(at.inputs.has(f"{name}.field_level_encryption_id") for name in _BEHAVIOURS):
        yield from at.used(
            "field-level encryption",
            "aws/cloudfront/field-level-encryption",
            "encrypted_requests_10k",
        )


_BEHAVIOURS = ("default_cache_behavior", "ordered_cache_behavior")

tariff(
    "aws_cloudfront_function",
    used=[("invocations", "aws/cloudfront/function", "invocations_millions")],
)
tariff(
    "aws_api_gateway_rest_api",
    used=[("requests", "aws/api-gateway/rest", "requests_millions")],
)


@estimates("aws_api_gateway_stage")
def stage(at: Estimation) -> Iterator[Part]:
    """The cache, where it has one; requests are the API's."""
    if not at.inputs.flag("cache_cluster_enabled"):
        return
    size = at.inputs.text("cache_cluster_size", "0.5")
    yield at.charge(f"cache of {size} GB", f"aws/api-gateway/cache/{size}")


@estimates("aws_apigatewayv2_api")
def http_api(at: Estimation) -> Iterator[Part]:
    """An HTTP API by requests; a WebSocket API by messages and connected minutes."""
    if at.inputs.text("protocol_type").upper() == "WEBSOCKET":
        yield from by_use(
            at,
            ("messages", "aws/api-gateway/websocket/messages", "messages_millions"),
            ("connected minutes", "aws/api-gateway/websocket/minutes", "minutes_millions"),
        )
        return
    yield from at.used("requests", "aws/api-gateway/http", "requests_millions")


tariff(
    "aws_service_discovery_private_dns_namespace",
    "aws_service_discovery_public_dns_namespace",
    fixed=[("hosted zone", "aws/route53/zone")],
)
tariff(
    "aws_amplify_app",
    used=[
        ("build minutes", "aws/amplify/build", "build_minutes"),
        ("data served", "aws/amplify/served", "data_out_gb"),
        ("storage", "aws/amplify/storage", "storage_gb"),
    ],
)
