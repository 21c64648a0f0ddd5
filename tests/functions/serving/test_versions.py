"""Plans told apart by their versions: a shorter way to the same answers."""

import copy
import hashlib
from datetime import datetime, timedelta
from typing import Any

from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from hypothesis import given, settings
from hypothesis import strategies as st

from support import plans
from support.capacity_cases import FIRST, KEY, SECOND, plan, running
from support.capacity_requests import request, respond
from trimtab_functions import structs
from trimtab_functions.capacity.compose import Composer

sizes = st.tuples(*[st.integers(0, 9)] * 3).map(lambda each: tuple(sorted(each)))
documents = st.builds(
    lambda each: plan(plans.group("main", {"option": "on-demand"}, windows=plans.windows(*each))),
    st.lists(sizes, min_size=1, max_size=3),
) | st.sampled_from([{"spec": 7}, {"spec": {"pools": []}}, {"kind": "Other"}])


def versioned(document: dict[str, Any], uid: Any, version: Any) -> dict[str, Any]:
    changed = copy.deepcopy(document)
    changed["metadata"] = {"name": "example", "uid": uid, "resourceVersion": version}
    return changed


def by_version(now: datetime) -> Composer:
    return Composer(lambda: now, by_version=True)


@settings(max_examples=60, deadline=None)
@given(
    life=st.lists(documents, min_size=1, max_size=4),
    calls=st.lists(st.tuples(st.integers(0, 3), st.booleans(), st.booleans()), max_size=8),
)
def test_answers_are_those_of_a_function_that_keeps_nothing(
    life: list[dict[str, Any]], calls: list[tuple[int, bool, bool]]
) -> None:
    """An API server gives each change of an object another version: its guarantee, and all we take."""
    kept = by_version(FIRST)
    for index, other_object, unversioned in calls:
        turn = index % len(life)
        uid = "other" if other_object else "one"
        # An object's content by its version; another object's at the same version is another.
        document = life[-1 - turn] if other_object else life[turn]
        version = None if unversioned else str(turn)
        req = request(versioned(document, uid, version), observed={KEY: running(3)})
        assert respond(req, FIRST, kept) == respond(req, FIRST)


def test_the_same_version_in_another_order_is_found_without_reading_it_again() -> None:
    composer = by_version(FIRST)
    document = versioned(plan(), "one", "7")
    for each in (document, dict(reversed(document.items()))):
        respond(request(each), FIRST, composer)
    assert (composer.memos["plans"].hits, composer.memos["plans"].misses) == (1, 1)


def test_another_version_or_object_or_way_to_read_it_is_another_plan() -> None:
    composer = by_version(FIRST)
    first = versioned(plan(), "one", "7")
    changes: list[dict[str, Any]] = [
        first,
        versioned(plan(), "one", "8"),
        versioned(plan(), "two", "7"),
        {**first, "apiVersion": "trimtab.dev/v1beta1"},
        {**first, "metadata": {**first["metadata"], "generation": 2}},
    ]
    for each in changes:
        respond(request(each), FIRST, composer)
    assert composer.memos["plans"].misses == len(changes)


def test_without_a_real_api_server_bytes_alone_tell_plans_apart() -> None:
    """A developer edits a plan by hand, and leaves its version as it was."""
    composer = Composer(lambda: FIRST)
    wide = plan(plans.group("main", {"option": "spot", "pools": 2}))
    for each in (plan(), wide):
        req = request(versioned(each, "one", "7"))
        assert respond(req, FIRST, composer) == respond(req, FIRST)


def test_a_plan_expires_whatever_is_kept_of_it() -> None:
    now = [FIRST]
    composer = Composer(lambda: now[0], by_version=True)
    stale = versioned(plan(validUntil=SECOND.isoformat()), "one", "7")

    def reason() -> str:
        rsp: fnv1.RunFunctionResponse = respond(request(stale), now[0], composer)
        return str(rsp.conditions[0].reason)

    assert reason() == "PlanFound"
    now[0] = SECOND
    assert reason() == "PlanExpired"


def test_what_is_kept_of_plans_is_bounded_by_their_bytes() -> None:
    composer = by_version(FIRST)
    for number in range(40):
        respond(request(versioned(plan(), "one", str(number))), FIRST, composer)
    memo = composer.memos["plans"]
    assert len(memo) == 16
    assert memo.held > 16 * 1000


# --- Whole answers -------------------------------------------------------------------------------


def tagged(req: fnv1.RunFunctionRequest) -> fnv1.RunFunctionRequest:
    """A request as Crossplane tags it: before it fetches required resources."""
    bare = copy.deepcopy(req)
    bare.ClearField("meta")
    bare.ClearField("required_resources")
    req.meta.tag = hashlib.sha256(bare.SerializeToString(deterministic=True)).hexdigest()
    return req


minutes = st.integers(0, 15 * 60)


@settings(max_examples=60, deadline=None)
@given(
    life=st.lists(documents, min_size=1, max_size=2),
    calls=st.lists(
        st.tuples(st.integers(0, 1), st.integers(0, 2), minutes), min_size=3, max_size=14
    ),
)
def test_kept_answers_are_those_of_a_function_that_keeps_nothing_at_any_time(
    life: list[dict[str, Any]], calls: list[tuple[int, int, int]]
) -> None:
    now = [FIRST]
    kept = Composer(lambda: now[0], by_version=True)
    for index, desired, minute in calls:
        turn = index % len(life)
        now[0] = plans.START + timedelta(minutes=minute)
        observed = {KEY: running(2 + desired)}
        req = tagged(request(versioned(life[turn], "one", str(turn)), observed=observed))
        for _ in range(3):
            assert respond(req, now[0], kept) == respond(req, now[0])


def test_an_answer_is_kept_from_its_second_time_on_and_until_the_window_ends() -> None:
    now = [FIRST]
    composer = Composer(lambda: now[0], by_version=True)
    req = tagged(request(versioned(plan(), "one", "7"), observed={KEY: running(3)}))
    memo = composer.memos["answers"]
    for _ in range(2):
        respond(req, FIRST, composer)
    assert (memo.hits, len(memo)) == (0, 1)
    respond(req, FIRST, composer)
    assert memo.hits == 1
    decided = composer.memos["decisions"].misses
    now[0] = SECOND
    respond(req, SECOND, composer)
    assert composer.memos["decisions"].misses == decided + 1


def test_a_tag_that_is_none_of_crossplane_s_is_not_trusted() -> None:
    composer = by_version(FIRST)
    for count in (2, 3, 4):
        req = request(versioned(plan(), "one", "7"), observed={KEY: running(count)})
        for _ in range(3):
            assert respond(req, FIRST, composer) == respond(req, FIRST)
    assert len(composer.memos["answers"]) == 0


def test_the_same_tag_with_another_plan_is_another_request() -> None:
    """Crossplane's tag says nothing of what it fetched afterwards."""
    composer = by_version(FIRST)
    for sent in (plan(), plan(plans.group("main", {"option": "spot", "pools": 2})), None, False):
        document = sent if not isinstance(sent, dict) else {**sent, "metadata": {"name": "example"}}
        req = tagged(request(document))
        for _ in range(3):
            assert respond(req, FIRST, composer) == respond(req, FIRST)


def test_an_answer_about_a_plan_that_cannot_be_read_ends_when_another_is_to_be_followed() -> None:
    now = [FIRST]
    composer = Composer(lambda: now[0], by_version=True)
    later = SECOND + timedelta(hours=2)
    window = {"start": later.isoformat(), "end": (later + timedelta(hours=4)).isoformat()}
    sizes = {"min": 2, "desired": 3, "max": 4}
    main = plans.group("main", {"option": "on-demand"}, windows=[{**window, **sizes}])
    following = plans.plan_data(
        asOf=(plans.START + timedelta(minutes=20)).isoformat(),
        start=window["start"],
        validUntil=window["end"],
        pools=[plans.pool(groups=[main])],
    )
    as_of = (plans.START + timedelta(minutes=10)).isoformat()
    arrived = {"now": plan(), "unread": plan(asOf=as_of, fallback="none"), "next": following}
    step = {"apiVersion": "capacity.fn.trimtab.dev/v1alpha1", "kind": "Input"}
    req = request(step_input={**step, "plan": {"matchLabels": {"cluster": "ml"}}})
    for name, each in arrived.items():
        document = versioned(each, name, "7")
        document["metadata"] |= {"name": name, "labels": {"cluster": "ml"}}
        item = req.required_resources["capacity-plan"].items.add()
        item.resource.CopyFrom(structs.from_data(document))
    tagged(req)
    told = []
    for instant in (FIRST, FIRST, later - timedelta(minutes=30), later):
        now[0] = instant
        answered = respond(req, instant, composer)
        assert answered == respond(req, instant)
        told.append(answered.conditions[0].reason)
    assert told == ["PlanInvalid", "PlanInvalid", "PlanFound", "PlanFound"]
