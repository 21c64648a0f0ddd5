"""Cost governance on Pulumi's real engine: made once, changed in place, the bill left behind."""

from typing import Any

import pytest

from support.plans import plan
from support.programs import Program, Programs
from support.stand_in.cloud import Cloud
from trimtab_components import CostGovernance

pytestmark = pytest.mark.engine


def costs(margin: float = 0.1) -> Program:
    arguments: Any = {"plan": plan(), "margin": margin, "emails": ["a@example.com"]}
    return lambda: CostGovernance("c", arguments)


def test_a_budget_moves_in_place_and_the_bill_stays(programs: Programs, cloud: Cloud) -> None:
    stack = programs.use(costs())
    stack.up()
    order = [each.kind for each in cloud.take() if each.call == "create"]
    assert order.index("TopicPolicy") < order.index("Budget")
    assert order.index("BucketPolicy") < order.index("Export")
    assert stack.preview().operations == set()

    programs.use(costs(0.5)).up()
    changed = {(each.call, each.kind) for each in cloud.take() if each.call != "read"}
    assert changed == {("update", "Budget")}

    stack.unprotect()
    stack.destroy()
    assert {each.kind for each in cloud.held.values()} == {"Bucket"}
