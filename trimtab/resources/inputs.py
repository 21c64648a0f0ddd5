"""A resource's inputs, read by one name whatever language declares them.

Pulumi's and Crossplane's AWS, Azure and Google providers are generated from Terraform's, so that an
input has one name in two spellings: `scaling_config.desired_size` in Terraform, `scalingConfig.desiredSize`
in the others, where Terraform writes a list of one block, Pulumi the block, and Crossplane either. Pulumi
also gives a list of blocks its plural. `Inputs` is asked by Terraform's name and answers all of them;
nothing is converted, for most inputs are never asked for.
"""

import math
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""An input that only a deployment will know: Pulumi's own literal, as `pulumi preview --json`
writes it. Every reader writes its own engine's unknown as this."""

SECRET = "[secret]"  # noqa: S105 - the mask, not a secret
"""What stands in for a secret input, known or not; again Pulumi's own."""


class Inputs:
    """A mapping of inputs and the spelling of its names.

    Args:
        values: plain data; UNKNOWN and SECRET where they apply.
        camel: whether names are in camelCase (Pulumi, Crossplane, Kubernetes).
    """

    __slots__ = ("camel", "values")

    def __init__(self, values: Mapping[str, Any], *, camel: bool) -> None:
        self.values = values
        self.camel = camel

    def __repr__(self) -> str:
        return f"Inputs({self.values!r}, camel={self.camel})"

    def get(self, path: str) -> Any:
        """The value at a dotted path of Terraform names, as it stands; None where there is none.

        A list of blocks on the way stands for its first.
        """
        value: Any = self.values
        for names in _spelt(path, self.camel):
            if (
                type(value) is not dict
            ):  # nearly all are, and whether others are takes longer to tell
                if isinstance(value, list):
                    value = value[0] if value else None
                if not isinstance(value, Mapping):
                    return UNKNOWN if value == UNKNOWN else None
            for name in names:
                if name in value:
                    value = value[name]
                    break
            else:
                return None
            if value is None:
                return None
        return value

    def has(self, path: str) -> bool:
        """Whether something is given, known or not: not None, empty text, or an empty list or mapping."""
        return self.get(path) not in (None, "", [], {})

    def unknown(self, path: str) -> bool:
        """Whether only a deployment will know the value (or it is a secret)."""
        return self.get(path) in (UNKNOWN, SECRET)

    def text(self, path: str, default: str = "") -> str:
        """A text; the default where it is absent, not known, or no text."""
        value = self.get(path)
        if isinstance(value, str) and value and value not in (UNKNOWN, SECRET):
            return value
        return (
            str(value)
            if isinstance(value, int | float) and not isinstance(value, bool)
            else default
        )

    def flag(self, path: str, default: bool = False) -> bool:
        """A boolean, also as "true" or "false"; the default where it is absent or not known."""
        value = self.get(path)
        if isinstance(value, bool):
            return value
        return {"true": True, "false": False}.get(str(value).lower(), default)

    def number(self, path: str) -> float | None:
        """A finite number, also as text ("20"); None where it is absent, not known, or none."""
        return as_number(self.get(path))

    def count(self, path: str, default: int) -> int:
        """A whole number; the default where it is absent or not known."""
        value = self.number(path)
        return default if value is None else int(value)

    def blocks(self, path: str) -> list["Inputs"]:
        """The blocks of a list, or the one block, as inputs of their own; [] where there is none."""
        value = self.get(path)
        found = value if isinstance(value, list) else [value]
        return [Inputs(each, camel=self.camel) for each in found if isinstance(each, Mapping)]

    def strings(self, path: str) -> list[str]:
        """The texts of a list, those not known left out; one text is a list of it."""
        value = self.get(path)
        found = value if isinstance(value, list) else [value]
        return [each for each in found if isinstance(each, str) and each not in (UNKNOWN, SECRET)]

    def length(self, path: str) -> int | None:
        """How many entries a list has (0 where it is absent); None where only a deployment will know."""
        value = self.get(path)
        if value in (UNKNOWN, SECRET):
            return None
        return len(value) if isinstance(value, list | Mapping) else 0


def as_number(value: Any) -> float | None:
    """A value as a finite number, where it is one or the text of one."""
    if isinstance(value, bool) or value is None:
        return None
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def flatten(values: Any) -> Iterator[Any]:
    """Every leaf of plain data."""
    if isinstance(values, Mapping):
        for value in values.values():
            yield from flatten(value)
    elif isinstance(values, list):
        for value in values:
            yield from flatten(value)
    else:
        yield values


@cache
def _spelt(path: str, camel: bool) -> tuple[tuple[str, ...], ...]:
    """For each name of a path, the spellings under which it may stand, the likeliest first."""
    return tuple(_spellings(name, camel) for name in path.split("."))


def _spellings(name: str, camel: bool) -> tuple[str, ...]:
    if not camel:
        return (name,)
    word = _UNDERSCORE.sub(lambda found: found[1].upper(), name)
    plural = (
        f"{word[:-1]}ies"
        if word.endswith("y")
        else f"{word}{'es' if word.endswith(('s', 'x')) else 's'}"
    )
    return (word, plural)


_UNDERSCORE = re.compile(r"_([a-z0-9])")
