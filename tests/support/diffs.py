"""Diffs made by hand, for tests of what is written from them.

`review()` is the pull request that reviewers meet: a pool moves from on-demand to spot, a GPU pool is added,
and a tag is forgotten. The others are the edges: nothing, only deletions, no price, no bounds, an
incomplete preview, many changes.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

from trimtab.diff.model import (
    BudgetResult,
    BudgetState,
    Change,
    Diff,
    FieldChange,
    Figures,
    Finding,
    Operation,
    Owner,
    OwnerCost,
    Rule,
    Severity,
)
from trimtab.pricing.amount import ZERO, Amount, between, exactly, total
from trimtab.pricing.model import (
    Basis,
    Charge,
    Emissions,
    Estimate,
    Gap,
    Machines,
    Nodes,
    Rate,
    Risk,
    Status,
)
from trimtab.resources.inputs import Inputs
from trimtab.resources.model import Origin, Resource, Role

AS_OF = datetime(2026, 11, 1, tzinfo=UTC)
ON = date(2026, 10, 28)
LIST = "AWS Price List, EC2, us-east-1"
SPOT = "AWS spot price history, us-east-1, mean of 30 days"
TAGS = Rule(
    "attribution-tags",
    "Every resource that costs money names its team and project",
    "What nobody owns nobody saves on. Set the tags team and project.",
)
SIZES = Rule("maximum-size", "No group may grow beyond 64 nodes", "Ask the platform team first.")
ML = Owner(team="ml", project="search", environment="prod")
WEB = Owner(team="web", project="shop", environment="prod")


def rate(
    usd: float, unit: str = "node-hour", name: str = "aws/machine/m7i.4xlarge", **fields: Any
) -> Rate:
    """A price per unit, of us-east-1."""
    return Rate(
        name,
        fields.pop("region", "us-east-1"),
        usd,
        unit,
        fields.pop("as_of", ON),
        fields.pop("source", LIST),
    )


def resource(name: str, kind: str = "aws_eks_node_group", **fields: Any) -> Resource:
    """A resource as a Pulumi program declares it."""
    token = fields.pop("type", kind)
    key = fields.pop("key", f"urn:pulumi:prod::shop::{token}::{name}")
    return Resource(
        key,
        kind,
        token,
        name,
        fields.pop("origin", Origin.PULUMI),
        Inputs({}, camel=True),
        region="us-east-1",
        **fields,
    )


def estimate(what: Resource, *charges: Charge, gaps: Sequence[Gap] = (), **fields: Any) -> Estimate:
    """What the engine would make of these parts."""
    summed = total([charge.usd_per_month for charge in charges]) if charges else None
    status = fields.pop("status", None)
    if status is None:
        if summed is None:
            status = Status.NOT_PRICED if gaps else Status.FREE
        elif gaps:
            status = Status.PARTLY
        else:
            status = Status.BOUNDED if summed.expected is None else Status.PRICED
    now = None if summed is None else summed.expected
    return Estimate(
        what,
        status,
        usd_per_month=summed,
        usd_per_month_now=now,
        charges=charges,
        gaps=tuple(gaps),
        **fields,
    )


def change(
    before: Estimate | None,
    after: Estimate | None,
    owner: Owner = ML,
    operation: Operation | None = None,
    fields: tuple[FieldChange, ...] = (),
) -> Change:
    """A change between two sides, its differences worked out."""
    side = after or before
    assert side is not None
    if operation is None:
        operation = (
            Operation.CREATE
            if before is None
            else Operation.DELETE
            if after is None
            else Operation.UPDATE
        )
    costs = [_usd(before), _usd(after)]
    carbon = [_kg(before), _kg(after)]
    delta = None if costs[0] is None or costs[1] is None else costs[1].less(costs[0])
    kilograms = None if carbon[0] is None or carbon[1] is None else carbon[1].less(carbon[0])
    return Change(side.resource.key, operation, before, after, delta, kilograms, owner, fields)


def _usd(side: Estimate | None) -> Amount | None:
    if side is None or side.status in (Status.FREE, Status.COVERED):
        return ZERO
    return side.usd_per_month


def _kg(side: Estimate | None) -> Amount | None:
    if side is None:
        return ZERO
    found = [each.emissions for each in side.machines]
    if any(each is None for each in found):
        return None
    return total([each.kgco2e_per_month for each in found if each is not None])


def figures(sides: Sequence[Estimate | None]) -> Figures:
    """The sums of one side."""
    there = [each for each in sides if each is not None]
    usd = [each.usd_per_month for each in there if each.usd_per_month is not None]
    kilograms = [each for each in map(_kg, there) if each is not None]
    risks = [each.risk for side in there for each in side.machines if each.risk is not None]
    return Figures(
        _sum(usd), _sum(kilograms), _sum([each.interruptions_per_month for each in risks])
    )


def _sum(amounts: Sequence[Amount]) -> Amount:
    low, high = sum(each.low for each in amounts), sum(each.high for each in amounts)
    return Amount(low, sum(each.expected or 0.0 for each in amounts), high)


def difference(before: Figures, after: Figures, changes: Sequence[Change]) -> Figures:
    """The difference of two sides; its bounds are those of what changes."""
    moved = [each for each in changes if each.before != each.after]
    old, new = figures([each.before for each in moved]), figures([each.after for each in moved])
    return Figures(
        new.usd.less(old.usd),
        new.kgco2e.less(old.kgco2e),
        after.interruptions.less(before.interruptions),
    )


def diff(*changes: Change, **fields: Any) -> Diff:
    """A diff of these changes, its sums and owners worked out."""

    def impact(each: Change) -> tuple[bool, float, str]:
        delta = each.usd_per_month
        size = abs(delta.expected) if delta is not None and delta.expected is not None else 0.0
        return each.operation is Operation.SAME, -size, each.key

    ordered = tuple(sorted(changes, key=impact))
    before, after = (
        figures([each.before for each in ordered]),
        figures([each.after for each in ordered]),
    )
    paid = [
        each
        for each in ordered
        if each.after and each.after.status not in (Status.FREE, Status.EXISTING, Status.COMPONENT)
    ]
    missing = [each for each in paid if each.after and each.after.status is Status.NOT_PRICED]
    owners = []
    for owner in sorted(
        {each.owner for each in ordered}, key=lambda each: (each.team, each.project)
    ):
        own = [each for each in ordered if each.owner == owner]
        first, last = figures([each.before for each in own]), figures([each.after for each in own])
        unpriced = sum(each in missing for each in own)
        owners.append(OwnerCost(owner, first, last, difference(first, last, own), unpriced))
    owners.sort(key=lambda each: -abs(each.delta.usd.expected or 0.0))
    stated: dict[str, Any] = {
        "before_source": "base.json",
        "after_source": "head.json",
        "complete": True,
        "as_of": AS_OF,
        "prices": ("built-in prices of 2026-10-28",),
        "changes": ordered,
        "before": before,
        "after": after,
        "delta": difference(before, after, ordered),
        "unpriced_share": len(missing) / len(paid) if paid else 0.0,
        "counts": Counter(each.after.status for each in ordered if each.after),
        "owners": tuple(owners),
        "rules": (TAGS, SIZES),
    }
    return Diff(**stated | fields)


def nodes(
    label: str,
    instance_type: str,
    count: Amount,
    usd: float,
    option: Any = "on-demand",
    kg: float | None = 100.0,
    **fields: Any,
) -> Machines:
    """Machines with what they cost, emit (kilograms each) and risk."""
    interruptions = fields.pop("interruptions", 0.05)
    covered = fields.pop("covered", 0.0)
    made = Nodes(label, (instance_type,), count, now=count.low, option=option, **fields)
    source = SPOT if option == "spot" else LIST
    paid = count.less(exactly(covered)) if covered else count
    charge = Charge(
        f"{label}: {instance_type}, {option}",
        rate(usd, name=f"aws/machine/{instance_type}/{option}", source=source),
        paid,
        made.basis,
        made.note,
    )
    emissions = None
    if kg is not None:
        method = "CCF coefficients, us-east-1 at 379 g/kWh"
        emissions = Emissions(count.times(0.8 * kg), count.times(0.2 * kg), method)
    risk = None
    if option == "spot":
        risk = Risk(count.times(interruptions), 0.002, "AWS Spot Instance Advisor, 5 to 10 %")
    return Machines(made, (charge,), count.low * usd * 730, covered, emissions, risk)


def pool(what: Resource, *machines: Machines, **fields: Any) -> Estimate:
    """A node group's estimate."""
    charges = [charge for each in machines for charge in each.charges]
    return estimate(what, *charges, machines=machines, **fields)


def moved_to_spot() -> Change:
    """Ten m7i.4xlarge from on-demand to spot: 10 x 730 x (0.8064 - 0.3226) less a month."""
    group = resource("workers", where="stacks/shop.py:41")
    before = pool(group, nodes("worker nodes", "m7i.4xlarge", exactly(10), 0.8064))
    spot = nodes(
        "worker nodes", "m7i.4xlarge", between(8, 20, 10), 0.3226, "spot", basis=Basis.PLAN
    )
    after = pool(
        group, spot, pool="web", group="spot", plan_line="plan.yaml:42 pools[web].groups[spot]"
    )
    fields = (
        FieldChange("capacityType", "ON_DEMAND", "SPOT", True),
        FieldChange("scalingConfig.maxSize", "10", "20"),
    )
    return change(before, after, WEB, Operation.REPLACE, fields)


def gpu_pool() -> Change:
    """Two p5.48xlarge at 55.04 USD an hour, up to four: a GPU pool that nobody owns."""
    group = resource("trainer", where="stacks/shop.py:57")
    machines = nodes("worker nodes", "p5.48xlarge", between(0, 4, 2), 55.04, kg=2400.0)
    disk = Charge(
        "gp3 storage", rate(0.08, "GB-month", "aws/ebs/gp3/storage"), between(0, 2000, 1000)
    )
    made = estimate(group, *machines.charges, disk, machines=(machines,))
    return change(None, made, Owner())


def review() -> Diff:
    """From on-demand to spot, a GPU pool, a forgotten tag; with a gateway, a free role, a gap."""
    gateway = resource("egress", "aws_nat_gateway")
    passes = Charge(
        "data processed",
        rate(0.045, "GB", "aws/nat-gateway/data"),
        between(0, 10_000, 100),
        Basis.DEFAULT,
    )
    hour = Charge("NAT gateway", rate(0.045, "hour", "aws/nat-gateway/hour"))
    nat = estimate(gateway, hour, passes)
    role = estimate(resource("trainer-role", "aws_iam_role"))
    lake = estimate(
        resource("lake", "aws_glue_crawler", type="aws:glue/crawler:Crawler"),
        gaps=[Gap("the resource", "no estimator of aws:glue/crawler:Crawler")],
    )
    cache = estimate(
        resource("old-cache", "aws_elasticache_cluster"),
        Charge("node", rate(0.068, "node-hour", "aws/elasticache/cache.t3.medium")),
    )
    gpu = gpu_pool()
    finding = Finding(
        TAGS,
        Severity.ERROR,
        gpu.key,
        "trainer has no tags team, project",
        "set the tags team and project",
        True,
    )
    old = Finding(
        TAGS,
        Severity.WARNING,
        gateway.key,
        "egress has no tag project",
        "set the tag project",
        False,
    )
    return diff(
        moved_to_spot(),
        gpu,
        change(nat, nat, WEB, Operation.SAME),
        change(None, role),
        change(None, lake),
        change(cache, None, WEB),
        findings=(finding, old),
        budgets=(
            BudgetResult(
                "ml", 50_000.0, 0.0, 80_438.4, BudgetState.EXCEEDED, 1.0, True, "budgets.yaml:3"
            ),
            BudgetResult(
                "web",
                6_000.0,
                5_973.71,
                2_392.33,
                BudgetState.WITHIN,
                None,
                False,
                "budgets.yaml:9",
            ),
        ),
        untagged=Figures(gpu.usd_per_month or ZERO, ZERO, ZERO),
        notes=("plan.yaml is valid until 2026-12-01",),
    )


def empty() -> Diff:
    """Nothing on either side."""
    return diff(rules=())


def deletions() -> Diff:
    """Everything goes."""
    gone = [
        pool(resource(f"old-{n}"), nodes("worker nodes", "m7i.4xlarge", exactly(n), 0.8064))
        for n in (1, 2, 3)
    ]
    return diff(*(change(each, None, WEB) for each in gone))


def unpriced() -> Diff:
    """A price is missing for everything, or for a part."""
    mystery = estimate(
        resource("mystery", "azurerm_x", type="azure:x:X"),
        gaps=[Gap("the resource", "no estimator of azure:x:X")],
    )
    part = estimate(
        resource("volume", "aws_ebs_volume"),
        Charge("gp3 storage", rate(0.08, "GB-month"), exactly(10)),
        gaps=[Gap("iops", "no price of aws/ebs/gp3/iops in eu-south-2")],
    )
    dark = pool(resource("dark"), nodes("worker nodes", "x9.large", exactly(1), 1.0, kg=None))
    return diff(change(None, mystery), change(None, part), change(None, dark))


def unbounded() -> Diff:
    """Autoscalers without limits: no expectation, no upper bound."""
    keeper = resource(
        "default",
        "karpenter.sh/NodePool",
        key="karpenter.sh/NodePool//default",
        origin=Origin.KUBERNETES,
        where="k8s/pools.yaml:12",
    )
    open_end = pool(
        keeper,
        nodes("nodes", "m7i.4xlarge", Amount(1.0, None, float("inf")), 0.8064, basis=Basis.BOUNDS),
    )
    return diff(
        change(open_end, None, WEB),
        change(
            None,
            pool(
                resource("next", "karpenter.sh/NodePool", origin=Origin.KUBERNETES),
                *open_end.machines,
            ),
            WEB,
        ),
    )


def incomplete() -> Diff:
    """A preview without what stays."""
    return diff(moved_to_spot(), complete=False, notes=("preview without --show-sames",))


def kept_existing() -> Diff:
    """What somebody else pays for, what its children cost, and what another resource covers."""
    seen = estimate(resource("vpc", "aws_vpc", role=Role.EXISTING), status=Status.EXISTING)
    parent = estimate(resource("app", "my:app:App", role=Role.COMPONENT), status=Status.COMPONENT)
    covered = estimate(resource("asg", "aws_autoscaling_group"), status=Status.COVERED)
    listed = pool(
        resource("held"),
        nodes("worker nodes", "m7i.4xlarge", exactly(5), 0.5, covered=3.0),
        list_usd_per_month_now=5 * 730 * 0.8064,
        note="at the committed price once RI-1 is approved",
    )
    return diff(
        change(None, seen), change(None, parent), change(None, covered), change(None, listed)
    )


def many(count: int = 2_000) -> Diff:
    """So many changes of three kinds, every tenth free and every twentieth without a price."""
    made = []
    for index in range(count):
        what = resource(
            f"service-{index:05}",
            ("aws_eks_node_group", "aws_ebs_volume", "aws_nat_gateway")[index % 3],
        )
        owner = Owner(f"team-{index % 17}", f"project-{index % 5}", "", "prod")
        if index % 20 == 7:
            made.append(
                change(
                    None,
                    estimate(what, gaps=[Gap("the resource", f"no estimator of {what.type}")]),
                    owner,
                )
            )
        elif index % 10 == 3:
            made.append(change(None, estimate(what), owner))
        else:
            before = pool(
                what, nodes("worker nodes", "m7i.4xlarge", exactly(1 + index % 9), 0.8064)
            )
            after = pool(
                what,
                nodes("worker nodes", "m7i.4xlarge", between(0, 20, 2 + index % 7), 0.3226, "spot"),
            )
            made.append(change(before, after, owner))
    findings = tuple(
        Finding(
            TAGS,
            Severity.WARNING,
            each.key,
            f"{each.estimate.resource.name} has no tag project",
            "set the tag project",
            index % 2 == 0,
        )
        for index, each in enumerate(made[: count // 10])
    )
    return diff(*made, findings=findings)


EVERY = {
    "review": review,
    "empty": empty,
    "only deletions": deletions,
    "unpriced": unpriced,
    "infinite bounds": unbounded,
    "incomplete preview": incomplete,
    "existing and covered": kept_existing,
    "2,000 changes": many,
}
"""Every diff that all outputs must write."""
