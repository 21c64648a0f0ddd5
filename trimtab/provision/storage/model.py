"""What a storage class is asked for, and what a backend makes of it.

Pure. A backend's maker turns a request into Kubernetes objects (a StorageClass of the tier's name, perhaps
a VolumeAttributesClass, a VolumeSnapshotClass, a static PersistentVolume) and says which driver has to be
there. `classes.py` finds the maker; each provider's module holds its own.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from trimtab.plan.storage import Intent, StorageTier
from trimtab.provision.charts.model import ChartSource
from trimtab.storage.backends import Backend

Manifest = dict[str, Any]


@dataclass(frozen=True)
class ClassRequest:
    """One storage class.

    Attributes:
        name: of the StorageClass: stable, for claims name it.
        backend: what gives it.
        intent: what its data is for.
        parameters: the driver's own, over those that Trimtab sets; a null takes one away.
        iops, mibps: what one volume gets in all; None: the backend's baseline.
        encrypted: whether volumes are encrypted, where that is a choice.
        key: of the encryption, as the cloud names it; None: the cloud's own. May be late.
        fs_type: of block volumes: ext4 or xfs.
        reclaim: what becomes of a volume whose claim is gone.
        default: whether claims without a class get this one.
        retune: sets of IOPS and MiB/s by name, each a VolumeAttributesClass.
        settings: what only its backend knows: a file system's id, a server, a Ceph pool. May be late.
        tier: the plan's, where the plan has one of this name.
    """

    name: str
    backend: Backend
    intent: Intent
    parameters: Mapping[str, str | None] = field(default_factory=dict)
    iops: float | None = None
    mibps: float | None = None
    encrypted: bool = True
    key: Any = None
    fs_type: Literal["ext4", "xfs"] = "ext4"
    reclaim: Literal["Delete", "Retain"] = "Delete"
    default: bool = False
    retune: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    tier: StorageTier | None = None


@dataclass(frozen=True)
class Facts:
    """What all classes of a cluster share.

    Attributes:
        cluster: its name, for tags of volumes.
        provider, region: of the site.
        tags: of whatever costs money: who pays, without the plan and its digest, for a class' parameters
            can't change.
        labels: of the Kubernetes objects.
        where: the component's type and name, for errors.
        zones: that volumes may be in; empty: wherever their pods are.
        kubernetes_version: the cluster's, as (1, 34); None: not known, and taken to be new enough.
    """

    cluster: str
    provider: str
    region: str
    tags: Mapping[str, str]
    labels: Mapping[str, str]
    where: str
    zones: tuple[str, ...] = ()
    kubernetes_version: tuple[int, int] | None = None


@dataclass(frozen=True)
class Made:
    """What a backend makes of a request.

    Attributes:
        objects: by a short name that is stable and unique within the class (`class`, `snapshots`,
            `retune-fast`), each whole, ready for the API server.
        drivers: names of `drivers.DRIVERS` that must be in the cluster first.
    """

    objects: Mapping[str, Manifest]
    drivers: tuple[str, ...] = ()


Maker = Callable[[ClassRequest, Facts], Made]
"""Raises InputError where the backend can't do what is asked."""


@dataclass(frozen=True)
class DriverRequest:
    """A driver that the chosen classes need.

    Attributes:
        facts: of the cluster.
        settings: what only this driver knows, of the component's `drivers`.
        classes: those that need it, in order.
    """

    facts: Facts
    settings: Mapping[str, Any]
    classes: tuple[ClassRequest, ...]


def _no_values(_request: DriverRequest) -> Mapping[str, Any]:
    return {}


@dataclass(frozen=True)
class Driver:
    """How a CSI driver, or what it needs, comes into a cluster.

    Attributes:
        name: the key in `drivers.DRIVERS`; a StorageClass' provisioner where it is one.
        managed_by: providers whose clusters have it already.
        addon: the EKS add-on that brings it; None: none does.
        chart: its Helm chart where no add-on is taken; None: there is none, only what `requires` brings.
        values: of the chart, for a request.
        before, objects: Kubernetes objects that stand before the chart and after it, by a short stable
            name; kinds that the chart brings may be among the latter.
        service_account: whose pods call the cloud and get a role of it; "": none does.
        requires: names of drivers that must stand first.
        privileged: whether its pods mount the host.
    """

    name: str
    managed_by: tuple[str, ...] = ()
    addon: str | None = None
    chart: ChartSource | None = None
    values: Callable[[DriverRequest], Mapping[str, Any]] = _no_values
    before: Callable[[DriverRequest], Mapping[str, Manifest]] = _no_values
    objects: Callable[[DriverRequest], Mapping[str, Manifest]] = _no_values
    service_account: str = ""
    requires: tuple[str, ...] = ()
    privileged: bool = True
