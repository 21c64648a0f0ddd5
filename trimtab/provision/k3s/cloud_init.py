"""What a machine boots with to become a K3s node: a cloud-config document.

Pure. The machine's configuration is written before K3s is installed, so that it never starts without
it; the installer is K3s's own script, fetched or already there, told exactly which version. Nothing in
the document is a secret: tokens come as files (see `config`), and the installation waits for them.

Source: K3s documentation, installation script's environment variables and air-gap installation;
cloud-init's modules write_files and runcmd; where K3s looks for runtimes, and that it does not start without
its default one: pkg/agent/containerd; all 2026-11.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import yaml

from trimtab.provision.k3s.config import (
    AGENT_TOKEN_FILE,
    CONFIG_FILE,
    SERVER_TOKEN_FILE,
    check_version,
)

_NOT_IN_YAML = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
Role = Literal["server", "agent"]
INSTALL_SCRIPT = "/var/lib/trimtab/install-k3s.sh"
SCRIPT_URL = "https://get.k3s.io"
"""K3s's own installer; it checks the binary that it fetches against the release's digests."""

_NVIDIA_FILE = "/etc/rancher/k3s/config.yaml.d/nvidia.yaml"
# K3s does not start when its default runtime is not there, and NVIDIA's operator brings one only to a node.
_NVIDIA_BY_DEFAULT = (
    "for each in /usr/local/nvidia/toolkit /usr/bin; do"
    ' if [ -f "$each/nvidia-container-runtime" ]; then'
    f" mkdir -p {_NVIDIA_FILE.rpartition('/')[0]} && echo 'default-runtime: nvidia' > {_NVIDIA_FILE}; fi; done"
)


@dataclass(frozen=True)
class Install:
    """How K3s comes onto the machine.

    Attributes:
        version: the release.
        air_gapped: whether the binary, the images and the script are on the machine already.
        script_sha256: of the script that is fetched; None: whatever K3s serves today.
    """

    version: str
    air_gapped: bool = False
    script_sha256: str | None = None


def cloud_config(
    role: Role, config: Mapping[str, Any], install: Install, *, nvidia: bool = False
) -> str:
    """The document, beginning with `#cloud-config`.

    Args:
        role: what the machine becomes.
        config: from `server_config` or `agent_config`.
        install: how K3s comes onto it.
        nvidia: whether containers run with NVIDIA's runtime unless they say otherwise, if the machine has it.

    Raises:
        InputError: the version is no release of K3s.
    """
    check_version(install.version)
    tokens = [SERVER_TOKEN_FILE, AGENT_TOKEN_FILE] if role == "server" else [AGENT_TOKEN_FILE]
    document = {
        "write_files": [
            {
                "path": CONFIG_FILE,
                "owner": "root:root",
                "permissions": "0600",
                "content": config_text(config),
            }
        ],
        "runcmd": [
            *_wait_for(tokens),
            *([["sh", "-c", _NVIDIA_BY_DEFAULT]] if nvidia else []),
            *_fetch(install),
            _run(role, install),
        ],
    }
    body: str = yaml.safe_dump(document, sort_keys=True, default_flow_style=False, width=1000)
    return f"#cloud-config\n{body}"


def config_text(config: Mapping[str, Any]) -> str:
    """As JSON, which says of every value what it is, in letters that YAML takes as they are."""
    text = json.dumps(config, indent=1, sort_keys=True, ensure_ascii=False)
    return _NOT_IN_YAML.sub(lambda found: f"\\u{ord(found.group()):04x}", text) + "\n"


def _wait_for(files: list[str]) -> list[list[str]]:
    tests = " && ".join(f"[ -s {file} ]" for file in files)
    return [["sh", "-c", f"until {tests}; do sleep 2; done"]]


def _fetch(install: Install) -> list[list[str]]:
    if install.air_gapped:
        return []
    steps = [
        ["mkdir", "-p", INSTALL_SCRIPT.rpartition("/")[0]],
        ["curl", "--fail", "--location", "--retry", "10", "--output", INSTALL_SCRIPT, SCRIPT_URL],
    ]
    if install.script_sha256 is not None:
        check = f"echo '{install.script_sha256}  {INSTALL_SCRIPT}' | sha256sum --check --status"
        steps.append(["sh", "-c", f"{check} || {{ rm -f {INSTALL_SCRIPT}; exit 1; }}"])
    return steps


def _run(role: Role, install: Install) -> list[str]:
    settings = [f"INSTALL_K3S_VERSION={install.version}", f"INSTALL_K3S_EXEC={role}"]
    if install.air_gapped:
        settings.append("INSTALL_K3S_SKIP_DOWNLOAD=true")
    return ["env", *settings, "sh", INSTALL_SCRIPT]
