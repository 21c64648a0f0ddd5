"""A plan's groups as GKE node pools: sizes, purchases, accelerators, slices and labels."""

import re
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.cloud_plans import gke_group, gke_plan, held, tpu_group
from support.plans import START, windows
from trimtab.errors import InputError
from trimtab.plan.model import CapacityPlan
from trimtab.plan.sizing import Sizes
from trimtab.provision.arguments import PlanArguments
from trimtab.provision.gke.gpus import Gpus
from trimtab.provision.gke.labels import gcp_labels
from trimtab.provision.gke.machines import gpus_of, local_ssds, tpu_hosts
from trimtab.provision.gke.pools import NodePoolShape, PoolChoices, node_pool_shapes
from trimtab.provision.gke.provisioning import Queued, Reservation, Spot, Standard
from trimtab.provision.gke.sizes import Fixed, Slice, Total, initial_per_zone
from trimtab.provision.names import bounded_name
from trimtab.provision.planned import planned

ZONES = ("us-central1-a", "us-central1-b", "us-central1-c")
BLOCK = {
    "option": "capacity-block",
    "reservationId": "calendar",
    "startsAt": (START + timedelta(hours=2)).isoformat(),
    "endsAt": (START + timedelta(hours=10)).isoformat(),
    "zone": "us-central1-b",
}


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
        "zones": ZONES,
        "volume_gib": 100,
        "autoscaled": True,
        "tags": {},
        "pool_zones": {},
        "tpu_topologies": {},
        "queued": frozenset(),
        **choices,
    }
    return node_pool_shapes(planned(arguments, "gcp", "us-central1", "here"), PoolChoices(**made))


def shape(plan: CapacityPlan, **given: Any) -> NodePoolShape:
    (one,) = shapes(plan, **given)
    return one


def refusal(plan: CapacityPlan, **given: Any) -> str:
    with pytest.raises(InputError) as caught:
        shapes(plan, **given)
    return str(caught.value)


def test_every_purchase_option_has_its_own_way() -> None:
    ways = {s.key: (s.provisioning, s.zones) for s in shapes(gke_plan())}
    assert ways == {
        "trainer-reserved-0a1b2c": (Standard(), ZONES),
        "trainer-held-0a1b2c": (Reservation("ours"), ZONES[:1]),
        "trainer-on-demand-0a1b2c": (Standard(), ZONES),
        "trainer-spot-0a1b2c": (Spot(), ZONES),
    }


@pytest.mark.parametrize(
    ("purchase", "any_zone", "surge"),
    [
        ({"option": "on-demand"}, False, (1, 0)),
        ({"option": "spot", "pools": 2}, True, (1, 0)),
        # What is held has no room for a node more.
        (held("ours", "us-central1-a"), True, (0, 1)),
    ],
)
def test_bounds_are_of_the_whole_pool(
    purchase: dict[str, Any], any_zone: bool, surge: tuple[int, int]
) -> None:
    made = shape(gke_plan(gke_group("g", purchase)))
    assert isinstance(made.sizes, Total)
    assert (made.sizes.min, made.sizes.max, made.sizes.any_zone) == (2, 4, any_zone)
    assert (made.surge, made.unavailable) == surge


@given(
    st.integers(0, 400).flatmap(
        lambda most: st.tuples(
            st.just(most), st.lists(st.integers(0, most), min_size=2, max_size=2).map(sorted)
        )
    ),
    st.integers(1, 4),
)
def test_totals_are_the_plans_whatever_the_zones(bounds: tuple[int, list[int]], zones: int) -> None:
    most, (least, desired) = bounds
    group = gke_group("g", windows=windows((least, desired, most)))
    made = shape(gke_plan(group), zones=tuple(f"us-central1-{z}" for z in "abcd"[:zones]))
    if most == 0:
        assert made.sizes == Fixed(0)
        return
    assert isinstance(made.sizes, Total)
    assert (made.sizes.min, made.sizes.max) == (least, most)
    begun = made.sizes.initial * zones
    assert begun <= most
    assert begun >= desired or begun + zones > most
    assert (begun < least) == ("starts with" in str(made.reason))


def test_one_zone_begins_with_the_desired_size() -> None:
    assert initial_per_zone(Sizes(5, 5, 5), 1) == 5
    assert initial_per_zone(Sizes(2, 3, 4), 3) == 1
    assert initial_per_zone(Sizes(5, 5, 5), 3) == 1


@pytest.mark.parametrize(("hours", "sizes"), [(0, (2, 4)), (4, (3, 6)), (8, (1, 4))])
def test_the_window_that_holds_is_taken(hours: float, sizes: tuple[int, int]) -> None:
    made = shape(gke_plan(gke_group("g")), hours=hours).sizes
    assert isinstance(made, Total)
    assert (made.min, made.max) == sizes


def test_what_runs_is_not_cut() -> None:
    running = {"trainer-g-0a1b2c": {"min": 0, "desired": 9, "max": 9}}
    made = shape(gke_plan(gke_group("g")), running=running)
    assert isinstance(made.sizes, Total)
    assert made.sizes.max == 9
    assert "max held at the 9 nodes" in str(made.reason)


@pytest.mark.parametrize(
    ("hours", "empty"), [(0, True), (1.9, True), (2, False), (8.9, False), (9, True), (11, True)]
)
def test_a_block_is_empty_outside_its_span(hours: float, empty: bool) -> None:
    made = shape(gke_plan(gke_group("g", BLOCK)), hours=hours)
    assert (made.sizes == Fixed(0)) == empty
    assert made.provisioning == Reservation("calendar")
    assert made.zones == ("us-central1-b",)


def test_without_an_autoscaler_every_zone_has_its_share() -> None:
    group = gke_group("g", windows=windows((2, 6, 9)))
    assert shape(gke_plan(group), autoscaled=False).sizes == Fixed(2)
    assert "6 nodes are not the same number in each of 4 zones" in refusal(
        gke_plan(group), autoscaled=False, zones=(*ZONES, "us-central1-f")
    )


@pytest.mark.parametrize(
    ("settings", "partition", "sharing"),
    [
        ({}, None, None),
        ({"mig_profile": "all-1g.5gb"}, "1g.5gb", None),
        ({"sharing": "time-slicing", "sharing_replicas": 4}, None, ("TIME_SHARING", 4)),
        ({"sharing": "mps", "sharing_replicas": 48}, None, ("MPS", 48)),
        ({"mig_profile": "2g.10gb", "sharing": "time-slicing", "sharing_replicas": 2},
         "2g.10gb", ("TIME_SHARING", 2)),
    ],
)  # fmt: skip
def test_gpus_are_cut_and_shared(
    settings: dict[str, Any], partition: str | None, sharing: tuple[str, int] | None
) -> None:
    made = shape(gke_plan(gke_group("g")), pools={"trainer": settings})
    assert made.gpus == Gpus("nvidia-tesla-a100", 8, partition, sharing)
    assert not any(key.startswith("nvidia.com/") for key in made.labels)


def test_a_slice_is_a_pool_of_its_own_and_the_first_are_always_there() -> None:
    made = shapes(gke_plan(tpu_group()), zones=ZONES[:1], tpu_topologies={"trainer": "4x4"})
    assert [(s.key, s.sizes, s.tpu_topology) for s in made] == [
        ("trainer-tpu-0a1b2c-s0", Slice(4, always=True), "4x4"),
        ("trainer-tpu-0a1b2c-s1", Slice(4, always=False), "4x4"),
    ]
    assert len({s.name for s in made}) == 2


def test_single_tpu_hosts_are_a_pool_like_any_other() -> None:
    for topologies in ({}, {"trainer/tpu": "2x2"}):
        made = shape(gke_plan(tpu_group()), tpu_topologies=topologies)
        assert isinstance(made.sizes, Total)
        assert made.tpu_topology is None
        assert made.gpus is None


@pytest.mark.parametrize(
    ("machine", "topology", "hosts"),
    [
        ("ct5lp-hightpu-4t", "2x4", 2),
        ("ct5lp-hightpu-8t", "2x4", 1),
        ("ct5lp-hightpu-1t", "1x1", 1),
        ("ct6e-standard-4t", "16x16", 64),
        ("ct5p-hightpu-4t", "2x2x1", 1),
        ("ct5p-hightpu-4t", "4x4x4", 16),
        ("ct5p-hightpu-4t", "16x20x28", 2240),
        ("ct4p-hightpu-4t", "12x16x16", 768),
    ],
)
def test_a_topology_says_how_many_hosts(machine: str, topology: str, hosts: int) -> None:
    assert tpu_hosts(machine, topology, "here") == hosts


@pytest.mark.parametrize(
    ("machine", "topology", "says"),
    [
        ("ct5lp-hightpu-4t", "3x3", "no slice of 3x3; with machines of 4 chips give 2x4, 4x4"),
        ("ct5lp-hightpu-8t", "4x4", "ct5lp-hightpu-8t has no slice of 4x4"),
        ("ct5p-hightpu-4t", "8x4x4", "three multiples of 4 in rising order"),
        ("ct4p-hightpu-4t", "16x20x28", "no slice of 16x20x28"),
        ("ct5p-hightpu-4t", "4x4", "no slice of 4x4"),
        ("ct5p-hightpu-4t", "4-4", "4-4 is no topology"),
        ("a2-highgpu-8g", "4x4", "a2-highgpu-8g makes no TPU slices"),
    ],
)
def test_other_topologies_are_refused(machine: str, topology: str, says: str) -> None:
    with pytest.raises(InputError, match=re.escape(says)):
        tpu_hosts(machine, topology, "here")


@pytest.mark.parametrize(
    ("machine", "gpus"),
    [
        ("g2-standard-48", 4),
        ("g2-standard-24", 2),
        ("a3-megagpu-8g", 8),
        ("a4x-highgpu-4g", 4),
        ("n1-standard-8", None),
        ("e2-standard-4", None),
    ],
)
def test_machine_types_say_their_gpus(machine: str, gpus: int | None) -> None:
    assert gpus_of(machine) == gpus


@pytest.mark.parametrize(
    ("machine", "disks"),
    [("a3-highgpu-8g", 16), ("g2-standard-96", 8), ("c4a-standard-16-lssd", 4)],
)
def test_local_disks_are_counted(machine: str, disks: int) -> None:
    assert local_ssds(machine, "here") == disks
    plan = gke_plan(gke_group("g", offers=[{"instanceType": "a2-highgpu-8g"}]))
    assert shape(plan, pools={"trainer": {"local_storage": "raid0"}}).local_ssds == 8


def test_queued_nodes_come_through_requests_alone() -> None:
    group = gke_group("g", windows=windows((0, 0, 8)))
    made = shape(gke_plan(group), queued=frozenset({"trainer"}))
    assert made.provisioning == Queued()
    assert made.sizes == Total(0, 8, 0, any_zone=True)
    assert (made.surge, made.unavailable) == (0, 1)


def test_queued_nodes_are_not_placed_together() -> None:
    plan = gke_plan(gke_group("g", windows=windows((0, 0, 8))))
    text = refusal(
        plan,
        queued=frozenset({"trainer"}),
        zones=ZONES[:1],
        pools={"trainer": {"placement_group": True}},
    )
    assert "GKE places no queued nodes compactly" in text


@pytest.mark.parametrize(
    ("settings", "labels"),
    [
        ({}, {}),
        ({"mig_profile": "all-1g.5gb"}, {"nvidia.com/mig.config": "all-1g.5gb"}),
        (
            {"sharing": "mps", "sharing_replicas": 4},
            {"nvidia.com/device-plugin.config": "mps-4"},
        ),
    ],
)
def test_who_brings_the_driver_offers_the_gpus(
    settings: dict[str, Any], labels: dict[str, str]
) -> None:
    """Two device plugins on a node would offer its GPUs twice."""
    plan = gke_plan(gke_group("g"))
    by_gke = shape(plan, pools={"trainer": settings})
    assert not {k for k in by_gke.labels if k.startswith(("nvidia.com/", "gke-no-default"))}
    made = shape(plan, pools={"trainer": settings}, driver="none")
    assert made.gpus == Gpus("nvidia-tesla-a100", 8, None, None)
    assert {k: v for k, v in made.labels.items() if k not in by_gke.labels} == {
        "gke-no-default-nvidia-gpu-device-plugin": "true",
        **labels,
    }


def test_machines_without_gpus_keep_gkes_labels() -> None:
    plan = gke_plan(gke_group("g", offers=[{"instanceType": "c4a-standard-16"}], **ARM))
    assert shape(plan, driver="none").labels == shape(plan).labels


ARM: dict[str, Any] = {"architecture": "arm64", "accelerator": None}


def test_arm_and_plain_machines_need_nothing_special() -> None:
    made = shape(gke_plan(gke_group("g", offers=[{"instanceType": "c4a-standard-16"}], **ARM)))
    assert (made.machine_type, made.gpus, made.local_ssds) == ("c4a-standard-16", None, 0)


def test_taints_and_labels_are_the_plans_and_the_settings() -> None:
    taint = {"key": "trimtab.dev/purchase-option", "value": "spot", "effect": "NoSchedule"}
    made = shape(
        gke_plan(gke_group("spot", {"option": "spot", "pools": 1}, taints=[taint])),
        pools={"trainer": {"team_taint": True, "accelerator_taint": True}},
    )
    assert {(t["key"], t["value"], t["effect"]) for t in made.taints} == {
        ("trimtab.dev/purchase-option", "spot", "NO_SCHEDULE"),
        ("trimtab.dev/team", "vision", "NO_SCHEDULE"),
        ("nvidia.com/gpu", "present", "NO_SCHEDULE"),
    }
    assert made.labels["gpu-type"] == "nvidia-a100"


def test_only_the_first_offer_can_be_had_and_is_said() -> None:
    offers = [{"instanceType": f"a2-{kind}gpu-8g"} for kind in ("ultra", "high")]
    group = gke_group("g", offers=offers)
    made = shape(gke_plan(group))
    assert made.machine_type == "a2-ultragpu-8g"
    assert made.reason == "a node pool has one machine type: a2-ultragpu-8g, the plan's first"


@pytest.mark.parametrize(
    ("changes", "given", "says"),
    [
        ({"offers": [{"instanceType": "p4d.24xlarge"}]}, {}, "p4d.24xlarge is no machine type"),
        ({"purchase": held("ours", None)}, {}, "the zone of reservation ours is not stated"),
        ({"purchase": held("Ours!", "us-central1-a")}, {}, "Ours! is no reservation's name"),
        ({"purchase": {**BLOCK, "zone": None}}, {}, "the zone of reservation calendar"),
        ({"purchase": held("ours", "us-central1-a")}, {"pool_zones": {"trainer": ZONES[1:2]}},
         "pool_zones: us-central1-b, but what is held is in us-central1-a"),
        ({"accelerator": {"model": "a100-40gb", "resource": "nvidia.com/mig-1g.5gb", "perNode": 56.0}},
         {}, "GKE has no nvidia.com/mig-1g.5gb (MIG slices too are nvidia.com/gpu there)"),
        ({"accelerator": {"model": "mi300x", "resource": "amd.com/gpu", "perNode": 8.0}}, {},
         "GKE has no amd.com/gpu"),
        ({"accelerator": {"model": "a10g", "resource": "nvidia.com/gpu", "perNode": 8.0}}, {},
         "GKE has no a10g; use one of a100-40gb"),
        ({"accelerator": {"model": "a100-40gb", "resource": "nvidia.com/gpu", "perNode": 4.0}}, {},
         "the plan counts 4 GPUs a node, but a2-highgpu-8g has 8"),
        ({}, {"pools": {"trainer": {"mig_profile": "all-balanced"}}}, "cuts every GPU of a pool alike"),
        ({}, {"pools": {"trainer": {"mig_profile": "7g.80gb"}}}, "a100-40gb can't be cut into 7g.80gb"),
        ({}, {"pools": {"trainer": {"sharing": "mps", "sharing_replicas": 64}}}, "and GKE takes 48"),
        ({}, {"pools": {"trainer": {"efa": True}}}, "GKE has no efa (True); drop it"),
        ({}, {"pools": {"trainer": {"ami_family": "AL2023"}}}, "GKE has no ami_family (AL2023)"),
        ({}, {"pools": {"trainer": {"readiness_taint": True}}}, "GKE has no readiness_taint (True)"),
        ({}, {"pools": {"trainer": {"placement_group": True}}}, "placement_group stands in one zone"),
        ({"offers": [{"instanceType": "n2-standard-16"}], "accelerator": None},
         {"pools": {"trainer": {"local_storage": "raid0"}}}, "no Local SSDs are known of n2-standard-16"),
        ({}, {"queued": frozenset({"trainer"})}, "for a pool that is empty between requests"),
        ({"purchase": {"option": "spot", "pools": 1}}, {"queued": frozenset({"trainer/g"})},
         "a spot group can't be queued"),
    ],
)  # fmt: skip
def test_what_gke_lacks_is_refused_by_name(
    changes: dict[str, Any], given: dict[str, Any], says: str
) -> None:
    text = refusal(gke_plan(gke_group("g", **{"purchase": None, **changes})), **given)
    assert says in text
    assert text.startswith("here: group trainer/g: ")


@pytest.mark.parametrize(
    ("zones", "sizes", "says"),
    [
        (ZONES, (4, 4, 8), "a slice of 4x4 stands in one zone"),
        (ZONES[:1], (3, 4, 8), "min is 3 nodes, and a slice of 4x4 has 4"),
        (ZONES[:1], (4, 6, 8), "desired is 6 nodes"),
        (ZONES[:1], (4, 4, 7), "max is 7 nodes, and a slice of 4x4 has 4; give sizes in multiples"),
    ],
)
def test_slices_are_whole_and_in_one_zone(
    zones: tuple[str, ...], sizes: tuple[int, int, int], says: str
) -> None:
    made = gke_plan(tpu_group(windows=windows(sizes)))
    assert says in refusal(made, zones=zones, tpu_topologies={"trainer": "4x4"})


KEYS = st.from_regex(r"[a-z0-9]([-a-z0-9]{0,90}[a-z0-9])?", fullmatch=True)


@given(st.lists(KEYS, min_size=2, max_size=20, unique=True))
def test_names_are_legal_and_different(keys: list[str]) -> None:
    names = [bounded_name(key, 40) for key in keys]
    assert len(set(names)) == len(names)
    for name in names:
        assert re.fullmatch(r"[a-z][-a-z0-9]{0,38}[a-z0-9]|[a-z]", name)
    assert names == [bounded_name(key, 40) for key in keys]


@given(st.dictionaries(st.text(st.characters(codec="ascii"), min_size=1), st.text(max_size=300)))
def test_labels_are_legal_or_refused(tags: dict[str, str]) -> None:
    try:
        labels = gcp_labels(tags, "here")
    except InputError:
        return
    assert len(labels) == len(tags)
    for key, value in labels.items():
        assert re.fullmatch(r"[a-z][a-z0-9_-]{0,62}", key)
        assert re.fullmatch(r"[a-z0-9_-]{0,63}", value)


@pytest.mark.parametrize(
    ("tags", "says"),
    [
        ({"a.b": "1", "a-b": "2"}, "tags: a-b and a.b are both the label a-b"),
        ({"1st": "x"}, "tags: 1st can't be a label of Google Cloud"),
        ({f"k{i}": "" for i in range(65)}, "65 labels, and Google Cloud takes 64"),
    ],
)
def test_tags_that_make_no_labels_are_refused(tags: dict[str, str], says: str) -> None:
    with pytest.raises(InputError, match=re.escape(says)):
        gcp_labels(tags, "here")
