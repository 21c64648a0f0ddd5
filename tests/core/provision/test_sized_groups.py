"""Which groups at which sizes: the window at an instant, what runs, and plans that don't fit."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.plans import START, group, plan, pool
from trimtab.errors import InputError, StalePlanError
from trimtab.plan.sizing import Sizes
from trimtab.provision.sized_groups import (
    check_site,
    check_tags,
    instance_tags,
    settable_labels,
    sized_groups,
)

ON_DEMAND = "trainer-on-demand-0a1b2c"


def sizes_of(key: str, hours: float, running: dict[str, Sizes] | None = None) -> Sizes:
    found = sized_groups(plan(), START + timedelta(hours=hours), running or {})
    return next(each for each in found if each.key == key).sizing.sizes


@pytest.mark.parametrize(
    ("hours", "expected"),
    [(-1, (2, 3, 4)), (0, (2, 3, 4)), (3.99, (2, 3, 4)), (4, (3, 4, 6)), (11.9, (1, 2, 4))],
)
def test_the_window_at_the_instant_holds(hours: float, expected: tuple[int, int, int]) -> None:
    assert sizes_of(ON_DEMAND, hours) == Sizes(*expected)


def test_the_windows_after_it_are_later() -> None:
    first, second, third = (
        sized_groups(plan(), START + timedelta(hours=h), {})[1].later for h in (0, 4, 8)
    )
    assert [window.start for window in first] == [START + timedelta(hours=h) for h in (4, 8)]
    assert (len(second), len(third)) == (1, 0)


@pytest.mark.parametrize(
    ("running", "expected"),
    [
        (Sizes(0, 1, 9), Sizes(2, 2, 4)),  # raised to min: EKS refuses a min above desired
        (Sizes(0, 9, 9), Sizes(2, 9, 9)),  # max held at what runs
        (Sizes(0, 4, 9), Sizes(2, 4, 4)),  # the autoscaler's desired stays
    ],
)
def test_what_runs_is_never_cut(running: Sizes, expected: Sizes) -> None:
    assert sizes_of(ON_DEMAND, 0, {ON_DEMAND: running}) == expected


@given(st.integers(0, 50), st.integers(0, 20))
def test_no_size_falls_below_what_runs(desired: int, hours: int) -> None:
    instant = START + timedelta(hours=hours % 12)
    found = sized_groups(plan(), instant, {ON_DEMAND: Sizes(0, desired, 50)})[1].sizing.sizes
    assert found.min <= found.desired <= found.max
    assert found.desired >= desired


def test_a_former_generation_that_still_runs_is_passed_over() -> None:
    old = {"trainer-on-demand-ffffff": Sizes(0, 9, 9)}
    assert sizes_of(ON_DEMAND, 0, old) == Sizes(2, 3, 4)


@pytest.mark.parametrize(
    ("running", "says"),
    [
        ({"serving-on-demand-0a1b2c": Sizes(0, 1, 1)}, "serving-on-demand-0a1b2c is no group"),
        ({"trainer-on-demand": Sizes(0, 1, 1)}, "use one of trainer-on-demand-0a1b2c"),
        ({ON_DEMAND: Sizes(3, 1, 9)}, "give sizes with min <= desired <= max"),
    ],
)
def test_running_that_is_not_the_plans_is_refused(running: dict[str, Sizes], says: str) -> None:
    with pytest.raises(InputError, match=says) as caught:
        sized_groups(plan(), START, running)
    assert "trimtab:running" in str(caught.value)


@pytest.mark.parametrize("late", [timedelta(0), timedelta(days=400)])
def test_an_expired_plan_is_refused(late: timedelta) -> None:
    with pytest.raises(StalePlanError, match=r"trimtab:asOf.*holds until 2026-11-01T12:00:00Z"):
        sized_groups(plan(), START + timedelta(hours=12) + late, {})


@pytest.mark.parametrize(
    ("site", "says"),
    [
        ({"provider": "gcp", "region": "us-central1"}, "for provider gcp, not aws"),
        ({"provider": "aws", "region": "eu-west-1"}, "set aws:region to eu-west-1"),
    ],
)
def test_a_plan_for_elsewhere_is_refused(site: dict[str, Any], says: str) -> None:
    with pytest.raises(StalePlanError, match=says):
        check_site(plan(site=site), "aws", "us-east-1")


def test_a_plan_for_here_is_taken() -> None:
    check_site(plan(), "aws", "us-east-1")


@pytest.mark.parametrize("key", ["managed-by", "trimtab:plan", "trimtab:anything"])
def test_tags_that_are_the_plans_are_refused(key: str) -> None:
    with pytest.raises(InputError, match=f"{key} is set from the plan"):
        check_tags({"cost-center": "1", key: "x"}, "here")


def test_tags_of_machines_do_not_move_with_the_plan() -> None:
    """Else each new plan would make a new launch template version, and roll every node."""
    one, other = plan(), plan(asOf=(START - timedelta(hours=1)).isoformat())
    other = other.model_copy(
        update={"metadata": other.metadata.model_copy(update={"name": "a-day-later"})}
    )
    assert one.digest != other.digest
    member = one.spec.pools[0], one.spec.pools[0].groups[0]
    assert instance_tags(one, *member) == instance_tags(other, *member)
    assert instance_tags(one, *member)["team"] == "vision"


def test_labels_that_the_kubelet_owns_are_not_set() -> None:
    labels = {
        "gpu-type": "nvidia-a100",
        "nvidia.com/gpu.product": "A100",
        "example.com/kubernetes.io": "mine",
        "kubernetes.io/arch": "amd64",
        "node.kubernetes.io/instance-type": "p4d.24xlarge",
        "karpenter.k8s.aws/instance-family": "p4d",
        "eks.amazonaws.com/nodegroup": "x",
    }
    assert list(settable_labels(labels)) == list(labels)[:3]


def test_groups_come_in_the_plans_order() -> None:
    two = plan(pools=[pool(), pool(name="other", groups=[group("x", {"option": "on-demand"})])])
    keys = [each.key for each in sized_groups(two, START, {})]
    assert keys == [
        "trainer-reserved-0a1b2c",
        "trainer-on-demand-0a1b2c",
        "trainer-spot-0a1b2c",
        "other-x-0a1b2c",
    ]


def test_only_the_named_pools_are_provisioned() -> None:
    assert {each.pool.name for each in sized_groups(plan(), START, {}, ["trainer"])} == {"trainer"}
    assert sized_groups(plan(), START, {}, []) == ()
    with pytest.raises(InputError, match=r"plan_pools .*trainr is no pool of the plan; use one of"):
        sized_groups(plan(), START, {}, ["trainr"])
