"""Budgets from the document that `trimtab diff` reads, and everything else from the plan."""

from pathlib import Path

import pulumi

from trimtab_components import CostGovernance
from trimtab_components.program import user_errors

HERE = Path(__file__).resolve().parent
CONFIG = pulumi.Config("trimtab")

with user_errors():
    costs = CostGovernance(
        "costs",
        {
            "plan": str(HERE / CONFIG.require("plan")),
            "budgets": str(HERE / "budgets.yaml"),
            "emails": ["finops@example.com"],
            "anomalies": {"usd": 250.0, "percentage": 25.0},
        },
    )
    pulumi.export("budgets", costs.budget_names)
    pulumi.export("bill", costs.bucket_name)
