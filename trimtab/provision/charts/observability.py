"""Telemetry."""

from trimtab.provision.charts.model import ChartSource, ImageSource

_AS_OF = "2026-11-23"

KUBE_PROMETHEUS_STACK = ChartSource(
    chart="kube-prometheus-stack",
    version="88.5.3",
    repository="https://prometheus-community.github.io/helm-charts",
    namespace="monitoring",
    as_of=_AS_OF,
    source="https://github.com/prometheus-community/helm-charts, cf408a2, 2026-08-22; values of that",
)
DCGM_EXPORTER = ChartSource(
    chart="dcgm-exporter",
    version="4.8.2",
    repository="https://nvidia.github.io/dcgm-exporter/helm-charts",
    namespace="dcgm-exporter",
    as_of=_AS_OF,
    source="https://github.com/NVIDIA/dcgm-exporter, tag 4.5.3-4.8.2, 2026; its deployment/values.yaml",
)
KEPLER = ChartSource(
    chart="kepler",
    version="0.11.4",
    repository="oci://quay.io/sustainable_computing_io/charts",
    namespace="kepler",
    as_of=_AS_OF,
    source="https://github.com/sustainable-computing-io/kepler, tag v0.11.4; values at 13944a6, 2026-08-21",
)
OPENCOST = ChartSource(
    chart="opencost",
    version="2.5.17",
    repository="https://opencost.github.io/opencost-helm-chart",
    namespace="opencost",
    as_of=_AS_OF,
    source="https://github.com/opencost/opencost-helm-chart, tag opencost-2.5.17, 2026-04-28",
)
LOKI = ChartSource(
    chart="loki",
    version="18.11.0",
    repository="https://grafana-community.github.io/helm-charts",
    namespace="loki",
    as_of=_AS_OF,
    source="https://github.com/grafana-community/helm-charts, 3386a11, 2026-08-20; values of that",
)
TEMPO = ChartSource(
    chart="tempo",
    version="2.2.4",
    repository="https://grafana-community.github.io/helm-charts",
    namespace="tempo",
    as_of=_AS_OF,
    source="https://github.com/grafana-community/helm-charts, 3386a11, 2026-08-20; values of that",
)
OTEL_GATEWAY = ChartSource(
    chart="opentelemetry-collector",
    version="0.170.0",
    repository="https://open-telemetry.github.io/opentelemetry-helm-charts",
    namespace="otel-gateway",
    as_of=_AS_OF,
    source="https://github.com/open-telemetry/opentelemetry-helm-charts, dd5665c, 2026-08-20",
)
OTEL_AGENT = ChartSource(
    chart="opentelemetry-collector",
    version="0.170.0",
    repository="https://open-telemetry.github.io/opentelemetry-helm-charts",
    namespace="otel-agent",
    as_of=_AS_OF,
    source="the same chart, as a DaemonSet that reads the nodes' logs",
)
OTEL_COLLECTOR = ImageSource(
    repository="ghcr.io/open-telemetry/opentelemetry-collector-releases/opentelemetry-collector-k8s",
    version="0.158.0",
    as_of=_AS_OF,
    source="values and appVersion of chart opentelemetry-collector 0.170.0",
)
