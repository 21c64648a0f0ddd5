"""What an XR says of the Karpenter objects to compose: its `spec.karpenter`.

The same choices as the Pulumi component KarpenterPools takes, in an XR's words; what they mean is said
there and in `trimtab.provision.karpenter`.
"""

from typing import Annotated, Any, Self

from pydantic import ConfigDict, Field, model_validator

from trimtab.errors import InputError, allowed
from trimtab.plan.eks import AmiFamily
from trimtab.plan.model import CapacityPlan, Group, Pool
from trimtab.plan.types import Count, Digest, DnsLabel, Flag, ShortText, to_camel
from trimtab.provision.arguments import argument_name
from trimtab.provision.karpenter.budgets import WEEKDAYS, Maintenance, Weekday
from trimtab.provision.karpenter.node_class import NodeSettings, ReservationSelector
from trimtab.provision.karpenter.objects import Choices
from trimtab.provision.karpenter.shapes import Mode
from trimtab.provision.karpenter.static import Baseline
from trimtab.provision.pool_settings import Settings, SettingsByGroup, check_places
from trimtab.provision.sized_groups import check_tags
from trimtab_functions.capacity.adapters.settings import (
    ComposeSettings,
    ProviderConfigRef,
    SpecPart,
)

WHERE = "the XR's spec.karpenter"


class _Own(SpecPart):
    """A part of `spec.karpenter`, which is nobody else's: an unknown field is a slip."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, alias_generator=to_camel, populate_by_name=True
    )


class MaintenanceWindow(_Own):
    """When nodes may be replaced whose work must not be interrupted; UTC."""

    start: Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
    hours: Annotated[Count, Field(ge=1, le=24)]
    days: Annotated[tuple[Weekday, ...], Field(min_length=1, max_length=7)] = WEEKDAYS

    def window(self) -> Maintenance:
        """The same in minutes."""
        hour, minute = map(int, self.start.split(":"))
        days = tuple(day for day in WEEKDAYS if day in self.days)
        return Maintenance(days, hour * 60 + minute, self.hours * 60)


class ReservationTags(_Own):
    """Held reservations by what they bear, where the plan does not name their id."""

    tags: Annotated[dict[str, str], Field(min_length=1, max_length=20)]
    owner_id: Annotated[str, Field(pattern=r"^\d{12}$")] | None = None


class KarpenterPart(_Own):
    """How the objects are made.

    Attributes:
        objects: whose cluster they are applied to, each in an `Object` of provider-kubernetes; None
            composes them as they are, in the control plane's own cluster, which takes a cluster-scoped
            XR.
        pools: how nodes are set up, by `<pool>` or `<pool>/<group>`.
    """

    objects: ProviderConfigRef | None = None
    mode: Mode = "karpenter"
    node_role: ShortText | None = None
    ami_family: AmiFamily = "AL2023"
    ami_version: Annotated[str, Field(pattern=r"^(latest|v[0-9.]+)$", max_length=63)] = "latest"
    volume_gib: Annotated[Count, Field(ge=20, le=16384)] = 100
    volume_key_arn: ShortText | None = None
    metadata_hop_limit: Annotated[Count, Field(ge=1, le=64)] = 1
    tags: Annotated[dict[str, str], Field(max_length=40, default_factory=dict)]
    static_baseline: Flag = False
    release: Annotated[tuple[DnsLabel, ...], Field(max_length=64)] = ()
    approved: Annotated[tuple[Digest, ...], Field(max_length=64)] = ()
    overlays: Flag = False
    maintenance: MaintenanceWindow | None = None
    reservations: Annotated[dict[str, ReservationTags], Field(max_length=64, default_factory=dict)]
    pools: Annotated[dict[str, dict[str, Any]], Field(max_length=64, default_factory=dict)]

    @model_validator(mode="after")
    def _within_auto_mode(self) -> Self:
        if self.mode == "eks-auto":
            own = {"overlays", "ami_family", "ami_version", "metadata_hop_limit"}
            for name in sorted(own & self.model_fields_set):
                raise ValueError(f"EKS Auto Mode has no {to_camel(name)}")
        return self


class KarpenterSettings(ComposeSettings):
    """What an XR says of the NodePools to compose."""

    cluster_name: ShortText
    karpenter: KarpenterPart = Field(default_factory=KarpenterPart)

    def choices(self, plan: CapacityPlan) -> Choices:
        """The same as `trimtab.provision.karpenter` has them.

        All but sizes is decided for the plan's whole span, so nothing moves with the clock.

        Raises:
            InputError: a tag is Trimtab's own, or a name is none of the plan's.
        """
        part = self.karpenter
        check_tags(part.tags, WHERE)
        check_places(part.reservations, plan, "reservations", WHERE)
        pools = [pool.name for pool in plan.spec.pools]
        for name in part.release:
            if name not in pools:
                raise InputError(
                    f"release: {name} is no pool of the plan",
                    where=WHERE,
                    mend=f"use one of {allowed(pools)}",
                )
        return Choices(
            nodes=NodeSettings(
                cluster=self.cluster_name,
                role=part.node_role or f"KarpenterNodeRole-{self.cluster_name}",
                family=part.ami_family,
                ami_version=part.ami_version,
                volume_gib=part.volume_gib,
                volume_key_arn=part.volume_key_arn,
                metadata_hop_limit=part.metadata_hop_limit,
                mode=part.mode,
                reservations={
                    key: ReservationSelector(each.tags, each.owner_id)
                    for key, each in part.reservations.items()
                },
            ),
            as_of=plan.spec.start,
            tags=part.tags,
            baseline=Baseline(part.static_baseline, part.approved, part.release),
            overlays=part.overlays,
            maintenance=part.maintenance.window() if part.maintenance else None,
            where=WHERE,
        )

    def of(self, plan: CapacityPlan, pool: Pool, group: Group) -> Settings:
        """How a group's nodes are set up.

        Raises:
            InputError: a setting is unknown or wrong, or needs what this function does not compose.
        """
        stated = {
            place: {argument_name(name): value for name, value in each.items()}
            for place, each in self.karpenter.pools.items()
        }
        found = SettingsByGroup(plan, stated, WHERE).of(pool, group)
        if found.placement_group:
            raise InputError(
                f"pools: this function composes no placement group ({pool.name}/{group.name})",
                where=WHERE,
                mend="drop placementGroup, or label an EC2NodeClass of your own that selects one",
            )
        return found
