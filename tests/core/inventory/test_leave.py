"""Whether an approval gives leave now: the one decision, and what it says."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.inventory.leave import Leave, leave_for, refusal
from trimtab.inventory.model import Approval
from trimtab.inventory.purchase import ReservationLine

GIVEN = datetime(2026, 11, 1, tzinfo=UTC)
ENDS = GIVEN + timedelta(days=14)
NOON = GIVEN + timedelta(hours=12)
LINE = ReservationLine(
    plan="example", pool="trainer", group="held", region="us-east-1", zone="us-east-1a",
    instance_type="p4d.24xlarge", quantity=5, usd_per_hour=32.77,
)  # fmt: skip
APPROVAL = Approval("q4", "example", LINE.digest(), 5, 33.0, "finops@example.com", GIVEN, ENDS)
ASKED: dict[str, Any] = {
    "plan": "example",
    "commitment": LINE.digest(),
    "quantity": 5,
    "usd_per_hour": 32.77,
    "at": NOON,
}

REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "another plan": ({"plan": "prod"}, "it is for the plan example, not prod"),
    "another line": ({"commitment": "sha256:0"}, f"it is for the line {LINE.digest()}"),
    "more nodes": ({"quantity": 6}, "6 nodes are to be bought on it, and 5 are approved"),
    "a higher price": ({"usd_per_hour": 33.5}, "$33.5 an hour is above its ceiling of $33"),
    "a price that is no number": ({"usd_per_hour": float("nan")}, "$nan an hour is above its"),
    "no price": (
        {"usd_per_hour": None},
        "the purchase is not priced, so its ceiling of $33 can't be held against it",
    ),
    "before it is given": (
        {"at": GIVEN - timedelta(seconds=1)}, "it is only given 2026-11-01T00:00:00Z",
    ),
    "when it ends": ({"at": ENDS}, "it expired 2026-11-15T00:00:00Z"),
    "bought, and enlarged": (
        {"bought": True, "quantity": 6}, "6 nodes are to be bought on it, and 5 are approved",
    ),
}  # fmt: skip
ALLOWED: dict[str, dict[str, Any]] = {
    "as it says": {},
    "for any plan": {"plan": None},
    "fewer nodes": {"quantity": 1},
    "at the ceiling": {"usd_per_hour": 33.0},
    "the moment that it is given": {"at": GIVEN},
    "the moment before it ends": {"at": ENDS - timedelta(seconds=1)},
    "bought, and expired": {"bought": True, "at": ENDS + timedelta(days=400)},
}


@pytest.mark.parametrize(("changes", "says"), REFUSED.values(), ids=REFUSED)
def test_what_an_approval_gives_no_leave_for(changes: dict[str, Any], says: str) -> None:
    reason = refusal(APPROVAL, **{**ASKED, **changes})
    assert reason is not None
    assert reason.startswith(says)


@pytest.mark.parametrize("changes", ALLOWED.values(), ids=ALLOWED)
def test_what_it_gives_leave_for(changes: dict[str, Any]) -> None:
    assert refusal(APPROVAL, **{**ASKED, **changes}) is None


def test_a_line_is_bought_on_the_first_approval_that_gives_leave() -> None:
    late = replace(APPROVAL, name="a-late", approved_at=ENDS, expires=ENDS + timedelta(days=1))
    others = [replace(APPROVAL, name="z"), APPROVAL, late]
    assert leave_for(LINE, others, NOON) == Leave(APPROVAL)
    assert leave_for(LINE, reversed(others), NOON) == Leave(APPROVAL)


def test_a_line_without_leave_says_what_each_approval_of_it_lacks() -> None:
    small = replace(APPROVAL, name="small", quantity=4)
    cheap = replace(APPROVAL, name="cheap", ceiling_usd_per_hour=30.0)
    other = replace(APPROVAL, name="other", commitment="sha256:0")
    assert leave_for(LINE, [small, other, cheap], NOON) == Leave(
        None,
        "approval cheap gives no leave: $32.77 an hour is above its ceiling of $30; approval small "
        "gives no leave: 5 nodes are to be bought on it, and 4 are approved",
    )


def test_a_line_that_nobody_approved_says_what_to_record() -> None:
    other = replace(APPROVAL, commitment="sha256:0")
    assert leave_for(LINE, [other], NOON).reason == (
        f"no approval names the line {LINE.digest()} (5 x p4d.24xlarge in us-east-1a); "
        "record a CommitmentApproval of plan example with that digest"
    )


def test_what_is_bought_outlives_its_approval() -> None:
    late = ENDS + timedelta(days=1)
    assert leave_for(LINE, [APPROVAL], late).approval is None
    assert leave_for(LINE, [APPROVAL], late, bought=True).approval is APPROVAL


@given(
    quantity=st.integers(1, 12),
    price=st.floats(0.01, 100) | st.none(),
    hours=st.integers(-48, 480),
    digest=st.sampled_from([LINE.digest(), "sha256:0"]),
)
def test_nothing_is_bought_beyond_what_is_approved(
    quantity: int, price: float | None, hours: int, digest: str
) -> None:
    at = GIVEN + timedelta(hours=hours)
    reason = refusal(
        APPROVAL, plan="example", commitment=digest, quantity=quantity, usd_per_hour=price, at=at
    )
    allowed = (
        digest == APPROVAL.commitment
        and quantity <= 5
        and price is not None
        and price <= 33.0
        and GIVEN <= at < ENDS
    )
    assert (reason is None) == allowed
