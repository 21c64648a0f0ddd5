"""Resources being read: what one says itself, before what only the others know is added.

A reader fills `Draft`s. `finish` makes an estate of them: it sorts them, refuses two of one key, joins
Kubernetes objects that name each other, and takes a region from what a resource refers to where neither it
nor its provider says one.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from trimtab.errors import InputError
from trimtab.resources.inputs import Inputs
from trimtab.resources.model import Estate, Origin, Resource, Role

_PASSES = 4
"""How far a region travels along references: a volume's attachment, its volume, its group, its vault."""


@dataclass(slots=True)
class Draft:
    """A resource as far as it is read; the fields are `Resource`'s.

    Attributes:
        manifest: the Kubernetes object, where it is one.
        default_region: the region where nothing that it refers to has one either.
    """

    key: str
    kind: str
    type: str
    name: str
    origin: Origin
    inputs: Inputs
    role: Role = Role.MANAGED
    parent: str = ""
    region: str | None = None
    id: str = ""
    references: dict[str, tuple[str, ...]] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    where: str = ""
    manifest: Mapping[str, Any] | None = None
    default_region: str | None = None

    def resource(self) -> Resource:
        """As the model has it."""
        return Resource(
            self.key,
            self.kind,
            self.type,
            self.name,
            self.origin,
            self.inputs,
            self.role,
            self.parent,
            self.region or self.default_region,
            self.id,
            self.references,
            self.tags,
            self.where,
        )


def finish(
    source: str,
    drafts: Iterable[Draft],
    *,
    complete: bool = True,
    notes: Iterable[str] = (),
    plan_file: Path | None = None,
) -> Estate:
    """The estate of what was read.

    Raises:
        InputError: two resources have one key.
    """
    ordered = sorted(drafts, key=lambda each: each.key)
    for one, other in pairwise(ordered):
        if one.key == other.key:
            raise InputError(
                f"{one.key} is declared twice{_beside(one, other)}",
                where=other.where or source,
                mend="remove one, or name the overlay or render that is meant",
            )
    if any(each.manifest is not None for each in ordered):
        from trimtab.resources.readers.object_links import link

        link(ordered)
    _regions_by_reference(ordered)
    return Estate(
        source,
        tuple(each.resource() for each in ordered),
        complete,
        tuple(dict.fromkeys(notes)),
        plan_file,
    )


def _beside(one: Draft, other: Draft) -> str:
    return f", first in {one.where}" if one.where and one.where != other.where else ""


def _regions_by_reference(drafts: list[Draft]) -> None:
    by_key = {each.key: each for each in drafts}
    waiting = [each for each in drafts if each.region is None and (each.references or each.parent)]
    for _ in range(_PASSES):
        # Decided for all, then set, so that the order of resources does not matter.
        found = [(each, region) for each in waiting if (region := _near(each, by_key))]
        if not found:
            return
        for each, region in found:
            each.region = region
        waiting = [each for each in waiting if each.region is None]


def _near(draft: Draft, by_key: Mapping[str, Draft]) -> str | None:
    """The region of what a resource refers to, or of its parent, of the same provider."""
    provider = draft.kind.partition("_")[0]
    if "/" in draft.kind:
        return None
    for name in sorted(draft.references):
        for key in draft.references[name]:
            other = by_key.get(key)
            if other and other.region and other.kind.partition("_")[0] == provider:
                return other.region
    parent = by_key.get(draft.parent)
    if parent and parent.region and parent.kind.partition("_")[0] == provider:
        return parent.region
    return None
