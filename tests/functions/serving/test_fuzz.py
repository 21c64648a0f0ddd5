"""No request whatever breaks the function: mutated bytes, and nonsense of every kind at any path.

`make bench ARGS="function_fuzz --minutes 60"` runs the same mutations for longer.
"""

import copy
import gc
import random
from types import TracebackType
from typing import Any

import pytest
from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from google.protobuf.message import DecodeError
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from support import plans
from support.capacity_requests import request
from support.request_fuzz import NOW, BrokenError, answer, check, mutate, seeds
from trimtab_functions import structs
from trimtab_functions.dispatch import Functions
from trimtab_functions.memo import Memo

REQUESTS = 600

numbers = st.floats(allow_nan=True, allow_infinity=True) | st.sampled_from(
    [2.0**53, -(2.0**63), 1e308, 0.5, -0.0]
)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
leaves = st.none() | st.booleans() | numbers | texts
anything = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=15,
)


def nested(depth: int, *, lists: bool) -> Any:
    value: Any = 1.0
    for _ in range(depth):
        value = [value] if lists else {"spec": value}
    return value


nonsense = anything | st.builds(nested, st.integers(1, 24), lists=st.booleans())
"""Every kind of JSON, and numbers that JSON has not; nested as deeply as protobuf's limit allows."""

SEEDS = [fnv1.RunFunctionRequest.FromString(each) for each in seeds()]


def paths(value: Any, above: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every path into a document, its root's excluded."""
    found = [above] if above else []
    if isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            found += paths(value[key], (*above, key))
    return found


def put(document: Any, path: tuple[Any, ...], value: Any) -> Any:
    """A copy of a document with another value at a path."""
    changed = copy.deepcopy(document)
    inner = changed
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return changed


@st.composite
def broken_requests(draw: st.DrawFn) -> fnv1.RunFunctionRequest:
    """A request with nonsense at one to three paths of its objects."""
    req = fnv1.RunFunctionRequest()
    req.CopyFrom(draw(st.sampled_from(SEEDS)))
    objects = [req.input, req.observed.composite.resource]
    for state in (req.observed, req.desired):
        objects += [state.resources[key].resource for key in sorted(state.resources)]
    for name in sorted(req.required_resources):
        objects += [each.resource for each in req.required_resources[name].items] * 3
    for _ in range(draw(st.integers(1, 3))):
        target = draw(st.sampled_from(objects))
        document = structs.to_data(target)
        if known := paths(document):
            changed = put(document, draw(st.sampled_from(known)), draw(nonsense))
            target.CopyFrom(structs.from_data(changed))
    return req


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(req=broken_requests())
def test_nonsense_at_any_path_is_answered_and_shrinks_nothing(req: fnv1.RunFunctionRequest) -> None:
    try:
        data = req.SerializeToString()
        fnv1.RunFunctionRequest.FromString(data)
    except (DecodeError, ValueError):
        return  # nested too deeply to have been sent
    assert answer(Functions(lambda: NOW), data) is not None


def test_mutated_bytes_are_answered_or_no_request() -> None:
    functions, dice, corpus = Functions(lambda: NOW), random.Random(6), seeds()  # noqa: S311
    decoded = sum(answer(functions, mutate(dice, corpus)) is not None for _ in range(REQUESTS))
    # Else the mutations say nothing of the function.
    assert decoded > REQUESTS / 4


def test_one_function_s_memory_of_broken_requests_changes_no_later_answer() -> None:
    functions, dice, corpus = Functions(lambda: NOW), random.Random(7), seeds()  # noqa: S311
    for _ in range(REQUESTS // 3):
        answer(functions, mutate(dice, corpus))
    for each in corpus:
        assert answer(functions, each) == answer(Functions(lambda: NOW), each)


def test_the_oracle_sees_an_answer_that_shrinks_or_drops() -> None:
    """What finds nothing must be able to."""
    stale = next(each for each in SEEDS if len(each.observed.resources) and not _has_plan(each))
    good = answer(Functions(lambda: NOW), stale.SerializeToString())
    assert good is not None
    key = sorted(stale.observed.resources)[0]
    dropped = copy.deepcopy(good)
    del dropped.desired.resources[key]
    with pytest.raises(BrokenError, match="is dropped without a plan"):
        check(stale, dropped)
    shrunk = copy.deepcopy(good)
    provider = shrunk.desired.resources[key].resource["spec"]["forProvider"]
    provider["scalingConfig"].update({"minSize": 0, "maxSize": 1})
    with pytest.raises(BrokenError, match=r"shrinks without a plan"):
        check(stale, shrunk)


def _has_plan(req: fnv1.RunFunctionRequest) -> bool:
    return any(each.items for each in req.required_resources.values())


@example(plan={"apiVersion": "trimtab.dev/v1alpha1", "kind": "CapacityPlan", "spec": float("nan")})
@settings(max_examples=60, deadline=None)
@given(plan=st.dictionaries(texts, nonsense, max_size=5))
def test_a_plan_of_nonsense_is_invalid_or_another(plan: Any) -> None:
    named = {**plan, "metadata": {"name": "example"}}
    rsp = answer(Functions(lambda: NOW), request(named).SerializeToString())
    assert rsp is not None
    assert rsp.conditions[0].reason == "PlanInvalid"


@settings(max_examples=200, deadline=None)
@given(
    uses=st.lists(st.tuples(st.integers(0, 30), st.integers(0, 12)), max_size=80),
    entries=st.integers(1, 8),
    size=st.integers(1, 20),
)
def test_a_memo_stays_within_its_bounds_and_gives_what_was_made(
    uses: list[tuple[int, int]], entries: int, size: int
) -> None:
    memo: Memo[tuple[int, int]] = Memo(entries, size)
    held: dict[tuple[int, int], int] = {}
    for key, weight in uses:
        arguments = (key, weight)
        assert memo.get(arguments, weight, lambda made=arguments: made) == arguments  # type: ignore[misc]
        held[arguments] = weight
        assert len(memo) <= entries
        assert memo.held <= size or len(memo) == 1
    assert memo.hits + memo.misses == len(uses)


def test_a_valid_plan_is_still_found() -> None:
    """The seeds are what they are taken for."""
    reasons: dict[str, None] = {}
    for each in seeds():
        rsp = answer(Functions(lambda: NOW), each)
        assert rsp is not None
        reasons |= dict.fromkeys(condition.reason for condition in rsp.conditions)
    assert {"PlanFound", "PlanNotFetched", "PlanNotFound", "PlanExpired", "PlanInvalid"} <= set(
        reasons
    )


def test_what_is_kept_of_a_broken_request_holds_no_frames() -> None:
    """An error that was raised would keep the request in its frames' local variables."""
    functions = Functions(lambda: NOW)
    wrong: list[dict[str, Any]] = [
        {"spec": {"pools": 7}},
        {"spec": {"region": None}},
        {"step_input": {"mode": "Neither"}},
        {"plan": {"metadata": {"name": "example"}, "spec": {"pools": 7}}},
    ]
    gc.collect()
    before = sum(isinstance(each, TracebackType) for each in gc.get_objects())
    for each in wrong:
        assert answer(functions, request(**{"plan": plans.plan_data(), **each}).SerializeToString())
    gc.collect()
    assert sum(isinstance(each, TracebackType) for each in gc.get_objects()) == before
