"""A cluster on machines of one's own: one that is there, or one that Cluster API makes.

Pure. A cluster that is there is reached by a kubeconfig that somebody puts into a secret: its machines
stand in racks, so only what runs on them is composed. With Cluster API the control plane and the network
come from a ClusterClass that the platform team keeps (Metal3, Tinkerbell, vSphere, ...), and for each
kind of machine there is a MachineDeployment, which the capacity function sizes: for one group where it
names one, else split into the groups of its pool.

Kinds of Cluster API v1.14 (`cluster.x-k8s.io/v1beta2`): Cluster with a topology, MachineDeployment; its
kubeconfig secret is `<cluster>-kubeconfig`, under the key `value`.
"""

from collections.abc import Mapping
from typing import Any

from trimtab.errors import InputError
from trimtab.plan.labels import GROUP_LABEL, OPTION_LABEL, POOL_LABEL
from trimtab.plan.model import CapacityPlan
from trimtab_functions.capacity.adapters.cluster_api import INSTANCE_TYPES_ANNOTATION
from trimtab_functions.capacity.documents import Document, at, count, text
from trimtab_functions.cluster import workload
from trimtab_functions.cluster.resources import MANAGED_BY, PART_LABEL, Owner, Resource
from trimtab_functions.cluster.settings import ClusterApi, OnPremisesClusterSpec, TemplateRef

CLUSTER_API = "cluster.x-k8s.io/v1beta2"
CLUSTER_KEY = "cluster"
LOCAL_PATH = "rancher.io/local-path"
_CLUSTER_API_SECRET_KEY = "value"  # noqa: S105 - the key's name


def resources(
    owner: Owner, spec: OnPremisesClusterSpec, plan: CapacityPlan | None
) -> list[Resource]:
    """All that the cluster has.

    Args:
        owner: the XR.
        spec: the XR's.
        plan: the plan, where one can be used; it decides which drivers are installed.

    Raises:
        InputError: the drivers would have two owners, or a pool has no machines.
    """
    name = owner.name
    site = spec.on_premises
    made: list[Resource] = []
    usages: list[Resource] = []
    groups = None if plan is None else workload.groups_of(plan, spec.pools)
    inside = [
        *workload.gpu_operator(name, spec.gpu_operator, groups, site.image),
        *workload.storage_class(
            name, spec.storage, spec.storage.type or LOCAL_PATH, {}, expandable=False
        ),
    ]
    if site.cluster_api is not None:
        cluster = spec.cluster_name or name
        whole = _cluster(cluster, site.cluster_api)
        made = [whole, *_pools(cluster, spec, site.cluster_api)]
        usages = [workload.stays_for(whole, each) for each in inside]
        access = workload.access(
            owner,
            workload.kubeconfig_secret(cluster),
            (CLUSTER_KEY,),
            secret_key=_CLUSTER_API_SECRET_KEY,
        )
    else:
        assert site.existing is not None  # noqa: S101 - the settings have exactly one
        held = site.existing.kubeconfig_secret_ref
        access = workload.access(owner, held.name, (), secret_key=held.key)
    return [*made, *access, *inside, *usages]


def found(
    name: str, spec: OnPremisesClusterSpec, observed: Mapping[str, Document]
) -> dict[str, str]:
    """Name, and the endpoint that Cluster API's infrastructure gave it."""
    host, port = (
        at(observed.get(CLUSTER_KEY, {}), "spec", "controlPlaneEndpoint", each)
        for each in ("host", "port")
    )
    endpoint = {"endpoint": f"https://{host}:{port:g}"} if text(host) and count(port) else {}
    return {"name": spec.cluster_name or name, **endpoint}


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
    """A template for each kind of machine: the capacity function splits a pool's into its groups."""
    _check_machines(spec, api)
    found = []
    for each in api.machines:
        machine: dict[str, Any] = {
            "clusterName": cluster,
            "version": api.version,
            "bootstrap": {"configRef": _ref(each.bootstrap_template)},
            "infrastructureRef": _ref(each.machine_template),
        }
        # Cluster API selects by the name of each of its groups.
        deployment = {"clusterName": cluster, "selector": {}, "template": {"spec": machine}}
        suffix = each.pool if each.group is None else f"{each.pool}-{each.group}"
        labels = {POOL_LABEL: each.pool, OPTION_LABEL: "owned"}
        if each.group is not None:
            labels[GROUP_LABEL] = each.group
        document = _document(
            "MachineDeployment",
            f"pool-{suffix}",
            deployment,
            name=f"{cluster}-{suffix}",
            labels=labels,
            annotations={INSTANCE_TYPES_ANNOTATION: ",".join(each.instance_types)},
        )
        found.append(Resource(f"pool-{suffix}", document, template=True))
    return found


def _check_machines(spec: OnPremisesClusterSpec, api: ClusterApi) -> None:
    stated = {each.pool for each in api.machines}
    for pools, why, mend in (
        (set(spec.pools) - stated, "names no machines of pool", "give its templates"),
        (stated - set(spec.pools), "has machines of another pool,", "name it in pools"),
    ):
        if pools:
            raise InputError(
                f"onPremises.clusterApi.machines: {why} {min(pools)}",
                where="the XR's spec",
                mend=mend,
            )


def _document(
    kind: str,
    part: str,
    spec: Document,
    *,
    name: str,
    labels: Mapping[str, str] | None = None,
    annotations: Mapping[str, str] | None = None,
) -> Document:
    metadata: Document = {
        "name": name,
        "labels": {**MANAGED_BY, PART_LABEL: part, **(labels or {})},
    }
    if annotations:
        metadata["annotations"] = dict(annotations)
    return {"apiVersion": CLUSTER_API, "kind": kind, "metadata": metadata, "spec": spec}


def _ref(template: TemplateRef) -> Document:
    return {"apiGroup": template.api_group, "kind": template.kind, "name": template.name}
