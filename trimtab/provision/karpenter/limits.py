"""A dynamic NodePool's limits: nodes at most, and the same again in vCPUs, which a burst can't pass.

Pure. Karpenter (v1.14.1, and as far as 1.15.0) looks at `limits.nodes` before it makes a node, but does
not count the nodes that it has decided on in the same pass: twelve pods that come at once can make
twelve nodes under a limit of one. What it does count in a pass are the resources of the machines. So the
limit is given in vCPUs as well: those of the group's largest type, for every node.

vCPUs follow from a type's size: four for `xlarge`, and so on. That was compared with the 853 types that
Karpenter's own list of EC2 types has (v1.14.1, 2026-11): it is never less than what a type has, but for
those below, and is equal for all of today's families. A limit may then let a burst of smaller types make
more nodes than `nodes`, and never forbids a node that the plan has. Bare metal has a size that tells
nothing: there the limit is in nodes alone.

Sources: kubernetes-sigs/karpenter#2657 and #2915; `scheduling/scheduler.go`, subtractMax.
"""

import re
from collections.abc import Iterable

_MORE_THAN_THEIR_SIZE = {"c1.xlarge": 8, "c4.8xlarge": 36, "d2.8xlarge": 36}
_XLARGE = re.compile(r"(\d*)xlarge")
_XLARGE_VCPUS = 4
_BURSTABLE_VCPUS = 2


def node_limits(nodes: int, instance_types: Iterable[str]) -> dict[str, str]:
    """The `limits` of a NodePool that may have so many nodes of these types."""
    limits = {"nodes": str(nodes)}
    sizes = [vcpus(each) for each in instance_types]
    known = [each for each in sizes if each is not None]
    if known and len(known) == len(sizes):
        limits["cpu"] = str(nodes * max(known))
    return limits


def vcpus(instance_type: str) -> int | None:
    """The vCPUs of an EC2 instance type by its name, or more; None where the name does not tell."""
    if instance_type in _MORE_THAN_THEIR_SIZE:
        return _MORE_THAN_THEIR_SIZE[instance_type]
    family, _, size = instance_type.partition(".")
    if size == "large":
        return 2
    if size in {"nano", "micro", "small", "medium"}:
        return _BURSTABLE_VCPUS if family.startswith("t") else 1
    found = _XLARGE.fullmatch(size)
    return _XLARGE_VCPUS * int(found[1] or 1) if found else None
