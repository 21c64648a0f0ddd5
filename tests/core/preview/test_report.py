"""The report: the tree in its order, and a JSON document that is stable."""

import json
from pathlib import Path

from support.plans import plan
from support.priced import price
from trimtab.plan.attribution import group_tags
from trimtab.preview.priced import Preview
from trimtab.preview.records import Recording, ResourceRecord
from trimtab.preview.report import document, footnotes, rows, summary, title
from trimtab.pricing.plan_source import PlanSource


def a_preview() -> Preview:
    capacity_plan = plan()
    pool = capacity_plan.spec.pools[0]
    stack = ResourceRecord("u0", "pulumi:pulumi:Stack", "p-s", custom=False)
    net = ResourceRecord("u1", "trimtab:index:Network", "net", "u0", custom=False)
    vpc = ResourceRecord("u2", "aws:ec2/vpc:Vpc", "vpc", "u1")
    nat = ResourceRecord(
        "u3", "aws:ec2/natGateway:NatGateway", "nat", "u1", {"region": "us-east-1"}
    )
    nodes = ResourceRecord(
        "u4",
        "aws:eks/nodeGroup:NodeGroup",
        "trainer",
        "u0",
        {
            "scalingConfig": {"minSize": 1, "desiredSize": 2, "maxSize": 3},
            "tags": group_tags(capacity_plan, pool, pool.groups[1]),
        },
    )
    database = ResourceRecord("u5", "aws:quicksight/account:Account", "bi", "u0")
    records = (stack, net, vpc, nat, nodes, database)
    recording = Recording("p", "s", Path("p"), Path("p"), {}, records, ("a stand-in",))
    lines = {("trainer", "on-demand"): 60}
    return price(recording, PlanSource(capacity_plan, "plan.yaml", lines))


def test_the_tree_shows_parents_before_children_with_their_figures() -> None:
    shown = [(row["resource"], row["nodes"], row["usd_per_month_now"]) for row in rows(a_preview())]
    assert shown == [
        ("p-s  Stack", "", ""),
        ("├─ trainer  eks.NodeGroup", "1/2/3", "47,848.20"),
        ("├─ bi  quicksight.Account", "", "not priced"),
        ("└─ net  Network", "", ""),
        ("   ├─ nat  ec2.NatGateway", "", "37.35"),
        ("   └─ vpc  ec2.Vpc", "", "free"),
    ]


def test_free_siblings_alike_share_a_row_and_the_document_keeps_them_all() -> None:
    stack = ResourceRecord("s", "pulumi:pulumi:Stack", "p-s", custom=False)
    schedules = [
        ResourceRecord(f"a{i}", "aws:autoscaling/schedule:Schedule", f"at-{i}", "s")
        for i in range(4)
    ]
    routes = [ResourceRecord(f"r{i}", "aws:ec2/route:Route", f"to-{i}", "s") for i in range(3)]
    recording = Recording("p", "s", Path("p"), Path("p"), {}, (stack, *schedules, *routes))
    preview = price(recording, None)
    assert [row["resource"] for row in rows(preview)] == [
        "p-s  Stack",
        "├─ 4 x autoscaling.Schedule",
        "├─ to-0  ec2.Route",
        "├─ to-1  ec2.Route",
        "└─ to-2  ec2.Route",
    ]
    assert len(document(preview, "recorder")["resources"]) == 8


def test_footnotes_are_numbered_in_the_order_of_the_tree() -> None:
    preview = a_preview()
    assert footnotes(preview) == [
        "by default, root disk, gp2: $6.00 ($2.00 to $8.00); EKS's own size, 20 GiB",
        "no estimator of aws:quicksight/account:Account",
        "by default, data processed: $4.50 ($0.00 to $45.00)",
    ]
    assert [row["mark"] for row in rows(preview)] == ["", "1", "2", "", "3", ""]


def test_the_summary_counts_what_is_not_priced() -> None:
    text = "\n".join(summary(a_preview()))
    assert "2 priced, 1 free, 1 not priced, 2 by default in part" in text
    # Two machines of the plan at 32.77 an hour and two disks at 2.00; a gateway at 0.045 and 4.50.
    assert "47,885.55" in text
    # From a machine and its disk without traffic (23,924.10 and 32.85) to four, which the plan may ask
    # for, with a disk each, and 1,000 GB at 0.045 (95,688.40, 8.00, 32.85 and 45.00).
    assert "within    $23,957 to $95,774" in text


def test_a_resource_whose_parent_is_not_shown_is_a_root() -> None:
    orphan = ResourceRecord("u1", "aws:ec2/vpc:Vpc", "vpc", "urn:gone")
    recording = Recording("p", "s", Path("p"), Path("p"), {}, (orphan,))
    assert [row["resource"] for row in rows(price(recording, None))] == ["vpc  ec2.Vpc"]


def test_the_document_is_json_with_units_in_its_keys() -> None:
    preview = a_preview()
    data = document(preview, "recorder")
    assert json.loads(json.dumps(data, allow_nan=False)) == data
    assert data["plan"]["digest"] == plan().digest
    assert data["as_of"] == "2026-11-01T00:00:00Z"
    (nodes,) = (r for r in data["resources"] if r["name"] == "trainer")
    assert nodes == {
        "urn": "u4",
        "type": "aws:eks/nodeGroup:NodeGroup",
        "name": "trainer",
        "parent": "u0",
        "status": "priced",
        "nodes": {"min": 1, "desired": 2, "max": 3},
        "purchase_option": "on-demand",
        "usd_per_month_now": 47848.2,
        "usd_per_month_expected": 71772.3,
        "usd_per_month_low": 23924.1,
        "usd_per_month_high": 95696.4,
        "list_usd_per_month_now": None,
        "kgco2e_per_month_now": 2774.0,
        "kgco2e_per_month_expected": 4161.0,
        "plan_line": "plan.yaml:60 pools[trainer].groups[on-demand]",
        "on_default": True,
        "charges": [
            {
                "label": "root disk, gp2",
                "basis": "default",
                "usd_per_month_low": 2.0,
                "usd_per_month_expected": 6.0,  # the plan expects three nodes
                "usd_per_month_high": 8.0,
            },
            {
                "label": "worker nodes: p4d.24xlarge, on-demand",
                "basis": "plan",
                "usd_per_month_low": 23922.1,  # a machine at 32.77 an hour
                "usd_per_month_expected": 71766.3,
                "usd_per_month_high": 95688.4,  # four
            },
        ],
        "note": "by default, root disk, gp2: $6.00 ($2.00 to $8.00); EKS's own size, 20 GiB",
    }
    assert set(data["totals"]) == set(preview.totals._fields)


def test_the_title_names_the_plan_or_says_that_there_is_none() -> None:
    digest = plan().digest
    assert title(a_preview()) == (
        f"p, stack s: plan example ({digest}) in plan.yaml at 2026-11-01T00:00:00Z"
    )
    nothing = Recording("p", "s", Path("p"), Path("p"), {}, ())
    assert title(price(nothing, None)) == "p, stack s: no plan"


def test_the_table_shows_the_plans_file_without_its_folder() -> None:
    preview = a_preview()
    assert preview.source is not None
    far = PlanSource(preview.source.plan, "far/away/plan.yaml", {("trainer", "on-demand"): 60})
    again = price(preview.recording, far)
    assert rows(again)[1]["plan_line"] == "plan.yaml:60 pools[trainer].groups[on-demand]"
    assert (
        again.resources[4].estimate.plan_line
        == "far/away/plan.yaml:60 pools[trainer].groups[on-demand]"
    )
