"""What a node is told at its start, in the words of its image: local disks, and taints from birth.

Pure. EKS puts its own part after ours. Taints stand here, all of them, where one must be there from
the node's first moment and go later: the kubelet registers them once and nobody puts them back, while
EKS returns a node group's own taints with its next update. The kubelet takes `--register-with-taints`
once, the last one, so a group never has taints here and in EKS at the same time.

Sources: awslabs/amazon-eks-ami, nodeadm's API and examples (2026-07); Bottlerocket 1.57,
"Bootstrap commands" and settings.kubernetes.node-taints; EKS user guide, launch templates.
"""

import base64
import json
from collections.abc import Sequence
from typing import Any

import yaml

from trimtab.plan.eks import AmiFamily
from trimtab.plan.model import Taint

_BOUNDARY = "TRIMTAB"
_EPHEMERAL_DIRECTORIES = ("/var/lib/containerd", "/var/lib/kubelet", "/var/log/pods")


def user_data(family: AmiFamily, *, raid0: bool, taints: Sequence[Taint]) -> str | None:
    """The launch template's user data, in clear; None where there is nothing to say.

    Args:
        family: the image: AL2023 takes MIME parts with a NodeConfig, Bottlerocket takes TOML.
        raid0: whether the local NVMe disks become one filesystem for pods and images.
        taints: that the kubelet registers the node with.
    """
    if not raid0 and not taints:
        return None
    if family == "BOTTLEROCKET":
        return _bottlerocket(raid0, taints)
    spec: dict[str, Any] = {}
    if raid0:
        spec["instance"] = {"localStorage": {"strategy": "RAID0"}}
    if taints:
        listed = ",".join(f"{t.key}={t.value}:{t.effect}" for t in taints)
        spec["kubelet"] = {"flags": [f"--register-with-taints={listed}"]}
    config = {"apiVersion": "node.eks.aws/v1alpha1", "kind": "NodeConfig", "spec": spec}
    return (
        "MIME-Version: 1.0\n"
        f'Content-Type: multipart/mixed; boundary="{_BOUNDARY}"\n\n'
        f"--{_BOUNDARY}\n"
        "Content-Type: application/node.eks.aws\n\n"
        f"---\n{yaml.safe_dump(config, sort_keys=False, width=4096)}"
        f"--{_BOUNDARY}--\n"
    )


def encoded(text: str) -> str:
    """User data as a launch template takes it."""
    return base64.b64encode(text.encode()).decode()


def _bottlerocket(raid0: bool, taints: Sequence[Taint]) -> str:
    lines = []
    if raid0:
        bind = ["apiclient", "ephemeral-storage", "bind", "--dirs", *_EPHEMERAL_DIRECTORIES]
        commands = [["apiclient", "ephemeral-storage", "init"], bind]
        lines += [
            "[settings.bootstrap-commands.trimtab-local-storage]",
            f"commands = {json.dumps(commands)}",
            "essential = true",
            'mode = "always"',
        ]
    if taints:
        by_key: dict[str, list[str]] = {}
        for taint in taints:
            by_key.setdefault(taint.key, []).append(f"{taint.value}:{taint.effect}")
        lines.append("[settings.kubernetes.node-taints]")
        lines += [f"{json.dumps(key)} = {json.dumps(values)}" for key, values in by_key.items()]
    return "\n".join(lines) + "\n"
