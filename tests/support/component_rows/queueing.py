"""Queues of a plan, and a manager's."""

from typing import Any

from support.plans import plan

PLAN = plan()
ROWS: list[tuple[str, str, dict[str, Any]]] = [
    ("Queueing", "least", {"plan": PLAN}),
    ("Queueing", "by Flux, teams, priorities, topology, requests", {
        "plan": PLAN, "delivery": "flux", "fair_sharing": True,
        "queues": {
            "vision": {"pool": "trainer", "share": 0.6, "namespaces": ["vision"], "weight": 2.0},
            "speech": {"pool": "trainer", "share": 0.3, "team": "speech", "namespaces": ["speech"]},
        },
        "priorities": {"urgent": 1000}, "topologies": {"trainer": ["kubernetes.io/hostname"]},
        "provisioning": {"class_name": "check-capacity.autoscaling.x-k8s.io"},
    }),
    ("Queueing", "a manager of two clusters", {
        "workers": {
            "east": {"plan": PLAN, "kubeconfig": "{}"},
            "west": {"plan": PLAN, "kubeconfig_secret": "west-kubeconfig"},
        },
    }),
]  # fmt: skip
