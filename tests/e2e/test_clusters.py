"""Whole clusters on the real Crossplane core: what is composed, in which order, and what never goes.

No provider runs: the test writes what they would report. Every document that the functions write is held
to its kind by the API server too, with strict validation: those of AWS, GCP and Helm to subsets of the
providers' CRDs, those of Cluster API, provider-kubernetes and Crossplane to their own.
"""

import base64
import json
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from support.capacity_cluster import CapacityControlPlane, eventually, plan_now
from support.capacity_function import COMMAND, capacity_function
from support.crossplane_cli import CrossplaneCli
from support.engines import engine_share
from support.kube_api import KubeApi, KubeError

pytestmark = pytest.mark.engine

ROOT = Path(__file__).resolve().parents[2]
APIS, EXAMPLES = ROOT / "functions" / "apis", ROOT / "functions" / "examples"
CRDS = Path(__file__).parent / "crds"
KINDS = (
    CRDS / "clusters_aws.yaml",
    CRDS / "clusters_gcp.yaml",
    CRDS / "clusters_helm.yaml",
    CRDS / "nodepools.container.gcp.m.upbound.io.yaml",
)
XR_VERSION = "platform.trimtab.dev/v1alpha1"
KEY = "crossplane.io/composition-resource-name"
FUNCTION = "function-trimtab-capacity"

Document = dict[str, Any]


@pytest.fixture(scope="module")
def clusters(with_function: CapacityControlPlane) -> CapacityControlPlane:
    """A control plane that knows both XRDs, their Compositions, and all that these compose."""
    api = with_function.api
    for each in KINDS:
        api.apply_all(each)
    own = engine_share("provider-kubernetes") / "package/crds"
    for name in ("objects", "providerconfigs"):
        api.apply_all(own / f"kubernetes.m.crossplane.io_{name}.yaml")
    theirs = engine_share("cluster-api") / "core/config/crd/bases"
    for name in ("clusters", "machinedeployments"):
        api.apply_all(theirs / f"cluster.x-k8s.io_{name}.yaml")
    api.apply_all(APIS / "rbac.yaml")
    for folder in (APIS / "heterogeneouscluster", APIS / "edgesite"):
        text = (folder / "definition.yaml").read_text("utf-8")
        with_function.core.apply_xrd(yaml.safe_load(text))
        for composition in folder.glob("composition*.yaml"):
            api.apply_all(composition)
    return with_function


class Site:
    """An XR of an example in a namespace of its own, and what exists of it."""

    def __init__(self, api: KubeApi, namespace: str, example: str, **spec: Any) -> None:
        self.api = api
        document: Document = yaml.safe_load((EXAMPLES / example).read_text("utf-8"))
        document["metadata"]["namespace"] = self.namespace = namespace
        document["spec"]["planRef"] = {"name": "example"}
        document["spec"] |= spec
        self._xr, self._edits = document, 0
        self.kind, self.name = document["kind"], document["metadata"]["name"]

    def apply(self, **spec: Any) -> None:
        """Apply the XR, with some of its spec changed."""
        self._edits += 1
        self._xr["metadata"]["labels"] = {"edit": str(self._edits)}
        self._xr["spec"] |= spec
        self.api.apply(self._xr)

    def plan(self, *sizes: tuple[int, int, int], **site: Any) -> None:
        """Apply a plan and have it looked at."""
        plan = plan_now(*sizes, instance_types=site.pop("instance_types", ("p4d.24xlarge",)))
        plan["metadata"]["namespace"] = self.namespace
        if site:
            (group,) = plan["spec"]["pools"][0]["groups"]
            group["purchase"] = site.pop("purchase", group["purchase"])
            plan["spec"]["site"] |= site
        self.api.apply(plan)
        self.apply()

    def xr(self) -> Document:
        return self.api.get(XR_VERSION, self.kind, self.name, self.namespace)

    def conditions(self) -> dict[str, Document]:
        found = self.xr().get("status", {}).get("conditions", [])
        return {each["type"]: each for each in found}

    def awaits(self, kind: str, reason: str) -> str:
        """Wait until a condition has this reason; its message."""
        found = eventually(self.conditions, lambda said: said.get(kind, {}).get("reason") == reason)
        return str(found[kind].get("message", ""))

    def composed(self) -> dict[str, Document]:
        """What exists, by key."""
        found = {}
        for ref in self.xr()["spec"].get("crossplane", {}).get("resourceRefs", []):
            try:
                each = self.api.get(ref["apiVersion"], ref["kind"], ref["name"], self.namespace)
            except KubeError as error:
                if error.code != 404:
                    raise
            else:
                found[each["metadata"]["annotations"][KEY]] = each
        return found

    def awaits_keys(self, holds: Callable[[set[str]], bool]) -> dict[str, Document]:
        """Wait until the keys of what exists are as wanted; what exists."""
        return eventually(self.composed, lambda found: holds(set(found)))

    def report(self, document: Document, ready: str = "True", **status: Any) -> None:
        """Write what a provider would report."""
        when = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        condition = {
            "type": "Ready",
            "status": ready,
            "reason": "Reported",
            "message": "",
            "lastTransitionTime": when,
        }
        if document["apiVersion"].startswith("cluster.x-k8s.io/"):
            condition["type"] = "Available"
        self.api.patch_status(document, {"conditions": [condition], **status})

    def report_all(self, *but: str) -> None:
        """Report as ready all managed resources that exist."""
        for key, each in self.composed().items():
            if "forProvider" in each.get("spec", {}) and key not in but:
                self.report(each, **_reported(each))

    def delete(self) -> None:
        self.api.delete(XR_VERSION, self.kind, self.name, self.namespace)


def _reported(document: Document) -> Document:
    sizes = document["spec"].get("initProvider", {}).get("scalingConfig")
    return {"atProvider": {"scalingConfig": sizes}} if sizes else {}


@pytest.fixture
def site(clusters: CapacityControlPlane, kube_namespace: str) -> Iterator[Callable[..., Site]]:
    """Makes the site of an example; it is deleted at the end."""
    made: list[Site] = []

    def make(example: str, **spec: Any) -> Site:
        made.append(Site(clusters.api, kube_namespace, example, **spec))
        return made[-1]

    yield make
    for each in made:
        each.delete()


NODE_GROUP = "pool-trainer-main-0a1b2c"


def test_an_eks_cluster_comes_to_be_step_by_step_and_stays(site: Callable[..., Site]) -> None:
    prod = site("cluster/aws.yaml")
    prod.plan((1, 2, 4))
    said = prod.awaits("ClusterComposed", "Waiting")
    assert "for kubeconfig wait helm-config, kubernetes-config" in said
    first = prod.awaits_keys(lambda keys: {"vpc", "cluster", NODE_GROUP} <= keys)
    assert not {"kubeconfig", "addon-coredns", "helm-config"} & set(first)
    # All but the cluster are ready: nothing that needs it is created.
    prod.report_all("cluster")
    prod.apply()
    time.sleep(0.5)
    assert set(prod.composed()) == set(first)

    prod.report(first["cluster"], atProvider={"endpoint": "https://A1.eks.example"})
    second = prod.awaits_keys(lambda keys: {"kubeconfig", "addon-aws-ebs-csi-driver"} <= keys)
    assert not {"helm-config", "storage-class"} & set(second)
    prod.report(second["kubeconfig"])
    third = prod.awaits_keys(lambda keys: {"gpu-operator", "storage-class"} <= keys)
    assert set(first) < set(second) < set(third)
    prod.awaits("ClusterComposed", "Composed")
    prod.report_all("cluster")
    prod.awaits("Ready", "Available")
    assert prod.xr()["status"]["cluster"] == {
        "name": "prod",
        "endpoint": "https://A1.eks.example",
    }
    assert prod.awaits("SystemPodsHosted", "OpenGroup")
    everything = prod.composed()
    assert sum(each["kind"] == "Usage" for each in everything.values()) == 4

    prod.plan((2, 3, 8))
    sizes = ("spec", "forProvider", "scalingConfig")
    eventually(
        lambda: _at(prod.composed()[NODE_GROUP], *sizes),
        lambda found: (found["minSize"], found["maxSize"]) == (2, 8),
    )
    # The cluster flaps, its plan goes: all that exists stays.
    prod.report(everything["cluster"], ready="False")
    prod.api.delete("trimtab.dev/v1alpha1", "CapacityPlan", "example", prod.namespace)
    prod.apply()
    prod.awaits("PlanUsable", "PlanNotFound")
    prod.awaits("SystemPodsHosted", "NoPlan")
    prod.apply()
    time.sleep(0.5)
    assert _uids(prod.composed()) == _uids(everything)
    assert _at(prod.composed()[NODE_GROUP], *sizes)["maxSize"] == 8


def _at(document: Document, *path: str) -> Any:
    for each in path:
        document = document[each]
    return document


def _uids(documents: dict[str, Document]) -> dict[str, str]:
    return {key: each["metadata"]["uid"] for key, each in documents.items()}


def test_a_site_boots_first_and_is_upgraded_once_it_can_be_reached(
    site: Callable[..., Site],
) -> None:
    store = site("edge/xr.yaml")
    store.plan((1, 1, 1), provider="edge", purchase={"option": "owned", "site": "store-42"})
    boots = {"boot-first-server", "boot-server", "boot-agent-trainer-main"}
    found = store.awaits_keys(lambda keys: keys == boots)
    secret = found["boot-agent-trainer-main"]
    assert secret["metadata"]["name"] == "store-42-boot-agent-trainer-main"
    text = base64.b64decode(secret["data"]["userData"]).decode()
    assert "https://k3s.store-42.example:6443" in text
    store.awaits("Ready", "Available")

    store.apply(kubeconfigSecretRef={"name": "store-42-kubeconfig"})
    store.awaits_keys(lambda keys: "upgrade-namespace" in keys)
    store.report(store.composed()["upgrade-namespace"])
    found = store.awaits_keys(lambda keys: "upgrade-controller" in keys)
    assert "upgrade-k3s-servers" not in found
    store.report(found["upgrade-controller"])
    found = store.awaits_keys(lambda keys: "upgrade-k3s-agents" in keys)
    assert boots < set(found)
    store.report_all()
    store.awaits("Ready", "Available")

    store.apply(version="v1.35.4+k3s1")
    path = ("spec", "forProvider", "manifest", "spec", "version")
    eventually(
        lambda: _at(store.composed()["upgrade-k3s-servers"], *path),
        lambda version: version == "v1.35.4+k3s1",
    )


def test_cluster_api_makes_the_cluster_and_its_machines(site: Callable[..., Site]) -> None:
    racks = site("cluster/on-premises.yaml")
    owned = {"option": "owned", "site": "oslo"}
    racks.plan((2, 3, 4), provider="dc", purchase=owned, instance_types=("dgx-h100",))
    found = racks.awaits_keys(lambda keys: {"cluster", NODE_GROUP} == keys)
    machines = found[NODE_GROUP]
    assert machines["spec"]["replicas"] == 3
    assert machines["metadata"]["name"] == "prod-trainer-main-0a1b2c"
    assert machines["spec"]["template"]["spec"]["infrastructureRef"]["name"] == "dgx"
    # Its API server answers, and no node is available before there is a network.
    racks.api.patch_status(found["cluster"], {"initialization": {"controlPlaneInitialized": True}})
    found = racks.awaits_keys(lambda keys: {"gpu-operator", "storage-class"} <= keys)
    reference = found["helm-config"]["spec"]["credentials"]["secretRef"]
    assert reference == {"name": "prod-kubeconfig", "namespace": racks.namespace, "key": "value"}


def test_a_cluster_that_is_there_gets_its_drivers(site: Callable[..., Site]) -> None:
    racks = site("cluster/existing.yaml")
    racks.plan((1, 1, 1), provider="dc", purchase={"option": "owned", "site": "oslo"})
    racks.awaits_keys(
        lambda keys: keys == {"helm-config", "kubernetes-config", "gpu-operator", "storage-class"}
    )
    racks.report_all()
    racks.awaits("ClusterComposed", "Composed")


@pytest.fixture(scope="module")
def documents() -> dict[str, dict[str, Document]]:
    """What the functions desire once everything is ready, by platform and key."""
    finished = subprocess.run(
        [COMMAND.with_name("python"), "-m", "support.cluster_documents"],
        cwd=ROOT / "tests",
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    found: dict[str, dict[str, Document]] = json.loads(finished.stdout)
    return found


@pytest.mark.parametrize(
    "case", ["aws", "aws-wide", "gcp", "gcp-zonal", "existing", "cluster-api", "edge"]
)
def test_every_document_is_what_its_kind_takes(
    clusters: CapacityControlPlane,
    documents: dict[str, dict[str, Document]],
    kube_namespace: str,
    case: str,
) -> None:
    refused = {}
    for key, document in documents[case].items():
        name = document["metadata"].get("name", key)
        metadata = {**document["metadata"], "name": name, "namespace": kube_namespace}
        try:
            clusters.api.apply({**document, "metadata": metadata}, dry_run=True)
        except KubeError as error:
            refused[key] = str(error)
    assert refused == {}


MACHINE = {"apiGroup": "a.io", "kind": "T", "name": "t"}
ENTRY: Document = {"pool": "trainer", "instanceTypes": ["dgx"]}
ENTRY |= {"bootstrapTemplate": MACHINE, "machineTemplate": MACHINE}
SITES: list[tuple[str, Document, str | None]] = [
    ("cluster/aws.yaml", {}, None),
    ("cluster/gcp.yaml", {}, None),
    ("cluster/on-premises.yaml", {}, None),
    ("cluster/existing.yaml", {}, None),
    ("edge/xr.yaml", {}, None),
    ("cluster/aws.yaml", {"pools": ["trainer", "trainer"]}, "duplicate entries"),
    ("cluster/aws.yaml", {"amiFamily": "AL2"}, "spec.amiFamily: Unsupported value"),
    ("cluster/aws.yaml", {"network": {"cidr": "10.0"}}, "spec.network.cidr"),
    ("cluster/aws.yaml", {"regoin": "us-east-1"}, "regoin"),
    ("cluster/existing.yaml", {"onPremises": {}}, "give existing or clusterApi, and not both"),
    ("cluster/on-premises.yaml",
     {"onPremises": {"clusterApi": {"clusterClass": "m", "version": "1.35.3", "machines": [ENTRY]}}},
     "spec.onPremises.clusterApi.version"),
    ("edge/xr.yaml", {"install": None}, "give install, or kubeconfigSecretRef"),
    ("edge/xr.yaml", {"version": "v1.35.3"}, "spec.version"),
    ("edge/xr.yaml", {"install": {"endpoint": "a", "servers": 2}}, "spec.install.servers"),
]  # fmt: skip


@pytest.mark.parametrize(("example", "changes", "refusal"), SITES)
def test_the_api_server_takes_what_the_function_takes(
    clusters: CapacityControlPlane,
    kube_namespace: str,
    example: str,
    changes: Document,
    refusal: str | None,
) -> None:
    document = yaml.safe_load((EXAMPLES / example).read_text("utf-8"))
    document["metadata"]["namespace"] = kube_namespace
    document["spec"] |= changes
    document["spec"] = {key: each for key, each in document["spec"].items() if each is not None}
    if refusal is None:
        clusters.api.apply(document, dry_run=True)
    else:
        with pytest.raises(KubeError) as error:
            clusters.api.apply(document, dry_run=True)
        assert refusal in str(error.value)


@pytest.mark.parametrize(
    ("example", "changes", "refusal"),
    [
        ("cluster/aws.yaml", {"region": "eu-west-1"}, "region can't change"),
        ("cluster/aws.yaml", {"network": {"cidr": "10.9.0.0/16"}}, "network.cidr can't change"),
        ("cluster/gcp.yaml", {"gcp": {"project": "other-project"}}, "gcp.project can't change"),
        ("edge/xr.yaml", {"install": {"endpoint": "a", "clusterCidr": "10.1.0.0/16"}}, "addresses"),
    ],
)
def test_what_can_not_change_in_place_can_not_be_edited(
    site: Callable[..., Site], example: str, changes: Document, refusal: str
) -> None:
    made = site(example)
    made.apply()
    with pytest.raises(KubeError, match=refusal):
        made.apply(**changes)


def test_both_steps_render_a_cluster_with_the_groups_of_its_plan(
    crossplane: CrossplaneCli, tmp_path: Path
) -> None:
    with capacity_function(tmp_path) as function:
        xr, *composed = crossplane.render(
            EXAMPLES / "cluster" / "aws.yaml",
            APIS / "heterogeneouscluster" / "composition-aws.yaml",
            {FUNCTION: function.target},
            required_resources=EXAMPLES / "plan.yaml",
            xrd=APIS / "heterogeneouscluster" / "definition.yaml",
            results=False,
        )
    found = {each["metadata"]["annotations"][KEY]: each for each in composed}
    groups = {key for key, each in found.items() if each["kind"] == "NodeGroup"}
    assert groups == {
        "pool-trainer-reserved-0a1b2c",
        "pool-trainer-on-demand-0a1b2c",
        "pool-trainer-spot-7d2e4f",
    }
    spot = found["pool-trainer-spot-7d2e4f"]["spec"]["forProvider"]
    assert spot["capacityType"] == "SPOT"
    assert spot["clusterNameSelector"]["matchLabels"] == {"trimtab.dev/part": "cluster"}
    assert found["vpc"]["spec"]["forProvider"]["cidrBlock"] == "10.8.0.0/16"
    said = {each["type"]: each["reason"] for each in xr["status"]["conditions"]}
    assert (said["ClusterComposed"], said["CapacityPlanned"]) == ("Waiting", "AsPlanned")
