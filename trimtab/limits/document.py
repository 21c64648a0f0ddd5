"""The `PlanningLimits` document, `trimtab.dev/v1alpha1`.

One pydantic model says which fields there are and generates the JSON Schema; what fields mean together
is checked here, where a message can name the line.
"""

from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from trimtab import documents
from trimtab.catalogue.accelerators import did_you_mean
from trimtab.errors import allowed
from trimtab.files import read_bytes, read_text, sha256
from trimtab.inventory.document import Metadata, only_document
from trimtab.limits.model import Budget, Limits, Term
from trimtab.strict import Strict, validated
from trimtab.workloads.model import Owner

KIND = "PlanningLimits"
Text = Annotated[str, Field(min_length=1, max_length=253)]
Money = Annotated[float, Field(gt=0, le=1e12, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


class BudgetSpec(Strict):
    """The most that the pools of an owner may be expected to cost: at least one field of the owner."""

    team: str = ""
    project: str = ""
    model: str = ""
    environment: str = ""
    usd_per_month: Money = Field(description="US dollars a month of 730 h, expected.")


class CarbonSpec(Strict):
    """What emissions cost, and how much there may be."""

    usd_per_tonne: Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False)] = Field(
        default=0.0, description="Internal price: it decides, and is in no cost that is shown."
    )
    kg_per_month: Money | None = Field(default=None, description="Expected, of the whole plan.")


class SpotShareSpec(Strict):
    """How much of a pool spot may serve."""

    pool: Text
    share: Share = Field(description="Of its demand; the planner's own bounds hold besides.")


class CommitmentsSpec(Strict):
    """What may be bound."""

    usd_per_hour: Money | None = Field(default=None, description="New commitments, all together.")
    terms: list[Term] | None = Field(default=None, min_length=1)


class SteadinessSpec(Strict):
    """How reluctantly sizes fall."""

    step_down_share: Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)] | None = Field(
        default=None, description="Of a group's nodes, in one window; default 0.5."
    )
    moving_hours: Annotated[float, Field(ge=0, le=8760, allow_inf_nan=False)] | None = Field(
        default=None,
        description="Cost of moving a node, over its price per hour; default: its workloads' "
        "restart hours.",
    )
    ended_pools: list[Text] = Field(
        default=[], description="Pools whose sudden zero demand is meant, not lost telemetry."
    )


class ClientsSpec(Strict):
    """Where a workload's users are, for its latency bound."""

    workload: Text
    regions: list[Text] = Field(min_length=1, description="As the latency table names them.")


class LimitsSpec(Strict):
    """Bounds beside the workloads' own."""

    budgets: list[BudgetSpec] = Field(default=[])
    carbon: CarbonSpec = CarbonSpec()
    spot_shares: list[SpotShareSpec] = Field(default=[])
    commitments: CommitmentsSpec = CommitmentsSpec()
    steadiness: SteadinessSpec = SteadinessSpec()
    clients: list[ClientsSpec] = Field(default=[])


class LimitsDocument(Strict):
    """What bounds a plan: money, carbon, spot, commitments, steps, and distance to its users."""

    api_version: Literal["trimtab.dev/v1alpha1"]
    kind: Literal["PlanningLimits"]
    metadata: Metadata = Metadata()
    spec: LimitsSpec


def limits_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of the `PlanningLimits` document."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "https://trimtab.dev/schemas/v1alpha1/planninglimits.json",
        **LimitsDocument.model_json_schema(by_alias=True),
    }


def load_limits(path: Path, pools: Collection[str], workloads: Collection[str]) -> Limits:
    """The limits in a file; see `parse_limits`."""
    return parse_limits(read_text(path), str(path), pools, workloads, sha256(read_bytes(path)))


def parse_limits(
    text: str,
    source: str,
    pools: Collection[str],
    workloads: Collection[str],
    digest: str = "",
) -> Limits:
    """The limits in a YAML or JSON text.

    Args:
        text: of the file.
        source: what to call it in errors.
        pools, workloads: names that it may speak of.
        digest: of the file.

    Raises:
        InputError: at the first field that is wrong, or names what is not planned.
    """
    root = only_document(text, source, KIND)
    spec = validated(root, LimitsDocument).spec
    at = root["spec"]
    _check_names(at["spotShares"].items(), "pool", pools)
    _check_names(at["clients"].items(), "workload", workloads)
    for field in at["steadiness"]["endedPools"].items():
        _check_known(field, field.text(), "pool", pools)
    return Limits(
        source=source,
        digest=digest,
        budgets=tuple(
            _budget(each, field)
            for each, field in zip(spec.budgets, at["budgets"].items(), strict=True)
        ),
        usd_per_tonne=spec.carbon.usd_per_tonne,
        kg_per_month=spec.carbon.kg_per_month,
        spot_shares=tuple((each.pool, each.share) for each in spec.spot_shares),
        commitment_usd_per_hour=spec.commitments.usd_per_hour,
        terms=None if spec.commitments.terms is None else tuple(spec.commitments.terms),
        step_down=spec.steadiness.step_down_share,
        moving_hours=spec.steadiness.moving_hours,
        ended_pools=tuple(spec.steadiness.ended_pools),
        clients=tuple((each.workload, tuple(each.regions)) for each in spec.clients),
    )


def _budget(spec: BudgetSpec, field: documents.Field) -> Budget:
    owner = Owner(spec.team, spec.project, spec.model, spec.environment)
    if owner == Owner():
        field.fail("names no owner", "give a team, project, model or environment")
    return Budget(owner, spec.usd_per_month, field.document.where(field.path))


def _check_names(fields: Iterable[documents.Field], key: str, known: Collection[str]) -> None:
    """Names are known, and none stands twice."""
    seen: set[str] = set()
    for each in fields:
        field = each[key]
        name = field.text()
        _check_known(field, name, key, known)
        if name in seen:
            field.fail(f"{key} {name} stands twice", "say it once")
        seen.add(name)


def _check_known(field: documents.Field, name: str, what: str, known: Collection[str]) -> None:
    if name not in known:
        mend = f"{did_you_mean(name, sorted(known))}use one of {allowed(set(known))}"
        field.fail(f"{name!r} is no {what} of this plan", mend)
