"""Names that a cloud takes, of names that it does not: stable, and different for different keys."""

import hashlib
import re


def bounded_name(key: str, room: int) -> str:
    """The key itself where it is short enough and begins with a letter; else its start and a digest.

    Args:
        key: lower-case letters, digits and hyphens.
        room: the longest name, at least 16.
    """
    if len(key) <= room and re.match(r"[a-z]", key):
        return key
    digest = hashlib.sha256(key.encode()).hexdigest()[:8]
    begin = key if re.match(r"[a-z]", key) else f"p{key}"
    return f"{begin[: room - 9].rstrip('-')}-{digest}"
