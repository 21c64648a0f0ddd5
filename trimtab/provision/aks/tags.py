"""Tags as Azure takes them.

Pure. Source: Azure Resource Manager's limits on tags, 2026-11.
"""

import re
from collections.abc import Mapping

from trimtab.errors import InputError

MAX_TAGS = 50
MAX_NAME = 512
MAX_VALUE = 256
PLANS = 11
"""Tags that a node pool bears by the plan, at most."""
_FORBIDDEN = re.compile(r"[<>%&\\?/]")


def check_azure_tags(tags: Mapping[str, str], where: str) -> None:
    """Refuse tags that Azure would.

    Raises:
        InputError: a name has a forbidden character, differs from another by case alone, or is too
            long; a value is; or there are too many.
    """
    seen: dict[str, str] = {}
    for name, value in tags.items():
        if found := _FORBIDDEN.search(name):
            raise InputError(
                f"tags: {name} has a {found[0]}, which Azure takes in no tag's name",
                where=where,
                mend="rename it",
            )
        if len(name) > MAX_NAME or len(value) > MAX_VALUE:
            raise InputError(
                f"tags: {name[:40]} is longer than Azure takes",
                where=where,
                mend=f"give at most {MAX_NAME} characters of name and {MAX_VALUE} of value",
            )
        if name.lower() in seen:
            raise InputError(
                f"tags: {seen[name.lower()]} and {name} are one tag to Azure",
                where=where,
                mend="drop one of them",
            )
        seen[name.lower()] = name
    if len(tags) + PLANS > MAX_TAGS:
        raise InputError(
            f"tags: {len(tags)} besides the plan's, and Azure takes {MAX_TAGS} in all",
            where=where,
            mend=f"give at most {MAX_TAGS - PLANS}",
        )
