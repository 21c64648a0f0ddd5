"""EFA: which network interfaces a group's machines get.

One EFA interface for each card that takes one. Card 0 keeps an ordinary interface for IP traffic and,
where it has room, an EFA-only one beside it: EFA-only interfaces take no IP address.

Sources: EC2 user guide, "Maximize network bandwidth on Amazon EC2 instances with multiple network
cards" and "Get started with EFA" (security group), 2026-11. Traffic of EFA is matched by rules that
name the group only, so outbound 0.0.0.0/0 is not enough.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from trimtab.errors import InputError
from trimtab.provision.eks.machines import NetworkCards, machine

InterfaceType = Literal["interface", "efa", "efa-only"]


@dataclass(frozen=True)
class NetworkInterface:
    """One interface of a machine: which card holds it, and where on the card."""

    card: int
    device: int
    type: InterfaceType


def efa_interfaces(instance_types: Sequence[str], where: str) -> tuple[NetworkInterface, ...]:
    """The interfaces of machines with every EFA interface that they can have.

    Args:
        instance_types: of one group; one launch template serves them all.
        where: the group, for errors.

    Raises:
        InputError: a machine has no EFA or is not known, or the machines differ.
    """
    layouts = {name: _layout(name, where) for name in instance_types}
    first, *others = layouts.items()
    for name, layout in others:
        if layout != first[1]:
            raise InputError(
                f"efa: {first[0]} and {name} have their EFA interfaces on other network cards, "
                "and a group has one launch template",
                where=where,
                mend="keep one of them in the group",
            )
    return first[1]


def _layout(instance_type: str, where: str) -> tuple[NetworkInterface, ...]:
    found = machine(instance_type)
    if found is None or found.network is None:
        raise InputError(
            f"efa: the network cards of {instance_type} are not known to this release",
            where=where,
            mend="use a type of trimtab/provision/eks/machines.csv, or drop efa",
        )
    if not found.network.efa:
        raise InputError(
            f"efa: {instance_type} has no EFA",
            where=where,
            mend="use a larger size or another type, or drop efa",
        )
    return tuple(_interfaces(found.network))


def _interfaces(network: NetworkCards) -> Sequence[NetworkInterface]:
    others = [NetworkInterface(card, 0, "efa-only") for card in network.efa if card]
    if 0 not in network.efa:
        return [NetworkInterface(0, 0, "interface"), *others]
    if network.first_card_interfaces < 2:
        return [NetworkInterface(0, 0, "efa"), *others]
    beside = [NetworkInterface(0, 0, "interface"), NetworkInterface(0, 1, "efa-only")]
    return [*beside, *others]
