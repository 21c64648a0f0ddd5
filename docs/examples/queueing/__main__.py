"""Two teams that share a pool: what is paid for is filled first, and spot takes only what may be interrupted."""

from pathlib import Path

import pulumi

from trimtab_components import Queueing
from trimtab_components.program import user_errors

CONFIG = pulumi.Config("trimtab")
PLAN = str(Path(__file__).resolve().parent / CONFIG.require("plan"))

with user_errors():
    queueing = Queueing(
        "queueing",
        {
            "plan": PLAN,
            "as_of": CONFIG.require("asOf"),
            "organisation": "acme",
            "fair_sharing": True,
            "queues": {
                "chat": {"pool": "serving", "share": 0.6, "namespaces": ["chat"], "weight": 2.0},
                "batch": {
                    "pool": "serving",
                    "share": 0.2,
                    "team": "evaluation",
                    "namespaces": ["batch"],
                    "borrowing": 0.5,
                },
            },
            "priorities": {"interactive": 1000, "nightly": 10},
            "pools": {"serving": {"accelerator_taint": True}},
        },
    )
    pulumi.export("queues", queueing.queue_names)
    pulumi.export("flavors", queueing.flavor_names)
