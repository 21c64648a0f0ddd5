"""`terraform show -json` and `tofu show -json`: of a plan both sides, of a state one.

A plan's `resource_changes` hold every managed resource, changed or not, before and after; what it reads is
in `prior_state`. Providers' regions and what refers to what are in its `configuration`.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from trimtab.errors import InputError
from trimtab.resources.inputs import SECRET, UNKNOWN, Inputs
from trimtab.resources.model import Origin, Role
from trimtab.resources.place import arn_region, own_region, tags_of
from trimtab.resources.readers.drafts import Draft, finish
from trimtab.resources.readers.found import Found, Options
from trimtab.resources.readers.terraform_configuration import EACH, Configuration
from trimtab.resources.readers.terraform_unset import without_unset
from trimtab.resources.readers.values import mapping, sequence, terraform_value, text

_PROVIDERS = {"aws": "aws", "azurerm": "azure", "google": "gcp"}
_ACTIONS = {
    ("no-op",): "same",
    ("create",): "create",
    ("read",): "read",
    ("update",): "update",
    ("delete",): "delete",
    ("delete", "create"): "replace",
    ("create", "delete"): "replace",
    ("forget",): "delete",
    ("create", "forget"): "replace",
    ("forget", "create"): "replace",
}
FORMAT = re.compile(r"[01]\.\d+$")


@dataclass(slots=True)
class Block:
    """One resource on one side."""

    address: str
    module: str
    type: str
    name: str
    index: Any
    values: dict[str, Any]
    data: bool = False
    key: str = ""


@dataclass(slots=True)
class Changed:
    """One entry of `resource_changes`, its values cleaned."""

    operation: str
    before: Block | None
    after: Block | None
    former: str = ""
    forgotten: bool = False


def changed(value: Any, where: str) -> Changed:
    """An entry of `resource_changes`.

    Raises:
        InputError: it has no address, or actions that nobody knows.
        RecursionError: it is nested beyond Python's limit.
    """
    given = mapping(value)
    change = mapping(given.get("change"))
    address = text(given.get("address"))
    actions = tuple(each for each in sequence(change.get("actions")) if isinstance(each, str))
    operation = _ACTIONS.get(actions)
    if not address or operation is None:
        what = "has no address" if not address else f"unknown actions {list(actions)}"
        raise InputError(
            f"{what}: not a change of a Terraform plan",
            where=where,
            mend="write it with a current terraform show -json",
        )
    if mapping(change.get("importing")) and operation in ("same", "update"):
        operation = "import"
    deposed = text(given.get("deposed"))
    key = f"{address} (deposed {deposed})" if deposed else address
    before = after = None
    if isinstance(change.get("before"), dict):
        values = terraform_value(change["before"], False, change.get("before_sensitive", False))
        before = _block(given, address, values, key)
    has_after = isinstance(change.get("after"), dict) or "create" in actions
    if has_after and actions != ("delete",):
        values = terraform_value(
            mapping(change.get("after")),
            change.get("after_unknown", False),
            change.get("after_sensitive", False),
        )
        after = _block(given, address, values, key)
    if before and after and before.values == after.values:
        after.values = before.values  # one copy of what does not change
    return Changed(
        operation, before, after, text(given.get("previous_address")), "forget" in actions
    )


def listed(value: Any) -> Block | None:
    """A resource of a state's `values`; None where it is none."""
    given = mapping(value)
    address, kind = text(given.get("address")), text(given.get("type"))
    if not address or not kind:
        return None
    values = terraform_value(
        mapping(given.get("values")), False, given.get("sensitive_values", False)
    )
    index = given.get("index")
    if isinstance(index, str | int) and not address.endswith("]"):  # Terraform 0.12
        address += f"[{json.dumps(index)}]"
    own = f"{'data.' if given.get('mode') == 'data' else ''}{kind}.{text(given.get('name'))}"
    module = address.rpartition(own)[0].rstrip(".")
    return _block({**given, "module_address": module}, address, values, address)


def _block(given: Mapping[str, Any], address: str, values: Any, key: str) -> Block:
    return Block(
        address,
        text(given.get("module_address")),
        text(given.get("type")),
        text(given.get("name")),
        given.get("index"),
        mapping(values),
        given.get("mode") == "data",
        key,
    )


@dataclass
class Document:
    """A plan or a state as it was read.

    Attributes:
        source: its name.
        fields: the top level but what follows.
        changes: of `resource_changes`.
        prior, values: the resources of `prior_state` that no change is of, and those of a state.
    """

    source: str
    fields: dict[str, Any] = field(default_factory=dict)
    changes: list[Changed] = field(default_factory=list)
    prior: list[Block] = field(default_factory=list)
    values: list[Block] = field(default_factory=list)


def found(document: Document, options: Options) -> Found:
    """What a plan or a state holds.

    Raises:
        InputError: it is of a format that this release does not read, or the plan failed.
    """
    version = document.fields.get("format_version")
    if version is not None and not (isinstance(version, str) and FORMAT.match(version)):
        raise InputError(
            f"is of format version {version!r}, which is not known",
            where=f"{document.source}, format_version",
            mend="known are 0.x and 1.x, of Terraform 0.12 and OpenTofu 1.6 or later",
        )
    configuration = Configuration(
        mapping(document.fields.get("configuration")), mapping(document.fields.get("variables"))
    )
    if document.fields.get("errored") is True:
        raise InputError(
            "the plan failed: it holds only what was planned until then",
            where=f"{document.source}, errored",
            mend="mend the configuration and plan again",
        )
    if "planned_values" not in document.fields and not document.changes:
        drafts = _drafts(document.values, configuration, options)
        return Found("a Terraform state", finish(document.source, drafts))
    for change in document.changes:
        _settle(change, configuration)
    before, after, operations, aliases, notes = _sides(document.changes, document.prior)
    sides = [
        finish(document.source, _drafts(side, configuration, options), notes=notes)
        for side in (before, after)
    ]
    return Found("a Terraform plan", sides[1], sides[0], operations, aliases)


def _settle(change: Changed, configuration: Configuration) -> None:
    """Leave out of what is made, or made anew, what nobody sets."""
    block = change.after
    if block is None or block.data or change.operation not in ("create", "replace"):
        return
    expressions = configuration.expressions(block.address)
    if expressions is not None:
        former = change.before.values if change.before else None
        block.values = without_unset(block.values, expressions, former)


def _sides(
    changes: Iterable[Changed], prior: Iterable[Block]
) -> tuple[list[Block], list[Block], dict[str, str], dict[str, str], list[str]]:
    before: list[Block] = []
    after: list[Block] = []
    operations: dict[str, str] = {}
    aliases: dict[str, str] = {}
    notes: list[str] = []
    seen = set()
    for change in changes:
        block = change.after or change.before
        if block is None:
            continue
        seen.add(block.key)
        operations[block.key] = change.operation
        if change.former and change.former != block.key:
            aliases[change.former] = block.key
            seen.add(change.former)
        if change.before is not None:
            before.append(change.before)
        if change.after is not None:
            after.append(change.after)
        if change.forgotten:
            notes.append(f"{block.key} is forgotten, not destroyed: it goes on costing")
    # What a plan reads at once is in no change; nor is what `-target` leaves alone.
    rest = [block for block in prior if block.key not in seen]
    operations |= {block.key: "same" for block in rest if not block.data}
    return before + rest, after + rest, operations, aliases, notes


def _drafts(
    blocks: Iterable[Block], configuration: Configuration, options: Options
) -> Iterator[Draft]:
    blocks = list(blocks)
    instances: dict[str, list[str]] = {}
    for block in blocks:
        instances.setdefault(without_indices(block.address), []).append(block.key)
    for block in blocks:
        yield _draft(block, configuration, instances, options)


def _draft(
    block: Block,
    configuration: Configuration,
    instances: Mapping[str, list[str]],
    options: Options,
) -> Draft:
    manifest = _manifest(block)
    role = Role.EXISTING if block.data else Role.MANAGED
    if manifest is not None:
        made = _object(block, manifest)
        if made is not None:
            made.role = Role.EXISTING if block.data else made.role
            return made
    inputs = Inputs(block.values, camel=False)
    provider = _PROVIDERS.get(block.type.partition("_")[0], "")
    settings = configuration.provider_of(block.address, block.type)
    region = own_region(provider, inputs) or settings.region
    configured = options.config.get(_CONFIGURED.get(provider, ""))
    if provider != "azure":
        region = region or configured or arn_region(provider, inputs)
    return Draft(
        block.key,
        _ALB.sub("aws_lb", block.type),
        block.type,
        _name(block),
        Origin.TERRAFORM,
        inputs,
        role,
        "",
        region,
        _id(block.values),
        _references(block, configuration, instances),
        tags_of(inputs, settings.tags),
        default_region=configured,
    )


_ALB = re.compile(r"^aws_alb(?=_|$)")
"""Terraform's other name of a load balancer's types."""

_CONFIGURED = {"aws": "aws:region", "azure": "azure:location", "gcp": "gcp:region"}


def _manifest(block: Block) -> dict[str, Any] | None:
    """The Kubernetes object that a resource applies as it stands."""
    if block.type == "kubernetes_manifest":
        given = block.values.get("manifest")
        return given if isinstance(given, dict) else None
    body = block.values.get("yaml_body")
    if block.type != "kubectl_manifest" or not isinstance(body, str) or body in (UNKNOWN, SECRET):
        return None
    from trimtab.resources.readers.yaml_objects import objects_of

    try:
        objects = list(objects_of(body, block.address))
    except InputError:  # not ours to judge: the provider took it
        return None
    return objects[0][0] if len(objects) == 1 else None


def _object(block: Block, manifest: dict[str, Any]) -> Draft | None:
    from trimtab.resources.readers.objects import draft_object, meta_of

    if meta_of(manifest) is None:
        return None
    made = draft_object(manifest, "", block.key)
    made.origin, made.name = Origin.TERRAFORM, made.name or block.name
    return made


def _name(block: Block) -> str:
    index = block.index
    if isinstance(index, str):
        return f'{block.name}["{index}"]'
    return block.name if not isinstance(index, int) else f"{block.name}[{index}]"


def _id(values: Mapping[str, Any]) -> str:
    value = values.get("id")
    return value if isinstance(value, str) and value != UNKNOWN else ""


def _references(
    block: Block,
    configuration: Configuration,
    instances: Mapping[str, list[str]],
) -> dict[str, tuple[str, ...]]:
    made: dict[str, tuple[str, ...]] = {}
    for name, referred in configuration.references(block.module, block.address).items():
        keys: list[str] = []
        for address, index in referred:
            keys += _instances(block, address, index, instances)
        if keys := [key for key in dict.fromkeys(keys) if key != block.key]:
            made[name] = tuple(keys)
    return made


def _instances(
    block: Block,
    address: str,
    index: str,
    instances: Mapping[str, list[str]],
) -> list[str]:
    """The keys that an address stands for: those of the resource's own instance where there are such."""
    found = instances.get(without_indices(address), [])
    if len(found) == 1:
        return found
    if block.module:
        found = [key for key in found if key.startswith(f"{block.module}.")] or found
    own = _LAST_INDEX.search(block.address)
    wanted = (own[0] if own else "") if index == EACH else index
    return [key for key in found if key.endswith(wanted)] or found


_INDEX = re.compile(r'\[(?:"(?:[^"\\]|\\.)*"|\d+)\]')
_LAST_INDEX = re.compile(r'\[(?:"(?:[^"\\]|\\.)*"|\d+)\]$')


def without_indices(address: str) -> str:
    """An address without the indices of its instances."""
    return _INDEX.sub("", address) if "[" in address else address
