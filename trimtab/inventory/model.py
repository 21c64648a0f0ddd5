"""What is there before a plan is made."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

NodesOption = Literal["reserved", "capacity-block", "odcr"]
Term = Literal["1y", "3y"]


@dataclass(frozen=True)
class HeldNodes:
    """Nodes of one type that are paid for until they expire, run or not.

    Attributes:
        id: unique in its file.
        option: `reserved` (reserved instances, committed use), `capacity-block`, or `odcr` (an
            on-demand capacity reservation, billed at list price).
        provider, region, instance_type: what they are.
        quantity: how many.
        usd_per_hour: of one; None where it is the list price or not known.
        term: what was bought, where it was bought for a term.
        starts, expires: [starts, expires); no end: until it is cancelled.
        pool: the only pool that may use them; None: any that can.
        commitment: digest of the plan's line by which they were bought, where they were.
        zone: where an ODCR or a capacity block is, where it is stated.
        group_arn: the resource group of capacity reservations by which an ODCR is targeted.
        where: file, line and field, for errors.
    """

    id: str
    option: NodesOption
    provider: str
    region: str
    instance_type: str
    quantity: int
    usd_per_hour: float | None
    term: Term | None
    starts: datetime
    expires: datetime | None
    pool: str | None = None
    commitment: str | None = None
    zone: str | None = None
    group_arn: str | None = None
    where: str = ""

    @property
    def targeted(self) -> bool:
        """Whether nodes must ask for it by name: an ODCR that says where it is, or in what group."""
        return self.option == "odcr" and bool(self.zone or self.group_arn)


@dataclass(frozen=True)
class SavingsPlan:
    """A promise to spend so much an hour, at the committed rates of whatever type runs.

    Attributes as `HeldNodes`; `region` is None where it holds everywhere, `instance_types` are those
    that it is limited to (empty: any).
    """

    id: str
    provider: str
    region: str | None
    instance_types: tuple[str, ...]
    usd_per_hour: float
    term: Term
    starts: datetime
    expires: datetime
    pool: str | None = None
    where: str = ""


@dataclass(frozen=True)
class OwnedNodes:
    """Machines of one's own that serve one pool: used first, for they cost the same idle.

    Attributes:
        id: unique in its file.
        pool: the pool that they serve.
        site: where they stand.
        instance_type: what a node is called.
        quantity: how many.
        units_per_node: demand that one serves, in the pool's unit.
        architecture: `x86_64` or `arm64`.
        usd_per_hour: what one costs, where it is known.
        gco2e_per_hour: what one emits, where it is known.
        basis: how the two followed from the hardware's papers; empty where they were stated.
        accelerator: model that one carries, as the catalogue names it.
        accelerator_count: how many of them.
        where: file, line and field, for errors.
    """

    id: str
    pool: str
    site: str
    instance_type: str
    quantity: int
    units_per_node: float
    architecture: str = "x86_64"
    usd_per_hour: float | None = None
    gco2e_per_hour: float | None = None
    basis: str = ""
    accelerator: str | None = None
    accelerator_count: float | None = None
    where: str = ""


@dataclass(frozen=True)
class RunningNodes:
    """What a group of a pool runs now; `since`: when it last became smaller, where that is known."""

    pool: str
    group: str
    nodes: int
    since: datetime | None = None
    where: str = ""


@dataclass(frozen=True)
class OwnedStorage:
    """Storage of one's own, as its owner knows it.

    Attributes:
        id: unique in its file.
        backend: in the words of the storage catalogue: `ceph-block`.
        site: where it stands.
        gib: usable, copies not counted.
        usd_per_gib_month: what it costs, where it is known.
        kgco2e_per_tib_hour: what it emits, where it is known.
        max_iops, max_mibps: that one volume of it can have, where they are known.
        where: file, line and field, for errors.
    """

    id: str
    backend: str
    site: str
    gib: float
    usd_per_gib_month: float | None = None
    kgco2e_per_tib_hour: float | None = None
    max_iops: float | None = None
    max_mibps: float | None = None
    where: str = ""


@dataclass(frozen=True)
class RunningStorage:
    """What a storage tier is provisioned with now, summed over its volumes."""

    tier: str
    backend: str
    gib: float
    iops: float = 0.0
    mibps: float = 0.0
    where: str = ""


@dataclass(frozen=True)
class Site:
    """Where the cluster is: one provider's region."""

    provider: str
    region: str


@dataclass(frozen=True)
class Inventory:
    """Everything that is there.

    Attributes:
        source, digest: of the file.
        site: where the cluster is, where the file says so.
    """

    source: str = ""
    digest: str = ""
    site: Site | None = None
    nodes: tuple[HeldNodes, ...] = ()
    savings_plans: tuple[SavingsPlan, ...] = ()
    owned: tuple[OwnedNodes, ...] = ()
    running: tuple[RunningNodes, ...] = ()
    owned_storage: tuple[OwnedStorage, ...] = ()
    running_storage: tuple[RunningStorage, ...] = ()


@dataclass(frozen=True)
class Approval:
    """A person's leave to buy a line of a plan.

    Attributes:
        name: of the document.
        plan: name of the plan whose line it is.
        commitment: the line's digest.
        quantity: at most so many nodes.
        ceiling_usd_per_hour: at most at this price each.
        approved_by: who.
        approved_at, expires: [approved_at, expires) is when it may be acted on.
        where: file, line and field, for errors.
    """

    name: str
    plan: str
    commitment: str
    quantity: int
    ceiling_usd_per_hour: float
    approved_by: str
    approved_at: datetime
    expires: datetime
    where: str = ""


@dataclass(frozen=True)
class Approvals:
    """Recorded approvals, and the digest of the files that they stand in."""

    source: str = ""
    digest: str = ""
    each: tuple[Approval, ...] = field(default=())
