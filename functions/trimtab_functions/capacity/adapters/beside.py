"""What stands beside a group's resource, and what it is completed from: see `GroupAdapter.attach`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from trimtab.plan.model import Group, Window
from trimtab.plan.sizing import Sizes
from trimtab_functions.capacity.documents import Document


@dataclass(frozen=True)
class Beside:
    """What exists of a group, and what is to come of its sizes.

    Attributes:
        own: the group's resource that exists; None where it does not.
        companions: what this function composed beside it and exists, by the end of its key.
        group: of the plan.
        sizes: the bounds that are asked for in the window that holds.
        window: that window.
        later: gives the windows after it, with the bounds that each will ask for when all goes as
            planned: a shrink is made step by step there too.
        aside: what `GroupAdapter.compose` put aside, the adapter's own business; else None.
    """

    own: Document | None
    companions: Mapping[str, Document]
    group: Group
    sizes: Sizes
    window: Window
    later: Callable[[], tuple[Window, ...]]
    aside: Any = None


@dataclass(frozen=True)
class Attached:
    """A group's resource and what stands beside it, completed.

    Attributes:
        document: None: withheld until more is known; never where it exists.
        companions: in full, by the end of their keys; they come over those of `Composed`.
        note: what a person should know; told beside the reason for the sizes.
    """

    document: Document | None
    companions: Mapping[str, Document] = field(default_factory=dict)
    note: str | None = None
