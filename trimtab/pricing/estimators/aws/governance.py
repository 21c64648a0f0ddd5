"""What guards spending: budgets that act."""

from collections.abc import Iterator

from trimtab.pricing.estimation import Estimation
from trimtab.pricing.estimators import estimates
from trimtab.pricing.model import Gap, Part


@estimates("aws_budgets_budget_action")
def budget_action(_: Estimation) -> Iterator[Part]:
    """By the day, beyond the account's first two budgets with actions: how many it has, nothing here tells."""
    yield Gap(
        "days", "an account's first two budgets with actions are free, and others are not seen"
    )
