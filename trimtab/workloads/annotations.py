"""`trimtab.dev/*` annotations: what Kubernetes has no word for, on ordinary manifests.

Each annotation is one field of `schema.Policy`; its text is turned into that field's type here and
its value is checked there.
"""

from collections.abc import Callable, Iterable
from typing import Any

from pydantic import ValidationError

from trimtab.catalogue.accelerators import did_you_mean
from trimtab.documents import Field
from trimtab.strict import first_error
from trimtab.workloads.schema import Policy

PREFIX = "trimtab.dev/"


def _boolean(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError(f'{text!r} is neither "true" nor "false"')
    return text == "true"


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a number") from None


def _names(text: str) -> list[str]:
    names = [part.strip() for part in text.split(",")]
    if not all(names):
        raise ValueError(f"{text!r} is not a comma-separated list of names")
    return names


def _pairs(text: str) -> dict[str, float]:
    pairs: dict[str, float] = {}
    for part in text.split(","):
        name, equals, number = part.partition("=")
        if not (equals and name.strip()):
            raise ValueError(f"{part.strip()!r} is not <instance type>=<units>")
        pairs[name.strip()] = _number(number.strip())
    return pairs


_KEYS: dict[str, tuple[tuple[str, ...], Callable[[str], Any]]] = {
    "interruptible": (("interruptible",), _boolean),
    "restart-hours": (("restartHours",), _number),
    "team": (("owner", "team"), str),
    "project": (("owner", "project"), str),
    "model": (("owner", "model"), str),
    "environment": (("owner", "environment"), str),
    "allowed-regions": (("allowedRegions",), _names),
    "latency-ms": (("latencyMs",), _number),
    "shortage-tolerance": (("shortageTolerance",), _number),
    "units-per-accelerator": (("unitsPerAccelerator",), _number),
    "units-per-node": (("unitsPerNode",), _pairs),
}

ANNOTATIONS = tuple(PREFIX + key for key in _KEYS)
"""Every annotation that is read."""


def read_policy(places: Iterable[Field]) -> tuple[Policy, frozenset[str]]:
    """The policy that annotations state, and which of its fields they state.

    Args:
        places: the `metadata.annotations` of the object and of what it holds, widest first; what a
            pod template says of itself wins over what the object says of all.

    Raises:
        InputError: an unknown `trimtab.dev/*` key, or a value that is wrong.
    """
    stated: dict[str, Any] = {}
    origins: dict[tuple[str, ...], Field] = {}
    for annotations in places:
        for key, field in annotations.fields():
            if key.startswith(PREFIX):
                path, value = _read(key, field)
                _put(stated, path, value)
                origins[path] = field
    try:
        policy = Policy.model_validate(stated)
    except ValidationError as error:
        wrong, message, mend = first_error(error, Policy)
        origin = next(field for path, field in origins.items() if path == wrong[: len(path)])
        origin.fail(message, mend)
    return policy, frozenset(policy.model_fields_set)


def _read(key: str, field: Field) -> tuple[tuple[str, ...], Any]:
    name = key.removeprefix(PREFIX)
    if name not in _KEYS:
        field.fail(
            f"unknown annotation {key}",
            f"{did_you_mean(name, list(_KEYS))}allowed: {', '.join(ANNOTATIONS)}",
        )
    path, parse = _KEYS[name]
    text = field.text().strip()
    if not text:
        field.fail("is blank", "give it a value, or remove it")
    try:
        return path, parse(text)
    except ValueError as error:
        field.fail(str(error))


def _put(target: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    for part in path[:-1]:
        target = target.setdefault(part, {})
    target[path[-1]] = value
