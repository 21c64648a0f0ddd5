"""What exists: composed resources as the API server has them, read once and kept by content.

Pure. What is malformed counts as absent.
"""

from dataclasses import dataclass

from trimtab.plan.sizing import Sizes
from trimtab_functions.capacity.adapters import follower
from trimtab_functions.capacity.adapters.base import Fixed, GroupAdapter, GroupRef
from trimtab_functions.capacity.adapters.followers import Follower
from trimtab_functions.capacity.adapters.objects import EXTERNAL_NAME, moved
from trimtab_functions.capacity.documents import Document, Read, condition, section, text
from trimtab_functions.capacity.selection import composed_by_us, generation_of, group_ref
from trimtab_functions.capacity.stability import Moved


@dataclass(frozen=True, eq=False)  # by identity: equal bytes give the same object
class Observed:
    """A group's resource that exists.

    Attributes:
        key: its composed resource name, the key in the XR's state.
        ref: its group; None when it carries no labels that say so.
        generation: of its group; None when it carries no label that says so.
        sizes: the bounds asked for and the nodes that run; None when they are not known.
        initial: the size that it was or is to be created with; None when not stated.
        stated: whether the desired size stands by this function's word alone.
        moved: the bounds that were decided last; None when that is not known.
        name: the object's own.
        external_name: the cloud's name of it, as its annotation has it.
        deleting: whether somebody has deleted it, and it only waits for the cloud: it serves no more.
        ours: whether this function composed it, from no template.
        read: reads the whole object, as the API server has it.
    """

    key: str
    ref: GroupRef | None
    adapter: GroupAdapter
    generation: str | None
    fixed: Fixed
    sizes: Sizes | None
    initial: int | None
    stated: bool
    moved: Moved | None
    name: str | None
    external_name: str | None
    deleting: bool
    ready: bool
    ours: bool
    read: Read

    def is_generation(self, generation: str, fixed: Fixed) -> bool:
        """Whether it is that generation: by its label, or, unlabelled, by what can't change."""
        if self.generation is not None:
            return self.generation == generation
        return type(self.fixed) is type(fixed) and self.fixed.gives(fixed)


@dataclass(frozen=True, eq=False)
class Other:
    """A resource that exists and launches no group's nodes: a follower, or a group's companion.

    Attributes:
        ref: whom it is for; None when it carries no labels that say so.
        ours: whether this function composed it.
        ready: whether it is; one without such a condition is.
        paid: who reads it, where it binds money; else None.
    """

    key: str
    ref: GroupRef | None
    ours: bool
    ready: bool
    read: Read
    paid: Follower | None = None


def read_observed(
    key: str, document: Document, adapter: GroupAdapter | None, read: Read
) -> Observed | Other:
    """A composed resource that exists.

    Args:
        key: its composed resource name.
        document: the object.
        adapter: of its kind, if it launches nodes.
        read: reads the object again, so that what is seldom needed is not kept.
    """
    ref = group_ref(document)
    if adapter is None:
        ready = condition(document, "Ready") in (None, "True")
        reader = follower(document)
        paid = reader if reader is not None and reader.is_paid(document) else None
        return Other(key, ref, composed_by_us(document), ready, read, paid)
    running = adapter.running(document)
    metadata = section(document, "metadata")
    deleting = text(metadata.get("deletionTimestamp")) is not None
    return Observed(
        key=key,
        ref=ref,
        adapter=adapter,
        generation=generation_of(document),
        fixed=adapter.fixed(document),
        sizes=_in_order(running.sizes),
        initial=running.initial,
        stated=running.stated,
        moved=moved(document),
        name=text(metadata.get("name")),
        external_name=text(section(metadata, "annotations").get(EXTERNAL_NAME)),
        deleting=deleting,
        ready=adapter.is_ready(document) and not deleting,
        ours=composed_by_us(document),
        read=read,
    )


def _in_order(sizes: Sizes | None) -> Sizes | None:
    """Bounds in order: a max below min is nothing that a cloud took."""
    if sizes is None or sizes.min <= sizes.max:
        return sizes
    return Sizes(sizes.min, sizes.desired, sizes.min)
