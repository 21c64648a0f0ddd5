"""When a capacity block's group may have nodes, whoever provisions it."""

from datetime import timedelta

import pytest

from support.plans import START, group
from trimtab.plan.model import Group
from trimtab.provision.capacity_blocks import closed, drains_at

BLOCK = {
    "option": "capacity-block",
    "reservationId": "cr-0123456789abcdef0",
    "startsAt": (START + timedelta(hours=2)).isoformat(),
    "endsAt": (START + timedelta(hours=10)).isoformat(),
}


def block(instance_type: str) -> Group:
    offers = [{"instanceType": instance_type, "usdPerHour": 1.0}]
    return Group.model_validate(group("block", BLOCK, offers=offers))


@pytest.mark.parametrize(
    ("instance_type", "hours", "says"),
    [
        ("p5.48xlarge", 1.9, "has not begun"),
        ("p5.48xlarge", 2, None),
        ("p5.48xlarge", 8.9, None),
        ("p5.48xlarge", 9, "its nodes are drained"),
        ("p6e-gb200.36xlarge", 8.4, None),
        ("p6e-gb200.36xlarge", 8.5, "its nodes are drained"),
        ("p6e-gb200.36xlarge", 99, "its nodes are drained"),
    ],
)
def test_a_block_is_open_from_its_start_to_its_drain(
    instance_type: str, hours: float, says: str | None
) -> None:
    found = closed(block(instance_type), START + timedelta(hours=hours))
    assert (found is None) if says is None else (found is not None and says in found)


def test_another_group_never_closes() -> None:
    other = Group.model_validate(group("g", {"option": "on-demand"}))
    assert drains_at(other) is None
    assert closed(other, START) is None
