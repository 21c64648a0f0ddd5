"""Inputs as plain data: secrets masked, what is not known yet as UNKNOWN, names held once.

Nothing that was secret outlives these functions, so nothing later can keep or print it.
"""

import re
import sys
from collections.abc import Mapping
from typing import Any

from trimtab.resources.inputs import SECRET, UNKNOWN

_SIGNATURE = "4dabf18193072939515e22adb298388d"
_SIGNED_SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - a marker
_SIGNED_OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
_SIGNED_REFERENCE = "5cf8f73096256a8f31e491e813e4eb8e"
_UNKNOWNS = frozenset(
    {
        UNKNOWN,
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
        "030794c1-ac77-496b-92df-f27374a8bd58",
        "e48ece36-62e2-4504-bad9-02848725956a",
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
    }
)
"""Pulumi's marks of what is not known, one for each type (sdk/go/common/resource/plugin/rpc.go)."""

_SHORT, _MARK = 40, 36
_SENSITIVE = re.compile(
    r"PASSWORD|PASSWD|PASSPHRASE|TOKEN|SECRET|CREDENTIAL|(?:^|_|-|[a-z])KEY(?:$|_|-)|APIKEY",
    re.IGNORECASE,
)


def mapping(value: Any) -> dict[str, Any]:
    """The value where it is a mapping; else an empty one. YAML's may have keys that are no text."""
    return value if isinstance(value, dict) else {}


def sequence(value: Any) -> list[Any]:
    """The value where it is a list; else an empty one."""
    return value if isinstance(value, list) else []


def text(value: Any) -> str:
    """The value where it is text; else an empty one."""
    return sendable(value) if isinstance(value, str) else ""


def sendable(value: str) -> str:
    """A text that can be written as UTF-8: JSON may hold halves of characters."""
    if value.isascii():
        return value
    return value.encode("utf-8", "replace").decode("utf-8")


def pulumi_value(value: Any) -> Any:
    """A property value of Pulumi: secrets and unknowns by their marks, references as ids.

    Raises:
        RecursionError: it is nested beyond Python's limit.
    """
    if type(value) is str:
        if len(value) == _MARK and value in _UNKNOWNS:
            return UNKNOWN
        return sys.intern(value) if len(value) < _SHORT and value.isascii() else sendable(value)
    if type(value) is dict:
        signature = value.get(_SIGNATURE)
        if signature is not None:
            return _signed(signature, value)
        return {
            _name(key): pulumi_value(each) for key, each in value.items() if key != "__defaults"
        }
    if type(value) is list:
        return [pulumi_value(each) for each in value]
    return value


def pulumi_inputs(value: Any) -> dict[str, Any]:
    """A resource's properties; the engine's own, `__defaults` and such, left out."""
    return {
        _name(key): pulumi_value(each)
        for key, each in mapping(value).items()
        if not key.startswith("__")
    }


def _signed(signature: Any, value: Mapping[str, Any]) -> Any:
    if signature == _SIGNED_SECRET:
        return SECRET
    if signature == _SIGNED_OUTPUT:
        if value.get("secret"):
            return SECRET
        return pulumi_value(value["value"]) if "value" in value else UNKNOWN
    if signature == _SIGNED_REFERENCE:
        return pulumi_value(value.get("id") or value.get("urn"))
    # An asset or archive: what tells one from another is its hash or path.
    shown = ("hash", "path", "uri")
    return {name: sendable(value[name]) for name in shown if isinstance(value.get(name), str)}


def terraform_value(value: Any, unknown: Any = False, sensitive: Any = False) -> Any:
    """An attribute of Terraform's, with what its plan says beside it of unknown and sensitive parts.

    Args:
        value: as planned; null where it is not known.
        unknown: true, or the same structure with true where parts are not known.
        sensitive: likewise.

    Raises:
        RecursionError: it is nested beyond Python's limit.
    """
    if sensitive is True:
        return SECRET
    if unknown is True:
        return UNKNOWN
    if type(value) is str:
        return sys.intern(value) if len(value) < _SHORT and value.isascii() else sendable(value)
    if isinstance(value, dict) or (value is None and isinstance(unknown, dict) and unknown):
        return _terraform_object(mapping(value), mapping(unknown), mapping(sensitive))
    if isinstance(value, list) or (value is None and isinstance(unknown, list) and unknown):
        return _terraform_list(sequence(value), sequence(unknown), sequence(sensitive))
    return value


def _terraform_object(
    value: dict[str, Any], unknown: dict[str, Any], sensitive: dict[str, Any]
) -> dict[str, Any]:
    result = {}
    for key, each in value.items():
        if each is not None or key in unknown or key in sensitive:
            made = terraform_value(each, unknown.get(key, False), sensitive.get(key, False))
            if made is not None:
                result[_name(key)] = made
    for key, each in unknown.items():
        if key not in value and each and (made := terraform_value(None, each)) is not None:
            result[_name(key)] = made
    return result


def _terraform_list(value: list[Any], unknown: list[Any], sensitive: list[Any]) -> list[Any]:
    length = max(len(value), len(unknown))
    padded = [(*_at(value, index, None), *_at(unknown, index, False)) for index in range(length)]
    return [
        terraform_value(each, parts, *_at(sensitive, index, False))
        for index, (each, parts) in enumerate(padded)
    ]


def _at(values: list[Any], index: int, default: Any) -> tuple[Any]:
    return (values[index] if index < len(values) else default,)


def kubernetes_value(value: Any) -> Any:
    """A part of a Kubernetes object: values of variables with names like PASSWORD masked.

    Raises:
        RecursionError: it is nested beyond Python's limit.
    """
    if type(value) is str:
        return sys.intern(value) if len(value) < _SHORT and value.isascii() else sendable(value)
    if isinstance(value, dict):
        made = {_name(str(key)): kubernetes_value(each) for key, each in value.items()}
        name = made.get("name")
        if "value" in made and isinstance(name, str) and _SENSITIVE.search(name):
            made["value"] = SECRET
        if made.get("kind") == "Secret":  # also within a template, or another's manifest
            for part in ("data", "stringData"):
                if part in made:
                    made[part] = dict.fromkeys(mapping(made[part]), SECRET)
        return made
    if isinstance(value, list):
        return [kubernetes_value(each) for each in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return str(value)  # a date, as YAML reads one


class Cleaned(dict[str, Any]):
    """A Kubernetes object whose secrets are masked."""


def kubernetes_object(value: Mapping[str, Any]) -> Cleaned:
    """A Kubernetes object; a Secret's data masked too.

    Raises:
        RecursionError: it is nested beyond Python's limit.
    """
    if isinstance(value, Cleaned):
        return value
    made = Cleaned(kubernetes_value(dict(value)))
    annotations = mapping(mapping(made.get("metadata")).get("annotations"))
    if _APPLIED in annotations:  # a copy of the whole, secrets and all
        made["metadata"] = {
            **made["metadata"],
            "annotations": {key: each for key, each in annotations.items() if key != _APPLIED},
        }
    return made


_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def _name(key: str) -> str:
    return sys.intern(key) if key.isascii() else sendable(key)
