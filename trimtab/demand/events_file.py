"""The `DemandEvents` document, `trimtab.dev/v1alpha1`: a file of scheduled events.

One pydantic model says which fields there are and generates the published JSON Schema; what fields
mean together is checked here, where a message can name the line.
"""

import math
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PlainValidator, WithJsonSchema

from trimtab import documents
from trimtab.clock import (
    DURATION_MEND,
    format_duration,
    format_instant,
    parse_duration,
    parse_instant,
)
from trimtab.demand.events import Add, Event, Multiply, Size
from trimtab.errors import InputError
from trimtab.strict import Strict, validated

KIND = "DemandEvents"
INSTANT_MEND = "write ISO 8601, such as 2026-12-01T00:00:00Z"
MAXIMUM_FACTOR = 1e3
MAXIMUM_ADDITION = 1e12
"""As the largest demand that a series may have."""


def _instant(value: object) -> datetime:
    # YAML reads an unquoted instant itself; quoted it is text.
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    if isinstance(value, date):
        return datetime.combine(value, time(), UTC)
    try:
        return parse_instant(value if isinstance(value, str) else "")
    except ValueError:
        raise ValueError(f"{value!r} is no instant: {INSTANT_MEND}") from None


def _duration(value: object) -> timedelta:
    try:
        return parse_duration(value if isinstance(value, str) else repr(value))
    except ValueError as error:
        raise ValueError(f"{error}: {DURATION_MEND}") from None


def _expected(value: object) -> object:
    """A bare number is a size without a range."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return {"expected": value} if is_number else value


Instant = Annotated[
    datetime,
    PlainValidator(_instant),
    WithJsonSchema({"type": "string", "examples": ["2026-12-01T00:00:00Z", "2026-12-01"]}),
]
Duration = Annotated[
    timedelta,
    PlainValidator(_duration),
    WithJsonSchema({"type": "string", "pattern": r"^[0-9]{1,9}\s*(w|d|h|min|s)$"}),
]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Name = Annotated[str, Field(min_length=1, max_length=253, pattern=r"^\S(?:.*\S)?$")]


class SizeSpec(Strict):
    """How large an effect is; the bounds are those of an 80 % interval."""

    low: Finite | None = None
    expected: Finite
    high: Finite | None = None


def _size(number: dict[str, Any]) -> WithJsonSchema:
    """A number, or a number with its range; written out, since the two read into one model."""
    bounded = {"type": "number", **number}
    ranged = {
        "type": "object",
        "properties": dict.fromkeys(("low", "expected", "high"), bounded),
        "required": ["expected"],
        "additionalProperties": False,
    }
    return WithJsonSchema({"anyOf": [bounded, ranged]})


class EventSpec(Strict):
    """One scheduled change of demand: exactly one of multiply and add."""

    name: Name
    applies_to: list[Name] | None = Field(
        default=None,
        min_length=1,
        description="Names of the pools or series that it concerns. Absent: all.",
    )
    start: Instant = Field(description="From when it has an effect. Without a zone: UTC.")
    end: Instant | None = Field(
        default=None, description="Until when, exclusive. Absent: it lasts."
    )
    multiply: (
        Annotated[
            SizeSpec,
            BeforeValidator(_expected),
            _size({"exclusiveMinimum": 0, "maximum": MAXIMUM_FACTOR}),
        ]
        | None
    ) = Field(default=None, description="Demand as a multiple of what it would have been.")
    add: (
        Annotated[
            SizeSpec,
            BeforeValidator(_expected),
            _size({"minimum": -MAXIMUM_ADDITION, "maximum": MAXIMUM_ADDITION}),
        ]
        | None
    ) = Field(default=None, description="More demand, or less (negative), in the series' unit.")
    ramp: Duration = Field(
        default=timedelta(0),
        description="How long after its start it takes to its full size, in a straight line.",
    )
    reason: str = Field(default="", max_length=1000, description="Why, for the plan's readers.")


class EventsSpec(Strict):
    """The events."""

    events: list[EventSpec] = Field(
        description="Names are unique; where events overlap, factors multiply and additions add up."
    )


class EventsMetadata(Strict):
    """Object metadata; nothing of it is read."""

    name: str = ""
    labels: dict[str, str] = Field(default={})
    annotations: dict[str, str] = Field(default={})


class EventsDocument(Strict):
    """Scheduled changes of demand that its history does not show yet, or does not explain."""

    api_version: Literal["trimtab.dev/v1alpha1"]
    kind: Literal["DemandEvents"]
    metadata: EventsMetadata = EventsMetadata()
    spec: EventsSpec


def events_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of the `DemandEvents` document."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "https://trimtab.dev/schemas/v1alpha1/demandevents.json",
        **EventsDocument.model_json_schema(by_alias=True),
    }


def parse_events(text: str, source: str) -> tuple[Event, ...]:
    """The events in a YAML or JSON text; `source` names it in errors.

    Raises:
        InputError: at the first field that is wrong, or where the text holds no such document.
    """
    events: list[Event] = []
    places: dict[str, str] = {}
    roots = documents.parse_documents(text, source)
    if not roots:
        raise InputError(f"holds no {KIND}", where=source, mend=f"write a document of kind {KIND}")
    for root in roots:
        kind = root["kind"].text()
        if kind != KIND:
            root["kind"].fail(f"is {kind or 'missing'}", f"only {KIND} stand in this file")
        spec = validated(root, EventsDocument).spec
        for each, field in zip(spec.events, root["spec"]["events"].items(), strict=True):
            event = _event(each, field)
            if event.name in places:
                field["name"].fail(
                    f"event {event.name} stands twice (first at {places[event.name]})",
                    "give each its own name",
                )
            places[event.name] = event.where
            events.append(event)
    return tuple(events)


def _event(spec: EventSpec, field: documents.Field) -> Event:
    if spec.end is not None and spec.start >= spec.end:
        field["end"].fail(
            f"{format_instant(spec.end)} is not after the start, {format_instant(spec.start)}",
            "leave the end out where the effect lasts",
        )
    if spec.end is not None and spec.ramp > spec.end - spec.start:
        lasts = format_duration(spec.end - spec.start)
        field["ramp"].fail(f"takes longer than the event, {lasts}", "shorten it")
    return Event(
        name=spec.name,
        start=spec.start,
        end=spec.end,
        effect=_effect(spec, field),
        series=None if spec.applies_to is None else tuple(spec.applies_to),
        ramp=spec.ramp,
        reason=spec.reason,
        where=field.document.where(field.path),
    )


def _effect(spec: EventSpec, field: documents.Field) -> Multiply | Add:
    if spec.multiply is not None and spec.add is not None:
        field.fail("has both multiply and add", "what does two things is two events")
    if spec.multiply is not None:
        return Multiply(_checked(spec.multiply, field["multiply"], 0.0, MAXIMUM_FACTOR))
    if spec.add is None:
        field.fail("has neither multiply nor add", "say what it does to demand")
    return Add(_checked(spec.add, field["add"], -math.inf, MAXIMUM_ADDITION))


def _checked(spec: SizeSpec, field: documents.Field, above: float, bound: float) -> Size:
    low = spec.expected if spec.low is None else spec.low
    high = spec.expected if spec.high is None else spec.high
    for value in (low, spec.expected, high):
        if value <= above:
            field.fail(f"{value:g} is not above 0", "a factor below 1 lessens demand")
        if abs(value) > bound:
            field.fail(f"{value:g} is beyond {bound:g}", "check its unit")
    if not low <= spec.expected <= high:
        field.fail(
            f"low {low:g}, expected {spec.expected:g} and high {high:g} do not rise", "reorder them"
        )
    return Size(low, spec.expected, high)
