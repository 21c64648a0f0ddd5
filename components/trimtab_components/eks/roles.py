"""IAM roles of a cluster: one service may assume each, with AWS's own managed policies."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from trimtab.provision.eks.roles import (
    ASSUME_ACTIONS,
    managed_policy,
    partition,
    policy_document,
    trust_policy,
)


@dataclass(frozen=True)
class ServiceRole:
    """A role and the attachments that must stand before it is used, and until it is not."""

    name: pulumi.Output[str]
    arn: pulumi.Output[str]
    attachments: tuple[pulumi.Resource, ...]


def service_role(
    name: str,
    service: str,
    policies: Sequence[str],
    *,
    region: str,
    tags: Mapping[str, str],
    parent: pulumi.Resource,
    actions: Sequence[str] = ASSUME_ACTIONS,
    role_name: str | None = None,
) -> ServiceRole:
    """A role that one AWS service may assume.

    Args:
        name: the role's resource name; its attachments' begin with it.
        service: as principals name it, for example `eks`.
        policies: names of AWS managed policies (`service-role/Name` where it has a path), or ARNs.
        region: decides the partition.
        tags: of the role.
        parent: the component that it belongs to.
        actions: what the service does with it; EKS's pods and Auto Mode tag the session too.
        role_name: the role's name in IAM, where others must know it beforehand; default Pulumi's choice.
    """
    options = pulumi.ResourceOptions(parent=parent)
    role = aws.iam.Role(
        name,
        name=role_name,
        assume_role_policy=trust_policy(service, region, actions),
        tags=dict(tags),
        opts=options,
    )
    attachments = tuple(
        aws.iam.RolePolicyAttachment(
            f"{name}-{policy.rpartition('/')[2]}",
            role=role.name,
            policy_arn=managed_policy(policy, region),
            opts=options,
        )
        for policy in policies
    )
    return ServiceRole(role.name, role.arn, attachments)


def auto_mode_tags_policy(region: str) -> str:
    """Lets Auto Mode put tags of one's own on machines, volumes and interfaces.

    Its managed policies know EKS's tags alone: a node class with others would launch nothing. Each
    statement holds for the role's own cluster. Source: EKS user guide, "Custom AWS tags for EKS Auto
    resources", 2026-11.
    """
    cluster = "eks:eks-cluster-name"
    mine = {"StringEquals": {f"aws:RequestTag/{cluster}": f"${{aws:PrincipalTag/{cluster}}}"}}
    nodes = {
        "aws:RequestTag/eks:kubernetes-node-class-name": "*",
        "aws:RequestTag/eks:kubernetes-node-pool-name": "*",
    }
    interfaces = {"aws:RequestTag/eks:kubernetes-cni-node-name": "*"}
    stem = f"arn:{partition(region)}:ec2:*:*"
    statements = [
        {
            "Effect": "Allow",
            "Action": ["ec2:CreateFleet", "ec2:CreateLaunchTemplate", "ec2:RunInstances"],
            "Resource": "*",
            "Condition": {**mine, "StringLike": nodes},
        },
        {
            "Effect": "Allow",
            "Action": ["ec2:CreateSnapshot", "ec2:CreateVolume"],
            "Resource": [f"{stem}:volume/*", f"{stem}:snapshot/*"],
            "Condition": mine,
        },
        {
            "Effect": "Allow",
            "Action": "ec2:CreateNetworkInterface",
            "Resource": "*",
            "Condition": {**mine, "StringLike": interfaces},
        },
    ]
    return policy_document(statements)
