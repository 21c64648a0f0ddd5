"""On-premises machines as nodes of the cluster (EKS Hybrid Nodes): their role, credentials and entry.

The plan's owned groups stay unprovisioned: whoever runs the machines joins them with `nodeadm`, and
for each such group there is a NodeConfig to give it, with the group's labels and taints. The way
between the sites (Direct Connect, VPN) and the network plugin on the machines (Cilium or Calico) are
the user's. AWS charges for each vCPU of a joined node by the hour.

Sources: EKS user guide, "Prepare networking for hybrid nodes" and "Prepare credentials for hybrid
nodes", 2026-11. The role's policies are in `hybrid_policies`.
"""

import ipaddress
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Annotated, Any, Literal, NotRequired, Self, TypedDict

import pulumi
import pulumi_aws as aws
from pydantic import AfterValidator, Field, model_validator

from trimtab.clock import parse_instant
from trimtab.plan.attribution import group_key
from trimtab.plan.model import CapacityPlan
from trimtab.plan.types import Count
from trimtab.provision.arguments import Arguments
from trimtab.provision.eks.roles import managed_policy, partition
from trimtab.provision.nodes import node_marks
from trimtab.provision.pool_settings import SettingsByGroup
from trimtab_components.eks.hybrid_policies import (
    CLUSTER_TAG,
    anywhere_trust,
    machines_policy,
    ssm_trust,
)
from trimtab_components.eks.late import LateArn

_PRIVATE = [ipaddress.IPv4Network(b) for b in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")]
# EKS picks the block of a cluster's services; which one follows from the VPC's (amazon-eks-ami, its
# bootstrap script for AL2; EKS CreateCluster's serviceIpv4Cidr), 2026-11.
_SERVICES, _SERVICES_BESIDE_10 = "10.100.0.0/16", "172.20.0.0/16"


class ClusterHybridNodes(TypedDict):
    """Machines on premises that join the cluster."""

    node_cidrs: list[str]
    """Their addresses: IPv4 blocks of RFC 1918, with a route to the VPC."""
    pod_cidrs: NotRequired[list[str]]
    """Their pods' addresses, where the network plugin doesn't translate them; webhooks need it."""
    credentials: NotRequired[str]
    """How a machine shows who it is: ssm (a hybrid activation, the default) or iam-roles-anywhere."""
    registration_limit: NotRequired[int]
    """How many machines may use the activation, 1 to 1000; default 100."""
    activation_expires: NotRequired[str]
    """Until when machines may use it, ISO 8601, at most 30 days ahead; default 24 hours after it is
    made. Machines that have joined stay."""
    ca_certificate: NotRequired[str]
    """The certificate authority of the machines' certificates, PEM, for iam-roles-anywhere."""
    trust_anchor_arn: NotRequired[pulumi.Input[str]]
    """An existing trust anchor, instead of ca_certificate."""


def _private_block(text: str) -> str:
    try:
        block = ipaddress.IPv4Network(text)
    except ValueError as error:
        raise ValueError(str(error)) from None
    if not any(block.subnet_of(each) for each in _PRIVATE):
        raise ValueError(f"{text} is not in 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16")
    return text


def _instant(text: str) -> str:
    parse_instant(text)
    return text


_Cidr = Annotated[str, AfterValidator(_private_block)]


class HybridNodes(Arguments):
    """`ClusterHybridNodes`, checked."""

    node_cidrs: Annotated[tuple[_Cidr, ...], Field(min_length=1, max_length=15)]
    pod_cidrs: Annotated[tuple[_Cidr, ...], Field(max_length=15)] = ()
    credentials: Literal["ssm", "iam-roles-anywhere"] = "ssm"
    registration_limit: Annotated[Count, Field(ge=1, le=1000)] | None = None
    activation_expires: Annotated[str, AfterValidator(_instant)] | None = None
    ca_certificate: Annotated[str, Field(pattern=r"^-----BEGIN CERTIFICATE-----")] | None = None
    trust_anchor_arn: LateArn = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        of_anchor = ("ca_certificate", "trust_anchor_arn")
        of_ssm = ("registration_limit", "activation_expires")
        foreign = of_anchor if self.credentials == "ssm" else of_ssm
        for name in foreign:
            if getattr(self, name) is not None:
                raise ValueError(f"{name} does not count with credentials {self.credentials}")
        anchors = [name for name in of_anchor if getattr(self, name) is not None]
        if self.credentials == "iam-roles-anywhere" and len(anchors) != 1:
            raise ValueError(
                "credentials iam-roles-anywhere need ca_certificate or trust_anchor_arn, one of them"
            )
        return self

    @model_validator(mode="after")
    def _apart(self) -> Self:
        for one, other in combinations((*self.node_cidrs, *self.pod_cidrs), 2):
            if _overlap(one, other):
                raise ValueError(f"{one} overlaps {other}; EKS wants them apart")
        return self

    def check_apart_from(self, vpc_cidr: str) -> None:
        """Refuse blocks that the VPC or the cluster's services have too.

        Raises:
            ValueError: one overlaps them.
        """
        services = _SERVICES_BESIDE_10 if _overlap(vpc_cidr, "10.0.0.0/8") else _SERVICES
        for each in (*self.node_cidrs, *self.pod_cidrs):
            if _overlap(each, vpc_cidr):
                raise ValueError(f"hybrid: {each} overlaps the VPC's {vpc_cidr}; give another cidr")
            if _overlap(each, services):
                raise ValueError(
                    f"hybrid: {each} overlaps {services}, from which EKS gives services their "
                    f"addresses beside a VPC of {vpc_cidr}; give another cidr, or other addresses"
                )


def _overlap(one: str, other: str) -> bool:
    return ipaddress.IPv4Network(one).overlaps(ipaddress.IPv4Network(other))


def remote_networks(hybrid: HybridNodes) -> aws.eks.ClusterRemoteNetworkConfigArgs:
    """What the control plane must know of the other site."""
    pods = aws.eks.ClusterRemoteNetworkConfigRemotePodNetworksArgs(cidrs=list(hybrid.pod_cidrs))
    return aws.eks.ClusterRemoteNetworkConfigArgs(
        remote_node_networks=aws.eks.ClusterRemoteNetworkConfigRemoteNodeNetworksArgs(
            cidrs=list(hybrid.node_cidrs)
        ),
        remote_pod_networks=pods if hybrid.pod_cidrs else None,
    )


@dataclass(frozen=True)
class OwnedGroup:
    """A group of owned machines: its key, and what its nodes bear."""

    key: str
    labels: Mapping[str, str]
    taints: Sequence[str]
    """Each as the kubelet has it: key=value:effect."""


def owned_groups(plan: CapacityPlan, settings: SettingsByGroup) -> tuple[OwnedGroup, ...]:
    """The plan's groups of owned machines, and what their nodes bear."""
    found = []
    for pool in plan.spec.pools:
        for group in pool.groups:
            if group.purchase.option != "owned":
                continue
            marks = node_marks(pool, group, settings.of(pool, group))
            taints = [
                f"{taint.key}={taint.value or ''}:{taint.effect}"
                for taint in (*marks.taints, *marks.startup_taints)
            ]
            found.append(OwnedGroup(group_key(pool, group), marks.labels, tuple(taints)))
    return tuple(found)


class HybridMachines(pulumi.ComponentResource):
    """What lets machines on premises join a cluster."""

    role_arn: pulumi.Output[str]
    """The machines' IAM role."""
    node_configs: pulumi.Output[dict[str, str]]
    """A NodeConfig for `nodeadm init -c`, by owned group of the plan; secret with credentials ssm."""

    def __init__(
        self,
        name: str,
        cluster: aws.eks.Cluster,
        hybrid: HybridNodes,
        groups: Sequence[OwnedGroup],
        *,
        region: str,
        account: pulumi.Output[str],
        tags: Mapping[str, str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """
        Args:
            name: the component's name; its children's begin with it.
            cluster: that they join; its name is known.
            hybrid: checked arguments.
            groups: the plan's owned groups.
            region: of the cluster.
            account: of the cluster.
            tags: of everything that can bear them.
            opts: Pulumi's options.
        """
        super().__init__("trimtab:index:HybridMachines", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        stem = f"arn:{partition(region)}"
        cluster_arn = pulumi.Output.all(account, cluster.name).apply(
            lambda parts: f"{stem}:eks:{region}:{parts[0]}:cluster/{parts[1]}"
        )
        ssm = hybrid.credentials == "ssm"
        anchor = None if ssm else self._anchor(name, hybrid, tags)
        role = aws.iam.Role(
            name,
            assume_role_policy=(
                anchor.apply(anywhere_trust)
                if anchor is not None
                else account.apply(lambda number: ssm_trust(number, region))
            ),
            tags=dict(tags),
            opts=child,
        )
        policies = ["AmazonEC2ContainerRegistryPullOnly"]
        policies += ["AmazonSSMManagedInstanceCore"] if ssm else []
        attachments: list[pulumi.Resource] = [
            aws.iam.RolePolicyAttachment(
                f"{name}-{policy}",
                role=role.name,
                policy_arn=managed_policy(policy, region),
                opts=child,
            )
            for policy in policies
        ]
        document = pulumi.Output.all(account, cluster_arn).apply(
            lambda parts: machines_policy(parts[0], parts[1], region, ssm)
        )
        attachments.append(
            aws.iam.RolePolicy(f"{name}-join", role=role.name, policy=document, opts=child)
        )
        aws.eks.AccessEntry(
            name,
            cluster_name=cluster.name,
            principal_arn=role.arn,
            type="HYBRID_LINUX",
            tags=dict(tags),
            opts=child,
        )
        self._let_in(name, cluster, hybrid, tags)
        after = pulumi.ResourceOptions(parent=self, depends_on=attachments)
        if anchor is not None:
            profile = aws.rolesanywhere.Profile(
                name,
                enabled=True,
                accept_role_session_name=True,
                role_arns=[role.arn],
                tags=dict(tags),
                opts=after,
            )
            credentials: pulumi.Output[dict[str, Any]] = pulumi.Output.all(
                trustAnchorArn=anchor, profileArn=profile.arn, roleArn=role.arn
            ).apply(lambda known: {"iamRolesAnywhere": {"nodeName": "<its CN>", **known}})
        else:
            activation = aws.ssm.Activation(
                name,
                description=f"Machines of cluster {name}",
                iam_role=role.name,
                registration_limit=hybrid.registration_limit or 100,
                expiration_date=hybrid.activation_expires,
                tags=cluster_arn.apply(lambda arn: {**tags, CLUSTER_TAG: arn}),
                opts=pulumi.ResourceOptions.merge(
                    after, pulumi.ResourceOptions(additional_secret_outputs=["activationCode"])
                ),
            )
            credentials = pulumi.Output.all(
                activationId=activation.id,
                activationCode=activation.activation_code,
            ).apply(lambda known: {"ssm": known})
            credentials = pulumi.Output.secret(credentials)
        self.role_arn = role.arn
        self.node_configs = pulumi.Output.all(cluster.name, credentials).apply(
            lambda parts: {
                group.key: node_config(parts[0], region, parts[1], group) for group in groups
            }
        )
        self.register_outputs({"role_arn": self.role_arn, "node_configs": self.node_configs})

    def _anchor(
        self, name: str, hybrid: HybridNodes, tags: Mapping[str, str]
    ) -> pulumi.Output[str]:
        if hybrid.trust_anchor_arn is not None:
            return pulumi.Output.from_input(hybrid.trust_anchor_arn)
        data = aws.rolesanywhere.TrustAnchorSourceSourceDataArgs(
            x509_certificate_data=hybrid.ca_certificate
        )
        made = aws.rolesanywhere.TrustAnchor(
            name,
            enabled=True,
            source=aws.rolesanywhere.TrustAnchorSourceArgs(
                source_type="CERTIFICATE_BUNDLE", source_data=data
            ),
            tags=dict(tags),
            opts=pulumi.ResourceOptions(parent=self),
        )
        return made.arn

    def _let_in(
        self,
        name: str,
        cluster: aws.eks.Cluster,
        hybrid: HybridNodes,
        tags: Mapping[str, str],
    ) -> None:
        group = cluster.vpc_config.apply(lambda config: config.cluster_security_group_id)
        for cidr in (*hybrid.node_cidrs, *hybrid.pod_cidrs):
            aws.vpc.SecurityGroupIngressRule(
                f"{name}-{cidr.replace('.', '-').replace('/', '-')}",
                security_group_id=group,
                description="API server from machines on premises",
                ip_protocol="tcp",
                from_port=443,
                to_port=443,
                cidr_ipv4=cidr,
                tags=dict(tags),
                opts=pulumi.ResourceOptions(parent=self),
            )


def node_config(
    cluster_name: str, region: str, credentials: Mapping[str, Any], group: OwnedGroup
) -> str:
    """The NodeConfig of a group's machines, as JSON, which nodeadm reads as YAML."""
    flags = []
    if group.labels:
        labels = ",".join(f"{key}={value}" for key, value in sorted(group.labels.items()))
        flags.append(f"--node-labels={labels}")
    if group.taints:
        flags.append(f"--register-with-taints={','.join(group.taints)}")
    spec: dict[str, Any] = {
        "cluster": {"name": cluster_name, "region": region},
        "hybrid": dict(credentials),
    }
    if flags:
        spec["kubelet"] = {"flags": flags}
    document = {"apiVersion": "node.eks.aws/v1alpha1", "kind": "NodeConfig", "spec": spec}
    return json.dumps(document, sort_keys=True)
