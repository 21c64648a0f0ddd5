"""The accelerators' objects against a real API server, and nodes that open when it lets them.

kubectl is played by requests: the pod's three steps are the ones that `kubectl taint` and `kubectl
wait` make, under a token that the API server bound to a pod on the node.
"""

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from support.accelerator_cases import objects, plan_of_pools, run, serve
from support.kube_api import KubeApi, KubeError
from trimtab.catalogue.accelerators import ACCELERATORS, MIG_INSTANCES_PER_DEVICE
from trimtab.provision.accelerators.device_classes import class_of, device_class_spec
from trimtab.provision.accelerators.readiness import ACCOUNT, NAMESPACE
from trimtab.provision.nodes import READINESS_TAINT

pytestmark = pytest.mark.engine

HERE = Path(__file__).resolve().parent
CRDS = (HERE / "crds" / "local_stack.yaml", HERE / "crds" / "accelerators.yaml")
READY = {"readiness_taint": True}
POLICY_BINDING = "ValidatingAdmissionPolicyBinding"
ADMISSION = "admissionregistration.k8s.io/v1"
NODE = "gated"
OTHER = "gated-too"
WAITS = {"key": READINESS_TAINT, "value": "true", "effect": "NoSchedule"}
KEPT = {"key": "example.com/kept", "effect": "NoSchedule"}


@pytest.fixture(scope="module")
def cluster(kube_api: KubeApi) -> KubeApi:
    """The API server with the CRDs that accelerators' objects need."""
    for file in CRDS:
        for made in kube_api.apply_all(file):
            kube_api.wait_established(made["metadata"]["name"])
    return kube_api


def within(stored: Any, sent: Any) -> bool:
    """Whether all that was sent is there, among defaults."""
    if isinstance(sent, dict):
        return isinstance(stored, dict) and all(within(stored.get(k), v) for k, v in sent.items())
    if isinstance(sent, list):
        same = isinstance(stored, list) and len(stored) == len(sent)
        return same and all(within(*pair) for pair in zip(stored, sent, strict=True))
    return bool(stored == sent)


@pytest.mark.parametrize(
    ("pools", "arguments", "kinds"),
    [
        (
            ("h100", "trainium", "f2"),
            {"image": "AL2023", "pools": {"h100": READY, "trainium": {**READY, "efa": True}}},
            {"DaemonSet", "ValidatingAdmissionPolicy", "ClusterRole", "HelmRelease"},
        ),
        (
            ("h100", "gb200", "slices"),
            {"image": "AL2023", "dra": "driver", "kubernetes_version": "1.34",
             "pools": {"slices": {"mig_profile": "all-1g.5gb"}}},
            {"DeviceClass", "HelmRelease"},
        ),
        (
            ("mi300", "max", "arria", "gaudi"),
            {"image": "UBUNTU", "pools": {"gaudi": READY}},
            {"DeviceConfig", "FpgaDevicePlugin", "NodeFeatureRule", "DaemonSet"},
        ),
    ],
    ids=["EKS", "DRA", "on-premises"],
)  # fmt: skip
def test_the_api_server_accepts_every_object(
    cluster: KubeApi,
    tmp_path: Path,
    pools: tuple[str, ...],
    arguments: dict[str, Any],
    kinds: set[str],
) -> None:
    made = objects(serve(tmp_path, plan_of_pools(*pools), {**arguments, "delivery": "flux"}))
    assert kinds <= {each["kind"] for each in made}
    for each in made:
        stored = cluster.apply(each)
        # Nothing was pruned: every field is one that the kind has.
        assert within(stored.get("spec", {}), each.get("spec", {})), each["kind"]
    close_nothing(cluster)


def test_the_api_server_accepts_the_class_of_every_gpu(cluster: KubeApi) -> None:
    """Their CEL compiles and costs no more than is allowed."""
    for name, accelerator in ACCELERATORS.items():
        if accelerator.vendor != "nvidia":
            continue
        for profile in [None, *list(MIG_INSTANCES_PER_DEVICE.get(name, {}))[:1]]:
            found = class_of(name, profile)
            cluster.apply(
                {
                    "apiVersion": "resource.k8s.io/v1",
                    "kind": "DeviceClass",
                    "metadata": {"name": found.name},
                    "spec": device_class_spec(found),
                },
                dry_run=True,
            )


@pytest.mark.parametrize(
    ("kind", "spoil", "says"),
    [
        ("DeviceClass", {"selectors": [{"cel": {"expression": "device.drivr == 'x'"}}]}, "drivr"),
        ("FpgaDevicePlugin", {"mode": "zone"}, "mode"),
        ("DeviceConfig", {"devicePlugn": {}}, "devicePlugn"),
    ],
)
def test_the_api_server_would_refuse_what_is_wrong(
    cluster: KubeApi, tmp_path: Path, kind: str, spoil: dict[str, Any], says: str
) -> None:
    body = """
t.NvidiaDraDriver('d', {'image': 'AL2023', 'kubernetes_version': '1.34', 'delivery': 'flux',
                        'device_classes': [{'model': 'l4'}]})
t.AmdGpuOperator('a', {'image': 'UBUNTU', 'delivery': 'flux'})
t.IntelDevices('i', {'image': 'UBUNTU', 'devices': ['fpga'], 'delivery': 'flux'})
"""
    made = objects(run(tmp_path, body))
    for each in made:
        if each["kind"] == "Namespace":
            cluster.apply(each)
    right = next(each for each in made if each["kind"] == kind)
    cluster.apply(right, dry_run=True)
    with pytest.raises(KubeError, match=says):
        cluster.apply({**right, "spec": {**right["spec"], **spoil}}, dry_run=True)


def close_nothing(api: KubeApi) -> None:
    """Take the policies out of force: the API server serves other tests' nodes too."""
    for each in api.list_all(ADMISSION, POLICY_BINDING):
        if each["metadata"]["name"].startswith("trimtab-accelerator-gate"):
            api.delete(ADMISSION, POLICY_BINDING, each["metadata"]["name"])


@pytest.fixture(scope="module")
def bound_gate(cluster: KubeApi, tmp_path_factory: pytest.TempPathFactory) -> Iterator[KubeApi]:
    """The API server as the gate's pod on NODE sees it, with two nodes."""
    folder = tmp_path_factory.mktemp("gate")
    plan, pools = plan_of_pools("h100", "slices"), {"h100": READY, "slices": READY}
    made = objects(serve(folder, plan, {"image": "AL2023", "pools": pools, "delivery": "flux"}))
    for each in made:
        if not each["apiVersion"].partition("/")[0].endswith("toolkit.fluxcd.io"):
            cluster.apply(each)
    for name, pool in ((NODE, "h100"), (OTHER, "slices")):
        labels = {"trimtab.dev/pool": pool, "trimtab.dev/group": "od"}
        cluster.apply(
            {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels}}
        )
        taint(cluster, name, [WAITS, KEPT])
    (spec,) = (
        each["spec"]["template"]["spec"]
        for each in made
        if each["kind"] == "DaemonSet" and "gpu" in each["metadata"]["name"]
    )
    pods = f"/api/v1/namespaces/{NAMESPACE}/pods"
    pod = cluster.request(
        "POST",
        pods,
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"generateName": "gate-"},
            "spec": {**spec, "nodeName": NODE},
        },
    )
    bound = {
        "apiVersion": "v1",
        "kind": "Pod",
        "name": pod["metadata"]["name"],
        "uid": pod["metadata"]["uid"],
    }
    token = cluster.request(
        "POST",
        f"/api/v1/namespaces/{NAMESPACE}/serviceaccounts/{ACCOUNT}/token",
        {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenRequest",
            "spec": {"audiences": ["https://kubernetes.default.svc"], "boundObjectRef": bound},
        },
    )["status"]["token"]
    as_gate = replace(cluster, token=token)
    in_force(cluster, as_gate)
    yield as_gate
    close_nothing(cluster)
    for name in (NODE, OTHER):
        cluster.delete("v1", "Node", name)


@pytest.fixture
def gate(cluster: KubeApi, bound_gate: KubeApi) -> KubeApi:
    """The same, both nodes waiting and offering nothing."""
    for name in (NODE, OTHER):
        taint(cluster, name, [WAITS, KEPT])
        offer(cluster, name, None)
    return bound_gate


def in_force(cluster: KubeApi, gate: KubeApi) -> None:
    """Wait until the API server has read both policies: it refuses what each forbids."""
    deadline = time.monotonic() + 10
    again = [KEPT, {**WAITS, "value": "again"}]
    forbidden = (
        (gate, OTHER, again, "own node only"),
        (cluster, NODE, [KEPT], "stays until"),
    )
    while not all(refused(*each) for each in forbidden):
        if time.monotonic() > deadline:
            raise TimeoutError("the gates' policies are not in force")
        time.sleep(0.1)


def refused(api: KubeApi, node: str, taints: list[dict[str, str]], says: str) -> bool:
    try:
        taint(api, node, taints, dry_run=True)
    except KubeError as error:
        return says in str(error)
    return False


def taint(api: KubeApi, name: str, taints: list[dict[str, str]], dry_run: bool = False) -> None:
    patch = {"spec": {"taints": taints}}
    query = {"dryRun": "All"} if dry_run else {}
    api.request("PATCH", f"/api/v1/nodes/{name}", patch, "application/merge-patch+json", **query)


def offer(api: KubeApi, name: str, allocatable: dict[str, str] | None) -> None:
    """What the kubelet reports."""
    patch = {"status": {"allocatable": allocatable, "capacity": allocatable}}
    api.request("PATCH", f"/api/v1/nodes/{name}/status", patch, "application/merge-patch+json")


def taints_of(api: KubeApi, name: str) -> set[str]:
    return {each["key"] for each in api.get("v1", "Node", name)["spec"].get("taints", [])}


@pytest.mark.parametrize(
    "allocatable", [{}, {"nvidia.com/gpu": "0"}, {"cpu": "192", "nvidia.com/mig-1g.5gb": "7"}]
)
def test_a_node_stays_closed_while_nothing_is_allocatable(
    cluster: KubeApi, gate: KubeApi, allocatable: dict[str, str]
) -> None:
    offer(cluster, NODE, allocatable)
    says = "stays until one of nvidia.com/gpu is allocatable"
    for anybody in (gate, cluster):
        with pytest.raises(KubeError, match=says):
            taint(anybody, NODE, [KEPT])
    # Not by taking the pool's label away in the same breath.
    trick = {"metadata": {"labels": {"trimtab.dev/pool": None}}, "spec": {"taints": [KEPT]}}
    with pytest.raises(KubeError, match=says):
        cluster.request("PATCH", f"/api/v1/nodes/{NODE}", trick, "application/merge-patch+json")
    assert READINESS_TAINT in taints_of(cluster, NODE)


def test_a_node_opens_when_its_accelerators_are_there_and_may_close_again(
    cluster: KubeApi, gate: KubeApi
) -> None:
    offer(cluster, NODE, {"nvidia.com/gpu": "7"})
    taint(gate, NODE, [KEPT])
    assert READINESS_TAINT not in taints_of(cluster, NODE)
    taint(gate, NODE, [KEPT, WAITS])
    taint(gate, NODE, [KEPT])
    assert KEPT["key"] in taints_of(cluster, NODE)


def test_a_gate_opens_its_own_node_only(cluster: KubeApi, gate: KubeApi) -> None:
    offer(cluster, OTHER, {"nvidia.com/mig-1g.5gb": "56"})
    with pytest.raises(KubeError, match="own node only"):
        taint(gate, OTHER, [KEPT])
    # Somebody who may is not held up: the slices of its pool are there.
    taint(cluster, OTHER, [KEPT])
    assert READINESS_TAINT not in taints_of(cluster, OTHER)


@pytest.mark.parametrize(
    "change",
    [
        {"metadata": {"labels": {"a": "b"}}},
        {"metadata": {"annotations": {"a": "b"}}},
        {"spec": {"unschedulable": True}},
        {"spec": {"taints": [WAITS]}},
        {"spec": {"taints": [WAITS, KEPT, {"key": "more", "effect": "NoExecute"}]}},
    ],
    ids=["label", "annotation", "cordon", "another taint away", "another taint"],
)
def test_a_gate_changes_nothing_else(gate: KubeApi, change: dict[str, Any]) -> None:
    with pytest.raises(KubeError, match="may change nothing but"):
        gate.request("PATCH", f"/api/v1/nodes/{NODE}", change, "application/merge-patch+json")


def test_a_gate_reads_nodes_and_nothing_more(gate: KubeApi) -> None:
    assert taints_of(gate, NODE) >= {READINESS_TAINT}
    for path in (f"/api/v1/namespaces/{NAMESPACE}/secrets", "/api/v1/pods"):
        with pytest.raises(KubeError, match="forbidden"):
            gate.request("GET", path)
