"""What each CSI driver of AWS may do: its own cluster's volumes, the named keys and buckets, no more.

Pure. Sources: AmazonEBSCSIDriverEKSClusterScopedPolicy.json of aws-ebs-csi-driver 1.64 (a driver since 1.58
tags what it makes with its cluster), iam-policy-example.json of aws-efs-csi-driver 3.4, install.md of
aws-fsx-csi-driver 1.9, "IAM permissions" of Mountpoint for Amazon S3.
"""

from collections.abc import Sequence
from typing import Any

from trimtab.provision.eks.roles import partition
from trimtab.provision.storage.aws import EBS, EFS, FSX, S3

Statement = dict[str, Any]
CLUSTER_TAG = "ebs.csi.aws.com/cluster-name"
EFS_TAG = "efs.csi.aws.com/cluster"


def statements(
    driver: str, cluster: str, region: str, keys: Sequence[str], buckets: Sequence[str]
) -> list[Statement]:
    """A driver's policy.

    Args:
        driver: its name.
        keys: ARNs of KMS keys that its classes' data is encrypted with.
        buckets: names of the buckets that it mounts.
    """
    if driver == EFS:
        # The file system itself holds the key; who mounts it needs none.
        return _efs(region)
    own, service = {
        EBS: (_ebs(cluster, region), "ec2"),
        FSX: (_fsx(region), "fsx"),
        S3: (_s3(sorted(set(buckets)), region), "s3"),
    }[driver]
    return [*own, *_keys(sorted(set(keys)), service, region)]


def _ebs(cluster: str, region: str) -> list[Statement]:
    ec2 = f"arn:{partition(region)}:ec2:{region}:*"
    asked = {"StringEquals": {f"aws:RequestTag/{CLUSTER_TAG}": cluster}}
    owned = {"StringEquals": {f"ec2:ResourceTag/{CLUSTER_TAG}": cluster}}
    volumes, snapshots = f"{ec2}:volume/*", f"arn:{partition(region)}:ec2:{region}::snapshot/*"
    nodes = {"StringEquals": {"ec2:ResourceTag/eks:cluster-name": cluster}}
    made_by = {"ec2:CreateAction": ["CreateVolume", "CreateSnapshot", "CopyVolumes"]}
    return [
        _allow("See", _EBS_READS, "*"),
        _allow("MakeVolumes", ["ec2:CreateVolume", "ec2:CopyVolumes"], volumes, asked),
        _allow("CopyVolumes", ["ec2:CopyVolumes"], volumes, owned),
        _allow("MakeSnapshots", ["ec2:CreateSnapshot"], snapshots, asked),
        _allow("SnapshotVolumes", ["ec2:CreateSnapshot"], volumes, owned),
        _allow(
            "KeepVolumes",
            ["ec2:AttachVolume", "ec2:DeleteVolume", "ec2:DetachVolume", "ec2:ModifyVolume"],
            volumes,
            owned,
        ),
        _allow("UseNodes", ["ec2:AttachVolume", "ec2:DetachVolume"], f"{ec2}:instance/*", nodes),
        _allow(
            "KeepSnapshots",
            [
                "ec2:CreateVolume",
                "ec2:DeleteSnapshot",
                "ec2:EnableFastSnapshotRestores",
                "ec2:LockSnapshot",
            ],
            snapshots,
            owned,
        ),
        _allow(
            "TagWhatIsMade", ["ec2:CreateTags"], [volumes, snapshots], {"StringEquals": made_by}
        ),
    ]


_EBS_READS = [
    "ec2:DescribeAvailabilityZones",
    "ec2:DescribeInstanceTypes",
    "ec2:DescribeInstances",
    "ec2:DescribeSnapshots",
    "ec2:DescribeVolumeStatus",
    "ec2:DescribeVolumes",
    "ec2:DescribeVolumesModifications",
]


def _efs(region: str) -> list[Statement]:
    stem = f"arn:{partition(region)}:elasticfilesystem:{region}:*"
    systems, points = f"{stem}:file-system/*", f"{stem}:access-point/*"
    reads = ["DescribeAccessPoints", "DescribeFileSystems", "DescribeMountTargets"]
    asked = {"StringEquals": {f"aws:RequestTag/{EFS_TAG}": "true"}}
    owned = {"StringEquals": {f"aws:ResourceTag/{EFS_TAG}": "true"}}
    return [
        _allow("SeeZones", ["ec2:DescribeAvailabilityZones"], "*"),
        _allow("See", [f"elasticfilesystem:{each}" for each in reads], [systems, points]),
        _allow("MakeAccessPoints", ["elasticfilesystem:CreateAccessPoint"], systems, asked),
        _allow("TagAccessPoints", ["elasticfilesystem:TagResource"], [systems, points], asked),
        _allow("DropAccessPoints", ["elasticfilesystem:DeleteAccessPoint"], points, owned),
    ]


def _fsx(region: str) -> list[Statement]:
    systems = f"arn:{partition(region)}:fsx:{region}:*:file-system/*"
    linked = f"arn:{partition(region)}:iam::*:role/aws-service-role"
    services = {"fsx.amazonaws.com": "AWSServiceRoleForAmazonFSx"}
    services["s3.data-source.lustre.fsx.amazonaws.com"] = "AWSServiceRoleForFSxS3Access_*"
    names = {"CreateFileSystem", "DeleteFileSystem", "UpdateFileSystem", "TagResource"}
    return [
        _allow("See", ["fsx:DescribeFileSystems"], "*"),
        _allow("Keep", sorted(f"fsx:{each}" for each in names), systems),
        *(
            _allow(
                f"Link{number}",
                ["iam:CreateServiceLinkedRole"],
                f"{linked}/{service}/{role}",
                {"StringEquals": {"iam:AWSServiceName": service}},
            )
            for number, (service, role) in enumerate(services.items(), start=1)
        ),
    ]


def _s3(buckets: Sequence[str], region: str) -> list[Statement]:
    if not buckets:
        return []
    arns = [f"arn:{partition(region)}:s3:::{bucket}" for bucket in buckets]
    actions = ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:PutObject"]
    return [
        _allow("List", ["s3:ListBucket"], arns),
        _allow("Files", actions, [f"{arn}/*" for arn in arns]),
    ]


def _keys(keys: Sequence[str], service: str, region: str) -> list[Statement]:
    """The use of keys through one service; a grant is what lets it go on using them."""
    if not keys:
        return []
    domain = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    through = {"StringEquals": {"kms:ViaService": f"{service}.{region}.{domain}"}}
    use = ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"]
    if service != "s3":
        use = [
            "kms:Decrypt",
            "kms:DescribeKey",
            "kms:GenerateDataKeyWithoutPlaintext",
            "kms:ReEncryptFrom",
            "kms:ReEncryptTo",
        ]
    granting = {**through, "Bool": {"kms:GrantIsForAWSResource": "true"}}
    grants = [] if service == "s3" else [
        _allow("GrantKeys", ["kms:CreateGrant"], list(keys), granting)
    ]  # fmt: skip
    return [_allow("UseKeys", use, list(keys), through), *grants]


def _allow(
    sid: str, actions: Sequence[str], resources: str | list[str], condition: Statement | None = None
) -> Statement:
    found: Statement = {
        "Sid": sid,
        "Effect": "Allow",
        "Action": list(actions),
        "Resource": resources,
    }
    return {**found, "Condition": condition} if condition else found
