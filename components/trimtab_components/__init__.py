"""Pulumi components that a capacity plan sizes.

The components are imported when they are named: the AWS and Kubernetes SDKs take seconds to load.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trimtab_components.cluster import HeterogeneousCluster
    from trimtab_components.gpu_operator import GpuOperator
    from trimtab_components.karpenter import KarpenterPools
    from trimtab_components.network import Network

__all__ = ["GpuOperator", "HeterogeneousCluster", "KarpenterPools", "Network"]

_MODULES = {
    "GpuOperator": "gpu_operator",
    "HeterogeneousCluster": "cluster",
    "KarpenterPools": "karpenter",
    "Network": "network",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
