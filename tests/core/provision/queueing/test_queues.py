"""Quotas of queues and cohorts: whatever is asked for, they add up to what the plan holds."""

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.plans import START, group, plan, pool, windows
from trimtab.errors import InputError, StalePlanError
from trimtab.plan.model import CapacityPlan
from trimtab.plan.sizing import Sizes
from trimtab.provision.pool_settings import SettingsByGroup
from trimtab.provision.queueing.capacity import PoolCapacity, pool_capacities, shapes_of, summed
from trimtab.provision.queueing.queues import Shared, share
from trimtab.provision.queueing.settings import QueueSettings

WHERE = 'Queueing "q"'
OPTIONS: list[dict[str, Any]] = [
    {"option": "owned", "site": "cellar"},
    {"option": "reserved", "term": "1y"},
    {"option": "spot", "pools": 2},
    {"option": "on-demand"},
]
SPOT_TAINT = ("trimtab.dev/purchase-option", "spot")


def capacities(
    of: CapacityPlan, running: dict[str, Sizes] | None = None, **more: Any
) -> tuple[PoolCapacity, ...]:
    return pool_capacities(
        of,
        more.get("as_of", START),
        running or {},
        SettingsByGroup(of, more.get("pools"), WHERE),
        shapes_of(of, more.get("machines", {})),
        more.get("pods"),
        WHERE,
    )


def shared(found: tuple[PoolCapacity, ...], **stated: dict[str, Any]) -> Shared:
    queues = {name: QueueSettings.model_validate(each) for name, each in stated.items()}
    return share(found, queues, "all", {}, WHERE)


def totals(of: Shared) -> dict[tuple[str, str], Fraction]:
    found: dict[tuple[str, str], Fraction] = {}
    own, common = [each.quotas for each in of.queues], [each.quotas for each in of.cohorts]
    for quotas in (*own, *common):
        for flavor, resources in quotas.items():
            for key, each in resources.items():
                found[flavor, key] = found.get((flavor, key), Fraction(0)) + each.nominal
    return found


@st.composite
def plans(draw: st.DrawFn) -> CapacityPlan:
    pools = []
    for name in draw(st.sampled_from([["a"], ["a", "b"], ["a", "b", "c"]])):
        high = draw(st.integers(0, 400))
        groups = [
            group(
                each["option"],
                each,
                windows=windows((0, 0, draw(st.integers(0, high)))),
                accelerator={
                    "model": "a100-40gb",
                    "resource": draw(st.sampled_from(["nvidia.com/gpu", "nvidia.com/mig-1g.5gb"])),
                    "perNode": draw(st.sampled_from([0.5, 1.0, 8.0, 56.0])),
                },
            )
            for each in draw(
                st.lists(st.sampled_from(OPTIONS), min_size=1, unique_by=lambda o: o["option"])
            )
        ]
        shares = st.floats(0.01, 1, allow_nan=False)
        pools.append(pool(name=name, groups=groups, interruptibleShare=draw(shares)))
    return plan(pools=pools)


@st.composite
def queues(draw: st.DrawFn, pools: list[str]) -> dict[str, dict[str, Any]]:
    made = {}
    for name in pools:
        parts = draw(st.lists(st.integers(1, 40), max_size=4))
        whole = max(100, sum(parts))
        for i, part in enumerate(parts):
            made[f"{name}-{i}"] = {
                "pool": name,
                "share": part / whole,
                "also": [p for p in pools if p != name and draw(st.booleans())],
                "borrowing": draw(st.none() | st.floats(0, 1)),
                "lending": draw(st.none() | st.floats(0, 1)),
                "team": draw(st.sampled_from(["", "x", "y"])),
            }
    return made


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_quotas_add_up_to_the_plans_max_times_what_a_node_holds(data: st.DataObject) -> None:
    of = data.draw(plans())
    stated = data.draw(queues([each.name for each in of.spec.pools]))
    found = shared(capacities(of), **stated)
    sums = totals(found)
    for each in of.spec.pools:
        for member in each.groups:
            assert member.accelerator is not None
            holds = int(Fraction(str(member.accelerator.per_node)) * member.windows[0].max)
            assert sums[f"{each.name}-{member.name}", member.accelerator.resource] == holds
    for queue in found.queues:
        for resources in queue.quotas.values():
            for quota in resources.values():
                assert quota.nominal >= 0
                assert quota.lending is None or quota.lending <= quota.nominal


@settings(max_examples=40, deadline=None)
@given(plans())
def test_spot_takes_no_work_by_itself_unless_all_of_it_may_be_interrupted(of: CapacityPlan) -> None:
    pools = capacities(of)
    for found in (*pools, *summed({"one": pools})):
        for flavor in found.flavors:
            tolerated = {toleration["key"] for toleration in flavor.tolerations}
            spots = SPOT_TAINT in {(taint.key, taint.value) for taint in flavor.taints}
            if flavor.option == "spot" and found.uninterruptible:
                assert spots
                assert SPOT_TAINT[0] not in tolerated
            else:
                assert not spots
        assert found.uninterruptible == (of_pool(of, found.name).interruptible_share < 1)


def of_pool(of: CapacityPlan, name: str) -> Any:
    return next(each for each in of.spec.pools if each.name == name)


@settings(max_examples=40, deadline=None)
@given(st.lists(plans(), min_size=1, max_size=3))
def test_a_managers_quotas_are_the_sum_of_its_workers(found: list[CapacityPlan]) -> None:
    by_worker = {str(i): capacities(each) for i, each in enumerate(found)}
    wanted: dict[tuple[str, str], Fraction] = {}
    for pools in by_worker.values():
        for each in pools:
            for flavor in each.flavors:
                for key, holds in flavor.holds.items():
                    place = f"{each.name}-{flavor.option}", key
                    wanted[place] = wanted.get(place, Fraction(0)) + holds
    made = totals(shared(summed(by_worker)))
    assert {key: value for key, value in made.items() if value} == {
        key: value for key, value in wanted.items() if value
    }


def test_machines_of_known_size_give_cpu_and_memory() -> None:
    (found,) = capacities(plan())
    assert found.covers == ("cpu", "memory", "nvidia.com/gpu")
    reserved = found.flavors[0].holds
    assert reserved["nvidia.com/gpu"] == 40
    # A p4d.24xlarge has 96 vCPUs and 1,152 GiB, of which Kubernetes leaves less.
    assert 5 * 94 < reserved["cpu"] < 5 * 96
    assert 5 * 1000 * 2**30 < reserved["memory"] < 5 * 1152 * 2**30
    assert found.uncovered == ()


def test_what_is_not_known_is_not_covered_and_said() -> None:
    offers = [{"instanceType": "p4d.24xlarge"}, {"instanceType": "rack-server"}]
    of = plan(pools=[pool(groups=[group("g", {"option": "on-demand"}, offers=offers)])])
    (found,) = capacities(of)
    assert found.covers == ("nvidia.com/gpu",)
    assert found.uncovered == (
        "pool trainer: no quota of cpu, for the size of rack-server is not known",
        "pool trainer: no quota of memory, for the size of rack-server is not known",
    )
    (said,) = capacities(of, machines={"rack-server": (8.0, 32.0)})
    assert said.uncovered == ()
    # The smallest of a group's types counts.
    assert said.flavors[0].holds["cpu"] < 4 * 8


def test_what_runs_is_not_left_without_quota() -> None:
    running = {"trainer-on-demand-0a1b2c": Sizes(1, 9, 12)}
    (found,) = capacities(plan(), running)
    held = {each.name: each.holds["nvidia.com/gpu"] for each in found.flavors}
    assert held == {"trainer-reserved": 40, "trainer-spot": 32, "trainer-on-demand": 72}


def test_an_expired_plan_gives_no_quotas() -> None:
    of = plan()
    with pytest.raises(StalePlanError, match="is past the end of plan"):
        capacities(of, as_of=of.spec.valid_until)


def test_pods_are_counted_where_asked() -> None:
    (found,) = capacities(plan(), pods=100)
    assert found.flavors[0].holds["pods"] == 500


def test_accelerator_taints_are_tolerated_and_a_teams_is_not() -> None:
    (found,) = capacities(
        plan(), pools={"trainer": {"accelerator_taint": True, "team_taint": True}}
    )
    reserved = found.flavors[0]
    assert [each.key for each in reserved.taints] == ["nvidia.com/gpu", "trimtab.dev/team"]
    assert [each["key"] for each in reserved.tolerations] == ["nvidia.com/gpu"]


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_no_path_leads_work_that_must_not_be_interrupted_to_spot(data: st.DataObject) -> None:
    of = data.draw(plans())
    stated = data.draw(queues([each.name for each in of.spec.pools]))
    pools = capacities(of)
    for found in (pools, summed({"one": pools})):
        flavors = {each.name: each for pool in found for each in pool.flavors}
        by_name = {pool.name: pool for pool in found}
        for queue in shared(found, **stated).queues:
            if not by_name[queue.pool].uninterruptible:
                continue
            for name in queue.quotas:
                marks = {(taint.key, taint.value) for taint in flavors[name].taints}
                assert flavors[name].option != "spot" or SPOT_TAINT in marks


def test_spot_that_takes_whatever_comes_is_not_lent_to_work_that_must_not_be_interrupted() -> None:
    on_demand, spot = group("on-demand", {"option": "on-demand"}), group("spot", OPTIONS[2])
    of = plan(
        pools=[
            pool(name="serving", groups=[on_demand], interruptibleShare=0.0),
            pool(name="batch", groups=[spot, on_demand], interruptibleShare=1.0),
        ]
    )
    found = shared(
        capacities(of),
        serving={"pool": "serving", "also": ["batch"]},
        batch={"pool": "batch", "also": ["serving"]},
    )
    assert {each.name: list(each.quotas) for each in found.queues} == {
        "serving": ["serving-on-demand", "batch-on-demand"],
        "batch": ["batch-spot", "batch-on-demand", "serving-on-demand"],
    }


def test_a_shared_gpu_counts_once_for_each_container_as_its_node_says() -> None:
    shares = {"sharing": "time-slicing", "sharing_replicas": 4}
    (found,) = capacities(plan(), pools={"trainer/on-demand": shares})
    held = {each.option: each.holds["nvidia.com/gpu"] for each in found.flavors}
    assert held == {"reserved": 40, "spot": 32, "on-demand": 4 * 32}
    assert found.uncovered == ()


def test_slices_that_the_plan_does_not_count_have_no_quota() -> None:
    cut = {"trainer/spot": {"mig_profile": "all-1g.5gb"}}
    (found,) = capacities(plan(), pools=cut)
    assert found.covers == ("cpu", "memory")
    (said,) = found.uncovered
    assert said == (
        "pool trainer: no quota of nvidia.com/gpu, for the plan does not count the slices of MIG "
        "layout all-1g.5gb"
    )
    (summed_up,) = summed({"cut": [found], "whole": capacities(plan())})
    assert summed_up.covers == ("cpu", "memory")
    assert summed_up.uncovered == found.uncovered
    slices = {"model": "a100-40gb", "resource": "nvidia.com/mig-1g.5gb", "perNode": 56.0}
    groups = [group("spot", OPTIONS[2], accelerator=slices)]
    (counted,) = capacities(plan(pools=[pool(groups=groups)]), pools=cut)
    assert counted.flavors[0].holds["nvidia.com/mig-1g.5gb"] == 4 * 56
    assert counted.uncovered == ()


def test_a_queue_has_no_quota_of_devices_that_one_of_its_pools_does_not_count() -> None:
    groups = [group("on-demand", {"option": "on-demand"})]
    of = plan(pools=[pool(name="a", groups=groups), pool(name="b", groups=groups)])
    found = shared(
        capacities(of, pools={"a": {"mig_profile": "all-1g.5gb"}}), a={"pool": "a", "also": ["b"]}
    )
    covers = {each.name: sorted(each.quotas["b-on-demand"]) for each in found.queues}
    assert covers == {"a": ["cpu", "memory"], "b": ["cpu", "memory", "nvidia.com/gpu"]}


def test_names_that_run_together_to_one_flavors_are_refused() -> None:
    groups = [group("c", {"option": "on-demand"})], [group("b-c", {"option": "on-demand"})]
    of = plan(pools=[pool(name="a-b", groups=groups[0]), pool(name="a", groups=groups[1])])
    with pytest.raises(InputError) as caught:
        capacities(of)
    assert str(caught.value) == (
        'Queueing "q": groups a-b/c and a/b-c would both be flavor a-b-c; rename one of the pools and '
        "plan again"
    )


def test_more_taints_than_kueue_takes_are_refused() -> None:
    taints = [{"key": f"a.b/{i}", "effect": "NoSchedule"} for i in range(9)]
    of = plan(pools=[pool(groups=[group("g", {"option": "on-demand"}, taints=taints)])])
    with pytest.raises(InputError) as caught:
        capacities(of)
    assert str(caught.value) == (
        'Queueing "q": group trainer/g: has 9 taints, and Kueue\'s flavors bear no more than 8; '
        "give the group fewer taints"
    )


def test_queues_stand_in_their_teams_cohorts() -> None:
    found = shared(
        capacities(plan()),
        own={"pool": "trainer", "share": 0.5},
        theirs={"pool": "trainer", "share": 0.2, "team": "Speech_2"},
        nobodys={"pool": "trainer", "share": 0.1, "team": ""},
    )
    assert [(each.name, each.parent) for each in found.cohorts] == [
        ("all", None),
        ("all-speech-2", "all"),
        ("all-vision", "all"),
    ]
    assert {each.name: each.cohort for each in found.queues} == {
        "own": "all-vision",
        "theirs": "all-speech-2",
        "nobodys": "all",
    }


@pytest.mark.parametrize(
    ("stated", "weights", "says"),
    [
        ({"x": {"pool": "y"}}, {},
         "queues.x: y is no pool of the plan; use one of trainer"),
        ({"x": {"pool": "trainer", "also": ["y"]}}, {},
         "queues.x: y is no pool of the plan; use one of trainer"),
        ({"x": {"pool": "trainer", "also": ["trainer"]}}, {},
         "queues.x: also names a pool twice; name each pool once, and trainer only as pool"),
        ({"x": {"pool": "trainer", "share": 0.6}, "y": {"pool": "trainer", "share": 0.5}}, {},
         ("queues: the shares of pool trainer add up to 1.1; give shares that add up to 1 or less; "
          "what is left is everybody's")),
        ({}, {"speech": 2.0}, "weights: speech is no team of a queue; use one of vision"),
        ({"x": {"pool": "trainer", "share": 0.1, "team": "a_b"},
          "y": {"pool": "trainer", "share": 0.1, "team": "a.b"}}, {},
         ("teams a.b, a_b would both be cohort all-a-b; give the queues teams whose names differ in "
          "letters or digits")),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(
    stated: dict[str, Any], weights: dict[str, float], says: str
) -> None:
    queues = {name: QueueSettings.model_validate(each) for name, each in stated.items()}
    with pytest.raises(InputError) as caught:
        share(capacities(plan()), queues, "all", weights, WHERE)
    assert str(caught.value) == f"{WHERE}: {says}"


def test_a_pool_without_a_queue_needs_its_name() -> None:
    of = plan(pools=[pool(name="a"), pool(name="b")])
    with pytest.raises(InputError, match="a is a queue of another pool, and pool a has none"):
        shared(capacities(of), a={"pool": "b"})


def test_a_queue_that_would_cover_nothing_is_refused() -> None:
    bare = group("g", {"option": "on-demand"}, accelerator=None, offers=[{"instanceType": "rack"}])
    of = plan(pools=[pool(groups=[bare], unit="nodes")])
    with pytest.raises(InputError, match="queue trainer would have no quota at all"):
        shared(capacities(of))


def test_more_flavors_than_kueue_takes_are_refused() -> None:
    pools = [
        pool(name=f"p{i}", groups=[group(f"g{j}", {"option": "on-demand"}) for j in range(6)])
        for i in range(12)
    ]
    also = [f"p{i}" for i in range(1, 12)]
    with pytest.raises(InputError, match="queue q would have 72 flavors, and Kueue allows 64"):
        shared(capacities(plan(pools=pools)), q={"pool": "p0", "also": also})
