"""A K3s cluster on machines of one's own, and the capacity plan that it serves."""

from typing import Annotated, Any, NotRequired, TypedDict

import pulumi
import pulumi_kubernetes as kubernetes
from pydantic import Field, model_validator

from trimtab.plan.types import Count, Flag
from trimtab.provision.arguments import checked, plan_of, said_by
from trimtab.provision.edge_nodes import EdgeNode
from trimtab.provision.k3s import script as k3s_script
from trimtab.provision.k3s.config import (
    Cluster,
    ExternalDatabase,
    Node,
    Snapshots,
    agent_config,
    check_cluster,
    check_version,
    secret_config,
    server_config,
    server_url,
)
from trimtab.provision.k3s.upgrade_controller import upgrade_controller
from trimtab.provision.k3s.upgrades import upgrade_plans
from trimtab.provision.scripts import cloud_config
from trimtab_components.edge.arguments import (
    Backups,
    Database,
    EdgeArguments,
    EdgeBackups,
    EdgeDatabase,
    EdgeMachine,
    EdgeSsh,
    Machine,
    San,
    Sha256,
    Word,
)
from trimtab_components.edge.cluster import plan_inside, planned_nodes
from trimtab_components.edge.machines import Machines
from trimtab_components.kube_objects import kube_object
from trimtab_components.order import standing_first
from trimtab_components.pool_settings import PoolSettings

__all__ = ["K3sCluster", "K3sClusterArgs"]

_OUTPUTS = ("endpoint", "kubeconfig", "namespace", "plan_name", "join_arguments", "cloud_init")
SCRIPT_FILE = "/var/lib/trimtab/k3s.sh"


class K3sClusterArgs(TypedDict):
    """The machines, how they are reached, and what the plan asks of them. What may be late is said to be
    an input; all else must be known at plan time."""

    plan: Any
    """The CapacityPlan: the document itself, or the path of its file."""
    as_of: NotRequired[str]
    """The instant whose window holds, ISO 8601; default the plan's start."""
    site: NotRequired[str]
    """The site whose owned groups these machines are; default the only one that the plan has."""
    version: str
    """K3s's release, such as v1.35.3+k3s1."""
    servers: list[EdgeMachine]
    """The servers; the first begins the cluster. An odd number, unless there is a database."""
    agents: NotRequired[dict[str, list[EdgeMachine]]]
    """The other machines, by the plan's group of owned machines that they serve: `<pool>/<group>`."""
    transport: NotRequired[str]
    """How machines get there: ssh (the default), or cloud-init: they make themselves nodes of what
    `cloud_init` says."""
    ssh: NotRequired[EdgeSsh]
    """How they are reached."""
    endpoint: NotRequired[pulumi.Input[str]]
    """Name or address that stands for all servers; default the first one's address."""
    server_token: NotRequired[pulumi.Input[str]]
    """What servers join with, kept as a secret. Needed with ssh; with cloud-init, machines that get none
    wait for the file."""
    agent_token: NotRequired[pulumi.Input[str]]
    """What agents join with, kept as a secret; the same."""
    database: NotRequired[EdgeDatabase]
    """What keeps the cluster's state instead of embedded etcd."""
    backups: NotRequired[EdgeBackups]
    """Snapshots of embedded etcd."""
    air_gap: NotRequired[str]
    """A folder on every machine that holds the release: k3s, install.sh, k3s-airgap-images-*. Nothing is
    fetched then."""
    script_sha256: NotRequired[str]
    """The digest of K3s's installer; without it, whatever K3s serves is run."""
    binary_sha256: NotRequired[dict[str, str]]
    """The digest of the binary by machine: x86_64, arm64."""
    nvidia: NotRequired[bool]
    """Whether containers on machines with NVIDIA's GPUs run with its runtime, where it is installed;
    default true."""
    upgrades: NotRequired[bool]
    """Whether the system upgrade controller brings nodes to `version` instead of the scripts; default
    false."""
    agents_at_once: NotRequired[int]
    """Agents that it may close at the same time; default 1."""
    registries: NotRequired[pulumi.Input[str]]
    """K3s's registries.yaml, as text: mirrors and their credentials; kept as a secret."""
    servers_take_work: NotRequired[bool]
    """Whether servers run work; default true."""
    cluster_cidr: NotRequired[str]
    """The pods' addresses; default 10.42.0.0/16."""
    service_cidr: NotRequired[str]
    """The services' addresses; default 10.43.0.0/16."""
    secrets_encryption: NotRequired[bool]
    """Whether Kubernetes' secrets are encrypted at rest; default true. Can't be changed later here."""
    embedded_registry: NotRequired[bool]
    """Whether nodes share images among themselves; default false."""
    disable: NotRequired[list[str]]
    """Packaged components that are left out, such as traefik."""
    flannel_backend: NotRequired[str]
    """Of the packaged network: vxlan, host-gw, wireguard-native, none; default K3s's own."""
    tls_sans: NotRequired[list[str]]
    """Further names and addresses that the API server's certificate is for."""
    kubelet_args: NotRequired[list[str]]
    """Arguments of every kubelet, as name=value."""
    pools: NotRequired[dict[str, PoolSettings]]
    """How machines are marked, by pool (`trainers`) or by group (`trainers/cellar`)."""
    labels: NotRequired[dict[str, str]]
    """Labels of every object, besides those of the plan."""
    drain_seconds: NotRequired[int]
    """How long the pods of a machine that goes have to leave; 0: they are not asked. Default 300."""
    ready_seconds: NotRequired[int]
    """How long a machine may take to be ready; default 600."""
    kubeconfig: NotRequired[pulumi.Input[str]]
    """With cloud-init, the kubeconfig once there is one: until then nothing is put into the cluster."""
    kubeconfig_read: NotRequired[str]
    """Any text, such as a date: the kubeconfig is read anew when it changes. Its certificate holds for a
    year."""
    namespace: NotRequired[str]
    """The namespace of the plan; default trimtab-system."""
    install_crd: NotRequired[bool]
    """Whether the plan's CustomResourceDefinition is installed; default true."""
    delete_unreachable: NotRequired[bool]
    """Whether objects of a cluster that can't be reached leave the stack's state; default false."""


class _Checked(EdgeArguments):
    server_token: Any = None
    agent_token: Any = None
    backups: Backups = Backups()
    database: Database | None = None
    script_sha256: Sha256 | None = None
    binary_sha256: dict[Annotated[str, Field(pattern="^(x86_64|arm64)$")], Sha256] = Field(
        default_factory=dict
    )
    upgrades: Flag = False
    agents_at_once: Annotated[Count, Field(ge=1, le=100)] = 1
    registries: Any = None
    cluster_cidr: str = "10.42.0.0/16"
    service_cidr: str = "10.43.0.0/16"
    secrets_encryption: Flag = True
    embedded_registry: Flag = False
    disable: tuple[Word, ...] = ()
    flannel_backend: (
        Annotated[str, Field(pattern="^(vxlan|host-gw|wireguard-native|none)$")] | None
    ) = None
    tls_sans: tuple[San, ...] = ()

    @model_validator(mode="after")
    def _whole(self) -> "_Checked":
        if self.transport == "ssh" and (self.server_token is None or self.agent_token is None):
            raise ValueError(
                "server_token and agent_token are both needed; give secrets, such as a RandomPassword's "
                "result, or those of the stack's configuration"
            )
        if self.database is not None and self.backups.bucket is not None:
            raise ValueError(
                "backups are of embedded etcd; back the database up itself, or drop it"
            )
        if self.backups.bucket is not None and len(self.servers) == 1:
            raise ValueError(
                "backups: one server keeps its state in SQLite, which has no snapshots; give three"
            )
        if self.upgrades and self.air_gap is not None:
            raise ValueError(
                "upgrades fetches images; drop it, or air_gap: the scripts upgrade from the folder"
            )
        return self


class K3sCluster(pulumi.ComponentResource):
    """K3s on machines of one's own: high availability, agents of the plan's owned groups, the plan inside.

    The attribute `provider` is the cluster's Kubernetes provider, for other components of the program; None
    with cloud-init until a kubeconfig is given.
    """

    endpoint: pulumi.Output[str]
    """Where nodes join and people reach the API server."""
    kubeconfig: pulumi.Output[str]
    """The administrator's kubeconfig, a secret; empty where there is none yet."""
    namespace: pulumi.Output[str]
    """The plan's namespace."""
    plan_name: pulumi.Output[str]
    """The plan's name in the cluster."""
    join_arguments: pulumi.Output[dict[str, str]]
    """The kubelet's arguments of each group's machines, by `<pool>/<group>`."""
    cloud_init: pulumi.Output[dict[str, str]]
    """What each machine boots with, by name, a secret; empty with ssh."""

    def __init__(
        self, name: str, args: K3sClusterArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """
        Args:
            name: the component's name; its children's begin with it.
            args: see `K3sClusterArgs`.
            opts: Pulumi's options.

        Raises:
            InputError: an argument is unknown, wrong or contradicts another or the plan.
            StalePlanError: the plan has expired.
        """
        where = f'K3sCluster "{name}"'
        settings = checked(_Checked, args, where)
        plan = plan_of(settings.plan, where)
        nodes = planned_nodes(settings, plan, where, "K3s")
        with said_by(where):
            check_version(settings.version)
            check_cluster(_cluster(settings, "checked"), len(settings.servers))
        super().__init__("trimtab:index:K3sCluster", name, {}, opts)
        for warning in nodes.warnings:
            pulumi.log.warn(warning, resource=self)

        self._settings = settings
        self._first = standing_first(opts)
        stated = settings.endpoint if settings.endpoint is not None else settings.servers[0].address
        host = pulumi.Output.from_input(stated)
        self.endpoint = host.apply(server_url)
        scripts = {node.name: self._script(node, host) for node in nodes.nodes}
        self.cloud_init = pulumi.Output.from_input({})
        if settings.transport == "ssh":
            self.kubeconfig, ready = self._over_ssh(name, nodes.nodes, scripts)
        else:
            self.kubeconfig, ready = pulumi.Output.secret(settings.kubeconfig or ""), []
            documents = {
                key: text.apply(lambda each: cloud_config(SCRIPT_FILE, each))
                for key, text in scripts.items()
            }
            self.cloud_init = pulumi.Output.secret(pulumi.Output.all(**documents))
        self.provider: kubernetes.Provider | None = None
        if settings.transport == "ssh" or settings.kubeconfig is not None:
            self._inside(name, plan, nodes.nodes, ready)
        self.namespace = pulumi.Output.from_input(settings.namespace)
        self.plan_name = pulumi.Output.from_input(plan.metadata.name)
        self.join_arguments = pulumi.Output.from_input(nodes.join)
        self.register_outputs({key: getattr(self, key) for key in _OUTPUTS})

    def _script(self, node: EdgeNode, host: pulumi.Output[str]) -> pulumi.Output[str]:
        """What is run on a machine; an agent's knows nothing that is the servers' alone."""
        settings, machine = self._settings, self._machine(node.name)
        server = node.role == "server"
        late = {
            "host": host,
            "peers": self._peers(node),
            "agent_token": settings.agent_token,
            "registries": settings.registries,
            "server_token": settings.server_token if server else None,
            "access_key": settings.backups.access_key if server else None,
            "secret_key": settings.backups.secret_key if server else None,
            **(_database(settings.database) if server else {}),
        }

        def made(known: dict[str, Any]) -> str:
            return k3s_script.machine_script(
                node.role,
                _config(settings, node, machine, known["host"]),
                self._installation,
                k3s_script.Secrets(
                    server_token=known["server_token"],
                    agent_token=known["agent_token"],
                    config=secret_config(
                        known.get("database"), known["access_key"], known["secret_key"]
                    ),
                    registries=known["registries"],
                    database_ca=known.get("database_ca"),
                    database_certificate=known.get("database_certificate"),
                    database_key=known.get("database_key"),
                ),
                nvidia=settings.nvidia and node.nvidia,
                peers=[server_url(each) for each in known["peers"]],
            )

        return pulumi.Output.secret(late).apply(made)

    def _peers(self, node: EdgeNode) -> list[Any]:
        """Where other servers answer, for the one that begins the cluster unless there is one."""
        if not node.first or self._settings.database is not None:
            return []
        others = [each for each in self._settings.servers if each.name != node.name]
        return [
            each.address if each.node_ip is None else each.node_ip.partition(",")[0]
            for each in others
            if each.address is not None or each.node_ip is not None
        ]

    @property
    def _installation(self) -> k3s_script.Installation:
        settings = self._settings
        return k3s_script.Installation(
            version=settings.version,
            air_gap=settings.air_gap,
            script_sha256=settings.script_sha256,
            binary_sha256=settings.binary_sha256,
            keep_version=settings.upgrades,
            ready_seconds=settings.ready_seconds,
        )

    def _machine(self, name: str) -> Machine:
        return next(each for each in self._settings.machines if each.name == name)

    def _over_ssh(
        self, name: str, nodes: tuple[EdgeNode, ...], scripts: dict[str, pulumi.Output[str]]
    ) -> tuple[pulumi.Output[str], list[pulumi.Resource]]:
        """The machines: servers one after the other, then agents side by side; and the kubeconfig."""
        settings = self._settings
        machines = Machines(name, self, settings.ssh, self._first)
        first = self._machine(nodes[0].name)
        servers: list[pulumi.Resource] = []
        ready: list[pulumi.Resource] = []
        for node in nodes:
            installed = machines.run(
                node.name,
                self._machine(node.name),
                scripts[node.name],
                servers,
                shows=f"{settings.version} {node.labels} {node.taints}",
            )
            member = k3s_script.member_script(
                node,
                self._installation,
                settings.drain_seconds,
                majority=settings.database is None,
            )
            joined = machines.run(
                f"{node.name}-node", first, member, [installed, *servers], shows=member
            )
            ready.append(joined)
            if node.role == "server":
                servers = [installed, joined]
        text = machines.read(
            "kubeconfig",
            first,
            k3s_script.KUBECONFIG_FILE,
            ready[:1],
            [settings.version, settings.kubeconfig_read],
        )
        known = pulumi.Output.all(text, self.endpoint)
        return known.apply(lambda each: k3s_script.kubeconfig_at(each[0], each[1])), ready

    def _inside(
        self, name: str, plan: Any, nodes: tuple[EdgeNode, ...], ready: list[pulumi.Resource]
    ) -> None:
        """The plan, and the upgrades' controller; both once every machine is a node."""
        settings = self._settings
        self.provider, labels, options = plan_inside(
            name,
            self,
            self.kubeconfig,
            self.endpoint,
            settings,
            plan,
            nodes,
            [*self._first, *ready],
        )
        if settings.upgrades:
            self._upgrades(name, labels, options)

    def _upgrades(self, name: str, labels: dict[str, str], options: pulumi.ResourceOptions) -> None:
        """The system upgrade controller, then its Plans, whose kind it defines when it starts."""
        made: list[pulumi.Resource] = []
        plans = upgrade_plans(self._settings.version, self._settings.agents_at_once)
        controller = upgrade_controller()
        for key, each in controller.items():
            made.append(self._upgrade(name, key, each, labels, options, made[:1]))
        for each in plans:
            self._upgrade(name, each["metadata"]["name"], each, labels, options, made[-1:])

    def _upgrade(
        self,
        name: str,
        key: str,
        manifest: dict[str, Any],
        labels: dict[str, str],
        options: pulumi.ResourceOptions,
        after: list[pulumi.Resource],
    ) -> pulumi.Resource:
        metadata = manifest["metadata"]
        marked_as = {**metadata, "labels": {**labels, **metadata.get("labels", {})}}
        return kube_object(
            f"{name}-upgrade-{key}",
            {**manifest, "metadata": marked_as},
            pulumi.ResourceOptions.merge(options, pulumi.ResourceOptions(depends_on=after)),
        )


def _cluster(settings: _Checked, host: str) -> Cluster:
    backups, database = settings.backups, settings.database
    return Cluster(
        endpoint=host,
        cluster_cidr=settings.cluster_cidr,
        service_cidr=settings.service_cidr,
        secrets_encryption=settings.secrets_encryption,
        embedded_registry=settings.embedded_registry,
        disable=settings.disable,
        snapshot_schedule=backups.schedule,
        snapshot_retention=backups.retention,
        snapshots=None
        if backups.bucket is None
        else Snapshots(backups.bucket, backups.region, backups.endpoint, backups.folder),
        database=None
        if database is None
        else ExternalDatabase(database.ca is not None, database.certificate is not None),
        tls_sans=settings.tls_sans,
        flannel_backend=settings.flannel_backend,
    )


def _config(settings: _Checked, node: EdgeNode, machine: Machine, host: str) -> dict[str, Any]:
    itself = Node(
        labels=node.labels,
        taints=node.taints,
        name=node.name,
        ip=machine.node_ip,
        kubelet_args=settings.kubelet_args,
    )
    cluster = _cluster(settings, host)
    if node.role == "agent":
        return agent_config(cluster, itself)
    return server_config(cluster, itself, first=node.first, servers=len(settings.servers))


def _database(database: Database | None) -> dict[str, Any]:
    if database is None:
        return {}
    return {
        "database": database.endpoint,
        "database_ca": database.ca,
        "database_certificate": database.certificate,
        "database_key": database.key,
    }
