"""Every number of a plan's storage has one sentence."""

from dataclasses import replace

import pytest

from support.storage_needs import grown, stored, tier
from trimtab.explain import covers, explain
from trimtab.inventory.model import Inventory, RunningStorage
from trimtab.plan.document import to_data
from trimtab.plan.model import CapacityPlan

RUNNING = Inventory(running_storage=(RunningStorage("hot", "ebs-gp3", 2000.0),))


def numbers(node: object, path: str) -> list[str]:
    if isinstance(node, dict):
        return [each for key, value in node.items() for each in numbers(value, f"{path}.{key}")]
    if isinstance(node, list):
        return [each for i, value in enumerate(node) for each in numbers(value, f"{path}[{i}]")]
    return [path] if isinstance(node, int | float) and not isinstance(node, bool) else []


@pytest.mark.parametrize(
    "made",
    [
        stored(tier(), forecaster=grown(0.0005, 0.2)),
        stored(tier(gib=200.0), inventory=RUNNING),
        stored(replace(tier(iops=10.0), intent="warm"), site={"provider": "azure", "region": "eastus"}),
    ],
    ids=["grows", "runs", "in steps"],
)  # fmt: skip
def test_every_number_of_a_tier_has_exactly_one_sentence(made: CapacityPlan) -> None:
    said = [each for each in explain(made) if each.path.startswith("spec.storage")]
    for path in numbers(to_data(made)["spec"]["storage"], "spec.storage"):
        assert sum(covers(each, path) for each in said) == 1, path
    assert all(each.sentence and "\n" not in each.sentence for each in said)
    assert all(each.pool is None for each in said)
