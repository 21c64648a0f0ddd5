"""An update plan applied to a stack's export: what the stack will be."""

from collections.abc import Mapping
from dataclasses import replace

from trimtab.errors import InputError
from trimtab.resources.inputs import Inputs
from trimtab.resources.model import ChangeSet, Origin, Resource
from trimtab.resources.place import default_tags, own_region, provider_region, tags_of
from trimtab.resources.readers.found import Change, Found

_NOTE = "the update plan's changes are made to the exported inputs"


def patched(former: Found, found: Found) -> ChangeSet:
    """The change that an update plan makes to a state.

    Args:
        former: the state.
        found: the update plan.

    Raises:
        InputError: the state is not of a Pulumi stack.
    """
    patch = found.patch
    assert patch is not None  # noqa: S101 - what the caller asked
    before = former.estate
    if any(each.origin is not Origin.PULUMI for each in before.resources):
        raise InputError(
            f"is {former.what}, to which an update plan can't be applied",
            where=before.source,
            mend="give the stack's export: pulumi stack export",
        )
    old = {each.key: each for each in before.resources}
    new = {
        each.key: _placed(each, old.get(patch.providers.get(each.key, "")))
        for each in found.estate.resources
    }
    fixed = 0
    for each in before.resources:
        change = patch.changes.get(each.key)
        if each.key in new or (change is not None and change.operation == "delete"):
            continue
        new[each.key] = each
        if change is not None and (change.sets or change.removes):
            if _is_translated(each):
                fixed += 1
            else:
                new[each.key] = _changed(each, change)
    notes = [*before.notes, _NOTE]
    if fixed:
        notes.append(
            f"but to {fixed} of a native provider, which stay as they are: preview with --json"
        )
    if set(patch.changes) - set(old):
        notes.append("the plan has changes to what the state has not: is it of the same stack?")
    after = replace(
        found.estate,
        resources=tuple(new[key] for key in sorted(new)),
        complete=before.complete,
        notes=tuple(notes),
        plan_file=found.estate.plan_file or before.plan_file,
    )
    kept = {key: name for key, name in found.operations.items() if key in new or name == "delete"}
    return ChangeSet(before, after, {**_same(before.resources, kept), **kept})


def _same(resources: tuple[Resource, ...], operations: Mapping[str, str]) -> dict[str, str]:
    return {each.key: "same" for each in resources if each.key not in operations}


def _placed(resource: Resource, provider: Resource | None) -> Resource:
    """What is new, in the region of its provider, which is in the state alone."""
    if provider is None or own_region(resource.provider, resource.inputs):
        return resource
    region = provider_region(resource.provider, provider.inputs) or resource.region
    return replace(resource, region=region, tags={**default_tags(provider.inputs), **resource.tags})


def _is_translated(resource: Resource) -> bool:
    """Whether its inputs no longer have the names that a plan uses."""
    package = resource.type.partition(":")[0]
    return not resource.inputs.camel or (package == "kubernetes" and "/" not in resource.kind)


def _changed(resource: Resource, change: Change) -> Resource:
    values = {
        name: value for name, value in resource.inputs.values.items() if name not in change.removes
    }
    inputs = Inputs({**values, **change.sets}, camel=True)
    own = tags_of(resource.inputs)
    provided = {name: value for name, value in resource.tags.items() if name not in own}
    return replace(
        resource,
        inputs=inputs,
        region=own_region(resource.provider, inputs) or resource.region,
        tags=tags_of(inputs, provided),
    )
