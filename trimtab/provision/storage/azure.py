"""Makers of Azure's backends: managed disks and Azure Files. AKS runs their drivers itself.

Pure. Sources: driver-parameters.md of azuredisk-csi-driver and azurefile-csi-driver, 2026-08; their
examples of allowed topologies, NFS shares and VolumeAttributesClass.
"""

from collections.abc import Mapping

from trimtab.errors import InputError
from trimtab.provision.aks.tags import check_azure_tags
from trimtab.provision.storage import performance
from trimtab.provision.storage.model import ClassRequest, Facts, Made, Maker
from trimtab.provision.storage.objects import (
    attributes_class,
    no_performance,
    only_settings,
    place,
    snapshot_class,
    storage_class,
    tags,
    whole,
)

DISK, FILE = "disk.csi.azure.com", "file.csi.azure.com"
ZONE = "topology.disk.csi.azure.com/zone"
_NFS_OPTIONS = ("nconnect=4", "noresvport", "actimeo=30")


def _disk(sku: str) -> Maker:
    def make(request: ClassRequest, facts: Facts) -> Made:
        """A disk for each claim; `key_arn` is the id of a disk encryption set."""
        only_settings(request, facts, "zone_redundant")
        _always_encrypted(request, facts)
        bought = performance.chosen_by_number(request.backend)
        redundant = str(request.settings.get("zone_redundant", "false")).lower() == "true"
        if redundant and sku not in ("Premium_LRS", "StandardSSD_LRS"):
            raise InputError(
                f"settings.zone_redundant: {sku} is in one zone",
                where=place(request, facts),
                mend="drop it, or use azure-disk-premium or azure-disk-standard-ssd",
            )
        if bought:
            performance.check(request, facts)
        else:
            no_performance(request, facts)
        own = {
            "skuName": sku.replace("_LRS", "_ZRS") if redundant else sku,
            # Premium v2 has no host cache, and the driver's own choice is one.
            "cachingMode": "None" if bought else None,
            "fsType": request.fs_type,
            "diskEncryptionSetID": request.key,
            **_bought(request.iops, request.mibps),
            "tags": _tags(request, facts),
        }
        objects = {"class": storage_class(request, facts, own, zone_key=ZONE)}
        if bought:
            for name, wanted in performance.retunings(request, facts).items():
                retuned = _bought(wanted.get("iops"), wanted.get("mibps"))
                objects[f"retune-{name}"] = attributes_class(request, facts, name, retuned)
        return Made(objects, (DISK,))

    return make


def _bought(iops: float | None, mibps: float | None) -> Mapping[str, str]:
    stated = {"DiskIOPSReadWrite": iops, "DiskMBpsReadWrite": mibps}
    return {key: whole(value) for key, value in stated.items() if value is not None}


def _disk_snapshot(request: ClassRequest, facts: Facts) -> Made:
    only_settings(request, facts, "resource_group")
    no_performance(request, facts)
    own = {
        "incremental": "true",
        "resourceGroup": request.settings.get("resource_group"),
        "tags": _tags(request, facts),
    }
    return Made({"snapshots": snapshot_class(request, facts, own)}, (DISK,))


def _files(sku: str, *, nfs: bool) -> Maker:
    def make(request: ClassRequest, facts: Facts) -> Made:
        """A share for each claim; NFS where the share is premium, for only there Azure has it."""
        known = ("storage_account", "resource_group", "private_endpoint")
        only_settings(request, facts, *known)
        _always_encrypted(request, facts)
        no_performance(request, facts)
        if request.key is not None:
            raise InputError(
                "a key, but shares are encrypted with their storage account's",
                where=place(request, facts),
                mend="drop key_arn, or give settings.storage_account of one that has the key",
            )
        settings = request.settings
        private = str(settings.get("private_endpoint", "false")).lower() == "true"
        own = {
            "skuName": sku,
            "protocol": "nfs" if nfs else "smb",
            "storageAccount": settings.get("storage_account"),
            "resourceGroup": settings.get("resource_group"),
            "networkEndpointType": "privateEndpoint" if private else None,
            "tags": _tags(request, facts),
        }
        options = _NFS_OPTIONS if nfs else ()
        made = storage_class(request, facts, own, binding="Immediate", mount_options=options)
        return Made({"class": made}, (FILE,))

    return make


def _always_encrypted(request: ClassRequest, facts: Facts) -> None:
    if not request.encrypted:
        raise InputError(
            "encrypted false, but Azure encrypts every disk and share",
            where=place(request, facts),
            mend="drop encrypted",
        )


def _tags(request: ClassRequest, facts: Facts) -> str | None:
    """Tags as one text of key=value pairs; one with a separator in it is left out."""
    found = tags(request, facts)
    check_azure_tags(found, place(request, facts))
    plain = (f"{k}={v}" for k, v in found.items() if v and not set(",=") & set(k + v))
    return ",".join(plain) or None


MAKERS: dict[str, Maker] = {
    "azure-disk-premium-v2": _disk("PremiumV2_LRS"),
    "azure-disk-premium": _disk("Premium_LRS"),
    "azure-disk-standard-ssd": _disk("StandardSSD_LRS"),
    "azure-disk-standard": _disk("Standard_LRS"),
    "azure-files-premium": _files("Premium_LRS", nfs=True),
    "azure-files-standard": _files("Standard_LRS", nfs=False),
    "azure-disk-snapshot": _disk_snapshot,
}
"""By the backend's id."""
