"""A cluster's node groups together: whether it could work with them, and what a person is told."""

from typing import Any

import pytest

from support.plans import START, group, plan, pool, windows
from trimtab.errors import InputError
from trimtab.plan.model import CapacityPlan
from trimtab.provision.arguments import checked
from trimtab.provision.eks.groups import NodeGroupShape
from trimtab.provision.pool_settings import SettingsByGroup
from trimtab_components.eks.addons import Addon, chosen_addons
from trimtab_components.eks.cluster_args import ClusterSettings
from trimtab_components.eks.layout import cluster_groups, cluster_warnings, cluster_zones

TAINT = {"key": "team", "value": "x", "effect": "NoSchedule"}
CRITICAL = {"key": "CriticalAddonsOnly", "value": "true", "effect": "NoSchedule"}
SOFT = {"key": "team", "value": "x", "effect": "PreferNoSchedule"}
HYBRID = {"hybrid": {"node_cidrs": ["192.168.0.0/24"]}}


def one_group(**changes: Any) -> CapacityPlan:
    return plan(pools=[pool(groups=[group("g", {"option": "on-demand"}, **changes)])])


def settings(**arguments: Any) -> ClusterSettings:
    return checked(ClusterSettings, {"plan": "p", **arguments}, "here")


def shapes(of: CapacityPlan, **arguments: Any) -> tuple[NodeGroupShape, ...]:
    chosen = settings(**arguments)
    by_group = SettingsByGroup(of, chosen.pools, "here")
    zones = cluster_zones(chosen, of, "us-east-1")
    return cluster_groups(of, START, chosen, by_group, zones, "here")


def warnings(of: CapacityPlan, **arguments: Any) -> list[str]:
    chosen = settings(**arguments)
    found = shapes(of, **arguments)
    addons = chosen_addons(
        {name: Addon(**each) for name, each in arguments.get("addons", {}).items()},
        node_groups=bool(found),
        auto_mode=chosen.auto,
        hosts_pods=bool(found or chosen.built_in_pools),
        where="here",
    )
    return cluster_warnings(chosen, found, addons)


EFA = {"pools": {"trainer": {"efa": True}}}


@pytest.mark.parametrize("more", [{"endpoints": {"services": ["ecr.api"]}}, {}])
def test_machines_with_several_interfaces_need_a_way_to_join(more: dict[str, Any]) -> None:
    """EC2 gives them no public address, so a public subnet alone leads nowhere."""
    with pytest.raises(InputError) as caught:
        shapes(one_group(), nat="none", **EFA, **more)
    assert str(caught.value) == (
        "here: efa: EC2 gives no public address to machines with several interfaces, so with nat "
        "none nodes of trainer-g-0a1b2c could not join; give nat single or per-zone, or endpoints, "
        "or drop efa"
    )


@pytest.mark.parametrize(
    "arguments",
    [
        {"nat": "none"},
        EFA,
        {**EFA, "nat": "per-zone"},
        {**EFA, "nat": "none", "endpoints": {}},
        {**EFA, "nat": "none", "internet_access": False, "endpoints": {}},
        {**EFA, "vpc_id": "vpc-1", "subnet_ids": ["a", "b"]},
    ],
    ids=str,
)
def test_a_way_that_is_there_is_enough(arguments: dict[str, Any]) -> None:
    (made,) = shapes(one_group(), **arguments)
    assert bool(made.interfaces) is ("pools" in arguments)


@pytest.mark.parametrize(
    ("changes", "arguments", "open_"),
    [
        ({}, {}, True),
        ({"taints": [TAINT]}, {}, False),
        ({"taints": [SOFT, CRITICAL]}, {}, True),
        ({"windows": windows((0, 0, 4))}, {}, False),
        ({}, {"pools": {"trainer": {"readiness_taint": True}}}, False),
        ({}, {"pools": {"trainer": {"accelerator_taint": True}}}, False),
    ],
)
def test_a_group_is_open_where_the_clusters_own_pods_find_a_node(
    changes: dict[str, Any], arguments: dict[str, Any], open_: bool
) -> None:
    (made,) = shapes(one_group(**changes), **arguments)
    assert made.open is open_


@pytest.mark.parametrize(
    ("changes", "arguments", "says"),
    [
        ({"taints": [TAINT]}, {}, "the creation of coredns and metrics-server waits for one"),
        (
            {"taints": [TAINT]},
            {"addons": {"metrics-server": {"enabled": False}}},
            "the creation of coredns waits for one and fails after 20 minutes",
        ),
        ({}, HYBRID, "join over the internet from blocks in public_access_cidrs"),
    ],
)
def test_what_a_person_should_know_of_the_cluster_is_said(
    changes: dict[str, Any], arguments: dict[str, Any], says: str
) -> None:
    (warning,) = warnings(one_group(**changes), **arguments)
    assert says in warning


def test_more_groups_than_ekss_quota_are_told() -> None:
    pools = [pool(name=f"p{i}", groups=[group("g", {"option": "on-demand"})]) for i in range(31)]
    (warning,) = warnings(plan(pools=pools))
    assert warning.startswith("31 node groups are above EKS's default quota of 30 a cluster")
    assert warnings(plan(pools=pools[:30])) == []


TOLERANT = {"values": {"tolerations": [{"operator": "Exists"}]}}


@pytest.mark.parametrize(
    ("changes", "arguments"),
    [
        ({}, {}),
        ({"taints": [TAINT]}, {"addons": {"coredns": TOLERANT, "metrics-server": TOLERANT}}),
        ({"taints": [TAINT]}, {"auto_mode": {}, "plan_pools": ["trainer"]}),
        ({}, {"auto_mode": {"node_pools": []}}),
        ({}, {**HYBRID, "public_endpoint": False}),
    ],
    ids=str,
)
def test_what_works_is_not_warned_of(changes: dict[str, Any], arguments: dict[str, Any]) -> None:
    assert warnings(one_group(**changes), **arguments) == []
