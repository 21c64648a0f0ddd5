"""Pulumi components that a capacity plan sizes.

The components are imported when they are named: the SDKs of the clouds take seconds to load, and those
of GKE and AKS are extras (`trimtab-components[gke]`, `[aks]`).
"""

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from trimtab.errors import EngineError

if TYPE_CHECKING:
    from trimtab_components.accelerators.accelerators import Accelerators
    from trimtab_components.accelerators.amd import AmdGpuOperator
    from trimtab_components.accelerators.discovery import NodeFeatureDiscovery
    from trimtab_components.accelerators.efa import EfaDevices
    from trimtab_components.accelerators.fpga import FpgaDevices
    from trimtab_components.accelerators.gpu_operator import GpuOperator
    from trimtab_components.accelerators.intel import IntelDevices
    from trimtab_components.accelerators.neuron import NeuronDevices
    from trimtab_components.accelerators.nvidia_dra import NvidiaDraDriver
    from trimtab_components.aks.cluster import AksCluster
    from trimtab_components.delivery.crossplane import CrossplaneControlPlane
    from trimtab_components.delivery.gitops import GitOps
    from trimtab_components.delivery.policy_engine import PolicyEngine
    from trimtab_components.edge.k3s import K3sCluster
    from trimtab_components.edge.microk8s import MicroK8sCluster
    from trimtab_components.eks.cluster import HeterogeneousCluster
    from trimtab_components.eks.network import Network
    from trimtab_components.existing.cluster import ExistingCluster
    from trimtab_components.gke.cluster import GkeCluster
    from trimtab_components.governance.governance import CostGovernance
    from trimtab_components.karpenter.controller import KarpenterController
    from trimtab_components.karpenter.pools import KarpenterPools
    from trimtab_components.observability.observability import Observability
    from trimtab_components.purchases.commitments import Commitments
    from trimtab_components.queueing.queueing import Queueing
    from trimtab_components.storage.classes import StorageClasses
    from trimtab_components.storage.lifecycle import DataLifecycle

__all__ = [
    "Accelerators",
    "AksCluster",
    "AmdGpuOperator",
    "Commitments",
    "CostGovernance",
    "CrossplaneControlPlane",
    "DataLifecycle",
    "EfaDevices",
    "ExistingCluster",
    "FpgaDevices",
    "GitOps",
    "GkeCluster",
    "GpuOperator",
    "HeterogeneousCluster",
    "IntelDevices",
    "K3sCluster",
    "KarpenterController",
    "KarpenterPools",
    "MicroK8sCluster",
    "Network",
    "NeuronDevices",
    "NodeFeatureDiscovery",
    "NvidiaDraDriver",
    "Observability",
    "PolicyEngine",
    "Queueing",
    "StorageClasses",
]

_MODULES = {
    "Accelerators": "accelerators.accelerators",
    "AksCluster": "aks.cluster",
    "AmdGpuOperator": "accelerators.amd",
    "Commitments": "purchases.commitments",
    "CostGovernance": "governance.governance",
    "CrossplaneControlPlane": "delivery.crossplane",
    "DataLifecycle": "storage.lifecycle",
    "EfaDevices": "accelerators.efa",
    "ExistingCluster": "existing.cluster",
    "FpgaDevices": "accelerators.fpga",
    "GitOps": "delivery.gitops",
    "GkeCluster": "gke.cluster",
    "GpuOperator": "accelerators.gpu_operator",
    "HeterogeneousCluster": "eks.cluster",
    "IntelDevices": "accelerators.intel",
    "K3sCluster": "edge.k3s",
    "KarpenterController": "karpenter.controller",
    "KarpenterPools": "karpenter.pools",
    "MicroK8sCluster": "edge.microk8s",
    "Network": "eks.network",
    "NeuronDevices": "accelerators.neuron",
    "NodeFeatureDiscovery": "accelerators.discovery",
    "NvidiaDraDriver": "accelerators.nvidia_dra",
    "Observability": "observability.observability",
    "PolicyEngine": "delivery.policy_engine",
    "Queueing": "queueing.queueing",
    "StorageClasses": "storage.classes",
}
_EXTRAS = {
    "AksCluster": "pulumi_azure",
    "GkeCluster": "pulumi_gcp",
    "K3sCluster": "pulumi_command",
    "MicroK8sCluster": "pulumi_command",
}
"""The SDK that a component needs beyond the distribution's own requirements."""


def installed() -> tuple[str, ...]:
    """The components whose SDKs are there."""
    return tuple(
        name for name in __all__ if name not in _EXTRAS or find_spec(_EXTRAS[name]) is not None
    )


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    sdk = _EXTRAS.get(name)
    if sdk is not None and find_spec(sdk) is None:
        extra = _MODULES[name].partition(".")[0]
        raise EngineError(
            f"{name} needs {sdk.replace('_', '-')}, which is not installed",
            mend=f"pip install 'trimtab-components[{extra}]'",
        )
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
