"""Documents that people write, as strict models: no unknown key, no silent conversion.

pydantic checks, and what it finds wrong becomes one `InputError` at its field.
"""

from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from trimtab.catalogue.accelerators import did_you_mean
from trimtab.documents import Field
from trimtab.plan.document import causes
from trimtab.plan.types import to_camel


class Strict(BaseModel):
    """A part of a document; its fields are written in camelCase."""

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, alias_generator=to_camel, validate_by_alias=True
    )


Model = TypeVar("Model", bound=BaseModel)


def validated(field: Field, model: type[Model]) -> Model:
    """The model of the document at this field.

    Raises:
        InputError: at the first field that is wrong.
    """
    try:
        return model.model_validate(field.value, by_alias=True, by_name=False)
    except ValidationError as error:
        path, message, mend = first_error(error, model)
        Field(field.document, None, (*field.path, *path)).fail(message, mend)


def first_error(
    error: ValidationError, model: type[BaseModel]
) -> tuple[tuple[str | int, ...], str, str | None]:
    """The first thing wrong: its path, a message and a mend; the others are counted."""
    details = causes(error.errors(include_url=False))
    # An unknown key explains a missing one, so it comes first.
    detail = next((d for d in details if d["type"] == "extra_forbidden"), details[0])
    # Another kind of document explains all.
    detail = next(
        (d for d in details if d["type"] == "literal_error" and d["loc"] == ("kind",)), detail
    )
    path = tuple(part for part in detail["loc"] if part != "[key]")  # the path ends with it already
    others = f" (and {len(details) - 1} more)" if len(details) > 1 else ""
    if detail["type"] == "extra_forbidden":
        names = _keys(model, path[:-1])
        mend = f"{did_you_mean(str(path[-1]), names)}allowed: {', '.join(names)}"
        return path, f"unknown key{others}", mend
    if detail["type"] == "missing":
        return path, f"is missing{others}", "add it"
    if cause := detail.get("ctx", {}).get("error"):
        return path, f"{cause}{others}", None
    given = detail["input"]
    shown = f"{given!r}: " if isinstance(given, str | int | float) else ""
    message = detail["msg"][0].lower() + detail["msg"][1:]
    return path, f"{shown}{message}{others}", None


def _keys(model: type[BaseModel], path: tuple[str | int, ...]) -> list[str]:
    """The keys that the model allows at a path."""
    for part in path:
        if isinstance(part, int):
            continue
        inner = next(f for f in model.model_fields.values() if f.alias == part).annotation
        while not (isinstance(inner, type) and issubclass(inner, BaseModel)):
            inner = next(a for a in getattr(inner, "__args__", ()) if a is not type(None))
        model = inner
    return [str(f.alias) for f in model.model_fields.values()]
