"""The CapacityPlan document, `trimtab.dev/v1alpha1`.

A plan says what capacity one cluster runs, when, bought how, and why. It is a file in Git and, with
the same bytes, a Kubernetes resource. Sizes are whole nodes; a window is half-open, [start, end).
Commitments are proposals: buying one needs a separate approval that people own.
"""

import hashlib
import json
import re
from datetime import datetime, timedelta
from functools import cached_property
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import Field
from pydantic.config import JsonDict

from trimtab.plan.evidence import Evidence
from trimtab.plan.shared import Interval, OwnerRef
from trimtab.plan.storage import MAX_TIERS, StorageTier
from trimtab.plan.types import (
    MAX_GROUPS,
    MAX_POOLS,
    QUALIFIED_NAME_PATTERN,
    Amount,
    AnnotationKey,
    AnnotationText,
    Count,
    Digest,
    DnsLabel,
    Document,
    Instant,
    Invariant,
    LabelValue,
    Name,
    Namespace,
    PositiveAmount,
    PositiveCount,
    Provider,
    QualifiedName,
    Share,
    ShortText,
    Whole,
)

API_VERSION: Literal["trimtab.dev/v1alpha1"] = "trimtab.dev/v1alpha1"
KIND: Literal["CapacityPlan"] = "CapacityPlan"
MAX_WINDOWS = 48
BLOCK_DRAIN = timedelta(minutes=60)
"""How long before a capacity block's end its nodes are drained: AWS takes the machines back 30 minutes
before it (EC2 user guide, Capacity Blocks for ML, 2026-11)."""

KEYED_BY_NAME: JsonDict = {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"]}
UnitName = Literal["gpus", "nodes", "vcpus", "replicas", "requests-per-second"]
PurchaseOption = Literal["reserved", "on-demand", "spot", "capacity-block", "owned"]
PURCHASE_OPTIONS: tuple[PurchaseOption, ...] = (
    "owned",
    "reserved",
    "capacity-block",
    "spot",
    "on-demand",
)
"""In merit order: the order in which a pool's groups are filled."""


class HeldReservation(Document):
    """An on-demand capacity reservation that is held: the group's nodes run inside it and nowhere else.

    Without a zone the group's nodes may be asked for in any; a provisioner that can't tell which one
    has the reservation then finds no room in the others.
    """

    id: ShortText | None = Field(default=None, description="As AWS has it: cr-0123456789abcdef0.")
    group_arn: ShortText | None = Field(
        default=None,
        description="A resource group of type AWS::EC2::CapacityReservationPool.",
    )
    zone: ShortText | None = Field(
        default=None, description="Where the reservation is: the group's nodes stay there."
    )

    invariants = (
        Invariant(
            "a held reservation is named by exactly one of id and groupArn",
            lambda r: (r.id is None) != (r.group_arn is None),
            "has(self.id) != has(self.groupArn)",
        ),
    )


class Reserved(Document):
    """Nodes that a commitment pays for whether they run or not (RI, Savings Plan, CUD, held ODCR).

    They are provisioned as on-demand nodes and billed by the commitment; until the proposal named by
    `commitment` is approved and bought they cost the on-demand price. Without a `reservation` nothing
    is targeted: an RI and a Savings Plan find the nodes that they pay for by themselves; so does an
    ODCR that is open to every matching instance, but for Karpenter's nodes, which start in no
    reservation that is not selected, and leave it idle.
    """

    option: Literal["reserved"] = "reserved"
    term: Literal["1y", "3y", "open"] = Field(
        description="`open`: held until it is cancelled, as an ODCR is."
    )
    commitment: Digest | None = Field(
        default=None, description="Digest of the proposed commitment line; absent when it is held."
    )
    reservation: HeldReservation | None = Field(
        default=None,
        description="The held ODCR that the nodes run in; absent: none is targeted, and Karpenter leaves"
        " an open one idle.",
    )

    invariants = (
        Invariant(
            "a held reservation has the term open, and no commitment to be bought",
            lambda r: r.reservation is None or (r.term == "open" and r.commitment is None),
            "!has(self.reservation)"
            " || (has(self.term) && self.term == 'open' && !has(self.commitment))",
        ),
    )


class OnDemand(Document):
    """Nodes at list price, for demand above what is committed and what spot serves."""

    option: Literal["on-demand"] = "on-demand"


class Spot(Document):
    """Interruptible nodes; only a pool with interruptible work may hold them."""

    option: Literal["spot"] = "spot"
    pools: Annotated[int, Field(strict=True, ge=1, le=64), Whole] = Field(
        description="Spot pools (instance type x zone) that the group draws from."
    )


class CapacityBlock(Document):
    """Accelerators reserved for a stated span: the group is at zero before it starts and well before
    it ends."""

    option: Literal["capacity-block"] = "capacity-block"
    reservation_id: ShortText
    starts_at: Instant | None = Field(default=None, description="Absent: it has begun.")
    ends_at: Instant
    zone: ShortText | None = Field(
        default=None, description="Where the block is: the group's nodes stay there."
    )

    invariants = (
        Invariant(
            "a capacity block must start before it ends",
            lambda b: b.starts_at is None or b.starts_at < b.ends_at,
            "!has(self.startsAt) || !has(self.endsAt) || self.startsAt < self.endsAt",
        ),
    )

    @property
    def drains_at(self) -> datetime:
        """When the group's nodes go."""
        return self.ends_at - BLOCK_DRAIN


class Owned(Document):
    """Machines on premises or at the edge."""

    option: Literal["owned"] = "owned"
    site: ShortText


def purchase_zone(purchase: "Purchase") -> str | None:
    """The zone that the purchase pins nodes to, where it states one."""
    match purchase:
        case Reserved(reservation=HeldReservation(zone=zone)) | CapacityBlock(zone=zone):
            return zone
    return None


Purchase = Annotated[
    Reserved | OnDemand | Spot | CapacityBlock | Owned, Field(discriminator="option")
]


class PlannedOffer(Document):
    """One instance type that the group may run, at the price of the group's purchase option."""

    instance_type: ShortText
    usd_per_hour: Amount | None = Field(
        default=None, description="Per node at this purchase option; absent: not priced."
    )
    gco2e_per_hour: Amount | None = Field(default=None, description="Per node; absent: not known.")


class Accelerator(Document):
    """What a node of the group carries."""

    model: ShortText
    resource: QualifiedName = Field(
        description="Kubernetes resource name, for example nvidia.com/gpu."
    )
    per_node: Amount


class Taint(Document):
    """A taint on the group's nodes."""

    key: QualifiedName
    value: LabelValue = ""
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"]


class Window(Document):
    """Sizes in whole nodes that hold in [start, end)."""

    start: Instant
    end: Instant
    min: Count
    desired: Count
    max: Count

    invariants = (
        Invariant(
            "a window must start before it ends",
            lambda w: w.start < w.end,
            "self.start < self.end",
        ),
        Invariant(
            "sizes must satisfy min <= desired <= max",
            lambda w: w.min <= w.desired <= w.max,
            "self.min <= self.desired && self.desired <= self.max",
        ),
    )


class GroupExpected(Document):
    """Means over the plan's span, with every proposed commitment approved."""

    nodes: Amount
    usd_per_hour: Amount | None = Field(default=None, description="Absent: not priced.")
    kgco2e_per_hour: Amount | None = Field(default=None, description="Absent: not known.")


class Group(Document):
    """A pool's part with one purchase option: what a cloud can provision.

    `generation` digests what a cloud can't change in place (purchase option, instance types,
    accelerator, architecture, a stated zone); a changed group is a new resource, and the old one drains once the new
    one is ready.
    """

    name: DnsLabel
    generation: Annotated[str, Field(strict=True, pattern=r"^[0-9a-f]{6}$", max_length=6)]
    purchase: Purchase
    offers: Annotated[tuple[PlannedOffer, ...], Field(min_length=1, max_length=16)] = Field(
        description="In order of preference; all have the same unitsPerNode."
    )
    units_per_node: PositiveAmount
    architecture: Literal["x86_64", "arm64"]
    accelerator: Accelerator | None = None
    taints: Annotated[tuple[Taint, ...], Field(max_length=16)] = ()
    windows: Annotated[tuple[Window, ...], Field(min_length=1, max_length=MAX_WINDOWS)]
    expected: GroupExpected

    invariants = (
        Invariant(
            "windows must follow one another without gap or overlap",
            lambda g: all(a.end == b.start for a, b in pairwise(g.windows)),
            # Shifted by one, the starts are the ends: linear, where comparing pairs would be over
            # the API server's budget.
            "self.windows.map(w, w.start) + [self.windows[self.windows.size() - 1].end]"
            " == [self.windows[0].start] + self.windows.map(w, w.end)",
        ),
    )


class Baseline(Document):
    """What another rule would be expected to cost on the same forecast."""

    name: ShortText
    usd_per_hour: Interval
    kgco2e_per_hour: Amount | None = None
    shortage_share: Share


class PoolExpected(Document):
    """What the pool is expected to do over the plan's span.

    Intervals take every hour at the same quantile at once, so they are at their widest: hours that
    are not perfectly correlated make the true interval narrower.
    """

    demand: Interval = Field(description="Mean demand in the pool's unit.")
    usd_per_hour: Interval = Field(description="With every proposed commitment approved.")
    interruption_usd_per_hour: Amount | None = Field(
        default=None,
        description="Part of usdPerHour: work that spot interruptions lose, done again at list price.",
    )
    usd_per_hour_unapproved: Interval = Field(
        description="If no proposed commitment is approved: the same nodes at list price."
    )
    kgco2e_per_hour: Interval | None = Field(default=None, description="Absent: not known.")
    shortage_share: Share = Field(description="Expected share of demand unit-hours unmet.")
    shortage_unit_hours: Amount
    baselines: Annotated[tuple[Baseline, ...], Field(max_length=16)]


class Pool(Document):
    """A set of interchangeable nodes that serves one or more workloads."""

    name: DnsLabel
    workloads: Annotated[tuple[Name, ...], Field(min_length=1, max_length=64)]
    unit: UnitName
    owner: OwnerRef = OwnerRef()
    interruptible_share: Share = Field(description="Share of demand that spot may serve.")
    shortage_tolerance: Share
    labels: Annotated[dict[QualifiedName, LabelValue], Field(max_length=32)] = Field(
        default={}, description="Node labels that the workloads' selectors ask for."
    )
    groups: Annotated[tuple[Group, ...], Field(min_length=1, max_length=MAX_GROUPS)] = Field(
        json_schema_extra=KEYED_BY_NAME
    )
    expected: PoolExpected

    invariants = (
        Invariant(
            "group names must be unique in a pool",
            lambda p: len({g.name for g in p.groups}) == len(p.groups),
            "self.groups.all(g, self.groups.exists_one(h, h.name == g.name))",
        ),
        Invariant(
            "a pool without interruptible work must not hold a spot group",
            lambda p: (
                p.interruptible_share > 0 or all(g.purchase.option != "spot" for g in p.groups)
            ),
            "self.interruptibleShare > 0.0 || self.groups.all(g, g.purchase.option != 'spot')",
        ),
        Invariant(
            "a label's key must be a name with an optional DNS prefix, such as example.com/gpu-type",
            lambda p: all(re.search(QUALIFIED_NAME_PATTERN, key) for key in p.labels),
            f"!has(self.labels) || self.labels.all(k, k.matches(r'{QUALIFIED_NAME_PATTERN}'))",
        ),
    )


class Commitment(Document):
    """A proposal to bind money; nothing buys it without a matching, unexpired approval."""

    digest: Digest = Field(description="Of pool, offer, term, payment, quantity and price.")
    pool: DnsLabel
    group: DnsLabel
    provider: Provider
    region: ShortText
    instance_type: ShortText
    term: Literal["1y", "3y"]
    quantity: PositiveCount
    usd_per_hour: Amount = Field(description="Per node, whether it runs or not.")
    on_demand_usd_per_hour: Amount
    binding_usd: Amount = Field(description="What the whole line binds over its term.")
    break_even_utilisation: Share = Field(
        description="Share of the term that the last node must be used to pay for itself."
    )
    expected_utilisation: Share = Field(description="Of the whole line, over the plan's span.")
    last_node_utilisation: Share = Field(description="Of the line's least used node.")
    renews: ShortText | None = Field(
        default=None, description="Id of the held commitment in whose place it comes."
    )
    starts: Instant | None = Field(
        default=None, description="When it is to begin; absent: with the plan."
    )


class Site(Document):
    """Where the cluster is."""

    provider: Provider
    region: ShortText
    zones: Annotated[tuple[ShortText, ...], Field(max_length=16)] = ()


class PlanSpec(Document):
    """The plan itself."""

    as_of: Instant = Field(description="The instant at which the plan was made; an input.")
    start: Instant
    valid_until: Instant
    fallback: Literal["keep-running"] = Field(
        default="keep-running",
        description="After validUntil a consumer keeps what runs and lets it grow within its max.",
    )
    site: Site
    pools: Annotated[tuple[Pool, ...], Field(min_length=1, max_length=MAX_POOLS)] = Field(
        json_schema_extra=KEYED_BY_NAME
    )
    commitments: Annotated[tuple[Commitment, ...], Field(max_length=256)] = ()
    # None and not empty where no storage was planned: a plan's digest is of what it says.
    storage: (
        Annotated[tuple[StorageTier, ...], Field(min_length=1, max_length=MAX_TIERS)] | None
    ) = Field(
        default=None,
        json_schema_extra=KEYED_BY_NAME,
        description="What the cluster's volumes are provisioned with; absent: not planned.",
    )
    evidence: Evidence

    invariants = (
        Invariant(
            "a plan must start before it expires, and not before it was made",
            lambda s: s.as_of <= s.start < s.valid_until,
            "self.asOf <= self.start && self.start < self.validUntil",
        ),
        Invariant(
            "pool names must be unique in a plan",
            lambda s: len({p.name for p in s.pools}) == len(s.pools),
            "self.pools.all(p, self.pools.exists_one(q, q.name == p.name))",
        ),
        Invariant(
            "a commitment must name a pool of the plan",
            lambda s: {c.pool for c in s.commitments} <= {p.name for p in s.pools},
            "!has(self.commitments) || self.commitments.all(c, self.pools.exists(p, p.name == c.pool))",
        ),
        Invariant(
            "storage tiers must have names of their own",
            lambda s: len({t.name for t in s.storage or ()}) == len(s.storage or ()),
            "!has(self.storage) || self.storage.all(t, self.storage.exists_one(u, u.name == t.name))",
        ),
    )


class Metadata(Document):
    """The Kubernetes metadata that a plan file carries."""

    name: Name
    namespace: Namespace | None = None
    labels: dict[QualifiedName, LabelValue] = Field(default={})
    annotations: dict[AnnotationKey, AnnotationText] = Field(default={})


class CapacityPlan(Document):
    """The whole document."""

    api_version: Literal["trimtab.dev/v1alpha1"] = API_VERSION
    kind: Literal["CapacityPlan"] = KIND
    metadata: Metadata
    spec: PlanSpec

    @cached_property
    def digest(self) -> str:
        """Twelve hexadecimal digits of the spec: what every provisioned resource is tagged with.

        It speaks of the spec alone: labelling a plan or moving it to a namespace changes nothing.
        """
        spec = self.spec.model_dump(mode="json", by_alias=True, exclude_none=True)
        canonical = json.dumps(spec, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()[:12]
