"""K3sCluster and MicroK8sCluster as the engine would see them: order, secrets, mistakes."""

from pathlib import Path
from typing import Any

import pytest

from support.component_rows.edge import K3S_LEAST, MICROK8S_LEAST, THREE, machine
from support.inline import deploy, preview
from support.recorded import of
from trimtab.errors import InputError
from trimtab_components import K3sCluster, MicroK8sCluster

SECRET = "4dabf18193072939515e22adb298388d"
"""The key by which Pulumi's wire format knows a secret."""


def refusal(component: Any, arguments: dict[str, Any]) -> str:
    with pytest.raises(InputError) as caught:
        component("x", arguments)
    return str(caught.value).removeprefix(f'{component.__name__} "x": ')


K3S_REFUSED: tuple[tuple[dict[str, Any], str], ...] = (
    ({"servers": [machine("one"), machine("two")]},
     "servers: 2 can't keep a majority when one fails; give an odd number: 1, 3 or 5"),
    ({"version": "1.35"}, "version: 1.35 is no release of K3s; give one such as v1.35.3+k3s1"),
    ({"servers": [machine("gpu-1")]},
     "servers, agents: gpu-1 is named twice; name each machine once"),
    ({"agents": {"trainer/on-demand": [machine("a")]}},
     ("agents, servers: trainer/on-demand is no group of owned machines at cellar; "
     "use one of trainer/cellar")),
    ({"site": "loft"}, "site: the plan has no owned machines at loft; use one of cellar"),
    ({"service_cidr": "10.42.7.0/24"},
     "clusterCidr 10.42.0.0/16 and serviceCidr 10.42.7.0/24 overlap; give blocks apart"),
    ({"pools": {"trainer/cellar": {"volume_gib": 100}}},
     ("group trainer/cellar: K3s has no volume_gib (100); "
     "drop it: whoever owns the machines chose their disks")),
)  # fmt: skip


@pytest.mark.parametrize(("change", "says"), K3S_REFUSED)
def test_k3s_refuses(change: dict[str, Any], says: str) -> None:
    assert refusal(K3sCluster, {**K3S_LEAST, **change}) == says


COMBINATIONS: tuple[tuple[dict[str, Any], str], ...] = (
    ({"server_token": None}, "server_token and agent_token are both needed"),
    ({"servers": [{"name": "one", "address": "a"}]}, "one has no host_key, so anybody could be it"),
    ({"servers": [{"name": "one"}]}, "servers: one has no address"),
    ({"kubeconfig": "{}"}, "kubeconfig is read over SSH"),
    ({"backups": {"bucket": "b"}}, "backups: one server keeps its state in SQLite"),
    ({"backups": {"region": "r"}}, "backups: region is of a bucket, and there is none"),
    ({"servers": THREE, "backups": {"bucket": "b", "access_key": "k"}},
     "backups: access_key and secret_key go together"),
    ({"database": {"endpoint": "e", "key": "k"}}, "database: certificate and key go together"),
    ({"database": {"endpoint": "e"}, "servers": THREE, "backups": {"bucket": "b"}},
     "backups are of embedded etcd"),
    ({"upgrades": True, "air_gap": "/srv/k3s"}, "upgrades fetches images"),
    ({"air_gap": "/srv/k3s; reboot"}, "air_gap"),
    ({"endpoint": "lb.example.com:6443"}, "endpoint: lb.example.com:6443 is no name or address"),
    ({"endpoint": "[fd00::1]"}, "endpoint: [fd00::1] is no name or address"),
    ({"servers": [machine("one", address="$(id)")]}, "one: $(id) is no name or address"),
    ({"agents": {"trainer/cellar": [machine("one-node")]}},
     "one-node is the name of what is made beside the machines"),
    ({"agents": {"trainer/cellar": [machine("kubeconfig")]}},
     "kubeconfig is the name of what is made beside the machines"),
    ({"agents": {"trainer/cellar": [machine("a", address="ONE.example.com")]}},
     "one and a have the same address and port; each is a machine of its own"),
    ({"kubelet_args": ["--max-pods=200"]}, "kubelet_args[0]"),
    ({"kubelet_args": ["max-pods=1\n--root-dir=/x"]}, "kubelet_args[0]"),
    ({"disable": ["a\nb"]}, "disable[0]"),
    ({"tls_sans": ["a b"]}, "tls_sans[0]"),
    ({"agents": {"trainer/cellar": [machine("a", group="trainer/cellar")]}},
     "agents: a states a group"),
)  # fmt: skip


@pytest.mark.parametrize(("change", "says"), COMBINATIONS)
def test_k3s_refuses_what_contradicts(change: dict[str, Any], says: str) -> None:
    assert says in refusal(K3sCluster, {**K3S_LEAST, **change})


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (
            {"agent_token": "t"},
            "agent_token: MicroK8s has one token for servers and workers; drop it",
        ),
        (
            {"database": {"endpoint": "e"}},
            "database: MicroK8s keeps its state in dqlite; drop it, or make a K3sCluster",
        ),
        (
            {"upgrades": True},
            "upgrades: its version is the snap's channel; drop it, and change version",
        ),
        (
            {"version": "1.35-strict/stable"},
            (
                "version: 1.35-strict/stable is no channel of MicroK8s with classic confinement; "
                "give one such as 1.35/stable"
            ),
        ),
    ],
)
def test_microk8s_refuses(change: dict[str, Any], says: str) -> None:
    assert refusal(MicroK8sCluster, {**MICROK8S_LEAST, **change}) == says


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"backups": {"bucket": "b"}}, "MicroK8s writes them to the servers' disks"),
        ({"transport": "cloud-init"}, "machines check whom they join by a certificate"),
    ],
)
def test_microk8s_refuses_what_contradicts(change: dict[str, Any], says: str) -> None:
    assert says in refusal(MicroK8sCluster, {**MICROK8S_LEAST, **change})


@pytest.mark.parametrize("host", ["fd00::17", "::1", "10.0.0.1", "lb.example.com", "2001:db8::ff"])
def test_an_endpoint_may_be_a_name_or_an_address_of_either_kind(host: str) -> None:
    found: list[str] = []

    def program() -> None:
        arguments: Any = {**K3S_LEAST, "endpoint": host}
        K3sCluster("x", arguments).endpoint.apply(found.append)

    deploy(program)
    assert found == [f"https://[{host}]:6443" if ":" in host else f"https://{host}:6443"]


@pytest.mark.parametrize(
    ("component", "least", "answers"),
    [
        (K3sCluster, K3S_LEAST, "https://192.0.2.2:6443 https://three.example.com:6443"),
        (
            MicroK8sCluster,
            MICROK8S_LEAST,
            "https://two.example.com:16443 https://three.example.com:16443",
        ),
    ],
)
def test_a_first_server_asks_the_others_before_it_begins_a_cluster(
    component: Any, least: dict[str, Any], answers: str
) -> None:
    servers = [machine("one"), machine("two", node_ip="192.0.2.2,fd00::2"), machine("three")]
    made = deploy(lambda: component("x", {**least, "servers": servers})).made
    scripts = {
        name: each["stdin"]["value"]
        for (kind, name), each in made.items()
        if kind.endswith(":Command") and "stdin" in each
    }
    assert f"PEERS='{answers}'\n" in scripts["x-one"]
    assert "PEERS=''\n" in scripts["x-two"]
    assert "PEERS=''\n" in scripts["x-gpu-1"]


def test_servers_come_one_after_the_other_and_agents_side_by_side(tmp_path: Path) -> None:
    arguments: Any = {**K3S_LEAST, "servers": THREE}
    records = preview(tmp_path, lambda: K3sCluster("x", arguments)).records
    commands = of(records, "Command")
    after = {
        name: {urn.rpartition("::")[2] for urn in each.dependencies}
        for name, each in commands.items()
    }
    assert after["x-one"] == set()
    assert "x-one-node" in after["x-two"]
    assert "x-two-node" in after["x-three"]
    for agent in ("x-gpu-1", "x-gpu-2"):
        assert "x-three-node" in after[agent]
        assert not {each for each in after[agent] if "gpu" in each}


def test_commands_show_no_secret_and_are_never_replaced() -> None:
    arguments: Any = {**K3S_LEAST, "servers": THREE, "registries": "hidden"}
    made = deploy(lambda: K3sCluster("x", arguments)).made
    for (kind, name), inputs in made.items():
        if kind == "command:remote:Command" and not name.endswith("kubeconfig"):
            assert "triggers" not in inputs, name
            assert inputs["create"].startswith("sh -s -- apply ")
            assert inputs["delete"] == "sh -s -- remove"
            assert "servers-alone" not in inputs["create"]
            agent = "gpu" in name or name.endswith("-node")
            assert SECRET in inputs["stdin"]
            assert ("servers-alone" in inputs["stdin"]["value"]) is not agent


def test_a_user_that_is_not_root_is_asked_to_sudo() -> None:
    arguments: Any = {**K3S_LEAST, "ssh": {"user": "ops"}}
    made = deploy(lambda: K3sCluster("x", arguments)).made
    commands = [each["create"] for (kind, _), each in made.items() if kind.endswith(":Command")]
    assert all(each.startswith("sudo -n ") for each in commands)


def test_by_cloud_init_every_machine_has_its_document() -> None:
    found: list[dict[str, str]] = []

    def program() -> None:
        arguments: Any = {**K3S_LEAST, "transport": "cloud-init"}
        K3sCluster("x", arguments).cloud_init.apply(found.append)

    deploy(program)
    (documents,) = found
    assert set(documents) == {"one", "gpu-1", "gpu-2"}
    assert all(each.startswith("#cloud-config\n") for each in documents.values())
    assert "servers-alone" in documents["one"]
    assert "servers-alone" not in documents["gpu-1"]
