"""Makers of Google Cloud's backends: Persistent Disk, Hyperdisk and Filestore. GKE runs their drivers itself,
Filestore's where the cluster has the add-on GcpFilestoreCsiDriver.

Pure. Sources: README and examples of gcp-compute-persistent-disk-csi-driver and gcp-filestore-csi-driver,
2026-08.
"""

from collections.abc import Mapping

from trimtab.errors import InputError
from trimtab.provision.gke.labels import gcp_labels
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

DISK, FILESTORE = "pd.csi.storage.gke.io", "filestore.csi.storage.gke.io"
ZONE = "topology.gke.io/zone"


def _disk(kind: str) -> Maker:
    def make(request: ClassRequest, facts: Facts) -> Made:
        """A disk for each claim; `key_arn` is a key's full resource name."""
        only_settings(request, facts, "regional")
        _always_encrypted(request, facts)
        bought = performance.chosen_by_number(request.backend)
        regional = str(request.settings.get("regional", "false")).lower() == "true"
        if regional and bought:
            raise InputError(
                f"settings.regional: {kind} is in one zone",
                where=place(request, facts),
                mend="drop it, or use gce-pd-ssd or gce-pd-balanced",
            )
        if bought:
            performance.check(request, facts)
        else:
            no_performance(request, facts)
        own = {
            "type": kind,
            "csi.storage.k8s.io/fstype": request.fs_type,
            "replication-type": "regional-pd" if regional else None,
            "disk-encryption-kms-key": request.key,
            **_bought("provisioned-{}-on-create", request.iops, request.mibps),
            "labels": _labels(request, facts),
        }
        objects = {"class": storage_class(request, facts, own, zone_key=ZONE)}
        if bought:
            for name, wanted in performance.retunings(request, facts).items():
                retuned = _bought("{}", wanted.get("iops"), wanted.get("mibps"))
                objects[f"retune-{name}"] = attributes_class(request, facts, name, retuned)
        return Made(objects, (DISK,))

    return make


def _bought(name: str, iops: float | None, mibps: float | None) -> Mapping[str, str]:
    found = {}
    if iops is not None:
        found[name.format("iops")] = whole(iops)
    if mibps is not None:
        found[name.format("throughput")] = f"{whole(mibps)}Mi"
    return found


def _disk_snapshot(request: ClassRequest, facts: Facts) -> Made:
    only_settings(request, facts, "storage_locations", "archive")
    no_performance(request, facts)
    archive = str(request.settings.get("archive", "false")).lower() == "true"
    own = {
        "storage-locations": request.settings.get("storage_locations"),
        "snapshot-type": "archive-snapshots" if archive else "snapshots",
        "labels": _labels(request, facts),
    }
    return Made({"snapshots": snapshot_class(request, facts, own)}, (DISK,))


def _filestore(tier: str) -> Maker:
    def make(request: ClassRequest, facts: Facts) -> Made:
        """An instance for each claim."""
        only_settings(request, facts, "network", "reserved_ipv4_cidr", "reserved_ip_range",
                      "connect_mode")  # fmt: skip
        _always_encrypted(request, facts)
        no_performance(request, facts)
        if request.key is not None and tier == "basic_hdd":
            raise InputError(
                "a key, but basic Filestore is encrypted with Google's own",
                where=place(request, facts),
                mend="drop key_arn, or use filestore-zonal",
            )
        settings = request.settings
        own = {
            "tier": tier,
            "network": settings.get("network"),
            "connect-mode": settings.get("connect_mode"),
            "reserved-ipv4-cidr": settings.get("reserved_ipv4_cidr"),
            "reserved-ip-range": settings.get("reserved_ip_range"),
            "instance-encryption-kms-key": request.key,
            "labels": _labels(request, facts),
        }
        return Made({"class": storage_class(request, facts, own, zone_key=ZONE)}, (FILESTORE,))

    return make


def _always_encrypted(request: ClassRequest, facts: Facts) -> None:
    if not request.encrypted:
        raise InputError(
            "encrypted false, but Google Cloud encrypts every disk",
            where=place(request, facts),
            mend="drop encrypted",
        )


def _labels(request: ClassRequest, facts: Facts) -> str | None:
    """Tags as Google Cloud has them, in one text of key=value pairs."""
    found = gcp_labels(tags(request, facts), place(request, facts))
    return ",".join(f"{key}={text}" for key, text in found.items()) or None


MAKERS: dict[str, Maker] = {
    "gce-hyperdisk-balanced": _disk("hyperdisk-balanced"),
    "gce-pd-ssd": _disk("pd-ssd"),
    "gce-pd-balanced": _disk("pd-balanced"),
    "gce-pd-standard": _disk("pd-standard"),
    "filestore-zonal": _filestore("zonal"),
    "filestore-basic-hdd": _filestore("basic_hdd"),
    "gce-pd-snapshot": _disk_snapshot,
}
"""By the backend's id."""
