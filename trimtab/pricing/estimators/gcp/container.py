"""Google Kubernetes Engine: clusters and node pools.

Every count of a pool but the `total…` bounds is a zone's, and a regional pool that lists no zones has three.
A cluster without pools of its own and without `remove_default_node_pool` has a default pool.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from trimtab.pricing.amount import Amount, between, exactly
from trimtab.pricing.estimation import Estimation
from trimtab.pricing.estimators import estimates
from trimtab.pricing.estimators.gcp.disks import LOCAL_SSD_GIB, disk_parts
from trimtab.pricing.estimators.gcp.machines import (
    Fleet,
    accelerator_parts,
    address_parts,
    is_spot,
    licence_parts,
    machine_parts,
    reservations_of,
)
from trimtab.pricing.estimators.gcp.places import (
    is_zone,
    last,
    located,
    region_of,
    zones_of,
)
from trimtab.pricing.model import Basis, Gap, Part
from trimtab.resources.inputs import Inputs

DEFAULT_NODES = 3
"""Nodes a zone of a default pool that nobody gave a size: Google's own default."""

_DEFAULT_MACHINE = "e2-medium"
_DEFAULT_DISK_GIB = 100.0
_HYPERDISK_ONLY = ("c4", "c4a", "c4d", "c4n", "n4", "n4a", "n4d", "a4", "a4x", "h4d", "m4")


@estimates("google_container_cluster")
def cluster(at: Estimation) -> Iterator[Part]:
    """The management fee, and the pools that the cluster itself declares."""
    at = located(at, "location", "zone", "region")
    yield at.charge(
        "cluster management",
        "gcp/gke/cluster",
        note="the free tier of a billing account (74.40 USD a month for one zonal or Autopilot"
        " cluster) is not taken off",
    )
    if at.inputs.text("enterprise_config.desired_tier").upper() == "ENTERPRISE":
        yield Gap("GKE Enterprise", "charged by the vCPU, at a price that no source gives")
    if gap := at.awaited("nodes or pods", "enable_autopilot"):
        yield gap
        return
    if at.inputs.flag("enable_autopilot"):
        yield from _autopilot(at)
        return
    yield from _autoprovisioned(at)
    pools = at.inputs.blocks("node_pool")
    location = at.inputs.text("location") or at.region or ""
    zones = _cluster_zones(at.inputs, location)
    if pools:
        for index, pool in enumerate(pools):
            name = pool.text("name", f"pool {index + 1}")
            own = zones_of(pool, "") if pool.has("node_locations") else zones
            yield from _pool_parts(
                at, pool, f"nodes of {name}", own, _places(location), _public(pool, at.inputs)
            )
    elif gap := at.awaited("default pool", "remove_default_node_pool"):
        yield gap
    elif not at.inputs.flag("remove_default_node_pool"):
        count = at.inputs.number("initial_node_count")
        if at.inputs.unknown("initial_node_count") or zones is None:
            yield Gap("default pool", "its size is not known before a deployment")
            return
        note = "" if count is not None else f"no size is given: {DEFAULT_NODES} nodes a zone"
        total = (DEFAULT_NODES if count is None else count) * zones
        size = _Size(exactly(total), total, Basis.DECLARED)
        public = _public(at.inputs, at.inputs)
        yield from _nodes(at, at.inputs, "default pool", size, _places(location), note, public)


@estimates("google_container_node_pool")
def node_pool(at: Estimation) -> Iterator[Part]:
    """Its machines with their disks and accelerators."""
    owner = at.referred("cluster", "google_container_cluster")
    location = at.inputs.text("location")
    if not location and owner is not None:
        location = owner.inputs.text("location")
    location = location or at.region or ""
    at = at.elsewhere(region_of(location)) if location else at
    zones: int | None
    if at.inputs.has("node_locations"):
        zones = zones_of(at.inputs, location)
    else:
        zones = _cluster_zones(at.inputs if owner is None else owner.inputs, location)
    public = owner is not None and _public(at.inputs, owner.inputs)
    yield from _pool_parts(at, at.inputs, "nodes", zones, _places(location), public)


def _public(pool: Inputs, cluster: Inputs) -> bool:
    """Whether nodes have external addresses: unless their pool or their cluster keeps them private."""
    own = "network_config.enable_private_nodes"
    if pool is not cluster and pool.has(own):
        return not pool.flag(own)
    return not cluster.flag("private_cluster_config.enable_private_nodes")


def _places(location: str) -> tuple[str, ...]:
    return (location,) if is_zone(location) else ()


def _cluster_zones(inputs: Inputs, location: str) -> int | None:
    """Zones of a cluster's nodes; a zonal cluster's own zone goes without saying.

    A cluster that says no location is in its provider's zone, never spread over the provider's region
    (hashicorp/terraform-provider-google, GetLocation).
    """
    if not inputs.has("location") and not is_zone(location):
        listed = inputs.length("node_locations")
        return None if listed is None else 1 + listed
    if is_zone(location) and inputs.has("node_locations"):
        listed = inputs.length("node_locations")
        return None if listed is None else len({*inputs.strings("node_locations"), location})
    return zones_of(inputs, location)


@dataclass(frozen=True, slots=True)
class _Size:
    count: Amount
    now: float | None
    basis: Basis


def _pool_parts(
    at: Estimation,
    pool: Inputs,
    label: str,
    zones: int | None,
    places: tuple[str, ...],
    public: bool,
) -> Iterator[Part]:
    size = _pool_size(pool, zones)
    if size is None:
        yield Gap(label, "its number of nodes is not known before a deployment")
        return
    sized = any(pool.has(name) for name in ("node_count", "initial_node_count", "autoscaling"))
    note = "" if sized else "no size is given: none"
    yield from _nodes(at, pool, label, size, places, note, public)


def _pool_size(pool: Inputs, zones: int | None) -> _Size | None:
    """How many nodes a pool has, over all zones; None where nothing says it."""
    initial = pool.number("initial_node_count")
    fixed = pool.number("node_count")
    started = fixed if fixed is not None else initial
    scaling = "autoscaling"
    if pool.has(scaling):
        low = pool.number(f"{scaling}.total_min_node_count")
        high = pool.number(f"{scaling}.total_max_node_count")
        if high is None:
            if zones is None:
                return None
            low = (pool.number(f"{scaling}.min_node_count") or 0.0) * zones
            each = pool.number(f"{scaling}.max_node_count")
            high = float("inf") if each is None else each * zones
        low = low or 0.0
        if started is None or zones is None:
            return _Size(between(low, high), low, Basis.BOUNDS)
        begin = max(min(started * zones, high), low)
        return _Size(between(low, high, begin), begin, Basis.DECLARED)
    if zones is None or pool.unknown("node_count") or pool.unknown("initial_node_count"):
        return None
    total = (started or 0.0) * zones
    return _Size(exactly(total), total, Basis.DECLARED)


def _nodes(
    at: Estimation,
    pool: Inputs,
    label: str,
    size: _Size,
    places: tuple[str, ...],
    note: str,
    public: bool,
) -> Iterator[Part]:
    config = "node_config"
    blocks = pool.blocks(config)
    made = blocks[0] if blocks else Inputs({}, camel=pool.camel)
    affinity = made.blocks("reservation_affinity")
    unknown = pool.unknown(config) or made.unknown("machine_type")
    fleet = Fleet(
        label,
        "" if unknown else made.text("machine_type", _DEFAULT_MACHINE),
        size.count,
        size.now,
        spot=is_spot(made),
        basis=size.basis,
        zones=places,
        reservations=reservations_of(at, affinity[0] if affinity else None),
        note=note,
    )
    yield from machine_parts(at, fleet)
    yield from accelerator_parts(at, fleet, made.blocks("guest_accelerator"))
    if made.text("image_type").upper().startswith("WINDOWS"):
        yield from licence_parts(at, fleet, "windows")
    yield from _boot_disks(at, made, fleet)
    if public:
        yield from address_parts(at, fleet, "nodes' external addresses", 1)
    local = sum(
        made.number(path) or 0.0
        for path in (
            "local_ssd_count",
            "ephemeral_storage_local_ssd_config.local_ssd_count",
            "local_nvme_ssd_block_config.local_ssd_count",
        )
    )
    if local and "lssd" not in fleet.machine_type:
        kind = "local-ssd/spot" if fleet.spot else "local-ssd"
        gib = local * LOCAL_SSD_GIB
        yield from disk_parts(
            at, kind, gib, count=fleet.count, label="local SSDs", basis=fleet.basis
        )


def _boot_disks(at: Estimation, made: Inputs, fleet: Fleet) -> Iterator[Part]:
    series = last(fleet.machine_type).partition("-")[0]
    default = "hyperdisk-balanced" if series in _HYPERDISK_ONLY else "pd-balanced"
    kind = made.text("boot_disk.disk_type") or made.text("disk_type") or default
    if any(made.unknown(name) for name in ("boot_disk.size_gb", "disk_size_gb", "disk_type")):
        yield Gap("boot disks", "only a deployment will know their size or type")
        return
    gib = made.number("boot_disk.size_gb") or made.number("disk_size_gb")
    yield from disk_parts(
        at,
        kind,
        _DEFAULT_DISK_GIB if gib is None else gib,
        count=fleet.count,
        label=f"boot disks, {kind}",
        iops=made.number("boot_disk.provisioned_iops"),
        throughput=made.number("boot_disk.provisioned_throughput"),
        basis=fleet.basis,
        note="" if gib is not None else "no size is given: 100 GiB",
    )


def _autopilot(at: Estimation) -> Iterator[Part]:
    note = "what its pods ask for, on average"
    yield from at.used("pods' vCPUs", "gcp/gke/autopilot/vcpu", "autopilot_vcpu_count", note=note)
    yield from at.used("pods' memory", "gcp/gke/autopilot/memory", "autopilot_memory_gb", note=note)
    yield from at.used(
        "pods' ephemeral storage",
        "gcp/gke/autopilot/ephemeral-storage",
        "autopilot_ephemeral_storage_gb",
        note=note,
    )


def _autoprovisioned(at: Estimation) -> Iterator[Part]:
    if at.inputs.flag("cluster_autoscaling.enabled"):
        yield Gap(
            "auto-provisioned nodes", "their types are chosen by what pods ask for, at run time"
        )
