"""The CRD of the pipeline step's input, made of its model: `python -m trimtab_functions.capacity.input_crd`.

Crossplane never stores an input: the schema is for editors, and for whoever validates a Composition.
"""

import sys
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel

from trimtab.schemas.structural import structural
from trimtab_functions.capacity.settings import INPUT_API_VERSION, INPUT_KIND, Input

FILE = "functions/package/input/capacity.fn.trimtab.dev_inputs.yaml"
"""Where it is published, under the repository's root."""


def crd(model: type[BaseModel] = Input, api_version: str = INPUT_API_VERSION) -> dict[str, Any]:
    """The CustomResourceDefinition, apiextensions.k8s.io/v1.

    Args:
        model: of a step's input.
        api_version: of it.
    """
    group, _, version = api_version.partition("/")
    generated = model.model_json_schema(by_alias=True)
    schema = structural(generated, generated.get("$defs", {}))
    schema.pop("$defs", None)
    required = schema.get("required", [])
    schema["required"] = list(dict.fromkeys(["apiVersion", "kind", *required]))
    # The API server knows these itself.
    schema["properties"] |= {
        "apiVersion": {"type": "string"},
        "kind": {"type": "string"},
        "metadata": {"type": "object"},
    }
    plural = f"{INPUT_KIND.lower()}s"
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {
                "kind": INPUT_KIND,
                "listKind": f"{INPUT_KIND}List",
                "plural": plural,
                "singular": INPUT_KIND.lower(),
                "categories": ["crossplane"],
            },
            "versions": [
                {
                    "name": version,
                    "served": True,
                    "storage": True,
                    "schema": {"openAPIV3Schema": schema},
                }
            ],
        },
    }


class _Dumper(yaml.SafeDumper):
    """Writes in full what stands twice."""

    def ignore_aliases(self, _data: Any) -> bool:
        return True


def dump(
    function: str = "capacity",
    model: type[BaseModel] = Input,
    api_version: str = INPUT_API_VERSION,
) -> str:
    """The CRD as the published file has it.

    Args:
        function: whose package beside this one has the model, in its `settings`.
        model: of a step's input.
        api_version: of it.
    """
    text: str = yaml.dump(
        crd(model, api_version), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100
    )
    return (
        f"# Generated from functions/trimtab_functions/{function}/settings.py by\n"
        f"# `python -m trimtab_functions.{function}.input_crd`; edit the model instead.\n{text}"
    )


if __name__ == "__main__":
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else Path()
    (root / FILE).write_text(dump(), "utf-8")
