"""EdgeSite writes the configuration that K3sCluster does, given the same site."""

import base64
import json
from typing import Any

import yaml

from support.cluster_requests import EDGE
from support.plans import group, plan, pool
from support.same_k3s import CHOICES, ENDPOINT, MARKS, PLAN_GROUP, RETENTION, SCHEDULE, VERSION
from support.same_k3s import WRITTEN as EXPECTED
from trimtab_functions.cluster.platforms import PLATFORMS
from trimtab_functions.cluster.resources import Owner
from trimtab_functions.cluster.settings import parse_spec


def camel(key: str) -> str:
    head, *rest = key.split("_")
    return head + "".join(each.title() for each in rest)


def test_the_configurations_are_k3s_clusters() -> None:
    install = {camel(key): value for key, value in CHOICES.items()}
    install |= {"endpoint": ENDPOINT, "servers": 3}
    install |= {"snapshotSchedule": SCHEDULE, "snapshotRetention": RETENTION}
    spec: dict[str, Any] = {**EDGE, "version": VERSION, "install": install}
    chosen = PLATFORMS["Edge"]
    one = plan(pools=[pool(groups=[group("gpu", PLAN_GROUP)])])
    made = chosen.resources(Owner("site", "team"), parse_spec(chosen.spec, spec), one)
    documents = {each.key: each.document for each in made}
    keys = {
        "first": "boot-first-server",
        "server": "boot-server",
        "agent": "boot-agent-trainer-gpu",
    }
    for role, key in keys.items():
        text = base64.b64decode(documents[key]["data"]["userData"]).decode()
        config = json.loads(yaml.safe_load(text)["write_files"][0]["content"])
        if role == "agent":
            labels = dict(each.split("=") for each in config["node-label"])
            assert labels["trimtab.dev/pool"] == "trainer"
            config = {name: value for name, value in config.items() if name not in MARKS}
        assert config == EXPECTED[role]
