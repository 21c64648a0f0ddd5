"""What Pulumi writes: a preview, an engine's event log, a stack's export, and an update plan.

Each is told by its top-level fields. Steps and resources are taken one at a time: of each only the inputs
stay, which is what a price depends on.
"""

import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from trimtab.errors import InputError, allowed
from trimtab.resources.inputs import SECRET
from trimtab.resources.model import Estate
from trimtab.resources.readers.drafts import finish
from trimtab.resources.readers.found import Change, Found, Options, Patch
from trimtab.resources.readers.pulumi_states import STACK, Drafts, State, state_of
from trimtab.resources.readers.values import mapping, pulumi_inputs, sequence, text

PLAN_KEY = "trimtab:plan"
_SHOW_SAMES = "run pulumi preview --json --show-sames for the whole stack's"
_OPERATIONS = {
    "same": "same",
    "create": "create",
    "update": "update",
    "delete": "delete",
    "replace": "replace",
    "create-replacement": "replace",
    "delete-replaced": "replace",
    "read": "read",
    "read-replacement": "replace",
    "refresh": "same",
    "discard": "delete",
    "discard-replaced": "replace",
    "remove-pending-replace": "",
    "import": "import",
    "import-replacement": "import",
    "diff": "",
    "extend-parameterize": "",
}
"""What each of the engine's steps is to a reader of the change (pkg/resource/deploy/step.go)."""
_ENDS = frozenset({"delete", "delete-replaced", "discard", "discard-replaced"})
_RANK = {
    "": 0,
    "same": 1,
    "delete": 2,
    "read": 3,
    "create": 4,
    "update": 5,
    "import": 6,
    "replace": 7,
}


@dataclass(slots=True)
class Step:
    """One step of the engine."""

    operation: str
    urn: str
    old: State | None
    new: State | None
    pending: bool = False


@dataclass
class Steps:
    """A preview's steps as they are read, and what it says besides."""

    source: str
    steps: list[Step] = field(default_factory=list)
    config: dict[str, str] = field(default_factory=dict)
    summary: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def take(self, value: Any, index: int) -> None:
        """Take a step as it was parsed."""
        given = mapping(value)
        operation = text(given.get("op"))
        old, new = state_of(given.get("oldState")), state_of(given.get("newState"))
        urn = text(given.get("urn")) or (new.urn if new else old.urn if old else "")
        if operation not in _OPERATIONS:
            self._refuse(index, f"unknown operation {operation!r}" if operation else "has no op")
        if not urn:
            self._refuse(index, "has no urn")
        if old and new and old.inputs == new.inputs:
            new.inputs = old.inputs  # one copy of what does not change
        pending = mapping(given.get("oldState")).get("delete") is True
        retained = mapping(given.get("oldState")).get("retainOnDelete") is True
        if operation == "delete" and retained:
            name = old.name if old else urn
            self.notes.append(f"{name} is retained: it leaves the stack and goes on costing")
        self.steps.append(Step(operation, urn, old, new, pending))

    def _refuse(self, index: int, message: str) -> NoReturn:
        raise InputError(
            f"{message}: not a step of this Pulumi's preview",
            where=f"{self.source}, steps[{index}]",
            mend=f"known: {allowed(set(_OPERATIONS), 40)}",
        )

    def found(self, what: str, options: Options, *, complete: bool | None = None) -> Found:
        """Both sides."""
        before: dict[str, State] = {}
        after: dict[str, State] = {}
        operations: dict[str, str] = {}
        aliases: dict[str, str] = {}
        pending = 0
        for step in self.steps:
            if step.operation in ("delete", "discard") and step.pending:
                pending += 1  # left by an earlier replacement; the live one has the same URN
                continue
            name = _OPERATIONS[step.operation]
            if not name:
                continue
            if step.old is not None:
                before.setdefault(step.urn, _at(step.old, step.urn))
                if step.old.urn != step.urn:
                    aliases[step.old.urn] = step.urn
            if step.new is not None and step.operation not in _ENDS:
                after[step.urn] = _at(step.new, step.urn)
                aliases |= dict.fromkeys(step.new.aliases, step.urn)
            if _RANK[name] >= _RANK[operations.get(step.urn, "")]:
                operations[step.urn] = name
        notes = list(self.notes)
        if pending:
            notes.append(f"left out: {_of(pending)} that an earlier replacement left to be deleted")
        if complete is None:
            complete = self._complete(notes)
        config = {**self.config, **options.config}
        plan_file = plan_of(config, Path.cwd())
        sides = [
            finish(
                self.source,
                Drafts(side.values(), config).all(),
                complete=complete,
                notes=notes,
                plan_file=plan_file,
            )
            for side in (before, after)
        ]
        return Found(what, sides[1], sides[0], operations, aliases)

    def _complete(self, notes: list[str]) -> bool:
        """Whether what stays the same is here; says so where it is not."""
        shown = sum(step.operation == "same" for step in self.steps)
        same = self.summary.get("same")
        if same is None:
            others = {step.operation for step in self.steps if not _is_stack(step)}
            same = shown if others <= {"create"} or "same" in others else shown + 1
            missing = "what does not change is"
        else:
            missing = f"what does not change ({_of(same - shown)}) is"
        if shown >= same:
            return True
        notes.append(f"{missing} not in it: totals are those of the change alone; {_SHOW_SAMES}")
        return False


def _at(state: State, urn: str) -> State:
    state.urn = urn
    return state


def _is_stack(step: Step) -> bool:
    return f"::{STACK}::" in step.urn


def _of(count: int) -> str:
    return f"{count:,} resource{'' if count == 1 else 's'}"


def plan_of(config: Mapping[str, str], folder: Path) -> Path | None:
    """The plan that a stack's configuration names, where it is there."""
    value = config.get(PLAN_KEY)
    if not isinstance(value, str) or not value or value == SECRET or "\0" in value:
        return None
    path = folder / value
    return path if path.is_file() else None


def preview(document: Mapping[str, Any], steps: Steps, options: Options) -> Found:
    """`pulumi preview --json`.

    Args:
        document: its top-level fields but the steps.
        steps: those, taken already.
        options: the user's.

    Raises:
        InputError: the program failed; quotes what it says.
    """
    refuse_errors(_diagnostics(document.get("diagnostics")), steps.source)
    steps.config |= _texts(document.get("config"))
    steps.summary |= _counts(document.get("changeSummary"))
    if document.get("maybeCorrupt") is True:
        steps.notes.append("the engine says that the stack's state may be corrupt")
    complete = True if not steps.steps and not steps.summary else None
    return steps.found("a Pulumi preview", options, complete=complete)


def _diagnostics(value: Any) -> Iterator[tuple[str, str, str]]:
    for each in map(mapping, sequence(value)):
        yield text(each.get("severity")), text(each.get("message")), text(each.get("urn"))


def refuse_errors(diagnostics: Iterable[tuple[str, str, str]], source: str) -> None:
    """Quote the first error that an engine reports.

    Args:
        diagnostics: of each its severity, message and URN.
        source: where they are.
    """
    printed = ""  # the exception of a program that died, which its host tells a line at a time
    for severity, message, urn in diagnostics:
        if severity == "info#err" and _EXCEPTION.match(message):
            printed = message.strip()
        if severity != "error":
            continue
        name = urn.split("::", 3)[-1] if urn and STACK not in urn else ""
        said = _first_line(message)
        if _DIED in said and printed:
            said = printed
        raise InputError(
            f"the preview failed: {said or 'it does not say why'}",
            where=f"{source}, {name}" if name else source,
            mend="mend the program and preview it again",
        )


_EXCEPTION = re.compile(r"\w+(Error|Exception|Exit|Interrupt)\b")
_DIED = "program exited with non-zero exit code"


def _first_line(message: str) -> str:
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    if not lines:
        return ""
    if any(line.startswith("Traceback (most recent") for line in lines):
        return lines[-1]  # the exception itself
    first = lines[0].removeprefix("error: ")
    return f"{first} {lines[1]}" if first.endswith(":") and len(lines) > 1 else first


def _texts(value: Any) -> dict[str, str]:
    return {key: each for key, each in mapping(value).items() if isinstance(each, str)}


def _counts(value: Any) -> dict[str, int]:
    return {
        key: each
        for key, each in mapping(value).items()
        if isinstance(each, int) and not isinstance(each, bool)
    }


def events(values: Iterable[Any], source: str, options: Options) -> Found:
    """An engine's event log, or what `pulumi up --json` streams: one event a line."""
    steps = Steps(source)
    ended = False
    failures: list[tuple[str, str, str]] = []
    for index, value in enumerate(values):
        event = mapping(value)
        if said := mapping(event.get("diagnosticEvent")):
            failures.append(
                (text(said.get("severity")), text(said.get("message")), text(said.get("urn")))
            )
        if prelude := mapping(event.get("preludeEvent")):
            steps.config |= _texts(prelude.get("config"))
        if pre := mapping(mapping(event.get("resourcePreEvent")).get("metadata")):
            steps.take({**pre, "oldState": pre.get("old"), "newState": pre.get("new")}, index)
        ended = ended or isinstance(event.get("summaryEvent"), dict)
    refuse_errors(failures, source)
    if not ended:
        steps.notes.append("the log ends before its summary: what follows is not in it")
    return steps.found("a Pulumi event log", options, complete=ended)


EXPORT_VERSIONS = (3, 4)
STACK_EXPORT = "a stack export"


def export(
    document: Mapping[str, Any], states: Iterable[Any], source: str, options: Options
) -> Found:
    """`pulumi stack export`.

    Args:
        document: its top-level fields but the resources.
        states: those, one at a time.
        source: its name.
        options: the user's.
    """
    notes: list[str] = []
    kept = list(states)
    version = document.get("version")
    if version not in EXPORT_VERSIONS or isinstance(version, bool):
        raise InputError(
            f"is a deployment of version {version!r}",
            where=f"{source}, version",
            mend="export it with a current Pulumi, which writes version 3",
        )
    deployment = mapping(document.get("deployment"))
    if pending := sequence(deployment.get("pending_operations")):
        notes.append(f"operations were interrupted ({len(pending)}): what they made is not in it")
    found = [state for state in kept if isinstance(state, State)]
    if gone := len(kept) - len(found):
        notes.append(f"left out: {_of(gone)} waiting to be deleted")
    aliases = {former: state.urn for state in found for former in state.aliases}
    drafts = Drafts(found, options.config).all()
    estate = finish(source, drafts, notes=notes, plan_file=plan_of(options.config, Path.cwd()))
    computed = {state.urn: state.computed for state in found if state.computed}
    return Found(STACK_EXPORT, estate, aliases=aliases, computed=computed)


def exported(value: Any) -> State | None:
    """A resource of an export; None where it only waits for its deletion."""
    given = mapping(value)
    if given.get("delete") is True or given.get("pendingReplacement") is True:
        return None
    return state_of(given, outputs=True)


def update_plan(document: Mapping[str, Any], source: str, options: Options) -> Found:
    """`pulumi preview --save-plan`: whole inputs of what is made, of the rest only what changes."""
    made: list[State] = []
    providers: dict[str, str] = {}
    changes: dict[str, Change] = {}
    operations: dict[str, str] = {}
    for urn, value in mapping(document.get("resourcePlans")).items():
        plan = mapping(value)
        steps = [each for each in sequence(plan.get("steps")) if isinstance(each, str)]
        names = [name for each in steps if (name := _OPERATIONS.get(each, ""))]
        operation = max(names, key=_RANK.__getitem__, default="same")
        goal = mapping(plan.get("goal"))
        diff = mapping(goal.get("inputDiff"))
        operations[urn] = operation
        sets = {**pulumi_inputs(diff.get("adds")), **pulumi_inputs(diff.get("updates"))}
        removes = tuple(each for each in sequence(diff.get("deletes")) if isinstance(each, str))
        if operation in ("create", "read"):
            state = state_of({**goal, "urn": urn, "inputs": {}})
            if state is None:
                raise InputError(f"{urn!r} is no URN", where=f"{source}, resourcePlans")
            state.inputs, state.external = sets, operation == "read"
            made.append(state)
            providers[urn] = state.provider.rpartition("::")[0]
        else:
            changes[urn] = Change(operation, sets, removes)
    config = {**_plan_config(document.get("config")), **options.config}
    changed = sum(each.operation not in ("same", "delete") for each in changes.values())
    gone = sum(each.operation == "delete" for each in changes.values())
    notes = ["an update plan has only what changes: totals are those of what is new"]
    if changed or gone:
        notes.append(
            f"left out: {_of(changed)} changed and {gone} deleted, for the plan has not all of their "
            "inputs; give the stack's export (pulumi stack export) as the side before"
        )
    drafts = Drafts(made, config).all()
    after = finish(source, drafts, complete=False, notes=notes)
    before = Estate(source, (), complete=False, notes=tuple(notes))
    return Found("an update plan", after, before, operations, patch=Patch(changes, providers))


def _plan_config(value: Any) -> dict[str, str]:
    """A plan's configuration: of each key its text, or an object that has it."""
    found = {}
    for key, each in mapping(value).items():
        shown = mapping(each).get("value") if isinstance(each, dict) else each
        if isinstance(shown, str) and mapping(each).get("secure") is not True:
            found[sys.intern(key)] = shown
    return found
