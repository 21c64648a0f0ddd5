"""Pricing: what bears nodes at the plan's rates, the rest by tariff, and nothing at a made-up $0."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.plans import DIGEST, START, group, plan, plan_data, pool, windows
from trimtab.clock import HOURS_PER_MONTH
from trimtab.plan.attribution import group_tags, node_labels
from trimtab.plan.model import CapacityPlan
from trimtab.plan.sizing import Sizes
from trimtab.preview.pricing import PlanSource, PricedResource, Status, price
from trimtab.preview.records import SECRET, UNKNOWN, Recording, ResourceRecord

NODE_GROUP = "aws:eks/nodeGroup:NodeGroup"
NODE_POOL = "kubernetes:karpenter.sh/v1:NodePool"


def recording(*records: ResourceRecord, **config: str) -> Recording:
    keys = {key.replace("_", ":"): value for key, value in config.items()}
    return Recording("p", "s", Path("p"), Path("p"), keys, records)


def source(capacity_plan: CapacityPlan | None = None) -> PlanSource:
    capacity_plan = capacity_plan or plan()
    lines = {("trainer", "reserved"): 40, ("trainer", "on-demand"): 60, ("trainer", "spot"): 80}
    return PlanSource(capacity_plan, "plan.yaml", lines)


def resource(type_: str, name: str = "r", **inputs: Any) -> ResourceRecord:
    return ResourceRecord(
        urn=f"urn:pulumi:s::p::{type_}::{name}", type=type_, name=name, inputs=inputs
    )


def tags(group_name: str, capacity_plan: CapacityPlan | None = None) -> dict[str, str]:
    capacity_plan = capacity_plan or plan()
    pool_ = capacity_plan.spec.pools[0]
    (found,) = (g for g in pool_.groups if g.name == group_name)
    return group_tags(capacity_plan, pool_, found)


def node_group(group_name: str, *sizes: Any, name: str = "r", **changes: Any) -> ResourceRecord:
    low, desired, high = sizes
    scaling = {"minSize": low, "desiredSize": desired, "maxSize": high}
    inputs = {"scalingConfig": scaling, "tags": tags(group_name), **changes}
    return resource(NODE_GROUP, name, **inputs)


def one(record: ResourceRecord, plan_source: PlanSource | None = None) -> PricedResource:
    return price(recording(record), plan_source or source(), None).resources[0]


def test_a_group_costs_its_nodes_now_and_what_the_plan_expects() -> None:
    found = one(node_group("on-demand", 2, 5, 8))
    assert found.status is Status.PRICED
    assert found.nodes == Sizes(2, 5, 8)
    assert found.purchase_option == "on-demand"
    assert found.usd_per_month_now == pytest.approx(5 * 32.77 * 730)
    assert found.usd_per_month_expected == pytest.approx(98.31 * 730)
    assert found.kgco2e_per_month_now == pytest.approx(5 * 1.9 * 730)
    assert found.kgco2e_per_month_expected == pytest.approx(5.7 * 730)
    assert found.plan_line == "plan.yaml:60 pools[trainer].groups[on-demand]"
    assert found.note == ""


def test_an_auto_scaling_group_is_known_by_its_list_of_tags() -> None:
    listed = [
        {"key": key, "value": value, "propagateAtLaunch": True}
        for key, value in tags("on-demand").items()
    ]
    sizes: dict[str, Any] = {"minSize": 1, "desiredCapacity": 2, "maxSize": 3}
    found = one(resource("aws:autoscaling/group:Group", tags=listed, **sizes))
    assert (found.nodes, found.purchase_option) == (Sizes(1, 2, 3), "on-demand")
    assert found.usd_per_month_now == pytest.approx(2 * 32.77 * 730)


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
    assert found.usd_per_month_now == pytest.approx(10 * 0.5 * 730)
    assert found.kgco2e_per_month_now == pytest.approx(10 * 0.12 * 730)
    assert found.plan_line == "plan.yaml pools[trainer].groups[spot]"


def test_a_proposed_commitment_shows_its_list_price_until_it_is_approved() -> None:
    commitment = {
        "digest": DIGEST,
        "pool": "trainer",
        "group": "reserved",
        "provider": "aws",
        "region": "us-east-1",
        "instanceType": "p4d.24xlarge",
        "term": "1y",
        "quantity": 5,
        "usdPerHour": 19.22,
        "onDemandUsdPerHour": 32.77,
        "bindingUsd": 841836.0,
        "breakEvenUtilisation": 0.59,
        "expectedUtilisation": 0.95,
        "lastNodeUtilisation": 0.8,
    }
    capacity_plan = plan(commitments=[commitment])
    record = node_group("reserved", 5, 5, 5, tags=tags("reserved", capacity_plan))
    found = one(record, source(capacity_plan))
    assert found.list_usd_per_month_now == pytest.approx(5 * 32.77 * 730)
    assert "until the commitment is approved" in found.note
    rows = [
        {
            "id": "ri", "option": "reserved", "pool": "trainer", "group": "reserved", "nodes": 5,
            "usdPerHour": 12.77, "decision": "used", "reason": "it is there",
        }
    ]  # fmt: skip
    evidence = {**plan_data()["spec"]["evidence"], "held": rows}
    beside = plan(commitments=[commitment], evidence=evidence)
    both = one(node_group("reserved", 5, 5, 5, tags=tags("reserved", beside)), source(beside))
    # Five of the group's ten nodes are held already.
    assert both.list_usd_per_month_now == pytest.approx(5 * (32.77 + 12.77) / 2 * 730)
    held = one(node_group("reserved", 5, 5, 5))  # no such proposal: it is held
    assert (held.list_usd_per_month_now, held.note) == (None, "")


@pytest.mark.parametrize(
    ("record", "note"),
    [
        (node_group("on-demand", 1, 1, 1, tags={}), "carries no trimtab:pool"),
        (node_group("on-demand", 1, 1, 1, tags=SECRET), "carries no trimtab:pool"),
        (
            node_group("on-demand", 1, 1, 1, tags={**tags("spot"), "trimtab:group": "other"}),
            "the plan has no pools[trainer].groups[other]",
        ),
        (
            node_group("spot", 1, 1, 1, tags={**tags("spot"), "trimtab:plan-digest": "0" * 12}),
            "is of another plan, digest 000000000000",
        ),
        (node_group("spot", UNKNOWN, UNKNOWN, UNKNOWN), "known only once it is deployed"),
        (resource(NODE_GROUP, tags=tags("spot")), "known only once it is deployed"),
        (resource("aws:ec2/instance:Instance"), "no price for this type"),
        (resource("aws:ec2/natGateway:NatGateway", region="eu-south-2"), "no price in eu-south-2"),
        (
            resource("aws:eks/cluster:Cluster", controlPlaneScalingConfig={"tier": "tier-xl"}),
            "controlPlaneScalingConfig.tier changes the price",
        ),
        (
            resource("kubernetes:core/v1:Service", spec={"type": "LoadBalancer"}),
            "spec.type=LoadBalancer costs money",
        ),
        (
            resource("kubernetes:apps/v1:StatefulSet", spec={"volumeClaimTemplates": [{}]}),
            "spec.volumeClaimTemplates costs money",
        ),
        (resource("kubernetes:core/v1:PersistentVolumeClaim"), "no price for this type"),
        (
            resource("kubernetes:helm.toolkit.fluxcd.io/v2:HelmRelease"),
            "what it installs is not seen",
        ),
    ],
)
def test_what_has_no_price_says_why_and_is_never_zero(record: ResourceRecord, note: str) -> None:
    preview = price(recording(record), source(), None)
    (found,) = preview.resources
    assert found.status is Status.NOT_PRICED
    assert found.usd_per_month_now is None
    assert note in found.note
    assert preview.totals.not_priced == 1
    assert preview.totals.usd_per_month_now is None


def test_a_group_without_a_price_still_shows_its_line_and_emissions() -> None:
    offers = [{"instanceType": "x9.metal", "gco2ePerHour": 1000.0}]
    capacity_plan = plan(pools=[pool(groups=[group("od", {"option": "on-demand"}, offers=offers)])])
    record = resource(
        NODE_GROUP,
        tags=tags("od", capacity_plan),
        scalingConfig={"minSize": 1, "desiredSize": 2, "maxSize": 3},
    )
    found = one(record, PlanSource(capacity_plan, "plan.yaml", {("trainer", "od"): 7}))
    assert found.status is Status.NOT_PRICED
    assert found.note == "the plan has no price for x9.metal"
    assert found.kgco2e_per_month_now == pytest.approx(2 * 730)
    assert found.plan_line == "plan.yaml:7 pools[trainer].groups[od]"


def test_without_a_plan_nodes_are_counted_but_not_priced() -> None:
    preview = price(recording(node_group("spot", 1, 2, 3)), None, None)
    assert preview.resources[0].nodes == Sizes(1, 2, 3)
    assert preview.resources[0].note == "the stack has no plan to price it from"
    assert preview.totals.emissions_unknown == 1


@pytest.mark.parametrize(
    ("record", "config", "usd_per_hour"),
    [
        (resource("aws:eks/cluster:Cluster"), {}, 0.10),
        (resource("aws:ec2/eip:Eip"), {}, 0.005),
        (resource("aws:ec2/natGateway:NatGateway"), {"aws_region": "us-east-1"}, 0.045),
        (resource("aws:ec2/natGateway:NatGateway"), {"aws_region": "sa-east-1"}, 0.093),
        (resource("aws:ec2/natGateway:NatGateway"), {}, 0.045),  # the plan's region
        (
            resource("aws:ec2/natGateway:NatGateway", region="ap-southeast-1"),
            {"aws_region": "us-east-1"},
            0.059,
        ),
    ],
)
def test_fixed_prices(record: ResourceRecord, config: dict[str, str], usd_per_hour: float) -> None:
    (found,) = price(recording(record, **config), source(), None).resources
    assert found.status is Status.PRICED
    assert found.usd_per_month_now == pytest.approx(usd_per_hour * 730)
    assert found.usd_per_month_expected == found.usd_per_month_now


def test_an_explicit_providers_region_sets_the_price() -> None:
    provider = resource("pulumi:providers:aws", "far", region="sa-east-1")
    nat = ResourceRecord(
        urn="urn:pulumi:s::p::aws:ec2/natGateway:NatGateway::n",
        type="aws:ec2/natGateway:NatGateway",
        name="n",
        provider=f"{provider.urn}::{UNKNOWN}",
    )
    preview = price(recording(provider, nat, aws_region="us-east-1"), source(), None)
    assert preview.resources[1].usd_per_month_now == pytest.approx(0.093 * 730)


@pytest.mark.parametrize(
    "type_",
    [
        "aws:autoscaling/schedule:Schedule",
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        "aws:ec2/launchTemplate:LaunchTemplate",
        "aws:eks/accessEntry:AccessEntry",
        "kubernetes:core/v1:Namespace",
        "kubernetes:core/v1:Service",
        "kubernetes:rbac.authorization.k8s.io/v1:ClusterRole",
        "pulumi:providers:aws",
    ],
)
def test_free_types(type_: str) -> None:
    assert one(resource(type_)).status is Status.FREE


def test_components_and_what_is_only_read_cost_nothing_of_their_own() -> None:
    component = ResourceRecord("u1", "trimtab:index:Net", "net", custom=False)
    read = ResourceRecord("u2", "aws:eks/cluster:Cluster", "theirs", existing=True)
    chart = ResourceRecord("u3", "kubernetes:helm.sh/v4:Chart", "chart", custom=False)
    preview = price(recording(component, read, chart), source(), None)
    assert [r.status for r in preview.resources] == [
        Status.COMPONENT,
        Status.EXISTING,
        Status.NOT_PRICED,
    ]
    assert preview.totals.priced == 0


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
    assert (found.nodes, found.note, found.status) == (case.sizes, case.note, Status.PRICED)


@given(st.lists(st.integers(0, 50), min_size=1, max_size=6))
def test_resources_of_one_group_share_its_expectation(desired: list[int]) -> None:
    records = [node_group("on-demand", 0, n, 99, name=f"r{i}") for i, n in enumerate(desired)]
    totals = price(recording(*records), source(), None).totals
    assert totals.usd_per_month_expected == pytest.approx(98.31 * HOURS_PER_MONTH)
    assert totals.kgco2e_per_month_expected == pytest.approx(5.7 * HOURS_PER_MONTH)
    assert totals.usd_per_month_now == pytest.approx(sum(desired) * 32.77 * HOURS_PER_MONTH)


def test_totals_count_what_they_leave_out() -> None:
    records = (
        node_group("on-demand", 1, 1, 1, name="a"),
        resource("aws:eks/cluster:Cluster", "b"),
        resource("aws:ec2/vpc:Vpc", "c"),
        resource("aws:rds/instance:Instance", "d"),
    )
    totals = price(recording(*records), source(), None).totals
    assert (totals.priced, totals.free, totals.not_priced) == (2, 1, 1)
    assert totals.usd_per_month_now == pytest.approx((32.77 + 0.10) * 730)


def test_notes_say_what_the_stack_leaves_out_and_when_the_plan_ended() -> None:
    late = datetime(2027, 1, 1, tzinfo=UTC)
    preview = price(recording(node_group("spot", 1, 1, 1)), source(), late)
    assert "2 of the plan's 3 groups have no resource in this stack" in preview.notes
    assert any("expired" in note for note in preview.notes)


def test_windows_are_those_of_the_plans_start_unless_an_instant_is_given() -> None:
    assert price(recording(), source(), None).as_of == START
    assert len(windows((1, 1, 1))) == 1
