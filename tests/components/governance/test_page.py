"""docs/governance.md and its examples: they preview."""

from support.examples import example
from support.recorded import of


def test_the_example_has_the_documents_budgets() -> None:
    records = example("governance")
    amounts = {
        each.inputs["name"]: each.inputs["limitAmount"] for each in of(records, "Budget").values()
    }
    assert amounts == {"assistants": "50000.00", "everything": "80000.00"}
    assert len(of(records, "CostAllocationTag")) == 8
