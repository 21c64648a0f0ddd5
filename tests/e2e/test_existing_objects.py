"""What ExistingCluster asks of a cluster, against a real API server: the plan's kind, the plan, marks."""

from pathlib import Path
from typing import Any

import pytest

from support.cloud_plans import owned_plan
from support.inline import preview
from support.kube_api import KubeApi
from trimtab_components import ExistingCluster

pytestmark = pytest.mark.engine

TAINT = {"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}


def objects(folder: Path, namespace: str) -> list[dict[str, Any]]:
    """The component's objects, as its provider would apply them, in order."""
    given: Any = {
        "plan": owned_plan(),
        "kubeconfig": "{}",
        "namespace": namespace,
        "machines": {"trainer/cellar": ["dgx-1"]},
    }
    found = []
    for each in preview(folder, lambda: ExistingCluster("hall", given)).records:
        if each.type.startswith("kubernetes:"):
            version, _, kind = each.type.removeprefix("kubernetes:").rpartition(":")
            name = {"apiVersion": version.removeprefix("core/"), "kind": kind.removesuffix("Patch")}
            found.append({**each.inputs, **name})
    order = ["Namespace", "CustomResourceDefinition", "CapacityPlan", "Node"]
    return sorted(found, key=lambda each: order.index(each["kind"]))


def test_the_api_server_accepts_every_object_and_a_node_keeps_its_taints(
    kube_api: KubeApi, tmp_path: Path
) -> None:
    node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "dgx-1"}}
    # As its kubelet registers it, and its controllers taint it.
    kube_api.request("POST", "/api/v1/nodes", {**node, "spec": {"taints": [TAINT]}})
    made = objects(tmp_path, "trimtab-hall")
    assert [each["kind"] for each in made] == [
        "Namespace",
        "CustomResourceDefinition",
        "CapacityPlan",
        "Node",
    ]
    stored = {}
    for each in made:
        stored[each["kind"]] = kube_api.apply(each)
        if each["kind"] == "CustomResourceDefinition":
            kube_api.wait_established(each["metadata"]["name"])
    assert stored["CapacityPlan"]["spec"].items() >= made[2]["spec"].items()
    marked = kube_api.get("v1", "Node", "dgx-1")
    assert marked["metadata"]["labels"]["trimtab.dev/group"] == "cellar"
    assert {(t["key"], t["effect"]) for t in marked["spec"]["taints"]} >= {
        (TAINT["key"], TAINT["effect"])
    }
    kube_api.delete("v1", "Node", "dgx-1")
