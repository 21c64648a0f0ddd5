"""What bears nodes is priced at the plan's rates, once, and linked to its line of the plan."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.plans import COMMITMENT, DIGEST, START, group, plan, plan_data, pool, windows
from support.priced import (
    AKS_POOL,
    GKE_POOL,
    NODE_GROUP,
    NODE_POOL,
    machines_expected,
    machines_now,
    node_group,
    one,
    price,
    recording,
    resource,
    source,
    tags,
)
from trimtab.clock import HOURS_PER_MONTH
from trimtab.plan.attribution import node_labels
from trimtab.plan.model import CapacityPlan
from trimtab.preview.priced import Sizes
from trimtab.preview.records import ResourceRecord
from trimtab.preview.report import remarks
from trimtab.pricing.model import Status
from trimtab.pricing.plan_source import PlanSource
from trimtab.resources.inputs import UNKNOWN

DISK = 2.0
"""What EKS gives each node where nobody says otherwise: 20 GiB of gp2 at 0.10."""


def test_a_group_costs_its_nodes_now_and_what_the_plan_expects() -> None:
    found = one(node_group("on-demand", 2, 5, 8))
    assert found.status is Status.PRICED
    assert found.nodes == Sizes(2, 5, 8)
    assert found.purchase_option == "on-demand"
    assert machines_now(found) == pytest.approx(5 * 32.77 * 730)
    assert machines_expected(found) == pytest.approx(98.31 * 730)
    assert found.usd_per_month_now == pytest.approx(5 * 32.77 * 730 + 5 * DISK)
    assert found.kgco2e_per_month_now == pytest.approx(5 * 1.9 * 730)
    assert found.kgco2e_per_month_expected == pytest.approx(5.7 * 730)
    assert found.estimate.plan_line == "plan.yaml:60 pools[trainer].groups[on-demand]"
    assert found.estimate.note == ""


def test_an_auto_scaling_group_is_known_by_its_list_of_tags() -> None:
    listed = [
        {"key": key, "value": value, "propagateAtLaunch": True}
        for key, value in tags("on-demand").items()
    ]
    sizes: dict[str, Any] = {"minSize": 1, "desiredCapacity": 2, "maxSize": 3}
    found = one(resource("aws:autoscaling/group:Group", tags=listed, **sizes))
    assert (found.nodes, found.purchase_option) == (Sizes(1, 2, 3), "on-demand")
    assert machines_now(found) == pytest.approx(2 * 32.77 * 730)


def test_no_nodes_cost_nothing_and_that_is_a_price() -> None:
    found = one(node_group("on-demand", 0, 0, 4))
    assert (found.status, found.usd_per_month_now) == (Status.PRICED, 0)


def test_a_group_of_several_offers_costs_the_plans_blend() -> None:
    offers = [
        {"instanceType": "g5.xlarge", "usdPerHour": 0.4, "gco2ePerHour": 100.0},
        {"instanceType": "g6.xlarge", "usdPerHour": 0.6, "gco2ePerHour": None},
    ]
    expected = {"nodes": 4.0, "usdPerHour": 2.0, "kgco2ePerHour": 0.48}
    spot = group("spot", {"option": "spot", "pools": 2}, offers=offers, expected=expected)
    capacity_plan = plan(pools=[pool(groups=[spot])])
    record = node_group("spot", 0, 10, 20, tags=tags("spot", capacity_plan))
    found = one(record, PlanSource(capacity_plan, "plan.yaml", {}))
    assert machines_now(found) == pytest.approx(10 * 0.5 * 730)
    assert found.kgco2e_per_month_now == pytest.approx(10 * 0.12 * 730)
    assert found.estimate.plan_line == "plan.yaml pools[trainer].groups[spot]"


def test_a_proposed_commitment_shows_its_list_price_until_it_is_approved() -> None:
    capacity_plan = plan(commitments=[COMMITMENT])
    record = node_group("reserved", 5, 5, 5, tags=tags("reserved", capacity_plan))
    found = one(record, source(capacity_plan))
    assert found.estimate.list_usd_per_month_now == pytest.approx(5 * 32.77 * 730)
    assert "until the commitment is approved" in found.estimate.note
    rows = [
        {
            "id": "ri", "option": "reserved", "pool": "trainer", "group": "reserved", "nodes": 5,
            "usdPerHour": 12.77, "decision": "used", "reason": "it is there",
        }
    ]  # fmt: skip
    evidence = {**plan_data()["spec"]["evidence"], "held": rows}
    beside = plan(commitments=[COMMITMENT], evidence=evidence)
    both = one(node_group("reserved", 5, 5, 5, tags=tags("reserved", beside)), source(beside))
    # Five of the group's ten nodes are held already.
    assert both.estimate.list_usd_per_month_now == pytest.approx(5 * (32.77 + 12.77) / 2 * 730)
    held = one(node_group("reserved", 5, 5, 5))  # no such proposal: it is held
    assert (held.estimate.list_usd_per_month_now, held.estimate.note) == (None, "")


def test_a_group_without_a_price_still_shows_its_line_and_emissions() -> None:
    offers = [{"instanceType": "x9.metal", "gco2ePerHour": 1000.0}]
    capacity_plan = plan(pools=[pool(groups=[group("od", {"option": "on-demand"}, offers=offers)])])
    record = resource(
        NODE_GROUP,
        tags=tags("od", capacity_plan),
        scalingConfig={"minSize": 1, "desiredSize": 2, "maxSize": 3},
    )
    found = one(record, PlanSource(capacity_plan, "plan.yaml", {("trainer", "od"): 7}))
    assert found.status is Status.PARTLY  # of two disks of 20 GiB, a price is known
    assert found.usd_per_month_now == pytest.approx(2 * DISK)
    assert remarks(found)[0] == "without worker nodes: the plan has no price for x9.metal"
    assert found.kgco2e_per_month_now == pytest.approx(2 * 730)
    assert found.estimate.plan_line == "plan.yaml:7 pools[trainer].groups[od]"


def test_owned_machines_are_the_nodes_of_their_group() -> None:
    owned = group("owned", {"option": "owned", "site": "cellar"})
    capacity_plan = plan(pools=[pool(groups=[owned])])
    pool_ = capacity_plan.spec.pools[0]
    metadata = {"labels": node_labels(pool_, pool_.groups[0])}
    patches = [resource("kubernetes:core/v1:NodePatch", f"m{i}", metadata=metadata) for i in (1, 2)]
    preview = price(recording(*patches), PlanSource(capacity_plan, "plan.yaml", {}), None)
    assert {each.nodes for each in preview.resources} == {Sizes(1, 1, 1)}
    assert {each.purchase_option for each in preview.resources} == {"owned"}
    assert preview.totals.usd_per_month_now == pytest.approx(2 * 32.77 * 730)
    assert preview.totals.usd_per_month_expected == pytest.approx(98.31 * 730)


def test_the_list_price_of_what_replicas_leave_is_theirs_alone() -> None:
    capacity_plan = plan(commitments=[COMMITMENT])
    pool_ = capacity_plan.spec.pools[0]
    template = {"metadata": {"labels": node_labels(pool_, pool_.groups[0])}}
    records = (
        resource(NODE_POOL, "base", spec={"replicas": 4, "template": template}),
        resource(NODE_POOL, "rest", spec={"template": template}),
        resource(NODE_POOL, "none", spec={"replicas": 0, "template": template}),
    )
    base, rest, none = price(recording(*records), source(capacity_plan), None).resources
    assert f"${4 * 32.77 * 730:,.2f}" in base.estimate.note
    assert f"${1 * 32.77 * 730:,.2f}" in rest.estimate.note
    assert none.estimate.note == ""


def savings_plan(**inputs: Any) -> ResourceRecord:
    return resource("aws:savingsplans/savingsPlan:SavingsPlan", "sp", **inputs)


def test_a_savings_plan_alone_costs_its_commitment() -> None:
    found = one(savings_plan(commitment="96.1"))
    assert found.status is Status.PRICED
    assert found.usd_per_month_now == pytest.approx(96.1 * 730)
    assert one(savings_plan(commitment=UNKNOWN)).status is Status.NOT_PRICED


def test_a_savings_plan_beside_its_nodes_is_not_paid_twice() -> None:
    capacity_plan = plan(commitments=[COMMITMENT])
    nodes = node_group("reserved", 5, 5, 5, tags=tags("reserved", capacity_plan))
    bought = savings_plan(commitment="96.1", tags={"trimtab:commitment": DIGEST})
    alone = price(recording(nodes), source(capacity_plan), None).totals
    preview = price(recording(nodes, bought), source(capacity_plan), None)
    assert preview.resources[1].status is Status.COVERED
    assert "in the price of pools[trainer].groups[reserved]" in preview.resources[1].estimate.note
    assert preview.totals.usd_per_month_now == alone.usd_per_month_now
    other = savings_plan(commitment="96.1", tags={"trimtab:commitment": "sha256:" + "b" * 64})
    both = price(recording(nodes, other), source(capacity_plan), None)
    assert both.resources[1].status is Status.PRICED


def test_without_a_plan_nodes_cost_what_the_price_book_says() -> None:
    group = node_group("spot", 1, 2, 3, instanceTypes=["m6i.large"], region="us-east-1")
    found = price(recording(group), None).resources[0]
    assert found.nodes == Sizes(1, 2, 3)
    assert found.usd_per_month_now == pytest.approx(2 * 0.096 * 730 + 2 * DISK)
    unknown = price(recording(node_group("spot", 1, 2, 3, instanceTypes=["x9.metal"])), None)
    assert unknown.resources[0].nodes == Sizes(1, 2, 3)
    assert unknown.resources[0].status is Status.NOT_PRICED
    assert unknown.totals.emissions_unknown == 1


@dataclass
class Karpenter:
    """A NodePool and the sizes that it should show at an instant."""

    spec: Mapping[str, Any]
    instant: datetime | None
    sizes: Sizes
    note: str = field(default="sized by its autoscaler: the plan's window")


@pytest.mark.parametrize(
    "case",
    [
        Karpenter({}, None, Sizes(2, 3, 4)),
        Karpenter({}, START.replace(hour=5), Sizes(3, 4, 6)),
        Karpenter({"replicas": 7}, None, Sizes(7, 7, 7), note=""),
    ],
)
def test_a_node_pool_shows_its_replicas_or_the_plans_window(case: Karpenter) -> None:
    capacity_plan = plan()
    pool_ = capacity_plan.spec.pools[0]
    labels = node_labels(pool_, pool_.groups[1])
    spec = {**case.spec, "template": {"metadata": {"labels": labels}}}
    preview = price(recording(resource(NODE_POOL, spec=spec)), source(), case.instant)
    (found,) = preview.resources
    assert (found.nodes, found.estimate.note, found.status) == (
        case.sizes,
        case.note,
        Status.PRICED,
    )


def test_replicas_beside_an_autoscaled_pool_are_counted_once() -> None:
    capacity_plan = plan()
    pool_ = capacity_plan.spec.pools[0]
    template = {"metadata": {"labels": node_labels(pool_, pool_.groups[1])}}
    records = (
        resource(NODE_POOL, "base", spec={"replicas": 2, "template": template}),
        resource(NODE_POOL, "rest", spec={"template": template}),
    )
    preview = price(recording(*records), source())
    base, rest = preview.resources
    assert (base.nodes, rest.nodes) == (Sizes(2, 2, 2), Sizes(0, 1, 2))  # of the window's 2, 3, 4
    assert "less the group's 2 fixed replicas" in rest.estimate.note
    assert preview.totals.usd_per_month_now == pytest.approx(3 * 32.77 * 730)
    assert preview.totals.kgco2e_per_month_now == pytest.approx(3 * 1.9 * 730)
    assert preview.totals.usd_per_month_expected == pytest.approx(98.31 * 730)


def test_more_replicas_than_the_window_leave_an_autoscaled_pool_empty() -> None:
    capacity_plan = plan()
    pool_ = capacity_plan.spec.pools[0]
    template = {"metadata": {"labels": node_labels(pool_, pool_.groups[1])}}
    records = (
        resource(NODE_POOL, "base", spec={"replicas": 9, "template": template}),
        resource(NODE_POOL, "rest", spec={"template": template}),
    )
    totals = price(recording(*records), source()).totals
    assert totals.usd_per_month_now == pytest.approx(9 * 32.77 * 730)


def auto_mode_pool(capacity_plan: CapacityPlan, place: int) -> ResourceRecord:
    pool_ = capacity_plan.spec.pools[0]
    template = {
        "metadata": {"labels": node_labels(pool_, pool_.groups[place])},
        "spec": {"nodeClassRef": {"group": "eks.amazonaws.com", "kind": "NodeClass"}},
    }
    return resource(NODE_POOL, spec={"template": template})


def test_auto_modes_fee_is_a_share_of_the_on_demand_price() -> None:
    offers = [{"instanceType": "m7i.4xlarge", "usdPerHour": 0.8, "gco2ePerHour": 30.0}]
    on_demand = group("od", {"option": "on-demand"}, offers=offers, accelerator=None)
    capacity_plan = plan(pools=[pool(groups=[on_demand])])
    plain = PlanSource(capacity_plan, "plan.yaml", {})
    found = one(auto_mode_pool(capacity_plan, 0), plain)
    assert found.usd_per_month_now == pytest.approx(3 * 0.8 * 1.12 * 730)
    assert found.usd_per_month_expected == pytest.approx(98.31 * 1.12 * 730)
    assert found.estimate.note.endswith("; with EKS Auto Mode's fee of 12%")


@pytest.mark.parametrize("place", [1, 2])
def test_auto_modes_fee_that_is_not_known_is_said_to_be_left_out(place: int) -> None:
    found = one(auto_mode_pool(plan(), place))  # accelerated; spot
    assert found.status is Status.PARTLY
    assert found.estimate.note.endswith("; without EKS Auto Mode's fee")
    assert machines_now(found) == pytest.approx(3 * 32.77 * 730)


@dataclass
class CloudPool:
    """A node pool of GKE or AKS and the sizes that it should show."""

    type: str
    inputs: Mapping[str, Any]
    sizes: Sizes


@pytest.mark.parametrize(
    "case",
    [
        CloudPool(
            GKE_POOL,
            {
                "autoscaling": {"minNodeCount": 0, "maxNodeCount": 4},
                "initialNodeCount": 1,
                "nodeLocations": ["us-central1-a", "us-central1-b"],
            },
            Sizes(0, 2, 8),
        ),
        CloudPool(
            GKE_POOL,
            {
                "autoscaling": {"totalMinNodeCount": 1, "totalMaxNodeCount": 6},
                "location": "us-central1",
            },
            Sizes(1, 1, 6),
        ),
        CloudPool(GKE_POOL, {"nodeCount": 2, "location": "us-central1-a"}, Sizes(2, 2, 2)),
        CloudPool(GKE_POOL, {"nodeCount": 2, "location": "us-central1"}, Sizes(6, 6, 6)),
        # In how many zones is not known: the plan's window bounds it.
        CloudPool(GKE_POOL, {"nodeCount": 2, "location": UNKNOWN}, Sizes(2, None, 4)),
        CloudPool(AKS_POOL, {"minCount": 1, "nodeCount": 2, "maxCount": 5}, Sizes(1, 2, 5)),
        CloudPool(AKS_POOL, {"nodeCount": 3}, Sizes(3, 3, 3)),
    ],
)
def test_a_node_pool_of_gke_or_aks_costs_what_the_plan_says(case: CloudPool) -> None:
    capacity_plan = plan()
    pool_ = capacity_plan.spec.pools[0]
    labels = node_labels(pool_, pool_.groups[1])
    where = {"nodeConfig": {"labels": labels}} if case.type == GKE_POOL else {"nodeLabels": labels}
    found = one(resource(case.type, **case.inputs, **where))
    assert found.nodes == case.sizes
    if case.sizes.desired is not None:
        assert machines_now(found) == pytest.approx(case.sizes.desired * 32.77 * 730)
    else:
        assert found.usd_per_month_now is None
        assert found.estimate.note == "its size is known only once it is deployed"
    assert machines_expected(found) == pytest.approx(98.31 * 730)


@given(st.lists(st.integers(0, 50), min_size=1, max_size=6))
def test_resources_of_one_group_share_its_expectation(desired: list[int]) -> None:
    records = [node_group("on-demand", 0, n, 99, name=f"r{i}") for i, n in enumerate(desired)]
    preview = price(recording(*records), source())
    totals, each = preview.totals, preview.resources
    assert sum(map(machines_expected, each)) == pytest.approx(98.31 * HOURS_PER_MONTH)
    assert totals.kgco2e_per_month_expected == pytest.approx(5.7 * HOURS_PER_MONTH)
    per_node = 32.77 * HOURS_PER_MONTH + DISK
    assert totals.usd_per_month_now == pytest.approx(sum(desired) * per_node)


def test_notes_say_what_the_stack_leaves_out_and_when_the_plan_ended() -> None:
    late = datetime(2027, 1, 1, tzinfo=UTC)
    preview = price(recording(node_group("spot", 1, 1, 1)), source(), late)
    assert "2 of the plan's 3 groups have no resource in this stack" in preview.notes
    assert any("expired" in note for note in preview.notes)


def test_windows_are_those_of_the_plans_start_unless_an_instant_is_given() -> None:
    assert price(recording(), source()).as_of == START
    assert len(windows((1, 1, 1))) == 1
