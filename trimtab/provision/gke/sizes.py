"""A plan's sizes, which are whole groups', as GKE counts the nodes of a pool.

Pure. Bounds are always GKE's totals; the size to begin with is each zone's. Sources: GKE's REST reference
(NodePool) and its page on the cluster autoscaler, 2026-11; vllm-project/ci-infra#545 on slices' bounds.
"""

from dataclasses import dataclass

from trimtab.errors import InputError
from trimtab.plan.sizing import Sizes
from trimtab.provision.gke.provisioning import Provisioning, Queued, Standard


@dataclass(frozen=True)
class Total:
    """Bounds of the whole pool, kept by GKE's autoscaler.

    Attributes:
        initial: nodes in each zone when the pool is made.
        any_zone: whether the autoscaler takes nodes wherever there are some; else it balances zones.
    """

    min: int
    max: int
    initial: int
    any_zone: bool


@dataclass(frozen=True)
class Fixed:
    """The same number of nodes in every zone, whatever the load."""

    per_zone: int


@dataclass(frozen=True)
class Slice:
    """A TPU slice of several hosts: all of them or none."""

    hosts: int
    always: bool


PoolSizes = Total | Fixed | Slice


def same_everywhere(sizes: Sizes, zones: int, where: str) -> Fixed:
    """The desired size as GKE has it without an autoscaler.

    Raises:
        InputError: the zones don't divide it.
    """
    if sizes.max and sizes.desired % zones:
        raise InputError(
            f"autoscaled is false, and {sizes.desired} nodes are not the same number in each of "
            f"{zones} zones",
            where=where,
            mend="give pool_zones that divide them, or leave autoscaled true",
        )
    return Fixed(sizes.desired // zones)


def total_of(sizes: Sizes, zones: int, provisioning: Provisioning) -> Total | Fixed:
    """The pool's sizes as GKE's autoscaler keeps them; it takes no max of 0."""
    if sizes.max == 0:
        return Fixed(0)
    return Total(
        sizes.min,
        sizes.max,
        0 if isinstance(provisioning, Queued) else initial_per_zone(sizes, zones),
        not isinstance(provisioning, Standard),
    )


def initial_per_zone(sizes: Sizes, zones: int) -> int:
    """Nodes of a new pool in each zone: the desired size rounded up, as far as max allows."""
    return min(-(-sizes.desired // zones), sizes.max // zones)


def short_start(sizes: PoolSizes, zones: int) -> str | None:
    """Why a new pool has fewer nodes than its min, if so."""
    if not isinstance(sizes, Total) or sizes.initial * zones >= sizes.min:
        return None
    return (
        f"starts with {sizes.initial * zones} nodes, for {zones} zones start alike: GKE's autoscaler "
        f"comes to the min of {sizes.min} when work waits"
    )
