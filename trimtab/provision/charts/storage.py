"""Storage: drivers of AWS' volumes. The others are in `storage_on_premises`, the clouds' own in their clusters."""

from trimtab.provision.charts.model import ChartSource

EBS_CSI = ChartSource(
    chart="aws-ebs-csi-driver",
    version="2.64.0",
    repository="https://kubernetes-sigs.github.io/aws-ebs-csi-driver",
    namespace="kube-system",
    as_of="2026-11-23",
    source="kubernetes-sigs/aws-ebs-csi-driver, charts/aws-ebs-csi-driver at 429e202 (driver 1.64.0)",
)

EFS_CSI = ChartSource(
    chart="aws-efs-csi-driver",
    version="4.4.1",
    repository="https://kubernetes-sigs.github.io/aws-efs-csi-driver",
    namespace="kube-system",
    as_of="2026-11-23",
    source="kubernetes-sigs/aws-efs-csi-driver, charts/aws-efs-csi-driver at a4fc676 (driver 3.4.1)",
)

FSX_CSI = ChartSource(
    chart="aws-fsx-csi-driver",
    version="1.17.0",
    repository="https://kubernetes-sigs.github.io/aws-fsx-csi-driver",
    namespace="kube-system",
    as_of="2026-11-23",
    source="kubernetes-sigs/aws-fsx-csi-driver, charts/aws-fsx-csi-driver at 5b22712 (driver 1.9.0)",
)

S3_CSI = ChartSource(
    chart="aws-mountpoint-s3-csi-driver",
    version="2.7.0",
    repository="https://awslabs.github.io/mountpoint-s3-csi-driver",
    namespace="kube-system",
    as_of="2026-11-23",
    source="awslabs/mountpoint-s3-csi-driver, charts/aws-mountpoint-s3-csi-driver at 57c6bed",
)
