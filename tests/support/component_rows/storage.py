"""Storage classes and the lifecycle of data."""

from typing import Any

from support.plans import plan
from support.storage_plans import TIERED

PLAN = plan()
KEY = "arn:aws:kms:us-east-1:111122223333:key/2"
NETWORK: dict[str, Any] = {
    "vpc_id": "vpc-1",
    "subnet_ids": ["subnet-1", "subnet-2"],
    "client_security_group_id": "sg-1",
}
ROWS: list[tuple[str, str, dict[str, Any]]] = [
    ("StorageClasses", "least", {"plan": PLAN, "cluster_name": "c"}),
    ("StorageClasses", "everything of AWS, made here", {
        "plan": PLAN, "cluster_name": "c", **NETWORK, "zones": ["us-east-1a"],
        "classes": {
            "hot": {"intent": "hot", "key_arn": KEY, "retune": {"fast": {"iops": 8000.0}}},
            "database": {"intent": "hot", "backend": "ebs-io2", "iops": 20000.0},
            "shared": {"intent": "shared", "key_arn": KEY},
            "scratch": {"intent": "scratch", "settings": {"gib": 2000}},
            "archive": {"intent": "cold", "backend": "s3-mountpoint",
                        "settings": {"namespaces": ["ml", "web"]}},
            "back": {"intent": "snapshot", "settings": {"lock_mode": "governance", "lock_days": 7}},
        },
        "drivers": {"ebs.csi.aws.com": {"role_arn": "arn:aws:iam::111122223333:role/ebs"}},
    }),
    ("StorageClasses", "the plan's tiers, by Flux", {
        "plan": TIERED, "cluster_name": "c", "eks_addons": False, "delivery": "flux",
        "kubernetes_version": "1.34",
    }),
    ("StorageClasses", "AKS", {
        "plan": plan(site={"provider": "azure", "region": "westeurope"}), "cluster_name": "c",
    }),
    ("StorageClasses", "GKE", {
        "plan": plan(site={"provider": "gcp", "region": "europe-west1"}), "cluster_name": "c",
    }),
    ("DataLifecycle", "least", {"plan": PLAN, "buckets": {"data": {"intent": "cold"}}}),
    ("DataLifecycle", "a bucket that there is, a key, archives", {
        "provider": "aws", "region": "us-east-1",
        "buckets": {
            "there": {"existing": "somebody-s", "intent": "warm", "archive_days": 90},
            "made": {"key_arn": KEY, "rules": {"logs": {"prefix": "logs/", "expire_days": 30}}},
        },
    }),
    ("DataLifecycle", "Google Cloud", {
        "plan": plan(site={"provider": "gcp", "region": "europe-west1"}),
        "buckets": {"data": {"intent": "cold"}, "any": {"autoclass": True}},
    }),
    ("DataLifecycle", "Azure", {
        "plan": plan(site={"provider": "azure", "region": "westeurope"}),
        "buckets": {"data": {"existing": "/subscriptions/1/a", "intent": "snapshot"}},
    }),
]  # fmt: skip
