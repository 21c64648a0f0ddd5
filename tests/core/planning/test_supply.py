"""Which offers a pool gets: hard constraints first, then cost; spot only for work that tolerates it."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from support.requests import catalogue, offer, pool, request, workload
from trimtab.catalogue.offers import InterruptionBand, Offer
from trimtab.errors import InfeasibleError, InputError, TrimtabError
from trimtab.planning.planner import make_plan
from trimtab.planning.request import PlanRequest, assumed_workload, unit_of
from trimtab.planning.supply import (
    Market,
    Supply,
    best_supply,
    by_site,
    feasible,
    interruptible_share,
    spot_family,
)
from trimtab.workloads.model import Replica, Unit

RECENT = np.full(24 * 30, 100.0)


def best(ask: PlanRequest) -> Supply:
    """The supply of the request's one pool at its one site."""
    (one,) = ask.pools
    ((site, offers),) = by_site(feasible(one, Market(ask))).items()
    supply = best_supply(site, offers, RECENT, ask, one.workloads)
    assert supply is not None
    return supply


def instance(name: str, count: float = 8, **changes: Any) -> Offer:
    """A node of `count` A100s at $3.75 each."""
    prices = {
        "on_demand_usd_per_hour": 3.75 * count,
        "spot_usd_per_hour": 1.25 * count,
        "reserved_1y_usd_per_hour": 2.25 * count,
    }
    return offer(instance_type=name, accelerator_count=count, **{**prices, **changes})


def test_work_that_must_not_be_interrupted_gets_no_spot_at_any_price() -> None:
    supply = best(request(catalogue=catalogue(instance("a", spot_usd_per_hour=0.01))))
    assert supply.spot is None
    assert supply.prices.spot_share == 0.0


def test_only_the_interruptible_share_may_be_spot() -> None:
    work = (workload(replicas=75), workload(name="eval", replicas=25, interruptible=True))
    supply = best(request(pools=(pool(workloads=work),), catalogue=catalogue(instance("a"))))
    assert interruptible_share(work) == 0.25
    assert supply.prices.spot_share == pytest.approx(0.25 * 0.5)


def test_spot_is_spread_over_two_types_when_it_can_be() -> None:
    work = (workload(interruptible=True),)
    table = catalogue(instance("a"), instance("b", spot_usd_per_hour=11.0), instance("c", count=4))
    supply = best(request(pools=(pool(workloads=work),), catalogue=table))
    assert supply.spot is not None
    assert [o.instance_type for o in supply.spot.offers] == ["a", "b"]
    assert supply.spot.pools == 2
    assert supply.spot.usd_per_node_hour == pytest.approx(10.5)


def test_zones_are_spot_pools_too() -> None:
    family = spot_family([(instance("a"), 8.0)], zones=3, restart_hours=0.25)
    assert family is not None
    assert family.pools == 3


@pytest.mark.parametrize(
    ("spot", "restart_hours", "pays"), [(10.0, 0.25, True), (30.0, 0.25, False), (29.0, 500, False)]
)
def test_spot_is_used_only_when_it_pays_with_its_interruptions(
    spot: float, restart_hours: float, pays: bool
) -> None:
    one = instance("a", spot_usd_per_hour=spot, interruption_band=InterruptionBand(5, 10))
    assert (spot_family([(one, 8.0)], 1, restart_hours) is not None) is pays


@pytest.mark.parametrize(
    ("counts", "chosen"),
    [
        ((1, 8), "8x"),  # the same price per GPU: thirteen nodes rather than a hundred
        ((8, 64), "8x"),  # two nodes of 64 are too few to spread over zones
        ((64, 128), "64x"),  # all are too few: the smaller ones
    ],
)
def test_at_equal_cost_nodes_are_few_but_enough(counts: tuple[int, int], chosen: str) -> None:
    free = {"reserved_1y_usd_per_hour": None, "reserved_3y_usd_per_hour": None}
    # Demand of 104 GPUs costs the same in nodes of 1 and of 8.
    offers = [instance(f"{n}x", n, vcpu=10_000, memory_gib=10_000, **free) for n in counts]
    ask = request(catalogue=catalogue(*offers))
    ((site, found),) = by_site(feasible(ask.pools[0], Market(ask))).items()
    recent = np.full(24 * 30, 128.0 if counts == (64, 128) else 104.0)
    if counts == (8, 64):
        recent = np.full(24 * 30, 128.0)
    supply = best_supply(site, found, recent, ask, ask.pools[0].workloads)
    assert supply is not None
    assert supply.base.instance_type == chosen


@pytest.mark.parametrize(
    ("terms", "price", "term"),
    [(("1y",), 18.0, "1y"), (("1y", "3y"), 12.0, "3y"), ((), None, None)],
)
def test_only_allowed_terms_are_weighed(
    terms: tuple[Any, ...], price: float | None, term: str | None
) -> None:
    supply = best(request(terms=terms, catalogue=catalogue(offer())))
    assert (supply.prices.committed, supply.term) == (price, term)


def test_a_commitment_dearer_than_list_price_is_none() -> None:
    assert (
        best(request(catalogue=catalogue(offer(reserved_1y_usd_per_hour=31.0)))).prices.committed
        is None
    )


def test_memory_can_run_out_before_the_accelerators_do() -> None:
    hungry = workload(replica=Replica(4, 400, "nvidia.com/gpu", 1))
    supply = best(request(pools=(pool(workloads=(hungry,)),), catalogue=catalogue(offer())))
    assert supply.units_per_node == 2.0


@pytest.mark.parametrize(
    ("ask", "kind", "says"),
    [
        (
            request(regions=("mars",)),
            InfeasibleError,
            "no offer is at mars; allowed are aws us-east-1",
        ),
        (
            request(catalogue=catalogue(offer(on_demand_usd_per_hour=None))),
            InfeasibleError,
            "none of the 1 offers that suit pool trainer has an on-demand price",
        ),
        (
            request(pools=(pool(workloads=(workload(regions=("eu-west-1",)),)),)),
            InfeasibleError,
            "us-east-1",
        ),
        (
            request(pools=(pool(unit=Unit.REQUESTS_PER_SECOND),)),
            InputError,
            "--units-per-accelerator",
        ),
    ],
)
def test_what_can_not_be_served_is_explained(
    ask: PlanRequest, kind: type[TrimtabError], says: str
) -> None:
    with pytest.raises(kind, match=says):
        feasible(ask.pools[0], Market(ask))


def test_the_cheapest_region_is_taken_and_the_others_are_named() -> None:
    near, far = offer(), offer(region="eu-west-1", on_demand_usd_per_hour=25.0)
    plan = make_plan(request(catalogue=catalogue(near, far), terms=()))
    assert plan.spec.site.region == "eu-west-1"
    assert [s.region for s in plan.spec.evidence.sites] == ["eu-west-1", "us-east-1"]
    assert any("the cheapest of 2" in a for a in plan.spec.evidence.assumptions)


def test_residency_beats_price() -> None:
    table = catalogue(offer(), offer(region="eu-west-1", on_demand_usd_per_hour=1.0))
    bound = pool(workloads=(workload(regions=("us-east-1",)),))
    plan = make_plan(request(catalogue=table, pools=(bound,)))
    assert plan.spec.site.region == "us-east-1"


def test_pools_of_one_cluster_share_a_region() -> None:
    here = pool(name="here", workloads=(workload(name="a", regions=("us-east-1",)),))
    there = pool(name="there", workloads=(workload(name="b", regions=("eu-west-1",)),))
    table = catalogue(offer(), offer(region="eu-west-1"))
    with pytest.raises(InfeasibleError, match="no one region serves every pool"):
        make_plan(request(catalogue=table, pools=(here, there)))
    plan = make_plan(request(catalogue=table, pools=(here, replace(here, name="also"))))
    assert plan.spec.site.region == "us-east-1"


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("philly_nodes", Unit.NODES),
        ("dlrm_cpu_cores", Unit.VCPUS),
        ("dlrm_gpus", Unit.GPUS),
        ("synthetic-demand", Unit.GPUS),
        ("nodejs", Unit.GPUS),
    ],
)
def test_the_unit_is_read_off_the_name_and_said(name: str, unit: Unit) -> None:
    found, assumption = unit_of(replace(pool().demand, name=name), None)
    assert found is unit
    assert assumption is not None
    assert unit_of(pool().demand, Unit.VCPUS) == (Unit.VCPUS, None)


@pytest.mark.parametrize(
    ("unit", "options", "says"),
    [
        (Unit.REPLICAS, {}, "a replica has no size without a workload"),
        (Unit.REQUESTS_PER_SECOND, {}, "requests per second need a stated throughput"),
        (Unit.GPUS, {"accelerators": ("a1000",)}, "a100"),
    ],
)
def test_what_can_not_be_assumed_is_asked_for(
    unit: Unit, options: dict[str, Any], says: str
) -> None:
    with pytest.raises(InputError, match=says):
        assumed_workload(unit, **options)


def test_assumptions_are_sentences() -> None:
    assumed, sentences = assumed_workload(Unit.NODES)
    assert assumed.replica.accelerator_count == 8
    assert not assumed.interruptible
    assert any("not interruptible" in sentence for sentence in sentences)
    assert any("a100 assumed" in sentence for sentence in sentences)
