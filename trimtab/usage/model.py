"""Usage: how much of what is paid by use a resource uses in a month, and who says so.

Three sources, the first that knows decides: the user's file (`trimtab.dev/v1alpha1`, kind `Usage`), what a
bill measured, and the default of the tables beside this module, which name every key, its unit and why the
default is what it is.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

from trimtab.pricing.amount import Amount, between, exactly
from trimtab.pricing.model import Basis
from trimtab.resources.model import Resource
from trimtab.usage.names import names_of


@dataclass(frozen=True, slots=True)
class UsageKey:
    """A quantity that a kind of resource is paid for by.

    Attributes:
        kind: of the resource, as `Resource.kind`.
        key: its name in a usage file: `data_processed_gb`.
        unit: what it counts, per month: `GB`, `1M requests`, `hours`.
        default: what is taken where nobody says more, with its bounds.
        reason: why that default.
    """

    kind: str
    key: str
    unit: str
    default: Amount
    reason: str


@dataclass(frozen=True, slots=True)
class UsageEntry:
    """What a usage file says of some resources; a pattern may hold `*` and `?`, "" matches all.

    Attributes:
        kind, name: patterns of the resource's kind (or type) and of its name (or key).
        monthly: by key.
        tags: tags that the resource must carry.
        where: file and line.
    """

    kind: str
    name: str
    monthly: Mapping[str, Amount]
    tags: Mapping[str, str] = field(default_factory=dict)
    where: str = ""

    def matches(self, resource: Resource) -> bool:
        return (
            (
                not self.kind
                or any(fnmatchcase(each, self.kind) for each in (resource.kind, resource.type))
            )
            and (
                not self.name
                or any(fnmatchcase(each, self.name) for each in (resource.name, resource.key))
            )
            and all(resource.tags.get(key) == value for key, value in self.tags.items())
        )


@dataclass(frozen=True)
class Usage:
    """What is known of use.

    Attributes:
        entries: of the user's file; the last that matches decides, so that a file goes from the
            general to the particular.
        measured: quantities that a bill shows, by kind and name in bills, then by key.
        source: the file, as shown to the user.
    """

    entries: tuple[UsageEntry, ...] = ()
    measured: Mapping[tuple[str, str], Mapping[str, float]] = field(default_factory=dict)
    source: str = ""

    def of(self, resource: Resource, key: str) -> tuple[Amount, Basis]:
        """How much a month, and who says so.

        Raises:
            KeyError: the kind has no such key in the tables: a defect of its estimator.
        """
        for entry in reversed(self.entries):
            if key in entry.monthly and entry.matches(resource):
                return entry.monthly[key], Basis.USAGE_FILE
        if self.measured and resource.id:
            for name in names_of(resource.id):
                measured = self.measured.get((resource.kind, name), {})
                if key in measured:
                    return exactly(measured[key]), Basis.MEASURED
        known = _keys_of(resource.provider) if resource.provider in PROVIDERS else usage_keys()
        return known[resource.kind, key].default, Basis.DEFAULT


PROVIDERS = ("aws", "azure", "gcp", "kubernetes")
"""Whose tables there are: those whose names begin with one of these."""


@cache
def usage_keys() -> dict[tuple[str, str], UsageKey]:
    """Every key of every kind, from tables/*.csv."""
    return {name: key for provider in PROVIDERS for name, key in _keys_of(provider).items()}


@cache
def _keys_of(provider: str) -> dict[tuple[str, str], UsageKey]:
    found = {}
    for table in sorted(_TABLES.glob(f"{provider}*.csv")):
        for row in csv.DictReader(table.read_text("utf-8").splitlines()):
            amount = between(float(row["low"]), float(row["high"]), float(row["expected"]))
            key = UsageKey(row["kind"], row["key"], row["unit"], amount, row["reason"])
            found[key.kind, key.key] = key
    return found


_TABLES = Path(__file__).parent / "tables"
