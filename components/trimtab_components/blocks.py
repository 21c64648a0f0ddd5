"""IP blocks as arguments: what is one, and which have to lie apart.

Pure.
"""

import ipaddress
from collections.abc import Mapping
from itertools import combinations
from typing import Annotated

from pydantic import AfterValidator


def _block(text: str) -> str:
    ipaddress.ip_network(text)
    return text


Block = Annotated[str, AfterValidator(_block)]
"""An IPv4 or IPv6 block, as it was written."""


def check_apart(blocks: Mapping[str, str]) -> None:
    """Refuse blocks that overlap.

    Args:
        blocks: by the argument that gives it.

    Raises:
        ValueError: two of them do; names both.
    """
    for (name, one), (other, two) in combinations(blocks.items(), 2):
        first, second = ipaddress.ip_network(one), ipaddress.ip_network(two)
        if first.version == second.version and first.overlaps(second):
            raise ValueError(f"{name} {one} and {other} {two} overlap; give blocks apart")
