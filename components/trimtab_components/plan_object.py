"""A plan inside a cluster: the CapacityPlan as a custom resource."""

from collections.abc import Mapping

import pulumi
import pulumi_kubernetes as kubernetes

from trimtab.plan.document import to_data
from trimtab.plan.model import API_VERSION, KIND, CapacityPlan

NAMESPACE = "trimtab-system"
"""Where plans are, unless one says otherwise."""


def plan_object(
    name: str,
    plan: CapacityPlan,
    namespace: str,
    labels: Mapping[str, str],
    options: pulumi.ResourceOptions,
) -> pulumi.Resource:
    """The plan under its own name, labels and annotations.

    Args:
        name: the resource's name begins with it.
        plan: the plan.
        namespace: where it goes.
        labels: beside the plan's own, and before them.
        options: of the resource.
    """
    return kubernetes.apiextensions.CustomResource(
        f"{name}-plan",
        api_version=API_VERSION,
        kind=KIND,
        metadata=kubernetes.meta.v1.ObjectMetaArgs(
            name=plan.metadata.name,
            namespace=namespace,
            labels={**plan.metadata.labels, **labels},
            annotations=plan.metadata.annotations or None,
        ),
        spec=to_data(plan)["spec"],
        opts=options,
    )
