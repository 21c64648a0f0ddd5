"""The control plane: the cluster's resource in EKS, its role and the key of its secrets.

What is not stated is not sent, so that AWS's defaults hold and a cluster that exists is not changed.
Sources: EKS CreateCluster; EKS user guide, "Amazon EKS cluster IAM role" and "Learn about identity and
access in EKS Auto Mode", 2026-11.
"""

from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_aws as aws

from trimtab.provision.eks.roles import ASSUME_ACTIONS, CLUSTER_POLICIES, POD_ACTIONS
from trimtab_components.eks.cluster_args import ClusterSettings
from trimtab_components.eks.encryption import control_plane_policy, own_key
from trimtab_components.eks.hybrid import remote_networks
from trimtab_components.eks.roles import auto_mode_tags_policy, service_role

AUTO_CLUSTER_POLICIES = (
    "AmazonEKSBlockStoragePolicy",
    "AmazonEKSComputePolicy",
    "AmazonEKSLoadBalancingPolicy",
    "AmazonEKSNetworkingPolicy",
)


def control_plane(
    name: str,
    settings: ClusterSettings,
    subnet_ids: Any,
    auto_role_arn: pulumi.Input[str] | None,
    *,
    region: str,
    tags: Mapping[str, str],
    parent: pulumi.Resource,
) -> aws.eks.Cluster:
    """The cluster `name`, its role `<name>-control-plane`, and a key where one is to be made.

    Args:
        name: the cluster's name.
        settings: its checked arguments.
        subnet_ids: where the control plane's interfaces stand.
        auto_role_arn: the role of Auto Mode's nodes; None without it.
        region: of the cluster.
        tags: of everything.
        parent: the component.
    """
    auto = settings.auto
    child = pulumi.ResourceOptions(parent=parent)
    role = service_role(
        f"{name}-control-plane",
        "eks",
        (*CLUSTER_POLICIES, *(AUTO_CLUSTER_POLICIES if auto else ())),
        region=region,
        tags=tags,
        parent=parent,
        actions=POD_ACTIONS if auto else ASSUME_ACTIONS,
    )
    ready: list[pulumi.Resource] = list(role.attachments)
    if auto:
        ready.append(
            aws.iam.RolePolicy(
                f"{name}-control-plane-tags",
                role=role.name,
                policy=auto_mode_tags_policy(region),
                opts=child,
            )
        )
    key = None
    if settings.encryption is not None:
        key = settings.encryption.key_arn
        if settings.encryption.own_key:
            key = own_key(name, settings.encryption, region=region, tags=tags, parent=parent)
    if key is not None:
        ready.append(
            aws.iam.RolePolicy(
                f"{name}-control-plane-key",
                role=role.name,
                policy=pulumi.Output.from_input(key).apply(control_plane_policy),
                opts=child,
            )
        )
    plane = settings.control_plane
    return aws.eks.Cluster(
        name,
        name=settings.cluster_name or name,
        version=settings.kubernetes_version,
        role_arn=role.arn,
        # Add-ons are resources; copies that EKS puts in would be nobody's to update.
        bootstrap_self_managed_addons=False,
        access_config={
            "authentication_mode": "API",
            "bootstrap_cluster_creator_admin_permissions": settings.creator_is_admin,
        },
        vpc_config={
            "subnet_ids": subnet_ids,
            "endpoint_private_access": True,
            "endpoint_public_access": settings.public_endpoint,
            "public_access_cidrs": list(settings.public_access_cidrs) or None,
        },
        **_auto_mode(settings, auto_role_arn),
        encryption_config=(
            {"provider": {"key_arn": key}, "resources": ["secrets"]} if key is not None else None
        ),
        remote_network_config=(
            remote_networks(settings.hybrid) if settings.hybrid is not None else None
        ),
        control_plane_scaling_config={"tier": plane.tier} if plane.tier else None,
        upgrade_policy={"support_type": plane.support} if plane.support else None,
        deletion_protection=plane.deletion_protection,
        zonal_shift_config=(
            {"enabled": plane.zonal_shift} if plane.zonal_shift is not None else None
        ),
        enabled_cluster_log_types=list(settings.log_types) or None,
        tags=dict(tags),
        opts=pulumi.ResourceOptions(
            parent=parent,
            depends_on=ready,
            # They count at creation only, and a change would replace the cluster.
            ignore_changes=[
                "accessConfig.bootstrapClusterCreatorAdminPermissions",
                "bootstrapSelfManagedAddons",
            ],
        ),
    )


def _auto_mode(settings: ClusterSettings, role_arn: pulumi.Input[str] | None) -> dict[str, Any]:
    """Compute, storage and load balancing, which EKS takes all on or all off."""
    if settings.auto_mode is None:
        return {}
    state = {"enabled": settings.auto}
    compute: dict[str, Any] = dict(state)
    if settings.auto:
        # EKS refuses a role without a NodePool of its own to give it to.
        compute["node_pools"] = list(settings.built_in_pools)
        if settings.built_in_pools:
            compute["node_role_arn"] = role_arn
    return {
        "compute_config": compute,
        "storage_config": {"block_storage": state},
        "kubernetes_network_config": {"elastic_load_balancing": state},
    }
