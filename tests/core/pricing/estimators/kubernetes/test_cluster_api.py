"""Cluster API's machines, by the infrastructure object that they name."""

from typing import Any

import pytest

from support.estimates import bill, estimate, resource
from support.machine_book import machine_book, offer
from trimtab.pricing.amount import Amount
from trimtab.pricing.model import Status
from trimtab.resources.inputs import UNKNOWN
from trimtab.resources.model import Resource

BOOK = machine_book(
    offer("m.large", 0.10, spot=0.04),
    offer("Standard_D4s_v5", 0.20, spot=0.05, region="eastus", provider="azure"),
    offer("n2-standard-4", 0.30, spot=0.06, region="us-central1", provider="gcp"),
)
REGIONS = {"aws": "us-east-1", "azure": "eastus", "gcp": "us-central1"}
INFRA = "infrastructure.cluster.x-k8s.io"


def machines(
    kind: str, infrastructure: str, metadata: dict[str, Any] | None = None, **spec: Any
) -> Resource:
    reference = {"infrastructureRef": {"kind": infrastructure, "name": "t"}}
    path = {"template": {"spec": reference}}
    if kind.endswith("KubeadmControlPlane"):
        path = {"machineTemplate": {"spec": reference}}
    values = {"metadata": {"name": "md", **(metadata or {})}, "spec": {**spec, **path}}
    return resource(kind, values, name="md", region=None)


def infrastructure(kind: str, spec: dict[str, Any]) -> Resource:
    return resource(
        f"{INFRA}/{kind}", {"metadata": {"name": "t"}, "spec": spec}, name="t", region=None
    )


def template(**spec: Any) -> dict[str, Any]:
    return {"template": {"spec": spec}}


@pytest.mark.parametrize(
    ("kind", "spec", "label", "usd"),
    [
        ("AWSMachineTemplate", template(instanceType="m.large"), "m.large, on-demand", 0.10),
        (
            "AWSMachineTemplate",
            template(instanceType="m.large", spotMarketOptions={}),
            "m.large, spot",
            0.04,
        ),
        ("AWSManagedMachinePool", {"instanceType": "m.large"}, "m.large, on-demand", 0.10),
        (
            "AWSManagedMachinePool",
            {"instanceType": "m.large", "capacityType": "spot"},
            "m.large, spot",
            0.04,
        ),
        (
            "AWSMachinePool",
            {"awsLaunchTemplate": {"instanceType": "m.large"}},
            "m.large, on-demand",
            0.10,
        ),
        (
            "AzureMachineTemplate",
            template(vmSize="Standard_D4s_v5", spotVMOptions={}),
            "Standard_D4s_v5, spot",
            0.05,
        ),
        ("AzureManagedMachinePool", {"sku": "Standard_D4s_v5"}, "Standard_D4s_v5, on-demand", 0.20),
        (
            "GCPMachineTemplate",
            template(instanceType="n2-standard-4", preemptible=True),
            "n2-standard-4, spot",
            0.06,
        ),
    ],
)
def test_machines_are_what_their_infrastructure_says(
    kind: str, spec: dict[str, Any], label: str, usd: float
) -> None:
    pool = "MachineDeployment" if kind.endswith("Template") else "MachinePool"
    found = estimate(
        machines(f"cluster.x-k8s.io/{pool}", kind, replicas=2),
        infrastructure(kind, spec),
        book=BOOK,
        regions=REGIONS,
    )
    assert bill(found) == {f"machines: {label}": round(2 * 730 * usd, 2)}


def test_the_autoscalers_annotations_bound_the_replicas() -> None:
    prefix = "cluster.x-k8s.io/cluster-api-autoscaler-node-group-"
    notes = {f"{prefix}min-size": "1", f"{prefix}max-size": "5"}
    deployment = machines(
        "cluster.x-k8s.io/MachineDeployment",
        "AWSMachineTemplate",
        {"annotations": notes},
        replicas=2,
    )
    made = infrastructure("AWSMachineTemplate", template(instanceType="m.large"))
    found = estimate(deployment, made, book=BOOK, regions=REGIONS)
    assert found.machines[0].nodes.count == Amount(1, 2, 5)


def test_a_template_that_is_not_here_may_be_named_by_annotation() -> None:
    kind = "cluster.x-k8s.io/MachineDeployment"
    alone = machines(kind, "AWSMachineTemplate", replicas=1)
    found = estimate(alone, book=BOOK, regions=REGIONS)
    assert found.gaps[0].reason == "AWSMachineTemplate is not among the resources"
    named = {"annotations": {"trimtab.dev/instance-types": "m.large"}}
    found = estimate(
        machines(kind, "AWSMachineTemplate", named, replicas=1), book=BOOK, regions=REGIONS
    )
    assert bill(found) == {"machines: m.large, on-demand": 73.00}


def test_replicas_that_only_a_deployment_knows_are_a_gap() -> None:
    found = estimate(
        machines("cluster.x-k8s.io/MachineDeployment", "AWSMachineTemplate", replicas=UNKNOWN),
        book=BOOK,
        regions=REGIONS,
    )
    assert found.status is Status.NOT_PRICED


def test_a_control_plane_of_machines_is_paid_by_them() -> None:
    found = estimate(
        machines(
            "controlplane.cluster.x-k8s.io/KubeadmControlPlane", "AWSMachineTemplate", replicas=3
        ),
        infrastructure("AWSMachineTemplate", template(instanceType="m.large")),
        book=BOOK,
        regions=REGIONS,
    )
    assert bill(found) == {"machines: m.large, on-demand": 219.00}  # 3 x 730 x 0.10


def test_a_managed_control_plane_costs_what_its_cloud_takes() -> None:
    spec = {"version": "v1.35.0", "region": "us-east-1"}
    plane = resource(
        "controlplane.cluster.x-k8s.io/AWSManagedControlPlane",
        {"metadata": {"name": "c"}, "spec": spec},
        region=None,
    )
    found = estimate(plane)
    # 730 x 0.10
    assert {usd for label, usd in bill(found).items() if "control plane" in label} == {73.00}


def test_a_cluster_of_a_class_has_machines_that_are_not_read() -> None:
    plain = resource("cluster.x-k8s.io/Cluster", {"spec": {}})
    assert estimate(plain).status is Status.FREE
    classy = resource("cluster.x-k8s.io/Cluster", {"spec": {"topology": {"class": "c"}}})
    assert estimate(classy).gaps[0].reason == "what its ClusterClass makes is not read"
