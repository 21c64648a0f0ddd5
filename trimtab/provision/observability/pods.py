"""What values of all charts have in common: requests, taints, priority, confinement."""

from collections.abc import Callable
from typing import Any

from trimtab.plan.labels import GROUP_LABEL, POOL_LABEL
from trimtab.plan.model import CapacityPlan, Group
from trimtab.provision.observability.parts import Telemetry

Values = dict[str, Any]
MONITORED: Values = {"enabled": True, "honorLabels": True}
RESTRICTED: Values = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}
"""What a container must be under Kubernetes' restricted standard."""


def requests(cpu: str, memory: str, limit: str | None = None) -> Values:
    """What a container asks for, and the memory that it may use."""
    limits = {"limits": {"memory": limit}} if limit else {}
    return {"requests": {"cpu": cpu, "memory": memory}, **limits}


def tolerations(telemetry: Telemetry) -> list[dict[str, str]]:
    """Of daemons: every taint of the plan's nodes."""
    return [{"key": key, "operator": "Exists"} for key in telemetry.tolerate]


def on_groups(plan: CapacityPlan, wanted: Callable[[Group], bool]) -> Values:
    """Affinity to the nodes of the groups that are wanted; none where the plan has no such group."""
    terms = []
    for pool in plan.spec.pools:
        names = [group.name for group in pool.groups if wanted(group)]
        if names:
            within = [
                {"key": POOL_LABEL, "operator": "In", "values": [pool.name]},
                {"key": GROUP_LABEL, "operator": "In", "values": names},
            ]
            terms.append({"matchExpressions": within})
    if not terms:
        return {}
    required = {"nodeSelectorTerms": terms}
    return {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": required}}


def priority(telemetry: Telemetry) -> Values:
    """The priority class, where one is stated."""
    return {"priorityClassName": telemetry.priority_class} if telemetry.priority_class else {}


def volume(telemetry: Telemetry, store: str, class_key: str) -> Values:
    """A store's volume as most charts have it."""
    own = {class_key: telemetry.storage_class} if telemetry.storage_class else {}
    return {"enabled": True, "size": f"{telemetry.gib[store]}Gi", **own}
