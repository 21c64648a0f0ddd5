"""What the capacity function makes of a plan for EKS, rendered by Crossplane's own engine."""

import copy
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from support import plans
from support.capacity_function import CapacityFunction
from support.crossplane_cli import CrossplaneCli

FUNCTIONS = Path(__file__).parents[2] / "functions"
APIS = FUNCTIONS / "apis" / "nodegroupset"
FUNCTION = "function-trimtab-capacity"
RESOURCE_NAME = "crossplane.io/composition-resource-name"

Document = dict[str, Any]


def plan_around_now(groups: list[Document], **pool: Any) -> Document:
    """A plan of one pool whose first window began an hour ago; the function reads the clock.

    Args:
        groups: from `plans.group`; their windows of equal length begin together.
        pool: what differs of the pool.
    """
    begun = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=1)
    moved = [copy.deepcopy(each) for each in groups]
    for group in moved:
        for window in group["windows"]:
            for end in ("start", "end"):
                at = datetime.fromisoformat(window[end]) - plans.START + begun
                window[end] = at.isoformat()
        purchase = group["purchase"]
        for end in ("startsAt", "endsAt"):
            if end in purchase:
                at = datetime.fromisoformat(purchase[end]) - plans.START + begun
                purchase[end] = at.isoformat()
    return plans.plan_data(
        pools=[plans.pool(groups=moved, **pool)],
        asOf=begun.isoformat(),
        start=begun.isoformat(),
        validUntil=(begun + timedelta(hours=12)).isoformat(),
        site={"provider": "aws", "region": "us-east-1", "zones": ["us-east-1a"]},
    )


def rendered(
    crossplane: CrossplaneCli,
    function: CapacityFunction,
    plan: Mapping[str, Any],
    spec: Mapping[str, Any],
    observed: list[Document] | None = None,
) -> tuple[Document, dict[str, Document]]:
    """A NodeGroupSet of this spec with its status, and what is composed of it, by key."""
    document = yaml.safe_load((FUNCTIONS / "examples" / "xr.yaml").read_text("utf-8"))
    document["spec"] |= {"planRef": {"name": plan["metadata"]["name"]}, **spec}
    placed = {**plan, "metadata": {**plan["metadata"]}}
    placed["metadata"]["namespace"] = document["metadata"]["namespace"]
    xr, *composed = crossplane.render(
        document,
        APIS / "composition.yaml",
        {FUNCTION: function.target},
        xrd=APIS / "definition.yaml",
        required_resources=[placed],
        observed_resources=observed or (),
        results=False,
    )
    return xr, by_key(composed)


def by_key(composed: list[Document]) -> dict[str, Document]:
    """Composed resources by their keys in the pipeline."""
    return {each["metadata"]["annotations"][RESOURCE_NAME]: each for each in composed}


def existing(composed: Mapping[str, Document], namespace: str = "default") -> list[Document]:
    """Composed resources as they stand once the provider has made them.

    Node groups report their Auto Scaling group, launch templates a second version.
    """
    found = []
    for key, document in composed.items():
        made = named(document, key, namespace)
        made["status"] = {
            "conditions": [{"type": "Ready", "status": "True", "reason": "Available"}]
        }
        if made["kind"] == "NodeGroup":
            bounds = made["spec"]["forProvider"]["scalingConfig"]
            made["status"]["atProvider"] = {
                "resources": [{"autoscalingGroups": [{"name": f"eks-{key}"}]}],
                "scalingConfig": {"desiredSize": bounds["minSize"], **bounds},
            }
        if made["kind"] == "LaunchTemplate":
            made["status"]["atProvider"] = {"id": f"lt-{key}", "latestVersion": 2}
        found.append(made)
    return found


def named(document: Document, key: str, namespace: str) -> Document:
    """A rendered resource under a name of its own, as an API server takes it."""
    made = copy.deepcopy(document)
    metadata = made["metadata"]
    made["metadata"] = {
        "name": key,
        "namespace": namespace,
        "labels": metadata["labels"],
        "annotations": metadata["annotations"],
        **({"ownerReferences": metadata["ownerReferences"]} if "status" in made else {}),
    }
    return made
