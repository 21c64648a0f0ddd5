"""Pulumi's resource states as resources: the same for a preview, an export, an event log and a program."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from trimtab.resources.inputs import SECRET, UNKNOWN, Inputs
from trimtab.resources.kinds import pulumi_kind
from trimtab.resources.model import Origin, Role
from trimtab.resources.place import arn_region, default_tags, own_region, provider_region, tags_of
from trimtab.resources.readers.drafts import Draft
from trimtab.resources.readers.values import mapping, pulumi_inputs, sequence, text

STACK = "pulumi:pulumi:Stack"
PROVIDER = "pulumi:providers:"
_PACKAGES = {
    "aws": "aws",
    "aws-native": "aws",
    "awsx": "aws",
    "eks": "aws",
    "azure": "azure",
    "azure-native": "azure",
    "gcp": "gcp",
    "google-native": "gcp",
}
_REGION_KEYS = {
    "aws": ("aws:region", "aws-native:region"),
    "azure": ("azure-native:location", "azure:location"),
    "gcp": ("gcp:region", "gcp:zone", "google-native:region"),
}


@dataclass(slots=True)
class State:
    """A resource as Pulumi's engine keeps it, secrets masked.

    Attributes:
        remote: a component of which another process makes the parts.
        computed: outputs that are no inputs, where they were asked for.
    """

    urn: str
    type: str
    inputs: dict[str, Any]
    custom: bool = True
    external: bool = False
    remote: bool = False
    id: str = ""
    parent: str = ""
    provider: str = ""
    property_dependencies: dict[str, tuple[str, ...]] = field(default_factory=dict)
    aliases: tuple[str, ...] = ()
    where: str = ""
    computed: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.urn.split("::", 3)[-1]


def state_of(value: Any, *, outputs: bool = False) -> State | None:
    """A `ResourceV3` of Pulumi's (sdk/go/common/apitype); None where it is no resource.

    Args:
        value: as parsed.
        outputs: keep those that are no inputs.

    Raises:
        RecursionError: it is nested beyond Python's limit.
    """
    given = mapping(value)
    urn = text(given.get("urn"))
    if urn.count("::") < 3:
        return None
    kind = text(given.get("type")) or urn.split("::")[2].rpartition("$")[2]
    inputs = pulumi_inputs(given.get("inputs"))
    computed = {}
    secret = set(map(str, sequence(given.get("additionalSecretOutputs"))))
    for name in secret & inputs.keys():
        inputs[name] = SECRET  # an output by the name of the input that it is made of
    if outputs:
        for name, each in pulumi_inputs(given.get("outputs")).items():
            if name not in inputs and each not in (None, "", [], {}):
                computed[name] = SECRET if name in secret else each
    return State(
        urn,
        kind,
        inputs,
        custom=given.get("custom") is True,
        external=given.get("external") is True,
        id=text(given.get("id")),
        parent=text(given.get("parent")),
        provider=text(given.get("provider")),
        property_dependencies=_dependencies(given.get("propertyDependencies")),
        aliases=tuple(each for each in sequence(given.get("aliases")) if isinstance(each, str)),
        where=_position(text(given.get("sourcePosition"))),
        computed=computed,
    )


def _position(source: str) -> str:
    """File and line of `project:///app/index.ts#12,3`, as the engine writes where a resource is made."""
    path, _, place = source.removeprefix("project://").lstrip("/").partition("#")
    line = place.partition(",")[0]
    return f"{path}:{line}" if path and line.isdigit() else path


def _dependencies(value: Any) -> dict[str, tuple[str, ...]]:
    made = {}
    for name, urns in mapping(value).items():
        if found := tuple(sorted(each for each in sequence(urns) if isinstance(each, str))):
            made[name] = found
    return made


class Drafts:
    """Turns states of one side into resources.

    Args:
        states: every state of the side, with its providers.
        config: the stack's configuration, for the regions of default providers.
    """

    def __init__(self, states: Iterable[State], config: Mapping[str, str]) -> None:
        self._states = list(states)
        self._parents = {state.parent for state in self._states}
        self._regions: dict[str, str | None] = {}
        self._tags: dict[str, dict[str, str]] = {}
        self._stack_regions = {
            provider: region
            for provider, keys in _REGION_KEYS.items()
            if (region := _configured(provider, keys, config))
        }
        for state in self._states:
            if state.type.startswith(PROVIDER):
                package = _package(state.type.removeprefix(PROVIDER))
                inputs = Inputs(_parsed(state.inputs), camel=True)
                self._regions[state.urn] = provider_region(_PACKAGES.get(package, ""), inputs)
                self._tags[state.urn] = default_tags(inputs)

    def all(self) -> list[Draft]:
        """Every state as a draft but default providers, which a preview does not show."""
        return [self._draft(state) for state in self._states if not _is_default(state)]

    def _draft(self, state: State) -> Draft:
        if state.type.startswith("kubernetes:"):
            found = self._object(state)
            if found is not None:
                return found
        kind, inputs = _translated(state)
        provider = _PACKAGES.get(_package(state.type), "")
        of_provider = state.provider.rpartition("::")[0]
        region = own_region(provider, inputs) or self._regions.get(of_provider)
        configured = self._stack_regions.get(provider)
        if provider != "azure":  # there what has no location is where its resource group is
            region = region or configured or arn_region(provider, inputs)
            region = region or arn_region(provider, Inputs(state.computed, camel=True))
        return Draft(
            state.urn,
            kind,
            state.type,
            state.name,
            Origin.PULUMI,
            inputs,
            self._role(state),
            state.parent,
            region,
            state.id if state.id != UNKNOWN else "",
            _references(state),
            tags_of(inputs, self._tags.get(of_provider)),
            state.where,
            default_region=configured,
        )

    def _role(self, state: State) -> Role:
        """A chart or package of which no part is seen is no component: it costs what it makes."""
        hidden = state.remote or _renders(state)
        if not state.custom and hidden and state.urn not in self._parents:
            return Role.MANAGED
        return _role(state)

    def _object(self, state: State) -> Draft | None:
        """A Kubernetes object, as one in a manifest; None for what renders others, like a Release."""
        from trimtab.resources.readers.objects import draft_object

        module, _, kind = state.type.removeprefix("kubernetes:").rpartition(":")
        group, _, version = module.rpartition("/")
        if group in _RENDERERS or not state.custom:
            return None
        api_version = version if group in ("", "core") else f"{group}/{version}"
        given = {"apiVersion": api_version, "kind": kind, **state.inputs}
        if not isinstance(given["apiVersion"], str) or not isinstance(given["kind"], str):
            return None
        if given["apiVersion"] in (UNKNOWN, SECRET) or given["kind"] in (UNKNOWN, SECRET):
            return None
        made = draft_object(given, state.where, state.urn)
        made.type, made.name, made.origin = state.type, state.name, Origin.PULUMI
        made.parent, made.role = state.parent, _role(state) if state.external else made.role
        made.references = _references(state)
        if UNKNOWN in made.id:
            made.id = ""
        return made


def _is_default(state: State) -> bool:
    name = state.name
    return state.type.startswith(PROVIDER) and (name == "default" or name.startswith("default_"))


def _package(token: str) -> str:
    """The package of a type: `azure-native` of its package for one API version, too."""
    return token.partition(":")[0].partition("_")[0]


_RENDERERS = frozenset({"helm.sh", "yaml", "kustomize"})


def _renders(state: State) -> bool:
    """Whether a component of Pulumi's Kubernetes provider makes objects of what it is pointed to."""
    package, _, module = state.type.partition(":")
    return package == "kubernetes" and module.partition("/")[0] in _RENDERERS


def _role(state: State) -> Role:
    if state.external:
        return Role.EXISTING
    if not state.custom or state.type == STACK or state.type.startswith(PROVIDER):
        return Role.COMPONENT
    return Role.MANAGED


def _translated(state: State) -> tuple[str, Inputs]:
    """The kind and inputs; those of the native providers by Terraform's names."""
    package = _package(state.type)
    if package in _NATIVE and state.custom:
        found = _NATIVE[package](state.type, state.inputs)
        if found is not None:
            return found[0], Inputs(found[1], camel=False)
    return pulumi_kind(state.type), Inputs(state.inputs, camel=True)


def _azure_native(token: str, inputs: Mapping[str, Any]) -> tuple[str, dict[str, Any]] | None:
    from trimtab.resources.azure_native import translate

    return translate(token, inputs)


def _aws_native(token: str, inputs: Mapping[str, Any]) -> tuple[str, dict[str, Any]] | None:
    from trimtab.resources.aws_native import translate

    return translate(token, inputs)


_NATIVE = {"azure-native": _azure_native, "aws-native": _aws_native}


def _references(state: State) -> dict[str, tuple[str, ...]]:
    made: dict[str, tuple[str, ...]] = {}
    for name, urns in state.property_dependencies.items():
        snake = _CAPITAL.sub(lambda found: f"_{found[0].lower()}", name)
        made[snake] = urns
        value = state.inputs.get(name)
        if (
            name.endswith("s")
            and isinstance(value, list)
            and any(isinstance(e, dict) for e in value)
        ):
            made[snake[:-1]] = urns  # a list of blocks, whose name Terraform has in the singular
    return made


_CAPITAL = re.compile(r"(?<!^)[A-Z]")


def _configured(provider: str, keys: Iterable[str], config: Mapping[str, str]) -> str | None:
    for key in keys:
        value = config.get(key)
        if isinstance(value, str) and value and value not in (UNKNOWN, SECRET):
            name = "location" if provider == "azure" else key.partition(":")[2]
            return provider_region(provider, Inputs({name: value}, camel=True))
    return None


def _parsed(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """A provider's inputs: the engine keeps those that are no text as the text of their JSON."""
    import json

    made = {}
    for name, value in inputs.items():
        made[name] = value
        if isinstance(value, str) and value.startswith("{"):
            try:
                made[name] = json.loads(value)
            except (ValueError, RecursionError):
                continue
    return made
