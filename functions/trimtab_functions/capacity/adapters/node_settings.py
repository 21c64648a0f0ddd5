"""How the nodes of a composed pool are set up, as an XR's `spec.nodeSettings` has it by place."""

from collections.abc import Mapping
from typing import Any

from trimtab.errors import InputError
from trimtab.plan.model import Group, Pool
from trimtab.provision.arguments import argument_name, checked
from trimtab.provision.pool_settings import Settings
from trimtab_functions.capacity.adapters.settings import XR_SPEC

MAX_PLACES = 64
"""Of `<pool>` and `<pool>/<group>` in one map of a spec."""


def node_settings(stated: Mapping[str, Mapping[str, Any]], pool: Pool, group: Group) -> Settings:
    """The settings of a group's nodes: its own over its pool's, in the XR's spelling (`volumeGib`).

    Raises:
        InputError: one is unknown or wrong, or counts nodes by a share of a max that moves.
    """
    of_group = f"{pool.name}/{group.name}"
    merged = {**stated.get(pool.name, {}), **stated.get(of_group, {})}
    where = f"{XR_SPEC}.nodeSettings: {of_group if of_group in stated else pool.name}"
    found = checked(Settings, {argument_name(key): each for key, each in merged.items()}, where)
    if found.max_unavailable_percentage is not None:
        raise InputError(
            "maxUnavailablePercentage is a share of a max that every window may move",
            where=where,
            mend="give upgradeSettings in a template of your own",
        )
    return found
