"""The system upgrade controller: what carries the Plans of `upgrades` out.

Pure. It has no chart of its own; its release is a manifest, of which this is what a K3s site needs: the
namespace, a service account with the rights that the controller and the drains of its jobs use, and the
Deployment, which stands on a server. It defines the kind Plan itself when it starts.

Source: rancher/system-upgrade-controller v0.20.1, manifests/ and pkg/upgrade, 2026-05-19.
"""

from typing import Any

from trimtab.provision.charts.edge import SYSTEM_UPGRADE_CONTROLLER
from trimtab.provision.k3s.upgrades import NAMESPACE, SERVICE_ACCOUNT

NAME = "system-upgrade-controller"
_CONTROL_PLANE = "node-role.kubernetes.io/control-plane"
_NOBODY = 65534
_RBAC = "rbac.authorization.k8s.io/v1"
_SETTINGS = {
    "SYSTEM_UPGRADE_CONTROLLER_LEADER_ELECT": "true",
    "SYSTEM_UPGRADE_CONTROLLER_THREADS": "2",
    "SYSTEM_UPGRADE_JOB_ACTIVE_DEADLINE_SECONDS": "900",
    "SYSTEM_UPGRADE_JOB_BACKOFF_LIMIT": "99",
    "SYSTEM_UPGRADE_JOB_PRIVILEGED": "true",
    "SYSTEM_UPGRADE_JOB_TTL_SECONDS_AFTER_FINISH": "900",
    "SYSTEM_UPGRADE_PLAN_POLLING_INTERVAL": "15m",
}

Manifest = dict[str, Any]


def upgrade_controller() -> dict[str, Manifest]:
    """The manifests by a short name, the namespace first and the Deployment last."""
    return {
        "namespace": {
            "apiVersion": "v1",
            "kind": "Namespace",
            # Its jobs change the machine that they run on.
            "metadata": {
                "name": NAMESPACE,
                "labels": {"pod-security.kubernetes.io/enforce": "privileged"},
            },
        },
        "account": {
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": {"name": SERVICE_ACCOUNT, "namespace": NAMESPACE},
        },
        "rights": {
            "apiVersion": _RBAC,
            "kind": "ClusterRole",
            "metadata": {"name": NAME},
            "rules": _CLUSTER_RULES,
        },
        "rights-binding": _binding("ClusterRole"),
        "jobs": {
            "apiVersion": _RBAC,
            "kind": "Role",
            "metadata": {"name": NAME, "namespace": NAMESPACE},
            "rules": _NAMESPACE_RULES,
        },
        "jobs-binding": _binding("Role"),
        "controller": _deployment(),
    }


def _rule(group: str, resources: str, verbs: str, *names: str) -> Manifest:
    rule: Manifest = {
        "apiGroups": [group],
        "resources": resources.split(),
        "verbs": verbs.split(),
    }
    return {**rule, "resourceNames": list(names)} if names else rule


_CLUSTER_RULES = [
    _rule("batch", "jobs", "get list watch"),
    _rule(
        "apiextensions.k8s.io", "customresourcedefinitions", "get list watch create patch update"
    ),
    _rule("", "namespaces", "get list watch"),
    _rule("", "nodes", "get list watch patch update"),
    _rule("", "events", "get create patch update"),
    _rule("coordination.k8s.io", "leases", "create"),
    _rule("coordination.k8s.io", "leases", "get update", NAME),
    _rule("upgrade.cattle.io", "plans plans/status", "get list watch create patch update delete"),
    # Draining a node before its agent is upgraded.
    _rule("", "pods/eviction", "create"),
    _rule("", "pods", "get list delete"),
    _rule("apps", "daemonsets replicasets statefulsets", "get list"),
]
_NAMESPACE_RULES = [
    _rule("batch", "jobs", "create delete deletecollection patch update get list watch"),
    _rule("", "secrets", "get list watch"),
]


def _binding(kind: str) -> Manifest:
    account = {"kind": "ServiceAccount", "name": SERVICE_ACCOUNT, "namespace": NAMESPACE}
    namespace = {"namespace": NAMESPACE} if kind == "Role" else {}
    return {
        "apiVersion": _RBAC,
        "kind": f"{kind}Binding",
        "metadata": {"name": NAME, **namespace},
        "roleRef": {"apiGroup": _RBAC.partition("/")[0], "kind": kind, "name": NAME},
        "subjects": [account],
    }


def _deployment() -> Manifest:
    # The jobs leave a pod with this label on the node that they drain.
    marked = {"upgrade.cattle.io/controller": NAME}
    on_a_server = [
        {"key": _CONTROL_PLANE, "operator": "Exists"},
        {"key": "kubernetes.io/os", "operator": "In", "values": ["linux"]},
    ]
    container = {
        "name": NAME,
        "image": SYSTEM_UPGRADE_CONTROLLER.reference,
        "imagePullPolicy": "IfNotPresent",
        "env": [
            *({"name": key, "value": value} for key, value in sorted(_SETTINGS.items())),
            _from_field(
                "SYSTEM_UPGRADE_CONTROLLER_NAME", f"metadata.labels['{next(iter(marked))}']"
            ),
            _from_field("SYSTEM_UPGRADE_CONTROLLER_NAMESPACE", "metadata.namespace"),
            _from_field("SYSTEM_UPGRADE_CONTROLLER_NODE_NAME", "spec.nodeName"),
        ],
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": _NOBODY,
            "runAsGroup": _NOBODY,
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],  # noqa: S108 - in its container
    }
    pod = {
        "affinity": {
            "nodeAffinity": {
                "requiredDuringSchedulingIgnoredDuringExecution": {
                    "nodeSelectorTerms": [{"matchExpressions": on_a_server}]
                }
            }
        },
        "serviceAccountName": SERVICE_ACCOUNT,
        "tolerations": [
            {"key": "CriticalAddonsOnly", "operator": "Exists"},
            {"key": _CONTROL_PLANE, "operator": "Exists", "effect": "NoSchedule"},
            {"key": "node-role.kubernetes.io/etcd", "operator": "Exists", "effect": "NoExecute"},
        ],
        "containers": [container],
        "volumes": [{"name": "tmp", "emptyDir": {}}],
    }
    labels = {"app.kubernetes.io/name": NAME, **marked}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": NAME, "namespace": NAMESPACE},
        "spec": {
            "replicas": 1,
            "strategy": {"type": "Recreate"},
            "selector": {"matchLabels": marked},
            "template": {"metadata": {"labels": labels}, "spec": pod},
        },
    }


def _from_field(name: str, path: str) -> Manifest:
    return {"name": name, "valueFrom": {"fieldRef": {"fieldPath": path}}}
