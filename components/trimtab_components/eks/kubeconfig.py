"""A kubeconfig that holds no credential: the aws command gets the token."""

import json


def kubeconfig(name: str, endpoint: str, authority: str, region: str) -> str:
    """The kubeconfig of a cluster on EKS.

    Args:
        name: the cluster's name.
        endpoint: the API server's address.
        authority: its certificate authority, base64.
        region: of the cluster.
    """
    token = ["eks", "get-token", "--cluster-name", name, "--region", region, "--output", "json"]
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {
                "name": name,
                "cluster": {"server": endpoint, "certificate-authority-data": authority},
            }
        ],
        "users": [
            {
                "name": name,
                "user": {
                    "exec": {
                        "apiVersion": "client.authentication.k8s.io/v1",
                        "command": "aws",
                        "args": token,
                        "interactiveMode": "Never",
                    }
                },
            }
        ],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
        "current-context": name,
    }
    return json.dumps(config)
