"""What `trimtab plan` is told of the present and of what is to come: inventory, approvals, events.

A pool's name that no pool of the plan has is a typo in an events file, and an error; an inventory may
be of more than one cluster, so there it is said and passed over.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from trimtab.cli.plan_options import PlanOptions
from trimtab.demand.events import Event, check_names, read_events
from trimtab.errors import InputError
from trimtab.files import read_bytes, sha256
from trimtab.inventory.approvals import load_approvals
from trimtab.inventory.document import load_inventory
from trimtab.inventory.model import Inventory
from trimtab.limits.document import load_limits
from trimtab.limits.latency import load_latency, within_reach
from trimtab.limits.model import Limits
from trimtab.plan.document import load_plan
from trimtab.plan.evidence import Input
from trimtab.plan.model import CapacityPlan
from trimtab.planning.approved import approved_lines
from trimtab.planning.request import PoolRequest
from trimtab.workloads.model import Workload


@dataclass(frozen=True)
class PresentInputs:
    """What the files say, with their digests and what there is to say of them."""

    inventory: Inventory | None
    previous: CapacityPlan | None
    events: tuple[Event, ...]
    limits: Limits
    inputs: tuple[Input, ...]
    sentences: tuple[str, ...]


def read_present(
    options: PlanOptions, pools: Sequence[PoolRequest], as_of: datetime
) -> PresentInputs:
    """The files behind `--inventory`, `--previous`, `--approvals`, `--events` and `--limits`.

    Args:
        options: as given.
        pools: the plan's pools.
        as_of: the instant of the decision.

    Raises:
        InputError: a file is wrong, or two of them contradict.
    """
    names = {pool.name for pool in pools}
    inputs: list[Input] = []
    sentences: list[str] = []
    inventory = load_inventory(options.inventory) if options.inventory else None
    if inventory and options.inventory:
        inputs.append(_input("inventory", options.inventory, inventory.digest))
        sentences += _strangers(inventory, names)
    previous = load_plan(options.previous) if options.previous else None
    if previous and options.previous:
        digest = sha256(read_bytes(options.previous))
        inputs.append(_input("previous-plan", options.previous, digest))
        _check_before(previous, as_of, options.previous)
        sentences += [
            f"previous: pool {pool.name} is planned no more: its groups go with this plan"
            for pool in previous.spec.pools
            if pool.name not in names
        ]
    if options.approvals:
        approvals = load_approvals(options.approvals)
        inputs.append(_input("approvals", options.approvals, approvals.digest))
        held, said = approved_lines(approvals, previous, inventory, as_of)
        sentences += said
        if held:
            inventory = inventory or Inventory()
            inventory = replace(inventory, nodes=(*inventory.nodes, *held))
    events: tuple[Event, ...] = ()
    if options.events:
        events = read_events(options.events)
        check_names(events, names)
        known = ", ".join(event.name for event in events)
        sentences += [f"events: {known}: expected as their file says"] if events else []
        inputs.append(_input("events", options.events, sha256(read_bytes(options.events))))
    limits = Limits()
    if options.limits:
        workloads = {workload.name for pool in pools for workload in pool.workloads}
        limits = load_limits(options.limits, names, workloads)
        inputs.append(_input("limits", options.limits, limits.digest))
        _check_terms(options, limits)
    return PresentInputs(inventory, previous, events, limits, tuple(inputs), tuple(sentences))


def within_latency(
    options: PlanOptions, pools: Sequence[PoolRequest], limits: Limits, offered: Collection[str]
) -> tuple[tuple[PoolRequest, ...], tuple[Input, ...], tuple[str, ...]]:
    """The pools with their latency bounds made hard by `--latency`, its input and what to say.

    Raises:
        InputError: the table is wrong, or nothing says where a workload's users are.
        InfeasibleError: no region on offer is near enough.
    """
    if options.latency is None:
        return tuple(pools), (), ()
    table = load_latency(options.latency)
    clients = dict(limits.clients)
    said: list[str] = []

    def near(workload: Workload) -> Workload:
        bounded = within_reach(workload, clients.get(workload.name, ()), table, offered)
        if workload.latency_ms is not None:
            said.append(
                f"{workload.name}: regions within "
                f"{workload.latency_ms:g} ms of its users on offer: {len(bounded.regions)}"
            )
        return bounded

    found = tuple(
        replace(pool, workloads=tuple(near(workload) for workload in pool.workloads))
        for pool in pools
    )
    return found, (_input("latency", options.latency, table.digest),), tuple(said)


def _check_terms(options: PlanOptions, limits: Limits) -> None:
    """Raises InputError where a term is asked for that the limits do not allow."""
    if limits.terms is None or set(options.terms) & set(limits.terms):
        return
    raise InputError(
        f"allows commitments of {', '.join(limits.terms)} only, and {', '.join(options.terms)} is "
        "asked for",
        where=f"--limits {limits.source}, spec.commitments.terms",
        mend=f"give --term {limits.terms[0]}, or allow the other",
    )


def _input(kind: str, path: Path, digest: str) -> Input:
    return Input.model_validate({"kind": kind, "name": path.name or str(path), "digest": digest})


def _check_before(previous: CapacityPlan, as_of: datetime, path: Path) -> None:
    """Raises InputError for a plan before that was made after this one is."""
    if previous.spec.as_of > as_of:
        raise InputError(
            f"was made as of {previous.spec.as_of:%Y-%m-%dT%H:%M:%SZ}, after this one's instant",
            where=f"--previous {path}",
            mend="give the plan that is in force, or a later --as-of",
        )


def _strangers(inventory: Inventory, pools: Collection[str]) -> list[str]:
    """What an inventory says of pools that are not planned."""
    named: dict[str, str] = {}
    rows: Sequence[tuple[str | None, str]] = [
        *((each.pool, f"runs {each.nodes} nodes ({each.group})") for each in inventory.running),
        *((each.pool, f"has {each.id}") for each in inventory.owned),
        *((each.pool, f"has {each.id}") for each in inventory.nodes),
        *((each.pool, f"has {each.id}") for each in inventory.savings_plans),
    ]
    for pool, what in rows:
        if pool is not None and pool not in pools:
            named.setdefault(pool, what)
    return [
        f"inventory: pool {pool} {what} and is none of this plan's: passed over"
        for pool, what in named.items()
    ]
