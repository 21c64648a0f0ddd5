"""Clusters at the edge."""

from typing import Any

from support.cloud_plans import owned_plan

PLAN = owned_plan()
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGbmPkV3DAPc0w5FRZ3QCkHvLMGHgiyMSvrXzyqtVdvS"
TOKENS = {"server_token": "servers-alone", "agent_token": "agents-too"}


def machine(name: str, **more: Any) -> dict[str, Any]:
    """A machine that SSH reaches."""
    return {"name": name, "address": f"{name}.example.com", "host_key": KEY, **more}


THREE = [machine("one"), machine("two"), machine("three", group="trainer/cellar")]
K3S_LEAST = {
    "plan": PLAN,
    "version": "v1.35.3+k3s1",
    "servers": [machine("one")],
    "agents": {"trainer/cellar": [machine("gpu-1"), machine("gpu-2")]},
    **TOKENS,
}
SSH = {
    "private_key": "key",
    "private_key_password": "passphrase",
    "user": "ops",
    "bastion": {"address": "door.example.com", "host_key": KEY, "private_key": "other"},
}

MICROK8S_LEAST = {
    "plan": PLAN,
    "version": "1.35/stable",
    "servers": [machine("one")],
    "agents": {"trainer/cellar": [machine("gpu-1"), machine("gpu-2")]},
    "server_token": "0123456789abcdef0123456789abcdef",
}

ROWS = [
    ("K3sCluster", "least", K3S_LEAST),
    ("K3sCluster", "three servers, everything late", {
        **K3S_LEAST, "servers": THREE, "ssh": SSH, "endpoint": "k3s.example.com", "upgrades": True,
        "registries": "mirrors: {}",
        "backups": {"bucket": "b", "access_key": "a", "secret_key": "s"},
    }),
    ("K3sCluster", "a database", {
        **K3S_LEAST, "servers": THREE[:2],
        "database": {"endpoint": "postgres://x", "ca": "ca", "certificate": "c", "key": "k"},
    }),
    ("K3sCluster", "by cloud-init", {
        **K3S_LEAST, "transport": "cloud-init", "kubeconfig": "{}",
    }),
    ("MicroK8sCluster", "least", MICROK8S_LEAST),
    ("MicroK8sCluster", "three servers, everything late", {
        **MICROK8S_LEAST, "servers": THREE, "ssh": SSH, "endpoint": "microk8s.example.com",
        "backups": {"schedule": "0 3 * * *"},
    }),
    ("MicroK8sCluster", "one server, by cloud-init", {
        **MICROK8S_LEAST, "agents": {}, "transport": "cloud-init", "kubeconfig": "{}",
    }),
]  # fmt: skip
