"""Every plain Kubernetes kind that the capacity function writes, on a real API server.

Crossplane composes them: for a cluster-scoped XR as they are, and for a namespaced one inside Objects,
which provider-kubernetes applies for real. Karpenter, Kueue, KEDA and Knative don't run: the test
writes what they would report. HorizontalPodAutoscalers are the API server's own.
"""

import copy
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from support import plans
from support.capacity_cluster import CapacityControlPlane, eventually, plan_now
from support.capacity_function import Certificates, capacity_function, template_function
from support.crossplane_cli import CrossplaneCli
from support.engines import engine_share
from support.garbage_collector import garbage_collector
from support.kube_api import KubeApi, KubeError
from support.provider_kubernetes import CONFIG, provider_kubernetes
from support.pruned import lost
from support.xrds import xrd

pytestmark = pytest.mark.engine

HERE = Path(__file__).resolve().parent
EXAMPLE = HERE.parents[1] / "functions" / "examples" / "karpenter"
CAPACITY, TEMPLATES = "function-trimtab-capacity", "function-templates"
POOL, GROUP = "trimtab.dev/pool", "trimtab.dev/group"
RESOURCE_NAME = "crossplane.io/composition-resource-name"
HELD = {"option": "reserved", "term": "1y"}
SPOT = {"option": "spot", "pools": 2}
TAINT = {"key": "trimtab.dev/purchase-option", "value": "spot", "effect": "NoSchedule"}
NODE_POOL = ("karpenter.sh/v1", "NodePool")
Document = dict[str, Any]


def labelled(kind: str, version: str, name: str, spec: Any, group: str | None = None) -> Document:
    """A template of an earlier step; of each GPU a replica is one."""
    labels = {POOL: "trainer", **({GROUP: group} if group else {})}
    notes = {"trimtab.dev/units-per-replica": "8"}
    metadata = {"name": name, "labels": labels, "annotations": notes}
    if kind in {"HorizontalPodAutoscaler", "ScaledObject", "Service", "CapacityBuffer"}:
        metadata["namespace"] = "default"
    return {"apiVersion": version, "kind": kind, "metadata": metadata, "spec": spec}


CLASS_REF = {"group": "karpenter.k8s.aws", "kind": "EC2NodeClass", "name": "own"}
NODES = {"template": {"spec": {"nodeClassRef": CLASS_REF}}}
TERMS = [{"tags": {"karpenter.sh/discovery": "c"}}]
FOLLOWERS: dict[str, Document] = {
    "class": labelled(
        "EC2NodeClass", "karpenter.k8s.aws/v1", "own",
        {"role": "r", "subnetSelectorTerms": TERMS, "securityGroupSelectorTerms": TERMS,
         "amiSelectorTerms": [{"alias": "al2023@latest"}]}, "held"),
    "own-pool": labelled("NodePool", "karpenter.sh/v1", "own", NODES, "spot"),
    "own-static": labelled("NodePool", "karpenter.sh/v1", "own-static", {**NODES, "replicas": 0}, "held"),
    "overlay": labelled(
        "NodeOverlay", "karpenter.sh/v1alpha1", "own",
        {"requirements": [{"key": "karpenter.sh/nodepool", "operator": "In", "values": ["own"]}]},
        "held"),
    "buffer": labelled("CapacityBuffer", "autoscaling.x-k8s.io/v1beta1", "own",
                       {"podTemplateRef": {"name": "own"}}),
    "queue": labelled("ClusterQueue", "kueue.x-k8s.io/v1beta2", "own", {"namespaceSelector": {}}),
    "cohort": labelled("Cohort", "kueue.x-k8s.io/v1beta2", "own", {}),
    "flavor": labelled("ResourceFlavor", "kueue.x-k8s.io/v1beta2", "own", {}, "spot"),
    "hpa": labelled(
        "HorizontalPodAutoscaler", "autoscaling/v2", "own",
        {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "own"},
         "maxReplicas": 1}),
    "keda": labelled(
        "ScaledObject", "keda.sh/v1alpha1", "own",
        {"scaleTargetRef": {"name": "own"}, "idleReplicaCount": 0,
         "triggers": [{"type": "cron", "metadata": {"timezone": "UTC"}}]}),
    "knative": labelled(
        "Service", "serving.knative.dev/v1", "own",
        {"template": {"spec": {"containers": [{"image": "example.org/own"}]}}}),
}  # fmt: skip


def two_groups(*sizes: tuple[int, int, int]) -> Document:
    """A plan whose groups `held` and `spot` have one window that holds now."""
    document = plan_now(*(sizes or ((2, 3, 4),)))
    pool = document["spec"]["pools"][0]
    (window,) = pool["groups"][0]["windows"]
    paid = {**window, "min": 2, "desired": 2, "max": 3}
    pool["groups"] = [
        plans.group("held", HELD, windows=[paid]),
        plans.group("spot", SPOT, windows=[{**window, "min": 0}], taints=[TAINT]),
    ]
    pool["expected"]["interruptionUsdPerHour"] = 4.5
    return document


@pytest.fixture(scope="module")
def kinds(kube_api: KubeApi) -> KubeApi:
    """The API server with every kind's whole CRD, but for Kueue's, which are hand-written."""
    files = [*sorted((engine_share("karpenter") / "pkg/apis/crds").glob("*.yaml"))]
    files.append(engine_share("keda") / "config/crd/bases/keda.sh_scaledobjects.yaml")
    files.append(engine_share("knative") / "config/core/300-resources/service.yaml")
    files.append(HERE / "crds" / "kueue.yaml")
    for file in files:
        for made in kube_api.apply_all(file):
            kube_api.wait_established(made["metadata"]["name"])
    return kube_api


# --- What is written is accepted -----------------------------------------------------------------

XR = {
    "apiVersion": "platform.example.org/v1",
    "kind": "AdaptedCluster",
    "metadata": {"name": "adapted"},
    "spec": {
        "planRef": {"name": "example"},
        "pools": ["trainer"],
        "clusterName": "c",
        "karpenter": {"staticBaseline": True, "overlays": True},
    },
}
XRD = xrd("platform.example.org/v1", "AdaptedCluster", "adaptedclusters", scope="Cluster")


def composition(namespace: str, *keys: str, mode: str = "Compose") -> Document:
    """A Composition of templates and the capacity function."""
    return {
        "apiVersion": "apiextensions.crossplane.io/v1",
        "kind": "Composition",
        "metadata": {"name": "adapted"},
        "spec": {
            "compositeTypeRef": {key: XR[key] for key in ("apiVersion", "kind")},
            "mode": "Pipeline",
            "pipeline": [
                {
                    "step": "templates",
                    "functionRef": {"name": TEMPLATES},
                    "input": {
                        "apiVersion": "example.org/v1",
                        "kind": "Templates",
                        "resources": {key: FOLLOWERS[key] for key in keys or FOLLOWERS},
                    },
                },
                {
                    "step": "capacity",
                    "functionRef": {"name": CAPACITY},
                    "input": {
                        "apiVersion": "capacity.fn.trimtab.dev/v1alpha1",
                        "kind": "Input",
                        "mode": mode,
                        "compose": {"as": "Karpenter"},
                        "plan": {"name": "example", "namespace": namespace},
                    },
                },
            ],
        },
    }


@pytest.fixture(scope="module")
def targets(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Both functions, without TLS, for Crossplane's command line."""
    folder = tmp_path_factory.mktemp("functions")
    with capacity_function(folder) as capacity, template_function(folder) as templates:
        yield {CAPACITY: capacity.target, TEMPLATES: templates.target}


def test_the_api_server_takes_every_object_as_it_is_written(
    kinds: KubeApi, crossplane: CrossplaneCli, targets: dict[str, str]
) -> None:
    plan = two_groups()
    plan["metadata"]["namespace"] = "ml"
    xr, *made = crossplane.render(
        XR, composition("ml"), targets, required_resources=[plan], results=False
    )
    named = {each["metadata"]["annotations"][RESOURCE_NAME]: each for each in made}
    composed = {"trainer-held-0a1b2c", "trainer-held-0a1b2c-node-class"}
    composed |= {"trainer-held-0a1b2c-static", "trainer-held-0a1b2c-overlay"}
    # An earlier step has a NodePool for the spot group already.
    assert set(named) == {*FOLLOWERS, *composed}
    reasons = {each["type"]: each["reason"] for each in xr["status"]["conditions"]}
    assert (reasons["PlanUsable"], reasons["CapacityPlanned"]) == ("PlanFound", "AsPlanned")
    for key, document in named.items():
        document["metadata"].pop("ownerReferences", None)
        stored = kinds.apply(document, dry_run=True)
        assert not lost(document["spec"], stored["spec"]), key


@pytest.mark.parametrize(
    ("key", "spoil", "says"),
    [
        ("hpa", {"minReplicas": 0}, "must be greater than or equal to 1"),
        ("hpa", {"minReplicas": 9, "maxReplicas": 3}, "greater than or equal to `minReplicas`"),
        ("hpa", {"maxReplicas": 0}, "must be set and greater than 0"),
        ("queue", {"resourceGroups": [{"coveredResources": ["cpu"], "flavors": [
            {"name": "a", "resources": [{"name": "cpu", "nominalQuota": "-x"}]}]}]}, "nominalQuota"),
        ("queue", {"resourceGroups": [{"coveredResources": ["cpu", "memory"], "flavors": [
            {"name": "a", "resources": [{"name": "cpu", "nominalQuota": 1}]}]}]},
         "same number of resources"),
    ],
)  # fmt: skip
def test_the_api_server_would_refuse_what_is_never_written(
    kinds: KubeApi, key: str, spoil: Document, says: str
) -> None:
    wrong = copy.deepcopy(FOLLOWERS[key])
    wrong["spec"] |= spoil
    with pytest.raises(KubeError, match=says):
        kinds.apply(wrong, dry_run=True)


# --- Composed by Crossplane ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def adapted(
    with_function: CapacityControlPlane, kinds: KubeApi, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[KubeApi]:
    """Crossplane with the XRDs and both functions."""
    core = with_function.core
    core.apply_xrd(XRD)
    core.apply_xrd(yaml.safe_load((EXAMPLE / "definition.yaml").read_text("utf-8")))
    kinds.apply_all(EXAMPLE / "composition.yaml")
    folder = core.function_certificates
    with template_function(
        tmp_path_factory.mktemp("templates"), Certificates(folder, folder)
    ) as templates:
        core.register_function(TEMPLATES, int(templates.target.rpartition(":")[2]))
        yield kinds


class Composed:
    """An XR and what it composes; edited, so that Crossplane looks at it at once."""

    def __init__(self, api: KubeApi, xr: Document, namespace: str) -> None:
        self.api, self.xr, self.namespace, self._edits = api, xr, namespace, 0

    def apply_plan(self, document: Document) -> None:
        """The plan, in the namespace."""
        metadata = {**document["metadata"], "namespace": self.namespace}
        self.api.apply({**document, "metadata": metadata})
        self.touch()

    def delete_plan(self) -> None:
        self.api.delete("trimtab.dev/v1alpha1", "CapacityPlan", "example", self.namespace)
        self.touch()

    def touch(self) -> None:
        self._edits += 1
        metadata = {**self.xr["metadata"], "labels": {"edit": str(self._edits)}}
        self.api.apply({**self.xr, "metadata": metadata})

    def reasons(self) -> dict[str, str]:
        metadata = self.xr["metadata"]
        found = self.api.get(
            self.xr["apiVersion"], self.xr["kind"], metadata["name"], metadata.get("namespace")
        )
        return {
            each["type"]: each["reason"] for each in found.get("status", {}).get("conditions", [])
        }

    def spec(self, version: str, kind: str, name: str, namespace: str | None = None) -> Document:
        """An object's spec; empty where there is none."""
        try:
            found: Document = self.api.get(version, kind, name, namespace)["spec"]
        except KubeError as error:
            if error.code != 404:
                raise
            return {}
        return found


def now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def reports(api: KubeApi, version: str, kind: str, name: str, **status: Any) -> None:
    """What the kind's controller would report of a ready object."""
    ready = {
        "type": "Ready", "status": "True", "reason": "Ready", "message": "",
        "lastTransitionTime": now(),
    }  # fmt: skip

    def stored() -> Document | None:
        try:
            return api.get(version, kind, name)
        except KubeError as error:
            if error.code != 404:
                raise
            return None

    found = eventually(stored, lambda found: found is not None)
    assert found is not None
    api.patch_status(found, {"conditions": [ready], **status})


def holds(read: Callable[[], Any], expected: Any) -> None:
    eventually(read, lambda found: found == expected)


def test_bounds_follow_the_plan_and_stay_without_one(adapted: KubeApi, kube_namespace: str) -> None:
    adapted.apply(composition(kube_namespace, "own-pool", "hpa", "keda", "knative", "queue",
                              mode="Inject"))  # fmt: skip
    cluster = Composed(adapted, XR, kube_namespace)
    cluster.apply_plan(two_groups((0, 3, 4)))

    def scales() -> dict[str, Any]:
        hpa = cluster.spec("autoscaling/v2", "HorizontalPodAutoscaler", "own", "default")
        keda = cluster.spec("keda.sh/v1alpha1", "ScaledObject", "own", "default")
        service = cluster.spec("serving.knative.dev/v1", "Service", "own", "default")
        template = service.get("template", {}).get("metadata", {}).get("annotations", {})
        queue = cluster.spec("kueue.x-k8s.io/v1beta2", "ClusterQueue", "own")
        flavors = (queue.get("resourceGroups") or [{}])[0].get("flavors", [])
        return {
            "limit": cluster.spec("karpenter.sh/v1", "NodePool", "own").get("limits"),
            "hpa": (hpa.get("minReplicas"), hpa.get("maxReplicas")),
            "keda": (keda.get("minReplicaCount"), keda.get("maxReplicaCount")),
            "knative": template.get("autoscaling.knative.dev/max-scale"),
            "quotas": [each["resources"][0]["nominalQuota"] for each in flavors],
        }

    def expected(limit: int) -> dict[str, Any]:
        return {
            "limit": {"nodes": str(limit), "cpu": str(96 * limit)},
            "hpa": (2, 3 + limit),
            "keda": (2, 3 + limit),
            "knative": str(3 + limit),
            "quotas": ["24", str(8 * limit)],
        }

    holds(scales, expected(4))
    cluster.apply_plan(two_groups((0, 5, 9)))
    holds(scales, expected(9))
    versions = {
        kind: adapted.get(*kind)["metadata"]["resourceVersion"]
        for kind in (
            ("karpenter.sh/v1", "NodePool", "own"),
            ("autoscaling/v2", "HorizontalPodAutoscaler", "own", "default"),
            ("keda.sh/v1alpha1", "ScaledObject", "own", "default"),
            ("serving.knative.dev/v1", "Service", "own", "default"),
            ("kueue.x-k8s.io/v1beta2", "ClusterQueue", "own"),
        )
    }
    cluster.touch()
    cluster.delete_plan()
    eventually(cluster.reasons, lambda found: found.get("PlanUsable") == "PlanNotFound")
    for _ in range(3):
        cluster.touch()
        time.sleep(0.3)
    assert scales() == expected(9)
    for kind, version in versions.items():
        assert adapted.get(*kind)["metadata"]["resourceVersion"] == version, kind


@pytest.fixture(scope="module")
def applied(
    with_function: CapacityControlPlane, adapted: KubeApi, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[KubeApi]:
    """The same with provider-kubernetes at work, and Kubernetes' garbage collector: what is deleted
    goes."""
    folder = tmp_path_factory.mktemp("provider-kubernetes")
    collector = tmp_path_factory.mktemp("garbage-collector")
    with provider_kubernetes(with_function.core, folder), garbage_collector(adapted, collector):
        yield adapted


def test_a_namespaced_xr_has_its_node_pools_applied_by_provider_kubernetes(
    applied: KubeApi, kube_namespace: str
) -> None:
    xr = yaml.safe_load((EXAMPLE / "xr.yaml").read_text("utf-8"))
    xr["metadata"]["namespace"] = kube_namespace
    xr["spec"]["planRef"]["name"] = "example"
    xr["spec"]["karpenter"]["objects"] = CONFIG
    cluster = Composed(applied, xr, kube_namespace)
    try:
        _live(applied, cluster)
    finally:
        # Deleting the XR is a person's word: all of it goes, and out of other tests' way.
        applied.delete(xr["apiVersion"], xr["kind"], xr["metadata"]["name"], kube_namespace)
        holds(lambda: _left(applied), [])


def _left(api: KubeApi) -> list[str]:
    kinds = (NODE_POOL, ("karpenter.k8s.aws/v1", "EC2NodeClass"))
    names = [each["metadata"]["name"] for kind in kinds for each in api.list_all(*kind)]
    return [name for name in names if name.startswith("trainer-")]


def _live(applied: KubeApi, cluster: Composed) -> None:
    """A plan, another, one with other offers, and none."""
    cluster.apply_plan(two_groups((0, 3, 4)))
    pool = NODE_POOL

    def limit(name: str = "trainer-spot-0a1b2c") -> Any:
        return cluster.spec(*pool, name).get("limits", {}).get("nodes")

    holds(limit, "4")
    holds(lambda: cluster.spec(*pool, "trainer-held-0a1b2c-static").get("replicas"), 2)
    holds(lambda: limit("trainer-held-0a1b2c"), "1")
    for name in ("held", "spot"):
        each = f"trainer-{name}-0a1b2c"
        reports(applied, "karpenter.k8s.aws/v1", "EC2NodeClass", each)
        reports(applied, *pool, each, nodes=1)
    reports(applied, *pool, "trainer-held-0a1b2c-static", nodes=2)
    for name in ("held", "spot"):
        reports(applied, "karpenter.sh/v1alpha1", "NodeOverlay", f"trainer-{name}-0a1b2c")
    eventually(cluster.reasons, lambda found: found.get("Ready") == "Available")

    cluster.apply_plan(two_groups((0, 3, 7)))
    holds(limit, "7")
    # Changed offers: another NodePool, and the old one goes when that is ready.
    changed = two_groups((0, 3, 7))
    group = changed["spec"]["pools"][0]["groups"][1]
    group["generation"], group["offers"] = "ffffff", [{"instanceType": "p5.48xlarge"}]
    cluster.apply_plan(changed)
    holds(lambda: limit("trainer-spot-ffffff"), "7")
    time.sleep(0.5)
    assert limit() == "7"
    reports(applied, "karpenter.k8s.aws/v1", "EC2NodeClass", "trainer-spot-ffffff")
    reports(applied, *pool, "trainer-spot-ffffff", nodes=0)
    cluster.touch()
    holds(limit, None)
    assert limit("trainer-spot-ffffff") == "7"

    cluster.delete_plan()
    eventually(cluster.reasons, lambda found: found.get("PlanUsable") == "PlanNotFound")
    before = cluster.spec(*pool, "trainer-spot-ffffff")
    for _ in range(3):
        cluster.touch()
        time.sleep(0.3)
    assert cluster.spec(*pool, "trainer-spot-ffffff") == before
    assert cluster.spec(*pool, "trainer-held-0a1b2c-static")["replicas"] == 2


def test_a_namespaced_xr_can_compose_no_node_pool_of_its_own(
    adapted: KubeApi, kube_namespace: str
) -> None:
    xr = yaml.safe_load((EXAMPLE / "xr.yaml").read_text("utf-8"))
    xr["metadata"] |= {"namespace": kube_namespace, "name": "plain"}
    xr["spec"]["planRef"]["name"] = "example"
    del xr["spec"]["karpenter"]["objects"]
    cluster = Composed(adapted, xr, kube_namespace)
    cluster.apply_plan(two_groups())
    eventually(cluster.reasons, lambda found: found.get("Synced") == "ReconcileError")
    found = adapted.get(xr["apiVersion"], xr["kind"], "plain", kube_namespace)
    (synced,) = [each for each in found["status"]["conditions"] if each["type"] == "Synced"]
    assert "cannot apply cluster scoped composed resource" in synced["message"]
