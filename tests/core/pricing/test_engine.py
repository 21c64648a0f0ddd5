"""What the engine makes of estimators' parts: sums, states, and what is paid for by somebody else."""

import pytest

from support.estimates import estimate, resource, settings
from trimtab.pricing.engine import facts_of, price
from trimtab.pricing.estimators import is_free
from trimtab.pricing.model import Status
from trimtab.resources.model import Estate, Role


@pytest.mark.parametrize(
    ("role", "status"), [(Role.EXISTING, Status.EXISTING), (Role.COMPONENT, Status.COMPONENT)]
)
def test_what_is_paid_elsewhere_has_no_price(role: Role, status: Status) -> None:
    found = estimate(resource("aws_nat_gateway", role=role))
    assert (found.status, found.usd_per_month) == (status, None)


def test_a_kind_that_nobody_knows_is_a_gap_and_never_0() -> None:
    found = estimate(resource("acme_thing"))
    assert (found.status, found.usd_per_month) == (Status.NOT_PRICED, None)
    assert found.gaps[0].reason == "no estimator of acme_thing"


def test_a_part_without_a_price_leaves_the_rest_priced_in_part() -> None:
    found = estimate(
        resource(
            "apps/StatefulSet",
            {
                "spec": {
                    "replicas": 1,
                    "template": {"spec": {"containers": [{"name": "c"}]}},
                    "volumeClaimTemplates": [
                        {
                            "metadata": {"name": name},
                            "spec": {
                                "storageClassName": kind,
                                "resources": {"requests": {"storage": "10Gi"}},
                            },
                        }
                        for name, kind in (("a", "gp3"), ("b", "exotic"))
                    ],
                }
            },
            region=None,
        ),
        regions={"aws": "us-east-1"},
    )
    assert found.status is Status.PARTLY
    # 10 GiB of gp3 at 0.08
    assert found.usd_per_month is not None
    assert found.usd_per_month.expected == pytest.approx(0.80)


def test_estimates_stand_in_the_estates_order() -> None:
    resources = tuple(resource("aws_nat_gateway", name=name) for name in "cab")
    found = price(Estate("test", resources), settings())
    assert [each.resource.name for each in found] == ["c", "a", "b"]


def test_objects_are_known_by_kind_namespace_and_name() -> None:
    one = resource("core/Service", {"metadata": {"name": "web", "namespace": "shop"}}, name="x")
    facts = facts_of(Estate("test", (one,)), settings())
    assert facts.by_id["core/Service/shop/web"] is one


@pytest.mark.parametrize(
    "kind",
    [
        "core/ConfigMap",
        "core/Secret",
        "core/Namespace",
        "core/ServiceAccount",
        "rbac.authorization.k8s.io/ClusterRole",
        "apiextensions.k8s.io/CustomResourceDefinition",
        "networking.k8s.io/NetworkPolicy",
        "policy/PodDisruptionBudget",
        "kueue.x-k8s.io/ClusterQueue",
        "trimtab.dev/CapacityPlan",
        "karpenter.k8s.aws/EC2NodeClass",
        "eks.amazonaws.com/NodeClass",
        "admissionregistration.k8s.io/ValidatingWebhookConfiguration",
        "autoscaling/HorizontalPodAutoscaler",
        "apps/DeploymentPatch",
        "storage.k8s.io/StorageClass",
        "infrastructure.cluster.x-k8s.io/AWSMachineTemplate",
    ],
)
def test_what_a_cluster_only_writes_down_is_free(kind: str) -> None:
    assert is_free(resource(kind))
    assert estimate(resource(kind)).status is Status.FREE
