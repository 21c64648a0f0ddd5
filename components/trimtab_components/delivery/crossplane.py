"""Crossplane in a cluster: its core, its providers, our function, and Trimtab's kinds."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal, NotRequired, Self, TypedDict

import pulumi
from pydantic import Field, model_validator

from trimtab.errors import InputError
from trimtab.plan.attribution import object_labels, plan_tags
from trimtab.plan.types import Count, DnsLabel, Flag
from trimtab.provision.arguments import Arguments, Override, checked, plan_of
from trimtab.provision.charts.delivery import CROSSPLANE, FUNCTION_TRIMTAB
from trimtab.provision.delivery import crossplane, provider_iam
from trimtab.provision.sized_groups import check_tags
from trimtab_components.arguments import ChartOverride
from trimtab_components.delivery.shipped import documents
from trimtab_components.eks.late import LateRoleArn, LateText
from trimtab_components.installation import Delivery, Release, install
from trimtab_components.kube_objects import kube_objects
from trimtab_components.order import standing_first
from trimtab_components.region import aws_region

_AWS_POD = {"credentials": {"source": "PodIdentity"}}
_AWS_IRSA = {"credentials": {"source": "IRSA"}}
_IRSA = "eks.amazonaws.com/role-arn"


class CrossplanePackage(TypedDict):
    """Where a package differs from the one that Trimtab knows."""

    package: NotRequired[str]
    """The package's address without a version; for a function that Trimtab doesn't know it is needed."""
    version: NotRequired[str]
    """Its version, such as v2.6.0."""


class CrossplaneAws(TypedDict):
    """As whom the AWS providers work, on a control plane in EKS."""

    role_arn: NotRequired[pulumi.Input[str]]
    """A role that is there. Without it one is made that may keep the node groups of `cluster_name`."""
    identity: NotRequired[str]
    """pod-identity (the default), bound to the providers' service account here; or irsa, for a role that
    trusts the cluster's OIDC provider."""
    control_plane_cluster: NotRequired[str]
    """The EKS cluster in which Crossplane runs; needed for pod-identity."""
    cluster_name: NotRequired[str]
    """The EKS cluster whose node groups the providers keep; default the one in which Crossplane runs."""
    region: NotRequired[str]
    """Its region; default the stack's aws:region."""
    node_role_arns: NotRequired[list[pulumi.Input[str]]]
    """Roles of the nodes, which the providers may hand to EKS. Needed for a role that is made."""
    policy_arns: NotRequired[list[str]]
    """Managed policies of the role beside that, such as for whole clusters or capacity reservations; a
    name of AWS' own or an ARN."""


class CrossplaneConfig(TypedDict):
    """How a cloud's providers authenticate."""

    spec: NotRequired[dict[str, Any]]
    """The spec of the ClusterProviderConfig `default`, in the provider's own words."""
    service_account_annotations: NotRequired[dict[str, pulumi.Input[str]]]
    """Annotations of the providers' service account, such as iam.gke.io/gcp-service-account."""


class SignedPackages(TypedDict):
    """By whom packages must be signed, keyless, to be installed."""

    prefix: str
    """Of the packages that are checked, such as xpkg.crossplane.io/crossplane-contrib/."""
    issuer: str
    """The issuer of the signer's identity, such as https://token.actions.githubusercontent.com."""
    subject: str
    """The signer."""


class CrossplaneControlPlaneArgs(TypedDict):
    """What the control plane consists of. All but the roles and the annotations must be known at plan
    time."""

    providers: NotRequired[dict[str, CrossplanePackage]]
    """The providers by name: aws-autoscaling, aws-ec2, aws-eks, aws-iam, aws-lambda, gcp-cloudplatform,
    gcp-compute, gcp-container, azure-containerservice, kubernetes, helm. A cloud's family comes along."""
    aws: NotRequired[CrossplaneAws]
    """As whom the AWS providers work; without it `configs` says so."""
    configs: NotRequired[dict[str, CrossplaneConfig]]
    """How providers authenticate, by cloud: aws, gcp, azure, kubernetes, helm. The last two work in this
    cluster as themselves unless it says otherwise."""
    functions: NotRequired[dict[str, CrossplanePackage]]
    """Functions beside Trimtab's by name; function-auto-ready and function-sequencer are known."""
    function: NotRequired[CrossplanePackage]
    """Where Trimtab's function was pushed, and its version; default Trimtab's own."""
    apis: NotRequired[list[str]]
    """The composite resources: NodeGroupSet, HeterogeneousCluster, EdgeSite; default all."""
    install_kinds: NotRequired[bool]
    """Whether the CRDs of CapacityPlan and its like are installed; default true. False where something
    else installs them."""
    pull_secret: NotRequired[str]
    """The Secret in Crossplane's namespace by which packages of `pull_prefix` are pulled."""
    pull_prefix: NotRequired[str]
    """The start of the packages that `pull_secret` is for; default where Trimtab's function is."""
    signed: NotRequired[list[SignedPackages]]
    """By whom packages must be signed; one entry at most."""
    replicas: NotRequired[int]
    """Of the core and of the RBAC manager, of which one leads each; default 2."""
    delivery: NotRequired[str]
    """chart (the default): Pulumi renders the chart. flux: a HelmRelease for Flux in the cluster."""
    plan: NotRequired[Any]
    """A CapacityPlan, for labels and tags: a document, or the path of its file."""
    labels: NotRequired[dict[str, str]]
    """Labels of the objects, besides those of the plan."""
    tags: NotRequired[dict[str, str]]
    """Tags of AWS resources, besides those of the plan."""
    override: NotRequired[dict[str, ChartOverride]]
    """What differs from the chart's version, namespace and values as Trimtab sets them, by crossplane."""


_Address = Annotated[str, Field(pattern=r"^[a-z0-9.-]+(:[0-9]+)?(/[a-z0-9._-]+)+$")]
_Version = Annotated[str, Field(pattern=r"^v[0-9]+\.[0-9]+\.[0-9]+[A-Za-z0-9.+-]*$")]


class _Package(Arguments):
    package: _Address | None = None
    version: _Version | None = None


class _Aws(Arguments):
    role_arn: LateRoleArn = None
    identity: Literal["pod-identity", "irsa"] = "pod-identity"
    control_plane_cluster: str | None = None
    cluster_name: str | None = None
    region: str | None = None
    node_role_arns: tuple[LateRoleArn, ...] = ()
    policy_arns: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _whose(self) -> Self:
        if self.identity == "irsa":
            if self.role_arn is None:
                raise ValueError(
                    "irsa takes role_arn: a role that trusts the cluster's OIDC provider"
                )
            if self.control_plane_cluster is not None:
                raise ValueError("irsa binds nothing in EKS; drop control_plane_cluster")
        elif self.control_plane_cluster is None:
            raise ValueError("pod-identity needs control_plane_cluster, where Crossplane runs")
        if self.role_arn is None:
            if not self.node_role_arns:
                raise ValueError("a role that is made needs node_role_arns, or give role_arn")
        elif self.node_role_arns or self.policy_arns or self.cluster_name:
            raise ValueError(
                "role_arn is what it is; drop node_role_arns, policy_arns and cluster_name"
            )
        return self


class _Config(Arguments):
    spec: dict[str, Any] | None = None
    service_account_annotations: dict[str, LateText] = Field(default_factory=dict)


class _Signed(Arguments):
    prefix: str
    issuer: str
    subject: str


class _Checked(Arguments):
    providers: dict[str, _Package] = Field(default_factory=dict)
    aws: _Aws | None = None
    configs: dict[Literal["aws", "gcp", "azure", "kubernetes", "helm"], _Config] = Field(
        default_factory=dict
    )
    functions: dict[DnsLabel, _Package] = Field(default_factory=dict)
    function: _Package = _Package()
    apis: tuple[Literal["EdgeSite", "HeterogeneousCluster", "NodeGroupSet"], ...] = (
        "EdgeSite",
        "HeterogeneousCluster",
        "NodeGroupSet",
    )
    install_kinds: Flag = True
    pull_secret: DnsLabel | None = None
    pull_prefix: str | None = None
    signed: Annotated[tuple[_Signed, ...], Field(max_length=1)] = ()
    replicas: Annotated[Count, Field(ge=1, le=8)] = 2
    delivery: Delivery = "chart"
    plan: Any = None
    labels: dict[str, str] = Field(default_factory=dict)
    tags: dict[str, str] = Field(default_factory=dict)
    override: dict[Literal["crossplane"], Override] = Field(default_factory=dict)


class CrossplaneControlPlane(pulumi.ComponentResource):
    """Crossplane with the providers and the function that keep a plan's capacity."""

    namespace: pulumi.Output[str]
    """Crossplane's namespace."""
    version: pulumi.Output[str]
    """The chart's version."""
    function_image: pulumi.Output[str]
    """The package of Trimtab's function."""
    provider_packages: pulumi.Output[dict[str, str]]
    """The providers' packages by their names."""
    aws_role_arn: pulumi.Output[str]
    """The role of the AWS providers; empty without `aws`."""

    def __init__(
        self,
        name: str,
        args: CrossplaneControlPlaneArgs,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """
        Args:
            name: the component's name; its children's begin with it.
            args: see `CrossplaneControlPlaneArgs`.
            opts: Pulumi's options; providers are handed down.

        Raises:
            InputError: an argument is unknown or wrong, or contradicts another.
        """
        where = f'CrossplaneControlPlane "{name}"'
        settings = checked(_Checked, args, where)
        check_tags(settings.tags, where)
        override = settings.override.get("crossplane", Override())
        home = override.namespace or CROSSPLANE.namespace
        plan = None if settings.plan is None else plan_of(settings.plan, where)
        labels = {**settings.labels, **object_labels(plan)}
        tags = {**settings.tags, **plan_tags(plan)}
        image = _image(settings.function, FUNCTION_TRIMTAB.repository, FUNCTION_TRIMTAB.version)
        plane = _plane(settings, home, image, where)
        release = Release(
            CROSSPLANE,
            crossplane.values(settings.replicas, override.values),
            override,
            settings.delivery,
            labels,
        )
        region = _region(settings, where)
        super().__init__("trimtab:index:CrossplaneControlPlane", name, {}, opts)

        first = standing_first(opts)
        ready = [install(name, release, self, first)]
        crds = documents("apis", "crds") if settings.install_kinds else []
        apis = {str(each): documents("apis", each.lower()) for each in settings.apis}
        kinds = crossplane.kind_objects(crds, documents("apis", "rbac.yaml"), apis)
        kube_objects(name, kinds, labels, self, ready)
        deploy = [
            each
            for each in documents("deploy")
            # Kustomize's own, and what needs Prometheus's operator.
            if each["kind"] not in ("Kustomization", "PodMonitor")
        ]
        packages = crossplane.package_objects(plane)
        bound, role_arn = self._identity(name, settings.aws, home, region, tags, first)
        made = kube_objects(name, packages, labels, self, [*ready, *bound])
        checks = [made[key] for key in ("pull", "signed") if key in made]
        kube_objects(
            name,
            crossplane.function_objects(deploy, image, home),
            labels,
            self,
            [*ready, *checks],
        )

        self.namespace = pulumi.Output.from_input(home)
        self.version = pulumi.Output.from_input(release.version)
        self.function_image = pulumi.Output.from_input(image)
        self.provider_packages = pulumi.Output.from_input(dict(plane.providers))
        self.aws_role_arn = pulumi.Output.from_input(role_arn)
        self.register_outputs(
            {
                "namespace": self.namespace,
                "version": self.version,
                "function_image": self.function_image,
                "provider_packages": self.provider_packages,
                "aws_role_arn": self.aws_role_arn,
            }
        )

    def _identity(
        self,
        name: str,
        settings: _Aws | None,
        home: str,
        region: str | None,
        tags: dict[str, str],
        first: Sequence[Any],
    ) -> tuple[list[pulumi.Resource], Any]:
        """The AWS providers' role, bound to their service account; and its ARN."""
        if settings is None:
            return [], ""
        if region is None:  # the service account names its role itself
            return [], settings.role_arn
        import pulumi_aws as aws

        from trimtab_components.eks.roles import service_role

        options = pulumi.ResourceOptions(parent=self, depends_on=list(first))
        role_arn, before = settings.role_arn, list(first)
        cluster = settings.control_plane_cluster or ""
        if role_arn is None:
            role = service_role(
                f"{name}-providers",
                "pods.eks",
                settings.policy_arns,
                region=region,
                tags=tags,
                parent=self,
                actions=provider_iam.POD_ACTIONS,
            )
            allowed = provider_iam.node_groups(settings.cluster_name or cluster, region)
            arns = pulumi.Output.all(*settings.node_role_arns)
            before += [
                *role.attachments,
                aws.iam.RolePolicy(
                    f"{name}-node-groups",
                    role=role.name,
                    policy=provider_iam.document(allowed),
                    opts=options,
                ),
                aws.iam.RolePolicy(
                    f"{name}-pass-node-roles",
                    role=role.name,
                    policy=arns.apply(
                        lambda each: provider_iam.document(provider_iam.pass_node_roles(each))
                    ),
                    opts=options,
                ),
            ]
            role_arn = role.arn
        bound = aws.eks.PodIdentityAssociation(
            f"{name}-providers",
            cluster_name=cluster,
            namespace=home,
            service_account=crossplane.account_name("aws"),
            role_arn=role_arn,
            tags=tags,
            opts=pulumi.ResourceOptions(parent=self, depends_on=before),
        )
        return [bound], role_arn


def _image(given: _Package, package: str, version: str) -> str:
    return f"{given.package or package}:{given.version or version}"


def _plane(settings: _Checked, home: str, image: str, where: str) -> crossplane.ControlPlane:
    """The control plane that the arguments ask for.

    Raises:
        InputError: a name is unknown, or arguments contradict one another.
    """
    providers = {}
    for each, given in settings.providers.items():
        known = crossplane.known(each, where)
        providers[each] = _image(given, known.image.repository, known.image.version)
    functions = []
    for each, given in settings.functions.items():
        source = crossplane.FUNCTIONS.get(each)
        package = given.package or (source.repository if source else None)
        version = given.version or (source.version if source else None)
        if package is None or version is None:
            raise InputError(
                f"functions: {each} is unknown", where=where, mend="give its package and version"
            )
        functions.append(crossplane.Package(each, f"{package}:{version}"))
    if settings.pull_prefix and not settings.pull_secret:
        raise InputError(
            "pull_prefix is given without pull_secret", where=where, mend="give both, or drop it"
        )
    plane = crossplane.ControlPlane(
        home,
        providers,
        tuple(functions),
        _configs(settings),
        _annotations(settings),
        settings.pull_secret,
        # With the slash: without it the credentials would be a namesake's too.
        settings.pull_prefix or "".join(image.rpartition("/")[:2]),
        next((crossplane.Verification(**each.model_dump()) for each in settings.signed), None),
        settings.apis,
    )
    stated = [("aws", settings.aws is not None)]
    stated += [(cloud, True) for cloud in settings.configs]
    for cloud, given_one in stated:
        if given_one and cloud not in plane.clouds:
            raise InputError(
                f"{cloud} is configured, and has no provider",
                where=where,
                mend=f"name one in providers, or drop what is said of {cloud}",
            )
    if settings.aws and "aws" in settings.configs:
        raise InputError("aws and configs.aws are both given", where=where, mend="drop one of them")
    return plane


def _configs(settings: _Checked) -> dict[str, dict[str, Any]]:
    clouds = {crossplane.PROVIDERS[each].cloud for each in settings.providers}
    found: dict[str, dict[str, Any]] = {
        cloud: crossplane.IN_CLUSTER for cloud in ("helm", "kubernetes") if cloud in clouds
    }
    if settings.aws:
        found["aws"] = _AWS_IRSA if settings.aws.identity == "irsa" else _AWS_POD
    stated = {
        str(cloud): each.spec for cloud, each in settings.configs.items() if each.spec is not None
    }
    return found | stated


def _annotations(settings: _Checked) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {
        cloud: dict(each.service_account_annotations)
        for cloud, each in settings.configs.items()
        if each.service_account_annotations
    }
    if settings.aws and settings.aws.identity == "irsa":
        found["aws"] = {_IRSA: settings.aws.role_arn}
    return found


def _region(settings: _Checked, where: str) -> str | None:
    """The AWS region; None where nothing is made in AWS.

    Raises:
        InputError: one is needed and not set.
    """
    if settings.aws is None or settings.aws.identity == "irsa":
        return None
    return aws_region(settings.aws.region, where, "aws.region")
