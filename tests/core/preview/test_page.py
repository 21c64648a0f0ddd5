"""The page of a stack: nothing cut, nothing left out, and what has no sum is counted."""

from typing import Any

from support.plans import plan
from support.priced import NODE_GROUP, price, recording, source, tags
from trimtab.preview.page import page
from trimtab.preview.records import ResourceRecord

LONG = "a-name-that-no-terminal-of-eighty-columns-could-show-beside-nine-columns-of-figures"


def a_page() -> str:
    def record(urn: str, kind: str, name: str, parent: str, **inputs: Any) -> ResourceRecord:
        custom = not kind.startswith(("pulumi:pulumi", "trimtab:"))
        return ResourceRecord(urn, kind, name, parent, inputs, custom=custom)

    sizes = {"minSize": 1, "desiredSize": 2, "maxSize": 3}
    records = (
        record("s", "pulumi:pulumi:Stack", "p-s", ""),
        record("c", "trimtab:index:HeterogeneousCluster", "ml", "s"),
        record("n", NODE_GROUP, LONG, "c", scalingConfig=sizes, tags=tags("on-demand")),
        record("q", "aws:sqs/queue:Queue", "events", "c"),
        record("d", "aws:quicksight/account:Account", "bi", "c"),
        record("v", "trimtab:index:Network", "net", "s"),
        record("w", "aws:ec2/vpc:Vpc", "vpc", "v"),
    )
    return page(price(recording(*records), source()), "Stack s", ["An opening."])


def test_a_page_shows_every_name_whole_beside_what_it_costs() -> None:
    text = a_page()
    tree = text.partition("## Resources")[2]
    assert f"     47,848.20  │  ├─ {LONG}  eks.NodeGroup  1/2/3  [1]\n" in tree
    assert "    not priced" in tree
    assert "2. no estimator of" in text
    assert r"3. by default, requests: \$0.40 (\$0.00 to \$40.00)" in text


def test_a_part_is_summed_over_all_that_is_below_it() -> None:
    parts = a_page().partition("## Monthly cost")[2].partition("```")[0]
    row = "| `ml` | HeterogeneousCluster | 3 | 47,848.60 | 71,772.70 | 1 not priced |"
    assert row in parts
    assert "`net`" not in parts  # free: no news


def test_a_group_names_its_line_of_the_plan() -> None:
    groups = a_page().partition("## Groups of the plan")[2].partition("##")[0]
    assert f"| `{LONG}` | on-demand | 1/2/3 |" in groups
    assert "`pools[trainer].groups[on-demand]` (plan.yaml:60)" in groups


def test_the_title_and_the_plan_come_first() -> None:
    lines = a_page().splitlines()
    assert lines[0] == "# Stack s"
    assert lines[2] == "An opening."
    assert f"({plan().digest})" in lines[4]


def test_a_stack_without_a_plan_says_so() -> None:
    stack = ResourceRecord("s", "pulumi:pulumi:Stack", "p-s", "", custom=False)
    text = page(price(recording(stack), None), "Stack s", [])
    assert "The stack has no plan." in text
    assert "## Groups of the plan" not in text
