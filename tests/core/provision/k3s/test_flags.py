"""Every key that a configuration can have is a flag of the command that reads it: see flags.txt."""

import json
from pathlib import Path
from typing import Any

import pytest

from trimtab.provision.k3s.config import (
    Cluster,
    ExternalDatabase,
    Node,
    Snapshots,
    agent_config,
    secret_config,
    server_config,
)

FLAGS = {
    words[0]: set(words[1:])
    for line in Path(__file__).with_name("flags.txt").read_text("utf-8").splitlines()
    if (words := line.split()) and not line.startswith("#")
}
NODE = Node({"a": "b"}, ("a=b:NoSchedule",), "n", "192.0.2.1", ("max-pods=200",))
CLUSTER = Cluster(
    "k3s.example",
    embedded_registry=True,
    disable=("traefik",),
    snapshots=Snapshots("bucket", "region", "endpoint", "folder"),
    tls_sans=("other.example",),
    flannel_backend="wireguard-native",
)
WITH_DATABASE = Cluster("k3s.example", database=ExternalDatabase(ca=True, client_certificate=True))
SERVERS = (
    server_config(CLUSTER, NODE, first=True, servers=3),
    server_config(CLUSTER, NODE, first=False, servers=3),
    server_config(WITH_DATABASE, NODE, first=True, servers=2),
    secret_config("postgres://", "key", "secret"),
    {"default-runtime": "nvidia"},
)


def unknown(config: dict[str, Any], command: str) -> list[str]:
    return [key for key in config if command not in FLAGS.get(key, set())]


@pytest.mark.parametrize("config", SERVERS)
def test_every_key_of_a_server_is_a_flag(config: dict[str, Any]) -> None:
    assert unknown(config, "server") == []


@pytest.mark.parametrize("config", [agent_config(CLUSTER, NODE), {"default-runtime": "nvidia"}])
def test_every_key_of_an_agent_is_a_flag_of_agents(config: dict[str, Any]) -> None:
    assert unknown(config, "agent") == []


def test_every_flag_is_one_that_is_used() -> None:
    used = {key for config in (*SERVERS, agent_config(CLUSTER, NODE)) for key in config}
    assert set(FLAGS) == used


def test_with_a_database_there_is_no_etcd_and_any_number_of_servers() -> None:
    for first in (True, False):
        config = server_config(WITH_DATABASE, NODE, first=first, servers=2)
        assert not [key for key in config if key.startswith(("etcd", "cluster-init", "server"))]
        assert config["datastore-cafile"] == "/etc/rancher/k3s/datastore-ca.crt"
    assert "postgres" not in json.dumps(config)


def test_all_names_of_the_servers_are_in_the_certificate() -> None:
    config = server_config(CLUSTER, NODE, first=True, servers=3)
    assert config["tls-san"] == ["k3s.example", "other.example"]
