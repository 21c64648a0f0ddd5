"""A hall of one's own: its plan's tiers on Ceph, a NAS, a SAN and the nodes' disks, as storage classes."""

from pathlib import Path

import pulumi

from trimtab_components import ExistingCluster, StorageClasses
from trimtab_components.program import user_errors

CONFIG = pulumi.Config("trimtab")
PLAN = str(Path(__file__).resolve().parent / CONFIG.require("plan"))

with user_errors():
    cluster = ExistingCluster("hall", {"plan": PLAN, "context": "hall-admin"})
    StorageClasses(
        "storage",
        {
            "plan": PLAN,
            "cluster_name": "hall",
            "classes": {
                # Three copies on three hosts, sized from the tier.
                "hot": {"default": True, "settings": {"device_class": "nvme"}},
                # One shared file system beside it on the same disks.
                "shared": {"reclaim": "Retain"},
                # Objects, erasure coded: half as much again, not three times as much.
                "archive": {"settings": {"data_chunks": 2, "coding_chunks": 1}},
                # The NAS that was there before.
                "homes": {
                    "settings": {"server": "nas.hall.example", "share": "/export/kubernetes"},
                },
                # Units that the SAN's owner carved.
                "databases": {
                    "settings": {
                        "target_portal": "10.20.0.5:3260",
                        "portals": ["10.20.1.5:3260"],
                        "iqn": "iqn.2026-01.example.hall:array1",
                        "luns": [{"lun": 1, "gib": 1024}, {"lun": 2, "gib": 1024}],
                        "chap_secret": {"name": "array1-chap", "namespace": "storage"},
                    },
                },
                # An NVMe disk of each training node, as one volume.
                "scratch": {"fs_type": "xfs", "settings": {"directory": "/mnt/scratch"}},
                # Copies of the hot volumes.
                "copies": {"intent": "snapshot", "backend": "ceph-snapshot"},
            },
            "drivers": {
                "ceph": {
                    "settings": {
                        "nodes": {
                            "store-1": ["nvme0n1", "nvme1n1", "nvme2n1", "nvme3n1"],
                            "store-2": ["nvme0n1", "nvme1n1", "nvme2n1", "nvme3n1"],
                            "store-3": ["nvme0n1", "nvme1n1", "nvme2n1", "nvme3n1"],
                        },
                        "device_gib": 7152,
                    },
                },
                "local-static": {
                    "settings": {"node_selector": {"trimtab.dev/pool": "trainers"}},
                },
            },
        },
        pulumi.ResourceOptions(providers=[cluster.provider], depends_on=[cluster]),
    )
