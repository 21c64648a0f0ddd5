"""The life of node groups under an autoscaler: the real core, the function, and a strict EKS.

The provider and EKS are `support.eks_provider`'s, which refuses what EKS refuses; moto would not.
"""

import time
from collections.abc import Iterator

import pytest

from support.capacity_cluster import (
    GENERATION,
    CapacityControlPlane,
    Cluster,
    eventually,
    in_seconds,
)
from support.eks_provider import Eks, Scaling, eks_provider
from support.garbage_collector import garbage_collector

pytestmark = pytest.mark.engine

MAIN = "ml:trainer-main-0a1b2c"
"""The node group of the plan's generation, in EKS."""


@pytest.fixture(scope="module", autouse=True)
def collected(
    with_function: CapacityControlPlane, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    """Kubernetes' garbage collector: what is deleted goes."""
    with garbage_collector(with_function.api, tmp_path_factory.mktemp("garbage-collector")):
        yield


@pytest.fixture
def eks(cluster: Cluster) -> Iterator[Eks]:
    """An EKS without node groups, and the provider at work; nothing may be refused in a test."""
    with eks_provider(cluster.api, cluster.namespace) as eks:
        yield eks
    assert eks.refusals == []


def awaits(eks: Eks, name: str, scaling: Scaling) -> None:
    """Wait until EKS has the node group, active and so sized."""

    def sized() -> Scaling | None:
        found = eks.find(name)
        return found.scaling if found and found.active else None

    eventually(sized, lambda found: found == scaling)


def awaits_report(cluster: Cluster, desired: int) -> None:
    """Wait until the provider has reported this desired size."""
    eventually(
        lambda: cluster.node_groups()[GENERATION]["status"]["atProvider"]["scalingConfig"],
        lambda reported: reported["desiredSize"] == desired,
    )


def test_an_autoscaler_is_not_fought_over(cluster: Cluster, eks: Eks) -> None:
    cluster.apply_plan((1, 2, 6))
    awaits(eks, MAIN, Scaling(1, 2, 6))
    cluster.awaits_reason("Ready", "Available")
    for desired in (6, 3, 1, 5):
        eks.autoscale(MAIN, desired)
        for _ in range(3):
            cluster.touch()
            time.sleep(0.15)
        awaits(eks, MAIN, Scaling(1, desired, 6))
    # Since it was created only the autoscaler has moved it.
    assert eks.verbs(MAIN) == ["create", "active", *["autoscale"] * 4]


def test_a_raised_min_lifts_the_node_group_and_lets_go_of_it(cluster: Cluster, eks: Eks) -> None:
    cluster.apply_plan((1, 2, 6))
    awaits(eks, MAIN, Scaling(1, 2, 6))
    cluster.apply_plan((4, 4, 8))
    awaits(eks, MAIN, Scaling(4, 4, 8))
    cluster.awaits(minSize=4, maxSize=8)
    # The desired size is the autoscaler's again.
    eks.autoscale(MAIN, 7)
    cluster.touch()
    time.sleep(0.5)
    awaits(eks, MAIN, Scaling(4, 7, 8))
    # A min below what runs moves nothing else.
    cluster.apply_plan((6, 6, 8))
    awaits(eks, MAIN, Scaling(6, 7, 8))


def test_a_lowered_max_holds_at_what_runs_until_that_has_fallen(cluster: Cluster, eks: Eks) -> None:
    cluster.apply_plan((2, 4, 8))
    awaits(eks, MAIN, Scaling(2, 4, 8))
    eks.autoscale(MAIN, 6)
    awaits_report(cluster, 6)
    cluster.apply_plan((2, 4, 8), (1, 2, 4), boundaries=[in_seconds(1)])
    # The window ends with six nodes at work.
    awaits(eks, MAIN, Scaling(1, 6, 6))
    cluster.assert_stays(cluster.spec())
    eks.autoscale(MAIN, 5)
    awaits(eks, MAIN, Scaling(1, 5, 5))
    eks.autoscale(MAIN, 3)
    awaits(eks, MAIN, Scaling(1, 3, 4))
    updates = [each.scaling for each in eks.events if each.verb == "update"]
    assert [each.desired for each in updates if each] == [6, 5, 3]  # none of them moved it


def test_a_max_lowered_on_an_old_report_is_mended_by_the_next(cluster: Cluster) -> None:
    with eks_provider(cluster.api, cluster.namespace) as eks:
        cluster.apply_plan((2, 4, 8))
        awaits(eks, MAIN, Scaling(2, 4, 8))
        cluster.awaits_reason("Ready", "Available")
    # Nobody looks at EKS for a while: the function believes that four run.
    eks.autoscale(MAIN, 6)
    cluster.apply_plan((2, 4, 8), (1, 2, 4), boundaries=[in_seconds(1)])
    cluster.awaits(minSize=1, maxSize=4)
    with eks_provider(cluster.api, cluster.namespace, eks):
        awaits(eks, MAIN, Scaling(1, 6, 6))
        cluster.assert_stays(cluster.spec())
    assert [each.scaling for each in eks.refusals] == [Scaling(1, 6, 4)]


def test_other_offers_make_a_generation_that_takes_over_when_it_is_ready(
    cluster: Cluster, eks: Eks
) -> None:
    cluster.apply_plan((2, 3, 8))
    awaits(eks, MAIN, Scaling(2, 3, 8))
    eks.autoscale(MAIN, 6)
    awaits_report(cluster, 6)
    cluster.apply_plan((2, 3, 8), generation="ffffff", instance_types=["p5.48xlarge"])
    new = "ml:trainer-main-ffffff"
    # It starts as large as the old one runs, which loses nothing before that.
    awaits(eks, new, Scaling(2, 6, 8))
    eventually(lambda: eks.find(MAIN), lambda found: found is None)
    order = [(each.verb, each.name) for each in eks.events if each.verb != "autoscale"]
    assert order == [
        ("create", MAIN),
        ("active", MAIN),
        ("create", new),
        ("active", new),
        ("delete", MAIN),
    ]
    eventually(cluster.node_groups, lambda found: set(found) == {"ffffff"})
    cluster.awaits_reason("CapacityPlanned", "AsPlanned")
    found = eks.find(new)
    assert found is not None
    assert found.fixed["instanceTypes"] == ["p5.48xlarge"]


def test_a_group_of_no_nodes_is_one_that_eks_takes(cluster: Cluster, eks: Eks) -> None:
    cluster.apply_plan((0, 0, 0))
    awaits(eks, MAIN, Scaling(0, 0, 1))
    cluster.apply_plan((1, 1, 2))
    awaits(eks, MAIN, Scaling(1, 1, 2))


def test_a_deleted_xr_takes_its_node_groups_with_it(cluster: Cluster, eks: Eks) -> None:
    cluster.apply_plan((1, 2, 6))
    awaits(eks, MAIN, Scaling(1, 2, 6))
    other = Cluster(cluster.api, cluster.namespace, "other")
    other.touch()
    awaits(eks, "other:trainer-main-0a1b2c", Scaling(1, 2, 6))
    cluster.delete()
    eventually(lambda: eks.find(MAIN), lambda found: found is None)
    eventually(cluster.exists, lambda found: not found)
    assert other.scaling() == {"minSize": 1, "maxSize": 6}
