"""A Kubernetes object as a resource: a plain one, or a cloud resource that Crossplane manages.

A managed resource of Crossplane's upjet providers is Terraform's in a manifest: what it asks for is
`spec.forProvider`, over `spec.initProvider`. An Object of provider-kubernetes stands for the manifest in it.
Composite resources, their claims and their definitions cost what is composed of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from trimtab.errors import InputError
from trimtab.resources.inputs import Inputs
from trimtab.resources.kinds import kubernetes_kind
from trimtab.resources.model import Origin, Role
from trimtab.resources.place import own_region, tags_of
from trimtab.resources.readers.drafts import Draft
from trimtab.resources.readers.values import kubernetes_object, mapping, text

COMPOSITION_NAME = "crossplane.io/composition-resource-name"
COMPOSITE_LABEL = "crossplane.io/composite"
EXTERNAL_NAME = "crossplane.io/external-name"
_OBJECT_GROUPS = ("kubernetes.crossplane.io", "kubernetes.m.crossplane.io")
_DEFINITIONS = ("apiextensions.crossplane.io", "pkg.crossplane.io")
_PROVIDERS = {"aws": "aws", "azurerm": "azure", "google": "gcp"}
_DEEPEST = 3


@dataclass(frozen=True, slots=True)
class Meta:
    """What names an object."""

    api_version: str
    kind: str
    namespace: str
    name: str

    @property
    def group(self) -> str:
        return self.api_version.rpartition("/")[0] or "core"

    @property
    def id(self) -> str:
        """`group/Kind/namespace/name`; without a namespace where none is said."""
        return object_id(self.group, self.kind, self.namespace, self.name)


def object_id(group: str, kind: str, namespace: str, name: str) -> str:
    """How a Kubernetes object is named among others."""
    return "/".join((group, kind, *filter(None, [namespace]), name))


def meta_of(value: Mapping[str, Any]) -> Meta | None:
    """What names an object; None where it is none."""
    api_version, kind = text(value.get("apiVersion")), text(value.get("kind"))
    if not api_version or not kind:
        return None
    metadata = mapping(value.get("metadata"))
    name = text(metadata.get("name")) or text(metadata.get("generateName"))
    return Meta(api_version, kind, text(metadata.get("namespace")), name)


def draft_object(value: Mapping[str, Any], where: str, key: str | None = None) -> Draft:
    """An object as a resource.

    Args:
        value: the object, as it was parsed.
        where: file and line.
        key: what to call it; None: by its names.

    Raises:
        InputError: it has no apiVersion, kind or name, or is nested beyond reason.
    """
    try:
        cleaned = kubernetes_object(value)
    except RecursionError:
        raise InputError("is nested too deeply", where=where) from None
    meta = meta_of(cleaned)
    if meta is None:
        raise InputError(
            "is not a Kubernetes object", where=where, mend="write apiVersion and kind"
        )
    key = key or composed_key(cleaned)
    if key is None and not meta.name:
        raise InputError(f"the {meta.kind} has no name", where=where, mend="write metadata.name")
    return _draft(cleaned, meta, where, key or meta.id, 0)


def composed_key(value: Mapping[str, Any]) -> str | None:
    """The key of a composed resource, which gets its name from a control plane: by its composite."""
    metadata = mapping(value.get("metadata"))
    name = text(mapping(metadata.get("annotations")).get(COMPOSITION_NAME))
    composite = text(mapping(metadata.get("labels")).get(COMPOSITE_LABEL))
    if not name or not composite:
        return None
    owner = _controller(metadata)
    kind = text(owner.get("kind")) or "Composite"
    return f"{kind}/{text(owner.get('name')) or composite}/{name}"


def _controller(metadata: Mapping[str, Any]) -> dict[str, Any]:
    owners = metadata.get("ownerReferences")
    found = [mapping(each) for each in owners] if isinstance(owners, list) else []
    return next((each for each in found if each.get("controller")), {})


def _draft(value: dict[str, Any], meta: Meta, where: str, key: str, depth: int) -> Draft:
    spec = mapping(value.get("spec"))
    provided = spec.get("forProvider")
    if isinstance(provided, dict):
        if meta.group in _OBJECT_GROUPS and meta.kind == "Object" and depth < _DEEPEST:
            inner = mapping(provided.get("manifest"))
            found = meta_of(inner)
            if found is not None:
                made = _draft(inner, found, where, key, depth + 1)
                made.role = Role.EXISTING if _only_observed(spec) else made.role
                made.name = found.name or meta.name
                made.parent = _composite_of(value)
                return made
        kind = kubernetes_kind(meta.api_version, meta.kind)
        if "/" not in kind:
            return _managed(value, meta, where, key, kind)
    kind = kubernetes_kind(meta.api_version, meta.kind)
    inputs = Inputs({name: each for name, each in value.items() if name != "status"}, camel=True)
    return Draft(
        key,
        kind,
        f"{meta.api_version}/{meta.kind}",
        _name(value, meta),
        Origin.KUBERNETES,
        inputs,
        Role.COMPONENT if _is_composite(meta, spec) else Role.MANAGED,
        _composite_of(value),
        own_region("kubernetes", inputs),
        _id(value, meta),
        tags=tags_of(inputs),
        where=where,
        manifest=value,
    )


def _managed(value: dict[str, Any], meta: Meta, where: str, key: str, kind: str) -> Draft:
    spec = mapping(value.get("spec"))
    inputs = Inputs(
        _over(mapping(spec.get("initProvider")), mapping(spec["forProvider"])), camel=True
    )
    provider = _PROVIDERS.get(kind.partition("_")[0], "")
    metadata = mapping(value.get("metadata"))
    labels = {
        name: label
        for name, label in tags_of(Inputs({"labels": metadata.get("labels")}, camel=True)).items()
        if not name.startswith("crossplane.io/")
    }
    external = text(mapping(metadata.get("annotations")).get(EXTERNAL_NAME))
    return Draft(
        key,
        kind,
        f"{meta.api_version}/{meta.kind}",
        _name(value, meta),
        Origin.CROSSPLANE,
        inputs,
        Role.EXISTING if _only_observed(spec) else Role.MANAGED,
        _composite_of(value),
        own_region(provider, inputs),
        external or _id(value, meta),
        tags=tags_of(inputs, labels),
        where=where,
        manifest=value,
    )


def _id(value: Mapping[str, Any], meta: Meta) -> str:
    """How others name the object; "" where only the cluster will know its name."""
    return meta.id if text(mapping(value.get("metadata")).get("name")) else ""


def _name(value: Mapping[str, Any], meta: Meta) -> str:
    annotations = mapping(mapping(value.get("metadata")).get("annotations"))
    return text(annotations.get(COMPOSITION_NAME)) or meta.name


def _over(low: dict[str, Any], high: dict[str, Any]) -> dict[str, Any]:
    """Two mappings as one, the second's values before the first's, block by block."""
    merged = dict(low)
    for name, value in high.items():
        below = merged.get(name)
        if isinstance(below, dict) and isinstance(value, dict):
            merged[name] = _over(below, value)
        elif (
            isinstance(below, list)
            and isinstance(value, list)
            and len(below) == len(value) == 1
            and isinstance(below[0], dict)
            and isinstance(value[0], dict)
        ):
            merged[name] = [_over(below[0], value[0])]
        else:
            merged[name] = value
    return merged


def _only_observed(spec: Mapping[str, Any]) -> bool:
    return spec.get("managementPolicies") == ["Observe"] or (
        spec.get("managementPolicy") == "ObserveOnly"
    )


def _is_composite(meta: Meta, spec: Mapping[str, Any]) -> bool:
    if meta.group in _DEFINITIONS:
        return True
    composed = isinstance(spec.get("crossplane"), dict)
    legacy = ("compositionRef", "compositionSelector", "compositionRevisionRef", "claimRef")
    return composed or any(name in spec for name in legacy)


def _composite_of(value: Mapping[str, Any]) -> str:
    """The id of the composite resource that an object is of; "" where it is of none."""
    metadata = mapping(value.get("metadata"))
    if COMPOSITE_LABEL not in mapping(metadata.get("labels")):
        return ""
    owner = _controller(metadata)
    group = text(owner.get("apiVersion")).rpartition("/")[0]
    if not group or not text(owner.get("name")):
        return ""
    namespace = text(metadata.get("namespace"))
    return object_id(group, text(owner.get("kind")), namespace, text(owner["name"]))
