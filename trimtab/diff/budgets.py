"""Budgets: what owners may spend in a month, and how a change leaves them.

The file is a `trimtab.dev/v1alpha1` document of kind `Budgets`:

    budgets:
      - name: ml
        owner: {team: ml, environment: prod}
        usdPerMonth: 50000
        thresholds: [0.8, 1.0]

A budget is of everything that its owner pays for; without an owner, of everything.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from trimtab import documents
from trimtab.diff.model import BudgetResult, BudgetState, Owner, OwnerCost
from trimtab.errors import InputError
from trimtab.files import read_text
from trimtab.strict import Strict, validated

API_VERSION: Literal["trimtab.dev/v1alpha1"] = "trimtab.dev/v1alpha1"
KIND: Literal["Budgets"] = "Budgets"

Text = Annotated[str, Field(min_length=1, max_length=253)]
Threshold = Annotated[float, Field(gt=0, le=10, allow_inf_nan=False)]


class OwnerSpec(Strict):
    """Whose spending counts; what is not stated is any."""

    team: str = ""
    project: str = ""
    model: str = ""
    environment: str = ""


class BudgetSpec(Strict):
    """One budget."""

    name: Text = Field(description="Unique in the file.")
    owner: OwnerSpec = Field(default=OwnerSpec(), description="Absent: everything.")
    usd_per_month: Annotated[float, Field(gt=0, le=1e12, allow_inf_nan=False)]
    thresholds: Annotated[list[Threshold], Field(min_length=1, max_length=8)] = Field(
        default=[0.8, 1.0],
        description="Shares of the budget at which to speak up; from 1 on it is exceeded.",
    )


class BudgetsDocument(Strict):
    """The file."""

    api_version: Literal["trimtab.dev/v1alpha1"]
    kind: Literal["Budgets"]
    budgets: Annotated[list[BudgetSpec], Field(min_length=1, max_length=1000)]


def budgets_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of the `Budgets` document."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "https://trimtab.dev/schemas/v1alpha1/budgets.json",
        **BudgetsDocument.model_json_schema(by_alias=True),
    }


@dataclass(frozen=True)
class Budget:
    """A budget and where it stands in its file."""

    spec: BudgetSpec
    where: str

    def counts(self, owner: Owner) -> bool:
        """Whether what this owner pays for is the budget's."""
        wanted = self.spec.owner
        return all(
            not (stated := getattr(wanted, name)) or stated == getattr(owner, name)
            for name in ("team", "project", "model", "environment")
        )


def load_budgets(path: Path) -> tuple[Budget, ...]:
    """The budgets of a file.

    Raises:
        InputError: it cannot be read, is no such document, or names a budget twice.
    """
    found = documents.parse_documents(read_text(path), str(path))
    if len(found) != 1:
        raise InputError(
            f"holds {len(found)} documents", where=str(path), mend=f"write one of kind {KIND}"
        )
    document = validated(found[0], BudgetsDocument)
    places = list(found[0]["budgets"].items())
    seen: set[str] = set()
    for budget, place in zip(document.budgets, places, strict=True):
        if budget.name in seen:
            place["name"].fail(f"{budget.name} stands twice", "give each budget a name of its own")
        seen.add(budget.name)
    return tuple(
        Budget(spec, place.document.where(place.path))
        for spec, place in zip(document.budgets, places, strict=True)
    )


def check_budgets(
    budgets: Sequence[Budget], owners: Sequence[OwnerCost], complete: bool
) -> tuple[BudgetResult, ...]:
    """How each budget stands after the change.

    Args:
        budgets: in their file's order.
        owners: what each owner pays before and after.
        complete: whether those are all that they pay: if not, a budget that is not exceeded by what
            is seen is not known to hold.
    """
    return tuple(_check(budget, owners, complete) for budget in budgets)


def _check(budget: Budget, owners: Sequence[OwnerCost], complete: bool) -> BudgetResult:
    of_it = [each for each in owners if budget.counts(each.owner)]
    before = sum(each.before.usd.expected or 0.0 for each in of_it)
    after = sum(each.after.usd.expected or 0.0 for each in of_it)
    limit = budget.spec.usd_per_month
    crossed = max((t for t in budget.spec.thresholds if after > t * limit), default=None)
    newly = crossed is not None and before <= crossed * limit
    if after > limit:
        state = BudgetState.EXCEEDED
    elif not complete or any(each.unpriced for each in of_it):
        state = BudgetState.UNKNOWN
    elif crossed is not None:
        state = BudgetState.WARNED
    else:
        state = BudgetState.WITHIN
    return BudgetResult(budget.spec.name, limit, before, after, state, crossed, newly, budget.where)
