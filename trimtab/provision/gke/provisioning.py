"""How a group's nodes come to be on GKE: on demand, on spot, out of a reservation, or queued.

Pure. Sources: GKE's REST reference (NodePool) and its pages on reservations and queued provisioning,
2026-11.
"""

import re
from dataclasses import dataclass

from trimtab.errors import InputError
from trimtab.plan.model import CapacityBlock, Group, HeldReservation, Reserved
from trimtab.provision.pool_settings import Settings

RESERVATION_KEY = "compute.googleapis.com/reservation-name"
"""Of a node pool's reservation affinity."""
_RESERVATION = re.compile(
    r"(?:projects/[a-z][-a-z0-9]{4,28}[a-z0-9]/reservations/)?[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?"
    r"(?:/reservationBlocks/[a-z][-a-z0-9]{0,62})?"
)


@dataclass(frozen=True)
class Standard:
    """On demand; what a committed-use discount covers is billed by it."""


@dataclass(frozen=True)
class Spot:
    """Spot VMs."""


@dataclass(frozen=True)
class Reservation:
    """Inside one reservation and nowhere else."""

    name: str


@dataclass(frozen=True)
class Queued:
    """Only as a whole, when there is room: through ProvisioningRequests (DWS)."""


Provisioning = Standard | Spot | Reservation | Queued


def provisioning_of(group: Group, settings: Settings, where: str, *, queued: bool) -> Provisioning:
    """How a group's nodes come.

    Args:
        settings: the group's.
        where: who provisions them, for errors.
        queued: whether they are to come through ProvisioningRequests.

    Raises:
        InputError: they can't be queued, or the reservation is none of Google Cloud's.
    """
    match group.purchase:
        case Reserved(reservation=HeldReservation() as held):
            name, zone = held.id, held.zone
        case CapacityBlock(reservation_id=name, zone=zone):
            pass
        case _:
            name = zone = None
    option = group.purchase.option
    if queued and option != "on-demand":
        raise InputError(
            f"queued: a {option} group can't be queued", where=where, mend="queue on-demand groups"
        )
    if queued and settings.node_repair:
        raise InputError(
            "queued: GKE can't repair nodes that it queues", where=where, mend="drop node_repair"
        )
    if isinstance(group.purchase, Reserved) and group.purchase.reservation and name is None:
        raise InputError(
            "Google Cloud has no groups of reservations (groupArn)",
            where=where,
            mend="give purchase.reservation.id with the reservation's name",
        )
    if name is not None:
        if not _RESERVATION.fullmatch(name):
            raise InputError(
                f"{name} is no reservation's name",
                where=where,
                mend="give its name, or projects/<project>/reservations/<name> where it is shared",
            )
        if zone is None:
            raise InputError(
                f"the zone of reservation {name} is not stated, and a reservation is in one",
                where=where,
                mend="give the zone beside the reservation in the plan",
            )
        return Reservation(name)
    if option == "spot":
        return Spot()
    return Queued() if queued else Standard()
