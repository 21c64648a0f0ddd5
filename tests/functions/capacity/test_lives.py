"""Whole lives of node groups, against a control plane and a cloud in memory: what is adopted, replaced,
deleted by hand, twice there, or reported as nonsense."""

from datetime import timedelta
from typing import Any

import pytest

from support import plans
from support.capacity_cases import FIRST, KEY, PLAN, SECOND, THIRD, plan, running
from support.capacity_requests import answer, request
from support.capacity_sequences import WHOLE, before_the_function
from support.capacity_world import World
from trimtab_functions import structs
from trimtab_functions.capacity.adapters.eks_node_group import EksNodeGroup

OLD_KEY = "trainer-main-ffffff"


def states(told: Any) -> dict[str, str]:
    groups = told["desired"]["composite"]["resource"]["status"]["capacity"]["groups"]
    return {each["resource"]: each["state"] for each in groups}


def reason(told: Any, key: str = KEY) -> str | None:
    groups = told["desired"]["composite"]["resource"]["status"]["capacity"]["groups"]
    (found,) = [each for each in groups if each["resource"] == key]
    text: str | None = found.get("reason")
    return text


# --- A pool's template, split into the plan's groups ---------------------------------------------


def two_groups(*types: str, generations: tuple[str, ...] = ("0a1b2c", "0a1b2c")) -> Any:
    purchases: tuple[tuple[str, dict[str, Any]], ...] = (
        ("main", {"option": "on-demand"}),
        ("spot", {"option": "spot", "pools": 1}),
    )
    return plan(
        *(
            plans.group(
                name,
                purchase,
                generation=generation,
                offers=[{"instanceType": each, "usdPerHour": 1.0}],
                windows=plans.windows((2, 3, 6), (2, 3, 6), (2, 3, 6)),
            )
            for (name, purchase), each, generation in zip(
                purchases, types, generations, strict=True
            )
        )
    )


def settle(world: World) -> list[list[str]]:
    """Reconcile until nothing changes; the keys desired after each answer."""
    seen = []
    for _ in range(12):
        rsp = world.respond(world.request())
        world.apply(rsp)
        world.provide_all()
        seen.append(sorted(rsp.desired.resources))
    assert world.refused == []
    return seen


def test_a_pools_template_is_split_and_what_ran_is_adopted_by_the_group_that_it_fits() -> None:
    world = World(FIRST, desired={"gpu": WHOLE}, spec={"pools": None})
    world.plan = two_groups("p4d.24xlarge", "p4d.24xlarge")
    assert settle(world)[-1] == ["gpu-main-0a1b2c", "gpu-spot-0a1b2c"]

    world = World(FIRST, desired={"gpu": WHOLE}, spec={"pools": None})
    world.plan = two_groups("p4d.24xlarge", "p4d.24xlarge")
    world.things["gpu"] = before_the_function("p4d.24xlarge")
    assert settle(world)[-1] == ["gpu", "gpu-spot-0a1b2c"]
    adopted = world.things["gpu"].document
    assert adopted["metadata"]["labels"]["trimtab.dev/group"] == "main"
    # Another external name would leave the node group in the cloud to nobody.
    assert adopted["metadata"]["annotations"]["crossplane.io/external-name"] == "gpu"
    assert adopted["metadata"]["name"] == "gpu"
    other = world.things["gpu-spot-0a1b2c"].document["metadata"]["annotations"]
    assert other["crossplane.io/external-name"] == "gpu-spot-0a1b2c"
    assert world.things["gpu"].cloud is not None
    assert world.things["gpu"].cloud.desired == 5

    # Without a plan both stay; with it again nothing is made anew.
    world.plan = None
    assert settle(world)[-1] == ["gpu", "gpu-spot-0a1b2c"]

    # Other offers: the adopted one is an old generation like any other.
    world.plan = two_groups("p5.48xlarge", "p4d.24xlarge", generations=("abcdef", "0a1b2c"))
    seen = settle(world)
    assert seen[0] == ["gpu", "gpu-main-abcdef", "gpu-spot-0a1b2c"]
    assert seen[-1] == ["gpu-main-abcdef", "gpu-spot-0a1b2c"]


def test_what_was_adopted_and_left_the_plan_is_kept_until_the_others_are_ready() -> None:
    world = World(FIRST, desired={"gpu": WHOLE}, spec={"pools": None})
    world.plan = two_groups("p4d.24xlarge", "p4d.24xlarge")
    world.things["gpu"] = before_the_function("p4d.24xlarge")
    settle(world)
    del world.plan["spec"]["pools"][0]["groups"][0]
    world.plan["spec"]["pools"][0]["groups"][0]["generation"] = "abcdef"
    seen = settle(world)
    assert seen[0] == ["gpu", "gpu-spot-0a1b2c", "gpu-spot-abcdef"]
    assert seen[-1] == ["gpu-spot-abcdef"]


def test_what_ran_for_a_whole_pool_and_fits_no_group_goes_when_all_groups_are_ready() -> None:
    world = World(FIRST, desired={"gpu": WHOLE}, spec={"pools": None})
    world.plan = two_groups("p4d.24xlarge", "p4d.24xlarge")
    world.things["gpu"] = before_the_function("g5.48xlarge")
    rsp = world.respond(world.request())
    assert sorted(rsp.desired.resources) == ["gpu", "gpu-main-0a1b2c", "gpu-spot-0a1b2c"]
    world.apply(rsp)
    for key in list(world.things):
        world.provide(key)
    world.report("gpu-main-0a1b2c")
    # One of the two is not ready yet.
    assert sorted(world.respond(world.request()).desired.resources)[0] == "gpu"
    assert settle(world)[-1] == ["gpu-main-0a1b2c", "gpu-spot-0a1b2c"]


# --- Deleted by hand -----------------------------------------------------------------------------


def dying(document: dict[str, Any]) -> dict[str, Any]:
    document["metadata"]["deletionTimestamp"] = "2026-11-01T00:30:00Z"
    return document


def test_what_somebody_deletes_and_the_plan_wants_is_desired_under_its_key_and_made_anew() -> None:
    told = answer(request(PLAN, observed={KEY: dying(running(4))}), FIRST)
    assert list(told["desired"]["resources"]) == [KEY]
    made = told["desired"]["resources"][KEY]
    assert made["ready"] == "READY_FALSE"
    # It begins as large as it was, and its bounds go on from where they were.
    scaling = made["resource"]["spec"]["initProvider"]["scalingConfig"]
    assert scaling == {"desiredSize": 4}
    bounds = made["resource"]["metadata"]["annotations"]["trimtab.dev/bounds"]
    assert bounds == "2026-11-01T00:00:00Z 2..4"


@pytest.mark.parametrize("sent", [False, None], ids=["unfetched", "absent"])
def test_what_somebody_deletes_is_let_go_without_a_plan(sent: Any) -> None:
    """Desired once more, it might be created anew just when it is gone."""
    told = answer(request(sent, observed={KEY: dying(running(4))}), FIRST)
    assert "resources" not in told["desired"]


def test_an_old_generation_that_somebody_deletes_is_let_go() -> None:
    old = dying(running(4, generation="ffffff"))
    told = answer(request(PLAN, observed={OLD_KEY: old}), FIRST)
    assert list(told["desired"]["resources"]) == [KEY]


def test_a_dying_generation_takes_over_nothing() -> None:
    old = running(4, generation="ffffff")
    told = answer(request(PLAN, observed={KEY: dying(running(4)), OLD_KEY: old}), FIRST)
    assert states(told) == {KEY: "Planned", OLD_KEY: "Retiring"}


def test_a_pools_stray_can_be_deleted_by_hand_as_the_status_advises() -> None:
    stray = running(4)
    stray["metadata"]["labels"]["trimtab.dev/pool"] = "other"
    told = answer(request(PLAN, observed={"other": stray}), FIRST)
    assert reason(told, "other") == "pool other is not among the XR's pools: delete it by hand"
    told = answer(request(PLAN, observed={"other": dying(stray)}), FIRST)
    assert list(told["desired"]["resources"]) == [KEY]


def test_what_left_a_plan_of_machines_that_others_provision_is_a_persons_to_delete() -> None:
    owned = plan(plans.group("metal", {"option": "owned", "site": "oslo"}))
    told = answer(request(owned, observed={KEY: running(4)}), FIRST)
    assert states(told) == {KEY: "Held"}
    assert reason(told) == (
        "it has left the plan, whose groups others provision: delete it by hand"
    )
    told = answer(request(owned, observed={KEY: dying(running(4))}), FIRST)
    assert "resources" not in told["desired"]


# --- Twice there, or nonsense --------------------------------------------------------------------


def test_of_two_for_one_group_the_one_under_its_own_key_serves_and_the_other_goes() -> None:
    twin = running(4)
    told = answer(request(PLAN, observed={"twin": twin, KEY: running(3, ready=False)}), FIRST)
    assert states(told) == {KEY: "Planned", "twin": "Retiring"}
    told = answer(request(PLAN, observed={"twin": twin, KEY: running(3)}), FIRST)
    assert list(told["desired"]["resources"]) == [KEY]


def test_a_successor_that_lacks_nodes_does_not_take_over_although_it_is_ready() -> None:
    old = running(4, generation="ffffff")
    short = running(1)
    told = answer(request(PLAN, observed={KEY: short, OLD_KEY: old}), FIRST)
    assert states(told) == {KEY: "Planned", OLD_KEY: "Retiring"}


@pytest.mark.parametrize(
    "status",
    [
        {},
        {"atProvider": None},
        {"atProvider": {"scalingConfig": {"desiredSize": -3}}},
        {"atProvider": {"scalingConfig": {"desiredSize": 2.5}}},
        {"atProvider": {"scalingConfig": {"desiredSize": 1e300}}},
        {"atProvider": {"scalingConfig": {"desiredSize": "4"}}},
        {"atProvider": {"scalingConfig": {"desiredSize": 90_000, "maxSize": 4}}},
        {"conditions": "Ready", "atProvider": {"scalingConfig": []}},
    ],
    ids=str,
)
def test_a_status_that_is_missing_or_nonsense_moves_nothing(status: Any) -> None:
    observed = {**running(3), "status": status}
    told = answer(request(PLAN, observed={KEY: observed}), FIRST)
    provider = told["desired"]["resources"][KEY]["resource"]["spec"]["forProvider"]
    assert provider["scalingConfig"] == {"minSize": 2, "maxSize": 4}
    kept = answer(request(None, observed={KEY: observed}), FIRST)
    provider = kept["desired"]["resources"][KEY]["resource"]["spec"]["forProvider"]
    assert provider["scalingConfig"] == {"minSize": 2, "maxSize": 4}


def test_a_report_above_the_max_asked_for_that_the_cloud_confirms_is_believed() -> None:
    observed = running(6)
    observed["status"]["atProvider"]["scalingConfig"]["maxSize"] = 8
    told = answer(request(PLAN, observed={KEY: observed}), FIRST)
    provider = told["desired"]["resources"][KEY]["resource"]["spec"]["forProvider"]
    assert provider["scalingConfig"] == {"minSize": 2, "maxSize": 6}


def test_nonsense_in_the_bounds_annotation_is_passed_over() -> None:
    observed = running(3)
    observed["metadata"]["annotations"]["trimtab.dev/bounds"] = "yesterday 9..1"
    told = answer(request(PLAN, observed={KEY: observed}), SECOND)
    provider = told["desired"]["resources"][KEY]["resource"]["spec"]["forProvider"]
    assert provider["scalingConfig"] == {"minSize": 3, "maxSize": 6}


# --- Held for as long as it takes, with the reason -----------------------------------------------


def test_a_group_that_never_gets_ready_holds_the_others_and_the_reason_names_it() -> None:
    world = World(FIRST, plan=plan(
        plans.group("main", {"option": "on-demand"}),
        plans.group("spot", {"option": "spot", "pools": 1}),
    ))  # fmt: skip
    for key in ("trainer-main-0a1b2c", "trainer-spot-0a1b2c"):
        world.apply(world.respond(world.request()))
        world.provide(key)
    world.report("trainer-main-0a1b2c")
    for moment in (SECOND, THIRD):
        world.now = moment
        rsp = world.respond(world.request())
        world.apply(rsp)
        world.provide("trainer-main-0a1b2c")
        world.report("trainer-main-0a1b2c")
    capacity = structs.to_data(rsp.desired.composite.resource)["status"]["capacity"]
    main = capacity["groups"][0]
    assert (main["min"], main["max"]) == (3, 6)
    assert main["reason"] == "not smaller while nodes are still to come of trainer/spot"
    world.report("trainer-spot-0a1b2c")
    world.provide_all()
    settle(world)
    assert world.things["trainer-main-0a1b2c"].asked == {"minSize": 2, "maxSize": 4}


@pytest.mark.parametrize(("least", "shrinks"), [(0, True), (1, False)])
def test_a_ready_group_of_unknown_size_holds_others_only_where_it_is_to_have_nodes(
    least: int, shrinks: bool
) -> None:
    unknown = running(3, group="spot")
    del unknown["status"]["atProvider"], unknown["spec"]["initProvider"]
    del unknown["spec"]["forProvider"]["scalingConfig"]
    sent = plan(
        plans.group("main", {"option": "on-demand"}),
        plans.group("spot", {"option": "on-demand"}, windows=plans.windows(*[(least, 2, 4)] * 3)),
    )
    observed = {KEY: running(3, low=3, high=6), "trainer-spot-0a1b2c": unknown}
    provider = answer(request(sent, observed=observed), THIRD)["desired"]["resources"][KEY][
        "resource"
    ]["spec"]["forProvider"]
    assert (provider["scalingConfig"] == {"minSize": 2, "maxSize": 4}) == shrinks


def test_a_capacity_block_has_nodes_only_while_it_lasts() -> None:
    block = {
        "option": "capacity-block",
        "reservationId": "cr-1",
        "startsAt": "2026-11-01T04:00:00Z",
        "endsAt": "2026-11-01T10:00:00Z",
    }
    launch = [{"pool": "trainer", "group": "main", "id": "lt-1", "version": "1"}]
    world = World(FIRST, plan=plan(plans.group("main", block)), spec={"launchTemplates": launch})

    def lives(hours: float) -> tuple[dict[str, Any], dict[str, Any]]:
        """What is enforced at once, and once the provider has reported."""
        world.now = plans.START + timedelta(hours=hours)
        world.apply(world.respond(world.request()))
        at_once = dict(world.things[KEY].asked)
        world.provide_all()
        settle(world)
        return at_once, dict(world.things[KEY].asked)

    empty = {"minSize": 0, "maxSize": 1}
    assert lives(1) == (empty, empty)
    assert lives(4) == (
        {"minSize": 3, "maxSize": 6, "desiredSize": 3},
        {"minSize": 3, "maxSize": 6},
    )
    # An hour before its end its nodes are drained, without steps: the machines end anyway.
    assert lives(9) == ({**empty, "desiredSize": 0}, empty)
    cloud = world.things[KEY].cloud
    assert cloud is not None
    assert cloud.desired == 0


def test_an_earlier_step_of_the_function_is_not_held_back_by_a_later_one() -> None:
    first = answer(request(PLAN), SECOND)["desired"]["resources"][KEY]["resource"]
    serving = plan(pool={"name": "serving"})
    req = request(
        serving,
        spec={"pools": ["serving"]},
        desired={KEY: first},
        observed={KEY: running(4)},
    )
    told = answer(req, SECOND)
    assert told["desired"]["resources"][KEY]["resource"] == first
    assert states(told) == {"serving-main-0a1b2c": "Planned"}


def test_eks_reports_no_more_nodes_than_its_own_max() -> None:
    document = running(6)
    found = EksNodeGroup().running(document).sizes
    assert found is not None
    assert found.desired == 4
