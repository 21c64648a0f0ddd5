"""The `LifecycleRules` document, `trimtab.dev/v1alpha1`: S3 lifecycle rules with the number that each rests on.

`trimtab storage lifecycle --out` writes it, people review it in Git, `DataLifecycle` carries it out.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import Field

from trimtab.errors import InputError
from trimtab.files import read_text
from trimtab.inventory.document import Metadata, only_document
from trimtab.storage.lifecycle import Rule
from trimtab.strict import Strict, validated

KIND = "LifecycleRules"
RuleName = Annotated[
    str, Field(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{0,99}$")
]
Days = Annotated[int, Field(ge=0, le=36_500)]
Usd = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class RuleSpec(Strict):
    """One rule, and why it pays."""

    name: RuleName = Field(description="Unique in the file.")
    prefix: Annotated[str, Field(max_length=1024)] = Field(
        description="Of the names of objects that it holds for; empty: all."
    )
    transitions: dict[str, Days] = Field(
        min_length=1, description="Age in days at which objects go to a storage class, by its name."
    )
    saving_usd_per_month: Usd | None = Field(default=None, description="Absent: not weighed.")
    usd_once: Usd | None = Field(default=None, description="What the transition costs.")
    reason: Annotated[str, Field(max_length=1000)] = ""


class RulesSpec(Strict):
    """The rules of one bucket."""

    provider: Literal["aws"]
    region: Annotated[str, Field(min_length=1, max_length=63)] = Field(
        description="At whose prices they were weighed."
    )
    rules: list[RuleSpec] = Field(max_length=1000)


class RulesDocument(Strict):
    """S3 lifecycle rules."""

    api_version: Literal["trimtab.dev/v1alpha1"]
    kind: Literal["LifecycleRules"]
    metadata: Metadata = Metadata()
    spec: RulesSpec


@dataclass(frozen=True)
class WrittenRules:
    """What a file of rules says.

    Attributes:
        region: at whose prices they were weighed.
        rules: prefix and transitions (age in days by storage class), by name.
    """

    region: str
    rules: dict[str, tuple[str, dict[str, int]]]


def lifecycle_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of the `LifecycleRules` document."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "https://trimtab.dev/schemas/v1alpha1/lifecyclerules.json",
        **RulesDocument.model_json_schema(by_alias=True),
    }


def dump_rules(rules: Iterable[Rule], region: str) -> str:
    """The document of the rules that pay.

    Raises:
        InputError: a group that is to move has no prefix, or one that holds another's objects, too.
    """
    found: list[RuleSpec] = []
    taken: list[tuple[str, str]] = []
    for rule in rules:
        group, best = rule.group, rule.best
        if group.prefix is not None:
            _apart(group.prefix, group.name, taken, group.where)
        if best is None:
            continue
        if group.prefix is None:
            raise InputError(
                f"group {group.name} has no prefix, and a rule needs one",
                where=group.where,
                mend="add a column prefix: what the names of its objects begin with",
            )
        name = re.sub(r"[^A-Za-z0-9]+", "-", group.name).strip("-")[:100] or "rule"
        if any(each.name == name for each in found):
            raise InputError(
                f"group {group.name} gives a rule of the name {name}, which there is already",
                where=group.where,
                mend="give each group its own name",
            )
        found.append(
            RuleSpec.model_construct(
                name=name,
                prefix=group.prefix,
                transitions={best.storage_class: rule.after_days},
                saving_usd_per_month=round(rule.saving, 2),
                usd_once=round(best.usd_once, 2),
                reason=rule.reason,
            )
        )
    spec = RulesSpec.model_construct(provider="aws", region=region, rules=found)
    document = {
        "apiVersion": "trimtab.dev/v1alpha1",
        "kind": KIND,
        "spec": spec.model_dump(mode="json", by_alias=True, exclude_none=True),
    }
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=100)


def _apart(prefix: str, name: str, taken: list[tuple[str, str]], where: str) -> None:
    for other, group in taken:
        if prefix.startswith(other) or other.startswith(prefix):
            raise InputError(
                f"groups {group} and {name} have prefixes of which one holds the other ({other!r}, "
                f"{prefix!r})",
                where=where,
                mend="part them: a rule of the wider one would move the objects of both",
            )
    taken.append((prefix, name))


def load_rules(path: Path) -> WrittenRules:
    """The rules in a file.

    Raises:
        InputError: it can't be read, or a field of it is wrong.
    """
    root = only_document(read_text(path), str(path), KIND)
    spec = validated(root, RulesDocument).spec
    found: dict[str, tuple[str, dict[str, int]]] = {}
    for each, field in zip(spec.rules, root["spec"]["rules"].items(), strict=True):
        if each.name in found:
            field["name"].fail(f"{each.name} stands twice", "give each rule its own name")
        found[each.name] = (each.prefix, dict(each.transitions))
    return WrittenRules(spec.region, found)
