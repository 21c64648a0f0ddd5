"""Kueue's own configuration, and its chart's values.

Pure. A resource that a queue has no quota of is not looked at (`IgnoreUndeclared`): a pod that asks for
ephemeral storage or an EFA interface would never be admitted else. Work is queued where it names a queue.

Source: Kueue v0.19.2, chart values and `config.kueue.x-k8s.io/v1beta2`, 2026-08.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import yaml

CONFIG_API = "config.kueue.x-k8s.io/v1beta2"


def configuration(frameworks: Sequence[str], fair_sharing: bool, namespace: str) -> dict[str, Any]:
    """The controller's configuration.

    Args:
        frameworks: the kinds of work that it queues.
        fair_sharing: whether what is borrowed goes to whoever has least for their weight.
        namespace: Kueue's own, which it leaves alone as it does kube-system.
    """
    selector = {
        "key": "kubernetes.io/metadata.name",
        "operator": "NotIn",
        "values": sorted({"kube-system", namespace}),
    }
    made: dict[str, Any] = {
        "apiVersion": CONFIG_API,
        "kind": "Configuration",
        "health": {"healthProbeBindAddress": ":8081"},
        "metrics": {"bindAddress": ":8443"},
        "webhook": {"port": 9443},
        "leaderElection": {"leaderElect": True, "resourceName": "c1f6bfd2.kueue.x-k8s.io"},
        "controller": {
            "groupKindConcurrency": {
                "Job.batch": 5,
                "Pod": 5,
                "Workload.kueue.x-k8s.io": 10,
                "LocalQueue.kueue.x-k8s.io": 5,
                "ClusterQueue.kueue.x-k8s.io": 5,
                "ResourceFlavor.kueue.x-k8s.io": 1,
            }
        },
        "clientConnection": {"qps": 300, "burst": 500},
        "managedJobsNamespaceSelector": {"matchExpressions": [selector]},
        "integrations": {"frameworks": sorted(frameworks)},
        "resources": {"quotaCheckStrategy": "IgnoreUndeclared"},
    }
    if fair_sharing:
        made["fairSharing"] = {
            "preemptionStrategies": ["LessThanOrEqualToFinalShare", "LessThanInitialShare"]
        }
    return made


def chart_values(config: Mapping[str, Any]) -> dict[str, Any]:
    """The values of Kueue's chart."""
    text = yaml.safe_dump(dict(config), sort_keys=True)
    return {"managerConfig": {"controllerManagerConfigYaml": text}}
