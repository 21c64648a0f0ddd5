"""Scalar types and the base of every document model.

A document must mean the same to pydantic, to the published JSON Schema and to the Kubernetes API
server. So scalars are strict (the string "3" is no count), unknown keys are errors, and a rule that
spans fields is declared once as an `Invariant` with both its Python and its CEL form.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, ClassVar, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, model_validator
from pydantic.json_schema import WithJsonSchema

from trimtab.clock import format_instant, parse_instant


@dataclass(frozen=True)
class Invariant:
    """A rule on one object: its message for a human, its Python form and its CEL form."""

    message: str
    holds: Callable[[Any], bool]
    cel: str


def to_camel(name: str) -> str:
    """`gco2e_per_hour` as `gco2ePerHour` (pydantic's own would write `gco2EPerHour`)."""
    head, *tail = name.split("_")
    return head + "".join(part[:1].upper() + part[1:] for part in tail)


class Document(BaseModel):
    """Base of every part of a published document: frozen, camelCase outside, no unknown keys."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, alias_generator=to_camel, populate_by_name=True
    )
    invariants: ClassVar[tuple[Invariant, ...]] = ()

    @model_validator(mode="after")
    def _invariants_hold(self) -> Self:
        for invariant in self.invariants:
            if not invariant.holds(self):
                raise ValueError(invariant.message)
        return self


def _to_instant(value: object) -> object:
    """Instants come as text (JSON, a quoted YAML scalar) or as YAML's own timestamps."""
    if isinstance(value, str):
        return parse_instant(value)
    if isinstance(value, datetime):
        return parse_instant(value.isoformat())
    raise ValueError("must be an ISO 8601 instant such as 2026-03-01T00:00:00Z")


def _to_whole(value: object) -> object:
    """protobuf's Struct turns every integer into a float; an integral float is a count."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


Instant = Annotated[
    datetime,
    BeforeValidator(_to_instant),
    PlainSerializer(format_instant, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
MAX_NODES = 100_000
Count = Annotated[int, BeforeValidator(_to_whole), Field(strict=True, ge=0, le=MAX_NODES)]
Amount = Annotated[float, Field(strict=True, ge=0, allow_inf_nan=False)]
Share = Annotated[float, Field(strict=True, ge=0, le=1, allow_inf_nan=False)]
Flag = Annotated[bool, Field(strict=True)]
DnsLabel = Annotated[
    str, Field(min_length=1, max_length=40, pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")
]
"""A pool's or group's name: half a DNS label, for it becomes a part of resource names."""
Name = Annotated[
    str, Field(min_length=1, max_length=253, pattern=r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$")
]
Text = Annotated[str, Field(max_length=1024)]
ShortText = Annotated[str, Field(max_length=253)]
LabelValue = Annotated[
    str, Field(max_length=63, pattern=r"^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$")
]
Digest = Annotated[str, Field(max_length=71, pattern=r"^sha256:[0-9a-f]{64}$")]
