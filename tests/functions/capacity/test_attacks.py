"""What somebody may do to an XR and what it composed, by mistake or on purpose, that must cost no node
and buy none."""

import copy
from datetime import timedelta
from typing import Any

from support.capacity_requests import NODE_GROUP, request, respond
from support.capacity_world import BOUNDS, World
from support.plans import START, group, plan_data, pool, windows
from trimtab_functions import structs
from trimtab_functions.capacity.compose import Composer

HOUR = timedelta(hours=1)
STEP = {"apiVersion": "capacity.fn.trimtab.dev/v1alpha1", "kind": "Input"}
INJECT = {**STEP, "mode": "Inject"}
ON_DEMAND = {"option": "on-demand"}
KEY = "trainer-main-0a1b2c"
Document = dict[str, Any]


def plan(*groups: Document) -> Document:
    data = plan_data(pools=[pool(groups=list(groups))])
    return {**data, "metadata": {"name": "example", "namespace": "team"}}


def template(**labels: str) -> Document:
    """An earlier step's node group."""
    named = {f"trimtab.dev/{key}": value for key, value in labels.items()}
    provider = {
        "region": "us-east-1",
        "clusterName": "ml",
        "launchTemplate": {"id": "lt-1", "version": "1"},
    }
    return {**NODE_GROUP, "metadata": {"labels": named}, "spec": {"forProvider": provider}}


def settle(world: World, times: int = 3) -> Any:
    """Crossplane and the provider catch up; the last answer."""
    for _ in range(times):
        rsp = world.respond(world.request())
        world.apply(rsp)
        world.provide_all()
    return rsp


def reasons(rsp: Any) -> list[str]:
    return [each.reason for each in rsp.conditions]


def running(steps: Document = STEP, **windows_of: Any) -> World:
    """One group that runs, of a plan for eight nodes at first and one later."""
    sizes = windows((8, 8, 10), (1, 1, 2), (1, 1, 2))
    main = group("main", ON_DEMAND, windows=sizes, **windows_of)
    world = World(now=START + HOUR, step_input=steps, plan=plan(main))
    settle(world)
    return world


def test_a_template_that_names_another_group_keeps_what_it_ran_until_that_one_is_ready() -> None:
    other = group("other", {"option": "spot", "pools": 2}, generation="bbbbbb")
    for step in (INJECT, STEP):
        world = World(
            now=START + HOUR,
            step_input=step,
            spec={"pools": None},
            plan=plan(group("main", ON_DEMAND), other),
            desired={"gpu": template(pool="trainer", group="main")},
        )
        settle(world)
        world.desired = {"gpu": template(pool="trainer", group="other")}
        rsp = settle(world, 1)
        assert set(rsp.desired.resources) == {"gpu", "gpu-bbbbbb"}
        assert reasons(rsp)[1] == "Replacing"
        settle(world)
        assert set(world.things) == {"gpu-bbbbbb"}


def test_two_templates_that_swap_their_groups_as_one_changes_lose_nothing_at_once() -> None:
    a, b = group("main", ON_DEMAND), group("other", {"option": "spot", "pools": 2})
    first = {
        "x": template(pool="trainer", group="main"),
        "y": template(pool="trainer", group="other"),
    }
    world = World(
        now=START + HOUR, step_input=INJECT, spec={"pools": None}, plan=plan(a, b), desired=first
    )
    settle(world)
    world.desired = {"x": first["y"], "y": first["x"]}
    world.plan = plan({**a, "generation": "cccccc"}, b)
    rsp = settle(world, 1)
    assert {"x", "y"} <= set(rsp.desired.resources)
    assert not any("is removed" in each.message for each in rsp.results)


def test_labels_that_somebody_changed_on_a_node_group_are_mended_and_nothing_else() -> None:
    for change in (
        {"trimtab.dev/pool": "other"},
        {"trimtab.dev/group": "other"},
        {"trimtab.dev/generation": "ffffff"},
    ):
        world = running()
        before = copy.deepcopy(world.things[KEY].document)
        world.things[KEY].document["metadata"]["labels"] |= change
        rsp = settle(world, 1)
        assert set(rsp.desired.resources) == {KEY}, change
        assert world.things[KEY].document == before
        assert not rsp.results


def test_a_node_group_that_lost_its_labels_is_still_what_runs() -> None:
    world = running()
    del world.things[KEY].document["metadata"]["labels"]
    world.now += 4 * HOUR
    rsp = settle(world, 1)
    asked = world.things[KEY].asked
    # Half of eight and of ten, not one and two; and what runs fits.
    assert (asked["minSize"], asked["maxSize"]) == (4, 8)
    assert not any("is created" in each.message for each in rsp.results)


def test_another_mode_deletes_nothing_that_the_first_made() -> None:
    whole = {"gpu": template(pool="trainer")}
    main, cheap = group("main", ON_DEMAND), group("cheap", {"option": "spot", "pools": 2})
    for spec, desired in (({}, {}), ({"pools": None}, whole)):
        world = World(
            now=START + HOUR, step_input=STEP, plan=plan(main, cheap), spec=spec, desired=desired
        )
        settle(world)
        before = {key: thing.cloud for key, thing in world.things.items()}
        world.step_input = INJECT
        rsp = settle(world)
        assert {key: thing.cloud for key, thing in world.things.items()} == before
        assert reasons(rsp)[1] in ("KeptRunning", "GroupsRefused")
        told = structs.to_data(rsp.desired.composite.resource)["status"]["capacity"]["groups"]
        groups = [each for each in told if "min" in each]
        assert len(groups) == 2
        assert all("delete it by hand" in each["reason"] for each in groups)
        # What a person deletes goes.
        for thing in world.things.values():
            thing.deleting = True
        settle(world, 1)
        assert not any(thing.launches for thing in world.things.values())


def test_groups_whose_keys_are_the_same_are_refused_whatever_their_order() -> None:
    wide = pool(name="a-b", groups=[group("c", ON_DEMAND, windows=windows((7, 8, 9)))])
    long = pool(name="a", groups=[group("b-c", ON_DEMAND)])
    answers = []
    for pools in ([wide, long], [long, wide]):
        data = plan_data(pools=pools)
        world = World(
            now=START + HOUR,
            step_input=STEP,
            plan={**data, "metadata": {"name": "example", "namespace": "team"}},
            spec={"pools": [each["name"] for each in pools]},
        )
        rsp = settle(world)
        assert not world.things
        assert reasons(rsp)[1] == "GroupsRefused"
        answers.append(sorted(rsp.conditions[1].message.split("; ")))
    assert "a/b-c: its key a-b-c-0a1b2c is also that of a-b/c" in answers[0]


def test_an_annotation_that_somebody_wrote_buys_no_nodes() -> None:
    for written in (
        "2026-11-01T00:00:00Z 9999999..9999999",
        "2026-11-01T00:00:00Z 0..9999999",
        "2000-01-01T00:00:00Z 90000..90000",
        "9999-12-31T23:59:59Z 12..12",
        "2026-11-01T00:00:00Z 40..40",
    ):
        world = running()
        world.things[KEY].document["metadata"]["annotations"][BOUNDS] = written
        settle(world, 1)
        asked = world.things[KEY].asked
        assert asked["minSize"] <= 10, written
        assert asked["maxSize"] <= 40, written


def test_bounds_that_moved_in_years_to_come_hold_nothing_for_ever() -> None:
    world = running()
    world.things[KEY].document["metadata"]["annotations"][BOUNDS] = "9999-12-31T23:59:59Z 8..10"
    for hours, bounds in ((4, (8, 10)), (8, (4, 8))):
        world.now = START + hours * HOUR
        settle(world, 2)
        asked = world.things[KEY].asked
        assert (asked["minSize"], asked["maxSize"]) == bounds


def test_plans_that_are_replaced_are_forgotten_with_all_that_was_decided_by_them() -> None:
    composer = Composer(lambda: START + HOUR)
    groups = [group(f"g{each}", ON_DEMAND) for each in range(15)]
    desired = {"gpu": template(pool="trainer", group="g0")}
    for day in range(120):
        as_of = START.replace(year=2020) + day * HOUR
        renewed = plan(*groups)
        renewed["spec"]["asOf"] = as_of.isoformat()
        rsp = respond(request(renewed, step_input=INJECT, desired=desired), START + HOUR, composer)
        assert reasons(rsp) == ["PlanFound", "AsPlanned"]
    memos = composer.memos
    assert len(memos["preparations"]) <= 100
    assert len(memos["decisions"]) == len(memos["preparations"])


def test_a_number_of_thousands_of_digits_is_none() -> None:
    """Cluster API's annotations are text, and anybody's."""
    bounds = "cluster.x-k8s.io/cluster-api-autoscaler-node-group-"
    labels = {"trimtab.dev/pool": "trainer", "trimtab.dev/group": "main"}
    machine = {"bootstrap": {}, "infrastructureRef": {"kind": "AWSMachineTemplate", "name": "m"}}
    machines: Document = {
        "apiVersion": "cluster.x-k8s.io/v1beta2",
        "kind": "MachineDeployment",
        "metadata": {"labels": labels},
        "spec": {"clusterName": "ml", "template": {"spec": machine}},
    }
    huge = {f"{bounds}min-size": "9" * 5000, f"{bounds}max-size": "9" * 5000}
    exists = {**machines, "metadata": {"labels": labels, "annotations": huge}}
    exists["spec"] = {**machines["spec"], "replicas": 3}
    req = request(
        plan(group("main", ON_DEMAND)),
        step_input=INJECT,
        desired={"m": machines},
        observed={"m": exists},
    )
    rsp = respond(req, START + HOUR)
    assert reasons(rsp) == ["PlanFound", "AsPlanned"]


def of_block(*sizes: tuple[int, int, int], **changes: Any) -> Document:
    """A plan with a group of a capacity block that has begun."""
    block = {
        "option": "capacity-block",
        "reservationId": "cr-0123456789abcdef0",
        "zone": "us-east-1a",
        "endsAt": (START + 11 * HOUR).isoformat(),
    }
    generation = changes.pop("generation", "0a1b2c")
    main = group("main", block | changes, generation=generation, windows=windows(*sizes))
    return plan(main)


def test_no_plan_ends_a_capacity_block_s_nodes_before_their_block_ends() -> None:
    full = ((8, 8, 8),) * 3
    later = {"reservationId": "cr-9", "startsAt": (START + 6 * HOUR).isoformat()}
    for other in (
        of_block((0, 0, 0), (8, 8, 8), (8, 8, 8)),
        of_block(*full, **later),
        of_block(*full, **later, generation="bbbbbb"),
    ):
        world = World(
            now=START + HOUR,
            step_input=INJECT,
            plan=of_block(*full),
            desired={"gpu": template(pool="trainer", group="main")},
        )
        settle(world)
        world.plan = other
        settle(world)
        cloud = world.things["gpu"].cloud
        assert cloud is not None
        assert (cloud.desired, cloud.high) == (8, 8)
        world.plan = of_block(*full)
        world.now = START + 10 * HOUR + HOUR / 2
        settle(world)
        assert cloud.desired == 0


def test_a_slip_in_the_step_s_input_takes_no_size_back_from_what_its_targets_were_for() -> None:
    fields = {"min": "spec.minReplicas", "max": "spec.maxReplicas"}
    followed = {"match": {"name": "app"}, "pool": "trainer", "group": "main", "fields": fields}
    step = {**INJECT, "targets": [followed]}
    bare = {"apiVersion": "example.org/v1", "kind": "Thing", "spec": {"minReplicas": 1}}
    main = plan(group("main", ON_DEMAND))

    def told(step_input: Document, observed: Document) -> Any:
        req = request(main, step_input=step_input, desired={"app": bare}, observed=observed)
        return respond(req, START + HOUR)

    first = told(step, {})
    exists = {"app": structs.to_data(first.desired.resources["app"].resource)}
    assert exists["app"]["spec"] == {"minReplicas": 2, "maxReplicas": 4}
    for slip in (
        {**step, "typo": 1},
        {**step, "mode": "inject"},
        {**step, "targets": [{**followed, "feilds": 1}]},
        {**step, "targets": "none"},
    ):
        kept = told(slip, exists)
        assert reasons(kept) == ["InputInvalid", "KeptRunning"]
        assert structs.to_data(kept.desired.resources["app"].resource) == exists["app"], slip


def test_another_kind_takes_no_key_of_what_runs() -> None:
    world = running()
    world.step_input = {**STEP, "compose": {"as": "Karpenter"}}
    rsp = world.respond(world.request())
    kinds = {key: each.resource["kind"] for key, each in rsp.desired.resources.items()}
    assert kinds[KEY] == "NodeGroup"
    assert kinds[f"{KEY}-0a1b2c"] == "NodePool"
    assert reasons(rsp) == ["PlanFound", "Replacing"]
