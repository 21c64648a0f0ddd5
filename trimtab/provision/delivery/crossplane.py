"""Crossplane's control plane: its packages, what they may do, and Trimtab's kinds. Pure.

Managed resources are off until a policy names them: a provider brings hundreds of kinds, and each that is
on costs the API server memory. On are those that Trimtab's Compositions make, by provider.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from trimtab.errors import InputError, allowed
from trimtab.provision.charts import delivery as packages
from trimtab.provision.charts.model import ImageSource
from trimtab.provision.helm_values import merge
from trimtab.provision.kube_objects import KubeObject, from_manifest

PKG = "pkg.crossplane.io/v1"
PKG_BETA = "pkg.crossplane.io/v1beta1"
ACTIVATION = "apiextensions.crossplane.io/v1alpha1"
HEALTHY = {"pulumi.com/waitFor": "condition=Healthy"}
"""Has Pulumi wait until Crossplane has installed a provider: before that its kinds are not there."""
OUR_FUNCTION = "function-trimtab-capacity"
XRDS = ("EdgeSite", "HeterogeneousCluster", "NodeGroupSet")
CONFIG_NAME = "default"
"""The provider configuration that managed resources use where they name none."""


@dataclass(frozen=True)
class KnownProvider:
    """A provider that Trimtab's Compositions use.

    Attributes:
        cloud: whose family it is of: providers of a family run with one account and one configuration.
        kinds: the managed resources that the Compositions make with it, as their definitions are named.
    """

    image: ImageSource
    cloud: str
    kinds: tuple[str, ...] = ()


def _of(group: str, *plurals: str) -> tuple[str, ...]:
    return tuple(f"{each}.{group}" for each in plurals)


_EC2 = (
    "capacityblockreservations", "capacityreservations", "eips", "internetgateways", "launchtemplates",
    "natgateways", "placementgroups", "routes", "routetableassociations", "routetables", "subnets",
    "vpcendpointroutetableassociations", "vpcendpoints", "vpcs",
)  # fmt: skip
_EKS = ("addons", "clusterauths", "clusters", "nodegroups", "podidentityassociations")
PROVIDERS: dict[str, KnownProvider] = {
    "aws-autoscaling": KnownProvider(
        packages.PROVIDER_AWS_AUTOSCALING,
        "aws",
        _of("autoscaling.aws.m.upbound.io", "grouptags", "schedules"),
    ),
    "aws-ec2": KnownProvider(packages.PROVIDER_AWS_EC2, "aws", _of("ec2.aws.m.upbound.io", *_EC2)),
    "aws-eks": KnownProvider(packages.PROVIDER_AWS_EKS, "aws", _of("eks.aws.m.upbound.io", *_EKS)),
    "aws-iam": KnownProvider(
        packages.PROVIDER_AWS_IAM,
        "aws",
        _of("iam.aws.m.upbound.io", "rolepolicyattachments", "roles"),
    ),
    "aws-lambda": KnownProvider(
        packages.PROVIDER_AWS_LAMBDA,
        "aws",
        _of("lambda.aws.m.upbound.io", "functions", "provisionedconcurrencyconfigs"),
    ),
    "gcp-cloudplatform": KnownProvider(
        packages.PROVIDER_GCP_CLOUDPLATFORM,
        "gcp",
        _of("cloudplatform.gcp.m.upbound.io", "projectiammembers", "serviceaccounts"),
    ),
    "gcp-compute": KnownProvider(
        packages.PROVIDER_GCP_COMPUTE,
        "gcp",
        _of("compute.gcp.m.upbound.io", "networks", "routernats", "routers", "subnetworks"),
    ),
    "gcp-container": KnownProvider(
        packages.PROVIDER_GCP_CONTAINER,
        "gcp",
        _of("container.gcp.m.upbound.io", "clusters", "nodepools"),
    ),
    "azure-containerservice": KnownProvider(
        packages.PROVIDER_AZURE_CONTAINERSERVICE,
        "azure",
        _of("containerservice.azure.m.upbound.io", "kubernetesclusternodepools"),
    ),
    "kubernetes": KnownProvider(
        packages.PROVIDER_KUBERNETES, "kubernetes", _of("kubernetes.m.crossplane.io", "objects")
    ),
    "helm": KnownProvider(packages.PROVIDER_HELM, "helm", _of("helm.m.crossplane.io", "releases")),
}
"""By the name that an argument gives it."""
FAMILIES: dict[str, ImageSource] = {
    "aws": packages.PROVIDER_FAMILY_AWS,
    "gcp": packages.PROVIDER_FAMILY_GCP,
    "azure": packages.PROVIDER_FAMILY_AZURE,
}
"""What holds the provider configurations of a cloud's other providers."""
CONFIG_GROUPS = {
    "aws": "aws.m.upbound.io/v1beta1",
    "gcp": "gcp.m.upbound.io/v1beta1",
    "azure": "azure.m.upbound.io/v1beta1",
    "kubernetes": "kubernetes.m.crossplane.io/v1alpha1",
    "helm": "helm.m.crossplane.io/v1beta1",
}
FUNCTIONS: dict[str, ImageSource] = {
    "function-auto-ready": packages.FUNCTION_AUTO_READY,
    "function-sequencer": packages.FUNCTION_SEQUENCER,
}
IN_CLUSTER = {"credentials": {"source": "InjectedIdentity"}}


@dataclass(frozen=True)
class Package:
    """A package, and where it differs from what Trimtab knows of it."""

    name: str
    image: str


@dataclass(frozen=True)
class Verification:
    """By whom packages must be signed: cosign's keyless signatures.

    Attributes:
        prefix: of the packages that are checked.
    """

    prefix: str
    issuer: str
    subject: str


@dataclass(frozen=True)
class ControlPlane:
    """What the control plane consists of.

    Attributes:
        providers: packages by the names of PROVIDERS.
        configs: provider configurations' specs by cloud.
        annotations: of the providers' service accounts, by cloud; values may be known late.
        pull_secret: name of the Secret by which packages of `pull_prefix` are pulled.
        apis: composite resources that are defined.
    """

    namespace: str
    providers: Mapping[str, str]
    functions: tuple[Package, ...]
    configs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    annotations: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    pull_secret: str | None = None
    pull_prefix: str | None = None
    verification: Verification | None = None
    apis: tuple[str, ...] = XRDS

    @property
    def clouds(self) -> tuple[str, ...]:
        """Whose providers there are."""
        return tuple(dict.fromkeys(PROVIDERS[name].cloud for name in self.providers))


def known(name: str, where: str) -> KnownProvider:
    """A provider by its name.

    Raises:
        InputError: there is none of that name.
    """
    if name not in PROVIDERS:
        raise InputError(
            f"providers: {name} is unknown", where=where, mend=f"use {allowed(set(PROVIDERS))}"
        )
    return PROVIDERS[name]


def account_name(cloud: str) -> str:
    """The service account of a cloud's providers, which an identity is bound to."""
    return f"provider-{cloud}"


def values(replicas: int, override: Mapping[str, Any]) -> dict[str, Any]:
    """The values of Crossplane's chart."""
    return merge(
        {
            "replicas": replicas,
            "rbacManager": {"replicas": replicas},
            # What is on is stated by name, in a policy of our own.
            "provider": {"defaultActivations": []},
            "metrics": {"enabled": True},
        },
        override,
    )


def package_objects(plane: ControlPlane) -> tuple[KubeObject, ...]:
    """Providers and functions, how they run, and what is checked before they do."""
    made = [*_image_configs(plane)]
    first = tuple(each.key for each in made)
    for cloud in plane.clouds:
        made += _cloud(plane, cloud, first)
    if plane.providers:
        kinds = sorted(kind for name in plane.providers for kind in PROVIDERS[name].kinds)
        made.append(
            KubeObject(
                "activation",
                ACTIVATION,
                "ManagedResourceActivationPolicy",
                "trimtab",
                {"spec": {"activate": kinds}},
            )
        )
    for each in plane.functions:
        made.append(
            KubeObject(
                each.name, PKG, "Function", each.name, {"spec": _spec(each.image)}, after=first
            )
        )
    return tuple(made)


def _image_configs(plane: ControlPlane) -> Iterable[KubeObject]:
    if plane.pull_secret and plane.pull_prefix:
        spec: dict[str, Any] = {
            "matchImages": [{"type": "Prefix", "prefix": plane.pull_prefix}],
            "registry": {"authentication": {"pullSecretRef": {"name": plane.pull_secret}}},
        }
        yield KubeObject("pull", PKG_BETA, "ImageConfig", "trimtab-pull", {"spec": spec})
    if signed := plane.verification:
        identity = {"issuer": signed.issuer, "subject": signed.subject}
        authority = {"name": "trimtab", "keyless": {"identities": [identity]}}
        spec = {
            "matchImages": [{"type": "Prefix", "prefix": signed.prefix}],
            "verification": {"provider": "Cosign", "cosign": {"authorities": [authority]}},
        }
        yield KubeObject("signed", PKG_BETA, "ImageConfig", "trimtab-signed", {"spec": spec})


def _spec(image: str) -> dict[str, Any]:
    return {
        "package": image,
        "packagePullPolicy": "IfNotPresent",
        "revisionActivationPolicy": "Automatic",
        "revisionHistoryLimit": 1,
    }


def _cloud(plane: ControlPlane, cloud: str, first: tuple[str, ...]) -> Iterable[KubeObject]:
    runtime = f"{cloud}-runtime"
    yield KubeObject(
        runtime,
        PKG_BETA,
        "DeploymentRuntimeConfig",
        account_name(cloud),
        {"spec": _runtime(cloud, plane.annotations.get(cloud, {}))},
    )
    mine = {
        name: image for name, image in plane.providers.items() if PROVIDERS[name].cloud == cloud
    }
    if cloud in FAMILIES:
        # Of the family's own version, so that it and its members are upgraded together.
        version = next(iter(mine.values())).rpartition(":")[2]
        mine = {f"family-{cloud}": f"{FAMILIES[cloud].repository}:{version}", **mine}
    keys = []
    for name, image in mine.items():
        reference = {
            "apiVersion": PKG_BETA,
            "kind": "DeploymentRuntimeConfig",
            "name": account_name(cloud),
        }
        key = f"provider-{name}"
        keys.append(key)
        yield KubeObject(
            key,
            PKG,
            "Provider",
            key,
            {"spec": {**_spec(image), "runtimeConfigRef": reference}},
            annotations=HEALTHY,
            after=(*first, runtime, *keys[:1]) if len(keys) > 1 else (*first, runtime),
        )
    if config := plane.configs.get(cloud):
        yield KubeObject(
            f"{cloud}-config",
            CONFIG_GROUPS[cloud],
            "ClusterProviderConfig",
            CONFIG_NAME,
            {"spec": dict(config)},
            after=tuple(keys),
        )


def _runtime(cloud: str, annotations: Mapping[str, Any]) -> dict[str, Any]:
    """How a provider's pod runs: without privileges; one replica, for only one leads."""
    metadata: dict[str, Any] = {"name": account_name(cloud)}
    if annotations:
        metadata["annotations"] = dict(annotations)
    container = {
        "name": "package-runtime",
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "privileged": False,
            "runAsNonRoot": True,
            "capabilities": {"drop": ["ALL"]},
        },
    }
    pod = {
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": 65532,  # as the images have it
            "runAsGroup": 65532,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [container],
    }
    return {
        "serviceAccountTemplate": {"metadata": metadata},
        "deploymentTemplate": {"spec": {"selector": {}, "template": {"spec": pod}}},
    }


def function_objects(
    documents: Sequence[Mapping[str, Any]], image: str, namespace: str
) -> tuple[KubeObject, ...]:
    """Our function with what it runs by: runtime configuration, network policy, disruption budget.

    Args:
        documents: those of functions/deploy.
        image: the package's, with its version.
        namespace: Crossplane's.
    """
    made: list[KubeObject] = []
    before: list[str] = []
    for document in sorted(documents, key=lambda each: each["kind"] == "Function"):
        kind = document["kind"]
        key = "function" if kind == "Function" else f"function-{kind.lower()}"
        spec = dict(document["spec"])
        if kind == "Function":
            spec["package"] = image
        metadata = dict(document["metadata"])
        if "namespace" in metadata:
            metadata["namespace"] = namespace
        made.append(
            from_manifest(
                key,
                {**document, "metadata": metadata, "spec": spec},
                tuple(before) if kind == "Function" else (),
            )
        )
        before.append(key)
    return tuple(made)


_DEFINITION = "CompositeResourceDefinition"


def kind_objects(
    crds: Sequence[Mapping[str, Any]],
    roles: Sequence[Mapping[str, Any]],
    apis: Mapping[str, Sequence[Mapping[str, Any]]],
) -> tuple[KubeObject, ...]:
    """Trimtab's documents, Crossplane's right to read them, and the composite resources.

    Args:
        crds: of the plan and its like.
        roles: cluster roles that are aggregated to Crossplane's.
        apis: each composite resource's definition and Compositions, by its kind.
    """
    made = [from_manifest(f"kind-{crd['metadata']['name'].partition('.')[0]}", crd) for crd in crds]
    kinds = tuple(each.key for each in made)
    made += [
        from_manifest(f"role-{role['metadata']['name'].removeprefix('trimtab-')}", role)
        for role in roles
    ]
    for name, documents in apis.items():
        definition = f"api-{name.lower()}"
        for document in sorted(documents, key=lambda each: each["kind"] != _DEFINITION):
            if document["kind"] == _DEFINITION:
                made.append(from_manifest(definition, document, kinds))
            else:
                key = f"composition-{document['metadata']['name']}"
                made.append(from_manifest(key, document, (definition,)))
    return tuple(made)
