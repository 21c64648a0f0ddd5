"""When a capacity block's group may have nodes: one place, so that every provisioner agrees.

Pure. AWS ends a block's machines 30 minutes before its end, an UltraServer's 60 minutes before;
draining takes the half hour before that.

Source: EC2 user guide, "Capacity Blocks for ML" and "UltraServers", 2026-11.
"""

from datetime import datetime, timedelta
from itertools import pairwise

from trimtab.plan.model import CapacityBlock, Group, Window

_ULTRASERVERS = ("p6e-",)
_ULTRASERVER_EARLIER = timedelta(minutes=30)


def drains_at(group: Group) -> datetime | None:
    """From when on the group is at zero; None where it is no capacity block."""
    purchase = group.purchase
    if not isinstance(purchase, CapacityBlock):
        return None
    ultraserver = any(offer.instance_type.startswith(_ULTRASERVERS) for offer in group.offers)
    return purchase.drains_at - _ULTRASERVER_EARLIER if ultraserver else purchase.drains_at


def closed(group: Group, as_of: datetime) -> str | None:
    """Why the group has no node at the instant, or None where it may have some."""
    purchase, drain = group.purchase, drains_at(group)
    if not isinstance(purchase, CapacityBlock) or drain is None:
        return None
    if purchase.starts_at is not None and as_of < purchase.starts_at:
        return "the capacity block has not begun"
    return "the capacity block ends: its nodes are drained" if as_of >= drain else None


def open_windows(group: Group) -> tuple[Window, ...]:
    """The group's windows, cut where a capacity block begins and drains, and at zero outside it."""
    purchase, drain = group.purchase, drains_at(group)
    if not isinstance(purchase, CapacityBlock) or drain is None:
        return group.windows
    cuts = sorted(each for each in (purchase.starts_at, drain) if each is not None)
    found = []
    for window in group.windows:
        edges = [
            window.start,
            *(cut for cut in cuts if window.start < cut < window.end),
            window.end,
        ]
        for start, end in pairwise(edges):
            shut = {} if closed(group, start) is None else {"min": 0, "desired": 0, "max": 0}
            found.append(window.model_copy(update={"start": start, "end": end, **shut}))
    return tuple(found)
