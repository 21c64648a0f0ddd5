"""A plan's groups as EKS node groups: images, sizes, schedules and disks."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from support.plans import START, group, plan, pool, windows
from trimtab.errors import InputError
from trimtab.plan.eks import AmiFamily
from trimtab.plan.sizing import Sizes
from trimtab.provision.eks.groups import (
    BlockCapacity,
    NodeGroupShape,
    OpenCapacity,
    Volume,
    node_group_shape,
)
from trimtab.provision.eks.schedules import UNCHANGED, ScheduledSize
from trimtab.provision.sized_groups import sized_groups

BLOCK = {
    "option": "capacity-block",
    "reservationId": "cr-0123456789abcdef0",
    "endsAt": (START + timedelta(hours=10)).isoformat(),
}


def shape(
    purchase: dict[str, Any] | None = None,
    *,
    hours: float = 0,
    family: AmiFamily = "AL2023",
    autoscaled: bool = False,
    running: dict[str, Sizes] | None = None,
    **changes: Any,
) -> NodeGroupShape:
    made = group("g", purchase or {"option": "on-demand"}, **changes)
    as_of = START + timedelta(hours=hours)
    one = plan(pools=[pool(groups=[made])])
    (sized,) = sized_groups(one, as_of, running or {})
    return node_group_shape(
        one,
        sized,
        as_of=as_of,
        family=family,
        volume_gib=200,
        autoscaled=autoscaled,
        extra_tags={"cost-center": "42"},
    )


def at(hours: float) -> datetime:
    return START + timedelta(hours=hours)


NEURON = {"model": "trainium2", "resource": "aws.amazon.com/neuron", "perNode": 16.0}


@pytest.mark.parametrize(
    ("family", "changes", "expected"),
    [
        ("AL2023", {}, "AL2023_x86_64_NVIDIA"),
        ("AL2023", {"accelerator": None}, "AL2023_x86_64_STANDARD"),
        ("AL2023", {"accelerator": NEURON}, "AL2023_x86_64_NEURON"),
        ("AL2023", {"architecture": "arm64"}, "AL2023_ARM_64_NVIDIA"),
        ("AL2023", {"architecture": "arm64", "accelerator": None}, "AL2023_ARM_64_STANDARD"),
        ("BOTTLEROCKET", {}, "BOTTLEROCKET_x86_64_NVIDIA"),
        ("BOTTLEROCKET", {"architecture": "arm64", "accelerator": None}, "BOTTLEROCKET_ARM_64"),
    ],
)
def test_the_image_brings_what_the_group_needs(
    family: AmiFamily, changes: dict[str, Any], expected: str
) -> None:
    assert shape(family=family, **changes).ami_type == expected


@pytest.mark.parametrize(
    ("purchase", "expected"),
    [
        ({"option": "reserved", "term": "1y"}, "ON_DEMAND"),
        ({"option": "on-demand"}, "ON_DEMAND"),
        ({"option": "spot", "pools": 2}, "SPOT"),
        (BLOCK, "CAPACITY_BLOCK"),
    ],
)
def test_the_purchase_option_is_a_capacity_type(purchase: dict[str, Any], expected: str) -> None:
    assert shape(purchase).capacity_type == expected


@pytest.mark.parametrize(
    ("family", "changes", "says"),
    [
        ("BOTTLEROCKET", {"accelerator": NEURON}, "no BOTTLEROCKET image for x86_64 with neuron"),
    ],
)
def test_what_eks_lacks_is_refused(family: AmiFamily, changes: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError, match=says):
        shape(family=family, **changes)


def test_sizes_are_the_windows_and_the_rest_is_scheduled() -> None:
    made = shape()
    assert made.sizes == Sizes(2, 3, 4)
    assert made.schedules == (
        ScheduledSize(at(4), 3, 4, 6),
        ScheduledSize(at(8), 1, 2, 4),
    )
    assert [each.start_time for each in made.schedules] == [
        "2026-11-01T04:00:00Z",
        "2026-11-01T08:00:00Z",
    ]


def test_an_autoscaler_keeps_the_desired_size_and_max_never_falls_under_it() -> None:
    assert shape(autoscaled=True).schedules == (
        ScheduledSize(at(4), 3, UNCHANGED, 6),
        ScheduledSize(at(8), 1, UNCHANGED, 6),
    )


def test_a_schedule_keeps_its_name_while_time_goes_on() -> None:
    early, late = ([each.stamp for each in shape(hours=hours).schedules] for hours in (0, 4))
    assert early == ["20261101t0400z", "20261101t0800z"]
    assert late == early[1:]


def test_a_window_of_nothing_keeps_the_max_that_eks_needs() -> None:
    made = shape(windows=windows((0, 0, 0), (1, 1, 1), (0, 0, 0)))
    assert made.sizes == Sizes(0, 0, 1)
    assert "max held at 1" in str(made.reason)
    assert made.schedules[-1] == ScheduledSize(at(8), 0, 0, 0)  # Auto Scaling itself takes 0


@pytest.mark.parametrize(
    ("hours", "sizes", "starts"),
    [
        (0, Sizes(2, 3, 4), [at(4), at(8), at(9)]),
        (8, Sizes(1, 2, 4), [at(9)]),
        (9, Sizes(0, 0, 1), []),
        (9.5, Sizes(0, 0, 1), []),
    ],
)
def test_a_capacity_block_is_drained_before_it_ends(
    hours: float, sizes: Sizes, starts: list[datetime]
) -> None:
    made = shape(BLOCK, hours=hours)
    assert made.sizes == sizes
    assert [each.start for each in made.schedules] == starts
    if starts:
        assert made.schedules[-1] == ScheduledSize(at(9), 0, 0, 0)


def test_a_capacity_block_names_its_reservation() -> None:
    assert shape(BLOCK).capacity == BlockCapacity("cr-0123456789abcdef0")
    assert shape().capacity == OpenCapacity()


def test_what_runs_is_carried_into_the_sizes() -> None:
    made = shape(running={"trainer-g-0a1b2c": Sizes(0, 7, 9)})
    assert made.sizes == Sizes(2, 7, 7)
    assert "max held at the 7 nodes" in str(made.reason)


@pytest.mark.parametrize(
    ("family", "expected"),
    [
        ("AL2023", (Volume("/dev/xvda", 200),)),
        ("BOTTLEROCKET", (Volume("/dev/xvda", 4), Volume("/dev/xvdb", 200))),
    ],
)
def test_the_volume_that_holds_images_has_the_size(
    family: AmiFamily, expected: tuple[Volume, ...]
) -> None:
    assert shape(family=family).volumes == expected


def test_bottlerocket_tells_the_gpu_operator_what_it_brings() -> None:
    label = "nvidia.com/gpu.deploy.driver"
    assert shape(family="BOTTLEROCKET").labels[label] == "false"
    assert label not in shape(family="BOTTLEROCKET", accelerator=None).labels
    assert label not in shape().labels


def test_tags_say_who_pays_and_which_line_of_the_plan() -> None:
    made = shape()
    assert (
        made.tags.items()
        >= {
            "team": "vision",
            "cost-center": "42",
            "trimtab:pool": "trainer",
            "trimtab:group": "g",
        }.items()
    )
    assert set(made.tags) - set(made.instance_tags) == {"trimtab:plan", "trimtab:plan-digest"}


def test_offers_stay_in_order_of_preference() -> None:
    offers = [{"instanceType": t, "usdPerHour": 1.0} for t in ("p4de.24xlarge", "p4d.24xlarge")]
    assert shape(offers=offers).instance_types == ("p4de.24xlarge", "p4d.24xlarge")


def test_taints_are_in_ekss_words() -> None:
    taints = [
        {"key": "a", "value": "b", "effect": "NoSchedule"},
        {"key": "c", "effect": "PreferNoSchedule"},
        {"key": "d", "effect": "NoExecute"},
    ]
    assert shape(taints=taints).taints == (
        {"key": "a", "value": "b", "effect": "NO_SCHEDULE"},
        {"key": "c", "effect": "PREFER_NO_SCHEDULE"},
        {"key": "d", "effect": "NO_EXECUTE"},
    )


def test_a_long_name_fits_and_keeps_its_generation() -> None:
    long = group("g" * 40, {"option": "on-demand"})
    one = plan(pools=[pool(name="p" * 40, groups=[long])])
    (sized,) = sized_groups(one, START, {})
    made = node_group_shape(
        one,
        sized,
        as_of=START,
        family="AL2023",
        volume_gib=20,
        autoscaled=False,
        extra_tags={},
    )
    assert len(made.name) == 63
    assert made.name.endswith("-0a1b2c")
