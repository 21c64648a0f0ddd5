"""Names, tags and labels of what a plan provisions: one place, so that every consumer agrees.

A resource that costs money carries who pays for it and which plan line it came from. Tags are for
clouds, labels for Kubernetes nodes and objects; both have the same values.
"""

from trimtab.plan.labels import (
    DIGEST_LABEL,
    DIGEST_TAG,
    GROUP_LABEL,
    GROUP_TAG,
    INTERRUPTIBLE_LABEL,
    MANAGED_BY,
    OPTION_LABEL,
    OPTION_TAG,
    PLAN_LABEL,
    PLAN_TAG,
    POOL_LABEL,
    POOL_TAG,
)
from trimtab.plan.model import CapacityPlan, Group, Pool


def group_key(pool: Pool, group: Group) -> str:
    """Name of the group's resources, stable for its generation: `<pool>-<group>-<generation>`."""
    return f"{pool.name}-{group.name}-{group.generation}"


def owner_tags(pool: Pool) -> dict[str, str]:
    """Who pays, as the cost allocation tags `team`, `project`, `model`, `environment`.

    What is not stated is left out: an empty tag would count as attributed.
    """
    stated = pool.owner.model_dump()
    return {key: value for key, value in stated.items() if value}


def plan_tags(plan: CapacityPlan | None) -> dict[str, str]:
    """Tags of a resource that serves the whole plan; without one, who made it."""
    if plan is None:
        return {"managed-by": MANAGED_BY}
    return {
        "managed-by": MANAGED_BY,
        PLAN_TAG: plan.metadata.name,
        DIGEST_TAG: plan.digest,
    }


def group_tags(plan: CapacityPlan, pool: Pool, group: Group) -> dict[str, str]:
    """Tags of a group's resources: owner, plan, pool, group and purchase option."""
    return {
        **owner_tags(pool),
        **plan_tags(plan),
        POOL_TAG: pool.name,
        GROUP_TAG: group.name,
        OPTION_TAG: group.purchase.option,
    }


def node_labels(pool: Pool, group: Group) -> dict[str, str]:
    """Labels of a group's nodes: what selectors ask for, and where the node belongs.

    No digest: a label that moved with every plan would roll the nodes.
    """
    return {
        **pool.labels,
        POOL_LABEL: pool.name,
        GROUP_LABEL: group.name,
        OPTION_LABEL: group.purchase.option,
    }


def plan_label(plan_name: str) -> str:
    """The value of `PLAN_LABEL` for a plan: its name, cut to what a label may hold."""
    return plan_name[:63].rstrip(".-")


def object_labels(plan: CapacityPlan | None) -> dict[str, str]:
    """Labels of Kubernetes objects that a plan provisions; without one, who made them."""
    if plan is None:
        return {"app.kubernetes.io/managed-by": MANAGED_BY}
    return {
        "app.kubernetes.io/managed-by": MANAGED_BY,
        PLAN_LABEL: plan_label(plan.metadata.name),
        DIGEST_LABEL: plan.digest,
    }


def group_object_labels(plan: CapacityPlan, pool: Pool, group: Group) -> dict[str, str]:
    """Labels of a Kubernetes object that provisions a group: whose it is, and what policies ask."""
    return {
        **object_labels(plan),
        POOL_LABEL: pool.name,
        GROUP_LABEL: group.name,
        OPTION_LABEL: group.purchase.option,
        INTERRUPTIBLE_LABEL: "true" if pool.interruptible_share > 0 else "false",
    }
