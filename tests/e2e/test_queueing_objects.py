"""Kueue's objects against a real API server, with the part of Kueue's CRDs that Trimtab uses."""

from pathlib import Path
from typing import Any

import pytest

from support.accelerator_cases import objects, run
from support.kube_api import KubeApi, KubeError
from support.plans import plan
from support.pruned import lost

pytestmark = pytest.mark.engine

HERE = Path(__file__).resolve().parent
CRDS = (HERE / "crds" / "local_stack.yaml", HERE / "crds" / "kueue.yaml")
API = "kueue.x-k8s.io/v1beta2"
OF_A_CLUSTER: dict[str, Any] = {
    "plan": "plan.yaml",
    "delivery": "flux",
    "fair_sharing": True,
    "queues": {
        "vision": {"pool": "trainer", "share": 0.5, "borrowing": 0.25, "weight": 2},
        "speech": {"pool": "trainer", "share": 0.25, "team": "speech", "lending": 0.5,
                   "strategy": "StrictFIFO"},
    },
    "weights": {"vision": 3},
    "priorities": {"urgent": 1000, "whenever": -10},
    "topologies": {"trainer": ["topology.kubernetes.io/zone", "kubernetes.io/hostname"]},
    "provisioning": {"class_name": "check-capacity.autoscaling.x-k8s.io", "parameters": {"a": "b"}},
    "pools": {"trainer": {"accelerator_taint": True, "team_taint": True}},
    "pods_per_node": 100,
}  # fmt: skip
OF_A_MANAGER: dict[str, Any] = {
    "delivery": "flux",
    "workers": {
        "east": {"plan": "plan.yaml", "kubeconfig_secret": "east"},
        "west": {"plan": "plan.yaml", "kubeconfig_secret": "west"},
    },
}


@pytest.fixture(scope="module")
def cluster(kube_api: KubeApi) -> KubeApi:
    """The API server with the CRDs that queues' objects need."""
    for file in CRDS:
        kube_api.apply_all(file)
    return kube_api


def made(folder: Path, arguments: dict[str, Any]) -> list[dict[str, Any]]:
    return objects(run(folder, f"t.Queueing('q', {arguments!r})\n", plan()))


@pytest.mark.parametrize(
    ("arguments", "kinds"),
    [
        (OF_A_CLUSTER, {"AdmissionCheck", "ClusterQueue", "Cohort", "LocalQueue",
                        "ProvisioningRequestConfig", "ResourceFlavor", "Topology",
                        "WorkloadPriorityClass"}),
        (OF_A_MANAGER, {"AdmissionCheck", "ClusterQueue", "Cohort", "LocalQueue", "MultiKueueCluster",
                        "MultiKueueConfig", "ResourceFlavor"}),
    ],
    ids=["a cluster", "a manager"],
)  # fmt: skip
def test_the_api_server_accepts_every_object(
    cluster: KubeApi,
    kube_namespace: str,
    tmp_path: Path,
    arguments: dict[str, Any],
    kinds: set[str],
) -> None:
    queues = arguments.get("queues", {"trainer": {"pool": "trainer"}})
    given = {
        **arguments,
        "queues": {name: {**each, "namespaces": [kube_namespace]} for name, each in queues.items()},
    }
    found = made(tmp_path, given)
    assert {each["kind"] for each in found if each["apiVersion"] == API} == kinds
    for each in found:
        assert lost(each, cluster.apply(each)) == [], each["kind"]
    for each in reversed(found):
        if each["apiVersion"] == API:
            namespace = each["metadata"].get("namespace")
            cluster.delete(API, each["kind"], each["metadata"]["name"], namespace)


@pytest.mark.parametrize(
    ("kind", "spoil", "says"),
    [
        ("ClusterQueue", {"cohortName": None}, "borrowingLimit must be nil when cohort is empty"),
        ("ClusterQueue", {"flavorFungibilty": {}}, "flavorFungibilty"),
        ("ClusterQueue", {"preemption": {"reclaimWithinCohort": "Never",
                                         "borrowWithinCohort": {"policy": "LowerPriority"}}},
         "reclaimWithinCohort=Never"),
        ("ResourceFlavor", {"nodeLabels": {str(i): "" for i in range(9)}}, "Too many"),
        ("Topology", {"levels": [{"nodeLabel": "kubernetes.io/hostname"}, {"nodeLabel": "rack"}]},
         "lowest level"),
    ],
)  # fmt: skip
def test_the_api_server_would_refuse_what_is_wrong(
    cluster: KubeApi, tmp_path: Path, kind: str, spoil: dict[str, Any], says: str
) -> None:
    found = made(tmp_path, OF_A_CLUSTER)
    kinds = [each for each in found if each["kind"] == kind]
    right = next((each for each in kinds if each["metadata"]["name"] == "vision"), kinds[0])
    cluster.apply(right, dry_run=True)
    wrong = {key: value for key, value in {**right["spec"], **spoil}.items() if value is not None}
    with pytest.raises(KubeError, match=says):
        cluster.apply({**right, "spec": wrong}, dry_run=True)
