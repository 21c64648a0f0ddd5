"""What is written for K3s, whatever the values hold: the shell and YAML see text, never a command."""

import subprocess
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from support.k3s_scripts import CLUSTER, PLAIN
from support.shell_scripts import shellcheck
from trimtab.provision.k3s.config import (
    AGENT_TOKEN_FILE,
    CONFIG_FILE,
    REGISTRIES_FILE,
    SECRET_CONFIG_FILE,
    SERVER_TOKEN_FILE,
    Node,
    secret_config,
    server_config,
)
from trimtab.provision.k3s.script import Secrets, machine_script

TEXT = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40),
    st.sampled_from(
        [
            "$(id)",
            "`id`",
            "'; id; '",
            '"',
            "\\",
            "%s%n",
            "-n",
            "--",
            "a\nb",
            "~",
            "*",
            "é\u2028\x85",
        ]
    ),
)
TOKEN = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=40)
RECORDED = 'put() { printf \'%s\\0%s\\0%s\\0\' "$1" "$2" "$3"; }\nrm() { :; }\nwrite_files\n'


def written(script: str) -> dict[str, str]:
    """What the script's own function hands over to `put`, by a real shell."""
    head = script[: script.index("\n\n")]
    body = script[script.index("write_files() {") : script.index('\nmain "$@"')]
    ended = subprocess.run(
        ["sh", "-s"], input=f"{head}\n{body}\n{RECORDED}".encode(), capture_output=True, check=True
    )
    assert ended.stderr == b""
    fields = ended.stdout.decode().split("\0")[:-1]
    assert set(fields[::3]) == {"0600"}
    return dict(zip(fields[1::3], fields[2::3], strict=True))


@given(
    tokens=st.lists(TOKEN, min_size=2, max_size=2, unique=True),
    texts=st.lists(TEXT, min_size=7, max_size=7),
)
@settings(max_examples=60, deadline=None)
def test_every_value_arrives_as_it_was_given(tokens: list[str], texts: list[str]) -> None:
    registries, endpoint, key, label, taint, argument, name = texts
    node = Node({"a/b": label}, (taint,), name or None, None, (argument,))
    config: dict[str, Any] = server_config(CLUSTER, node, first=True, servers=3)
    secrets = Secrets(tokens[0], tokens[1], secret_config(endpoint, key, key), registries)
    found = written(machine_script("server", config, PLAIN, secrets))
    assert found[SERVER_TOKEN_FILE] == tokens[0]
    assert found[AGENT_TOKEN_FILE] == tokens[1]
    assert found[REGISTRIES_FILE] == registries
    assert yaml.safe_load(found[CONFIG_FILE]) == config
    assert yaml.safe_load(found[SECRET_CONFIG_FILE]) == secrets.config


def test_shellcheck_finds_nothing_with_the_worst_of_them() -> None:
    worst = "'; $(id) `id` \"\\ %s\n#"
    node = Node({"a": worst}, (worst,), worst, None, (worst,))
    config = server_config(CLUSTER, node, first=True, servers=3)
    secrets = Secrets("'$(id)'", "`id`", secret_config(worst), worst)
    assert shellcheck(machine_script("server", config, PLAIN, secrets)) == ""
