"""Budgets: what a file may say, and how a change leaves them."""

from pathlib import Path

import pytest

from trimtab.diff.budgets import Budget, BudgetSpec, check_budgets, load_budgets
from trimtab.diff.model import BudgetState, Figures, Owner, OwnerCost
from trimtab.errors import InputError
from trimtab.pricing.amount import ZERO, exactly

HEAD = "apiVersion: trimtab.dev/v1alpha1\nkind: Budgets\nbudgets:\n"


def figures(usd: float) -> Figures:
    return Figures(exactly(usd), ZERO, ZERO)


def cost(owner: Owner, before: float, after: float, unpriced: int = 0) -> OwnerCost:
    return OwnerCost(owner, figures(before), figures(after), figures(after - before), unpriced)


def budget(usd: float = 100.0, **owner: str) -> Budget:
    spec = BudgetSpec.model_validate({"name": "b", "owner": owner, "usdPerMonth": usd})
    return Budget(spec, "b.yaml, line 4")


@pytest.mark.parametrize(
    ("before", "after", "state", "threshold", "newly"),
    [
        (10, 20, BudgetState.WITHIN, None, False),
        (80, 80, BudgetState.WITHIN, None, False),
        (10, 81, BudgetState.WARNED, 0.8, True),
        (85, 81, BudgetState.WARNED, 0.8, False),
        (99, 100.01, BudgetState.EXCEEDED, 1.0, True),
        (120, 110, BudgetState.EXCEEDED, 1.0, False),
    ],
)
def test_a_threshold_is_crossed_from_below(
    before: float, after: float, state: BudgetState, threshold: float | None, newly: bool
) -> None:
    (found,) = check_budgets([budget()], [cost(Owner("ml"), before, after)], complete=True)
    assert (found.state, found.threshold, found.newly) == (state, threshold, newly)
    assert (found.before, found.after) == (before, after)


def test_a_budget_counts_its_owner_and_nobody_else() -> None:
    owners = [
        cost(Owner("ml", environment="prod"), 0, 50),
        cost(Owner("ml", environment="dev"), 0, 7),
        cost(Owner("web"), 0, 1000),
    ]
    whole, ml, prod = check_budgets(
        [budget(), budget(team="ml"), budget(team="ml", environment="prod")], owners, complete=True
    )
    assert (whole.after, ml.after, prod.after) == (1057, 57, 50)


@pytest.mark.parametrize(("complete", "unpriced"), [(False, 0), (True, 1)])
def test_what_is_not_seen_whole_is_not_known_to_hold(complete: bool, unpriced: int) -> None:
    low, high = check_budgets(
        [budget(100.0), budget(10.0)], [cost(Owner("ml"), 0, 50, unpriced)], complete=complete
    )
    assert low.state is BudgetState.UNKNOWN
    assert high.state is BudgetState.EXCEEDED


def test_a_file_is_read_with_its_lines(tmp_path: Path) -> None:
    path = tmp_path / "budgets.yaml"
    path.write_text(
        f"{HEAD}  - name: all\n    usdPerMonth: 1000\n  - name: ml\n    owner: {{team: ml}}\n    usdPerMonth: 9.5\n"
    )
    everything, ml = load_budgets(path)
    assert everything.spec.thresholds == [0.8, 1.0]
    assert ml.counts(Owner("ml", "x"))
    assert not ml.counts(Owner("web"))
    assert "line 6" in ml.where


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "holds 0 documents"),
        (f"{HEAD}  - name: a\n", "usdPerMonth: is missing"),
        (f"{HEAD}  - name: a\n    usdPerMonth: -1\n", "greater than 0"),
        (f"{HEAD}  - name: a\n    usdPerMonth: 1\n    ownr: {{}}\n", "did you mean owner"),
        (f"{HEAD}  - name: a\n    usdPerMonth: 1\n    owner: {{taem: ml}}\n", "did you mean team"),
        (f"{HEAD}  - name: a\n    usdPerMonth: 1\n  - name: a\n    usdPerMonth: 2\n", "line 6"),
        (f"{HEAD}  []\n", "at least 1 item"),
        (HEAD.replace("Budgets", "Budget"), "Budgets"),
    ],
)
def test_a_wrong_file_is_one_clear_error(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "budgets.yaml"
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        load_budgets(path)
    assert message in str(caught.value)
    assert str(path) in str(caught.value)
