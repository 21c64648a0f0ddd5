"""Disks, load balancers, buffers, jobs, owned machines, and what is not seen, by hand."""

from typing import Any

import pytest

from support.estimates import bill, estimate, resource
from support.machine_book import machine_book, offer
from trimtab.pricing.amount import exactly
from trimtab.pricing.model import Basis, Estimate, Status
from trimtab.resources.inputs import UNKNOWN
from trimtab.resources.model import Resource
from trimtab.usage.model import Usage, UsageEntry

AWS = {"aws": "us-east-1"}


def claim(size: str | None = "100Gi", kind: str | None = None, **spec: Any) -> Resource:
    requests = {} if size is None else {"requests": {"storage": size}}
    named = {} if kind is None else {"storageClassName": kind}
    values = {"metadata": {"name": "data"}, "spec": {"resources": requests, **named, **spec}}
    return resource("core/PersistentVolumeClaim", values, name="data", region=None)


def storage_class(
    name: str, provisioner: str, default: bool = False, **parameters: str
) -> Resource:
    marks = {"storageclass.kubernetes.io/is-default-class": "true"} if default else {}
    values = {
        "metadata": {"name": name, "annotations": marks},
        "provisioner": provisioner,
        "parameters": parameters,
    }
    return resource("storage.k8s.io/StorageClass", values, name=name, region=None)


def total(found: Estimate) -> float | None:
    return None if found.usd_per_month is None else found.usd_per_month.expected


@pytest.mark.parametrize(
    ("one", "others", "usd"),
    [
        (claim(kind="gp3"), (), 8.00),  # 100 x 0.08
        (claim(kind="gp2"), (), 10.00),  # 100 x 0.10
        (claim(), (), 10.00),  # EKS' own default, gp2
        (claim(), (storage_class("mine", "ebs.csi.aws.com", default=True, type="gp3"),), 8.00),
        (claim("0.1Ti", "fast"), (storage_class("fast", "ebs.csi.aws.com", type="gp2"),), 10.24),
        # 100 x 0.08, and 1,000 IOPS beyond 3,000 at 0.005
        (
            claim(kind="fast"),
            (storage_class("fast", "ebs.csi.aws.com", type="gp3", iops="4000"),),
            13.00,
        ),
    ],
)
def test_a_claim_costs_the_disk_of_its_class(
    one: Resource, others: tuple[Resource, ...], usd: float
) -> None:
    found = estimate(one, *others, regions=AWS)
    assert total(found) == pytest.approx(usd)
    assert all(charge.label.startswith("disk: ") for charge in found.charges)


@pytest.mark.parametrize(
    ("one", "reason"),
    [
        (claim(None), "its size is not known"),
        (claim(UNKNOWN), "its size is not known"),
        (claim(kind="exotic"), "storage class exotic is not among the resources"),
        (claim(kind=UNKNOWN), "its storage class is known only once it is deployed"),
    ],
)
def test_a_claim_of_an_unknown_disk_is_a_gap(one: Resource, reason: str) -> None:
    found = estimate(one, regions=AWS)
    assert (found.status, found.gaps[0].reason) == (Status.NOT_PRICED, reason)


def test_a_claim_of_an_unknown_cloud_is_a_gap() -> None:
    assert estimate(claim()).gaps[0].reason.endswith("in a cloud that is not known")
    other = estimate(claim(kind="x"), storage_class("x", "driver.longhorn.io"), regions=AWS)
    assert other.gaps[0].reason == "no price of what driver.longhorn.io makes"


def test_what_is_stored_in_a_file_system_is_paid_there() -> None:
    found = estimate(claim(kind="x"), storage_class("x", "efs.csi.aws.com"), regions=AWS)
    assert found.status is Status.COVERED
    assert found.note == "disk: paid for as the file system, by what is stored in it"
    bound = estimate(claim(volumeName="pv-1"), regions=AWS)
    assert (bound.status, bound.note) == (Status.COVERED, "bound to volume pv-1")


def service(type_: str | None, **annotations: str) -> Resource:
    spec = {} if type_ is None else {"type": type_}
    metadata = {"name": "web", "annotations": annotations}
    return resource("core/Service", {"metadata": metadata, "spec": spec}, name="web", region=None)


def test_a_service_without_a_load_balancer_is_free() -> None:
    for type_ in (None, "ClusterIP", "NodePort"):
        assert estimate(service(type_), regions=AWS).status is Status.FREE


@pytest.mark.parametrize(
    ("annotations", "usd"),
    [
        ({}, 18.25),  # a Classic one: 730 x 0.025
        (
            {"service.beta.kubernetes.io/aws-load-balancer-type": "nlb"},
            16.425,  # 730 x 0.0225
        ),
    ],
)
def test_a_load_balancer_costs_what_its_cloud_takes(
    annotations: dict[str, str], usd: float
) -> None:
    found = estimate(service("LoadBalancer", **annotations), regions=AWS)
    hourly = [charge for charge in found.charges if charge.rate.unit.endswith("hour")]
    assert sum(c.usd_per_month.expected or 0 for c in hourly[:1]) == pytest.approx(usd)


def test_services_of_an_aks_cluster_share_a_load_balancer() -> None:
    def with_ports(name: str, count: int, **annotations: str) -> Resource:
        spec = {"type": "LoadBalancer", "ports": [{"port": 80 + i} for i in range(count)]}
        values = {"metadata": {"name": name, "annotations": annotations}, "spec": spec}
        return resource("core/Service", values, name=name, region=None)

    first, second = with_ports("a", 3), with_ports("b", 4)
    azure = {"azure": "eastus"}
    # 730 x 0.025 with five rules; 730 x 0.005 for an address
    assert _hourly(estimate(first, second, regions=azure)) == [18.25, 3.65]
    # two of its four rules are beyond five: 2 x 730 x 0.01
    assert _hourly(estimate(second, first, regions=azure)) == [14.60, 3.65]
    internal = {"service.beta.kubernetes.io/azure-load-balancer-internal": "true"}
    assert _hourly(estimate(with_ports("c", 1, **internal), regions=azure)) == [18.25]
    # a cluster that is here, too, has the load balancer already; its Services have their addresses
    cluster = resource("azurerm_kubernetes_cluster", region="eastus")
    assert _hourly(estimate(first, cluster)) == [3.65]
    behind_nat = {"network_profile": [{"outbound_type": "userAssignedNATGateway"}]}
    other = resource("azurerm_kubernetes_cluster", behind_nat, region="eastus")
    assert _hourly(estimate(first, other)) == [18.25, 3.65]


def _hourly(found: Estimate) -> list[float]:
    hourly = (each for each in found.charges if each.rate.unit.endswith("hour"))
    return [round(each.usd_per_month.expected or 0, 2) for each in hourly]


def test_a_load_balancer_of_no_known_cloud_is_a_gap() -> None:
    found = estimate(service("LoadBalancer"))
    assert found.gaps[0].reason == "the cloud that makes it is not known"
    unknown = estimate(service(UNKNOWN), regions=AWS)
    assert unknown.gaps[0].reason == "its type is known only once it is deployed"


def ingress(name: str, kind: str, **annotations: str) -> Resource:
    metadata = {"name": name, "annotations": annotations}
    values = {"metadata": metadata, "spec": {"ingressClassName": kind}}
    return resource("networking.k8s.io/Ingress", values, name=name, region=None)


def test_an_ingress_has_a_load_balancer_of_its_own_or_a_groups() -> None:
    group = {"alb.ingress.kubernetes.io/group.name": "shared"}
    first, second = ingress("a", "alb", **group), ingress("b", "alb", **group)
    alone = estimate(ingress("c", "alb"), regions=AWS)
    # 730 x 0.0225, and its capacity units by use
    assert 16.43 in {round(value or 0, 2) for value in bill(alone).values()}
    assert total(estimate(first, second, regions=AWS)) == total(alone)
    rule = estimate(second, first, regions=AWS)
    assert (rule.status, rule.note) == (
        Status.COVERED,
        "a rule of the load balancer of group shared",
    )
    assert estimate(ingress("d", "nginx"), regions=AWS).status is Status.COVERED
    assert estimate(ingress("e", "homemade"), regions=AWS).status is Status.NOT_PRICED


BOOK = machine_book(offer("web", 0.80))


def pods(cpu: str) -> dict[str, Any]:
    container = {"name": "c", "resources": {"requests": {"cpu": cpu}}}
    return {"spec": {"containers": [container]}}


def test_a_job_runs_for_the_hours_that_its_usage_says() -> None:
    job = resource(
        "batch/CronJob",
        {
            "metadata": {"name": "nightly"},
            "spec": {"jobTemplate": {"spec": {"parallelism": 2, "template": pods("2")}}},
        },
        name="nightly",
        region=None,
    )
    fields: dict[str, Any] = {"book": BOOK, "regions": AWS}
    default = estimate(job, **fields)
    # 2 pods of 2 of 15.64 cores at 0.80 for 60 hours
    assert total(default) == pytest.approx(2 * 2 / 15.64 * 0.80 * 60)
    assert default.charges[0].basis is Basis.DEFAULT
    usage = Usage((UsageEntry("batch/CronJob", "", {"run_hours": exactly(10)}),))
    assert total(estimate(job, usage=usage, **fields)) == pytest.approx(2 * 2 / 15.64 * 0.80 * 10)
    job.inputs.values["spec"]["suspend"] = True
    assert total(estimate(job, **fields)) == 0


def test_a_buffer_holds_room_for_the_pods_of_its_template() -> None:
    buffer = resource(
        "autoscaling.x-k8s.io/CapacityBuffer",
        {
            "metadata": {"name": "b", "namespace": "n"},
            "spec": {"podTemplateRef": {"name": "t"}, "replicas": 3},
        },
        region=None,
    )
    template = resource(
        "core/PodTemplate",
        {"metadata": {"name": "t", "namespace": "n"}, "template": pods("4")},
        name="t",
        region=None,
    )
    found = estimate(buffer, template, book=BOOK, regions=AWS)
    assert total(found) == pytest.approx(3 * 4 / 15.64 * 0.80 * 730)
    assert estimate(buffer, book=BOOK, regions=AWS).status is Status.NOT_PRICED


@pytest.mark.parametrize(
    "kind",
    [
        "helm.sh/Release",
        "helm.toolkit.fluxcd.io/HelmRelease",
        "kustomize.toolkit.fluxcd.io/Kustomization",
        "argoproj.io/Application",
        "helm.crossplane.io/Release",
    ],
)
def test_what_another_process_installs_is_said_not_to_be_seen(kind: str) -> None:
    found = estimate(resource(kind, {"spec": {}}, region=None))
    assert found.status is Status.NOT_PRICED
    assert found.gaps[0].reason == "what it installs is not seen"


def test_a_node_without_a_plans_marks_costs_nothing_by_itself() -> None:
    assert estimate(resource("core/Node", {"metadata": {"name": "n"}})).status is Status.FREE
    marks = {"trimtab.dev/pool": "p", "trimtab.dev/group": "owned"}
    owned = estimate(resource("core/NodePatch", {"metadata": {"labels": marks}}))
    assert owned.status is Status.NOT_PRICED
    assert owned.machines[0].nodes.option == "owned"


TEMPLATE = pods("1")


@pytest.mark.parametrize(
    ("kind", "spec", "count"),
    [
        ("core/Pod", TEMPLATE["spec"], 1),
        ("core/ReplicationController", {"replicas": 2, "template": TEMPLATE}, 2),
        ("apps/ReplicaSet", {"replicas": 2, "template": TEMPLATE}, 2),
        ("batch/Job", {"parallelism": 3, "completions": 2, "template": TEMPLATE}, 2),
        (
            "kubeflow.org/PyTorchJob",
            {
                "pytorchReplicaSpecs": {
                    "Master": {"template": TEMPLATE},
                    "Worker": {"replicas": 2, "template": TEMPLATE},
                }
            },
            3,
        ),
        (
            "ray.io/RayCluster",
            {
                "headGroupSpec": {"template": TEMPLATE},
                "workerGroupSpecs": [{"groupName": "w", "replicas": 2, "template": TEMPLATE}],
            },
            3,
        ),
        (
            "leaderworkerset.x-k8s.io/LeaderWorkerSet",
            {"replicas": 2, "leaderWorkerTemplate": {"size": 3, "workerTemplate": TEMPLATE}},
            6,
        ),
    ],
)
def test_every_kind_of_workload_has_its_pods(kind: str, spec: dict[str, Any], count: int) -> None:
    one = resource(kind, {"metadata": {"name": "w"}, "spec": spec}, region=None)
    found = estimate(one, book=BOOK, regions=AWS)
    assert total(found) == pytest.approx(count * 1 / 15.64 * 0.80 * 730)


def test_a_workload_in_pulumis_or_kubernetes_spelling_is_the_same() -> None:
    spec = {"replicas": 1, "template": pods("2")}
    found = estimate(
        resource("apps/Deployment", {"metadata": {"name": "x"}, "spec": spec}, region=None),
        book=BOOK,
        regions=AWS,
    )
    again = estimate(
        resource(
            "apps/Deployment",
            {
                "apiVersion": "apps/v1",
                "kind": "Deployment",
                "metadata": {"name": "x"},
                "spec": spec,
            },
            region=None,
            camel=True,
        ),
        book=BOOK,
        regions=AWS,
    )
    assert total(found) == total(again) == pytest.approx(2 / 15.64 * 0.80 * 730)
