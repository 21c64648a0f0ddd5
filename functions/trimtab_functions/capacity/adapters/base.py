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
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from trimtab.errors import InputError
from trimtab.plan.model import CapacityPlan, Group, Pool
from trimtab.plan.sizing import Sizes
from trimtab_functions.capacity.adapters.beside import Attached, Beside
from trimtab_functions.capacity.adapters.objects import with_suffix
from trimtab_functions.capacity.adapters.settings import ComposeSettings
from trimtab_functions.capacity.documents import (
    Document,
    Path,
    condition,
    replaced,
    section,
    text,
)


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

    kinds: tuple[Kind, ...]
    provider: str | None
    settings: type[ComposeSettings] | None = None
    attaches: bool = False
    makes_owned: bool = False
    keeps_min: bool = True
    reaches_min: bool = True

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
