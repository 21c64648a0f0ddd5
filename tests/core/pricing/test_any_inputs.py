"""Whatever a resource asks for, its estimate is one that can be: of every kind that has an estimator."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.any_inputs import AnyInputs
from support.estimates import estimate, resource
from trimtab.pricing.amount import Amount
from trimtab.pricing.estimators import estimated_kinds
from trimtab.pricing.model import Estimate, Status
from trimtab.resources.inputs import Inputs

KINDS = estimated_kinds()
REGIONS = ("us-east-1", "eastus", "us-central1", "nowhere-1", "../x", "*", "", None)


def amounts(priced: Estimate) -> list[tuple[str, Amount]]:
    """Every figure of an estimate that has bounds, and what it is of."""
    found = [("the sum", priced.usd_per_month)] if priced.usd_per_month else []
    for charge in priced.charges:
        found += [(charge.label, charge.usd_per_month), (charge.label, charge.quantity)]
    for each in priced.machines:
        found.append((each.nodes.label, each.nodes.count))
        if each.emissions:
            found.append(("emissions", each.emissions.kgco2e_per_month))
        if each.risk:
            found.append(("interruptions", each.risk.interruptions_per_month))
    return found


def holds(amount: Amount) -> bool:
    """Whether a figure is one: no less than nothing, its bounds around what is expected."""
    low, expected, high = amount
    between = [low, *([] if expected is None else [expected])]
    ordered = all(
        one <= other or math.isclose(one, other)
        for one, other in zip(between, [*between[1:], high], strict=True)
    )
    return low >= 0 and ordered and all(map(math.isfinite, between)) and not math.isnan(high)


@pytest.mark.parametrize("hostile", [False, True], ids=["plausible", "hostile"])
@given(seed=st.integers(0, 2**48), region=st.sampled_from(REGIONS))
@settings(max_examples=60, deadline=None)
def test_an_estimate_is_one_that_can_be(hostile: bool, seed: int, region: str | None) -> None:
    for kind in KINDS:
        asked = AnyInputs(seed, hostile=hostile)
        one = resource(kind, region=region)
        given_ = Inputs(asked, camel="/" in kind or bool(seed % 2))
        object.__setattr__(one, "inputs", given_)
        priced = estimate(one)
        story = (kind, seed, asked.plain())
        for label, amount in amounts(priced):
            assert holds(amount), (label, amount, *story)
        now = priced.usd_per_month_now
        assert now is None or (now >= 0 and math.isfinite(now)), (now, *story)
        # What has no price is said so, and is in no sum.
        if priced.gaps:
            assert priced.status in (Status.PARTLY, Status.NOT_PRICED), story
        if priced.status is Status.NOT_PRICED:
            assert priced.usd_per_month is None, story


@pytest.mark.parametrize("size", [-1, "-5", 1e308, float("inf"), -1e308])
def test_a_size_that_nothing_has_is_not_priced(size: object) -> None:
    """Not a credit, and not the default."""
    for kind, name in (
        ("aws_ebs_volume", "size"),
        ("aws_savingsplans_plan", "commitment"),
        ("aws_fsx_lustre_file_system", "storage_capacity"),
        ("azurerm_cosmosdb_sql_container", "throughput"),
    ):
        region = "eastus" if kind.startswith("azurerm") else "us-east-1"
        priced = estimate(resource(kind, {name: size}, region=region))
        if size == float("inf"):  # JSON has no such number: it is none
            assert all(holds(amount) for _, amount in amounts(priced))
            continue
        assert priced.usd_per_month is None or all(holds(a) for _, a in amounts(priced))
        assert any("nothing can have" in gap.reason for gap in priced.gaps), (kind, size)
