"""CapacityBuffers: nodes that Karpenter holds ready for demand that the forecast thinks likely.

Pure. Karpenter follows the pods that are there: the mean of the forecast, on average, and a rise waits
for a machine to boot, minutes with accelerators. The plan's `desired` is what is enough nine hours in
ten, but Karpenter has no `desired`. So the buffer is the difference that uncertainty makes: the 90 %
quantile of the pool's demand less its mean, over the plan's span, in whole nodes. The mean over the
span, for what is expected of an hour of the day comes with its pods; and never more than the NodePools'
limits leave, which bound what Karpenter makes for a buffer as for pods.

A chunk of the buffer is one node's worth: all its accelerators, or its vCPUs where demand is counted in
them (the plan's units of a node are net of what Kubernetes and daemons take). Otherwise the user states
what a chunk asks for. It selects the pool's nodes and bears the taints of all its groups but spot's:
headroom on a machine that may vanish is none.

Source: Karpenter v1.14.1, CapacityBuffer CRD and documentation (alpha); 2026-11.
"""

from collections.abc import Collection, Mapping, Sequence
from math import ceil

from trimtab.errors import InputError
from trimtab.plan.attribution import object_labels
from trimtab.plan.labels import OPTION_LABEL, POOL_LABEL, SPOT_TAINT_VALUE
from trimtab.plan.model import CapacityBlock, CapacityPlan, Group, Owned, Pool, Spot, Taint
from trimtab.provision.charts.cluster import PAUSE
from trimtab.provision.karpenter.shapes import BUFFER_API, KubernetesObject, suffixed

BUFFER_SUFFIX = "-headroom"


def headroom_nodes(pool: Pool, most: int) -> int:
    """Nodes to hold ready.

    Args:
        pool: with the forecast of its demand.
        most: nodes that its NodePools may have.
    """
    group = _steady(pool)
    if group is None:
        return 0
    demand = pool.expected.demand
    return min(ceil(round((demand.high - demand.mean) / group.units_per_node, 9)), most)


def buffer_objects(
    plan: CapacityPlan,
    pool: Pool,
    nodes: int,
    taints: Sequence[Taint],
    namespace: str,
    requests: Mapping[str, str] | None,
    where: str,
) -> tuple[KubernetesObject, KubernetesObject]:
    """The PodTemplate of one chunk, and the CapacityBuffer.

    Args:
        plan: for the labels.
        pool: whose headroom it is.
        nodes: how many.
        taints: those of the pool's nodes.
        namespace: of both.
        requests: what a chunk asks for; None for a node's worth by the plan.
        where: for errors.

    Raises:
        InputError: the plan does not tell a node's worth.
    """
    name = suffixed(pool.name, BUFFER_SUFFIX)
    labels = {**object_labels(plan), POOL_LABEL: pool.name}
    asked = dict(requests) if requests else _worth(pool, where)
    template = {
        "metadata": {"labels": {POOL_LABEL: pool.name}},
        "spec": {
            "containers": [
                {
                    "name": "placeholder",
                    "image": PAUSE.reference,
                    # Accelerators must have limits, and equal ones.
                    "resources": {"requests": asked, "limits": _devices(asked)},
                }
            ],
            "nodeSelector": {POOL_LABEL: pool.name},
            "tolerations": _tolerations(taints),
        },
    }
    return (
        KubernetesObject(
            "v1", "PodTemplate", name, labels, {}, namespace=namespace, body={"template": template}
        ),
        KubernetesObject(
            BUFFER_API,
            "CapacityBuffer",
            name,
            labels,
            {"podTemplateRef": {"name": name}, "replicas": nodes},
            namespace=namespace,
        ),
    )


def _steady(pool: Pool) -> Group | None:
    """The last group that stays: what the pool grows by when the others are full."""
    found = [g for g in pool.groups if not isinstance(g.purchase, Spot | CapacityBlock | Owned)]
    return found[-1] if found else None


def _worth(pool: Pool, where: str) -> dict[str, str]:
    group = _steady(pool) or pool.groups[-1]
    if group.accelerator is not None and group.accelerator.per_node >= 1:
        return {group.accelerator.resource: f"{int(group.accelerator.per_node)}"}
    if pool.unit == "vcpus":
        return {"cpu": f"{int(group.units_per_node * 1000)}m"}
    raise InputError(
        f"buffers: the plan does not tell what a node of pool {pool.name} holds, for its demand is "
        f"counted in {pool.unit}",
        where=where,
        mend=f'give buffers.{pool.name}.requests, such as {{"cpu": "4", "memory": "16Gi"}}',
    )


def _devices(requests: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in requests.items() if "/" in key}


def _tolerations(taints: Collection[Taint]) -> list[dict[str, str]]:
    kept = {
        (taint.key, taint.effect): taint
        for taint in taints
        if (taint.key, taint.value) != (OPTION_LABEL, SPOT_TAINT_VALUE)
    }
    return [
        {"key": t.key, "effect": t.effect}
        | ({"operator": "Equal", "value": t.value} if t.value else {"operator": "Exists"})
        for _, t in sorted(kept.items())
    ]
