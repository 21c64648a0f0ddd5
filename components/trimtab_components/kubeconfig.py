"""A kubeconfig that holds no credential: a command of the cloud gets the token.

Pure.
"""

import json
from collections.abc import Mapping
from typing import Any


def exec_kubeconfig(name: str, server: str, authority: str | None, token: Mapping[str, Any]) -> str:
    """The kubeconfig of a cluster, as JSON.

    Args:
        name: the cluster's name.
        server: the API server's address, with its scheme.
        authority: its certificate authority, base64.
        token: the command that gets the token, as kubectl's ExecConfig has it.
    """
    cluster = {"server": server, "certificate-authority-data": authority}
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": cluster}],
        "users": [{"name": name, "user": {"exec": {**token, "interactiveMode": "Never"}}}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
        "current-context": name,
    }
    return json.dumps(config)
