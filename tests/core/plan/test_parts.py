"""A plan of several clusters, taken apart by where its groups are."""

import pytest

from support.recorded import REPO
from trimtab.errors import InputError
from trimtab.plan.document import load_plan, parse_plan, to_data
from trimtab.plan.model import CapacityPlan
from trimtab.plan.parts import part_of, sites_of

SITES = ("hall-berlin", "store-hamburg", "store-munich", "plant-leipzig")


@pytest.fixture(scope="module")
def hybrid() -> CapacityPlan:
    return load_plan(REPO / "stacks" / "plans" / "hybrid.yaml")


def keys(plan: CapacityPlan) -> list[tuple[str, str]]:
    return [(pool.name, group.name) for pool in plan.spec.pools for group in pool.groups]


def test_the_sites_are_those_of_the_owned_machines(hybrid: CapacityPlan) -> None:
    assert sites_of(hybrid) == SITES


def test_every_group_is_in_exactly_one_part(hybrid: CapacityPlan) -> None:
    parts = [part_of(hybrid, site) for site in (None, *SITES)]
    assert sorted(key for part in parts for key in keys(part)) == sorted(keys(hybrid))


def test_a_site_has_its_own_groups_and_what_speaks_of_them(hybrid: CapacityPlan) -> None:
    part = part_of(hybrid, "hall-berlin")
    assert keys(part) == [
        ("pretraining", "owned-dgx"),
        ("simulation", "owned-racks"),
        ("records", "owned-vaults"),
    ]
    assert (part.spec.site.provider, part.spec.site.region) == ("owned", "hall-berlin")
    assert part.spec.commitments == ()
    assert [row.id for row in part.spec.evidence.held or ()] == ["dgx", "racks", "vaults"]
    assert [row.pool for row in part.spec.evidence.decisions] == [
        "pretraining", "simulation", "records",
    ]  # fmt: skip
    assert parse_plan(to_data(part), "a part") == part
    assert part.digest == hybrid.digest


def test_the_clouds_part_has_what_is_bought(hybrid: CapacityPlan) -> None:
    part = part_of(hybrid, None)
    assert {pool.name for pool in part.spec.pools} == {
        "trainer", "assistant", "evaluation", "ingest", "services", "pretraining", "simulation",
    }  # fmt: skip
    assert part.spec.site == hybrid.spec.site
    assert part.spec.commitments == hybrid.spec.commitments
    assert all(g.purchase.option != "owned" for p in part.spec.pools for g in p.groups)


def test_a_pool_in_two_clusters_costs_what_its_groups_do_in_each(hybrid: CapacityPlan) -> None:
    whole, cloud, hall = (
        next(pool for pool in plan.spec.pools if pool.name == "pretraining")
        for plan in (hybrid, part_of(hybrid, None), part_of(hybrid, "hall-berlin"))
    )
    (owned,) = hall.groups
    assert hall.expected.usd_per_hour.mean == hall.expected.usd_per_hour.low
    assert hall.expected.usd_per_hour.mean == owned.expected.usd_per_hour
    assert cloud.expected.usd_per_hour.mean + hall.expected.usd_per_hour.mean == pytest.approx(
        whole.expected.usd_per_hour.mean, rel=1e-5
    )
    parts = [part.expected.kgco2e_per_hour for part in (cloud, hall)]
    assert whole.expected.kgco2e_per_hour is not None
    assert sum(part.mean for part in parts if part) == pytest.approx(
        whole.expected.kgco2e_per_hour.mean, rel=1e-5
    )
    assert [b.name for b in cloud.expected.baselines] == [b.name for b in whole.expected.baselines]
    assert hall.expected.baselines == ()


def test_a_site_that_the_plan_does_not_know(hybrid: CapacityPlan) -> None:
    with pytest.raises(InputError) as caught:
        part_of(hybrid, "store-kiel", 'Queueing "q"')
    assert str(caught.value) == (
        'Queueing "q": the plan has no group at store-kiel; use one of hall-berlin, '
        "plant-leipzig, store-hamburg, store-munich"
    )
