"""Estimators: what each kind of resource is paid for, one small declaration each.

    @estimates("aws_nat_gateway")
    def nat_gateway(at: Estimation) -> Iterator[Part]:
        yield at.charge("NAT gateway", "aws/nat-gateway/hour")
        yield from at.used("data processed", "aws/nat-gateway/data", "data_processed_gb")

A provider's modules are imported when its first resource is priced. What a provider takes no money for is
not here but in `trimtab/pricing/free/<provider>.csv`; a kind that is in neither is not priced.
"""

import csv
from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase
from functools import cache
from importlib import import_module
from pathlib import Path

from trimtab.pricing.estimation import Estimation
from trimtab.pricing.model import Part
from trimtab.resources.model import Resource

Estimator = Callable[[Estimation], Iterable[Part]]

_ESTIMATORS: dict[str, Estimator] = {}

PROVIDERS = ("aws", "azure", "gcp", "kubernetes")
"""A provider's estimators are the modules that its package here imports."""


def estimates(*kinds: str) -> Callable[[Estimator], Estimator]:
    """Makes a function the estimator of kinds (Terraform's names, or a Kubernetes `group/Kind`)."""

    def register(function: Estimator) -> Estimator:
        for kind in kinds:
            if kind in _ESTIMATORS:
                raise AssertionError(f"{kind} has two estimators")
            _ESTIMATORS[kind] = function
        return function

    return register


def estimator_of(resource: Resource) -> Estimator | None:
    """The estimator of a resource's kind, or None."""
    _load(resource.provider)
    return _ESTIMATORS.get(resource.kind)


def estimated_kinds() -> list[str]:
    """Every kind that has an estimator."""
    for provider in PROVIDERS:
        _load(provider)
    return sorted(_ESTIMATORS)


def is_free(resource: Resource) -> bool:
    """Whether its provider takes no money for the resource as it is declared."""
    found = _free(resource.kind, resource.provider)
    return found is not None and not (found and _holds(resource, found))


@cache
def _load(provider: str) -> None:
    if provider in PROVIDERS:
        import_module(f"{__name__}.{provider}")


@cache
def _free(kind: str, provider: str) -> str | None:
    """The condition under which a free kind is not: "" for never; None where the kind is not free.

    Of the rows that match, the first of the provider's own table decides.
    """
    own = [provider] if provider in PROVIDERS else PROVIDERS
    for name in (*own, "other"):
        named, patterns = _free_kinds(name)
        found = [named[kind]] if kind in named else []
        found += [(place, unless) for place, pattern, unless in patterns if _matches(kind, pattern)]
        if found:
            return min(found)[1]
    return None


def _matches(kind: str, pattern: str) -> bool:
    """As `fnmatchcase`, which compiles every pattern that it sees: most are a name or a prefix."""
    plain = pattern.removesuffix("*")
    if any(each in plain for each in "*?["):
        return fnmatchcase(kind, pattern)
    return kind == pattern if plain == pattern else kind.startswith(plain)


@cache
def _free_kinds(name: str) -> tuple[dict[str, tuple[int, str]], list[tuple[int, str, str]]]:
    """A table's free kinds by their names, with their rows; and the patterns among them, in order."""
    table = Path(__file__).parent.parent / "free" / f"{name}.csv"
    named: dict[str, tuple[int, str]] = {}
    patterns: list[tuple[int, str, str]] = []
    for place, row in enumerate(csv.DictReader(table.read_text("utf-8").splitlines())):
        kind, unless = row["kind"], row["unless"]
        if any(each in kind for each in "*?["):
            patterns.append((place, kind, unless))
        else:
            named.setdefault(kind, (place, unless))
    return named, patterns


def _holds(resource: Resource, condition: str) -> bool:
    """Whether every part of a condition (`input`, `input=value` or `input!=value`, joined by `&`) holds."""
    return all(_part_holds(resource, part) for part in condition.split("&"))


def _part_holds(resource: Resource, part: str) -> bool:
    path, _, wanted = part.partition("=")
    if not wanted:
        return resource.inputs.has(path)
    other = path.endswith("!")
    value = resource.inputs.get(path.removesuffix("!"))
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return (text == wanted) is not other
