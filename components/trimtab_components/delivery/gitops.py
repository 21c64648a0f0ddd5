"""Flux or Argo CD in a cluster, pointed at a repository: an environment after the other."""

from typing import Annotated, Any, Literal, NotRequired, Self, TypedDict

import pulumi
import pulumi_kubernetes as kubernetes
from pydantic import Field, model_validator

from trimtab.errors import InputError
from trimtab.plan.attribution import object_labels
from trimtab.plan.types import Count, DnsLabel, Flag, Namespace
from trimtab.provision.arguments import Arguments, Override, checked, plan_of
from trimtab.provision.charts.delivery import ARGO_CD, FLUX
from trimtab.provision.delivery import gitops
from trimtab.provision.delivery.gitops_values import argo_values, flux_values
from trimtab_components.arguments import ChartOverride
from trimtab_components.eks.late import LateText
from trimtab_components.installation import (
    CLUSTERS_OWN,
    Delivery,
    Release,
    install,
    pods_namespace,
)
from trimtab_components.kube_objects import kube_objects
from trimtab_components.order import standing_first
from trimtab_components.plan_object import NAMESPACE

_CREDENTIALS = "trimtab-repository"
_REDIS = "argocd-redis"
"""Where Argo CD's chart looks for the password of its cache, under `auth`."""


class GitEnvironment(TypedDict):
    """One step of the way to production: a folder of the repository, and where it goes."""

    name: str
    """The environment's name, such as staging."""
    path: str
    """The folder in the repository, such as clusters/staging. Its plan is a file in it."""
    plan: NotRequired[str]
    """The plan's file in that folder; default plan.yaml. Only the output `plan_files` has it."""
    branch: NotRequired[str]
    """The branch, where it is not the repository's."""
    namespace: NotRequired[str]
    """Where everything of the folder goes; default trimtab-system."""
    cluster: NotRequired[str]
    """Another cluster. Flux: the Secret in its namespace with that cluster's kubeconfig, under `value`.
    Argo CD: the name that the cluster is registered by. Default: the cluster that delivers."""


class GitCredentials(TypedDict):
    """How the repository is read: over HTTPS with a user name and a token, or over SSH with a key."""

    username: NotRequired[pulumi.Input[str]]
    """The user name; many hosts take any beside a token."""
    password: NotRequired[pulumi.Input[str]]
    """The token or password; kept as a secret."""
    ssh_private_key: NotRequired[pulumi.Input[str]]
    """A deploy key, PEM; read access is enough. Kept as a secret."""
    known_hosts: NotRequired[pulumi.Input[str]]
    """The host's public keys, as ssh-keyscan prints them; Flux needs them beside a key."""


class GitOpsArgs(TypedDict):
    """What is delivered, from where. All but the credentials must be known at plan time."""

    engine: str
    """flux or argo-cd."""
    url: str
    """The repository's address: https://… or ssh://…"""
    environments: list[GitEnvironment]
    """The environments, the first to change first."""
    branch: NotRequired[str]
    """The repository's branch; default main."""
    credentials: NotRequired[GitCredentials]
    """How a private repository is read; a Secret is made of it."""
    credentials_secret: NotRequired[str]
    """The Secret with them, where there is one in Flux's namespace. Argo CD finds its own by a label."""
    ordered: NotRequired[bool]
    """Whether an environment is reconciled only while those before it are healthy; default true."""
    prune: NotRequired[bool]
    """Whether what leaves a folder leaves the cluster; default true."""
    poll_interval: NotRequired[str]
    """How often Flux looks at the repository, such as 1m, the default."""
    reconcile_interval: NotRequired[str]
    """How often Flux compares the cluster with a commit that it has, such as 10m, the default."""
    timeout: NotRequired[str]
    """After which Flux calls an environment failed that isn't ready, such as 15m, the default: EKS takes
    minutes to make a node group."""
    sops_secret: NotRequired[str]
    """The Secret in Flux's namespace with the keys of what SOPS encrypted in the repository."""
    api_groups: NotRequired[list[str]]
    """API groups of what may be delivered; default trimtab.dev and platform.trimtab.dev. Nothing outside
    them, and nothing of the cluster's own, is let in."""
    create_namespaces: NotRequired[bool]
    """Whether the environments' namespaces in this cluster are made; default true."""
    install: NotRequired[bool]
    """Whether the engine is installed; default true. False where it is there already."""
    replicas: NotRequired[int]
    """Servers of Argo CD; default 2. Flux's controllers have one each, which leads."""
    redis_password: NotRequired[pulumi.Input[str]]
    """Argo CD's cache's password, where Pulumi renders the chart: its job that makes one is a hook, which
    Pulumi runs none of. Kept as a secret."""
    delivery: NotRequired[str]
    """chart (the default): Pulumi renders the engine's chart. flux: a HelmRelease for Flux, for Argo CD
    alone."""
    plan: NotRequired[Any]
    """A CapacityPlan, for the labels of the objects: a document, or the path of its file."""
    labels: NotRequired[dict[str, str]]
    """Labels of the objects, besides those of the plan."""
    override: NotRequired[dict[str, ChartOverride]]
    """What differs from the chart's version, namespace and values as Trimtab sets them, by flux2 or
    argo-cd. The namespace is the objects' too."""


_Duration = Annotated[str, Field(pattern=r"^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$")]
_Path = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*$")]
_Branch = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_./-]*$")]
_Group = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$|^$")]


class _Environment(Arguments):
    name: DnsLabel
    path: _Path
    plan: _Path = "plan.yaml"
    branch: _Branch | None = None
    namespace: Namespace = NAMESPACE
    cluster: DnsLabel | None = None


class _Credentials(Arguments):
    username: LateText = None
    password: LateText = None
    ssh_private_key: LateText = None
    known_hosts: LateText = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        token = self.username is not None and self.password is not None
        if token == (self.ssh_private_key is not None) or (token and self.known_hosts is not None):
            raise ValueError(
                "give username and password, or ssh_private_key (with known_hosts for Flux)"
            )
        return self


class _Checked(Arguments):
    engine: Literal["flux", "argo-cd"]
    url: Annotated[str, Field(pattern=r"^(https?|ssh)://\S+$")]
    environments: Annotated[tuple[_Environment, ...], Field(min_length=1, max_length=64)]
    branch: _Branch = "main"
    credentials: _Credentials | None = None
    credentials_secret: DnsLabel | None = None
    ordered: Flag = True
    prune: Flag = True
    poll_interval: _Duration = "1m"
    reconcile_interval: _Duration = "10m"
    timeout: _Duration = "15m"
    sops_secret: DnsLabel | None = None
    api_groups: Annotated[tuple[_Group, ...], Field(min_length=1)] = (
        "trimtab.dev",
        gitops.PLATFORM,
    )
    create_namespaces: Flag = True
    install: Flag = True
    replicas: Annotated[Count, Field(ge=1, le=8)] = 2
    redis_password: LateText = None
    delivery: Delivery = "chart"
    plan: Any = None
    labels: dict[str, str] = Field(default_factory=dict)
    override: dict[Literal["flux2", "argo-cd"], Override] = Field(default_factory=dict)


class GitOps(pulumi.ComponentResource):
    """A GitOps engine that brings environments' plans from a repository to their clusters, in order."""

    namespace: pulumi.Output[str]
    """The engine's namespace."""
    version: pulumi.Output[str]
    """The chart's version; empty where the engine was there."""
    environment_names: pulumi.Output[list[str]]
    """The environments in order."""
    plan_files: pulumi.Output[dict[str, str]]
    """Each environment's plan file in the repository, as `trimtab promote` is given it."""

    def __init__(
        self, name: str, args: GitOpsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """
        Args:
            name: the component's name; its children's begin with it.
            args: see `GitOpsArgs`.
            opts: Pulumi's options; providers are handed down.

        Raises:
            InputError: an argument is unknown or wrong, or contradicts another.
        """
        where = f'GitOps "{name}"'
        settings = checked(_Checked, args, where)
        flux = settings.engine == "flux"
        source = FLUX if flux else ARGO_CD
        override = settings.override.get("flux2" if flux else "argo-cd", Override())
        _check_engine(settings, where)
        home = override.namespace or source.namespace
        plan = None if settings.plan is None else plan_of(settings.plan, where)
        labels = {**settings.labels, **object_labels(plan)}
        secret = _CREDENTIALS if settings.credentials else settings.credentials_secret
        delivery = gitops.Delivery(
            gitops.Repository(settings.url, settings.branch, settings.poll_interval, secret),
            tuple(gitops.Environment(**each.model_dump()) for each in settings.environments),
            home,
            settings.api_groups,
            settings.ordered,
            settings.prune,
            settings.reconcile_interval,
            settings.timeout,
            settings.sops_secret,
            labels,
        )
        gitops.check(delivery, where)
        values = (
            flux_values(override.values)
            if flux
            else argo_values(
                settings.replicas,
                settings.ordered,
                settings.delivery == "flux",
                override.values,
            )
        )
        release = Release(source, values, override, settings.delivery, labels, own_namespace=False)
        super().__init__("trimtab:index:GitOps", name, {}, opts)

        first = standing_first(opts)
        ready = self._engine(name, settings, release, first) if settings.install else first
        ready = [*ready, *self._credentials(name, settings, home, labels, ready)]
        if settings.create_namespaces:
            options = pulumi.ResourceOptions(parent=self, depends_on=first)
            ready += [
                pods_namespace(f"{name}-{each}", each, labels, None, options)
                for each in gitops.namespaces(delivery)
                if each not in (*CLUSTERS_OWN, home)
            ]
        objects = (gitops.flux_objects if flux else gitops.argo_objects)(delivery)
        kube_objects(name, objects, labels, self, ready)

        self.namespace = pulumi.Output.from_input(home)
        self.version = pulumi.Output.from_input(release.version if settings.install else "")
        names = [each.name for each in settings.environments]
        self.environment_names = pulumi.Output.from_input(names)
        files = {each.name: f"{each.path}/{each.plan}" for each in settings.environments}
        self.plan_files = pulumi.Output.from_input(files)
        self.register_outputs(
            {
                "namespace": self.namespace,
                "version": self.version,
                "environment_names": self.environment_names,
                "plan_files": self.plan_files,
            }
        )

    def _engine(
        self, name: str, settings: _Checked, release: Release, first: list[Any]
    ) -> list[Any]:
        """The engine, and what must stand before its kinds are used."""
        labels = release.labels or {}
        options = pulumi.ResourceOptions(parent=self, depends_on=first)
        before = list(first)
        if release.namespace not in CLUSTERS_OWN:
            before.append(
                pods_namespace(
                    f"{name}-namespace", release.namespace, labels, "restricted", options
                )
            )
        if settings.redis_password is not None:
            password = pulumi.Output.secret(settings.redis_password)
            before.append(
                _secret(f"{name}-redis", _REDIS, {"auth": password}, release.namespace, labels, {},
                        pulumi.ResourceOptions(parent=self, depends_on=before))
            )  # fmt: skip
        return [install(name, release, self, before)]

    def _credentials(
        self,
        name: str,
        settings: _Checked,
        home: str,
        labels: dict[str, str],
        after: list[Any],
    ) -> list[pulumi.Resource]:
        """The Secret with the repository's credentials, as the engine reads it."""
        given = settings.credentials
        if given is None:
            return []
        flux = settings.engine == "flux"
        key = "identity" if flux else "sshPrivateKey"
        stated = {
            "username": given.username,
            "password": given.password,
            key: given.ssh_private_key,
            "known_hosts": given.known_hosts,
        }
        data = {
            each: pulumi.Output.secret(value) for each, value in stated.items() if value is not None
        }
        found: dict[str, str] = {}
        if not flux:
            plain = {"type": "git", "url": settings.url, "project": gitops.NAME}
            data |= {each: pulumi.Output.from_input(value) for each, value in plain.items()}
            found = {"argocd.argoproj.io/secret-type": "repository"}
        options = pulumi.ResourceOptions(parent=self, depends_on=after)
        made = _secret(f"{name}-repository", _CREDENTIALS, data, home, labels, found, options)
        return [made]


def _secret(
    resource_name: str,
    secret_name: str,
    data: dict[str, Any],
    namespace: str,
    labels: dict[str, str] | Any,
    more: dict[str, str],
    options: pulumi.ResourceOptions,
) -> pulumi.Resource:
    return kubernetes.core.v1.Secret(
        resource_name,
        metadata=kubernetes.meta.v1.ObjectMetaArgs(
            name=secret_name, namespace=namespace, labels={**labels, **more}
        ),
        string_data=data,
        opts=options,
    )


def _check_engine(settings: _Checked, where: str) -> None:
    """Refuse what the engine has nothing for.

    Raises:
        InputError: one of them; names it.
    """
    flux, given = settings.engine == "flux", settings.credentials
    rendered = settings.install and settings.delivery == "chart"
    wrong = [
        (
            flux and settings.delivery == "flux" and settings.install,
            "delivery is flux, and Flux can't install itself",
            "give delivery chart",
        ),
        (
            bool(given and settings.credentials_secret),
            "credentials and credentials_secret are both given",
            "drop one of them",
        ),
        (
            bool(not flux and settings.credentials_secret),
            "Argo CD has no credentials_secret",
            "label the Secret argocd.argoproj.io/secret-type: repository, and drop the argument",
        ),
        (
            bool(not flux and settings.sops_secret),
            "Argo CD has no sops_secret",
            "use Flux, or a plugin of Argo CD's",
        ),
        (
            bool(
                flux and given and given.ssh_private_key is not None and given.known_hosts is None
            ),
            "Flux reads over SSH only hosts that it knows",
            "give credentials.known_hosts, as ssh-keyscan prints it",
        ),
        (
            bool(not flux and given and given.known_hosts is not None),
            "Argo CD has no known_hosts of one repository",
            'give override["argo-cd"].values.configs.ssh.extraHosts',
        ),
        (
            bool(not flux and rendered and settings.redis_password is None),
            "Argo CD's cache needs a password that Pulumi can't have its chart make",
            "give redis_password, a secret of the stack's configuration, or delivery flux",
        ),
        (
            bool(settings.redis_password is not None and (flux or not rendered)),
            "redis_password is given, and nothing needs it",
            "drop it",
        ),
    ]
    for holds, message, mend in wrong:
        if holds:
            raise InputError(message, where=where, mend=mend)
    _check_schemes(settings, where)


def _check_schemes(settings: _Checked, where: str) -> None:
    scheme, _, rest = settings.url.partition("://")
    user = rest.partition("/")[0].rpartition("@")[0]
    if user and (scheme != "ssh" or ":" in user):
        # Not repeated here: an address is in the state, in logs and in the cluster, open to be read.
        raise InputError(
            "url holds credentials, which an address does not keep secret",
            where=where,
            mend="give credentials, or credentials_secret",
        )
    given = settings.credentials
    if given is None:
        return
    if scheme == "http":
        raise InputError(
            "url is http://, over which credentials would go in clear",
            where=where,
            mend="give an https:// or ssh:// address",
        )
    ssh = scheme == "ssh"
    if ssh != (given.ssh_private_key is not None):
        raise InputError(
            f"credentials don't fit the address {settings.url}",
            where=where,
            mend="ssh:// takes ssh_private_key, https:// a username and a password",
        )
