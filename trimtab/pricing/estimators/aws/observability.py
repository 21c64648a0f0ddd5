"""AWS monitoring and audit: CloudWatch, X-Ray, Prometheus, Grafana, Config, CloudTrail."""

from collections.abc import Iterator

from trimtab.pricing.estimation import Estimation
from trimtab.pricing.estimators import estimates
from trimtab.pricing.estimators.aws.tariff import by_use, tariff
from trimtab.pricing.model import Gap, Part

FAST_PERIOD_S = 30
"""An alarm that looks as often as this, or oftener, has high resolution."""


@estimates("aws_cloudwatch_log_group")
def log_group(at: Estimation) -> Iterator[Part]:
    """What is taken in, by class, and what is kept; queries where the usage file has them."""
    kind = at.inputs.text("log_group_class", "STANDARD").lower().replace("_", "-")
    yield from at.used("logs taken in", f"aws/cloudwatch/logs/{kind}/in", "ingested_gb")
    if kind == "delivery":
        return
    yield from by_use(
        at,
        ("logs kept", "aws/cloudwatch/logs/storage", "stored_gb"),
        ("logs queried", "aws/cloudwatch/logs/queried", "queried_gb"),
    )


@estimates("aws_cloudwatch_metric_alarm")
def metric_alarm(at: Estimation) -> Iterator[Part]:
    """Each metric that it looks at; three of each where it looks for anomalies."""
    metrics = at.inputs.blocks("metric_query")
    periods = [at.inputs.number("period")]
    periods += [each.number("metric.period") for each in metrics]
    fast = any(period is not None and period <= FAST_PERIOD_S for period in periods)
    if at.inputs.unknown("period") or at.inputs.unknown("metric_query"):
        yield Gap("alarm", "only a deployment will know its metrics and resolution")
        return
    count = sum(each.has("metric") for each in metrics) or 1
    anomaly = at.inputs.text("comparison_operator") in (
        "LessThanLowerOrGreaterThanUpperThreshold",
        "LessThanLowerThreshold",
        "GreaterThanUpperThreshold",
    )
    kind = "high" if fast else "standard"
    label = f"{kind}-resolution {'anomaly ' if anomaly else ''}alarm"
    yield at.charge(label, f"aws/cloudwatch/alarm/{kind}", count * (3 if anomaly else 1))


tariff(
    "aws_cloudwatch_composite_alarm",
    fixed=[("composite alarm", "aws/cloudwatch/alarm/composite")],
)
tariff("aws_cloudwatch_dashboard", fixed=[("dashboard", "aws/cloudwatch/dashboard")])
tariff(
    "aws_synthetics_canary",
    used=[("runs", "aws/cloudwatch/canary", "runs")],
)
tariff(
    "aws_cloudwatch_metric_stream",
    used=[("metric updates", "aws/cloudwatch/metric-stream", "updates_1k")],
)
tariff(
    "aws_xray_group",
    "aws_xray_sampling_rule",
    used=[("traces recorded", "aws/xray/recorded", "traces_millions")],
)
tariff(
    "aws_prometheus_workspace",
    used=[
        ("samples taken in", "aws/prometheus/in", "samples_10m"),
        ("storage", "aws/prometheus/storage", "storage_gb"),
    ],
)
tariff(
    "aws_prometheus_scraper",
    fixed=[("scraper", "aws/prometheus/scraper/hour")],
    used=[("samples collected", "aws/prometheus/scraped", "samples_10m")],
)


@estimates("aws_grafana_workspace")
def grafana(at: Estimation) -> Iterator[Part]:
    """Users in a month: those who may edit, and those who look."""
    yield from by_use(
        at,
        ("editors", "aws/grafana/editor", "editors"),
        ("viewers", "aws/grafana/viewer", "viewers"),
    )


@estimates("aws_cloudtrail")
def trail(at: Estimation) -> Iterator[Part]:
    """Data events and insights; management events only of a second trail, so by the usage file."""
    yield from by_use(
        at,
        ("management events, copies", "aws/cloudtrail/management", "extra_management_events_100k"),
        ("data events", "aws/cloudtrail/data", "data_events_100k"),
    )
    if at.inputs.has("insight_selector"):
        yield from at.used("insights", "aws/cloudtrail/insights", "insight_events_100k")


tariff(
    "aws_cloudtrail_event_data_store",
    used=[("events taken in", "aws/cloudtrail/lake", "ingested_gb")],
)
tariff(
    "aws_config_configuration_recorder",
    used=[("items recorded", "aws/config/items", "items")],
)
tariff(
    "aws_config_config_rule",
    "aws_config_organization_custom_rule",
    "aws_config_organization_managed_rule",
    "aws_config_organization_custom_policy_rule",
    "aws_config_conformance_pack",
    "aws_config_organization_conformance_pack",
    used=[("evaluations", "aws/config/evaluations", "evaluations")],
)
tariff(
    "aws_cloudwatch_log_metric_filter",
    fixed=[("metric", "aws/cloudwatch/metric")],
)
tariff("aws_s3_bucket_metric", used=[("request metrics", "aws/cloudwatch/metric", "metrics")])


@estimates("aws_flow_log")
def flow_log(at: Estimation) -> Iterator[Part]:
    """Delivery to S3 or Firehose by volume; a log group pays for what it takes in itself."""
    if at.inputs.text("log_destination_type", "cloud-watch-logs") != "cloud-watch-logs":
        yield from at.used("logs delivered", "aws/cloudwatch/logs/vended", "delivered_gb")
