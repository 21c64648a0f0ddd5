"""What Crossplane's AWS providers may do, where they keep node groups to a plan and nothing more. Pure.

The cluster is there; the providers make its node groups with their launch templates, placement groups and
scheduled actions. Nothing here buys: a capacity reservation binds money from the moment that it exists, so
who may make one is said by policies that people attach. Describing can't be scoped to resources and is held
to the region.

Sources: the actions that eks, ec2 and autoscaling authorise (service authorization reference), and EKS'
guide on launch templates: who makes a node group of one needs ec2:RunInstances; 2026-11.
"""

import json
from collections.abc import Sequence
from typing import Any

from trimtab.provision.eks.roles import partition

Statement = dict[str, Any]

POD_ACTIONS = ("sts:AssumeRole", "sts:TagSession")
_NODE_GROUPS = (
    "CreateNodegroup",
    "DeleteNodegroup",
    "DescribeNodegroup",
    "DescribeUpdate",
    "UpdateNodegroupConfig",
    "UpdateNodegroupVersion",
)
_TEMPLATES = (
    "CreateLaunchTemplate",
    "CreateLaunchTemplateVersion",
    "DeleteLaunchTemplate",
    "DeleteLaunchTemplateVersions",
    "ModifyLaunchTemplate",
)
_DESCRIBED = (
    "CapacityReservations",
    "Images",
    "InstanceTypeOfferings",
    "InstanceTypes",
    "LaunchTemplates",
    "LaunchTemplateVersions",
    "PlacementGroups",
    "SecurityGroups",
    "Subnets",
    "Tags",
    "Vpcs",
)


def document(statements: Sequence[Statement]) -> str:
    """A policy document, byte for byte the same for the same statements."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)}, sort_keys=True)


def node_groups(cluster: str, region: str) -> list[Statement]:
    """Node groups of a cluster, and what belongs to them."""
    part = partition(region)
    eks, ec2 = f"arn:{part}:eks:{region}:*", f"arn:{part}:ec2:{region}:*"
    here = {"StringEquals": {"aws:RequestedRegion": region}}
    groups = f"arn:{part}:autoscaling:{region}:*:autoScalingGroup:*:autoScalingGroupName/eks-*"
    return [
        {
            "Effect": "Allow",
            "Action": [
                "eks:DescribeCluster",
                "eks:ListNodegroups",
                "eks:ListTagsForResource",
                "eks:TagResource",
                "eks:UntagResource",
                *(f"eks:{each}" for each in _NODE_GROUPS),
            ],
            "Resource": [f"{eks}:cluster/{cluster}", f"{eks}:nodegroup/{cluster}/*/*"],
        },
        {
            "Effect": "Allow",
            "Action": [
                *(f"ec2:{each}" for each in _TEMPLATES),
                "ec2:CreatePlacementGroup",
                "ec2:DeletePlacementGroup",
                "ec2:CreateTags",
                "ec2:DeleteTags",
            ],
            "Resource": [f"{ec2}:launch-template/*", f"{ec2}:placement-group/*"],
        },
        {
            # EKS asks it of who makes a node group of a launch template; instances alone come of it.
            "Effect": "Allow",
            "Action": "ec2:RunInstances",
            "Resource": [f"{ec2}:*/*", f"arn:{part}:ec2:{region}::image/*"],
        },
        {
            "Effect": "Allow",
            "Action": [
                "autoscaling:PutScheduledUpdateGroupAction",
                "autoscaling:DeleteScheduledAction",
                "autoscaling:CreateOrUpdateTags",
                "autoscaling:DeleteTags",
            ],
            "Resource": groups,
        },
        {
            "Effect": "Allow",
            "Action": [
                *(f"ec2:Describe{each}" for each in _DESCRIBED),
                "autoscaling:DescribeAutoScalingGroups",
                "autoscaling:DescribeScheduledActions",
                "autoscaling:DescribeTags",
            ],
            "Resource": "*",
            "Condition": here,
        },
    ]


def pass_node_roles(arns: Sequence[str]) -> list[Statement]:
    """The nodes' roles, handed to EKS and nobody else."""
    return [
        {
            "Effect": "Allow",
            "Action": "iam:PassRole",
            "Resource": list(arns),
            "Condition": {"StringEquals": {"iam:PassedToService": "eks.amazonaws.com"}},
        },
        {"Effect": "Allow", "Action": "iam:GetRole", "Resource": list(arns)},
    ]
