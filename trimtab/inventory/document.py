"""The `CapacityInventory` document, `trimtab.dev/v1alpha1`: a file of what is held, owned and running.

One pydantic model says which fields there are and generates the JSON Schema; what fields mean together
is checked here, where a message can name the line.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from trimtab import documents
from trimtab.clock import format_instant
from trimtab.demand.events_file import Instant
from trimtab.errors import InputError
from trimtab.files import read_bytes, read_text, sha256
from trimtab.inventory.model import (
    HeldNodes,
    Inventory,
    OwnedNodes,
    RunningNodes,
    SavingsPlan,
    Site,
    Term,
)
from trimtab.strict import Strict, validated

KIND = "CapacityInventory"
MAX_NODES = 100_000

Text = Annotated[str, Field(min_length=1, max_length=253)]
Digest = Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]
Nodes = Annotated[int, Field(ge=0, le=MAX_NODES)]
PositiveNodes = Annotated[int, Field(ge=1, le=MAX_NODES)]
Price = Annotated[float, Field(gt=0, le=1e6, allow_inf_nan=False)]
Units = Annotated[float, Field(gt=0, le=1e9, allow_inf_nan=False)]


class Metadata(Strict):
    """Object metadata; only an approval's name is read."""

    name: str = ""
    labels: dict[str, str] = Field(default={})
    annotations: dict[str, str] = Field(default={})


class SiteSpec(Strict):
    """Where the cluster is."""

    provider: Text
    region: Text


class _Nodes(Strict):
    id: Text = Field(description="Unique in the file.")
    pool: Text | None = Field(default=None, description="The only pool that may use it.")
    provider: Text
    region: Text
    instance_type: Text
    quantity: PositiveNodes
    starts: Instant


class ReservedSpec(_Nodes):
    """Reserved instances or committed use of one type."""

    usd_per_hour: Price = Field(description="Of one node, run or not.")
    term: Term
    expires: Instant
    commitment: Digest | None = Field(
        default=None, description="Digest of the plan's line by which it was bought."
    )


class OdcrSpec(_Nodes):
    """An on-demand capacity reservation: billed at list price, run or not.

    One that states its zone or resource group is targeted: it has a group of its own in the plan,
    whose nodes ask for it by name. Any other is taken to be open to every matching instance.
    """

    expires: Instant | None = Field(default=None, description="Absent: until it is cancelled.")
    zone: Text | None = Field(
        default=None, description="Where it is; then `id` must be the reservation's own (cr-...)."
    )
    group_arn: Text | None = Field(
        default=None, description="Of the capacity reservation resource group that holds it."
    )


class CapacityBlockSpec(_Nodes):
    """Accelerators paid for a stated span."""

    usd_per_hour: Price | None = Field(default=None, description="Of one node; absent: not known.")
    expires: Instant
    zone: Text | None = Field(default=None, description="Where it is; absent: not stated.")


class SavingsPlanSpec(Strict):
    """A promise to spend so much an hour."""

    id: Text = Field(description="Unique in the file.")
    pool: Text | None = Field(default=None, description="The only pool that may use it.")
    provider: Text
    region: Text | None = Field(default=None, description="Absent: every region.")
    instance_types: list[Text] = Field(default=[], description="Empty: every type.")
    usd_per_hour: Price = Field(description="Of the whole promise, not of a node.")
    term: Term
    starts: Instant
    expires: Instant


class OwnedSpec(Strict):
    """Machines of one's own that serve one pool."""

    id: Text = Field(description="Unique in the file.")
    pool: Text
    site: Text = Field(description="Where they stand, for people.")
    instance_type: Text = Field(description="What a node is called.")
    quantity: PositiveNodes
    units_per_node: Units = Field(description="Demand that one serves, in the pool's unit.")
    architecture: Literal["x86_64", "arm64"] = "x86_64"
    usd_per_hour: Price | None = Field(default=None, description="Of one; absent: not known.")
    gco2e_per_hour: Price | None = Field(default=None, description="Of one; absent: not known.")


class RunningSpec(Strict):
    """What a group of a pool runs now."""

    pool: Text
    group: Text = Field(description="As the plan names it: reserved, spot, on-demand.")
    nodes: Nodes
    since: Instant | None = Field(default=None, description="When it last became smaller.")


class InventorySpec(Strict):
    """What is there."""

    site: SiteSpec | None = Field(
        default=None, description="Where the cluster is: plans stay there. Absent: not settled."
    )
    reserved: list[ReservedSpec] = Field(default=[])
    savings_plans: list[SavingsPlanSpec] = Field(default=[])
    capacity_blocks: list[CapacityBlockSpec] = Field(default=[])
    odcrs: list[OdcrSpec] = Field(default=[], description="On-demand capacity reservations.")
    owned: list[OwnedSpec] = Field(default=[])
    running: list[RunningSpec] = Field(default=[])


class InventoryDocument(Strict):
    """Capacity that is held, owned or running before a plan is made."""

    api_version: Literal["trimtab.dev/v1alpha1"]
    kind: Literal["CapacityInventory"]
    metadata: Metadata = Metadata()
    spec: InventorySpec


def inventory_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of the `CapacityInventory` document."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "https://trimtab.dev/schemas/v1alpha1/capacityinventory.json",
        **InventoryDocument.model_json_schema(by_alias=True),
    }


def load_inventory(path: Path) -> Inventory:
    """The inventory in a file.

    Raises:
        InputError: the file can't be read, or a field of it is wrong.
    """
    return parse_inventory(read_text(path), str(path), sha256(read_bytes(path)))


def parse_inventory(text: str, source: str, digest: str = "") -> Inventory:
    """The inventory in a YAML or JSON text; `source` names it in errors.

    Raises:
        InputError: at the first field that is wrong, or where the text holds no such document.
    """
    root = only_document(text, source, KIND)
    spec = validated(root, InventoryDocument).spec
    at = root["spec"]
    _refuse_twice(at, spec)
    return Inventory(
        source=source,
        digest=digest,
        site=Site(spec.site.provider, spec.site.region) if spec.site else None,
        nodes=(
            *(_reserved(each, f) for each, f in _with(spec.reserved, at["reserved"])),
            *(_block(each, f) for each, f in _with(spec.capacity_blocks, at["capacityBlocks"])),
            *(_odcr(each, f) for each, f in _with(spec.odcrs, at["odcrs"])),
        ),
        savings_plans=tuple(
            _savings_plan(each, f) for each, f in _with(spec.savings_plans, at["savingsPlans"])
        ),
        owned=tuple(
            OwnedNodes(**each.model_dump(), where=_place(f))
            for each, f in _with(spec.owned, at["owned"])
        ),
        running=tuple(
            RunningNodes(each.pool, each.group, each.nodes, each.since, _place(f))
            for each, f in _with(spec.running, at["running"])
        ),
    )


def only_document(text: str, source: str, kind: str) -> documents.Field:
    """The one document of a text, which must be of that kind.

    Raises:
        InputError: there is none, or another, or several.
    """
    roots = documents.parse_documents(text, source)
    if not roots:
        raise InputError(f"holds no {kind}", where=source, mend=f"write a document of kind {kind}")
    for root in roots:
        found = root["kind"].text()
        if found != kind:
            root["kind"].fail(f"is {found or 'missing'}", f"write kind: {kind}")
    if len(roots) > 1:
        roots[1].fail(f"is a second {kind} in one file", "bring them together in one")
    return roots[0]


def check_span(starts: Any, expires: Any, field: documents.Field) -> None:
    """Raises InputError where a span ends before it begins."""
    if expires is not None and expires <= starts:
        field["expires"].fail(
            f"{format_instant(expires)} is not after the start, {format_instant(starts)}",
            "check the two dates",
        )


def _with(specs: list[Any], fields: documents.Field) -> Iterator[tuple[Any, documents.Field]]:
    return zip(specs, fields.items(), strict=True)


def _place(field: documents.Field) -> str:
    return field.document.where(field.path)


def _refuse_twice(at: documents.Field, spec: InventorySpec) -> None:
    seen: dict[str, str] = {}
    for name in ("reserved", "savingsPlans", "capacityBlocks", "odcrs", "owned"):
        for field in at[name].items():
            key = field["id"].text()
            if key in seen:
                field["id"].fail(f"{key} stands twice (first at {seen[key]})", "count it once")
            seen[key] = _place(field)
    groups: dict[tuple[str, str], str] = {}
    for each, field in _with(spec.running, at["running"]):
        group = (each.pool, each.group)
        if group in groups:
            field.fail(
                f"{each.pool} {each.group} stands twice (first at {groups[group]})",
                "give one count",
            )
        groups[group] = _place(field)


def _reserved(spec: ReservedSpec, field: documents.Field) -> HeldNodes:
    check_span(spec.starts, spec.expires, field)
    return HeldNodes(**spec.model_dump(), option="reserved", where=_place(field))


def _block(spec: CapacityBlockSpec, field: documents.Field) -> HeldNodes:
    check_span(spec.starts, spec.expires, field)
    return HeldNodes(**spec.model_dump(), option="capacity-block", term=None, where=_place(field))


def _odcr(spec: OdcrSpec, field: documents.Field) -> HeldNodes:
    check_span(spec.starts, spec.expires, field)
    return HeldNodes(
        **spec.model_dump(), option="odcr", usd_per_hour=None, term=None, where=_place(field)
    )


def _savings_plan(spec: SavingsPlanSpec, field: documents.Field) -> SavingsPlan:
    check_span(spec.starts, spec.expires, field)
    fields = spec.model_dump() | {"instance_types": tuple(spec.instance_types)}
    return SavingsPlan(**fields, where=_place(field))
