"""What Karpenter's objects have in common: their kinds, and how an object is held before it is made.

Sources: the CRDs of `github.com/aws/karpenter-provider-aws` v1.14.1, pkg/apis/crds; for EKS Auto Mode
the EKS user guide, "Create a Node Class" and "Create a Node Pool", 2026-11.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from trimtab.plan.eks import MAX_NAME
from trimtab.plan.model import Taint

NODE_POOL_API = "karpenter.sh/v1"
NODE_OVERLAY_API = "karpenter.sh/v1alpha1"
NODE_CLASS_API = "karpenter.k8s.aws/v1"
AUTO_NODE_CLASS_API = "eks.amazonaws.com/v1"
BUFFER_API = "autoscaling.x-k8s.io/v1beta1"
"""The one version that Karpenter's CRD serves; its documentation still writes v1alpha1."""

DISCOVERY_TAG = "karpenter.sh/discovery"
NODE_POOL_LABEL = "karpenter.sh/nodepool"
CAPACITY_TYPE_LABEL = "karpenter.sh/capacity-type"
INSTANCE_TYPE_LABEL = "node.kubernetes.io/instance-type"
ARCHITECTURE_LABEL = "kubernetes.io/arch"
ZONE_LABEL = "topology.kubernetes.io/zone"

Mode = Literal["karpenter", "eks-auto"]
"""Who runs Karpenter: whoever owns the cluster, or EKS (Auto Mode)."""

KEPT_BY_GITOPS = {
    "kustomize.toolkit.fluxcd.io/prune": "disabled",
    "argocd.argoproj.io/sync-options": "Prune=false",
}
"""On what holds nodes: when another generation takes its place in Git, a controller that prunes would
delete the old one, with its nodes, before the new one is ready. A person deletes it."""


@dataclass(frozen=True)
class KubernetesObject:
    """A Kubernetes object as plain data.

    Attributes:
        body: its fields besides metadata and spec, for the kinds that have others.
    """

    api_version: str
    kind: str
    name: str
    labels: dict[str, str]
    spec: dict[str, Any]
    annotations: Mapping[str, str] = field(default_factory=dict)
    namespace: str | None = None
    body: Mapping[str, Any] = field(default_factory=dict)

    def manifest(self) -> dict[str, Any]:
        """The object as an API server takes it."""
        metadata: dict[str, Any] = {"name": self.name, "labels": dict(self.labels)}
        if self.namespace:
            metadata["namespace"] = self.namespace
        if self.annotations:
            metadata["annotations"] = dict(self.annotations)
        spec = {"spec": self.spec} if self.spec else {}
        head = {"apiVersion": self.api_version, "kind": self.kind, "metadata": metadata}
        return {**head, **spec, **self.body}


def one_of(key: str, values: Iterable[str]) -> dict[str, Any]:
    """A requirement that a label has one of these values."""
    return {"key": key, "operator": "In", "values": list(values)}


def taint_fields(taints: Iterable[Taint]) -> list[dict[str, str]]:
    """Taints as Karpenter has them: an empty value is left out, for its CRD takes none."""
    return [
        {"key": t.key, "effect": t.effect, **({"value": t.value} if t.value else {})}
        for t in taints
    ]


def suffixed(name: str, suffix: str) -> str:
    """The name with a suffix, within what a label may hold: a digest stands for what is cut off."""
    if len(name) + len(suffix) <= MAX_NAME:
        return name + suffix
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    tail = f"-{digest}{suffix}"
    return name[: MAX_NAME - len(tail)].rstrip("-") + tail
