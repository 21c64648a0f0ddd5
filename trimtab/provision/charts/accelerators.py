"""Drivers, device plugins and DRA: NVIDIA, AWS, AMD, Intel, FPGAs."""

from trimtab.provision.charts.model import ChartSource, ImageSource

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
