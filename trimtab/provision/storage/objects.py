"""The Kubernetes objects that every provider's makers write, and the checks that they share.

Pure. Versions: storage.k8s.io/v1 (VolumeAttributesClass since Kubernetes 1.34), snapshot.storage.k8s.io/v1.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from trimtab.errors import InputError
from trimtab.plan.labels import STORAGE_TIER_LABEL, STORAGE_TIER_TAG
from trimtab.provision.storage.model import ClassRequest, Facts, Manifest

STORAGE = "storage.k8s.io/v1"
SNAPSHOTS = "snapshot.storage.k8s.io/v1"
DEFAULT_CLASS = {"storageclass.kubernetes.io/is-default-class": "true"}
DEFAULT_SNAPSHOTS = {"snapshot.storage.kubernetes.io/is-default-class": "true"}
ATTRIBUTES_SINCE = (1, 34)
"""The Kubernetes release with VolumeAttributesClass at storage.k8s.io/v1, on by default.
Source: Kubernetes v1.34 release notes; KEP-3751."""
NO_PROVISIONER = "kubernetes.io/no-provisioner"
ZONE = "topology.kubernetes.io/zone"

Binding = Literal["WaitForFirstConsumer", "Immediate"]


def place(request: ClassRequest, facts: Facts) -> str:
    """The class as errors name it."""
    return f"{facts.where}: classes.{request.name}"


def labels(request: ClassRequest, facts: Facts) -> dict[str, str]:
    """Of a class' objects; those of a tier name it."""
    tier = {STORAGE_TIER_LABEL: request.tier.name} if request.tier else {}
    return {**facts.labels, **tier}


def tags(request: ClassRequest, facts: Facts) -> dict[str, str]:
    """Of what the class' volumes cost: the tier's owner, the tier, and what all share."""
    if request.tier is None:
        return dict(sorted(facts.tags.items()))
    owner = {key: text for key, text in request.tier.owner.model_dump().items() if text}
    return dict(sorted({**owner, STORAGE_TIER_TAG: request.tier.name, **facts.tags}.items()))


def parameters(request: ClassRequest, own: Mapping[str, Any]) -> dict[str, Any]:
    """Trimtab's parameters with the stated ones over them; what is None is left out."""
    return {key: value for key, value in {**own, **request.parameters}.items() if value is not None}


def storage_class(
    request: ClassRequest,
    facts: Facts,
    own: Mapping[str, Any],
    *,
    binding: Binding = "WaitForFirstConsumer",
    provisioner: str | None = None,
    expandable: bool | None = None,
    mount_options: Sequence[str] = (),
    zone_key: str = ZONE,
) -> Manifest:
    """A StorageClass.

    Args:
        own: the driver's parameters as Trimtab sets them.
        binding: a zonal volume waits for its pod, or it could stand where the pod can't run.
        provisioner: default the backend's driver.
        expandable: default as the backend says.
        zone_key: of the topology that the driver knows zones by.
    """
    grows = request.backend.expandable if expandable is None else expandable
    made: Manifest = {
        "apiVersion": STORAGE,
        "kind": "StorageClass",
        "metadata": metadata(request, facts, DEFAULT_CLASS if request.default else {}),
        "provisioner": provisioner or request.backend.driver,
        "reclaimPolicy": request.reclaim,
        "volumeBindingMode": binding,
        "allowVolumeExpansion": grows,
    }
    if stated := parameters(request, own):
        made["parameters"] = stated
    if mount_options:
        made["mountOptions"] = list(mount_options)
    if facts.zones and binding == "WaitForFirstConsumer":
        within = {"key": zone_key, "values": list(facts.zones)}
        made["allowedTopologies"] = [{"matchLabelExpressions": [within]}]
    return made


def attributes_class(
    request: ClassRequest, facts: Facts, name: str, own: Mapping[str, Any]
) -> Manifest:
    """A VolumeAttributesClass `<class>-<name>`: what a volume can be retuned to."""
    return {
        "apiVersion": STORAGE,
        "kind": "VolumeAttributesClass",
        "metadata": {"name": f"{request.name}-{name}", "labels": labels(request, facts)},
        "driverName": request.backend.driver,
        "parameters": dict(own),
    }


def snapshot_class(request: ClassRequest, facts: Facts, own: Mapping[str, Any]) -> Manifest:
    """A VolumeSnapshotClass; what is reclaimed of it is the snapshot itself."""
    made: Manifest = {
        "apiVersion": SNAPSHOTS,
        "kind": "VolumeSnapshotClass",
        "metadata": metadata(request, facts, DEFAULT_SNAPSHOTS if request.default else {}),
        "driver": request.backend.driver,
        "deletionPolicy": request.reclaim,
    }
    if stated := parameters(request, own):
        made["parameters"] = stated
    return made


def metadata(request: ClassRequest, facts: Facts, annotations: Mapping[str, str]) -> Manifest:
    """Of the class' main object, which bears its name."""
    made: Manifest = {"name": request.name, "labels": labels(request, facts)}
    if annotations:
        made["annotations"] = dict(annotations)
    return made


def only_settings(request: ClassRequest, facts: Facts, *known: str) -> None:
    """Refuse settings that the backend has no use for.

    Raises:
        InputError: there is one; names it and those that are known.
    """
    for key in request.settings:
        if key not in known:
            raise InputError(
                f"settings.{key} says nothing to backend {request.backend.id}",
                where=place(request, facts),
                mend=f"use {', '.join(known)}" if known else "drop it",
            )


def no_performance(request: ClassRequest, facts: Facts) -> None:
    """Refuse IOPS and throughput of a backend that takes neither.

    Raises:
        InputError: one is stated.
    """
    for field in ("iops", "mibps"):
        if getattr(request, field) is not None:
            raise InputError(
                f"{field} can't be chosen of backend {request.backend.id}",
                where=place(request, facts),
                mend=f"drop {field}, or use a backend that is provisioned by it",
            )


def whole(amount: float) -> str:
    """A number as parameters have it: whole, rounded up."""
    return str(-int(-amount // 1))


def gib_of_a_volume(request: ClassRequest) -> float | None:
    """The smallest size of the tier's volumes; None: not known."""
    if request.tier is None:
        return None
    return request.tier.windows[0].gib / request.tier.volumes
