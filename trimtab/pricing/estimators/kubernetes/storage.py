"""Disks that claims have made: of the size that they ask for, of the type that their class names."""

from collections.abc import Iterator, Mapping
from typing import Any

from trimtab.pricing.cloud import Cloud, cloud_of
from trimtab.pricing.estimation import Estimation, Facts
from trimtab.pricing.estimators import estimates
from trimtab.pricing.estimators.kubernetes.delegated import as_made
from trimtab.pricing.model import Gap, PaidElsewhere, Part
from trimtab.pricing.planned_storage import class_parts, tier_of
from trimtab.resources.inputs import Inputs
from trimtab.resources.model import Resource

_CLASS = "storage.k8s.io/StorageClass"
_DEFAULT_MARKS = (
    "storageclass.kubernetes.io/is-default-class",
    "storageclass.beta.kubernetes.io/is-default-class",
)
_LABEL = "disk"

_BUILT_IN: dict[str, tuple[str, dict[str, Any]]] = {
    "gp2": ("ebs.csi.aws.com", {"type": "gp2"}),
    "gp3": ("ebs.csi.aws.com", {"type": "gp3"}),
    "ebs-sc": ("ebs.csi.aws.com", {}),
    "auto-ebs-sc": ("ebs.csi.eks.amazonaws.com", {}),
    "standard": ("pd.csi.storage.gke.io", {"type": "pd-standard"}),
    "standard-rwo": ("pd.csi.storage.gke.io", {"type": "pd-balanced"}),
    "premium-rwo": ("pd.csi.storage.gke.io", {"type": "pd-ssd"}),
    "default": ("disk.csi.azure.com", {"skuName": "StandardSSD_LRS"}),
    "managed": ("disk.csi.azure.com", {"skuName": "StandardSSD_LRS"}),
    "managed-csi": ("disk.csi.azure.com", {"skuName": "StandardSSD_LRS"}),
    "managed-premium": ("disk.csi.azure.com", {"skuName": "Premium_LRS"}),
    "managed-csi-premium": ("disk.csi.azure.com", {"skuName": "Premium_LRS"}),
}
"""The classes that EKS, GKE and AKS bring, by name: provisioner and parameters. AKS' are zone-redundant in
clusters with zones from 1.29 on; the local price is taken."""

_DEFAULTS = {"aws": "gp2", "gcp": "standard-rwo", "azure": "managed-csi"}
"""The default class of each cloud's clusters, where none is declared here: EKS before 1.30 has gp2."""

_FILES = {
    "efs.csi.aws.com": "the file system, by what is stored in it",
    "file.csi.azure.com": "the storage account's file share, by what is stored in it",
    "filestore.csi.storage.gke.io": "the Filestore instance that it is part of",
    "fsx.csi.aws.com": "the FSx file system",
    "blob.csi.azure.com": "the storage account, by what is stored in it",
    "s3.csi.aws.com": "the bucket, by what is stored in it",
    "gcsfuse.csi.storage.gke.io": "the bucket, by what is stored in it",
}
_LOCAL = ("rancher.io/local-path", "kubernetes.io/no-provisioner", "topolvm.io", "openebs.io/local")


@estimates(_CLASS, "snapshot.storage.k8s.io/VolumeSnapshotClass")
def storage_class(at: Estimation) -> Iterator[Part]:
    """A class costs nothing; one that gives a plan's storage tier bears what the tier costs."""
    yield from class_parts(at)


@estimates("core/PersistentVolumeClaim")
def claim(at: Estimation) -> Iterator[Part]:
    """The disk that it is bound to."""
    if at.inputs.has("spec.volume_name"):
        yield PaidElsewhere(f"bound to volume {at.inputs.text('spec.volume_name')}")
        return
    yield from disks(at, at.inputs.blocks("spec")[0] if at.inputs.blocks("spec") else None)


def disks(at: Estimation, spec: Inputs | None, count: float = 1, name: str = "") -> Iterator[Part]:
    """So many disks of a claim's spec."""
    from trimtab.workloads.quantity import GIB, parse_quantity

    label = f"{_LABEL} {name}".strip()
    asked = spec.get("resources.requests") if spec else None
    try:
        size = parse_quantity(asked.get("storage") if isinstance(asked, Mapping) else None)
    except ValueError:
        yield Gap(label, "its size is not known")
        return
    declared = _declared(at, spec)
    tier = None if declared is None else tier_of(declared, at.facts)
    if tier is not None and tier.expected.usd_per_hour is not None:
        yield PaidElsewhere(f"{label}: part of storage tier {tier.name}, paid for at its class")
        return
    found = _class(at, spec)
    if isinstance(found, str):
        yield Gap(label, found)
        return
    provisioner, parameters = found
    if provisioner in _FILES:
        yield PaidElsewhere(f"{label}: paid for as {_FILES[provisioner]}")
        return
    if provisioner in _LOCAL:
        yield PaidElsewhere(f"{label}: on the disks of its node")
        return
    made = _made(provisioner, parameters, float(size / GIB))
    if made is None:
        yield Gap(label, f"no price of what {provisioner} makes")
        return
    provider, kind, inputs = made
    around = cloud_of(at.facts)
    region = around.region if around and around.provider == provider else None
    region = region or at.facts.settings.regions.get(provider) or at.resource.region
    yield from as_made(at, Cloud(provider, region), kind, inputs, label, count)


def _declared(at: Estimation, spec: Inputs | None) -> Resource | None:
    """The claim's class among the resources, where it is."""
    if spec and spec.unknown("storage_class_name"):
        return None
    name = spec.text("storage_class_name") if spec else ""
    return at.facts.by_id.get(f"{_CLASS}//{name}") if name else at.facts.once(_default_class)


def _class(at: Estimation, spec: Inputs | None) -> tuple[str, Mapping[str, Any]] | str:
    """Provisioner and parameters of the claim's class; a text says why they are not known."""
    name = spec.text("storage_class_name") if spec else ""
    if spec and spec.unknown("storage_class_name"):
        return "its storage class is known only once it is deployed"
    around = cloud_of(at.facts)
    declared = at.facts.once(_default_class)
    if not name and declared is not None:
        return _read(declared.inputs)
    if not name:
        name = _DEFAULTS.get(around.provider, "") if around else ""
        if not name:
            return "its storage class is the cluster's default, in a cloud that is not known"
    found = at.facts.by_id.get(f"{_CLASS}//{name}")
    if found is not None:
        return _read(found.inputs)
    if name in _BUILT_IN:
        return _BUILT_IN[name]
    return f"storage class {name} is not among the resources"


def _default_class(facts: Facts) -> Resource | None:
    """The declared class that is marked as the default, where there is one."""
    for resource in facts.resources.values():
        if resource.kind == _CLASS:
            marks = resource.inputs.get("metadata.annotations")
            if isinstance(marks, Mapping) and any(marks.get(m) == "true" for m in _DEFAULT_MARKS):
                return resource
    return None


def _read(inputs: Inputs) -> tuple[str, Mapping[str, Any]]:
    parameters = inputs.get("parameters")
    return inputs.text("provisioner"), parameters if isinstance(parameters, Mapping) else {}


def _made(
    provisioner: str, parameters: Mapping[str, Any], gib: float
) -> tuple[str, str, dict[str, Any]] | None:
    """The cloud, kind and inputs of the disk that a provisioner makes."""
    lower = {str(key).lower(): value for key, value in parameters.items()}
    match provisioner:
        case "ebs.csi.aws.com" | "ebs.csi.eks.amazonaws.com" | "kubernetes.io/aws-ebs":
            kind = "gp2" if provisioner == "kubernetes.io/aws-ebs" else "gp3"
            inputs = {"type": lower.get("type", kind), "size": gib}
            iops = lower.get("iops")
            per_gib = lower.get("iopspergb")
            if iops is not None:
                inputs["iops"] = iops
            elif per_gib is not None:
                inputs["iops"] = float(per_gib) * gib
            if lower.get("throughput") is not None:
                inputs["throughput"] = lower["throughput"]
            return "aws", "aws_ebs_volume", inputs
        case "pd.csi.storage.gke.io" | "kubernetes.io/gce-pd":
            inputs = {"type": lower.get("type", "pd-standard"), "size": gib}
            for name, parameter in (
                ("provisioned_iops", "provisioned-iops-on-create"),
                ("provisioned_throughput", "provisioned-throughput-on-create"),
            ):
                if parameter in lower:
                    inputs[name] = str(lower[parameter]).removesuffix("Mi")
            return "gcp", "google_compute_disk", inputs
        case "disk.csi.azure.com" | "kubernetes.io/azure-disk":
            sku = lower.get("skuname", lower.get("storageaccounttype", "StandardSSD_LRS"))
            return (
                "azure",
                "azurerm_managed_disk",
                {"storage_account_type": sku, "disk_size_gb": gib},
            )
    return None
