"""A plan of one pool, the node groups that the capacity function composes of it, and its answers.

The plan is a pool `trainer` with one on-demand group; its windows of four hours hold 2-3-4, then
3-4-6, then 1-2-4 nodes (min-desired-max).
"""

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from support import plans
from support.capacity_requests import NODE_GROUP
from trimtab.plan.document import parse_plan

HOUR = timedelta(hours=1)
FIRST, SECOND, THIRD = (plans.START + each * HOUR for each in (1, 5, 9))
AFTER = plans.START + 13 * HOUR
KEY = "trainer-main-0a1b2c"


def plan(*groups: dict[str, Any], pool: Mapping[str, Any] | None = None, **spec: Any) -> Any:
    """A CapacityPlan of one pool: with these groups, and what `pool` and `spec` change."""
    members = list(groups) or [plans.group("main", {"option": "on-demand"})]
    changes = {"groups": members, **(pool or {})}
    return plans.plan_data(pools=[plans.pool(**changes)], **spec)


PLAN = plan()
DIGEST = parse_plan(PLAN, "plan").digest
RESOURCES = "k8s.io/cluster-autoscaler/node-template/resources"


def expected_group(
    low: int,
    high: int,
    initial: int,
    *,
    bounds: str | None = None,
    raise_to: int | None = None,
    generation: str = "0a1b2c",
    group: str = "main",
    option: str = "on-demand",
    digest: str = DIGEST,
    storage: str = "20Gi",
    **provider: Any,
) -> dict[str, Any]:
    """A composed NodeGroup, in full.

    Args:
        bounds: those decided, and the hour of the window in which they moved: `00 2..4`. Default:
            those asked for, moved in the first window.
    """
    hour, moved = (bounds or f"00 {low}..{high}").split()
    name = f"trainer-{group}-{generation}"
    scaling = {"minSize": low, "maxSize": high}
    return {
        **NODE_GROUP,
        "metadata": {
            "labels": {
                "app.kubernetes.io/managed-by": "trimtab",
                "trimtab.dev/plan": "example",
                "trimtab.dev/plan-digest": digest,
                "trimtab.dev/pool": "trainer",
                "trimtab.dev/group": group,
                "trimtab.dev/generation": generation,
                "trimtab.dev/purchase-option": option,
            },
            "annotations": {
                "crossplane.io/external-name": name,
                "trimtab.dev/bounds": f"2026-11-01T{hour}:00:00Z {moved}",
            },
        },
        "spec": {
            "managementPolicies": ["Observe", "Create", "Update", "Delete"],
            "providerConfigRef": {"kind": "ClusterProviderConfig", "name": "default"},
            "initProvider": {"scalingConfig": {"desiredSize": initial}},
            "forProvider": {
                "region": "us-east-1",
                "clusterName": "ml",
                "nodeRoleArn": "arn:aws:iam::111122223333:role/node",
                "subnetIds": ["subnet-a", "subnet-b"],
                "capacityType": "ON_DEMAND",
                "instanceTypes": ["p4d.24xlarge"],
                "amiType": "AL2023_x86_64_NVIDIA",
                "labels": {
                    "gpu-type": "nvidia-a100",
                    "k8s.amazonaws.com/accelerator": "a100-40gb",
                    "trimtab.dev/pool": "trainer",
                    "trimtab.dev/group": group,
                    "trimtab.dev/purchase-option": option,
                },
                "tags": {
                    "team": "vision",
                    "project": "multimodal",
                    "model": "mm-7b",
                    "managed-by": "trimtab",
                    "trimtab:plan": "example",
                    "trimtab:plan-digest": digest,
                    "trimtab:pool": "trainer",
                    "trimtab:group": group,
                    "trimtab:purchase-option": option,
                    f"{RESOURCES}/ephemeral-storage": storage,
                    f"{RESOURCES}/nvidia.com/gpu": "8",
                },
                "updateConfig": {"maxUnavailable": 1},
                "nodeRepairConfig": {"enabled": False},
                "scalingConfig": scaling
                if raise_to is None
                else {**scaling, "desiredSize": raise_to},
                **provider,
            },
        },
    }


def running(desired: int, *, ready: bool = True, **group: Any) -> dict[str, Any]:
    """The node group as the API server has it, with AWS's desired size."""
    low, high, initial = group.pop("low", 2), group.pop("high", 4), group.pop("initial", 3)
    document = copy.deepcopy(expected_group(low, high, initial, **group))
    document["metadata"]["name"] = "ml-x7k2p"
    document["metadata"]["uid"] = "0f5e"
    document["metadata"]["labels"]["crossplane.io/composite"] = "ml"
    document["spec"]["forProvider"]["tags"]["crossplane-name"] = "ml-x7k2p"
    document["status"] = {
        "atProvider": {"scalingConfig": {"minSize": low, "maxSize": high, "desiredSize": desired}},
        "conditions": [{"type": "Ready", "status": "True" if ready else "False"}],
    }
    return document


REQUIREMENTS = {
    "resources": {
        "capacity-plan": {
            "apiVersion": "trimtab.dev/v1alpha1",
            "kind": "CapacityPlan",
            "matchName": "example",
            "namespace": "team",
        }
    }
}


@dataclass(frozen=True)
class Case:
    """A request, and what matters of the answer: everything but the requirement and the tag.

    Attributes:
        plan_sent: the plan, as `request` takes it.
        groups: the node groups desired, by key, with whether each is ready.
        stands: `resource: state min-desired-max (reason)` of each group in the status.
        plan: the condition PlanUsable: its status, reason and message.
        capacity: the condition CapacityPlanned, likewise.
        changes: the event that tells what the answer changes.
        ready: whether the XR is left to be as ready as its resources are.
    """

    name: str
    plan_sent: Any
    groups: Mapping[str, tuple[dict[str, Any], bool]]
    stands: tuple[str, ...]
    plan: tuple[str, str, str]
    capacity: tuple[str, str, str]
    now: datetime = FIRST
    observed: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    spec: Mapping[str, Any] = field(default_factory=dict)
    ready: bool = True
    ttl: str = "60s"
    changes: str | None = None

    def response(self) -> dict[str, Any]:
        """The whole response as data, but for the XR's status."""
        status, reason, message = self.plan
        resources = {
            key: {"resource": document, "ready": "READY_TRUE" if ready else "READY_FALSE"}
            for key, (document, ready) in self.groups.items()
        }
        # An event tells of what only a person can change.
        warning = {"severity": "SEVERITY_WARNING", "message": f"{reason}: {message}"}
        results = [warning] if status == "FALSE" else []
        if self.changes is not None:
            results.append({"severity": "SEVERITY_NORMAL", "message": self.changes})
        return {
            "meta": {"tag": "a-tag", "ttl": self.ttl},
            "context": {},
            "desired": {
                "composite": {"resource": {}, **({} if self.ready else {"ready": "READY_FALSE"})},
                **({"resources": resources} if resources else {}),
            },
            "conditions": [
                condition("PlanUsable", self.plan),
                condition("CapacityPlanned", self.capacity),
            ],
            "requirements": REQUIREMENTS,
            **({"results": results} if results else {}),
        }


def condition(kind: str, told: tuple[str, str, str]) -> dict[str, str]:
    """A condition of the response, from its status, reason and message."""
    status, reason, message = told
    return {
        "type": kind,
        "status": f"STATUS_CONDITION_{status}",
        "reason": reason,
        "message": message,
    }


def stand(group: Mapping[str, Any]) -> str:
    """A group of the XR's status in one line: `resource: state min-desired-max (reason)`."""
    sizes = "-".join(str(group[each]) for each in ("min", "desired", "max"))
    reason = f" ({group['reason']})" if "reason" in group else ""
    return f"{group['resource']}: {group['state']} {sizes}{reason}"
