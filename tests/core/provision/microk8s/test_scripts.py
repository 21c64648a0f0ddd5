"""What is run on MicroK8s's machines, run: in a folder of its own, with stand-ins for snapd."""

import platform
from dataclasses import replace
from pathlib import Path

import pytest

from support.edge_machine import EdgeMachine, new_machine
from support.shell_scripts import shellcheck
from trimtab.errors import InputError
from trimtab.provision.edge_nodes import EdgeNode
from trimtab.provision.microk8s.script import (
    LAUNCH_FILE,
    Setup,
    launch_config,
    machine_script,
    member_script,
)

TOKEN = "0123456789abcdef0123456789abcdef"
PRINT = "ab" * 32
HOST = platform.node()
HOME = "/root"
SETUP = Setup("1.35/stable", ready_seconds=4)
TAINT = "gpu=yes:NoSchedule"
FIRST = EdgeNode(HOST, "server", "", True, False, {"pool": "a"}, (TAINT,), {"plan": "p"}, (TAINT,))
WORKER = replace(FIRST, role="agent", first=False)


@pytest.fixture
def machine(tmp_path: Path) -> EdgeMachine:
    return new_machine(tmp_path / "machine")


def applied(machine: EdgeMachine, text: str) -> str:
    ended = machine.run(text)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def first(setup: Setup = SETUP, node: EdgeNode = FIRST) -> str:
    return machine_script(node, setup, TOKEN)


def joining(node: EdgeNode = WORKER, setup: Setup = SETUP) -> str:
    return machine_script(node, setup, TOKEN, "192.0.2.1", PRINT)


@pytest.mark.parametrize(
    "text",
    [
        first(),
        first(replace(SETUP, air_gap="/srv/snaps", backup_schedule="0 3 * * *")),
        joining(),
        joining(replace(FIRST, first=False)),
        member_script(FIRST, SETUP, 60),
    ],
)
def test_shellcheck_finds_nothing(text: str) -> None:
    assert shellcheck(text) == ""


def test_the_launch_configuration_joins_by_a_pinned_address() -> None:
    text = joining()
    assert f"192.0.2.1:25000/{TOKEN}/{PRINT}" in text
    assert '"worker": true' in text
    assert '"worker": false' in joining(replace(FIRST, first=False))
    assert "persistentClusterToken" not in text
    assert "join" not in launch_config(FIRST, SETUP)
    assert launch_config(
        FIRST, replace(SETUP, kubelet_args=("max-pods=200",), sans=("a.example",))
    ) == {
        "version": "0.1.0",
        "extraKubeletArgs": {"--max-pods": "200", "--register-with-taints": TAINT},
        "extraSANs": ["a.example"],
    }


def test_a_second_run_changes_nothing(machine: EdgeMachine) -> None:
    applied(machine, first())
    assert not machine.path(LAUNCH_FILE).exists()  # the token goes with it
    assert machine.text("/var/snap/microk8s/addons") == "dns\nhostpath-storage\n"
    before = machine.files()
    machine.calls()
    assert applied(machine, first()) == "trimtab: server is as it should be\n"
    assert machine.files() == before
    changing = ("snap install", "snap set", "snap refresh", "microk8s enable", "mv")
    assert [each for each in machine.calls() if each.startswith(changing)] == []


def test_the_token_is_no_argument_and_is_not_said(machine: EdgeMachine) -> None:
    said = applied(machine, first()) + applied(machine, first(replace(SETUP, sans=("b.example",))))
    assert TOKEN not in said + machine.seen()
    assert "b.example" in machine.text("/var/snap/microk8s/set")


def test_a_run_that_breaks_off_anywhere_is_ended_by_the_next(tmp_path: Path) -> None:
    whole = new_machine(tmp_path / "whole")
    assert "configuring" not in applied(whole, first())
    calls = len(whole.calls())

    def kept(machine: EdgeMachine) -> dict[str, tuple[int, bytes]]:
        # What was set once more, since nobody could say whether it had been, does no harm.
        found = machine.files().items()
        return {n: (mode, text) for n, (mode, _, text) in found if n != "var/snap/microk8s/set"}

    wanted = kept(whole)
    for number in sorted({*range(1, calls + 1, 5), *range(calls - 7, calls + 1)}):
        machine = new_machine(tmp_path / str(number))
        machine.write("/stubs/fails", str(number))
        assert machine.run(first()).returncode != 0, number
        applied(machine, first())
        assert kept(machine) == wanted, number


def test_a_worker_joins_with_the_right_token_alone(machine: EdgeMachine) -> None:
    machine.write("/cluster/token", TOKEN)
    applied(machine, joining())
    assert machine.path(f"/cluster/nodes/{HOST}/ready").exists()
    assert not machine.path(LAUNCH_FILE).exists()
    machine.run(joining(), "remove")
    machine.write("/cluster/token", "another")
    assert machine.run(joining()).returncode == 1


def test_the_token_is_in_no_file_of_a_machine_that_has_joined(machine: EdgeMachine) -> None:
    machine.write("/cluster/token", TOKEN)
    applied(machine, joining())
    assert [name for name, (_, _, text) in machine.files().items() if TOKEN.encode() in text] == []


def test_a_launch_configuration_that_is_not_carried_out_is_an_error(machine: EdgeMachine) -> None:
    machine.write("/cluster/token", TOKEN)
    machine.write("/stubs/idle", "")
    ended = machine.run(joining())
    assert ended.returncode == 1
    assert "MicroK8s does not carry its launch configuration out" in ended.stderr
    taken = machine.path("/var/snap/microk8s/common/etc/launcher/install.yaml")
    taken.rename(f"{taken}.applied")
    applied(machine, joining())
    assert [name for name, (_, _, text) in machine.files().items() if TOKEN.encode() in text] == []


@pytest.mark.parametrize(
    "place", ["/etc/microk8s.yaml", HOME + "/snap/microk8s/common/.microk8s.yaml"]
)
def test_a_configuration_that_would_be_read_instead_is_refused(
    machine: EdgeMachine, place: str
) -> None:
    machine.write(place, "{}")
    ended = machine.run(first())
    says = f"{place} is there: MicroK8s would take it for the launch configuration; move it away"
    assert (ended.returncode, ended.stderr) == (1, f"trimtab: error: {says}\n")


def test_no_second_cluster_is_begun_beside_what_is_left_of_the_first(machine: EdgeMachine) -> None:
    peer = "https://192.0.2.2:16443"
    text = machine_script(FIRST, SETUP, TOKEN, peers=["https://192.0.2.3:16443", peer])
    machine.write("/stubs/answers", f"{peer}\n")
    ended = machine.run(text)
    assert ended.returncode == 1
    assert f"a server of its cluster answers at {peer}: no second cluster is begun" in ended.stderr
    assert machine.calls("snap install") == []
    machine.path("/stubs/answers").unlink()
    applied(machine, text)
    machine.write("/stubs/answers", f"{peer}\n")
    applied(machine, text)


@pytest.mark.parametrize("channel", ["1.34/stable", "1.37/stable"])
def test_channels_go_one_minor_version_at_a_time_and_never_back(
    machine: EdgeMachine, channel: str
) -> None:
    applied(machine, first())
    machine.calls()
    ended = machine.run(first(replace(SETUP, channel=channel)))
    assert ended.returncode == 1
    assert ended.stderr.startswith("trimtab: error: MicroK8s is 1.35/stable here and ")
    assert machine.calls("snap refresh") == []


def test_another_release_in_the_folder_is_installed_over_the_old(machine: EdgeMachine) -> None:
    offline = replace(SETUP, air_gap="/srv/snaps")
    for name in ("microk8s_2.snap", "microk8s_2.assert"):
        machine.write(f"/srv/snaps/{name}", "two")
    applied(machine, first(offline))
    machine.calls()
    applied(machine, first(offline))
    assert machine.calls("snap install") == []
    for each in machine.path("/srv/snaps").iterdir():
        each.unlink()
    for name in ("microk8s_3.snap", "microk8s_3.assert"):
        machine.write(f"/srv/snaps/{name}", "three")
    applied(machine, first(offline))
    assert machine.calls("snap install") == ["snap install /srv/snaps/microk8s_3.snap --classic"]


def test_another_channel_is_a_refresh_that_is_held(machine: EdgeMachine) -> None:
    applied(machine, first())
    machine.calls()
    applied(machine, first(replace(SETUP, channel="1.36/stable")))
    assert machine.calls("snap refresh") == [
        "snap refresh microk8s --channel=1.36/stable",
        "snap refresh --hold microk8s",
    ]


def test_without_a_network_snaps_are_taken_from_a_folder(machine: EdgeMachine) -> None:
    offline = first(replace(SETUP, air_gap="/srv/snaps"))
    ended = machine.run(offline)
    says = "/srv/snaps has no *.assert: what snap download leaves beside the snaps"
    assert (ended.returncode, ended.stderr) == (1, f"trimtab: error: {says}\n")
    for name in ("core22_1.snap", "core22_1.assert", "microk8s_2.snap", "microk8s_2.assert"):
        machine.write(f"/srv/snaps/{name}", "")
    machine.calls()
    applied(machine, offline)
    calls = [e for e in machine.calls("snap") if e.startswith(("snap ack", "snap install"))]
    assert calls == [
        "snap ack /srv/snaps/core22_1.assert",
        "snap ack /srv/snaps/microk8s_2.assert",
        "snap install /srv/snaps/core22_1.snap",
        "snap install /srv/snaps/microk8s_2.snap --classic",
    ]


def test_servers_back_their_database_up(machine: EdgeMachine) -> None:
    applied(machine, first(replace(SETUP, backup_schedule="0 3 * * *", backup_retention=7)))
    times = machine.text("/etc/cron.d/trimtab-microk8s")
    assert times == "0 3 * * * root /var/lib/trimtab/backup-microk8s.sh 7\n"
    backup = machine.text("/var/lib/trimtab/backup-microk8s.sh")
    assert "microk8s dbctl backup" in backup
    assert shellcheck(backup) == ""
    applied(machine, first())
    assert not machine.path("/etc/cron.d/trimtab-microk8s").exists()


def test_a_machine_of_another_name_is_refused(machine: EdgeMachine) -> None:
    ended = machine.run(first(node=replace(FIRST, name="other")))
    assert ended.returncode == 1
    assert "MicroK8s names a node after its host" in ended.stderr


def test_a_node_is_marked_and_leaves(machine: EdgeMachine) -> None:
    applied(machine, first())
    applied(machine, member_script(FIRST, SETUP, 0))
    assert machine.marks(HOST, "labels")["plan"] == "p"
    ended = machine.run(member_script(FIRST, SETUP, 0), "remove")
    assert ended.stdout.startswith(f"trimtab: {HOST} is the last server")
    machine.write("/cluster/nodes/gone/ready", "")
    gone = member_script(replace(WORKER, name="gone"), SETUP, 0)
    assert machine.run(gone, "remove").stdout == "trimtab: gone has left the cluster\n"
    assert machine.text("/cluster/events") == "deleted gone\n"


def test_removing_takes_all_of_it_off(machine: EdgeMachine) -> None:
    applied(machine, first(replace(SETUP, backup_schedule="0 3 * * *")))
    for _ in range(2):
        assert machine.run(first(), "remove").returncode == 0
        assert machine.files() == {}


@pytest.mark.parametrize(
    "channel", ["1.35-strict/stable", "1.35", "v1.35.3+k3s1", "1.35/stable; id"]
)
def test_only_a_classic_channel_is_installed(channel: str) -> None:
    with pytest.raises(InputError) as caught:
        first(replace(SETUP, channel=channel))
    assert str(caught.value) == (
        f"version: {channel} is no channel of MicroK8s with classic confinement; "
        "give one such as 1.35/stable"
    )


@pytest.mark.parametrize("token", ["short", TOKEN + "/x"])
def test_a_token_that_microk8s_would_not_take_is_refused(token: str) -> None:
    with pytest.raises(InputError, match="server_token is no token of MicroK8s") as caught:
        machine_script(FIRST, SETUP, token)
    assert token not in str(caught.value)
