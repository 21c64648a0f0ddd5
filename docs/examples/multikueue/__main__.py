"""A cluster that sends work to two others, with the sum of their quotas."""

from pathlib import Path

import pulumi

from trimtab_components import Queueing
from trimtab_components.program import user_errors

HERE = Path(__file__).resolve().parent
CONFIG = pulumi.Config("trimtab")

with user_errors():
    manager = Queueing(
        "manager",
        {
            "workers": {
                "east": {"plan": str(HERE / "east.yaml"), "kubeconfig_secret": "east-kubeconfig"},
                "west": {"plan": str(HERE / "west.yaml"), "kubeconfig_secret": "west-kubeconfig"},
            },
            "as_of": CONFIG.require("asOf"),
            "queues": {"serving": {"pool": "serving", "namespaces": ["chat"]}},
        },
    )
    pulumi.export("queues", manager.queue_names)
