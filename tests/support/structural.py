"""Structural schemas as an API server reads them."""

from typing import Any


def closed(schema: Any) -> Any:
    """The schema as an API server with strict field validation reads it: no unknown fields."""
    if isinstance(schema, list):
        return [closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    shut = {"additionalProperties": False} if "properties" in schema else {}
    return {key: closed(each) for key, each in schema.items()} | shut
