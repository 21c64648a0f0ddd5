"""Manifests and `Workload` documents for tests, whole and in parts."""

from typing import Any

import pytest
import yaml

from trimtab.errors import InputError
from trimtab.workloads.model import Workload
from trimtab.workloads.reader import parse_workloads

TRAINER = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: multimodal-ai-trainer
spec:
  replicas: 1
  selector:
    matchLabels:
      app: multimodal-ai-trainer
  template:
    metadata:
      labels:
        app: multimodal-ai-trainer
    spec:
      nodeSelector:
        gpu-type: nvidia-a100
      containers:
        - name: trainer
          image: registry.example/trainer:1
          resources:
            limits:
              nvidia.com/gpu: 1
              cpu: "8"
              memory: 32Gi
            requests:
              cpu: "4"
              memory: 16Gi
          volumeMounts:
            - name: data
              mountPath: /data
            - name: checkpoints
              mountPath: /checkpoints
      volumes:
        - name: data
          persistentVolumeClaim:
            claimName: training-data
        - name: checkpoints
          persistentVolumeClaim:
            claimName: model-checkpoints
"""

WORKLOAD = """\
apiVersion: trimtab.dev/v1alpha1
kind: Workload
metadata:
  name: search
spec:
  replicas: 3
  resources:
    cpu: 500m
    memory: 1Gi
  allowedRegions: [eu-west-1, eu-central-1]
  owner:
    team: web
"""

GPU = {"limits": {"nvidia.com/gpu": 8}}
CPU = {"requests": {"cpu": "4", "memory": "16Gi"}}


def pod(resources: dict[str, Any], **spec: Any) -> dict[str, Any]:
    return {"spec": {"containers": [{"name": "main", "resources": resources}], **spec}}


def manifest(kind: str, version: str, spec: Any, **metadata: Any) -> dict[str, Any]:
    return {
        "apiVersion": version,
        "kind": kind,
        "metadata": {"name": "job", **metadata},
        "spec": spec,
    }


def deployment(resources: dict[str, Any] = CPU, **spec: Any) -> dict[str, Any]:
    return manifest("Deployment", "apps/v1", {"template": pod(resources, **spec)})


def annotated(**annotations: str) -> dict[str, Any]:
    keys = {f"trimtab.dev/{key.replace('_', '-')}": value for key, value in annotations.items()}
    return manifest("Deployment", "apps/v1", {"template": pod(CPU)}, annotations=keys)


def read(*documents: Any) -> tuple[Workload, ...]:
    return parse_workloads(yaml.safe_dump_all(documents), "file.yaml").workloads


def read_one(document: Any) -> Workload:
    (workload,) = read(document)
    return workload


def error_of(text: str, source: str = "file.yaml") -> str:
    with pytest.raises(InputError) as caught:
        parse_workloads(text, source)
    return str(caught.value)


RAY_GROUP = {"groupName": "gpu-workers", "replicas": 2, "template": pod(GPU)}
RAY = {"headGroupSpec": {"template": pod(CPU)}, "workerGroupSpecs": [RAY_GROUP]}
