"""Every Kubernetes object of every stack and example, against a real API server with the CRDs it needs.

Charts are left out: what they hold is the charts' own, and an API server alone can't render them.
"""

from functools import cache
from pathlib import Path
from typing import Any

import pytest

from support.engines import engine_share
from support.kube_api import KubeApi
from support.pruned import lost
from support.recorded import REPO
from tools.stack_pages import StackPage, stack_pages
from trimtab.preview.records import PreviewRequest
from trimtab.resources.inputs import UNKNOWN
from trimtab_components.engines.recorder import record

pytestmark = pytest.mark.engine

HERE = Path(__file__).resolve().parent
CRDS = (
    HERE / "crds" / "local_stack.yaml",
    HERE / "crds" / "accelerators.yaml",
    HERE / "crds" / "kueue.yaml",
    HERE / "crds" / "rook.yaml",
    REPO / "functions/apis/crds/capacityplans.trimtab.dev.yaml",
)
SHARED = {
    "crossplane-core": "cluster/crds",
    "external-snapshotter": "config/crd",
    "karpenter": "pkg/apis/crds",
    "kustomize-controller": "config/crd/bases",
    "prometheus-operator": "example/prometheus-operator-crd",
    "source-controller": "config/crd/bases",
}
"""Where an engine's module has its CRDs."""
# What others need comes first.
FIRST = ("Namespace", "CustomResourceDefinition")


@pytest.fixture(scope="module")
def cluster(kube_api: KubeApi) -> KubeApi:
    """The API server with the CRDs of every stack."""
    shared = (engine_share(engine) / folder for engine, folder in SHARED.items())
    for file in (*CRDS, *(each for folder in shared for each in sorted(folder.glob("*.yaml")))):
        if "coreos" in file.name and "prometheusrules" not in file.name:
            continue
        if "\nkind: CustomResourceDefinition\n" not in f"\n{file.read_text('utf-8')}":
            continue
        for made in kube_api.apply_all(file):
            kube_api.wait_established(made["metadata"]["name"])
    # The workloads' own, which a buffer's pods stand in.
    kube_api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "inference"}})
    return kube_api


@cache
def objects(stack: StackPage) -> list[dict[str, Any]]:
    """The stack's Kubernetes objects as its provider would apply them, in a possible order."""
    found = []
    for each in record(PreviewRequest(REPO / stack.project, stack.stack)).records:
        if each.type.startswith("kubernetes:") and not each.type.startswith("kubernetes:helm.sh"):
            version, _, kind = each.type.removeprefix("kubernetes:").rpartition(":")
            names = {
                "apiVersion": version.removeprefix("core/"),
                "kind": kind.removesuffix("Patch"),
            }
            found.append({**_known(each.inputs), **names})
    return sorted(found, key=lambda each: FIRST.index(each["kind"]) if each["kind"] in FIRST else 9)


def _known(value: Any) -> Any:
    """The value with a name in place of what only a deployment knows."""
    if isinstance(value, dict):
        # The provider's name for x-kubernetes-validations and its like.
        return {
            key.replace("_", "-") if key.startswith("x_kubernetes_") else key: _known(each)
            for key, each in value.items()
        }
    if isinstance(value, list | tuple):
        return [_known(each) for each in value]
    return "known-later" if value == UNKNOWN else value


@pytest.mark.parametrize("stack", stack_pages(), ids=lambda stack: stack.path.stem)
def test_the_api_server_accepts_every_object(cluster: KubeApi, stack: StackPage) -> None:
    for each in objects(stack):
        stored = cluster.apply(each)
        if each["kind"] == "CustomResourceDefinition":
            cluster.wait_established(each["metadata"]["name"])
        # Nothing was pruned: every field that the stack sets is one that the kind has.
        assert not lost(each.get("spec", {}), stored.get("spec", {})), each["kind"]


def test_the_stacks_hold_every_kind_that_the_components_make() -> None:
    made = {each["kind"] for stack in stack_pages() for each in objects(stack)}
    assert made >= {
        "CapacityBuffer",
        "CapacityPlan",
        "DaemonSet",
        "EC2NodeClass",
        "HelmRelease",
        "NodeOverlay",
        "NodePool",
        "Node",
    }
