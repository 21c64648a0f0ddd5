"""EC2 launch templates of earlier steps: which machines a group's instances are, and who pays for them.

EKS passes neither a node group's tags on to its instances, nor knows a reservation by itself: both
stand in the launch template. A template that names a group gets the reservation or the capacity block
that the plan holds for it; one that serves a whole pool gets tags alone, since its groups are bought
differently. All else is its author's. The tags of what it launches carry no digest of the plan, or every
plan would make a new version and roll the nodes.

Kind: provider-upjet-aws of 2026-08, CRD `ec2.aws.m.upbound.io/v1beta1` LaunchTemplate. EKS user guide on
launch templates and capacity blocks (the block's instance type stands in the template), 2026-11.
"""

from collections.abc import Mapping
from typing import Any

from trimtab.errors import InputError, allowed
from trimtab.plan.attribution import group_tags
from trimtab.plan.labels import GROUP_TAG, OPTION_TAG
from trimtab.provision.eks.groups import BlockCapacity, OpenCapacity, capacity_of
from trimtab.provision.sized_groups import instance_tags
from trimtab_functions.capacity.adapters.base import Kind
from trimtab_functions.capacity.adapters.eks_companions import (
    reservation_specification,
    tag_specifications,
)
from trimtab_functions.capacity.adapters.followers import Followed, Follower, Now
from trimtab_functions.capacity.adapters.managed import for_provider, held_managed, managed
from trimtab_functions.capacity.documents import Document, items, mapping, text

_DECIDED_FIELDS = (
    "capacityReservationSpecification",
    "instanceMarketOptions",
    "instanceType",
    "tagSpecifications",
    "tags",
)


class LaunchTemplate(Follower):
    """`ec2.aws.m.upbound.io` LaunchTemplate."""

    kinds = (Kind("ec2.aws.m.upbound.io", "LaunchTemplate"),)

    def follow(self, base: Document, observed: Document | None, now: Now) -> Followed:  # noqa: ARG002
        """The template with the plan's tags, and with what its group holds.

        Raises:
            InputError: it serves a pool of which a group holds capacity of its own.
        """
        group = now.groups[0].group
        provider = dict(for_provider(base))
        of_resource = group_tags(now.plan, now.pool, group)
        of_machines = instance_tags(now.plan, now.pool, group)
        if now.ref.name is None:
            _refuse_held(now)
            of_resource, of_machines = _of_pool(of_resource), _of_pool(of_machines)
        else:
            _name_capacity(provider, now)
        provider["tags"] = {**mapping(provider.get("tags")), **of_resource}
        provider["tagSpecifications"] = _joined(
            items(provider.get("tagSpecifications")), tag_specifications(of_machines)
        )
        return Followed(managed(base, provider))

    def held(self, base: Document, observed: Document | None) -> Document | None:
        """One that does not exist waits: its first version is to be the one that the plan asks for."""
        return None if observed is None else held_managed(observed, base, _DECIDED_FIELDS)


def _name_capacity(provider: dict[str, Any], now: Now) -> None:
    group = now.groups[0].group
    capacity = capacity_of(group, str(now.ref))
    held = reservation_specification(capacity)
    if held is not None:
        provider["capacityReservationSpecification"] = held
    if isinstance(capacity, BlockCapacity):
        provider["instanceMarketOptions"] = {"marketType": "capacity-block"}
        provider["instanceType"] = group.offers[0].instance_type


def _refuse_held(now: Now) -> None:
    for each in now.groups:
        if each.group.purchase.option == "owned":
            continue
        capacity = capacity_of(each.group, f"{now.ref}/{each.group.name}")
        if not isinstance(capacity, OpenCapacity):
            names = [one.group.name for one in now.groups]
            raise InputError(
                f"group {each.group.name} runs on capacity that a launch template must name, and "
                "this one serves the whole pool",
                mend=f"label a template of its own with trimtab.dev/group, one of {allowed(names)}",
            )


def _of_pool(tags: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in tags.items() if key not in (GROUP_TAG, OPTION_TAG)}


def _joined(own: list[Any], ours: list[Document]) -> list[Any]:
    """The specifications of both; of one kind of resource the tags of both, ours over its own."""
    missing = {each["resourceType"]: each["tags"] for each in ours}
    found = []
    for each in own:
        kind = text(mapping(each).get("resourceType"))
        if kind in missing:
            tags = {**mapping(mapping(each).get("tags")), **missing.pop(kind)}
            found.append({**mapping(each), "tags": tags})
        else:
            found.append(each)
    return [*found, *({"resourceType": kind, "tags": tags} for kind, tags in missing.items())]
