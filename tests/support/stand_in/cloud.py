"""A cloud for stand-ins: what exists in it, the log of what was done to it, and faults to come.

It lives in memory, or also in a file, so that it outlives a provider's process.
"""

import itertools
import json
import threading
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


class RefusalError(Exception):
    """The cloud says no; the message is what the engine shows."""


@dataclass
class Held:
    """Something that exists in the cloud."""

    token: str
    id: str
    name: str
    inputs: dict[str, Any]
    outputs: dict[str, Any]

    @property
    def kind(self) -> str:
        """The last part of its type token."""
        return self.token.rpartition(":")[2]


@dataclass(frozen=True)
class Call:
    """One thing that was done: `create`, `update`, `delete`, or `refused` and why."""

    call: str
    kind: str
    name: str
    id: str = ""
    why: str = ""


@dataclass
class Fault:
    """A failure to come: the next call that it fits, once."""

    call: str
    kind: str
    message: str
    name: str = ""
    after: int = 0


@dataclass
class Cloud:
    """What exists, by type token and id, in the order in which it was made.

    Attributes:
        log: every completed or refused call, in order.
        faults: failures to come.
        path: a file that is read first and kept up to date; None for memory only.
    """

    path: Path | None = None
    held: dict[tuple[str, str], Held] = field(default_factory=dict)
    log: list[Call] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    lock: Any = field(default_factory=threading.RLock)
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def __post_init__(self) -> None:
        """Read what an earlier process left."""
        if self.path is None or not self.path.exists():
            return
        data = json.loads(self.path.read_text("utf-8"))
        self.held = {(each["token"], each["id"]): Held(**each) for each in data["held"]}
        self.log = [Call(**each) for each in data["log"]]
        self.faults = [Fault(**each) for each in data["faults"]]
        self._numbers = itertools.count(len(self.log) + 1)

    def number(self) -> int:
        """A number that nothing else has."""
        return next(self._numbers)

    def of(self, kind: str) -> list[Held]:
        """Everything of one kind."""
        return [each for each in self.held.values() if each.kind == kind]

    def named(self, kind: str, name: str) -> Held:
        """The one of its kind whose resource has the name.

        Raises:
            LookupError: there is none.
        """
        for each in self.of(kind):
            if each.name == name:
                return each
        raise LookupError(f"no {kind} {name}; there are {[each.name for each in self.of(kind)]}")

    def record(self, call: str, kind: str, name: str, identity: str = "", why: str = "") -> None:
        """Append to the log, and write the file."""
        self.log.append(Call(call, kind, name, identity, why))
        if self.path is not None:
            data: Mapping[str, Any] = {
                "held": [asdict(each) for each in self.held.values()],
                "log": [asdict(each) for each in self.log],
                "faults": [asdict(each) for each in self.faults],
            }
            self.path.write_text(json.dumps(data, indent=1), "utf-8")

    def take(self) -> list[Call]:
        """What happened since the last time."""
        with self.lock:
            taken, self.log = self.log, []
        return taken

    def fail(self, call: str, kind: str, message: str, *, name: str = "", after: int = 0) -> None:
        """Let a call fail once.

        Args:
            call: `create`, `update` or `delete`.
            kind: the last part of the type token.
            message: what the cloud says.
            name: a part of the resource's name; any resource where empty.
            after: how many that fit go well before it.
        """
        self.faults.append(Fault(call, kind, message, name, after))

    def strike(self, call: str, kind: str, name: str) -> None:
        """Let the call fail if a fault waits for it.

        Raises:
            RefusalError: one did; it is gone now.
        """
        for fault in self.faults:
            if (fault.call, fault.kind) == (call, kind) and fault.name in name:
                if fault.after == 0:
                    self.faults.remove(fault)
                    raise RefusalError(fault.message)
                fault.after -= 1
