"""What engines write, read as estates: one entry for every input.

An input is a file, `-` for standard input, or a folder: of a Pulumi program, of manifests, or a
kustomization. What it holds is found by looking into it. Some hold a change with both of its sides (a
Pulumi preview, a Terraform plan), some one state; two states are a change, too. `/dev/null` is nothing.

Secrets are masked while they are read, what only a deployment will know is UNKNOWN, and every error is an
InputError that names the place and the mend.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from trimtab.errors import InputError
from trimtab.resources.model import ChangeSet, Estate, Resource
from trimtab.resources.readers.files import STDIN
from trimtab.resources.readers.found import Found, Options

__all__ = ["NOTHING", "STDIN", "Options", "read_change", "read_estate"]

NOTHING = "/dev/null"
"""What stands for an empty estate, as Git has it."""


def read_change(before: str | None, after: str, options: Options | None = None) -> ChangeSet:
    """Read a change: from two inputs, or from one that holds both sides.

    Args:
        before: what stood, or would without the change; None where `after` says it itself.
        after: what will stand. Where an input is a change itself, its side after it is meant.
        options: what the user says besides.

    Raises:
        InputError: an input is not there, malformed, none that is known, or a failed engine's.
        EngineError: an engine that an input needs is missing or failed.
    """
    options = options or Options()
    if before == after == STDIN:
        raise InputError("standard input can't be both sides", where=STDIN, mend="name a file")
    found = _read(after, options)
    if before is None:
        if found.before is None:
            raise InputError(
                f"is {found.what}: one state, not a change",
                where=after,
                mend=f"name what stood before, too ({NOTHING} for nothing)",
            )
        return ChangeSet(found.before, found.estate, found.operations)
    former = _read(before, options)
    if found.patch is not None:
        from trimtab.resources.readers.patch import patched

        return patched(former, found)
    return _between(former, found, options)


def read_estate(name: str, options: Options | None = None) -> Estate:
    """Read one state; of a change the side after it.

    Raises:
        InputError, EngineError: as `read_change`.
    """
    return _read(name, options or Options()).filled()


def _read(name: str, options: Options) -> Found:
    from trimtab.resources.readers.files import open_text

    if name == NOTHING:
        return Found("nothing", Estate("nothing", ()))
    if not name:
        raise InputError("an input's name is empty", mend="name a file; is a variable unset?")
    path = Path(name)
    if name != STDIN and "\0" not in name and path.is_dir():
        from trimtab.resources.readers.program import is_program, read_program

        if is_program(path):
            return read_program(path, options)
        from trimtab.resources.readers.manifests import folder

        return folder(path)
    from trimtab.resources.readers.documents import read_document

    with open_text(name, options.stdin) as opened:
        return read_document(opened, options)


def _between(former: Found, found: Found, options: Options) -> ChangeSet:
    notes = [
        f"{each.estate.source} is {each.what}: its side after the change is compared"
        for each in (former, found)
        if each.before is not None
    ]
    stated, new = former.estate, found.estate
    if all(each.computed or not each.estate.resources for each in (former, found)):
        stated, new = former.filled(), found.filled()
    old = _renamed(stated, new, {**found.aliases, **options.aliases})
    keys = {each.key for each in old.resources}
    if keys and new.resources and keys.isdisjoint(each.key for each in new.resources):
        notes.append("the two sides have no resource in common: are they of one program?")
    after = replace(new, notes=(*new.notes, *notes))
    return ChangeSet(old, after)


def _renamed(before: Estate, after: Estate, aliases: Mapping[str, str]) -> Estate:
    """The side before with the names of the side after, where something was renamed."""
    old = {each.key for each in before.resources}
    new = {each.key for each in after.resources}
    names = {
        former: key
        for former, key in aliases.items()
        if former in old and key in new and key not in old and former not in new
    }
    if not names or len(set(names.values())) < len(names):
        return before
    resources = sorted((_with_names(each, names) for each in before.resources), key=_key)
    return replace(before, resources=tuple(resources))


def _with_names(resource: Resource, names: Mapping[str, str]) -> Resource:
    return replace(
        resource,
        key=names.get(resource.key, resource.key),
        parent=names.get(resource.parent, resource.parent),
        references={
            name: tuple(names.get(key, key) for key in keys)
            for name, keys in resource.references.items()
        },
    )


def _key(resource: Resource) -> str:
    return resource.key
