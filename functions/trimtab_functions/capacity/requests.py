"""Reading a request: what is asked for, what has arrived, and what exists.

One of the modules that know both protobuf and the domain. Everything that is costly to read is kept
from call to call by its bytes, which Crossplane sends again and again.
"""

from dataclasses import dataclass
from functools import partial
from typing import Any

from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from google.protobuf import struct_pb2 as structpb

from trimtab.errors import InputError
from trimtab.plan.labels import POOL_LABEL
from trimtab_functions import structs
from trimtab_functions.capacity.adapters import GROUP_ADAPTERS, group_adapter
from trimtab_functions.capacity.adapters.base import GroupAdapter
from trimtab_functions.capacity.declared import PRESERVES
from trimtab_functions.capacity.documents import Document, mapping, text
from trimtab_functions.capacity.observed import Observed, Other, read_observed
from trimtab_functions.capacity.plans import Arrived, inline_document
from trimtab_functions.capacity.selection import (
    Earlier,
    Following,
    Reading,
    Template,
    composed_by_us,
    passed_over,
    read_resource,
    unmatched,
)
from trimtab_functions.capacity.settings import (
    DEFAULT_STATUS_FIELD,
    ComposeSpec,
    Input,
    ObjectKey,
    Target,
    input_beside,
    parse_compose,
    parse_input,
)
from trimtab_functions.capacity.sources import (
    FromContext,
    Inline,
    Labelled,
    Source,
    Stated,
    plan_source,
    policy_key,
)
from trimtab_functions.memo import Memo

STATUS_SCHEMA = "xr-schema"
"""The required schema's name: the XR's."""

MEMO_DOCUMENTS, MEMO_BYTES = 4096, 8_000_000
"""Of resources that were read, and of the bytes that they were read from."""


@dataclass(frozen=True)
class Asked:
    """What the user asks for.

    Attributes:
        plan: where it comes from; the error when that can't be told.
        name: the XR's.
        namespace: the plan's: where it is, or the XR's.
        unread: whether the step's input is wrong, so that nobody knows what its targets are for.
    """

    settings: Input
    plan: Source | InputError
    policy: ObjectKey | None = None
    compose: ComposeSpec | None = None
    name: str = ""
    namespace: str = ""
    unread: bool = False


def read_asked(req: fnv1.RunFunctionRequest) -> Asked:
    """What the step's input and the XR's spec ask for."""
    stated = structs.to_data(req.input)
    settings = input_beside(stated)  # what holds while the input is wrong
    composite = req.observed.composite.resource
    compose, unread = None, bool(stated)
    try:
        if stated:
            settings = parse_input(stated)
            unread = False
        inline = settings.plan.inline_field_path.split(".")
        xr = _xr(composite, inline)
        if settings.mode == "Compose":
            compose = parse_compose(settings.compose, xr)
        policy = policy_key(settings.policy, xr)
        context = _value(req.context, settings.plan.context_key)
        sources = Stated(_at(composite, inline) is not None, context is not None)
        source = plan_source(settings.plan, xr, sources)
        name, own = (text(xr["metadata"].get(each)) or "" for each in ("name", "namespace"))
        namespace = source.namespace if isinstance(source, ObjectKey | Labelled) else own
        return Asked(settings, source, policy, compose, name, namespace)
    except InputError as raised:
        error = raised.bare()  # kept from call to call, with what is prepared
        if compose is None and settings.mode == "Compose":
            compose = ComposeSpec(GROUP_ADAPTERS[settings.compose.kind], (), error)
        return Asked(settings, error, None, compose, unread=unread)


def _xr(composite: structpb.Struct, inline: list[str]) -> dict[str, Any]:
    """The XR's metadata and spec, without the plan that may stand there: it may be large."""
    within = structs.child(composite, "spec")
    if within is not None and inline[0] == "spec" and len(inline) > 1:
        spec: Any = _without(within, inline[1:])
    else:
        spec = structs.item(composite, "spec")
    metadata = structs.item(composite, "metadata")
    return {"metadata": mapping(metadata), "spec": mapping(spec)}


def read_inline(
    req: fnv1.RunFunctionRequest, source: Inline | FromContext, name: str
) -> Arrived | None:
    """The plan in the XR or in the context; None where there is none.

    Raises:
        InputError: something else than an object stands there.
    """
    if isinstance(source, Inline):
        value = _at(req.observed.composite.resource, source.path.split("."))
    else:
        value = _value(req.context, source.key)
    if value is None:
        return None
    if not value.HasField("struct_value"):
        raise InputError("is no object", where=str(source), mend="write a plan there, or nothing")
    struct = value.struct_value
    return Arrived(content_of(struct), lambda: inline_document(structs.to_data(struct), name))


def read_required(
    req: fnv1.RunFunctionRequest,
    requirement: str,
    wanted: ObjectKey | Labelled,
    *,
    by_version: bool = False,
) -> list[Arrived] | None:
    """What has arrived of a required resource; None before Crossplane has answered.

    A bootstrap requirement may have brought others; then ours come with the next call.

    Args:
        by_version: tell objects apart by the version that an API server gives them, where they have
            one, instead of by their bytes.
    """
    if requirement not in req.required_resources:
        return None
    items = [each.resource for each in req.required_resources[requirement].items]
    found = [_arrived(each, by_version=by_version) for each in items if _is_wanted(each, wanted)]
    return None if items and not found else found


def _is_wanted(struct: structpb.Struct, wanted: ObjectKey | Labelled) -> bool:
    metadata = structs.child(struct, "metadata")
    if structs.item(metadata, "namespace") not in (None, "", wanted.namespace):
        return False
    if isinstance(wanted, ObjectKey):
        return bool(structs.item(metadata, "name") == wanted.name)
    labels = structs.child(metadata, "labels")
    return all(structs.item(labels, key) == value for key, value in wanted.labels)


def _arrived(struct: structpb.Struct, *, by_version: bool) -> Arrived:
    name = text(structs.item(structs.child(struct, "metadata"), "name")) or ""
    read = partial(structs.to_data, struct)
    version = version_of(struct) if by_version else None
    if version is not None:
        return Arrived(version, read, name, struct.ByteSize)
    return Arrived(content_of(struct), read, name)


def version_of(struct: structpb.Struct) -> bytes | None:
    """What an API server guarantees to be equal only for equal objects; None without a version.

    It gives every object a uid and, of its life, every change of it another resourceVersion; the same
    object may be read in several API versions. After a restore of etcd versions may come again: the
    instants of a plan make it all but impossible that another plan is taken for the restored one.
    """
    metadata, spec = structs.child(struct, "metadata"), structs.child(struct, "spec")
    stated = [structs.item(metadata, name) for name in ("uid", "resourceVersion")]
    if not all(isinstance(each, str) and each for each in stated):
        return None
    stated.append(structs.item(metadata, "generation"))
    stated += [structs.item(struct, name) for name in ("apiVersion", "kind")]
    stated += [structs.item(spec, name) for name in ("asOf", "validUntil")]
    return b"version" + repr(stated).encode("utf-8", "backslashreplace")


def status_schema(req: fnv1.RunFunctionRequest) -> structpb.Struct | None:
    """What the XR's schema has at the field that the function reports in unless told otherwise.

    None before Crossplane has answered, and where the XRD does not declare the field.
    """
    if STATUS_SCHEMA not in req.required_schemas:
        return None
    schema: structpb.Struct | None = req.required_schemas[STATUS_SCHEMA].openapi_v3
    for name in DEFAULT_STATUS_FIELD.split("."):
        within = structs.child(structs.child(schema, "properties"), name)
        if within is None and structs.item(schema, PRESERVES) is True:
            return schema
        schema = within
    return schema


class ResourceReader:
    """Reads composed resources; equal bytes give the same object."""

    def __init__(self) -> None:
        self._templates: Memo[Reading] = Memo(MEMO_DOCUMENTS, MEMO_BYTES)
        self._observed: Memo[Observed | Other] = Memo(MEMO_DOCUMENTS, MEMO_BYTES)

    @property
    def memos(self) -> dict[str, Memo[Any]]:
        """What is kept from call to call, by name."""
        return {"templates": self._templates, "observed": self._observed}

    def earlier(self, req: fnv1.RunFunctionRequest, targets: tuple[Target, ...]) -> Earlier:
        """What earlier steps composed that is labelled, or that a target is for."""
        how = content_of(req.input) if targets else b""
        templates: dict[str, Template] = {}
        followers: dict[str, Following] = {}
        ours = []
        readings = []
        for key in sorted(req.desired.resources):
            struct = req.desired.resources[key].resource
            # Labels are looked at in all, but few have any that concern this function.
            if not targets and not _is_labelled(struct):
                continue
            content = content_of(struct)
            reading = self._templates.get(
                (key, content, how), len(content), partial(_template, key, content, targets)
            )
            readings.append(reading)
            found = reading.found
            if isinstance(found, Template):
                templates[key] = found
            elif isinstance(found, Following):
                followers[key] = found
            elif _is_labelled(struct) and composed_by_us(_document(content)):
                ours.append(key)
        return Earlier(
            templates,
            followers,
            frozenset(ours),
            unmatched(targets, readings),
            passed_over(readings),
        )

    def observed(
        self, req: fnv1.RunFunctionRequest, earlier: Earlier
    ) -> dict[str, Observed | Other]:
        """The resources that exist and concern this function."""
        observed = {}
        for key in sorted(req.observed.resources):
            struct = req.observed.resources[key].resource
            template = earlier.templates.get(key)
            asked = template is not None or key in earlier.followers
            # Labels can be lost; what launches nodes is known by its key too.
            if not asked and not _is_labelled(struct) and not _may_launch(struct):
                continue
            content = content_of(struct)
            adapter = template.adapter if template else None
            follows = key in earlier.followers
            observed[key] = self._observed.get(
                (key, content, adapter, follows),
                len(content),
                partial(_observed, key, content, adapter, follows=follows),
            )
        return observed


def content_of(struct: structpb.Struct) -> bytes:
    """The message's bytes, equal for equal messages."""
    content: bytes = struct.SerializeToString(deterministic=True)
    return content


def _template(key: str, content: bytes, targets: tuple[Target, ...]) -> Reading:
    return read_resource(key, _document(content), targets)


def _observed(
    key: str, content: bytes, adapter: GroupAdapter | None, *, follows: bool
) -> Observed | Other:
    # From the bytes, since a part of a message keeps all of its request in memory.
    document = _document(content)
    # What a target's fields size is no group's, whatever its kind.
    reader = None if follows else adapter or group_adapter(document)
    return read_observed(key, document, reader, lambda: _document(content))


def _document(content: bytes) -> Document:
    return structs.to_data(structpb.Struct.FromString(content))


def _is_labelled(struct: structpb.Struct) -> bool:
    """Whether a resource says that it belongs to a pool, or the manifest inside an Object does."""
    for each in (struct, _manifest(struct)):
        labels = structs.child(structs.child(each, "metadata"), "labels")
        if labels is not None and POOL_LABEL in labels.fields:
            return True
    return False


def _may_launch(struct: structpb.Struct) -> bool:
    """Whether a resource, or the manifest inside an Object, is of a kind that launches nodes."""
    return any(
        text(structs.item(each, "kind")) in _LAUNCHING for each in (struct, _manifest(struct))
    )


_LAUNCHING = {kind.kind for adapter in GROUP_ADAPTERS.values() for kind in adapter.kinds}


def _manifest(struct: structpb.Struct) -> structpb.Struct | None:
    provider = structs.child(structs.child(struct, "spec"), "forProvider")
    return structs.child(provider, "manifest")


def _value(struct: structpb.Struct | None, key: str) -> structpb.Value | None:
    """What stands under a key; None where nothing or null does."""
    if struct is None or key not in struct.fields:
        return None
    value = struct.fields[key]
    return None if value.WhichOneof("kind") in (None, "null_value") else value


def _at(struct: structpb.Struct | None, path: list[str]) -> structpb.Value | None:
    for key in path[:-1]:
        struct = structs.child(struct, key)
    return _value(struct, path[-1])


def _without(struct: structpb.Struct, path: list[str]) -> dict[str, Any]:
    """An object as data, but for what stands at a path."""
    head, *rest = path
    data = {key: structs.item(struct, key) for key in struct.fields if key != head}
    within = structs.child(struct, head)
    if rest and within is not None:
        data[head] = _without(within, rest)
    elif rest and head in struct.fields:
        data[head] = structs.item(struct, head)
    return data
