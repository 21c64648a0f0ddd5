"""Planning within limits: what each changes, and what is said where none can be kept."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from support.requests import START, catalogue, constant, offer, pool, request, series, workload
from trimtab.cli.plan_summary import notes
from trimtab.errors import InfeasibleError, InputError
from trimtab.explain import explain
from trimtab.inventory.model import HeldNodes, Inventory, RunningNodes, Site
from trimtab.limits.model import Budget, Limits
from trimtab.plan.document import parse_plan, to_data
from trimtab.plan.model import CapacityPlan, Group
from trimtab.planning.planner import make_plan
from trimtab.workloads.model import Owner

VISION = Owner(team="vision")


def planned(limits: Limits, **changes: Any) -> CapacityPlan:
    """A plan of 80 steady GPUs, ten nodes: $180 an hour committed, $300 on demand."""
    changes.setdefault("pools", (pool(demand=constant()),))
    plan = make_plan(request(limits=limits, **changes))
    assert parse_plan(to_data(plan), "a plan") == plan
    return plan


def groups(plan: CapacityPlan) -> dict[str, Group]:
    return {group.name: group for group in plan.spec.pools[0].groups}


def test_a_budget_that_holds_changes_nothing() -> None:
    kept = planned(Limits(budgets=(Budget(VISION, 140_000.0),)))
    assert kept == planned(Limits())
    assert kept.spec.evidence.decisions[0].solver is None


def test_a_budget_that_nothing_keeps_is_explained_with_the_relaxation() -> None:
    with pytest.raises(InfeasibleError) as caught:
        planned(Limits("limits.yaml", budgets=(Budget(VISION, 90_000.0),)))
    assert str(caught.value) == (
        "--limits limits.yaml, spec.budgets: the budget of team vision ($90,000 a month) is below "
        "the least that its pools cost, $131,400; raise the budget to $131,400, or lower demand"
    )


def test_a_budget_below_what_is_held_is_a_contradiction() -> None:
    held = HeldNodes(
        "ri", "reserved", "aws", "us-east-1", "p4d.24xlarge", 10, 18.0, "1y",
        START - timedelta(days=9), START + timedelta(days=99),
    )  # fmt: skip
    with pytest.raises(InfeasibleError) as caught:
        planned(
            Limits(budgets=(Budget(VISION, 90_000.0, "limits.yaml, line 4"),)),
            inventory=Inventory(nodes=(held,)),
        )
    assert str(caught.value) == (
        "limits.yaml, line 4: what is held already costs $131,400 a month, over the budget of "
        "$90,000 of team vision; raise it to $131,400 at least, or let holdings lapse first"
    )


def test_a_budget_of_somebody_else_is_not_this_plans_matter() -> None:
    assert planned(Limits(budgets=(Budget(Owner(team="speech"), 1.0),))) == planned(Limits())


def test_a_carbon_cap_takes_the_cleaner_type_and_says_so() -> None:
    clean = offer(
        instance_type="p4de.24xlarge",
        accelerator="a100-80gb",
        gco2e_per_hour=500.0,
        on_demand_usd_per_hour=36.0,
        reserved_1y_usd_per_hour=22.0,
    )
    table = catalogue(offer(), clean)
    free = planned(Limits(), catalogue=table)
    assert groups(free)["on-demand"].offers[0].instance_type == "p4d.24xlarge"
    capped = planned(Limits(kg_per_month=5_000.0), catalogue=table)
    assert groups(capped)["on-demand"].offers[0].instance_type == "p4de.24xlarge"
    carbon = capped.spec.pools[0].expected.kgco2e_per_hour
    assert carbon is not None
    assert carbon.mean * 730 <= 5_000.0
    (decision,) = capped.spec.evidence.decisions
    assert decision.solver is not None
    assert "linear programme" in decision.solver
    assert decision.solver_reason == ("14,600 kg CO2e a month expected, over the cap of 5,000")
    assert sum(line.quantity for line in capped.spec.commitments) == 10
    note = next(note for note in notes(capped) if note.startswith("limits: "))
    assert note.endswith("14,600 kg CO2e a month expected, over the cap of 5,000")
    assert any("settled by linear programme" in each.sentence for each in explain(capped))


def test_a_carbon_cap_that_the_site_can_not_keep_moves_the_cluster() -> None:
    green = offer(region="eu-north-1", gco2e_per_hour=100.0, reserved_1y_usd_per_hour=25.0)
    plan = planned(Limits(kg_per_month=2_000.0), catalogue=catalogue(offer(), green))
    assert plan.spec.site.region == "eu-north-1"
    assert "per kg CO2e" in str(plan.spec.evidence.decisions[0].solver)


def test_a_cap_never_moves_work_out_of_its_allowed_regions() -> None:
    green = offer(region="eu-north-1", gco2e_per_hour=100.0)
    bound = (pool(demand=constant(), workloads=(workload(regions=("us-east-1",)),)),)
    with pytest.raises(InfeasibleError, match="the carbon cap"):
        planned(Limits(kg_per_month=2_000.0), pools=bound, catalogue=catalogue(offer(), green))


def test_a_cap_never_moves_a_cluster_that_is_somewhere_already() -> None:
    green = offer(region="eu-north-1", gco2e_per_hour=100.0)
    table, there = catalogue(offer(), green), Inventory(site=Site("aws", "us-east-1"))
    with pytest.raises(InfeasibleError, match="the carbon cap"):
        planned(Limits(kg_per_month=2_000.0), catalogue=table, inventory=there)


def test_a_carbon_cap_that_nothing_keeps_names_the_smallest_one_that_holds() -> None:
    with pytest.raises(InfeasibleError, match=r"raise the carbon cap to 14,60[01] kg") as caught:
        planned(Limits("limits.yaml", kg_per_month=100.0))
    assert caught.value.where == "--limits limits.yaml, spec.carbon.kgPerMonth"


def test_a_cap_without_any_emissions_figure_is_an_error() -> None:
    table = catalogue(offer(gco2e_per_hour=None))
    with pytest.raises(InputError, match="has an emissions figure, so no cap can be kept"):
        planned(Limits(kg_per_month=100.0), catalogue=table)


def test_a_price_of_carbon_tips_the_choice_of_type() -> None:
    clean = offer(
        instance_type="p4de.24xlarge", accelerator="a100-80gb", gco2e_per_hour=500.0,
        on_demand_usd_per_hour=31.0, reserved_1y_usd_per_hour=18.3,
    )  # fmt: skip
    table = catalogue(offer(), clean)
    for price, kind in ((0.0, "p4d.24xlarge"), (400.0, "p4de.24xlarge")):
        plan = planned(Limits(usd_per_tonne=price), catalogue=table)
        assert groups(plan)["on-demand"].offers[0].instance_type == kind
    # The price decides; what is shown is what is paid.
    assert plan.spec.pools[0].expected.usd_per_hour.mean == pytest.approx(183.0)


@pytest.mark.parametrize("share", [0.0, 0.3])
def test_spot_serves_no_more_than_its_cap(share: float) -> None:
    eager = (pool(workloads=(workload(interruptible=True),), demand=constant(days=20)),)
    plan = planned(Limits(spot_shares=(("trainer", share),)), pools=eager)
    found = groups(plan)
    if share == 0:
        assert "spot" not in found
    else:
        assert max(w.max for w in found["spot"].windows) == 3


def test_commitments_over_the_bound_are_given_up_from_the_top() -> None:
    plan = planned(Limits(commitment_usd_per_hour=100.0))
    (line,) = plan.spec.commitments
    assert line.quantity == 5
    (decision,) = plan.spec.evidence.decisions
    assert decision.guardrail == (
        "5 of 10 nodes, for new commitments may bind $100.00 an hour in all"
    )


def test_what_saves_least_is_given_up_first() -> None:
    idle = replace(constant(), demand=constant(level=40.0).demand)
    pools = (pool(demand=constant()), pool(name="small", demand=idle))
    plan = planned(Limits(commitment_usd_per_hour=200.0), pools=pools)
    assert sum(line.quantity for line in plan.spec.commitments) == 11


def test_the_step_and_the_cost_of_moving_can_be_set() -> None:

    runs = Inventory(running=(RunningNodes("trainer", "on-demand", 40),))
    short = (pool(demand=constant(days=20)),)
    quick = planned(Limits(step_down=1.0), pools=short, inventory=runs)
    slow = planned(Limits(step_down=0.1), pools=short, inventory=runs)
    never = planned(Limits(moving_hours=8000.0), pools=short, inventory=runs)
    first = [groups(plan)["on-demand"].windows[0] for plan in (quick, slow, never)]
    assert [w.desired for w in first] == [10, 36, 40]
    assert first[2].end - START == request().horizon


def test_zero_demand_that_is_meant_may_shrink_what_runs() -> None:

    ended = (pool(demand=series(np.concatenate([np.full(480, 80.0), np.zeros(48)]))),)
    runs = Inventory(running=(RunningNodes("trainer", "on-demand", 16),))
    kept = planned(Limits(), pools=ended, inventory=runs)
    meant = planned(Limits(ended_pools=("trainer",)), pools=ended, inventory=runs)
    assert min(w.min for w in groups(kept)["on-demand"].windows) == 16
    assert groups(meant)["on-demand"].windows[0].desired < 16


@pytest.mark.parametrize(
    "late", [0, 7], ids=["histories that end now", "histories that ended apart"]
)
def test_a_cap_over_pools_that_differ_is_kept_together(late: int) -> None:
    clean = offer(
        instance_type="p4de.24xlarge", accelerator="a100-80gb", gco2e_per_hour=400.0,
        on_demand_usd_per_hour=45.0, reserved_1y_usd_per_hour=None, spot_usd_per_hour=None,
    )  # fmt: skip
    batch = workload(name="batch", interruptible=True, owner=Owner(team="speech"))
    ended = series(np.full(40 * 24, 40.0), start=START - timedelta(hours=40 * 24 + late))
    held = HeldNodes(
        "ri", "reserved", "aws", "us-east-1", "p4d.24xlarge", 2, 18.0, "1y",
        START - timedelta(days=9), START + timedelta(days=99), pool="trainer",
    )  # fmt: skip
    pools = (
        pool(demand=constant()),
        pool(name="batch", workloads=(batch,), demand=ended),
    )
    table = catalogue(offer(), clean)
    free = planned(Limits(), pools=pools, catalogue=table, inventory=Inventory(nodes=(held,)))
    before = _kg(free)
    limits = Limits(kg_per_month=before * 0.6, budgets=(Budget(Owner(team="speech"), 500_000.0),))
    capped = planned(limits, pools=pools, catalogue=table, inventory=Inventory(nodes=(held,)))
    assert _kg(capped) <= before * 0.6 * 1.002
    kinds = {g.offers[0].instance_type for p in capped.spec.pools for g in p.groups}
    assert "p4de.24xlarge" in kinds
    # Work that must not be interrupted is on no spot node, whatever the cap.
    assert "spot" not in groups(capped)


def _kg(plan: CapacityPlan) -> float:
    each = [p.expected.kgco2e_per_hour for p in plan.spec.pools]
    return sum(interval.mean for interval in each if interval) * 730
