"""An S3 bucket that nobody reads by mistake: closed to the public, encrypted, reached through TLS alone."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from trimtab.provision.eks.roles import partition, policy_document


@dataclass(frozen=True)
class Bucket:
    """A bucket and what closes it.

    Attributes:
        name: of the bucket.
        guards: what must stand before anything is put in.
    """

    name: pulumi.Output[str]
    guards: tuple[pulumi.Resource, ...]


def closed_bucket(
    name: str,
    *,
    region: str,
    tags: Mapping[str, str],
    parent: pulumi.Resource,
    bucket: str | None = None,
    key: Any = None,
    versioning: bool = False,
    keep: bool = True,
    allow: Callable[[str], Any] | None = None,
) -> Bucket:
    """A bucket.

    Args:
        name: the resources' names.
        bucket: the bucket's own name; default one that Pulumi makes of `name`.
        key: ARN of the KMS key that encrypts it, which may be late; default S3's own keys.
        versioning: whether former versions of objects are kept.
        keep: whether it is protected, and left behind where it goes from the program nevertheless.
        allow: further statements of its policy, which may be late, by its name.
    """
    options = pulumi.ResourceOptions(parent=parent)
    made = aws.s3.Bucket(
        name,
        bucket=bucket,
        tags=dict(tags),
        opts=kept(parent, keep),
    )
    access = aws.s3.BucketPublicAccessBlock(
        name,
        bucket=made.id,
        block_public_acls=True,
        block_public_policy=True,
        ignore_public_acls=True,
        restrict_public_buckets=True,
        opts=options,
    )
    owner = aws.s3.BucketOwnershipControls(
        name,
        bucket=made.id,
        rule={"object_ownership": "BucketOwnerEnforced"},
        opts=options,
    )
    # One data key for the bucket, or each object would ask KMS.
    rule: Any = {"apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"}}
    if key is not None:
        by_key = {"sse_algorithm": "aws:kms", "kms_master_key_id": key}
        rule = {"apply_server_side_encryption_by_default": by_key, "bucket_key_enabled": True}
    encryption = aws.s3.BucketServerSideEncryptionConfiguration(
        name,
        bucket=made.id,
        rules=[rule],
        opts=options,
    )
    guards: list[pulumi.Resource] = [access, owner, encryption]
    if versioning:
        guards.append(
            aws.s3.BucketVersioning(
                name,
                bucket=made.id,
                versioning_configuration={"status": "Enabled"},
                opts=options,
            )
        )
    guards.append(
        aws.s3.BucketPolicy(
            name,
            bucket=made.id,
            policy=made.id.apply(lambda text: _policy(text, region, allow)),
            # Its own block of public policies must not meet it half made.
            opts=pulumi.ResourceOptions(parent=parent, depends_on=[access]),
        )
    )
    return Bucket(made.id, tuple(guards))


def _policy(bucket: str, region: str, allow: Callable[[str], Any] | None) -> Any:
    more: pulumi.Output[Any] = pulumi.Output.from_input(allow(bucket) if allow else [])
    return more.apply(lambda each: policy_document([tls_only(bucket, region), *each]))


def tls_only(bucket: str, region: str) -> dict[str, Any]:
    """Nobody reaches the bucket in clear text."""
    arn = f"arn:{partition(region)}:s3:::{bucket}"
    return {
        "Sid": "NotInClearText",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [arn, f"{arn}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def kept(parent: pulumi.Resource, keep: bool) -> pulumi.ResourceOptions:
    """Options of what holds data: protected, and left behind where it is taken out nevertheless."""
    if not keep:
        return pulumi.ResourceOptions(parent=parent)
    return pulumi.ResourceOptions(parent=parent, protect=True, retain_on_delete=True)
