"""Machines of Cluster API, and any kind by its fields, as a real Crossplane composes them.

Nothing here decides or judges: templates, Compositions, and what a test says to one XR and reads of it.
"""

import time
from dataclasses import dataclass
from typing import Any

from support.capacity_cluster import eventually, plan_now
from support.kube_api import KubeApi
from support.xrds import FREE, xrd

CAPACITY, TEMPLATES = "function-trimtab-capacity", "function-clouds-templates"
MACHINES = "cluster.x-k8s.io/v1beta2"
LOW = "cluster.x-k8s.io/cluster-api-autoscaler-node-group-min-size"
HIGH = "cluster.x-k8s.io/cluster-api-autoscaler-node-group-max-size"
AUTOSCALER = "cluster-autoscaler"
PLURALS = {"MachineDeployment": "machinedeployments", "MachinePool": "machinepools", "Set": "sets"}

Document = dict[str, Any]

SET_CRD: Document = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "sets.clouds.example.org"},
    "spec": {
        "group": "clouds.example.org",
        "scope": "Namespaced",
        "names": {"kind": "Set", "listKind": "SetList", "plural": "sets", "singular": "set"},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "subresources": {
                    "status": {},
                    "scale": {
                        "specReplicasPath": ".spec.replicas",
                        "statusReplicasPath": ".status.replicas",
                    },
                },
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "properties": {
                            "spec": {
                                "type": "object",
                                "properties": {
                                    each: {"type": "integer"} for each in ("min", "max", "replicas")
                                },
                            },
                            "status": {
                                "type": "object",
                                "properties": {"replicas": {"type": "integer"}},
                            },
                        },
                    }
                },
            }
        ],
    },
}
XR_KIND = {"apiVersion": "clouds.example.org/v1", "kind": "Machines"}
XRD: Document = xrd(
    XR_KIND["apiVersion"],
    XR_KIND["kind"],
    "machines",
    {
        "type": "object",
        "properties": {
            "planRef": FREE,
            "pools": {"type": "array", "items": {"type": "string"}},
        },
    },
)
OURS = {"trimtab.dev/pool": "trainer", "trimtab.dev/group": "main"}
SPLIT = {"trimtab.dev/pool": "trainer", "trimtab.dev/purchase-option": "on-demand"}


def machines(kind: str, labels: dict[str, str]) -> Document:
    """An earlier step's template of machines."""
    selected = {"machines": "main"}
    spec: Document = {"selector": {"matchLabels": selected}} if kind == "MachineDeployment" else {}
    return {
        "apiVersion": MACHINES,
        "kind": kind,
        "metadata": {
            "labels": labels,
            "annotations": {"trimtab.dev/instance-types": "p4d.24xlarge"},
        },
        "spec": {
            **spec,
            "clusterName": "ml",
            "template": {
                "metadata": {"labels": selected},
                "spec": {
                    "clusterName": "ml",
                    "bootstrap": {"dataSecretName": "ml"},
                    "infrastructureRef": {
                        "apiGroup": "infrastructure.cluster.x-k8s.io",
                        "kind": "AWSMachineTemplate",
                        "name": "main",
                    },
                },
            },
        },
    }


FIELDS = {
    "min": "spec.min",
    "max": "spec.max",
    "desired": "spec.replicas",
    "running": "spec.replicas",
}
WAYS: dict[str, tuple[Document, Document]] = {
    "deployment": (machines("MachineDeployment", OURS), {"mode": "Inject"}),
    "pool": (machines("MachinePool", OURS), {"mode": "Inject"}),
    "split": (
        machines("MachineDeployment", SPLIT),
        {"mode": "Compose", "compose": {"as": "ClusterAPI"}},
    ),
    "fields": (
        {"apiVersion": "clouds.example.org/v1", "kind": "Set", "spec": {"replicas": 1}},
        {
            "mode": "Inject",
            "targets": [{"match": {"kind": "Set"}, "pool": "trainer", "fields": FIELDS}],
        },
    ),
}


def composition(way: str) -> Document:
    template, settings = WAYS[way]
    return {
        "apiVersion": "apiextensions.crossplane.io/v1",
        "kind": "Composition",
        "metadata": {"name": f"machines-{way}"},
        "spec": {
            "compositeTypeRef": XR_KIND,
            "mode": "Pipeline",
            "pipeline": [
                {
                    "step": "templates",
                    "functionRef": {"name": TEMPLATES},
                    "input": {
                        "apiVersion": "example.org/v1",
                        "kind": "Templates",
                        "resources": {"workers": template},
                    },
                },
                {
                    "step": "capacity",
                    "functionRef": {"name": CAPACITY},
                    "input": {
                        "apiVersion": "capacity.fn.trimtab.dev/v1alpha1",
                        "kind": "Input",
                        **settings,
                    },
                },
            ],
        },
    }


@dataclass
class Life:
    """An XR of one Composition in a namespace, and the one resource that it composes."""

    api: KubeApi
    namespace: str
    way: str
    edits: int = 0

    @property
    def kind(self) -> tuple[str, str]:
        template = WAYS[self.way][0]
        return template["apiVersion"], template["kind"]

    def plan(self, *size: int) -> None:
        document = plan_now((size[0], size[1], size[2]))
        document["metadata"]["namespace"] = self.namespace
        self.api.apply(document)
        self.touch()

    def touch(self) -> None:
        """Have Crossplane reconcile now."""
        self.edits += 1
        self.api.apply(
            {
                **XR_KIND,
                "metadata": {
                    "name": "ml",
                    "namespace": self.namespace,
                    "labels": {"edit": str(self.edits)},
                },
                "spec": {
                    "planRef": {"name": "example"},
                    "pools": [],
                    "crossplane": {"compositionRef": {"name": f"machines-{self.way}"}},
                },
            }
        )

    def object(self) -> Document | None:
        found = self.api.list_all(*self.kind, self.namespace)
        assert len(found) <= 1
        return found[0] if found else None

    def stands(self) -> tuple[int, int, int | None] | None:
        """min, max and replicas."""
        found = self.object()
        if found is None:
            return None
        if self.way == "fields":
            spec = found["spec"]
            return spec["min"], spec["max"], spec.get("replicas")
        annotations = found["metadata"]["annotations"]
        return int(annotations[LOW]), int(annotations[HIGH]), found["spec"].get("replicas")

    def awaits(self, low: int, high: int, replicas: int) -> None:
        eventually(self.stands, lambda found: found == (low, high, replicas))

    def stays(self, low: int, high: int, replicas: int) -> None:
        """Reconciled again and again, it is the same."""
        for _ in range(2):
            self.touch()
            time.sleep(0.3)
            assert self.stands() == (low, high, replicas)

    def autoscale(self, replicas: int) -> None:
        """As the cluster autoscaler does."""
        found = self.object()
        assert found is not None
        plural = PLURALS[self.kind[1]]
        path = f"/apis/{self.kind[0]}/namespaces/{self.namespace}/{plural}"
        path += f"/{found['metadata']['name']}/scale"
        scale = self.api.request("GET", path)
        scale["spec"]["replicas"] = replicas
        self.api.request("PUT", path, scale, fieldManager=AUTOSCALER)

    def owners(self) -> set[str]:
        """Who owns the replicas."""
        found = self.object()
        assert found is not None
        return {
            each["manager"].partition("/")[0]
            for each in found["metadata"]["managedFields"]
            if "f:replicas" in each["fieldsV1"].get("f:spec", {})
        }

    def reason(self, condition: str) -> str | None:
        xr = self.api.get(XR_KIND["apiVersion"], XR_KIND["kind"], "ml", self.namespace)
        told = {each["type"]: each["reason"] for each in xr.get("status", {}).get("conditions", [])}
        return told.get(condition)
