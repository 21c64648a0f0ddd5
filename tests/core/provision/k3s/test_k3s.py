"""K3s: what machines are configured with and boot with, and how they are upgraded."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from trimtab.errors import InputError
from trimtab.provision.k3s.cloud_init import INSTALL_SCRIPT, Install, Role, cloud_config
from trimtab.provision.k3s.config import (
    AGENT_TOKEN_FILE,
    CONFIG_FILE,
    SERVER_TOKEN_FILE,
    Cluster,
    Node,
    agent_config,
    server_config,
)
from trimtab.provision.k3s.upgrade_controller import NAME, upgrade_controller
from trimtab.provision.k3s.upgrades import NAMESPACE, upgrade_plans

VERSION = "v1.35.3+k3s1"
DIGEST = "0" * 64
CLUSTER = Cluster("k3s.example")
AGENT = agent_config(CLUSTER, Node())

hosts = st.from_regex(r"[a-z0-9]([-a-z0-9.]{0,30}[a-z0-9])?|fd00::[0-9a-f]{1,4}", fullmatch=True)
words = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
nodes = st.builds(
    Node,
    labels=st.dictionaries(words, words, max_size=4),
    taints=st.lists(words, max_size=3).map(tuple),
)
clusters = st.builds(
    Cluster,
    endpoint=hosts,
    secrets_encryption=st.booleans(),
    embedded_registry=st.booleans(),
    disable=st.lists(st.sampled_from(["traefik", "servicelb"]), unique=True).map(tuple),
    snapshot_schedule=words,
)
installs = st.builds(
    Install,
    version=st.just(VERSION),
    air_gapped=st.booleans(),
    script_sha256=st.none() | st.just(DIGEST),
)


def read(text: str) -> tuple[dict[str, Any], dict[str, Any], list[list[str]]]:
    """The file that is written, K3s's configuration in it, and the commands."""
    assert text.startswith("#cloud-config\n")
    document = yaml.safe_load(text)
    assert set(document) == {"write_files", "runcmd"}
    (written,) = document["write_files"]
    return written, yaml.safe_load(written["content"]), document["runcmd"]


@settings(deadline=None, max_examples=60)
@given(clusters, nodes, installs, st.sampled_from([1, 3, 5]), st.booleans())
def test_servers_boot_with_their_configuration(
    cluster: Cluster, node: Node, install: Install, servers: int, first: bool
) -> None:
    config = server_config(cluster, node, first=first, servers=servers)
    written, found, commands = read(cloud_config("server", config, install))
    assert found == config  # whatever is in it, YAML gives it back
    assert (written["path"], written["permissions"]) == (CONFIG_FILE, "0600")
    assert written["owner"] == "root:root"
    assert (found["token-file"], found["agent-token-file"]) == (
        SERVER_TOKEN_FILE,
        AGENT_TOKEN_FILE,
    )
    assert not {"token", "agent-token"} & set(found)
    joins = servers > 1 and not first
    assert ("server" in found) is joins
    assert ("cluster-init" in found) is (servers > 1 and first)
    assert commands[-1][-2:] == ["sh", INSTALL_SCRIPT]
    assert "INSTALL_K3S_EXEC=server" in commands[-1]


@settings(deadline=None, max_examples=60)
@given(clusters, nodes, installs)
def test_agents_never_get_the_servers_token(cluster: Cluster, node: Node, install: Install) -> None:
    config = agent_config(cluster, node)
    text = cloud_config("agent", config, install)
    written, found, commands = read(text)
    assert found == config
    assert written["permissions"] == "0600"
    assert SERVER_TOKEN_FILE not in text
    assert found["token-file"] == AGENT_TOKEN_FILE
    assert "token" not in found
    assert re.fullmatch(r"https://(\[[0-9a-f:]+\]|[-a-z0-9.]+):6443", found["server"])
    assert "INSTALL_K3S_EXEC=agent" in commands[-1]


@settings(deadline=None, max_examples=60)
@given(clusters, nodes, installs)
def test_equal_settings_are_equal_bytes(cluster: Cluster, node: Node, install: Install) -> None:
    config = agent_config(cluster, node)
    swapped = Node(dict(reversed(list(node.labels.items()))), node.taints)
    again = agent_config(cluster, swapped)
    assert cloud_config("agent", config, install) == cloud_config("agent", again, install)


@pytest.mark.parametrize(
    ("install", "fetches", "checks"),
    [
        (Install(VERSION), True, False),
        (Install(VERSION, script_sha256=DIGEST), True, True),
        (Install(VERSION, air_gapped=True), False, False),
        (Install(VERSION, air_gapped=True, script_sha256=DIGEST), False, False),
    ],
)
def test_the_installer_is_fetched_and_checked(
    install: Install, fetches: bool, checks: bool
) -> None:
    *before, last = read(cloud_config("agent", AGENT, install))[2]
    text = json.dumps(before)
    assert ("curl" in text, DIGEST in text) == (fetches, checks)
    assert f"INSTALL_K3S_VERSION={VERSION}" in last
    assert ("INSTALL_K3S_SKIP_DOWNLOAD=true" in last) is install.air_gapped


@pytest.mark.parametrize("there", [True, False])
def test_nvidias_runtime_is_the_default_where_the_machine_has_it(
    there: bool, tmp_path: Path
) -> None:
    commands = read(cloud_config("agent", AGENT, Install(VERSION), nvidia=True))[2]
    ((shell, flag, script),) = [each for each in commands if "nvidia" in str(each)]
    assert "nvidia" not in cloud_config("agent", AGENT, Install(VERSION))
    toolkit = tmp_path / "toolkit"
    toolkit.mkdir()
    if there:
        (toolkit / "nvidia-container-runtime").touch()
    moved = script.replace("/usr/local/nvidia/toolkit /usr/bin", str(toolkit))
    moved = moved.replace("/etc/", f"{tmp_path}/etc/")
    subprocess.run([shell, flag, moved], check=True)
    written = tmp_path / "etc/rancher/k3s/config.yaml.d/nvidia.yaml"
    assert written.exists() is there
    if there:
        assert yaml.safe_load(written.read_text("utf-8")) == {"default-runtime": "nvidia"}


@pytest.mark.parametrize(("role", "tokens"), [("server", 2), ("agent", 1)])
def test_the_installation_waits_for_the_tokens(role: Role, tokens: int) -> None:
    first = read(cloud_config(role, AGENT, Install(VERSION)))[2][0]
    assert first[:2] == ["sh", "-c"]
    assert first[2].count("[ -s ") == tokens


@pytest.mark.parametrize(
    ("changes", "servers", "message"),
    [
        ({}, 2, "servers: 2 can't keep a majority when one fails; give an odd number: 1, 3 or 5"),
        ({}, 0, "servers: 0 can't keep a majority"),
        ({"service_cidr": "10.42.128.0/17"}, 1, "clusterCidr 10.42.0.0/16 and serviceCidr"),
        ({"cluster_cidr": "10.42.0.1/16"}, 1, "clusterCidr, serviceCidr: 10.42.0.1/16 has host"),
        ({"cluster_cidr": "300.0.0.0/8"}, 1, "clusterCidr, serviceCidr: '300.0.0.0/8' does not"),
    ],
)
def test_what_k3s_would_start_with_and_lose_is_refused(
    changes: dict[str, Any], servers: int, message: str
) -> None:
    with pytest.raises(InputError) as error:
        server_config(Cluster("a", **changes), Node(), first=True, servers=servers)
    assert str(error.value).startswith(message)


@pytest.mark.parametrize("version", ["v1.35.3", "1.35.3+k3s1", "latest", f"{VERSION}; reboot"])
def test_only_a_release_is_installed(version: str) -> None:
    for make in (lambda: upgrade_plans(version), lambda: _boot(version)):
        with pytest.raises(InputError, match="is no release of K3s"):
            make()


def _boot(version: str) -> str:
    return cloud_config("agent", AGENT, Install(version))


def test_agents_are_upgraded_after_the_servers() -> None:
    servers, agents = upgrade_plans(VERSION, agents_at_once=4)
    assert [each["spec"]["concurrency"] for each in (servers, agents)] == [1, 4]
    assert agents["spec"]["prepare"]["args"] == ["prepare", servers["metadata"]["name"]]
    assert "prepare" not in servers["spec"]
    chosen = [
        {each["key"]: each["operator"] for each in plan["spec"]["nodeSelector"]["matchExpressions"]}
        for plan in (servers, agents)
    ]
    role = "node-role.kubernetes.io/control-plane"
    assert [each[role] for each in chosen] == ["Exists", "DoesNotExist"]
    assert all(each["k3s-upgrade"] == "In" for each in chosen)


def test_the_upgrade_controller_runs_as_whom_it_is_given_rights() -> None:
    made = upgrade_controller()
    assert [next(iter(made)), list(made)[-1]] == ["namespace", "controller"]
    pod = made["controller"]["spec"]["template"]["spec"]
    account = made["account"]["metadata"]
    assert pod["serviceAccountName"] == account["name"]
    for each in ("rights-binding", "jobs-binding"):
        (subject,) = made[each]["subjects"]
        assert (subject["name"], subject["namespace"]) == (account["name"], NAMESPACE)
    for plan in upgrade_plans(VERSION):
        assert plan["spec"]["serviceAccountName"] == account["name"]
        assert plan["metadata"]["namespace"] == made["namespace"]["metadata"]["name"]
    labels = made["controller"]["spec"]["template"]["metadata"]["labels"]
    assert made["controller"]["spec"]["selector"]["matchLabels"].items() <= labels.items()
    assert made["rights"]["metadata"]["name"] == NAME
    # Cluster-wide it may read no secret and run no job.
    cluster_wide = {
        (resource, verb)
        for rule in made["rights"]["rules"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }
    assert not any(resource == "secrets" for resource, _ in cluster_wide)
    assert ("jobs", "create") not in cluster_wide
