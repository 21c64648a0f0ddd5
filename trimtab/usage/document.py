"""The usage file: `trimtab.dev/v1alpha1`, kind `Usage`.

    usage:
      - kind: aws_nat_gateway          # or Pulumi's or Kubernetes' name of the type
        name: "prod-*"
        monthly: {data_processed_gb: 1200}
      - kind: aws_s3_bucket
        monthly: {standard_storage_gib: {low: 200, expected: 500, high: 900}}

Entries go from the general to the particular: the last that matches a resource and has the key decides.
`trimtab schema usage` lists every key with its unit and the default that holds where nobody says more.
"""

import difflib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from trimtab import documents
from trimtab.errors import InputError, allowed
from trimtab.files import read_text
from trimtab.pricing.amount import Amount, exactly
from trimtab.strict import Strict, validated
from trimtab.usage.model import Usage, UsageEntry, usage_keys

KIND: Literal["Usage"] = "Usage"
Quantity = Annotated[float, Field(ge=0, le=1e15, allow_inf_nan=False)]


class Bounds(Strict):
    """A quantity that is known within bounds."""

    low: Quantity
    expected: Quantity
    high: Quantity


class EntrySpec(Strict):
    """What some resources use in a month; `*` and `?` match in kind and name."""

    kind: str = Field(
        default="",
        description="Of the resources, as Terraform, Pulumi or Kubernetes names it; absent: any.",
    )
    name: str = Field(default="", description="Of the resources; absent: any.")
    tags: dict[str, str] = Field(default={}, description="That they must carry.")
    monthly: dict[str, Quantity | Bounds] = Field(description="By key, in the key's unit.")


class UsageDocument(Strict):
    """The file."""

    api_version: Literal["trimtab.dev/v1alpha1"]
    kind: Literal["Usage"]
    usage: Annotated[list[EntrySpec], Field(min_length=1, max_length=100_000)]


def usage_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of the `Usage` document, with every key, its unit and its default."""
    schema = UsageDocument.model_json_schema(by_alias=True)
    monthly = schema["$defs"]["EntrySpec"]["properties"]["monthly"]
    quantity = monthly.pop("additionalProperties")
    told: dict[str, list[str]] = {}
    for key in usage_keys().values():
        low, expected, high = key.default
        default = f"default {expected:,g} ({low:,g} to {high:,g})"
        told.setdefault(key.key, []).append(f"{key.kind}: {key.unit}, {default}: {key.reason}")
    monthly["properties"] = {
        name: {**quantity, "description": "; ".join(sorted(lines))}
        for name, lines in sorted(told.items())
    }
    monthly["additionalProperties"] = False
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "https://trimtab.dev/schemas/v1alpha1/usage.json",
        **schema,
    }


def load_usage(path: Path) -> Usage:
    """What a usage file says.

    Raises:
        InputError: it cannot be read, is no such document, or has a key that no kind knows; names the
            line and the mend.
    """
    found = documents.parse_documents(read_text(path), str(path))
    if len(found) != 1:
        raise InputError(
            f"holds {len(found)} documents", where=str(path), mend=f"write one of kind {KIND}"
        )
    document = validated(found[0], UsageDocument)
    known = {key for _, key in usage_keys()}
    entries = []
    for spec, place in zip(document.usage, found[0]["usage"].items(), strict=True):
        monthly = {}
        for key, given in spec.monthly.items():
            field = place["monthly"][key]
            if key not in known:
                near = difflib.get_close_matches(key, known, n=1)
                mend = f"did you mean {near[0]}?" if near else f"known: {allowed(known)}"
                field.fail(f"no kind of resource has the usage key {key}", mend)
            if isinstance(given, Bounds) and not given.low <= given.expected <= given.high:
                field.fail(
                    "low, expected and high are not in order", "write low <= expected <= high"
                )
            monthly[key] = (
                Amount(given.low, given.expected, given.high)
                if isinstance(given, Bounds)
                else exactly(given)
            )
        where = place.document.where(place.path)
        entries.append(UsageEntry(spec.kind, spec.name, monthly, spec.tags, where))
    return Usage(tuple(entries), source=str(path))
