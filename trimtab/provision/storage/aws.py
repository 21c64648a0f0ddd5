"""Makers of AWS' backends: EBS, EFS, FSx for Lustre, S3 through Mountpoint.

Pure. A file system or bucket that a class is on comes as an id in its settings, which may be late: who
makes it where none is given is the component's. Sources: parameters.md, tagging.md, snapshot.md of
aws-ebs-csi-driver 1.64, parameters.md of aws-efs-csi-driver 3.4, examples of aws-fsx-csi-driver 1.9,
CONFIGURATION.md of mountpoint-s3-csi-driver 2.7.
"""

from collections.abc import Mapping
from typing import Any

from trimtab.errors import InputError
from trimtab.provision.storage import performance
from trimtab.provision.storage.model import ClassRequest, Facts, Made, Maker, Manifest
from trimtab.provision.storage.objects import (
    NO_PROVISIONER,
    attributes_class,
    metadata,
    no_performance,
    only_settings,
    place,
    snapshot_class,
    storage_class,
    tags,
    whole,
)

EBS, EFS, FSX, S3 = "ebs.csi.aws.com", "efs.csi.aws.com", "fsx.csi.aws.com", "s3.csi.aws.com"
SNAPSHOT_CONTROLLER = "snapshot-controller"
LUSTRE_DEPLOYMENTS = ("SCRATCH_2", "PERSISTENT_1", "PERSISTENT_2")
LUSTRE_THROUGHPUTS = {
    "PERSISTENT_1": (50, 100, 200),
    "PERSISTENT_2": (125, 250, 500, 1000),
}
"""MB/s for each TiB of SSD. Source: FSx for Lustre user guide, "Deployment and storage class options"."""
ASKED = "1Gi"
"""Of a volume that stands, whatever its size: what a claim asks for can't change as its tier grows, for no
driver resizes such a volume. Source: Kubernetes 1.36, admission plugin PersistentVolumeClaimResize."""
EFS_MAKING = ("throughput_mode", "infrequent_days", "archive_days", "one_zone")
LUSTRE_MAKING = ("gib", "deployment", "mbps_per_tib", "compression", "backup_days")


def tag_parameters(request: ClassRequest, facts: Facts) -> dict[str, str]:
    """Tags of volumes and snapshots as the EBS driver takes them, in order of their keys."""
    pairs = enumerate(tags(request, facts).items(), start=1)
    return {f"tagSpecification_{number}": f"{key}={text}" for number, (key, text) in pairs}


def _ebs(kind: str) -> Maker:
    def make(request: ClassRequest, facts: Facts) -> Made:
        only_settings(request, facts)
        bought = performance.chosen_by_number(request.backend)
        if bought:
            performance.check(request, facts)
        else:
            no_performance(request, facts)
        if request.key is not None and not request.encrypted:
            raise InputError(
                "a key, but no encryption", where=place(request, facts), mend="drop one of the two"
            )
        own = {
            "type": kind,
            "csi.storage.k8s.io/fstype": request.fs_type,
            "encrypted": "true" if request.encrypted else "false",
            "kmsKeyId": request.key,
            **_bought(request.iops, request.mibps),
            **tag_parameters(request, facts),
        }
        objects = {"class": storage_class(request, facts, own)}
        if bought:
            for name, wanted in performance.retunings(request, facts).items():
                retuned = {"type": kind, **_bought(wanted.get("iops"), wanted.get("mibps"))}
                objects[f"retune-{name}"] = attributes_class(request, facts, name, retuned)
        return Made(objects, (EBS,))

    return make


def _bought(iops: float | None, mibps: float | None) -> dict[str, str]:
    stated = {"iops": iops, "throughput": mibps}
    return {key: whole(value) for key, value in stated.items() if value is not None}


def _ebs_snapshot(request: ClassRequest, facts: Facts) -> Made:
    """Snapshots of EBS volumes; perhaps ready for fast restores in some zones, or locked."""
    only_settings(request, facts, "fast_restore_zones", "lock_mode", "lock_days")
    no_performance(request, facts)
    zones, settings = request.settings.get("fast_restore_zones"), request.settings
    own: dict[str, Any] = dict(tag_parameters(request, facts))
    if zones is not None:
        own["fastSnapshotRestoreAvailabilityZones"] = (
            zones if isinstance(zones, str) else ", ".join(zones)
        )
    if ("lock_mode" in settings) != ("lock_days" in settings):
        raise InputError(
            "a lock wants both how and how long",
            where=place(request, facts),
            mend="give settings.lock_mode and settings.lock_days",
        )
    if "lock_mode" in settings:
        mode = settings["lock_mode"]
        if isinstance(mode, str) and mode not in ("governance", "compliance"):
            raise InputError(
                f"settings.lock_mode {mode}",
                where=place(request, facts),
                mend="use governance or compliance",
            )
        own["lockMode"], own["lockDuration"] = mode, _text(settings["lock_days"])
    return Made({"snapshots": snapshot_class(request, facts, own)}, (SNAPSHOT_CONTROLLER, EBS))


def _efs(request: ClassRequest, facts: Facts) -> Made:
    """A directory of a file system for each claim, behind an access point of its own."""
    only_settings(request, facts, "file_system_id", "base_path", "uid", "gid", *EFS_MAKING)
    no_performance(request, facts)
    settings = request.settings
    own = {
        "provisioningMode": "efs-ap",
        "fileSystemId": given(request, facts, "file_system_id"),
        "directoryPerms": "700",
        "basePath": settings.get("base_path", f"/{request.name}"),
        **{key: _text(settings[key]) for key in ("uid", "gid") if key in settings},
    }
    # The file system is in every zone and grows by itself.
    made = storage_class(request, facts, own, binding="Immediate")
    return Made({"class": made}, (EFS,))


def efs_mode(request: ClassRequest) -> tuple[str, float | None]:
    """An EFS file system's throughput mode, and its MiB/s where they are bought.

    Of a tier whose throughput is planned they are bought, as the plan prices them: elastic throughput is
    charged by the GiB that is read and written. Elsewhere it is elastic.
    """
    planned = (
        max((window.mibps for window in request.tier.windows), default=0.0) if request.tier else 0.0
    )
    mode = request.settings.get("throughput_mode", "provisioned" if planned else "elastic")
    return str(mode), float(-int(-planned // 1)) if mode == "provisioned" else None


def _lustre(request: ClassRequest, facts: Facts) -> Made:
    """One file system for the class, or with `subnet_id` a new one for each claim."""
    if "subnet_id" in request.settings:
        return _lustre_each(request, facts)
    known = ("file_system_id", "dns_name", "mount_name", "namespaces", *LUSTRE_MAKING)
    only_settings(request, facts, *known)
    no_performance(request, facts)
    lustre_shape(request, facts)
    attributes = {
        "dnsname": given(request, facts, "dns_name"),
        "mountname": given(request, facts, "mount_name"),
    }
    handle = given(request, facts, "file_system_id")
    objects = _static(request, facts, handle, attributes, ["flock"])
    return Made(objects, (FSX,))


def _lustre_each(request: ClassRequest, facts: Facts) -> Made:
    only_settings(request, facts, "subnet_id", "security_group_ids", *LUSTRE_MAKING[1:])
    no_performance(request, facts)
    deployment, throughput = lustre_shape(request, facts)
    persistent = deployment.startswith("PERSISTENT")
    days = request.settings.get("backup_days")
    named = tags(request, facts).items()
    own = {
        "subnetId": request.settings["subnet_id"],
        "securityGroupIds": given(request, facts, "security_group_ids"),
        "deploymentType": deployment,
        "perUnitStorageThroughput": None if throughput is None else str(throughput),
        "kmsKeyId": request.key if persistent else None,
        "dataCompressionType": request.settings.get("compression", "LZ4"),
        "automaticBackupRetentionDays": _text(days) if days is not None and persistent else None,
        "extraTags": ",".join(f"{key}={text}" for key, text in named) or None,
    }
    made = storage_class(request, facts, own, binding="Immediate", mount_options=["flock"])
    return Made({"class": made}, (FSX,))


def lustre_shape(request: ClassRequest, facts: Facts) -> tuple[str, int | None]:
    """A Lustre file system's deployment, and its MB/s for each TiB: scratch for scratch data.

    Raises:
        InputError: there is no such deployment, or it has no such throughput.
    """
    where, settings = place(request, facts), request.settings
    usual = "SCRATCH_2" if request.intent == "scratch" else "PERSISTENT_2"
    deployment = settings.get("deployment", usual)
    if deployment not in LUSTRE_DEPLOYMENTS:
        raise InputError(
            f"settings.deployment {deployment}",
            where=where,
            mend=f"use {', '.join(LUSTRE_DEPLOYMENTS)}",
        )
    stated = settings.get("mbps_per_tib")
    steps = LUSTRE_THROUGHPUTS.get(deployment)
    if steps is None:
        if stated is not None:
            raise InputError(
                "settings.mbps_per_tib: SCRATCH_2 has 200 MB/s for each TiB",
                where=where,
                mend="drop it, or use PERSISTENT_2",
            )
        if request.key is not None:
            raise InputError(
                "a key, but scratch file systems are encrypted with FSx' own",
                where=where,
                mend="drop key_arn, or use PERSISTENT_2",
            )
        return deployment, None
    throughput = steps[0] if stated is None else int(stated)
    if throughput not in steps:
        raise InputError(
            f"settings.mbps_per_tib {throughput}",
            where=where,
            mend=f"use {', '.join(map(str, steps))}",
        )
    return deployment, throughput


def lustre_gib(wanted: float) -> int:
    """The capacity that FSx has for so much: 1200, 2400, then by 2400 GiB.

    Source: FSx for Lustre user guide, "Deployment and storage class options", SSD, 2026-11.
    """
    return 1200 if wanted <= 1200 else int(-(-wanted // 2400)) * 2400


def _mountpoint(request: ClassRequest, facts: Facts) -> Made:
    """A bucket as files: a volume that stands, one for each namespace that is named."""
    only_settings(request, facts, "bucket", "namespaces", "read_only", "mount_options")
    no_performance(request, facts)
    settings = request.settings
    options = [f"region {facts.region}"]
    read_only = str(settings.get("read_only", "false")).lower() == "true"
    options += ["read-only"] if read_only else ["allow-delete", "allow-overwrite"]
    extra = settings.get("mount_options", ())
    options += [extra] if isinstance(extra, str) else list(extra)
    attributes = {"bucketName": given(request, facts, "bucket")}
    handle = f"{facts.cluster}-{request.name}"
    mode = "ReadOnlyMany" if read_only else "ReadWriteMany"
    return Made(_static(request, facts, handle, attributes, options, mode), (S3,))


def _static(
    request: ClassRequest,
    facts: Facts,
    handle: Any,
    attributes: Mapping[str, Any],
    mount_options: list[str],
    mode: str = "ReadWriteMany",
) -> dict[str, Manifest]:
    """A class without a provisioner and its volume; or a volume and its claim in each named namespace.

    A kubelet knows volumes by their handles, so two of one file system have two.
    """
    stated = request.settings.get("namespaces", ())
    namespaces = [stated] if isinstance(stated, str) else list(stated)
    tier = request.tier
    planned = tier.windows[-1].gib if tier else 1200
    gib = whole(float(request.settings.get("gib", planned)))
    made = storage_class(request, facts, {}, provisioner=NO_PROVISIONER, binding="Immediate",
                         expandable=False)  # fmt: skip
    objects: dict[str, Manifest] = {"class": made}
    for namespace in namespaces or [""]:
        suffix = f"-{namespace}" if namespace else ""
        shared = {
            "capacity": {"storage": f"{gib}Gi"},
            "accessModes": [mode],
            "mountOptions": mount_options,
            "storageClassName": request.name,
            # What is there was there before, and stays.
            "persistentVolumeReclaimPolicy": "Retain",
            "csi": {
                "driver": request.backend.driver,
                "volumeHandle": f"{facts.cluster}-{request.name}{suffix}" if suffix else handle,
                "volumeAttributes": dict(attributes),
            },
        }
        named = metadata(request, facts, {})
        volume = {**named, "name": f"{facts.cluster}-{request.name}{suffix}"}
        claim = {"namespace": namespace, "name": request.name}
        reserved = {"claimRef": claim} if namespace else {}
        objects[f"volume{suffix}"] = {
            "apiVersion": "v1",
            "kind": "PersistentVolume",
            "metadata": volume,
            "spec": {**shared, **reserved},
        }
        if namespace:
            objects[f"claim{suffix}"] = {
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                "metadata": {**named, "namespace": namespace},
                "spec": {
                    "accessModes": [mode],
                    "storageClassName": request.name,
                    "volumeName": volume["name"],
                    "resources": {"requests": {"storage": ASKED}},
                },
            }
    return objects


def given(request: ClassRequest, facts: Facts, key: str) -> Any:
    """A setting without which there is no class. Raises InputError where it is not there."""
    if key not in request.settings:
        raise InputError(
            f"backend {request.backend.id} needs settings.{key}",
            where=place(request, facts),
            mend="give it",
        )
    return request.settings[key]


def _text(value: Any) -> Any:
    """A number as parameters have it; what is late stays as it is."""
    return str(value) if isinstance(value, int | float) else value


MAKERS: dict[str, Maker] = {
    "ebs-gp3": _ebs("gp3"),
    "ebs-io2": _ebs("io2"),
    "ebs-st1": _ebs("st1"),
    "ebs-sc1": _ebs("sc1"),
    "efs": _efs,
    "fsx-lustre": _lustre,
    "s3-mountpoint": _mountpoint,
    "ebs-snapshot": _ebs_snapshot,
}
"""By the backend's id."""
