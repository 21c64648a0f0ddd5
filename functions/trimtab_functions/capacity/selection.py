"""Which resources of earlier steps follow the plan, and which part of it.

Pure. A resource says so itself by its labels `trimtab.dev/pool` and `trimtab.dev/group`, or the step's
input has a target that matches it, whatever function composed it. Labels go first; a target's `fields`
hold for what is labelled too.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from trimtab.plan.attribution import GROUP_LABEL, MANAGED_BY, POOL_LABEL
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


def read_template(
    key: str, document: Document, targets: Sequence[Target]
) -> Template | Following | None:
    """What a resource of an earlier step is here; None when nobody asks for it or it is our own."""
    if composed_by_us(document):
        return None
    ref = group_ref(document)
    target = next((each for each in targets if _matches(each.match, key, document)), None)
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
