"""The security group that lets a cluster's EFA interfaces talk."""

from collections.abc import Mapping

import pulumi


def efa_security_group(
    name: str,
    vpc_id: pulumi.Input[str],
    tags: Mapping[str, str],
    opts: pulumi.ResourceOptions,
) -> pulumi.Output[str]:
    """A security group whose members may send each other everything, and nothing else.

    Args:
        name: of the group's resource, and the start of its rules'.
        vpc_id: the cluster's VPC.
        tags: of the group and its rules.
        opts: of all of them: the parent.

    Returns:
        The group's id.
    """
    # The rest of the module is pure, and Karpenter's objects are made without the AWS SDK.
    import pulumi_aws as aws

    group = aws.ec2.SecurityGroup(
        name,
        description="EFA traffic among nodes",
        vpc_id=vpc_id,
        tags=dict(tags),
        opts=opts,
    )
    for direction in (aws.vpc.SecurityGroupIngressRule, aws.vpc.SecurityGroupEgressRule):
        direction(
            f"{name}-{'in' if direction is aws.vpc.SecurityGroupIngressRule else 'out'}",
            security_group_id=group.id,
            referenced_security_group_id=group.id,
            ip_protocol="-1",
            description="Everything among members",
            tags=dict(tags),
            opts=opts,
        )
    return group.id
