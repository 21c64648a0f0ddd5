"""Every Kubernetes object of every stack and example, against a real API server with the CRDs it needs.

Charts are left out: what they hold is the charts' own, and an API server alone can't render them. Nothing
but CRDs and namespaces is stored: a stack's clusters have objects of the same names.
"""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from support.engines import engine_share
from support.kube_api import KubeApi
from support.pruned import lost
from support.recorded import REPO
from tools.stack_pages import StackPage, stack_pages
from trimtab.preview.records import PreviewRequest
from trimtab.resources.inputs import SECRET, UNKNOWN
from trimtab_components.engines.recorder import record

pytestmark = pytest.mark.engine

HERE = Path(__file__).resolve().parent
CRDS = (
    HERE / "crds" / "local_stack.yaml",
    HERE / "crds" / "accelerators.yaml",
    HERE / "crds" / "kueue.yaml",
    HERE / "crds" / "provider_config.yaml",
    HERE / "crds" / "rook.yaml",
    HERE / "crds" / "system_upgrade.yaml",
    REPO / "functions/apis/crds/capacityplans.trimtab.dev.yaml",
)
SHARED = {
    "crossplane-core": "cluster/crds",
    "external-snapshotter": "config/crd",
    "gatekeeper": "charts/gatekeeper/crds",
    "karpenter": "pkg/apis/crds",
    "kustomize-controller": "config/crd/bases",
    "prometheus-operator": "example/prometheus-operator-crd",
    "source-controller": "config/crd/bases",
}
"""Where an engine's module has its CRDs."""
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
OTHERS = {"kube-system", "batch", "chat", "inference", "training"}
"""Namespaces that no stack makes: Kubernetes' own, and the workloads'."""

Manifest = dict[str, Any]


@cache
def objects(stack: StackPage) -> list[Manifest]:
    """The stack's Kubernetes objects as its providers would apply them."""
    found = []
    for each in record(PreviewRequest(REPO / stack.project, stack.stack)).records:
        if each.type.startswith("kubernetes:") and not each.type.startswith("kubernetes:helm.sh"):
            version, _, kind = each.type.removeprefix("kubernetes:").rpartition(":")
            names = {
                "apiVersion": version.removeprefix("core/"),
                "kind": kind.removesuffix("Patch"),
            }
            found.append({**_known(each.inputs), **names})
    return found


def _known(value: Any) -> Any:
    """The value with a name in place of what only a deployment knows, or what is secret."""
    if isinstance(value, dict):
        # The provider's name for x-kubernetes-validations and its like.
        return {
            key.replace("_", "-") if key.startswith("x_kubernetes_") else key: (
                {"password": "secret"}
                if (key, each) == ("stringData", SECRET)  # the whole of it is masked
                else _known(each)
            )
            for key, each in value.items()
        }
    if isinstance(value, list | tuple):
        return [_known(each) for each in value]
    return "known-later" if value in (UNKNOWN, SECRET) else value


def kinds_of(manifest: Manifest | None) -> set[tuple[str, str]]:
    """The versions and kinds that a CRD defines; of any other object, its own."""
    if not manifest:
        return set()
    if manifest["kind"] != "CustomResourceDefinition":
        return {(manifest["apiVersion"], manifest["kind"])}
    spec = manifest["spec"]
    return {(f"{spec['group']}/{each['name']}", spec["names"]["kind"]) for each in spec["versions"]}


def crds_of(wanted: set[tuple[str, str]]) -> Iterator[Manifest]:
    """The CRDs of the kinds."""
    files = [file.read_text("utf-8") for file in CRDS]
    for engine, folder in SHARED.items():
        texts = [each.read_text("utf-8") for each in (engine_share(engine) / folder).glob("*.yaml")]
        files += [
            text for text in texts if any(f"\n    kind: {kind}\n" in text for _, kind in wanted)
        ]
    for text in files:
        for each in yaml.load_all(text, Loader=LOADER):
            if each and each["kind"] == "CustomResourceDefinition" and kinds_of(each) & wanted:
                yield each


@pytest.fixture(scope="module")
def cluster(kube_api: KubeApi) -> KubeApi:
    """The API server with the CRDs and the namespaces of every stack."""
    every = [each for stack in stack_pages() for each in objects(stack)]
    custom = {kind for each in every for kind in kinds_of(each) if "." in kind[0].partition("/")[0]}
    kube_api.apply_all(crds_of(custom))
    for name in sorted({each["metadata"].get("namespace") or "default" for each in every}):
        kube_api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    return kube_api


@pytest.mark.parametrize("stack", stack_pages(), ids=lambda stack: stack.path.stem)
def test_the_api_server_accepts_every_object(cluster: KubeApi, stack: StackPage) -> None:
    made = objects(stack)
    places = {each["metadata"].get("namespace") for each in made} - {None}
    assert places - OTHERS <= {e["metadata"]["name"] for e in made if e["kind"] == "Namespace"}
    for each in made:
        stored = cluster.apply(each, dry_run=True)
        # Nothing was pruned: every field that the stack sets is one that the kind has.
        told = {key: each[key] for key in each.keys() - {"metadata", "stringData", "status"}}
        assert not lost(told, stored), (each["kind"], each["metadata"]["name"])


def test_the_stacks_hold_every_kind_that_the_components_make() -> None:
    made = {each["kind"] for stack in stack_pages() for each in objects(stack)}
    assert made >= {
        "CapacityBuffer",
        "CapacityPlan",
        "CephCluster",
        "ClusterQueue",
        "Composition",
        "DaemonSet",
        "EC2NodeClass",
        "GitRepository",
        "HelmRelease",
        "Kustomization",
        "Node",
        "NodeOverlay",
        "NodePool",
        "Plan",
        "PrometheusRule",
        "StorageClass",
        "ValidatingAdmissionPolicy",
        "VolumeAttributesClass",
        "VolumeSnapshotClass",
    }
