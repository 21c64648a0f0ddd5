"""What is run on a machine to make it a node of K3s, and on a server to take it in or out.

Pure: text for `sh -s -- apply` and `sh -s -- remove`, whose bodies are `machine.sh` here and `member.sh`
and `common.sh` of `trimtab.provision.scripts`. Files come first, then K3s by its own installer, then its
service; what is fetched may be pinned by digest. Secrets stand in the text, which is handed over on
standard input: on the machine they are files that only root reads.

Source: K3s's installation script, its variables and what it leaves; air-gap installation; 2026-11.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from trimtab.errors import InputError
from trimtab.provision.edge_nodes import EdgeNode
from trimtab.provision.k3s.cloud_init import SCRIPT_URL, config_text
from trimtab.provision.k3s.config import (
    AGENT_TOKEN_FILE,
    CONFIG_FILE,
    DATASTORE_CA_FILE,
    DATASTORE_CERTIFICATE_FILE,
    DATASTORE_KEY_FILE,
    REGISTRIES_FILE,
    SECRET_CONFIG_FILE,
    SERVER_TOKEN_FILE,
    check_version,
)
from trimtab.provision.k3s.upgrades import TAKES_PART
from trimtab.provision.scripts import put, script

Role = Literal["server", "agent"]
SCRIPTS = "trimtab.provision.scripts"
OWN = "trimtab.provision.k3s"
SERVICES: dict[Role, str] = {"server": "k3s", "agent": "k3s-agent"}
SERVER_LABEL = "node-role.kubernetes.io/control-plane=true"
KUBECONFIG_FILE = "/etc/rancher/k3s/k3s.yaml"
LOCAL_API = re.compile(r"https://(127\.0\.0\.1|\[::1\]):6443")
FIXED = ("cluster-cidr", "service-cidr", "secrets-encryption")
"""What a running cluster can't be given another of by a restart."""
TOKEN = re.compile(r"[^\x00-\x20\x7f]([^\x00-\x1f\x7f]*[^\x00-\x20\x7f])?")
_FORGET = 'forget_node() { kube delete node "$NODE"; }'


@dataclass(frozen=True)
class Installation:
    """How K3s comes onto the machines.

    Attributes:
        version: the release.
        air_gap: a folder on each machine with the release's `k3s`, `install.sh` and
            `k3s-airgap-images-*`; None: they are fetched.
        script_sha256: of the installer; None: whatever K3s serves.
        binary_sha256: of the binary, by `x86_64` and `arm64`; one that is absent is checked by K3s's
            installer alone, against the release's digests.
        keep_version: whether a K3s of another version is left as it is, since something else upgrades it.
        ready_seconds: how long the service may take.
        token_seconds: how long tokens that are not handed over are awaited.
    """

    version: str
    air_gap: str | None = None
    script_sha256: str | None = None
    binary_sha256: Mapping[str, str] = field(default_factory=dict)
    keep_version: bool = False
    ready_seconds: int = 600
    token_seconds: int = 3600


@dataclass(frozen=True)
class Secrets:
    """What is in files that only root reads; None where there is none, or it is there already.

    Attributes:
        config: from `config.secret_config`.
        registries: `registries.yaml`, as text.
        database_ca, database_certificate, database_key: PEM.
    """

    server_token: str | None = None
    agent_token: str | None = None
    config: Mapping[str, Any] = field(default_factory=dict)
    registries: str | None = None
    database_ca: str | None = None
    database_certificate: str | None = None
    database_key: str | None = None


def machine_script(
    role: Role,
    config: Mapping[str, Any],
    installation: Installation,
    secrets: Secrets,
    *,
    nvidia: bool = False,
    peers: Sequence[str] = (),
) -> str:
    """The script of one machine.

    Args:
        role: what it becomes. An agent's script never has what is the servers' alone.
        config: from `server_config` or `agent_config`.
        installation: how K3s comes onto it.
        secrets: a token that is None is waited for, as whoever images the machine puts it there.
        nvidia: whether containers run with NVIDIA's runtime unless they say otherwise, if the machine
            has it.
        peers: where the cluster's other servers would answer, as `server_url` has it: a first server
            that has lost its state joins one that does, and begins no second cluster.

    Raises:
        InputError: the version is no release of K3s, or a token is none.
    """
    check_version(installation.version)
    _check_tokens(role, secrets)
    given = _files(role, config, secrets)
    stated = {path: text for path, text in given.items() if text is not None}
    tokens = _tokens(role, secrets)
    awaited = [path for path, text in tokens.items() if text is None]
    settings = {
        "ROLE": role,
        "SERVICE": SERVICES[role],
        "VERSION": installation.version,
        "KEEP_VERSION": "yes" if installation.keep_version else "no",
        "AIR_GAP": installation.air_gap or "",
        "SCRIPT_URL": SCRIPT_URL,
        "SCRIPT_SHA256": installation.script_sha256 or "",
        "BINARY_SHA256_X86_64": installation.binary_sha256.get("x86_64", ""),
        "BINARY_SHA256_ARM64": installation.binary_sha256.get("arm64", ""),
        "NVIDIA": "yes" if nvidia else "no",
        "READY_SECONDS": str(installation.ready_seconds),
        "TOKEN_SECONDS": str(installation.token_seconds),
        "PEERS": " ".join(peers) if "cluster-init" in config else "",
        "FIXED": " ".join(f"{k}={_plain(config[k])}" for k in FIXED if k in config),
        "KEPT_FILES": " ".join([*stated, *awaited]),
        "AWAITED_FILES": " ".join(awaited),
    }
    lines = "".join(put("0600", path, text) for path, text in stated.items())
    gone = " ".join(path for path, text in given.items() if text is None and path not in awaited)
    lines += f"  rm -f {gone}\n" if gone else ""
    write = f"# shellcheck disable=SC2016 # nothing in a file's text is the shell's\nwrite_files() {{\n{lines}}}\n"
    return script(settings, [(SCRIPTS, "common.sh"), (OWN, "machine.sh")], write)


def member_script(
    node: EdgeNode, installation: Installation, drain_seconds: int, *, majority: bool = True
) -> str:
    """The script that a server runs for a node: it waits for it and marks it, or takes it out.

    Args:
        majority: whether the servers keep the state themselves, and a majority of them is needed.
        drain_seconds: how long its pods have to leave before it does; 0: they are not asked.
    """
    labels = {**node.labels, **node.marks}
    if installation.keep_version:
        labels[TAKES_PART] = "true"
    settings = {
        "NODE": node.name,
        "ROLE": node.role,
        "KUBECTL": "/usr/local/bin/k3s kubectl",
        "SERVER_LABEL": SERVER_LABEL,
        "MAJORITY": "yes" if majority else "no",
        "LABELS": " ".join(f"{key}={value}" for key, value in sorted(labels.items())),
        "LABEL_KEYS": " ".join(sorted(labels)),
        "TAINTS": " ".join(node.lasting_taints),
        "TAINT_KEYS": " ".join(sorted({each.partition("=")[0] for each in node.lasting_taints})),
        "READY_SECONDS": str(installation.ready_seconds),
        "DRAIN_SECONDS": str(drain_seconds),
    }
    return script(settings, [(SCRIPTS, "common.sh"), (SCRIPTS, "member.sh")], _FORGET)


def kubeconfig_at(text: str, server: str) -> str:
    """The administrator's kubeconfig of a server with the address that people reach it at."""
    return LOCAL_API.sub(lambda _: server, text)


def _plain(value: object) -> str:
    return json.dumps(value) if isinstance(value, bool) else str(value)


def _check_tokens(role: Role, secrets: Secrets) -> None:
    """Refuse tokens that K3s would make of something else; the error does not show them."""
    tokens = {"agent_token": secrets.agent_token}
    if role == "server":
        tokens["server_token"] = secrets.server_token
    for name, token in tokens.items():
        if token is not None and not TOKEN.fullmatch(token):
            raise InputError(
                f"{name} is no token of K3s: it is empty, or has control characters or spaces at its ends",
                mend="give another, such as a RandomPassword's result",
            )
    if role == "server" and secrets.agent_token and secrets.agent_token == secrets.server_token:
        raise InputError(
            "agent_token is the server_token: every agent could join as a server",
            mend="give two that differ",
        )


def _tokens(role: Role, secrets: Secrets) -> dict[str, str | None]:
    agent = {AGENT_TOKEN_FILE: secrets.agent_token}
    return {SERVER_TOKEN_FILE: secrets.server_token, **agent} if role == "server" else agent


def _files(role: Role, config: Mapping[str, Any], secrets: Secrets) -> dict[str, str | None]:
    """The text of every file that the machine may have; None: it has none."""
    tokens = _tokens(role, secrets)
    common = {CONFIG_FILE: config_text(config), REGISTRIES_FILE: secrets.registries}
    if role == "agent":
        return {**tokens, **common}
    return {
        **tokens,
        **common,
        SECRET_CONFIG_FILE: config_text(secrets.config) if secrets.config else None,
        DATASTORE_CA_FILE: secrets.database_ca,
        DATASTORE_CERTIFICATE_FILE: secrets.database_certificate,
        DATASTORE_KEY_FILE: secrets.database_key,
    }
