"""A plan's storage on an EKS cluster that is there: classes, drivers, file systems, and data that ages."""

from pathlib import Path

import pulumi

from trimtab_components import DataLifecycle, StorageClasses
from trimtab_components.program import user_errors

CONFIG = pulumi.Config("trimtab")
PLAN = str(Path(__file__).resolve().parent / CONFIG.require("plan"))

with user_errors():
    storage = StorageClasses(
        "storage",
        {
            "plan": PLAN,
            "cluster_name": "trainers",
            "kubernetes_version": "1.34",
            "vpc_id": "vpc-0a1b2c3d",
            "subnet_ids": ["subnet-0a1b2c3d", "subnet-4e5f6a7b"],
            "client_security_group_id": "sg-0a1b2c3d",
            "classes": {
                "archive": {"settings": {"namespaces": ["training"]}},
                "database": {"intent": "hot", "backend": "ebs-io2", "iops": 20000.0},
            },
        },
    )
    data = DataLifecycle(
        "data",
        {
            "plan": PLAN,
            "buckets": {
                "corpus": {"intent": "warm", "archive_days": 90, "deep_archive_days": 180},
                "logs": {
                    "rules": {
                        "old": {"transitions": {"STANDARD_IA": 30}, "expire_days": 365},
                    },
                },
            },
        },
    )
    pulumi.export("classes", storage.classes)
    pulumi.export("buckets", data.buckets)
