"""One pull request in every language that `trimtab diff` reads.

A team moves the pool `workers` (m7i.4xlarge, 2 to 8 nodes, 4 to begin with) from on-demand to spot, adds
the GPU pool `gpu` (g5.12xlarge, 0 to 4 nodes, 2 to begin with), and forgets the new pool's `environment`
tag. An EKS control plane stands by, unchanged.
"""

import json
from collections.abc import Mapping
from typing import Any

import yaml

OWNED = {"team": "ml", "project": "search", "environment": "prod"}
FORGOT = {"team": "ml", "project": "search"}

Sizes = tuple[int, int, int]
Pool = tuple[str, str, Sizes, Mapping[str, str]]
"""Instance type, capacity type, (min, desired, max), tags."""

BEFORE: Mapping[str, Pool] = {"workers": ("m7i.4xlarge", "ON_DEMAND", (2, 4, 8), OWNED)}
AFTER: Mapping[str, Pool] = {
    "workers": ("m7i.4xlarge", "SPOT", (2, 4, 8), OWNED),
    "gpu": ("g5.12xlarge", "ON_DEMAND", (0, 2, 4), FORGOT),
}

# The book's prices in us-east-1, dollars an hour, and 730 hours a month; EKS gives each node a gp2 disk
# of 20 GiB at 0.10 a GiB-month.
CONTROL_PLANE = 730 * 0.10
DISK = 20 * 0.10
ON_DEMAND_WORKERS = 4 * 730 * 0.8064
SPOT_WORKERS = 4 * 730 * 0.387072
GPUS = 2 * 730 * 5.672
DELTA_WORKERS = SPOT_WORKERS - ON_DEMAND_WORKERS
"""The disks stay."""
DELTA_GPU = GPUS + 2 * DISK

STACK = "urn:pulumi:prod::ml::"


def pulumi_inputs(name: str, pool: Pool) -> dict[str, Any]:
    """Pulumi's and Crossplane's inputs of a node group."""
    instance_type, capacity_type, (low, desired, high), tags = pool
    return {
        "clusterName": "ml",
        "nodeGroupName": name,
        "capacityType": capacity_type,
        "instanceTypes": [instance_type],
        "scalingConfig": {"minSize": low, "desiredSize": desired, "maxSize": high},
        "tags": dict(tags),
    }


def pulumi_preview() -> str:
    """`pulumi preview --json --show-sames`, as the CLI v3.256.0 writes it."""

    def state(token: str, name: str, inputs: dict[str, Any]) -> dict[str, Any]:
        return {
            "urn": f"{STACK}{token}::{name}",
            "custom": True,
            "type": token,
            "inputs": inputs,
            "parent": f"{STACK}pulumi:pulumi:Stack::ml-prod",
            "provider": f"{STACK}pulumi:providers:aws::default_7_51_1::0f2e",
        }

    group = "aws:eks/nodeGroup:NodeGroup"
    stack = {
        "urn": f"{STACK}pulumi:pulumi:Stack::ml-prod",
        "custom": False,
        "type": "pulumi:pulumi:Stack",
    }
    cluster = state("aws:eks/cluster:Cluster", "ml", {"version": "1.36", "tags": dict(OWNED)})
    old = state(group, "workers", pulumi_inputs("workers", BEFORE["workers"]))
    new = state(group, "workers", pulumi_inputs("workers", AFTER["workers"]))
    gpu = state(group, "gpu", pulumi_inputs("gpu", AFTER["gpu"]))
    steps = [
        {"op": "same", "urn": stack["urn"], "oldState": stack, "newState": stack},
        {"op": "same", "urn": cluster["urn"], "oldState": cluster, "newState": cluster},
        {
            "op": "replace",
            "urn": new["urn"],
            "oldState": old,
            "newState": new,
            "diffReasons": ["capacityType"],
            "replaceReasons": ["capacityType"],
            "detailedDiff": {"capacityType": {"kind": "update-replace", "inputDiff": False}},
        },
        {"op": "create", "urn": gpu["urn"], "newState": gpu},
    ]
    return json.dumps(
        {
            "config": {"aws:region": "us-east-1"},
            "steps": steps,
            "duration": 1_200_000_000,
            "changeSummary": {"create": 1, "replace": 1, "same": 2},
        },
        indent=2,
    )


def terraform_plan() -> str:
    """`terraform show -json` of the plan, format 1.2."""

    def attributes(name: str, pool: Pool) -> dict[str, Any]:
        instance_type, capacity_type, (low, desired, high), tags = pool
        return {
            "cluster_name": "ml",
            "node_group_name": name,
            "capacity_type": capacity_type,
            "instance_types": [instance_type],
            "scaling_config": [{"min_size": low, "desired_size": desired, "max_size": high}],
            "tags": dict(tags),
        }

    cluster = {"name": "ml", "version": "1.36", "tags": dict(OWNED)}

    def resource(kind: str, name: str, values: dict[str, Any]) -> dict[str, Any]:
        return {
            "address": f"{kind}.{name}",
            "mode": "managed",
            "type": kind,
            "name": name,
            "provider_name": "registry.terraform.io/hashicorp/aws",
            "schema_version": 0,
            "values": values,
            "sensitive_values": {},
        }

    def change(kind: str, name: str, actions: list[str], old: Any, new: Any) -> dict[str, Any]:
        found = resource(kind, name, {})
        del found["values"], found["sensitive_values"], found["schema_version"]
        body = {"actions": actions, "before": old, "after": new, "after_unknown": {}}
        return {**found, "change": {**body, "before_sensitive": {}, "after_sensitive": {}}}

    group = "aws_eks_node_group"
    olds = {name: attributes(name, pool) for name, pool in BEFORE.items()}
    news = {name: attributes(name, pool) for name, pool in AFTER.items()}
    changes = [
        change("aws_eks_cluster", "ml", ["no-op"], cluster, cluster),
        change(group, "gpu", ["create"], None, news["gpu"]),
        change(group, "workers", ["delete", "create"], olds["workers"], news["workers"]),
    ]
    return json.dumps(
        {
            "format_version": "1.2",
            "terraform_version": "1.11.4",
            "planned_values": {
                "root_module": {
                    "resources": [
                        resource("aws_eks_cluster", "ml", cluster),
                        *(resource(group, name, values) for name, values in news.items()),
                    ]
                }
            },
            "resource_changes": changes,
            "prior_state": {
                "format_version": "1.0",
                "values": {
                    "root_module": {
                        "resources": [
                            resource("aws_eks_cluster", "ml", cluster),
                            *(resource(group, name, values) for name, values in olds.items()),
                        ]
                    }
                },
            },
            "configuration": {
                "provider_config": {
                    "aws": {
                        "name": "aws",
                        "expressions": {"region": {"constant_value": "us-east-1"}},
                    }
                },
                "root_module": {},
            },
        },
        indent=2,
    )


def _managed(kind: str, name: str, for_provider: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "apiVersion": "eks.aws.m.upbound.io/v1beta1",
        "kind": kind,
        "metadata": {
            "name": f"ml-{name}",
            "namespace": "prod",
            "annotations": {"crossplane.io/composition-resource-name": name},
            "labels": {"crossplane.io/composite": "ml"},
            "ownerReferences": [
                {"apiVersion": "infra.example.org/v1", "kind": "Platform", "name": "ml", "uid": ""}
            ],
        },
        "spec": {"forProvider": {"region": "us-east-1", **for_provider}},
    }


def _crossplane_group(name: str, pool: Pool) -> dict[str, Any]:
    inputs = pulumi_inputs(name, pool)
    del inputs["nodeGroupName"]
    # Desired is the autoscaler's after the first time: it stands in initProvider.
    scaling = inputs.pop("scalingConfig")
    desired = scaling.pop("desiredSize")
    group = _managed("NodeGroup", name, {**inputs, "scalingConfig": scaling})
    group["spec"]["initProvider"] = {"scalingConfig": {"desiredSize": desired}}
    return group


def crossplane_render(pools: Mapping[str, Pool]) -> str:
    """`crossplane render` of a composite that makes a cluster and its node groups."""
    composite = {
        "apiVersion": "infra.example.org/v1",
        "kind": "Platform",
        "metadata": {"name": "ml", "namespace": "prod"},
        "status": {"conditions": [{"type": "Ready", "status": "False", "reason": "Creating"}]},
    }
    cluster = _managed("Cluster", "cluster", {"version": "1.36", "tags": dict(OWNED)})
    groups = [_crossplane_group(name, pool) for name, pool in sorted(pools.items())]
    return yaml.safe_dump_all([composite, cluster, *groups], explicit_start=True)


def manifests(pools: Mapping[str, Pool]) -> str:
    """Karpenter's static NodePools, as they are applied: as many nodes as the node groups start with."""
    return yaml.safe_dump_all([_node_pool(name, pool) for name, pool in sorted(pools.items())])


def _node_pool(name: str, pool: Pool) -> dict[str, Any]:
    instance_type, capacity_type, (_, desired, _), tags = pool

    def among(key: str, value: str) -> dict[str, Any]:
        return {"key": key, "operator": "In", "values": [value]}

    option = capacity_type.lower().replace("_", "-")
    return {
        "apiVersion": "karpenter.sh/v1",
        "kind": "NodePool",
        "metadata": {"name": name, "labels": dict(tags)},
        "spec": {
            "replicas": desired,
            "template": {
                "spec": {
                    "nodeClassRef": {
                        "group": "karpenter.k8s.aws",
                        "kind": "EC2NodeClass",
                        "name": "default",
                    },
                    "requirements": [
                        among("node.kubernetes.io/instance-type", instance_type),
                        among("karpenter.sh/capacity-type", option),
                    ],
                }
            },
        },
    }


INVENTORY = """\
apiVersion: trimtab.dev/v1alpha1
kind: CapacityInventory
spec:
  reserved:
    - id: ri-1
      provider: aws
      region: us-east-1
      instanceType: g5.12xlarge
      quantity: 1
      usdPerHour: 3.573
      term: 1y
      starts: 2026-01-01T00:00:00Z
      expires: 2027-01-01T00:00:00Z
"""
"""One reserved instance of the new pool's type."""
