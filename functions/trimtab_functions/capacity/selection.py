"""Which resources of earlier steps follow the plan, and which part of it.

Pure. A resource says so itself by its labels `trimtab.dev/pool` and `trimtab.dev/group`, or the step's
input has a target that matches it, whatever function composed it. Labels go first; a target's `fields`
hold for what is labelled too.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from trimtab.plan.labels import GROUP_LABEL, MANAGED_BY, POOL_LABEL
from trimtab_functions.capacity.adapters import follower, group_adapter
from trimtab_functions.capacity.adapters.base import GroupAdapter, GroupRef
from trimtab_functions.capacity.adapters.field_path import FieldPaths
from trimtab_functions.capacity.adapters.followers import Follower
from trimtab_functions.capacity.adapters.objects import GENERATION_LABEL, MANAGED_BY_LABEL
from trimtab_functions.capacity.adapters.wrapped import is_object, unwrapped
from trimtab_functions.capacity.documents import Document, section, text
from trimtab_functions.capacity.settings import Match, Target


@dataclass(frozen=True, eq=False)  # by identity: equal bytes give the same object
class Template:
    """Where a part of the plan belongs: a key, and the document to write the plan's word on.

    Attributes:
        key: the composed resource's name.
        ref: without a group's name, the template is split into all groups of the pool.
    """

    key: str
    ref: GroupRef
    adapter: GroupAdapter
    document: Document

    @property
    def region(self) -> str | None:
        """The region that the document states."""
        return self.adapter.region(self.document)


@dataclass(frozen=True, eq=False)
class Following:
    """A resource of an earlier step that follows a pool or a group."""

    key: str
    ref: GroupRef
    follower: Follower
    document: Document


@dataclass(frozen=True, eq=False)
class Unknown:
    """A resource that is asked for, of a kind that no adapter knows.

    Attributes:
        target: the index of the target that asks for it; None where its labels alone do.
    """

    key: str
    kind: str
    target: int | None


@dataclass(frozen=True)
class Reading:
    """What a resource of an earlier step is here.

    Attributes:
        found: None when nobody asks for it or it is our own.
        matched: indices of the targets that match it.
    """

    found: Template | Following | Unknown | None
    matched: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Earlier:
    """What earlier steps composed that concerns this one.

    Attributes:
        ours: keys of what this function composed in an earlier step of the pipeline.
        unmatched: what is asked for and nothing follows the plan by it.
        passed_over: keys of what is labelled, and is of a kind that no adapter knows.
    """

    templates: Mapping[str, Template] = field(default_factory=dict)
    followers: Mapping[str, Following] = field(default_factory=dict)
    ours: frozenset[str] = frozenset()
    unmatched: tuple[str, ...] = ()
    passed_over: tuple[str, ...] = ()


NO_EARLIER = Earlier()


def read_resource(key: str, document: Document, targets: Sequence[Target]) -> Reading:
    """What a resource of an earlier step is here."""
    if composed_by_us(document):
        return Reading(None)
    matched = [n for n, each in enumerate(targets) if _matches(each.match, key, document)]
    first = matched[0] if matched else None
    target = None if first is None else targets[first]
    found: Template | Following | Unknown | None = _read(key, document, target)
    if found is None and (target is not None or group_ref(document) is not None):
        found = Unknown(key, text(document.get("kind")) or "", first)
    return Reading(found, frozenset(matched))


def unmatched(targets: Sequence[Target], readings: Sequence[Reading]) -> tuple[str, ...]:
    """What is asked for and nothing follows the plan by it, and how to mend that."""
    matched = frozenset().union(*(each.matched for each in readings))
    told = [
        f"targets[{number}] matches no resource of an earlier step; mend its match"
        for number in range(len(targets))
        if number not in matched
    ]
    told += [
        f"targets[{each.target}] matches {each.key}, and no adapter knows a {each.kind}; give fields"
        for each in _unknown(readings)
        if each.target is not None
    ]
    return tuple(told)


def passed_over(readings: Sequence[Reading]) -> tuple[str, ...]:
    """Keys of what is labelled, and is of a kind that no adapter knows: it may be so for other reasons."""
    return tuple(each.key for each in _unknown(readings) if each.target is None)


def _unknown(readings: Sequence[Reading]) -> list[Unknown]:
    return [each.found for each in readings if isinstance(each.found, Unknown)]


def _read(key: str, document: Document, target: Target | None) -> Template | Following | None:
    ref = group_ref(document)
    if ref is None:
        if target is None:
            return None
        ref = GroupRef(target.pool, target.group)
    if target is not None and target.fields is not None:
        return Following(key, ref, FieldPaths(target.fields), document)
    adapter = group_adapter(document)
    if adapter is not None:
        return Template(key, ref, adapter, document)
    found = follower(document)
    return None if found is None else Following(key, ref, found, document)


def _matches(match: Match, key: str, document: Mapping[str, Any]) -> bool:
    labels = section(document, "metadata", "labels")
    return (
        (match.name is None or fnmatchcase(key, match.name))
        and match.api_version in (None, document.get("apiVersion"))
        and match.kind in (None, document.get("kind"))
        and all(labels.get(name) == value for name, value in match.labels.items())
    )


def group_ref(document: Mapping[str, Any]) -> GroupRef | None:
    """The part of a plan that a document's labels name, or those of the manifest inside an Object."""
    labels = section(document, "metadata", "labels")
    if POOL_LABEL not in labels and is_object(document):
        labels = section(unwrapped(document), "metadata", "labels")
    pool, name = text(labels.get(POOL_LABEL)), text(labels.get(GROUP_LABEL))
    return None if pool is None else GroupRef(pool, name)


def composed_by_us(document: Mapping[str, Any]) -> bool:
    """Whether this function composed it, and no step of the user's."""
    return section(document, "metadata", "labels").get(MANAGED_BY_LABEL) == MANAGED_BY


def generation_of(document: Mapping[str, Any]) -> str | None:
    """The generation that a document's label names."""
    return text(section(document, "metadata", "labels").get(GENERATION_LABEL))
