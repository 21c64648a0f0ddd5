"""A plan's storage on a GKE cluster that is there, and a bucket that ages."""

from pathlib import Path

import pulumi

from trimtab_components import DataLifecycle, StorageClasses
from trimtab_components.program import user_errors

CONFIG = pulumi.Config("trimtab")
PLAN = str(Path(__file__).resolve().parent / CONFIG.require("plan"))

with user_errors():
    storage = StorageClasses("storage", {"plan": PLAN, "cluster_name": "trainers"})
    data = DataLifecycle(
        "data",
        {"plan": PLAN, "buckets": {"corpus": {"autoclass": True}, "old": {"intent": "cold"}}},
    )
    pulumi.export("classes", storage.classes)
