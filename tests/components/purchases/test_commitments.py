"""What may be bought: only what a recorded approval allows, and then it is protected."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.inline import preview
from support.sdk_inputs import problems
from trimtab.clock import parse_instant
from trimtab.errors import InputError
from trimtab.inventory.model import Approval
from trimtab_components import Commitments
from trimtab_components.purchases.leave import Purchase, check_leave

LINE = f"sha256:{'a' * 64}"
APPROVALS = f"""\
apiVersion: trimtab.dev/v1alpha1
kind: CommitmentApproval
metadata: {{name: a100s}}
spec:
  plan: prod
  commitment: {LINE}
  quantity: 20
  ceilingUsdPerHour: 14
  approvedBy: finops@example.com
  approvedAt: '2026-11-01T00:00:00Z'
  expires: '2026-11-15T00:00:00Z'
"""
PURCHASE: dict[str, Any] = {
    "approval": "a100s",
    "commitment": LINE,
    "offering_id": "11111111-2222-3333-4444-555555555555",
    "quantity": 20,
    "usd_per_hour": 13.921,
    "owner": {"team": "foundation-models"},
}


@pytest.fixture
def approvals(tmp_path: Path) -> str:
    path = tmp_path / "approvals.yaml"
    path.write_text(APPROVALS, "utf-8")
    return str(path)


def arguments(approvals: str, at: str = "2026-11-02T00:00:00Z", **changes: Any) -> Any:
    purchase = {key: each for key, each in {**PURCHASE, **changes}.items() if each is not None}
    return {"approvals": approvals, "at": at, "purchases": {"a100s": purchase}}


def test_an_approved_line_becomes_a_protected_savings_plan(approvals: str, tmp_path: Path) -> None:
    seen = preview(tmp_path / "own", lambda: Commitments("c", arguments(approvals)))
    (bought,) = (r for r in seen.records if r.type.endswith(":SavingsPlan"))
    assert bought.name == "c-a100s"
    assert bought.inputs["commitment"] == "278.42"
    assert bought.inputs["tags"] == {
        "team": "foundation-models",
        "managed-by": "trimtab",
        "trimtab:plan": "prod",
        "trimtab:commitment": LINE,
        "trimtab:approval": "a100s",
    }
    assert problems(bought.type, bought.inputs) == []


@pytest.mark.parametrize(
    ("at", "changes", "says"),
    [
        ("2026-10-31T00:00:00Z", {}, "it is only given 2026-11-01"),
        ("2026-11-15T00:00:00Z", {}, "it expired 2026-11-15"),
        ("2026-11-02T00:00:00Z", {"quantity": 21}, "21 nodes are to be bought on it, and 20 are"),
        ("2026-11-02T00:00:00Z", {"usd_per_hour": 14.5}, "$14.5 an hour is above its ceiling of $14"),
        ("2026-11-02T00:00:00Z", {"commitment": LINE[:-1] + "b"}, "it is for the line sha256:aaa"),
        ("2026-11-02T00:00:00Z", {"approval": "a100"}, "no approval is named a100; use one of a100s"),
        ("2026-11-16T00:00:00Z", {"bought": "sp-1", "quantity": 21}, "21 nodes are to be bought"),
        ("noon", {}, "at is 'noon'"),
        ("2026-11-02T00:00:00Z", {"offering": "x"}, "offering: unknown field; did you mean offering_id"),
    ],
)  # fmt: skip
def test_what_nobody_approved_is_refused(
    approvals: str, at: str, changes: dict[str, Any], says: str
) -> None:
    with pytest.raises(InputError) as caught:
        Commitments("c", arguments(approvals, at, **changes))
    assert says in str(caught.value)
    assert str(caught.value).startswith('Commitments "c"')


def test_what_is_bought_outlives_its_approval(approvals: str, tmp_path: Path) -> None:
    late = arguments(approvals, "2027-03-01T00:00:00Z", bought="sp-0123")
    seen = preview(tmp_path / "own", lambda: Commitments("c", late))
    before = preview(tmp_path / "own", lambda: Commitments("c", arguments(approvals)))
    assert seen.records == before.records


@given(st.lists(st.integers(1, 12), min_size=1, max_size=6))
def test_no_set_of_purchases_exceeds_its_approval(quantities: list[int]) -> None:
    approval = Approval(
        "a", "p", LINE, 20, 2.0, "me", parse_instant("2026-11-01T00:00:00Z"),
        parse_instant("2026-11-15T00:00:00Z"),
    )  # fmt: skip
    purchases = [
        Purchase(f"n{i}", "a", LINE, "o", quantity, 1.0, {})
        for i, quantity in enumerate(quantities)
    ]
    at = parse_instant("2026-11-02T00:00:00Z")
    if sum(quantities) <= 20:
        check_leave(purchases, [approval], at, "here")
    else:
        with pytest.raises(InputError, match="20 are approved"):
            check_leave(purchases, [approval], at, "here")
