"""The repository's own manifests, as the distribution carries them.

`manifests/` links to where they are kept (functions/apis, functions/deploy, policies/admission); a built
wheel has the files themselves.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

# The C reader where PyYAML was built with it: ten times as fast.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_FOLDER = Path(__file__).parent / "manifests"

Document = dict[str, Any]


def documents(*path: str) -> list[Document]:
    """The documents of a file, or of a folder's YAML files in the order of their names."""
    place = _FOLDER.joinpath(*path)
    files: Sequence[Path] = sorted(place.glob("*.yaml")) if place.is_dir() else [place]
    found: list[Document] = []
    for file in files:
        read = yaml.load_all(file.read_text("utf-8"), Loader=_Loader)
        found += [each for each in read if each]
    return found
