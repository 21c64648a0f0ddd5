"""package.yaml: the package's metadata and the schemas of its inputs, as Crossplane's linter wants it.

A Function package holds one Function of `meta.pkg.crossplane.io` and CRDs of its input types, and
nothing else (`internal/xpkg/lint.go` of Crossplane v2.2.0); Crossplane reads the CRDs and creates
none of them, so the CapacityPlan's own is installed beside the package.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from tools.steps import SetupError

META, INPUTS = "crossplane.yaml", "input"
META_GROUP = "meta.pkg.crossplane.io"

Document = dict[str, Any]


def package_yaml(folder: Path) -> bytes:
    """The content of package.yaml, from crossplane.yaml and the input folder.

    Raises:
        SetupError: Crossplane would refuse it; says which file and why.
    """
    meta = list(_documents(folder / META))
    if len(meta) != 1 or meta[0].get("kind") != "Function":
        raise SetupError(f"{folder / META}: write exactly one Function")
    if str(meta[0].get("apiVersion", "")).partition("/")[0] != META_GROUP:
        raise SetupError(f"{folder / META}: apiVersion is not of {META_GROUP}")
    if not meta[0].get("metadata", {}).get("name"):
        raise SetupError(f"{folder / META}: metadata.name is missing")
    documents = list(meta)
    for path in sorted((folder / INPUTS).glob("*.yaml")):
        for document in _documents(path):
            if document.get("kind") != "CustomResourceDefinition":
                raise SetupError(
                    f"{path}: a Function package may hold CRDs only, not {document.get('kind')}"
                )
            documents.append(document)
    text = "".join(
        f"---\n{yaml.safe_dump(each, sort_keys=False, allow_unicode=True)}" for each in documents
    )
    return text.encode()


def _documents(path: Path) -> Iterator[Document]:
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        raise SetupError(f"{path} is missing; restore it") from None
    try:
        yield from (each for each in yaml.safe_load_all(text) if each)
    except yaml.YAMLError as error:
        raise SetupError(f"{path} is not YAML ({error})") from None
