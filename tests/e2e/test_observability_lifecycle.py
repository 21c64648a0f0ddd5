"""`Observability` on Pulumi's real engine, by Flux: made, previewed again, changed in place, taken away."""

from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes
import pytest

from support.plans import group, plan, pool
from support.programs import Programs
from support.stand_in.cloud import Cloud
from trimtab.plan.model import CapacityPlan
from trimtab_components import Observability

pytestmark = pytest.mark.engine

CPU = group("burst", {"option": "on-demand"}, accelerator=None)


def test_a_new_plan_changes_the_telemetry_in_place(programs: Programs, cloud: Cloud) -> None:
    now: list[CapacityPlan] = [plan()]

    def program() -> None:
        provider = kubernetes.Provider("kubernetes", kubeconfig="{}")
        args: Any = {
            "plan": now[0],
            "delivery": "flux",
            "parts": ["prometheus", "opencost", "loki"],
        }
        Observability("watch", args, pulumi.ResourceOptions(providers=[provider]))

    stack = programs.use(program)
    stack.up()
    assert len(cloud.of("HelmRelease")) == 3
    made = [(each.kind, each.name) for each in cloud.take() if each.call == "create"]
    names = [name for kind, name in made if kind == "HelmRelease"]
    assert names[0] == "watch-prometheus-release", "it brings the kinds that the others use"
    rules = made.index(("PrometheusRule", "watch-rules"))
    assert rules > made.index(("HelmRelease", "watch-prometheus-release"))

    assert stack.preview().operations == set()

    grown = pool()
    grown["groups"].append(CPU)
    now[0] = plan(pools=[grown])
    changed = stack.up()
    assert changed.operations <= {"same", "update"}
    assert "watch-rules" in changed.of("update", "PrometheusRule")
    assert "watch-prometheus-release" in changed.of("update", "HelmRelease")
    assert stack.preview().operations == set()

    stack.destroy()
    assert cloud.held == {}
