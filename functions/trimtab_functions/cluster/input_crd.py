"""The CRD of the cluster step's input, made of its model: `python -m trimtab_functions.cluster.input_crd`."""

import sys
from pathlib import Path

from trimtab_functions.capacity import input_crd
from trimtab_functions.cluster.settings import INPUT_API_VERSION, ClusterInput

FILE = "functions/package/input/cluster.fn.trimtab.dev_inputs.yaml"
"""Where it is published, under the repository's root."""


def dump() -> str:
    """The CRD as the published file has it."""
    return input_crd.dump("cluster", ClusterInput, INPUT_API_VERSION)


if __name__ == "__main__":
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else Path()
    (root / FILE).write_text(dump(), "utf-8")
