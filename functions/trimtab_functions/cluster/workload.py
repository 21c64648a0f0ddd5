"""What stands inside a cluster that was composed: drivers by Helm, the default storage class.

Pure. Both reach the cluster by a kubeconfig in a secret of the XR's namespace, through provider
configurations of the XR's own. Kinds of provider-helm (`helm.m.crossplane.io/v1beta1`) and
provider-kubernetes (`kubernetes.m.crossplane.io/v1alpha1`), CRDs read 2026-08; Crossplane's `Usage`
(`protection.crossplane.io/v1beta1`).
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from trimtab.plan.model import CapacityPlan, Group
from trimtab.provision.accelerators.compatibility import NodeImage, row_of
from trimtab.provision.accelerators.gpu_values import GPU_RESOURCE, GpuSettings, gpu_operator_values
from trimtab.provision.charts.accelerators import GPU_OPERATOR
from trimtab_functions.capacity.documents import Document
from trimtab_functions.cluster.resources import MANAGED_BY, PART_LABEL, Owner, Resource, managed
from trimtab_functions.cluster.settings import Chart, Storage

HELM = "helm.m.crossplane.io/v1beta1"
KUBERNETES = "kubernetes.m.crossplane.io/v1alpha1"
PROTECTION = "protection.crossplane.io/v1beta1"

HELM_CONFIG_KEY = "helm-config"
KUBERNETES_CONFIG_KEY = "kubernetes-config"
GPU_OPERATOR_KEY = "gpu-operator"
STORAGE_CLASS_KEY = "storage-class"
TPU_RESOURCE = "google.com/tpu"
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
    owner: Owner,
    secret: str,
    after: tuple[str, ...],
    identity: Document | None = None,
    secret_key: str = KUBECONFIG,
) -> list[Resource]:
    """How providers reach the cluster.

    Args:
        owner: the XR; the configurations are called as it is.
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
            "metadata": {"name": owner.name, "labels": {**MANAGED_BY, PART_LABEL: key}},
            "spec": {
                "credentials": {
                    "source": "Secret",
                    "secretRef": {
                        "name": secret,
                        "namespace": owner.namespace,
                        "key": secret_key,
                    },
                },
                **({} if identity is None else {"identity": identity}),
            },
        }
        found.append(Resource(key, document, after))
    return found


def groups_of(plan: CapacityPlan, pools: Collection[str]) -> list[Group]:
    """The groups of a plan that are in these pools: the others are for other clusters."""
    return [group for pool in plan.spec.pools if pool.name in pools for group in pool.groups]


def gpu_operator(
    name: str, chart: Chart, groups: Sequence[Group] | None, image: NodeImage
) -> list[Resource]:
    """NVIDIA's operator, where pools have its GPUs and nobody else brings all that they need.

    Args:
        name: the XR's.
        chart: what differs from the chart that Trimtab installs.
        groups: the plan's, in the cluster's pools; None where no plan can be used: then nobody knows
            whether it is needed, and which taints it must tolerate.
        image: the GPU nodes'; it says who brings the driver.

    Raises:
        InputError: the values would leave the driver with two owners, or none.
    """
    if chart.enabled is False or groups is None:
        return []
    needed = any(has_nvidia(each) for each in groups) and row_of(image, "nvidia").installed
    if chart.enabled is None and not needed:
        return []  # no GPU, or the cloud brings driver and device plugin
    tolerate = sorted({taint.key for group in groups for taint in group.taints})
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


def has_nvidia(group: Group) -> bool:
    """Whether a group's machines have GPUs of NVIDIA's."""
    vendor = GPU_RESOURCE.partition("/")[0]
    return group.accelerator is not None and group.accelerator.resource.startswith(f"{vendor}/")


def hosts_any_pod(group: Group) -> bool:
    """Whether pods that tolerate nothing may run on a group's nodes, at some time."""
    # GKE taints the nodes of TPU slices by itself.
    tainted = any(each.effect != "PreferNoSchedule" for each in group.taints) or (
        group.accelerator is not None and group.accelerator.resource == TPU_RESOURCE
    )
    return not tainted and any(window.max > 0 for window in group.windows)


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


def kubernetes_object(
    name: str,
    key: str,
    manifest: Mapping[str, Any],
    after: tuple[str, ...] = (),
    *,
    awaited: bool = False,
) -> Resource:
    """An object inside the cluster.

    Args:
        name: the XR's.
        key: the resource's.
        manifest: of the object.
        after: what comes before it, besides the way into the cluster.
        awaited: whether it is ready when all its conditions are true, and not by being there.
    """
    document = managed(KUBERNETES, "Object", key, {"manifest": dict(manifest)}, _config(name))
    if awaited:
        document["spec"]["readiness"] = {"policy": "AllTrue"}
    return Resource(key, document, (KUBERNETES_CONFIG_KEY, *after))


def stays_for(part: Resource, by: Resource) -> Resource:
    """Keeps a part of the XR from being deleted before another that needs it: without its cluster, or
    without the secret to reach it, what is inside could never be taken out."""
    key = f"usage-{part.key}-{by.key}"
    document: Document = {
        "apiVersion": PROTECTION,
        "kind": "Usage",
        "metadata": {"labels": {**MANAGED_BY, PART_LABEL: key}},
        "spec": {
            "of": _used(part),
            "by": _used(by),
            "replayDeletion": True,
        },
    }
    return Resource(key, document, beside=(part.key, by.key))


def _used(part: Resource) -> Document:
    return {
        "apiVersion": part.document["apiVersion"],
        "kind": part.document["kind"],
        "resourceSelector": {
            "matchControllerRef": True,
            "matchLabels": {PART_LABEL: part.document["metadata"]["labels"][PART_LABEL]},
        },
    }


def _config(name: str) -> Document:
    return {"kind": "ProviderConfig", "name": name}
