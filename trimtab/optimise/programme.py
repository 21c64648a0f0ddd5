"""The whole two-stage programme of a checked problem, and where each quantity stands in it."""

from dataclasses import dataclass

from trimtab.optimise.draft import BUDGETED, Charge, Condition, Draft, Named, Part, Purchase
from trimtab.optimise.first_stage import Committed, first_stage
from trimtab.optimise.layout import Layout
from trimtab.optimise.lp import Array, Arrays, Indices
from trimtab.optimise.second_stage import Use, second_stage
from trimtab.optimise.serving import Serving, serve
from trimtab.optimise.validate import Data


@dataclass(frozen=True, eq=False)
class Programme:
    """The programme as arrays, and the columns by what they mean."""

    arrays: Arrays
    data: Data
    layout: Layout
    committed: Committed
    purchases: tuple[Purchase, ...]
    uses: tuple[Use, ...]
    serving: Serving
    charges: tuple[Charge, ...]
    emissions: tuple[tuple[Indices, Array], ...]
    named: tuple[Named, ...]
    constant_usd: float


def build(data: Data, *, elastic: bool = False) -> Programme:
    """Write the programme; elastic, with slack columns that let every named condition give way."""
    draft = Draft(data, elastic)
    layout = Layout(data, elastic)
    committed = first_stage(draft, layout)
    uses = second_stage(draft, layout, committed)
    serving = serve(draft, layout, uses)
    _carbon(draft)
    _budgets(draft, layout)
    return Programme(
        draft.model.arrays(),
        data,
        layout,
        committed,
        tuple(draft.purchases),
        tuple(uses),
        serving,
        tuple(draft.charges),
        tuple(draft.emissions),
        tuple(draft.named),
        draft.constant_usd,
    )


def _carbon(draft: Draft) -> None:
    limits = draft.data.problem.limits
    if limits.carbon_usd_per_kg:
        for columns, kg in draft.emissions:
            draft.charge(Part.CARBON, -1, columns, limits.carbon_usd_per_kg * kg)
    if limits.carbon_cap_kg is not None:
        row = draft.model.rows((1,), upper=limits.carbon_cap_kg)
        for columns, kg in draft.emissions:
            draft.model.add(row[0], columns, kg)
        draft.name(Condition.CARBON, "", limits.carbon_cap_kg, row)


def _budgets(draft: Draft, layout: Layout) -> None:
    for owner, usd in draft.data.problem.limits.budgets_usd.items():
        group = layout.groups.index(owner)
        row = draft.model.rows((1,), upper=usd)
        for charge in draft.charges:
            if charge.group == group and charge.part in BUDGETED:
                draft.model.add(row[0], charge.columns, charge.usd)
        draft.name(Condition.BUDGET, owner, usd, row)
