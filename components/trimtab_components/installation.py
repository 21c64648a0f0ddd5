"""A Helm chart in a cluster: rendered by Pulumi, or as a release that Flux makes.

Every component that installs a chart goes through here, so that all have one shape: a namespace, the
chart's source of `charts`, values, and an override of version, namespace and values.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pulumi
import pulumi_kubernetes as kubernetes

from trimtab_components.arguments import Override
from trimtab_components.charts import ChartSource

FLUX_RELEASE = "helm.toolkit.fluxcd.io/v2"
FLUX_SOURCE = "source.toolkit.fluxcd.io/v1"
FLUX_INTERVAL = "1h"

Delivery = Literal["chart", "flux"]


@dataclass(frozen=True)
class Release:
    """What is to be installed.

    Attributes:
        values: with the override's already laid over them.
        privileged: whether its pods load kernel modules or mount the host.
        own_namespace: whether the namespace is made here; kube-system is not.
        skip_crds: whether the chart's own CRDs are left out, since another release brings them.
    """

    source: ChartSource
    values: Mapping[str, Any]
    override: Override
    delivery: Delivery = "chart"
    labels: Mapping[str, str] | None = None
    privileged: bool = False
    own_namespace: bool = True
    skip_crds: bool = False

    @property
    def namespace(self) -> str:
        """Where it goes."""
        return self.override.namespace or self.source.namespace

    @property
    def version(self) -> str:
        """The chart's version."""
        return self.override.version or self.source.version


def standing_first(opts: pulumi.ResourceOptions | None) -> list[Any]:
    """What a component was told to come after.

    Pulumi makes the component wait for it, but not the component's children: hand it to each.
    """
    given: Any = None if opts is None else opts.depends_on
    if given is None:
        return []
    return list(given) if isinstance(given, list | tuple) else [given]


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
    if release.own_namespace:
        enforce = {"pod-security.kubernetes.io/enforce": "privileged"} if release.privileged else {}
        first.append(
            kubernetes.core.v1.Namespace(
                f"{name}-namespace",
                metadata=kubernetes.meta.v1.ObjectMetaArgs(
                    name=release.namespace, labels={**(release.labels or {}), **enforce} or None
                ),
                opts=pulumi.ResourceOptions(parent=parent, depends_on=list(depends_on)),
            )
        )
    options = pulumi.ResourceOptions(parent=parent, depends_on=first)
    return (_chart if release.delivery == "chart" else _flux)(name, release, options)


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
    policy = "Skip" if release.skip_crds else "CreateReplace"
    crds = {"crds": policy, "remediation": {"retries": 3}}
    return kubernetes.apiextensions.CustomResource(
        f"{name}-release",
        api_version=FLUX_RELEASE,
        kind="HelmRelease",
        metadata=metadata,
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
            "install": crds,
            "upgrade": crds,
            "values": dict(release.values),
        },
        opts=pulumi.ResourceOptions.merge(options, pulumi.ResourceOptions(depends_on=[repository])),
    )
