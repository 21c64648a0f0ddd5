"""A Terraform plan's `configuration`: what a resource refers to, and where its provider is.

Expressions have been taken apart by Terraform: each says what it refers to, not how. A reference to a
variable or a module's output is followed to the resources behind it; locals are not in a plan, and end the
search.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from trimtab.resources.inputs import Inputs
from trimtab.resources.place import provider_region
from trimtab.resources.readers.values import mapping, sequence, terraform_value, text

_PROVIDERS = {"aws": "aws", "azurerm": "azure", "google": "gcp", "google-beta": "gcp"}
_DEEPEST = 12
_INDEX = re.compile(r'\[(?:"(?:[^"\\]|\\.)*"|\d+)\]')
_BY_INSTANCE = ("each.key", "each.value", "count.index")
EACH = "[each]"
"""What a reference by `count.index` or `each.key` has for an index."""
Referred = tuple[str, str]
"""An address without the last index, and that index; "" for all, "[each]" for the same instance's."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What a provider's configuration says of its resources."""

    region: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)


_NOTHING = Settings()


class Configuration:
    """The `configuration` of a plan, by addresses without indices.

    Args:
        configuration: as parsed; empty for a state.
        variables: the root module's, with their values.
    """

    def __init__(self, configuration: Mapping[str, Any], variables: Mapping[str, Any]) -> None:
        self._variables = {name: mapping(each).get("value") for name, each in variables.items()}
        self._modules: dict[str, dict[str, Any]] = {}
        self._calls: dict[str, dict[str, Any]] = {}
        self._resources: dict[str, dict[str, Any]] = {}
        self._providers = mapping(configuration.get("provider_config"))
        self._settings: dict[str, Settings] = {}
        self._references: dict[str, dict[str, list[Referred]]] = {}
        self._module("", mapping(configuration.get("root_module")))

    def _module(self, path: str, module: dict[str, Any], depth: int = 0) -> None:
        self._modules[path] = module
        for each in map(mapping, sequence(module.get("resources"))):
            address = text(each.get("address"))
            self._resources[f"{path}.{address}" if path else address] = each
        if depth > _DEEPEST:
            return
        for name, value in mapping(module.get("module_calls")).items():
            call = mapping(value)
            child = f"{path}.module.{name}" if path else f"module.{name}"
            self._calls[child] = call
            self._module(child, mapping(call.get("module")), depth + 1)

    def provider_of(self, address: str, kind: str) -> Settings:
        """The settings of a resource's provider."""
        plain = _plain(address)
        key = text(self._resources.get(plain, {}).get("provider_config_key"))
        name = kind.partition("_")[0]
        candidates = [key, key.rpartition(":")[2], name] if key else [name]
        for each in candidates:
            if each in self._providers:
                return self._settings_of(each)
        return _NOTHING

    def _settings_of(self, key: str) -> Settings:
        if key not in self._settings:
            given = mapping(self._providers.get(key))
            module = text(given.get("module_address"))
            expressions = mapping(given.get("expressions"))
            values = {
                name: value
                for name in ("region", "zone")
                if (value := self._constant(module, expressions.get(name)))
            }
            name = text(given.get("name")) or key.partition(".")[0].rpartition(":")[2]
            region = provider_region(_PROVIDERS.get(name, ""), Inputs(values, camel=False))
            self._settings[key] = Settings(region, self._tags(module, expressions))
        return self._settings[key]

    def _tags(self, module: str, expressions: Mapping[str, Any]) -> dict[str, str]:
        blocks = sequence(expressions.get("default_tags"))
        tags = mapping(blocks[0] if blocks else None).get("tags")
        found = self._constant(module, tags)
        if found is None:
            found = self._constant(module, expressions.get("default_labels"))
        return {key: str(value) for key, value in mapping(terraform_value(found)).items()}

    def _constant(self, module: str, expression: Any, depth: int = 0) -> Any:
        """The value of an expression that is a constant, or a variable with a known value."""
        given = mapping(expression)
        if "constant_value" in given:
            return given["constant_value"]
        names = [each for each in sequence(given.get("references")) if isinstance(each, str)]
        if len(names) != 1 or not names[0].startswith("var.") or depth > _DEEPEST:
            return None
        name = names[0].removeprefix("var.")
        path = _plain(module)
        if not path:
            if name in self._variables:
                return self._variables[name]
        elif name in (passed := mapping(self._calls.get(path, {}).get("expressions"))):
            return self._constant(_outer(path), passed[name], depth + 1)
        declared = mapping(mapping(self._modules.get(path, {}).get("variables")).get(name))
        return declared.get("default")

    def expressions(self, address: str) -> dict[str, Any] | None:
        """What a resource's configuration sets; None where it has none: it goes, or was imported."""
        found = self._resources.get(_plain(address))
        return None if found is None else mapping(found.get("expressions"))

    def references(self, module: str, address: str) -> dict[str, list[Referred]]:
        """What a resource refers to, by the top-level name of its arguments."""
        plain = _plain(address)
        if plain not in self._references:
            expressions = mapping(self._resources.get(plain, {}).get("expressions"))
            path = _plain(module)
            self._references[plain] = {
                name: referred
                for name, value in expressions.items()
                if (referred := list(dict.fromkeys(self._referred(path, value))))
            }
        return self._references[plain]

    def _referred(self, path: str, expression: Any, depth: int = 0) -> Iterator[Referred]:
        if depth > _DEEPEST:
            return
        if isinstance(expression, list):
            for each in expression:
                yield from self._referred(path, each, depth + 1)
        elif isinstance(expression, dict):
            if isinstance(expression.get("references"), list):
                names = [each for each in expression["references"] if isinstance(each, str)]
                each_of = any(name.startswith(_BY_INSTANCE) for name in names)
                for name in _closest(names):
                    yield from self._resolved(path, name, each_of, depth)
            else:
                for each in expression.values():
                    yield from self._referred(path, each, depth + 1)

    def _resolved(self, path: str, name: str, each_of: bool, depth: int) -> Iterator[Referred]:
        """The resources behind one reference, as `aws_subnet.a[0].id` or `module.vpc.subnets`."""
        parts = _split(name)
        if parts[0] == "var" and path and len(parts) > 1:
            passed = mapping(self._calls.get(path, {}).get("expressions"))
            yield from self._referred(_outer(path), passed.get(_plain(parts[1])), depth + 1)
        elif parts[0] == "module" and len(parts) > 2:
            child = ".".join(filter(None, [path, "module", _plain(parts[1])]))
            outputs = mapping(self._modules.get(child, {}).get("outputs"))
            output = mapping(outputs.get(_plain(parts[2])))
            yield from self._referred(child, output.get("expression"), depth + 1)
        elif parts[0] not in _NO_RESOURCES:
            count = 3 if parts[0] == "data" else 2
            if len(parts) < count:
                return
            found = _INDEX.search(parts[count - 1])
            index = found[0] if found else EACH if each_of else ""
            own = ".".join([*parts[: count - 1], _plain(parts[count - 1])])
            yield (f"{path}.{own}" if path else own, index)


_NO_RESOURCES = frozenset(
    {"var", "local", "each", "count", "path", "terraform", "self", "module", "ephemeral"}
)


def _closest(names: list[str]) -> list[str]:
    """References without those that stand beside one of their instances: `a.b` beside `a.b[0]`."""
    whole = {name[: found.start()] for name in names if (found := _INDEX.search(name))}
    return [name for name in names if name not in whole]


def _plain(address: str) -> str:
    return _INDEX.sub("", address) if "[" in address else address


def _outer(path: str) -> str:
    """The module that calls a module."""
    return path.rpartition(".module.")[0] if ".module." in path else ""


def _split(name: str) -> list[str]:
    """The parts of a reference, dots within an index left alone."""
    return _PART.findall(name) or [name]


_PART = re.compile(r'(?:[^.\[]|\[(?:"(?:[^"\\]|\\.)*"|[^\]]*)\])+')
