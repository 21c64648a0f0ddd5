"""A MicroK8s cluster on machines of one's own, and the capacity plan that it serves."""

from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_kubernetes as kubernetes
from pydantic import model_validator

from trimtab.errors import InputError
from trimtab.provision.arguments import checked, plan_of, said_by
from trimtab.provision.edge_nodes import EdgeNode
from trimtab.provision.microk8s import script as microk8s
from trimtab.provision.scripts import cloud_config
from trimtab_components.edge.arguments import (
    Backups,
    EdgeArguments,
    EdgeBackups,
    EdgeMachine,
    EdgeSsh,
    Machine,
    San,
    Word,
)
from trimtab_components.edge.cluster import plan_inside, planned_nodes
from trimtab_components.edge.machines import Machines
from trimtab_components.order import standing_first
from trimtab_components.pool_settings import PoolSettings

__all__ = ["MicroK8sCluster", "MicroK8sClusterArgs"]

_OUTPUTS = ("endpoint", "kubeconfig", "namespace", "plan_name", "join_arguments", "cloud_init")
SCRIPT_FILE = "/var/lib/trimtab/microk8s.sh"
_LACKING = {
    "agent_token": ("MicroK8s has one token for servers and workers", "drop it"),
    "agents_at_once": ("its version is the snap's channel", "drop it"),
    "binary_sha256": ("nothing is fetched but the snap, which is signed", "drop it"),
    "cluster_cidr": ("its network's addresses are Calico's", "drop it, or make a K3sCluster"),
    "database": ("MicroK8s keeps its state in dqlite", "drop it, or make a K3sCluster"),
    "disable": ("nothing is there but its add-ons", "drop it, and name addons"),
    "embedded_registry": ("it has an add-on for that", "drop it, and name registry in addons"),
    "flannel_backend": ("its network is Calico", "drop it, or make a K3sCluster"),
    "registries": ("its containerd has a file a registry", "drop it, or make a K3sCluster"),
    "script_sha256": ("nothing is fetched but the snap, which is signed", "drop it"),
    "secrets_encryption": ("it has no setting for that", "drop it, or make a K3sCluster"),
    "service_cidr": ("its network's addresses are Calico's", "drop it, or make a K3sCluster"),
    "upgrades": ("its version is the snap's channel", "drop it, and change version"),
}
"""Arguments of K3sCluster that have no counterpart."""


class MicroK8sClusterArgs(TypedDict):
    """The machines, how they are reached, and what the plan asks of them. What may be late is said to be
    an input; all else must be known at plan time."""

    plan: Any
    """The CapacityPlan: the document itself, or the path of its file."""
    as_of: NotRequired[str]
    """The instant whose window holds, ISO 8601; default the plan's start."""
    site: NotRequired[str]
    """The site whose owned groups these machines are; default the only one that the plan has."""
    version: str
    """The snap's channel with classic confinement, such as 1.35/stable."""
    servers: list[EdgeMachine]
    """The servers, by their hosts' names; the first begins the cluster. Three or more keep its state
    when one fails."""
    agents: NotRequired[dict[str, list[EdgeMachine]]]
    """The workers, by the plan's group of owned machines that they serve: `<pool>/<group>`."""
    transport: NotRequired[str]
    """How machines get there: ssh (the default), or cloud-init, for a single server."""
    ssh: NotRequired[EdgeSsh]
    """How they are reached."""
    endpoint: NotRequired[pulumi.Input[str]]
    """Name or address by which people reach the API server; default the first server's address."""
    server_token: pulumi.Input[str]
    """What machines join with, 32 letters and digits or more; kept as a secret."""
    air_gap: NotRequired[str]
    """A folder on every machine with what `snap download` leaves for microk8s and its base."""
    nvidia: NotRequired[bool]
    """Whether the add-on of NVIDIA's operator is enabled where a group has its GPUs; default true. False
    where GpuOperator installs it."""
    addons: NotRequired[list[str]]
    """Add-ons that are enabled; default dns and hostpath-storage. One that is dropped stays."""
    backups: NotRequired[EdgeBackups]
    """Backups of the database, on the servers' disks; without it there are none."""
    servers_take_work: NotRequired[bool]
    """Whether servers run work; default true."""
    tls_sans: NotRequired[list[str]]
    """Names and addresses that the API server's certificate is for besides."""
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
    """Any text, such as a date: the kubeconfig is read anew when it changes."""
    namespace: NotRequired[str]
    """The namespace of the plan; default trimtab-system."""
    install_crd: NotRequired[bool]
    """Whether the plan's CustomResourceDefinition is installed; default true."""
    delete_unreachable: NotRequired[bool]
    """Whether objects of a cluster that can't be reached leave the stack's state; default false."""


class _Checked(EdgeArguments):
    server_token: Any
    backups: Backups | None = None
    addons: tuple[Word, ...] = ("dns", "hostpath-storage")
    tls_sans: tuple[San, ...] = ()

    @model_validator(mode="after")
    def _whole(self) -> "_Checked":
        if self.backups is not None and self.backups.bucket is not None:
            raise ValueError(
                "backups: MicroK8s writes them to the servers' disks; drop bucket, and copy them off"
            )
        if self.transport == "cloud-init" and len(self.machines) > 1:
            raise ValueError(
                "machines check whom they join by a certificate that is not there before the first "
                "boots; give transport ssh, or one server"
            )
        return self


class MicroK8sCluster(pulumi.ComponentResource):
    """MicroK8s on machines of one's own: high availability, workers of the plan's owned groups, the plan
    inside.

    The attribute `provider` is the cluster's Kubernetes provider, for other components of the program; None
    with cloud-init until a kubeconfig is given.
    """

    endpoint: pulumi.Output[str]
    """Where people reach the API server."""
    kubeconfig: pulumi.Output[str]
    """The administrator's kubeconfig, a secret; empty where there is none yet."""
    namespace: pulumi.Output[str]
    """The plan's namespace."""
    plan_name: pulumi.Output[str]
    """The plan's name in the cluster."""
    join_arguments: pulumi.Output[dict[str, str]]
    """The kubelet's arguments of each group's machines, by `<pool>/<group>`."""
    cloud_init: pulumi.Output[dict[str, str]]
    """What the machine boots with, by name, a secret; empty with ssh."""

    def __init__(
        self, name: str, args: MicroK8sClusterArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """
        Args:
            name: the component's name; its children's begin with it.
            args: see `MicroK8sClusterArgs`.
            opts: Pulumi's options.

        Raises:
            InputError: an argument is unknown, wrong or contradicts another or the plan.
            StalePlanError: the plan has expired.
        """
        where = f'MicroK8sCluster "{name}"'
        for key, (lacks, mend) in _LACKING.items():
            if args.get(key) is not None:
                raise InputError(f"{key}: {lacks}", where=where, mend=mend)
        settings = checked(_Checked, args, where)
        plan = plan_of(settings.plan, where)
        nodes = planned_nodes(settings, plan, where, "MicroK8s")
        with said_by(where):
            microk8s.check_channel(settings.version)
        super().__init__("trimtab:index:MicroK8sCluster", name, {}, opts)
        for warning in nodes.warnings:
            pulumi.log.warn(warning, resource=self)

        self._settings = settings
        self._first = standing_first(opts)
        self._setup = _setup(settings, nodes.nodes)
        first = settings.servers[0]
        stated = settings.endpoint if settings.endpoint is not None else first.address
        self.endpoint = pulumi.Output.from_input(stated).apply(microk8s.server_url)
        self.cloud_init = pulumi.Output.from_input({})
        ready: list[pulumi.Resource] = []
        if settings.transport == "ssh":
            self.kubeconfig, ready = self._over_ssh(name, nodes.nodes)
        else:
            self.kubeconfig = pulumi.Output.secret(settings.kubeconfig or "")
            text = self._script(nodes.nodes[0])
            document = text.apply(lambda each: cloud_config(SCRIPT_FILE, each))
            self.cloud_init = pulumi.Output.secret(pulumi.Output.all(**{first.name: document}))
        self.provider: kubernetes.Provider | None = None
        if settings.transport == "ssh" or settings.kubeconfig is not None:
            self.provider, _, _ = plan_inside(
                name,
                self,
                self.kubeconfig,
                self.endpoint,
                settings,
                plan,
                nodes.nodes,
                [*self._first, *ready],
            )
        self.namespace = pulumi.Output.from_input(settings.namespace)
        self.plan_name = pulumi.Output.from_input(plan.metadata.name)
        self.join_arguments = pulumi.Output.from_input(nodes.join)
        self.register_outputs({key: getattr(self, key) for key in _OUTPUTS})

    def _script(
        self, node: EdgeNode, fingerprint: pulumi.Output[str] | None = None
    ) -> pulumi.Output[str]:
        """What is run on a machine; with a fingerprint it joins the first server, whose it is."""
        settings = self._settings
        others = [each.address for each in settings.servers[1:] if each.address is not None]
        late = {"token": settings.server_token, "peers": others if node.first else []}
        if fingerprint is not None:
            late |= {"fingerprint": fingerprint, "host": settings.servers[0].address}
        return pulumi.Output.secret(late).apply(
            lambda known: microk8s.machine_script(
                node,
                self._setup,
                known["token"],
                known.get("host"),
                known.get("fingerprint"),
                [microk8s.server_url(each) for each in known["peers"]],
            )
        )

    def _machine(self, name: str) -> Machine:
        return next(each for each in self._settings.machines if each.name == name)

    def _over_ssh(
        self, name: str, nodes: tuple[EdgeNode, ...]
    ) -> tuple[pulumi.Output[str], list[pulumi.Resource]]:
        """The machines: servers one after the other, then workers side by side; and the kubeconfig."""
        settings = self._settings
        machines = Machines(name, self, settings.ssh, self._first)
        first = self._machine(nodes[0].name)
        fingerprint: pulumi.Output[str] | None = None
        servers: list[pulumi.Resource] = []
        ready: list[pulumi.Resource] = []
        for node in nodes:
            installed = machines.run(
                node.name,
                self._machine(node.name),
                self._script(node, fingerprint),
                servers,
                shows=f"{self._setup} {node.labels} {node.taints}",
            )
            if fingerprint is None:
                fingerprint = machines.read(
                    "fingerprint",
                    first,
                    microk8s.CERTIFICATE_FILE,
                    [installed],
                    [],
                    microk8s.FINGERPRINT,
                )
            member = microk8s.member_script(node, self._setup, settings.drain_seconds)
            joined = machines.run(
                f"{node.name}-node", first, member, [installed, *servers], shows=member
            )
            ready.append(joined)
            if node.role == "server":
                servers = [installed, joined]
        text = machines.read(
            "kubeconfig",
            first,
            microk8s.KUBECONFIG_FILE,
            ready[:1],
            [settings.version, settings.kubeconfig_read],
        )
        known = pulumi.Output.all(text, self.endpoint)
        return known.apply(lambda each: each[0].replace(microk8s.LOCAL_API, each[1])), ready


def _setup(settings: _Checked, nodes: tuple[EdgeNode, ...]) -> microk8s.Setup:
    backups = settings.backups
    nvidia = settings.nvidia and any(each.nvidia for each in nodes)
    return microk8s.Setup(
        channel=settings.version,
        air_gap=settings.air_gap,
        addons=(*settings.addons, *(("nvidia",) if nvidia else ())),
        sans=settings.tls_sans,
        kubelet_args=settings.kubelet_args,
        backup_schedule=None if backups is None else backups.schedule,
        backup_retention=5 if backups is None else backups.retention,
        ready_seconds=settings.ready_seconds,
    )
