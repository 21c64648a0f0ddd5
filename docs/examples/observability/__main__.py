"""Machines in the cellar, watched: the plan in the cluster, and telemetry that measures it."""

from pathlib import Path

import pulumi

from trimtab_components import ExistingCluster, Observability
from trimtab_components.program import user_errors

CONFIG = pulumi.Config("trimtab")
PLAN = str(Path(__file__).resolve().parent / CONFIG.require("plan"))

with user_errors():
    cluster = ExistingCluster("hall", {"plan": PLAN, "context": "hall-admin"})
    telemetry = Observability(
        "watch",
        {
            "plan": PLAN,
            "cluster_name": "hall",
            "dcgm_by_gpu_operator": True,
            "storage_class": "local-path",
            "alertmanager_secret": "alert-receivers",
            "grid_gco2e_per_kwh": 380.0,
            "node_prices": {"vcpu": 0.012, "gib": 0.0015, "gpu": 0.62, "storage_gib": 0.00004},
        },
        pulumi.ResourceOptions(providers=[cluster.provider], depends_on=[cluster]),
    )
    pulumi.export("prometheus", telemetry.prometheus_address)
    pulumi.export("volumeGib", telemetry.volume_gib)
