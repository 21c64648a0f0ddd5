"""`/etc/rancher/k3s/config.yaml` of servers and agents.

Pure. No token stands in a configuration: K3s reads tokens from files (`token-file`,
`agent-token-file`), which whoever images the machine or attests it puts there. So what is generated here
is no secret, and can be reviewed in Git. What K3s reads from no file of its own, an external database's
address and the keys of a bucket, stands in a second file beside it (`secret_config`), which K3s lays over
the first. Agents get the agents' token only: with the servers' one a node could join as a server and read
every secret.

Source: K3s documentation, `k3s server`, `k3s agent`, configuration file, `k3s token`, high availability
with embedded etcd or an external database, embedded registry mirror, 2026-11.
"""

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from trimtab.errors import InputError

CONFIG_FILE = "/etc/rancher/k3s/config.yaml"
SECRET_CONFIG_FILE = "/etc/rancher/k3s/config.yaml.d/secret.yaml"  # noqa: S105 - a path
NVIDIA_CONFIG_FILE = "/etc/rancher/k3s/config.yaml.d/nvidia.yaml"
REGISTRIES_FILE = "/etc/rancher/k3s/registries.yaml"
DATASTORE_CA_FILE = "/etc/rancher/k3s/datastore-ca.crt"
DATASTORE_CERTIFICATE_FILE = "/etc/rancher/k3s/datastore.crt"
DATASTORE_KEY_FILE = "/etc/rancher/k3s/datastore.key"
SERVER_TOKEN_FILE = "/etc/rancher/k3s/server-token"  # noqa: S105 - a path
AGENT_TOKEN_FILE = "/etc/rancher/k3s/agent-token"  # noqa: S105 - a path
API_PORT = 6443
VERSION = re.compile(r"v1\.\d{1,2}\.\d{1,2}\+k3s\d+")


@dataclass(frozen=True)
class Snapshots:
    """A bucket that etcd's snapshots are copied to; its keys are in `secret_config`.

    Attributes:
        endpoint: of the object store, a host with or without a port; None for AWS's own.
        folder: a prefix inside the bucket.
    """

    bucket: str
    region: str | None = None
    endpoint: str | None = None
    folder: str | None = None


@dataclass(frozen=True)
class ExternalDatabase:
    """A database beside the cluster that keeps its state; its address is in `secret_config`.

    Attributes:
        ca, client_certificate: whether the files are there that its TLS is checked with, and that
            servers present to it.
    """

    ca: bool = False
    client_certificate: bool = False


@dataclass(frozen=True)
class Cluster:
    """What all servers of a cluster must say alike.

    Attributes:
        endpoint: name or address by which nodes and people reach the API server; it stands for all
            servers (a load balancer or a virtual address) where there are several.
        cluster_cidr, service_cidr: of pods and services.
        secrets_encryption: whether secrets are encrypted at rest.
        embedded_registry: whether nodes share images among themselves.
        disable: packaged components that are left out, such as traefik.
        snapshot_schedule: of etcd, as cron has it.
        snapshot_retention: how many snapshots are kept.
        snapshots: the bucket that they are copied to.
        database: what keeps the state instead of embedded etcd.
        tls_sans: further names and addresses that the API server's certificate is for.
        flannel_backend: of the packaged network; None for K3s's own choice.
    """

    endpoint: str
    cluster_cidr: str = "10.42.0.0/16"
    service_cidr: str = "10.43.0.0/16"
    secrets_encryption: bool = True
    embedded_registry: bool = False
    disable: tuple[str, ...] = ()
    snapshot_schedule: str = "0 */12 * * *"
    snapshot_retention: int = 5
    snapshots: Snapshots | None = None
    database: ExternalDatabase | None = None
    tls_sans: tuple[str, ...] = ()
    flannel_backend: str | None = None


@dataclass(frozen=True)
class Node:
    """What one role's nodes say of themselves.

    Attributes:
        labels: by key.
        taints: as `key=value:Effect`.
        name: in the cluster; None for the machine's own.
        ip: the address that it is reached at by other nodes; None for the one that K3s finds.
        kubelet_args: as `name=value`.
    """

    labels: Mapping[str, str] = field(default_factory=dict)
    taints: tuple[str, ...] = ()
    name: str | None = None
    ip: str | None = None
    kubelet_args: tuple[str, ...] = ()


def server_config(cluster: Cluster, node: Node, *, first: bool, servers: int) -> dict[str, Any]:
    """A server's configuration.

    Args:
        cluster: what all servers say alike.
        node: what this one says of itself.
        first: whether it begins the cluster; the others join it.
        servers: how many there are to be: with one, K3s keeps its state in SQLite unless there is a
            database.

    Raises:
        InputError: an even number of servers, or addresses that overlap.
    """
    check_cluster(cluster, servers)
    config: dict[str, Any] = {
        "token-file": SERVER_TOKEN_FILE,
        "agent-token-file": AGENT_TOKEN_FILE,
        "tls-san": [cluster.endpoint, *cluster.tls_sans],
        "cluster-cidr": cluster.cluster_cidr,
        "service-cidr": cluster.service_cidr,
        "secrets-encryption": cluster.secrets_encryption,
        "write-kubeconfig-mode": "0600",
    }
    if cluster.database is not None:
        config |= _of_database(cluster.database)
    elif servers > 1:
        config["etcd-snapshot-schedule-cron"] = cluster.snapshot_schedule
        config["etcd-snapshot-retention"] = cluster.snapshot_retention
        config |= {} if cluster.snapshots is None else _of_snapshots(cluster.snapshots)
        config |= {"cluster-init": True} if first else {"server": server_url(cluster.endpoint)}
    if cluster.flannel_backend:
        config["flannel-backend"] = cluster.flannel_backend
    if cluster.embedded_registry:
        config["embedded-registry"] = True
    if cluster.disable:
        config["disable"] = sorted(cluster.disable)
    return config | _of_node(node)


def agent_config(cluster: Cluster, node: Node) -> dict[str, Any]:
    """An agent's configuration: where the servers are, and its token's file."""
    return {"server": server_url(cluster.endpoint), "token-file": AGENT_TOKEN_FILE} | _of_node(node)


def secret_config(
    database_endpoint: str | None = None,
    access_key: str | None = None,
    secret_key: str | None = None,
) -> dict[str, Any]:
    """What a server is told that nobody else may read; goes into `SECRET_CONFIG_FILE`.

    Args:
        database_endpoint: of the external database, with its user and password.
        access_key, secret_key: of the bucket that snapshots are copied to.
    """
    stated = {
        "datastore-endpoint": database_endpoint,
        "etcd-s3-access-key": access_key,
        "etcd-s3-secret-key": secret_key,
    }
    return {key: value for key, value in stated.items() if value is not None}


def server_url(host: str) -> str:
    """Where nodes join, and people reach the API server."""
    return f"https://[{host}]:{API_PORT}" if ":" in host else f"https://{host}:{API_PORT}"


def check_cluster(cluster: Cluster, servers: int) -> None:
    """Refuse what K3s would start with and then lose.

    Raises:
        InputError: an even number of servers, or addresses that overlap.
    """
    if servers < 1 or (servers % 2 == 0 and cluster.database is None):
        raise InputError(
            f"servers: {servers} can't keep a majority when one fails",
            mend="give an odd number: 1, 3 or 5",
        )
    try:
        pods, services = map(ipaddress.ip_network, (cluster.cluster_cidr, cluster.service_cidr))
    except ValueError as error:
        raise InputError(
            f"clusterCidr, serviceCidr: {error}", mend="give blocks such as 10.42.0.0/16"
        ) from None
    if pods.version == services.version and pods.overlaps(services):
        raise InputError(
            f"clusterCidr {pods} and serviceCidr {services} overlap", mend="give blocks apart"
        )


def check_version(version: str) -> None:
    """Refuse what is no release of K3s.

    Raises:
        InputError: it is none.
    """
    if not VERSION.fullmatch(version):
        raise InputError(
            f"version: {version} is no release of K3s", mend="give one such as v1.35.3+k3s1"
        )


def _of_database(database: ExternalDatabase) -> dict[str, Any]:
    config: dict[str, Any] = {}
    if database.ca:
        config["datastore-cafile"] = DATASTORE_CA_FILE
    if database.client_certificate:
        config["datastore-certfile"] = DATASTORE_CERTIFICATE_FILE
        config["datastore-keyfile"] = DATASTORE_KEY_FILE
    return config


def _of_snapshots(snapshots: Snapshots) -> dict[str, Any]:
    stated = {
        "etcd-s3": True,
        "etcd-s3-bucket": snapshots.bucket,
        "etcd-s3-region": snapshots.region,
        "etcd-s3-endpoint": snapshots.endpoint,
        "etcd-s3-folder": snapshots.folder,
    }
    return {key: value for key, value in stated.items() if value is not None}


def _of_node(node: Node) -> dict[str, Any]:
    config: dict[str, Any] = {}
    if node.name:
        config["node-name"] = node.name
    if node.ip:
        config["node-ip"] = node.ip
    if node.kubelet_args:
        config["kubelet-arg"] = list(node.kubelet_args)
    if node.labels:
        config["node-label"] = [f"{key}={value}" for key, value in sorted(node.labels.items())]
    if node.taints:
        config["node-taint"] = list(node.taints)
    return config
