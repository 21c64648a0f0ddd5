"""Who may use the cluster: access entries, each with its policies or Kubernetes groups.

Machines have entries of their own types, which EKS lets in as nodes and nothing else. Source: EKS user
guide, "Create access entries", and CreateAccessEntry's reference, 2026-11.
"""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, NotRequired, Self, TypedDict

import pulumi
import pulumi_aws as aws
from pydantic import Field, model_validator

from trimtab.provision.arguments import Arguments
from trimtab.provision.eks.roles import partition
from trimtab_components.eks.late import LatePrincipalArn

EntryType = Literal["STANDARD", "EC2", "EC2_LINUX", "EC2_WINDOWS", "HYBRID_LINUX", "FARGATE_LINUX"]
ADMIN_POLICY = "AmazonEKSClusterAdminPolicy"
AUTO_NODE_POLICY = "AmazonEKSAutoNodePolicy"
_TAKES_POLICIES = ("STANDARD", "EC2")
_RESERVED_GROUP = re.compile(r"(?:system|eks|aws|amazon|iam):")
KEY_PATTERN = r"^[a-z0-9][a-z0-9-]{0,29}$"


class ClusterAccessPolicy(TypedDict):
    """What a principal may do, as one of EKS's access policies."""

    policy: str
    """The access policy's name, such as AmazonEKSEditPolicy, or its ARN."""
    namespaces: NotRequired[list[str]]
    """Namespaces that it holds in; default the whole cluster."""


class ClusterAccess(TypedDict):
    """One principal's way into the cluster."""

    principal_arn: pulumi.Input[str]
    """The IAM role or user; each has one entry at most."""
    type: NotRequired[str]
    """STANDARD (people and programs, the default), or machines: EC2 (Auto Mode), EC2_LINUX,
    EC2_WINDOWS, HYBRID_LINUX, FARGATE_LINUX."""
    groups: NotRequired[list[str]]
    """Kubernetes groups that role bindings in the cluster name; type STANDARD only."""
    policies: NotRequired[list[ClusterAccessPolicy]]
    """EKS access policies; types STANDARD and EC2 only."""


class AccessPolicy(Arguments):
    """`ClusterAccessPolicy`, checked."""

    policy: Annotated[
        str,
        Field(pattern=r"^(AmazonEKS\w+|arn:aws[a-z-]*:eks::aws:cluster-access-policy/\w+)$"),
    ]
    namespaces: tuple[Annotated[str, Field(pattern=r"^[a-z0-9*][a-z0-9*-]{0,62}$")], ...] = ()


class Access(Arguments):
    """`ClusterAccess`, checked."""

    principal_arn: LatePrincipalArn
    type: EntryType = "STANDARD"
    groups: tuple[str, ...] = ()
    policies: tuple[AccessPolicy, ...] = ()

    @model_validator(mode="after")
    def _allowed(self) -> Self:
        if self.groups and self.type != "STANDARD":
            raise ValueError(f"groups: an entry of type {self.type} takes none; drop them")
        if self.policies and self.type not in _TAKES_POLICIES:
            raise ValueError(f"policies: an entry of type {self.type} takes none; drop them")
        for group in self.groups:
            if _RESERVED_GROUP.match(group):
                raise ValueError(
                    f"groups: EKS refuses {group}; give a policy such as {ADMIN_POLICY} instead"
                )
        names = [policy.policy for policy in self.policies]
        if len(set(names)) < len(names):
            raise ValueError(
                "policies: one is named twice; give each once, with all its namespaces"
            )
        return self


def policy_arn(policy: str, region: str) -> str:
    """The ARN of an access policy given by name or ARN."""
    if policy.startswith("arn:"):
        return policy
    return f"arn:{partition(region)}:eks::aws:cluster-access-policy/{policy}"


def access_entry(
    name: str,
    access: Access,
    cluster_name: pulumi.Input[str],
    *,
    region: str,
    tags: Mapping[str, str],
    parent: pulumi.Resource,
) -> aws.eks.AccessEntry:
    """An access entry `name`, and an association `<name>-<policy>` for each of its policies."""
    child = pulumi.ResourceOptions(parent=parent)
    entry = aws.eks.AccessEntry(
        name,
        cluster_name=cluster_name,
        principal_arn=access.principal_arn,
        type=access.type,
        kubernetes_groups=list(access.groups) or None,
        tags=dict(tags),
        opts=child,
    )
    for each in access.policies:
        scope: dict[str, Any] = {"type": "cluster"}
        if each.namespaces:
            scope = {"type": "namespace", "namespaces": list(each.namespaces)}
        aws.eks.AccessPolicyAssociation(
            f"{name}-{each.policy.rpartition('/')[2]}",
            cluster_name=cluster_name,
            principal_arn=entry.principal_arn,
            policy_arn=policy_arn(each.policy, region),
            access_scope=aws.eks.AccessPolicyAssociationAccessScopeArgs(**scope),
            opts=child,
        )
    return entry


def administrator(
    name: str,
    arn: str,
    cluster_name: pulumi.Input[str],
    *,
    region: str,
    tags: Mapping[str, str],
    parent: pulumi.Resource,
) -> None:
    """A principal that administers the cluster, by its ARN alone."""
    # Named by the principal: dropping one from the list leaves the others alone.
    who = f"{name}-admin-{arn.partition('::')[2].replace(':', '-').replace('/', '-')}"
    child = pulumi.ResourceOptions(parent=parent)
    entry = aws.eks.AccessEntry(
        who,
        cluster_name=cluster_name,
        principal_arn=arn,
        type="STANDARD",
        tags=dict(tags),
        opts=child,
    )
    aws.eks.AccessPolicyAssociation(
        who,
        cluster_name=cluster_name,
        principal_arn=entry.principal_arn,
        policy_arn=policy_arn(ADMIN_POLICY, region),
        access_scope=aws.eks.AccessPolicyAssociationAccessScopeArgs(type="cluster"),
        opts=child,
    )
