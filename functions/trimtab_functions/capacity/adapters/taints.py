"""Taints of an author and of the plan in one list: of two with one key and effect the plan's.

Pure. Tolerations are told apart alike. What is malformed in an author's list stays where it is.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from trimtab_functions.capacity.documents import mapping, text


def with_ours_last(own: list[Any], ours: Iterable[Mapping[str, str]]) -> list[Any]:
    """The author's, then the plan's."""
    added = [dict(each) for each in ours]
    named = {_name(each) for each in added}
    return [*(each for each in own if _name(each) not in named), *added]


def in_place(own: list[Any], ours: Iterable[Mapping[str, str]]) -> list[Any]:
    """In the author's order, for who takes another order for a change; then what the author lacks."""
    left = {_name(each): dict(each) for each in ours}
    return [*[left.pop(_name(each), each) for each in own], *left.values()]


def _name(taint: object) -> tuple[str, str]:
    stated = mapping(taint)
    return text(stated.get("key")) or "", text(stated.get("effect")) or ""
