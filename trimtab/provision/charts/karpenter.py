"""Karpenter."""

from trimtab.provision.charts.model import ChartSource

_KARPENTER_SOURCE = (
    "https://github.com/aws/karpenter-provider-aws, tag v1.14.1: the version whose CRDs, chart values "
    "and IAM template were read; 1.15.1 is the newest published"
)
KARPENTER = ChartSource(
    chart="karpenter",
    version="1.14.1",
    repository="oci://public.ecr.aws/karpenter",
    namespace="kube-system",
    as_of="2026-11-23",
    source=_KARPENTER_SOURCE,
)
KARPENTER_CRD = ChartSource(
    chart="karpenter-crd",
    version="1.14.1",
    repository="oci://public.ecr.aws/karpenter",
    namespace="kube-system",
    as_of="2026-11-23",
    source=_KARPENTER_SOURCE,
)
