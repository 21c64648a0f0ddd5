"""What Flux or Argo CD is told of a repository: one delivery an environment, in order.

Pure. An environment is a folder of the repository with its plan, a cluster and a namespace in it. In
order, an environment is reconciled to a commit only once the one before it is ready at its own: what a
commit changes everywhere reaches production last. A plan goes from one environment's folder to the next
by a pull request (`trimtab promote`); nothing here copies it.

Least privilege: what delivers may touch objects of the groups named, in the environments' namespaces,
and nothing else. When an environment is taken away its objects stay: a plan that goes would take what
follows it along.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import permutations
from pathlib import PurePosixPath
from typing import Any

from trimtab.errors import InputError
from trimtab.plan.labels import LABEL_PREFIX
from trimtab.provision.kube_objects import KubeObject

NAME = "trimtab"
"""The objects' names begin with it."""
ENVIRONMENT_LABEL = f"{LABEL_PREFIX}environment"
HERE = "in-cluster"
"""What Argo CD calls the cluster that it runs in."""
FLUX_SOURCE = "source.toolkit.fluxcd.io/v1"
FLUX_KUSTOMIZE = "kustomize.toolkit.fluxcd.io/v1"
ARGO = "argoproj.io/v1alpha1"
RBAC = "rbac.authorization.k8s.io"
VERBS = ("get", "list", "watch", "create", "update", "patch", "delete")
FOLLOWERS = ("NodeGroupSet", "HeterogeneousCluster", "EdgeSite")
"""Kinds of platform.trimtab.dev whose conditions say whether a plan is carried out."""
PLATFORM = "platform.trimtab.dev"
RETRY_SECONDS = 60


@dataclass(frozen=True)
class Repository:
    """Where the environments' folders are.

    Attributes:
        secret: name of the Secret with credentials; None: it is public, or the engine knows.
    """

    url: str
    branch: str
    interval: str
    secret: str | None = None


@dataclass(frozen=True)
class Environment:
    """One step of the way to production.

    Attributes:
        path: the folder in the repository, without a leading ./ or /.
        plan: the plan's file in it, for people and workflows.
        branch: where it differs from the repository's.
        cluster: Flux: the Secret with the cluster's kubeconfig. Argo CD: the cluster's name there. None:
            the cluster that delivers.
    """

    name: str
    path: str
    namespace: str
    plan: str
    branch: str | None = None
    cluster: str | None = None


@dataclass(frozen=True)
class Delivery:
    """What is delivered, and how.

    Attributes:
        home: the engine's namespace.
        api_groups: groups of what may be delivered.
        timeout: after which an environment that is not ready has failed.
        sops_secret: name of the Secret with the keys of what SOPS encrypted; Flux alone.
    """

    repository: Repository
    environments: tuple[Environment, ...]
    home: str
    api_groups: tuple[str, ...]
    ordered: bool = True
    prune: bool = True
    interval: str = "10m"
    timeout: str = "15m"
    sops_secret: str | None = None
    labels: dict[str, str] = field(default_factory=dict)


def check(delivery: Delivery, where: str) -> None:
    """Refuse environments that would stand on one another.

    Raises:
        InputError: two have a name, or a namespace of a cluster, or a folder of a branch; or one's folder
            is in another's, which would deliver it too, or leaves the repository.
    """
    _refuse_twice("name", [(each.name,) for each in delivery.environments], where)
    _refuse_twice(
        "namespace",
        [(each.namespace, each.cluster or HERE) for each in delivery.environments],
        where,
    )
    branch = delivery.repository.branch
    _refuse_twice(
        "path", [(each.path, each.branch or branch) for each in delivery.environments], where
    )
    for each in delivery.environments:
        if ".." in each.path.split("/"):
            raise InputError(
                f"environments: the path of {each.name} is {each.path}",
                where=where,
                mend="write it from the repository's root, without ..",
            )
    for outer, inner in permutations(delivery.environments, 2):
        within = PurePosixPath(inner.path).is_relative_to(PurePosixPath(outer.path))
        if within and (inner.branch or branch) == (outer.branch or branch):
            raise InputError(
                f"environments: {inner.path} of {inner.name} is in {outer.path}, so {outer.name} would "
                "deliver it too",
                where=where,
                mend="give each a folder beside the others'",
            )


def _refuse_twice(what: str, values: Sequence[tuple[str, ...]], where: str) -> None:
    for value in values:
        if values.count(value) > 1:
            raise InputError(
                f"environments: two have the {what} {' of '.join(value)}",
                where=where,
                mend=f"give each its own {what}",
            )


def namespaces(delivery: Delivery) -> tuple[str, ...]:
    """Namespaces of the cluster that delivers, which must be there before anything arrives."""
    return tuple(each.namespace for each in delivery.environments if each.cluster is None)


def flux_objects(delivery: Delivery) -> tuple[KubeObject, ...]:
    """A GitRepository a branch, a Kustomization an environment, and what each may do."""
    made = list(_sources(delivery))
    earlier: Environment | None = None
    for each in delivery.environments:
        mine = list(_rights(delivery, each)) if each.cluster is None else []
        made += [*mine, _kustomization(delivery, each, earlier, [o.key for o in mine])]
        earlier = each if delivery.ordered else None
    return tuple(made)


def _branches(delivery: Delivery) -> dict[str, str]:
    """The name of each branch's source: the first is the repository's own."""
    main = delivery.repository.branch
    found: dict[str, str] = {}
    for each in delivery.environments:
        branch = each.branch or main
        found.setdefault(branch, NAME if branch == main else f"{NAME}-{each.name}")
    return found


def _sources(delivery: Delivery) -> Iterable[KubeObject]:
    repository = delivery.repository
    secret = {"secretRef": {"name": repository.secret}} if repository.secret else {}
    for branch, name in _branches(delivery).items():
        yield KubeObject(
            _source_key(name),
            FLUX_SOURCE,
            "GitRepository",
            name,
            {
                "spec": {
                    "url": repository.url,
                    "ref": {"branch": branch},
                    "interval": repository.interval,
                    **secret,
                }
            },
            delivery.home,
        )


def _source_key(name: str) -> str:
    return f"source{name.removeprefix(NAME)}"


def _rights(delivery: Delivery, each: Environment) -> Iterable[KubeObject]:
    account = f"{NAME}-{each.name}"
    yield KubeObject(f"{each.name}-account", "v1", "ServiceAccount", account, {}, delivery.home)
    rules = [
        {"apiGroups": list(delivery.api_groups), "resources": ["*"], "verbs": list(VERBS)},
    ]
    role = f"{each.name}-role"
    yield KubeObject(role, f"{RBAC}/v1", "Role", account, {"rules": rules}, each.namespace)
    subject = {"kind": "ServiceAccount", "name": account, "namespace": delivery.home}
    reference = {"apiGroup": RBAC, "kind": "Role", "name": account}
    yield KubeObject(
        f"{each.name}-binding",
        f"{RBAC}/v1",
        "RoleBinding",
        account,
        {"roleRef": reference, "subjects": [subject]},
        each.namespace,
        after=(role, f"{each.name}-account"),
    )


def _kustomization(
    delivery: Delivery, each: Environment, earlier: Environment | None, rights: Sequence[str]
) -> KubeObject:
    source = _branches(delivery)[each.branch or delivery.repository.branch]
    spec: dict[str, Any] = {
        "sourceRef": {"kind": "GitRepository", "name": source},
        "path": f"./{each.path}",
        "targetNamespace": each.namespace,
        "interval": delivery.interval,
        "retryInterval": f"{RETRY_SECONDS}s",
        "timeout": delivery.timeout,
        "prune": delivery.prune,
        "wait": True,
        "deletionPolicy": "Orphan",
        "healthCheckExprs": [
            {
                "apiVersion": f"{PLATFORM}/v1alpha1",
                "kind": kind,
                "current": f"{_holds('PlanUsable')} && {_holds('Ready')}",
                "failed": _holds("PlanUsable", "False"),
            }
            for kind in FOLLOWERS
        ],
    }
    if each.cluster is None:
        spec["serviceAccountName"] = f"{NAME}-{each.name}"
    else:
        spec["kubeConfig"] = {"secretRef": {"name": each.cluster}}
    if delivery.sops_secret:
        spec["decryption"] = {"provider": "sops", "secretRef": {"name": delivery.sops_secret}}
    after = [_source_key(source), *rights]
    if earlier is not None:
        spec["dependsOn"] = [{"name": f"{NAME}-{earlier.name}"}]
        after.append(earlier.name)
    return KubeObject(
        each.name,
        FLUX_KUSTOMIZE,
        "Kustomization",
        f"{NAME}-{each.name}",
        {"spec": spec},
        delivery.home,
        {ENVIRONMENT_LABEL: each.name},
        after=tuple(after),
    )


def _holds(condition: str, status: str = "True") -> str:
    return f"status.conditions.exists(e, e.type == '{condition}' && e.status == '{status}')"


def argo_objects(delivery: Delivery) -> tuple[KubeObject, ...]:
    """A project that may do no more than is needed, and an ApplicationSet of the environments."""
    return (_project(delivery), _application_set(delivery))


def _project(delivery: Delivery) -> KubeObject:
    return KubeObject(
        "project",
        ARGO,
        "AppProject",
        NAME,
        {
            "spec": {
                "description": "Capacity plans and what follows them",
                "sourceRepos": [delivery.repository.url],
                "destinations": [
                    {"name": each.cluster or HERE, "namespace": each.namespace}
                    for each in delivery.environments
                ],
                "clusterResourceWhitelist": [],
                "namespaceResourceWhitelist": [
                    {"group": group, "kind": "*"} for group in delivery.api_groups
                ],
            }
        },
        delivery.home,
    )


def _application_set(delivery: Delivery) -> KubeObject:
    repository = delivery.repository
    elements = [
        {
            "environment": each.name,
            "path": each.path,
            "revision": each.branch or repository.branch,
            "cluster": each.cluster or HERE,
            "namespace": each.namespace,
        }
        for each in delivery.environments
    ]
    # In order, the set syncs its Applications itself, sets their automation aside and takes `prune` from
    # it.
    automated = {"automated": {"prune": delivery.prune, "selfHeal": True}}
    ordered = {
        "strategy": {
            "type": "RollingSync",
            "rollingSync": {
                "steps": [
                    {
                        "matchExpressions": [
                            {"key": ENVIRONMENT_LABEL, "operator": "In", "values": [each.name]}
                        ]
                    }
                    for each in delivery.environments
                ]
            },
        }
    }
    template = {
        "metadata": {
            "name": f"{NAME}-{{{{ .environment }}}}",
            "labels": {**delivery.labels, ENVIRONMENT_LABEL: "{{ .environment }}"},
        },
        "spec": {
            "project": NAME,
            "source": {
                "repoURL": repository.url,
                "targetRevision": "{{ .revision }}",
                "path": "{{ .path }}",
            },
            "destination": {"name": "{{ .cluster }}", "namespace": "{{ .namespace }}"},
            "syncPolicy": {
                **automated,
                "syncOptions": ["CreateNamespace=false", "ServerSideApply=true"],
                "retry": {
                    "limit": 5,
                    "backoff": {"duration": "30s", "factor": 2, "maxDuration": "10m"},
                },
            },
        },
    }
    return KubeObject(
        "environments",
        ARGO,
        "ApplicationSet",
        NAME,
        {
            "spec": {
                "goTemplate": True,
                "goTemplateOptions": ["missingkey=error"],
                "generators": [{"list": {"elements": elements}}],
                **(ordered if delivery.ordered else {}),
                "syncPolicy": {"preserveResourcesOnDeletion": True},
                "template": template,
            }
        },
        delivery.home,
        after=("project",),
    )
