"""A Pulumi program, previewed where it stands: no CLI, no state, no cloud.

The engine is one of the entry points of `trimtab.preview_engines`; what it records becomes resources here.
"""

from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

from trimtab.errors import EngineError, InputError, allowed
from trimtab.preview.records import ENGINE_GROUP, Engine, PreviewRequest, Recording, ResourceRecord
from trimtab.resources.inputs import SECRET
from trimtab.resources.model import Estate, Resource
from trimtab.resources.readers.drafts import finish
from trimtab.resources.readers.found import Found, Options
from trimtab.resources.readers.pulumi import plan_of
from trimtab.resources.readers.pulumi_states import Drafts, State
from trimtab.resources.readers.values import pulumi_inputs

PROJECT_FILES = ("Pulumi.yaml", "Pulumi.yml", "Pulumi.json")
_INSTALL = "install trimtab-components beside trimtab"


def is_program(folder: Path) -> bool:
    """Whether a folder is a Pulumi project's."""
    return any((folder / name).is_file() for name in PROJECT_FILES)


def read_program(folder: Path, options: Options) -> Found:
    """Preview a program's stack and read what it would leave in place.

    Args:
        folder: the project's, or one in it.
        options: the stack, its configuration and fixtures, and which engine.

    Raises:
        InputError: no stack is named, or the project or the program is at fault.
        EngineError: the engine is not installed, or fails.
    """
    if not options.stack:
        stacks = sorted(
            name
            for path in folder.rglob("Pulumi.*.yaml")
            if (name := path.name.removeprefix("Pulumi.").removesuffix(".yaml"))
        )
        known = f" (there are {allowed(stacks)})" if stacks else ""
        raise InputError(
            "is a Pulumi program, and no stack is named",
            where=str(folder),
            mend=f"give --stack{known}",
        )
    engine = engine_of(options.engine)
    request = PreviewRequest(folder, options.stack, dict(options.config), options.fixtures)
    recording = engine(request)
    aliases = {former: record.urn for record in recording.records for former in _formers(record)}
    return Found("a Pulumi program", from_recording(recording, str(folder)), aliases=aliases)


def from_recording(recording: Recording, source: str = "") -> Estate:
    """The estate of what a program registers, with the plan that its stack names."""
    states = [_state(record) for record in recording.records]
    return finish(
        source or f"{recording.project}/{recording.stack}",
        Drafts(states, recording.config).all(),
        notes=recording.notes,
        plan_file=_plan_file(recording),
    )


def from_record(record: ResourceRecord) -> Resource:
    """One record as a resource, without what only its provider says."""
    return Drafts([_state(record)], {}).all()[0].resource()


def _state(record: ResourceRecord) -> State:
    return State(
        record.urn,
        record.type,
        pulumi_inputs(dict(record.inputs)),
        custom=record.custom,
        external=record.existing,
        remote=record.remote,
        parent=record.parent,
        provider=record.provider,
        property_dependencies={
            name: urns for name, urns in record.property_dependencies.items() if urns
        },
    )


def _plan_file(recording: Recording) -> Path | None:
    """The plan that the stack names; a relative path starts at the project's folder."""
    config = {key: value for key, value in recording.config.items() if value != SECRET}
    return plan_of(config, recording.folder)


def _formers(record: ResourceRecord) -> list[str]:
    """The URNs that a record's aliases stand for."""
    found = []
    prefix, *_ = record.urn.split("::")
    for alias in record.aliases:
        if alias.startswith("urn:"):
            found.append(alias)
            continue
        pairs = dict(each.partition("=")[::2] for each in alias.split(","))
        stack, project, types, name = record.urn.split("::", 3)
        outer, _, kind = types.rpartition("$")
        if "parent" in pairs:
            above = pairs["parent"].split("::")
            outer = "" if len(above) < 3 or above[2] == "pulumi:pulumi:Stack" else above[2]
        kind = pairs.get("type", kind)
        stack = f"urn:pulumi:{pairs['stack']}" if "stack" in pairs else prefix
        types = f"{outer}${kind}" if outer else kind
        found.append(
            "::".join((stack, pairs.get("project", project), types, pairs.get("name", name)))
        )
    return found


def engine_of(name: str) -> Engine:
    """A preview engine by its name.

    Raises:
        InputError: there is none of that name.
        EngineError: none is installed, or it needs a module that is not there.
    """
    found: dict[str, EntryPoint] = {point.name: point for point in entry_points(group=ENGINE_GROUP)}
    if not found:
        raise EngineError("no preview engine is installed", mend=_INSTALL)
    if name not in found:
        raise InputError(
            f"no engine {name!r}", where="--engine", mend=f"choose one of: {allowed(set(found))}"
        )
    try:
        engine: Engine = found[name].load()
    except ModuleNotFoundError as error:
        raise EngineError(
            f"the engine {name} needs the module {error.name}", mend=_INSTALL
        ) from error
    return engine
