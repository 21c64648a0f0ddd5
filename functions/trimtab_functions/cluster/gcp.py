"""A GKE cluster of Crossplane's managed resources: network, nodes' account, cluster, pools, storage.

Pure. As on AWS there is a template for each pool, which the capacity function splits into the groups
of the plan. Nodes are private and reach out through Cloud NAT. The kubeconfig that the provider writes
names no user: the providers of Helm and Kubernetes bring Google's credentials of their own.

Kinds of provider-upjet-gcp 3.0 (`*.gcp.m.upbound.io/v1beta1`), CRDs and connection details read
2026-08.
"""

from collections.abc import Mapping
from typing import Any

from trimtab.errors import InputError
from trimtab.plan.labels import POOL_LABEL
from trimtab.plan.model import CapacityPlan
from trimtab.provision.gke.clusters import (
    MAX_ACCOUNT_ID,
    NODE_ROLES,
    PODS_RANGE,
    SERVICES_RANGE,
)
from trimtab.provision.gke.labels import gcp_labels
from trimtab.provision.names import bounded_name
from trimtab_functions.capacity.documents import Document, section, text
from trimtab_functions.cluster import workload
from trimtab_functions.cluster.resources import Owner, Resource, managed, selected
from trimtab_functions.cluster.settings import GcpClusterSpec

COMPUTE = "compute.gcp.m.upbound.io/v1beta1"
CONTAINER = "container.gcp.m.upbound.io/v1beta1"
IAM = "cloudplatform.gcp.m.upbound.io/v1beta1"

CLUSTER_KEY = "cluster"


def resources(owner: Owner, spec: GcpClusterSpec, plan: CapacityPlan | None) -> list[Resource]:
    """All that the cluster has.

    Args:
        owner: the XR.
        spec: the XR's.
        plan: the plan, where one can be used; it decides which drivers are installed.

    Raises:
        InputError: a zone is not of the region.
    """
    name = owner.name
    for zone in spec.zones:
        if zone.rpartition("-")[0] != spec.region:
            raise InputError(
                f"zones: {zone} is not in {spec.region}",
                where="the XR's spec",
                mend=f"give zones such as {spec.region}-b",
            )
    maker = _Maker(name, spec)
    groups = None if plan is None else workload.groups_of(plan, spec.pools)
    inside = [
        *workload.gpu_operator(name, spec.gpu_operator, groups, "COS"),
        *workload.storage_class(
            name,
            spec.storage,
            "pd.csi.storage.gke.io",
            {"type": spec.storage.type or "pd-balanced"},
        ),
    ]
    secret = workload.kubeconfig_secret(name)
    cluster = maker.cluster(secret)
    return [
        *maker.network(),
        *maker.account(),
        cluster,
        *maker.pools(),
        *workload.access(owner, secret, (CLUSTER_KEY,), workload.GOOGLE_IDENTITY),
        *inside,
        *(workload.stays_for(cluster, each) for each in inside),
    ]


def found(name: str, spec: GcpClusterSpec, observed: Mapping[str, Document]) -> dict[str, str]:
    """Name and endpoint, as far as GKE reports them."""
    reported = section(observed.get(CLUSTER_KEY, {}), "status", "atProvider")
    address = text(reported.get("endpoint"))
    endpoint = {"endpoint": f"https://{address}"} if address else {}
    return {"name": spec.cluster_name or name, **endpoint}


class _Maker:
    def __init__(self, name: str, spec: GcpClusterSpec) -> None:
        self._name, self._spec = name, spec

    def network(self) -> list[Resource]:
        """A network with one subnetwork, whose nodes reach out through Cloud NAT."""
        network, region = self._spec.gcp_network, self._spec.region
        ranges = [
            {"rangeName": PODS_RANGE, "ipCidrRange": network.pods_cidr},
            {"rangeName": SERVICES_RANGE, "ipCidrRange": network.services_cidr},
        ]
        return [
            self._made(
                COMPUTE, "Network", "network", autoCreateSubnetworks=False, routingMode="REGIONAL"
            ),
            self._made(
                COMPUTE,
                "Subnetwork",
                "subnetwork",
                region=region,
                networkSelector=selected("network"),
                ipCidrRange=network.cidr,
                privateIpGoogleAccess=True,
                secondaryIpRange=ranges,
            ),
            self._made(
                COMPUTE, "Router", "router", region=region, networkSelector=selected("network")
            ),
            self._made(
                COMPUTE,
                "RouterNAT",
                "nat",
                region=region,
                routerSelector=selected("router"),
                natIpAllocateOption="AUTO_ONLY",
                sourceSubnetworkIpRangesToNat="LIST_OF_SUBNETWORKS",
                subnetwork=[
                    {
                        "nameSelector": selected("subnetwork"),
                        "sourceIpRangesToNat": ["ALL_IP_RANGES"],
                    }
                ],
            ),
        ]

    def account(self) -> list[Resource]:
        """The nodes' service account, with what a node needs and no more."""
        project = self._spec.gcp.project
        account = bounded_name(f"{self._name}-nodes", MAX_ACCOUNT_ID)
        found = [
            self._made(
                IAM,
                "ServiceAccount",
                "node-account",
                displayName=f"Nodes of GKE cluster {self._name}",
                external_name=account,
            )
        ]
        for role in NODE_ROLES:
            key = f"node-role-{role.partition('/')[2].replace('.', '-').lower()}"
            member = f"serviceAccount:{account}@{project}.iam.gserviceaccount.com"
            found.append(
                Resource(
                    key,
                    self._document(IAM, "ProjectIAMMember", key, role=role, member=member),
                    ("node-account",),
                )
            )
        return found

    def cluster(self, secret: str) -> Resource:
        """The cluster, without the pool that GKE makes with every one."""
        spec = self._spec
        provider: Document = {
            "location": spec.region,
            "networkSelector": selected("network"),
            "subnetworkSelector": selected("subnetwork"),
            "networkingMode": "VPC_NATIVE",
            "datapathProvider": "ADVANCED_DATAPATH",
            "ipAllocationPolicy": {
                "clusterSecondaryRangeName": PODS_RANGE,
                "servicesSecondaryRangeName": SERVICES_RANGE,
            },
            "privateClusterConfig": {"enablePrivateNodes": True, "enablePrivateEndpoint": False},
            "releaseChannel": {"channel": "REGULAR"},
            "workloadIdentityConfig": {"workloadPool": f"{spec.gcp.project}.svc.id.goog"},
            "costManagementConfig": {"enabled": True},
            "enableShieldedNodes": True,
            "initialNodeCount": 1,
            "removeDefaultNodePool": True,
            # The removed pool's nodes, too, have the nodes' account: a project's default one may more.
            "nodeConfig": {"serviceAccountSelector": selected("node-account")},
            "resourceLabels": self._labels,
            "deletionProtection": False,
        }
        if spec.zones:
            provider["nodeLocations"] = list(spec.zones)
        if spec.kubernetes_version is not None:
            provider["minMasterVersion"] = spec.kubernetes_version
        if spec.public_access_cidrs:
            blocks = [{"cidrBlock": each} for each in spec.public_access_cidrs]
            provider["masterAuthorizedNetworksConfig"] = {"cidrBlocks": blocks}
        document = self._document(
            CONTAINER,
            "Cluster",
            CLUSTER_KEY,
            external_name=spec.cluster_name or self._name,
            writeConnectionSecretToRef={"name": secret},
            **provider,
        )
        return Resource(CLUSTER_KEY, document)

    def pools(self) -> list[Resource]:
        """A template for each pool, which the capacity function splits into groups."""
        found = []
        for pool in self._spec.pools:
            document = self._document(
                CONTAINER,
                "NodePool",
                f"pool-{pool}",
                labels={POOL_LABEL: pool},
                location=self._spec.region,
                clusterSelector=selected(CLUSTER_KEY),
                nodeConfig={
                    "serviceAccountSelector": selected("node-account"),
                    "oauthScopes": ["https://www.googleapis.com/auth/cloud-platform"],
                    "workloadMetadataConfig": {"mode": "GKE_METADATA"},
                    "resourceLabels": self._labels,
                },
                management={"autoRepair": True, "autoUpgrade": True},
            )
            found.append(Resource(f"pool-{pool}", document, template=True))
        return found

    @property
    def _labels(self) -> dict[str, str]:
        return gcp_labels({**self._spec.tags, "managed-by": "trimtab"}, "the XR's spec.owner")

    def _made(self, api: str, kind: str, key: str, **provider: Any) -> Resource:
        return Resource(key, self._document(api, kind, key, **provider))

    def _document(self, api: str, kind: str, part: str, **provider: Any) -> Document:
        more = {
            each: provider.pop(each)
            for each in ("labels", "external_name", "writeConnectionSecretToRef")
            if each in provider
        }
        stated = {"project": self._spec.gcp.project, **provider}
        return managed(api, kind, part, stated, self._spec.config, **more)
