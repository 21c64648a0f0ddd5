"""IAM roles of a cluster: who may assume them, and AWS's own managed policies.

Pure. Managed policies are named by ARN, so what a role may do is AWS's list, kept by AWS, and no policy
of ours can grow a wildcard.

Source: EKS user guide, "Amazon EKS cluster IAM role", "Amazon EKS node IAM role" and "Learn how EKS Pod
Identity grants pods access", 2026-11.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

CLUSTER_POLICIES = ("AmazonEKSClusterPolicy",)
NODE_POLICIES = ("AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryPullOnly")
CNI_POLICY = "AmazonEKS_CNI_Policy"
"""Of the node role where the network's add-on has no role of its own."""
ASSUME_ACTIONS = ("sts:AssumeRole",)
POD_ACTIONS = ("sts:AssumeRole", "sts:TagSession")
"""EKS's pods, and Auto Mode, tag the session too."""


def partition(region: str) -> str:
    """The part of AWS that ARNs of the region begin with."""
    if region.startswith("cn-"):
        return "aws-cn"
    return "aws-us-gov" if region.startswith("us-gov-") else "aws"


def managed_policy(policy: str, region: str) -> str:
    """The ARN of a managed policy: AWS's own by its name, any other by its ARN."""
    if policy.startswith("arn:"):
        return policy
    return f"arn:{partition(region)}:iam::aws:policy/{policy}"


def policy_document(statements: Sequence[Mapping[str, Any]]) -> str:
    """A policy of these statements, the same bytes for the same ones."""
    document = {"Version": "2012-10-17", "Statement": list(statements)}
    return json.dumps(document, sort_keys=True)


def trust_policy(service: str, region: str, actions: Sequence[str] = ASSUME_ACTIONS) -> str:
    """Lets one AWS service assume a role.

    Args:
        service: as principals name it, for example `eks`.
        region: decides the partition.
        actions: what the service does with it.
    """
    # EC2's principal alone has a name of its own in China.
    suffix = (
        "amazonaws.com.cn" if (service, partition(region)) == ("ec2", "aws-cn") else "amazonaws.com"
    )
    return policy_document(
        [
            {
                "Effect": "Allow",
                "Action": actions[0] if len(actions) == 1 else list(actions),
                "Principal": {"Service": f"{service}.{suffix}"},
            }
        ]
    )
