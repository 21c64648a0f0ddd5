"""Makers of Ceph's backends under Rook: block, file and object storage, NVMe-oF, snapshots.

Pure. Rook's charts bring the operator, its kinds and the CSI drivers; everything that holds data is written
here, so that it is sized from the plan, one pool a class, and goes or stays with its class: CephBlockPool,
CephFilesystem, CephObjectStore, CephNVMeOFGateway, and the StorageClass. The CephCluster that they share is
`on_premises_ceph_cluster`'s. A class that names a pool, file system or store that is there makes none.

Parameters and specs: rook/rook v1.20.6, deploy/examples and deploy/examples/csi.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from trimtab.errors import InputError
from trimtab.plan.types import Flag
from trimtab.provision.arguments import Arguments, checked
from trimtab.provision.charts.storage_on_premises import ROOK_OPERATOR
from trimtab.provision.storage.model import ClassRequest, Facts, Made, Manifest
from trimtab.provision.storage.objects import labels, place
from trimtab.provision.storage.on_premises_objects import (
    Nqn,
    ObjectName,
    refuse_performance,
    secret_parameters,
    settings_where,
    snapshot_class,
    storage_class,
)
from trimtab.provision.storage.on_premises_objects import SecretReference as Secret

NAMESPACE = ROOK_OPERATOR.namespace
"""Of the operator, of the cluster, and of the secrets that Rook makes for the drivers; also the prefix of
the drivers' names and the cluster's id."""
ROOK_API = "ceph.rook.io/v1"
RBD, CEPHFS, NVMEOF = (f"{NAMESPACE}.{kind}.csi.ceph.com" for kind in ("rbd", "cephfs", "nvmeof"))
BUCKETS = f"{NAMESPACE}.ceph.rook.io/bucket"
HOLDS_DATA = frozenset(
    {
        "CephBlockPool",
        "CephCluster",
        "CephFilesystem",
        "CephFilesystemSubVolumeGroup",
        "CephObjectStore",
    }
)
"""Kinds with which data goes."""
BLOCK_DRIVERS = ("rook", "ceph-csi", "ceph")
OBJECT_DRIVERS = ("rook", "ceph")
LISTENED = 5500
"""The gateway's port for whoever makes volumes (gRPC)."""
GIB = 2**30
NO_PERFORMANCE = "drop it; what a pool gives, its devices decide (settings.device_class)"

Replicas = Annotated[int, Field(ge=2, le=10)]
Chunks = Annotated[int, Field(ge=1, le=32)]
FailureDomain = Literal[
    "osd", "host", "chassis", "rack", "row", "room", "datacenter", "zone", "region"
]


class PoolSettings(Arguments):
    """How a pool keeps its data."""

    replicas: Replicas = 3
    data_chunks: Annotated[int, Field(ge=2, le=32)] | None = None
    coding_chunks: Chunks | None = None
    failure_domain: FailureDomain = "host"
    device_class: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]*$")] | None = None
    quota: Flag = False

    @model_validator(mode="after")
    def _whole(self) -> "PoolSettings":
        if (self.data_chunks is None) != (self.coding_chunks is None):
            raise ValueError("erasure coding takes both data_chunks and coding_chunks; give both")
        return self

    @property
    def coded(self) -> bool:
        """Whether data is erasure coded."""
        return self.data_chunks is not None

    @property
    def raw_per_stored(self) -> float:
        """Raw GiB that a stored GiB takes."""
        if self.data_chunks is None or self.coding_chunks is None:
            return float(self.replicas)
        return (self.data_chunks + self.coding_chunks) / self.data_chunks

    @property
    def domains(self) -> int:
        """Failure domains that a whole copy takes."""
        return max(self.replicas, (self.data_chunks or 0) + (self.coding_chunks or 0))


class BlockSettings(PoolSettings):
    """Of `ceph-block`."""

    pool: ObjectName | None = None


class FileSettings(PoolSettings):
    """Of `ceph-file`."""

    filesystem: ObjectName | None = None
    pool: ObjectName | None = None
    active: Annotated[int, Field(ge=1, le=10)] = 1

    @model_validator(mode="after")
    def _named(self) -> "FileSettings":
        if (self.filesystem is None) != (self.pool is None):
            raise ValueError("a file system that is there is named with its data pool; give both")
        return self


class ObjectSettings(PoolSettings):
    """Of `ceph-object`."""

    store: ObjectName | None = None
    gateways: Annotated[int, Field(ge=1, le=32)] = 2
    region: str | None = None
    certificate: ObjectName | None = None


class GatewaySettings(PoolSettings):
    """Of `nvmeof` through Ceph's gateway."""

    subsystem_nqn: Nqn
    pool: ObjectName | None = None
    gateways: Annotated[int, Field(ge=1, le=8)] = 2
    group: ObjectName = "trimtab"


class SnapshotSettings(Arguments):
    """Of `ceph-snapshot`."""

    of: Literal["block", "file", "nvmeof"] = "block"


POOLED: dict[str, type[PoolSettings]] = {
    "ceph-block": BlockSettings,
    "ceph-file": FileSettings,
    "ceph-object": ObjectSettings,
    "nvmeof": GatewaySettings,
}
"""The settings of backends that keep data in a pool of Ceph's, by the backend."""


def pool_settings(request: ClassRequest, facts: Facts) -> PoolSettings:
    """How the class keeps its data.

    Raises:
        InputError: a setting is unknown or wrong.
    """
    return checked(POOLED[request.backend.id], request.settings, settings_where(request, facts))


def keeps_own_pool(settings: PoolSettings) -> bool:
    """Whether the class' pool is made for it, and isn't one that is there."""
    return all(getattr(settings, name, None) is None for name in ("pool", "filesystem", "store"))


def block(request: ClassRequest, facts: Facts) -> Made:
    """`ceph-block`: RADOS block devices, a pool a class."""
    refuse_performance(request, facts, NO_PERFORMANCE)
    settings = checked(BlockSettings, request.settings, settings_where(request, facts))
    pools, parameters = _block_pools(request, facts, settings, settings.pool)
    parameters |= {
        "clusterID": NAMESPACE,
        "imageFormat": "2",
        # What kernels without object maps mount too.
        "imageFeatures": "layering",
        **_secrets("rbd", "controller-publish"),
        "csi.storage.k8s.io/fstype": request.fs_type,
    }
    return Made({**pools, "class": storage_class(request, facts, RBD, parameters)}, BLOCK_DRIVERS)


def file(request: ClassRequest, facts: Facts) -> Made:
    """`ceph-file`: CephFS, shared by any number of pods."""
    refuse_performance(request, facts, NO_PERFORMANCE)
    settings = checked(FileSettings, request.settings, settings_where(request, facts))
    objects: dict[str, Manifest] = {}
    if settings.filesystem is None:
        # The first data pool holds the tree's own entries and can't be erasure coded.
        coded = [{**_pool(settings, request, facts), "name": "data"}] if settings.coded else []
        first = {**_replicated(settings), **({} if coded else _sized(settings, request, facts))}
        spec = {
            "metadataPool": _replicated(settings),
            "dataPools": [{"name": "default" if coded else "data", **first}, *coded],
            "preserveFilesystemOnDelete": request.reclaim == "Retain",
            "metadataServer": {
                "activeCount": settings.active,
                "activeStandby": True,
                "priorityClassName": "system-cluster-critical",
            },
        }
        objects["filesystem"] = _object("CephFilesystem", request, facts, spec)
        # The driver keeps volumes in this group and makes none itself.
        group = {"name": "csi", "filesystemName": request.name, "pinning": {"distributed": 1}}
        made = _object("CephFilesystemSubVolumeGroup", request, facts, group)
        made["metadata"]["name"] = f"{request.name}-csi"
        objects["volumes"] = made
    parameters = {
        "clusterID": NAMESPACE,
        "fsName": settings.filesystem or request.name,
        "pool": settings.pool or f"{request.name}-data",
        **_secrets("cephfs", "controller-publish"),
    }
    objects["class"] = storage_class(request, facts, CEPHFS, parameters)
    return Made(objects, BLOCK_DRIVERS)


def object_store(request: ClassRequest, facts: Facts) -> Made:
    """`ceph-object`: S3 buckets, one for each ObjectBucketClaim of the class."""
    refuse_performance(request, facts, NO_PERFORMANCE)
    settings = checked(ObjectSettings, request.settings, settings_where(request, facts))
    if request.default:
        raise InputError(
            "a class of buckets is no default: it gives no claim a volume",
            where=place(request, facts),
            mend="set default on another",
        )
    objects: dict[str, Manifest] = {}
    if settings.store is None:
        certified = settings.certificate is not None
        gateway = {
            **({"securePort": 443, "sslCertificateRef": settings.certificate} if certified else {}),
            **({} if certified else {"port": 80}),
            "instances": settings.gateways,
            "priorityClassName": "system-cluster-critical",
        }
        data = _pool(settings, request, facts)
        spec = {
            "metadataPool": _replicated(settings),
            "dataPool": {**data, "parameters": {**data.get("parameters", {}), "bulk": "true"}},
            "preservePoolsOnDelete": request.reclaim == "Retain",
            "gateway": gateway,
        }
        objects["store"] = _object("CephObjectStore", request, facts, spec)
    parameters = {
        "objectStoreName": settings.store or request.name,
        "objectStoreNamespace": NAMESPACE,
        **({"region": settings.region} if settings.region else {}),
    }
    objects["class"] = storage_class(request, facts, BUCKETS, parameters)
    return Made(objects, OBJECT_DRIVERS)


def gateway(request: ClassRequest, facts: Facts) -> Made:
    """`nvmeof` without a driver of an array's: Ceph's own gateway (experimental in Rook 1.20)."""
    refuse_performance(request, facts, NO_PERFORMANCE)
    settings = checked(GatewaySettings, request.settings, settings_where(request, facts))
    if settings.coded:
        raise_coded(request, facts)
    pools, pool = _block_pools(request, facts, settings, settings.pool)
    spec = {
        "pool": pool["pool"],
        "group": settings.group,
        "instances": settings.gateways,
        "hostNetwork": False,
    }
    name = f"{NAMESPACE}-nvmeof-{request.name}"
    names = [f"{name}-{chr(ord('a') + each)}" for each in range(settings.gateways)]
    listeners = ", ".join(f'{{"hostname": "{each}"}}' for each in names)
    parameters = {
        **pool,
        "clusterID": NAMESPACE,
        "subsystemNQN": settings.subsystem_nqn,
        "nvmeofGatewayAddress": f"{names[0]}.{NAMESPACE}.svc.cluster.local",
        "nvmeofGatewayPort": str(LISTENED),
        "listeners": f"[{listeners}]",
        "imageFormat": "2",
        "imageFeatures": "layering,deep-flatten,exclusive-lock,object-map,fast-diff",
        **_secrets("rbd", "controller-modify", "node-expand"),
        "csi.storage.k8s.io/fstype": request.fs_type,
    }
    objects = {
        **pools,
        "gateway": _object("CephNVMeOFGateway", request, facts, spec),
        "class": storage_class(request, facts, NVMEOF, parameters),
    }
    return Made(objects, BLOCK_DRIVERS)


def snapshot(request: ClassRequest, facts: Facts) -> Made:
    """`ceph-snapshot`: a VolumeSnapshotClass of block volumes or of shared ones."""
    refuse_performance(request, facts, "drop it")
    settings = checked(SnapshotSettings, request.settings, settings_where(request, facts))
    driver = {"block": RBD, "file": CEPHFS, "nvmeof": NVMEOF}[settings.of]
    keys = "cephfs" if settings.of == "file" else "rbd"
    secret = Secret(name=f"rook-csi-{keys}-provisioner", namespace=NAMESPACE)
    parameters = {"clusterID": NAMESPACE, **secret_parameters({"snapshotter": secret})}
    made = snapshot_class(request, facts, driver, parameters)
    return Made({"snapshots": made}, ("snapshot-controller", *BLOCK_DRIVERS))


def raise_coded(request: ClassRequest, facts: Facts) -> None:
    """Refuse erasure coding under the gateway.

    Raises:
        InputError: always.
    """
    raise InputError(
        "data_chunks: the gateway's pool is replicated",
        where=settings_where(request, facts),
        mend="give replicas, or use ceph-block",
    )


def _block_pools(
    request: ClassRequest, facts: Facts, settings: PoolSettings, existing: str | None
) -> tuple[dict[str, Manifest], dict[str, Any]]:
    """The pools of a class of block devices, and the parameters that name them."""
    if existing:
        return {}, {"pool": existing}
    if not settings.coded:
        spec = {**_replicated(settings), **_sized(settings, request, facts)}
        return {"pool": _object("CephBlockPool", request, facts, spec)}, {"pool": request.name}
    # An image's header needs a replicated pool; only its data may be erasure coded.
    headers = _object("CephBlockPool", request, facts, _replicated(settings))
    data = _object("CephBlockPool", request, facts, _pool(settings, request, facts))
    data["metadata"]["name"] = f"{request.name}-data"
    return (
        {"pool": headers, "data-pool": data},
        {"pool": request.name, "dataPool": f"{request.name}-data"},
    )


def _pool(settings: PoolSettings, request: ClassRequest, facts: Facts) -> dict[str, Any]:
    """The pool that holds the class' data."""
    if not settings.coded:
        return {**_replicated(settings), **_sized(settings, request, facts)}
    spec = _replicated(settings)
    del spec["replicated"]
    chunks = {"dataChunks": settings.data_chunks, "codingChunks": settings.coding_chunks}
    return {**spec, "erasureCoded": chunks, **_sized(settings, request, facts)}


def _replicated(settings: PoolSettings) -> dict[str, Any]:
    """A pool of whole copies."""
    device = {"deviceClass": settings.device_class} if settings.device_class else {}
    return {
        "failureDomain": settings.failure_domain,
        **device,
        "replicated": {"size": settings.replicas, "requireSafeReplicaSize": True},
    }


def _sized(settings: PoolSettings, request: ClassRequest, facts: Facts) -> dict[str, Any]:
    """What the plan's tier says of the pool: what to expect, and where asked, what is the most.

    The expectation has Ceph make placement groups for it at once. A quota is asked for, not given: a pool
    that reaches one takes no more writes.
    """
    gib = planned_gib(request)
    if gib is None:
        if settings.quota:
            raise InputError(
                "quota: the plan has no tier of this name to take it from",
                where=settings_where(request, facts),
                mend="drop quota, or plan the tier",
            )
        return {}
    quota = {"quotas": {"maxSize": f"{gib}Gi"}} if settings.quota else {}
    return {"parameters": {"target_size_bytes": str(gib * GIB)}, **quota}


def planned_gib(request: ClassRequest) -> int | None:
    """What the plan's tier grows to, in whole GiB; None where there is no tier."""
    return -int(-request.tier.windows[-1].gib // 1) if request.tier else None


def _secrets(kind: str, *more: str) -> Mapping[str, str]:
    """The secrets that Rook makes for its drivers, by when they are handed over."""
    uses = ("provisioner", "controller-expand", "node-stage", *more)
    return secret_parameters(
        {
            use: Secret(
                name=f"rook-csi-{kind}-{'node' if use.startswith('node') else 'provisioner'}",
                namespace=NAMESPACE,
            )
            for use in uses
        }
    )


def _object(kind: str, request: ClassRequest, facts: Facts, spec: Mapping[str, Any]) -> Manifest:
    return {
        "apiVersion": ROOK_API,
        "kind": kind,
        "metadata": {
            "name": request.name,
            "namespace": NAMESPACE,
            "labels": labels(request, facts),
        },
        "spec": dict(spec),
    }
