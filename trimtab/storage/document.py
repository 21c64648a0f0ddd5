"""The `StorageDemand` document, `trimtab.dev/v1alpha1`: the storage tiers that a plan is to size.

One pydantic model says which fields there are and generates the JSON Schema; what fields mean together
is checked here, where a message can name the line.
"""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from trimtab import documents
from trimtab.errors import allowed
from trimtab.files import read_bytes, read_text, sha256
from trimtab.inventory.document import Metadata, only_document
from trimtab.plan.storage import MAX_TIERS
from trimtab.storage.backends import backends
from trimtab.storage.model import (
    FILL_LIMIT,
    FULL_COST_RATIO,
    SLOW_COST_RATIO,
    StorageNeeds,
    TierNeed,
)
from trimtab.storage.series import TierSeries, read_tier_series
from trimtab.strict import Strict, validated
from trimtab.workloads.model import Owner

KIND = "StorageDemand"
Label = Annotated[
    str, Field(min_length=1, max_length=40, pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")
]
Text = Annotated[str, Field(min_length=1, max_length=253)]
OwnerText = Annotated[
    str, Field(max_length=63, pattern=r"^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$")
]
Ratio = Annotated[float, Field(ge=1, le=99, allow_inf_nan=False)]


class OwnerSpec(Strict):
    """Who pays."""

    team: OwnerText = ""
    project: OwnerText = ""
    model: OwnerText = ""
    environment: OwnerText = ""


class TierSpec(Strict):
    """Storage of one intent: what one StorageClass is to give."""

    name: Label = Field(description="Of the tier and its StorageClass; unique in the file.")
    intent: Literal["hot", "warm", "cold", "scratch", "shared", "snapshot"]
    demand: Text = Field(
        description="CSV or Parquet beside this file: timestamp, gib, and where known iops and mibps, "
        "each summed over the tier's volumes."
    )
    volumes: Annotated[int, Field(ge=1, le=1_000_000)] = Field(
        default=1, description="How many share the demand, evenly."
    )
    workloads: list[Text] = Field(default=[], max_length=64)
    owner: OwnerSpec = OwnerSpec()
    site: Text | None = Field(
        default=None,
        description="A site of one's own where it stands; absent: where the plan's cluster is.",
    )
    access: Literal["one", "many"] | None = Field(
        default=None,
        description="Whether many nodes use a volume at once; default: many for shared, else one.",
    )
    snapshots: bool = Field(default=False, description="Whether VolumeSnapshots are needed.")
    latency: Literal["sub-ms", "ms", "any"] = Field(
        default="any", description="The slowest that will do."
    )
    backends: list[Text] = Field(
        default=[], description="That may be chosen; empty: every one that suits the intent."
    )
    fill_limit: Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)] = Field(
        default=FILL_LIMIT, description="How full volumes are planned to get."
    )
    full_cost_ratio: Ratio = Field(
        default=FULL_COST_RATIO,
        description="Cost of a GiB that is missing over that of one that idles: r is the quantile "
        "r / (1 + r).",
    )
    slow_cost_ratio: Ratio = Field(
        default=SLOW_COST_RATIO, description="The same of IOPS and throughput."
    )


class StorageSpec(Strict):
    """The tiers."""

    tiers: list[TierSpec] = Field(min_length=1, max_length=MAX_TIERS)


class StorageDocument(Strict):
    """Storage that a plan is to size: what is stored, how busy it is, and what it needs."""

    api_version: Literal["trimtab.dev/v1alpha1"]
    kind: Literal["StorageDemand"]
    metadata: Metadata = Metadata()
    spec: StorageSpec


def storage_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of the `StorageDemand` document."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "https://trimtab.dev/schemas/v1alpha1/storagedemand.json",
        **StorageDocument.model_json_schema(by_alias=True),
    }


def load_storage(path: Path) -> StorageNeeds:
    """The tiers in a file, with the series that it names.

    Raises:
        InputError: the file or a series can't be read, or a field is wrong.
    """
    text, source = read_text(path), str(path)
    root = only_document(text, source, KIND)
    spec = validated(root, StorageDocument).spec
    fields = root["spec"]["tiers"].items()
    read: dict[str, TierSeries] = {}
    tiers: dict[str, TierNeed] = {}
    for each, field in zip(spec.tiers, fields, strict=True):
        if each.name in tiers:
            field["name"].fail(
                f"{each.name} stands twice (first at {tiers[each.name].where})",
                "give each tier its own name",
            )
        _check_backends(each, field)
        if each.demand not in read:
            file = path.parent / each.demand
            if not file.is_file():
                field["demand"].fail(
                    f"{each.demand} is no file beside {path.name}", "check the name"
                )
            read[each.demand] = read_tier_series(file)
        tiers[each.name] = _need(each, read[each.demand], field)
    return StorageNeeds(
        tiers=tuple(tiers.values()),
        source=path.name,
        digest=sha256(read_bytes(path)),
        series=tuple((series.gib.source, series.gib.digest) for series in read.values()),
    )


def _check_backends(spec: TierSpec, field: documents.Field) -> None:
    known = backends()
    for item in field["backends"].items():
        name = item.text() or ""
        if name not in known:
            item.fail(
                f"backend {name} is not known", f"use one of {allowed(list(known), limit=50)}"
            )
        if spec.intent not in known[name].intents:
            intents = allowed(set(known[name].intents))
            item.fail(
                f"{name} does not suit {spec.intent} data",
                f"take it away, or change the intent to one of {intents}",
            )


def _need(spec: TierSpec, series: TierSeries, field: documents.Field) -> TierNeed:
    stated = spec.model_dump(exclude={"demand", "owner", "access", "backends", "workloads"})
    default: Literal["one", "many"] = "many" if spec.intent == "shared" else "one"
    return TierNeed(
        **stated,
        gib=series.gib,
        iops=series.iops,
        mibps=series.mibps,
        owner=Owner(**spec.owner.model_dump()),
        access=spec.access or default,
        backends=tuple(spec.backends),
        workloads=tuple(spec.workloads),
        where=field.document.where(field.path),
    )
