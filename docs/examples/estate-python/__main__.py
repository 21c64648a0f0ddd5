"""A whole estate from its plan: the cluster, Karpenter, and what the accelerators need."""

import pulumi
import pulumi_kubernetes as kubernetes

from trimtab_components import (
    Accelerators,
    HeterogeneousCluster,
    KarpenterController,
    KarpenterPools,
)
from trimtab_components.pool_settings import PoolSettings
from trimtab_components.program import user_errors

PLAN = pulumi.Config("trimtab").require("plan")
POOLS: dict[str, PoolSettings] = {
    "trainer": {"efa": True, "local_storage": "raid0"},
    "evaluation": {"sharing": "time-slicing", "sharing_replicas": 4},
}

with user_errors():
    estate = HeterogeneousCluster("estate", {
        "plan": PLAN,
        "nat": "per-zone",
        "public_endpoint": False,
        "admin_arns": ["arn:aws:iam::111122223333:role/platform"],
        "plan_pools": ["trainer", "chat", "embedding", "genomics"],
        "pools": POOLS,
    })  # fmt: skip
    inside = kubernetes.Provider("inside", kubeconfig=estate.kubeconfig)
    options = pulumi.ResourceOptions(providers=[inside], depends_on=[estate])
    karpenter = KarpenterController("karpenter", {"plan": PLAN, "cluster_name": "estate"}, options)
    KarpenterPools(
        "nodes",
        {
            "plan": PLAN,
            "cluster_name": "estate",
            "plan_pools": ["evaluation", "ingest"],
            "pools": POOLS,
        },
        pulumi.ResourceOptions(providers=[inside], depends_on=[karpenter]),
    )
    Accelerators("accelerators", {"plan": PLAN, "image": "AL2023", "pools": POOLS}, options)
    pulumi.export("cluster", estate.cluster_name)
