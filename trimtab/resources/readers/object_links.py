"""Which Kubernetes objects an object names: its node class, its claims, and Crossplane's references."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from trimtab.resources.model import Origin, Role
from trimtab.resources.readers.drafts import Draft
from trimtab.resources.readers.objects import (
    COMPOSITE_LABEL,
    Meta,
    meta_of,
    object_id,
)
from trimtab.resources.readers.values import mapping, sequence, text

_REFERENCE = re.compile(r"(.+?)(Refs?|Selector)$")
_SUFFIX = re.compile(r"(?:ids?|arns?|names?|keys?|selflinks?|emails?|urls?|inputs?)$")


@dataclass
class _Objects:
    by_id: dict[str, Draft] = field(default_factory=dict)
    by_name: dict[str, list[Draft]] = field(default_factory=lambda: defaultdict(list))
    by_composite: dict[str, list[Draft]] = field(default_factory=lambda: defaultdict(list))
    managed: list[Draft] = field(default_factory=list)


def link(drafts: Iterable[Draft]) -> None:
    """Add to each object the keys of those it names, and to composites that they are components."""
    objects = _Objects()
    found = [(each, meta) for each in drafts if (meta := _meta(each))]
    for draft, meta in found:
        if meta.name:
            objects.by_id.setdefault(meta.id, draft)
            objects.by_name[meta.name].append(draft)
        if composite := _label(draft, COMPOSITE_LABEL):
            objects.by_composite[composite].append(draft)
        if draft.origin is Origin.CROSSPLANE:
            objects.managed.append(draft)
    for draft, meta in found:
        parent = objects.by_id.get(draft.parent)
        if parent is not None:
            draft.parent = parent.key
            parent.role = Role.COMPONENT
        elif draft.origin is not Origin.PULUMI:
            draft.parent = ""
        if draft.origin is Origin.CROSSPLANE:
            _link_managed(draft, objects)
        else:
            _link_object(draft, meta, objects)


def _meta(draft: Draft) -> Meta | None:
    return None if draft.manifest is None else meta_of(draft.manifest)


def _label(draft: Draft, name: str) -> str:
    metadata = mapping((draft.manifest or {}).get("metadata"))
    return text(mapping(metadata.get("labels")).get(name))


def _link_object(draft: Draft, meta: Meta, objects: _Objects) -> None:
    spec = mapping((draft.manifest or {}).get("spec"))
    keys = [
        objects.by_id[name].key
        for name in _named(spec, meta)
        if name in objects.by_id and objects.by_id[name] is not draft
    ]
    if keys:
        known = draft.references.get("spec", ())
        draft.references["spec"] = tuple(dict.fromkeys([*known, *keys]))


def _named(spec: dict[str, Any], meta: Meta) -> Iterator[str]:
    """The ids of the objects that a specification names."""
    template = mapping(spec.get("template"))
    job = mapping(mapping(mapping(spec.get("jobTemplate")).get("spec")).get("template"))
    for pod in (spec, mapping(template.get("spec")), mapping(job.get("spec"))):
        for volume in sequence(pod.get("volumes")):
            claim = text(mapping(mapping(volume).get("persistentVolumeClaim")).get("claimName"))
            if claim:
                yield object_id("core", "PersistentVolumeClaim", meta.namespace, claim)
        node_class = mapping(pod.get("nodeClassRef"))
        if node_class:
            group = (
                text(node_class.get("group"))
                or text(node_class.get("apiVersion")).rpartition("/")[0]
            )
            yield object_id(group, text(node_class.get("kind")), "", text(node_class.get("name")))
    claims = [
        mapping(mapping(each).get("spec")) for each in sequence(spec.get("volumeClaimTemplates"))
    ]
    for claim_spec in (spec, *claims):
        if storage_class := text(claim_spec.get("storageClassName")):
            yield object_id("storage.k8s.io", "StorageClass", "", storage_class)
        if volume_name := text(claim_spec.get("volumeName")):
            yield object_id("core", "PersistentVolume", "", volume_name)
    target = mapping(spec.get("scaleTargetRef")) or mapping(spec.get("targetRef"))
    if target:
        group = text(target.get("apiVersion")).rpartition("/")[0] or "apps"
        kind = text(target.get("kind")) or "Deployment"
        yield object_id(group, kind, meta.namespace, text(target.get("name")))


def _link_managed(draft: Draft, objects: _Objects) -> None:
    for top, value in draft.inputs.values.items():
        for field_name, given in _references(top, value):
            found = _meant(draft, field_name, given, objects)
            if found:
                name = _snake(_field(top) if field_name == _field(top) else top)
                known = draft.references.get(name, ())
                draft.references[name] = tuple(dict.fromkeys([*known, *(e.key for e in found)]))


def _references(name: str, value: Any, depth: int = 0) -> Iterator[tuple[str, Any]]:
    """Fields and what names the objects that they are taken from, at any depth."""
    found = _REFERENCE.match(name)
    if found and isinstance(value, dict | list):
        yield found[1], value
        return
    if depth > 20:
        return
    if isinstance(value, list):
        for each in value:
            if isinstance(each, dict):
                yield from _references("", each, depth + 1)
    elif isinstance(value, dict):
        for inner, each in value.items():
            yield from _references(inner, each, depth + 1)


def _meant(draft: Draft, field_name: str, given: Any, objects: _Objects) -> list[Draft]:
    hint = _SUFFIX.sub("", field_name.lower())
    if isinstance(given, list):
        names = [text(mapping(each).get("name")) for each in given]
    elif "name" in given:
        names = [text(given["name"])]
    else:
        return _selected(draft, hint, mapping(given), objects)
    found = []
    for name in filter(None, names):
        named = [each for each in objects.by_name.get(name, ()) if each.origin is Origin.CROSSPLANE]
        likely = [each for each in named if _fits(each, hint)]
        found += likely or (named if len(named) == 1 else [])
    return [each for each in found if each is not draft]


def _selected(
    draft: Draft, hint: str, selector: Mapping[str, Any], objects: _Objects
) -> list[Draft]:
    wanted = mapping(selector.get("matchLabels"))
    if selector.get("matchControllerRef") is True:
        candidates = objects.by_composite.get(_label(draft, COMPOSITE_LABEL), [])
    elif wanted:
        candidates = objects.managed
    else:
        return []
    return [
        each
        for each in candidates
        if each is not draft
        and each.origin is Origin.CROSSPLANE
        and _fits(each, hint)
        and all(_label(each, name) == value for name, value in wanted.items())
    ]


def _fits(draft: Draft, hint: str) -> bool:
    """Whether a field's name speaks of such a kind: `subnetId` of a Subnet, `nodeRoleArn` of a Role."""
    kind = draft.type.rpartition("/")[2].lower()
    return bool(hint) and (hint.endswith(kind) or kind.endswith(hint))


def _field(name: str) -> str:
    found = _REFERENCE.match(name)
    return found[1] if found else name


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])([A-Z])", lambda found: f"_{found[1].lower()}", name)
