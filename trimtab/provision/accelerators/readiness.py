"""Opens a node once its accelerators can be allocated: what takes the readiness taint away.

A node is Ready minutes before its accelerators are allocatable. Nodes of a pool with `readiness_taint`
therefore come up with the taint `trimtab.dev/accelerator-not-ready`, and three things end it:

- A DaemonSet goes to those nodes alone and tolerates their taints. Its pod closes the node, waits with
  `kubectl wait` until the accelerator stands in the node's `status.allocatable`, and then takes the
  taint away. It runs Kubernetes' own kubectl image, which has no shell, and no code of ours.
- A ValidatingAdmissionPolicy refuses everybody, in the API server, to take the taint from such a node
  while none of its pool's accelerators is allocatable. So a node is never opened too early, whoever
  tries: `kubectl wait` alone would be content with a quantity of 0.
- A second one confines the pod's service account to this taint on its own node: RBAC can't say
  "your own node only".

A node whose accelerators never come stays closed, but not silently: the wait ends after a while, its
pod is restarted with back-off, and `kube_pod_init_container_status_*` and the DaemonSet's unavailable
pods say so. Alert on them.

Considered and not taken: the Node Readiness Controller (kubernetes-sigs/node-readiness-controller
v0.5.0, alpha) acts on node conditions, of which none says that an accelerator is allocatable, and its
CRD takes only taint keys under `readiness.k8s.io/`; its reporter polls an HTTP address, and NVIDIA's
example (gpu-operator, examples/cluster-autoscaler) has node-problem-detector run nvidia-smi instead,
which succeeds before the device plugin has registered and knows one vendor. A pod on each node would
be needed all the same. The GPU operator at v26.7.0 and node feature discovery remove no such taint.

Pure.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from trimtab.plan.labels import GROUP_LABEL, POOL_LABEL
from trimtab.provision.accelerators.daemons import CRITICAL, pod_labels, tolerations
from trimtab.provision.charts.cluster import KUBECTL, PAUSE
from trimtab.provision.nodes import READINESS_TAINT

NAMESPACE = "trimtab-readiness"
ACCOUNT = "accelerator-gate"
GATE = "trimtab-accelerator-gate"
WAIT = "15m"
"""How long a pod waits before it fails, to be seen, and is started again."""
NODE_CLAIM = "authentication.kubernetes.io/node-name"
"""What the API server adds to the user of a pod's token; on by default since Kubernetes 1.30."""

_TAINT = f"{READINESS_TAINT}=true:NoSchedule"
_OF_TAINT = f"t.key == '{READINESS_TAINT}'"


@dataclass(frozen=True)
class Gate:
    """Groups whose nodes open when one resource is allocatable.

    Attributes:
        resource: such as nvidia.com/gpu.
        groups: names of the groups whose nodes wait for it, by their pool's name.
    """

    resource: str
    groups: Mapping[str, tuple[str, ...]]

    @property
    def slug(self) -> str:
        """The resource as part of a name: `nvidia-com-gpu`."""
        return "".join(c if c.isalnum() else "-" for c in self.resource.lower()).strip("-")

    @property
    def daemon_set_name(self) -> str:
        """The name of its DaemonSet."""
        return f"{GATE}-{self.slug}"[:63].rstrip("-")


def daemon_set_spec(
    gate: Gate, tolerate: Sequence[str], labels: Mapping[str, str]
) -> dict[str, Any]:
    """The spec of the gate's DaemonSet, in Kubernetes' own words."""
    marks = {"app.kubernetes.io/name": gate.daemon_set_name}
    escaped = gate.resource.replace(".", r"\.")
    node = "$(NODE_NAME)"
    steps = {
        # First, so that the last step always finds a taint to take away, after a reboot too.
        "close": ["taint", "nodes", node, _TAINT, "--overwrite"],
        "wait": [
            "wait",
            f"node/{node}",
            "--for=jsonpath={.status.allocatable." + escaped + "}",
            f"--timeout={WAIT}",
        ],
        "open": ["taint", "nodes", node, f"{READINESS_TAINT}:NoSchedule-"],
    }
    terms = [
        {
            "matchExpressions": [
                {"key": POOL_LABEL, "operator": "In", "values": [pool]},
                {"key": GROUP_LABEL, "operator": "In", "values": list(groups)},
            ]
        }
        for pool, groups in gate.groups.items()
    ]
    pod = {
        "serviceAccountName": ACCOUNT,
        "priorityClassName": CRITICAL,
        "tolerations": tolerations(tolerate, (READINESS_TAINT,)),
        "affinity": {
            "nodeAffinity": {
                "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}
            }
        },
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": 65532,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "initContainers": [_step(name, arguments) for name, arguments in steps.items()],
        "containers": [_container("done", PAUSE.reference, "1m", "8Mi")],
    }
    return {
        "selector": {"matchLabels": marks},
        # A node that never gets ready holds up no other.
        "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "100%"}},
        "template": {"metadata": {"labels": pod_labels(labels, marks)}, "spec": pod},
    }


def cluster_role_rules() -> list[dict[str, Any]]:
    """What the gates may do; `own_node_policy` narrows the patch."""
    return [{"apiGroups": [""], "resources": ["nodes"], "verbs": ["get", "list", "watch", "patch"]}]


def never_early_policy(gates: Sequence[Gate]) -> dict[str, Any]:
    """The spec of the policy that keeps the taint while nothing is allocatable.

    It knows a node's pool by its label, and of the pool the resources that its nodes wait for.
    """
    awaited: dict[str, list[str]] = {}
    for gate in gates:
        for pool in gate.groups:
            awaited.setdefault(pool, []).append(gate.resource)
    by_pool = ", ".join(
        f"'{pool}': [{', '.join(repr(r) for r in sorted(set(found)))}]"
        for pool, found in sorted(awaited.items())
    )
    # The label as it was: an update that takes it away with the taint opens nothing either.
    pool = f"oldObject.metadata.?labels['{POOL_LABEL}'].orValue('')"
    allocatable = "object.?status.?allocatable.orValue({})"
    return {
        **_on_nodes(),
        "matchConditions": [
            {
                "name": "takes-the-taint-away",
                "expression": f"{_taints('oldObject')}.exists(t, {_OF_TAINT})"
                f" && !{_taints('object')}.exists(t, {_OF_TAINT})",
            },
        ],
        "variables": [
            {"name": "awaited", "expression": f"{{{by_pool}}}[?{pool}].orValue([])"},
            {"name": "allocatable", "expression": allocatable},
        ],
        "validations": [
            {
                "expression": "variables.awaited.size() == 0 || variables.awaited.exists(r, r in "
                "variables.allocatable && quantity(variables.allocatable[r])"
                ".isGreaterThan(quantity('0')))",
                "messageExpression": f"'{READINESS_TAINT} stays until one of ' + "
                "variables.awaited.join(', ') + ' is allocatable'",
                "reason": "Forbidden",
            }
        ],
    }


def own_node_policy() -> dict[str, Any]:
    """The spec of the policy that confines the gates' account to this taint on its own node."""
    account = f"system:serviceaccount:{NAMESPACE}:{ACCOUNT}"
    other = f"filter(t, t.key != '{READINESS_TAINT}')"
    kept = {
        "object.metadata.?labels.orValue({})": "oldObject.metadata.?labels.orValue({})",
        "object.metadata.?annotations.orValue({})": "oldObject.metadata.?annotations.orValue({})",
        "object.spec.?unschedulable.orValue(false)": "oldObject.spec.?unschedulable.orValue(false)",
        f"{_taints('object')}.{other}": f"{_taints('oldObject')}.{other}",
    }
    claim = f"request.userInfo.?extra['{NODE_CLAIM}'].orValue([])"
    return {
        **_on_nodes(),
        "matchConditions": [
            {"name": "is-a-gate", "expression": f"request.userInfo.username == '{account}'"}
        ],
        "validations": [
            {
                "expression": f"object.metadata.name in {claim}",
                "message": "a gate may open its own node only",
                "reason": "Forbidden",
            },
            {
                "expression": " && ".join(f"{new} == {old}" for new, old in kept.items()),
                "message": f"a gate may change nothing but {READINESS_TAINT}",
                "reason": "Forbidden",
            },
        ],
    }


def _on_nodes() -> dict[str, Any]:
    rule = {
        "apiGroups": [""],
        "apiVersions": ["v1"],
        "resources": ["nodes"],
        "operations": ["UPDATE"],
    }
    return {"failurePolicy": "Fail", "matchConstraints": {"resourceRules": [rule]}}


def _taints(of: str) -> str:
    return f"{of}.spec.?taints.orValue([])"


def _step(name: str, arguments: list[str]) -> dict[str, Any]:
    container = _container(name, KUBECTL.reference, "10m", "48Mi")
    field = {"fieldRef": {"fieldPath": "spec.nodeName"}}
    return {**container, "args": arguments, "env": [{"name": "NODE_NAME", "valueFrom": field}]}


def _container(name: str, image: str, cpu: str, memory: str) -> dict[str, Any]:
    return {
        "name": name,
        "image": image,
        "resources": {"requests": {"cpu": cpu, "memory": memory}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
    }
