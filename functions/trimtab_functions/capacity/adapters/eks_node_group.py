"""EKS NodeGroups as Crossplane's AWS provider has them.

Facts of provider-upjet-aws (`eks.aws.m.upbound.io/v1beta1`, CRD read 2026-08) and of EKS that
everything here follows:

- An autoscaler owns the desired size. So min and max stand in `spec.forProvider.scalingConfig`,
  which the provider enforces, and desired in `spec.initProvider.scalingConfig`, which it uses to
  create the node group and ignores ever after. Without the management policy LateInitialize the
  provider doesn't copy the observed desired into forProvider either, which would enforce it.
- EKS refuses an update whose min is above the present desired. Since initProvider is ignored by
  then, a raise states the desired size in forProvider in the same change, and takes it out again
  once the provider reports that it has risen. While it stands there the provider enforces it, so it
  is never lower than what was reported; the report may be as old as the provider's poll interval.
- Capacity type, instance types and AMI type can't change in place.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field

from trimtab.errors import InputError
from trimtab.plan import eks
from trimtab.plan.attribution import group_tags, node_labels
from trimtab.plan.model import CapacityPlan, Group, Pool, Reserved
from trimtab.plan.sizing import Sizes
from trimtab.plan.types import DnsLabel, ShortText
from trimtab_functions.capacity.adapters.base import (
    Composed,
    Decided,
    Fixed,
    GroupAdapter,
    Kind,
    Running,
    Scaling,
    held_managed,
    managed,
    own_metadata,
)
from trimtab_functions.capacity.adapters.settings import (
    CloudSettings,
    SpecPart,
    provider_config,
)
from trimtab_functions.capacity.documents import (
    Document,
    Path,
    count,
    first_count,
    items,
    mapping,
    section,
    text,
    texts,
)

API_VERSION = "eks.aws.m.upbound.io/v1beta1"
_CUSTOM_AMI = "CUSTOM"
_DECIDED_FIELDS = (
    "amiType",
    "capacityType",
    "instanceTypes",
    "labels",
    "scalingConfig",
    "tags",
    "taint",
)


class LaunchTemplate(SpecPart):
    """The EC2 launch template of one group's nodes: a capacity block's or a reservation's."""

    pool: DnsLabel
    group: DnsLabel
    id: ShortText
    version: ShortText


class EksSettings(CloudSettings):
    """What an XR says of the node groups to compose."""

    cluster_name: ShortText
    node_role_arn: ShortText
    subnet_ids: Annotated[tuple[ShortText, ...], Field(min_length=1, max_length=16)]
    ami_family: eks.AmiFamily = "AL2023"
    launch_templates: Annotated[tuple[LaunchTemplate, ...], Field(max_length=64)] = ()

    def launch_template(self, pool: str, group: str) -> LaunchTemplate | None:
        """The launch template that the XR gives for a group."""
        for template in self.launch_templates:
            if (template.pool, template.group) == (pool, group):
                return template
        return None


@dataclass(frozen=True)
class NodeGroupFixed(Fixed):
    """What EKS can't change in place; None or empty where it is not stated."""

    capacity_type: str | None
    instance_types: tuple[str, ...]
    ami_type: str | None

    def gives(self, planned: "NodeGroupFixed") -> bool:
        """The order of instance types is a preference; a CUSTOM AMI is its launch template's."""
        return (
            (self.capacity_type or "ON_DEMAND") == planned.capacity_type
            and set(self.instance_types) == set(planned.instance_types)
            and self.ami_type in (None, _CUSTOM_AMI, planned.ami_type)
        )


class EksNodeGroup(GroupAdapter):
    """`eks.aws.m.upbound.io` NodeGroup."""

    kinds = (Kind("eks.aws.m.upbound.io", "NodeGroup"),)
    provider = "aws"
    settings = EksSettings

    def fixed(self, document: Document) -> NodeGroupFixed:
        stated, reported = _stated(document), _reported(document)
        return NodeGroupFixed(
            text(stated.get("capacityType")) or text(reported.get("capacityType")),
            texts(stated.get("instanceTypes")) or texts(reported.get("instanceTypes")),
            text(stated.get("amiType")) or text(reported.get("amiType")),
        )

    def running(self, document: Document) -> Running:
        """The desired size that AWS reports, within the bounds that the spec asks for.

        Before AWS reports any, it is what the node group is being created with.
        """
        asked = mapping(_stated(document).get("scalingConfig"))
        reported = mapping(_reported(document).get("scalingConfig"))
        created = section(document, "spec", "initProvider", "scalingConfig")
        initial = count(created.get("desiredSize"))
        desired = first_count(reported.get("desiredSize"), asked.get("desiredSize"), initial)
        low = first_count(asked.get("minSize"), reported.get("minSize"))
        high = first_count(asked.get("maxSize"), reported.get("maxSize"))
        if desired is None or low is None or high is None:
            return Running(None, initial)
        return Running(Sizes(low, desired, high), initial)

    def decide(self, plan: CapacityPlan, pool: Pool, group: Group, base: Document) -> Decided:
        fixed = NodeGroupFixed(
            eks.capacity_type(group),
            tuple(offer.instance_type for offer in group.offers),
            eks.ami_type(group, _family(base)),
        )
        taints = [
            {"key": taint.key, "value": taint.value, "effect": eks.TAINT_EFFECTS[taint.effect]}
            for taint in group.taints
        ]
        return Decided(
            fixed,
            {
                "labels": node_labels(pool, group),
                "tags": group_tags(plan, pool, group),
                "taint": taints,
            },
        )

    def planned(self, base: Document, decided: Decided) -> Document:
        """Its own labels, taints and tags stay unless the plan has one of that name, and so does a
        CUSTOM AMI type, whose launch template names the image."""
        fixed = decided.fixed
        assert isinstance(fixed, NodeGroupFixed)  # noqa: S101 - this adapter's own
        provider = dict(section(base, "spec", "forProvider"))
        provider["capacityType"] = fixed.capacity_type
        provider["instanceTypes"] = list(fixed.instance_types)
        if provider.get("amiType") != _CUSTOM_AMI:
            provider["amiType"] = fixed.ami_type
        for field in ("labels", "tags"):
            provider[field] = {**mapping(provider.get(field)), **decided.spec[field]}
        if taints := _joined(items(provider.get("taint")), decided.spec["taint"]):
            provider["taint"] = taints
        return managed(base, provider)

    def sizes(self, scaling: Scaling) -> Mapping[Path, Any]:
        bounds = {"minSize": scaling.sizes.min, "maxSize": scaling.sizes.max}
        if scaling.enforced is not None:
            bounds["desiredSize"] = scaling.enforced
        return {
            ("spec", "forProvider", "scalingConfig"): bounds,
            ("spec", "initProvider", "scalingConfig"): {"desiredSize": scaling.initial},
        }

    def held(self, observed: Document, template: Document | None) -> Document:
        return held_managed(observed, template, _DECIDED_FIELDS)

    def accepted(self, sizes: Sizes) -> Sizes:
        return eks.accepted_sizes(sizes)

    def compose(
        self,
        settings: EksSettings,
        plan: CapacityPlan,  # noqa: ARG002 - the interface's
        pool: Pool,
        group: Group,
    ) -> Composed:
        """The node group's name in EKS is the group's key."""
        provider: Document = {
            "region": settings.region,
            "clusterName": settings.cluster_name,
            "nodeRoleArn": settings.node_role_arn,
            "subnetIds": list(settings.subnet_ids),
        }
        if settings.ami_family != "AL2023":
            provider["amiType"] = settings.ami_family  # the family, until the plan says which image
        launch = settings.launch_template(pool.name, group.name)
        if launch is not None:
            provider["launchTemplate"] = {"id": launch.id, "version": launch.version}
        else:
            _refuse_without_template(pool, group)
        document: Document = {
            "apiVersion": API_VERSION,
            "kind": "NodeGroup",
            "metadata": own_metadata(eks.node_group_name(pool, group)),
            "spec": {"forProvider": provider, "providerConfigRef": provider_config(settings)},
        }
        return Composed(document)


def _stated(document: Document) -> Mapping[str, Any]:
    return section(document, "spec", "forProvider")


def _reported(document: Document) -> Mapping[str, Any]:
    return section(document, "status", "atProvider")


def _family(base: Document) -> eks.AmiFamily:
    """The operating system that the AMI type which is stated chooses."""
    ami = text(_stated(base).get("amiType")) or ""
    return next((each for each in eks.AMI_FAMILIES if ami.startswith(each)), "AL2023")


def _joined(own: list[Any], ours: list[dict[str, str]]) -> list[Any]:
    """Taints of both; of two with one key and effect the plan's."""
    named = {(each["key"], each["effect"]) for each in ours}
    kept = [
        each
        for each in own
        if not isinstance(each, Mapping) or (each.get("key"), each.get("effect")) not in named
    ]
    return [*kept, *(dict(each) for each in ours)]


def _refuse_without_template(pool: Pool, group: Group) -> None:
    where = f"the XR's spec.launchTemplates: {pool.name}/{group.name}"
    if group.purchase.option == "capacity-block":
        raise InputError(
            f"capacity block {group.purchase.reservation_id} needs a launch template that names it",
            where=where,
            mend="add one whose market type is capacity-block",
        )
    if isinstance(group.purchase, Reserved) and group.purchase.reservation is not None:
        held = group.purchase.reservation
        raise InputError(
            f"held reservation {held.id or held.group_arn} needs a launch template that names it",
            where=where,
            mend="add one that targets it",
        )
