"""Tags as Google Cloud takes them: labels of lower-case letters, digits, `-` and `_`.

Pure. Source: Google Cloud's requirements for labels, 2026-11: at most 63 characters each, a key begins
with a letter, at most 64 of them on a resource.
"""

import hashlib
import re
from collections.abc import Mapping

from trimtab.errors import InputError

MAX_LENGTH = 63
MAX_LABELS = 64


def gcp_labels(tags: Mapping[str, str], where: str) -> dict[str, str]:
    """The tags as labels: `trimtab:plan` becomes `trimtab-plan`.

    A text that is too long keeps its beginning and gets a digest, so that two of them stay two.

    Raises:
        InputError: two tags become one label, a key has no letter to begin with, or there are too
            many.
    """
    found: dict[str, str] = {}
    sources: dict[str, str] = {}
    for tag, value in tags.items():
        key = _legal(tag)
        if not re.match(r"[a-z]", key):
            raise InputError(
                f"tags: {tag} can't be a label of Google Cloud",
                where=where,
                mend="begin it with a letter",
            )
        if key in found:
            raise InputError(
                f"tags: {tag} and {sources[key]} are both the label {key}",
                where=where,
                mend="rename one of them",
            )
        found[key], sources[key] = _legal(value), tag
    if len(found) > MAX_LABELS:
        raise InputError(
            f"tags: {len(found)} labels, and Google Cloud takes {MAX_LABELS}",
            where=where,
            mend="drop some",
        )
    return found


def _legal(text: str) -> str:
    legal = re.sub(r"[^a-z0-9_-]", "-", text.lower())
    if len(legal) <= MAX_LENGTH:
        return legal
    digest = hashlib.sha256(text.encode()).hexdigest()[:8]
    return f"{legal[: MAX_LENGTH - 9]}-{digest}"
