"""Helm values of Prometheus' stack and of the exporters.

Pure. Requests are set for every container that the charts leave without; memory is limited where it
is bounded by what the plan asks, not by what users send.
"""

from collections.abc import Callable, Mapping
from typing import Any

from trimtab.plan.labels import GROUP_LABEL, OPTION_LABEL, POOL_LABEL
from trimtab.provision.helm_values import merge
from trimtab.provision.observability.parts import Telemetry, has_nvidia, is_metered
from trimtab.provision.observability.plan_metrics import rbac_rules
from trimtab.provision.observability.pods import (
    MONITORED,
    RESTRICTED,
    Values,
    on_groups,
    priority,
    requests,
    tolerations,
    volume,
)
from trimtab.provision.observability.stores import (
    agent_values,
    gateway_values,
    loki_values,
    tempo_values,
)

PROMETHEUS_SERVICE = "kube-prometheus-stack-prometheus"


def part_values(part: str, telemetry: Telemetry) -> Values:
    """A part's values, with the override's laid over them."""
    override = telemetry.overrides.get(part)
    return merge(_MAKERS[part](telemetry), override.values if override else {})


def _claim(telemetry: Telemetry, store: str) -> Values:
    own = {"storageClassName": telemetry.storage_class} if telemetry.storage_class else {}
    return {
        "volumeClaimTemplate": {
            "spec": {
                **own,
                "accessModes": ["ReadWriteOnce"],
                "resources": {"requests": {"storage": f"{telemetry.gib[store]}Gi"}},
            }
        }
    }


def _prometheus(telemetry: Telemetry) -> Values:
    labels = ",".join((POOL_LABEL, GROUP_LABEL, OPTION_LABEL))
    alertmanager: Values = {
        "replicas": telemetry.replicas,
        "storage": _claim(telemetry, "alertmanager"),
        "resources": requests("25m", "64Mi", "128Mi"),
        **priority(telemetry),
    }
    if telemetry.alertmanager_secret:
        alertmanager |= {"useExistingSecret": True, "configSecret": telemetry.alertmanager_secret}
    every = ("rule", "serviceMonitor", "podMonitor", "probe", "scrapeConfig")
    spec: Values = {
        # Every team's rules and monitors count, whichever release brought them.
        **{f"{kind}SelectorNilUsesHelmValues": False for kind in every},
        "retention": f"{telemetry.retention_days}d",
        "retentionSize": f"{telemetry.gib['prometheus'] * 85 // 100}GiB",
        "replicas": telemetry.replicas,
        "externalLabels": {"cluster": telemetry.cluster},
        "storageSpec": _claim(telemetry, "prometheus"),
        "resources": requests("500m", "2Gi"),
        "remoteWrite": [_remote_write(each) for each in telemetry.remote_write],
        "enableOTLPReceiver": "otel-gateway" in telemetry.parts,
        **priority(telemetry),
    }
    # Managed control planes show nobody these, and alerts on them would always fire.
    hidden = ("kubeEtcd", "kubeScheduler", "kubeControllerManager", "kubeProxy")
    return {
        **{part: {"enabled": False} for part in hidden},
        "prometheus": {"prometheusSpec": spec},
        "alertmanager": {"alertmanagerSpec": alertmanager},
        "prometheusOperator": {
            "resources": requests("50m", "128Mi", "256Mi"),
            **priority(telemetry),
        },
        "grafana": _grafana(telemetry),
        "kube-state-metrics": {
            "metricLabelsAllowlist": [f"nodes=[{labels}]"],
            "extraArgs": ["--metric-opt-in-list=kube_pod_nodeselectors"],
            "customResourceState": {"enabled": True, "config": dict(telemetry.state_metrics)},
            "rbac": {"extraRules": rbac_rules()},
            "resources": requests("50m", "192Mi", "512Mi"),
            **priority(telemetry),
        },
        "prometheus-node-exporter": {
            "tolerations": [
                *tolerations(telemetry),
                {"operator": "Exists", "effect": "NoSchedule"},
            ],
            "resources": requests("25m", "32Mi", "96Mi"),
            **priority(telemetry),
        },
    }


def _remote_write(each: Any) -> Values:
    made: Values = {"url": each.url}
    if each.secret:
        made["authorization"] = {"credentials": {"name": each.secret, "key": "token"}}
    if each.sigv4_region:
        made["sigv4"] = {"region": each.sigv4_region}
    return made


def _grafana(telemetry: Telemetry) -> Values:
    sources = []
    if "loki" in telemetry.parts:
        url = telemetry.address("loki", "loki", 3100)
        sources.append(
            {"name": "Loki", "uid": "loki", "type": "loki", "access": "proxy", "url": url}
        )
    if "tempo" in telemetry.parts:
        url = telemetry.address("tempo", "tempo", 3200)
        sources.append(
            {"name": "Tempo", "uid": "tempo", "type": "tempo", "access": "proxy", "url": url}
        )
    return {
        "admin": {
            "existingSecret": telemetry.grafana_secret,
            "userKey": "admin-user",
            "passwordKey": "admin-password",
        },
        "additionalDataSources": sources,
        "persistence": volume(telemetry, "grafana", "storageClassName"),
        "sidecar": {"resources": requests("10m", "96Mi", "192Mi")},
        # A volume of one node at a time has no room for a second pod while the first still runs.
        "deploymentStrategy": {"type": "Recreate"},
        "resources": requests("100m", "256Mi", "512Mi"),
        **priority(telemetry),
    }


def _dcgm(telemetry: Telemetry) -> Values:
    return {
        "serviceMonitor": dict(MONITORED),
        # The chart would run it everywhere, and it fails where there is no GPU.
        "affinity": on_groups(telemetry.plan, has_nvidia),
        "tolerations": tolerations(telemetry),
        "resources": requests("100m", "256Mi", "512Mi"),
        **priority(telemetry),
    }


def _kepler(telemetry: Telemetry) -> Values:
    return {
        "serviceMonitor": {"enabled": True, "interval": "30s"},
        "daemonset": {
            "affinity": on_groups(telemetry.plan, is_metered),
            "tolerations": [
                {"key": "node-role.kubernetes.io/control-plane", "operator": "Exists"},
                *tolerations(telemetry),
            ],
            "resources": requests("50m", "128Mi", "256Mi"),
        },
        "config": {
            "log": {"level": "info"},
            "kube": {"enabled": True},
        },
    }


def _opencost(telemetry: Telemetry) -> Values:
    inside: Values = {
        "enabled": True,
        "serviceName": PROMETHEUS_SERVICE,
        "namespaceName": telemetry.namespace("prometheus"),
        "port": 9090,
    }
    made: Values = {
        "exporter": {
            "defaultClusterId": telemetry.cluster,
            "resources": requests("50m", "256Mi", "1Gi"),
            "securityContext": RESTRICTED,
        },
        "ui": {
            "resources": requests("10m", "64Mi", "128Mi"),
        },
        "mcp": {"enabled": False},
        "prometheus": {"internal": inside},
        "metrics": {
            "serviceMonitor": dict(MONITORED),
            # What kube-state-metrics has already would be counted twice.
            "kubeStateMetrics": {"emitKsmV1Metrics": False, "emitKsmV1MetricsOnly": True},
        },
    }
    if telemetry.node_prices is not None:
        made["customPricing"] = {
            "enabled": True,
            "provider": "custom",
            "costModel": {
                "description": "Prices of owned machines, USD an hour.",
                **{
                    name: f"{telemetry.node_prices[key]:g}"
                    for name, key in _PRICES.items()
                    if key in telemetry.node_prices
                },
            },
        }
    return {"opencost": made, **priority(telemetry)}


_PRICES = {
    "CPU": "vcpu",
    "RAM": "gib",
    "GPU": "gpu",
    "storage": "storage_gib",
}
PRICE_NAMES: tuple[str, ...] = tuple(_PRICES.values())
_MAKERS: Mapping[str, Callable[[Telemetry], Values]] = {
    "prometheus": _prometheus,
    "dcgm": _dcgm,
    "kepler": _kepler,
    "opencost": _opencost,
    "loki": loki_values,
    "tempo": tempo_values,
    "otel-gateway": gateway_values,
    "otel-agent": agent_values,
}
