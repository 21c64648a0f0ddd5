"""A plan inside a cluster: the CapacityPlan as a custom resource."""

from collections.abc import Mapping
from functools import cache

import pulumi
import pulumi_kubernetes as kubernetes

from trimtab.plan.document import to_data
from trimtab.plan.model import API_VERSION, KIND, CapacityPlan
from trimtab.plan.schema import crd
from trimtab_components.installation import CLUSTERS_OWN

NAMESPACE = "trimtab-system"
"""Where plans are, unless one says otherwise."""

# A stack of several clusters installs it in each; generating it takes 0.04 s of processor time.
_definition = cache(crd)


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


def plan_and_kind(
    name: str,
    plan: CapacityPlan,
    namespace: str,
    labels: dict[str, str],
    options: pulumi.ResourceOptions,
    *,
    install_crd: bool,
) -> None:
    """The plan as a custom resource, with its namespace and its kind.

    Args:
        name: the resources' names begin with it.
        plan: the plan.
        namespace: where it goes; one that every cluster has is not made.
        labels: of every object.
        options: of each.
        install_crd: whether its kind is installed.
    """
    first: list[pulumi.Resource] = []
    if namespace not in CLUSTERS_OWN:
        first.append(
            kubernetes.core.v1.Namespace(
                f"{name}-namespace", metadata={"name": namespace, "labels": labels}, opts=options
            )
        )
    if install_crd:
        definition = _definition()
        first.append(
            kubernetes.apiextensions.v1.CustomResourceDefinition(
                f"{name}-crd",
                metadata={"name": definition["metadata"]["name"], "labels": labels},
                spec=definition["spec"],
                opts=options,
            )
        )
    after = pulumi.ResourceOptions.merge(options, pulumi.ResourceOptions(depends_on=first))
    plan_object(name, plan, namespace, labels, after)
