"""Groups of EC2 machines: Auto Scaling groups, EC2 Fleets, Spot Fleets.

A group costs between its minimum and its maximum, and what it starts with unless somebody (a plan, a usage
file) knows better. Scheduled actions and policies are free and do not change that.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

from trimtab.pricing.amount import Amount, between, exactly
from trimtab.pricing.estimation import Estimation
from trimtab.pricing.estimators import estimates
from trimtab.pricing.estimators.aws.launch import (
    BY_ATTRIBUTES,
    NOT_HERE,
    NOT_KNOWN,
    Make,
    extras,
    group_count,
    machines,
    make_of_configuration,
    make_of_instance,
    make_of_template,
    named,
    template_of,
)
from trimtab.pricing.model import Gap, Part
from trimtab.resources.inputs import Inputs

_SIZE_NOT_KNOWN = "its size is not known before a deployment, and nothing bounds it"


@estimates("aws_autoscaling_group")
def autoscaling_group(at: Estimation) -> Iterator[Part]:
    """Its machines between min_size and max_size; with a mixed instances policy, on demand and spot."""
    found = group_count(at.inputs, "min_size", "desired_capacity", "max_size")
    if found is None:
        yield Gap("instances", _SIZE_NOT_KNOWN)
        return
    count, now = found
    if at.inputs.has("mixed_instances_policy"):
        yield from _mixed(at, count, now)
    else:
        make = _group_make(at)
        yield from machines(
            "instances", make, count, now=now, zones=tuple(at.inputs.strings("availability_zones"))
        )
        yield from extras(at, make, count)
    if at.inputs.has("warm_pool"):
        yield Gap("warm pool", "how long its machines wait, and in which state, is not known")


def _group_make(at: Estimation) -> Make:
    configuration = named(at, "launch_configuration", "aws_launch_configuration")
    if configuration is not None:
        return make_of_configuration(at, configuration)
    template = template_of(at, "launch_template")
    if template is not None:
        return make_of_template(at, template)
    return Make(unknown=NOT_HERE)


def _mixed(at: Estimation, capacity: Amount, now: float | None) -> Iterator[Part]:
    """A base on demand, and a share of what is above it; the rest is spot."""
    policy = "mixed_instances_policy.launch_template"
    specification = f"{policy}.launch_template_specification"
    template = at.referred(f"{specification}.launch_template_id", "aws_launch_template") or named(
        at, f"{specification}.launch_template_name", "aws_launch_template"
    )
    make = Make(unknown=NOT_HERE) if template is None else make_of_template(at, template)
    overrides = at.inputs.blocks(f"{policy}.override")
    types, make = _overridden(overrides, make)
    nodes, running = _in_nodes(overrides, capacity, now)
    distribution = "mixed_instances_policy.instances_distribution"
    base = at.inputs.number(f"{distribution}.on_demand_base_capacity") or 0.0
    percentage = at.inputs.number(f"{distribution}.on_demand_percentage_above_base_capacity")
    share = (100.0 if percentage is None else percentage) / 100.0

    def on_demand(value: float) -> float:
        if math.isinf(value):
            return value if share else base
        above = max(value - base, 0.0)
        return min(value, base) + math.ceil(round(above * share, 9))

    def spot(value: float) -> float:
        return (value if share < 1 else 0.0) if math.isinf(value) else value - on_demand(value)

    for label, option, part in (
        ("on-demand instances", "on-demand", on_demand),
        ("spot instances", "spot", spot),
    ):
        count = nodes.at_ends(part)
        if count.high > 0:
            yield from machines(
                label,
                make,
                count,
                now=None if running is None else part(running),
                option="spot" if option == "spot" else "on-demand",
                instance_types=types,
                zones=tuple(at.inputs.strings("availability_zones")),
            )
    yield from extras(at, make, nodes, types)


@estimates("aws_ec2_fleet")
def ec2_fleet(at: Estimation) -> Iterator[Part]:
    """Its target capacity, on demand and spot as it asks for."""
    target = "target_capacity_specification"
    total = at.inputs.number(f"{target}.total_target_capacity")
    if total is None:
        yield Gap("instances", _SIZE_NOT_KNOWN)
        return
    on_demand = at.inputs.number(f"{target}.on_demand_target_capacity") or 0.0
    spot = at.inputs.number(f"{target}.spot_target_capacity") or 0.0
    rest = max(total - on_demand - spot, 0.0)
    if at.inputs.text(f"{target}.default_target_capacity_type") == "spot":
        spot += rest
    else:
        on_demand += rest
    template = at.referred(
        "launch_template_config.launch_template_specification.launch_template_id",
        "aws_launch_template",
    )
    make = Make(unknown=NOT_HERE) if template is None else make_of_template(at, template)
    overrides = at.inputs.blocks("launch_template_config.override")
    yield from _fleet(at, make, overrides, on_demand, spot)


@estimates("aws_spot_fleet_request")
def spot_fleet_request(at: Estimation) -> Iterator[Part]:
    """Its target capacity: spot, but for what it asks for on demand."""
    total = at.inputs.number("target_capacity")
    if total is None:
        yield Gap("instances", _SIZE_NOT_KNOWN)
        return
    on_demand = min(at.inputs.number("on_demand_target_capacity") or 0.0, total)
    specifications = at.inputs.blocks("launch_specification")
    if specifications:
        make = make_of_instance(at, at.resource, specifications[0], Make())
        overrides: Sequence[Inputs] = specifications
    else:
        template = at.referred(
            "launch_template_config.launch_template_specification.id", "aws_launch_template"
        )
        make = Make(unknown=NOT_HERE) if template is None else make_of_template(at, template)
        overrides = at.inputs.blocks("launch_template_config.overrides")
    yield from _fleet(at, make, overrides, on_demand, total - on_demand)


def _fleet(
    at: Estimation, make: Make, overrides: Sequence[Inputs], on_demand: float, spot: float
) -> Iterator[Part]:
    types, make = _overridden(overrides, make)
    if on_demand:
        nodes, now = _in_nodes(overrides, exactly(on_demand), on_demand)
        yield from machines(
            "on-demand instances", make, nodes, now=now, option="on-demand", instance_types=types
        )
    if spot:
        nodes, now = _in_nodes(overrides, exactly(spot), spot)
        yield from machines(
            "spot instances", make, nodes, now=now, option="spot", instance_types=types
        )
    both, _ = _in_nodes(overrides, exactly(on_demand + spot), None)
    yield from extras(at, make, both, types)


def _overridden(overrides: Sequence[Inputs], make: Make) -> tuple[tuple[str, ...], Make]:
    """The types that overrides allow, in their order; the make's own where they name none."""
    types = tuple(dict.fromkeys(each for one in overrides for each in one.strings("instance_type")))
    if types:
        return types, make
    if any(one.has("instance_requirements") for one in overrides):
        return (), replace(make, instance_types=(), unknown=BY_ATTRIBUTES)
    if any(one.unknown("instance_type") for one in overrides):
        return (), replace(make, instance_types=(), unknown=NOT_KNOWN)
    return make.instance_types, make


def _in_nodes(
    overrides: Sequence[Inputs], capacity: Amount, now: float | None
) -> tuple[Amount, float | None]:
    """Capacity in machines: a type of weight 4 fills four units of it.

    The first type that is allowed is expected; the bounds hold whichever is launched.
    """
    weights = [one.number("weighted_capacity") or 1.0 for one in overrides] or [1.0]
    if set(weights) == {1.0}:
        return capacity, now
    first, least, most = weights[0], min(weights), max(weights)

    def filled(value: float, weight: float) -> float:
        return value if math.isinf(value) else float(math.ceil(value / weight))

    expected = None if capacity.expected is None else filled(capacity.expected, first)
    count = between(filled(capacity.low, most), filled(capacity.high, least), expected)
    return count, None if now is None else filled(now, first)
