"""K3s's machines when something goes wrong: power, disks, lost state, servers that are down."""

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from support.edge_machine import EdgeMachine, new_machine
from support.k3s_scripts import (
    AGENT_TOKEN,
    CLUSTER,
    MEMBER,
    NEXT,
    NODE,
    PLAIN,
    SECRETS,
    SERVER_TOKEN,
    applied,
    cluster_of,
    refused,
    restarts,
    script,
)
from trimtab.errors import InputError
from trimtab.provision.k3s.config import SERVER_TOKEN_FILE, server_config
from trimtab.provision.k3s.script import Secrets, kubeconfig_at, machine_script, member_script

JOIN_FILE = "/etc/rancher/k3s/config.yaml.d/join.yaml"
PEER = "https://192.0.2.2:6443"


def test_a_run_that_breaks_off_anywhere_is_ended_by_the_next(tmp_path: Path) -> None:
    whole = new_machine(tmp_path / "whole")
    applied(whole, script(secrets=Secrets("a", "b")))
    calls = len(whole.calls())
    wanted = {name: (mode, text) for name, (mode, _, text) in whole.files().items()}
    # A stride that shares no factor with what is repeated for each file; the last calls one by one.
    for number in sorted({*range(1, calls + 1, 17), *range(calls - 4, calls + 1)}):
        machine = new_machine(tmp_path / str(number))
        machine.write("/stubs/fails", str(number))
        assert machine.run(script(secrets=Secrets("a", "b"))).returncode != 0, number
        applied(machine, script(secrets=Secrets("a", "b")))
        found = {name: (mode, text) for name, (mode, _, text) in machine.files().items()}
        assert found == wanted, number
        assert machine.path("/run/active-k3s").exists()
        assert machine.text(SERVER_TOKEN_FILE) == "a"


def first(cidr: str = "10.42.0.0/16", **changes: object) -> str:
    cluster = replace(CLUSTER, cluster_cidr=cidr)
    config = server_config(cluster, NODE, first=True, servers=3)
    return machine_script("server", config, replace(PLAIN, **changes), SECRETS, peers=[PEER])  # type: ignore[arg-type]


def test_a_first_server_without_state_joins_what_is_left_of_its_cluster(
    machine: EdgeMachine,
) -> None:
    machine.write("/cluster/server-token", SERVER_TOKEN)
    machine.write("/cluster/agent-token", AGENT_TOKEN)
    machine.write("/stubs/answers", PEER + "\n")
    assert f"a server of its cluster answers at {PEER}: joining it" in applied(machine, first())
    assert machine.text(JOIN_FILE) == f'{{"cluster-init": false, "server": "{PEER}"}}\n'
    assert machine.mode(JOIN_FILE) == 0o600
    assert "second cluster" not in machine.text("/cluster/events")
    restarts(machine)
    applied(machine, first())
    assert restarts(machine) == []
    assert machine.run(first(), "remove").returncode == 0
    assert not machine.path(JOIN_FILE).exists()


def test_a_first_server_that_nobody_answers_begins_the_cluster(machine: EdgeMachine) -> None:
    applied(machine, first())
    assert not machine.path(JOIN_FILE).exists()
    machine.write("/stubs/answers", PEER + "\n")  # with state it asks nobody
    applied(machine, first())
    assert not machine.path(JOIN_FILE).exists()


def test_what_a_cluster_was_begun_with_stays(machine: EdgeMachine) -> None:
    applied(machine, first())
    before = machine.files()
    assert refused(machine, first("10.44.0.0/16")) == (
        "trimtab: error: cluster-cidr is 10.42.0.0/16 in this cluster and can't become "
        "10.44.0.0/16; keep it, or make another cluster"
    )
    assert machine.files() == before
    applied(machine, first())


@pytest.mark.parametrize(
    ("version", "says"),
    [
        ("v1.34.9+k3s1", "and does not go back to v1.34.9+k3s1"),
        ("v1.37.0+k3s1", "and skips a minor version to v1.37.0+k3s1"),
    ],
)
def test_versions_go_one_minor_at_a_time_and_never_back(
    machine: EdgeMachine, version: str, says: str
) -> None:
    applied(machine, first())
    machine.write("/var/lib/rancher/k3s/server/db/state", "")
    assert f"K3s is v1.35.3+k3s1 here {says}" in refused(machine, first(version=version))
    restarts(machine)
    for each in (NEXT, "v1.36.0+k3s1"):
        applied(machine, first(version=each))
    assert len(restarts(machine)) == 2


def test_a_server_does_not_leave_while_another_is_down(machine: EdgeMachine) -> None:
    cluster_of(machine, "two", "three")
    machine.path("/cluster/nodes/two/ready").unlink()
    three = member_script(replace(MEMBER, name="three"), PLAIN, 0)
    ended = machine.run(three, "remove")
    assert ended.returncode == 1
    assert ended.stderr == (
        "trimtab: error: three can't leave while these servers are down: two: the rest would have "
        "no majority, and the cluster no state; mend them, or take them out first\n"
    )
    assert machine.path("/cluster/nodes/three").exists()
    # The one that is down may go, and then the other; with a database beside them any may.
    two = member_script(replace(MEMBER, name="two"), PLAIN, 0)
    assert machine.run(two, "remove").returncode == 0
    assert machine.run(three, "remove").returncode == 0


def test_an_installation_that_broke_off_is_done_again(machine: EdgeMachine) -> None:
    applied(machine, script())
    machine.write("/var/lib/trimtab/k3s.installing", "")
    machine.write("/usr/local/bin/k3s-uninstall.sh", "#!/bin/sh\n# half", 0o755)
    applied(machine, script())
    assert "rm -rf /etc/rancher/k3s" in machine.text("/usr/local/bin/k3s-uninstall.sh")
    assert not machine.path("/var/lib/trimtab/k3s.installing").exists()


def test_with_a_database_servers_leave_as_they_like(machine: EdgeMachine) -> None:
    cluster_of(machine, "two", "three")
    machine.path("/cluster/nodes/two/ready").unlink()
    three = member_script(replace(MEMBER, name="three"), PLAIN, 0, majority=False)
    assert machine.run(three, "remove").returncode == 0


def test_a_full_disk_is_an_error_and_leaves_files_whole(machine: EdgeMachine) -> None:
    applied(machine, script(secrets=Secrets("a", "b")))
    folder = machine.path("/etc/rancher")
    kept = subprocess.run(["cp", "-a", folder, machine.path("/srv")], check=True)
    assert kept.returncode == 0
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", folder], check=True)
    try:
        subprocess.run(["cp", "-a", f"{machine.path('/srv/rancher')}/.", folder], check=True)
        with Path(folder, "filler").open("wb") as filler:
            written = subprocess.run(["head", "-c", "1m", "/dev/zero"], stdout=filler, check=False)
        assert written.returncode != 0
        changed = script(secrets=Secrets("a", "b", registries="x" * 8192))
        assert machine.run(changed).returncode != 0
        assert machine.text(SERVER_TOKEN_FILE) == "a"
        Path(folder, "filler").unlink()
        applied(machine, changed)
        assert machine.text("/etc/rancher/k3s/registries.yaml") == "x" * 8192
        assert not list(folder.rglob("*.trimtab-*"))
    finally:
        subprocess.run(["umount", folder], check=True)


@pytest.mark.parametrize("token", ["", " lead", "two\nlines", "nul\0"])
def test_a_token_that_k3s_would_read_otherwise_is_refused(token: str) -> None:
    with pytest.raises(InputError, match="server_token is no token of K3s") as caught:
        script(secrets=Secrets(token, "b"))
    assert not token.strip() or token not in str(caught.value)


def test_one_token_for_servers_and_agents_is_refused() -> None:
    with pytest.raises(InputError, match="every agent could join as a server"):
        script(secrets=Secrets("same", "same"))


@pytest.mark.parametrize("local", ["127.0.0.1", "[::1]"])
def test_a_kubeconfig_points_where_people_reach_the_server(local: str) -> None:
    text = f"server: https://{local}:6443\n"
    assert kubeconfig_at(text, "https://[fd00::1]:6443") == "server: https://[fd00::1]:6443\n"
