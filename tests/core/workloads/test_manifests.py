"""Kubernetes kinds: replicas, resources and scheduling fields."""

from typing import Any

import pytest
import yaml

from support.manifests import (
    CPU,
    GPU,
    RAY,
    RAY_GROUP,
    deployment,
    error_of,
    manifest,
    pod,
    read,
    read_one,
)
from trimtab.workloads.model import NodeRequirement, Replica, Toleration
from trimtab.workloads.reader import parse_workloads


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (manifest("Deployment", "apps/v1", {"template": pod(CPU)}), {"job": 1}),
        (manifest("StatefulSet", "apps/v1", {"replicas": 3, "template": pod(CPU)}), {"job": 3}),
        (manifest("ReplicaSet", "apps/v1", {"replicas": 2, "template": pod(CPU)}), {"job": 2}),
        (manifest("Pod", "v1", pod(CPU)["spec"]), {"job": 1}),
        (manifest("Job", "batch/v1", {"template": pod(GPU)}), {"job": 1}),
        (
            manifest("Job", "batch/v1", {"parallelism": 8, "completions": 5, "template": pod(GPU)}),
            {"job": 5},
        ),
        (
            manifest(
                "CronJob",
                "batch/v1",
                {"jobTemplate": {"spec": {"parallelism": 4, "template": pod(GPU)}}},
            ),
            {"job": 4},
        ),
        (
            manifest(
                "PyTorchJob",
                "kubeflow.org/v1",
                {
                    "pytorchReplicaSpecs": {
                        "Master": {"replicas": 1, "template": pod(GPU)},
                        "Worker": {"replicas": 3, "template": pod(GPU)},
                    }
                },
            ),
            {"job": 4},
        ),
        (
            manifest(
                "PyTorchJob",
                "kubeflow.org/v1",
                {
                    "pytorchReplicaSpecs": {
                        "Master": {"template": pod(CPU)},
                        "Worker": {"replicas": 3, "template": pod(GPU)},
                    }
                },
            ),
            {"job-master": 1, "job-worker": 3},
        ),
        (manifest("RayCluster", "ray.io/v1", RAY), {"job-head": 1, "job-gpu-workers": 2}),
        (
            manifest("RayJob", "ray.io/v1", {"rayClusterSpec": RAY}),
            {"job-head": 1, "job-gpu-workers": 2},
        ),
        (
            manifest("RayService", "ray.io/v1", {"rayClusterConfig": RAY}),
            {"job-head": 1, "job-gpu-workers": 2},
        ),
        (
            manifest(
                "RayCluster",
                "ray.io/v1",
                {
                    **RAY,
                    "workerGroupSpecs": [{**RAY_GROUP, "minReplicas": 3, "numOfHosts": 4}],
                },
            ),
            {"job-head": 1, "job-gpu-workers": 12},
        ),
        (
            manifest(
                "LeaderWorkerSet",
                "leaderworkerset.x-k8s.io/v1",
                {"replicas": 2, "leaderWorkerTemplate": {"size": 4, "workerTemplate": pod(GPU)}},
            ),
            {"job": 8},
        ),
        (
            manifest(
                "LeaderWorkerSet",
                "leaderworkerset.x-k8s.io/v1",
                {
                    "replicas": 2,
                    "leaderWorkerTemplate": {
                        "size": 4,
                        "leaderTemplate": pod(CPU),
                        "workerTemplate": pod(GPU),
                    },
                },
            ),
            {"job-leader": 2, "job-worker": 6},
        ),
    ],
)
def test_kinds_and_their_replicas(document: Any, expected: dict[str, int]) -> None:
    assert {workload.name: workload.replicas for workload in read(document)} == expected


@pytest.mark.parametrize(
    ("spec", "replica"),
    [
        ({"containers": [{"resources": CPU}, {"resources": CPU}]}, Replica(8.0, 32.0)),
        ({"containers": [{"resources": {"limits": {"cpu": 2}}}]}, Replica(2.0, 0.0)),
        (
            {"containers": [{"resources": {"limits": {"cpu": 2}, "requests": {"cpu": "1500m"}}}]},
            Replica(1.5, 0.0),
        ),
        (  # An init container larger than what runs later sets the request.
            {
                "initContainers": [{"resources": {"requests": {"cpu": 6, "memory": "1Gi"}}}],
                "containers": [{"resources": CPU}],
            },
            Replica(6.0, 16.0),
        ),
        (  # A sidecar runs beside the containers and beside the init containers after it.
            {
                "initContainers": [
                    {"resources": {"requests": {"cpu": 5}}},
                    {"restartPolicy": "Always", "resources": {"requests": {"cpu": 1}}},
                    {"resources": {"requests": {"cpu": 5}}},
                ],
                "containers": [{"resources": CPU}],
            },
            Replica(6.0, 16.0),
        ),
        (
            {
                "initContainers": [
                    {"restartPolicy": "Always", "resources": {"requests": {"cpu": 1}}}
                ],
                "containers": [{"resources": CPU}],
            },
            Replica(5.0, 16.0),
        ),
        (
            {
                "containers": [{"resources": CPU}],
                "overhead": {"cpu": "250m", "memory": "512Mi"},
            },
            Replica(4.25, 16.5),
        ),
        (
            {"containers": [{"resources": CPU}], "resources": {"requests": {"cpu": 10}}},
            Replica(10.0, 16.0),
        ),
        ({"containers": [{"resources": GPU}]}, Replica(0.0, 0.0, "nvidia.com/gpu", 8.0)),
        (
            {"containers": [{"resources": {"limits": {"nvidia.com/mig-1g.5gb": 2}}}]},
            Replica(0.0, 0.0, "nvidia.com/mig-1g.5gb", 2.0),
        ),
        (
            {"containers": [{"resources": {"limits": {"aws.amazon.com/neuroncore": 2}}}]},
            Replica(0.0, 0.0, "aws.amazon.com/neuroncore", 2.0),
        ),
        (
            {"containers": [{"resources": {"limits": {"google.com/tpu": 4}}}]},
            Replica(0.0, 0.0, "google.com/tpu", 4.0),
        ),
        (
            {"containers": [{"resources": {"limits": {"amd.com/xilinx_u250_gen3x16-0": 1}}}]},
            Replica(0.0, 0.0, "amd.com/xilinx_u250_gen3x16-0", 1.0),
        ),
    ],
)
def test_resources_add_up_as_for_the_scheduler(spec: Any, replica: Replica) -> None:
    assert read_one(manifest("Pod", "v1", spec)).replica == replica


def test_selectors_affinity_tolerations_priority_and_claims() -> None:
    affinity = {
        "nodeAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": {
                "nodeSelectorTerms": [
                    {"matchExpressions": [{"key": "a", "operator": "Exists"}]},
                    {"matchExpressions": [{"key": "b", "operator": "In", "values": ["x"]}]},
                    {"matchFields": []},
                ]
            },
            "preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 1, "preference": {}}],
        },
        "podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [{}]},
    }
    spec = pod(
        CPU,
        affinity=affinity,
        nodeSelector={"disk": "fast"},
        tolerations=[{"key": "gpu", "value": "yes", "effect": "NoSchedule"}],
        priorityClassName="high",
        volumes=[{"name": "a", "persistentVolumeClaim": {"claimName": "b"}}, {"name": "tmp"}],
        resourceClaims=[{"name": "gpu"}],
    )
    stateful = manifest(
        "StatefulSet",
        "apps/v1",
        {"template": spec, "volumeClaimTemplates": [{"metadata": {"name": "data"}}]},
    )
    found = parse_workloads(yaml.safe_dump(stateful), "file.yaml")
    (workload,) = found.workloads
    assert workload.node_requirements == (
        (NodeRequirement("a", "Exists"),),
        (NodeRequirement("b", "In", ("x",)),),
    )
    assert workload.node_selector == (("disk", "fast"),)
    assert workload.tolerations == (Toleration("gpu", "Equal", "yes", "NoSchedule"),)
    assert workload.priority_class == "high"
    assert workload.volumes == ("b", "data")
    told = " ".join(found.notes)
    for part in ("preferred node affinity", "matchFields", "podAntiAffinity", "resourceClaims"):
        assert part in told


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ({"containers": []}, "at least one container"),
        ({"containers": [{"name": "a"}]}, "asks for no cpu, memory or accelerator"),
        ({"containers": "a"}, "is not a list"),
        (
            {"containers": [{"resources": {"limits": {"nvidia.com/gpu": 1, "amd.com/gpu": 1}}}]},
            "amd.com/gpu and nvidia.com/gpu in one replica",
        ),
        (
            {
                "containers": [
                    {
                        "resources": {
                            "limits": {"nvidia.com/gpu": 2},
                            "requests": {"nvidia.com/gpu": 1},
                        }
                    }
                ]
            },
            "request and limit of an extended resource differ",
        ),
    ],
)
def test_wrong_pods(spec: Any, says: str) -> None:
    assert says in error_of(yaml.safe_dump(manifest("Pod", "v1", spec)))


@pytest.mark.parametrize(
    ("extra", "says"),
    [
        ({"nodeSelector": {"disk": True}}, 'quote it: "true"'),
        ({"nodeSelector": {"gpu-type": "a100", "accelerator": "h100"}}, "no accelerator meets"),
        ({"nodeSelector": {"karpenter.sh/capacity-type": "cheap"}}, "use one of spot, on-demand"),
        ({"tolerations": [{"operator": "Is"}]}, "use Equal or Exists"),
        ({"tolerations": [{"effect": "NoRun"}]}, "use NoSchedule"),
    ],
)
def test_wrong_scheduling_fields(extra: dict[str, Any], says: str) -> None:
    assert says in error_of(yaml.safe_dump(deployment(**extra)))


@pytest.mark.parametrize(
    ("expression", "says"),
    [
        ({"key": "a", "operator": "Is"}, "use In, NotIn"),
        ({"key": "a", "operator": "In"}, "takes at least one value"),
        ({"key": "a", "operator": "Exists", "values": ["x"]}, "takes no values"),
        ({"key": "a", "operator": "Gt", "values": ["x"]}, "one whole number"),
        ({"operator": "Exists"}, "key: is missing"),
        ({"key": "gpu-type", "operator": "In", "values": ["b1000"]}, "unknown accelerator"),
    ],
)
def test_wrong_affinity(expression: dict[str, Any], says: str) -> None:
    term = {"nodeSelectorTerms": [{"matchExpressions": [expression]}]}
    affinity = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": term}}
    assert says in error_of(yaml.safe_dump(deployment(affinity=affinity)))


def test_no_replicas_count_as_one_and_it_is_said() -> None:
    document = manifest("Deployment", "apps/v1", {"replicas": 0, "template": pod(CPU)})
    found = parse_workloads(yaml.safe_dump(document), "file.yaml")
    assert found.workloads[0].replicas == 1
    assert "declares no replicas" in found.notes[0]


@pytest.mark.parametrize(
    ("document", "says"),
    [
        (manifest("PyTorchJob", "kubeflow.org/v1", {}), "pytorchReplicaSpecs: is missing or empty"),
        (
            manifest("PyTorchJob", "kubeflow.org/v1", {"pytorchReplicaSpecs": {"Chief": {}}}),
            "unknown replica type Chief; use Master and Worker",
        ),
        (manifest("RayCluster", "ray.io/v1", {}), "spec.headGroupSpec: is missing"),
        (
            manifest("RayCluster", "ray.io/v1", {**RAY, "workerGroupSpecs": [{}]}),
            "spec.workerGroupSpecs[0].groupName: is missing",
        ),
        (
            manifest(
                "LeaderWorkerSet",
                "leaderworkerset.x-k8s.io/v1",
                {"leaderWorkerTemplate": {"size": 0}},
            ),
            "spec.leaderWorkerTemplate.size: is below one",
        ),
        (manifest("Job", "batch/v1", {}), "spec.template.spec: is missing"),
        (
            deployment(
                nodeSelector={
                    "karpenter.sh/capacity-type": "spot",
                    "eks.amazonaws.com/capacityType": "ON_DEMAND",
                }
            ),
            "selectors contradict each other on the capacity type",
        ),
    ],
)
def test_wrong_kinds(document: Any, says: str) -> None:
    assert says in error_of(yaml.safe_dump(document))


@pytest.mark.parametrize(
    ("toleration", "tolerated"),
    [
        (Toleration("nvidia.com/gpu", "Exists"), True),
        (Toleration("nvidia.com/gpu", "Exists", effect="NoSchedule"), True),
        (Toleration("nvidia.com/gpu", "Exists", effect="NoExecute"), False),
        (Toleration("nvidia.com/gpu", "Equal", "true"), True),
        (Toleration("nvidia.com/gpu", "Equal", "false"), False),
        (Toleration(operator="Exists"), True),
        (Toleration("other", "Exists"), False),
    ],
)
def test_a_toleration_of_a_gpu_taint(toleration: Toleration, tolerated: bool) -> None:
    assert toleration.tolerates("nvidia.com/gpu", "true", "NoSchedule") is tolerated
