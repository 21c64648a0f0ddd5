"""What people approved, bought: a Savings Plan for the chat pool's line of the estate's plan."""

from pathlib import Path

import pulumi

from trimtab_components import Commitments
from trimtab_components.program import user_errors

HERE = Path(__file__).resolve().parent

with user_errors():
    commitments = Commitments(
        "commitments",
        {
            "approvals": str(HERE / "approvals.yaml"),
            "at": pulumi.Config().require("at"),
            "purchases": {
                "chat-a10g-2026-11": {
                    "approval": "chat-a10g-2026-11",
                    "commitment": "sha256:396901f377072cf4dff6dc1352a375c0e59ef3d1406ff6ab3c046f2881f8b284",
                    "offering_id": "11111111-2222-3333-4444-555555555555",
                    "quantity": 27,
                    "usd_per_hour": 0.634,
                    "owner": {"team": "assistants", "project": "chat"},
                }
            },
        },
    )
    pulumi.export("bought", commitments.savings_plan_ids)
