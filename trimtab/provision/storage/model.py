"""What a storage class is asked for, and what a backend makes of it.

Pure. A backend's maker turns a request into Kubernetes objects (a StorageClass of the tier's name, perhaps
a VolumeAttributesClass, a VolumeSnapshotClass, a static PersistentVolume) and says which driver has to be
there. `classes.py` finds the maker; each provider's module holds its own.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from trimtab.plan.storage import Intent, StorageTier
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
        iops, mibps: of one volume, above the backend's baseline; None: the baseline.
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
        tags: of whatever costs money: who pays, and the plan's name without its digest (volumes keep theirs).
        labels: of the Kubernetes objects.
        where: the component's type and name, for errors.
    """

    cluster: str
    provider: str
    region: str
    tags: Mapping[str, str]
    labels: Mapping[str, str]
    where: str


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
