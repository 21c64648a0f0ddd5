"""Flux follows a repository: staging first, then production; and an engine for the cluster's rules."""

from pathlib import Path

import pulumi

from trimtab_components import GitOps, PolicyEngine
from trimtab_components.program import user_errors

CONFIG = pulumi.Config("trimtab")
PLAN = str(Path(__file__).resolve().parent / CONFIG.require("plan"))

with user_errors():
    delivery = GitOps(
        "delivery",
        {
            "engine": "flux",
            "url": "https://git.example.org/platform/capacity.git",
            "credentials": {"username": "git", "password": CONFIG.require_secret("gitToken")},
            "environments": [
                {
                    "name": "staging",
                    "path": "clusters/staging",
                    "namespace": "trimtab-staging",
                },
                {"name": "prod", "path": "clusters/prod"},
            ],
            "plan": PLAN,
        },
    )
    rules = PolicyEngine(
        "rules",
        {
            "engine": "gatekeeper",
            "failure_policy": "Fail",
            "sync": ["v1/Namespace"],
            "admission_policies": True,
            "plan": PLAN,
        },
    )
    pulumi.export("planFiles", delivery.plan_files)
    pulumi.export("leftAlone", rules.exempt_namespaces)
