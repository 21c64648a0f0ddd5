"""Telemetry."""

from support.component_rows import Row
from support.plans import plan

ROWS: list[Row] = [
    ("Observability", "least", {"plan": plan()}),
    ("Observability", "buckets and remote write from elsewhere", {
        "plan": plan(), "buckets": {"loki": "logs-1", "tempo": "traces-1"},
        "remote_write": [{"url": "https://metrics.example.com/api/v1/write", "secret": "remote"}],
        "dcgm_by_gpu_operator": True, "alertmanager_secret": "receivers",
    }),
    ("Observability", "by Flux", {"plan": plan(), "delivery": "flux"}),
]  # fmt: skip
