"""CPU architecture of an instance type, from the providers' naming rules.

A fallback for price tables without an `architecture` column. Rules: an AWS family has a `g` straight
after its generation digits when it is Graviton (m7g, c7gn, im4gn, t4g; and a1); an Azure size has a
`p` among its additive features when it is Arm (D4ps_v5, E8pds_v6); Google's Arm series are t2a, c4a,
n4a and a4x. GB200, GB300, GH200 and T4G boards carry Arm CPUs everywhere.
"""

import re
from typing import Literal

from trimtab.catalogue.accelerators import ARM64_ONLY

Architecture = Literal["x86_64", "arm64"]

_ARM64_TYPES = {
    "aws": re.compile(r"(?:a1|[a-z]+\d+g[a-z]*)\..+"),
    "azure": re.compile(r"(?:standard|basic)_[a-z]+\d+(?:-\d+)?[a-z]*p[a-z]*(?:_.*)?"),
    "gcp": re.compile(r"(?:t2a|c4a|n4a|a4x)-.+"),
}


def infer_architecture(provider: str, instance_type: str, accelerator: str | None) -> Architecture:
    """`arm64` where the provider's naming rule or the accelerator says so, else `x86_64`."""
    if accelerator in ARM64_ONLY:
        return "arm64"
    rule = _ARM64_TYPES.get(provider)
    return "arm64" if rule and rule.fullmatch(instance_type.lower()) else "x86_64"
