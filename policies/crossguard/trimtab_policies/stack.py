"""A stack as CrossGuard shows it, as resources that can be priced."""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pulumi_policy import PolicyResource, StackValidationArgs

from trimtab.preview.records import Recording, ResourceRecord
from trimtab.resources.model import Estate
from trimtab.resources.readers.program import from_recording

_TARGET = "__target"
"""Asked of CrossGuard's proxies, it gives what they stand for: values not yet known raise otherwise."""


def here() -> Path:
    """The folder that `pulumi` was called in: the engine runs a pack in the pack's own."""
    return Path(os.environ.get("PWD") or Path.cwd())


def own_plan() -> Path | None:
    """The plan that the stack's own configuration names, as `trimtab:plan`, where it is found from here."""
    try:
        # Secrets stand in it in the clear: nothing else is taken from it.
        named = json.loads(os.environ.get("PULUMI_CONFIG", "{}")).get("trimtab:plan")
    except (ValueError, AttributeError):
        return None
    plan = here() / named if isinstance(named, str) and named else None
    return plan if plan and plan.is_file() else None


def estate_of(args: StackValidationArgs) -> Estate:
    """The stack that a policy validates."""
    records = {resource.urn: _record(resource) for resource in args.resources}
    for resource in args.resources:
        provider = resource.provider
        if provider is not None and provider.urn not in records:
            records[provider.urn] = ResourceRecord(
                provider.urn, provider.resource_type, provider.name, inputs=plain(provider.props)
            )
    urns = sorted(records)
    # urn:pulumi:<stack>::<project>::<types>::<name>
    stack, _, rest = urns[0].removeprefix("urn:pulumi:").partition("::") if urns else ("", "", "")
    folder = here()
    return from_recording(
        Recording(
            rest.partition("::")[0], stack, folder, folder, {}, tuple(records[u] for u in urns)
        ),
        "the stack",
    )


def _record(resource: PolicyResource) -> ResourceRecord:
    provider = resource.provider
    kind: str = resource.resource_type
    return ResourceRecord(
        urn=resource.urn,
        type=kind,
        name=resource.name,
        parent=resource.parent.urn if resource.parent else "",
        inputs=plain(resource.props),
        # A component's properties are its outputs; a type with a slash in its module is a provider's.
        custom=provider is not None or kind.startswith("pulumi:providers:"),
        provider=f"{provider.urn}::unknown" if provider else "",
        property_dependencies={
            name: tuple(each.urn for each in found)
            for name, found in resource.property_dependencies.items()
            if found
        },
    )


def plain(value: Any) -> Any:
    """A value without CrossGuard's proxies: lists, mappings, and what is not known as its mark."""
    if isinstance(value, Mapping):
        inner = value if isinstance(value, dict) else value[_TARGET]
        return {key: plain(each) for key, each in inner.items()}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        inner = value if isinstance(value, list | tuple) else value[_TARGET]  # type: ignore[call-overload]
        return [plain(each) for each in inner]
    return value
