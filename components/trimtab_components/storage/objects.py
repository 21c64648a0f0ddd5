"""Kubernetes objects of storage as Pulumi resources.

Their names are fixed, for claims hold them, and what decides where data lies can't be changed in the
cluster: such a change deletes the object and makes it anew. Volumes and claims stay as they are; only new
ones are made by the new class. Source: Kubernetes 1.36, validation of storage.k8s.io; external-snapshotter
8.6, CRD of VolumeSnapshotClass.
"""

from collections.abc import Mapping
from typing import Any

import pulumi

from trimtab.provision.storage.on_premises_ceph import HOLDS_DATA
from trimtab_components.kube_objects import kube_object

IMMUTABLE = {
    "StorageClass": ["parameters", "provisioner", "reclaimPolicy", "volumeBindingMode"],
    "VolumeAttributesClass": ["parameters", "driverName"],
}
"""What the API server refuses to change. The provider knows some of it; the rest would fail."""


def storage_object(
    resource_name: str,
    manifest: Mapping[str, Any],
    options: pulumi.ResourceOptions,
    keep_data: bool = True,
) -> pulumi.Resource:
    """The object as a resource of that name.

    Args:
        keep_data: whether one with which data goes is protected, and left behind where it is taken out.
    """
    kind = manifest["kind"]
    if keep_data and kind in HOLDS_DATA:
        kept = pulumi.ResourceOptions(protect=True, retain_on_delete=True)
        options = pulumi.ResourceOptions.merge(options, kept)
    replaced = pulumi.ResourceOptions(
        delete_before_replace=True, replace_on_changes=IMMUTABLE.get(kind)
    )
    merged = pulumi.ResourceOptions.merge(options, replaced)
    return kube_object(resource_name, manifest, merged)
