"""GKE NodePools as Crossplane's Google provider has them.

Facts of provider-upjet-gcp (`container.gcp.m.upbound.io/v1beta1`, CRD and configuration read at commit
8da2207a5a21, 2026-08-07), of the Terraform provider beneath it, and of GKE (2026-11), that everything here
follows:

- Bounds are the whole pool's (`totalMinNodeCount`, `totalMaxNodeCount`); the number to create with,
  `initialNodeCount`, is each zone's, and stands in `spec.initProvider`.
- What runs is reported each zone's, as the mean over the instance groups, rounded down. So the nodes
  that are known to run are that times the groups: up to one fewer a zone than do.
- A max below what runs drains nothing: GKE's autoscaler then removes a node when it may safely, and
  takes no new one. A min above what runs is reached when work waits, so nothing is raised: `nodeCount`,
  which would do it, gives every zone the same number, and takes nodes that run out of a fuller one. A
  pool below its min is therefore no reason to hold up others: as long as they run, nothing waits.
- The autoscaler takes no max of 0: such a pool has no autoscaling, and `nodeCount` 0.
- A TPU slice of several hosts is made and removed whole: one NodePool is one slice.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from trimtab.errors import InputError
from trimtab.plan.attribution import group_key
from trimtab.plan.model import CapacityPlan, Group, Pool, purchase_zone
from trimtab.plan.sizing import Sizes
from trimtab.provision.gke.machines import tpu_hosts
from trimtab.provision.gke.pools import MAX_NAME, NodeShape, check_sizes, node_shape
from trimtab.provision.gke.provisioning import Provisioning, Queued, Spot, Standard
from trimtab.provision.gke.sizes import Total, total_of
from trimtab.provision.names import bounded_name
from trimtab.provision.planned import place_of
from trimtab_functions.capacity.adapters import gke_node_pool_words as words
from trimtab_functions.capacity.adapters.base import (
    Composed,
    Decided,
    Fixed,
    GroupAdapter,
    Kind,
    Running,
    Scaling,
)
from trimtab_functions.capacity.adapters.gke_node_pool_settings import GkeSettings
from trimtab_functions.capacity.adapters.managed import (
    at_provider,
    for_provider,
    held_managed,
    managed,
    without_initial,
)
from trimtab_functions.capacity.adapters.objects import (
    EXTERNAL_NAME,
    own_metadata,
    with_annotation,
    with_suffix,
)
from trimtab_functions.capacity.adapters.settings import XR_SPEC, provider_config
from trimtab_functions.capacity.adapters.taints import in_place
from trimtab_functions.capacity.documents import (
    Document,
    count,
    first_count,
    items,
    mapping,
    section,
    text,
    texts,
)

API_VERSION = "container.gcp.m.upbound.io/v1beta1"
_SIZES = ("autoscaling", "nodeCount", "initialNodeCount")
_DECIDED = ("autoscaling", "nodeCount", "nodeLocations", "placementPolicy", "queuedProvisioning")
_DECIDED_CONFIG = (
    "guestAccelerator",
    "labels",
    "machineType",
    "reservationAffinity",
    "resourceLabels",
    "spot",
    "taint",
)


@dataclass(frozen=True)
class NodePoolFixed(Fixed):
    """What GKE can't change in place without every node's end; None where it is not known."""

    machine_type: str | None
    provisioning: Provisioning
    preemptible: bool
    accelerator: tuple[str, int] | None
    topology: str | None

    def gives(self, planned: "NodePoolFixed") -> bool:
        """GKE adds the accelerators of machines that always have them, stated or not."""
        return (
            self.machine_type in (None, planned.machine_type)
            and self.provisioning == planned.provisioning
            and self.preemptible == planned.preemptible
            and (self.accelerator is None or self.accelerator == planned.accelerator)
            and self.topology == planned.topology
        )


class GkeNodePool(GroupAdapter):
    """`container.gcp.m.upbound.io` NodePool."""

    kinds = (Kind("container.gcp.m.upbound.io", "NodePool"),)
    provider = "gcp"
    settings = GkeSettings
    reaches_min = False

    def fixed(self, document: Document) -> NodePoolFixed:
        stated, reported = for_provider(document), at_provider(document)
        config = {**section(reported, "nodeConfig"), **section(stated, "nodeConfig")}
        both = {**reported, **stated, "nodeConfig": config}
        gpus = words.first_accelerator(both)
        kind, number = text(gpus.get("type")), count(gpus.get("count"))
        return NodePoolFixed(
            text(config.get("machineType")),
            words.provisioning_of(both),
            config.get("preemptible") is True,
            (kind, number) if kind is not None and number else None,
            words.topology_of(both),
        )

    def running(self, document: Document) -> Running:
        """The nodes that are known to run, within the bounds that the spec asks for.

        Before GKE reports any, they are those that the pool is being created with. Where the provider
        is told not to count (`ignoreNodeCountChanges`), as many as may run.
        """
        stated, reported = for_provider(document), at_provider(document)
        groups = len(texts(reported.get("managedInstanceGroupUrls")))
        zones = groups or len(words.zones_of({**stated, **reported})) or words.zone_count(stated)
        bounds = _asked(stated, zones) or _asked(reported, zones)
        created = count(section(document, "spec", "initProvider").get("initialNodeCount"))
        initial = None if created is None else created * zones
        blind = stated.get("ignoreNodeCountChanges") is True
        each = None if blind else count(reported.get("nodeCount"))
        if each is not None:
            desired: int | None = each * zones
        elif not reported:
            desired = first_count(initial, bounds[0] if bounds else None)
        else:
            desired = bounds[1] if bounds else None
        if desired is None:
            return Running(None, initial)
        low, high = bounds or (desired, desired)
        return Running(Sizes(low, desired, high), initial)

    def decide(self, plan: CapacityPlan, pool: Pool, group: Group, base: Document) -> Decided:
        provider = for_provider(base)
        where = f"the resource for {pool.name}/{group.name}"
        settings = words.settings_of(provider, where)
        nodes = node_shape(
            plan, pool, group, settings, words.choices_of(pool, provider), "NodePool"
        )
        _check_windows(nodes, group, place_of(pool, group, "NodePool"))
        gpus = nodes.gpus
        fixed = NodePoolFixed(
            nodes.machine_type,
            nodes.provisioning,
            preemptible=False,
            accelerator=(gpus.type, gpus.count) if gpus else None,
            topology=words.topology_of(provider),
        )
        return Decided(fixed, {"nodes": nodes, "pinned": purchase_zone(group.purchase) is not None})

    def planned(self, base: Document, decided: Decided) -> Document:
        """Its own labels, taints and resource labels stay unless the plan has one of that name; so do
        the zones, unless the purchase is in one; and how GPUs are shared, cut and driven."""
        nodes: NodeShape = decided.spec["nodes"]
        provider = {k: v for k, v in for_provider(base).items() if k not in _SIZES}
        config = dict(section(provider, "nodeConfig"))
        own = words.first_accelerator(provider)
        config["machineType"] = nodes.machine_type
        for each in ("spot", "preemptible", "guestAccelerator"):
            config.pop(each, None)
        if isinstance(nodes.provisioning, Spot):
            config["spot"] = True
        if (affinity := words.affinity(nodes.provisioning)) is not None:
            config["reservationAffinity"] = affinity
        elif not isinstance(words.provisioning_of(provider), Standard | Spot):
            config.pop("reservationAffinity", None)
        if nodes.gpus is not None:
            driver = text(section(own, "gpuDriverInstallationConfig").get("gpuDriverVersion"))
            config["guestAccelerator"] = [words.accelerator(nodes.gpus, driver or "DEFAULT")]
        config["labels"] = {**mapping(config.get("labels")), **nodes.labels}
        config["resourceLabels"] = {
            **mapping(config.get("resourceLabels")),
            **nodes.resource_labels,
        }
        if taints := in_place(items(config.get("taint")), nodes.taints):
            config["taint"] = taints
        provider["nodeConfig"] = config
        if decided.spec["pinned"]:
            provider["nodeLocations"] = list(nodes.zones)
        if words.upgrade_settings(nodes)["maxSurge"] == 0:
            provider.setdefault("upgradeSettings", words.upgrade_settings(nodes))
        return without_initial(managed(base, provider), _SIZES)

    def sized(self, document: Document, scaling: Scaling) -> Document:
        provider = {k: v for k, v in for_provider(document).items() if k not in _SIZES}
        spec = dict(section(without_initial(document, _SIZES), "spec"))
        zones, provisioning = words.zone_count(provider), words.provisioning_of(provider)
        sizes = Sizes(scaling.sizes.min, scaling.initial, scaling.sizes.max)
        hosts = _hosts(provider)
        found = total_of(sizes, zones, provisioning)
        initial = None
        if hosts > 1 and sizes.min:
            provider["nodeCount"] = hosts
        elif hosts > 1 and sizes.max:
            # Each zone's: GKE takes a slice's bounds in no other way.
            provider["autoscaling"] = {
                "minNodeCount": 0,
                "maxNodeCount": hosts,
                "locationPolicy": "ANY",
            }
            initial = 0
        elif isinstance(found, Total):
            provider["autoscaling"] = {
                "totalMinNodeCount": found.min,
                "totalMaxNodeCount": found.max,
                "locationPolicy": "ANY" if found.any_zone else "BALANCED",
            }
            initial = found.initial
        else:
            provider["nodeCount"] = found.per_zone
        if initial is not None:
            created = section(document, "spec", "initProvider")
            spec["initProvider"] = {**created, "initialNodeCount": initial}
        return {**document, "spec": {**spec, "forProvider": provider}}

    def held(self, observed: Document, template: Document | None) -> Document:
        kept = held_managed(observed, template, _DECIDED)
        if template is None:
            return kept
        now = section(observed, "spec", "forProvider", "nodeConfig")
        provider = dict(for_provider(kept))
        config = {
            k: v
            for k, v in section(provider, "nodeConfig").items()
            if k not in (*_DECIDED_CONFIG, "preemptible")
        }
        config.update({each: now[each] for each in _DECIDED_CONFIG if each in now})
        provider["nodeConfig"] = config
        if "upgradeSettings" in for_provider(observed):
            provider.setdefault("upgradeSettings", for_provider(observed)["upgradeSettings"])
        return managed(kept, provider)

    def region(self, document: Document) -> str | None:
        """The location's: a zone is a region and a letter."""
        location = text(for_provider(document).get("location"))
        return location[:-2] if location is not None and location[-2:-1] == "-" else location

    def named(self, document: Document, suffix: str) -> Document:
        """GKE's own name has forty characters at most."""
        name = text(section(document, "metadata", "annotations").get(EXTERNAL_NAME))
        made = with_suffix(document, suffix)
        if name is None:
            return made
        return with_annotation(made, EXTERNAL_NAME, bounded_name(f"{name}-{suffix}", MAX_NAME))

    def compose(
        self, settings: GkeSettings, plan: CapacityPlan, pool: Pool, group: Group
    ) -> Composed:
        """The node pool's name in GKE is the group's key, as `GkeCluster` of Pulumi names it."""
        choices = settings.choices(plan)
        chosen = settings.of(pool, group)
        nodes = node_shape(plan, pool, group, chosen, choices, XR_SPEC)
        config = words.node_config(nodes, settings.image_type, settings.gpu_driver)
        if settings.disk_key is not None:
            config["bootDiskKmsKey"] = settings.disk_key
        if settings.service_account is not None:
            config["serviceAccount"] = settings.service_account
        queued = isinstance(nodes.provisioning, Queued)
        provider: Document = {
            "cluster": settings.cluster,
            "location": settings.location or settings.region,
            "nodeConfig": config,
            "management": {"autoUpgrade": True, "autoRepair": not queued},
            "upgradeSettings": words.upgrade_settings(nodes),
            "networkConfig": {"enablePrivateNodes": settings.private_nodes},
        }
        if settings.project is not None:
            provider["project"] = settings.project
        if nodes.zones:
            provider["nodeLocations"] = list(nodes.zones)
        if (placement := words.placement(nodes)) is not None:
            provider["placementPolicy"] = placement
        if queued:
            provider["queuedProvisioning"] = {"enabled": True}
        slice_of = "-s0" if nodes.hosts > 1 else ""
        name = bounded_name(f"{group_key(pool, group)}{slice_of}", MAX_NAME)
        return Composed(
            {
                "apiVersion": API_VERSION,
                "kind": "NodePool",
                "metadata": own_metadata(name),
                "spec": {"forProvider": provider, "providerConfigRef": provider_config(settings)},
            }
        )


def _asked(provider: Mapping[str, Any], zones: int) -> tuple[int, int] | None:
    """The whole pool's bounds; None where they are not stated."""
    scaling = section(provider, "autoscaling")
    high = count(scaling.get("totalMaxNodeCount"))
    if high:
        return count(scaling.get("totalMinNodeCount")) or 0, high
    high = count(scaling.get("maxNodeCount"))
    if high:
        return (count(scaling.get("minNodeCount")) or 0) * zones, high * zones
    each = count(provider.get("nodeCount"))
    return None if each is None or scaling else (each * zones, each * zones)


def _hosts(provider: Mapping[str, Any]) -> int:
    topology = words.topology_of(provider)
    if topology is None:
        return 1
    machine = text(section(provider, "nodeConfig").get("machineType")) or ""
    try:
        return tpu_hosts(machine, topology, "")
    except InputError:  # a held pool of somebody else's, of a kind that is not known here
        return 1


def _check_windows(nodes: NodeShape, group: Group, where: str) -> None:
    for window in group.windows:
        sizes = Sizes(window.min, window.desired, window.max)
        check_sizes(nodes, sizes, where)
        if nodes.hosts > 1 and sizes.max > nodes.hosts:
            raise InputError(
                f"max is {sizes.max} nodes, and a NodePool is one slice of {nodes.hosts}",
                where=where,
                mend="plan each slice as a group of its own",
            )
