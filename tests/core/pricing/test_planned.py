"""What carries out a plan's groups is priced at the plan's rates, once, and linked to its line of the plan.

The plan of support.plans: groups of p4d.24xlarge at 32.77 USD and 1.9 kg an hour; on-demand and spot are
expected to run 3 nodes for 98.31 USD and 5.7 kg an hour; windows of 2-3-4, 3-4-6 and 1-2-4 nodes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.estimates import resource, settings
from support.machine_book import machine_book, offer
from support.plans import COMMITMENT, DIGEST, START, group, plan, plan_data, pool
from support.priced import source, tags
from trimtab.plan.attribution import node_labels
from trimtab.plan.model import CapacityPlan
from trimtab.pricing.amount import Amount
from trimtab.pricing.engine import price
from trimtab.pricing.model import Basis, Estimate, Status
from trimtab.pricing.plan_source import PlanSource
from trimtab.pricing.planned import plan_notes
from trimtab.resources.inputs import SECRET, UNKNOWN
from trimtab.resources.model import Estate, Resource


def priced(
    *resources: Resource, plan_source: PlanSource | None = None, **given: Any
) -> list[Estimate]:
    """What each costs beside the others, in the order given."""
    given.setdefault("as_of", START)
    estate = Estate("test", tuple(sorted(resources, key=lambda each: each.key)))
    found = price(estate, settings(plan=plan_source or source(), **given))
    by_key = {each.resource.key: each for each in found}
    return [by_key[each.key] for each in resources]


def node_group(group_name: str, *sizes: Any, name: str = "r", **changes: Any) -> Resource:
    """An EKS node group of a plan's group, without the disks that its own estimator adds."""
    low, desired, high = sizes
    inputs = {"minSize": low, "desiredCapacity": desired, "maxSize": high, **changes}
    marks = inputs.pop("tags") if "tags" in inputs else tags(group_name)
    given = marks if isinstance(marks, Mapping) else {}
    return resource("aws_autoscaling_group", inputs, name=name, camel=True, tags=given)


def machines_usd(estimate: Estimate) -> float | None:
    """What the machines alone are expected to cost a month."""
    charges = [charge for each in estimate.machines for charge in each.charges]
    known = [charge.usd_per_month.expected for charge in charges]
    return None if None in known else sum(usd for usd in known if usd is not None)


def now(estimate: Estimate) -> float | None:
    return estimate.machines[0].usd_per_month_now


def kgco2e(estimate: Estimate) -> tuple[float | None, float | None]:
    emissions = estimate.machines[0].emissions
    assert emissions is not None
    return emissions.kgco2e_per_month_now, emissions.kgco2e_per_month.expected


def node_pool(
    capacity_plan: CapacityPlan, place: int, name: str = "p", spec: Mapping[str, Any] | None = None
) -> Resource:
    pool_ = capacity_plan.spec.pools[0]
    template = {"metadata": {"labels": node_labels(pool_, pool_.groups[place])}, "spec": {}}
    metadata = {"name": name}
    inputs = {"metadata": metadata, "spec": {**(spec or {}), "template": template}}
    return resource("karpenter.sh/NodePool", inputs, name=name, region=None)


def test_a_group_costs_its_nodes_now_and_what_the_plan_expects() -> None:
    (found,) = priced(node_group("on-demand", 2, 5, 8))
    (machines,) = found.machines
    assert machines.nodes.count == Amount(2, 3, 8)
    assert (machines.nodes.option, machines.nodes.basis) == ("on-demand", Basis.PLAN)
    assert now(found) == pytest.approx(5 * 32.77 * 730)
    assert machines_usd(found) == pytest.approx(98.31 * 730)
    assert kgco2e(found)[0] == pytest.approx(5 * 1.9 * 730)
    assert kgco2e(found)[1] == pytest.approx(5.7 * 730)
    assert (found.pool, found.group) == ("trainer", "on-demand")
    assert found.plan_line == "plan.yaml:60 pools[trainer].groups[on-demand]"
    assert found.note == ""
    assert machines.risk is not None
    assert machines.risk.shortage_share == 0.001


def test_an_expectation_that_is_not_the_nodes_price_says_so() -> None:
    expected = {"nodes": 4.0, "usdPerHour": 50.0, "kgco2ePerHour": None}
    only = group("od", {"option": "on-demand"}, expected=expected)
    capacity_plan = plan(pools=[pool(groups=[only])])
    (found,) = priced(
        node_group("od", 0, 3, 9, tags=tags("od", capacity_plan)),
        plan_source=PlanSource(capacity_plan, "plan.yaml", {}),
    )
    assert machines_usd(found) == pytest.approx(50 * 730)
    # 50 of 32.77 are 1.53 nodes
    assert found.machines[0].charges[0].note == (
        "the plan expects 4.00 nodes, and the price of 1.53 at this rate"
    )


def test_a_group_without_an_expected_cost_has_bounds_alone() -> None:
    expected = {"nodes": 4.0, "usdPerHour": None, "kgco2ePerHour": None}
    only = group("od", {"option": "on-demand"}, expected=expected)
    capacity_plan = plan(pools=[pool(groups=[only])])
    plan_source = PlanSource(capacity_plan, "plan.yaml", {})
    found = priced(node_pool(capacity_plan, 0), plan_source=plan_source)
    assert found[0].status is Status.BOUNDED
    assert found[0].usd_per_month is not None
    # the window's 2 to 4 nodes
    assert found[0].usd_per_month == pytest.approx((2 * 32.77 * 730, None, 4 * 32.77 * 730))
    notes = plan_notes(found, settings(plan=plan_source, as_of=START))
    assert notes == ("some groups have no expected cost: that total leaves them out",)


def test_no_nodes_cost_nothing_and_that_is_a_price() -> None:
    (found,) = priced(node_group("on-demand", 0, 0, 4))
    assert now(found) == 0
    assert found.status is not Status.NOT_PRICED


def test_a_group_of_several_offers_costs_the_plans_blend() -> None:
    offers = [
        {"instanceType": "g5.xlarge", "usdPerHour": 0.4, "gco2ePerHour": 100.0},
        {"instanceType": "g6.xlarge", "usdPerHour": 0.6, "gco2ePerHour": None},
    ]
    expected = {"nodes": 4.0, "usdPerHour": 2.0, "kgco2ePerHour": 0.48}
    spot = group("spot", {"option": "spot", "pools": 2}, offers=offers, expected=expected)
    capacity_plan = plan(pools=[pool(groups=[spot])])
    (found,) = priced(
        node_group("spot", 0, 10, 20, tags=tags("spot", capacity_plan)),
        plan_source=PlanSource(capacity_plan, "plan.yaml", {}),
    )
    assert now(found) == pytest.approx(10 * 0.5 * 730)
    assert kgco2e(found)[0] == pytest.approx(10 * 0.12 * 730)
    assert found.plan_line == "plan.yaml pools[trainer].groups[spot]"


def test_a_proposed_commitment_shows_its_list_price_until_it_is_approved() -> None:
    capacity_plan = plan(commitments=[COMMITMENT])
    record = node_group("reserved", 5, 5, 5, tags=tags("reserved", capacity_plan))
    (found,) = priced(record, plan_source=source(capacity_plan))
    assert found.list_usd_per_month_now == pytest.approx(5 * 32.77 * 730)
    assert "until the commitment is approved" in found.note
    rows = [
        {
            "id": "ri", "option": "reserved", "pool": "trainer", "group": "reserved", "nodes": 5,
            "usdPerHour": 12.77, "decision": "used", "reason": "it is there",
        }
    ]  # fmt: skip
    beside = plan(
        commitments=[COMMITMENT], evidence={**plan_data()["spec"]["evidence"], "held": rows}
    )
    record = node_group("reserved", 5, 5, 5, tags=tags("reserved", beside))
    (both,) = priced(record, plan_source=source(beside))
    # Five of the group's ten nodes are held already.
    assert both.list_usd_per_month_now == pytest.approx(5 * (32.77 + 12.77) / 2 * 730)
    (held,) = priced(node_group("reserved", 5, 5, 5))  # no such proposal: it is held
    assert (held.list_usd_per_month_now, held.note) == (None, "")


def test_a_group_without_a_price_still_shows_its_line_and_emissions() -> None:
    offers = [{"instanceType": "x9.metal", "gco2ePerHour": 1000.0}]
    capacity_plan = plan(pools=[pool(groups=[group("od", {"option": "on-demand"}, offers=offers)])])
    (found,) = priced(
        node_group("od", 1, 2, 3, tags=tags("od", capacity_plan)),
        plan_source=PlanSource(capacity_plan, "plan.yaml", {("trainer", "od"): 7}),
    )
    assert "the plan has no price for x9.metal" in {gap.reason for gap in found.gaps}
    assert kgco2e(found)[0] == pytest.approx(2 * 730)
    assert found.plan_line == "plan.yaml:7 pools[trainer].groups[od]"


def test_owned_machines_are_the_nodes_of_their_group() -> None:
    owned = group("owned", {"option": "owned", "site": "cellar"})
    capacity_plan = plan(pools=[pool(groups=[owned])])
    pool_ = capacity_plan.spec.pools[0]
    metadata = {"labels": node_labels(pool_, pool_.groups[0])}
    patches = [
        resource("core/NodePatch", {"metadata": metadata}, name=f"m{i}", region=None)
        for i in (1, 2)
    ]
    found = priced(*patches, plan_source=PlanSource(capacity_plan, "plan.yaml", {}))
    assert {each.machines[0].nodes.option for each in found} == {"owned"}
    assert sum(now(each) or 0 for each in found) == pytest.approx(2 * 32.77 * 730)
    assert sum(machines_usd(each) or 0 for each in found) == pytest.approx(98.31 * 730)


def test_the_list_price_of_what_replicas_leave_is_theirs_alone() -> None:
    capacity_plan = plan(commitments=[COMMITMENT])
    pools = (
        node_pool(capacity_plan, 0, "base", {"replicas": 4}),
        node_pool(capacity_plan, 0, "rest"),
        node_pool(capacity_plan, 0, "none", {"replicas": 0}),
    )
    base, rest, none = priced(*pools, plan_source=source(capacity_plan))
    assert f"${4 * 32.77 * 730:,.2f}" in base.note
    assert f"${1 * 32.77 * 730:,.2f}" in rest.note
    assert none.note == ""


def test_a_savings_plan_beside_its_nodes_is_not_paid_twice() -> None:
    capacity_plan = plan(commitments=[COMMITMENT])
    nodes = node_group("reserved", 5, 5, 5, tags=tags("reserved", capacity_plan))

    def bought(digest: str) -> Resource:
        marks = {"trimtab:commitment": digest}
        return resource("aws_savingsplans_plan", {"commitment": "96.1"}, name="sp", tags=marks)

    _, inside = priced(nodes, bought(DIGEST), plan_source=source(capacity_plan))
    assert (inside.status, inside.usd_per_month) == (Status.COVERED, None)
    assert inside.note == "its commitment is in the price of pools[trainer].groups[reserved]"
    _, other = priced(nodes, bought("sha256:" + "b" * 64), plan_source=source(capacity_plan))
    assert other.status is Status.PRICED
    assert other.usd_per_month_now == pytest.approx(96.1 * 730)
    (alone,) = priced(bought(DIGEST), plan_source=source(capacity_plan))
    assert alone.status is Status.PRICED


@dataclass
class Karpenter:
    """A NodePool and the sizes that it should show at an instant."""

    spec: Mapping[str, Any]
    instant: datetime
    count: Amount
    begins: float
    note: str = field(default="sized by its autoscaler: the plan's window")


@pytest.mark.parametrize(
    "case",
    [
        Karpenter({}, START, Amount(2, 3, 4), 3),
        Karpenter({}, START.replace(hour=5), Amount(3, 3, 6), 4),
        Karpenter({"replicas": 7}, START, Amount(2, 3, 7), 7, note=""),
        Karpenter(
            {"replicas": UNKNOWN},
            START,
            Amount(2, 3, 4),
            -1,
            "its size is known only once it is deployed",
        ),
    ],
)
def test_a_node_pool_shows_its_replicas_or_the_plans_window(case: Karpenter) -> None:
    (found,) = priced(node_pool(plan(), 1, spec=case.spec), as_of=case.instant)
    nodes = found.machines[0].nodes
    assert (nodes.count, -1 if nodes.now is None else nodes.now) == (case.count, case.begins)
    assert (found.note, found.status) == (case.note, Status.PRICED)


def test_replicas_beside_an_autoscaled_pool_are_counted_once() -> None:
    base, rest = priced(node_pool(plan(), 1, "base", {"replicas": 2}), node_pool(plan(), 1, "rest"))
    # of the window's 2, 3, 4 nodes two are fixed; of the 3 expected ones they share by 2 to 1
    assert base.machines[0].nodes.count == Amount(2, 2, 2)
    assert rest.machines[0].nodes.count == Amount(0, 1, 2)
    assert "less the group's 2 fixed replicas" in rest.note
    assert (now(base) or 0) + (now(rest) or 0) == pytest.approx(3 * 32.77 * 730)
    assert (kgco2e(base)[0] or 0) + (kgco2e(rest)[0] or 0) == pytest.approx(3 * 1.9 * 730)
    assert (machines_usd(base) or 0) + (machines_usd(rest) or 0) == pytest.approx(98.31 * 730)


def test_more_replicas_than_the_window_leave_an_autoscaled_pool_empty() -> None:
    base, rest = priced(node_pool(plan(), 1, "base", {"replicas": 9}), node_pool(plan(), 1, "rest"))
    assert (now(base) or 0) + (now(rest) or 0) == pytest.approx(9 * 32.77 * 730)


def auto_mode_pool(capacity_plan: CapacityPlan, place: int) -> Resource:
    found = node_pool(capacity_plan, place)
    reference = {"group": "eks.amazonaws.com", "kind": "NodeClass"}
    found.inputs.values["spec"]["template"]["spec"]["nodeClassRef"] = reference
    return found


def test_auto_modes_fee_is_a_share_of_the_on_demand_price() -> None:
    offers = [{"instanceType": "m7i.4xlarge", "usdPerHour": 0.8, "gco2ePerHour": 30.0}]
    on_demand = group("od", {"option": "on-demand"}, offers=offers, accelerator=None)
    capacity_plan = plan(pools=[pool(groups=[on_demand])])
    (found,) = priced(
        auto_mode_pool(capacity_plan, 0), plan_source=PlanSource(capacity_plan, "plan.yaml", {})
    )
    assert now(found) == pytest.approx(3 * 0.8 * 1.12 * 730)
    assert machines_usd(found) == pytest.approx(98.31 * 1.12 * 730)
    assert found.note.endswith("; with EKS Auto Mode's fee of 12%")


@pytest.mark.parametrize("place", [1, 2])
def test_auto_modes_fee_that_is_not_known_is_a_gap(place: int) -> None:
    (found,) = priced(auto_mode_pool(plan(), place))  # accelerated; spot
    assert found.status is Status.PARTLY
    assert found.note.endswith("; without EKS Auto Mode's fee")
    assert [gap.label for gap in found.gaps] == ["EKS Auto Mode's fee"]


@given(st.lists(st.integers(0, 50), min_size=1, max_size=6))
def test_resources_of_one_group_share_its_expectation(desired: list[int]) -> None:
    groups = [node_group("on-demand", 0, n, 99, name=f"r{i}") for i, n in enumerate(desired)]
    found = priced(*groups)
    assert sum(machines_usd(each) or 0 for each in found) == pytest.approx(98.31 * 730)
    assert sum(kgco2e(each)[1] or 0 for each in found) == pytest.approx(5.7 * 730)
    assert sum(now(each) or 0 for each in found) == pytest.approx(sum(desired) * 32.77 * 730)


@pytest.mark.parametrize(
    ("marks", "note"),
    [
        ({}, ""),
        (SECRET, ""),
        (
            {**tags("spot"), "trimtab:group": "other"},
            "the plan has no pools[trainer].groups[other]",
        ),
        (
            {**tags("spot"), "trimtab:plan-digest": "0" * 12},
            "is of another plan, digest 000000000000",
        ),
    ],
)
def test_what_the_plan_does_not_have_is_priced_by_the_book_and_that_is_said(
    marks: Any, note: str
) -> None:
    instance = {"instanceType": "m7i.4xlarge"}
    (found,) = priced(
        node_group("spot", 1, 2, 3, tags=marks, launchTemplate=[], mixedInstancesPolicy=None),
        resource("aws_launch_template", instance, name="lt", camel=True),
    )[:1]
    assert (found.plan_line, found.pool) == ("", "")
    assert found.note == note


def test_marks_are_read_from_tags_lists_and_labels() -> None:
    listed = [{"key": key, "value": value} for key, value in tags("on-demand").items()]
    group_ = resource(
        "aws_autoscaling_group",
        {"min_size": 1, "desired_capacity": 2, "max_size": 3, "tag": listed},
    )
    labels = {"trimtab.dev/pool": "trainer", "trimtab.dev/group": "spot"}
    gke = resource(
        "google_container_node_pool",
        {"node_config": [{"labels": labels, "machine_type": "n2-standard-4"}], "node_count": 1},
        region="us-central1",
    )
    aks = resource(
        "azurerm_kubernetes_cluster_node_pool",
        {"nodeLabels": labels, "nodeCount": 3},
        camel=True,
        region="eastus",
    )
    found = priced(group_, gke, aks)
    assert [each.group for each in found] == ["on-demand", "spot", "spot"]
    assert now(found[0]) == pytest.approx(2 * 32.77 * 730)


def test_notes_say_what_the_stack_leaves_out_and_when_the_plan_ended() -> None:
    late = settings(plan=source(), as_of=datetime(2027, 1, 1, tzinfo=UTC))
    found = price(Estate("test", (node_group("spot", 1, 1, 1),)), late)
    notes = plan_notes(found, late)
    assert "2 of the plan's 3 groups have no resource in this stack" in notes
    assert any("expired" in note for note in notes)
    assert plan_notes(found, settings()) == ()


def test_spot_nodes_of_a_plan_risk_what_the_book_says_of_their_type() -> None:
    offers = [{"instanceType": "m7i.4xlarge", "usdPerHour": 0.387072}]
    spot = group("spot", {"option": "spot", "pools": 2}, offers=offers)
    capacity_plan = plan(pools=[pool(groups=[spot])])
    (found,) = priced(
        node_group("spot", 0, 10, 20, tags=tags("spot", capacity_plan)),
        plan_source=PlanSource(capacity_plan, "plan.yaml", {}),
        book=machine_book(offer("m7i.4xlarge", 0.8064, spot=0.387, band=(5, 10))),
    )
    risk = found.machines[0].risk
    assert risk is not None
    # in the band of 5 to 10 % a month: 0 x 5 %, 3 x 7.5 %, 20 x 10 %
    assert risk.interruptions_per_month == pytest.approx((0.0, 0.225, 2.0))


def test_disks_are_as_many_as_the_nodes_that_the_plan_expects() -> None:
    inputs = {"scalingConfig": {"minSize": 1, "desiredSize": 2, "maxSize": 3}}
    group_ = resource("aws_eks_node_group", inputs, camel=True, tags=tags("on-demand"))
    found = priced(group_)[0]
    disk = next(each for each in found.charges if "disk" in each.label)
    # 20 GiB of gp2 at 0.10 of each node: of two to begin with, of the plan's mean of three, and of one
    # to the four that its window allows.
    assert disk.usd_per_month == Amount(2.0, 6.0, 8.0)
    assert found.usd_per_month_now == pytest.approx(2 * 32.77 * 730 + 4.0)


def test_what_nobody_can_count_yet_costs_nobody_knows_what_to_begin_with() -> None:
    found = priced(node_group("on-demand", UNKNOWN, UNKNOWN, UNKNOWN))[0]
    assert found.usd_per_month_now is None
    assert found.usd_per_month is not None
    assert found.usd_per_month.expected == pytest.approx(98.31 * 730)
