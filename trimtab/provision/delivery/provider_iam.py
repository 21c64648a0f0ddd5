"""What Crossplane's AWS providers may do, where they keep node groups to a plan and nothing more. Pure.

The cluster is there; the providers make its node groups with their launch templates, placement groups and
scheduled actions. Nothing here buys: a capacity reservation binds money from the moment that it exists, so
who may make one is said by policies that people attach. Launch templates and placement groups are those that
the Compositions tag, Auto Scaling groups those that EKS tags as the cluster's: a region holds other clusters'
too, and who changes a launch template runs what it likes on its nodes. Describing can't be scoped to resources
and is held to the region.

Sources: the actions that eks, ec2 and autoscaling authorise and their condition keys (service authorization
reference), and EKS' guide on launch templates: who makes a node group of one needs ec2:RunInstances; 2026-11.
"""

import json
from collections.abc import Sequence
from typing import Any

from trimtab.plan.labels import MANAGED_BY
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
_MADE = ("CreateLaunchTemplate", "CreatePlacementGroup")
_KEPT = (
    "CreateLaunchTemplateVersion",
    "CreateTags",
    "DeleteLaunchTemplate",
    "DeleteLaunchTemplateVersions",
    "DeletePlacementGroup",
    "DeleteTags",
    "ModifyLaunchTemplate",
)
_TAG = "managed-by"
"""The tag that everything of a plan bears."""
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
    companions = [f"{ec2}:launch-template/*", f"{ec2}:placement-group/*"]
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
            "Action": [f"ec2:{each}" for each in _MADE],
            "Resource": companions,
            "Condition": {"StringEquals": {f"aws:RequestTag/{_TAG}": MANAGED_BY}},
        },
        {
            "Effect": "Allow",
            "Action": "ec2:CreateTags",
            "Resource": companions,
            "Condition": {"StringEquals": {"ec2:CreateAction": list(_MADE)}},
        },
        {
            "Effect": "Allow",
            "Action": [f"ec2:{each}" for each in _KEPT],
            "Resource": companions,
            "Condition": {"StringEquals": {f"aws:ResourceTag/{_TAG}": MANAGED_BY}},
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
            "Condition": {"StringEquals": {"aws:ResourceTag/eks:cluster-name": cluster}},
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
