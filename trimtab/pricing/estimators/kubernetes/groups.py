"""A CapacityPlan's own groups, commitments and storage tiers, so that two plans can be compared.

`trimtab.resources.readers.plans` makes these resources of a plan's file.
"""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any

from trimtab.pricing.amount import between
from trimtab.pricing.estimation import Estimation
from trimtab.pricing.estimators import estimates
from trimtab.pricing.model import Basis, Gap, Nodes, PaidElsewhere, Part, PlanRates
from trimtab.pricing.planned_storage import tier_parts
from trimtab.resources.inputs import Inputs
from trimtab.resources.model import Origin

GROUP = "trimtab.dev/Group"
COMMITMENT = "trimtab.dev/Commitment"
STORAGE_TIER = "trimtab.dev/StorageTier"
_NOT_OF_A_PLAN = "it is no part of a CapacityPlan"


@estimates(GROUP)
def group(at: Estimation) -> Iterator[Part]:
    """The group's nodes: between the bounds of the window that holds, as the plan expects."""
    inputs = at.inputs
    if at.resource.origin is not Origin.PLAN:
        yield Gap("nodes", _NOT_OF_A_PLAN)
        return
    rates = inputs.values["rates"]
    window = _window(inputs, at.facts.settings.as_of)
    yield Nodes(
        "nodes",
        tuple(inputs.strings("instance_types")),
        between(window["min"], window["max"], inputs.number("expected_nodes")),
        now=float(window["desired"]),
        option=inputs.values["option"],
        basis=Basis.PLAN,
        provider=inputs.text("provider"),
        region=inputs.text("region"),
        usd_per_hour=rates["usd_per_hour"],
        zones=tuple(inputs.strings("zones")),
        reservations=tuple(inputs.strings("reservations")),
        pool=inputs.text("pool"),
        planned=PlanRates(**{**rates, "as_of": date.fromisoformat(rates["as_of"])}),
    )


def _window(inputs: Inputs, instant: datetime) -> Mapping[str, Any]:
    """The window that holds; before the first it is the first, after the last the last."""
    windows: list[Mapping[str, Any]] = inputs.values["windows"]
    begun = [each for each in windows if datetime.fromisoformat(each["start"]) <= instant]
    return begun[-1] if begun else windows[0]


@estimates(COMMITMENT)
def commitment(at: Estimation) -> Iterator[Part]:
    """Nothing beside its group's nodes, which have its price."""
    if at.resource.origin is not Origin.PLAN:
        yield Gap("commitment", _NOT_OF_A_PLAN)
        return
    place = f"pools[{at.inputs.text('pool')}].groups[{at.inputs.text('group')}]"
    yield PaidElsewhere(f"its commitment is in the price of {place}")


@estimates(STORAGE_TIER)
def storage_tier(at: Estimation) -> Iterator[Part]:
    """What the tier provisions in the window that holds, at the plan's prices."""
    if at.resource.origin is not Origin.PLAN:
        yield Gap("storage", _NOT_OF_A_PLAN)
        return
    from trimtab.plan.storage import StorageTier

    values = at.inputs.values
    tier = StorageTier.model_validate(values["tier"])
    made = date.fromisoformat(values["as_of"])
    yield from tier_parts(at, tier, values["region"], made, values["file"])
