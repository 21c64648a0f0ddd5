"""What components are given at the boundary of a Pulumi component package, where it is shared.

Flat TypedDicts of plain types: schema inference knows no Literal, Union or Annotated, whole numbers
arrive as floats, and a field's docstring is read only in this distribution and only where the field
itself stands. What checks them stands in `trimtab.provision.arguments`.
"""

from typing import Any, TypedDict


class RunningSizes(TypedDict):
    """The sizes of a group as observed, in whole nodes."""

    min: int
    """The lower bound of the group."""
    desired: int
    """The nodes that the autoscaler asks for."""
    max: int
    """The upper bound of the group."""


class ChartOverride(TypedDict, total=False):
    """What differs from the chart that Trimtab installs; the one shape for every chart."""

    version: str
    """The chart's version."""
    namespace: str
    """The namespace of the release."""
    values: dict[str, Any]
    """Helm values, laid over those of Trimtab key by key; lists are replaced."""
