"""What a reader gives: one state, or a change with both of its sides."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO

from trimtab.resources.inputs import Inputs
from trimtab.resources.model import Estate


@dataclass(frozen=True)
class Options:
    """What the user says beside the inputs.

    Attributes:
        stack: the stack of a Pulumi program that is previewed here, as in `Pulumi.<stack>.yaml`.
        config: configuration by full key (`aws:region`), before the stack's own; for documents that
            do not carry it, the regions that hold.
        fixtures: answers to a program's lookups.
        engine: which preview engine runs a program.
        stdin: what `-` reads; None: the process's standard input.
        aliases: keys after the change by keys before it, of what was renamed and nothing else says so.
    """

    stack: str = ""
    config: Mapping[str, str] = field(default_factory=dict)
    fixtures: Path | None = None
    engine: str = "recorder"
    stdin: BinaryIO | None = None
    aliases: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Found:
    """What an input holds.

    Attributes:
        what: its format, in words: "a Pulumi preview".
        estate: the state, or of a change the side after it.
        before: the side before it; None where the input holds one state.
        operations: what the engine says it does, by key.
        aliases: keys by former keys.
        patch: an update plan's changes, which need the state that they are made to.
        computed: what providers made of absent inputs, by key: of a stack's export.
    """

    what: str
    estate: Estate
    before: Estate | None = None
    operations: Mapping[str, str] = field(default_factory=dict)
    aliases: Mapping[str, str] = field(default_factory=dict)
    patch: "Patch | None" = None
    computed: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def filled(self) -> Estate:
        """The estate with what providers made of absent inputs. It compares only with another such:
        beside a preview, which has inputs alone, all of that would seem to be taken away."""
        resources = tuple(
            replace(each, inputs=Inputs({**more, **each.inputs.values}, camel=True))
            if (more := self.computed.get(each.key)) and each.inputs.camel and "/" not in each.kind
            else each
            for each in self.estate.resources
        )
        return replace(self.estate, resources=resources)


@dataclass(frozen=True)
class Change:
    """What an update plan says of one resource that exists: its properties as they will be, and those
    that go."""

    operation: str
    sets: Mapping[str, object] = field(default_factory=dict)
    removes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Patch:
    """An update plan's changes to what exists, and the providers of what is new, by key."""

    changes: Mapping[str, Change]
    providers: Mapping[str, str] = field(default_factory=dict)
