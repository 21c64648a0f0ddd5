"""What Karpenter's controller may do in AWS: as its own installation template has it, no more.

Pure. Machines, templates and profiles are its own when they bear the cluster's tag and a NodePool's or
node class's: it may make such, and touch no others. Describing can't be scoped to resources, so it is
held to the region. Statements that need what is only known later (a role's or a queue's ARN) are apart,
so that all the rest stands in every preview.

Source: aws/karpenter-provider-aws v1.14, getting-started `cloudformation.yaml`, and its troubleshooting
guide on encrypted volumes (the template has no key); 2026-11. Facts carried over; zonal shift and
instance reboot are left out with the features that need them.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from trimtab.provision.eks.roles import partition

Statement = dict[str, Any]

NODE_POOL_TAG = "karpenter.sh/nodepool"
NODE_CLASS_TAG = "karpenter.k8s.aws/ec2nodeclass"
REGION_TAG = "topology.kubernetes.io/region"
CLUSTER_NAME_TAG = "eks:eks-cluster-name"

_MADE = (
    "fleet",
    "instance",
    "volume",
    "network-interface",
    "launch-template",
    "spot-instances-request",
)
_USED = ("security-group", "subnet", "capacity-reservation", "placement-group")
_DESCRIBED = (
    "CapacityReservations",
    "Images",
    "Instances",
    "InstanceStatus",
    "InstanceTypeOfferings",
    "InstanceTypes",
    "LaunchTemplates",
    "PlacementGroups",
    "SecurityGroups",
    "SpotPriceHistory",
    "Subnets",
)


def document(statements: Sequence[Statement]) -> str:
    """A policy document, byte for byte the same for the same statements."""
    return canonical({"Version": "2012-10-17", "Statement": list(statements)})


def canonical(value: Mapping[str, Any]) -> str:
    """JSON, byte for byte the same for the same value."""
    return json.dumps(value, sort_keys=True)


def pod_trust() -> str:
    """Who may assume the controller's role: EKS's pods service alone."""
    return document(
        [
            {
                "Effect": "Allow",
                "Action": ["sts:AssumeRole", "sts:TagSession"],
                "Principal": {"Service": "pods.eks.amazonaws.com"},
            }
        ]
    )


def node_trust(region: str) -> str:
    """Who may assume the nodes' role: EC2, which has a name of its own in China."""
    suffix = "amazonaws.com.cn" if partition(region) == "aws-cn" else "amazonaws.com"
    return document(
        [
            {
                "Effect": "Allow",
                "Action": "sts:AssumeRole",
                "Principal": {"Service": f"ec2.{suffix}"},
            }
        ]
    )


def node_lifecycle(cluster: str, region: str) -> list[Statement]:
    """Launching, tagging and ending the machines of the cluster's NodePools."""
    ec2 = f"arn:{partition(region)}:ec2:{region}"
    owned = f"kubernetes.io/cluster/{cluster}"
    made = [f"{ec2}:*:{kind}/*" for kind in _MADE]
    launch = ["ec2:RunInstances", "ec2:CreateFleet"]
    request = {f"aws:RequestTag/{owned}": "owned", f"aws:RequestTag/{CLUSTER_NAME_TAG}": cluster}
    resource = {f"aws:ResourceTag/{owned}": "owned"}
    requested_pool = {f"aws:RequestTag/{NODE_POOL_TAG}": "*"}
    pool = {f"aws:ResourceTag/{NODE_POOL_TAG}": "*"}
    return [
        _allow(
            "LaunchWith",
            launch,
            [f"{ec2}::image/*", f"{ec2}::snapshot/*", *(f"{ec2}:*:{kind}/*" for kind in _USED)],
        ),
        _allow(
            "LaunchFromOwnTemplates",
            launch,
            f"{ec2}:*:launch-template/*",
            {"StringEquals": resource, "StringLike": pool},
        ),
        _allow(
            "LaunchTagged",
            [*launch, "ec2:CreateLaunchTemplate"],
            made,
            {"StringEquals": request, "StringLike": requested_pool},
        ),
        _allow(
            "TagAtCreation",
            "ec2:CreateTags",
            made,
            {
                "StringEquals": {
                    **request,
                    "ec2:CreateAction": ["RunInstances", "CreateFleet", "CreateLaunchTemplate"],
                },
                "StringLike": requested_pool,
            },
        ),
        _allow(
            "TagOwnMachines",
            "ec2:CreateTags",
            f"{ec2}:*:instance/*",
            {
                "StringEquals": resource,
                "StringLike": pool,
                "StringEqualsIfExists": {f"aws:RequestTag/{CLUSTER_NAME_TAG}": cluster},
                "ForAllValues:StringEquals": {
                    "aws:TagKeys": [CLUSTER_NAME_TAG, "karpenter.sh/nodeclaim", "Name"]
                },
            },
        ),
        _allow(
            "EndOwnMachines",
            ["ec2:TerminateInstances", "ec2:DeleteLaunchTemplate"],
            [f"{ec2}:*:instance/*", f"{ec2}:*:launch-template/*"],
            {"StringEquals": resource, "StringLike": pool},
        ),
    ]


def instance_profiles(cluster: str, region: str) -> list[Statement]:
    """The instance profiles that Karpenter makes for its node classes."""
    profiles = f"arn:{partition(region)}:iam::*:instance-profile/*"
    owned = f"kubernetes.io/cluster/{cluster}"
    resource = {
        f"aws:ResourceTag/{owned}": "owned",
        f"aws:ResourceTag/{REGION_TAG}": region,
    }
    request = {
        f"aws:RequestTag/{owned}": "owned",
        f"aws:RequestTag/{CLUSTER_NAME_TAG}": cluster,
        f"aws:RequestTag/{REGION_TAG}": region,
    }
    requested_class = {f"aws:RequestTag/{NODE_CLASS_TAG}": "*"}
    of_class = {f"aws:ResourceTag/{NODE_CLASS_TAG}": "*"}
    return [
        _allow(
            "MakeProfiles",
            "iam:CreateInstanceProfile",
            profiles,
            {"StringEquals": request, "StringLike": requested_class},
        ),
        _allow(
            "TagProfiles",
            "iam:TagInstanceProfile",
            profiles,
            {
                "StringEquals": {**resource, **request},
                "StringLike": {**of_class, **requested_class},
            },
        ),
        _allow(
            "ChangeOwnProfiles",
            [
                "iam:AddRoleToInstanceProfile",
                "iam:RemoveRoleFromInstanceProfile",
                "iam:DeleteInstanceProfile",
            ],
            profiles,
            {"StringEquals": resource, "StringLike": of_class},
        ),
        _allow("ReadProfiles", "iam:GetInstanceProfile", profiles),
        _allow("ListProfiles", "iam:ListInstanceProfiles", "*"),
    ]


def discovery(cluster: str, region: str) -> list[Statement]:
    """Reading what there is: machines, images, prices, the cluster's endpoint."""
    head = f"arn:{partition(region)}"
    return [
        _allow(
            "DescribeInRegion",
            [f"ec2:Describe{what}" for what in _DESCRIBED],
            "*",
            {"StringEquals": {"aws:RequestedRegion": region}},
        ),
        _allow("ReadImageIds", "ssm:GetParameter", f"{head}:ssm:{region}::parameter/aws/service/*"),
        _allow("ReadPrices", "pricing:GetProducts", "*"),
        _allow("FindEndpoint", "eks:DescribeCluster", f"{head}:eks:{region}:*:cluster/{cluster}"),
    ]


def pass_node_role(role_arn: str) -> list[Statement]:
    """Giving the nodes' role to EC2, and to nothing else."""
    services = ["ec2.amazonaws.com", "ec2.amazonaws.com.cn"]
    return [
        _allow(
            "PassNodeRole",
            "iam:PassRole",
            role_arn,
            {"StringEquals": {"iam:PassedToService": services}},
        )
    ]


def read_interruptions(queue_arn: str) -> list[Statement]:
    """Taking messages off the interruption queue."""
    actions = ["sqs:DeleteMessage", "sqs:GetQueueUrl", "sqs:ReceiveMessage"]
    return [_allow("ReadInterruptions", actions, queue_arn)]


def use_volume_key(key_arn: str, region: str) -> list[Statement]:
    """Starting machines whose volumes a key of one's own encrypts: through EC2, and nothing else."""
    services = [f"ec2.{region}.amazonaws.com", f"ec2.{region}.amazonaws.com.cn"]
    through = {"StringEquals": {"kms:ViaService": services}}
    return [
        _allow(
            "GrantVolumeKey",
            "kms:CreateGrant",
            key_arn,
            {**through, "Bool": {"kms:GrantIsForAWSResource": "true"}},
        ),
        _allow(
            "UseVolumeKey",
            [
                "kms:Decrypt",
                "kms:DescribeKey",
                "kms:GenerateDataKeyWithoutPlaintext",
                "kms:ReEncryptFrom",
                "kms:ReEncryptTo",
            ],
            key_arn,
            through,
        ),
    ]


def queue_policy(queue_arn: str, rule_arns: Sequence[str]) -> list[Statement]:
    """Who may reach the interruption queue: EventBridge, from these rules, and nobody in clear text."""
    return [
        {
            "Sid": "FromTheRules",
            "Effect": "Allow",
            "Principal": {"Service": ["events.amazonaws.com", "sqs.amazonaws.com"]},
            "Action": "sqs:SendMessage",
            "Resource": queue_arn,
            "Condition": {"ArnEquals": {"aws:SourceArn": sorted(rule_arns)}},
        },
        {
            "Sid": "NotInClearText",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "sqs:*",
            "Resource": queue_arn,
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        },
    ]


def _allow(
    sid: str,
    actions: "str | Sequence[str]",
    resources: "str | Sequence[str]",
    condition: dict[str, Any] | None = None,
) -> Statement:
    statement: Statement = {
        "Sid": sid,
        "Effect": "Allow",
        "Action": actions if isinstance(actions, str) else list(actions),
        "Resource": resources if isinstance(resources, str) else list(resources),
    }
    return {**statement, "Condition": condition} if condition else statement
