"""kube-state-metrics' configuration: made for a plan's shape, and the same from week to week."""

from typing import Any

import pytest

from support.plans import group, plan, pool
from trimtab.errors import InputError
from trimtab.provision.observability.plan_metrics import custom_resource_state


def config(*pools: dict[str, Any]) -> dict[str, Any]:
    return custom_resource_state(plan(pools=list(pools)), "test")


def many(pools: int, groups: int) -> list[dict[str, Any]]:
    return [
        pool(
            name=f"p{number}",
            groups=[group(f"g{each}", {"option": "on-demand"}) for each in range(groups)],
        )
        for number in range(pools)
    ]


def entries(made: dict[str, Any]) -> int:
    metrics = made["spec"]["resources"][0]["metrics"]
    return sum(each["name"] == "plan_window_min_nodes" for each in metrics)


def test_names_and_a_few_more_groups_leave_it_as_it_is() -> None:
    renamed = pool(name="other", groups=[group("new", {"option": "on-demand"})])
    assert config(pool()) == config(renamed) == config(*many(3, 2))


@pytest.mark.parametrize(
    ("pools", "groups", "places"),
    [(1, 1, 4 * 4), (3, 3, 4 * 4), (4, 1, 8 * 4), (1, 4, 4 * 8), (1, 16, 4 * 16)],
)
def test_there_is_a_place_to_spare_of_each(pools: int, groups: int, places: int) -> None:
    assert entries(config(*many(pools, groups))) == places


def test_a_large_plan_has_places_for_itself_alone() -> None:
    assert entries(config(*many(14, 16))) == 14 * 16


def test_a_plan_that_no_config_map_holds_is_refused() -> None:
    with pytest.raises(InputError) as caught:
        config(*many(40, 16))
    assert str(caught.value).startswith("test: plan: 640 groups make a configuration of ")
    assert str(caught.value).endswith(
        " bytes for kube-state-metrics; plan fewer groups, or split the plan"
    )
