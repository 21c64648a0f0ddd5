"""Which cloud a cluster's objects are in: they do not say it, and what they are paid for hangs on it."""

from typing import NamedTuple

from trimtab.pricing.estimation import Facts


class Cloud(NamedTuple):
    """A provider and, where it is known, its region."""

    provider: str
    region: str | None


CLOUDS = ("aws", "azure", "gcp")

_CLUSTERS = {
    "aws_eks_cluster": "aws",
    "aws_eks_node_group": "aws",
    "karpenter.k8s.aws/EC2NodeClass": "aws",
    "eks.amazonaws.com/NodeClass": "aws",
    "infrastructure.cluster.x-k8s.io/AWSCluster": "aws",
    "azurerm_kubernetes_cluster": "azure",
    "azurerm_kubernetes_cluster_node_pool": "azure",
    "karpenter.azure.com/AKSNodeClass": "azure",
    "infrastructure.cluster.x-k8s.io/AzureCluster": "azure",
    "google_container_cluster": "gcp",
    "google_container_node_pool": "gcp",
    "karpenter.k8s.gcp/GCENodeClass": "gcp",
    "infrastructure.cluster.x-k8s.io/GCPCluster": "gcp",
}
"""Kinds that tell the cloud of the cluster that they are of."""

NODE_CLASSES = {
    "karpenter.k8s.aws": "aws",
    "eks.amazonaws.com": "aws",
    "karpenter.azure.com": "azure",
    "karpenter.k8s.gcp": "gcp",
}
"""The API groups of Karpenter's node classes, by their cloud."""


def cloud_of(facts: Facts) -> Cloud | None:
    """The cloud of an estate's Kubernetes objects; None where nothing tells it.

    In this order: the plan's site, what kind of cluster is among the resources, the one cloud whose
    region the user gives or whose resources there are.
    """
    return facts.once(_cloud)


def _cloud(facts: Facts) -> Cloud | None:
    plan = facts.settings.plan
    if plan is not None and plan.plan.spec.site.provider in CLOUDS:
        return Cloud(plan.plan.spec.site.provider, plan.plan.spec.site.region)
    regions: dict[str, set[str]] = {provider: set() for provider in CLOUDS}
    seen: set[str] = set()
    clusters: set[str] = set()
    for resource in facts.resources.values():
        provider = _CLUSTERS.get(resource.kind)
        if provider is not None:
            clusters.add(provider)
        if resource.provider in regions:
            seen.add(resource.provider)
            if resource.region:
                regions[resource.provider].add(resource.region)
    given = {name for name in facts.settings.regions if name in CLOUDS}
    for told in (clusters, given, seen):
        if len(told) == 1:
            provider = next(iter(told))
            return Cloud(provider, _region(facts, provider, regions[provider]))
    return None


def _region(facts: Facts, provider: str, seen: set[str]) -> str | None:
    """The user's, else the only one that resources have."""
    stated = facts.settings.regions.get(provider)
    return stated or (next(iter(seen)) if len(seen) == 1 else None)
