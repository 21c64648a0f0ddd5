"""Karpenter on an EKS cluster that is there, and what a plan asks of it."""

from pathlib import Path

import pulumi

from trimtab_components import KarpenterController, KarpenterPools
from trimtab_components.karpenter.arguments import KarpenterPoolsArgs
from trimtab_components.karpenter.features import features_for
from trimtab_components.program import user_errors

CLUSTER = "inference"
CONFIG = pulumi.Config("trimtab")
PLAN = str(Path(__file__).resolve().parent / CONFIG.require("plan"))

pools: KarpenterPoolsArgs = {
    "plan": PLAN,
    "cluster_name": CLUSTER,
    "as_of": CONFIG.require("asOf"),
    "ami_version": "v20261120",
    "static_baseline": True,
    "overlays": True,
    "buffers": {"serving": {"namespace": "inference"}},
    "maintenance": {"start": "02:00", "hours": 3, "days": ["sat", "sun"]},
    "pools": {"serving": {"accelerator_taint": True, "local_storage": "raid0"}},
}

with user_errors():
    controller = KarpenterController(
        "karpenter",
        {"cluster_name": CLUSTER, "plan": PLAN, "features": features_for(pools)},
    )
    made = KarpenterPools("pools", pools, pulumi.ResourceOptions(depends_on=[controller]))
    pulumi.export("nodePools", made.node_pool_names)
    pulumi.export("controllerRole", controller.role_arn)
