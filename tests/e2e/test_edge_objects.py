"""What K3sCluster puts into its cluster, against a real API server: the plan's kind, the plan, marks, upgrades.

The kind Plan is a subset of rancher/system-upgrade-controller's own at d357e23, 2026-08-06: what our Plans
state, and no field besides.
"""

import copy
from pathlib import Path
from typing import Any

import pytest

from support.component_rows.edge import K3S_LEAST
from support.inline import preview
from support.kube_api import KubeApi, KubeError
from support.pruned import lost
from trimtab_components import K3sCluster

pytestmark = pytest.mark.engine

CRDS = Path(__file__).resolve().parent / "crds" / "system_upgrade.yaml"
ORDER = (
    "Namespace",
    "CustomResourceDefinition",
    "ServiceAccount",
    "ClusterRole",
    "ClusterRoleBinding",
    "Role",
    "RoleBinding",
    "Deployment",
    "CapacityPlan",
    "Node",
    "Plan",
)


def objects(folder: Path, namespace: str) -> list[dict[str, Any]]:
    """The component's objects, as its provider would apply them, in order."""
    given: Any = {**K3S_LEAST, "upgrades": True, "agents_at_once": 3, "namespace": namespace}
    found = []
    for each in preview(folder, lambda: K3sCluster("shop", given)).records:
        if each.type.startswith("kubernetes:"):
            version, _, kind = each.type.removeprefix("kubernetes:").rpartition(":")
            name = {"apiVersion": version.removeprefix("core/"), "kind": kind.removesuffix("Patch")}
            found.append({**each.inputs, **name})
    return sorted(found, key=lambda each: ORDER.index(each["kind"]))


def test_the_api_server_keeps_every_object_as_it_was_given(
    kube_api: KubeApi, tmp_path: Path
) -> None:
    for each in kube_api.apply_all(CRDS):
        kube_api.wait_established(each["metadata"]["name"])
    for name in ("gpu-1", "gpu-2"):
        node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}}
        kube_api.request("POST", "/api/v1/nodes", node)
    made = objects(tmp_path, "trimtab-shop")
    assert {each["kind"] for each in made} == set(ORDER)
    for each in made:
        stored = kube_api.apply(each)
        if each["kind"] == "CustomResourceDefinition":
            kube_api.wait_established(each["metadata"]["name"])
        # The server writes a bare IntOrString or a date as it likes; none of ours has one.
        assert lost(each, stored) == [], each["metadata"]["name"]
    marked = kube_api.get("v1", "Node", "gpu-1")
    assert marked["metadata"]["labels"]["trimtab.dev/group"] == "cellar"
    for name in ("gpu-1", "gpu-2"):
        kube_api.delete("v1", "Node", name)


def test_the_kind_refuses_what_the_controller_would(kube_api: KubeApi, tmp_path: Path) -> None:
    for each in kube_api.apply_all(CRDS):
        kube_api.wait_established(each["metadata"]["name"])
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "system-upgrade"}}
    kube_api.apply(namespace)
    plan = next(each for each in objects(tmp_path, "x") if each["kind"] == "Plan")
    wrong = copy.deepcopy(plan)
    del wrong["spec"]["upgrade"]
    wrong["metadata"]["name"] = "wrong"
    with pytest.raises(KubeError, match=r"spec\.upgrade: Required value"):
        kube_api.apply(wrong)
