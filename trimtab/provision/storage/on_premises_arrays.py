"""Makers of backends behind a network that Trimtab runs nothing of: NFS servers, SAN and NAS arrays.

Pure. Three ways, of which `settings` choose one:
- a vendor's CSI driver by its name (`driver`), for NFS, iSCSI and NVMe-oF arrays alike: the class, its
  references to secrets, its snapshot and attribute classes. The vendor's operator brings the driver itself;
- a driver that is brought: csi-driver-nfs (`server`, `share`), democratic-csi for ZFS, TrueNAS and Synology
  (`array`, `config_secret`);
- logical units that somebody carved (`luns`): PersistentVolumes that kubelet attaches itself.

Parameters: kubernetes-csi/csi-driver-nfs v4.13.4, docs/driver-parameters.md; democratic-csi/charts at
79a3c02; Kubernetes 1.36, ISCSIPersistentVolumeSource.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from trimtab.errors import InputError
from trimtab.plan.types import Flag
from trimtab.provision.arguments import Arguments, checked
from trimtab.provision.storage.model import ClassRequest, Facts, Made, Manifest
from trimtab.provision.storage.objects import NO_PROVISIONER, Binding
from trimtab.provision.storage.on_premises_ceph import gateway
from trimtab.provision.storage.on_premises_objects import (
    DriverName,
    Host,
    HostPath,
    Iqn,
    ObjectName,
    Portal,
    PositiveGib,
    SecretReference,
    SecretUse,
    attributes_class,
    check_holds,
    refuse_performance,
    secret_parameters,
    settings_where,
    snapshot_class,
    static_volume,
    storage_class,
)

NFS = "nfs.csi.k8s.io"
DEMOCRATIC = "org.democratic-csi.iscsi"
Array = Literal["freenas-api-iscsi", "freenas-iscsi", "synology-iscsi", "zfs-generic-iscsi"]
"""What democratic-csi's driver speaks to over iSCSI, in its own words (v1.9.4, examples/)."""


class VendorSettings(Arguments):
    """A class of a CSI driver that somebody else brings."""

    driver: DriverName
    secrets: dict[SecretUse, SecretReference] = Field(default_factory=dict)
    mount_options: tuple[str, ...] = ()
    binding: Binding = "Immediate"
    snapshots: Flag = False
    attributes: dict[str, dict[str, str]] = Field(default_factory=dict)


class NfsSettings(Arguments):
    """An export of a server, in which each volume is a directory."""

    server: Host
    share: HostPath
    sub_dir: str | None = None
    mount_options: tuple[str, ...] = ("nfsvers=4.1",)
    mount_options_secret: SecretReference | None = None
    permissions: Annotated[str, Field(pattern=r"^0?[0-7]{3,4}$")] | None = None
    on_delete: Literal["delete", "retain", "archive"] = "delete"
    snapshots: Flag = False


class ArraySettings(Arguments):
    """An array that democratic-csi carves volumes of; its address and keys are in the Secret."""

    array: Array
    config_secret: ObjectName
    snapshots: Flag = False


class Lun(Arguments):
    """One logical unit, as large as the array made it."""

    lun: Annotated[int, Field(ge=0, le=16383)]
    gib: PositiveGib


class LunSettings(Arguments):
    """Logical units of one target."""

    target_portal: Portal
    portals: tuple[Portal, ...] = ()
    iqn: Iqn
    luns: Annotated[tuple[Lun, ...], Field(min_length=1, max_length=255)]
    chap_secret: SecretReference | None = None
    chap_discovery: Flag = False
    initiator: Iqn | None = None

    @model_validator(mode="after")
    def _coherent(self) -> "LunSettings":
        numbers = [each.lun for each in self.luns]
        twice = sorted({each for each in numbers if numbers.count(each) > 1})
        if twice:
            raise ValueError(f"luns: {twice[0]} is there twice")
        if self.chap_discovery and self.chap_secret is None:
            raise ValueError("chap_discovery needs chap_secret")
        return self


def nfs(request: ClassRequest, facts: Facts) -> Made:
    """`nfs`: a server's export through csi-driver-nfs, or a NAS by its vendor's driver."""
    if "driver" in request.settings:
        return vendor(request, facts)
    refuse_performance(request, facts, "drop it; the server decides")
    settings = checked(NfsSettings, request.settings, settings_where(request, facts))
    secret = settings.mount_options_secret
    parameters = {
        "server": settings.server,
        "share": settings.share,
        **({"subDir": settings.sub_dir} if settings.sub_dir else {}),
        **({"mountPermissions": settings.permissions} if settings.permissions else {}),
        "onDelete": settings.on_delete,
        # A deletion is told no mount options but by a secret (csi-driver-nfs#260).
        **secret_parameters({"provisioner": secret} if secret else {}),
    }
    objects = {
        "class": storage_class(
            request, facts, NFS, parameters, mount_options=settings.mount_options
        )
    }
    if not settings.snapshots:
        return Made(objects, ("nfs",))
    taken = secret_parameters({"snapshotter": secret} if secret else {})
    objects["snapshots"] = snapshot_class(request, facts, NFS, taken)
    return Made(objects, ("snapshot-controller", "nfs"))


def iscsi(request: ClassRequest, facts: Facts) -> Made:
    """`iscsi`: a vendor's driver, democratic-csi, or logical units that are there.

    Raises:
        InputError: the settings choose none of them, or more than one.
    """
    ways = [name for name in ("driver", "array", "luns") if name in request.settings]
    if len(ways) != 1:
        said = "neither driver, array nor luns" if not ways else " and ".join(ways)
        raise InputError(
            f"{said} given: which way volumes come is not said",
            where=settings_where(request, facts),
            mend="give one: driver (a vendor's CSI driver), array (democratic-csi) or luns",
        )
    if ways == ["driver"]:
        return vendor(request, facts)
    refuse_performance(request, facts, "drop it; the array decides")
    return _array(request, facts) if ways == ["array"] else _luns(request, facts)


def nvmeof(request: ClassRequest, facts: Facts) -> Made:
    """`nvmeof`: an array by its vendor's driver, or Ceph's gateway."""
    return (vendor if "driver" in request.settings else gateway)(request, facts)


def vendor(request: ClassRequest, facts: Facts) -> Made:
    """A class of whatever CSI driver an array's vendor has: Trident, PowerStore, Pure, and so on.

    Raises:
        InputError: a setting is wrong, a parameter is a secret in clear, or IOPS are asked for in
            Trimtab's words, which such a driver doesn't know.
    """
    refuse_performance(request, facts, "give settings.attributes, in the driver's own words")
    where = settings_where(request, facts)
    settings = checked(VendorSettings, request.settings, where)
    objects: dict[str, Manifest] = {
        "class": storage_class(
            request,
            facts,
            settings.driver,
            secret_parameters(
                {use: each for use, each in settings.secrets.items() if use != "snapshotter"}
            ),
            binding=settings.binding,
            mount_options=settings.mount_options,
        )
    }
    for name, parameters in settings.attributes.items():
        objects[f"retune-{name}"] = attributes_class(
            request, facts, name, settings.driver, parameters
        )
    if not settings.snapshots:
        return Made(objects)
    secret = settings.secrets.get("snapshotter")
    taken = secret_parameters({"snapshotter": secret} if secret else {})
    objects["snapshots"] = snapshot_class(request, facts, settings.driver, taken)
    return Made(objects, ("snapshot-controller",))


def array_settings(request: ClassRequest, facts: Facts) -> ArraySettings:
    """Of a class that democratic-csi serves."""
    return checked(ArraySettings, request.settings, settings_where(request, facts))


def _array(request: ClassRequest, facts: Facts) -> Made:
    settings = array_settings(request, facts)
    parameters = {"csi.storage.k8s.io/fstype": request.fs_type}
    objects = {"class": storage_class(request, facts, DEMOCRATIC, parameters)}
    if not settings.snapshots:
        return Made(objects, ("democratic-csi",))
    objects["snapshots"] = snapshot_class(request, facts, DEMOCRATIC, {})
    return Made(objects, ("snapshot-controller", "democratic-csi"))


def _luns(request: ClassRequest, facts: Facts) -> Made:
    settings = checked(LunSettings, request.settings, settings_where(request, facts))
    check_holds(request, facts, "luns", (each.gib for each in settings.luns))
    objects = {
        "class": storage_class(request, facts, NO_PROVISIONER, {}, binding="WaitForFirstConsumer")
    }
    for each in settings.luns:
        name = f"{request.name}-lun-{each.lun}"
        source = {"iscsi": _source(request, settings, each)}
        objects[f"lun-{each.lun}"] = static_volume(request, facts, name, each.gib, source)
    return Made(objects)


def _source(request: ClassRequest, settings: LunSettings, unit: Lun) -> Mapping[str, Any]:
    found: dict[str, Any] = {
        "targetPortal": settings.target_portal,
        "iqn": settings.iqn,
        "lun": unit.lun,
        "fsType": request.fs_type,
    }
    if settings.portals:
        found["portals"] = list(settings.portals)
    if settings.initiator is not None:
        found["initiatorName"] = settings.initiator
    if settings.chap_secret:
        found["chapAuthSession"] = True
        found["chapAuthDiscovery"] = settings.chap_discovery
        found["secretRef"] = settings.chap_secret.model_dump()
    return found
