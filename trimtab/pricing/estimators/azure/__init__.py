"""What Azure takes money for."""

from trimtab.pricing.estimators.azure import (
    aks,
    apps,
    caches,
    cosmos,
    databases,
    disks,
    edge,
    machines,
    messaging,
    monitoring,
    network,
    sql,
    storage,
)

__all__ = [
    "aks",
    "apps",
    "caches",
    "cosmos",
    "databases",
    "disks",
    "edge",
    "machines",
    "messaging",
    "monitoring",
    "network",
    "sql",
    "storage",
]
