"""MicroK8s on machines behind a real sshd, by Pulumi's real engine: up, changed, taken apart.

The machines are folders, and snapd a stand-in in them; SSH, the scripts and the engine are real.
"""

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
from trimtab_components import MicroK8sCluster

pytestmark = pytest.mark.engine

SERVERS, WORKERS = ("one", "two", "three"), ("gpu-1",)
TOKEN = "0123456789abcdef0123456789abcdef"


def machine(site: Site, name: str) -> dict[str, Any]:
    """A machine's arguments."""
    found = site.machines[name]
    return {"name": name, "address": "127.0.0.1", "port": found.port, "host_key": found.host_key}


def holding(site: Site, token: str) -> list[str]:
    """The files of the machines that have the token in them."""
    return [
        f"{name}:{file}"
        for name, each in site.machines.items()
        for file, (_, _, text) in each.machine.files().items()
        if token.encode() in text
    ]


def test_a_cluster_of_three_servers_and_a_worker_lives(
    pulumi_engine: PulumiCli, cloud: Cloud, tmp_path: Path
) -> None:
    with (
        edge_site(tmp_path / "site", (*SERVERS, *WORKERS)) as site,
        attached({"command": Command(cloud), "kubernetes": Kubernetes(cloud)}) as env,
    ):
        arguments: dict[str, Any] = {
            "plan": owned_plan(),
            "version": "1.35/stable",
            "servers": [machine(site, name) for name in SERVERS],
            "agents": {"trainer/cellar": [machine(site, name) for name in WORKERS]},
            "ssh": {"private_key": site.key},
            "server_token": TOKEN,
            "ready_seconds": 10,
        }

        def program() -> None:
            given: Any = arguments
            MicroK8sCluster("edge", given)

        stack = EngineStack(pulumi_engine, tmp_path / "project", "dev", program=program, env=env)
        steps = stack.up()
        assert site.nodes == {*SERVERS, *WORKERS}
        assert site.marks("gpu-1", "labels")["trimtab.dev/pool"] == "trainer"
        # No machine that has joined keeps the token, and neither the engine's words nor its state show it.
        assert holding(site, TOKEN) == []
        state = "".join(
            each.read_text("utf-8", errors="replace")
            for each in (pulumi_engine.folder / "state").rglob("*")
            if each.is_file()
        )
        assert "edge-fingerprint" in state
        assert TOKEN not in state + steps.text
        assert all(TOKEN not in each.machine.seen() for each in site.machines.values())
        assert [each for each in cloud.held if "CustomResourceDefinition" in str(each)] != []

        site.applied()
        assert stack.preview().operations == set()
        assert stack.up().operations == set()
        assert site.applied() == {}

        arguments["version"] = "1.36/stable"
        stack.up()
        refreshed = [each for calls in site.applied().values() for each in calls
                     if each == "snap refresh microk8s --channel=1.36/stable"]  # fmt: skip
        assert len(refreshed) == len(site.machines)

        # A server that goes leaves its cluster first, unless the rest would have no majority.
        ready = site.cluster / "nodes/two/ready"
        ready.unlink()
        arguments["servers"].pop()
        with pytest.raises(
            OperationError, match="three can't leave while these servers are down: two"
        ):
            stack.up()
        ready.touch()
        stack.up()
        assert site.nodes == {"one", "two", *WORKERS}
        assert site.machines["three"].machine.files() == {}

        stack.destroy()
        assert [name for name, each in site.machines.items() if each.machine.files()] == []
        assert cloud.held == {}
