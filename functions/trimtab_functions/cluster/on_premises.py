"""A cluster on machines of one's own: one that is there, or one that Cluster API makes.

Pure. A cluster that is there is reached by a kubeconfig that somebody puts into a secret: its machines
stand in racks, so only what runs on them is composed. With Cluster API the control plane and the network
come from a ClusterClass that the platform team keeps (Metal3, Tinkerbell, vSphere, ...), and for each
pool there is a MachineDeployment, which the capacity function splits into the groups of the plan.

Kinds of Cluster API v1.13 (`cluster.x-k8s.io/v1beta2`): Cluster with a topology, MachineDeployment; its
kubeconfig secret is `<cluster>-kubeconfig`, under the key `value`.
"""

from typing import Any

from trimtab.plan.attribution import POOL_LABEL
from trimtab.plan.model import CapacityPlan
from trimtab_functions.capacity.documents import Document
from trimtab_functions.cluster import workload
from trimtab_functions.cluster.resources import MANAGED_BY, PART_LABEL, Resource
from trimtab_functions.cluster.settings import ClusterApi, OnPremisesClusterSpec, TemplateRef

CLUSTER_API = "cluster.x-k8s.io/v1beta2"
CLUSTER_KEY = "cluster"
LOCAL_PATH = "rancher.io/local-path"
_CLUSTER_API_SECRET_KEY = "value"  # noqa: S105 - the key's name


def resources(name: str, spec: OnPremisesClusterSpec, plan: CapacityPlan | None) -> list[Resource]:
    """All that the cluster has.

    Args:
        name: the XR's.
        spec: the XR's.
        plan: the plan, where one can be used; it decides which drivers are installed.

    Raises:
        InputError: the drivers would have two owners.
    """
    site = spec.on_premises
    made: list[Resource] = []
    usages: list[Resource] = []
    inside = [
        *workload.gpu_operator(name, spec.gpu_operator, plan, site.image),
        *workload.storage_class(
            name, spec.storage, spec.storage.type or LOCAL_PATH, {}, expandable=False
        ),
    ]
    if site.cluster_api is not None:
        cluster = spec.cluster_name or name
        made = [_cluster(cluster, site.cluster_api), *_pools(cluster, spec, site.cluster_api)]
        of = {"apiVersion": CLUSTER_API, "kind": "Cluster"}
        usages = [workload.stays_for(of, CLUSTER_KEY, e.document, e.key) for e in inside]
        access = workload.access(
            name,
            workload.kubeconfig_secret(cluster),
            (CLUSTER_KEY,),
            secret_key=_CLUSTER_API_SECRET_KEY,
        )
    else:
        assert site.existing is not None  # noqa: S101 - the settings have exactly one
        held = site.existing.kubeconfig_secret_ref
        access = workload.access(name, held.name, (), secret_key=held.key)
    return [*made, *access, *inside, *usages]


def _cluster(name: str, api: ClusterApi) -> Resource:
    topology = {
        "classRef": {"name": api.cluster_class},
        "version": api.version,
        "controlPlane": {"replicas": api.control_plane_replicas},
    }
    network = {
        "pods": {"cidrBlocks": [api.pods_cidr]},
        "services": {"cidrBlocks": [api.services_cidr]},
    }
    spec = {"clusterNetwork": network, "topology": topology}
    return Resource(CLUSTER_KEY, _document("Cluster", CLUSTER_KEY, spec, name=name))


def _pools(cluster: str, spec: OnPremisesClusterSpec, api: ClusterApi) -> list[Resource]:
    """A template for each pool, which the capacity function splits into groups."""
    found = []
    for pool in spec.pools:
        machine: dict[str, Any] = {
            "clusterName": cluster,
            "version": api.version,
            "bootstrap": {"configRef": _ref(api.bootstrap_template)},
            "infrastructureRef": _ref(api.machine_template),
        }
        deployment = {"clusterName": cluster, "template": {"spec": machine}}
        key = f"pool-{pool}"
        document = _document(
            "MachineDeployment",
            key,
            deployment,
            name=f"{cluster}-{pool}",
            labels={POOL_LABEL: pool},
        )
        found.append(Resource(key, document, template=True))
    return found


def _document(
    kind: str, part: str, spec: Document, *, name: str, labels: dict[str, str] | None = None
) -> Document:
    metadata = {"name": name, "labels": {**MANAGED_BY, PART_LABEL: part, **(labels or {})}}
    return {"apiVersion": CLUSTER_API, "kind": kind, "metadata": metadata, "spec": spec}


def _ref(template: TemplateRef) -> Document:
    return {"apiGroup": template.api_group, "kind": template.kind, "name": template.name}
