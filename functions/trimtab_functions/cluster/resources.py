"""What a cluster is composed of, and in which order it comes to be.

Pure. A composed resource is created when all that it comes after can be used, and from then on it is
always desired: a dependency that flaps, or an observation that is late, takes nothing away. Crossplane's
providers would retry in any order; the order spares a first install its errors, and keeps Helm from
talking to a cluster that has no nodes' network yet.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from trimtab_functions.capacity.adapters.managed import MANAGEMENT_POLICIES
from trimtab_functions.capacity.adapters.objects import EXTERNAL_NAME
from trimtab_functions.capacity.documents import Document, condition, section, text

PART_LABEL = "trimtab.dev/part"
"""Which part of its cluster a resource is: what selectors of its neighbours ask for."""
CLUSTER_API_GROUP = "cluster.x-k8s.io"
MANAGED_BY = {"app.kubernetes.io/managed-by": "trimtab-cluster"}
"""Not the capacity function's: a template of this one is another step's to it."""


@dataclass(frozen=True)
class Owner:
    """The XR that all is composed for.

    Attributes:
        name, namespace: its own; everything stands in that namespace.
    """

    name: str
    namespace: str


@dataclass(frozen=True)
class Resource:
    """One composed resource.

    Attributes:
        key: its name in the pipeline, stable for ever.
        document: in full.
        after: keys of those that must be of use before it is created.
        beside: keys of those that must exist before it is created.
        template: whether the capacity function splits it into groups: it is never created itself.
    """

    key: str
    document: Document
    after: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    template: bool = False


@dataclass(frozen=True)
class Arranged:
    """What is to be desired now, and what waits, with what it waits for, by key."""

    desired: tuple[Resource, ...]
    waiting: Mapping[str, tuple[str, ...]]


def arrange(resources: Iterable[Resource], usable: Mapping[str, bool]) -> Arranged:
    """What of a cluster is to be desired.

    Args:
        resources: all that it is to have.
        usable: of what exists, whether others can begin to use it.
    """
    desired, waiting = [], {}
    for each in resources:
        missing = tuple(key for key in each.after if not usable.get(key, False))
        missing += tuple(key for key in each.beside if key not in usable)
        if missing and each.key not in usable:
            waiting[each.key] = missing
        else:
            desired.append(each)
    return Arranged(tuple(desired), waiting)


def is_ready(document: Document) -> bool:
    """Whether an existing resource is ready.

    A managed resource that has no such condition was not seen by its provider yet, nor one of Cluster
    API's by its controller; anything else is ready by being there.
    """
    if _group(document) == CLUSTER_API_GROUP:
        return condition(document, "Available") == "True"
    found = condition(document, "Ready")
    if found is None:
        return "forProvider" not in section(document, "spec")
    return found == "True"


def is_usable(document: Document) -> bool:
    """Whether others can begin to use an existing resource.

    A cluster of Cluster API's is of use from the moment that its API server answers: its nodes, on which
    its availability hangs too, may wait for what is put into it then, such as a network.
    """
    if document.get("kind") == "Cluster" and _group(document) == CLUSTER_API_GROUP:
        return section(document, "status", "initialization").get("controlPlaneInitialized") is True
    return is_ready(document)


def _group(document: Document) -> str:
    return (text(document.get("apiVersion")) or "").partition("/")[0]


def managed(
    api_version: str,
    kind: str,
    part: str,
    provider: Document,
    config: Document,
    *,
    labels: Mapping[str, str] | None = None,
    external_name: str | None = None,
    **spec: object,
) -> Document:
    """A managed resource.

    Args:
        part: which part of the cluster it is; see `PART_LABEL`.
        provider: its `forProvider`.
        config: its `providerConfigRef`.
        labels: besides the part's.
        external_name: its name in the cloud, where that is ours to choose.
        spec: further fields of the spec, such as `writeConnectionSecretToRef`.
    """
    metadata: Document = {"labels": {**MANAGED_BY, PART_LABEL: part, **(labels or {})}}
    if external_name is not None:
        metadata["annotations"] = {EXTERNAL_NAME: external_name}
    return {
        "apiVersion": api_version,
        "kind": kind,
        "metadata": metadata,
        "spec": {
            "forProvider": provider,
            "managementPolicies": list(MANAGEMENT_POLICIES),
            "providerConfigRef": config,
            **spec,
        },
    }


def selected(part: str, **labels: str) -> Document:
    """A selector of a part of the same XR."""
    return {"matchControllerRef": True, "matchLabels": {PART_LABEL: part, **labels}}
