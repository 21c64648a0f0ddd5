"""Machines of Compute Engine, however they are declared: their type, accelerators, disks and licences.

A predefined type is `Nodes`, which the engine prices. A custom type (`n2-custom-4-8192`) has no price of its
own: its vCPUs and memory are charged. Google takes a sustained use discount off by itself: 30 % of N1, M1,
M2 and shared-core machines and of GPUs on N1, 20 % of N2, N2D and C2, for a machine that runs the whole month;
every other series has none. It is taken off here, as the bill has it, and said so: for machines that an
autoscaler runs for a part of the month it is less. Spot prices have none. (The discounts: a month's price
over 730 hours' in the table that the machines' prices are from.)
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from trimtab.pricing.amount import Amount
from trimtab.pricing.estimation import Estimation, Facts
from trimtab.pricing.estimators.gcp.places import last
from trimtab.pricing.model import Basis, Charge, Gap, Nodes, Part
from trimtab.resources.inputs import Inputs

if TYPE_CHECKING:
    from trimtab.plan.model import PurchaseOption

SUSTAINED_USE = {
    **dict.fromkeys(("n1", "custom", "f1", "g1", "m1", "m2"), 0.3),
    **dict.fromkeys(("n2", "n2d", "c2"), 0.2),
}
"""By series, the share that Google takes off a whole month's on-demand price."""

_GPU_INCLUDED = ("a2", "a3", "a4", "a4x", "g2", "g4")
"""Series whose machines' price has their accelerators in it."""

_CUSTOM = re.compile(
    r"^(?:(?P<series>[a-z]\d+[a-z]?)-)?custom-(?P<vcpu>\d+)-(?P<mib>\d+)(?P<ext>-ext)?$"
)
_SHARED_CUSTOM = re.compile(r"^e2-custom-(?P<size>micro|small|medium)-(?P<mib>\d+)$")
_SHARED_VCPU = {"micro": 0.25, "small": 0.5, "medium": 1.0}
_MAX_GIB_PER_VCPU = {"n1": 6.5}


@dataclass(frozen=True, slots=True)
class Fleet:
    """Machines that are alike.

    Attributes:
        label: what they are: "worker nodes".
        machine_type: `n2-standard-4`, or a custom type; "" where it is not known.
        count: how many, on average over a month.
        now: how many it starts with; None where only a deployment will know.
        spot: whether they are spot or preemptible.
        basis: where the count is from.
        zones: where they run, where that is known.
        reservations: names or keys of what they start in.
        autoscaled: whether an autoscaler alone says how many.
        note: what the reader should know.
    """

    label: str
    machine_type: str
    count: Amount
    now: float | None
    spot: bool = False
    basis: Basis = Basis.DECLARED
    zones: tuple[str, ...] = ()
    reservations: tuple[str, ...] = ()
    autoscaled: bool = False
    note: str = ""


def machine_parts(at: Estimation, fleet: Fleet) -> Iterator[Part]:
    """The machines themselves."""
    name = last(fleet.machine_type)
    if not name:
        yield Gap(fleet.label, "its machine type is not known before a deployment")
        return
    custom = _custom_size(name)
    off = 0.0 if fleet.spot else SUSTAINED_USE.get(name.partition("-")[0], 0.0)
    said = f"less {off:.0%} for sustained use, which Google takes off a whole month" if off else ""
    note = "; ".join(each for each in (fleet.note, said) if each)
    if custom is not None:
        yield from _custom_parts(at, fleet, custom, off, note)
        return
    yield Nodes(
        fleet.label,
        (name,),
        fleet.count,
        now=fleet.now,
        option=_option(fleet),
        basis=fleet.basis,
        region=at.region or "",
        note=note,
        autoscaled=fleet.autoscaled,
        zones=fleet.zones,
        reservations=fleet.reservations,
        sustained_use=off,
    )


def _option(fleet: Fleet) -> "PurchaseOption":
    return "spot" if fleet.spot else "on-demand"


def accelerator_parts(
    at: Estimation, fleet: Fleet, accelerators: Sequence[Inputs]
) -> Iterator[Part]:
    """Accelerators that are attached; those of an accelerator series are in its machines' price."""
    series = last(fleet.machine_type).partition("-")[0]
    if series in _GPU_INCLUDED:
        return
    for each in accelerators:
        kind = last(each.text("type"))
        number = each.number("count")
        if number == 0:
            continue
        if not kind or number is None:
            yield Gap("accelerators", "their type or number is not known before a deployment")
            continue
        kind = kind.removesuffix("-vws") if kind.startswith("nvidia-tesla") else kind
        rate = f"gcp/compute/accelerator/{kind}"
        if fleet.spot:
            rate = f"{rate}/spot"
        part = at.charge(
            f"{fleet.label}: {kind}", rate, fleet.count.times(number), basis=fleet.basis
        )
        yield part if fleet.spot else _less(part, SUSTAINED_USE["n1"])


def licence_parts(at: Estimation, fleet: Fleet, image: str) -> Iterator[Part]:
    """What the image's operating system costs by the vCPU; Linux without a vendor costs nothing."""
    name = image.lower()
    vendor = next((each for each in ("windows", "rhel", "sles", "suse") if each in name), "")
    if not vendor:
        return
    vcpu = vcpus(at, fleet.machine_type)
    label = f"{fleet.label}: {'SUSE' if vendor in ('sles', 'suse') else vendor} licence"
    if "sap" in name or "sql" in name:
        yield Gap(label, f"no price of {last(image)}")
    elif vendor in ("sles", "suse"):
        yield at.charge(label, "gcp/licence/sles", fleet.count, basis=fleet.basis)
    elif vcpu is None:
        yield Gap(label, "charged by the vCPU, and how many there are is not known")
    elif vendor == "windows":
        yield at.charge(label, "gcp/licence/windows", fleet.count.times(vcpu), basis=fleet.basis)
    else:
        size = "small" if vcpu <= 8 else "medium" if vcpu < 128 else "large"
        yield at.charge(
            label, f"gcp/licence/rhel/{size}", fleet.count.times(vcpu), basis=fleet.basis
        )


def address_parts(at: Estimation, fleet: Fleet, label: str, each: int) -> Iterator[Part]:
    """External addresses that machines take for themselves, so many each."""
    spot = fleet.spot and at.rate("gcp/compute/address/preemptible") is not None
    yield at.charge(
        label,
        "gcp/compute/address/preemptible" if spot else "gcp/compute/address/vm",
        fleet.count.times(each),
        basis=fleet.basis,
    )


def vcpus(at: Estimation, machine_type: str) -> float | None:
    """How many vCPUs a machine has; None where it is not known."""
    name = last(machine_type)
    custom = _custom_size(name)
    if custom is not None:
        return custom[1]
    offer = at.facts.book.offer("gcp", at.region, name)
    if offer is not None and offer.vcpu is not None:
        return float(offer.vcpu)
    tail = name.removesuffix("-lssd").removesuffix("-metal").rpartition("-")[2]
    return float(tail) if tail.isdecimal() else None


def is_spot(scheduling: Inputs) -> bool:
    """Whether scheduling (or a pool's configuration) asks for spot or preemptible machines."""
    return (
        scheduling.text("provisioning_model").upper() == "SPOT"
        or scheduling.flag("preemptible")
        or scheduling.flag("spot")
    )


def reservations_of(at: Estimation, affinity: Inputs | None) -> tuple[str, ...]:
    """Reservations that machines are aimed at, by key where they are declared here too, else by name."""
    if affinity is None:
        return ()
    kind = affinity.text("type") or affinity.text("consume_reservation_type")
    if kind.upper() != "SPECIFIC_RESERVATION":
        return ()
    wanted = affinity.strings("values") or affinity.strings("specific_reservation.values")
    known = at.facts.once(_reservation_keys)
    return tuple(known.get(last(name), last(name)) for name in wanted)


def _reservation_keys(facts: Facts) -> dict[str, str]:
    return {
        resource.inputs.text("name") or resource.name: resource.key
        for resource in facts.resources.values()
        if resource.kind == "google_compute_reservation"
    }


# Custom machine types.


def _custom_size(name: str) -> tuple[str, float, float, bool] | None:
    """Series, vCPUs, GiB, and whether memory is extended, of a custom machine type."""
    shared = _SHARED_CUSTOM.match(name)
    if shared:
        return "e2", _SHARED_VCPU[shared["size"]], float(shared["mib"]) / 1024, False
    found = _CUSTOM.match(name)
    if found is None:
        return None
    series = found["series"] or "n1"
    return series, float(found["vcpu"]), float(found["mib"]) / 1024, bool(found["ext"])


def _custom_parts(
    at: Estimation, fleet: Fleet, size: tuple[str, float, float, bool], off: float, note: str
) -> Iterator[Part]:
    series, vcpu, gib, extended = size
    most = vcpu * _MAX_GIB_PER_VCPU.get(series, 8.0)
    plain = min(gib, most) if extended else gib
    option = "spot-" if fleet.spot else ""
    rate = f"gcp/compute/{series}/custom/{option}"
    parts = [("vCPUs", "vcpu", vcpu), ("memory", "memory", plain)]
    for label, name, quantity in parts:
        yield _less(
            at.charge(
                f"{fleet.label}: {series} custom {label}",
                f"{rate}{name}",
                fleet.count.times(quantity),
                basis=fleet.basis,
                note=note,
            ),
            off,
        )
    if gib > plain:
        yield _less(
            at.charge(
                f"{fleet.label}: {series} extended memory",
                f"gcp/compute/{series}/custom/{option}extended-memory",
                fleet.count.times(gib - plain),
                basis=fleet.basis,
                note=note,
            ),
            off,
        )


def _less(part: Charge | Gap, off: float) -> Charge | Gap:
    """A charge with its rate less the sustained use discount."""
    if isinstance(part, Gap) or not off:
        return part
    source = f"{part.rate.source}; less {off:.0%} for sustained use"
    return replace(part, rate=replace(part.rate, usd=part.rate.usd * (1 - off), source=source))
