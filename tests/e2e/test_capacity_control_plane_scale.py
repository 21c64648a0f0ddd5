"""Two hundred XRs at once in a real control plane: all get their node groups, and nothing storms."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from support.capacity_cluster import (
    NODE_GROUP,
    NODE_GROUP_SET,
    CapacityControlPlane,
    Cluster,
    eventually,
    node_group_set,
    plan_now,
)

pytestmark = pytest.mark.engine

XRS = 200
WITHIN_SECONDS = 120.0
DEFAULT_BURST = 100
"""Events of one XR that Crossplane's circuit breaker lets through at once unless told otherwise."""


def test_two_hundred_xrs_at_once_all_get_their_node_groups(
    cluster: Cluster, with_function: CapacityControlPlane
) -> None:
    core, api, namespace = with_function.core, cluster.api, cluster.namespace
    names = [f"ml-{number}" for number in range(XRS)]
    events = core.metric("circuit_breaker_events_total")
    calls = core.metric("function_run_function_request_total")
    cluster.apply(plan_now((2, 3, 4)))
    begun = time.monotonic()
    with ThreadPoolExecutor(8) as clients:
        list(clients.map(lambda name: api.apply(node_group_set(namespace, name)), names))
    eventually(
        lambda: len(api.list_all(*NODE_GROUP, namespace)),
        lambda found: found == XRS,
        WITHIN_SECONDS,
    )
    composed = time.monotonic() - begun

    def said() -> set[str]:
        xrs = api.list_all(*NODE_GROUP_SET, namespace)
        return {
            each["reason"]
            for xr in xrs
            for each in xr.get("status", {}).get("conditions", [{"type": "none", "reason": ""}])
            if each["type"] in {"CapacityPlanned", "none"}
        }

    eventually(said, lambda reasons: reasons == {"AsPlanned"}, WITHIN_SECONDS)
    found = api.list_all(*NODE_GROUP, namespace)
    assert sorted(each["metadata"]["labels"]["crossplane.io/composite"] for each in found) == (
        sorted(names)
    )
    sizes = {"minSize": 2, "maxSize": 4}
    assert all(each["spec"]["forProvider"]["scalingConfig"] == sizes for each in found)
    calls = core.metric("function_run_function_request_total") - calls
    events = core.metric("circuit_breaker_events_total") - events
    print(f"{XRS} XRs: composed in {composed:.1f} s, {calls:.0f} calls, {events:.0f} events")
    assert core.metric("circuit_breaker_opens_total") == 0
    assert events / XRS < DEFAULT_BURST  # nor would it have opened with Crossplane's default
