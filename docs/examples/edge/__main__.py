"""A site at the edge: K3s on three servers, agents with GPUs that the plan counts on, its own GPU operator."""

from pathlib import Path

import pulumi

from trimtab_components import GpuOperator, K3sCluster
from trimtab_components.program import user_errors

CONFIG = pulumi.Config("trimtab")
PLAN = str(Path(__file__).resolve().parent / CONFIG.require("plan"))
SITE = pulumi.Config("site")
HOST_KEYS = {
    "shop-17-a": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB0HOSTKEYOFSERVERA000000000000000000000000000",
    "shop-17-b": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB0HOSTKEYOFSERVERB000000000000000000000000000",
    "shop-17-c": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB0HOSTKEYOFSERVERC000000000000000000000000000",
    "gpu-1": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB0HOSTKEYOFGPU1000000000000000000000000000000",
    "gpu-2": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB0HOSTKEYOFGPU2000000000000000000000000000000",
    "gpu-3": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB0HOSTKEYOFGPU3000000000000000000000000000000",
}
MACHINES = {
    name: {"name": name, "address": f"10.17.0.{place}", "host_key": key}
    for place, (name, key) in enumerate(HOST_KEYS.items(), start=11)
}

with user_errors():
    site = K3sCluster(
        "shop-17",
        {
            "plan": PLAN,
            "version": "v1.35.3+k3s1",
            "servers": [MACHINES[name] for name in ("shop-17-a", "shop-17-b", "shop-17-c")],
            "agents": {"trainers/shop-17": [MACHINES[f"gpu-{place}"] for place in (1, 2, 3)]},
            "ssh": {"private_key": SITE.require_secret("sshKey"), "user": "ops"},
            "endpoint": "10.17.0.10",
            "server_token": SITE.require_secret("serverToken"),
            "agent_token": SITE.require_secret("agentToken"),
            "backups": {"bucket": "shop-17-etcd", "region": "eu-central-1"},
            "upgrades": True,
            "pools": {"trainers": {"accelerator_taint": True}},
        },
    )
    GpuOperator(
        "gpu",
        {
            "image": "UBUNTU",
            "override": {
                "values": {
                    "toolkit": {
                        "env": [
                            {
                                "name": "CONTAINERD_SOCKET",
                                "value": "/run/k3s/containerd/containerd.sock",
                            }
                        ]
                    }
                }
            },
        },
        pulumi.ResourceOptions(providers=[site.provider], depends_on=[site]),
    )
    pulumi.export("endpoint", site.endpoint)
    pulumi.export("kubeconfig", site.kubeconfig)
