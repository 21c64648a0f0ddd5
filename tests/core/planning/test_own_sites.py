"""Work that must stay where machines of one's own stand: no cloud group, ever, and shortage said."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from support.requests import constant, pool, request, workload
from trimtab.errors import InfeasibleError, InputError
from trimtab.inventory.model import HeldNodes, Inventory, OwnedNodes, Site
from trimtab.limits.model import Budget, Limits
from trimtab.plan.document import parse_plan, to_data, to_yaml
from trimtab.plan.model import CapacityPlan
from trimtab.planning.planner import make_plan
from trimtab.planning.request import PoolRequest
from trimtab.workloads.model import Owner

SHOP = OwnedNodes(
    "till", "shop", "store-hamburg", "l4-box", 3, 8.0, usd_per_hour=0.5, gco2e_per_hour=60.0
)
SHOPS = Inventory(owned=(SHOP,))


def shop(
    regions: Sequence[str] = ("store-hamburg",), gpus: float = 20.0, **more: Any
) -> PoolRequest:
    needs = {"accelerators": (), "shortage_tolerance": 0.01, **more}
    kept = workload(name="shop", regions=tuple(regions), **needs)
    return pool(name="shop", workloads=(kept,), demand=constant(level=gpus))


def planned(*pools: PoolRequest, inventory: Inventory = SHOPS, **more: Any) -> CapacityPlan:
    return make_plan(request(pools=pools, inventory=inventory, **more))


def test_what_must_stay_has_the_machines_that_stand_there_and_nothing_else() -> None:
    plan = planned(pool(demand=constant()), shop())
    cloud, own = plan.spec.pools
    assert [group.purchase.option for group in cloud.groups] == ["reserved", "on-demand"]
    (group,) = own.groups
    assert (group.name, group.purchase.option) == ("owned-till", "owned")
    assert [(w.min, w.desired, w.max) for w in group.windows] == [(3, 3, 3)]
    assert (plan.spec.site.provider, plan.spec.site.region) == ("aws", "us-east-1")
    assert all(line.pool != "shop" for line in plan.spec.commitments)
    assert parse_plan(to_data(plan), "a plan") == plan


def test_its_cost_is_the_machines_run_or_not_and_it_has_no_baseline() -> None:
    own = planned(shop(gpus=4.0), pool(demand=constant())).spec.pools[0].expected
    assert own.usd_per_hour.mean == own.usd_per_hour_unapproved.high == 1.5
    assert own.kgco2e_per_hour is not None
    assert own.kgco2e_per_hour.mean == 0.06  # one of three runs
    assert (own.baselines, own.shortage_share) == ((), 0.0)


def test_what_the_machines_cannot_serve_is_shortage_and_nothing_is_bought_for_it() -> None:
    own = planned(shop(gpus=48.0), pool(demand=constant())).spec.pools[0]
    assert [group.purchase.option for group in own.groups] == ["owned"]
    assert own.expected.shortage_share == 0.5
    assert own.groups[0].windows[0].max == 3


def test_other_pools_are_planned_as_if_it_were_not_there() -> None:
    with_it = planned(pool(demand=constant()), shop())
    without = planned(pool(demand=constant()), inventory=Inventory())
    assert with_it.spec.pools[0] == without.spec.pools[0]
    assert with_it.spec.commitments == without.spec.commitments


def test_the_order_of_the_pools_is_the_requests() -> None:
    one = planned(shop(), pool(demand=constant()))
    assert [each.name for each in one.spec.pools] == ["shop", "trainer"]
    assert [each.pool for each in one.spec.evidence.decisions] == ["shop", "trainer"]


def test_equal_requests_give_equal_bytes() -> None:
    assert to_yaml(planned(pool(demand=constant()), shop())) == to_yaml(
        planned(pool(demand=constant()), shop())
    )


def test_a_plan_of_owned_machines_alone_is_where_the_inventory_says() -> None:
    there = Inventory(owned=(SHOP,), site=Site("owned", "store-hamburg"))
    plan = planned(shop(), inventory=there)
    assert (plan.spec.site.provider, plan.spec.site.region) == ("owned", "store-hamburg")
    assert plan.spec.evidence.sites == ()
    with pytest.raises(InputError) as caught:
        planned(shop())
    assert str(caught.value) == (
        "--inventory, spec.site: owned machines alone serve every pool, and nothing says where the "
        "cluster is; state it: {provider: owned, region: <the site>}"
    )


def test_no_machine_serves_work_that_may_not_be_where_it_stands() -> None:
    elsewhere = replace(SHOP, id="depot", site="depot-kiel")
    plan = planned(pool(demand=constant()), shop(), inventory=Inventory(owned=(SHOP, elsewhere)))
    (idle,) = [row for row in plan.spec.evidence.held or () if row.decision == "idle"]
    assert (idle.id, idle.reason) == (
        "depot",
        "it stands at depot-kiel, and shop may be in store-hamburg only",
    )
    assert [group.name for group in plan.spec.pools[1].groups] == ["owned-till"]


def test_a_pool_without_any_machine_there_is_refused() -> None:
    other = replace(SHOP, pool="trainer")
    with pytest.raises(InfeasibleError) as caught:
        planned(pool(demand=constant()), shop(), inventory=Inventory(owned=(other,)))
    assert str(caught.value) == (
        "--inventory, spec.owned: pool shop may run at store-hamburg only, and no owned machine "
        "there serves it; give the pool a machine there, or allow its workloads another region"
    )


def test_machines_on_premises_serve_a_pool_of_the_cloud_that_allows_their_site() -> None:
    hall = replace(SHOP, id="hall", pool="trainer", site="hall-berlin")
    both = pool(workloads=(workload(regions=("us-east-1", "hall-berlin")),), demand=constant())
    plan = planned(both, inventory=Inventory(owned=(hall,)))
    assert plan.spec.pools[0].groups[0].name == "owned-hall"
    cloud_only = pool(workloads=(workload(regions=("us-east-1",)),), demand=constant())
    plan = planned(cloud_only, inventory=Inventory(owned=(hall,)))
    assert [g.name for g in plan.spec.pools[0].groups] == ["reserved", "on-demand"]
    (row,) = plan.spec.evidence.held or ()
    assert row.reason == "it stands at hall-berlin, and trainer may be in us-east-1 only"


def test_a_machine_of_another_accelerator_serves_nobody() -> None:
    t4 = replace(SHOP, pool="trainer", accelerator="t4", accelerator_count=1.0)
    plan = planned(pool(demand=constant()), inventory=Inventory(owned=(t4,)))
    (row,) = plan.spec.evidence.held or ()
    assert (row.decision, row.reason) == (
        "idle", "it carries t4, and trainer needs a100-40gb, a100-80gb",
    )  # fmt: skip


def test_the_accelerator_stands_in_the_group() -> None:
    l4 = replace(SHOP, accelerator="a100-40gb", accelerator_count=2.0)
    (group,) = (
        planned(pool(demand=constant()), shop(), inventory=Inventory(owned=(l4,)))
        .spec.pools[1]
        .groups
    )
    assert group.accelerator is not None
    assert (group.accelerator.model, group.accelerator.per_node) == ("a100-40gb", 2.0)


def test_its_cost_counts_in_a_budget_that_is_shared() -> None:
    owner = Owner(team="retail")
    limits = Limits(source="limits.yaml", budgets=(Budget(owner, 100.0),))
    with pytest.raises(InfeasibleError, match=r"\$1,095 a month"):
        planned(shop(owner=owner), pool(demand=constant()), limits=limits)


def test_a_held_reservation_never_reaches_it() -> None:
    held = HeldNodes(
        "ri", "reserved", "aws", "us-east-1", "p4d.24xlarge", 4, 18.0, "1y",
        request().as_of.replace(year=2025), request().as_of.replace(year=2028), pool="shop",
    )  # fmt: skip
    plan = planned(
        pool(demand=constant()), shop(), inventory=Inventory(owned=(SHOP,), nodes=(held,))
    )
    assert [g.purchase.option for g in plan.spec.pools[1].groups] == ["owned"]
    assert [row.reason for row in plan.spec.evidence.held or () if row.id == "ri"] == [
        "no pool shop is planned"
    ]
