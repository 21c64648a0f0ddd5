"""Scalar types and the base of every document model.

A document must mean the same to pydantic, to the published JSON Schema and to the Kubernetes API
server. So scalars are strict (the string "3" is no count), unknown keys are errors, null is the same
as absent (Kubernetes drops nulls), and a rule that spans fields is declared once as an `Invariant`
with both its Python and its CEL form. Patterns stay inside what Rust's, Go's and ECMA's regular
expressions have in common.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    PlainSerializer,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue, WithJsonSchema
from pydantic_core.core_schema import CoreSchema

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

    @model_validator(mode="before")
    @classmethod
    def _null_is_absent(cls, data: object) -> object:
        if not isinstance(data, Mapping) or None not in data.values():
            return data
        known = {name for key, field in cls.model_fields.items() for name in (key, field.alias)}
        return {k: v for k, v in data.items() if v is not None or k not in known}

    @model_validator(mode="after")
    def _invariants_hold(self) -> Self:
        for invariant in self.invariants:
            if not invariant.holds(self):
                raise ValueError(invariant.message)
        return self

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """pydantic's schema, with the invariants in Kubernetes' words."""
        reference = handler(core_schema)
        schema = handler.resolve_ref_schema(reference)
        if cls.invariants:
            schema["x-kubernetes-validations"] = [
                {"rule": each.cel, "message": each.message} for each in cls.invariants
            ]
        return reference


# RFC 3339 to the second: what pydantic, JSON Schema's date-time and CEL's timestamp all read. Without
# a zone Kubernetes refuses it; a fraction would be lost when the plan is written.
_INSTANT_PATTERN = (
    r"^2[0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
    r"T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](Z|[+-](0[0-9]|1[0-3]):[0-5][0-9])$"
)


def _to_instant(value: object) -> object:
    """Instants come as text, from Python code as aware datetimes."""
    if isinstance(value, str) and re.fullmatch(_INSTANT_PATTERN, value):
        return parse_instant(value)
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.replace(microsecond=0).astimezone(UTC)
    raise ValueError(
        f"{value!r} is no instant to the second with its zone, such as 2026-03-01T00:00:00Z"
    )


def _to_whole(value: object) -> object:
    """protobuf's Struct turns every integer into a float; an integral float is a count."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


Instant = Annotated[
    datetime,
    BeforeValidator(_to_instant),
    PlainSerializer(format_instant, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time", "pattern": _INSTANT_PATTERN}),
]
MAX_NODES = 100_000
MAX_POOLS = 64
MAX_GROUPS = 16
Whole = BeforeValidator(_to_whole)
Count = Annotated[int, Field(strict=True, ge=0, le=MAX_NODES), Whole]
PositiveCount = Annotated[int, Field(strict=True, ge=1, le=MAX_NODES), Whole]
Amount = Annotated[float, Field(strict=True, ge=0, allow_inf_nan=False)]
PositiveAmount = Annotated[float, Field(strict=True, gt=0, allow_inf_nan=False)]
Share = Annotated[float, Field(strict=True, ge=0, le=1, allow_inf_nan=False)]
Flag = Annotated[bool, Field(strict=True)]
Provider = Annotated[str, Field(strict=True, min_length=1, max_length=32, pattern=r"^[a-z0-9-]+$")]
DnsLabel = Annotated[
    str,
    Field(strict=True, min_length=1, max_length=40, pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"),
]
"""A pool's or group's name: shorter than a DNS label, for it becomes a part of resource names."""
Namespace = Annotated[
    str,
    Field(strict=True, min_length=1, max_length=63, pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"),
]
_SUBDOMAIN = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*"
_KEY_NAME = r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"
Name = Annotated[str, Field(strict=True, min_length=1, max_length=253, pattern=rf"^{_SUBDOMAIN}$")]
"""A Kubernetes object's name."""
Text = Annotated[str, Field(strict=True, max_length=1024)]
ShortText = Annotated[str, Field(strict=True, min_length=1, max_length=253)]
QUALIFIED_NAME_PATTERN = rf"^({_SUBDOMAIN}/)?{_KEY_NAME}$"
QualifiedName = Annotated[
    str, Field(strict=True, min_length=1, max_length=317, pattern=QUALIFIED_NAME_PATTERN)
]
"""A Kubernetes label's key, taint's key or resource's name: an optional DNS prefix and a name."""
AnnotationKey = Annotated[
    str,
    Field(
        strict=True,
        min_length=1,
        max_length=317,
        pattern=rf"^({_SUBDOMAIN.replace('a-z', 'A-Za-z')}/)?{_KEY_NAME}$",
    ),
]
"""The same, but an annotation's prefix may have capitals."""
AnnotationText = Annotated[str, Field(strict=True)]
LabelValue = Annotated[
    str,
    Field(strict=True, max_length=63, pattern=r"^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$"),
]
Digest = Annotated[str, Field(strict=True, max_length=71, pattern=r"^sha256:[0-9a-f]{64}$")]
