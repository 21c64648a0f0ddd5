"""Keys of the cluster: what encrypts Kubernetes' secrets, and the nodes' volumes.

EKS encrypts secrets in any case, with a key of AWS's; a key of one's own adds a record of every use
and the power to withdraw it. A cluster's key can be added later, but neither changed nor removed.

The key's policy hands the key to the account's IAM, action by action; the control plane's role gets
what it needs from a policy of its own. Sources: EKS user guide, "Encrypt Kubernetes secrets with KMS on
existing clusters"; EBS CSI driver, "KMS permissions"; KMS, "Key policies", 2026-11.
"""

from collections.abc import Mapping
from typing import Annotated, Any, NotRequired, Self, TypedDict

import pulumi
import pulumi_aws as aws
from pydantic import Field, model_validator

from trimtab.plan.types import Count, Flag
from trimtab.provision.arguments import Arguments
from trimtab.provision.eks.roles import partition, policy_document
from trimtab_components.eks.late import LateKeyArn

# What the account's administrators do with a key, without a wildcard.
_KEY_ACTIONS = (
    "CancelKeyDeletion",
    "CreateAlias",
    "CreateGrant",
    "Decrypt",
    "DeleteAlias",
    "DescribeKey",
    "DisableKey",
    "DisableKeyRotation",
    "EnableKey",
    "EnableKeyRotation",
    "Encrypt",
    "GenerateDataKey",
    "GenerateDataKeyWithoutPlaintext",
    "GetKeyPolicy",
    "GetKeyRotationStatus",
    "ListGrants",
    "ListKeyPolicies",
    "ListKeyRotations",
    "ListResourceTags",
    "PutKeyPolicy",
    "ReEncryptFrom",
    "ReEncryptTo",
    "RetireGrant",
    "RevokeGrant",
    "RotateKeyOnDemand",
    "ScheduleKeyDeletion",
    "TagResource",
    "UntagResource",
    "UpdateAlias",
    "UpdateKeyDescription",
)
_CONTROL_PLANE_ACTIONS = ("kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:ListGrants")
_VOLUME_ACTIONS = (
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
)
_GRANT_ACTIONS = ("kms:CreateGrant", "kms:ListGrants", "kms:RevokeGrant")


class ClusterEncryption(TypedDict):
    """Keys of one's own; what is not stated is encrypted with AWS's."""

    own_key: NotRequired[bool]
    """Whether to make a key for Kubernetes' secrets; default false."""
    rotation_days: NotRequired[int]
    """How often the made key's material changes, 90 to 2560 days; default 365."""
    deletion_window_days: NotRequired[int]
    """How long a deleted key can be called back, 7 to 30 days; default 30."""
    key_arn: NotRequired[pulumi.Input[str]]
    """An existing key for Kubernetes' secrets, instead."""
    volume_key_arn: NotRequired[pulumi.Input[str]]
    """An existing key for the nodes' volumes, and those of the EBS CSI driver. Its policy must let
    the Auto Scaling service-linked role use it and grant its use."""


class Encryption(Arguments):
    """`ClusterEncryption`, checked."""

    own_key: Flag = False
    rotation_days: Annotated[Count, Field(ge=90, le=2560)] | None = None
    deletion_window_days: Annotated[Count, Field(ge=7, le=30)] | None = None
    key_arn: LateKeyArn = None
    volume_key_arn: LateKeyArn = None

    @model_validator(mode="after")
    def _one_key(self) -> Self:
        if self.own_key and self.key_arn is not None:
            raise ValueError("own_key makes a key, key_arn names one; give one of them")
        for name in ("rotation_days", "deletion_window_days"):
            if getattr(self, name) is not None and not self.own_key:
                raise ValueError(f"{name} is of a key to make; give own_key, or drop it")
        if not self.own_key and self.key_arn is None and self.volume_key_arn is None:
            raise ValueError("says nothing; give own_key, key_arn or volume_key_arn, or drop it")
        return self


def own_key(
    name: str,
    encryption: Encryption,
    *,
    region: str,
    tags: Mapping[str, str],
    parent: pulumi.Resource,
) -> pulumi.Output[str]:
    """A key `<name>-secrets` with an alias of that name; its ARN."""
    child = pulumi.ResourceOptions(parent=parent)
    key = aws.kms.Key(
        f"{name}-secrets",
        description=f"Kubernetes secrets of cluster {name}",
        enable_key_rotation=True,
        rotation_period_in_days=encryption.rotation_days or 365,
        deletion_window_in_days=encryption.deletion_window_days or 30,
        policy=account_id(parent).apply(lambda account: key_policy(account, region)),
        tags={**tags, "Name": f"{name}-secrets"},
        opts=child,
    )
    aws.kms.Alias(
        f"{name}-secrets", name=f"alias/{name}-secrets", target_key_id=key.key_id, opts=child
    )
    return key.arn


def account_id(parent: pulumi.Resource) -> pulumi.Output[str]:
    """The account that the resources are made in."""
    found = aws.get_caller_identity_output(opts=pulumi.InvokeOutputOptions(parent=parent))
    return found.apply(lambda identity: identity.account_id)


def key_policy(account: str, region: str) -> str:
    """A key policy that leaves the key to the account's IAM: in it, `*` is the key itself."""
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:{partition(region)}:iam::{account}:root"},
        "Action": [f"kms:{action}" for action in _KEY_ACTIONS],
        "Resource": "*",
    }
    return policy_document([statement])


def control_plane_policy(key_arn: str) -> str:
    """What the control plane's role does with the key of the secrets."""
    return policy_document([_allow(_CONTROL_PLANE_ACTIONS, key_arn)])


def volume_policy(key_arn: str) -> str:
    """What the EBS CSI driver's role does with the key of the volumes."""
    grants = _allow(_GRANT_ACTIONS, key_arn)
    grants["Condition"] = {"Bool": {"kms:GrantIsForAWSResource": "true"}}
    return policy_document([grants, _allow(_VOLUME_ACTIONS, key_arn)])


def _allow(actions: tuple[str, ...], resource: str) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": resource}
