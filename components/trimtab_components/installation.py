"""A Helm chart in a cluster: rendered by Pulumi, or as a release that Flux makes.

Every component that installs a chart goes through here, so that all have one shape: a namespace, the
chart's source of `charts`, values, and an override of version, namespace and values.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pulumi
import pulumi_kubernetes as kubernetes

from trimtab.provision.arguments import Override
from trimtab.provision.charts import ChartSource

FLUX_RELEASE = "helm.toolkit.fluxcd.io/v2"
FLUX_SOURCE = "source.toolkit.fluxcd.io/v1"
FLUX_INTERVAL = "1h"
AWAITED = {"pulumi.com/waitFor": "condition=Ready"}
"""Has Pulumi wait until Flux has installed a release: before that the chart's kinds are not there."""
CLUSTERS_OWN = ("default", "kube-node-lease", "kube-public", "kube-system")
"""Namespaces that every cluster has."""
CRITICAL_CLASSES = ("system-node-critical", "system-cluster-critical")
MOST_CRITICAL_PODS = 200_000
"""More than any cluster has: the quota allows, it does not limit."""

Delivery = Literal["chart", "flux"]
PodSecurity = Literal["privileged", "restricted"]
"""What a namespace's pods may do, as Kubernetes' Pod Security Standards have it."""


@dataclass(frozen=True)
class Release:
    """What is to be installed.

    Attributes:
        values: with the override's already laid over them.
        privileged: whether its pods load kernel modules or mount the host.
        own_namespace: whether the namespace is made here; one that every cluster has never is.
        skip_crds: whether the chart's own CRDs are left out, since another release brings them.
        requires: charts of the same namespace whose kinds it uses; Flux installs them first.
        critical_quota: whether the cluster admits critical pods only under a quota, as GKE does.
    """

    source: ChartSource
    values: Mapping[str, Any]
    override: Override
    delivery: Delivery = "chart"
    labels: Mapping[str, str] | None = None
    privileged: bool = False
    own_namespace: bool = True
    skip_crds: bool = False
    requires: tuple[ChartSource, ...] = ()
    critical_quota: bool = False

    @property
    def namespace(self) -> str:
        """Where it goes."""
        return self.override.namespace or self.source.namespace

    @property
    def version(self) -> str:
        """The chart's version."""
        return self.override.version or self.source.version


def install(
    name: str,
    release: Release,
    parent: pulumi.Resource,
    depends_on: Sequence[Any] = (),
) -> pulumi.Resource:
    """The release's resources, as children of the component.

    Args:
        name: the component's name; the resources' begin with it.
        release: what to install.
        parent: the component.
        depends_on: what must stand first.

    Returns:
        What is to stand before anything that needs the chart's kinds: the chart or Flux's release.
    """
    first = list(depends_on)
    if release.own_namespace and release.namespace not in CLUSTERS_OWN:
        first.append(
            pods_namespace(
                f"{name}-namespace",
                release.namespace,
                release.labels or {},
                "privileged" if release.privileged else None,
                pulumi.ResourceOptions(parent=parent, depends_on=list(depends_on)),
            )
        )
    if release.critical_quota:
        first.append(allow_critical_pods(name, release.namespace, release.labels, parent, first))
    options = pulumi.ResourceOptions(parent=parent, depends_on=first)
    return (_chart if release.delivery == "chart" else _flux)(name, release, options)


def pods_namespace(
    resource_name: str,
    namespace: str,
    labels: Mapping[str, str],
    security: PodSecurity | None,
    options: pulumi.ResourceOptions,
) -> pulumi.Resource:
    """A namespace.

    Args:
        security: what is enforced on its pods; None for the cluster's own default.
    """
    enforce = {"pod-security.kubernetes.io/enforce": security} if security else {}
    return kubernetes.core.v1.Namespace(
        resource_name,
        metadata=kubernetes.meta.v1.ObjectMetaArgs(
            name=namespace, labels={**labels, **enforce} or None
        ),
        opts=options,
    )


def allow_critical_pods(
    name: str,
    namespace: str,
    labels: Mapping[str, str] | None,
    parent: pulumi.Resource,
    depends_on: Sequence[Any],
) -> pulumi.Resource:
    """A quota under which pods of Kubernetes' critical priorities may run in the namespace.

    GKE refuses them outside kube-system where there is none, and a device plugin is one of them.
    Source: NVIDIA GPU Operator with Google GKE; NVIDIA/aicr#921.
    """
    scope = {"scopeName": "PriorityClass", "operator": "In", "values": list(CRITICAL_CLASSES)}
    spec: Any = {
        "hard": {"pods": str(MOST_CRITICAL_PODS)},
        "scopeSelector": {"matchExpressions": [scope]},
    }
    return kubernetes.core.v1.ResourceQuota(
        f"{name}-critical-pods",
        metadata=kubernetes.meta.v1.ObjectMetaArgs(
            name="trimtab-critical-pods", namespace=namespace, labels=dict(labels or {}) or None
        ),
        spec=spec,
        opts=pulumi.ResourceOptions(parent=parent, depends_on=list(depends_on)),
    )


def _chart(name: str, release: Release, options: pulumi.ResourceOptions) -> pulumi.Resource:
    # helm.v4.Chart, for a helm.v3.Release is sent to the cluster and never rendered.
    source = release.source
    oci = source.repository.startswith("oci://")
    return kubernetes.helm.v4.Chart(
        name,
        name=source.chart,
        chart=f"{source.repository}/{source.chart}" if oci else source.chart,
        version=release.version,
        repository_opts=(
            None if oci else kubernetes.helm.v4.RepositoryOptsArgs(repo=source.repository)
        ),
        namespace=release.namespace,
        values=dict(release.values),
        skip_crds=release.skip_crds or None,
        opts=options,
    )


def _flux(name: str, release: Release, options: pulumi.ResourceOptions) -> pulumi.Resource:
    source = release.source
    # No empty map: of a kind that the provider has no schema of, it would be a change at every preview.
    metadata = kubernetes.meta.v1.ObjectMetaArgs(
        name=source.chart, namespace=release.namespace, labels=dict(release.labels or {}) or None
    )
    oci = {"type": "oci"} if source.repository.startswith("oci://") else {}
    repository = kubernetes.apiextensions.CustomResource(
        f"{name}-repository",
        api_version=FLUX_SOURCE,
        kind="HelmRepository",
        metadata=metadata,
        spec={"url": source.repository, "interval": FLUX_INTERVAL, **oci},
        opts=options,
    )
    after = [{"name": chart.chart} for chart in release.requires]
    policy = "Skip" if release.skip_crds else "CreateReplace"
    crds = {"crds": policy, "remediation": {"retries": 3}}
    return kubernetes.apiextensions.CustomResource(
        f"{name}-release",
        api_version=FLUX_RELEASE,
        kind="HelmRelease",
        metadata=kubernetes.meta.v1.ObjectMetaArgs(
            name=source.chart,
            namespace=release.namespace,
            labels=dict(release.labels or {}) or None,
            annotations=AWAITED,
        ),
        spec={
            "interval": FLUX_INTERVAL,
            "releaseName": source.chart,
            "chart": {
                "spec": {
                    "chart": source.chart,
                    "version": release.version,
                    "interval": FLUX_INTERVAL,
                    "sourceRef": {"kind": "HelmRepository", "name": source.chart},
                }
            },
            **({"dependsOn": after} if after else {}),
            "install": crds,
            "upgrade": crds,
            "values": dict(release.values),
        },
        opts=pulumi.ResourceOptions.merge(options, pulumi.ResourceOptions(depends_on=[repository])),
    )
