"""Drivers, device plugins and readiness gates of a plan's accelerators, in a cluster that exists."""

from pathlib import Path

import pulumi
import pulumi_kubernetes as kubernetes

from trimtab_components import Accelerators
from trimtab_components.program import user_errors

CONFIG = pulumi.Config("trimtab")
PLAN = str(Path(__file__).resolve().parent / CONFIG.require("plan"))

with user_errors():
    cluster = kubernetes.Provider("cluster", context="ml-admin")
    made = Accelerators(
        "accelerators",
        {
            "plan": PLAN,
            "image": "AL2023",
            "pools": {
                "trainers": {"efa": True, "readiness_taint": True, "accelerator_taint": True},
                "notebooks": {"sharing": "time-slicing", "sharing_replicas": 4},
                "chips": {"readiness_taint": True, "team_taint": True},
            },
            "components": {"NeuronDevices": {"scheduler": True}},
        },
        pulumi.ResourceOptions(providers=[cluster]),
    )
    pulumi.export("components", made.component_names)
    pulumi.export("tolerates", made.tolerates)
