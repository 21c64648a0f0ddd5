"""Burstable and shared-core instance types: cheap by the hour, because they sell a share of their vCPUs.

AWS T types have a CPU baseline of 5 to 40 % and charge or throttle above it (EC2 user guide, burstable
performance instances); Azure B sizes bank credits alike (Azure, Bsv2 series); Google's shared-core types
may burst for short spells only (Compute Engine, general-purpose machine family).
"""

import re

_PATTERNS = {
    "aws": re.compile(r"t\d+[a-z]*\."),
    "azure": re.compile(r"Standard_B\d"),
    "gcp": re.compile(r"(e2-(micro|small|medium)|f1-micro|g1-small)$"),
}


def is_burstable(provider: str, instance_type: str) -> bool:
    """Whether the type's vCPUs are not for sustained load."""
    pattern = _PATTERNS.get(provider)
    return pattern is not None and pattern.match(instance_type) is not None
