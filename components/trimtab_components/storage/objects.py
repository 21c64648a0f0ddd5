"""Kubernetes objects of storage as Pulumi resources.

Their names are fixed, for claims hold them, and what decides where data lies can't be changed in the
cluster: such a change deletes the object and makes it anew. Volumes and claims stay as they are; only new
ones are made by the new class. Source: Kubernetes 1.36, validation of storage.k8s.io; external-snapshotter
8.6, CRD of VolumeSnapshotClass.
"""

from collections.abc import Mapping
from importlib.metadata import version as distribution
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from trimtab.provision.storage.on_premises_ceph import HOLDS_DATA

_TYPED: dict[str, Any] = {
    "StorageClass": kubernetes.storage.v1.StorageClass,
    "VolumeAttributesClass": kubernetes.storage.v1.VolumeAttributesClass,
    "PersistentVolume": kubernetes.core.v1.PersistentVolume,
    "PersistentVolumeClaim": kubernetes.core.v1.PersistentVolumeClaim,
    "Namespace": kubernetes.core.v1.Namespace,
    "Secret": kubernetes.core.v1.Secret,
    "ConfigMap": kubernetes.core.v1.ConfigMap,
    "ServiceAccount": kubernetes.core.v1.ServiceAccount,
}
_NATIVE = {"storage.k8s.io/v1", "v1"}
IMMUTABLE = {
    "StorageClass": ["parameters", "provisioner", "reclaimPolicy", "volumeBindingMode"],
    "VolumeAttributesClass": ["parameters", "driverName"],
}
"""What the API server refuses to change. The provider knows some of it; the rest would fail."""
_SNAKE = {
    "apiVersion": "api_version",
    "stringData": "string_data",
    "binaryData": "binary_data",
    "driverName": "driver_name",
    "reclaimPolicy": "reclaim_policy",
    "volumeBindingMode": "volume_binding_mode",
    "allowVolumeExpansion": "allow_volume_expansion",
    "allowedTopologies": "allowed_topologies",
    "mountOptions": "mount_options",
}


def storage_object(
    resource_name: str,
    manifest: Mapping[str, Any],
    options: pulumi.ResourceOptions,
    keep_data: bool = True,
) -> pulumi.Resource:
    """The object as a resource of that name, of the SDK's own class where it has one.

    Args:
        keep_data: whether one with which data goes is protected, and left behind where it is taken out.
    """
    kind, version = manifest["kind"], manifest["apiVersion"]
    if keep_data and kind in HOLDS_DATA:
        kept = pulumi.ResourceOptions(protect=True, retain_on_delete=True)
        options = pulumi.ResourceOptions.merge(options, kept)
    replaced = pulumi.ResourceOptions(
        delete_before_replace=True, replace_on_changes=IMMUTABLE.get(kind)
    )
    merged = pulumi.ResourceOptions.merge(options, replaced)
    if version in _NATIVE and kind in _TYPED:
        fields = {
            _SNAKE.get(key, key): value
            for key, value in manifest.items()
            if key not in ("kind", "apiVersion")
        }
        made: pulumi.Resource = _TYPED[kind](resource_name, opts=merged, **fields)
        return made
    return _Plain(version, kind, resource_name, dict(manifest), merged)


class _Plain(pulumi.CustomResource):
    """An object of a kind that the SDK has no class for, whatever its fields: not all stand in a spec."""

    def __init__(
        self,
        api_version: str,
        kind: str,
        resource_name: str,
        manifest: dict[str, Any],
        options: pulumi.ResourceOptions,
    ) -> None:
        same = pulumi.ResourceOptions(version=distribution("pulumi-kubernetes"))
        super().__init__(
            f"kubernetes:{api_version}:{kind}",
            resource_name,
            manifest,
            pulumi.ResourceOptions.merge(same, options),
        )
