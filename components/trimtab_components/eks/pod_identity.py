"""Roles of pods: a service account gets an IAM role through EKS Pod Identity.

The role trusts EKS's pods service alone; which service account of which cluster gets it, the
association says. Source: EKS user guide, "Learn how EKS Pod Identity grants pods access", 2026-11.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, NotRequired, Self, TypedDict

import pulumi
import pulumi_aws as aws
from pydantic import Field, model_validator

from trimtab.provision.arguments import Arguments
from trimtab.provision.eks.roles import POD_ACTIONS
from trimtab_components.eks.late import LateRoleArn
from trimtab_components.eks.roles import service_role


class ClusterPodIdentity(TypedDict):
    """One service account's role: an existing one, or one made with managed policies."""

    namespace: str
    """The service account's namespace."""
    service_account: str
    """The service account's name."""
    role_arn: NotRequired[pulumi.Input[str]]
    """An existing role that trusts pods.eks.amazonaws.com."""
    policies: NotRequired[list[str]]
    """Managed policies of a role to make: AWS's own by name (service-role/Name where it has a path),
    others by ARN."""


class PodIdentity(Arguments):
    """`ClusterPodIdentity`, checked."""

    namespace: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
    service_account: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{0,252}$")]
    role_arn: LateRoleArn = None
    policies: tuple[
        Annotated[str, Field(pattern=r"^((service-role/|job-function/)?\w[\w+=,.@-]*|arn:aws.+)$")],
        ...,
    ] = ()

    @model_validator(mode="after")
    def _one_role(self) -> Self:
        if (self.role_arn is None) == (not self.policies):
            raise ValueError("give role_arn, or policies of a role to make, and not both")
        return self


def pod_identity(
    name: str,
    identity: PodIdentity,
    cluster_name: pulumi.Input[str],
    *,
    region: str,
    tags: Mapping[str, str],
    parent: pulumi.Resource,
    after: Sequence[pulumi.Resource] = (),
) -> None:
    """The association `name`, and the role of that name where one is to be made."""
    role_arn, ready = identity.role_arn, list(after)
    if role_arn is None:
        role = service_role(
            name,
            "pods.eks",
            identity.policies,
            region=region,
            tags=tags,
            parent=parent,
            actions=POD_ACTIONS,
        )
        role_arn = role.arn
        ready += role.attachments
    aws.eks.PodIdentityAssociation(
        name,
        cluster_name=cluster_name,
        namespace=identity.namespace,
        service_account=identity.service_account,
        role_arn=role_arn,
        tags=dict(tags),
        opts=pulumi.ResourceOptions(parent=parent, depends_on=ready),
    )
