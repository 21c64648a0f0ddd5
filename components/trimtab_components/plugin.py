"""The components as a Pulumi package, for programs in any of Pulumi's languages.

Installing the distribution puts `pulumi-resource-trimtab` on the PATH of its environment, where the
engine looks for the package's plugin. It serves the package's schema, inferred from the components'
argument types, and makes a component for whoever asks by its token.
"""

import json
import sys
from importlib.metadata import metadata, version
from typing import Any

import pulumi
from pulumi.errors import InputPropertiesError
from pulumi.provider import main as serve
from pulumi.provider.experimental.component import ComponentProvider
from pulumi.provider.provider import ConstructResult
from pulumi.provider.server import ComponentInitError

import trimtab_components
from trimtab.errors import TrimtabError

PACKAGE = "trimtab"
DISTRIBUTION = "trimtab-components"


class Package(ComponentProvider):
    """Pulumi's provider of components; it tells a user's mistake in one line."""

    def __init__(self, components: list[type[pulumi.ComponentResource]]) -> None:
        """
        Args:
            components: what the package offers.
        """
        super().__init__(components, PACKAGE, None, version(DISTRIBUTION))
        spec = {**json.loads(self.schema or "{}"), "description": metadata(DISTRIBUTION)["Summary"]}
        self.schema = json.dumps(mended(spec))

    def construct(
        self,
        name: str,
        resource_type: str,
        inputs: Any,
        options: pulumi.ResourceOptions | None = None,
    ) -> ConstructResult:
        """Make a component.

        Raises:
            InputPropertiesError: the user's mistake; any other error keeps its traceback.
        """
        try:
            return super().construct(name, resource_type, inputs, options)
        except ComponentInitError as error:
            if not isinstance(error.inner, TrimtabError):
                raise
            # An empty list, for without one the SDK fails to send the error.
            raise InputPropertiesError(str(error.inner), []) from None


def main() -> None:
    """Serve until the engine ends the process; the engine's address is the first argument."""
    components = [getattr(trimtab_components, name) for name in trimtab_components.installed()]
    serve(Package(components), sys.argv[1:])


def mended(spec: Any, inside: bool = False) -> Any:
    """The schema as generators of SDKs can use it.

    Each description stands on one line: docstrings come with their indentation. An object in a list
    or a map is not plain: for such a one Go's generator (v3.256.0) names a type that it doesn't make.

    Args:
        spec: a schema or a part of it.
        inside: whether the part says what a list or a map holds.
    """
    if isinstance(spec, list):
        return [mended(each) for each in spec]
    if not isinstance(spec, dict):
        return spec
    made = {key: mended(value, key in _HOLDS) for key, value in spec.items()}
    if isinstance(made.get("description"), str):
        made["description"] = " ".join(made["description"].split())
    if inside and str(made.get("$ref", "")).startswith("#/types/"):
        made.pop("plain", None)
    return made


_HOLDS = ("items", "additionalProperties")


if __name__ == "__main__":
    main()
