"""Makers of volumes on nodes' own disks: mounts that are there, LVM, and K3s's directories.

Pure. Volumes on a node's disk go with the node, so claims wait for their pod before they are bound.
`local-nvme` hands out whole disks or mounts, found by the local static provisioner or listed here;
`local-lvm` carves volumes of a group by TopoLVM; `local-path` is the provisioner that K3s ships.

Values and parameters: kubernetes-sigs/sig-storage-local-static-provisioner v2.9.0, helm/provisioner;
topolvm/topolvm 0.41.0, docs/lvmd.md; rancher/local-path-provisioner v0.0.37, README.md.
"""

from typing import Annotated

from pydantic import Field, model_validator

from trimtab.errors import InputError
from trimtab.plan.types import Flag
from trimtab.provision.arguments import Arguments, checked
from trimtab.provision.storage.model import ClassRequest, Facts, Made
from trimtab.provision.storage.objects import NO_PROVISIONER
from trimtab.provision.storage.on_premises_objects import (
    HostPath,
    ObjectName,
    PositiveGib,
    check_holds,
    refuse_performance,
    settings_where,
    snapshot_class,
    static_volume,
    storage_class,
)

TOPOLVM = "topolvm.io"
LOCAL_PATH = "rancher.io/local-path"
K3S_CLASS = "local-path"
"""The class that K3s makes itself, and makes again at every start."""
NO_PERFORMANCE = "drop it; a node's disk gives what it gives"
VolumeGroup = Annotated[str, Field(pattern=r"^[A-Za-z0-9+_.][A-Za-z0-9+_.-]*$", max_length=127)]


class LocalVolume(Arguments):
    """A mount or a device of one node."""

    node: ObjectName
    path: HostPath
    gib: PositiveGib


class LocalSettings(Arguments):
    """Of `local-nvme`: where volumes are found, or which there are."""

    directory: HostPath | None = None
    pattern: str = "*"
    block: Flag = False
    volumes: Annotated[tuple[LocalVolume, ...], Field(max_length=1000)] = ()

    @model_validator(mode="after")
    def _one_way(self) -> "LocalSettings":
        if self.volumes and (self.directory is not None or self.pattern != "*"):
            raise ValueError(
                "volumes are listed, so none are looked for; drop directory and pattern"
            )
        places = [(each.node, each.path) for each in self.volumes]
        for place in places:
            if places.count(place) > 1:
                raise ValueError(f"volumes: {place[1]} of {place[0]} is there twice")
        return self


class LvmSettings(Arguments):
    """Of `local-lvm`: a volume group that every node of the driver has."""

    volume_group: VolumeGroup
    device_class: ObjectName | None = None
    spare_gib: Annotated[int, Field(ge=0)] = 10
    stripes: Annotated[int, Field(ge=2, le=64)] | None = None
    thin_pool: VolumeGroup | None = None
    overprovision: Annotated[float, Field(ge=1, le=100)] = 1.0
    snapshots: Flag = False

    @model_validator(mode="after")
    def _thin(self) -> "LvmSettings":
        if self.thin_pool is None and self.snapshots:
            raise ValueError("snapshots: TopoLVM takes them of thin volumes only; give thin_pool")
        if self.thin_pool is None and self.overprovision != 1.0:
            raise ValueError(
                "overprovision: only a thin pool promises more than it has; give thin_pool"
            )
        return self


class LocalPathSettings(Arguments):
    """Of `local-path`."""

    node_path: HostPath | None = None
    path_pattern: str | None = None


def local_settings(request: ClassRequest, facts: Facts) -> LocalSettings:
    """Of a class of `local-nvme`."""
    return checked(LocalSettings, request.settings, settings_where(request, facts))


def lvm_settings(request: ClassRequest, facts: Facts) -> LvmSettings:
    """Of a class of `local-lvm`."""
    return checked(LvmSettings, request.settings, settings_where(request, facts))


def discovered(request: ClassRequest, settings: LocalSettings) -> str:
    """The directory of a node in which each mount or link is a volume of the class."""
    return str(settings.directory or f"/mnt/{request.name}")


def local_nvme(request: ClassRequest, facts: Facts) -> Made:
    """`local-nvme`: whole disks or mounts; a volume is as large as what it stands on."""
    refuse_performance(request, facts, NO_PERFORMANCE)
    settings = local_settings(request, facts)
    objects = {
        "class": storage_class(request, facts, NO_PROVISIONER, {}, binding="WaitForFirstConsumer")
    }
    if not settings.volumes:
        return Made(objects, ("local-static",))
    check_holds(request, facts, "volumes", (each.gib for each in settings.volumes))
    count: dict[str, int] = {}
    for each in settings.volumes:
        number = count[each.node] = count.get(each.node, -1) + 1
        source = {"local": {"path": each.path}}
        # Names are by position within the node: a volume that comes last moves no other.
        name = f"{each.node}-{number}"
        objects[f"volume-{name}"] = static_volume(
            request,
            facts,
            f"{request.name}-{name}",
            each.gib,
            source,
            node=each.node,
            block=settings.block,
        )
    return Made(objects)


def local_lvm(request: ClassRequest, facts: Facts) -> Made:
    """`local-lvm`: logical volumes of a group on each node, by TopoLVM."""
    refuse_performance(request, facts, NO_PERFORMANCE)
    settings = lvm_settings(request, facts)
    parameters = {
        "csi.storage.k8s.io/fstype": request.fs_type,
        "topolvm.io/device-class": settings.device_class or request.name,
    }
    objects = {
        "class": storage_class(request, facts, TOPOLVM, parameters, binding="WaitForFirstConsumer")
    }
    if not settings.snapshots:
        return Made(objects, ("topolvm",))
    objects["snapshots"] = snapshot_class(request, facts, TOPOLVM, {})
    return Made(objects, ("snapshot-controller", "topolvm"))


def local_path(request: ClassRequest, facts: Facts) -> Made:
    """`local-path`: directories of a node's disk, by the provisioner that K3s ships and runs.

    Raises:
        InputError: the class would be K3s's own, told otherwise.
    """
    refuse_performance(request, facts, NO_PERFORMANCE)
    settings = checked(LocalPathSettings, request.settings, settings_where(request, facts))
    if request.name == K3S_CLASS:
        if request.settings or request.parameters or request.default or request.reclaim != "Delete":
            raise InputError(
                "K3s makes the class local-path itself, and would undo what is asked at its next start",
                where=f"{facts.where}: classes.{request.name}",
                mend="name the class otherwise, or drop its settings",
            )
        return Made({})
    parameters = {
        **({"nodePath": settings.node_path} if settings.node_path is not None else {}),
        **({"pathPattern": settings.path_pattern} if settings.path_pattern else {}),
    }
    made = storage_class(request, facts, LOCAL_PATH, parameters, binding="WaitForFirstConsumer")
    return Made({"class": made})
