"""What is run on K3s's machines, run: in a folder of its own, with stand-ins for K3s and systemd."""

import hashlib
from dataclasses import replace
from typing import Any

import pytest

from support.edge_machine import STUBS, EdgeMachine
from support.k3s_scripts import (
    AGENT_TOKEN,
    HIDDEN,
    MEMBER,
    NEXT,
    NODE,
    PASSWORD,
    PLAIN,
    SECRETS,
    SERVER_TOKEN,
    VERSION,
    applied,
    cluster_of,
    refused,
    restarts,
    script,
)
from support.shell_scripts import shellcheck
from trimtab.provision.edge_nodes import EdgeNode
from trimtab.provision.k3s.config import (
    AGENT_TOKEN_FILE,
    CONFIG_FILE,
    NVIDIA_CONFIG_FILE,
    REGISTRIES_FILE,
    SECRET_CONFIG_FILE,
    SERVER_TOKEN_FILE,
)
from trimtab.provision.k3s.script import Installation, Role, Secrets, member_script

INSTALLATIONS = (
    PLAIN,
    Installation(VERSION, air_gap="/srv/k3s"),
    Installation(VERSION, script_sha256="0" * 64, binary_sha256={"x86_64": "1" * 64}),
    Installation(VERSION, keep_version=True),
)


@pytest.mark.parametrize("role", ["server", "agent"])
@pytest.mark.parametrize("installation", INSTALLATIONS)
@pytest.mark.parametrize("secrets", [SECRETS, Secrets()])
def test_shellcheck_finds_nothing_in_a_machines_script(
    role: Role, installation: Installation, secrets: Secrets
) -> None:
    assert shellcheck(script(role, installation, secrets, nvidia=role == "agent")) == ""


@pytest.mark.parametrize("drain_seconds", [0, 60])
@pytest.mark.parametrize("marks", [MEMBER, replace(MEMBER, labels={}, lasting_taints=())])
def test_shellcheck_finds_nothing_in_a_nodes_script(marks: EdgeNode, drain_seconds: int) -> None:
    assert shellcheck(member_script(marks, PLAIN, drain_seconds)) == ""


@pytest.mark.parametrize("role", ["server", "agent"])
def test_files_are_readable_by_root_alone(machine: EdgeMachine, role: Role) -> None:
    if role == "agent":
        machine.write("/cluster/server-token", SERVER_TOKEN)
        machine.write("/cluster/agent-token", AGENT_TOKEN)
    applied(
        machine, script(role, secrets=replace(SECRETS, config={}) if role == "agent" else SECRETS)
    )
    files = {AGENT_TOKEN_FILE, CONFIG_FILE, REGISTRIES_FILE}
    if role == "server":
        files |= {SERVER_TOKEN_FILE, SECRET_CONFIG_FILE}
        assert machine.text(SERVER_TOKEN_FILE) == SERVER_TOKEN
    else:
        assert not machine.path(SERVER_TOKEN_FILE).exists()
    assert machine.text(AGENT_TOKEN_FILE) == AGENT_TOKEN
    for each in files:
        found = machine.path(each).stat()
        assert (machine.mode(each), found.st_uid, found.st_gid) == (0o600, 0, 0), each


def test_an_agents_script_has_nothing_that_is_the_servers_alone() -> None:
    text = script("agent")
    assert AGENT_TOKEN_FILE in text
    for each in ("alone", PASSWORD, "key-itself", "datastore", SERVER_TOKEN_FILE):
        assert each not in text, each


def test_a_second_run_changes_and_restarts_nothing(machine: EdgeMachine) -> None:
    applied(machine, script())
    before = machine.files()
    assert len(restarts(machine)) == 1
    assert applied(machine, script()) == "trimtab: server is as it should be\n"
    assert machine.files() == before
    changing = ("curl", "systemctl restart", "mktemp", "mv", "chmod", "install-k3s.sh")
    assert [each for each in machine.calls() if each.startswith(changing)] == []


def test_no_secret_is_an_argument_or_in_the_environment_or_said(machine: EdgeMachine) -> None:
    said = applied(machine, script()) + applied(
        machine, script(installation=replace(PLAIN, version=NEXT))
    )
    machine.write("/stubs/broken", "")
    changed = script(node=replace(NODE, ip="192.0.2.9"))
    said += refused(machine, changed)
    machine.path("/stubs/broken").unlink()
    said += applied(machine, changed) + machine.run(changed, "remove").stdout
    for each in HIDDEN:
        assert each not in machine.seen()
        assert each not in said


CHANGES: tuple[tuple[str, dict[str, Any], int], ...] = (
    ("another address", {"node": replace(NODE, ip="192.0.2.7")}, 1),
    ("another version", {"installation": replace(PLAIN, version=NEXT)}, 1),
    ("another mirror", {"secrets": replace(SECRETS, registries="mirrors: {}\n")}, 1),
    ("no mirror", {"secrets": replace(SECRETS, registries=None)}, 1),
    ("more patience", {"installation": replace(PLAIN, ready_seconds=6)}, 0),
    ("another version that something else brings",
     {"installation": replace(PLAIN, version=NEXT, keep_version=True)}, 1),
)  # fmt: skip


@pytest.mark.parametrize(("says", "change", "times"), CHANGES, ids=[each[0] for each in CHANGES])
def test_the_service_restarts_for_a_change_alone(
    machine: EdgeMachine, says: str, change: dict[str, Any], times: int
) -> None:
    applied(machine, script())
    restarts(machine)
    applied(machine, script(**change))
    assert len(restarts(machine)) == times, says
    applied(machine, script(**change))
    assert restarts(machine) == []


def test_a_version_that_something_else_brings_is_kept(machine: EdgeMachine) -> None:
    kept = replace(PLAIN, keep_version=True)
    applied(machine, script(installation=kept))
    machine.calls()
    applied(machine, script(installation=replace(kept, version=NEXT)))
    calls = machine.calls()
    assert not [
        each for each in calls if each.startswith(("curl", "install-k3s", "systemctl restart"))
    ]
    assert VERSION in machine.text("/usr/local/bin/k3s")


def test_a_service_that_has_died_is_started_again(machine: EdgeMachine) -> None:
    applied(machine, script())
    restarts(machine)
    machine.path("/run/active-k3s").unlink()
    applied(machine, script())
    assert len(restarts(machine)) == 1


def test_a_service_that_does_not_start_is_an_error_and_tried_again(machine: EdgeMachine) -> None:
    machine.write("/stubs/broken", "")
    says = "trimtab: error: k3s does not start; see journalctl -u k3s"
    assert refused(machine, script()).endswith(says)
    machine.path("/stubs/broken").unlink()
    applied(machine, script())
    assert len(restarts(machine)) == 2


def test_the_installer_is_what_was_pinned_or_it_does_not_run(machine: EdgeMachine) -> None:
    digest = hashlib.sha256((STUBS / "installer").read_bytes()).hexdigest()
    wrong = replace(PLAIN, script_sha256="0" * 64)
    says = "trimtab: error: https://get.k3s.io is not the installer that was pinned"
    assert refused(machine, script(installation=wrong)) == says
    assert not [each for each in machine.calls() if each.startswith("install-k3s")]
    assert not machine.path("/usr/local/bin/k3s").exists()
    applied(machine, script(installation=replace(PLAIN, script_sha256=digest)))


def test_the_binary_is_what_was_pinned_or_it_does_not_start(machine: EdgeMachine) -> None:
    wrong = dict.fromkeys(("x86_64", "arm64"), "0" * 64)
    says = "trimtab: error: /usr/local/bin/k3s is not the binary that was pinned"
    assert refused(machine, script(installation=replace(PLAIN, binary_sha256=wrong))) == says
    assert restarts(machine) == []
    binary = (STUBS / "k3s").read_bytes().replace(b"VERSION", VERSION.encode())
    right = dict.fromkeys(("x86_64", "arm64"), hashlib.sha256(binary).hexdigest())
    applied(machine, script(installation=replace(PLAIN, binary_sha256=right)))


def place_release(machine: EdgeMachine, version: str = VERSION) -> None:
    binary = (STUBS / "k3s").read_text("utf-8").replace("VERSION", version)
    machine.write("/srv/k3s/k3s", binary, 0o755)
    machine.write("/srv/k3s/install.sh", (STUBS / "installer").read_text("utf-8"))
    machine.write("/srv/k3s/k3s-airgap-images-amd64.tar.zst", f"images of {version}")


def test_without_a_network_the_release_is_taken_from_a_folder(machine: EdgeMachine) -> None:
    machine.write("/stubs/offline", "")
    place_release(machine)
    offline = replace(PLAIN, air_gap="/srv/k3s")
    applied(machine, script(installation=offline))
    images = "/var/lib/rancher/k3s/agent/images/k3s-airgap-images-amd64.tar.zst"
    assert machine.text(images) == f"images of {VERSION}"
    assert [each for each in machine.calls() if each.startswith("curl")] == []
    applied(machine, script(installation=offline))
    assert restarts(machine) == []
    place_release(machine, NEXT)
    applied(machine, script(installation=replace(offline, version=NEXT)))
    assert machine.text(images) == f"images of {NEXT}"
    assert len(restarts(machine)) == 1


@pytest.mark.parametrize(
    ("absent", "says"),
    [
        ("k3s", "/srv/k3s/k3s is missing: an air-gapped machine gets K3s's binary first"),
        ("install.sh", "/srv/k3s/install.sh is missing: K3s's own installer"),
        (
            "k3s-airgap-images-amd64.tar.zst",
            "/srv/k3s has no k3s-airgap-images-*: the images tarball of the release",
        ),
    ],
)
def test_a_folder_that_lacks_something_is_an_error(
    machine: EdgeMachine, absent: str, says: str
) -> None:
    place_release(machine)
    machine.path(f"/srv/k3s/{absent}").unlink()
    text = script(installation=replace(PLAIN, air_gap="/srv/k3s"))
    assert refused(machine, text) == f"trimtab: error: {says}"


def test_nvidias_runtime_is_asked_for_only_where_it_is(machine: EdgeMachine) -> None:
    said = applied(machine, script(nvidia=True))
    assert "no nvidia-container-runtime on this machine" in said
    assert not machine.path(NVIDIA_CONFIG_FILE).exists()
    restarts(machine)
    machine.write("/usr/bin/nvidia-container-runtime", "", 0o755)
    applied(machine, script(nvidia=True))
    assert machine.text(NVIDIA_CONFIG_FILE) == "default-runtime: nvidia\n"
    assert machine.mode(NVIDIA_CONFIG_FILE) == 0o600
    assert len(restarts(machine)) == 1
    applied(machine, script(nvidia=True))
    assert restarts(machine) == []
    applied(machine, script())
    assert not machine.path(NVIDIA_CONFIG_FILE).exists()
    assert len(restarts(machine)) == 1


def test_tokens_that_are_not_handed_over_are_awaited(machine: EdgeMachine) -> None:
    text = script(secrets=Secrets())
    says = f"trimtab: error: {SERVER_TOKEN_FILE}: not within 0 s"
    assert refused(machine, text) == says
    machine.write(SERVER_TOKEN_FILE, "a")
    machine.write(AGENT_TOKEN_FILE, "b")
    applied(machine, text)
    assert machine.mode(SERVER_TOKEN_FILE) == machine.mode(AGENT_TOKEN_FILE) == 0o600


def test_removing_takes_k3s_and_every_secret_off(machine: EdgeMachine) -> None:
    applied(machine, script())
    for _ in range(2):
        ended = machine.run(script(), "remove")
        assert (ended.returncode, ended.stdout) == (0, "trimtab: K3s is gone from this machine\n")
        assert machine.files() == {}


def test_a_transfer_that_broke_off_does_nothing(machine: EdgeMachine) -> None:
    text = script()
    for end in range(0, len(text) - 40, 701):
        machine.run(text[:end])
    assert machine.files() == {}
    assert machine.calls() == []


def test_only_root_runs_it() -> None:
    text = script()
    assert text.index("as_root\n  locked") > 0


def test_a_node_is_marked_and_what_others_set_is_left(machine: EdgeMachine) -> None:
    applied(machine, script())
    machine.write("/cluster/nodes/one/labels/theirs", "x")
    applied(machine, member_script(MEMBER, PLAIN, 0))
    labels = machine.marks("one", "labels")
    assert {"pool": "a", "kept": "1", "plan": "p", "theirs": "x"}.items() <= labels.items()
    assert machine.marks("one", "taints")["gpu"] == "yes:NoSchedule"
    other = replace(MEMBER, labels={"pool": "b"}, lasting_taints=("tpu=yes:NoExecute",))
    for _ in range(2):
        applied(machine, member_script(other, PLAIN, 0))
        labels = machine.marks("one", "labels")
        assert (labels["pool"], labels["theirs"]) == ("b", "x")
        assert "kept" not in labels
        taints = machine.marks("one", "taints")
        assert (taints["tpu"], "gpu" in taints) == ("yes:NoExecute", False)


def test_nodes_take_part_in_upgrades_when_something_else_brings_them(machine: EdgeMachine) -> None:
    applied(machine, script())
    applied(machine, member_script(MEMBER, replace(PLAIN, keep_version=True), 0))
    assert machine.marks("one", "labels")["k3s-upgrade"] == "true"


def test_a_node_that_never_comes_is_an_error(machine: EdgeMachine) -> None:
    applied(machine, script())
    text = member_script(replace(MEMBER, name="two"), replace(PLAIN, ready_seconds=0), 0)
    assert refused(machine, text) == (
        "trimtab: error: node two is not ready, see its service's journal there: not within 0 s"
    )


def test_a_server_leaves_with_its_pods_moved(machine: EdgeMachine) -> None:
    cluster_of(machine, "two")
    text = member_script(replace(MEMBER, name="two"), PLAIN, 60)
    for _ in range(2):
        assert machine.run(text, "remove").returncode == 0
    assert machine.text("/cluster/events") == "drained two\ndeleted two\n"


def test_the_last_server_is_never_taken_out_of_the_cluster(machine: EdgeMachine) -> None:
    cluster_of(machine)
    ended = machine.run(member_script(MEMBER, PLAIN, 60), "remove")
    assert ended.returncode == 0
    assert ended.stdout.startswith("trimtab: one is the last server")
    assert machine.text("/cluster/events") == ""
    assert machine.path("/cluster/nodes/one").exists()


def test_a_node_whose_pods_do_not_leave_stays(machine: EdgeMachine) -> None:
    cluster_of(machine, "two")
    machine.write("/stubs/stuck", "")
    two = replace(MEMBER, name="two")
    ended = machine.run(member_script(two, PLAIN, 60), "remove")
    assert ended.returncode == 1
    says = "two does not drain within 60 s; move its pods, or set drain_seconds to 0"
    assert ended.stderr == f"trimtab: error: {says}\n"
    assert machine.path("/cluster/nodes/two").exists()
    assert machine.run(member_script(two, PLAIN, 0), "remove").returncode == 0
    assert not machine.path("/cluster/nodes/two").exists()
