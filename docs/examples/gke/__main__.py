"""A GKE cluster from a plan: a held reservation, spot, GPUs shared by containers, and TPU slices."""

from pathlib import Path

import pulumi

from trimtab_components import GkeCluster
from trimtab_components.program import user_errors

CONFIG = pulumi.Config("trimtab")
PLAN = str(Path(__file__).resolve().parent / CONFIG.require("plan"))

with user_errors():
    cluster = GkeCluster(
        "ml",
        {
            "plan": PLAN,
            "as_of": CONFIG.require("asOf"),
            "kubernetes_version": "1.35",
            "public_access_cidrs": ["192.0.2.0/24"],
            "admin_members": ["group:ml-platform@example.com"],
            "pools": {
                "serving": {"sharing": "time-slicing", "sharing_replicas": 4},
                "trainers": {"local_storage": "raid0", "team_taint": True},
            },
            "pool_zones": {
                "tpus": ["us-central1-b"],
                "trainers/spot": ["us-central1-a", "us-central1-c"],
            },
            "tpu_topologies": {"tpus": "4x4"},
            "tags": {"cost-centre": "4711"},
        },
    )
    pulumi.export("cluster", cluster.cluster_name)
    pulumi.export("kubeconfig", cluster.kubeconfig)
    pulumi.export("nodePools", cluster.node_pool_names)
