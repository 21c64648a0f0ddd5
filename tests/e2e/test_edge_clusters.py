"""K3s on machines behind a real sshd, by Pulumi's real engine: up, changed, taken apart.

The machines are folders, K3s and systemd stand-ins in them; SSH, the scripts and the engine are real.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.automation import EngineStack, OperationError
from support.cloud_plans import owned_plan
from support.pulumi_cli import PulumiCli
from support.sshd import Site, edge_site
from support.stand_in.cloud import Cloud
from support.stand_in.command import Command
from support.stand_in.kubernetes import Kubernetes
from support.stand_in.server import attached
from trimtab_components import K3sCluster

pytestmark = pytest.mark.engine

SERVERS, AGENTS = ("one", "two", "three"), ("gpu-1", "gpu-2")
TOKENS = {"server_token": "the-servers-alone", "agent_token": "the-agents-too"}
PLAN = owned_plan()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with edge_site(tmp_path / "site", (*SERVERS, *AGENTS)) as running:
        yield running


class Edge:
    """A stack of one cluster, whose arguments the test changes."""

    def __init__(self, cli: PulumiCli, env: dict[str, str], folder: Path, site: Site) -> None:
        self.site, self.state = site, cli.folder / "state"
        self.arguments: dict[str, Any] = {
            "plan": PLAN,
            "version": "v1.35.3+k3s1",
            "servers": [self.machine(name) for name in SERVERS],
            "agents": {"trainer/cellar": [self.machine(name) for name in AGENTS]},
            "ssh": {"private_key": site.key},
            "ready_seconds": 10,
            **TOKENS,
        }
        self.stack = EngineStack(cli, folder / "project", "dev", program=self._run, env=env)

    def machine(self, name: str) -> dict[str, Any]:
        """A machine's arguments."""
        found = self.site.machines[name]
        return {
            "name": name,
            "address": "127.0.0.1",
            "port": found.port,
            "host_key": found.host_key,
        }

    def _run(self) -> None:
        arguments: Any = self.arguments
        K3sCluster("edge", arguments)


@pytest.fixture
def edge(pulumi_engine: PulumiCli, cloud: Cloud, tmp_path: Path, site: Site) -> Iterator[Edge]:
    with attached({"command": Command(cloud), "kubernetes": Kubernetes(cloud)}) as env:
        yield Edge(pulumi_engine, env, tmp_path, site)


def touched(site: Site) -> set[str]:
    """The machines on which anything ran since the last time."""
    return set(site.applied())


def test_a_cluster_of_three_servers_and_two_agents_lives(edge: Edge, cloud: Cloud) -> None:
    site = edge.site
    steps = edge.stack.up()
    assert site.nodes == {*SERVERS, *AGENTS}
    made = [name for name in steps.of("create", "Command") if not name.endswith("kubeconfig")]
    assert [name for name in made if "gpu" not in name] == [
        name for each in SERVERS for name in (f"edge-{each}", f"edge-{each}-node")
    ]
    labels = site.marks("gpu-1", "labels")
    assert labels["trimtab.dev/pool"] == "trainer"
    assert labels["trimtab.dev/plan"] == "example"
    for name, each in site.machines.items():
        assert each.machine.mode("/etc/rancher/k3s/config.yaml") == 0o600
        assert (not each.machine.text("/etc/rancher/k3s/server-token")) is (name in AGENTS)
        for token in TOKENS.values():
            assert token not in each.machine.seen()
    # Neither what the engine said nor what it keeps has a token or the key in clear.
    kept = "".join(
        each.read_text("utf-8", errors="replace")
        for each in edge.state.rglob("*")
        if each.is_file()
    )
    assert "edge-kubeconfig" in kept
    for secret in (*TOKENS.values(), site.key.splitlines()[2], "https://127.0.0.1:6443\\n"):
        assert secret not in kept + steps.text

    site.applied()
    assert edge.stack.preview().operations == set()
    assert edge.stack.up().operations == set()
    assert touched(site) == set()

    # One machine's change runs on that machine alone, and restarts nothing else.
    edge.arguments["agents"]["trainer/cellar"][1]["node_ip"] = "192.0.2.9"
    assert edge.stack.preview().of("update") == ["edge-gpu-2"]
    edge.stack.up()
    ran = site.applied()
    assert set(ran) == {"gpu-2"}
    assert [each for each in ran["gpu-2"] if each.startswith("systemctl restart")]

    # Another plan marks nodes anew from a server, and restarts nothing.
    edge.arguments["plan"] = owned_plan(asOf="2026-10-31T23:00:00Z")
    steps = edge.stack.up()
    marked = {f"edge-{name}-node" for name in (*SERVERS, *AGENTS)}
    assert set(steps.of("update", "Command")) == marked
    assert set(ran := site.applied()) == {"one"}
    assert not [each for each in ran["one"] if each.startswith("systemctl restart")]

    # Another K3s comes to every machine; the kubeconfig is read anew, of the same cluster.
    edge.arguments["version"] = "v1.35.4+k3s1"
    assert edge.stack.preview().of("replace") == ["edge-kubeconfig"]
    assert edge.stack.up().of("replace") == ["edge-kubeconfig"]
    site.applied()

    # An agent goes: its pods first, then its node, then K3s from the machine.
    edge.arguments["agents"]["trainer/cellar"].pop(0)
    steps = edge.stack.up()
    assert steps.of("delete", "Command") == ["edge-gpu-1-node", "edge-gpu-1"]
    assert site.nodes == {*SERVERS, "gpu-2"}
    assert (site.cluster / "events").read_text("utf-8") == "drained gpu-1\ndeleted gpu-1\n"
    assert site.machines["gpu-1"].machine.files() == {}

    edge.stack.destroy()
    assert [name for name, each in site.machines.items() if each.machine.files()] == []
    assert site.nodes == {"one"}  # the last server is never taken out of what it alone keeps
    assert cloud.held == {}


def test_a_machine_that_fails_is_gone_on_with(edge: Edge) -> None:
    site = edge.site
    broken = site.machines["two"].machine
    broken.write("/stubs/broken", "")
    with pytest.raises(OperationError) as caught:
        edge.stack.up()
    assert "k3s does not start; see journalctl -u k3s" in str(caught.value)
    for token in TOKENS.values():
        assert token not in str(caught.value)
    assert site.nodes == {"one"}
    site.applied()

    broken.path("/stubs/broken").unlink()
    edge.stack.up()
    assert site.nodes == {*SERVERS, *AGENTS}
    restarts = [each for each in site.applied().get("one", []) if "systemctl restart" in each]
    assert restarts == []  # what stood was left


def test_a_machine_that_is_another_is_not_spoken_to(edge: Edge) -> None:
    site = edge.site
    edge.arguments["servers"] = [edge.machine("one")]
    edge.arguments["servers"][0]["host_key"] = site.machines["two"].host_key
    with pytest.raises(OperationError, match="Host key verification failed"):
        edge.stack.up()
    assert touched(site) == set()


def test_a_wrong_token_does_not_join(edge: Edge) -> None:
    site = edge.site
    edge.arguments["servers"] = [edge.machine("one")]
    edge.arguments["agents"] = {}
    edge.stack.up()
    edge.arguments["agents"] = {"trainer/cellar": [edge.machine("gpu-1")]}
    (site.cluster / "agent-token").write_text("another", "utf-8")
    with pytest.raises(OperationError, match="k3s-agent does not start"):
        edge.stack.up()
    assert site.nodes == {"one"}
