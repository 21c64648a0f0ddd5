"""A plan's groups as AKS node pools: names, sizes, purchases, GPUs, labels and taints."""

import re
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.cloud_plans import RESERVATION_GROUP, aks_group, aks_plan, held
from support.plans import START, pool, windows
from support.plans import plan as make_plan
from trimtab.errors import InputError
from trimtab.plan.model import CapacityPlan
from trimtab.provision.aks.pools import (
    Fixed,
    HeldGroup,
    NodePoolShape,
    PoolChoices,
    Regular,
    Scaled,
    Spot,
    azure_zone,
    node_pool_shapes,
    pool_name,
)
from trimtab.provision.aks.tags import check_azure_tags
from trimtab.provision.arguments import PlanArguments
from trimtab.provision.planned import planned


def shapes(
    plan: CapacityPlan,
    *,
    hours: float = 0,
    pools: dict[str, Any] | None = None,
    running: dict[str, Any] | None = None,
    **choices: Any,
) -> tuple[NodePoolShape, ...]:
    as_of = (START + timedelta(hours=hours)).isoformat()
    arguments = PlanArguments.model_validate(
        {"plan": plan, "as_of": as_of, "pools": pools or {}, "running": running or {}}
    )
    made = {
        "region": "eastus",
        "zones": (),
        "volume_gib": 128,
        "autoscaled": True,
        "driver": "default",
        "tags": {},
        "pool_zones": {},
        **choices,
    }
    return node_pool_shapes(planned(arguments, "azure", "eastus", "here"), PoolChoices(**made))


def shape(plan: CapacityPlan, **given: Any) -> NodePoolShape:
    (one,) = shapes(plan, **given)
    return one


def test_every_purchase_option_has_its_own_way() -> None:
    ways = {s.key: (s.priority, s.zones, s.surge, s.unavailable) for s in shapes(aks_plan())}
    assert ways == {
        "trainer-reserved-0a1b2c": (Regular(), (), "10%", None),
        "trainer-held-0a1b2c": (HeldGroup(RESERVATION_GROUP), ("1",), None, "1"),
        "trainer-on-demand-0a1b2c": (Regular(), (), "10%", None),
        "trainer-spot-0a1b2c": (Spot(), (), None, None),
    }


KEYS = st.from_regex(r"[a-z0-9]([-a-z0-9]{0,90}[a-z0-9])?", fullmatch=True)


@given(st.lists(KEYS, min_size=2, max_size=40, unique=True))
def test_names_are_legal_and_different(keys: list[str]) -> None:
    names = [pool_name(key) for key in keys]
    assert len(set(names)) == len(names)
    for name in names:
        assert re.fullmatch(r"[a-z][a-z0-9]{0,11}", name)
    assert names == [pool_name(key) for key in keys]


def test_a_name_lasts_as_long_as_its_generation() -> None:
    earlier = (START - timedelta(hours=1)).isoformat()
    one = shape(aks_plan(aks_group("g", generation="0a1b2c"))).name
    assert shape(aks_plan(aks_group("g", generation="0a1b2c"), asOf=earlier)).name == one
    assert shape(aks_plan(aks_group("g", generation="ffffff"))).name != one


@pytest.mark.parametrize(
    ("sizes", "autoscaled", "expected"),
    [
        ((2, 3, 4), True, Scaled(2, 3, 4)),
        ((0, 0, 4), True, Scaled(0, 0, 4)),
        # The autoscaler takes no max of 0.
        ((0, 0, 0), True, Fixed(0)),
        ((2, 3, 4), False, Fixed(3)),
    ],
)
def test_sizes_are_the_windows(
    sizes: tuple[int, int, int], autoscaled: bool, expected: Scaled | Fixed
) -> None:
    plan = aks_plan(aks_group("g", windows=windows(sizes)))
    assert shape(plan, autoscaled=autoscaled).sizes == expected


@pytest.mark.parametrize(("hours", "expected"), [(0, (2, 3, 4)), (4, (3, 4, 6)), (8, (1, 2, 4))])
def test_the_window_that_holds_is_taken(hours: float, expected: tuple[int, int, int]) -> None:
    assert shape(aks_plan(aks_group("g")), hours=hours).sizes == Scaled(*expected)


def test_what_runs_is_not_cut() -> None:
    running = {"trainer-g-0a1b2c": {"min": 0, "desired": 9, "max": 9}}
    made = shape(aks_plan(aks_group("g")), running=running)
    assert made.sizes == Scaled(2, 9, 9)
    assert "max held at the 9 nodes" in str(made.reason)


def test_a_spot_pool_states_what_aks_puts_on_it() -> None:
    taint = {"key": "trimtab.dev/purchase-option", "value": "spot", "effect": "NoSchedule"}
    made = shape(aks_plan(aks_group("spot", {"option": "spot", "pools": 1}, taints=[taint])))
    assert made.labels["kubernetes.azure.com/scalesetpriority"] == "spot"
    assert made.taints == (
        "trimtab.dev/purchase-option=spot:NoSchedule",
        "kubernetes.azure.com/scalesetpriority=spot:NoSchedule",
    )


@pytest.mark.parametrize(
    ("settings", "driver", "expected"),
    [
        ({}, "default", ("Install", None, None)),
        ({}, "none", ("None", None, None)),
        ({"mig_profile": "all-2g.10gb"}, "default", ("Install", "MIG2g", None)),
        # The GPU operator cuts GPUs whose driver it brings.
        ({"mig_profile": "all-2g.10gb"}, "none", ("None", None, "all-2g.10gb")),
    ],
)
def test_who_brings_the_driver_cuts_the_gpus(
    settings: dict[str, Any], driver: str, expected: tuple[str, str | None, str | None]
) -> None:
    made = shape(aks_plan(aks_group("g")), pools={"trainer": settings}, driver=driver)
    label = made.labels.get("nvidia.com/mig.config")
    assert (made.gpu_driver, made.gpu_instance, label) == expected


@pytest.mark.parametrize(
    ("accelerator", "driver"),
    [(None, None), ({"model": "mi300x", "resource": "amd.com/gpu", "perNode": 8.0}, "None")],
)
def test_other_machines_get_no_nvidia_driver(accelerator: Any, driver: str | None) -> None:
    assert shape(aks_plan(aks_group("g", accelerator=accelerator))).gpu_driver == driver


def test_labels_that_aks_sets_are_left_to_it() -> None:
    labelled = pool(groups=[aks_group("g")], labels={"kubernetes.azure.com/mode": "user", "a": "b"})
    site = {"provider": "azure", "region": "eastus"}
    made = shape(make_plan(site=site, pools=[labelled]))
    assert made.labels.keys() == {
        "a",
        "trimtab.dev/pool",
        "trimtab.dev/group",
        "trimtab.dev/purchase-option",
    }


def test_tags_say_who_pays_and_the_whole_key() -> None:
    tags = shape(aks_plan(aks_group("g")), tags={"cost-centre": "42"}).tags
    assert tags["trimtab:group-key"] == "trainer-g-0a1b2c"
    assert tags["team"] == "vision"
    assert tags["cost-centre"] == "42"
    assert "trimtab:plan-digest" in tags


BLOCK = {
    "option": "capacity-block",
    "reservationId": "cb",
    "endsAt": (START + timedelta(hours=10)).isoformat(),
}


@pytest.mark.parametrize(
    ("changes", "given", "says"),
    [
        ({"offers": [{"instanceType": "p4d.24xlarge"}]}, {}, "p4d.24xlarge is no VM size of Azure"),
        ({"purchase": BLOCK}, {}, "Azure sells no capacity blocks"),
        ({"purchase": held("cr-1", None)}, {}, "cr-1 is no capacity reservation group of Azure"),
        ({}, {"pools": {"trainer": {"efa": True}}}, "AKS has no efa (True)"),
        ({}, {"pools": {"trainer": {"local_storage": "raid0"}}}, "AKS has no local_storage (raid0)"),
        ({}, {"pools": {"trainer": {"ami_family": "AL2023"}}}, "give os_sku instead"),
        ({}, {"pools": {"trainer": {"readiness_taint": True}}}, "AKS has no readiness_taint"),
        ({}, {"pools": {"trainer": {"mig_profile": "all-balanced"}}}, "cuts every GPU of a pool alike"),
        ({}, {"pools": {"trainer": {"mig_profile": "7g.80gb"}}}, "a100-40gb can't be cut into 7g.80gb"),
        ({}, {"pools": {"trainer": {"placement_group": True}}, "zones": ("1", "2")},
         "placement_group stands in one zone, not in 1, 2"),
        ({"purchase": held(RESERVATION_GROUP, "eastus-1")}, {"pool_zones": {"trainer": ("2",)}},
         "pool_zones: 2, but what is held is in eastus-1"),
        ({}, {"zones": ("eastus2-1",)}, "eastus2-1 is no zone of eastus"),
        ({"windows": windows((0, 0, 1001))}, {}, "1001 nodes, and a node pool of AKS takes 1000"),
        ({"purchase": {"option": "spot", "pools": 1}},
         {"pools": {"trainer": {"max_unavailable_percentage": 20}}},
         "AKS takes no max_unavailable_percentage for Spot pools"),
    ],
)  # fmt: skip
def test_what_aks_lacks_is_refused_by_name(
    changes: dict[str, Any], given: dict[str, Any], says: str
) -> None:
    with pytest.raises(InputError) as caught:
        shapes(aks_plan(aks_group("g", **{"purchase": None, **changes})), **given)
    assert says in str(caught.value)
    assert str(caught.value).startswith("here: group trainer/g: ")


def test_a_label_of_azures_that_nobody_sets_is_refused() -> None:
    labelled = pool(groups=[aks_group("g")], labels={"kubernetes.azure.com/team": "x"})
    site = {"provider": "azure", "region": "eastus"}
    with pytest.raises(InputError, match=r"AKS refuses the label kubernetes.azure.com/team"):
        shapes(make_plan(site=site, pools=[labelled]))


def test_a_zone_may_be_stated_either_way() -> None:
    plan = aks_plan(aks_group("g", held(RESERVATION_GROUP, "eastus-1")))
    assert shape(plan, pool_zones={"trainer": ("1",)}).zones == ("1",)


def test_zones_are_numbers() -> None:
    assert [azure_zone(zone, "eastus", "here") for zone in ("1", "eastus-2")] == ["1", "2"]


@pytest.mark.parametrize(
    ("tags", "says"),
    [
        ({"a/b": "x"}, "a/b has a /, which Azure takes in no tag's name"),
        ({"A": "x", "a": "y"}, "A and a are one tag to Azure"),
        ({"a": "x" * 257}, "a is longer than Azure takes"),
        ({f"k{i}": "" for i in range(40)}, "40 besides the plan's, and Azure takes 50 in all"),
    ],
)
def test_tags_that_azure_refuses_are_refused(tags: dict[str, str], says: str) -> None:
    with pytest.raises(InputError, match=re.escape(says)):
        check_azure_tags(tags, "here")
