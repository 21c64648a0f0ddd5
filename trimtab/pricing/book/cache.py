"""Where fetched prices are kept: `trimtab catalog refresh` writes there, `trimtab diff` reads."""

import os
from pathlib import Path

VARIABLE = "TRIMTAB_PRICES"


def cache_folder() -> Path:
    """The folder: what TRIMTAB_PRICES names, else `trimtab/prices` in the user's cache (XDG)."""
    if given := os.environ.get(VARIABLE):
        return Path(given)
    caches = os.environ.get("XDG_CACHE_HOME")
    return (Path(caches) if caches else Path.home() / ".cache") / "trimtab" / "prices"
