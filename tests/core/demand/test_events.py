"""Scheduled events: what a file may say, what the events do, and how they widen a forecast."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from trimtab.demand.events import (
    Add,
    Event,
    Multiply,
    Size,
    check_names,
    effects,
    read_events,
    spread,
    widened,
    without,
)
from trimtab.demand.events_file import events_schema, parse_events
from trimtab.errors import InputError
from trimtab.forecast.model import LEVELS

START = datetime(2026, 12, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
SOURCE = "events.yaml"

FILE = """\
apiVersion: trimtab.dev/v1alpha1
kind: DemandEvents
metadata:
  name: launches
spec:
  events:
    - name: assistant
      appliesTo: [chat]
      start: 2026-12-01T09:00:00Z
      multiply: {low: 1.2, expected: 1.4, high: 1.8}
      ramp: 3d
      reason: public launch
    - name: tuning
      start: "2026-12-05"
      end: 2026-12-12T00:00:00+01:00
      add: -40
"""


def test_a_file_of_events(tmp_path: Path) -> None:
    path = tmp_path / SOURCE
    path.write_text(FILE, "utf-8")
    assert read_events(path) == (
        Event(
            name="assistant",
            start=START + 9 * HOUR,
            end=None,
            effect=Multiply(Size(1.2, 1.4, 1.8)),
            series=("chat",),
            ramp=timedelta(days=3),
            reason="public launch",
            where=f"{path}, line 7, document 1, spec.events[0]",
        ),
        Event(
            name="tuning",
            start=START + timedelta(days=4),
            end=START + timedelta(days=11) - HOUR,
            effect=Add(Size(-40.0, -40.0, -40.0)),
            where=f"{path}, line 13, document 1, spec.events[1]",
        ),
    )


ACCEPTED = {
    "no events yet": ("spec: {events: []}", 0),
    "one bound only": ("spec: {events: [{name: a, start: 2026-12-01, add: {expected: 1, high: 2}}]}", 1),
    "a date": ("spec: {events: [{name: a, start: 2026-12-01, multiply: 2}]}", 1),
}  # fmt: skip


@pytest.mark.parametrize(("spec", "count"), ACCEPTED.values(), ids=ACCEPTED)
def test_accepts(spec: str, count: int) -> None:
    text = f"apiVersion: trimtab.dev/v1alpha1\nkind: DemandEvents\n{spec}\n"
    assert len(parse_events(text, SOURCE)) == count


REFUSED = {
    "an unknown key": (
        "appliesTo",
        "appliesto",
        ("events.yaml, line 8, document 1, spec.events[0].appliesto: unknown key; did you mean "
        "appliesTo? allowed: name, appliesTo, start, end, multiply, add, ramp, reason"),
    ),
    "an unknown key in a range": (
        "low",
        "lowest",
        ("events.yaml, line 10, document 1, spec.events[0].multiply.lowest: unknown key; did you "
        "mean low? allowed: low, expected, high"),
    ),
    "an end before the start": (
        "2026-12-12T00:00:00+01:00",
        "2026-12-05",
        ("events.yaml, line 15, document 1, spec.events[1].end: 2026-12-05T00:00:00Z is not after "
        "the start, 2026-12-05T00:00:00Z; leave the end out where the effect lasts"),
    ),
    "a factor of nothing": (
        "{low: 1.2, expected: 1.4, high: 1.8}",
        "0",
        ("events.yaml, line 10, document 1, spec.events[0].multiply: 0 is not above 0; a factor "
        "below 1 lessens demand"),
    ),
    "a percentage as a factor": (
        "{low: 1.2, expected: 1.4, high: 1.8}",
        "1400",
        ("events.yaml, line 10, document 1, spec.events[0].multiply: 1400 is beyond 1000; check its "
        "unit"),
    ),
    "bounds that do not rise": (
        "high: 1.8",
        "high: 1.3",
        ("events.yaml, line 10, document 1, spec.events[0].multiply: low 1.2, expected 1.4 and high "
        "1.3 do not rise; reorder them"),
    ),
    "a range without its middle": ("expected: 1.4, ", "", "spec.events[0].multiply.expected: is missing"),
    "both effects": (
        "add: -40",
        "add: -40\n      multiply: 2",
        ("events.yaml, line 13, document 1, spec.events[1]: has both multiply and add; what does two "
        "things is two events"),
    ),
    "no effect": (
        "      add: -40\n",
        "",
        ("events.yaml, line 13, document 1, spec.events[1]: has neither multiply nor add; say what "
        "it does to demand"),
    ),
    "a ramp beyond the end": (
        "      add: -40",
        "      add: -40\n      ramp: 2w",
        "spec.events[1].ramp: takes longer than the event, 167 h; shorten it",
    ),
    "a ramp that is no duration": ("3d", "fast", "spec.events[0].ramp: 'fast' is no duration: write a whole number"),
    "a ramp without a unit": ("3d", "3", "spec.events[0].ramp: '3' is no duration"),
    "a start that is no instant": ("2026-12-01T09:00:00Z", "soon", "spec.events[0].start: 'soon' is no instant: write ISO 8601"),
    "a start that is a number": ("2026-12-01T09:00:00Z", "20261201", "spec.events[0].start: 20261201 is no instant"),
    "no start": ("      start: 2026-12-01T09:00:00Z\n", "", "spec.events[0].start: is missing; add it"),
    "an addition in words": ("-40", "forty", "spec.events[1].add"),
    "an addition that is not finite": ("-40", ".inf", "spec.events[1].add"),
    "an addition without measure": ("-40", "-1.0e+13", "spec.events[1].add: -1e+13 is beyond 1e+12; check its unit"),
    "a name twice": (
        "name: tuning",
        "name: assistant",
        ("events.yaml, line 13, document 1, spec.events[1].name: event assistant stands twice (first "
        "at events.yaml, line 7, document 1, spec.events[0]); give each its own name"),
    ),
    "a key twice": ("reason: public launch", "ramp: 4d", "line 12: key ramp stands twice; remove one"),
    "nothing that it concerns": ("[chat]", "[]", "spec.events[0].appliesTo"),
    "another kind": (
        "kind: DemandEvents",
        "kind: Workload",
        "events.yaml, line 2, document 1, kind: is Workload; only DemandEvents stand in this file",
    ),
    "another version": ("v1alpha1", "v2", "should be 'trimtab.dev/v1alpha1'"),
    "no document": (FILE, "", "events.yaml: holds no DemandEvents; write a document of kind DemandEvents"),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "says"), REFUSED.values(), ids=REFUSED)
def test_refuses(old: str, new: str, says: str) -> None:
    assert old in FILE
    with pytest.raises(InputError) as caught:
        parse_events(FILE.replace(old, new, 1), SOURCE)
    message = str(caught.value)
    assert message == says if says.startswith(SOURCE) else says in message


def test_a_name_that_there_is_not_is_refused_with_those_that_there_are() -> None:
    events = parse_events(FILE, SOURCE)
    check_names(events, ["chat", "search"])
    with pytest.raises(InputError) as caught:
        check_names(events, ["chats", "search"])
    assert str(caught.value) == (
        "events.yaml, line 7, document 1, spec.events[0]: event assistant concerns 'chat', which is "
        "no pool or series; did you mean chats? use one of chats, search"
    )


SCHEMA = Draft202012Validator(events_schema())


def test_the_schema_accepts_what_the_reader_accepts() -> None:
    Draft202012Validator.check_schema(events_schema())
    document = yaml.safe_load(FILE) | {"spec": {"events": [written(), written(multiply=1.5)]}}
    SCHEMA.validate(document)
    assert len(parse_events(yaml.safe_dump(document).replace("name: a", "name: b", 1), SOURCE)) == 2


def written(**changes: Any) -> dict[str, Any]:
    event = {"name": "a", "start": "2026-12-01", "multiply": {"expected": 2}, "ramp": "6h"}
    return {key: value for key, value in (event | changes).items() if value is not None}


@pytest.mark.parametrize(
    "damage",
    [
        {"multiply": 0},
        {"multiply": {"low": 1}},
        {"multiply": {"expected": 1, "hihg": 2}},
        {"multiply": "2"},
        {"ramp": "6 hours"},
        {"appliesTo": []},
        {"start": None},
        {"until": "2026-12-01"},
    ],
    ids=str,
)
def test_the_schema_rejects_what_the_reader_rejects(damage: dict[str, Any]) -> None:
    document = {
        "apiVersion": "trimtab.dev/v1alpha1",
        "kind": "DemandEvents",
        "spec": {"events": [written(**damage)]},
    }
    assert not SCHEMA.is_valid(document)
    with pytest.raises(InputError):
        parse_events(yaml.safe_dump(document), SOURCE)


def event(
    effect: Multiply | Add,
    first: float,
    last: float | None = None,
    ramp: float = 0,
    series: tuple[str, ...] | None = None,
) -> Event:
    """An event by its hours from START."""
    end = None if last is None else START + last * HOUR
    return Event("e", START + first * HOUR, end, effect, series, ramp * HOUR)


def sure(size: float) -> Size:
    return Size(size, size, size)


def test_what_events_do_hour_by_hour() -> None:
    events = [
        event(Multiply(sure(3.0)), 1, 3, series=("chat",)),
        event(Multiply(sure(0.5)), 2.25),
        event(Add(sure(8.0)), -5, 4, ramp=8),
        event(Add(sure(-1.0)), 3.5, 3.75, series=("search", "chat")),
    ]
    found = effects(events, ["chat", "search"], START, 5)
    assert found.multiply.tolist() == pytest.approx(
        np.array([[1, 3, 3 * 0.625, 0.5, 0.5], [1, 1, 0.625, 0.5, 0.5]])
    )
    ramp = np.array([5.5, 6.5, 7.5, 8.0, 0.0])
    # Full size is reached 8 hours after the start, at hour 3.
    assert found.add == pytest.approx(np.array([ramp, ramp]) - np.array([0, 0, 0, 0.25, 0]))


def test_the_past_is_explained_by_the_same_events_that_shape_the_future() -> None:
    events = [event(Multiply(sure(2.0)), -10), event(Add(sure(5.0)), -3, 3)]
    base = np.full((1, 48), 20.0)
    window = effects(events, ["a"], START - 24 * HOUR, 48)
    seen = base * window.multiply + window.add
    assert without(seen, window) == pytest.approx(base)
    # What an event should have left but did not is nothing, not less.
    assert without(np.zeros((1, 48)), window).min() == 0.0
    later = effects(events, ["a"], START, 24)
    assert later.multiply.tolist() == window.multiply[:, 24:].tolist()
    assert later.add.tolist() == window.add[:, 24:].tolist()


def test_no_events_and_no_series() -> None:
    nothing = effects([], ["a", "b"], START, 3)
    assert nothing.multiply.tolist() == [[1.0] * 3] * 2
    assert nothing.add.tolist() == [[0.0] * 3] * 2
    assert effects([event(Add(sure(1.0)), 0)], [], START, 3).add.shape == (0, 3)


def test_independent_uncertainties_combine_as_squares() -> None:
    first, second = Size(1.0, 2.0, 4.0), Size(2.0, 2.0, 4.0)
    both = spread([event(Multiply(first), 0), event(Multiply(second), 0)], ["a"], START, 1)
    assert both.expected.multiply[0, 0] == pytest.approx(4.0)
    assert both.high.multiply[0, 0] == pytest.approx(4.0 * 2.0 ** np.sqrt(2))
    assert both.low.multiply[0, 0] == pytest.approx(4.0 / 2.0)
    sums = spread([event(Add(Size(0, 3, 6)), 0), event(Add(Size(0, 4, 8)), 0)], ["a"], START, 1)
    bounds = (sums.low.add[0, 0], sums.expected.add[0, 0], sums.high.add[0, 0])
    assert bounds == pytest.approx((2.0, 7.0, 12.0))


def test_an_event_that_was_seen_at_its_full_size_widens_nothing() -> None:
    size = Multiply(Size(1.0, 2.0, 4.0))
    for first, ramp, certain in ((-24, 0, True), (-23, 0, False), (-30, 6, True), (-30, 8, False)):
        around = spread([event(size, first, ramp=ramp)], ["a"], START, 30)
        assert around.expected.multiply[0, -1] == pytest.approx(2.0)
        assert bool(around.high.multiply[0, -1] < 2.001) is certain


LEVEL = {level: place for place, level in enumerate(LEVELS)}


def test_a_forecast_is_widened_to_the_events_interval() -> None:
    flat = np.full((1, len(LEVELS), 2), 100.0)
    found = widened(
        flat, spread([event(Multiply(Size(1.2, 1.4, 1.8)), 1)], ["a"], START, 2), LEVELS
    )
    assert found[0, :, 0].tolist() == [100.0] * len(LEVELS)
    assert found[0, [LEVEL[0.1], LEVEL[0.5], LEVEL[0.9]], 1] == pytest.approx([120, 140, 180])
    # With a spread of its own, the squares add up.
    own = flat + np.linspace(-40, 40, len(LEVELS))[None, :, None]
    wide = widened(own, spread([event(Add(Size(-30, 0, 30)), 0)], ["a"], START, 2), LEVELS)
    away = own[0, LEVEL[0.9], 0] - 100
    assert wide[0, LEVEL[0.9], 0] == pytest.approx(100 + np.hypot(away, 30))


SIZES = st.tuples(st.floats(0.1, 5), st.floats(0.1, 5), st.floats(0.1, 5)).map(
    lambda sizes: Size(*sorted(sizes))
)
EVENTS = st.lists(
    st.builds(
        lambda kind, size, first, length, ramp: event(
            kind(size), first, None if length is None else first + length, ramp * (length or 10)
        ),
        st.sampled_from([Multiply, Add]),
        SIZES,
        st.floats(-30, 30),
        st.none() | st.floats(0.5, 40),
        st.floats(0, 1),
    ),
    max_size=4,
)


@given(events=EVENTS, seed=st.integers(0, 2**16))
def test_events_keep_quantiles_in_order_and_never_narrow_them(
    events: list[Event], seed: int
) -> None:
    rng = np.random.default_rng(seed)
    quantiles = np.sort(rng.gamma(2, 50, (2, len(LEVELS), 24)), axis=1)
    around = spread(events, ["a", "b"], START, 24)
    assert (around.low.multiply <= around.expected.multiply * (1 + 1e-12)).all()
    assert (around.expected.add <= around.high.add + 1e-12).all()
    found = widened(quantiles, around, LEVELS)
    assert (np.diff(found, axis=1) >= 0).all()
    assert (found >= 0).all()
    sure_ones = quantiles * around.expected.multiply[:, None] + around.expected.add[:, None]
    assert (found[:, -1] >= sure_ones[:, -1] - 1e-9).all()
    assert (found[:, 0] <= sure_ones[:, 0] + 1e-9).all()
