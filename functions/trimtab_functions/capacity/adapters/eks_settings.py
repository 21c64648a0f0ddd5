"""What an XR says of the EKS node groups to compose, and what a group becomes by it.

The shape of a group is `trimtab.provision.eks.groups.node_group_shape`'s, the same that the Pulumi
component deploys. An autoscaler is taken to own the desired sizes, as everywhere in this function.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from trimtab.errors import InputError
from trimtab.plan import eks
from trimtab.plan.attribution import group_key
from trimtab.plan.model import CapacityPlan, Group, Pool
from trimtab.plan.sizing import Sizes, Sizing
from trimtab.plan.types import Count, DnsLabel, ShortText
from trimtab.provision.arguments import argument_name, setting_name
from trimtab.provision.eks.groups import (
    NodeGroupShape,
    OpenCapacity,
    fixed_words,
    node_group_shape,
    pinned_zone,
)
from trimtab.provision.names import bounded_name
from trimtab.provision.pool_settings import Settings, check_places, group_settings
from trimtab.provision.sized_groups import SizedGroup, check_tags
from trimtab_functions.capacity.adapters.settings import XR_SPEC, CloudSettings, SpecPart

VOLUME_GIB = 100
"""Of a launch template that nobody gives another size, and of a whole cluster's nodes: the component's."""
_EKS_VOLUME_GIB = 20
"""Without a launch template: EKS CreateNodegroup, `diskSize`, 2026-11."""
FIRST_VERSION = "1"
"""Of a launch template that was just created, until it is reported."""
_NAME_ROOM = 128
"""EC2's limit for a launch template's name."""
# An XR's maps come in any order.
_IN_ORDER = AfterValidator(lambda value: dict(sorted(value.items())))


class LaunchTemplate(SpecPart):
    """An EC2 launch template of one group's nodes that others made."""

    pool: DnsLabel
    group: DnsLabel
    id: ShortText
    version: ShortText


class EksSettings(CloudSettings):
    """What an XR says of the node groups to compose.

    Attributes:
        zone_subnet_ids: the nodes' subnet in each zone, for groups that must stay in one; a placement
            group stands in the first by name.
        volume_gib: of a node's volume; None: EKS's 20, or 100 where there is a launch template.
        compose_launch_templates: `WhenNeeded`: for the groups that can't do without; `Always`: also
            for the cost tags on instances and volumes, and for instance metadata by session only.
        efa_security_group_ids: of nodes with EFA: the cluster's own, and one whose members may send
            each other everything.
        scheduled_windows: how many of a group's windows ahead are also scheduled actions of its Auto
            Scaling group, which act even when Crossplane does not.
        pool_settings: `trimtab.provision.pool_settings.Settings` in camelCase, by `<pool>` or
            `<pool>/<group>`.
    """

    cluster_name: ShortText
    node_role_arn: ShortText
    subnet_ids: Annotated[tuple[ShortText, ...], Field(min_length=1, max_length=16)]
    zone_subnet_ids: Annotated[
        dict[ShortText, ShortText], Field(max_length=16, default_factory=dict), _IN_ORDER
    ]
    ami_family: eks.AmiFamily = "AL2023"
    kubernetes_version: Annotated[str, Field(pattern=r"^1\.\d{2}$")] | None = None
    volume_gib: Annotated[Count, Field(ge=20, le=16384)] | None = None
    volume_key_arn: ShortText | None = None
    metadata_hop_limit: Annotated[Count, Field(ge=1, le=64)] | None = None
    efa_security_group_ids: Annotated[tuple[ShortText, ...], Field(max_length=16)] = ()
    tags: Annotated[dict[str, str], Field(max_length=40, default_factory=dict)]
    pool_settings: Annotated[dict[str, dict[str, Any]], Field(max_length=256, default_factory=dict)]
    compose_launch_templates: Literal["WhenNeeded", "Always"] = "WhenNeeded"
    launch_templates: Annotated[tuple[LaunchTemplate, ...], Field(max_length=64)] = ()
    scheduled_windows: Annotated[Count, Field(le=48)] = 0

    def __hash__(self) -> int:
        # Equal settings have equal ones of these; maps have no hash.
        return hash((self.region, self.cluster_name, self.subnet_ids, self.volume_gib))

    def launch_template(self, pool: str, group: str) -> LaunchTemplate | None:
        """The launch template that the XR gives for a group."""
        for template in self.launch_templates:
            if (template.pool, template.group) == (pool, group):
                return template
        return None


@dataclass(frozen=True)
class ComposedGroup:
    """A group of the plan as this XR's EKS cluster has it.

    Attributes:
        pool: the group's.
        variant: what can't change in place and the plan does not decide.
        given: the launch template that the XR gives; None: it gives none.
        templated: whether a launch template is composed.
        name: of what stands beside it in EC2, where names are a region's and not a cluster's; None:
            AWS's provider chooses it.
        subnet_ids: where its nodes may stand.
    """

    settings: EksSettings
    pool: Pool
    shape: NodeGroupShape
    variant: tuple[str, ...]
    given: LaunchTemplate | None
    templated: bool
    name: str | None
    subnet_ids: tuple[str, ...]


def composed_group(
    settings: EksSettings, plan: CapacityPlan, pool: Pool, group: Group
) -> ComposedGroup:
    """What a group becomes.

    Raises:
        InputError: EKS can't provision it, or the settings lack what it needs.
    """
    try:
        return _composed_group(settings, plan, pool, group)
    except InputError as error:
        raise _in_the_xrs_words(error) from None


def _composed_group(
    settings: EksSettings, plan: CapacityPlan, pool: Pool, group: Group
) -> ComposedGroup:
    check_tags(settings.tags, XR_SPEC)
    chosen = _chosen(settings, plan, pool, group)
    given = settings.launch_template(pool.name, group.name)
    family = chosen.ami_family or settings.ami_family
    volume = chosen.volume_gib or settings.volume_gib
    shape = _shape(settings, plan, pool, group, chosen, volume or VOLUME_GIB)
    needed = bool(
        not isinstance(shape.capacity, OpenCapacity)
        or shape.interfaces
        or shape.placement_group
        or shape.user_data
        or volume
        or settings.volume_key_arn
        or settings.metadata_hop_limit
    )
    templated = given is None and (needed or settings.compose_launch_templates == "Always")
    if not templated and volume is None:
        shape = _shape(settings, plan, pool, group, chosen, _EKS_VOLUME_GIB)
    where = f"{XR_SPEC}: {pool.name}/{group.name}"
    if templated and shape.interfaces and not settings.efa_security_group_ids:
        raise InputError(
            "efa: a launch template that states network interfaces states their security groups too",
            where=where,
            mend="give efa_security_group_ids: the cluster's own, and one whose members may send "
            "each other everything",
        )
    zone = pinned_zone(shape, settings.zone_subnet_ids.keys())
    return ComposedGroup(
        settings,
        pool,
        shape,
        fixed_words(family, chosen),
        given,
        templated,
        bounded_name(f"{settings.cluster_name}-{shape.name}", _NAME_ROOM),
        settings.subnet_ids if zone is None else (settings.zone_subnet_ids[zone],),
    )


def _shape(
    settings: EksSettings,
    plan: CapacityPlan,
    pool: Pool,
    group: Group,
    chosen: Settings,
    volume_gib: int,
) -> NodeGroupShape:
    first, *later = group.windows
    sizing = Sizing(Sizes(first.min, first.desired, first.max), None)
    return node_group_shape(
        plan,
        SizedGroup(pool, group, group_key(pool, group), sizing, tuple(later)),
        as_of=first.start,
        family=settings.ami_family,
        volume_gib=volume_gib,
        autoscaled=True,
        extra_tags=settings.tags,
        settings=chosen,
    )


def _chosen(settings: EksSettings, plan: CapacityPlan, pool: Pool, group: Group) -> Settings:
    if not settings.pool_settings:
        return _NOTHING_CHOSEN
    where = f"{XR_SPEC}.poolSettings"
    check_places(settings.pool_settings, plan, "poolSettings", XR_SPEC)
    stated: Mapping[str, Mapping[str, Any]] = {
        key: {argument_name(name): value for name, value in each.items()}
        for key, each in settings.pool_settings.items()
    }
    return group_settings(pool, group, stated, where)


_NOTHING_CHOSEN = Settings()
_WORDS = re.compile(r"\b[a-z]+(?:_[a-z]+)+\b")


def _in_the_xrs_words(error: InputError) -> InputError:
    """The error with the names of fields as the XR has them; elsewhere they are arguments."""

    def said(text: str | None) -> str | None:
        return text and _WORDS.sub(lambda found: setting_name(found[0]), text)

    return InputError(said(error.message) or "", where=said(error.where), mend=said(error.mend))
