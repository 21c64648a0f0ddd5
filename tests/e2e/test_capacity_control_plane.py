"""The capacity function under a real Crossplane on a real API server, over mutual TLS.

No AWS provider runs: the test writes what one would report into the node groups' status.
"""

import time

import pytest

from support.capacity_cluster import (
    GENERATION,
    NODE_GROUP_SET,
    CapacityControlPlane,
    Cluster,
    eventually,
    in_seconds,
)
from support.kube_api import KubeError

pytestmark = pytest.mark.engine


def test_a_plan_becomes_a_node_group_and_a_change_of_it_another_size(cluster: Cluster) -> None:
    cluster.apply_plan((2, 3, 4))
    cluster.awaits(minSize=2, maxSize=4)
    assert cluster.node_groups()[GENERATION]["spec"]["initProvider"] == {
        "scalingConfig": {"desiredSize": 3}
    }
    cluster.report(3)
    cluster.awaits_reason("Ready", "Available")
    cluster.apply_plan((3, 4, 8))
    cluster.awaits(minSize=3, maxSize=8)
    assert cluster.reasons()["CapacityPlanned"] == "AsPlanned"


def test_the_next_window_holds_when_it_begins(cluster: Cluster) -> None:
    cluster.runs()
    cluster.apply_plan((2, 3, 4), (1, 2, 3), boundaries=[in_seconds(2)])
    # Nobody edits anything: the response that was given before the boundary lives until then.
    cluster.awaits(minSize=1, maxSize=3)


def test_a_raise_states_the_desired_size_and_then_releases_it(cluster: Cluster) -> None:
    cluster.apply_plan((1, 1, 4))
    cluster.awaits(minSize=1, maxSize=4)
    cluster.report(1)
    cluster.apply_plan((3, 3, 4))
    cluster.awaits(minSize=3, maxSize=4, desiredSize=3)
    # The provider reports; that alone makes Crossplane ask again.
    cluster.report(3)
    cluster.awaits(minSize=3, maxSize=4)


def test_what_runs_outlives_its_plan(cluster: Cluster) -> None:
    cluster.apply_plan((2, 3, 4))
    cluster.awaits(minSize=2, maxSize=4)
    cluster.report(4)
    cluster.delete_plan()
    cluster.awaits_reason("PlanUsable", "PlanNotFound")
    before = cluster.node_groups()[GENERATION]["spec"]
    cluster.touch()
    time.sleep(1)
    assert cluster.node_groups()[GENERATION]["spec"] == before
    assert cluster.scaling() == {"minSize": 2, "maxSize": 4}
    cluster.apply_plan((2, 3, 6))
    cluster.awaits_reason("PlanUsable", "PlanFound")
    cluster.awaits(minSize=2, maxSize=6)


def test_an_old_generation_goes_once_the_new_one_is_ready(cluster: Cluster) -> None:
    cluster.apply_plan((2, 3, 6))
    cluster.awaits(minSize=2, maxSize=6)
    cluster.report(5)
    cluster.apply_plan((2, 3, 6), generation="ffffff")
    both = eventually(cluster.node_groups, lambda found: len(found) == 2)
    assert both["ffffff"]["spec"]["initProvider"]["scalingConfig"] == {"desiredSize": 5}
    assert both[GENERATION]["spec"]["forProvider"]["scalingConfig"] == {"minSize": 2, "maxSize": 6}
    cluster.awaits_reason("CapacityPlanned", "Replacing")
    cluster.report(5, generation="ffffff")
    eventually(cluster.node_groups, lambda found: set(found) == {"ffffff"})
    cluster.awaits_reason("CapacityPlanned", "AsPlanned")


def test_what_eks_cannot_change_in_place_cannot_be_edited(cluster: Cluster) -> None:
    cluster.apply_plan((1, 1, 1))
    xr = cluster.api.get(*NODE_GROUP_SET, "ml", cluster.namespace)
    for field, value in (("region", "eu-west-1"), ("subnetIds", ["subnet-b"])):
        changed = {
            "apiVersion": xr["apiVersion"],
            "kind": xr["kind"],
            "metadata": {"name": "ml", "namespace": cluster.namespace},
            "spec": {**xr["spec"], field: value},
        }
        with pytest.raises(KubeError, match=f"{field} can't change"):
            cluster.api.apply(changed, dry_run=True)


def test_reconciles_do_not_storm(cluster: Cluster, with_function: CapacityControlPlane) -> None:
    cluster.apply_plan((2, 3, 4))
    cluster.awaits(minSize=2, maxSize=4)
    cluster.report(3)
    cluster.awaits_reason("Ready", "Available")
    time.sleep(1)
    counter = "function_run_function_request_total"
    before = with_function.core.metric(counter)
    assert before > 0
    time.sleep(3)
    # A second reconcile without a cause would cause a third.
    assert with_function.core.metric(counter) - before <= 4
    assert with_function.core.metric("circuit_breaker_opens_total") == 0
