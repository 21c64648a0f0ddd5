"""What is run on a machine to make it a node of MicroK8s, and on a server to take it in or out.

Pure: text for `sh -s -- apply` and `sh -s -- remove`; see `machine.sh`. A machine is configured by a launch
configuration, which the snap reads when it is installed: with the cluster's token and, for all but the
first, the address to join, pinned by the fingerprint of the first server's certificate. MicroK8s has one
token for servers and workers alike, so the file goes as soon as the machine has joined; what is configured
later has no token.

Source: canonical/microk8s at d099c90, 2026-06-30: snap/hooks/install, scripts/wrappers/{join,add_token,
remove_node,dbctl,status}.py; canonical/microk8s-cluster-agent, pkg/k8sinit, its schema 0.1.0.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from trimtab.errors import InputError
from trimtab.provision.edge_nodes import EdgeNode
from trimtab.provision.scripts import put, script

SCRIPTS = "trimtab.provision.scripts"
OWN = "trimtab.provision.microk8s"
CHANNEL = re.compile(
    r"1\.\d{2}(-strict)?/(stable|candidate|beta|edge)|latest/(stable|candidate|beta|edge)"
)
LAUNCH_FILE = "/var/snap/microk8s/common/.microk8s.yaml"
CERTIFICATE_FILE = "/var/snap/microk8s/current/certs/server.crt"
FINGERPRINT = "grep -v -- ----- | base64 -d | sha256sum | cut -d ' ' -f 1"
"""What makes of a certificate the SHA-256 that a joining machine checks its server by."""
KUBECONFIG_FILE = "/var/snap/microk8s/current/credentials/client.config"
LOCAL_API = "https://127.0.0.1:16443"
API_PORT, JOIN_PORT = 16443, 25000
SERVER_LABEL = "node.kubernetes.io/microk8s-controlplane=microk8s-controlplane"
LEAST_TOKEN = 32
_FORGET = 'forget_node() { microk8s remove-node "$NODE" --force; }'


@dataclass(frozen=True)
class Setup:
    """How MicroK8s comes onto the machines and what it is there.

    Attributes:
        channel: of the snap, such as 1.35/stable.
        air_gap: a folder on each machine with what `snap download` leaves: microk8s_*.snap, its base and
            their assertions.
        addons: that are enabled, on servers.
        sans: names and addresses that the API server's certificate is for besides.
        backup_schedule: of the database, as cron has it; None: it is not backed up.
    """

    channel: str
    air_gap: str | None = None
    addons: tuple[str, ...] = ("dns", "hostpath-storage")
    sans: tuple[str, ...] = ()
    kubelet_args: tuple[str, ...] = ()
    backup_schedule: str | None = None
    backup_retention: int = 5
    ready_seconds: int = 600


def check_channel(channel: str) -> None:
    """Refuse what is no channel with classic confinement.

    Raises:
        InputError: it is none.
    """
    if not CHANNEL.fullmatch(channel) or "-strict" in channel:
        raise InputError(
            f"version: {channel} is no channel of MicroK8s with classic confinement",
            mend="give one such as 1.35/stable",
        )


def launch_config(node: EdgeNode, setup: Setup) -> dict[str, Any]:
    """The launch configuration without what is secret.

    Labels are not in it: joining writes the kubelet's anew. `member_script` sets them.
    """
    arguments = {
        f"--{name}": value for name, _, value in (a.partition("=") for a in setup.kubelet_args)
    }
    if node.taints:
        arguments["--register-with-taints"] = ",".join(node.taints)
    config: dict[str, Any] = {"version": "0.1.0"}
    if arguments:
        config["extraKubeletArgs"] = arguments
    if node.role == "server" and setup.sans:
        config["extraSANs"] = list(setup.sans)
    return config


def machine_script(
    node: EdgeNode,
    setup: Setup,
    token: str,
    host: str | None = None,
    fingerprint: str | None = None,
    peers: Sequence[str] = (),
) -> str:
    """The script of one machine.

    Args:
        token: the cluster's, at least 32 letters and digits.
        host: the first server; None for itself.
        fingerprint: of the first server's certificate, as `FINGERPRINT` makes it.
        peers: where the cluster's other servers would answer, as `server_url` has it; the first does not
            begin a second cluster while one does.

    Raises:
        InputError: the channel or the token is none.
    """
    check_channel(setup.channel)
    if len(token) < LEAST_TOKEN or not re.fullmatch(r"[0-9A-Za-z]+", token):
        raise InputError(
            f"server_token is no token of MicroK8s, which has {LEAST_TOKEN} letters and digits or more",
            mend="give another, such as a RandomPassword's without special characters",
        )
    config = launch_config(node, setup)
    launch = {**config, **({"persistentClusterToken": token} if node.role == "server" else {})}
    if host is not None and fingerprint is not None:
        launch["join"] = {
            "url": f"{_in_url(host)}:{JOIN_PORT}/{token}/{fingerprint}",
            "worker": node.role == "agent",
        }
    server = node.role == "server"
    settings = {
        "NODE": node.name,
        "ROLE": node.role,
        "CHANNEL": setup.channel,
        "PEERS": " ".join(peers) if node.first else "",
        "AIR_GAP": setup.air_gap or "",
        "CONFIG": _text(config).strip(),
        "ADDONS": " ".join(setup.addons) if node.first else "",
        "BACKUP_SCHEDULE": (setup.backup_schedule or "") if server else "",
        "BACKUP_RETENTION": str(setup.backup_retention),
        "READY_SECONDS": str(setup.ready_seconds),
    }
    write = f"launch() {{\n{put('0600', LAUNCH_FILE, _text(launch))}}}\n"
    return script(settings, [(SCRIPTS, "common.sh"), (OWN, "machine.sh")], write)


def member_script(node: EdgeNode, setup: Setup, drain_seconds: int) -> str:
    """The script that a server runs for a node: it waits for it and marks it, or takes it out."""
    labels = {**node.labels, **node.marks}
    settings = {
        "NODE": node.name,
        "ROLE": node.role,
        "KUBECTL": "/snap/bin/microk8s kubectl",
        "SERVER_LABEL": SERVER_LABEL,
        "MAJORITY": "yes",
        "LABELS": _words(f"{key}={value}" for key, value in labels.items()),
        "LABEL_KEYS": _words(labels),
        "TAINTS": " ".join(node.lasting_taints),
        "TAINT_KEYS": _words({each.partition("=")[0] for each in node.lasting_taints}),
        "READY_SECONDS": str(setup.ready_seconds),
        "DRAIN_SECONDS": str(drain_seconds),
    }
    parts: Sequence[tuple[str, str]] = [(SCRIPTS, "common.sh"), (SCRIPTS, "member.sh")]
    return script(settings, parts, _FORGET.replace("microk8s ", "/snap/bin/microk8s "))


def server_url(host: str) -> str:
    """Where people reach the API server."""
    return f"https://{_in_url(host)}:{API_PORT}"


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _words(given: Any) -> str:
    return " ".join(sorted(given))


def _text(config: dict[str, Any]) -> str:
    # JSON is YAML, and says of every value what it is.
    return json.dumps(config, sort_keys=True) + "\n"
