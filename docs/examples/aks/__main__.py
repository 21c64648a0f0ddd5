"""An AKS cluster from a plan: a held reservation, spot, GPUs that are cut, and Arm machines."""

from pathlib import Path

import pulumi

from trimtab_components import AksCluster
from trimtab_components.program import user_errors

CONFIG = pulumi.Config("trimtab")
PLAN = str(Path(__file__).resolve().parent / CONFIG.require("plan"))

with user_errors():
    cluster = AksCluster(
        "ml",
        {
            "plan": PLAN,
            "as_of": CONFIG.require("asOf"),
            "kubernetes_version": "1.35",
            "public_access_cidrs": ["192.0.2.0/24"],
            "admin_groups": ["0f0f0f0f-0000-4000-8000-000000000001"],
            "pools": {
                "trainers": {"team_taint": True, "accelerator_taint": True},
                "notebooks": {"mig_profile": "all-1g.10gb"},
            },
            "pool_zones": {"trainers": ["eastus-1"], "notebooks": ["1", "2"]},
            "tags": {"cost-centre": "4711"},
        },
    )
    pulumi.export("cluster", cluster.cluster_name)
    pulumi.export("kubeconfig", cluster.kubeconfig)
    pulumi.export("nodePools", cluster.node_pool_names)
