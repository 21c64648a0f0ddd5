"""Who pays for a resource: what its tags or labels say, in the words that people use for it.

The four dimensions are those of a plan's pools: team, project, model, environment. A Kubernetes object
without a word of its own has its namespace's.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields

from trimtab.diff.model import Owner
from trimtab.plan.labels import LABEL_PREFIX
from trimtab.resources.model import Resource

DIMENSIONS = tuple(field.name for field in fields(Owner))

TAG_NAMES: Mapping[str, tuple[str, ...]] = {
    "team": ("team", "owner", "squad", "cost-center", "costcenter"),
    "project": ("project", "product", "application", "app", "service", "app.kubernetes.io/part-of"),
    "model": ("model",),
    "environment": ("environment", "env", "stage"),
}
"""The tags that say each dimension, the first that is there decides; letter case, `-` and `_` are no matter."""


@dataclass(frozen=True)
class OwnerTags:
    """Which tags name an owner.

    Attributes:
        names: by dimension, the tags to look for, the most telling first.
    """

    names: Mapping[str, tuple[str, ...]]

    def owner(self, tags: Mapping[str, str]) -> Owner:
        """What the tags say."""
        if not tags:
            return NOBODY
        plain = {_plain(key): value for key, value in reversed(list(tags.items()))}
        found = {
            dimension: next((plain[name] for name in names if plain.get(name)), "")
            for dimension, names in self.names.items()
        }
        return Owner(**found)


NOBODY = Owner()


def owner_tags(more: Mapping[str, Sequence[str]] | None = None) -> OwnerTags:
    """The usual tags, with those of one's own before them."""
    given = more or {}
    return OwnerTags(
        {
            dimension: tuple(
                _plain(name)
                for name in (
                    *given.get(dimension, ()),
                    f"{LABEL_PREFIX}{dimension}",
                    *TAG_NAMES[dimension],
                )
            )
            for dimension in DIMENSIONS
        }
    )


def owners_of(resources: Iterable[Resource], tags: OwnerTags) -> dict[str, Owner]:
    """The owner of each resource, by key."""
    resources = list(resources)
    namespaces = {
        resource.name: resource.tags for resource in resources if resource.kind == "core/Namespace"
    }
    known: dict[tuple[tuple[str, str], ...], Owner] = {}

    def owner(resource: Resource) -> Owner:
        given = resource.tags
        if namespaces and resource.provider == "kubernetes":
            namespace = resource.inputs.get("metadata.namespace")
            given = {**namespaces.get(namespace, {}), **given}
        key = tuple(given.items())
        if key not in known:
            known[key] = tags.owner(given)
        return known[key]

    return {resource.key: owner(resource) for resource in resources}


def _plain(name: str) -> str:
    return name.lower().replace("_", "-")
