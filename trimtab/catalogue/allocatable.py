"""What Kubernetes leaves of a node for a workload's pods.

The hypervisor, the kubelet's reservation and eviction threshold, and the daemons of any cluster come
off a node's nominal size. The formulas are those of the provisioners themselves: Karpenter's AWS and
Azure providers (2026-08; the former follows the EKS images, the latter AKS) and GKE's documentation;
GKE's stand for any other provider. Against
Karpenter's published figures of the 1,274 AWS types with 8 GiB or more, vCPUs agree exactly and
memory within 2 % for 1,094 of them; the rest differ in their pod limit, which no price table tells.
"""

from functools import lru_cache

# Share of nominal memory that the hypervisor and the kernel keep: Karpenter's default, both clouds.
VM_MEMORY_OVERHEAD = 0.075

# What the daemons of an ordinary cluster ask for on every node: kube-proxy, CNI, CSI, a log shipper
# and a metrics exporter. An assumption of Trimtab's; the formulas leave it to the user.
DAEMON_VCPU = 0.25
DAEMON_MEMORY_GIB = 0.5

MAX_PODS = 100
"""Replicas of one workload on a node at most: the kubelet's default of 110, less ten daemons."""

# (up to this size, share of it reserved): cumulative brackets.
_CPU_BRACKETS = ((1.0, 0.06), (2.0, 0.01), (4.0, 0.005), (float("inf"), 0.0025))
_MEMORY_BRACKETS = ((4.0, 0.25), (8.0, 0.20), (16.0, 0.10), (128.0, 0.06), (float("inf"), 0.02))

# EKS reserves 255 MiB and 11 MiB a pod; the pod limit follows network interfaces, which grow with
# vCPUs as here in the general-purpose families.
_EKS_PODS = ((2.0, 29), (8.0, 58), (48.0, 234), (float("inf"), 737))

_EVICTION_GIB = {"azure": 750 / 1024}
_DEFAULT_EVICTION_GIB = 100 / 1024


def _taxed(size: float, brackets: tuple[tuple[float, float], ...]) -> float:
    """The sum over brackets of the part of `size` in each, times its rate."""
    tax, low = 0.0, 0.0
    for high, rate in brackets:
        tax += max(min(size, high) - low, 0.0) * rate
        low = high
    return tax


def kubelet_vcpu(vcpu: float) -> float:
    """vCPUs that pods may request on a node of that size, daemons included."""
    return vcpu - _taxed(vcpu, _CPU_BRACKETS)


def kubelet_memory_gib(provider: str, vcpu: float | None, memory_gib: float) -> float:
    """GiB that pods may request on a node of that size, daemons included."""
    usable = memory_gib * (1 - VM_MEMORY_OVERHEAD)
    eviction = _EVICTION_GIB.get(provider, _DEFAULT_EVICTION_GIB)
    if provider == "aws":
        pods = next(count for size, count in _EKS_PODS if (vcpu or 0.0) <= size)
        return usable - (255 + 11 * pods) / 1024 - eviction
    return usable - _taxed(memory_gib, _MEMORY_BRACKETS) - eviction


@lru_cache(maxsize=8192)
def allocatable(
    provider: str, vcpu: float | None, memory_gib: float | None
) -> tuple[float | None, float | None]:
    """vCPUs and GiB left for a workload's pods on one node, never negative; None where unknown."""
    cores = None if vcpu is None else max(kubelet_vcpu(vcpu) - DAEMON_VCPU, 0.0)
    gib = None
    if memory_gib is not None:
        gib = max(kubelet_memory_gib(provider, vcpu, memory_gib) - DAEMON_MEMORY_GIB, 0.0)
    return cores, gib
