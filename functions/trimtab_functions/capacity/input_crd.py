"""The CRD of the pipeline step's input, made of its model: `python -m trimtab_functions.capacity.input_crd`.

Crossplane never stores an input: the schema is for editors, and for whoever validates a Composition.
"""

import sys
from pathlib import Path
from typing import Any

import yaml

from trimtab.schemas.structural import structural
from trimtab_functions.capacity.settings import INPUT_API_VERSION, INPUT_KIND, Input

FILE = "functions/package/input/capacity.fn.trimtab.dev_inputs.yaml"
"""Where it is published, under the repository's root."""

_HEAD = (
    "# Generated from functions/trimtab_functions/capacity/settings.py by\n"
    "# `python -m trimtab_functions.capacity.input_crd`; edit the model instead.\n"
)


def crd() -> dict[str, Any]:
    """The CustomResourceDefinition, apiextensions.k8s.io/v1."""
    group, _, version = INPUT_API_VERSION.partition("/")
    generated = Input.model_json_schema(by_alias=True)
    schema = structural(generated, generated.get("$defs", {}))
    schema.pop("$defs", None)
    schema["required"] = ["apiVersion", "kind"]
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


def dump() -> str:
    """The CRD as the published file has it."""
    text: str = yaml.dump(crd(), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)
    return _HEAD + text


if __name__ == "__main__":
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else Path()
    (root / FILE).write_text(dump(), "utf-8")
