"""Kueue."""

from trimtab.provision.charts.model import ChartSource

KUEUE = ChartSource(
    chart="kueue",
    version="0.19.2",
    repository="oci://registry.k8s.io/kueue/charts",
    namespace="kueue-system",
    as_of="2026-11-23",
    source="https://github.com/kubernetes-sigs/kueue, tag v0.19.2, 2026-08-20: charts/kueue, whose values "
    "and CRDs were read; it serves v1beta2",
)
