"""OpenSSH's server on loopback, whose sessions run on machines in folders.

Each machine has a port and a host key of its own. A session is forced into the machine's folder, with the
cluster's folder, which all share, mounted at /cluster in a mount namespace of its own, and the machine's
name as its host's. Nothing of the
system's own SSH is used or changed, but for the empty folder that sshd needs at /run/sshd.
"""

import contextlib
import os
import shlex
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.edge_machine import CHROOT, PATH, EdgeMachine, new_machine
from tools.debian import SSH_SERVER, AbsentError, find

SETTINGS = """\
Port {port}
ListenAddress 127.0.0.1
HostKey {folder}/host_key
AuthorizedKeysFile {authorized}
PidFile none
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
StrictModes no
UsePAM no
LogLevel ERROR
ForceCommand {enter}
"""
ENTER = """\
#!/bin/sh
exec unshare --mount --uts sh -c {inside} "$SSH_ORIGINAL_COMMAND"
"""


@dataclass(frozen=True)
class Reached:
    """A machine that SSH reaches on loopback.

    Attributes:
        host_key: as a line of known_hosts has it, without the host.
    """

    name: str
    machine: EdgeMachine
    port: int
    host_key: str


@dataclass(frozen=True)
class Site:
    """Machines, the cluster that they make up, and the key that opens them.

    Attributes:
        cluster: the folder that holds it.
        key: the private key.
    """

    cluster: Path
    key: str
    machines: dict[str, Reached]

    @property
    def nodes(self) -> set[str]:
        """The names of the cluster's nodes."""
        found = self.cluster / "nodes"
        return {each.name for each in found.iterdir()} if found.exists() else set()

    def marks(self, node: str, kind: str) -> dict[str, str]:
        """A node's labels, taints or annotations."""
        folder = self.cluster / "nodes" / node / kind
        return {e.name.replace("%", "/"): e.read_text("utf-8") for e in sorted(folder.iterdir())}

    def applied(self) -> dict[str, list[str]]:
        """The calls of stand-ins on each machine since the last time, where there were any."""
        calls = {name: each.machine.calls() for name, each in self.machines.items()}
        return {name: found for name, found in calls.items() if found}


@contextlib.contextmanager
def edge_site(folder: Path, names: Sequence[str]) -> Iterator[Site]:
    """Machines of these names behind sshd, for the block; skips (fails in CI) without sshd or root."""
    try:
        server = find(SSH_SERVER)
    except AbsentError as error:
        if os.environ.get("CI", "").lower() not in {"", "0", "false"}:
            pytest.fail(f"{error} (a missing sshd fails in CI)", pytrace=False)
        pytest.skip(str(error))
    folder.mkdir(parents=True, exist_ok=True)
    cluster, key = folder / "cluster", folder / "key"
    cluster.mkdir()
    _new_key(key)
    Path("/run/sshd").mkdir(exist_ok=True)
    with contextlib.ExitStack() as stack:
        machines = {}
        for name in names:
            machine = new_machine(folder / name / "root")
            machines[name] = _listening(stack, server, folder, name, machine, cluster)
        yield Site(cluster, key.read_text("utf-8"), machines)


def _listening(
    stack: contextlib.ExitStack,
    server: Path,
    folder: Path,
    name: str,
    machine: EdgeMachine,
    cluster: Path,
) -> Reached:
    own = folder / name
    _new_key(own / "host_key")
    environment = f"env -i PATH={PATH} HOME=/root"
    inside = (
        f"echo {name} >/proc/sys/kernel/hostname && mount --bind {cluster} {machine.root}/cluster && "
        f'exec {CHROOT} {machine.root} /real/{environment} /bin/sh -c "$0"'
    )
    enter = own / "enter"
    enter.write_text(ENTER.format(inside=shlex.quote(inside)), "utf-8")
    enter.chmod(0o755)
    port = _free_port()
    settings = own / "sshd_config"
    settings.write_text(
        SETTINGS.format(port=port, folder=own, authorized=folder / "key.pub", enter=enter), "utf-8"
    )
    process = subprocess.Popen([server, "-D", "-e", "-f", settings], stderr=subprocess.PIPE)
    stack.callback(process.wait, 10)
    stack.callback(process.terminate)
    _await(process, port)
    public = (own / "host_key.pub").read_text("utf-8").split()
    return Reached(name, machine, port, " ".join(public[:2]))


def _new_key(place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(place)]
    subprocess.run(words, check=True)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _await(process: "subprocess.Popen[bytes]", port: int) -> None:
    for _ in range(200):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        if process.poll() is not None:
            break
        time.sleep(0.05)
    said = process.stderr.read().decode() if process.poll() is not None and process.stderr else ""
    raise RuntimeError(f"sshd does not listen on {port}\n{said}")
