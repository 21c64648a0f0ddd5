"""What an adapter is: how one kind of resource reads what runs, and carries out what a plan decides.

Pure: documents in, documents out. There are two sorts.

- A `GroupAdapter` is for what nodes are launched by: one resource for each group and generation, with
  bounds that an autoscaler moves within.
- A `Follower` is for what hangs on a pool or a group and has no generations of its own: a launch
  template, a quota, the bounds of an autoscaler of replicas, a purchase.

Everything that is common to all kinds of resource (which generation serves, what is retired, how far
bounds may move, what is kept without a plan) is decided elsewhere, so an adapter has no say in it.
"""

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from trimtab.errors import InputError
from trimtab.inventory.model import Approval
from trimtab.plan.attribution import (
    GROUP_LABEL,
    LABEL_PREFIX,
    MANAGED_BY,
    OPTION_LABEL,
    POOL_LABEL,
    object_labels,
)
from trimtab.plan.model import CapacityPlan, Group, Pool, Window
from trimtab.plan.sizing import Sizes
from trimtab.policy.model import Stability
from trimtab_functions.capacity.adapters.beside import Attached, Beside
from trimtab_functions.capacity.adapters.settings import ComposeSettings
from trimtab_functions.capacity.documents import (
    Document,
    Path,
    condition,
    mapping,
    replaced,
    section,
    text,
    texts,
)
from trimtab_functions.capacity.stability import Moved

GENERATION_LABEL = f"{LABEL_PREFIX}generation"
MOVED_ANNOTATION = f"{LABEL_PREFIX}bounds"
"""The bounds decided last, and the window in which they moved; see `stability.Moved`."""
MANAGED_BY_LABEL = "app.kubernetes.io/managed-by"
EXTERNAL_NAME = "crossplane.io/external-name"
MANAGEMENT_POLICIES = ("Observe", "Create", "Update", "Delete")
"""All but LateInitialize, by which a provider would copy the observed sizes into what it enforces."""
MAX_NAME = 63


@dataclass(frozen=True)
class GroupRef:
    """A group of a plan, by its keys; without a name, all groups of the pool."""

    pool: str
    name: str | None

    def __str__(self) -> str:
        return self.pool if self.name is None else f"{self.pool}/{self.name}"


@dataclass(frozen=True)
class Kind:
    """A kind of resource, whatever its version."""

    group: str
    kind: str

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> "Kind":
        """The document's own."""
        version = text(document.get("apiVersion")) or ""
        group = version.rpartition("/")[0]
        return cls(group, text(document.get("kind")) or "")


class Fixed(ABC):
    """What can't change in place, as it is stated or reported; frozen."""

    @abstractmethod
    def gives(self, planned: Any) -> bool:
        """Whether it already is what is planned; what is not known counts as the same."""


@dataclass(frozen=True)
class Running:
    """What runs.

    Attributes:
        sizes: the bounds asked for and the nodes that run; None when it is not known.
        initial: the size that it was or is to be created with; None when not stated.
        stated: whether the desired size stands by this function's word alone, so that leaving it out
            would take it away: the resource is a plain object, and nobody has moved its size.
    """

    sizes: Sizes | None
    initial: int | None = None
    stated: bool = False


@dataclass(frozen=True)
class Scaling:
    """The sizes to ask for, min <= desired <= max.

    Attributes:
        sizes: min and max are enforced; desired is what is expected to run.
        initial: the desired size to create the resource with.
        enforced: the desired size to enforce for the moment: a raise to a new min, which clouds
            refuse while fewer are desired, or the end of a capacity block; or what stands anyway, where
            leaving it out would take it away. None: the autoscaler's.
        creates: whether the resource does not exist yet.
    """

    sizes: Sizes
    initial: int
    enforced: int | None = None
    creates: bool = False


@dataclass(frozen=True)
class Decided:
    """What a plan decides about a group, apart from its sizes; `spec` is the adapter's own business."""

    fixed: Fixed
    spec: Mapping[str, Any]


@dataclass(frozen=True)
class Composed:
    """What is composed for a group that no earlier step has a resource for.

    Attributes:
        document: the group's resource, before the plan's word is written on it.
        companions: what it needs beside it, in full, by the end of their keys (`launch-template`).
        variant: short words for what can't change in place and the plan does not decide: another
            choice is another generation, under a key that ends with them.
        aside: what `attach` is to be given, the adapter's own business.
    """

    document: Document
    companions: Mapping[str, Document] = field(default_factory=dict)
    variant: tuple[str, ...] = ()
    aside: Any = None


class GroupAdapter(ABC):
    """A kind of resource that launches a group's nodes.

    Attributes:
        kinds: what it reads and writes; the first is what it composes.
        provider: the plan's site that it is for; None: any.
        settings: the fields of the XR's spec that composing needs; None: it composes nothing itself.
        attaches: whether `attach` is to be asked.
        makes_owned: whether it makes machines of one's own; else a pool's template of its kind is not
            split for them.
        keeps_min: whether it keeps nodes that nothing waits for; else its groups have a min of 0.
        reaches_min: whether a min above what runs is reached at once; else only when work waits, and
            nothing that runs elsewhere may be held up by that.
    """

    kinds: ClassVar[tuple[Kind, ...]]
    provider: ClassVar[str | None]
    settings: ClassVar["type[ComposeSettings] | None"] = None
    attaches: ClassVar[bool] = False
    makes_owned: ClassVar[bool] = False
    keeps_min: ClassVar[bool] = True
    reaches_min: ClassVar[bool] = True

    def reads(self, document: Document) -> bool:  # noqa: ARG002
        """Whether a document of its kinds launches a group's nodes; else it may be a follower's."""
        return True

    @abstractmethod
    def fixed(self, document: Document) -> Fixed:
        """What can't change in place, of a resource as it is."""

    @abstractmethod
    def running(self, document: Document) -> Running:
        """What runs, of a resource as it is."""

    @abstractmethod
    def decide(self, plan: CapacityPlan, pool: Pool, group: Group, base: Document) -> Decided:
        """What the plan says about the group, in this kind's words.

        Args:
            base: an earlier step's resource, or one from `compose`.

        Raises:
            InputError: this kind can't provision the group.
        """

    @abstractmethod
    def planned(self, base: Document, decided: Decided) -> Document:
        """The resource as the plan decides it, without its sizes; what `base` has besides stays."""

    def sizes(self, scaling: Scaling) -> Mapping[Path, Any]:  # noqa: ARG002
        """What states the sizes, by path; each replaces what the document has there. An adapter whose
        sizes hang on the rest of the document overrides `sized` instead."""
        return {}

    def sized(self, document: Document, scaling: Scaling) -> Document:
        """The document with its sizes."""
        for path, value in self.sizes(scaling).items():
            document = replaced(document, path, value)
        return document

    @abstractmethod
    def held(self, observed: Document, template: Document | None) -> Document:
        """The resource as it is, without its sizes, so that nobody changes or deletes it.

        Args:
            observed: the resource that exists.
            template: what an earlier step composed under the same key, if any; it decides all but
                what a plan decides.
        """

    def compose(self, settings: Any, plan: CapacityPlan, pool: Pool, group: Group) -> Composed:
        """A resource for a group that no earlier step has one for, from an instance of `self.settings`.

        Raises:
            InputError: the settings lack what the group needs.
        """
        del settings, plan, pool, group
        where = self.kinds[0].kind
        raise InputError("composes nothing itself", where=where, mend="label a template of yours")

    def split(
        self, document: Document, plan: CapacityPlan, pool: Pool, group: Group, suffix: str
    ) -> Composed:
        """A resource for one group, of a template that an earlier step has for its whole pool."""
        del plan, pool, group
        return Composed(self.named(document, suffix))

    def attach(self, document: Document, beside: Beside) -> Attached:  # noqa: ARG002
        """The resource as planned, with its sizes, completed by what is only known of what exists."""
        return Attached(document)

    def region(self, document: Document) -> str | None:
        """The region that a resource states."""
        return text(section(document, "spec", "forProvider").get("region"))

    def accepted(self, sizes: Sizes) -> Sizes:
        """The sizes as the cloud takes them."""
        return sizes

    def is_ready(self, document: Document) -> bool:
        """Whether the resource has what it asks for."""
        return condition(document, "Ready") == "True"

    def named(self, document: Document, suffix: str) -> Document:
        """The document under names of its own: for another generation, or one group of several."""
        return with_suffix(document, suffix)


@dataclass(frozen=True)
class Now:
    """What a follower follows, in the window that holds.

    Attributes:
        ref: whom it follows.
        groups: the group, or all groups of the pool; each with its window that holds and those after.
        since: when the latest of those windows began, as `stability.Moved` has it; all that is known
            of time.
        approvals: every CommitmentApproval that arrived and has not expired.
    """

    plan: CapacityPlan
    pool: Pool
    ref: GroupRef
    groups: tuple["GroupNow", ...]
    stability: Stability
    since: str
    approvals: tuple[Approval, ...] = ()

    def total(self, per_node: bool = True) -> Sizes:
        """The sizes of all groups in nodes, or else in the pool's unit, rounded up."""
        scale = [1.0 if per_node else float(each.group.units_per_node) for each in self.groups]
        return Sizes(
            *(
                -int(
                    -sum(
                        getattr(each.window, of) * by
                        for each, by in zip(self.groups, scale, strict=True)
                    )
                    // 1
                )
                for of in ("min", "desired", "max")
            )
        )


@dataclass(frozen=True)
class GroupNow:
    """A group and its windows: the one that holds, and those after it."""

    group: Group
    window: Window
    later: tuple[Window, ...]


@dataclass(frozen=True)
class Followed:
    """What is to be desired of a follower.

    Attributes:
        document: in full; None: withheld, or taken out when `retire`.
        reason: why, when it is not simply as planned.
        sizes: what it was given, in the follower's own unit; None where it has none.
        refused: whether a person must act (the reason says how).
        claim: what only one resource may be given, such as the line that an approval buys.
    """

    document: Document | None
    reason: str | None = None
    sizes: Sizes | None = None
    refused: bool = False
    claim: str | None = None


class Follower(ABC):
    """A kind of resource that follows a pool or a group.

    Attributes:
        kinds: what it reads and writes.
        whole_pool: whether it may follow a pool without naming a group.
        needs_approvals: whether it acts only on CommitmentApprovals, which are asked for then.
    """

    kinds: ClassVar[tuple[Kind, ...]]
    whole_pool: ClassVar[bool] = True
    needs_approvals: ClassVar[bool] = False

    @abstractmethod
    def follow(self, base: Document, observed: Document | None, now: Now) -> Followed:
        """The resource as the plan has it.

        Args:
            base: what an earlier step composed.
            observed: what exists under the same key, if anything does.
            now: whom it follows.

        Raises:
            InputError: this kind can't follow it.
        """

    @abstractmethod
    def held(self, base: Document, observed: Document | None) -> Document | None:
        """The resource without a usable plan: with what exists kept; None withholds it."""

    def is_ready(self, document: Document) -> bool:
        """Whether an existing resource is ready; one that has no such condition is."""
        return condition(document, "Ready") in (None, "True")


# --- What adapters share -------------------------------------------------------------------------


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


def managed(document: Document, provider: Mapping[str, Any]) -> Document:
    """A managed resource with this `forProvider`, and policies without LateInitialize."""
    spec = dict(section(document, "spec"))
    spec["forProvider"] = dict(provider)
    spec["managementPolicies"] = _policies(spec.get("managementPolicies"))
    return {**document, "spec": spec}


def _policies(stated: object) -> list[str]:
    """The policies of an earlier step without LateInitialize; all others where it states none."""
    names = texts(stated)
    if not names or "*" in names:
        return list(MANAGEMENT_POLICIES)
    return [each for each in names if each != "LateInitialize"]


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


_APPLIED = ("apiVersion", "kind", "spec")


def held_managed(
    observed: Document, template: Document | None, decided_fields: Collection[str]
) -> Document:
    """A managed resource as it is: all of it, or of a template's what plans decide.

    Args:
        decided_fields: the fields of `spec.forProvider` that a plan decides.
    """
    now = section(observed, "spec", "forProvider")
    if template is None:
        provider = dict(now)
        base = as_applied(observed)
    else:
        provider = dict(section(template, "spec", "forProvider"))
        provider.update({each: now[each] for each in decided_fields if each in now})
        base = template
    if "tags" in provider:
        # The provider adds its own to the spec, and must stay their only owner.
        tags = mapping(provider["tags"])
        provider["tags"] = {k: v for k, v in tags.items() if not k.startswith("crossplane-")}
    return managed(with_kept_marks(base, observed), provider)


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
