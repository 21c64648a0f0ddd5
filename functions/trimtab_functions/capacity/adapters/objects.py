"""Objects as an adapter composes and holds them: names, labels, and the marks that this function reads again."""

from collections.abc import Mapping

from trimtab.plan.attribution import object_labels
from trimtab.plan.labels import GROUP_LABEL, LABEL_PREFIX, MANAGED_BY, OPTION_LABEL, POOL_LABEL
from trimtab.plan.model import CapacityPlan, Group, Pool
from trimtab_functions.capacity.documents import Document, mapping, section, text
from trimtab_functions.capacity.stability import Moved

GENERATION_LABEL = f"{LABEL_PREFIX}generation"
MOVED_ANNOTATION = f"{LABEL_PREFIX}bounds"
"""The bounds decided last, and the window in which they moved; see `stability.Moved`."""
MANAGED_BY_LABEL = "app.kubernetes.io/managed-by"
EXTERNAL_NAME = "crossplane.io/external-name"
MAX_NAME = 63
_APPLIED = ("apiVersion", "kind", "spec")


def plan_labels(plan: CapacityPlan, pool: Pool, group: Group | None) -> dict[str, str]:
    """Labels of a composed object; whoever composes it says who manages it."""
    labels = {k: v for k, v in object_labels(plan).items() if k != MANAGED_BY_LABEL}
    labels[POOL_LABEL] = pool.name
    if group is not None:
        labels |= {
            GROUP_LABEL: group.name,
            OPTION_LABEL: group.purchase.option,
            GENERATION_LABEL: group.generation,
        }
    return labels


def own_metadata(external_name: str | None = None) -> Document:
    """Metadata of what this function composes.

    The object's own name is left to Crossplane, which derives it from the XR's, so that two XRs with
    equal pools don't collide.
    """
    metadata: Document = {"labels": {MANAGED_BY_LABEL: MANAGED_BY}}
    if external_name is not None:
        metadata["annotations"] = {EXTERNAL_NAME: external_name}
    return metadata


def with_labels(document: Document, labels: Mapping[str, str]) -> Document:
    """The object with these labels beside its own."""
    if not labels:
        return document
    metadata = dict(section(document, "metadata"))
    metadata["labels"] = {**mapping(metadata.get("labels")), **labels}
    return {**document, "metadata": metadata}


def with_annotation(document: Document, key: str, value: str | None) -> Document:
    """The object with an annotation, or without it."""
    metadata = dict(section(document, "metadata"))
    annotations = {k: v for k, v in mapping(metadata.get("annotations")).items() if k != key}
    if value is not None:
        annotations[key] = value
    metadata["annotations"] = annotations
    if not annotations:
        del metadata["annotations"]
    return {**document, "metadata": metadata}


def with_suffix(document: Document, suffix: str) -> Document:
    """The object's name and external name with a suffix, cut to what a DNS label holds."""
    metadata = dict(section(document, "metadata"))
    annotations = dict(section(document, "metadata", "annotations"))
    if (name := text(metadata.get("name"))) is not None:
        metadata["name"] = suffixed(name, suffix)
    if (name := text(annotations.get(EXTERNAL_NAME))) is not None:
        annotations[EXTERNAL_NAME] = suffixed(name, suffix)
        metadata["annotations"] = annotations
    return {**document, "metadata": metadata}


def suffixed(name: str, suffix: str, room: int = MAX_NAME) -> str:
    """A name with a suffix, the name cut where both are too long."""
    return f"{name[: room - len(suffix) - 1].rstrip('-.')}-{suffix}"


def as_applied(document: Document) -> Document:
    """An observed object without what the API server and Crossplane put there."""
    labels = section(document, "metadata", "labels")
    annotations = section(document, "metadata", "annotations")
    metadata: Document = {
        "labels": {k: v for k, v in labels.items() if not k.startswith("crossplane.io/")}
    }
    kept = {
        key: value
        for key, value in annotations.items()
        if key == EXTERNAL_NAME or key.startswith(LABEL_PREFIX)
    }
    if kept:
        metadata["annotations"] = kept
    applied: Document = {key: document[key] for key in _APPLIED if key in document}
    return {**applied, "metadata": metadata}


def with_kept_marks(base: Document, observed: Document) -> Document:
    """The object with the labels and annotations of ours that it has in the cluster."""
    labels = section(observed, "metadata", "labels")
    annotations = section(observed, "metadata", "annotations")
    kept = with_labels(base, {k: v for k, v in labels.items() if k.startswith(LABEL_PREFIX)})
    return with_annotation(kept, MOVED_ANNOTATION, text(annotations.get(MOVED_ANNOTATION)))


def moved(document: Document | None) -> Moved | None:
    """The bounds decided last for an existing object, as its annotation says."""
    if document is None:
        return None
    return Moved.read(text(section(document, "metadata", "annotations").get(MOVED_ANNOTATION)))
