"""How Gatekeeper and Kyverno are set up; the rules themselves are others'. Pure.

An admission webhook stands between everyone and the API server, so what it may stop is decided here: never
kube-system, where the cluster mends itself, nor its own namespace. With `Ignore` a webhook that doesn't
answer lets requests pass, and the audit finds them later; with `Fail` it stops them, so that nothing slips
through and a cluster whose engine is down can't change what is not exempt. What a node joins by is in no
namespace: it passes unseen with `Fail`, or the engine's pods would wait for nodes that wait for the engine.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from trimtab.errors import InputError
from trimtab.provision.helm_values import merge
from trimtab.provision.kube_objects import KubeObject

Engine = Literal["gatekeeper", "kyverno"]
FailurePolicy = Literal["Ignore", "Fail"]
NEVER = ("kube-node-lease", "kube-public", "kube-system")
"""Namespaces that no webhook sees."""
NAMESPACE_NAME = "kubernetes.io/metadata.name"
"""The label that every namespace has, with its name."""
_JOINING = ("/nodes", "certificates.k8s.io/certificatesigningrequests", "storage.k8s.io/csinodes")
_EXPRESSION = "!((request.resource.group + '/' + request.resource.resource) in [{}])"
NODES_JOIN = {
    "name": "nodes-may-join",
    "expression": _EXPRESSION.format(", ".join(f"'{each}'" for each in _JOINING)),
}
"""A webhook's match condition: whether it is asked at all."""
CONFIG = "config.gatekeeper.sh/v1alpha1"


@dataclass(frozen=True)
class Settings:
    """How an engine runs.

    Attributes:
        replicas: of what answers the API server.
        timeout_seconds: how long the API server waits; None for the chart's own. Gatekeeper alone: Kyverno's
            policies each state theirs.
        audit_seconds: between two looks at what is there already.
        exempt: namespaces whose objects are not looked at, beside those of NEVER.
        sync: kinds that Gatekeeper's rules may look up, as group/version/Kind or version/Kind.
        exceptions_namespace: where Kyverno's PolicyExceptions hold; None: nowhere.
        cpu, memory: what a replica of the webhook asks for; memory is its limit too.
    """

    engine: Engine
    replicas: int
    failure_policy: FailurePolicy
    audit_seconds: int
    namespace: str
    exempt: tuple[str, ...] = ()
    timeout_seconds: int | None = None
    sync: tuple[str, ...] = ()
    exceptions_namespace: str | None = None
    cpu: str = "100m"
    memory: str = "512Mi"

    @property
    def stops(self) -> bool:
        """Whether requests are refused while the engine doesn't answer."""
        return self.failure_policy == "Fail"

    @property
    def unseen(self) -> tuple[str, ...]:
        """Every namespace that is left alone."""
        return tuple(sorted({*NEVER, self.namespace, *self.exempt}))


def check(settings: Settings, where: str) -> None:
    """Refuse what would stop a cluster, and what the engine has nothing for.

    Raises:
        InputError: one of them.
    """
    if settings.stops and settings.replicas < 2:
        raise InputError(
            "failure_policy is Fail with one replica: while it moves nothing can be changed",
            where=where,
            mend="give replicas 2 or more, or failure_policy Ignore",
        )
    kyverno = settings.engine == "kyverno"
    lacking = [
        ("timeout_seconds", settings.timeout_seconds, kyverno, "state it in each policy"),
        ("sync", settings.sync, kyverno, "drop it: its policies look objects up themselves"),
        (
            "exceptions_namespace",
            settings.exceptions_namespace,
            not kyverno,
            "exempt namespaces, or match in the constraint",
        ),
    ]
    for name, value, absent, mend in lacking:
        if value and absent:
            raise InputError(f"{settings.engine} has no {name}", where=where, mend=mend)
    for kind in settings.sync:
        if kind.count("/") not in (1, 2) or not all(kind.split("/")):
            raise InputError(
                f"sync: {kind!r} is no kind",
                where=where,
                mend="write v1/Namespace or apps/v1/Deployment",
            )


def values(settings: Settings, override: Mapping[str, Any]) -> dict[str, Any]:
    """The values of the engine's chart."""
    made = _gatekeeper(settings) if settings.engine == "gatekeeper" else _kyverno(settings)
    return merge(made, override)


def _resources(settings: Settings) -> dict[str, Any]:
    # No CPU limit: a throttled webhook holds every request up.
    return {
        "requests": {"cpu": settings.cpu, "memory": settings.memory},
        "limits": {"memory": settings.memory},
    }


def _gatekeeper(settings: Settings) -> dict[str, Any]:
    exempt = {NAMESPACE_NAME: list(settings.unseen)}
    timeout = settings.timeout_seconds
    timeouts = (
        {"validatingWebhookTimeoutSeconds": timeout, "mutatingWebhookTimeoutSeconds": timeout}
        if timeout
        else {}
    )
    return {
        "replicas": settings.replicas,
        "auditInterval": settings.audit_seconds,
        # Rules that look other objects up need the cache; without it the audit asks the API server.
        "auditFromCache": bool(settings.sync),
        "validatingWebhookFailurePolicy": settings.failure_policy,
        # Who may label a namespace admission.gatekeeper.sh/ignore is asked for every namespace that is
        # made or changed, exempt or not; the chart's own choice is Fail. The audit heeds no such label.
        "validatingWebhookCheckIgnoreFailurePolicy": settings.failure_policy,
        "validatingWebhookExemptNamespacesLabels": exempt,
        "mutatingWebhookFailurePolicy": "Ignore",
        "mutatingWebhookExemptNamespacesLabels": exempt,
        **timeouts,
        **({"validatingWebhookMatchConditions": [NODES_JOIN]} if settings.stops else {}),
        "controllerManager": {
            # Those whose owners may label them admission.gatekeeper.sh/ignore themselves: none.
            "exemptNamespaces": [],
            "resources": _resources(settings),
        },
        "audit": {"resources": _resources(settings)},
        "pdb": {"controllerManager": {"minAvailable": 1 if settings.replicas > 1 else 0}},
    }


def _kyverno(settings: Settings) -> dict[str, Any]:
    beside = {"replicas": min(settings.replicas, 2)}
    exceptions = settings.exceptions_namespace
    return {
        "config": {
            "webhooks": {
                "namespaceSelector": {
                    "matchExpressions": [
                        {
                            "key": NAMESPACE_NAME,
                            "operator": "NotIn",
                            "values": list(settings.unseen),
                        }
                    ]
                }
            },
            **({"matchConditions": [NODES_JOIN]} if settings.stops else {}),
            "resourceFiltersIncludeNamespaces": [
                each for each in settings.unseen if each not in (*NEVER, settings.namespace)
            ],
        },
        "features": {
            "forceFailurePolicyIgnore": {"enabled": settings.failure_policy == "Ignore"},
            "backgroundScan": {"backgroundScanInterval": f"{settings.audit_seconds}s"},
            "policyExceptions": {"enabled": bool(exceptions), "namespace": exceptions or ""},
        },
        "admissionController": {
            "replicas": settings.replicas,
            "podDisruptionBudget": {
                "enabled": settings.replicas > 1,
                "minAvailable": 1,
                "unhealthyPodEvictionPolicy": "AlwaysAllow",
            },
            "container": {"resources": _resources(settings)},
        },
        "backgroundController": beside,
        "cleanupController": beside,
        "reportsController": beside,
    }


def objects(settings: Settings) -> tuple[KubeObject, ...]:
    """What the engine reads of its set-up beside the chart's values.

    Gatekeeper's webhook is not asked for exempt namespaces; its Config leaves them out of the audit and
    the mutation too.
    """
    if settings.engine == "kyverno":
        return ()
    spec: dict[str, Any] = {
        "match": [{"excludedNamespaces": list(settings.unseen), "processes": ["*"]}]
    }
    if settings.sync:
        spec["sync"] = {"syncOnly": [_kind(each) for each in settings.sync]}
    return (
        # It reads the one of this name.
        KubeObject("config", CONFIG, "Config", "config", {"spec": spec}, settings.namespace),
    )


def _kind(text: str) -> dict[str, str]:
    *group, version, kind = text.split("/")
    return {"group": "".join(group), "version": version, "kind": kind}


def admission_objects(
    documents: Sequence[Mapping[str, Any]], actions: Sequence[str]
) -> tuple[KubeObject, ...]:
    """Trimtab's own admission policies, which the API server itself enforces: no engine, no webhook.

    Args:
        documents: policies and their bindings.
        actions: what a binding does with a violation: Deny, Warn, Audit.
    """
    made = []
    for document in documents:
        name, kind = document["metadata"]["name"], document["kind"]
        short = name.removesuffix(".trimtab.dev")
        spec = dict(document["spec"])
        binding = kind == "ValidatingAdmissionPolicyBinding"
        if binding:
            spec["validationActions"] = list(actions)
        made.append(
            KubeObject(
                f"{short}-binding" if binding else short,
                document["apiVersion"],
                kind,
                name,
                {"spec": spec},
                after=(short,) if binding else (),
            )
        )
    return tuple(made)
