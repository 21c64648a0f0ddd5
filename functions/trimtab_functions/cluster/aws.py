"""An EKS cluster of Crossplane's managed resources: network, control plane, add-ons, pools, storage.

Pure. The node groups are not made here: for each pool there is a template, which the capacity function
splits into the groups of the plan. What a group is, and how its network is laid out, is said where the
Pulumi components read it too.

Kinds of provider-upjet-aws 2.6 (`*.aws.m.upbound.io/v1beta1`) and provider-helm
(`helm.m.crossplane.io/v1beta1`), CRDs read 2026-08; EKS user guide on roles, add-ons and pod identity,
2026-11.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from trimtab.errors import InputError
from trimtab.plan.labels import POOL_LABEL
from trimtab.plan.model import CapacityPlan
from trimtab.provision.eks.addons import (
    CLUSTER_DEFAULTS,
    EBS_CSI,
    KNOWN,
    NODE_DEFAULTS,
)
from trimtab.provision.eks.addons import NAMESPACE as ADDONS_NAMESPACE
from trimtab.provision.eks.roles import (
    ASSUME_ACTIONS,
    CLUSTER_POLICIES,
    CNI_POLICY,
    NODE_POLICIES,
    POD_ACTIONS,
    managed_policy,
    trust_policy,
)
from trimtab.provision.eks.subnets import ZoneSubnets, default_zones, zone_subnets
from trimtab_functions.capacity.adapters.eks_settings import VOLUME_GIB
from trimtab_functions.capacity.adapters.eks_split import ZONE_LABEL
from trimtab_functions.capacity.documents import Document, section, text
from trimtab_functions.cluster import workload
from trimtab_functions.cluster.resources import Owner, Resource, managed, selected
from trimtab_functions.cluster.settings import AwsClusterSpec

EC2 = "ec2.aws.m.upbound.io/v1beta1"
EKS = "eks.aws.m.upbound.io/v1beta1"
IAM = "iam.aws.m.upbound.io/v1beta1"

CLUSTER_KEY = "cluster"
KUBECONFIG_KEY = "kubeconfig"

_ROLES: Mapping[str, tuple[str, tuple[str, ...], tuple[str, ...]]] = {
    "control-plane": ("eks", CLUSTER_POLICIES, ASSUME_ACTIONS),
    # The network's add-on is there before its pods could get a role of their own.
    "node": ("ec2", (*NODE_POLICIES, CNI_POLICY), ASSUME_ACTIONS),
    KNOWN[EBS_CSI].role: ("pods.eks", KNOWN[EBS_CSI].policies, POD_ACTIONS),
}
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-[1-9][0-9]?")
_NODE_SUBNETS = {"trimtab.dev/nodes": "true"}


def resources(owner: Owner, spec: AwsClusterSpec, plan: CapacityPlan | None) -> list[Resource]:
    """All that the cluster has.

    Args:
        owner: the XR.
        spec: the XR's.
        plan: the plan, where one can be used; it decides which drivers are installed.

    Raises:
        InputError: the network can't be laid out.
    """
    name = owner.name
    if not _REGION.fullmatch(spec.region):
        raise InputError(
            f"region: {spec.region} is no region of AWS",
            where="the XR's spec",
            mend="give one such as us-east-1, or choose another cloud's Composition "
            "by spec.crossplane.compositionRef.name",
        )
    zones = spec.network.zones or default_zones(spec.region)
    for zone in zones:
        if zone[:-1] != spec.region:
            raise InputError(
                f"network.zones: {zone} is not in {spec.region}",
                where="the XR's spec",
                mend=f"give zones such as {spec.region}a",
            )
    subnets = zone_subnets(spec.network.cidr, zones)
    maker = _Maker(name, spec)
    groups = None if plan is None else workload.groups_of(plan, spec.pools)
    inside = [
        *workload.gpu_operator(name, spec.gpu_operator, groups, spec.ami_family),
        *workload.storage_class(
            name,
            spec.storage,
            "ebs.csi.aws.com",
            {"type": spec.storage.type or "gp3", "encrypted": "true"},
        ),
    ]
    control_plane = maker.control_plane()
    return [
        *maker.network(subnets),
        *maker.roles(),
        *control_plane,
        *maker.addons(),
        *maker.pools(),
        *workload.access(owner, workload.kubeconfig_secret(name), (KUBECONFIG_KEY,)),
        *inside,
        # The secret goes with the resource that writes it.
        *(workload.stays_for(part, each) for part in control_plane for each in inside),
    ]


def found(name: str, spec: AwsClusterSpec, observed: Mapping[str, Document]) -> dict[str, str]:
    """Name and endpoint, as far as EKS reports them."""
    reported = section(observed.get(CLUSTER_KEY, {}), "status", "atProvider")
    endpoint = text(reported.get("endpoint"))
    return {"name": spec.cluster_name or name, **({"endpoint": endpoint} if endpoint else {})}


class _Maker:
    def __init__(self, name: str, spec: AwsClusterSpec) -> None:
        self._name, self._spec = name, spec
        self._cluster = spec.cluster_name or name

    def network(self, subnets: Sequence[ZoneSubnets]) -> list[Resource]:
        """A VPC with a public and a private subnet in each zone, as the component's."""
        nat = self._spec.network.nat
        found = [
            self._ec2(
                "vpc",
                "VPC",
                cidrBlock=self._spec.network.cidr,
                enableDnsHostnames=True,
                enableDnsSupport=True,
            ),
            self._ec2("internet-gateway", "InternetGateway", vpcIdSelector=selected("vpc")),
            self._table("public"),
            self._route("public", gatewayIdSelector=selected("internet-gateway")),
        ]
        for number, each in enumerate(subnets):
            letter = each.zone[-1]
            found += self._subnet(each.zone, each.public, "public", nodes=nat == "none")
            if nat == "none":
                continue
            if nat == "per-zone" or number == 0:
                suffix = f"-{letter}" if nat == "per-zone" else ""
                found += self._nat(suffix, letter)
            table = f"private-{letter}" if nat == "per-zone" else "private"
            found += self._subnet(each.zone, each.private, table, nodes=True)
        endpoint = self._ec2(
            "s3-endpoint",
            "VPCEndpoint",
            serviceName=f"com.amazonaws.{self._spec.region}.s3",
            vpcEndpointType="Gateway",
            vpcIdSelector=selected("vpc"),
        )
        # A gateway endpoint serves the route tables that it is in; elsewhere the bytes of images go by NAT.
        tables = [each.key for each in found if each.document["kind"] == "RouteTable"]
        return [*found, endpoint, *map(self._through_endpoint, tables)]

    def roles(self) -> list[Resource]:
        """A role for the control plane, for nodes and for the volumes' driver, with AWS's policies."""
        found = []
        region = self._spec.region
        for part, (service, policies, actions) in _ROLES.items():
            trust = trust_policy(service, region, actions)
            role = {"assumeRolePolicy": trust, "tags": self._spec.tags}
            found.append(Resource(f"role-{part}", self._managed(IAM, "Role", f"role-{part}", role)))
            for policy in policies:
                key = f"policy-{policy.rpartition('/')[2].lower().replace('_', '-')}"
                attached = {
                    "policyArn": managed_policy(policy, region),
                    "roleSelector": selected(f"role-{part}"),
                }
                found.append(
                    Resource(key, self._managed(IAM, "RolePolicyAttachment", key, attached))
                )
        return found

    def control_plane(self) -> list[Resource]:
        """The cluster, without add-ons of EKS's own choice, and without public access but as stated."""
        spec = self._spec
        provider: Document = {
            "region": spec.region,
            "roleArnSelector": selected("role-control-plane"),
            "bootstrapSelfManagedAddons": False,
            "accessConfig": {
                "authenticationMode": "API",
                "bootstrapClusterCreatorAdminPermissions": True,
            },
            "vpcConfig": {
                "endpointPrivateAccess": True,
                "endpointPublicAccess": True,
                "subnetIdSelector": {"matchControllerRef": True, "matchLabels": _NODE_SUBNETS},
            },
            "tags": self._tags,
        }
        if spec.kubernetes_version is not None:
            provider["version"] = spec.kubernetes_version
        if spec.public_access_cidrs:
            provider["vpcConfig"]["publicAccessCidrs"] = list(spec.public_access_cidrs)
        auth = {
            "region": spec.region,
            "clusterNameSelector": selected(CLUSTER_KEY),
            "refreshPeriod": "10m0s",
        }
        secret = {"name": workload.kubeconfig_secret(self._name)}
        return [
            Resource(
                CLUSTER_KEY,
                self._managed(EKS, "Cluster", CLUSTER_KEY, provider, external_name=self._cluster),
            ),
            Resource(
                KUBECONFIG_KEY,
                self._managed(
                    EKS, "ClusterAuth", KUBECONFIG_KEY, auth, writeConnectionSecretToRef=secret
                ),
                after=(CLUSTER_KEY,),
            ),
        ]

    def addons(self) -> list[Resource]:
        """EKS's own, in the versions that it holds to be right for the cluster's."""
        found = [self._addon(name) for name in (*NODE_DEFAULTS, *CLUSTER_DEFAULTS)]
        identity = {
            "region": self._spec.region,
            "clusterNameSelector": selected(CLUSTER_KEY),
            "namespace": ADDONS_NAMESPACE,
            "serviceAccount": KNOWN[EBS_CSI].service_account,
            "roleArnSelector": selected(f"role-{KNOWN[EBS_CSI].role}"),
            "tags": self._tags,
        }
        key = "ebs-csi-identity"
        document = self._managed(EKS, "PodIdentityAssociation", key, identity)
        return [*found, Resource(key, document, (CLUSTER_KEY,)), self._addon(EBS_CSI)]

    def pools(self) -> list[Resource]:
        """A template for each pool, which the capacity function splits into groups."""
        found = []
        for pool in self._spec.pools:
            provider: Document = {
                "region": self._spec.region,
                "clusterNameSelector": selected(CLUSTER_KEY),
                "nodeRoleArnSelector": selected("role-node"),
                "subnetIdSelector": {"matchControllerRef": True, "matchLabels": _NODE_SUBNETS},
                "diskSize": VOLUME_GIB,
                "tags": self._spec.tags,
            }
            if self._spec.ami_family != "AL2023":
                provider["amiType"] = self._spec.ami_family
            document = self._managed(
                EKS, "NodeGroup", f"pool-{pool}", provider, labels={POOL_LABEL: pool}
            )
            found.append(Resource(f"pool-{pool}", document, template=True))
        return found

    @property
    def _tags(self) -> dict[str, str]:
        return {**self._spec.tags, "managed-by": "trimtab"}

    def _managed(self, api: str, kind: str, part: str, provider: Document, **more: Any) -> Document:
        return managed(api, kind, part, provider, self._spec.config, **more)

    def _ec2(
        self, key: str, kind: str, labels: Mapping[str, str] | None = None, **provider: Any
    ) -> Resource:
        tags = {**self._tags, "Name": f"{self._name}-{key}", **provider.pop("tags", {})}
        stated = {"region": self._spec.region, **provider, "tags": tags}
        return Resource(key, self._managed(EC2, kind, key, stated, labels=labels))

    def _untagged(self, key: str, kind: str, **provider: Any) -> Resource:
        stated = {"region": self._spec.region, **provider}
        return Resource(key, self._managed(EC2, kind, key, stated))

    def _table(self, name: str) -> Resource:
        return self._ec2(f"route-table-{name}", "RouteTable", vpcIdSelector=selected("vpc"))

    def _route(self, table: str, **to: Document) -> Resource:
        return self._untagged(
            f"route-{table}",
            "Route",
            destinationCidrBlock="0.0.0.0/0",
            routeTableIdSelector=selected(f"route-table-{table}"),
            **to,
        )

    def _through_endpoint(self, table: str) -> Resource:
        return self._untagged(
            f"s3-endpoint-{table.removeprefix('route-table-')}",
            "VPCEndpointRouteTableAssociation",
            routeTableIdSelector=selected(table),
            vpcEndpointIdSelector=selected("s3-endpoint"),
        )

    def _subnet(self, zone: str, cidr: str, table: str, *, nodes: bool) -> list[Resource]:
        public = table == "public"
        key = f"subnet-{'public' if public else 'private'}-{zone[-1]}"
        # Load balancers are placed by these tags.
        role = "kubernetes.io/role/elb" if public else "kubernetes.io/role/internal-elb"
        subnet = self._ec2(
            key,
            "Subnet",
            {ZONE_LABEL: zone, **(_NODE_SUBNETS if nodes else {})},
            availabilityZone=zone,
            cidrBlock=cidr,
            mapPublicIpOnLaunch=public,
            vpcIdSelector=selected("vpc"),
            tags={role: "1"},
        )
        association = self._untagged(
            f"{key}-route",
            "RouteTableAssociation",
            subnetIdSelector=selected(key),
            routeTableIdSelector=selected(f"route-table-{table}"),
        )
        return [subnet, association]

    def _nat(self, suffix: str, letter: str) -> list[Resource]:
        key, table = f"nat{suffix}", f"private{suffix}"
        return [
            self._ec2(f"{key}-address", "EIP", domain="vpc"),
            self._ec2(
                key,
                "NATGateway",
                allocationIdSelector=selected(f"{key}-address"),
                subnetIdSelector=selected(f"subnet-public-{letter}"),
            ),
            self._table(table),
            self._route(table, natGatewayIdSelector=selected(key)),
        ]

    def _addon(self, name: str) -> Resource:
        key = f"addon-{name}"
        provider = {
            "region": self._spec.region,
            "addonName": name,
            "clusterNameSelector": selected(CLUSTER_KEY),
            "resolveConflictsOnCreate": "OVERWRITE",
            "resolveConflictsOnUpdate": "OVERWRITE",
            "tags": self._tags,
        }
        return Resource(key, self._managed(EKS, "Addon", key, provider), (CLUSTER_KEY,))
