"""On-premises storage classes in tests: one of each, as a component asks for them."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from trimtab.plan.shared import Interval
from trimtab.plan.storage import Intent, StorageExpected, StorageTier, StorageWindow
from trimtab.provision.storage.classes import made
from trimtab.provision.storage.drivers import DRIVERS, needed
from trimtab.provision.storage.model import ClassRequest, DriverRequest, Facts, Manifest
from trimtab.storage.backends import backend

WHERE = 'StorageClasses "s"'
FACTS = Facts("hall", "on-premises", "hall", {}, {"trimtab.dev/plan": "hall"}, WHERE)
SECRET = {"name": "array", "namespace": "storage"}
CEPH_NODES = {f"store-{each}": ["nvme0n1", "nvme1n1"] for each in (1, 2, 3)}
DRIVER_SETTINGS: dict[str, dict[str, Any]] = {"ceph": {"nodes": CEPH_NODES, "device_gib": 7152}}


def tier(name: str, backend_id: str, intent: Intent, gib: float) -> StorageTier:
    """A tier of a plan that grows to that many GiB."""
    middle = datetime(2026, 6, 1, tzinfo=UTC)
    ends = (datetime(2026, 1, 1, tzinfo=UTC), middle, datetime(2027, 1, 1, tzinfo=UTC))
    used = Interval(low=gib / 2, mean=gib / 2, high=gib)
    return StorageTier(
        name=name,
        intent=intent,
        backend=backend_id,
        windows=(
            StorageWindow(start=ends[0], end=ends[1], gib=gib / 2),
            StorageWindow(start=ends[1], end=ends[2], gib=gib),
        ),
        expected=StorageExpected(used_gib=used),
    )


def asked(
    name: str,
    backend_id: str,
    settings: Mapping[str, Any] | None = None,
    gib: float | None = None,
    **more: Any,
) -> ClassRequest:
    """A class of a backend, of a tier where GiB are planned."""
    chosen = backend(backend_id, WHERE)
    intent = more.pop("intent", chosen.intents[0])
    planned = None if gib is None else tier(name, backend_id, intent, gib)
    return ClassRequest(name, chosen, intent, settings=settings or {}, tier=planned, **more)


EVERY: tuple[ClassRequest, ...] = (
    asked("ceph-hot", "ceph-block", gib=4000, default=True),
    asked("ceph-warm", "ceph-block", {"data_chunks": 2, "coding_chunks": 1, "device_class": "ssd"}),
    asked("ceph-there", "ceph-block", {"pool": "old"}, parameters={"imageFeatures": None}),
    asked("ceph-shared", "ceph-file", {"quota": True}, gib=1000, reclaim="Retain"),
    asked("ceph-wide", "ceph-file", {"data_chunks": 2, "coding_chunks": 1, "active": 2}),
    asked("ceph-fs-there", "ceph-file", {"filesystem": "old", "pool": "old-data"}),
    asked("ceph-cold", "ceph-object", {"data_chunks": 2, "coding_chunks": 1, "quota": True}, 3000),
    asked("ceph-bucket", "ceph-object", {"certificate": "rgw-tls", "region": "hall"}),
    asked("ceph-store-there", "ceph-object", {"store": "old"}),
    asked("ceph-copies", "ceph-snapshot", default=True),
    asked("ceph-file-copies", "ceph-snapshot", {"of": "file"}, reclaim="Retain"),
    asked("fabric", "nvmeof", {"subsystem_nqn": "nqn.2026-01.com.example:fabric"}, gib=500),
    asked(
        "flash",
        "nvmeof",
        {
            "driver": "csi.example.com",
            "secrets": {"provisioner": SECRET, "node-stage": SECRET, "snapshotter": SECRET},
            "snapshots": True,
            "attributes": {"fast": {"serviceLevel": "gold"}},
        },
        parameters={"pool": "p1"},
    ),
    asked("nas", "nfs", {"server": "nas.example.com", "share": "/export/k8s", "snapshots": True}),
    asked(
        "nas-strict",
        "nfs",
        {
            "server": "10.0.0.9",
            "share": "/export",
            "sub_dir": "${pvc.metadata.namespace}/${pvc.metadata.name}",
            "mount_options_secret": SECRET,
            "mount_options": ["nfsvers=4.2", "sec=krb5p"],
            "permissions": "0770",
            "on_delete": "archive",
        },
    ),
    asked("netapp", "nfs", {"driver": "csi.trident.netapp.io", "mount_options": ["nfsvers=4.1"]}),
    asked(
        "san",
        "iscsi",
        {
            "target_portal": "10.0.0.5:3260",
            "portals": ["10.0.1.5:3260"],
            "iqn": "iqn.2026-01.com.example:array1",
            "luns": [{"lun": 1, "gib": 512}, {"lun": 2, "gib": 1788.5}],
            "chap_secret": SECRET,
            "chap_discovery": True,
            "initiator": "iqn.2026-01.com.example:node",
        },
        fs_type="xfs",
    ),
    asked(
        "zfs",
        "iscsi",
        {"array": "zfs-generic-iscsi", "config_secret": "zfs", "snapshots": True},
    ),
    asked("disks", "local-nvme"),
    asked("raw", "local-nvme", {"directory": "/mnt/raw", "pattern": "nvme*", "block": True}),
    asked(
        "listed",
        "local-nvme",
        {"volumes": [{"node": "edge-1", "path": "/mnt/disks/0", "gib": 894.25}]},
    ),
    asked("thick", "local-lvm", {"volume_group": "data", "stripes": 2}),
    asked(
        "thin",
        "local-lvm",
        {"volume_group": "data", "thin_pool": "pool0", "overprovision": 2, "snapshots": True},
    ),
    asked("k3s", "local-path", {"node_path": "/srv/volumes"}),
)
"""Every backend, and every way that it has."""


def every_object() -> list[Manifest]:
    """The objects of all of them and of their drivers, with the names in place."""
    return [
        *driver_objects(EVERY),
        *(each for request in EVERY for each in made(request, FACTS).objects.values()),
    ]


def driver_request(name: str, classes: tuple[ClassRequest, ...], **settings: Any) -> DriverRequest:
    """What a driver is asked for by those of the classes that need it."""
    needing = tuple(each for each in classes if name in made(each, FACTS).drivers)
    return DriverRequest(FACTS, settings or DRIVER_SETTINGS.get(name, {}), needing)


def driver_objects(classes: tuple[ClassRequest, ...]) -> list[Manifest]:
    """What the drivers make besides their charts."""
    names = dict.fromkeys(name for each in classes for name in made(each, FACTS).drivers)
    found: list[Manifest] = []
    for driver in needed(names):
        found += DRIVERS[driver.name].objects(driver_request(driver.name, classes)).values()
    return found
