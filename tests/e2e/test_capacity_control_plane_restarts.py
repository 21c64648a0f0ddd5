"""The capacity function and the API server end in the middle of their work, and come back.

No AWS provider runs: the test writes what one would report into the node groups' status.
"""

import pytest

from support.capacity_cluster import (
    GENERATION,
    NODE_GROUP,
    CapacityControlPlane,
    Cluster,
    eventually,
    node_group_set,
    plan_now,
)
from trimtab.plan.document import parse_plan

pytestmark = pytest.mark.engine


def test_a_killed_function_changes_nothing_until_it_is_back(
    cluster: Cluster, with_function: CapacityControlPlane
) -> None:
    spec = cluster.runs()
    with_function.kill_function()
    try:
        cluster.apply_plan((3, 4, 8))
        # Crossplane waits for a function that is not there, two minutes at the most.
        cluster.assert_stays(spec)
    finally:
        with_function.start_function()
    cluster.awaits(minSize=3, maxSize=8)
    cluster.awaits_reason("Synced", "ReconcileSuccess")


def test_a_function_killed_while_it_answers_leaves_nothing_undone(
    cluster: Cluster, with_function: CapacityControlPlane
) -> None:
    cluster.apply(plan_now((2, 3, 4)))
    names = [f"ml-{number}" for number in range(40)]
    for name in names[:30]:
        cluster.api.apply(node_group_set(cluster.namespace, name))
    with_function.kill_function()
    try:
        for name in names[30:]:
            cluster.api.apply(node_group_set(cluster.namespace, name))
        assert len(cluster.api.list_all(*NODE_GROUP, cluster.namespace)) <= 30
    finally:
        with_function.start_function()
    eventually(lambda: len(cluster.api.list_all(*NODE_GROUP, cluster.namespace)), len(names).__eq__)
    found = cluster.api.list_all(*NODE_GROUP, cluster.namespace)
    assert {each["metadata"]["labels"]["crossplane.io/composite"] for each in found} == set(names)
    assert with_function.core.metric("circuit_breaker_opens_total") == 0


def test_an_api_server_that_restarts_finds_everything_as_it_was(
    cluster: Cluster, with_function: CapacityControlPlane
) -> None:
    spec = cluster.runs()
    uid = cluster.node_groups()[GENERATION]["metadata"]["uid"]
    cluster.api.restart()
    cluster.assert_stays(spec)
    # Crossplane watches again, a little later: a new plan is followed, a report acted upon.
    plan = plan_now((4, 4, 8))
    cluster.apply(plan)
    cluster.awaits_said(parse_plan(plan, "the new plan").digest, seconds=60)
    cluster.awaits(minSize=4, maxSize=8, desiredSize=4)
    cluster.report(4)
    cluster.awaits(minSize=4, maxSize=8)
    assert cluster.node_groups()[GENERATION]["metadata"]["uid"] == uid
    assert with_function.core.metric("circuit_breaker_opens_total") == 0
