"""What a machine is launched as: its types, disks and extras, from an instance's own inputs, a launch
template or a launch configuration, and what each machine of that make costs besides its own price.

A group's or an instance's own inputs go before its template's. The image's own disk is in nobody's inputs:
where no root disk is declared it is taken as 8 GiB, which the common Linux images have, and said so.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from trimtab.pricing.amount import Amount, between
from trimtab.pricing.estimation import Estimation, Facts
from trimtab.pricing.estimators.aws.ebs import DEFAULT_TYPE, disk_charges
from trimtab.pricing.model import Basis, Gap, Nodes, Part
from trimtab.resources.inputs import Inputs
from trimtab.resources.model import Resource

if TYPE_CHECKING:  # the plan's model brings pydantic, which a change without a plan does not need
    from trimtab.plan.model import PurchaseOption

IMAGE_GIB = 8.0
"""The root disk of the common Linux images of EC2."""

NOT_HERE = "its launch template is not among the resources"
BY_ATTRIBUTES = "its instance types are chosen by their attributes when it launches"
NOT_KNOWN = "its instance type is not known before a deployment"
NOT_SAID = "no instance type is declared"

_ROOT_DEVICES = frozenset({"/dev/xvda", "/dev/sda1"})
_NAMED = frozenset({"aws_launch_template", "aws_launch_configuration"})
_METRICS_PER_INSTANCE = 7.0
_BURSTABLE = frozenset({"t2", "t3", "t3a", "t4g"})
_EBS_OPTIMISED_FOR_A_FEE = frozenset(
    f"{family}.{size}"
    for family, sizes in {
        "c1": ("xlarge",),
        "c3": ("xlarge", "2xlarge", "4xlarge"),
        "g2": ("2xlarge",),
        "i2": ("xlarge", "2xlarge", "4xlarge"),
        "m1": ("large", "xlarge"),
        "m2": ("2xlarge", "4xlarge"),
        "m3": ("xlarge", "2xlarge"),
        "r3": ("xlarge", "2xlarge", "4xlarge"),
    }.items()
    for size in sizes
)
"""Types of previous generations; every later one is EBS-optimised by itself, or can't be."""

_RESERVATION = "capacity_reservation_specification.capacity_reservation_target"


@dataclass(frozen=True, slots=True)
class Disk:
    """A disk that every machine has; `inputs` as `disk_charges` reads them."""

    label: str
    inputs: Inputs
    default_gib: float | None = None
    default_type: str = DEFAULT_TYPE
    note: str = ""


@dataclass(frozen=True, slots=True)
class Make:
    """What each machine of a group is.

    Attributes:
        instance_types: in order of preference; () where they are not known.
        unknown: why they are not.
        option: how they are bought, where the make says it.
        disks: what each has.
        monitoring: whether in detail, which costs.
        unlimited: whether its CPU credits are declared unlimited.
        tenancy: `default`, `dedicated` or `host`.
        ebs_optimized: declared, which costs for types that are not so by themselves.
        public_ip: whether each is declared to have a public IPv4 address.
        reservations: ids or keys of the capacity reservation that it is aimed at.
    """

    instance_types: tuple[str, ...] = ()
    unknown: str = NOT_SAID
    option: PurchaseOption = "on-demand"
    disks: tuple[Disk, ...] = ()
    monitoring: bool = False
    unlimited: bool = False
    tenancy: str = "default"
    ebs_optimized: bool = False
    public_ip: bool = False
    reservations: tuple[str, ...] = ()


def template_of(at: Estimation, path: str) -> Resource | None:
    """The launch template that an input names by id or by name, if it is among the resources."""
    found = at.referred(f"{path}.id", "aws_launch_template")
    return found or named(at, f"{path}.name", "aws_launch_template")


def named(at: Estimation, path: str, kind: str) -> Resource | None:
    """The resource of a kind that an input refers to, or has the name of."""
    name = at.inputs.text(path)
    return at.referred(path, kind) or at.facts.once(_by_name).get((kind, name))


def _by_name(facts: Facts) -> dict[tuple[str, str], Resource]:
    """What other resources name rather than refer to, by kind and name."""
    return {
        (each.kind, each.inputs.text("name")): each
        for each in facts.resources.values()
        if each.kind in _NAMED and each.inputs.has("name")
    }


def make_of(
    at: Estimation, *, root_gib: float = IMAGE_GIB, template: str = "launch_template"
) -> Make:
    """The make that a resource has: its own inputs before its launch template's."""
    found = template_of(at, template)
    base = Make()
    if found is not None:
        base = make_of_template(at, found, root_gib=root_gib)
    elif at.inputs.has(template):
        base = replace(base, unknown=NOT_HERE)
    return make_of_instance(at, at.resource, at.inputs, base, root_gib=root_gib)


def make_of_template(at: Estimation, template: Resource, *, root_gib: float = IMAGE_GIB) -> Make:
    """The make that a launch template describes."""
    inputs = template.inputs
    types = inputs.strings("instance_type")
    reservations = _reservations(Estimation(template, at.facts), inputs)
    return Make(
        instance_types=tuple(types[:1]),
        unknown=_why_unknown(inputs),
        option=_option(inputs.text("instance_market_options.market_type")),
        disks=_mapped_disks(inputs, root_gib),
        monitoring=inputs.flag("monitoring.enabled"),
        unlimited=inputs.text("credit_specification.cpu_credits") == "unlimited",
        tenancy=inputs.text("placement.tenancy", "default"),
        ebs_optimized=inputs.flag("ebs_optimized"),
        public_ip=inputs.flag("network_interfaces.associate_public_ip_address"),
        reservations=reservations,
    )


def make_of_configuration(at: Estimation, configuration: Resource) -> Make:
    """The make that a launch configuration describes: monitored in detail unless it says no."""
    inputs = configuration.inputs
    make = make_of_instance(at, configuration, inputs, Make())
    return replace(
        make,
        option="spot" if inputs.has("spot_price") else "on-demand",
        monitoring=inputs.flag("enable_monitoring", default=True),
        tenancy=inputs.text("placement_tenancy", "default"),
    )


def make_of_instance(
    at: Estimation, resource: Resource, inputs: Inputs, base: Make, *, root_gib: float = IMAGE_GIB
) -> Make:
    """The make of an instance's own inputs (or of a fleet's launch specification) over a template's."""
    types = tuple(inputs.strings("instance_type")[:1])
    unknown = NOT_KNOWN if inputs.unknown("instance_type") else base.unknown
    market = inputs.text("instance_market_options.market_type")
    reservations = _reservations(Estimation(resource, at.facts), inputs)
    return Make(
        instance_types=types or (() if unknown is NOT_KNOWN else base.instance_types),
        unknown=unknown,
        option=_option(market) if market else base.option,
        disks=_over(_own_disks(inputs, root_gib), base.disks),
        monitoring=inputs.flag("monitoring", default=base.monitoring),
        unlimited=inputs.text("credit_specification.cpu_credits") == "unlimited"
        if inputs.has("credit_specification")
        else base.unlimited,
        tenancy="host" if inputs.has("host_id") else inputs.text("tenancy", base.tenancy),
        ebs_optimized=inputs.flag("ebs_optimized", default=base.ebs_optimized),
        public_ip=inputs.flag("associate_public_ip_address", default=base.public_ip),
        reservations=reservations or base.reservations,
    )


def machines(
    label: str,
    make: Make,
    count: Amount,
    *,
    now: float | None,
    option: PurchaseOption | None = None,
    instance_types: Sequence[str] = (),
    zones: tuple[str, ...] = (),
    note: str = "",
) -> Iterator[Part]:
    """Machines of a make, bought one way, without their disks and extras."""
    types = tuple(instance_types) or make.instance_types
    bought = option or make.option
    nodes = Nodes(
        label,
        types,
        count,
        now=now,
        option=bought,
        basis=basis_of(count),
        note=note,
        zones=zones,
        reservations=make.reservations,
    )
    if make.tenancy == "dedicated":
        names = " or ".join(types) or "an unknown type"
        yield Gap(label, f"no price of dedicated tenancy of {names}")
    elif not types:
        # A plan may know them; else the engine says why they have no price.
        yield replace(nodes, note=make.unknown)
    elif make.tenancy == "host":
        on_host = "runs on a dedicated host, which is paid for itself"
        yield replace(nodes, usd_per_hour=0.0, note=on_host)
    else:
        yield nodes


def extras(at: Estimation, make: Make, count: Amount, types: Sequence[str] = ()) -> Iterator[Part]:
    """Disks, monitoring, addresses and what else each of some machines is charged for."""
    for disk in make.disks:
        yield from disk_charges(
            at,
            disk.label,
            disk.inputs,
            count,
            default_gib=disk.default_gib,
            default_type=disk.default_type,
            note=disk.note,
        )
    if make.monitoring:
        yield at.charge(
            "detailed monitoring", "aws/ec2/detailed-monitoring", count.times(_METRICS_PER_INSTANCE)
        )
    chosen = next(iter(types or make.instance_types), "")
    family = chosen.partition(".")[0]
    if make.ebs_optimized and chosen in _EBS_OPTIMISED_FOR_A_FEE:
        yield at.charge("EBS optimisation", f"aws/ec2/ebs-optimized/{chosen}", count)
    if make.unlimited and family in _BURSTABLE:
        each, basis = at.usage("cpu_credit_vcpu_hours")
        yield at.charge(
            "CPU credits", f"aws/ec2/cpu-credits/{family}", count.of_each(each), basis=basis
        )
    if make.public_ip:
        yield at.charge("public IPv4 addresses", "aws/public-ipv4/hour", count)


def group_count(
    inputs: Inputs, low: str, expected: str, high: str
) -> tuple[Amount, float | None] | None:
    """How many machines a group has, and how many it starts with.

    A desired size that nobody gives is the minimum, at which the provider starts; one that only a deployment
    will know leaves the bounds. None where neither a size nor a bound is known.
    """
    least, most = inputs.number(low), inputs.number(high)
    wanted = inputs.number(expected)
    if wanted is None and not inputs.unknown(expected):
        wanted = least
    if wanted is None and most is None:
        return None
    return between(least or 0.0, math.inf if most is None else most, wanted), wanted


def basis_of(count: Amount) -> Basis:
    """Whether a count is the program's or only bounded by it."""
    return Basis.BOUNDS if count.expected is None else Basis.DECLARED


def _option(market: str) -> PurchaseOption:
    return (
        "spot"
        if market == "spot"
        else "capacity-block"
        if market == "capacity-block"
        else "on-demand"
    )


def _why_unknown(inputs: Inputs) -> str:
    if inputs.has("instance_requirements"):
        return BY_ATTRIBUTES
    return NOT_KNOWN if inputs.unknown("instance_type") else NOT_SAID


def _reservations(there: Estimation, inputs: Inputs) -> tuple[str, ...]:
    """The reservation that machines are aimed at: the engine serves them from it, where it is here."""
    path = f"{_RESERVATION}.capacity_reservation_id"
    found = there.referred(
        path, "aws_ec2_capacity_reservation", "aws_ec2_capacity_block_reservation"
    )
    if found is None:
        group = f"{_RESERVATION}.capacity_reservation_resource_group_arn"
        return tuple(name for name in (inputs.text(path), inputs.text(group)) if name)
    return tuple(name for name in (found.id, found.key) if name)


def _mapped_disks(inputs: Inputs, root_gib: float) -> tuple[Disk, ...]:
    """The disks of a launch template's mappings, and the image's own where none is for the root."""
    found: list[Disk] = []
    rooted = False
    for block in inputs.blocks("block_device_mappings"):
        if not block.has("ebs"):
            continue
        device = block.text("device_name")
        root = device in _ROOT_DEVICES
        rooted = rooted or root
        label = "root disk" if root else f"disk {device}"
        ebs = block.blocks("ebs")[0]
        found.append(Disk(label, ebs, root_gib if root else None))
    if not rooted:
        found.insert(0, image_disk(inputs, root_gib))
    return tuple(found)


def _own_disks(inputs: Inputs, root_gib: float) -> tuple[Disk, ...]:
    """The disks of an instance's, a launch configuration's or a launch specification's blocks."""
    roots = [Disk("root disk", block, root_gib) for block in inputs.blocks("root_block_device")[:1]]
    others = [
        Disk(f"disk {block.text('device_name')}".strip(), block)
        for block in inputs.blocks("ebs_block_device")
        if block.text("device_name") not in _ROOT_DEVICES or roots
    ]
    if not roots:
        roots = [
            Disk("root disk", block, root_gib)
            for block in inputs.blocks("ebs_block_device")
            if block.text("device_name") in _ROOT_DEVICES
        ][:1] or [image_disk(inputs, root_gib)]
    return (*roots, *others)


def _over(own: tuple[Disk, ...], base: tuple[Disk, ...]) -> tuple[Disk, ...]:
    """An instance's own disks in the place of a template's of the same device."""
    if not base:
        return own
    declared = [disk for disk in own if not disk.note]
    labels = {disk.label for disk in declared}
    return (*(disk for disk in base if disk.label not in labels), *declared)


def image_disk(inputs: Inputs, root_gib: float) -> Disk:
    """The root disk that a machine has by its image."""
    note = f"the image's own disk, taken as {root_gib:g} GiB"
    return Disk("root disk", Inputs({}, camel=inputs.camel), root_gib, note=note)
