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
from typing import Any

from trimtab.errors import InputError
from trimtab.plan import eks
from trimtab.plan.attribution import group_key
from trimtab.plan.attribution import group_tags as group_tags_of
from trimtab.plan.labels import MANAGED_BY
from trimtab.plan.model import CapacityBlock, CapacityPlan, Group, Pool, Reserved, purchase_zone
from trimtab.plan.sizing import Sizes, Sizing
from trimtab.provision.eks.groups import BlockCapacity, NodeGroupShape, OpenCapacity, eks_taint
from trimtab.provision.eks.schedules import ScheduledSize, schedule
from trimtab.provision.nodes import node_marks
from trimtab.provision.pool_settings import Settings
from trimtab.provision.sized_groups import SizedGroup
from trimtab_functions.capacity.adapters.base import (
    Composed,
    Decided,
    Fixed,
    GroupAdapter,
    Kind,
    Running,
    Scaling,
)
from trimtab_functions.capacity.adapters.beside import Attached, Beside
from trimtab_functions.capacity.adapters.eks_companions import (
    LAUNCH_TEMPLATE,
    companions,
    group_tags,
    schedules,
)
from trimtab_functions.capacity.adapters.eks_settings import (
    FIRST_VERSION,
    ComposedGroup,
    EksSettings,
    composed_group,
)
from trimtab_functions.capacity.adapters.eks_split import in_zone, split_group, templated
from trimtab_functions.capacity.adapters.managed import (
    at_provider,
    for_provider,
    held_managed,
    managed,
)
from trimtab_functions.capacity.adapters.objects import MANAGED_BY_LABEL, as_applied, own_metadata
from trimtab_functions.capacity.adapters.settings import provider_config
from trimtab_functions.capacity.adapters.taints import with_ours_last
from trimtab_functions.capacity.documents import (
    Document,
    Path,
    at,
    count,
    first_count,
    items,
    mapping,
    replaced,
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
    "subnetIdSelector",
    "tags",
    "taint",
)


@dataclass(frozen=True)
class NodeGroupFixed(Fixed):
    """What EKS can't change in place; None or empty where it is not stated."""

    capacity_type: str | None
    instance_types: tuple[str, ...]
    ami_type: str | None

    def gives(self, planned: "NodeGroupFixed") -> bool:
        """The order of instance types is a preference; a CUSTOM AMI, and a machine that is not
        stated, are its launch template's."""
        return (
            (self.capacity_type or "ON_DEMAND") == planned.capacity_type
            and (not self.instance_types or set(self.instance_types) == set(planned.instance_types))
            and self.ami_type in (None, _CUSTOM_AMI, planned.ami_type)
        )


class EksNodeGroup(GroupAdapter):
    """`eks.aws.m.upbound.io` NodeGroup, and the cluster-scoped one of `eks.aws.upbound.io/v1beta2`."""

    kinds = (Kind("eks.aws.m.upbound.io", "NodeGroup"), Kind("eks.aws.upbound.io", "NodeGroup"))
    provider = "aws"
    settings = EksSettings
    attaches = True

    def reads(self, document: Document) -> bool:
        """Not the cluster-scoped v1beta1, in which `scalingConfig` is a list."""
        return document.get("apiVersion") != "eks.aws.upbound.io/v1beta1"

    def fixed(self, document: Document) -> NodeGroupFixed:
        stated, reported = for_provider(document), at_provider(document)
        return NodeGroupFixed(
            text(stated.get("capacityType")) or text(reported.get("capacityType")),
            texts(stated.get("instanceTypes")) or texts(reported.get("instanceTypes")),
            text(stated.get("amiType")) or text(reported.get("amiType")),
        )

    def running(self, document: Document) -> Running:
        """The desired size that AWS reports, within the bounds that the spec asks for.

        Before AWS reports any, it is what the node group is being created with.
        """
        asked = mapping(for_provider(document).get("scalingConfig"))
        reported = mapping(at_provider(document).get("scalingConfig"))
        created = section(document, "spec", "initProvider", "scalingConfig")
        initial = count(created.get("desiredSize"))
        desired = first_count(reported.get("desiredSize"), asked.get("desiredSize"), initial)
        low = first_count(asked.get("minSize"), reported.get("minSize"))
        high = first_count(asked.get("maxSize"), reported.get("maxSize"))
        if desired is None or low is None or high is None:
            return Running(None, initial)
        if (most := count(reported.get("maxSize"))) is not None:
            # More than EKS's own max is no size of a node group: what it says then is not believed.
            desired = min(desired, max(most, high))
        return Running(Sizes(low, desired, high), initial)

    def decide(self, plan: CapacityPlan, pool: Pool, group: Group, base: Document) -> Decided:
        """Of a node group that `compose` made, all but what can't change is decided already."""
        fixed = NodeGroupFixed(
            eks.capacity_type(group),
            tuple(offer.instance_type for offer in group.offers),
            eks.ami_type(group, _family(base)),
        )
        if section(base, "metadata", "labels").get(MANAGED_BY_LABEL) == MANAGED_BY:
            return Decided(fixed, {"labels": {}, "tags": {}, "taint": []})
        _check_launch_template(pool, group, base)
        marks = node_marks(pool, group, Settings())
        return Decided(
            fixed,
            {
                "labels": marks.labels,
                "tags": group_tags_of(plan, pool, group),
                "taint": [eks_taint(taint) for taint in marks.taints],
                "zone": purchase_zone(group.purchase),
            },
        )

    def planned(self, base: Document, decided: Decided) -> Document:
        """Its own labels, taints and tags stay unless the plan has one of that name, and so does a
        CUSTOM AMI type, whose launch template names the image."""
        fixed = decided.fixed
        assert isinstance(fixed, NodeGroupFixed)  # noqa: S101 - this adapter's own
        provider = dict(section(base, "spec", "forProvider"))
        provider["capacityType"] = fixed.capacity_type
        if fixed.capacity_type == "CAPACITY_BLOCK":
            # Its launch template names the machine; EKS takes it once.
            provider.pop("instanceTypes", None)
        else:
            provider["instanceTypes"] = list(fixed.instance_types)
        if provider.get("amiType") != _CUSTOM_AMI:
            provider["amiType"] = fixed.ami_type
        for field in ("labels", "tags"):
            provider[field] = {**mapping(provider.get(field)), **decided.spec[field]}
        if taints := with_ours_last(items(provider.get("taint")), decided.spec["taint"]):
            provider["taint"] = taints
        # What is reserved is in one zone: nodes in another would never start.
        return in_zone(managed(base, provider), decided.spec.get("zone"))

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
        self, settings: EksSettings, plan: CapacityPlan, pool: Pool, group: Group
    ) -> Composed:
        """In full but for the sizes; its name in EKS is the group's key, as Pulumi's component has it."""
        composed = composed_group(settings, plan, pool, group)
        shape = composed.shape
        provider: Document = {
            "region": settings.region,
            "clusterName": settings.cluster_name,
            "nodeRoleArn": settings.node_role_arn,
            "subnetIds": list(composed.subnet_ids),
            "amiType": shape.ami_type,
            "labels": dict(shape.labels),
            "tags": {**shape.tags, **shape.autoscaler_tags},
            "updateConfig": _update_config(shape),
            "nodeRepairConfig": {"enabled": shape.node_repair},
        }
        if shape.taints:
            provider["taint"] = [dict(each) for each in shape.taints]
        # A capacity block's group can only be upgraded at zero: it keeps what it began with.
        if settings.kubernetes_version and not isinstance(shape.capacity, BlockCapacity):
            provider["version"] = settings.kubernetes_version
        if composed.given is not None:
            launch = composed.given
            provider["launchTemplate"] = {"id": launch.id, "version": launch.version}
        elif composed.templated:
            provider["launchTemplate"] = {"name": composed.name, "version": FIRST_VERSION}
        document: Document = {
            "apiVersion": API_VERSION,
            "kind": "NodeGroup",
            "metadata": own_metadata(shape.name),
            "spec": {"forProvider": provider, "providerConfigRef": provider_config(settings)},
        }
        return Composed(document, companions(composed), composed.variant, composed)

    def split(
        self, document: Document, plan: CapacityPlan, pool: Pool, group: Group, suffix: str
    ) -> Composed:
        """Of a template without a launch template, a group that must name its capacity gets one."""
        named = self.named(document, suffix)
        if _states_launch_template(document):
            return Composed(named)
        composed = split_group(named, _family(document), plan, pool, group)
        if composed is None:
            return Composed(named)
        named = templated(named)
        config = at(document, "spec", "providerConfigRef")
        beside = companions(composed)
        if config is not None:
            path = ("spec", "providerConfigRef")
            beside = {end: replaced(each, path, config) for end, each in beside.items()}
        return Composed(named, beside, aside=composed)

    def attach(self, document: Document, beside: Beside) -> Attached:
        """What EKS can't give a node group later stays as it exists: its subnets, and which launch
        template it has. That one's version is the latest that its own resource reports."""
        if not isinstance(beside.aside, ComposedGroup):
            return Attached(document)
        composed, found = beside.aside, {}
        provider = dict(for_provider(document))
        note = None
        if composed.name is None and (waits := _by_id(provider, beside)) is not None:
            return Attached(None, note=waits)
        if beside.own is not None:
            own = for_provider(beside.own)
            if subnets := texts(own.get("subnetIds")):
                provider["subnetIds"] = list(subnets)
            note = _keep_launch_template(provider, own)
            kept = beside.companions.get(LAUNCH_TEMPLATE)
            if kept is not None and not composed.templated:
                found[LAUNCH_TEMPLATE] = as_applied(kept)
        _name_version(provider, beside)
        if isinstance(composed.shape.capacity, BlockCapacity):
            _keep_version(provider, beside)
        if (scaling_group := _scaling_group(beside)) is not None:
            found |= group_tags(composed, scaling_group)
            if composed.settings.scheduled_windows:
                found |= schedules(composed, scaling_group, _scheduled(composed, beside))
        return Attached(replaced(document, ("spec", "forProvider"), provider), found, note)


def _update_config(shape: NodeGroupShape) -> Document:
    share = shape.max_unavailable_percentage
    # EKS's default is said, or a share that is dropped would stay.
    found: Document = (
        {"maxUnavailable": 1} if share is None else {"maxUnavailablePercentage": share}
    )
    if not isinstance(shape.capacity, OpenCapacity):
        # What is reserved has no machine to spare: an update must end one before it starts another.
        found["updateStrategy"] = "MINIMAL"
    return found


def _keep_launch_template(provider: Document, own: Mapping[str, Any]) -> str | None:
    """Keep which launch template an existing node group has; what to tell a person, if it matters."""
    wanted, had = mapping(provider.get("launchTemplate")), mapping(own.get("launchTemplate"))
    same = any(wanted.get(each) == had.get(each) for each in ("id", "name") if wanted.get(each))
    if same or not (wanted or had):
        return None
    if had:
        provider["launchTemplate"] = dict(had)
    else:
        del provider["launchTemplate"]
    return "it keeps the launch template that it was created with, or none: EKS can't change that"


def _by_id(provider: Document, beside: Beside) -> str | None:
    """Name a launch template by the id that it reports; why the node group waits, if it does."""
    own = mapping(for_provider(beside.own or {}).get("launchTemplate"))
    reported = at_provider(beside.companions.get(LAUNCH_TEMPLATE, {}))
    known, version = text(reported.get("id")), count(reported.get("latestVersion"))
    stated = dict(own) if own else {"id": known, "version": FIRST_VERSION}
    if known is not None and stated.get("id") == known and version:
        stated["version"] = str(version)
    if beside.own is None and known is None:
        return "waits for its launch template to have an id"
    provider["launchTemplate"] = stated
    return None


def _name_version(provider: Document, beside: Beside) -> None:
    """The latest version that is known of a composed launch template; never one that is guessed at
    where the node group already has one."""
    stated = mapping(provider.get("launchTemplate"))
    template = beside.companions.get(LAUNCH_TEMPLATE)
    if template is None and beside.own is None:
        return
    name = stated.get("name")
    if name is None or stated.get("id") is not None:
        return
    latest = None
    if template is not None and for_provider(template).get("name") == name:
        latest = count(at_provider(template).get("latestVersion"))
    own = mapping(for_provider(beside.own or {}).get("launchTemplate"))
    version = str(latest) if latest else text(own.get("version")) or FIRST_VERSION
    provider["launchTemplate"] = {**stated, "version": version}


def _keep_version(provider: Document, beside: Beside) -> None:
    """A capacity block's group can only be upgraded at zero: it keeps the version it began with."""
    stated = mapping(provider.get("launchTemplate"))
    own = mapping(for_provider(beside.own or {}).get("launchTemplate"))
    if stated and (version := text(own.get("version"))) is not None:
        provider["launchTemplate"] = {**stated, "version": version}


def _scaling_group(beside: Beside) -> str | None:
    """The node group's Auto Scaling group, as it reports it, or as what stands beside it says."""
    for each in items(at_provider(beside.own or {}).get("resources")):
        for group in items(mapping(each).get("autoscalingGroups")):
            if (name := text(mapping(group).get("name"))) is not None:
                return name
    named = (
        text(for_provider(each).get("autoscalingGroupName")) for each in beside.companions.values()
    )
    return next((each for each in named if each is not None), None)


def _scheduled(composed: ComposedGroup, beside: Beside) -> tuple[ScheduledSize, ...]:
    group = beside.group
    sized = SizedGroup(
        composed.pool,
        group,
        group_key(composed.pool, group),
        Sizing(beside.sizes, None),
        beside.later(),
    )
    later = schedule(sized, beside.window.start, autoscaled=True).later
    return later[: composed.settings.scheduled_windows]


def _family(base: Document) -> eks.AmiFamily:
    """The operating system that the AMI type which is stated chooses."""
    ami = text(for_provider(base).get("amiType")) or ""
    return next((each for each in eks.AMI_FAMILIES if ami.startswith(each)), "AL2023")


def _states_launch_template(base: Document) -> bool:
    stated = for_provider(base).get("launchTemplate")
    return bool(stated or section(base, "spec", "initProvider").get("launchTemplate"))


def _check_launch_template(pool: Pool, group: Group, base: Document) -> None:
    """Refuse what an earlier step's node group can't have without a launch template."""
    if _states_launch_template(base):
        return
    where = f"{pool.name}/{group.name}"
    if isinstance(group.purchase, CapacityBlock):
        raise InputError(
            f"capacity block {group.purchase.reservation_id} needs a launch template that names it",
            where=where,
            mend="give the node group one whose market type is capacity-block",
        )
    if isinstance(group.purchase, Reserved) and group.purchase.reservation is not None:
        held = group.purchase.reservation
        raise InputError(
            f"held reservation {held.id or held.group_arn} needs a launch template that names it",
            where=where,
            mend="give the node group one that targets it",
        )
