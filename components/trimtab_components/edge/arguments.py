"""What a cluster at the edge is told of its machines, at the boundary and checked."""

import re
from typing import Annotated, Any, Literal, NotRequired, TypedDict

import pulumi
from pydantic import Field, model_validator

from trimtab.plan.types import Count, Flag, Name, Namespace
from trimtab.provision.arguments import Arguments
from trimtab_components.plan_object import NAMESPACE

Port = Annotated[Count, Field(ge=1, le=65535)]
Path = Annotated[str, Field(pattern=r"^/[-A-Za-z0-9._/]{0,200}$")]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Word = Annotated[str, Field(pattern=r"^[-A-Za-z0-9._]{1,64}$")]
KubeletArg = Annotated[str, Field(pattern=r"^[a-z][-a-z0-9]{0,63}=[^\x00-\x1f\x7f]{0,512}$")]
San = Annotated[str, Field(pattern=r"^[-A-Za-z0-9.:*]{1,253}$")]
Seconds = Annotated[Count, Field(ge=0, le=86400)]

_HOST = re.compile(
    r"[0-9A-Za-z]([-0-9A-Za-z.]{0,251}[0-9A-Za-z])?\.?|[0-9a-fA-F]*:[0-9a-fA-F]*:[0-9a-fA-F:.]{0,40}"
)
_TAKEN = ("kubeconfig", "fingerprint")


class EdgeMachine(TypedDict):
    """A machine of one's own."""

    name: str
    """The node's name; the resources' of the machine end with it."""
    address: NotRequired[pulumi.Input[str]]
    """Where SSH reaches it. Needed with the transport ssh, and of the first server."""
    host_key: NotRequired[pulumi.Input[str]]
    """Its SSH host key, as a line of known_hosts has it without the host: ssh-ed25519 AAAA…"""
    user: NotRequired[str]
    """The user, where it is not that of `ssh`."""
    port: NotRequired[int]
    """The port, where it is not that of `ssh`."""
    node_ip: NotRequired[str]
    """The address at which other nodes reach it, where the distribution would choose another."""
    group: NotRequired[str]
    """Of a server: the plan's group of owned machines that it serves as well, `<pool>/<group>`."""


class EdgeBastion(TypedDict):
    """The machine through which SSH reaches the others."""

    address: pulumi.Input[str]
    """Where it is."""
    host_key: NotRequired[pulumi.Input[str]]
    """Its SSH host key."""
    user: NotRequired[str]
    """The user; default root."""
    port: NotRequired[int]
    """The port; default 22."""
    private_key: NotRequired[pulumi.Input[str]]
    """Its SSH key, where it is not that of the machines; kept as a secret."""


class EdgeSsh(TypedDict):
    """How machines are reached."""

    private_key: NotRequired[pulumi.Input[str]]
    """The SSH key, kept as a secret; default the SSH agent's."""
    private_key_password: NotRequired[pulumi.Input[str]]
    """The key's passphrase, kept as a secret."""
    user: NotRequired[str]
    """The user: root (the default), or one that may sudo without a password."""
    port: NotRequired[int]
    """The port; default 22."""
    bastion: NotRequired[EdgeBastion]
    """The machine that stands in between."""
    any_host_key: NotRequired[bool]
    """Whether a machine without `host_key` is trusted whoever it is; default false."""


class EdgeDatabase(TypedDict):
    """A database beside the cluster that keeps its state."""

    endpoint: pulumi.Input[str]
    """Its address with user and password, kept as a secret: postgres://user:password@host:5432/k3s."""
    ca: NotRequired[pulumi.Input[str]]
    """The certificate authority of its TLS, PEM."""
    certificate: NotRequired[pulumi.Input[str]]
    """The certificate that servers present to it, PEM."""
    key: NotRequired[pulumi.Input[str]]
    """The certificate's key, PEM; kept as a secret."""


class EdgeBackups(TypedDict):
    """Snapshots of the cluster's state."""

    schedule: NotRequired[str]
    """When, as cron has it; default 0 */12 * * *."""
    retention: NotRequired[int]
    """How many are kept; default 5."""
    bucket: NotRequired[str]
    """The bucket that they are copied to; without it they stay on the servers."""
    region: NotRequired[str]
    """The bucket's region."""
    endpoint: NotRequired[str]
    """The object store's host, where it is not AWS's."""
    folder: NotRequired[str]
    """A prefix inside the bucket."""
    access_key: NotRequired[pulumi.Input[str]]
    """The key's name, kept as a secret; without it the machine's own identity counts."""
    secret_key: NotRequired[pulumi.Input[str]]
    """The key, kept as a secret."""


class Machine(Arguments):
    """A checked machine; values that may be late are unchecked."""

    name: Name
    address: Any = None
    host_key: Any = None
    user: Word | None = None
    port: Port | None = None
    node_ip: (
        Annotated[str, Field(pattern=r"^[0-9a-fA-F.:]{2,45}(,[0-9a-fA-F.:]{2,45})?$")] | None
    ) = None
    group: str | None = None


class Bastion(Arguments):
    """A checked bastion."""

    address: Any
    host_key: Any = None
    user: Word = "root"
    port: Port = 22
    private_key: Any = None


class Ssh(Arguments):
    """Checked ways to reach machines."""

    private_key: Any = None
    private_key_password: Any = None
    user: Word = "root"
    port: Port = 22
    bastion: Bastion | None = None
    any_host_key: Flag = False


class Database(Arguments):
    """A checked database."""

    endpoint: Any
    ca: Any = None
    certificate: Any = None
    key: Any = None

    @model_validator(mode="after")
    def _pair(self) -> "Database":
        if (self.certificate is None) != (self.key is None):
            raise ValueError("database: certificate and key go together; give both, or neither")
        return self


class Backups(Arguments):
    """Checked backups."""

    schedule: Annotated[str, Field(pattern=r"^[-0-9*/, ]{9,63}$")] = "0 */12 * * *"
    retention: Annotated[Count, Field(ge=1, le=100)] = 5
    bucket: Word | None = None
    region: Word | None = None
    endpoint: Annotated[str, Field(pattern=r"^[-A-Za-z0-9.:]{1,255}$")] | None = None
    folder: Annotated[str, Field(pattern=r"^[-A-Za-z0-9._/]{1,255}$")] | None = None
    access_key: Any = None
    secret_key: Any = None

    @model_validator(mode="after")
    def _of_a_bucket(self) -> "Backups":
        if (self.access_key is None) != (self.secret_key is None):
            raise ValueError(
                "backups: access_key and secret_key go together; give both, or neither"
            )
        for name in ("region", "endpoint", "folder", "access_key"):
            if self.bucket is None and getattr(self, name) is not None:
                raise ValueError(f"backups: {name} is of a bucket, and there is none; give bucket")
        return self


class EdgeArguments(Arguments):
    """What clusters of every distribution take."""

    plan: Any
    as_of: str | None = None
    site: str | None = None
    version: str
    servers: Annotated[tuple[Machine, ...], Field(min_length=1, max_length=9)]
    agents: dict[str, tuple[Machine, ...]] = Field(default_factory=dict)
    transport: Literal["ssh", "cloud-init"] = "ssh"
    ssh: Ssh = Ssh()
    endpoint: Any = None
    air_gap: Path | None = None
    nvidia: Flag = True
    servers_take_work: Flag = True
    kubelet_args: tuple[KubeletArg, ...] = ()
    pools: dict[str, dict[str, Any]] = Field(default_factory=dict)
    labels: dict[str, str] = Field(default_factory=dict)
    drain_seconds: Seconds = 300
    ready_seconds: Seconds = 600
    kubeconfig: Any = None
    kubeconfig_read: str = ""
    namespace: Namespace = NAMESPACE
    install_crd: Flag = True
    delete_unreachable: Flag = False

    @property
    def machines(self) -> tuple[Machine, ...]:
        """Servers first, then agents."""
        return (*self.servers, *(each for group in self.agents.values() for each in group))

    @model_validator(mode="after")
    def _reached(self) -> "EdgeArguments":
        if self.servers[0].address is None and self.endpoint is None:
            raise ValueError(
                f"servers: {self.servers[0].name} has no address; give it one, or endpoint"
            )
        if self.transport == "cloud-init":
            return self
        for machine in self.machines:
            if machine.address is None:
                raise ValueError(
                    f"{machine.name} has no address; give one, or transport cloud-init"
                )
            if machine.host_key is None and not self.ssh.any_host_key:
                raise ValueError(
                    f"{machine.name} has no host_key, so anybody could be it; give the line of "
                    "`ssh-keyscan`, or ssh any_host_key"
                )
        if self.kubeconfig is not None:
            raise ValueError("kubeconfig is read over SSH; drop it, or give transport cloud-init")
        return self

    @model_validator(mode="after")
    def _apart(self) -> "EdgeArguments":
        if isinstance(self.endpoint, str) and not _HOST.fullmatch(self.endpoint):
            raise ValueError(
                f"endpoint: {self.endpoint} is no name or address; give a host alone, without a scheme, "
                "brackets or a port"
            )
        names = [each.name for each in self.machines]
        reached: dict[tuple[str, int], str] = {}
        for machine in self.machines:
            if machine.name in _TAKEN or machine.name.removesuffix("-node") in {
                each for each in names if each != machine.name
            }:
                raise ValueError(
                    f"{machine.name} is the name of what is made beside the machines; give it another"
                )
            if self.transport == "cloud-init" or not isinstance(machine.address, str):
                continue
            if not _HOST.fullmatch(machine.address):
                raise ValueError(
                    f"{machine.name}: {machine.address} is no name or address; give a host alone, "
                    "without a scheme, brackets or a port"
                )
            place = (machine.address.lower(), machine.port or self.ssh.port)
            if reached.get(place, machine.name) != machine.name:
                raise ValueError(
                    f"{reached[place]} and {machine.name} have the same address and port; each is a "
                    "machine of its own"
                )
            reached[place] = machine.name
        return self

    @model_validator(mode="after")
    def _groups(self) -> "EdgeArguments":
        for machine in (each for group in self.agents.values() for each in group):
            if machine.group is not None:
                raise ValueError(
                    f"agents: {machine.name} states a group; its key in agents says it"
                )
        return self
