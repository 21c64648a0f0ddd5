"""Write the published schemas and CRDs anew from the documents' models: `make schemas`."""

import sys

from tools.environments import ROOT
from trimtab.files import write_atomic
from trimtab.schemas.published import published


def main() -> int:
    """Write each file whose text has changed, and name it."""
    for name, text in published().items():
        path = ROOT / name
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, text)
        print(f"wrote {name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
