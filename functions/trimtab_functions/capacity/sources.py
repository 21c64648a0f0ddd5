"""Which plan and which policy the user means: the first source that is stated, and no other.

Pure. A source that is stated and fails is an answer too: falling through to the next would let sizes
flap between two plans. A source counts as stated where the input names an object, or where there is
something: a name in the XR's field, a plan in the XR, a key in the pipeline's context.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from trimtab.errors import InputError
from trimtab_functions.capacity.documents import at
from trimtab_functions.capacity.settings import (
    DEFAULT_CONTEXT_KEY,
    DEFAULT_PLAN_FIELD,
    ObjectKey,
    PlanSource,
    PolicySource,
)


@dataclass(frozen=True)
class Labelled:
    """CapacityPlans of a namespace, by their labels."""

    labels: tuple[tuple[str, str], ...]
    namespace: str

    def __str__(self) -> str:
        wanted = ", ".join(f"{key}={value}" for key, value in self.labels)
        return f"with {wanted} in namespace {self.namespace}"


@dataclass(frozen=True)
class Inline:
    """A plan that stands in the XR."""

    path: str

    def __str__(self) -> str:
        return f"the plan in the XR's {self.path}"


@dataclass(frozen=True)
class FromContext:
    """A plan that an earlier step put into the pipeline's context."""

    key: str

    def __str__(self) -> str:
        return f"the plan in the context's {self.key}"


Source = ObjectKey | Labelled | Inline | FromContext


@dataclass(frozen=True)
class Stated:
    """What there is besides objects of the cluster.

    Attributes:
        inline: whether the XR has something where a plan may stand.
        context: whether the pipeline's context has something under the plan's key.
    """

    inline: bool = False
    context: bool = False


def plan_source(source: PlanSource, xr: Mapping[str, Any], stated: Stated) -> Source:
    """The source that the user means.

    Args:
        source: where the input says that plans come from.
        xr: the composite resource's `metadata` and `spec`.
        stated: what else there is.

    Raises:
        InputError: there is none, or no namespace to look for it.
    """
    if source.name is not None:
        return ObjectKey(source.name, _namespace(source.namespace, xr, "plan"))
    if source.match_labels is not None:
        labels = tuple(sorted(source.match_labels.items()))
        return Labelled(labels, _namespace(source.namespace, xr, "plan"))
    path = source.from_field_path or DEFAULT_PLAN_FIELD
    name = at(xr, *path.split("."))
    if isinstance(name, str) and name:
        return ObjectKey(name, _namespace(source.namespace, xr, "plan"))
    if name in (None, ""):
        if stated.inline:
            return Inline(source.inline_field_path)
        if stated.context or source.context_key != DEFAULT_CONTEXT_KEY:
            return FromContext(source.context_key)
    raise InputError(
        "names no CapacityPlan",
        where=f"the XR's {path}",
        mend="give the plan's name there, or plan.name in the pipeline step's input",
    )


def policy_key(source: PolicySource | None, xr: Mapping[str, Any]) -> ObjectKey | None:
    """The CapacityPolicy that the input names; None where it names none.

    Raises:
        InputError: there is no namespace to look for it.
    """
    if source is None:
        return None
    return ObjectKey(source.name, _namespace(source.namespace, xr, "policy"))


def _namespace(given: str | None, xr: Mapping[str, Any], of: str) -> str:
    namespace = given or at(xr, "metadata", "namespace")
    if isinstance(namespace, str) and namespace:
        return namespace
    kind = "CapacityPlan" if of == "plan" else "CapacityPolicy"
    raise InputError(
        f"the XR has no namespace to take the {kind} from",
        mend=f"give {of}.namespace in the pipeline step's input",
    )
