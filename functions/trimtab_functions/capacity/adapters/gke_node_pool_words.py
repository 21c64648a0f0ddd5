"""What a group's nodes are, in the words of the NodePool of Crossplane's Google provider, and back.

Pure. `container.gcp.m.upbound.io/v1beta1` NodePool of crossplane-contrib/provider-upjet-gcp, its CRD
read at commit 8da2207a5a21 (2026-08-07). What the shapes say is `trimtab.provision.gke`'s, which the Pulumi
component carries out too.
"""

from collections.abc import Mapping
from typing import Any

from trimtab.plan.model import Pool
from trimtab.provision.arguments import checked
from trimtab.provision.gke.gpus import Gpus
from trimtab.provision.gke.pools import Driver, NodeShape, PoolChoices, upgrades
from trimtab.provision.gke.provisioning import (
    RESERVATION_KEY,
    Provisioning,
    Queued,
    Reservation,
    Spot,
    Standard,
)
from trimtab.provision.pool_settings import Settings
from trimtab_functions.capacity.documents import (
    Document,
    count,
    items,
    mapping,
    section,
    text,
    texts,
)

DRIVERS: Mapping[Driver, str] = {
    "default": "DEFAULT",
    "latest": "LATEST",
    "none": "INSTALLATION_DISABLED",
}
_DRIVER_OF = {word: driver for driver, word in DRIVERS.items()}
_STRATEGIES = {"TIME_SHARING": "time-slicing", "MPS": "mps"}
_SCOPE = "https://www.googleapis.com/auth/cloud-platform"
DEFAULT_VOLUME_GIB = 100
REGIONAL_ZONES = 3
"""Zones of the nodes of a regional cluster that names none: GKE takes three."""


def first_accelerator(provider: Mapping[str, Any]) -> Mapping[str, Any]:
    """The GPUs that a node pool states."""
    found = items(section(provider, "nodeConfig").get("guestAccelerator"))
    return mapping(found[0]) if found else {}


def zones_of(provider: Mapping[str, Any]) -> tuple[str, ...]:
    """The zones of the nodes; none where they are not stated."""
    stated = texts(provider.get("nodeLocations"))
    location = text(provider.get("location")) or ""
    # A zone is a region and a letter.
    return stated or ((location,) if location[-2:-1] == "-" else ())


def zone_count(provider: Mapping[str, Any]) -> int:
    """How many zones the nodes stand in, as far as it is stated."""
    return len(zones_of(provider)) or REGIONAL_ZONES


def topology_of(provider: Mapping[str, Any]) -> str | None:
    """The topology of its TPU slice."""
    return text(section(provider, "placementPolicy").get("tpuTopology"))


def provisioning_of(provider: Mapping[str, Any]) -> Provisioning:
    """How its nodes come."""
    config = section(provider, "nodeConfig")
    affinity = section(config, "reservationAffinity")
    if section(provider, "queuedProvisioning").get("enabled") is True:
        return Queued()
    if affinity.get("consumeReservationType") == "SPECIFIC_RESERVATION":
        return Reservation(next(iter(texts(affinity.get("values"))), ""))
    # Preemptible machines are Spot's forerunner: they end after a day, so they are no Standard ones.
    return Spot() if config.get("spot") is True else Standard()


def choices_of(pool: Pool, provider: Mapping[str, Any]) -> PoolChoices:
    """What an earlier step's node pool chooses of what a plan leaves open."""
    installation = section(first_accelerator(provider), "gpuDriverInstallationConfig")
    topology = topology_of(provider)
    queued = isinstance(provisioning_of(provider), Queued)
    return PoolChoices(
        zones=zones_of(provider),
        volume_gib=count(section(provider, "nodeConfig").get("diskSizeGb")) or DEFAULT_VOLUME_GIB,
        autoscaled=True,
        tags={},
        pool_zones={},
        tpu_topologies={pool.name: topology} if topology else {},
        queued=frozenset({pool.name} if queued else ()),
        driver=_DRIVER_OF.get(text(installation.get("gpuDriverVersion")) or "", "default"),
    )


def settings_of(provider: Mapping[str, Any], where: str) -> Settings:
    """How the nodes are set up, as far as shapes hang on it.

    Raises:
        InputError: something of it contradicts something else.
    """
    gpus = first_accelerator(provider)
    shared = section(gpus, "gpuSharingConfig")
    placement = section(provider, "placementPolicy")
    return checked(
        Settings,
        {
            "placement_group": placement.get("type") == "COMPACT" and not topology_of(provider),
            "mig_profile": text(gpus.get("gpuPartitionSize")),
            "sharing": _STRATEGIES.get(text(shared.get("gpuSharingStrategy")) or ""),
            "sharing_replicas": count(shared.get("maxSharedClientsPerGpu")),
        },
        where,
    )


def accelerator(gpus: Gpus, driver: str) -> Document:
    """The GPUs of a node.

    Args:
        driver: the version that GKE installs, in its word.
    """
    found: Document = {
        "type": gpus.type,
        "count": gpus.count,
        "gpuDriverInstallationConfig": {"gpuDriverVersion": driver},
    }
    if gpus.partition is not None:
        found["gpuPartitionSize"] = gpus.partition
    if gpus.sharing is not None:
        strategy, clients = gpus.sharing
        found["gpuSharingConfig"] = {
            "gpuSharingStrategy": strategy,
            "maxSharedClientsPerGpu": clients,
        }
    return found


def affinity(provisioning: Provisioning) -> Document | None:
    """Which reservations the nodes may use; None where GKE's own choice holds."""
    match provisioning:
        case Reservation(name):
            return {
                "consumeReservationType": "SPECIFIC_RESERVATION",
                "key": RESERVATION_KEY,
                "values": [name],
            }
        case Queued():
            return {"consumeReservationType": "NO_RESERVATION"}
    return None


def upgrade_settings(nodes: NodeShape) -> Document:
    """How many nodes an upgrade may have more, or fewer."""
    surge, unavailable = upgrades(nodes, None, 0)
    return {"strategy": "SURGE", "maxSurge": surge, "maxUnavailable": unavailable}


def node_config(nodes: NodeShape, image_type: str, driver: Driver) -> Document:
    """A composed pool's nodes, but for what `decided_config` states."""
    config: Document = {
        "imageType": image_type,
        "diskSizeGb": nodes.volume_gib,
        "oauthScopes": [_SCOPE],
        "metadata": {"disable-legacy-endpoints": "true"},
        "workloadMetadataConfig": {"mode": "GKE_METADATA"},
        "shieldedInstanceConfig": {
            # Drivers that somebody else installs are not signed by Google.
            "enableSecureBoot": nodes.gpus is None or driver != "none",
            "enableIntegrityMonitoring": True,
        },
        "labels": nodes.labels,
    }
    if nodes.taints:
        config["taint"] = [dict(each) for each in nodes.taints]
    if nodes.gpus is not None:
        config["guestAccelerator"] = [accelerator(nodes.gpus, DRIVERS[driver])]
        config["gvnic"] = {"enabled": True}
    if nodes.local_ssds:
        config["ephemeralStorageLocalSsdConfig"] = {"localSsdCount": nodes.local_ssds}
    return config


def placement(nodes: NodeShape) -> Document | None:
    """Where nodes stand close together."""
    if nodes.tpu_topology is not None:
        return {"type": "COMPACT", "tpuTopology": nodes.tpu_topology}
    return {"type": "COMPACT"} if nodes.compact else None
