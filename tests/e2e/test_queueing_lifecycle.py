"""Queues on Pulumi's real engine: made once, changed in place, gone in order."""

from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes
import pytest

from support.plans import plan
from support.programs import Program, Programs
from support.stand_in.cloud import Cloud
from trimtab_components import Queueing

pytestmark = pytest.mark.engine


def queues(share: float = 0.5, as_of: str = "2026-11-01T00:00:00Z") -> Program:
    arguments: Any = {
        "plan": plan(),
        "as_of": as_of,
        "delivery": "flux",
        "queues": {"vision": {"pool": "trainer", "share": share, "namespaces": ["default"]}},
    }

    def program() -> None:
        provider = kubernetes.Provider("kubernetes", kubeconfig="{}")
        Queueing("q", arguments, pulumi.ResourceOptions(providers=[provider]))

    return program


def test_queues_are_made_once_and_quotas_change_in_place(programs: Programs, cloud: Cloud) -> None:
    stack = programs.use(queues())
    stack.up()
    order = [each.kind for each in cloud.take() if each.call == "create"]
    assert order.index("ResourceFlavor") < order.index("ClusterQueue") < order.index("LocalQueue")
    assert order.index("HelmRelease") < order.index("ResourceFlavor")
    assert stack.preview().operations == set()
    assert stack.up().operations == set()

    later = programs.use(queues(as_of="2026-11-01T05:00:00Z"))
    assert later.up().operations == {"update"}
    changed = {(each.call, each.kind) for each in cloud.take() if each.call != "read"}
    assert changed == {("update", "ClusterQueue"), ("update", "Cohort")}

    stack.destroy()
    gone = [each.kind for each in cloud.take() if each.call == "delete"]
    assert gone.index("LocalQueue") < gone.index("ClusterQueue") < gone.index("ResourceFlavor")
    assert gone.index("ResourceFlavor") < gone.index("HelmRelease")
    assert cloud.held == {}
