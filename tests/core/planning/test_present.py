"""Planning with what is there: held capacity first, renewals decided, moves only when they pay."""

import hashlib
import itertools
from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.requests import START, catalogue, constant, offer, pool, request, series, workload
from trimtab.errors import InputError
from trimtab.inventory.model import (
    Approval,
    Approvals,
    HeldNodes,
    Inventory,
    OwnedNodes,
    RunningNodes,
    SavingsPlan,
    Site,
)
from trimtab.plan.document import parse_plan, to_data, to_yaml
from trimtab.plan.evidence import HeldEvidence
from trimtab.plan.model import CapacityBlock, CapacityPlan, Group, HeldReservation, Reserved
from trimtab.planning.approved import approved_lines
from trimtab.planning.planner import make_plan, plan_fleet

DAY = timedelta(days=1)


def held(**changes: Any) -> HeldNodes:
    """Four reserved nodes of the only type on sale, for a year yet."""
    return replace(
        HeldNodes(
            "ri-1", "reserved", "aws", "us-east-1", "p4d.24xlarge", 4, 18.0, "1y",
            START - 30 * DAY, START + 335 * DAY,
        ),
        **changes,
    )  # fmt: skip


def planned(inventory: Inventory | None = None, **changes: Any) -> CapacityPlan:
    """A plan of 80 steady GPUs, ten nodes."""
    changes.setdefault("pools", (pool(demand=constant()),))
    return make_plan(request(inventory=inventory, **changes))


def groups(plan: CapacityPlan, index: int = 0) -> dict[str, Group]:
    return {group.name: group for group in plan.spec.pools[index].groups}


def sizes(group: Group) -> list[tuple[int, int, int]]:
    return [(w.min, w.desired, w.max) for w in group.windows]


def rows(plan: CapacityPlan) -> list[HeldEvidence]:
    return list(plan.spec.evidence.held or ())


def test_only_what_is_lacking_is_proposed() -> None:
    plan = planned(Inventory(nodes=(held(),)))
    (line,) = plan.spec.commitments
    assert (line.quantity, line.renews, line.starts) == (6, None, None)
    assert sizes(groups(plan)["reserved"]) == [(10, 10, 10)]
    (row,) = rows(plan)
    assert (row.id, row.decision, row.group, row.utilisation) == ("ri-1", "used", "reserved", 1.0)


def test_held_capacity_that_covers_all_proposes_nothing() -> None:
    plan = planned(Inventory(nodes=(held(quantity=12),)))
    assert plan.spec.commitments == ()
    assert sizes(groups(plan)["reserved"]) == [(10, 10, 12)]
    # Twelve are paid for, though ten run.
    assert plan.spec.pools[0].expected.usd_per_hour.mean == pytest.approx(12 * 18.0)


def test_what_is_held_counts_in_every_baseline() -> None:
    bare, beside = planned(), planned(Inventory(nodes=(held(),)))
    before, after = (
        {b.name: b.usd_per_hour.mean for b in plan.spec.pools[0].expected.baselines}
        for plan in (bare, beside)
    )
    assert before["all on-demand"] == pytest.approx(300.0)
    assert after["all on-demand"] == pytest.approx(4 * 18.0 + 6 * 30.0)
    explorer = next(name for name in before if name.startswith("residual Cost-Explorer"))
    assert after[explorer] == pytest.approx(before[explorer])


def test_what_ends_inside_the_span_is_renewed_as_far_as_it_is_needed() -> None:
    ending = held(quantity=12, expires=START + 3 * DAY)
    plan = planned(Inventory(nodes=(ending,)))
    (line,) = plan.spec.commitments
    assert (line.quantity, line.renews, line.starts) == (10, "ri-1", START + 3 * DAY)
    (row,) = rows(plan)
    assert (row.decision, row.reason) == (
        "renewed",
        "ends 2026-03-04T00:00:00Z; 10 of 12 nodes are proposed again, 2 lapse",
    )
    # The nodes stay in their group: a renewal moves nothing.
    assert sizes(groups(plan)["reserved"]) == [(10, 10, 12), (10, 10, 10)]
    assert parse_plan(to_data(plan), "a plan") == plan


def test_what_ends_and_no_longer_pays_lapses() -> None:
    ending = held(quantity=4, expires=START + 3 * DAY)
    dear = catalogue(offer(reserved_1y_usd_per_hour=None, reserved_3y_usd_per_hour=None))
    plan = planned(Inventory(nodes=(ending,)), catalogue=dear)
    assert plan.spec.commitments == ()
    assert [row.decision for row in rows(plan)] == ["lapses"]
    assert [w.max for w in groups(plan)["reserved"].windows] == [4, 0]
    assert [w.max for w in groups(plan)["on-demand"].windows] == [6, 10]


def test_a_savings_plan_counts_as_nodes_at_the_committed_rate() -> None:
    spend = SavingsPlan("sp", "aws", None, (), 60.0, "1y", START - DAY, START + 99 * DAY)
    plan = planned(Inventory(savings_plans=(spend,)))
    (line,) = plan.spec.commitments
    assert line.quantity == 7
    (row,) = rows(plan)
    assert (row.option, row.nodes, row.usd_per_hour) == ("savings-plan", 3, 18.0)


def test_owned_machines_and_blocks_have_groups_of_their_own_and_go_first() -> None:
    block = held(id="cb-9", option="capacity-block", quantity=3, expires=START + DAY, term=None)
    owned = OwnedNodes("hall", "trainer", "hall-2", "dgx-a100", 2, 8.0)
    plan = planned(Inventory(nodes=(block,), owned=(owned,)))
    found = groups(plan)
    assert list(found) == ["owned-hall", "block-cb-9", "reserved", "on-demand"]
    assert sizes(found["owned-hall"]) == [(2, 2, 2)]
    assert found["owned-hall"].offers[0].usd_per_hour is None
    # The block's last window ends well before the block does.
    assert [(w.end - START, w.max) for w in found["block-cb-9"].windows] == [
        (timedelta(hours=20), 3), (timedelta(days=7), 0),
    ]  # fmt: skip
    assert plan.spec.commitments[0].quantity == 8
    assert found["reserved"].windows[0].desired == 5
    assert parse_plan(to_data(plan), "a plan") == plan


def test_a_targeted_reservation_has_a_group_that_names_it_even_of_the_pools_own_type() -> None:
    odcr = held(
        id="cr-0a", option="odcr", quantity=2, usd_per_hour=None, term=None, expires=None,
        zone="us-east-1b",
    )  # fmt: skip
    by_group = replace(odcr, id="pool-of-two", zone=None, group_arn="arn:aws:resource-groups:x")
    open_one = replace(odcr, id="cr-0b", quantity=1, zone=None)
    plan = planned(Inventory(nodes=(odcr, by_group, open_one)))
    found = groups(plan)
    assert list(found) == ["held-cr-0a", "held-pool-of-two", "reserved", "on-demand"]
    assert found["held-cr-0a"].purchase == Reserved(
        term="open", reservation=HeldReservation(id="cr-0a", zone="us-east-1b")
    )
    assert found["held-pool-of-two"].purchase == Reserved(
        term="open", reservation=HeldReservation(group_arn="arn:aws:resource-groups:x")
    )
    # What is open to every instance finds its nodes by itself: nothing is targeted.
    assert found["reserved"].purchase.model_dump()["reservation"] is None
    assert [(row.group, row.nodes) for row in rows(plan)] == [
        ("reserved", 1), ("held-cr-0a", 2), ("held-pool-of-two", 2),
    ]  # fmt: skip
    assert plan.spec.commitments[0].quantity == 10 - 5
    assert parse_plan(to_data(plan), "a plan") == plan


def test_a_zone_makes_another_generation_and_its_absence_none() -> None:
    def block(zone: str | None) -> Group:
        one = held(
            id="cb-9",
            option="capacity-block",
            quantity=3,
            expires=START + DAY,
            term=None,
            zone=zone,
        )
        return groups(planned(Inventory(nodes=(one,))))["block-cb-9"]

    here, there, anywhere = block("us-east-1a"), block("us-east-1b"), block(None)
    assert here.purchase == CapacityBlock(
        reservation_id="cb-9",
        starts_at=START - 30 * DAY,
        ends_at=START + DAY,
        zone="us-east-1a",
    )
    assert len({each.generation for each in (here, there, anywhere)}) == 3
    # As it was before a plan could state a zone.
    digested = "\n".join(["trainer", "block-cb-9", "p4d.24xlarge", "x86_64"])
    assert anywhere.generation == hashlib.sha256(digested.encode()).hexdigest()[:6]


IDLE = {
    "elsewhere": (held(region="eu-west-1"), "it is at aws eu-west-1, the cluster at aws us-east-1"),
    "over": (held(expires=START - DAY), "it ended 2026-02-28T00:00:00Z"),
    "not begun": (
        held(starts=START + 30 * DAY),
        "no whole window of the plan lies within it (from 2026-03-31T00:00:00Z)",
    ),
    "another pool's": (held(pool="batch"), "no pool batch is planned"),
    "a type that suits nobody": (
        held(instance_type="m5.large"),
        "no pool at aws us-east-1 can run it",
    ),
}


@pytest.mark.parametrize(("holding", "reason"), IDLE.values(), ids=IDLE)
def test_what_nobody_can_use_is_idle_and_says_why(holding: HeldNodes, reason: str) -> None:
    plan = planned(Inventory(nodes=(holding,), site=Site("aws", "us-east-1")))
    (row,) = rows(plan)
    assert (row.decision, row.pool, row.reason) == ("idle", None, reason)
    assert plan.spec.commitments[0].quantity == 10


def test_no_guardrail_keeps_a_block_beyond_its_end() -> None:
    block = held(id="cb-9", option="capacity-block", quantity=8, expires=START + DAY, term=None)
    runs = RunningNodes("trainer", "block-cb-9", 8)
    plan = planned(Inventory(nodes=(block,), running=(runs,)))
    assert [w.max for w in groups(plan)["block-cb-9"].windows] == [8, 0]


def test_what_several_pools_can_use_goes_round() -> None:
    two = (pool(demand=constant()), pool(name="other", demand=constant()))
    plan = planned(Inventory(nodes=(held(quantity=14),)), pools=two)
    assert [(row.pool, row.nodes) for row in rows(plan)] == [("trainer", 10), ("other", 4)]
    assert [(line.pool, line.quantity) for line in plan.spec.commitments] == [("other", 6)]


def test_a_cluster_stays_where_it_is() -> None:
    table = catalogue(offer(), offer(region="us-west-2", reserved_1y_usd_per_hour=15.0))
    free = planned(catalogue=table)
    bound = planned(Inventory(site=Site("aws", "us-east-1")), catalogue=table)
    assert (free.spec.site.region, bound.spec.site.region) == ("us-west-2", "us-east-1")
    after = planned(catalogue=table, previous=bound)
    assert after.spec.site.region == "us-east-1"


def test_a_type_is_changed_only_when_that_saves_more_than_moving() -> None:
    cheaper = offer(instance_type="p4de.24xlarge", accelerator="a100-80gb")
    work = (workload(restart_hours=6.0),)
    pools = (pool(demand=constant(days=20), workloads=work),)
    before = make_plan(request(pools=pools))
    for price, kind in ((29.5, "p4d.24xlarge"), (20.0, "p4de.24xlarge")):
        other = replace(cheaper, on_demand_usd_per_hour=price, reserved_1y_usd_per_hour=price)
        unreserved = offer(reserved_1y_usd_per_hour=None)
        table = catalogue(unreserved, other)
        plan = make_plan(request(pools=pools, catalogue=table, previous=before))
        assert groups(plan)["on-demand"].offers[0].instance_type == kind


def falling() -> Any:
    """Demand that was 160 GPUs and has been 40 for two weeks."""
    return series(np.concatenate([np.full(400, 160.0), np.full(340, 40.0)]))


def test_sizes_come_down_a_bounded_step_a_window() -> None:
    runs = Inventory(running=(RunningNodes("trainer", "on-demand", 20),))
    plan = planned(runs, pools=(pool(demand=falling()),))
    path = [w.desired for w in groups(plan)["on-demand"].windows]
    assert path[0] == 10
    for before, after in zip([20, *path], path, strict=False):
        assert after >= before - max(1, before // 2)
    (row,) = (r for r in plan.spec.evidence.stability or () if r.group == "on-demand")
    assert (row.running, row.stepped_at) == (20, START)
    assert "at most 50% of a group goes in a window" in row.reason


def test_planning_again_from_its_own_result_changes_no_size() -> None:
    runs = Inventory(running=(RunningNodes("trainer", "on-demand", 20),))
    first = planned(runs, pools=(pool(demand=falling()),))
    again = planned(pools=(pool(demand=falling()),), previous=first)
    assert [g.windows for g in again.spec.pools[0].groups] == [
        g.windows for g in first.spec.pools[0].groups
    ]
    third = planned(pools=(pool(demand=falling()),), previous=again)
    assert to_yaml(third) == to_yaml(again)


def test_a_step_that_was_not_carried_out_is_none() -> None:
    runs = Inventory(running=(RunningNodes("trainer", "on-demand", 20),))
    first = planned(runs, pools=(pool(demand=falling()),))
    again = planned(runs, pools=(pool(demand=falling()),), previous=first)
    assert sizes(groups(again)["on-demand"]) == sizes(groups(first)["on-demand"])


def test_planning_every_hour_takes_no_more_steps_than_planning_once() -> None:
    work = (pool(demand=constant(days=20)),)
    runs = Inventory(running=(RunningNodes("trainer", "on-demand", 80),))
    plan = planned(runs, pools=work)
    path = [80, groups(plan)["on-demand"].windows[0].desired]
    for hour in range(1, 13):
        plan = planned(pools=work, previous=plan, as_of=START + timedelta(hours=hour))
        path.append(groups(plan)["on-demand"].windows[0].desired)
    # A step when it was first planned, then one every window of four hours.
    assert path == [80, 40, 40, 40, 40, 20, 20, 20, 20, 10, 10, 10, 10, 10]


STALE = {
    "old telemetry": (constant(days=20), 3 * DAY, "3 d before the decision: more than 1 d"),
    "very old telemetry": (constant(days=20), 30 * DAY, "30 d before the decision"),
    "a sudden zero": (
        series(np.concatenate([np.full(480, 160.0), np.zeros(6)])), timedelta(0),
        "demand has been zero for 6 h",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("demand", "age", "reason"), STALE.values(), ids=STALE)
def test_telemetry_that_can_not_be_trusted_keeps_what_runs(
    demand: Any, age: timedelta, reason: str
) -> None:
    runs = Inventory(running=(RunningNodes("trainer", "on-demand", 33),))
    plan = planned(runs, pools=(pool(demand=demand),), as_of=demand.end + age)
    assert all(w.min >= 33 for w in groups(plan)["on-demand"].windows)
    assert plan.spec.commitments == ()
    (row,) = (r for r in plan.spec.evidence.stability or () if r.group == "on-demand")
    assert row.reason.startswith("what runs is kept: ")
    assert reason in row.reason
    assert reason in plan.spec.evidence.decisions[0].guardrail


def test_a_group_that_is_planned_no_more_comes_down_step_by_step() -> None:
    was = planned(pools=(pool(demand=constant()),))
    (line,) = was.spec.commitments
    assert line.quantity == 10
    plan = planned(pools=(pool(demand=constant(days=20)),), previous=was)
    assert plan.spec.commitments == ()
    assert [w.desired for w in groups(plan)["reserved"].windows] == [5, 3, 2, 1, 0]
    assert parse_plan(to_data(plan), "a plan") == plan


def approval(of: CapacityPlan, **changes: Any) -> Approval:
    return replace(
        Approval(
            "q1", "test", of.spec.commitments[0].digest, 10, 18.0, "finops",
            START - DAY, START + 30 * DAY,
        ),
        **changes,
    )  # fmt: skip


def test_an_approved_line_counts_as_held_and_is_not_proposed_again() -> None:
    first = planned()
    nodes, said = approved_lines(Approvals(each=(approval(first),)), first, None, START)
    assert (len(nodes), said) == (1, ())
    plan = planned(Inventory(nodes=nodes), previous=first)
    assert plan.spec.commitments == ()
    assert sizes(groups(plan)["reserved"]) == sizes(groups(first)["reserved"])
    assert [(r.id, r.option, r.decision) for r in rows(plan)] == [
        ("approval q1", "approved", "used")
    ]


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "expired": ({"expires": START}, "it expired 2026-03-01T00:00:00Z"),
    "not given yet": ({"approved_at": START + DAY}, "it is only given 2026-03-02T00:00:00Z"),
    "another plan's": ({"plan": "prod"}, "it is for the plan prod, and the one before is test"),
    "another line's": ({"commitment": "sha256:" + "0" * 64}, "plan test has no line sha256:0000"),
    "too low a ceiling": (
        {"ceiling_usd_per_hour": 17.0},
        "$18 an hour is above its ceiling of $17",
    ),
}


@pytest.mark.parametrize(("changes", "reason"), REFUSED.values(), ids=REFUSED)
def test_an_approval_that_does_not_match_is_named(changes: dict[str, Any], reason: str) -> None:
    first = planned()
    nodes, said = approved_lines(Approvals(each=(approval(first, **changes),)), first, None, START)
    assert nodes == ()
    assert said[0].startswith("approval q1 does not count: ")
    assert reason in said[0]


def test_more_than_the_line_is_not_held_and_bought_lines_count_once() -> None:
    first = planned()
    nodes, said = approved_lines(
        Approvals(each=(approval(first, quantity=12),)), first, None, START
    )
    assert nodes[0].quantity == 10
    assert "10 of 12 nodes count" in said[0]
    bought = Inventory(nodes=(held(commitment=first.spec.commitments[0].digest),))
    nodes, said = approved_lines(Approvals(each=(approval(first),)), first, bought, START)
    assert nodes == ()
    assert "stands in the inventory as bought" in said[0]


def test_approvals_without_their_plan_are_an_error() -> None:
    with pytest.raises(InputError, match="no plan is given"):
        approved_lines(Approvals("a/", each=(approval(planned()),)), None, None, START)


def test_a_fleet_is_planned_as_each_of_its_clusters() -> None:
    asks = [request(name=f"c{i}", pools=(pool(demand=constant(level=8.0 + i)),)) for i in range(3)]
    together, apart = plan_fleet(asks), map(make_plan, asks)
    for plan, alone in zip(together, apart, strict=True):
        assert plan.metadata == alone.metadata
        assert plan.spec.pools == alone.spec.pools
        assert plan.spec.commitments == alone.spec.commitments


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    runs=st.integers(0, 60),
    quantity=st.integers(1, 30),
    ends=st.integers(-2, 12),
    fault=st.booleans(),
)
def test_every_plan_with_a_present_is_valid_and_shrinks_nothing_on_faults(
    seed: int, runs: int, quantity: int, ends: int, fault: bool
) -> None:
    rng = np.random.default_rng(seed)
    demand = series(rng.gamma(2, 60, 30 * 24))
    there = Inventory(
        nodes=(held(quantity=quantity, expires=START + ends * DAY + timedelta(hours=5)),),
        running=(RunningNodes("trainer", "on-demand", runs),),
    )
    plan = planned(
        there, pools=(pool(demand=demand),), as_of=START + (2 * DAY if fault else timedelta(0))
    )
    assert parse_plan(to_data(plan), "a plan") == plan
    group = groups(plan)["on-demand"]
    path = [runs, *(w.desired for w in group.windows)]
    for before, after in itertools.pairwise(path):
        assert after >= before - max(1, before // 2)
    if fault:
        assert all(w.min >= runs for w in group.windows)
        assert plan.spec.commitments == ()
    assert all(line.quantity > 0 for line in plan.spec.commitments)
