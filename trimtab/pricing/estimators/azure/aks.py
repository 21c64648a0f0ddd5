"""Azure Kubernetes Service: a cluster's fee by its tier, its pools' nodes with their disks, what it brings.

A cluster comes with a standard load balancer and an outbound address unless its network says otherwise.
"""

from collections.abc import Iterator

from trimtab.pricing.amount import Amount, between, exactly
from trimtab.pricing.estimation import Estimation
from trimtab.pricing.estimators import estimates
from trimtab.pricing.estimators.azure.disks import disk
from trimtab.pricing.estimators.azure.machines import machines, takes_premium, vcpus
from trimtab.pricing.model import Basis, Gap, Part
from trimtab.resources.inputs import Inputs

_OS_DISK_GIB = ((8, 128.0), (16, 256.0), (64, 512.0))
_LARGEST_OS_DISK_GIB = 1024.0
"""A node's disk where the pool says none, by fewer vCPUs than (learn.microsoft.com, AKS node pools)."""


@estimates("azurerm_kubernetes_cluster")
def cluster(at: Estimation) -> Iterator[Part]:
    """Its fee, its default pool, its load balancer."""
    yield from _fee(at)
    for pool in at.inputs.blocks("default_node_pool"):
        yield from nodes(at, pool)
    yield from _load_balancer(at)
    if at.inputs.flag("http_application_routing_enabled"):
        yield at.charge("DNS zone of its ingress", "azure/dns/zone")


def _fee(at: Estimation) -> Iterator[Part]:
    if at.inputs.unknown("sku_tier"):
        yield at.charge(
            "Standard tier", "azure/aks/standard", between(0.0, 1.0), basis=Basis.BOUNDS
        )
        return
    tier = at.inputs.text("sku_tier", "Free").lower()
    if tier in ("standard", "paid"):
        yield at.charge("Standard tier", "azure/aks/standard")
    elif tier == "premium":
        yield at.charge("Premium tier", "azure/aks/premium")


def has_load_balancer(inputs: Inputs) -> bool:
    """Whether a cluster brings a standard load balancer, for what leaves it."""
    profile = "network_profile"
    sku = inputs.text(f"{profile}.load_balancer_sku", "standard").lower()
    way = inputs.text(f"{profile}.outbound_type", "loadBalancer").lower()
    return (sku, way) == ("standard", "loadbalancer")


def _load_balancer(at: Estimation) -> Iterator[Part]:
    profile = "network_profile"
    if not has_load_balancer(at.inputs):
        return
    yield at.charge("load balancer", "azure/lb/standard", note="with up to five rules")
    outbound = f"{profile}.load_balancer_profile"
    own = (f"{outbound}.outbound_ip_address_ids", f"{outbound}.outbound_ip_prefix_ids")
    if not any(at.inputs.has(name) for name in own):  # addresses of one's own bill themselves
        addresses = at.inputs.count(f"{outbound}.managed_outbound_ip_count", 1)
        yield at.charge("outbound address", "azure/public-ip/standard", float(addresses))
    yield from at.used("load balancer data", "azure/lb/data", "load_balancer_gb")


@estimates("azurerm_kubernetes_cluster_node_pool")
def node_pool(at: Estimation) -> Iterator[Part]:
    """Its nodes and their disks."""
    yield from nodes(at, at.inputs)


def nodes(at: Estimation, pool: Inputs) -> Iterator[Part]:
    """A pool's machines and their system disks; ephemeral disks are the machines' own."""
    found = _size(pool)
    if found is None:
        yield Gap("nodes", "their number is known only after deployment, and nothing bounds it")
        return
    count, now, basis = found
    size = pool.text("vm_size")
    windows = pool.text("os_type").lower() == "windows" or pool.text("os_sku").lower().startswith(
        "windows"
    )
    system = "windows" if windows else "linux"
    yield from machines(at, "nodes", size, system, count, now, basis, pool)  # type: ignore[arg-type]
    if pool.text("os_disk_type", "Managed").lower() == "ephemeral":
        return
    gib = pool.number("os_disk_size_gb")
    if not gib:
        cores = vcpus(size)
        gib = 128.0 if cores is None else _default_gib(cores)
    if pool.unknown("os_disk_size_gb") or not size:
        yield Gap("node disks", "their size or the machine's is known only after deployment")
        return
    storage_type = "Premium_LRS" if takes_premium(size) else "Standard_LRS"
    yield disk(at, "node disks", storage_type, gib, count, basis)


def _default_gib(cores: int) -> float:
    return next((gib for below, gib in _OS_DISK_GIB if cores < below), _LARGEST_OS_DISK_GIB)


def _size(pool: Inputs) -> tuple[Amount, float | None, Basis] | None:
    declared = pool.number("node_count")
    low, high = pool.number("min_count"), pool.number("max_count")
    scales = pool.flag("auto_scaling_enabled", pool.flag("enable_auto_scaling"))
    if high is not None and (scales or low is not None):
        now = declared if declared is not None else low
        return between(low or 0.0, high, now), now, Basis.BOUNDS
    if scales or pool.unknown("node_count"):
        return None
    fixed = declared if declared is not None else low if low is not None else 1.0
    return exactly(fixed), fixed, Basis.DECLARED


@estimates("azurerm_kubernetes_fleet_manager", "azurerm_redhat_openshift_cluster")
def not_priced(at: Estimation) -> Iterator[Part]:
    """Clusters of clusters and OpenShift: no source gives a price."""
    yield Gap("cluster", f"no price of {at.resource.kind.removeprefix('azurerm_')}")
