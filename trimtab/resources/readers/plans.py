"""A CapacityPlan as an estate: each group a resource, each storage tier, and each commitment proposed.

So two plans are compared like any two sides of a change, without the program that carries them out.
"""

from dataclasses import asdict
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trimtab.resources.inputs import Inputs
from trimtab.resources.model import Estate, Origin, Resource

if TYPE_CHECKING:  # the plan's model brings pydantic
    from trimtab.plan.model import Commitment, Group, Pool
    from trimtab.plan.storage import StorageTier
    from trimtab.pricing.plan_source import PlanSource


def read_plan(path: Path) -> Estate:
    """A plan's groups, storage tiers and commitments.

    Keys are `pools[x].groups[y]`, `storage[x]`, and `commitments[x].groups[y].<type>.<term>` with a number where a plan
    proposes several alike; tags are the owner's.

    Raises:
        InputError: the file is no valid plan.
    """
    from trimtab.pricing.plan_source import load_plan_source

    source = load_plan_source(path)
    groups = [
        _group(pool, group, source) for pool in source.plan.spec.pools for group in pool.groups
    ]
    seen: dict[str, int] = {}
    lines = [_commitment(line, source, seen) for line in source.plan.spec.commitments]
    tiers = [_tier(tier, source) for tier in source.plan.spec.storage or ()]
    return Estate(source.file, tuple(sorted([*groups, *tiers, *lines], key=lambda each: each.key)))


def _group(pool: "Pool", group: "Group", source: "PlanSource") -> Resource:
    from trimtab.plan.attribution import owner_tags
    from trimtab.pricing.planned import rates_of, reservations_of, zones_of

    site = source.plan.spec.site
    rates = asdict(rates_of(source.plan, pool, group, source.file))
    inputs: dict[str, Any] = {
        "pool": pool.name,
        "group": group.name,
        "provider": site.provider,
        "region": site.region,
        "option": group.purchase.option,
        "instance_types": [offer.instance_type for offer in group.offers],
        "zones": list(zones_of(group.purchase)),
        "reservations": list(reservations_of(group.purchase)),
        "expected_nodes": group.expected.nodes,
        "rates": {**rates, "as_of": rates["as_of"].isoformat()},
        "windows": [
            {
                "start": window.start.astimezone(UTC).isoformat(),
                "min": window.min,
                "desired": window.desired,
                "max": window.max,
            }
            for window in group.windows
        ],
    }
    line = source.lines.get((pool.name, group.name))
    return Resource(
        key=f"pools[{pool.name}].groups[{group.name}]",
        kind="trimtab.dev/Group",
        type="trimtab.dev/Group",
        name=f"{pool.name}/{group.name}",
        origin=Origin.PLAN,
        inputs=Inputs(inputs, camel=False),
        region=site.region,
        tags=owner_tags(pool),
        where=f"{source.file}:{line}" if line else source.file,
    )


def _tier(tier: "StorageTier", source: "PlanSource") -> Resource:
    spec = source.plan.spec
    owner = tier.owner.model_dump()
    inputs: dict[str, Any] = {
        "tier": tier.model_dump(mode="json", exclude_none=True, exclude={"candidates", "reason"}),
        "region": spec.site.region,
        "as_of": spec.as_of.date().isoformat(),
        "file": source.file,
    }
    return Resource(
        key=f"storage[{tier.name}]",
        kind="trimtab.dev/StorageTier",
        type="trimtab.dev/StorageTier",
        name=f"{tier.name}, {tier.backend}",
        origin=Origin.PLAN,
        inputs=Inputs(inputs, camel=False),
        region=spec.site.region,
        tags={name: value for name, value in owner.items() if value},
        where=source.file,
    )


def _commitment(line: "Commitment", source: "PlanSource", seen: dict[str, int]) -> Resource:
    from trimtab.plan.attribution import owner_tags

    name = f"commitments[{line.pool}].groups[{line.group}].{line.instance_type}.{line.term}"
    seen[name] = seen.get(name, 0) + 1
    pool = next(each for each in source.plan.spec.pools if each.name == line.pool)
    inputs = line.model_dump(mode="json", exclude_none=True)
    return Resource(
        key=name if seen[name] == 1 else f"{name}.{seen[name]}",
        kind="trimtab.dev/Commitment",
        type="trimtab.dev/Commitment",
        name=f"{line.pool}/{line.group}, {line.quantity} {line.instance_type} for {line.term}",
        origin=Origin.PLAN,
        inputs=Inputs(inputs, camel=False),
        region=line.region,
        tags=owner_tags(pool),
        where=source.file,
    )
