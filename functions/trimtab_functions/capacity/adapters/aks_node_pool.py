"""AKS node pools as Crossplane's Azure provider has them.

Facts of provider-upjet-azure (`containerservice.azure.m.upbound.io/v1beta1` KubernetesClusterNodePool,
CRD and configuration read at commit a983cb478cbd, 2026-08-21), of the Terraform provider beneath it, and
of AKS (2026-11), that everything here follows:

- The autoscaler owns `nodeCount`. So min and max stand in `spec.forProvider`, and the number to create
  with in `spec.initProvider`, which the provider ignores ever after.
- A min above what runs is reached by the autoscaler only when work waits. So a raise states `nodeCount`
  in forProvider in the same change, and takes it out again once Azure reports it. The report may be as
  old as the provider's poll interval.
- A max below what runs drains nothing; the autoscaler takes no max of 0, so such a pool has none, and
  `nodeCount` 0.
- A change of VM size or zones makes the provider delete the pool and make it anew; priority and capacity
  reservation group can't change at all.
- A pool's name has twelve letters and digits: a digest of the group's key, which is whole in a tag. A
  name that an earlier step states is kept.
- AKS puts a label and a taint on every Spot pool; a pool that did not state them would differ for ever.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from trimtab.plan.attribution import group_key
from trimtab.plan.labels import GROUP_LABEL, POOL_LABEL
from trimtab.plan.model import CapacityPlan, Group, Pool, purchase_zone
from trimtab.plan.sizing import Sizes
from trimtab.provision.aks.pools import (
    HeldGroup,
    NodeShape,
    PoolChoices,
    Scaled,
    Spot,
    check_size,
    node_shape,
    pool_name,
    scaled,
)
from trimtab.provision.planned import place_of
from trimtab.provision.pool_settings import Settings
from trimtab_functions.capacity.adapters.aks_node_pool_settings import AksSettings
from trimtab_functions.capacity.adapters.base import (
    Composed,
    Decided,
    Fixed,
    GroupAdapter,
    Kind,
    Running,
    Scaling,
)
from trimtab_functions.capacity.adapters.managed import (
    at_provider,
    for_provider,
    held_managed,
    managed,
    without_initial,
)
from trimtab_functions.capacity.adapters.objects import EXTERNAL_NAME, own_metadata, with_suffix
from trimtab_functions.capacity.adapters.settings import XR_SPEC, provider_config
from trimtab_functions.capacity.documents import (
    Document,
    count,
    first_count,
    mapping,
    section,
    text,
    texts,
)

API_VERSION = "containerservice.azure.m.upbound.io/v1beta1"
ANY_PRICE = -1
"""Up to the list price: Spot machines go when Azure needs them, never for their price."""
_SIZES = ("autoScalingEnabled", "minCount", "maxCount", "nodeCount")
_PRIORITY = ("priority", "evictionPolicy", "spotMaxPrice", "capacityReservationGroupId")
_DECIDED = (*_SIZES, *_PRIORITY, "vmSize", "zones", "nodeLabels", "nodeTaints", "tags")


@dataclass(frozen=True)
class NodePoolFixed(Fixed):
    """What AKS can't change in place; an empty one of them is not known.

    Attributes:
        reservation: the id of the capacity reservation group, in lower case, as Azure compares ids.
    """

    vm_size: str
    spot: bool
    reservation: str

    def gives(self, planned: "NodePoolFixed") -> bool:
        """Azure compares names of sizes without regard to case."""
        return (
            self.vm_size.lower() in ("", planned.vm_size.lower())
            and self.spot == planned.spot
            and self.reservation == planned.reservation
        )


class AksNodePool(GroupAdapter):
    """`containerservice.azure.m.upbound.io` KubernetesClusterNodePool."""

    kinds = (Kind("containerservice.azure.m.upbound.io", "KubernetesClusterNodePool"),)
    provider = "azure"
    settings = AksSettings

    def fixed(self, document: Document) -> NodePoolFixed:
        both = {**at_provider(document), **for_provider(document)}
        return NodePoolFixed(
            text(both.get("vmSize")) or "",
            both.get("priority") == "Spot",
            (text(both.get("capacityReservationGroupId")) or "").lower(),
        )

    def running(self, document: Document) -> Running:
        """The nodes that Azure reports, within the bounds that the spec asks for.

        Before Azure reports any, they are those that the pool is being created with.
        """
        stated, reported = for_provider(document), at_provider(document)
        initial = count(section(document, "spec", "initProvider").get("nodeCount"))
        desired = first_count(reported.get("nodeCount"), stated.get("nodeCount"), initial)
        if desired is None:
            return Running(None, initial)
        asked = stated if _is_sized(stated) else reported
        if asked.get("autoScalingEnabled") is not True:
            fixed = first_count(asked.get("nodeCount"), desired)
            return Running(Sizes(fixed or 0, desired, fixed or 0), initial)
        # Azure leaves a min of 0 out.
        low, high = count(asked.get("minCount")) or 0, count(asked.get("maxCount"))
        return Running(None if high is None else Sizes(low, desired, high), initial)

    def decide(self, plan: CapacityPlan, pool: Pool, group: Group, base: Document) -> Decided:
        provider = for_provider(base)
        # AKS cuts and drives GPUs as the template says: what that adds to labels, it has itself.
        choices = PoolChoices(
            region=plan.spec.site.region,
            zones=texts(provider.get("zones")),
            volume_gib=0,
            autoscaled=True,
            driver="none" if provider.get("gpuDriver") == "None" else "default",
            tags={},
            pool_zones={},
        )
        nodes = node_shape(plan, pool, group, Settings(), choices, "KubernetesClusterNodePool")
        where = place_of(pool, group, "KubernetesClusterNodePool")
        check_size(max(each.max for each in group.windows), where)
        held = nodes.priority.id if isinstance(nodes.priority, HeldGroup) else ""
        fixed = NodePoolFixed(nodes.vm_size, isinstance(nodes.priority, Spot), held.lower())
        return Decided(fixed, {"nodes": nodes, "pinned": purchase_zone(group.purchase) is not None})

    def planned(self, base: Document, decided: Decided) -> Document:
        """Its own labels, taints and tags stay unless the plan has one of that name; so do the zones,
        unless the purchase is in one; and who brings the driver of GPUs."""
        nodes: NodeShape = decided.spec["nodes"]
        dropped = (*_SIZES, *_PRIORITY)
        provider = {k: v for k, v in for_provider(base).items() if k not in dropped}
        provider |= _priority(nodes)
        provider["vmSize"] = nodes.vm_size
        if decided.spec["pinned"]:
            provider["zones"] = list(nodes.zones)
        if nodes.gpu_driver is not None:
            provider.setdefault("gpuDriver", nodes.gpu_driver)
        provider["nodeLabels"] = {**mapping(provider.get("nodeLabels")), **nodes.labels}
        provider["tags"] = {**mapping(provider.get("tags")), **nodes.tags}
        if taints := _joined(texts(provider.get("nodeTaints")), nodes.taints):
            provider["nodeTaints"] = taints
        if isinstance(nodes.priority, Spot):
            # AKS takes neither of a Spot pool.
            kept = section(provider, "upgradeSettings")
            limits = ("maxSurge", "maxUnavailable")
            provider["upgradeSettings"] = {k: v for k, v in kept.items() if k not in limits}
        elif nodes.unavailable is not None:
            provider.setdefault("upgradeSettings", {"maxUnavailable": nodes.unavailable})
        if not provider.get("upgradeSettings"):
            provider.pop("upgradeSettings", None)
        return without_initial(managed(base, provider), _SIZES)

    def sized(self, document: Document, scaling: Scaling) -> Document:
        provider = {k: v for k, v in for_provider(document).items() if k not in _SIZES}
        spec = dict(section(without_initial(document, _SIZES), "spec"))
        found = scaled(Sizes(scaling.sizes.min, scaling.sizes.desired, scaling.sizes.max))
        if isinstance(found, Scaled):
            provider["autoScalingEnabled"] = True
            provider |= {"minCount": found.min, "maxCount": found.max}
            if scaling.enforced is not None:
                provider["nodeCount"] = scaling.enforced
            created = section(spec, "initProvider")
            spec["initProvider"] = {**created, "nodeCount": scaling.initial}
        else:
            provider |= {"autoScalingEnabled": False, "nodeCount": found.nodes}
        return {**document, "spec": {**spec, "forProvider": provider}}

    def held(self, observed: Document, template: Document | None) -> Document:
        kept = held_managed(observed, template, _DECIDED)
        now, provider = for_provider(observed), dict(for_provider(kept))
        for each in (*_SIZES, *_PRIORITY):
            if each not in now:
                provider.pop(each, None)
        return managed(kept, provider)

    def named(self, document: Document, suffix: str) -> Document:
        """AKS's own name is always stated: what Crossplane would make up is none that AKS takes."""
        metadata = section(document, "metadata")
        labels = section(metadata, "labels")
        stem = text(section(metadata, "annotations").get(EXTERNAL_NAME)) or "-".join(
            each for each in map(text, (labels.get(POOL_LABEL), labels.get(GROUP_LABEL))) if each
        )
        made = with_suffix(document, suffix)
        annotations = section(made, "metadata", "annotations")
        named = {**annotations, EXTERNAL_NAME: pool_name(f"{stem or 'pool'}-{suffix}")}
        return {**made, "metadata": {**section(made, "metadata"), "annotations": named}}

    def compose(
        self, settings: AksSettings, plan: CapacityPlan, pool: Pool, group: Group
    ) -> Composed:
        """The node pool's name in AKS is the one that `AksCluster` of Pulumi gives it."""
        nodes = node_shape(
            plan, pool, group, settings.of(pool, group), settings.choices(plan), XR_SPEC
        )
        cluster = (
            {"kubernetesClusterId": settings.cluster_id}
            if settings.cluster_id is not None
            else {"kubernetesClusterIdRef": {"name": settings.cluster_name}}
        )
        optional = {
            "orchestratorVersion": settings.kubernetes_version,
            "vnetSubnetId": settings.subnet_id,
            "zones": list(nodes.zones) or None,
            "gpuDriver": nodes.gpu_driver,
            "gpuInstance": nodes.gpu_instance,
            "nodeTaints": list(nodes.taints) or None,
        }
        limits = {"maxSurge": nodes.surge, "maxUnavailable": nodes.unavailable}
        upgrades = {k: v for k, v in limits.items() if v is not None}
        provider: Document = {
            **cluster,
            "mode": "User",
            "osType": "Linux",
            "osSku": settings.os_sku,
            "osDiskSizeGb": nodes.volume_gib,
            "nodeLabels": nodes.labels,
            "tags": nodes.tags,
            **{k: v for k, v in optional.items() if v is not None},
            **({"upgradeSettings": upgrades} if upgrades else {}),
        }
        return Composed(
            {
                "apiVersion": API_VERSION,
                "kind": "KubernetesClusterNodePool",
                "metadata": own_metadata(pool_name(group_key(pool, group))),
                "spec": {"forProvider": provider, "providerConfigRef": provider_config(settings)},
            }
        )


def _is_sized(provider: Mapping[str, Any]) -> bool:
    return any(each in provider for each in _SIZES)


def _priority(nodes: NodeShape) -> Document:
    match nodes.priority:
        case Spot():
            return {"priority": "Spot", "evictionPolicy": "Delete", "spotMaxPrice": ANY_PRICE}
        case HeldGroup(identity):
            return {"priority": "Regular", "capacityReservationGroupId": identity}
    return {"priority": "Regular"}


def _joined(own: tuple[str, ...], ours: tuple[str, ...]) -> list[str]:
    """Taints of both, `key=value:Effect`, in the order of its own; of two with one key and effect the
    plan's."""

    def name(taint: str) -> tuple[str, str]:
        marks, _, effect = taint.rpartition(":")
        return marks.partition("=")[0], effect

    left = {name(each): each for each in ours}
    return [*(left.pop(name(each), each) for each in own), *left.values()]
