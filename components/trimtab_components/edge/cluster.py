"""What edge clusters of any distribution have alike: their nodes by the plan, and the plan inside them."""

from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from trimtab.plan.attribution import object_labels
from trimtab.plan.model import CapacityPlan
from trimtab.provision.arguments import instant_of
from trimtab.provision.edge_nodes import EdgeNode, EdgeNodes, edge_nodes
from trimtab.provision.sized_groups import sized_groups
from trimtab_components.edge.arguments import EdgeArguments
from trimtab_components.edge.machines import marked
from trimtab_components.plan_object import plan_and_kind


def planned_nodes(
    settings: EdgeArguments, plan: CapacityPlan, where: str, cluster: str
) -> EdgeNodes:
    """The machines as nodes of the plan's groups.

    Args:
        where: the component's type and name, for errors.
        cluster: what the distribution is called.

    Raises:
        InputError: the arguments do not fit the plan.
        StalePlanError: the plan has expired.
    """
    as_of = instant_of(settings.as_of, plan, where)
    sized_groups(plan, as_of, {})
    return edge_nodes(
        plan,
        as_of,
        [(each.name, each.group) for each in settings.servers],
        {key: [each.name for each in found] for key, found in settings.agents.items()},
        settings.pools,
        where,
        site=settings.site,
        servers_take_work=settings.servers_take_work,
        cluster=cluster,
    )


def plan_inside(
    name: str,
    parent: pulumi.ComponentResource,
    kubeconfig: pulumi.Output[str],
    endpoint: pulumi.Output[str],
    settings: EdgeArguments,
    plan: CapacityPlan,
    nodes: tuple[EdgeNode, ...],
    after: list[Any],
) -> tuple[kubernetes.Provider, dict[str, str], pulumi.ResourceOptions]:
    """The cluster's provider, and by it the plan and the marks of its nodes, once `after` stands.

    Returns:
        The provider, and labels and options of whatever else goes into the cluster.
    """
    provider = kubernetes.Provider(
        name,
        kubeconfig=kubeconfig,
        # Else a kubeconfig that is read anew would preview as a new cluster of everything.
        cluster_identifier=endpoint,
        enable_server_side_apply=True,
        delete_unreachable=settings.delete_unreachable or None,
        opts=pulumi.ResourceOptions(parent=parent, depends_on=after),
    )
    labels = {**settings.labels, **object_labels(plan)}
    options = pulumi.ResourceOptions(parent=parent, provider=provider, depends_on=after)
    plan_and_kind(name, plan, settings.namespace, labels, options, install_crd=settings.install_crd)
    marked(name, nodes, settings.labels, options)
    return provider, labels, options
