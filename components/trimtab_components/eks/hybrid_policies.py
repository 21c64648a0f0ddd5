"""What machines on premises may do, and who may be one: the policies of their role, as JSON.

Pure. Source: EKS user guide, "Prepare credentials for hybrid nodes", 2026-11. The role may describe this
cluster only, where AWS's example says all of them.
"""

from collections.abc import Mapping
from typing import Any

from trimtab.provision.eks.roles import partition, policy_document

CLUSTER_TAG = "EKSClusterARN"
"""Of an activation and its machines: the cluster that they are of."""


def ssm_trust(account: str, region: str) -> str:
    """Systems Manager of this account and region may hand the role to its machines."""
    stem = f"arn:{partition(region)}:ssm:{region}:{account}"
    condition = {
        "StringEquals": {"aws:SourceAccount": account},
        "ArnEquals": {"aws:SourceArn": f"{stem}:*"},
    }
    return policy_document([_trust("ssm.amazonaws.com", ["sts:AssumeRole"], condition)])


def anywhere_trust(anchor: str) -> str:
    """Roles Anywhere may hand the role to who shows a certificate of the trust anchor, under its CN."""
    service = "rolesanywhere.amazonaws.com"
    source = {"ArnEquals": {"aws:SourceArn": anchor}}
    named = {"StringEquals": {"sts:RoleSessionName": "${aws:PrincipalTag/x509Subject/CN}"}}
    return policy_document(
        [
            _trust(service, ["sts:TagSession", "sts:SetSourceIdentity"], source),
            _trust(service, ["sts:AssumeRole"], {**source, **named}),
        ]
    )


def machines_policy(account: str, cluster_arn: str, region: str, ssm: bool) -> str:
    """What the machines of a cluster do; with `ssm` also to leave Systems Manager."""
    of_cluster = [
        "eks-auth:AssumeRoleForPodIdentity",
        "eks:DescribeCluster",
        "eks:ListAccessEntries",
    ]
    statements: list[dict[str, Any]] = [
        {"Effect": "Allow", "Action": of_cluster, "Resource": cluster_arn}
    ]
    if ssm:
        machines = f"arn:{partition(region)}:ssm:{region}:{account}:managed-instance/*"
        mine = {"StringEquals": {f"ssm:resourceTag/{CLUSTER_TAG}": cluster_arn}}
        deregister = "ssm:DeregisterManagedInstance"
        statements += [
            {"Effect": "Allow", "Action": "ssm:DescribeInstanceInformation", "Resource": "*"},
            {
                "Effect": "Allow",
                "Action": deregister,
                "Resource": machines,
                "Condition": mine,
            },
        ]
    return policy_document(statements)


def _trust(service: str, actions: list[str], condition: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": actions,
        "Condition": dict(condition),
    }
