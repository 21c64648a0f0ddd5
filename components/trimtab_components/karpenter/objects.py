"""A plan's groups as Karpenter objects: one NodePool and one EC2NodeClass a group.

Pure. The max of the window that holds is the NodePool's limit in nodes; Karpenter has no min and no
clock, so the later windows come with the next deployment. Weights follow the plan's own order of
filling a pool, which does not always put spot first. Expiry takes a node's work along without asking,
and consolidation moves it: only spot groups, whose work bears that, have either on busy nodes.

Sources: Karpenter's CRDs `karpenter.sh/v1` and `karpenter.k8s.aws/v1`, 2026-11.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from trimtab.errors import InputError
from trimtab.plan.attribution import group_object_labels, node_labels
from trimtab.plan.eks import AmiFamily, image_flavour, node_group_name
from trimtab.plan.model import CapacityBlock, CapacityPlan, PurchaseOption
from trimtab_components.accelerators.gpu_values import node_labels_for
from trimtab_components.eks.groups import node_volumes
from trimtab_components.sized_groups import SizedGroup, instance_tags, settable_labels

NODE_POOL_API = "karpenter.sh/v1"
NODE_CLASS_API = "karpenter.k8s.aws/v1"
DISCOVERY_TAG = "karpenter.sh/discovery"

MAX_WEIGHT = 100
_WEIGHT_STEP = 5
"""Sixteen groups of a pool fit between 1 and 100, with room between neighbours."""

# A commitment bills nodes that are launched on demand; a held reservation, when one is selected,
# goes first.
_CAPACITY_TYPES: dict[PurchaseOption, tuple[str, ...]] = {
    "reserved": ("reserved", "on-demand"),
    "on-demand": ("on-demand",),
    "spot": ("spot",),
    "capacity-block": ("reserved",),
}
_ARCHITECTURES = {"x86_64": "amd64", "arm64": "arm64"}
_ALIASES: dict[AmiFamily, str] = {"AL2023": "al2023", "BOTTLEROCKET": "bottlerocket"}


@dataclass(frozen=True)
class NodeSettings:
    """What nodes need besides the plan.

    Attributes:
        cluster: the cluster's name; subnets and security groups are found by its discovery tag.
        role: the nodes' IAM role, by name.
        ami_version: of the image's alias; `latest` replaces nodes when AWS publishes a new image.
    """

    cluster: str
    role: str
    family: AmiFamily = "AL2023"
    ami_version: str = "latest"
    volume_gib: int = 100
    metadata_hop_limit: int = 1


@dataclass(frozen=True)
class KubernetesObject:
    """A Kubernetes object as plain data."""

    api_version: str
    kind: str
    name: str
    labels: dict[str, str]
    spec: dict[str, Any]
    annotations: Mapping[str, str] = field(default_factory=dict)


KEPT_BY_GITOPS = {
    "kustomize.toolkit.fluxcd.io/prune": "disabled",
    "argocd.argoproj.io/sync-options": "Prune=false",
}
"""On what holds nodes: when another generation takes its place in Git, a controller that prunes would
delete the old one, with its nodes, before the new one is ready. A person deletes it."""


def karpenter_objects(
    plan: CapacityPlan, sized: SizedGroup, settings: NodeSettings, tags: Mapping[str, str]
) -> tuple[KubernetesObject, KubernetesObject]:
    """The EC2NodeClass and the NodePool of a group, in the order in which they are made.

    Raises:
        InputError: Karpenter can't provision the group (owned machines).
    """
    pool, group = sized.pool, sized.group
    capacity_types = _CAPACITY_TYPES.get(group.purchase.option)
    if capacity_types is None:
        raise InputError(
            f"Karpenter can't provision {group.purchase.option} machines",
            where=f"group {group.name}: purchase.option",
            mend="join them to the cluster themselves, and plan them apart",
        )
    name = node_group_name(pool, group)
    labels = group_object_labels(plan, pool, group)
    drivers = node_labels_for(settings.family) if image_flavour(group) == "nvidia" else {}
    spot = group.purchase.option == "spot"
    requirements = [
        _one_of("karpenter.sh/capacity-type", capacity_types),
        _one_of(
            "node.kubernetes.io/instance-type", [offer.instance_type for offer in group.offers]
        ),
        _one_of("kubernetes.io/arch", [_ARCHITECTURES[group.architecture]]),
    ]
    if plan.spec.site.zones:
        requirements.append(_one_of("topology.kubernetes.io/zone", plan.spec.site.zones))
    template: dict[str, Any] = {
        "nodeClassRef": {"group": "karpenter.k8s.aws", "kind": "EC2NodeClass", "name": name},
        "requirements": requirements,
        "expireAfter": "720h" if spot else "Never",
    }
    if group.taints:
        template["taints"] = [
            {"key": t.key, "effect": t.effect, **({"value": t.value} if t.value else {})}
            for t in group.taints
        ]
    node_pool = {
        "weight": MAX_WEIGHT - _WEIGHT_STEP * list(pool.groups).index(group),
        "limits": {"nodes": str(sized.sizing.sizes.max)},
        "disruption": {
            "consolidationPolicy": "WhenEmptyOrUnderutilized" if spot else "WhenEmpty",
            "consolidateAfter": "5m",
        },
        "template": {
            "metadata": {"labels": {**settable_labels(node_labels(pool, group)), **drivers}},
            "spec": template,
        },
    }
    return (
        KubernetesObject(
            NODE_CLASS_API,
            "EC2NodeClass",
            name,
            labels,
            _node_class(sized, settings, {**tags, **instance_tags(plan, pool, group)}),
            KEPT_BY_GITOPS,
        ),
        KubernetesObject(NODE_POOL_API, "NodePool", name, labels, node_pool, KEPT_BY_GITOPS),
    )


def _node_class(
    sized: SizedGroup, settings: NodeSettings, tags: Mapping[str, str]
) -> dict[str, Any]:
    discovery = [{"tags": {DISCOVERY_TAG: settings.cluster}}]
    spec: dict[str, Any] = {
        "role": settings.role,
        "amiSelectorTerms": [{"alias": f"{_ALIASES[settings.family]}@{settings.ami_version}"}],
        "subnetSelectorTerms": discovery,
        "securityGroupSelectorTerms": discovery,
        "metadataOptions": {
            "httpEndpoint": "enabled",
            "httpTokens": "required",
            "httpPutResponseHopLimit": settings.metadata_hop_limit,
        },
        "blockDeviceMappings": [
            {
                "deviceName": volume.device,
                "ebs": {
                    "volumeType": "gp3",
                    "encrypted": True,
                    "deleteOnTermination": True,
                    "volumeSize": f"{volume.gib}Gi",
                },
            }
            for volume in node_volumes(settings.family, settings.volume_gib)
        ],
        "tags": dict(tags),
    }
    if isinstance(sized.group.purchase, CapacityBlock):
        spec["capacityReservationSelectorTerms"] = [{"id": sized.group.purchase.reservation_id}]
    return spec


def _one_of(key: str, values: "list[str] | tuple[str, ...]") -> dict[str, Any]:
    return {"key": key, "operator": "In", "values": list(values)}
