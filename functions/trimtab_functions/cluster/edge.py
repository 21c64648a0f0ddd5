"""A site at the edge: K3s on machines that Crossplane can't reach.

Pure. Crossplane has no SSH, so a site comes to be in two steps. First the machines boot with user data
that is composed here, one secret for each role, which whoever provisions them takes (PXE, Metal3, a
cloud, a USB stick); the tokens are not in it. Then a kubeconfig is put into a secret, and from then on
what runs at the site follows: upgrades, drivers. A cluster that is there already begins with the second.
"""

import base64
from collections.abc import Mapping

from trimtab.plan.attribution import node_labels
from trimtab.plan.model import CapacityPlan, Group, Pool
from trimtab.provision.k3s.cloud_init import Install, Role, cloud_config
from trimtab.provision.k3s.config import Cluster, Node, agent_config, server_config, server_url
from trimtab.provision.k3s.upgrade_controller import upgrade_controller
from trimtab.provision.k3s.upgrades import upgrade_plans
from trimtab_functions.capacity.documents import Document
from trimtab_functions.cluster import workload
from trimtab_functions.cluster.resources import MANAGED_BY, PART_LABEL, Owner, Resource
from trimtab_functions.cluster.settings import EdgeSiteSpec, K3sInstall

K3S_CONTAINERD = {"name": "CONTAINERD_SOCKET", "value": "/run/k3s/containerd/containerd.sock"}
"""Where NVIDIA's toolkit finds K3s's containerd."""


def resources(owner: Owner, spec: EdgeSiteSpec, plan: CapacityPlan | None) -> list[Resource]:
    """All that the site has.

    Args:
        owner: the XR.
        spec: the XR's.
        plan: the plan, where one can be used: its owned groups are the agents.

    Raises:
        InputError: K3s would not work so.
    """
    name = owner.name
    found = [] if spec.install is None else _boot(name, spec, spec.install, plan)
    if spec.kubeconfig_secret_ref is None:
        return found
    held = spec.kubeconfig_secret_ref
    found += workload.access(owner, held.name, (), secret_key=held.key)
    if spec.upgrades:
        found += _upgrades(name, spec)
    chart = spec.gpu_operator
    toolkit = {"toolkit": {"env": [K3S_CONTAINERD]}}
    laid_over = chart.model_copy(update={"values": {**toolkit, **chart.values}})
    groups = None if plan is None else workload.groups_of(plan, spec.pools)
    return [*found, *workload.gpu_operator(name, laid_over, groups, "UBUNTU")]


def found(name: str, spec: EdgeSiteSpec, _observed: Mapping[str, Document]) -> dict[str, str]:
    """Name, and the endpoint that nodes join at."""
    if spec.install is None:
        return {"name": name}
    return {"name": name, "endpoint": server_url(spec.install.endpoint)}


def _upgrades(name: str, spec: EdgeSiteSpec) -> list[Resource]:
    """The controller, its namespace first, and once it runs the Plans, whose kind it defines."""
    controller = {f"upgrade-{key}": each for key, each in upgrade_controller().items()}
    first, *_, last = controller
    found = [
        workload.kubernetes_object(
            name, key, each, () if key == first else (first,), awaited=key == last
        )
        for key, each in controller.items()
    ]
    return found + [
        workload.kubernetes_object(name, f"upgrade-{each['metadata']['name']}", each, (last,))
        for each in upgrade_plans(spec.version, spec.agents_at_once)
    ]


def _boot(
    name: str, spec: EdgeSiteSpec, install: K3sInstall, plan: CapacityPlan | None
) -> list[Resource]:
    """What machines boot with, by role."""
    cluster = Cluster(
        endpoint=install.endpoint,
        cluster_cidr=install.cluster_cidr,
        service_cidr=install.service_cidr,
        secrets_encryption=install.secrets_encryption,
        embedded_registry=install.embedded_registry,
        disable=install.disable,
        snapshot_schedule=install.snapshot_schedule,
        snapshot_retention=install.snapshot_retention,
    )
    how = Install(spec.version, install.air_gapped, install.script_sha256)
    server = Node(taints=("node-role.kubernetes.io/control-plane=true:NoSchedule",))
    servers = Node() if install.servers_take_work else server

    def secret(key: str, role: Role, config: Document, *, nvidia: bool = False) -> Resource:
        return _user_data(name, key, cloud_config(role, config, how, nvidia=nvidia))

    found = [
        secret(
            "boot-first-server",
            "server",
            server_config(cluster, servers, first=True, servers=install.servers),
        )
    ]
    if install.servers > 1:
        joining = server_config(cluster, servers, first=False, servers=install.servers)
        found.append(secret("boot-server", "server", joining))
    for pool, group in _owned(spec, plan):
        agent = Node(
            labels=node_labels(pool, group),
            taints=tuple(f"{each.key}={each.value}:{each.effect}" for each in group.taints),
        )
        key = f"boot-agent-{pool.name}-{group.name}"
        nvidia = workload.has_nvidia(group)
        found.append(secret(key, "agent", agent_config(cluster, agent), nvidia=nvidia))
    return found


def _owned(spec: EdgeSiteSpec, plan: CapacityPlan | None) -> list[tuple[Pool, Group]]:
    if plan is None:
        return []
    return [
        (pool, group)
        for pool in plan.spec.pools
        if pool.name in spec.pools
        for group in pool.groups
        if group.purchase.option == "owned"
    ]


def _user_data(name: str, key: str, text: str) -> Resource:
    document: Document = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": f"{name}-{key}", "labels": {**MANAGED_BY, PART_LABEL: key}},
        "type": "Opaque",
        # As the API server keeps it: stringData would differ from it on every reconcile.
        "data": {"userData": base64.b64encode(text.encode()).decode()},
    }
    return Resource(key, document)
