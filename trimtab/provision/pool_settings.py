"""What a pool's nodes are given besides sizes: the choices that a plan leaves to whoever runs them.

Stated by pool (`trainers`) or by one of its groups (`trainers/spot`); the group's own lies over the
pool's, key by key. The same settings hold for every provisioner; one that can't carry a setting out
refuses it by name rather than drop it.
"""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from trimtab.catalogue.accelerators import ACCELERATORS, MIG_INSTANCES_PER_DEVICE
from trimtab.errors import InputError, allowed
from trimtab.plan.eks import AmiFamily
from trimtab.plan.model import CapacityPlan, Group, Pool
from trimtab.plan.types import Count, Flag
from trimtab.provision.arguments import Arguments, checked

Sharing = Literal["none", "time-slicing", "mps"]
LocalStorage = Literal["none", "raid0"]


class Settings(Arguments):
    """How a pool's nodes are set up; None where the cluster's own choice holds."""

    ami_family: AmiFamily | None = None
    volume_gib: Annotated[Count, Field(ge=20, le=16384)] | None = None
    efa: Flag = False
    placement_group: Flag = False
    local_storage: LocalStorage = "none"
    mig_profile: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.+-]{0,62}$")] | None = None
    sharing: Sharing = "none"
    sharing_replicas: Annotated[Count, Field(ge=1, le=64)] = 1
    accelerator_taint: Flag = False
    team_taint: Flag = False
    readiness_taint: Flag = False
    max_unavailable_percentage: Annotated[Count, Field(ge=1, le=100)] | None = None
    node_repair: Flag = False

    @model_validator(mode="after")
    def _shared(self) -> Self:
        if (self.sharing == "none") != (self.sharing_replicas == 1):
            raise ValueError(
                f"sharing {self.sharing} with sharing_replicas {self.sharing_replicas}; give sharing "
                "time-slicing or mps with sharing_replicas of 2 or more, or neither"
            )
        if self.sharing == "mps" and self.mig_profile:
            raise ValueError(
                f"MPS can't share MIG slices (mig_profile {self.mig_profile}); give sharing "
                "time-slicing, or drop one of them"
            )
        return self

    @property
    def sharing_config(self) -> str | None:
        """Name of the device plugin's configuration that the pool's nodes choose by label."""
        return None if self.sharing == "none" else f"{self.sharing}-{self.sharing_replicas}"


class SettingsByGroup:
    """The settings of every group of a plan."""

    def __init__(
        self, plan: CapacityPlan, stated: Mapping[str, Mapping[str, Any]] | None, where: str
    ) -> None:
        """
        Args:
            plan: names the pools and groups that there are.
            stated: by `<pool>` or `<pool>/<group>`.
            where: the component's type and name, for errors.

        Raises:
            InputError: a key names nothing of the plan, or a setting is unknown, wrong, contradicts
                another, or does not fit the group (names the key).
        """
        stated = stated or {}
        check_places(stated, plan, "pools", where)
        self._found: dict[tuple[str, str], Settings] = {}
        for pool in plan.spec.pools:
            for group in pool.groups:
                found = group_settings(pool, group, stated, f"{where}: pools")
                self._found[pool.name, group.name] = found

    def of(self, pool: Pool, group: Group) -> Settings:
        """The settings of one group."""
        return self._found[pool.name, group.name]


def group_settings(
    pool: Pool, group: Group, stated: Mapping[str, Mapping[str, Any]], where: str
) -> Settings:
    """The settings of one group: its own over its pool's, key by key.

    Args:
        stated: by `<pool>` or `<pool>/<group>`; other keys are passed over.
        where: what holds them, for errors.

    Raises:
        InputError: a setting is unknown, wrong, contradicts another, or does not fit the group.
    """
    of_group = f"{pool.name}/{group.name}"
    merged = {**stated.get(pool.name, {}), **stated.get(of_group, {})}
    place = f"{where}.{of_group if of_group in stated else pool.name}"
    settings = checked(Settings, merged, place)
    _check(settings, pool, group, place)
    return settings


def check_places(stated: Iterable[str], plan: CapacityPlan, argument: str, where: str) -> None:
    """Refuse keys that name no `<pool>` or `<pool>/<group>` of the plan.

    Raises:
        InputError: one of them does not; names those that there are.
    """
    known = [
        name
        for pool in plan.spec.pools
        for name in (pool.name, *(f"{pool.name}/{group.name}" for group in pool.groups))
    ]
    for key in stated:
        if key not in known:
            raise InputError(
                f"{argument}: {key} is no pool or group of the plan",
                where=where,
                mend=f"use one of {allowed(known)}",
            )


def _check(settings: Settings, pool: Pool, group: Group, where: str) -> None:
    nvidia = group.accelerator is not None and group.accelerator.resource.startswith("nvidia.com/")
    for name, given in (
        ("mig_profile", settings.mig_profile),
        ("sharing", settings.sharing_config),
    ):
        if given and not nvidia:
            raise InputError(
                f"{name} is {given}, but group {group.name} has no NVIDIA GPU",
                where=where,
                mend=f"drop {name}, or state it for a group that has one",
            )
    model = group.accelerator.model if group.accelerator is not None else ""
    # A model that is newer than this release may have slices.
    if settings.mig_profile and model in ACCELERATORS and model not in MIG_INSTANCES_PER_DEVICE:
        raise InputError(
            f"mig_profile is {settings.mig_profile}, but group {group.name} has {model}, which can't "
            "be cut",
            where=where,
            mend=f"drop mig_profile, or use one of {allowed(sorted(MIG_INSTANCES_PER_DEVICE))}",
        )
    if settings.readiness_taint and group.accelerator is None:
        raise InputError(
            f"readiness_taint waits for accelerators, but group {group.name} has none",
            where=where,
            mend="drop it, or state it for a group that has them",
        )
    if settings.team_taint and not pool.owner.team:
        raise InputError(
            f"team_taint: pool {pool.name} states no team",
            where=where,
            mend="give its workloads owner.team, or drop team_taint",
        )
