"""Which engine wrote a document, and its reader: the text's own fields decide, not the file's name."""

import re
from collections.abc import Iterator
from itertools import chain
from typing import Any, NoReturn

from trimtab.collector import paused
from trimtab.errors import InputError
from trimtab.resources.readers import pulumi, terraform
from trimtab.resources.readers.files import Text
from trimtab.resources.readers.found import Found, Options
from trimtab.resources.readers.json_stream import JsonStream
from trimtab.resources.readers.pulumi_states import State
from trimtab.resources.readers.values import kubernetes_object, mapping, text

KNOWN = (
    "pulumi preview --json, an update plan, an event log, pulumi stack export, "
    "terraform show -json, crossplane render, Kubernetes manifests, or a CapacityPlan"
)
MOST_YAML = 256 << 20
_PREVIEW_FIELDS = {"config", "steps", "diagnostics", "duration", "changeSummary", "maybeCorrupt"}
_UNUSED = frozenset({"output_changes", "relevant_attributes", "resource_drift", "checks"})
_PRINTED = re.compile(r"\s*(?:\W*\n)?\W*(?:crossplane: )?(error: .*|error .*)", re.IGNORECASE)
_FOR_PEOPLE = {
    "Previewing update": "run pulumi preview --json",
    "Updating (": "run pulumi preview --json",
    "Terraform used the selected": "run terraform show -json PLAN",
    "Terraform will perform": "run terraform show -json PLAN",
    "OpenTofu used the selected": "run tofu show -json PLAN",
    "OpenTofu will perform": "run tofu show -json PLAN",
}
_WRAPPED = re.compile(r"\s*(?:\[command\]|::\w+)[^\n]*\n")


@paused()
def read_document(opened: Text, options: Options) -> Found:
    """Read a file or standard input.

    Raises:
        InputError: it is empty, cut, none of what is known, or says that the engine failed.
    """
    opening = opened.opening()
    while wrapped := _WRAPPED.match(opening):
        opened.drop(wrapped.end())  # setup-terraform's wrapper writes its command before the output
        opening = opened.opening()
    start = opening.lstrip()
    if "\0" in opening:
        raise InputError(
            "is no text: it has a byte 0", where=opened.source, mend="give what the engine wrote"
        )
    if not start and not opened.opening(1 << 20).strip():
        raise InputError(
            "is empty",
            where=opened.source,
            mend="the command that wrote it may have failed: look at its stderr",
        )
    try:
        if start[:1] in ("{", "["):
            return _read_json(opened, options)
        _refuse_printed(opening, opened.source)
        return _read_yaml(opened)
    except RecursionError:
        raise InputError("is nested too deeply", where=opened.source) from None


def _refuse_printed(opening: str, source: str) -> None:
    """An engine's error, or what it prints for people, in the place of its result."""
    if opening.lstrip().startswith("<"):
        raise InputError(
            "is a web page or XML, such as a proxy's error",
            where=source,
            mend="look at it, and fetch the file again",
        )
    if opening.strip() == "null":
        raise InputError(
            "is null", where=source, mend="the filter that wrote it (jq?) found nothing: look at it"
        )
    if said := _PRINTED.match(opening):
        lines = " ".join(said[1].split())
        raise InputError(
            f"holds an engine's error: {lines.partition(': ')[2] or lines}",
            where=source,
            mend="mend that and run the command again",
        )
    for shown, mend in _FOR_PEOPLE.items():
        if shown in opening:
            raise InputError("is what the engine prints for people", where=source, mend=mend)


def _read_yaml(opened: Text) -> Found:
    from trimtab.resources.readers.manifests import manifests
    from trimtab.resources.readers.yaml_objects import objects_of

    text_ = opened.read(MOST_YAML + 1)
    if len(text_) > MOST_YAML:
        raise InputError(
            f"has more than {MOST_YAML >> 20} million characters of YAML",
            where=opened.source,
            mend="split it, or give it as JSON, which is read a piece at a time",
        )
    objects = list(objects_of(text_, opened.source))
    if _is_plan([value for value, _ in objects]):
        return _capacity_plan(opened)
    if objects and not any(mapping(value).get("apiVersion") for value, _ in objects):
        _refuse(opened.source)
    return manifests(objects, opened.source)


def _is_plan(objects: list[Any]) -> bool:
    first = mapping(objects[0]) if len(objects) == 1 else {}
    group = text(first.get("apiVersion")).partition("/")[0]
    return first.get("kind") == "CapacityPlan" and group == "trimtab.dev"


def _capacity_plan(opened: Text) -> Found:
    from trimtab.resources.readers.plans import read_plan

    if opened.path is None:
        raise InputError(
            "a CapacityPlan is read from a file", where=opened.source, mend="name the file"
        )
    return Found("a CapacityPlan", read_plan(opened.path))


def _refuse(source: str) -> NoReturn:
    raise InputError("is nothing that is known here", where=source, mend=f"give one of: {KNOWN}")


def _read_json(opened: Text, options: Options) -> Found:
    stream = JsonStream(opened.read, opened.source)
    if stream.peek() == "[":
        return _objects(
            opened, [value for _ in stream.items() for value in [stream.value()]], stream
        )
    walk = _Walk(stream, opened.source)
    walk.top()
    fields = walk.fields
    names = set(fields)
    if "@level" in names:
        raise InputError(
            "is the log of a run, which has no inputs",
            where=opened.source,
            mend="save the plan (-out=plan) and run terraform show -json plan",
        )
    if "sequence" in names and any(name.endswith("Event") for name in names):
        return pulumi.events(chain([fields], _rest(stream)), opened.source, options)
    if "apiVersion" in names and "kind" in names:
        return _objects(opened, [fields], stream)
    _end(stream)
    if "resourcePlans" in names or "resourcePlans" in mapping(fields.get("plan")):
        plan = fields if "resourcePlans" in names else mapping(fields["plan"])
        return pulumi.update_plan(plan, opened.source, options)
    if "deployment" in names or "checkpoint" in names:
        return pulumi.export(fields, walk.states, opened.source, options)
    if "format_version" in names or "planned_values" in names or "resource_changes" in names:
        walk.terraform.fields = fields
        return terraform.found(walk.terraform, options)
    if "lineage" in names and "serial" in names:
        raise InputError(
            "is Terraform's state file, whose form is its own",
            where=opened.source,
            mend="print it: terraform show -json > state.json",
        )
    if names and names <= _PREVIEW_FIELDS:
        return pulumi.preview(fields, walk.steps, options)
    for name in ("error", "errors", "message"):
        if names == {name} and isinstance(fields[name], str):
            _refuse_printed(f"error: {fields[name]}", opened.source)
    if "steps" in names:
        extra = ", ".join(sorted(names - _PREVIEW_FIELDS)[:3])
        raise InputError(
            f"has steps like a Pulumi preview, and fields of another version: {extra}",
            where=opened.source,
            mend="make the preview with Pulumi 3",
        )
    _refuse(opened.source)


def _rest(stream: JsonStream) -> Iterator[Any]:
    """The documents that follow, one a line."""
    while following := stream.peek():
        if following != "{":
            _end(stream)
        yield stream.value()


def _end(stream: JsonStream) -> None:
    following = stream.peek()
    if following and not stream.ahead().startswith("::"):  # what setup-terraform writes after it
        raise InputError(
            f"has more after its end: {following!r}",
            where=stream.source,
            mend="keep the command's stderr out of it (no 2>&1), and one result in a file",
        )


def _objects(opened: Text, values: list[Any], stream: JsonStream) -> Found:
    from trimtab.resources.readers.manifests import manifests, unlisted

    objects = [each for value in chain(values, _rest(stream)) for each in unlisted(value)]
    if _is_plan(objects):
        return _capacity_plan(opened)
    return manifests(((value, opened.source) for value in objects), opened.source)


class _Walk:
    """One pass over a document; what is large is taken a piece at a time."""

    def __init__(self, stream: JsonStream, source: str) -> None:
        self._stream = stream
        self.source = source
        self.fields: dict[str, Any] = {}
        self.steps = pulumi.Steps(source)
        self.states: list[State | None] = []
        self.terraform = terraform.Document(source)

    def top(self) -> None:
        for key in self._stream.keys():  # noqa: SIM118 - a method of the stream's
            if key in _UNUSED:
                self._stream.value()
                self.fields[key] = None
            elif key == "steps":
                for index in self._items(key):
                    self.steps.take(self._stream.value(), index)
                self.fields[key] = []
            elif key == "items" and self._stream.peek() == "[":
                self.fields[key] = [self._object() for _ in self._items(key)]
            elif key in ("deployment", "checkpoint"):
                self.fields["deployment"] = self._deployment()
            elif key == "resource_changes":
                for index in self._items(key):
                    where = f"{self.source}, resource_changes[{index}]"
                    change = terraform.changed(self._stream.value(), where)
                    self.terraform.changes.append(change)
                self.fields[key] = []
            elif key in ("values", "planned_values", "prior_state"):
                self._state(key)
                self.fields[key] = None
            else:
                self.fields[key] = self._stream.value()

    def _items(self, key: str) -> Iterator[int]:
        """The indices of a list; none where null stands for it."""
        if self._stream.peek() == "n":
            self._stream.value()
            return
        if self._stream.peek() != "[":
            raise InputError("is not a list", where=f"{self.source}, {key}")
        for index, _ in enumerate(self._stream.items()):
            yield index

    def _keys(self) -> Iterator[str]:
        """The keys of what comes next; none of what is no object."""
        if self._stream.peek() != "{":
            self._stream.value()
            return
        yield from self._stream.keys()

    def _object(self) -> Any:
        """An item of a Kubernetes list, its strings held once."""
        value = self._stream.value()
        return kubernetes_object(value) if isinstance(value, dict) else value

    def _deployment(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key in self._keys():
            if key == "resources":
                for _ in self._items(key):
                    self.states.append(pulumi.exported(self._stream.value()))
            elif key == "latest":  # of the file that a self-managed backend keeps
                found |= self._deployment()
            else:
                value = self._stream.value()
                found[key] = value if key == "pending_operations" else None
        return found

    def _state(self, key: str) -> None:
        if key == "prior_state":
            for inner in self._keys():
                if inner == "values":
                    self._values(key)
                else:
                    self._stream.value()
        else:
            self._values(key)

    def _values(self, key: str) -> None:
        for inner in self._keys():
            if inner == "root_module":
                self._module(key, 0)
            else:
                self._stream.value()

    def _module(self, key: str, depth: int) -> None:
        if depth > _DEEPEST:
            raise InputError("is nested too deeply", where=f"{self.source}, {key}")
        own: list[terraform.Block] = []
        address = ""
        for inner in self._keys():
            if inner == "resources":
                for _ in self._items(inner):
                    own += self._resource(key, self._stream.value())
            elif inner == "child_modules":
                for _ in self._items(inner):
                    self._module(key, depth + 1)
            else:
                value = self._stream.value()
                address = text(value) if inner == "address" else address
        for block in own:
            if address and not block.address.startswith(f"{address}."):  # Terraform 0.12
                block.address = block.key = f"{address}.{block.address}"
                block.module = address
        (self.terraform.prior if key == "prior_state" else self.terraform.values).extend(own)

    def _resource(self, key: str, value: Any) -> list[terraform.Block]:
        if key == "planned_values":
            return []  # the changes have it, with what is not known
        if key == "prior_state" and text(mapping(value).get("address")) in self._changed():
            return []
        block = terraform.listed(value)
        return [] if block is None else [block]

    def _changed(self) -> set[str]:
        if not hasattr(self, "_addresses"):
            self._addresses: set[str] = {
                block.key
                for change in self.terraform.changes
                if (block := change.after or change.before)
            }
        return self._addresses


_DEEPEST = 100
