"""GKE and AKS node pools, Cluster API's machines and field paths, on a real API server.

What the examples compose is taken as it is written: by hand-picked subsets of the Crossplane providers'
CRDs, and by Cluster API's own. Machines live through a whole life under a real Crossplane, which applies
them server-side: the test is the autoscaler, by the scale subresource, and Cluster API's controllers.
Its webhook does not run, so what would be lost without it is lost here.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from support.capacity_cluster import CapacityControlPlane, eventually
from support.capacity_function import (
    CapacityFunction,
    Certificates,
    capacity_function,
    template_function,
)
from support.crossplane_cli import CrossplaneCli
from support.engines import engine_share
from support.kube_api import KubeApi, KubeError
from support.machines import (
    AUTOSCALER,
    CAPACITY,
    MACHINES,
    SET_CRD,
    TEMPLATES,
    WAYS,
    XRD,
    Life,
    composition,
)
from support.pruned import lost

pytestmark = pytest.mark.engine

HERE = Path(__file__).resolve().parent
EXAMPLES = HERE.parents[1] / "functions" / "examples"
RESOURCE_NAME = "crossplane.io/composition-resource-name"

Document = dict[str, Any]


@pytest.fixture(scope="module")
def kinds(kube_api: KubeApi) -> KubeApi:
    """The API server with the CRDs."""
    folder = engine_share("cluster-api") / "core/config/crd/bases"
    files = [
        folder / f"cluster.x-k8s.io_{each}.yaml" for each in ("machinepools", "machinedeployments")
    ]
    files.append(HERE / "crds" / "nodepools.container.gcp.m.upbound.io.yaml")
    files.append(
        HERE / "crds" / "kubernetesclusternodepools.containerservice.azure.m.upbound.io.yaml"
    )
    for file in files:
        kube_api.apply_all(file)
    kube_api.apply_all([SET_CRD])
    return kube_api


# --- What the examples compose is accepted --------------------------------------------------------


@pytest.fixture(scope="module")
def function(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CapacityFunction]:
    with capacity_function(tmp_path_factory.mktemp("function")) as served:
        yield served


@pytest.fixture(scope="module")
def templates(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CapacityFunction]:
    with template_function(tmp_path_factory.mktemp("templates")) as served:
        yield served


def read(path: Path) -> Document:
    document: Document = yaml.safe_load(path.read_text("utf-8"))
    return document


def rendered(
    crossplane: CrossplaneCli, example: str, targets: dict[str, str], **given: Any
) -> tuple[Document, dict[str, Document]]:
    """An example's XR and its composed resources by key."""
    folder = EXAMPLES / example
    options = {"required_resources": folder / "plan.yaml", "results": False, **given}
    composition = _with_templates(read(folder / "composition.yaml"))
    xr, *made = crossplane.render(folder / "xr.yaml", composition, targets, **options)
    return xr, {each["metadata"]["annotations"][RESOURCE_NAME]: each for each in made}


def _with_templates(composition: Document) -> Document:
    """The Composition with its Go templates, which have nothing to fill in, as plain resources."""
    for step in composition["spec"]["pipeline"]:
        inline = step["input"].get("inline")
        if inline is None:
            continue
        key = "gotemplating.fn.crossplane.io/composition-resource-name"
        made = {}
        for each in yaml.safe_load_all(inline["template"]):
            made[each["metadata"]["annotations"].pop(key)] = each
        step["input"] = {"apiVersion": "example.org/v1", "kind": "Templates", "resources": made}
    return composition


@pytest.mark.parametrize(
    ("example", "expected"),
    [
        ("gke", {"trainer-held-0a1b2c": "NodePool", "trainer-spot-0a1b2c": "NodePool"}),
        (
            "aks",
            {
                "trainer-on-demand-0a1b2c": "KubernetesClusterNodePool",
                "trainer-spot-0a1b2c": "KubernetesClusterNodePool",
            },
        ),
        ("cluster-api", {"on-demand": "MachineDeployment", "spot": "MachinePool"}),
    ],
)
def test_the_api_server_takes_what_an_example_composes(
    kinds: KubeApi,
    crossplane: CrossplaneCli,
    function: CapacityFunction,
    templates: CapacityFunction,
    example: str,
    expected: dict[str, str],
) -> None:
    targets = {CAPACITY: function.target, "function-go-templating": templates.target}
    xr, made = rendered(crossplane, example, targets)
    assert {key: each["kind"] for key, each in made.items()} == expected
    reasons = {each["type"]: each["reason"] for each in xr["status"]["conditions"]}
    assert (reasons["PlanUsable"], reasons["CapacityPlanned"]) == ("PlanFound", "AsPlanned")
    for key, document in made.items():
        stored = kinds.apply(_alone(document), dry_run=True)
        assert not lost(document["spec"], stored["spec"]), key
    # And so it does when what runs is raised to a min, or there is no plan.
    observed = [
        {**each, "metadata": {**each["metadata"], "name": key}} for key, each in made.items()
    ]
    for given in (
        {"observed_resources": observed},
        {"observed_resources": observed, "required_resources": ()},
    ):
        _, again = rendered(crossplane, example, targets, **given)
        assert set(again) == set(made)
        for document in again.values():
            kinds.apply(_alone(document), dry_run=True)


def _alone(document: Document) -> Document:
    """The object as Crossplane applies it, without the XR that owns it."""
    metadata = {k: v for k, v in document["metadata"].items() if k in ("labels", "annotations")}
    return {**document, "metadata": {**metadata, "name": "rendered", "namespace": "default"}}


@pytest.mark.parametrize(
    ("kind", "provider"),
    [
        (("container.gcp.m.upbound.io/v1beta1", "NodePool"), {"nodeConfig": {"taints": []}}),
        (("container.gcp.m.upbound.io/v1beta1", "NodePool"), {"autoscaling": {"totalMin": 1}}),
        (
            ("containerservice.azure.m.upbound.io/v1beta1", "KubernetesClusterNodePool"),
            {"enableAutoScaling": True},
        ),
        (
            ("containerservice.azure.m.upbound.io/v1beta1", "KubernetesClusterNodePool"),
            {"spotMaxPrice": "-1"},
        ),
    ],
    ids=["Terraform's taints", "no total", "azurerm's older word", "a price as text"],
)
def test_the_subsets_refuse_what_is_no_field(
    kinds: KubeApi, kind: tuple[str, str], provider: Document
) -> None:
    document = {
        "apiVersion": kind[0],
        "kind": kind[1],
        "metadata": {"name": "wrong"},
        "spec": {"forProvider": provider},
    }
    with pytest.raises(KubeError):
        kinds.apply(document, dry_run=True)


# --- A life ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def crossplane_with_templates(
    kinds: KubeApi, with_function: CapacityControlPlane, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[KubeApi]:
    """Crossplane with a function for templates beside the capacity function, and the Compositions."""
    core = with_function.core
    folder = tmp_path_factory.mktemp("templates-of-clouds")
    certificates = Certificates(core.function_certificates, core.function_certificates)
    with template_function(folder, certificates) as served:
        core.register_function(TEMPLATES, int(served.target.rpartition(":")[2]))
        core.apply_xrd(XRD)
        for way in WAYS:
            kinds.apply(composition(way))
        yield kinds


@pytest.mark.parametrize("way", WAYS)
def test_the_autoscalers_replicas_survive_everything(
    crossplane_with_templates: KubeApi, kube_namespace: str, way: str
) -> None:
    life = Life(crossplane_with_templates, kube_namespace, way)
    life.plan(2, 3, 8)
    life.awaits(2, 8, 3)
    # Nobody has moved them: leaving them out would delete them.
    life.stays(2, 8, 3)
    assert life.owners() == {"apiextensions.crossplane.io"}

    life.autoscale(5)
    life.stays(2, 8, 5)
    assert life.owners() == {AUTOSCALER}

    # What Cluster API's controllers write stays theirs, plan or no plan.
    if life.kind[1] == "MachinePool":
        found = life.object()
        assert found is not None
        name = found["metadata"]["name"]
        path = f"/apis/{MACHINES}/namespaces/{kube_namespace}/machinepools/{name}"
        change = {"spec": {"providerIDList": ["aws:///i-1"]}}
        life.api.request(
            "PATCH", path, change, "application/merge-patch+json", fieldManager="manager"
        )

    # Growth is at once; a raise of min moves the replicas in that one change, where they are ours to move.
    life.plan(6, 6, 9)
    raised = 5 if way == "fields" else 6
    life.awaits(6, 9, raised)
    life.stays(6, 9, raised)
    life.autoscale(7)
    life.stays(6, 9, 7)
    assert life.owners() == {AUTOSCALER}

    life.api.delete("trimtab.dev/v1alpha1", "CapacityPlan", "example", kube_namespace)
    life.touch()
    eventually(lambda: life.reason("PlanUsable"), lambda found: found == "PlanNotFound")
    before = life.object()
    life.stays(6, 9, 7)
    after = life.object()
    assert before is not None
    assert after is not None
    assert after["spec"] == before["spec"]
    if life.kind[1] == "MachinePool":
        assert after["spec"]["providerIDList"] == ["aws:///i-1"]
    life.autoscale(8)
    life.stays(6, 9, 8)

    life.plan(6, 7, 12)
    life.awaits(6, 12, 8)
    assert life.owners() == {AUTOSCALER}
