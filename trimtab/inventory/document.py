"""The `CapacityInventory` document, `trimtab.dev/v1alpha1`: a file of what is held, owned and running.

One pydantic model says which fields there are and generates the JSON Schema; what fields mean together
is checked here, where a message can name the line.
"""

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from trimtab import documents
from trimtab.catalogue.accelerators import resolve_accelerator
from trimtab.clock import format_instant
from trimtab.demand.events_file import Instant
from trimtab.errors import InputError
from trimtab.files import read_bytes, read_text, sha256
from trimtab.inventory.hardware import Hardware, Power, grid_intensity
from trimtab.inventory.model import (
    HeldNodes,
    Inventory,
    OwnedNodes,
    OwnedStorage,
    RunningNodes,
    RunningStorage,
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
Amount = Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)]
Units = Annotated[float, Field(gt=0, le=1e9, allow_inf_nan=False)]
Usd = Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)]
Kilograms = Annotated[float, Field(gt=0, le=1e9, allow_inf_nan=False)]
Watts = Annotated[float, Field(gt=0, le=1e6, allow_inf_nan=False)]


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


class GridSpec(Strict):
    """A cloud's region that draws from the same grid: its intensity is the price book's."""

    provider: Text
    region: Text


class HardwareSpec(Strict):
    """A machine's papers: from them follow its cost and emissions an hour."""

    purchase_usd: Usd = Field(description="Of one machine, rack and cables included.")
    life_years: Annotated[float, Field(gt=0, le=50, allow_inf_nan=False)] = Field(
        description="Over which the purchase is written off and its making spread."
    )
    residual_usd: Usd = Field(default=0.0, description="What it is sold for at the end.")
    maintenance_usd_per_year: Usd = 0.0
    watts: Watts | None = Field(default=None, description="Mean at the wall; or the three below.")
    idle_watts: Watts | None = None
    max_watts: Watts | None = None
    utilisation: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] | None = None
    pue: Annotated[float, Field(ge=1, le=10, allow_inf_nan=False)] = Field(
        default=1.0, description="Of the room; 1 where the watts have its overhead in them."
    )
    usd_per_kwh: Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]
    gco2e_per_kwh: Annotated[float, Field(ge=0, le=10_000, allow_inf_nan=False)] | None = Field(
        default=None, description="Of its grid or contract; or `grid`."
    )
    grid: GridSpec | None = Field(default=None, description="Neither: its emissions are not known.")
    embodied_kgco2e: Kilograms | None = Field(
        default=None, description="Of its making; absent: not known, and left out."
    )
    connectivity_usd_per_month: Usd = Field(default=0.0, description="Of a line of its own.")
    site_usd_per_month: Usd = Field(default=0.0, description="Of its place, where that is billed.")


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
    hardware: HardwareSpec | None = Field(
        default=None, description="Its papers, in place of the two figures."
    )
    accelerator: Text | None = Field(
        default=None, description="Model that one carries, as the catalogue names it."
    )
    accelerators: Annotated[int, Field(ge=1, le=64)] | None = Field(
        default=None, description="How many of them one carries; absent: 1 where it has a model."
    )


class RunningSpec(Strict):
    """What a group of a pool runs now."""

    pool: Text
    group: Text = Field(description="As the plan names it: reserved, spot, on-demand.")
    nodes: Nodes
    since: Instant | None = Field(default=None, description="When it last became smaller.")


class OwnedStorageSpec(Strict):
    """Storage of one's own."""

    id: Text = Field(description="Unique in the file.")
    backend: Text = Field(description="In the words of `trimtab storage classes`: ceph-block.")
    site: Text = Field(description="Where it stands.")
    gib: Units | None = Field(
        default=None, description="Usable, copies not counted; or `hardware`."
    )
    usd_per_gib_month: Price | None = Field(default=None, description="Absent: not priced.")
    kgco2e_per_tib_hour: Price | None = Field(default=None, description="Absent: not known.")
    hardware: HardwareSpec | None = Field(
        default=None,
        description="The papers of all of it together, in place of the three figures; with `rawTib` and "
        "`rawPerStored`.",
    )
    raw_tib: Units | None = Field(
        default=None, description="Of its disks together, 2**40 bytes each."
    )
    raw_per_stored: Annotated[float, Field(ge=1, le=100, allow_inf_nan=False)] | None = Field(
        default=None,
        description="Raw bytes for each that is stored: 3 for three copies, 1.5 for 4+2.",
    )
    fill: Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)] | None = Field(
        default=None, description="Share of the raw bytes that may be used; absent: 0.85."
    )
    max_iops: Units | None = Field(default=None, description="Of one volume; absent: not known.")
    max_mibps: Units | None = Field(default=None, description="Of one volume; absent: not known.")


class RunningStorageSpec(Strict):
    """What a storage tier is provisioned with now, summed over its volumes."""

    tier: Text
    backend: Text = Field(description="In the words of `trimtab storage classes`: ebs-gp3.")
    gib: Units
    iops: Amount = Field(default=0.0, description="0: what comes with the size.")
    mibps: Amount = Field(default=0.0, description="MiB/s; 0: what comes with the size.")


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
    owned_storage: list[OwnedStorageSpec] = Field(default=[])
    running_storage: list[RunningStorageSpec] = Field(default=[])


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
        owned=tuple(_owned(each, f) for each, f in _with(spec.owned, at["owned"])),
        running=tuple(
            RunningNodes(each.pool, each.group, each.nodes, each.since, _place(f))
            for each, f in _with(spec.running, at["running"])
        ),
        owned_storage=tuple(
            _owned_storage(each, f) for each, f in _with(spec.owned_storage, at["ownedStorage"])
        ),
        running_storage=tuple(
            RunningStorage(**each.model_dump(), where=_known_backend(f))
            for each, f in _with(spec.running_storage, at["runningStorage"])
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


def _known_backend(field: documents.Field) -> str:
    """Where an item stands, whose backend the storage catalogue must have."""
    from trimtab.storage.backends import backend  # few inventories name any

    where = _place(field)
    backend(field["backend"].text() or "", where)
    return where


def _refuse_twice(at: documents.Field, spec: InventorySpec) -> None:
    seen: dict[str, str] = {}
    for name in ("reserved", "savingsPlans", "capacityBlocks", "odcrs", "owned", "ownedStorage"):
        for field in at[name].items():
            key = field["id"].text()
            if key in seen:
                field["id"].fail(f"{key} stands twice (first at {seen[key]})", "count it once")
            seen[key] = _place(field)
    tiers: dict[str, str] = {}
    for field in at["runningStorage"].items():
        tier = field["tier"].text() or ""
        if tier in tiers:
            field.fail(f"tier {tier} stands twice (first at {tiers[tier]})", "give one sum")
        tiers[tier] = _place(field)
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


def _owned(spec: OwnedSpec, field: documents.Field) -> OwnedNodes:
    fields = spec.model_dump(exclude={"hardware", "accelerator", "accelerators"})
    model, count = _accelerators(spec, field)
    if spec.hardware is None:
        return OwnedNodes(**fields, accelerator=model, accelerator_count=count, where=_place(field))
    for name in ("usdPerHour", "gco2ePerHour"):
        if field[name].value is not None:
            field[name].fail("stands beside hardware, from which it follows", "drop one of the two")
    hardware = _hardware(spec.hardware, field["hardware"])
    emissions = hardware.emissions
    fields |= {
        "usd_per_hour": hardware.usd_per_hour,
        "gco2e_per_hour": None if emissions is None else emissions.gco2e_per_hour,
    }
    return OwnedNodes(
        **fields,
        accelerator=model,
        accelerator_count=count,
        basis=hardware.arithmetic,
        where=_place(field),
    )


def _owned_storage(spec: OwnedStorageSpec, field: documents.Field) -> OwnedStorage:
    where = _known_backend(field)
    own = spec.model_dump(exclude={"hardware", "raw_tib", "raw_per_stored", "fill"})
    if spec.hardware is None:
        for name in ("rawTib", "rawPerStored", "fill"):
            if field[name].value is not None:
                field[name].fail("has no effect without hardware", "add its papers, or drop it")
        if spec.gib is None:
            field["gib"].fail("is missing", "give what is usable, or hardware")
        return OwnedStorage(**own, where=where)
    from trimtab.storage.owned import CEPH_FILL, OwnedStoragePapers

    for name in ("gib", "usdPerGibMonth", "kgco2ePerTibHour"):
        if field[name].value is not None:
            field[name].fail("stands beside hardware, from which it follows", "drop one of the two")
    for name in ("rawTib", "rawPerStored"):
        if field[name].value is None:
            field[name].fail("is missing", "give it beside hardware")
    with field.located():
        papers = OwnedStoragePapers(
            hardware=_hardware(spec.hardware, field["hardware"]),
            raw_tib=spec.raw_tib or 0.0,
            raw_per_stored=spec.raw_per_stored or 0.0,
            fill=CEPH_FILL if spec.fill is None else spec.fill,
        )
    follows = {
        "gib": papers.stored_gib,
        "usd_per_gib_month": papers.usd_per_gib_month,
        "kgco2e_per_tib_hour": papers.kgco2e_per_tib_hour,
    }
    return OwnedStorage(**{**own, **follows}, where=where)


def _hardware(spec: HardwareSpec, field: documents.Field) -> Hardware:
    if spec.residual_usd > spec.purchase_usd:
        field["residualUsd"].fail(
            f"{spec.residual_usd:g} is above the purchase, {spec.purchase_usd:g}",
            "check the two figures",
        )
    grams, grid = spec.gco2e_per_kwh, ""
    if spec.grid is not None:
        if grams is not None:
            field["grid"].fail("stands beside gco2ePerKwh", "drop one of the two")
        with field["grid"].located():
            grams, grid = grid_intensity(spec.grid.provider, spec.grid.region)
    power = Power(**{each.name: getattr(spec, each.name) for each in dataclasses.fields(Power)})
    with field.located():
        power.check()
    return Hardware(
        **spec.model_dump(
            exclude={"watts", "idle_watts", "max_watts", "utilisation", "gco2e_per_kwh", "grid"}
        ),
        power=power,
        gco2e_per_kwh=grams,
        grid=grid,
    )


def _accelerators(spec: OwnedSpec, field: documents.Field) -> tuple[str | None, float | None]:
    """What a machine carries: the catalogue's name of it, and how many."""
    if spec.accelerator is None:
        if spec.accelerators is not None:
            field["accelerators"].fail("counts a model that is not stated", "add accelerator")
        return None, None
    with field["accelerator"].located():
        models = resolve_accelerator(spec.accelerator)
    if len(models) > 1:
        field["accelerator"].fail(
            f"{spec.accelerator} may be {', '.join(models)}", "name the one that it is"
        )
    return models[0], float(spec.accelerators or 1)


def _savings_plan(spec: SavingsPlanSpec, field: documents.Field) -> SavingsPlan:
    check_span(spec.starts, spec.expires, field)
    fields = spec.model_dump() | {"instance_types": tuple(spec.instance_types)}
    return SavingsPlan(**fields, where=_place(field))
