"""Helm values of logs and traces: Loki, Tempo, and the OpenTelemetry collectors before them.

Pure. Loki and Tempo run as one process each: enough for a cluster, and what they keep is in object
storage where a bucket is given, so that a bigger deployment can take it over. Buckets are opened by
the pods' identity, which stands outside; no key goes into values.
"""

from trimtab.provision.charts.observability import OTEL_COLLECTOR
from trimtab.provision.observability.parts import Telemetry
from trimtab.provision.observability.pods import (
    RESTRICTED,
    Values,
    priority,
    requests,
    tolerations,
    volume,
)

SCHEMA_FROM = "2024-04-01"
"""The day from which Loki's index has its present form; it must not move once logs are kept."""
ACCOUNTS = {"loki": "loki", "tempo": "tempo"}
"""The service accounts whose identity opens the buckets."""
_STORE = {"aws": "s3", "gcp": "gcs"}
BUCKET_PROVIDERS: tuple[str, ...] = tuple(_STORE)


def loki_values(telemetry: Telemetry) -> Values:
    """Loki in one process."""
    bucket = telemetry.buckets.get("loki")
    kind = _STORE[telemetry.plan.spec.site.provider] if bucket else "filesystem"
    storage: Values = {"type": kind}
    if bucket:
        storage["bucketNames"] = dict.fromkeys(("chunks", "ruler", "admin"), bucket.name)
        if kind == "s3":
            storage["s3"] = {"region": bucket.region}
    schema = {
        "from": SCHEMA_FROM,
        "store": "tsdb",
        "object_store": kind,
        "schema": "v13",
        "index": {"prefix": "loki_index_", "period": "24h"},
    }
    off = ("chunksCache", "resultsCache", "lokiCanary", "test", "gateway")
    none = ("read", "write", "backend")
    return {
        **{part: {"enabled": False} for part in off},
        **{part: {"replicas": 0} for part in none},
        "deploymentMode": "Monolithic",
        "loki": {
            "auth_enabled": False,
            "commonConfig": {"replication_factor": 1},
            "storage": storage,
            "schemaConfig": {"configs": [schema]},
            "limits_config": {
                "retention_period": f"{telemetry.retention_days * 24}h",
                "allow_structured_metadata": True,
            },
            "compactor": {
                "retention_enabled": True,
                "delete_request_store": kind,
            },
            "analytics": {"reporting_enabled": False},
        },
        "serviceAccount": {"create": True, "name": ACCOUNTS["loki"]},
        "singleBinary": {
            "replicas": 1,
            "resources": requests("250m", "1Gi"),
            "persistence": volume(telemetry, "loki", "storageClass"),
            **priority(telemetry),
        },
        # No sidecar: rules for logs would need rights on every ConfigMap.
        "sidecar": {"rules": {"enabled": False}},
        "monitoring": {"serviceMonitor": {"enabled": True}},
    }


def tempo_values(telemetry: Telemetry) -> Values:
    """Tempo in one process."""
    bucket = telemetry.buckets.get("tempo")
    trace: Values = {"backend": "local"}
    if bucket:
        kind = _STORE[telemetry.plan.spec.site.provider]
        trace["backend"] = kind
        if kind == "s3":
            endpoint = f"s3.{bucket.region}.amazonaws.com"
            trace["s3"] = {"bucket": bucket.name, "endpoint": endpoint, "region": bucket.region}
        else:
            trace["gcs"] = {"bucket_name": bucket.name}
    return {
        "tempo": {
            "retention": f"{telemetry.retention_days * 24}h",
            "reportingEnabled": False,
            "storage": {"trace": trace},
            "resources": requests("100m", "512Mi"),
            "securityContext": RESTRICTED,
        },
        "serviceAccount": {"create": True, "name": ACCOUNTS["tempo"]},
        "persistence": volume(telemetry, "tempo", "storageClassName"),
        "serviceMonitor": {"enabled": True},
        **priority(telemetry),
    }


def gateway_config(telemetry: Telemetry) -> Values:
    """The gateway's pipelines: OTLP in, and out to whichever stores are there."""
    metrics = telemetry.address("prometheus", "kube-prometheus-stack-prometheus", 9090)
    exporters: Values = {"otlp_http/metrics": {"endpoint": f"{metrics}/api/v1/otlp"}}
    ends = {"metrics": "otlp_http/metrics"}
    if "loki" in telemetry.parts:
        logs = telemetry.address("loki", "loki", 3100)
        exporters["otlp_http/logs"] = {"endpoint": f"{logs}/otlp"}
        ends["logs"] = "otlp_http/logs"
    if "tempo" in telemetry.parts:
        traces = telemetry.address("tempo", "tempo", 4318)
        exporters["otlp_http/traces"] = {"endpoint": traces}
        ends["traces"] = "otlp_http/traces"
    return _config(exporters, ends)


def agent_config(telemetry: Telemetry) -> Values:
    """The agent's pipelines: OTLP of the node's pods and the node's logs, to the gateway."""
    to = telemetry.address("otel-gateway", "otel-gateway", 4318)
    stores = {"metrics": "metrics", "logs": "loki", "traces": "tempo"}
    ends = {
        signal: "otlp_http/gateway"
        for signal, part in stores.items()
        if part in ("metrics", *telemetry.parts)
    }
    return _config({"otlp_http/gateway": {"endpoint": to}}, ends)


def _config(exporters: Values, ends: dict[str, str]) -> Values:
    """The part of a collector's configuration that differs from the chart's; null takes away."""
    pipelines: Values = {
        signal: {
            "receivers": ["otlp"],
            "processors": ["memory_limiter", "batch"],
            "exporters": [end],
        }
        for signal, end in ends.items()
    }
    absent = {signal: None for signal in ("logs", "metrics", "traces") if signal not in ends}
    return {
        "receivers": {"jaeger": None, "zipkin": None, "prometheus": None},
        "exporters": {"debug": None, **exporters},
        "service": {"pipelines": {**pipelines, **absent}},
    }


def _collector(telemetry: Telemetry, name: str, config: Values) -> Values:
    old = ("jaeger-compact", "jaeger-thrift", "jaeger-grpc", "zipkin")
    return {
        # Both collectors are one chart, and their cluster-wide objects need names of their own.
        "fullnameOverride": name,
        "image": {"repository": OTEL_COLLECTOR.repository, "tag": OTEL_COLLECTOR.version},
        "command": {"name": "otelcol-k8s"},
        "config": config,
        "ports": {**{port: {"enabled": False} for port in old}, "metrics": {"enabled": True}},
        **priority(telemetry),
    }


def gateway_values(telemetry: Telemetry) -> Values:
    """The gateway: a Deployment."""
    return {
        **_collector(telemetry, "otel-gateway", gateway_config(telemetry)),
        "mode": "deployment",
        "replicaCount": max(2, telemetry.replicas),
        "resources": requests("100m", "256Mi", "512Mi"),
        "securityContext": {**RESTRICTED, "runAsUser": 10001},
        "podDisruptionBudget": {"enabled": True, "maxUnavailable": 1},
        "serviceMonitor": {"enabled": True},
    }


def agent_values(telemetry: Telemetry) -> Values:
    """The agent: on every node, whatever its taints."""
    logs = "loki" in telemetry.parts
    return {
        **_collector(telemetry, "otel-agent", agent_config(telemetry)),
        "mode": "daemonset",
        "presets": {
            "logsCollection": {"enabled": logs},
            "kubernetesAttributes": {"enabled": True},
        },
        "tolerations": tolerations(telemetry),
        "resources": requests("50m", "128Mi", "256Mi"),
    }
