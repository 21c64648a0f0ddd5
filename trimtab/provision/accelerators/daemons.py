"""What every daemon on accelerated nodes has: tolerations of their taints, and its DaemonSet.

Pure. A daemon that does not tolerate a node's taints never starts there, and the node's devices are
never offered.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from trimtab.plan.labels import DIGEST_LABEL, POOL_LABEL

DEVICE_PLUGINS = "/var/lib/kubelet/device-plugins"
"""The kubelet's folder in which a device plugin registers."""
CRITICAL = "system-node-critical"


def tolerations(keys: Iterable[str], first: Sequence[str] = ()) -> list[dict[str, str]]:
    """Tolerations of every taint that has one of the keys, whatever its value and effect.

    Args:
        keys: of the nodes' taints.
        first: keys that the chart tolerates by itself. Helm replaces lists, so they are said again.
    """
    return [{"key": key, "operator": "Exists"} for key in dict.fromkeys((*first, *keys))]


def pod_labels(labels: Mapping[str, str], marks: Mapping[str, str]) -> dict[str, str]:
    """The labels of a DaemonSet's pods: its own and the selector's.

    Without the plan's digest: one that moved with every plan would start every pod anew, and a node's
    devices are not offered until its device plugin is back.
    """
    return {**{key: value for key, value in labels.items() if key != DIGEST_LABEL}, **marks}


@dataclass(frozen=True)
class Daemon:
    """A device plugin that no chart installs.

    Attributes:
        name: of the DaemonSet and its container.
        image: the container's.
        labels: of the objects, besides the selector's.
        tolerate: keys of taints.
        node_labels: labels of the nodes that it goes to.
        pools: names of the plan's pools that it goes to; none for all nodes.
        env: the container's environment.
        privileged: whether it needs the node's devices; else it only talks to the kubelet.
    """

    name: str
    image: str
    tolerate: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    node_labels: Mapping[str, str] = field(default_factory=dict)
    pools: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    privileged: bool = False

    def spec(self) -> dict[str, Any]:
        """The spec of its DaemonSet, in Kubernetes' own words."""
        marks = {"app.kubernetes.io/name": self.name}
        confined = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
        container: dict[str, Any] = {
            "name": self.name,
            "image": self.image,
            "securityContext": {"privileged": True} if self.privileged else confined,
            "resources": {"requests": {"cpu": "10m", "memory": "32Mi"}},
            "volumeMounts": [{"name": "device-plugin", "mountPath": DEVICE_PLUGINS}],
        }
        if self.env:
            container["env"] = [{"name": k, "value": v} for k, v in sorted(self.env.items())]
        pod: dict[str, Any] = {
            "priorityClassName": CRITICAL,
            "automountServiceAccountToken": False,
            "tolerations": tolerations(self.tolerate, ("CriticalAddonsOnly",)),
            "containers": [container],
            "volumes": [{"name": "device-plugin", "hostPath": {"path": DEVICE_PLUGINS}}],
        }
        if self.node_labels:
            pod["nodeSelector"] = dict(self.node_labels)
        if self.pools:
            of_pools = {"key": POOL_LABEL, "operator": "In", "values": list(self.pools)}
            terms = [{"matchExpressions": [of_pools]}]
            pod["affinity"] = {
                "nodeAffinity": {
                    "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}
                }
            }
        return {
            "selector": {"matchLabels": marks},
            "updateStrategy": {"type": "RollingUpdate"},
            "template": {"metadata": {"labels": pod_labels(self.labels, marks)}, "spec": pod},
        }
