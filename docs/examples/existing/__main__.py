"""Machines in the cellar: their cluster exists, the plan counts on them, the GPU operator drives them."""

from pathlib import Path

import pulumi

from trimtab_components import ExistingCluster, GpuOperator
from trimtab_components.program import user_errors

CONFIG = pulumi.Config("trimtab")
PLAN = str(Path(__file__).resolve().parent / CONFIG.require("plan"))

with user_errors():
    cluster = ExistingCluster(
        "hall",
        {
            "plan": PLAN,
            "context": "hall-admin",
            "machines": {"trainers/cellar": ["dgx-1", "dgx-2", "dgx-3"]},
            "pools": {"trainers": {"mig_profile": "all-1g.10gb", "accelerator_taint": True}},
        },
    )
    GpuOperator(
        "gpu",
        {"image": "UBUNTU", "mig_strategy": "mixed"},
        pulumi.ResourceOptions(providers=[cluster.provider], depends_on=[cluster]),
    )
    pulumi.export("joinArguments", cluster.join_arguments)
