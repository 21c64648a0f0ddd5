"""docs/governance.md and its examples: they preview, and the page's arguments are the component's."""

from support.examples import arguments, block, example
from support.recorded import of
from trimtab_components.governance.arguments import CostGovernanceArgs
from trimtab_components.governance.governance import _Checked


def test_the_example_has_the_documents_budgets() -> None:
    records = example("governance")
    amounts = {
        each.inputs["name"]: each.inputs["limitAmount"] for each in of(records, "Budget").values()
    }
    assert amounts == {"assistants": "50000.00", "everything": "80000.00"}
    assert len(of(records, "CostAllocationTag")) == 8


def test_the_pages_arguments_are_the_components() -> None:
    given = arguments(block("governance.md", "python"), "CostGovernance")
    assert given.keys() <= CostGovernanceArgs.__annotations__.keys()
    _Checked.model_validate(given)
