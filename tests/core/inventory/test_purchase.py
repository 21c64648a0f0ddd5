"""Lines of capacity reservations and blocks: what their digests are of."""

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.errors import InputError
from trimtab.inventory.purchase import BlockLine, PurchaseLine, ReservationLine, line_digest

START = datetime(2026, 11, 1, tzinfo=UTC)
RESERVATION = ReservationLine(
    plan="example", pool="trainer", group="held", region="us-east-1", zone="us-east-1a",
    instance_type="p4d.24xlarge", quantity=5, usd_per_hour=32.77,
)  # fmt: skip
BLOCK = BlockLine(
    plan="example", pool="trainer", group="block", region="us-east-1", zone="us-east-1a",
    instance_type="p5.48xlarge", quantity=2, offering_id="cb-0a1b", fee_usd=4800.0,
    starts=START, ends=START + timedelta(hours=48),
)  # fmt: skip
CHANGES: tuple[tuple[PurchaseLine, dict[str, Any]], ...] = tuple(
    (line, change)
    for line, own in (
        (RESERVATION, {"usd_per_hour": 32.78, "ends": START}),
        (BLOCK, {"offering_id": "cb-0a1c", "fee_usd": 4801.0, "starts": START + timedelta(hours=1),
                 "ends": START + timedelta(hours=49)}),
    )
    for field, value in {
        "plan": "other", "pool": "server", "group": "other", "region": "us-east-2",
        "zone": "us-east-1b", "instance_type": "p4de.24xlarge", "quantity": 6, **own,
    }.items()
    for change in ({field: value},)
)  # fmt: skip


@pytest.mark.parametrize(("line", "change"), CHANGES, ids=str)
def test_any_change_of_a_line_changes_its_digest(
    line: PurchaseLine, change: dict[str, Any]
) -> None:
    assert replace(line, **change).digest() != line.digest()


def test_every_field_is_among_those_changes() -> None:
    for line in (RESERVATION, BLOCK):
        changed = {key for each, change in CHANGES if each is line for key in change}
        assert changed == {field.name for field in fields(line)}


def test_what_is_not_priced_has_a_digest_of_its_own() -> None:
    assert replace(RESERVATION, usd_per_hour=None).digest() != RESERVATION.digest()
    assert replace(BLOCK, fee_usd=None).digest() != BLOCK.digest()
    assert replace(BLOCK, fee_usd=None).usd_per_hour is None


def test_a_digest_is_a_commitments_and_of_every_field() -> None:
    identity = {
        "kind": "capacity-block", "plan": "example", "pool": "trainer", "group": "block",
        "region": "us-east-1", "zone": "us-east-1a", "instanceType": "p5.48xlarge", "quantity": 2,
        "offeringId": "cb-0a1b", "feeUsd": 4800.0, "starts": "2026-11-01T00:00:00Z",
        "ends": "2026-11-03T00:00:00Z",
    }  # fmt: skip
    assert BLOCK.identity() == identity
    assert BLOCK.digest() == line_digest(dict(reversed(identity.items())))
    # Recorded approvals name digests: they may not change with a release.
    assert BLOCK.digest() == PINNED_BLOCK
    assert RESERVATION.digest() == PINNED_RESERVATION


PINNED_BLOCK = "sha256:85c39c1490567b22a104f29f775283da707c21a067bae69ccb436a1ea7e18320"
PINNED_RESERVATION = "sha256:39b93cf0f6770a51939d15da1f19be4f0d29da63e48fa00ae9d823d02f7ec286"


@given(
    usd=st.integers(1, 99_999).map(lambda cents: cents / 100),
    zone=st.timezones().map(START.astimezone),
)
def test_the_same_instant_and_price_are_the_same_line(usd: float, zone: datetime) -> None:
    one = replace(RESERVATION, usd_per_hour=usd, ends=START)
    other = replace(RESERVATION, usd_per_hour=usd * (1 + 1e-12), ends=zone)
    assert one.digest() == other.digest()


def test_a_blocks_price_is_its_fee_spread_over_nodes_and_hours() -> None:
    assert (BLOCK.hours, BLOCK.usd_per_hour) == (48.0, 50.0)


@pytest.mark.parametrize(
    ("line", "change", "says"),
    [
        (RESERVATION, {"quantity": 0}, "capacity-reservation of trainer/held: 0 nodes are no purchase"),
        (BLOCK, {"quantity": -1}, "capacity-block of trainer/block: -1 nodes are no purchase"),
        (BLOCK, {"ends": START}, "it starts 2026-11-01T00:00:00Z and ends 2026-11-01T00:00:00Z"),
    ],
)  # fmt: skip
def test_what_is_no_purchase(line: PurchaseLine, change: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError) as caught:
        replace(line, **change)
    assert says in str(caught.value)
