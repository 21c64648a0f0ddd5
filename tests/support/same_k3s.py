"""One site's K3s as two front doors are told of it, K3sCluster and EdgeSite, and what both must write."""

from typing import Any

PLAN_GROUP = {"option": "owned", "site": "oslo"}
ENDPOINT, VERSION = "10.0.0.10", "v1.35.3+k3s1"
CHOICES: dict[str, Any] = {
    "cluster_cidr": "10.50.0.0/16",
    "service_cidr": "10.51.0.0/16",
    "embedded_registry": True,
    "disable": ["traefik", "servicelb"],
    "servers_take_work": False,
}
SCHEDULE, RETENTION = "0 */6 * * *", 9
_SERVER: dict[str, Any] = {
    "token-file": "/etc/rancher/k3s/server-token",
    "agent-token-file": "/etc/rancher/k3s/agent-token",
    "tls-san": [ENDPOINT],
    "cluster-cidr": "10.50.0.0/16",
    "service-cidr": "10.51.0.0/16",
    "secrets-encryption": True,
    "write-kubeconfig-mode": "0600",
    "etcd-snapshot-schedule-cron": SCHEDULE,
    "etcd-snapshot-retention": RETENTION,
    "embedded-registry": True,
    "disable": ["servicelb", "traefik"],
    "node-taint": ["node-role.kubernetes.io/control-plane=true:NoSchedule"],
}
WRITTEN: dict[str, dict[str, Any]] = {
    "first": {**_SERVER, "cluster-init": True},
    "server": {**_SERVER, "server": f"https://{ENDPOINT}:6443"},
    "agent": {
        "server": f"https://{ENDPOINT}:6443",
        "token-file": "/etc/rancher/k3s/agent-token",
    },
}
"""The configurations; an agent's without the group's labels and taints, which `MARKS` has."""
MARKS = ("node-label", "node-taint")
