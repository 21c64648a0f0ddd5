"""What the makers of on-premises backends have in common: classes, references to secrets, late text.

Pure. A secret is named, never given: the classes point at Secrets that somebody else made, and a
parameter that looks like a secret's value is refused.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from trimtab.errors import InputError
from trimtab.provision.arguments import Arguments
from trimtab.provision.storage import objects
from trimtab.provision.storage.model import ClassRequest, Facts, Manifest
from trimtab.provision.storage.objects import (
    ATTRIBUTES_SINCE,
    NO_PROVISIONER,
    Binding,
    labels,
    place,
)

HOSTNAME = "kubernetes.io/hostname"
SECRETIVE = re.compile(r"(?i)(pass(word|wd|phrase)|secret|token|private_?key|api_?key|credential)")
SECRET_REFERENCE = re.compile(
    r"csi\.storage\.k8s\.io/[a-z-]+-secret-(name|namespace)|(?i:.*secret_?-?(name|namespace|ref))"
)
SecretUse = Literal[
    "provisioner",
    "controller-publish",
    "controller-expand",
    "controller-modify",
    "node-stage",
    "node-publish",
    "node-expand",
    "snapshotter",
]
"""When a CSI driver is handed a secret, as StorageClass parameters have it."""


def is_late(value: object) -> bool:
    """Whether it is known only after deployment."""
    return hasattr(value, "is_known") and hasattr(value, "apply")


def late_text(pattern: str, says: str) -> Any:
    """A text that may be known late; one that is known must match."""
    compiled = re.compile(pattern)

    def check(value: Any) -> Any:
        if not is_late(value) and not (isinstance(value, str) and compiled.fullmatch(value)):
            raise ValueError(f"{value!r} is not {says}")
        return value

    return Annotated[Any, AfterValidator(check)]


HOST = r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\]"
Host = late_text(HOST, "a host's name or address")
Portal = late_text(rf"({HOST})(:\d{{1,5}})?", "a portal such as 10.0.0.5:3260")
HostPath = late_text(r"/[^\0]*", "an absolute path")
Iqn = late_text(
    r"iqn\.\d{4}-\d{2}\.[a-z0-9.-]+(:[^\s]+)?|eui\.[0-9A-Fa-f]{16}|naa\.[0-9A-Fa-f]{16,32}",
    "a target's name such as iqn.2026-01.com.example:array1",
)
Nqn = late_text(
    r"nqn\.\d{4}-\d{2}\.[a-z0-9.-]+:[^\s]{1,190}",
    "a subsystem's name such as nqn.2026-01.com.example:volumes",
)
ObjectName = Annotated[
    str, Field(pattern=r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$", min_length=1, max_length=253)
]
DriverName = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$", max_length=63)]
PositiveGib = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class SecretReference(Arguments):
    """A Secret that is there already."""

    name: ObjectName
    namespace: ObjectName


def settings_where(request: ClassRequest, facts: Facts) -> str:
    """The place that a wrong setting is told with."""
    return f"{place(request, facts)}.settings"


def refuse_performance(request: ClassRequest, facts: Facts, mend: str) -> None:
    """Refuse IOPS and MiB/s where no parameter sets them, and a cloud's key, which nothing here knows.

    Raises:
        InputError: they are asked for.
    """
    if request.key is not None:
        raise InputError(
            f"key_arn: backend {request.backend.id} knows no cloud's keys",
            where=place(request, facts),
            mend="drop it",
        )
    for name in ("iops", "mibps", "retune"):
        if getattr(request, name):
            raise InputError(
                f"{name}: backend {request.backend.id} sets no performance of a volume",
                where=place(request, facts),
                mend=mend,
            )


def storage_class(
    request: ClassRequest,
    facts: Facts,
    provisioner: str,
    own: Mapping[str, Any],
    *,
    binding: Binding = "Immediate",
    mount_options: Sequence[str] = (),
) -> Manifest:
    """A StorageClass, not bound to zones; the request's own parameters lie over `own`.

    Raises:
        InputError: a parameter of the request has a secret's value in clear.
    """
    for name, value in request.parameters.items():
        if value is not None and SECRETIVE.search(name) and not SECRET_REFERENCE.fullmatch(name):
            raise InputError(
                f"parameters.{name} would be a secret in clear, for everybody to read",
                where=place(request, facts),
                mend="put it into a Secret, and name that under settings.secrets",
            )
    return objects.storage_class(
        request,
        replace(facts, zones=()),  # of the cloud's disks
        own,
        binding=binding,
        provisioner=provisioner,
        expandable=request.backend.expandable and provisioner != NO_PROVISIONER,
        mount_options=mount_options,
    )


def snapshot_class(
    request: ClassRequest, facts: Facts, driver: str, own: Mapping[str, Any]
) -> Manifest:
    """A VolumeSnapshotClass of the class' name, for volumes of the driver."""
    # Beside a class of volumes it has that one's name; its parameters are the volumes'.
    beside = request.intent != "snapshot"
    bare = replace(request, parameters={}, default=False) if beside else request
    return {**objects.snapshot_class(bare, facts, own), "driver": driver}


def attributes_class(
    request: ClassRequest, facts: Facts, name: str, driver: str, own: Mapping[str, str]
) -> Manifest:
    """A VolumeAttributesClass: what volumes of the driver may be changed to.

    Raises:
        InputError: the cluster is too old.
    """
    if facts.kubernetes_version and facts.kubernetes_version < ATTRIBUTES_SINCE:
        have = ".".join(map(str, facts.kubernetes_version))
        raise InputError(
            f"attributes need Kubernetes 1.34, and the cluster has {have}",
            where=settings_where(request, facts),
            mend="drop attributes, or upgrade first",
        )
    return {**objects.attributes_class(request, facts, name, own), "driverName": driver}


def secret_parameters(secrets: Mapping[Any, SecretReference]) -> dict[str, str]:
    """The parameters that point at secrets, by when the driver is handed them."""
    found: dict[str, str] = {}
    for use, secret in secrets.items():
        found[f"csi.storage.k8s.io/{use}-secret-name"] = secret.name
        found[f"csi.storage.k8s.io/{use}-secret-namespace"] = secret.namespace
    return found


def check_holds(request: ClassRequest, facts: Facts, name: str, sizes: Iterable[float]) -> None:
    """Refuse volumes that are there and are, together, less than the tier is planned to grow to.

    Args:
        name: of the setting that lists them.
        sizes: GiB of each.

    Raises:
        InputError: they don't hold it.
    """
    if request.tier is None:
        return
    planned, there = request.tier.windows[-1].gib, sum(sizes)
    if there < planned:
        raise InputError(
            f"{name}: {there:g} GiB, but the plan's tier grows to {planned:g}",
            where=settings_where(request, facts),
            mend=f"list more {name}, or plan the tier smaller",
        )


def static_volume(
    request: ClassRequest,
    facts: Facts,
    name: str,
    gib: float,
    source: Mapping[str, Any],
    *,
    node: str | None = None,
    block: bool = False,
) -> Manifest:
    """A PersistentVolume of what is there already. It stays when its claim goes: nobody would empty it.

    Args:
        source: the volume's source, such as {"local": {"path": …}}.
        node: the one node that has it; None: any reaches it.
        block: whether pods get the raw device.
    """
    affinity: dict[str, Any] = {}
    if node:
        term = {"key": HOSTNAME, "operator": "In", "values": [node]}
        affinity = {
            "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [term]}]}}
        }
    # Bytes where GiB are broken: the API server has no fractions of Gi that it gives back unchanged.
    size = f"{int(gib)}Gi" if gib == int(gib) else str(int(gib * 2**30))
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": name, "labels": labels(request, facts)},
        "spec": {
            "capacity": {"storage": size},
            "accessModes": ["ReadWriteOnce"],
            "volumeMode": "Block" if block else "Filesystem",
            "persistentVolumeReclaimPolicy": "Retain",
            "storageClassName": request.name,
            **source,
            **affinity,
        },
    }
