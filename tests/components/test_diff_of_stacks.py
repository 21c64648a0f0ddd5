"""What this repository's stacks would provision has a price: `trimtab diff /dev/null . --stack X`."""

import functools

import pytest

from support.recorded import REPO
from trimtab.cli.diff_inputs import DiffOptions, priced
from trimtab.diff.model import Diff
from trimtab.plan.document import load_plan
from trimtab.pricing.model import Estimate

CHARTS = ("helm.sh/Chart", "helm.toolkit.fluxcd.io/HelmRelease")
"""What they install is not seen; it runs on nodes that are priced."""
BEARS_NODES = {"aws_eks_node_group", "karpenter.sh/NodePool"}
PLANS = {"cluster": "example", "estate": "estate", "local": "estate"}


@functools.cache
def _diff(stack: str) -> Diff:
    return priced(DiffOptions(("/dev/null", str(REPO)), prices="built-in", stack=stack))


def _after(stack: str) -> list[Estimate]:
    return [found for change in _diff(stack).changes if (found := change.after) is not None]


@pytest.mark.parametrize("stack", ["cluster", "estate", "local"])
def test_whatever_costs_money_has_a_price(stack: str) -> None:
    unpriced = {
        each.resource.key: [gap.reason for gap in each.gaps]
        for each in _after(stack)
        if each.gaps and each.resource.kind not in CHARTS
    }
    assert unpriced == {}


@pytest.mark.parametrize("stack", ["cluster", "estate", "local"])
def test_each_group_of_the_plan_has_priced_machines(stack: str) -> None:
    plan = load_plan(REPO / "stacks" / "plans" / f"{PLANS[stack]}.yaml")
    bearing = [each for each in _after(stack) if each.resource.kind in BEARS_NODES]
    assert {(each.pool, each.group) for each in bearing} == {
        (pool.name, group.name) for pool in plan.spec.pools for group in pool.groups
    }
    for each in bearing:
        assert each.machines, each.resource.key
        assert each.usd_per_month is not None, each.resource.key
        assert each.usd_per_month.expected is not None, each.resource.key
