"""An update plan applied to a stack's export: what the stack will be."""

from collections.abc import Mapping
from dataclasses import replace

from trimtab.errors import InputError
from trimtab.resources.inputs import Inputs
from trimtab.resources.model import ChangeSet, Origin, Resource
from trimtab.resources.place import own_region, tags_of
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
    new = {each.key: each for each in found.estate.resources}
    for each in before.resources:
        change = patch.changes.get(each.key)
        if each.key in new or (change is not None and change.operation == "delete"):
            continue
        new[each.key] = each if change is None else _changed(each, change)
    lost = sorted(set(patch.changes) - set(new) - {each.key for each in before.resources})
    notes = [_NOTE]
    if lost:
        notes.append(
            f"{len(lost)} resources of the plan are not in the state: is it the one that it was made from?"
        )
    after = replace(
        found.estate,
        resources=tuple(new[key] for key in sorted(new)),
        complete=before.complete,
        notes=(*before.notes, *notes),
        plan_file=found.estate.plan_file or before.plan_file,
    )
    kept = {key: name for key, name in found.operations.items() if key in new or name == "delete"}
    return ChangeSet(before, after, {**_same(before.resources, kept), **kept})


def _same(resources: tuple[Resource, ...], operations: Mapping[str, str]) -> dict[str, str]:
    return {each.key: "same" for each in resources if each.key not in operations}


def _changed(resource: Resource, change: Change) -> Resource:
    if not resource.inputs.camel:
        return resource  # of a native provider: its names are Terraform's already
    values = {
        name: value for name, value in resource.inputs.values.items() if name not in change.removes
    }
    inputs = Inputs({**values, **change.sets}, camel=True)
    provided = {
        name: value for name, value in resource.tags.items() if name not in tags_of(resource.inputs)
    }
    return replace(
        resource,
        inputs=inputs,
        region=own_region(resource.provider, inputs) or resource.region,
        tags=tags_of(inputs, provided),
    )
