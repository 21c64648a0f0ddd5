"""What stands inside a cluster that was composed: drivers by Helm, the default storage class.

Pure. Both reach the cluster by a kubeconfig in a secret of the XR's namespace, through provider
configurations of the XR's own. Kinds of provider-helm (`helm.m.crossplane.io/v1beta1`) and
provider-kubernetes (`kubernetes.m.crossplane.io/v1alpha1`), CRDs read 2026-08; Crossplane's `Usage`
(`protection.crossplane.io/v1beta1`).
"""

from collections.abc import Mapping
from typing import Any

from trimtab.plan.model import CapacityPlan
from trimtab.provision.accelerators.compatibility import NodeImage, row_of
from trimtab.provision.accelerators.gpu_values import GPU_RESOURCE, GpuSettings, gpu_operator_values
from trimtab.provision.charts import GPU_OPERATOR
from trimtab_functions.capacity.documents import Document
from trimtab_functions.cluster.resources import MANAGED_BY, PART_LABEL, Resource, managed
from trimtab_functions.cluster.settings import Chart, Storage

HELM = "helm.m.crossplane.io/v1beta1"
KUBERNETES = "kubernetes.m.crossplane.io/v1alpha1"
PROTECTION = "protection.crossplane.io/v1beta1"

HELM_CONFIG_KEY = "helm-config"
KUBERNETES_CONFIG_KEY = "kubernetes-config"
GPU_OPERATOR_KEY = "gpu-operator"
STORAGE_CLASS_KEY = "storage-class"
KUBECONFIG = "kubeconfig"
"""The key in the secret."""


def kubeconfig_secret(name: str) -> str:
    """The secret, in the XR's namespace, that holds the cluster's kubeconfig."""
    return f"{name}-kubeconfig"


GOOGLE_IDENTITY: Document = {
    "type": "GoogleApplicationCredentials",
    "source": "InjectedIdentity",
}
"""The providers' own workload identity: GKE's kubeconfig names no user."""


def access(
    name: str,
    secret: str,
    after: tuple[str, ...],
    identity: Document | None = None,
    secret_key: str = KUBECONFIG,
) -> list[Resource]:
    """How providers reach the cluster.

    Args:
        name: the XR's; the configurations are called so.
        secret: of the XR's namespace, with the kubeconfig.
        after: what writes the secret.
        identity: who the providers are, where the kubeconfig does not say.
        secret_key: of the kubeconfig in the secret.
    """
    found = []
    for key, api in ((HELM_CONFIG_KEY, HELM), (KUBERNETES_CONFIG_KEY, KUBERNETES)):
        document: Document = {
            "apiVersion": api,
            "kind": "ProviderConfig",
            "metadata": {"name": name, "labels": {**MANAGED_BY, PART_LABEL: key}},
            "spec": {
                "credentials": {
                    "source": "Secret",
                    "secretRef": {"name": secret, "key": secret_key},
                },
                **({} if identity is None else {"identity": identity}),
            },
        }
        found.append(Resource(key, document, after))
    return found


def gpu_operator(
    name: str, chart: Chart, plan: CapacityPlan | None, image: NodeImage
) -> list[Resource]:
    """NVIDIA's operator, where the plan's pools have its GPUs and nobody else brings their driver.

    Args:
        name: the XR's.
        chart: what differs from the chart that Trimtab installs.
        plan: None where none can be used: then nobody knows whether it is needed.
        image: the GPU nodes'; it says who brings the driver.

    Raises:
        InputError: the values would leave the driver with two owners, or none.
    """
    if chart.enabled is False or plan is None or not _has_nvidia(plan):
        return []
    if chart.enabled is None and not row_of(image, "nvidia").installed:
        return []  # the cloud brings driver and device plugin
    tolerate = sorted(
        {taint.key for pool in plan.spec.pools for group in pool.groups for taint in group.taints}
    )
    values = gpu_operator_values(
        GpuSettings(image=image, tolerate=tuple(tolerate)),
        chart.values,
        "the XR's spec.gpuOperator",
    )
    release = {
        "chart": {
            "name": GPU_OPERATOR.chart,
            "repository": GPU_OPERATOR.repository,
            "version": chart.version or GPU_OPERATOR.version,
        },
        "namespace": chart.namespace or GPU_OPERATOR.namespace,
        "values": values,
    }
    document = managed(HELM, "Release", GPU_OPERATOR_KEY, release, _config(name))
    return [Resource(GPU_OPERATOR_KEY, document, (HELM_CONFIG_KEY,))]


def _has_nvidia(plan: CapacityPlan) -> bool:
    prefix = GPU_RESOURCE.partition("/")[0] + "/"
    return any(
        group.accelerator is not None and group.accelerator.resource.startswith(prefix)
        for pool in plan.spec.pools
        for group in pool.groups
    )


def storage_class(
    name: str,
    storage: Storage,
    provisioner: str,
    parameters: Mapping[str, str],
    mode: str = "WaitForFirstConsumer",
    *,
    expandable: bool = True,
) -> list[Resource]:
    """The cluster's default storage class.

    Args:
        name: the XR's.
        storage: whether there is to be one.
        provisioner, parameters: the driver's.
        mode: when a volume is bound.
        expandable: whether the driver lets volumes grow.
    """
    if not storage.default_class:
        return []
    manifest: dict[str, Any] = {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {
            "name": "trimtab-default",
            "annotations": {"storageclass.kubernetes.io/is-default-class": "true"},
        },
        "provisioner": provisioner,
        "parameters": dict(parameters),
        "volumeBindingMode": mode,
        "allowVolumeExpansion": expandable,
        "reclaimPolicy": "Delete",
    }
    return [kubernetes_object(name, STORAGE_CLASS_KEY, manifest)]


def kubernetes_object(name: str, key: str, manifest: Mapping[str, Any]) -> Resource:
    """An object inside the cluster."""
    document = managed(KUBERNETES, "Object", key, {"manifest": dict(manifest)}, _config(name))
    return Resource(key, document, (KUBERNETES_CONFIG_KEY,))


def stays_for(what: Mapping[str, str], part: str, by: Document, by_part: str) -> Resource:
    """Keeps a part of the XR from being deleted before another that needs it.

    Args:
        what: apiVersion and kind of the part that stays.
        by: the document of the part that needs it.
    """
    key = f"usage-{by_part}"
    document: Document = {
        "apiVersion": PROTECTION,
        "kind": "Usage",
        "metadata": {"labels": {**MANAGED_BY, PART_LABEL: key}},
        "spec": {
            "of": {**what, "resourceSelector": _selector(part)},
            "by": {
                "apiVersion": by["apiVersion"],
                "kind": by["kind"],
                "resourceSelector": _selector(by_part),
            },
            "replayDeletion": True,
        },
    }
    return Resource(key, document, (part, by_part))


def _selector(part: str) -> Document:
    return {"matchControllerRef": True, "matchLabels": {PART_LABEL: part}}


def _config(name: str) -> Document:
    return {"kind": "ProviderConfig", "name": name}
