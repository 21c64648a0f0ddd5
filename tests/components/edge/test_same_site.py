"""K3sCluster writes the configuration that EdgeSite does, given the same site."""

import json
import re
import shlex
from typing import Any

from support.inline import deploy
from support.plans import group, plan, pool
from support.same_k3s import CHOICES, ENDPOINT, MARKS, PLAN_GROUP, RETENTION, SCHEDULE, VERSION
from support.same_k3s import WRITTEN as EXPECTED
from trimtab_components import K3sCluster


def test_the_configurations_are_edge_sites() -> None:
    found: list[dict[str, str]] = []
    given: Any = {
        "plan": plan(pools=[pool(groups=[group("gpu", PLAN_GROUP)])]),
        "version": VERSION,
        "transport": "cloud-init",
        "endpoint": ENDPOINT,
        "servers": [{"name": name} for name in ("one", "two", "three")],
        "agents": {"trainer/gpu": [{"name": "gpu-1"}]},
        "backups": {"schedule": SCHEDULE, "retention": RETENTION},
        **CHOICES,
    }
    deploy(lambda: K3sCluster("site", given).cloud_init.apply(found.append))
    for name, role in (("one", "first"), ("two", "server"), ("gpu-1", "agent")):
        script = json.loads(found[0][name].partition("\n")[2])["write_files"][0]["content"]
        text = re.search(r"put 0600 /etc/rancher/k3s/config\.yaml ('.*?')\n", script, re.S)
        assert text is not None
        config = json.loads(shlex.split(text[1])[0])
        assert config.pop("node-name") == name
        if role == "agent":
            labels = dict(each.split("=") for each in config["node-label"])
            assert labels["trimtab.dev/pool"] == "trainer"
            config = {key: value for key, value in config.items() if key not in MARKS}
        assert config == EXPECTED[role]
