"""What a cluster of any cloud takes from its plan and settings, before it thinks in a cloud's words.

Pure. The groups to provision with their sizes and settings; which settings a cloud has nothing for;
which zones a group stands in. A cloud without schedules keeps the sizes of the window that holds at
`as_of` until the next deployment.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from trimtab.errors import InputError
from trimtab.plan.model import CapacityPlan, Group, Pool, purchase_zone
from trimtab.plan.sizing import Sizes
from trimtab.provision.arguments import PlanArguments, instant_of, plan_of, said_by
from trimtab.provision.capacity_blocks import closed
from trimtab.provision.pool_settings import Settings, SettingsByGroup
from trimtab.provision.sized_groups import (
    SizedGroup,
    check_site,
    check_tags,
    sized_groups,
)

NOTHING = Sizes(0, 0, 0)


@dataclass(frozen=True)
class Planned:
    """A plan at an instant, with the settings of its groups.

    Attributes:
        groups: those to provision, in the plan's order.
        where: the component's type and name, for errors.
    """

    plan: CapacityPlan
    as_of: datetime
    groups: tuple[SizedGroup, ...]
    settings: SettingsByGroup
    where: str


def planned(arguments: PlanArguments, provider: str, region: str, where: str) -> Planned:
    """What the arguments ask for.

    Raises:
        InputError: an argument does not fit the plan.
        StalePlanError: the plan has expired, or is for another provider or region.
    """
    with said_by(where):
        plan = plan_of(arguments.plan, where)
        check_site(plan, provider, region)
        check_tags(arguments.tags, where)
        as_of = instant_of(arguments.as_of, plan, where)
        running = {key: each.sizes for key, each in arguments.running.items()}
        groups = sized_groups(plan, as_of, running, arguments.plan_pools)
    return Planned(plan, as_of, groups, SettingsByGroup(plan, arguments.pools, where), where)


def place_of(pool: Pool, group: Group, where: str) -> str:
    """A group as errors name it."""
    return f"{where}: group {pool.name}/{group.name}"


def sizes_at(sized: SizedGroup, as_of: datetime) -> tuple[Sizes, str | None]:
    """The sizes to ask for, and why they differ from the plan's window.

    A capacity block is at zero before it starts and from its drain on.
    """
    reason = closed(sized.group, as_of)
    if reason:
        return NOTHING, reason
    return sized.sizing.sizes, sized.sizing.reason


def refuse(settings: Settings, lacking: Mapping[str, str], cloud: str, where: str) -> None:
    """Refuse the settings that a cloud has nothing for.

    Args:
        lacking: what to do instead, by the setting's name.

    Raises:
        InputError: one of them is set; names it.
    """
    default = Settings()
    for name, mend in lacking.items():
        value = getattr(settings, name)
        if value != getattr(default, name):
            raise InputError(f"{cloud} has no {name} ({value})", where=where, mend=mend)


def zones_of(
    pool: Pool,
    group: Group,
    stated: Mapping[str, tuple[str, ...]],
    default: tuple[str, ...],
    where: str,
    read: Callable[[str], str] = str,
) -> tuple[str, ...]:
    """The zones of a group's nodes: its purchase's, else its own, its pool's, or the cluster's.

    Args:
        read: a zone as the cloud has it, of a zone as it is stated.

    Raises:
        InputError: its purchase pins it to another zone than is stated.
    """
    pinned = purchase_zone(group.purchase)
    found = stated.get(f"{pool.name}/{group.name}") or stated.get(pool.name)
    if pinned is None:
        return tuple(map(read, found or default))
    if found and tuple(map(read, found)) != (read(pinned),):
        raise InputError(
            f"pool_zones: {', '.join(found)}, but what is held is in {pinned}",
            where=where,
            mend="drop the group's zones",
        )
    return (read(pinned),)


def mig_profile(text: str | None) -> str | None:
    """The profile that cuts every GPU alike: `1g.10gb` of `all-1g.10gb`."""
    return text.removeprefix("all-") if text else None


_MIG = re.compile(r"[1-7]g\.\d+gb")


def whole_profile(text: str | None, cloud: str, where: str) -> str | None:
    """The same, refusing layouts that a cloud can't make.

    Raises:
        InputError: the layout mixes profiles.
    """
    profile = mig_profile(text)
    if profile is not None and not _MIG.fullmatch(profile):
        raise InputError(
            f"{cloud} cuts every GPU of a pool alike, not as mig_profile {text} says",
            where=where,
            mend="give one profile, such as all-1g.10gb",
        )
    return profile
