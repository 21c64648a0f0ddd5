"""Upgrades of K3s: Plans of the system upgrade controller, servers first.

Pure. A node takes part once it is labelled `k3s-upgrade`: nothing is upgraded that nobody asked for.

Source: K3s documentation, automated upgrades; rancher/system-upgrade-controller, its Plan
(`upgrade.cattle.io/v1`), 2026-11.
"""

from typing import Any

from trimtab.provision.k3s.config import check_version

API_VERSION = "upgrade.cattle.io/v1"
NAMESPACE = "system-upgrade"
SERVICE_ACCOUNT = "system-upgrade"
IMAGE = "rancher/k3s-upgrade"
TAKES_PART = "k3s-upgrade"
_CONTROL_PLANE = "node-role.kubernetes.io/control-plane"
SERVERS, AGENTS = "k3s-servers", "k3s-agents"


def upgrade_plans(version: str, agents_at_once: int = 1) -> tuple[dict[str, Any], dict[str, Any]]:
    """The Plan of the servers, one at a time, and that of the agents, which waits for it.

    Args:
        version: the release that nodes are to run.
        agents_at_once: how many agents may be closed at the same time.

    Raises:
        InputError: the version is no release of K3s.
    """
    check_version(version)
    servers = _plan(SERVERS, version, 1, "Exists")
    agents = _plan(AGENTS, version, agents_at_once, "DoesNotExist")
    agents["spec"]["prepare"] = {"image": IMAGE, "args": ["prepare", SERVERS]}
    # Their pods go elsewhere first; a server has none but its own.
    agents["spec"]["drain"] = {"force": True, "skipWaitForDeleteTimeout": 60}
    return servers, agents


def _plan(name: str, version: str, at_once: int, control_plane: str) -> dict[str, Any]:
    return {
        "apiVersion": API_VERSION,
        "kind": "Plan",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {
            "version": version,
            "concurrency": at_once,
            "cordon": True,
            "nodeSelector": {
                "matchExpressions": [
                    {"key": TAKES_PART, "operator": "In", "values": ["true"]},
                    {"key": _CONTROL_PLANE, "operator": control_plane},
                ]
            },
            "serviceAccountName": SERVICE_ACCOUNT,
            "tolerations": [{"operator": "Exists"}],
            "upgrade": {"image": IMAGE},
        },
    }
