"""The plan: reproducible, blind to the future, honest about what it does not know."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.requests import START, catalogue, constant, offer, pool, request, series, workload
from trimtab.errors import InputError
from trimtab.plan.attribution import group_key
from trimtab.plan.document import parse_plan, to_data, to_yaml
from trimtab.plan.model import CapacityPlan, Group, Pool
from trimtab.planning.planner import make_plan
from trimtab.workloads.model import Owner, Toleration, Unit


def only_pool(plan: CapacityPlan) -> Pool:
    (one,) = plan.spec.pools
    return one


def groups(plan: CapacityPlan) -> dict[str, Group]:
    return {group.name: group for group in only_pool(plan).groups}


def committed(**changes: Any) -> CapacityPlan:
    """A plan of 80 steady GPUs, long enough known to be committed."""
    return make_plan(request(pools=(pool(demand=constant(), **changes),)))


def test_the_same_request_gives_the_same_bytes() -> None:
    assert to_yaml(make_plan(request())) == to_yaml(make_plan(request()))


def test_a_plan_reads_back_as_itself() -> None:
    plan = committed()
    assert parse_plan(to_data(plan), "a plan") == plan


def test_nothing_after_the_as_of_instant_is_looked_at() -> None:
    values = np.asarray(series().demand)
    longer = np.concatenate([values, np.full(240, 5000.0)])
    seen = pool(demand=series())
    future = pool(demand=replace(series(longer), start=seen.demand.start))
    spec, other = (make_plan(request(pools=(p,))).spec for p in (seen, future))
    assert spec.pools == other.pools


def test_steady_demand_is_reserved_whole_and_nothing_else_runs() -> None:
    plan = committed()
    assert [(w.min, w.desired, w.max) for w in groups(plan)["reserved"].windows] == [(10, 10, 10)]
    assert [(w.min, w.desired, w.max) for w in groups(plan)["on-demand"].windows] == [(0, 0, 0)]
    expected = only_pool(plan).expected
    assert expected.usd_per_hour.mean == pytest.approx(180.0)
    assert expected.usd_per_hour_unapproved.mean == pytest.approx(300.0)
    assert expected.shortage_share == 0.0
    assert expected.kgco2e_per_hour is not None
    assert expected.kgco2e_per_hour.mean == pytest.approx(20.0)


def test_a_proposal_says_what_it_binds_and_when_it_pays() -> None:
    (line,) = committed().spec.commitments
    assert (line.quantity, line.term, line.usd_per_hour) == (10, "1y", 18.0)
    assert line.binding_usd == pytest.approx(10 * 18.0 * 8760, rel=1e-5)
    assert line.break_even_utilisation == pytest.approx(0.6)
    assert line.last_node_utilisation == 1.0
    assert groups(committed())["reserved"].purchase.commitment == line.digest  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "changed", [{"level": 88.0}, {"price": 17.0}, {"region": "eu-west-1"}], ids=str
)
def test_a_changed_line_has_another_digest_and_needs_another_approval(
    changed: dict[str, Any],
) -> None:
    table = catalogue(
        offer(
            reserved_1y_usd_per_hour=changed.get("price", 18.0),
            region=changed.get("region", "us-east-1"),
        )
    )
    demand = constant(level=changed.get("level", 80.0))
    (line,) = make_plan(request(pools=(pool(demand=demand),), catalogue=table)).spec.commitments
    assert line.digest != committed().spec.commitments[0].digest


def test_a_short_history_binds_nothing_and_says_why() -> None:
    plan = make_plan(request())
    assert plan.spec.commitments == ()
    assert "reserved" not in groups(plan)
    (decision,) = plan.spec.evidence.decisions
    assert "too short to bind" in decision.guardrail


def test_unpriced_and_unknown_stay_so() -> None:
    plan = make_plan(request(catalogue=catalogue(offer(gco2e_per_hour=None))))
    assert only_pool(plan).expected.kgco2e_per_hour is None
    assert "kgco2ePerHour" not in to_data(plan)["spec"]["pools"][0]["expected"]


def test_what_interrupts_what_must_not_be_is_kept_apart() -> None:
    steady, batch = workload(), workload(name="eval", interruptible=True)
    spot_only = make_plan(request(pools=(pool(workloads=(batch,)),)))
    mixed = make_plan(request(pools=(pool(workloads=(steady, batch)),)))
    assert groups(spot_only)["spot"].taints == ()
    assert [t.key for t in groups(mixed)["spot"].taints] == ["trimtab.dev/purchase-option"]
    assert groups(mixed)["on-demand"].taints == ()


def test_a_gpu_taint_is_set_only_when_every_pod_tolerates_it() -> None:
    tolerant = workload(tolerations=(Toleration(key="nvidia.com/gpu", operator="Exists"),))
    other = workload(name="other")
    with_taint = make_plan(request(pools=(pool(workloads=(tolerant,)),)))
    without = make_plan(request(pools=(pool(workloads=(tolerant, other)),)))
    assert [t.key for t in groups(with_taint)["on-demand"].taints] == ["nvidia.com/gpu"]
    assert groups(without)["on-demand"].taints == ()


def test_the_selector_becomes_the_nodes_label() -> None:
    asking = workload(node_selector=(("gpu-type", "nvidia-a100"),))
    plan = make_plan(request(pools=(pool(workloads=(asking,)),)))
    assert only_pool(plan).labels == {"gpu-type": "nvidia-a100"}


def test_a_shared_pool_is_owned_by_what_all_agree_on() -> None:
    one = workload(owner=Owner(team="vision", project="a"))
    two = workload(name="two", owner=Owner(team="vision", project="b"))
    owner = only_pool(make_plan(request(pools=(pool(workloads=(one, two)),)))).owner
    assert (owner.team, owner.project) == ("vision", "")


def test_another_offer_is_another_generation() -> None:
    other = catalogue(offer(instance_type="p4de.24xlarge", accelerator="a100-80gb"))
    before, after = make_plan(request()), make_plan(request(catalogue=other))
    assert groups(before)["on-demand"].generation != groups(after)["on-demand"].generation


def test_old_telemetry_makes_no_plan() -> None:
    late = START + timedelta(days=8)
    with pytest.raises(InputError, match=r"8 d before .* too old to plan 7 d from"):
        make_plan(request(as_of=late))


def test_a_gap_between_the_series_and_the_plan_is_bridged_by_the_forecast() -> None:
    plan = make_plan(request(as_of=START + timedelta(hours=5, minutes=30)))
    assert plan.spec.start == START + timedelta(hours=6)
    assert plan.spec.valid_until - plan.spec.start == timedelta(days=7)
    assert plan.spec.evidence.forecasts[0].horizon_hours == 168


@pytest.mark.parametrize("step", [timedelta(minutes=10), timedelta(hours=6), timedelta(days=1)])
def test_any_regular_step_can_be_planned(step: timedelta) -> None:
    count = int(timedelta(days=24) / step)
    demand = replace(series(np.full(count, 80.0)), step=step, start=START - count * step)
    plan = make_plan(request(pools=(pool(demand=demand),)))
    assert groups(plan)["on-demand"].windows[0].desired == 10


def test_zero_demand_is_a_plan_of_nothing() -> None:
    plan = make_plan(request(pools=(pool(demand=constant(level=0.0)),)))
    assert [(w.min, w.desired, w.max) for w in groups(plan)["on-demand"].windows] == [(0, 0, 0)]
    assert only_pool(plan).expected.usd_per_hour.mean == 0.0


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    days=st.integers(2, 23),
    level=st.floats(0.1, 3000),
    interruptible=st.booleans(),
    unit=st.sampled_from([Unit.GPUS, Unit.NODES, Unit.REPLICAS]),
)
def test_every_plan_is_a_valid_document_that_covers_its_span(
    seed: int, days: int, level: float, interruptible: bool, unit: Unit
) -> None:
    values = np.random.default_rng(seed).gamma(2, level / 2, days * 24)
    work = (workload(interruptible=interruptible),)
    ask = request(pools=(pool(demand=series(values), workloads=work, unit=unit),))
    plan = make_plan(ask)
    assert parse_plan(to_data(plan), "a plan") == plan
    for group in only_pool(plan).groups:
        assert group.windows[0].start == plan.spec.start
        assert group.windows[-1].end == plan.spec.valid_until
    assert ("spot" in groups(plan)) is interruptible
    expected = only_pool(plan).expected
    assert expected.shortage_share <= 0.05
    assert expected.usd_per_hour.low <= expected.usd_per_hour.high


def test_names_that_run_together_stay_apart() -> None:
    one, two = pool(name="a-spot"), pool(name="a", workloads=(workload(interruptible=True),))
    plan = make_plan(request(pools=(one, two)))
    keys = [group_key(each, group) for each in plan.spec.pools for group in each.groups]
    assert len(set(keys)) == len(keys)
    generations = {group.generation for each in plan.spec.pools for group in each.groups}
    assert len(generations) == len(keys)


def test_all_on_demand_is_what_would_be_bought_without_a_commitment() -> None:
    """A type that is only cheap when committed flatters no comparison."""
    listed = offer(instance_type="p4de.24xlarge", on_demand_usd_per_hour=25.0)
    listed = replace(listed, reserved_1y_usd_per_hour=None, reserved_3y_usd_per_hour=None)
    plan = make_plan(
        request(pools=(pool(demand=constant()),), catalogue=catalogue(offer(), listed))
    )
    assert plan.spec.commitments[0].instance_type == "p4d.24xlarge"
    (first, *_) = only_pool(plan).expected.baselines
    assert (first.name, first.usd_per_hour.mean) == ("all on-demand", 250.0)
