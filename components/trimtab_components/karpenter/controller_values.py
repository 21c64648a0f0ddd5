"""The Karpenter chart's values.

Pure. A feature gate is written whether on or off, so that the chart's own defaults decide nothing.
Source: the chart's values at v1.14.1.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from trimtab.provision.helm_values import merge
from trimtab_components.karpenter.features import FEATURES


@dataclass(frozen=True)
class Controller:
    """How the controller runs.

    Attributes:
        endpoint: the API server's address, perhaps known late; None for Karpenter to ask EKS.
        features: gates that are on.
        tolerate: keys of taints on the nodes that carry it.
    """

    cluster: str
    endpoint: Any = None
    features: tuple[str, ...] = ()
    replicas: int = 2
    cpu: str = "1"
    memory: str = "1Gi"
    tolerate: tuple[str, ...] = ()
    node_selector: Mapping[str, str] = field(default_factory=dict)


def controller_values(controller: Controller, override: Mapping[str, Any]) -> dict[str, Any]:
    """The values, with the user's laid over them key by key; lists are replaced."""
    settings: dict[str, Any] = {
        "clusterName": controller.cluster,
        "interruptionQueue": controller.cluster,
        "eksControlPlane": True,
        "featureGates": {name: name in controller.features for name in FEATURES},
    }
    if controller.endpoint is not None:
        settings["clusterEndpoint"] = controller.endpoint
    values: dict[str, Any] = {
        "serviceAccount": {"name": "karpenter"},
        "replicas": controller.replicas,
        "settings": settings,
        "controller": {
            "resources": {
                "requests": {"cpu": controller.cpu, "memory": controller.memory},
                # Memory that is over its limit ends the process; processor time is not limited.
                "limits": {"memory": controller.memory},
            }
        },
    }
    if controller.node_selector:
        values["nodeSelector"] = {"kubernetes.io/os": "linux", **controller.node_selector}
    if controller.tolerate:
        values["tolerations"] = [
            {"key": key, "operator": "Exists"}
            for key in ("CriticalAddonsOnly", *controller.tolerate)
        ]
    return merge(values, override)
