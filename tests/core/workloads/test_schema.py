"""`Workload` documents and their published schema."""

from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from support.manifests import WORKLOAD, error_of
from trimtab.workloads.model import NodeRequirement, Owner, Replica, Toleration, Workload
from trimtab.workloads.reader import parse_workloads, workload_schema


def test_a_workload_document() -> None:
    text = (
        WORKLOAD
        + """\
  accelerators: [l4]
  instanceTypes: [g6.xlarge]
  nodeSelector: {disk: fast}
  nodeSelectorTerms:
    - matchExpressions:
        - {key: kubernetes.io/arch, operator: In, values: [amd64]}
  tolerations:
    - {key: nvidia.com/gpu, operator: Exists}
  volumes: [models]
  priorityClassName: high
  interruptible: true
  restartHours: 1
  shortageTolerance: 0.05
  latencyMs: 80
  unitsPerAccelerator: 12.5
  unitsPerNode: {g6.xlarge: 13}
"""
    ).replace("    memory: 1Gi\n", "    memory: 1Gi\n    nvidia.com/gpu: 1\n")
    assert parse_workloads(text, "file.yaml").workloads == (
        Workload(
            name="search",
            source="file.yaml, document 1 (Workload)",
            replicas=3,
            replica=Replica(0.5, 1.0, "nvidia.com/gpu", 1.0),
            accelerators=("l4",),
            instance_types=("g6.xlarge",),
            node_selector=(("disk", "fast"),),
            node_requirements=((NodeRequirement("kubernetes.io/arch", "In", ("amd64",)),),),
            tolerations=(Toleration("nvidia.com/gpu", "Exists"),),
            volumes=("models",),
            priority_class="high",
            interruptible=True,
            restart_hours=1.0,
            shortage_tolerance=0.05,
            regions=("eu-west-1", "eu-central-1"),
            latency_ms=80.0,
            owner=Owner(team="web"),
            units_per_accelerator=12.5,
            units_per_node=(("g6.xlarge", 13.0),),
        ),
    )


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("replicas", "replcas", "spec.replcas: unknown key; did you mean replicas?"),
        ("team", "taem", "spec.owner.taem: unknown key; did you mean team?"),
        ("500m", "-1", "line 8, document 1 (Workload search), spec.resources.cpu: -1 is below"),
        ("[eu-west-1, eu-central-1]", "eu-west-1", "spec.allowedRegions"),
        ("replicas: 3", 'replicas: "3"', "spec.replicas"),
        ("replicas: 3", "replicas: 0", "spec.replicas"),
        ("name: search", "name: Search", "metadata.name"),
        ("v1alpha1", "v2", "should be 'trimtab.dev/v1alpha1'"),
        ("cpu: 500m", "cpu: 0", "memory: 1Gi"),
        ("    cpu: 500m\n    memory: 1Gi\n", "    nvidia.com/gpus: 1\n", "did you mean"),
        ("    cpu: 500m", "    nvidia.com/gpu: 500m", "not whole"),
        ("  owner", "  accelerators: [b1000]\n  owner", "spec.accelerators: unknown accelerator"),
        (
            "  owner",
            "  nodeSelectorTerms: [{matchExpressions: [{key: a, operater: In}]}]\n  owner",
            "matchExpressions[0].operater: unknown key (and 1 more); did you mean operator?",
        ),
        ("  owner", "  nodeSelectorTerms: [{}]\n  owner", "matchExpressions: is missing"),
    ],
)
def test_a_wrong_workload_document(old: str, new: str, says: str) -> None:
    text = WORKLOAD.replace(old, new, 1)
    if old == "cpu: 500m":  # asking for nothing at all
        text = text.replace("memory: 1Gi", "memory: 0")
        says = "asks for no cpu, memory or accelerator"
    assert says in error_of(text)


SCHEMA = workload_schema()


def test_the_schema_is_valid_and_accepts_what_the_reader_accepts() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    Draft202012Validator(SCHEMA).validate(yaml.safe_load(WORKLOAD))


@pytest.mark.parametrize(
    "damage",
    [
        {"replicas": "3"},
        {"replcas": 3},
        {"resources": {}},
        {"owner": {"taem": "web"}},
        {"shortageTolerance": 2},
        {"allowedRegions": "eu-west-1"},
        {"unitsPerNode": {"g5.xlarge": 0}},
        {"tolerations": [{"operator": "Is"}]},
    ],
)
def test_the_schema_rejects_what_the_reader_rejects(damage: dict[str, Any]) -> None:
    document = yaml.safe_load(WORKLOAD)
    document["spec"] |= damage
    assert not Draft202012Validator(SCHEMA).is_valid(document)
    assert "document 1 (Workload search), spec." in error_of(yaml.safe_dump(document))
