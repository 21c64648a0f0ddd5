"""The CapacityPolicy document, `trimtab.dev/v1alpha1`: how plans may be carried out.

A plan says what to run; a policy is the platform team's word on how far and how fast a consumer may
follow it: how steady sizes are, how much may run, what may be bought, and which plans are believed.
It never makes anything smaller: what it forbids is not created and does not grow, and what runs stays.

Every field of the spec may be absent. Where there is no policy, `PolicySpec()` holds: the defaults.
"""

from typing import Annotated, Literal

from pydantic import Field

from trimtab.plan.model import KEYED_BY_NAME, Metadata, PurchaseOption
from trimtab.plan.types import (
    MAX_POOLS,
    Amount,
    Count,
    DnsLabel,
    Document,
    Flag,
    Invariant,
    Provider,
    Share,
    ShortText,
)

API_VERSION: Literal["trimtab.dev/v1alpha1"] = "trimtab.dev/v1alpha1"
KIND: Literal["CapacityPolicy"] = "CapacityPolicy"
MAX_NAMED = 64
"""Of instance types, regions, providers or digests in one list."""

Glob = Annotated[
    str,
    Field(strict=True, min_length=1, max_length=63, pattern=r"^[A-Za-z0-9.*?_-]+$"),
]
"""An instance type with `*` for any text and `?` for one character: `p5*.48xlarge`."""
PlanDigest = Annotated[
    str, Field(strict=True, min_length=12, max_length=12, pattern=r"^[0-9a-f]{12}$")
]
"""Of a plan's spec: what `CapacityPlan.digest` is and the label `trimtab.dev/plan-digest` has."""
PositiveShare = Annotated[float, Field(strict=True, gt=0, le=1, allow_inf_nan=False)]
PositiveHours = Annotated[float, Field(strict=True, gt=0, le=8_760, allow_inf_nan=False)]


class Stability(Document):
    """How a group's min and max may move."""

    hysteresis_nodes: Count = Field(
        default=2,
        description="A change of min or max by fewer nodes than this, and by a smaller share than"
        " hysteresisShare, is not made. 0: every change is.",
    )
    hysteresis_share: Share = Field(
        default=0.05,
        description="Of the present min or max; see hysteresisNodes. 0: every change is made.",
    )
    max_step_down_share: PositiveShare = Field(
        default=0.5,
        description="Largest part of the present min or max that may go in one window, and one node"
        " at the least.",
    )
    one_change_per_window: Flag = Field(
        default=True,
        description="A group's sizes fall once in a window at the most; growth is always let through.",
    )


class PoolLimit(Document):
    """How much one pool may be."""

    name: DnsLabel = Field(description="Of the pool, as the plan has it.")
    max_nodes: Count | None = Field(
        default=None, description="If every group ran at its max. Absent: any."
    )
    max_usd_per_hour: Amount | None = Field(
        default=None,
        description="If every group ran at its max, at the dearest of its offers. Owned machines are"
        " not counted; a group that is not priced is refused. Absent: any.",
    )

    invariants = (
        Invariant(
            "a pool's limit must state maxNodes or maxUsdPerHour",
            lambda p: p.max_nodes is not None or p.max_usd_per_hour is not None,
            "has(self.maxNodes) || has(self.maxUsdPerHour)",
        ),
    )


class Limits(Document):
    """How much a plan may be. A plan above it is not followed upwards; what runs stays."""

    max_nodes: Count | None = Field(
        default=None, description="Of the whole plan, if every group ran at its max. Absent: any."
    )
    max_usd_per_hour: Amount | None = Field(
        default=None, description="Of the whole plan, counted as in a pool. Absent: any."
    )
    pools: Annotated[tuple[PoolLimit, ...], Field(max_length=MAX_POOLS)] = Field(
        default=(), json_schema_extra=KEYED_BY_NAME
    )

    invariants = (
        Invariant(
            "pool names must be unique in limits",
            lambda s: len({p.name for p in s.pools}) == len(s.pools),
            "!has(self.pools) || self.pools.all(p, self.pools.exists_one(q, q.name == p.name))",
        ),
        Invariant(
            "a pool's maxNodes must not be above that of the whole plan",
            lambda s: (
                s.max_nodes is None or all((p.max_nodes or 0) <= s.max_nodes for p in s.pools)
            ),
            "!has(self.maxNodes) || !has(self.pools)"
            " || self.pools.all(p, !has(p.maxNodes) || p.maxNodes <= self.maxNodes)",
        ),
        Invariant(
            "a pool's maxUsdPerHour must not be above that of the whole plan",
            lambda s: (
                s.max_usd_per_hour is None
                or all((p.max_usd_per_hour or 0) <= s.max_usd_per_hour for p in s.pools)
            ),
            "!has(self.maxUsdPerHour) || !has(self.pools) || self.pools.all(p,"
            " !has(p.maxUsdPerHour) || p.maxUsdPerHour <= self.maxUsdPerHour)",
        ),
    )


class Allowed(Document):
    """What may be bought, and where. An absent list allows anything."""

    providers: Annotated[tuple[Provider, ...], Field(min_length=1, max_length=16)] | None = None
    regions: Annotated[tuple[ShortText, ...], Field(min_length=1, max_length=MAX_NAMED)] | None = (
        None
    )
    purchase_options: (
        Annotated[tuple[PurchaseOption, ...], Field(min_length=1, max_length=5)] | None
    ) = None
    instance_types: (
        Annotated[tuple[Glob, ...], Field(min_length=1, max_length=MAX_NAMED)] | None
    ) = Field(
        default=None,
        description="Each of a group's instance types must match one of them; * stands for any"
        " text, ? for one character.",
    )
    denied_instance_types: Annotated[tuple[Glob, ...], Field(max_length=MAX_NAMED)] = Field(
        default=(), description="None of a group's instance types may match one of them."
    )


class PlanTrust(Document):
    """Which plans are believed, and what they may begin."""

    max_age_hours: PositiveHours | None = Field(
        default=None,
        description="A plan whose asOf is so long ago counts as expired, whatever its validUntil."
        " Absent: validUntil alone counts.",
    )
    approved_digests: (
        Annotated[tuple[PlanDigest, ...], Field(min_length=1, max_length=MAX_NAMED)] | None
    ) = Field(
        default=None,
        description="Plans whose spec has one of these digests are believed, as the label"
        " trimtab.dev/plan-digest has it; any other counts as expired. Absent: every plan.",
    )
    may_start_groups: Flag = Field(
        default=True,
        description="Whether a plan may begin groups that do not run yet, or a new generation of"
        " one that does.",
    )


class PolicySpec(Document):
    """The policy itself."""

    stability: Stability = Stability()
    limits: Limits = Limits()
    allowed: Allowed = Allowed()
    plans: PlanTrust = PlanTrust()


class CapacityPolicy(Document):
    """How the plans of a cluster or a namespace may be carried out, as its platform team says it."""

    api_version: Literal["trimtab.dev/v1alpha1"] = API_VERSION
    kind: Literal["CapacityPolicy"] = KIND
    metadata: Metadata
    spec: PolicySpec

    @property
    def stability(self) -> Stability:
        """How a group's min and max may move."""
        return self.spec.stability
