"""Sizes of any kind of resource, by the paths of its fields: what a target's `fields` asks for.

A follower of a pool, whose groups are added up, or of a group; in nodes or in the plan's unit.

- min and max are written where the target says. What the resource reports as running, where the target
  says where, stays within them; how far they shrink is `stability`'s.
- desired is written when the resource is created. A managed resource has it in `spec.initProvider`
  ever after, which its provider reads then only. A plain object has it for as long as nobody else has
  written it, since Crossplane would delete what it no longer states (see `field_path_owners`).
- Nothing else of the earlier step's resource is touched but labels, the annotation that `stability`
  reads, and a managed resource's policies.
"""

from dataclasses import dataclass
from typing import Any

from trimtab.errors import InputError
from trimtab.plan.sizing import Sizes
from trimtab_functions.capacity.adapters.base import Kind
from trimtab_functions.capacity.adapters.field_path_owners import only_composed
from trimtab_functions.capacity.adapters.followers import Followed, Follower, Now
from trimtab_functions.capacity.adapters.managed import managed
from trimtab_functions.capacity.adapters.objects import (
    MOVED_ANNOTATION,
    moved,
    with_annotation,
    with_kept_marks,
)
from trimtab_functions.capacity.documents import Document, Path, at, count, replaced, section
from trimtab_functions.capacity.settings import Fields
from trimtab_functions.capacity.stability import believable, damp

ENFORCED, INITIAL = ("spec", "forProvider"), ("spec", "initProvider")


@dataclass(frozen=True)
class Paths:
    """The fields of a target, as paths of keys; None where it has none."""

    min: Path | None
    max: Path | None
    desired: Path | None
    running: Path | None


class FieldPaths(Follower):
    """Any kind, by the fields that a target names."""

    kinds = ()

    def __init__(self, fields: Fields) -> None:
        """
        Args:
            fields: as the step's input states them.
        """
        self.fields = fields
        self.paths = Paths(
            *(_path(getattr(fields, n)) for n in ("min", "max", "desired", "running"))
        )

    def follow(self, base: Document, observed: Document | None, now: Now) -> Followed:
        paths = self.paths
        _refuse_object(base, paths)
        planned = now.total(per_node=self.fields.unit == "nodes")
        seen = observed or {}
        running = count(_at(seen, paths.running))
        last, asked = moved(observed), self._asked(seen)
        last = believable(last, asked, planned)
        damped = damp(planned, asked, last, now.since, now.stability, until=now.until)
        low, high, reason = damped.moved.low, damped.moved.high, damped.reason
        if paths.max is not None and running is not None and running > high:
            held = f"max held at the {running} that run until they fall to {high}"
            high, reason = running, "; ".join(each for each in (reason, held) if each)
        desired = min(max(planned.desired, low), high)
        document = self._written(base, low, high)
        document = self._with_desired(document, observed, desired)
        document = with_annotation(document, MOVED_ANNOTATION, str(damped.moved))
        told = desired if running is None else running
        return Followed(document, reason, Sizes(low, told, high))

    def held(self, base: Document, observed: Document | None) -> Document | None:
        """With exactly the sizes that are there."""
        if observed is None:
            return None
        document = base
        for path in (self.paths.min, self.paths.max):
            if path is not None:
                document = _put(document, path, _at(observed, path))
        document = self._with_desired(document, observed, None)
        return with_kept_marks(document, observed)

    def _asked(self, observed: Document) -> Sizes | None:
        """The bounds that an existing resource asks for, of those that the target names."""
        low, high = count(_at(observed, self.paths.min)), count(_at(observed, self.paths.max))
        if self.paths.min is None:
            low = 0 if high is not None else None
        if self.paths.max is None:
            high = low
        return Sizes(low, low, high) if low is not None and high is not None else None

    def _written(self, base: Document, low: int, high: int) -> Document:
        document = base
        for path, value in ((self.paths.min, low), (self.paths.max, high)):
            if path is not None:
                as_text = isinstance(at(base, *path), str)
                document = replaced(document, path, str(value) if as_text else value)
        return document

    def _with_desired(
        self, document: Document, observed: Document | None, desired: int | None
    ) -> Document:
        """The document with its desired size where that is stated; `desired` is a new resource's."""
        path = self.paths.desired
        if "forProvider" in section(document, "spec"):
            document = managed(document, section(document, *ENFORCED))
        if path is None:
            return document
        if path[:2] == ENFORCED:
            initial = (*INITIAL, *path[2:])
            known = _at(observed or {}, initial)
            value = desired if known is None else known
            return _put(_put(document, path, None), initial, value)
        if observed is None:
            return _put(document, path, desired)
        standing = at(observed, *path) if only_composed(observed, path) else None
        return _put(document, path, standing)


def _path(text: str | None) -> Path | None:
    return None if text is None else tuple(text.split("."))


def _at(document: Document, path: Path | None) -> Any:
    return None if path is None else at(document, *path)


def _put(document: Document, path: Path, value: Any) -> Document:
    """The document with a value at a path; without the field where it is None."""
    if value is not None:
        return replaced(document, path, value)
    if at(document, *path) is None:
        return document
    *above, last = path
    kept = {key: each for key, each in section(document, *above).items() if key != last}
    return replaced(document, tuple(above), kept) if above else kept


def _refuse_object(base: Document, paths: Paths) -> None:
    """provider-kubernetes enforces the whole manifest of an Object, and has no initProvider."""
    kind = Kind.of(base)
    wrapped = kind.kind == "Object" and kind.group.startswith("kubernetes.")
    if wrapped and paths.desired is not None and paths.desired[:2] == ENFORCED:
        raise InputError(
            "an Object enforces all of its manifest, so an autoscaler could not move the desired size",
            where="targets: fields.desired",
            mend="leave it out, and the field out of the manifest",
        )
