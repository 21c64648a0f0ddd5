"""Budgets, tags, anomalies and the bill."""

from typing import Any

from support.plans import plan

PLAN = plan()
ROLE = "arn:aws:iam::111122223333:role/budgets"
ROWS: list[tuple[str, str, dict[str, Any]]] = [
    ("CostGovernance", "least", {"plan": PLAN, "region": "us-east-1"}),
    ("CostGovernance", "topic, key, role and policy from elsewhere", {
        "plan": PLAN, "region": "eu-west-1", "emails": ["finops@example.com"],
        "topic_arn": "arn:aws:sns:eu-west-1:111122223333:costs",
        "focus": {"key_arn": "arn:aws:kms:eu-west-1:111122223333:key/1", "granularity": "HOURLY"},
        "actions": {"example-vision": {
            "execution_role_arn": ROLE, "policy_arn": "arn:aws:iam::111122223333:policy/deny",
            "roles": ["trainers"],
        }},
    }),
    ("CostGovernance", "budgets alone", {
        "plan": PLAN, "region": "us-east-1", "export_focus": False, "detect_anomalies": False,
        "cost_allocation_tags": [],
        "budgets": {"apiVersion": "trimtab.dev/v1alpha1", "kind": "Budgets", "budgets": [
            {"name": "all", "usdPerMonth": 100000.0},
            {"name": "vision", "usdPerMonth": 50000.0, "thresholds": [0.5],
             "owner": {"team": "vision", "environment": "prod"}},
        ]},
    }),
]  # fmt: skip
