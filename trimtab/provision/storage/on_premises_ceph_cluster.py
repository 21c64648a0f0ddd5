"""The CephCluster that a cluster's Ceph classes share, and whether its disks hold what is planned.

Pure. Refused is what Ceph would take days to show: monitors without a majority, fewer hosts than a pool's
copies, and disks that the plan's GiB, copied, would fill beyond where Ceph warns.

Spec: rook/rook v1.20.6, deploy/examples/cluster.yaml and cluster-external.yaml.
"""

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import Field, model_validator

from trimtab.errors import InputError
from trimtab.plan.types import Flag
from trimtab.provision.arguments import Arguments, checked
from trimtab.provision.charts.storage_on_premises import CEPH
from trimtab.provision.storage.model import ClassRequest, DriverRequest, Facts, Manifest
from trimtab.provision.storage.on_premises_ceph import (
    NAMESPACE,
    POOLED,
    ROOK_API,
    PoolSettings,
    keeps_own_pool,
    planned_gib,
    pool_settings,
)
from trimtab.provision.storage.on_premises_objects import PositiveGib

NEARFULL = 0.85
"""The share of a disk at which Ceph warns (mon_osd_nearfull_ratio; Ceph's documentation of its
configuration, 2026-11)."""
Device = Annotated[str, Field(pattern=r"^(/dev/)?[A-Za-z0-9_.:/-]+$")]


class CephSettings(Arguments):
    """Of the driver `ceph`: the machines and disks of the cluster, or that it stands elsewhere."""

    external: Flag = False
    nodes: dict[str, Annotated[tuple[Device, ...], Field(min_length=1)]] = Field(
        default_factory=dict
    )
    device_filter: str | None = None
    device_gib: PositiveGib | None = None
    raw_gib: PositiveGib | None = None
    mons: Annotated[int, Field(ge=1, le=9)] = 3
    image: str = CEPH.reference
    data_path: Annotated[str, Field(pattern=r"^/")] = "/var/lib/rook"
    host_network: Flag = False
    encrypt_wire: Flag = False
    dashboard: Flag = True

    @model_validator(mode="after")
    def _coherent(self) -> "CephSettings":
        chosen = bool(self.nodes) + (self.device_filter is not None) + self.external
        if chosen != 1:
            raise ValueError(
                "which disks Ceph may erase is not said once; give nodes (devices by node), "
                "device_filter, or external: true"
            )
        if self.mons % 2 == 0:
            raise ValueError(
                f"mons: {self.mons} monitors survive no more losses than {self.mons - 1}; "
                f"give {self.mons - 1} or {self.mons + 1}"
            )
        if self.nodes and self.mons > len(self.nodes):
            raise ValueError(
                f"mons: {self.mons} monitors on {len(self.nodes)} nodes; one stands on a node"
            )
        if self.device_gib and not self.nodes:
            raise ValueError("device_gib counts the devices of nodes; give raw_gib")
        return self

    @property
    def raw(self) -> float | None:
        """Raw GiB; None where nothing is said of it."""
        if self.raw_gib is not None:
            return self.raw_gib
        if self.device_gib is None:
            return None
        return self.device_gib * sum(len(devices) for devices in self.nodes.values())


def ceph_cluster(request: DriverRequest) -> dict[str, Manifest]:
    """The CephCluster, by a short name.

    Raises:
        InputError: it can't hold the classes.
    """
    where = f"{request.facts.where}: drivers.ceph.settings"
    settings = checked(CephSettings, request.settings, where)
    pooled = [
        (each, pool_settings(each, request.facts))
        for each in request.classes
        if each.backend.id in POOLED and "driver" not in each.settings
    ]
    _check_names(pooled, where)
    if settings.external:
        _check_external(pooled, request.facts)
        spec = _external_spec()
    else:
        _check_hosts(pooled, settings, where)
        _check_room(pooled, settings, where)
        spec = _spec(settings, any(each.encrypted for each, _ in pooled))
    return {
        "cluster": {
            "apiVersion": ROOK_API,
            "kind": "CephCluster",
            "metadata": {
                "name": NAMESPACE,
                "namespace": NAMESPACE,
                "labels": dict(request.facts.labels),
            },
            "spec": spec,
        }
    }


Pooled = Sequence[tuple[ClassRequest, PoolSettings]]


def raw_needed(pooled: Pooled) -> float:
    """Raw GiB for what the plan's tiers grow to, with all copies, below where Ceph warns."""
    stored = sum(
        (planned_gib(each) or 0) * settings.raw_per_stored
        for each, settings in pooled
        if keeps_own_pool(settings)
    )
    return stored / NEARFULL


def _check_room(pooled: Pooled, settings: CephSettings, where: str) -> None:
    needed = raw_needed(pooled)
    if settings.raw is not None and needed > settings.raw:
        parts = ", ".join(
            f"{each.name} {planned_gib(each)} x {its.raw_per_stored:.3g}"
            for each, its in pooled
            if keeps_own_pool(its) and planned_gib(each)
        )
        raise InputError(
            f"{settings.raw:.0f} GiB of disks, but the plan needs {needed:.0f} GiB raw "
            f"({parts}; at most {NEARFULL:.0%} full)",
            where=where,
            mend="add disks, or keep fewer copies (replicas, data_chunks and coding_chunks)",
        )


def _check_hosts(pooled: Pooled, settings: CephSettings, where: str) -> None:
    for each, its in pooled:
        if (
            settings.nodes
            and its.failure_domain == "host"
            and keeps_own_pool(its)
            and its.domains > len(settings.nodes)
        ):
            raise InputError(
                f"class {each.name} keeps its data on {its.domains} hosts, "
                f"and there are {len(settings.nodes)}",
                where=where,
                mend="add nodes, or set the class' replicas, chunks or failure_domain",
            )


def _check_names(pooled: Pooled, where: str) -> None:
    """Refuse two classes whose block pools would have one name: a coded one has `<class>-data` too."""
    owners: dict[str, str] = {}
    for each, its in pooled:
        if each.backend.id not in ("ceph-block", "nvmeof") or not keeps_own_pool(its):
            continue
        for name in (each.name, *([f"{each.name}-data"] if its.coded else [])):
            if name in owners:
                raise InputError(
                    f"classes {owners[name]} and {each.name} would both have a pool {name}",
                    where=where,
                    mend="name one otherwise",
                )
            owners[name] = each.name


def _check_external(pooled: Pooled, facts: Facts) -> None:
    for each, its in pooled:
        if keeps_own_pool(its):
            raise InputError(
                "a Ceph cluster that stands elsewhere makes no pools here",
                where=f"{facts.where}: classes.{each.name}.settings",
                mend="name what is there: pool, filesystem with pool, or store",
            )


def _external_spec() -> dict[str, Any]:
    # Where the monitors are and the keys come from Rook's import script: secrets, so not from here.
    return {
        "external": {"enable": True},
        "crashCollector": {"disable": True},
        "healthCheck": {"daemonHealth": {"mon": {"disabled": False, "interval": "45s"}}},
    }


def _spec(settings: CephSettings, encrypted: bool) -> dict[str, Any]:
    storage: dict[str, Any] = {
        "useAllNodes": not settings.nodes,
        "useAllDevices": False,
        "config": {"encryptedDevice": "true" if encrypted else "false"},
    }
    if settings.nodes:
        storage["nodes"] = [
            {"name": node, "devices": [{"name": device} for device in devices]}
            for node, devices in settings.nodes.items()
        ]
    else:
        storage["deviceFilter"] = settings.device_filter
    return {
        "cephVersion": {"image": settings.image, "allowUnsupported": False},
        # Kernels before 7.0 know no other kind of key.
        "security": {"cephx": {"csi": {"keyType": "aes"}}},
        "dataDirHostPath": settings.data_path,
        "mon": {"count": settings.mons, "allowMultiplePerNode": False},
        "mgr": {"count": min(2, settings.mons), "allowMultiplePerNode": False},
        "dashboard": {"enabled": settings.dashboard, "ssl": True},
        "network": {
            **({"provider": "host"} if settings.host_network else {}),
            "connections": {
                "encryption": {"enabled": settings.encrypt_wire},
                "requireMsgr2": settings.encrypt_wire,
            },
        },
        "crashCollector": {"disable": False},
        "logCollector": {"enabled": True, "periodicity": "daily", "maxLogSize": "500M"},
        # Nothing is erased when the object goes: that takes a confirmation written by hand.
        "cleanupPolicy": {"confirmation": ""},
        "priorityClassNames": {
            "mon": "system-node-critical",
            "osd": "system-node-critical",
            "mgr": "system-cluster-critical",
        },
        "storage": storage,
        "disruptionManagement": {"managePodBudgets": True, "osdMaintenanceTimeout": 30},
    }
