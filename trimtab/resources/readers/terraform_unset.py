"""What a Terraform plan calls unknown because nobody sets it: the provider will choose, or report, it.

Most arguments that may be left out are computed, too, and a plan marks each of them unknown until it is
applied. A program of Pulumi's or a Crossplane resource has no word of them; nor have inputs after this.
"""

from collections.abc import Mapping
from typing import Any

from trimtab.resources.inputs import UNKNOWN

_OF_AN_ARGUMENT = ("constant_value", "references")


def without_unset(
    values: Mapping[str, Any], expressions: Mapping[str, Any], former: Any = None
) -> dict[str, Any]:
    """Planned values without the unknown ones that the configuration does not set.

    Args:
        values: as planned, UNKNOWN where only a deployment will know.
        expressions: the resource's, or the block's, in the plan's configuration.
        former: what a replaced resource has; where it has a value, that stands for the unknown one (but its id).
    """
    before = former if isinstance(former, Mapping) else {}
    result = {}
    for name, value in values.items():
        old = before.get(name)
        if name in expressions:
            result[name] = _block(value, expressions[name], old)
        elif value != UNKNOWN or (name == "id" and old is not None):
            result[name] = value
        elif old is not None:
            result[name] = old
    return result


def _block(value: Any, expression: Any, former: Any) -> Any:
    """The same in a nested block; an argument's value stays as it is."""
    if isinstance(expression, Mapping):
        if isinstance(value, Mapping) and not any(each in expression for each in _OF_AN_ARGUMENT):
            return without_unset(value, expression, former)
        return value
    if not isinstance(value, list) or not isinstance(expression, list):
        return value
    if len(value) != len(expression):  # some of them are made by a dynamic block
        return value
    old = former if isinstance(former, list) and len(former) == len(value) else [None] * len(value)
    return [_block(*each) for each in zip(value, expression, old, strict=True)]
