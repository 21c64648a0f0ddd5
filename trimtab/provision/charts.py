"""The charts and images that Trimtab installs: where each comes from and which version, as of a date.

The one place for these facts; they age. The version is what was published on the date, and an
override of the shape {version, namespace, values} replaces it. `source` says where the version was
found and at which version the chart's values were read.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class ChartSource:
    """A chart's address.

    Attributes:
        as_of: the day on which the version was looked up.
        source: where.
    """

    chart: str
    version: str
    repository: str
    namespace: str
    as_of: str
    source: str


@dataclass(frozen=True)
class ImageSource:
    """A container image that Trimtab runs itself, where no chart does.

    Attributes:
        as_of: the day on which the version was looked up.
        source: where.
    """

    repository: str
    version: str
    as_of: str
    source: str

    @property
    def reference(self) -> str:
        """What a container's `image` is."""
        return f"{self.repository}:{self.version}"


GPU_OPERATOR = ChartSource(
    chart="gpu-operator",
    version="v26.7.0",
    repository="https://helm.ngc.nvidia.com/nvidia",
    namespace="gpu-operator",
    as_of="2026-11-23",
    source="https://github.com/NVIDIA/gpu-operator, tag v26.7.0",
)

NVIDIA_DRA_DRIVER = ChartSource(
    chart="dra-driver-nvidia-gpu",
    version="0.5.0",
    repository="oci://registry.k8s.io/dra-driver-nvidia/charts",
    namespace="dra-driver-nvidia-gpu",
    as_of="2026-11-23",
    source=(
        "the image that gpu-operator v26.7.0 pins; values of the repository "
        "kubernetes-sigs/dra-driver-nvidia-gpu at v0.5.0-dev, 2026-08-07"
    ),
)

NODE_FEATURE_DISCOVERY = ChartSource(
    chart="node-feature-discovery",
    version="0.20.0",
    repository="oci://registry.k8s.io/nfd/charts",
    namespace="node-feature-discovery",
    as_of="2026-11-23",
    source=(
        "its documentation, v0.20, Deployment with Helm; values of the repository at v0.20.0-devel, "
        "2026-07-30, the same as at v0.19.0 where Trimtab sets any"
    ),
)

NEURON = ChartSource(
    chart="neuron-helm-chart",
    version="1.10.0",
    repository="oci://public.ecr.aws/neuron",
    namespace="kube-system",
    as_of="2026-11-23",
    source="`helm show values` of 1.10.0 as published on 2026-09-11 (Neuron SDK 2.32)",
)

EFA = ChartSource(
    chart="aws-efa-k8s-device-plugin",
    version="v0.5.30",
    repository="https://aws.github.io/eks-charts",
    namespace="kube-system",
    as_of="2026-11-23",
    source="https://github.com/aws/eks-charts at 5239609, 2026-08-03",
)

AMD_GPU_OPERATOR = ChartSource(
    chart="gpu-operator-charts",
    version="v1.5.1",
    repository="https://rocm.github.io/gpu-operator",
    namespace="kube-amd-gpu",
    as_of="2026-11-23",
    source="https://github.com/ROCm/gpu-operator, tag v1.5.1",
)

_INTEL = "https://github.com/intel/helm-charts at 110e39e, 2026-05-29; the operator's own v0.36.0"

INTEL_OPERATOR = ChartSource(
    chart="intel-device-plugins-operator",
    version="0.36.0",
    repository="https://intel.github.io/helm-charts",
    namespace="inteldeviceplugins-system",
    as_of="2026-11-23",
    source=_INTEL,
)

INTEL_GPU = ChartSource(
    chart="intel-device-plugins-gpu",
    version="0.36.0",
    repository="https://intel.github.io/helm-charts",
    namespace="inteldeviceplugins-system",
    as_of="2026-11-23",
    source=_INTEL,
)

INTEL_QAT = ChartSource(
    chart="intel-device-plugins-qat",
    version="0.36.0",
    repository="https://intel.github.io/helm-charts",
    namespace="inteldeviceplugins-system",
    as_of="2026-11-23",
    source=_INTEL,
)

GAUDI_PLUGIN = ImageSource(
    repository="vault.habana.ai/docker-k8s-device-plugin/docker-k8s-device-plugin",
    version="1.22.1-6",
    as_of="2026-11-23",
    source="Intel's Enterprise Inference guide, which recommends it; its DaemonSet as Karpenter's "
    "tests for AWS have it",
)

FPGA_PLUGIN = ImageSource(
    repository="public.ecr.aws/xilinx_dcg/k8s-device-plugin",
    version="1.1.0",
    as_of="2026-11-23",
    source="https://github.com/Xilinx/FPGA_as_a_Service, k8s-device-plugin, 2025-01-28; Xilinx Video "
    "SDK v3.0, Deploying with Kubernetes",
)

INTEL_FPGA_PLUGIN = ImageSource(
    repository="docker.io/intel/intel-fpga-plugin",
    version="0.36.0",
    as_of="2026-11-23",
    source="https://github.com/intel/intel-device-plugins-for-kubernetes, tag v0.36.0, "
    "deployments/operator/samples",
)

INTEL_FPGA_INIT = ImageSource(
    repository="docker.io/intel/intel-fpga-initcontainer",
    version="0.36.0",
    as_of="2026-11-23",
    source=INTEL_FPGA_PLUGIN.source,
)

KUBECTL = ImageSource(
    repository="registry.k8s.io/kubectl",
    version="v1.36.3",
    as_of="2026-11-23",
    source="Kubernetes v1.36, published images; build/server-image/kubectl: no shell, its entry point "
    "is kubectl",
)

PAUSE = ImageSource(
    repository="registry.k8s.io/pause",
    version="3.10.2",
    as_of="2026-11-23",
    source="Kubernetes v1.36.3, build/dependencies.yaml",
)

SYSTEM_UPGRADE_CONTROLLER = ImageSource(
    repository="docker.io/rancher/system-upgrade-controller",
    version="v0.20.1",
    as_of="2026-11-23",
    source="https://github.com/rancher/system-upgrade-controller, tag v0.20.1, 2026-05-19; its manifests",
)

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

CHARTS = (
    GPU_OPERATOR,
    NVIDIA_DRA_DRIVER,
    NODE_FEATURE_DISCOVERY,
    NEURON,
    EFA,
    AMD_GPU_OPERATOR,
    INTEL_OPERATOR,
    INTEL_GPU,
    INTEL_QAT,
)
"""The charts of accelerators."""

IMAGES = (
    GAUDI_PLUGIN,
    FPGA_PLUGIN,
    INTEL_FPGA_PLUGIN,
    INTEL_FPGA_INIT,
    KUBECTL,
    PAUSE,
    SYSTEM_UPGRADE_CONTROLLER,
)
"""The images that are run without a chart."""
