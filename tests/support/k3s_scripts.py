"""Scripts of K3s's machines for tests, and what is asked of the machines that they run on."""

from typing import Any

from support.edge_machine import EdgeMachine
from trimtab.provision.edge_nodes import EdgeNode
from trimtab.provision.k3s.config import Cluster, Node, agent_config, secret_config, server_config
from trimtab.provision.k3s.script import Installation, Role, Secrets, machine_script

VERSION = "v1.35.3+k3s1"
NEXT = "v1.35.4+k3s1"
PLAIN = Installation(VERSION, ready_seconds=4, token_seconds=0)
SERVER_TOKEN, AGENT_TOKEN, PASSWORD = "se'rvers $(alone)", "agents `too`", "pass%word\\n"
SECRETS = Secrets(
    SERVER_TOKEN,
    AGENT_TOKEN,
    secret_config(f"postgres://u:{PASSWORD}@db/k3s", "key-name", "key-itself"),
    "configs: {r: {auth: {password: mirror}}}\n",
    "ca",
    "certificate",
    "key",
)
HIDDEN = (SERVER_TOKEN, AGENT_TOKEN, PASSWORD, "key-itself", "mirror")
CLUSTER = Cluster("192.0.2.1")
NODE = Node({"trimtab.dev/pool": "trainer"}, ("nvidia.com/gpu=present:NoSchedule",), "one")
MEMBER = EdgeNode(
    "one", "server", "", True, False, {"pool": "a", "kept": "1"}, ("gpu=yes:NoSchedule",),
    {"plan": "p"}, ("gpu=yes:NoSchedule",),
)  # fmt: skip


def script(
    role: Role = "server",
    installation: Installation = PLAIN,
    secrets: Secrets = SECRETS,
    node: Node = NODE,
    **more: Any,
) -> str:
    config = (
        server_config(CLUSTER, node, first=True, servers=3)
        if role == "server"
        else agent_config(CLUSTER, node)
    )
    return machine_script(role, config, installation, secrets, **more)


def applied(machine: EdgeMachine, text: str) -> str:
    ended = machine.run(text)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def refused(machine: EdgeMachine, text: str) -> str:
    ended = machine.run(text)
    assert ended.returncode == 1, ended.stdout
    return ended.stderr.strip()


def restarts(machine: EdgeMachine) -> list[str]:
    return machine.calls("systemctl restart")


def cluster_of(machine: EdgeMachine, *servers: str) -> None:
    applied(machine, script())
    for each in servers:
        machine.write(f"/cluster/nodes/{each}/ready", "")
        mark = f"/cluster/nodes/{each}/labels/node-role.kubernetes.io%control-plane"
        machine.write(mark, "true")
