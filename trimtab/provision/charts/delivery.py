"""What delivers: Flux, Argo CD, Crossplane with its packages, and the policy engines.

Crossplane's packages are images too; `repository` is what a Provider's or Function's `package` names.
"""

from trimtab import __version__
from trimtab.provision.charts.model import ChartSource, ImageSource

_AS_OF = "2026-11-23"

FLUX = ChartSource(
    chart="flux2",
    version="2.18.3",
    repository="https://fluxcd-community.github.io/helm-charts",
    namespace="flux-system",
    as_of=_AS_OF,
    source="https://github.com/fluxcd-community/helm-charts, commit 82a385b0, charts/flux2: Flux 2.8.5",
)
ARGO_CD = ChartSource(
    chart="argo-cd",
    version="10.1.1",
    repository="https://argoproj.github.io/argo-helm",
    namespace="argocd",
    as_of=_AS_OF,
    source="https://github.com/argoproj/argo-helm, tag argo-cd-10.1.1: Argo CD v3.4.4",
)
CROSSPLANE = ChartSource(
    chart="crossplane",
    version="2.2.4",
    repository="https://charts.crossplane.io/stable",
    namespace="crossplane-system",
    as_of=_AS_OF,
    source="https://github.com/crossplane/crossplane, tag v2.2.4, cluster/charts/crossplane; "
    "2.3.4 is the newest published",
)
GATEKEEPER = ChartSource(
    chart="gatekeeper",
    version="3.23.0",
    repository="https://open-policy-agent.github.io/gatekeeper/charts",
    namespace="gatekeeper-system",
    as_of=_AS_OF,
    source="https://github.com/open-policy-agent/gatekeeper, tag v3.23.0, charts/gatekeeper",
)
KYVERNO = ChartSource(
    chart="kyverno",
    version="3.9.0",
    repository="https://kyverno.github.io/kyverno",
    namespace="kyverno",
    as_of=_AS_OF,
    source="https://github.com/kyverno/kyverno, tag kyverno-chart-3.9.0: Kyverno v1.19.0",
)


def _package(name: str, version: str, repository: str) -> ImageSource:
    return ImageSource(
        repository=f"xpkg.crossplane.io/crossplane-contrib/{name}",
        version=version,
        as_of=_AS_OF,
        source=f"https://github.com/crossplane-contrib/{repository}, tag {version}",
    )


_AWS, _GCP, _AZURE = (
    ("v2.6.0", "provider-upjet-aws"),
    ("v3.0.0", "provider-upjet-gcp"),
    ("v2.7.0", "provider-upjet-azure"),
)
PROVIDER_FAMILY_AWS = _package("provider-family-aws", *_AWS)
PROVIDER_AWS_AUTOSCALING = _package("provider-aws-autoscaling", *_AWS)
PROVIDER_AWS_EC2 = _package("provider-aws-ec2", *_AWS)
PROVIDER_AWS_EKS = _package("provider-aws-eks", *_AWS)
PROVIDER_AWS_IAM = _package("provider-aws-iam", *_AWS)
PROVIDER_AWS_LAMBDA = _package("provider-aws-lambda", *_AWS)
PROVIDER_FAMILY_GCP = _package("provider-family-gcp", *_GCP)
PROVIDER_GCP_CLOUDPLATFORM = _package("provider-gcp-cloudplatform", *_GCP)
PROVIDER_GCP_COMPUTE = _package("provider-gcp-compute", *_GCP)
PROVIDER_GCP_CONTAINER = _package("provider-gcp-container", *_GCP)
PROVIDER_FAMILY_AZURE = _package("provider-family-azure", *_AZURE)
PROVIDER_AZURE_CONTAINERSERVICE = _package("provider-azure-containerservice", *_AZURE)
PROVIDER_KUBERNETES = _package("provider-kubernetes", "v1.2.1", "provider-kubernetes")
PROVIDER_HELM = _package("provider-helm", "v1.4.0", "provider-helm")
FUNCTION_AUTO_READY = _package("function-auto-ready", "v0.7.0", "function-auto-ready")
FUNCTION_SEQUENCER = _package("function-sequencer", "v0.6.0", "function-sequencer")

FUNCTION_TRIMTAB = ImageSource(
    repository="ghcr.io/trimtab/function-trimtab-capacity",
    version=f"v{__version__}",
    as_of=_AS_OF,
    source="functions/deploy/function.yaml; `make xpkg` builds it and you push it",
)
