"""CSI drivers of storage on machines of one's own: their charts, and the values that these take.

Pure. Values were read at the versions of `charts.storage_on_premises`. What a chart would make besides its
driver (sample classes, a snapshot controller of its own) is turned off: one owner each.
"""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from trimtab.errors import InputError
from trimtab.plan.types import Flag
from trimtab.provision.arguments import Arguments, checked
from trimtab.provision.charts.storage_on_premises import (
    CEPH_CSI_DRIVERS,
    CSI_DRIVER_NFS,
    DEMOCRATIC_CSI,
    DEMOCRATIC_CSI_IMAGE,
    LOCAL_STATIC_PROVISIONER,
    ROOK_OPERATOR,
    SNAPSHOT_CONTROLLER,
    TOPOLVM,
)
from trimtab.provision.storage.model import ClassRequest, Driver, DriverRequest
from trimtab.provision.storage.on_premises_arrays import DEMOCRATIC, array_settings
from trimtab.provision.storage.on_premises_ceph import CEPHFS, NAMESPACE, NVMEOF, RBD
from trimtab.provision.storage.on_premises_ceph_cluster import ceph_cluster
from trimtab.provision.storage.on_premises_local import discovered, local_settings, lvm_settings

KUBELET = "/var/lib/kubelet"
CEPH_DRIVERS = {
    "rbd": RBD,
    "cephfs": CEPHFS,
    "nvmeof": NVMEOF,
    "nfs": f"{NAMESPACE}.nfs.csi.ceph.com",
}
"""Ceph's drivers by the chart's key."""
IMAGES_OF_ROOK = "rook-csi-operator-image-set-configmap"
"""The images that Rook has tested its drivers with, as its chart names them."""


class NodeDriverSettings(Arguments):
    """What every driver with pods on nodes takes."""

    kubelet_path: Annotated[str, Field(pattern=r"^/")] = KUBELET


class SelectingSettings(NodeDriverSettings):
    """Of drivers that may run on some nodes only."""

    node_selector: dict[str, str] = Field(default_factory=dict)


class StaticSettings(Arguments):
    """Of the local static provisioner."""

    node_selector: dict[str, str] = Field(default_factory=dict)


class RookSettings(Arguments):
    """Of Rook's operator."""

    discovery: Flag = False


class NoSettings(Arguments):
    """Of a driver that takes none."""


def rook_values(request: DriverRequest) -> Mapping[str, Any]:
    """Of the chart rook-ceph."""
    settings = checked(RookSettings, request.settings, _where(request, "rook"))
    return {"enableDiscoveryDaemon": settings.discovery}


def ceph_csi_values(request: DriverRequest) -> Mapping[str, Any]:
    """Of the chart ceph-csi-drivers: Rook's own values, with the drivers that classes need."""
    settings = checked(NodeDriverSettings, request.settings, _where(request, "ceph-csi"))
    used = {_ceph_driver(each) for each in request.classes}
    copied = {_ceph_driver(each) for each in request.classes if each.intent == "snapshot"}
    return {
        "operatorConfig": {
            "namespace": NAMESPACE,
            "driverSpecDefaults": {
                "imageSet": {"name": IMAGES_OF_ROOK},
                "nodePlugin": {
                    "priorityClassName": "system-node-critical",
                    "kubeletDirPath": settings.kubelet_path,
                },
                "controllerPlugin": {"priorityClassName": "system-cluster-critical"},
            },
        },
        "drivers": {
            key: {
                "enabled": key in used,
                "name": name,
                # Said of each: the chart states one for each, over what is said of all.
                "snapshotPolicy": "volumeSnapshot" if key in copied else "none",
            }
            for key, name in CEPH_DRIVERS.items()
        },
    }


def nfs_values(request: DriverRequest) -> Mapping[str, Any]:
    """Of the chart csi-driver-nfs."""
    settings = checked(SelectingSettings, request.settings, _where(request, "nfs"))
    return {
        "kubeletDir": settings.kubelet_path,
        "controller": {"enableSnapshotter": _snapshots(request)},
        "externalSnapshotter": {"enabled": False},
        "node": {"nodeSelector": settings.node_selector},
    }


def democratic_values(request: DriverRequest) -> Mapping[str, Any]:
    """Of the chart democratic-csi: one array.

    Raises:
        InputError: classes name two.
    """
    where = _where(request, "democratic-csi")
    settings = checked(SelectingSettings, request.settings, where)
    arrays = {
        (its.array, its.config_secret)
        for its in (array_settings(each, request.facts) for each in request.classes)
    }
    if len(arrays) != 1:
        named = " and ".join(sorted(secret for _, secret in arrays))
        raise InputError(
            f"classes speak to {len(arrays)} arrays ({named}), and one driver speaks to one",
            where=where,
            mend="give the others a driver of their own (settings.driver)",
        )
    ((array, secret),) = arrays
    image = {"driver": {"image": {"tag": DEMOCRATIC_CSI_IMAGE.version}}}
    return {
        "csiDriver": {"name": DEMOCRATIC},
        "driver": {"existingConfigSecret": secret, "config": {"driver": array}},
        "storageClasses": [],
        "volumeSnapshotClasses": [],
        "controller": {**image, "externalSnapshotter": {"enabled": _snapshots(request)}},
        "node": {
            **image,
            "kubeletHostPath": settings.kubelet_path,
            "nodeSelector": settings.node_selector,
        },
    }


def static_values(request: DriverRequest) -> Mapping[str, Any]:
    """Of the chart local-static-provisioner: which directories are looked into, for which classes."""
    settings = checked(StaticSettings, request.settings, _where(request, "local-static"))
    classes = []
    for each in request.classes:
        its = local_settings(each, request.facts)
        found: dict[str, Any] = {
            "name": each.name,
            "hostDir": discovered(each, its),
            "volumeMode": "Block" if its.block else "Filesystem",
            "accessMode": "ReadWriteOnce",
            "fsType": each.fs_type,
            "namePattern": its.pattern,
            # Flash forgets at once what it is told to discard; a shredder would wear it.
            "blockCleanerCommand": ["/scripts/blkdiscard.sh"],
        }
        classes.append(found)
    return {"classes": classes, "nodeSelector": settings.node_selector}


def topolvm_values(request: DriverRequest) -> Mapping[str, Any]:
    """Of the chart topolvm: a device class for each that classes name.

    Raises:
        InputError: two classes describe one device class differently.
    """
    where = _where(request, "topolvm")
    settings = checked(SelectingSettings, request.settings, where)
    found: dict[str, dict[str, Any]] = {}
    for each in request.classes:
        its = lvm_settings(each, request.facts)
        name = its.device_class or each.name
        device: dict[str, Any] = {
            "name": name,
            "volume-group": its.volume_group,
            "spare-gb": its.spare_gib,
        }
        if its.stripes:
            device["stripe"] = its.stripes
        if its.thin_pool:
            device["type"] = "thin"
            pool = {"name": its.thin_pool, "overprovision-ratio": its.overprovision}
            device["thin-pool"] = pool
        if found.setdefault(name, device) != device:
            raise InputError(
                f"device class {name} is described twice, and not alike",
                where=where,
                mend="give both classes the same settings, or another device_class",
            )
    # lvmd wants exactly one that serves classes which name none.
    devices = [{**each, "default": not at} for at, each in enumerate(found.values())]
    return {
        "storageClasses": [],
        "lvmd": {"deviceClasses": devices, "nodeSelector": settings.node_selector},
        "node": {
            "kubeletWorkDirectory": settings.kubelet_path,
            "nodeSelector": settings.node_selector,
        },
        "snapshot": {"enabled": _snapshots(request)},
        # No webhook is turned on, so nothing needs a certificate of cert-manager's.
        "webhook": {"certManager": False},
    }


def snapshot_controller_values(request: DriverRequest) -> Mapping[str, Any]:
    """Of the chart snapshot-controller."""
    checked(NoSettings, request.settings, _where(request, "snapshot-controller"))
    return {"installCRDs": True, "controller": {"replicaCount": 2}}


def _where(request: DriverRequest, name: str) -> str:
    return f"{request.facts.where}: drivers.{name}.settings"


def _snapshots(request: DriverRequest) -> bool:
    return any(each.settings.get("snapshots") is True for each in request.classes)


def _ceph_driver(request: ClassRequest) -> str:
    """The driver of Ceph's that a class needs."""
    if request.backend.id == "ceph-snapshot":
        of = request.settings.get("of", "block")
        return {"file": "cephfs", "nvmeof": "nvmeof"}.get(str(of), "rbd")
    return {"ceph-file": "cephfs", "nvmeof": "nvmeof"}.get(request.backend.id, "rbd")


DRIVERS: dict[str, Driver] = {
    each.name: each
    for each in (
        Driver(
            "snapshot-controller",
            chart=SNAPSHOT_CONTROLLER,
            values=snapshot_controller_values,
            privileged=False,
        ),
        Driver("rook", chart=ROOK_OPERATOR, values=rook_values),
        Driver("ceph-csi", chart=CEPH_CSI_DRIVERS, values=ceph_csi_values, requires=("rook",)),
        Driver("ceph", objects=ceph_cluster, requires=("rook",)),
        Driver("nfs", chart=CSI_DRIVER_NFS, values=nfs_values),
        Driver("democratic-csi", chart=DEMOCRATIC_CSI, values=democratic_values),
        Driver("local-static", chart=LOCAL_STATIC_PROVISIONER, values=static_values),
        Driver("topolvm", chart=TOPOLVM, values=topolvm_values),
    )
}
"""By name."""
