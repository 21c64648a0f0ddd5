"""Workload files: formats, places of errors, and what is left out."""

import copy
import json
import random
from pathlib import Path
from typing import Any

import pytest
import yaml

from support.manifests import RAY, TRAINER, WORKLOAD, deployment, error_of, manifest
from trimtab.errors import InputError
from trimtab.files import sha256
from trimtab.workloads.model import Replica, Workload
from trimtab.workloads.reader import load_workloads, parse_workloads, read_workloads


def test_the_trainer_is_accepted_as_it_stands(tmp_path: Path) -> None:
    path = tmp_path / "trainer.yaml"
    path.write_text(TRAINER)
    assert load_workloads(path) == (
        Workload(
            name="multimodal-ai-trainer",
            source=f"{path}, document 1 (Deployment)",
            replica=Replica(4.0, 16.0, "nvidia.com/gpu", 1.0),
            accelerators=("a100-40gb", "a100-80gb"),
            node_selector=(("gpu-type", "nvidia-a100"),),
            volumes=("training-data", "model-checkpoints"),
        ),
    )
    found = read_workloads(path)
    assert found.notes == ()
    assert found.digest == sha256(path.read_bytes())


def test_json_and_lists_are_read() -> None:
    items = [deployment(), {**deployment(), "metadata": {"name": "other"}}]
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": items}, indent="\t")
    found = parse_workloads(text, "file.json").workloads
    assert [workload.name for workload in found] == ["job", "other"]


def test_other_kinds_are_left_out_and_listed() -> None:
    service = manifest("Service", "v1", {})
    volcano = manifest("Job", "batch.volcano.sh/v1alpha1", {"tasks": []})
    kueue = manifest("Workload", "kueue.x-k8s.io/v1beta1", {})
    text = yaml.safe_dump_all([service, volcano, kueue, deployment()])
    found = parse_workloads(text, "file.yaml")
    assert len(found.workloads) == 1
    assert [note.split(":")[0].split("(")[1] for note in found.notes] == [
        "Service job)",
        "Job job)",
        "Workload job)",
    ]


@pytest.mark.parametrize(
    ("old", "new", "line", "field", "says"),
    [
        ("nvidia-a100", "nvidia-a1000", 16, "nodeSelector.gpu-type", "did you mean a100?"),
        ('cpu: "4"', 'cpu: "40"', 26, "requests.cpu", "exceeds the limit"),
        ('cpu: "4"', "cpu: 4 cores", 26, "requests.cpu", "not a quantity"),
        ("memory: 32Gi", "memory: 32GB", 24, "limits.memory", "not a quantity"),
        ("gpu: 1", "gpu: 0.5", 22, "limits[nvidia.com/gpu]", "not a whole number"),
        ("com/gpu: 1", "com/gpus: 1", 22, "limits[nvidia.com/gpus]", "did you mean"),
        ("com/gpu: 1", "com/mig-1g.99gb: 1", 22, "limits", "unknown MIG profile"),
        ("replicas: 1", "replicas: one", 6, "spec.replicas", "not a whole number"),
        ("replicas: 1", "replicas: -1", 6, "spec.replicas", "below zero"),
        ("name: multimodal-ai-trainer\nspec", "labels: {}\nspec", 3, "metadata.name", "missing"),
        ("apiVersion: apps/v1\n", "", 1, "apiVersion", "is missing"),
        ("nvidia.com/gpu", "amd.com/gpu", 14, "spec.template.spec", "do not give"),
    ],
)
def test_a_wrong_field_is_named_with_its_line(
    old: str, new: str, line: int, field: str, says: str
) -> None:
    assert old in TRAINER
    message = error_of(TRAINER.replace(old, new, 1))
    assert message.startswith(f"file.yaml, line {line}, document 1")
    assert field in message
    assert says in message


def test_what_no_price_table_tells_is_noted() -> None:
    document = deployment(
        {"limits": {"cpu": 1, "vpc.amazonaws.com/efa": 4}},
        nodeSelector={
            "karpenter.k8s.aws/instance-local-nvme": "100",
            "topology.kubernetes.io/zone": "us-east-1a",
        },
    )
    notes = " ".join(parse_workloads(yaml.safe_dump(document), "file.yaml").notes)
    assert "vpc.amazonaws.com/efa" in notes
    assert "karpenter.k8s.aws/instance-local-nvme" in notes
    assert "placed in us-east-1a" in notes


@pytest.mark.parametrize(
    ("text", "source", "says"),
    [
        ("", "a.yaml", "a.yaml: holds no workload; add one of Workload, Deployment"),
        ("text", "a.yaml", "is not a Kubernetes object"),
        ("[1]", "a.yaml", "is not a Kubernetes object"),
        ("a: b", "a.yaml", "kind: is missing"),
        ("kind: Service\napiVersion: v1", "a.yaml", "holds no workload (a.yaml, line 1"),
        ("kind: A\nkind: B", "a.yaml", "a.yaml, line 2: key kind stands twice"),
        ("a:\n\t- b", "a.yaml", "a.yaml, line 2: is not YAML"),
        ("a: {{ .Values.x }}", "a.yaml", "helm template"),
        ("a: *x", "a.yaml", "undefined alias"),
        ("a: !!python/object:os.system x", "a.yaml", "could not determine a constructor"),
        ("a: 2026-13-45", "a.yaml", "is not YAML (month must be in 1..12)"),
        ("[" * 100_000, "a.yaml", "nested too deeply"),
        ("&a {kind: List, apiVersion: v1, items: [*a]}", "a.yaml", "holds no workload"),
        ('{"a": 1, "a": 2}', "a.json", "key a stands twice"),
        ('{"kind":\n "A",}', "a.json", "a.json, line 2: is not JSON"),
        ("1: 2\nkind: A", "a.yaml", "key 1 is not text"),
    ],
)
def test_a_file_that_is_no_manifest(text: str, source: str, says: str) -> None:
    assert says in error_of(text, source)


def test_names_are_unique_in_a_file() -> None:
    message = error_of(TRAINER + "---\n" + TRAINER)
    assert "document 2" in message
    assert "multimodal-ai-trainer stands twice (first at file.yaml, line 1, document 1" in message


ODD_VALUES: list[Any] = [None, 0, -1, 1.5, "", "x", "4", [], {}, [None], ["a"], {"a": None}]
ODD_VALUES += [True, float("nan"), 10**400, "spot", [{}], [[]], {1: 2}, "16Gi", "\0"]


def _paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    keys = value if isinstance(value, dict) else range(len(value) if isinstance(value, list) else 0)
    return [path, *(p for key in keys for p in _paths(value[key], (*path, key)))]


@pytest.mark.parametrize("seed", range(6))
def test_no_damage_to_a_manifest_escapes_as_anything_but_an_input_error(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311
    whole = [
        yaml.safe_load(TRAINER),
        yaml.safe_load(WORKLOAD),
        manifest("RayCluster", "ray.io/v1", RAY),
    ]
    refused: list[str] = []
    for _ in range(150):
        document = copy.deepcopy(chance.choice(whole))
        *parents, last = chance.choice(_paths(document)[1:])
        holder = document
        for key in parents:
            holder = holder[key]
        if chance.random() < 0.7:
            holder[last] = chance.choice(ODD_VALUES)
        else:
            del holder[last]
        try:
            parse_workloads(yaml.safe_dump(document), "file.yaml")
        except InputError as error:
            refused.append(str(error))
    assert len(refused) > 30
    assert all(message.startswith("file.yaml") for message in refused)
