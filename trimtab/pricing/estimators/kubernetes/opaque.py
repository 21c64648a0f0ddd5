"""What another process fills, out of sight: it costs what it installs, and nobody here knows what that is."""

from collections.abc import Iterator

from trimtab.pricing.estimation import Estimation
from trimtab.pricing.estimators import estimates
from trimtab.pricing.model import Gap, Part


@estimates(
    "argoproj.io/Application",
    "argoproj.io/ApplicationSet",
    "helm.crossplane.io/Release",
    "helm.m.crossplane.io/Release",
    "helm.sh/Chart",
    "helm.sh/Release",
    "helm.cattle.io/HelmChart",
    "helm.toolkit.fluxcd.io/HelmRelease",
    "kustomize.toolkit.fluxcd.io/Kustomization",
    "kustomize/Directory",
    "yaml/ConfigFile",
    "yaml/ConfigGroup",
    "addons.cluster.x-k8s.io/HelmChartProxy",
    "opentofu.upbound.io/Workspace",
    "tf.upbound.io/Workspace",
    "helm_release",
)
def opaque(_: Estimation) -> Iterator[Part]:
    yield Gap("what it installs", "what it installs is not seen")
