"""What guards spending costs nothing, but for budgets that act."""

import pytest

from support.estimates import estimate, resource
from trimtab.pricing.model import Status


@pytest.mark.parametrize(
    "kind",
    [
        "aws_bcmdataexports_export",
        "aws_budgets_budget",
        "aws_ce_anomaly_monitor",
        "aws_ce_anomaly_subscription",
        "aws_ce_cost_allocation_tag",
    ],
)
def test_watching_is_free(kind: str) -> None:
    assert estimate(resource(kind)).status is Status.FREE


def test_an_action_is_said_to_be_not_priced() -> None:
    action = estimate(resource("aws_budgets_budget_action"))
    assert action.status is Status.NOT_PRICED
    assert [gap.reason for gap in action.gaps] == [
        "an account's first two budgets with actions are free, and others are not seen"
    ]
