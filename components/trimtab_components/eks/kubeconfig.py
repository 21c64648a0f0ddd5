"""The kubeconfig of a cluster on EKS: the aws command gets the token."""

from trimtab_components.kubeconfig import exec_kubeconfig


def kubeconfig(name: str, endpoint: str, authority: str, region: str) -> str:
    """The kubeconfig of a cluster on EKS.

    Args:
        name: the cluster's name.
        endpoint: the API server's address.
        authority: its certificate authority, base64.
        region: of the cluster.
    """
    token = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": "aws",
        "args": [
            "eks",
            "get-token",
            "--cluster-name",
            name,
            "--region",
            region,
            "--output",
            "json",
        ],
    }
    return exec_kubeconfig(name, endpoint, authority, token)
