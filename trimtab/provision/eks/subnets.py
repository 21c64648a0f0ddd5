"""Subnet addresses of a VPC: pure arithmetic that no later change of the zones renumbers.

The block is cut into eight. Zone a has the first eighth for its private subnet, zone b the second,
up to f; the last eighth is cut into eight again, one public subnet a zone. A zone's letter, not its
place in a list, decides its addresses: adding, dropping or reordering zones moves no other subnet.
"""

import ipaddress
import re
from dataclasses import dataclass

from trimtab.errors import InputError

DEFAULT_CIDR = "10.0.0.0/16"
"""Of a VPC that is made for its cluster."""
MAX_ZONES = 6
_SHARE_BITS = 3
_WIDEST, _NARROWEST = 16, 22
"""AWS takes VPCs of /16 to /28; below /22 a public subnet would be smaller than its least, /28."""

_ZONE = re.compile(r"[a-z]{2}(?:-[a-z]+)+-\d+([a-f])")

# Letters of zones that accept EKS control planes, where a, b, c are not all among them.
_THREE_ZONES = {
    "ap-northeast-1": "acd",
    "ca-central-1": "abd",
    "cn-north-1": "ab",
    "us-west-1": "ac",
}


@dataclass(frozen=True)
class ZoneSubnets:
    """The two subnets of one zone, as CIDR blocks."""

    zone: str
    public: str
    private: str


def zone_subnets(cidr: str, zones: tuple[str, ...]) -> tuple[ZoneSubnets, ...]:
    """The subnets of each zone, in the order of the zones.

    Args:
        cidr: the VPC's block, /16 to /22.
        zones: availability zones of one region, at most six.

    Raises:
        InputError: no such block, or the zones are no distinct availability zones.
    """
    block = _block(cidr)
    indexes = [_index(zone) for zone in zones]
    if len(set(indexes)) < len(indexes):
        raise InputError("zones: a zone is named twice", mend="give each zone once")
    eighths = list(block.subnets(prefixlen_diff=_SHARE_BITS))
    public = list(eighths[-1].subnets(prefixlen_diff=_SHARE_BITS))
    return tuple(
        ZoneSubnets(zone, str(public[index]), str(eighths[index]))
        for zone, index in zip(zones, indexes, strict=True)
    )


def default_zones(region: str) -> tuple[str, ...]:
    """Three zones of the region, or its two, by AWS's naming; an account may have others, then state them."""
    return tuple(region + letter for letter in _THREE_ZONES.get(region, "abc"))


def _block(cidr: str) -> ipaddress.IPv4Network:
    try:
        block = ipaddress.IPv4Network(cidr)
    except ValueError as error:
        raise InputError(f"cidr {cidr!r}: {error}", mend="give one such as 10.0.0.0/16") from None
    if not _WIDEST <= block.prefixlen <= _NARROWEST:
        raise InputError(
            f"cidr {cidr} is a /{block.prefixlen}", mend=f"give a /{_WIDEST} to a /{_NARROWEST}"
        )
    return block


def _index(zone: str) -> int:
    match = _ZONE.fullmatch(zone)
    if match is None:
        raise InputError(
            f"zones: {zone!r} is no availability zone", mend="give zones such as us-east-1a to f"
        )
    return ord(match[1]) - ord("a")
