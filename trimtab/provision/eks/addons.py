"""EKS's add-ons: what each one needs, and which ones every cluster has.

Pure. Sources: EKS user guide, "AWS add-ons", "IAM roles for Amazon EKS add-ons" and "Considerations for
Amazon EKS Auto Mode", 2026-11.
"""

from dataclasses import dataclass

from trimtab.provision.eks.roles import CNI_POLICY

POD_IDENTITY_AGENT = "eks-pod-identity-agent"
VPC_CNI = "vpc-cni"
EBS_CSI = "aws-ebs-csi-driver"
METRICS_SERVER = "metrics-server"
REPAIR_AGENT = "eks-node-monitoring-agent"
"""What tells EKS of failed GPUs, disks and networks, where it repairs nodes."""
NAMESPACE = "kube-system"
"""Where EKS's own add-ons run."""


@dataclass(frozen=True)
class AddonFacts:
    """What EKS says of an add-on.

    Attributes:
        on_every_node: a DaemonSet, active without any node; the others need a node to run on.
        service_account, policies: whose pods call AWS, and with which managed policies; "" where
            none does, or where AWS has no policy that fits everybody.
        role: the last part of its role's name; role names are short.
    """

    on_every_node: bool = False
    service_account: str = ""
    policies: tuple[str, ...] = ()
    role: str = ""


KNOWN: dict[str, AddonFacts] = {
    "amazon-cloudwatch-observability": AddonFacts(
        service_account="cloudwatch-agent",
        policies=("CloudWatchAgentServerPolicy", "AWSXrayWriteOnlyAccess"),
        role="cloudwatch",
    ),
    EBS_CSI: AddonFacts(
        service_account="ebs-csi-controller-sa",
        policies=("service-role/AmazonEBSCSIDriverPolicy",),
        role="ebs-csi",
    ),
    "aws-efs-csi-driver": AddonFacts(
        service_account="efs-csi-controller-sa",
        policies=("service-role/AmazonEFSCSIDriverPolicy",),
        role="efs-csi",
    ),
    "aws-fsx-csi-driver": AddonFacts(service_account="fsx-csi-controller-sa"),
    "aws-mountpoint-s3-csi-driver": AddonFacts(service_account="s3-csi-driver-sa"),
    "cert-manager": AddonFacts(),
    "coredns": AddonFacts(),
    REPAIR_AGENT: AddonFacts(on_every_node=True),
    POD_IDENTITY_AGENT: AddonFacts(on_every_node=True),
    "external-dns": AddonFacts(service_account="external-dns"),
    "kube-proxy": AddonFacts(on_every_node=True),
    "kube-state-metrics": AddonFacts(),
    METRICS_SERVER: AddonFacts(),
    "prometheus-node-exporter": AddonFacts(on_every_node=True),
    "snapshot-controller": AddonFacts(),
    VPC_CNI: AddonFacts(
        on_every_node=True, service_account="aws-node", policies=(CNI_POLICY,), role="cni"
    ),
}

NODE_DEFAULTS = (VPC_CNI, "kube-proxy", POD_IDENTITY_AGENT)
"""Without these a node that EKS doesn't run itself gets no pod going."""
CLUSTER_DEFAULTS = ("coredns", METRICS_SERVER)
"""Name resolution, and what autoscalers of pods read."""
