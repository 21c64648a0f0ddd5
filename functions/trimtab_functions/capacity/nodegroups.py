"""EKS NodeGroups as Crossplane's AWS provider has them: reading what runs, writing what is planned.

Pure: documents in, documents out. Facts of provider-upjet-aws (`eks.aws.m.upbound.io/v1beta1`,
CRD read 2026-08) and of EKS that everything here follows:

- An autoscaler owns the desired size. So min and max stand in `spec.forProvider.scalingConfig`,
  which the provider enforces, and desired in `spec.initProvider.scalingConfig`, which it uses to
  create the node group and ignores ever after. Without the management policy LateInitialize the
  provider doesn't copy the observed desired into forProvider either, which would enforce it.
- EKS refuses an update whose min is above the present desired. Since initProvider is ignored by
  then, a raise states the desired size in forProvider in the same change, and takes it out again
  once the provider reports that it has risen. While it stands there the provider enforces it, so it
  is never lower than what was reported; the report may be as old as the provider's poll interval.
- Capacity type, instance types and AMI type can't change in place. They are a generation's, which
  the label `trimtab.dev/generation` names.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from trimtab.errors import InputError
from trimtab.plan import eks
from trimtab.plan.attribution import (
    GROUP_LABEL,
    LABEL_PREFIX,
    MANAGED_BY,
    OPTION_LABEL,
    POOL_LABEL,
    group_key,
    group_tags,
    node_labels,
    object_labels,
)
from trimtab.plan.model import CapacityPlan, Group, Pool, Reserved
from trimtab.plan.sizing import Sizes
from trimtab.plan.types import MAX_NODES
from trimtab_functions.capacity.settings import NodeGroupsSpec

API_VERSION = "eks.aws.m.upbound.io/v1beta1"
KIND = "NodeGroup"
API_GROUP = API_VERSION.partition("/")[0]

GENERATION_LABEL = f"{LABEL_PREFIX}generation"
MANAGED_BY_LABEL = "app.kubernetes.io/managed-by"
EXTERNAL_NAME = "crossplane.io/external-name"
MANAGEMENT_POLICIES = ("Observe", "Create", "Update", "Delete")
_CUSTOM_AMI = "CUSTOM"

Document = dict[str, Any]


@dataclass(frozen=True)
class GroupRef:
    """A group of a plan, by its keys."""

    pool: str
    name: str

    def __str__(self) -> str:
        return f"{self.pool}/{self.name}"


@dataclass(frozen=True)
class Fixed:
    """What EKS can't change in place; None or empty where it is not stated."""

    capacity_type: str | None
    instance_types: tuple[str, ...]
    ami_type: str | None

    def gives(self, planned: "Fixed") -> bool:
        """Whether it already is what is planned; the order of instance types is a preference.

        A CUSTOM AMI is its launch template's business.
        """
        return (
            (self.capacity_type or "ON_DEMAND") == planned.capacity_type
            and set(self.instance_types) == set(planned.instance_types)
            and self.ami_type in (None, _CUSTOM_AMI, planned.ami_type)
        )


@dataclass(frozen=True)
class Decided:
    """What a plan decides about a node group, apart from its sizes."""

    fixed: Fixed
    node_labels: Mapping[str, str]
    taints: tuple[Mapping[str, str], ...]
    tags: Mapping[str, str]
    object_labels: Mapping[str, str]


@dataclass(frozen=True)
class Scaling:
    """The sizes to ask for, min <= desired <= max.

    Attributes:
        sizes: min and max are enforced; desired is what is expected to run.
        initial: the desired size to create the node group with.
        raise_to: the desired size to enforce for the moment, since EKS refuses a min above it.
    """

    sizes: Sizes
    initial: int
    raise_to: int | None = None


@dataclass(frozen=True, eq=False)  # by identity: equal bytes give the same object
class Observed:
    """A node group that exists.

    Attributes:
        key: its composed resource name, the key in the XR's state.
        ref: its group; None when it carries no labels that say so.
        generation: of its group; None when Trimtab did not label it.
        sizes: the bounds asked for and the desired size reported; None when neither is known.
        initial: the desired size that it was or is to be created with; None when not stated.
        ready: whether its Ready condition is True.
        read: reads the whole object, as the API server has it.
    """

    key: str
    ref: GroupRef | None
    generation: str | None
    fixed: Fixed
    sizes: Sizes | None
    initial: int | None
    ready: bool
    read: Callable[[], Document]

    def is_generation(self, generation: str, fixed: Fixed) -> bool:
        """Whether it is that generation: by its label, or, unlabelled, by what can't change."""
        if self.generation is not None:
            return self.generation == generation
        return self.fixed.gives(fixed)


@dataclass(frozen=True, eq=False)  # by identity, as Observed
class Template:
    """Where a group of the plan belongs: its key, and the NodeGroup to write the plan's word on."""

    key: str
    ref: GroupRef
    document: Document
    ami_family: eks.AmiFamily = "AL2023"

    @property
    def region(self) -> str | None:
        """The region that the document gives."""
        return _text(_section(self.document, "spec", "forProvider").get("region"))


def read_template(key: str, document: Document) -> Template | None:
    """A NodeGroup of an earlier step; None when it is none, has no group's labels, or is our own."""
    ref = group_ref(document)
    if ref is None or not _is_node_group(document) or composed_by_us(document):
        return None
    ami = _text(_section(document, "spec", "forProvider").get("amiType")) or ""
    family = next((each for each in eks.AMI_FAMILIES if ami.startswith(each)), None)
    return Template(key, ref, document, family or "AL2023")


def _is_node_group(document: Mapping[str, Any]) -> bool:
    """Whether it is a NodeGroup of the provider's namespaced API, of any version."""
    version = _text(document.get("apiVersion")) or ""
    return document.get("kind") == KIND and version.partition("/")[0] == API_GROUP


def group_ref(document: Mapping[str, Any]) -> GroupRef | None:
    """The group that a document's labels name."""
    labels = _section(document, "metadata", "labels")
    pool, name = labels.get(POOL_LABEL), labels.get(GROUP_LABEL)
    return GroupRef(pool, name) if isinstance(pool, str) and isinstance(name, str) else None


def composed_by_us(document: Mapping[str, Any]) -> bool:
    """Whether this function composed it, and no step of the user's."""
    return _section(document, "metadata", "labels").get(MANAGED_BY_LABEL) == MANAGED_BY


def read_observed(
    key: str, document: Mapping[str, Any], read: Callable[[], Document]
) -> Observed | None:
    """A node group from the API server; None when it is none. What is malformed counts as absent.

    Args:
        key: its composed resource name.
        document: the object.
        read: reads the object again, so that what is seldom needed is not kept.
    """
    if not _is_node_group(document):
        return None
    stated = _section(document, "spec", "forProvider")
    reported = _section(document, "status", "atProvider")
    initial = _count(_section(document, "spec", "initProvider", "scalingConfig").get("desiredSize"))
    generation = _section(document, "metadata", "labels").get(GENERATION_LABEL)
    return Observed(
        key=key,
        ref=group_ref(document),
        generation=_text(generation),
        fixed=Fixed(
            _text(stated.get("capacityType")) or _text(reported.get("capacityType")),
            _texts(stated.get("instanceTypes")) or _texts(reported.get("instanceTypes")),
            _text(stated.get("amiType")) or _text(reported.get("amiType")),
        ),
        sizes=_running(
            _mapping(stated.get("scalingConfig")), _mapping(reported.get("scalingConfig")), initial
        ),
        initial=initial,
        ready=_is_ready(document),
        read=read,
    )


def _running(
    asked: Mapping[str, Any], reported: Mapping[str, Any], initial: int | None
) -> Sizes | None:
    """What runs: the desired size that AWS reports, within the bounds that the spec asks for.

    Before AWS reports any, it is what the node group is being created with.
    """
    desired = _first(reported.get("desiredSize"), asked.get("desiredSize"), initial)
    low = _first(asked.get("minSize"), reported.get("minSize"))
    high = _first(asked.get("maxSize"), reported.get("maxSize"))
    if desired is None or low is None or high is None:
        return None
    return Sizes(low, desired, high)


def _is_ready(document: Mapping[str, Any]) -> bool:
    conditions = _items(_section(document, "status").get("conditions"))
    return any(
        isinstance(each, Mapping) and (each.get("type"), each.get("status")) == ("Ready", "True")
        for each in conditions
    )


def decide(plan: CapacityPlan, pool: Pool, group: Group, family: eks.AmiFamily) -> Decided:
    """What the plan says about a group, in EKS's words.

    Raises:
        InputError: EKS can't provision the group.
    """
    # Whoever composes the object says who manages it.
    plan_labels = {k: v for k, v in object_labels(plan).items() if k != MANAGED_BY_LABEL}
    return Decided(
        fixed=Fixed(
            eks.capacity_type(group),
            tuple(offer.instance_type for offer in group.offers),
            eks.ami_type(group, family),
        ),
        node_labels=node_labels(pool, group),
        taints=tuple(
            {"key": taint.key, "value": taint.value, "effect": eks.TAINT_EFFECTS[taint.effect]}
            for taint in group.taints
        ),
        tags=group_tags(plan, pool, group),
        object_labels={
            **plan_labels,
            POOL_LABEL: pool.name,
            GROUP_LABEL: group.name,
            OPTION_LABEL: group.purchase.option,
            GENERATION_LABEL: group.generation,
        },
    )


def own_template(spec: NodeGroupsSpec, pool: Pool, group: Group) -> Template:
    """A NodeGroup for the XR's cluster, for a group that no earlier step has one for.

    The object's own name is left to Crossplane, which derives it from the XR's, so that two XRs with
    equal pools don't collide; the node group's name in EKS is the group's.

    Raises:
        InputError: the group needs a launch template that the XR does not give.
    """
    provider: Document = {
        "region": spec.region,
        "clusterName": spec.cluster_name,
        "nodeRoleArn": spec.node_role_arn,
        "subnetIds": list(spec.subnet_ids),
    }
    launch = spec.launch_template(pool.name, group.name)
    if launch is not None:
        provider["launchTemplate"] = {"id": launch.id, "version": launch.version}
    elif group.purchase.option == "capacity-block":
        raise InputError(
            f"capacity block {group.purchase.reservation_id} needs a launch template that names it",
            where=f"the XR's spec.launchTemplates: {pool.name}/{group.name}",
            mend="add one whose market type is capacity-block",
        )
    elif isinstance(group.purchase, Reserved) and group.purchase.reservation is not None:
        held = group.purchase.reservation
        raise InputError(
            f"held reservation {held.id or held.group_arn} needs a launch template that names it",
            where=f"the XR's spec.launchTemplates: {pool.name}/{group.name}",
            mend="add one that targets it",
        )
    document: Document = {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "metadata": {
            "labels": {MANAGED_BY_LABEL: MANAGED_BY},
            "annotations": {EXTERNAL_NAME: eks.node_group_name(pool, group)},
        },
        "spec": {
            "forProvider": provider,
            "providerConfigRef": {
                "kind": spec.provider_config_ref.kind,
                "name": spec.provider_config_ref.name,
            },
        },
    }
    ref = GroupRef(pool.name, group.name)
    return Template(group_key(pool, group), ref, document, spec.ami_family)


def next_generation(document: Document, generation: str) -> Document:
    """An earlier step's NodeGroup for another generation: under names of its own."""
    metadata = dict(_section(document, "metadata"))
    annotations = dict(_section(document, "metadata", "annotations"))
    if isinstance(name := metadata.get("name"), str):
        metadata["name"] = _suffixed(name, generation)
    if isinstance(name := annotations.get(EXTERNAL_NAME), str):
        annotations[EXTERNAL_NAME] = _suffixed(name, generation)
        metadata["annotations"] = annotations
    return {**document, "metadata": metadata}


def _suffixed(name: str, generation: str) -> str:
    return f"{name[: eks.MAX_NAME - len(generation) - 1].rstrip('-.')}-{generation}"


def planned(base: Document, decided: Decided) -> Document:
    """A node group as the plan decides it, without its sizes.

    Args:
        base: `own_template`'s document, or an earlier step's; its own labels, taints and tags stay
            unless the plan has one of that name, and so does a CUSTOM AMI type, whose launch
            template names the image.
        decided: the plan's word on the group.
    """
    provider = dict(_section(base, "spec", "forProvider"))
    provider["capacityType"] = decided.fixed.capacity_type
    provider["instanceTypes"] = list(decided.fixed.instance_types)
    if provider.get("amiType") != _CUSTOM_AMI:
        provider["amiType"] = decided.fixed.ami_type
    provider["labels"] = {**_mapping(provider.get("labels")), **decided.node_labels}
    provider["tags"] = {**_mapping(provider.get("tags")), **decided.tags}
    if taints := _joined(_items(provider.get("taint")), decided.taints):
        provider["taint"] = taints
    return _written(base, provider, decided.object_labels)


def sizes_of(scaling: Scaling) -> dict[tuple[str, ...], Document]:
    """What states a NodeGroup's sizes, by path; each replaces what a document has there."""
    bounds = {"minSize": scaling.sizes.min, "maxSize": scaling.sizes.max}
    if scaling.raise_to is not None:
        bounds["desiredSize"] = scaling.raise_to
    return {
        ("spec", "forProvider", "scalingConfig"): bounds,
        ("spec", "initProvider", "scalingConfig"): {"desiredSize": scaling.initial},
    }


def held(observed: Observed, template: Template | None) -> Document:
    """A node group as it is, so that Crossplane neither changes nor deletes it.

    Args:
        observed: the node group.
        template: what an earlier step composed under the same key, if any; it decides all but what a
            plan decides.
    """
    document = observed.read()
    now = _section(document, "spec", "forProvider")
    labels = _section(document, "metadata", "labels")
    if template is None:
        provider = dict(now)
        base = _as_applied(document)
    else:
        provider = {**_section(template.document, "spec", "forProvider")}
        provider.update({field: now[field] for field in _DECIDED_FIELDS if field in now})
        base = template.document
    if "tags" in provider:
        # The provider adds its own to the spec, and must stay their only owner.
        tags = _mapping(provider["tags"])
        provider["tags"] = {k: v for k, v in tags.items() if not k.startswith("crossplane-")}
    kept = {key: value for key, value in labels.items() if key.startswith(LABEL_PREFIX)}
    return _written(base, provider, kept)


_DECIDED_FIELDS = (
    "amiType",
    "capacityType",
    "instanceTypes",
    "labels",
    "scalingConfig",
    "tags",
    "taint",
)


def _as_applied(document: Document) -> Document:
    """An observed document without what the API server and Crossplane put there."""
    labels = _section(document, "metadata", "labels")
    metadata: Document = {
        "labels": {k: v for k, v in labels.items() if not k.startswith("crossplane.io/")}
    }
    name = _section(document, "metadata", "annotations").get(EXTERNAL_NAME)
    if isinstance(name, str):
        metadata["annotations"] = {EXTERNAL_NAME: name}
    applied: Document = {key: document[key] for key in _APPLIED if key in document}
    return {**applied, "metadata": metadata}


_APPLIED = ("apiVersion", "kind", "spec")


def _written(base: Document, provider: Document, labels: Mapping[str, str]) -> Document:
    metadata = dict(_section(base, "metadata"))
    metadata["labels"] = {**_mapping(metadata.get("labels")), **labels}
    spec = dict(_section(base, "spec"))
    spec["forProvider"] = provider
    spec["managementPolicies"] = _policies(spec.get("managementPolicies"))
    return {**base, "metadata": metadata, "spec": spec}


def _policies(stated: object) -> list[str]:
    """The policies of an earlier step without LateInitialize; all others where it states none."""
    names = _texts(stated)
    if not names or "*" in names:
        return list(MANAGEMENT_POLICIES)
    return [each for each in names if each != "LateInitialize"]


def _joined(own: list[Any], ours: tuple[Mapping[str, str], ...]) -> list[Any]:
    """Taints of both; of two with one key and effect the plan's."""
    named = {(each["key"], each["effect"]) for each in ours}
    kept = [
        each
        for each in own
        if not isinstance(each, Mapping) or (each.get("key"), each.get("effect")) not in named
    ]
    return [*kept, *(dict(each) for each in ours)]


def _section(document: Mapping[str, Any], *path: str) -> Mapping[str, Any]:
    """The object at a path, or an empty one where there is none."""
    value: Any = document
    for part in path:
        value = value.get(part) if isinstance(value, Mapping) else None
    return _mapping(value)


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _items(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _texts(value: object) -> tuple[str, ...]:
    return tuple(each for each in _items(value) if isinstance(each, str))


def _count(value: object) -> int | None:
    """A whole number of nodes; protobuf's Struct has floats only."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if 0 <= value <= MAX_NODES and value == int(value) else None


def _first(*values: object) -> int | None:
    return next((count for each in values if (count := _count(each)) is not None), None)
