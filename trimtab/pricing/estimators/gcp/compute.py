"""Compute Engine: instances, groups of them, reservations, commitments, TPUs.

A group has as many machines as its autoscaler allows (bounds: nobody says what to expect), or as it declares.
An external address that a machine takes for itself is charged with the machine; one that is reserved is
charged with the address.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from trimtab.pricing.amount import ONE, Amount, between, exactly
from trimtab.pricing.estimation import Estimation, Facts
from trimtab.pricing.estimators import estimates
from trimtab.pricing.estimators.gcp.disks import LOCAL_SSD_GIB, disk_parts
from trimtab.pricing.estimators.gcp.machines import (
    Fleet,
    accelerator_parts,
    address_parts,
    is_spot,
    licence_parts,
    machine_parts,
    reservations_of,
)
from trimtab.pricing.estimators.gcp.places import last, located
from trimtab.pricing.model import Basis, Gap, Part
from trimtab.resources.inputs import Inputs
from trimtab.resources.model import Resource

_IMAGE_GIB = 10.0
_WINDOWS_IMAGE_GIB = 50.0
_TEMPLATES = ("google_compute_instance_template", "google_compute_region_instance_template")


@estimates("google_compute_instance", "google_compute_instance_from_template")
def instance(at: Estimation) -> Iterator[Part]:
    """The machine, its accelerators, disks, addresses and licence."""
    at = located(at, "zone")
    inputs = at.inputs
    template = _template(at, "source_instance_template")
    machine = inputs.text("machine_type")
    if not machine and template is not None:
        machine = template.inputs.text("machine_type")
    made_from = inputs if inputs.has("machine_type") or template is None else template.inputs
    stopped = inputs.text("desired_status").upper() in ("TERMINATED", "SUSPENDED")
    fleet = _fleet_of(at, made_from, "machine", machine, ONE, 1.0, zones=(inputs.text("zone"),))
    if not stopped:
        yield from machine_parts(at, fleet)
        yield from accelerator_parts(at, fleet, made_from.blocks("guest_accelerator"))
        yield from licence_parts(at, fleet, _image(made_from))
    if made_from is inputs:
        yield from _instance_disks(at, fleet)
    else:
        yield from _template_disks(at, made_from, fleet)
    if not stopped:
        yield from _addresses(at, made_from, fleet)


@estimates("google_compute_instance_group_manager", "google_compute_region_instance_group_manager")
def instance_group(at: Estimation) -> Iterator[Part]:
    """As many of its template's machines as it declares, or as its autoscaler allows."""
    at = located(at, "zone", "region")
    template = _template(at, "version.instance_template") or _template(at, "instance_template")
    if template is None:
        yield Gap("machines", "its instance template is not among the resources")
        return
    size = _group_size(at)
    inputs = template.inputs
    zones = (at.inputs.text("zone"),) if at.inputs.text("zone") else ()
    fleet = _fleet_of(
        at,
        inputs,
        "machines",
        inputs.text("machine_type"),
        size.count,
        size.now,
        zones=zones,
        basis=size.basis,
        autoscaled=size.basis is Basis.BOUNDS,
    )
    yield from machine_parts(at, fleet)
    yield from accelerator_parts(at, fleet, inputs.blocks("guest_accelerator"))
    yield from licence_parts(at, fleet, _image(inputs))
    yield from _template_disks(at, inputs, fleet)
    yield from _addresses(at, inputs, fleet)


@estimates("google_compute_reservation")
def reservation(at: Estimation) -> Iterator[Part]:
    """Machines that are paid for whether they run or not, local SSDs and accelerators included."""
    at = located(at, "zone")
    made = "specific_reservation.instance_properties"
    number = at.inputs.number("specific_reservation.count")
    if number is None:
        yield Gap("reserved machines", "their number is not known before a deployment")
        return
    fleet = Fleet(
        "reserved machines",
        at.inputs.text(f"{made}.machine_type"),
        exactly(number),
        number,
        zones=(at.inputs.text("zone"),),
        note="paid for whether they are used or not",
    )
    yield from machine_parts(at, fleet)
    accelerators = [
        Inputs(
            {"type": each.text("accelerator_type"), "count": each.get("accelerator_count")},
            camel=False,
        )
        for each in at.inputs.blocks(f"{made}.guest_accelerators")
    ]
    yield from accelerator_parts(at, fleet, accelerators)
    for each in at.inputs.blocks(f"{made}.local_ssds"):
        yield from disk_parts(
            at, "local-ssd", each.number("disk_size_gb") or LOCAL_SSD_GIB, count=fleet.count
        )


@estimates("google_compute_region_commitment")
def commitment(at: Estimation) -> Iterator[Part]:
    """Resources that are paid for over a term; what they cover is not taken off elsewhere."""
    at = located(at, "region")
    term = {"TWELVE_MONTH": "1y", "THIRTY_SIX_MONTH": "3y"}.get(at.inputs.text("plan"))
    if term is None:
        yield Gap("commitment", "its term is not known")
        return
    kind = at.inputs.text("type", "GENERAL_PURPOSE").removeprefix("GENERAL_PURPOSE")
    series = kind.removeprefix("COMPUTE_OPTIMIZED").strip("_").lower() or "n1"
    note = f"for {term[0]} years" if term[0] != "1" else "for a year"
    note += "; what it covers is not taken off: list it in the inventory once it is bought"
    for each in at.inputs.blocks("resources"):
        resource, amount = each.text("type").upper(), each.number("amount")
        rate = f"gcp/compute/commitment/{series}/{term}"
        if amount is None:
            yield Gap("commitment", "an amount is not known before a deployment")
        elif resource == "VCPU":
            yield at.charge("committed vCPUs", f"{rate}/vcpu", amount, note=note)
        elif resource == "MEMORY":
            yield at.charge("committed memory", f"{rate}/memory", amount / 1024, note=note)
        else:
            yield Gap(f"committed {last(each.text('accelerator_type') or resource)}", "no price")


@dataclass(frozen=True, slots=True)
class _Size:
    count: Amount
    now: float | None
    basis: Basis


def _group_size(at: Estimation) -> _Size:
    """How many machines a group has: its autoscaler's bounds, or what it declares."""
    target = at.inputs.number("target_size")
    autoscaler = at.facts.once(_autoscalers).get(at.resource.key)
    if autoscaler is not None:
        policy = "autoscaling_policy"
        low = autoscaler.inputs.number(f"{policy}.min_replicas")
        high = autoscaler.inputs.number(f"{policy}.max_replicas")
        bounds = between(low or 0.0, float("inf") if high is None else high, target)
        return _Size(bounds, target if target is not None else low, Basis.BOUNDS)
    if at.inputs.unknown("target_size"):
        return _Size(Amount(0.0, None, float("inf")), None, Basis.BOUNDS)
    return _Size(exactly(target or 0.0), target or 0.0, Basis.DECLARED)


def _autoscalers(facts: Facts) -> Mapping[str, Resource]:
    """Autoscalers by the key of the group that they scale."""
    found: dict[str, Resource] = {}
    for resource in facts.resources.values():
        if resource.kind in ("google_compute_autoscaler", "google_compute_region_autoscaler"):
            group = Estimation(resource, facts).referred("target")
            if group is not None:
                found[group.key] = resource
    return found


def _template(at: Estimation, path: str) -> Resource | None:
    return at.referred(path, *_TEMPLATES)


def _fleet_of(
    at: Estimation,
    made_from: Inputs,
    label: str,
    machine: str,
    count: Amount,
    now: float | None,
    *,
    zones: tuple[str, ...] = (),
    basis: Basis = Basis.DECLARED,
    autoscaled: bool = False,
) -> Fleet:
    scheduling = made_from.blocks("scheduling")
    affinity = made_from.blocks("reservation_affinity")
    return Fleet(
        label,
        machine,
        count,
        now,
        spot=any(is_spot(each) for each in scheduling),
        basis=basis,
        zones=tuple(zone for zone in zones if zone),
        reservations=reservations_of(at, affinity[0] if affinity else None),
        autoscaled=autoscaled,
    )


def _image(inputs: Inputs) -> str:
    """The image that a machine starts from, as far as its name says what runs on it."""
    boot = inputs.text("boot_disk.initialize_params.image")
    if boot:
        return boot
    return next((each.text("source_image") for each in inputs.blocks("disk")), "")


def _boot_gib(image: str) -> float:
    return _WINDOWS_IMAGE_GIB if "windows" in image.lower() else _IMAGE_GIB


def _instance_disks(at: Estimation, fleet: Fleet) -> Iterator[Part]:
    boot = "boot_disk.initialize_params"
    if gap := at.awaited("boot disk", f"{boot}.size", f"{boot}.type"):
        yield gap
    elif at.inputs.has("boot_disk") and not at.inputs.has("boot_disk.source"):
        gib = at.inputs.number(f"{boot}.size")
        image = _image(at.inputs)
        yield from disk_parts(
            at,
            last(at.inputs.text(f"{boot}.type", "pd-standard")),
            _boot_gib(image) if gib is None else gib,
            label="boot disk",
            iops=at.inputs.number(f"{boot}.provisioned_iops"),
            throughput=at.inputs.number(f"{boot}.provisioned_throughput"),
            note="" if gib is not None else "no size is given: the usual size of an image",
        )
    scratch = at.inputs.blocks("scratch_disk")
    if scratch:
        gib = sum(each.number("size") or LOCAL_SSD_GIB for each in scratch)
        yield from _local_ssd(at, fleet, gib)


def _template_disks(at: Estimation, inputs: Inputs, fleet: Fleet) -> Iterator[Part]:
    local = 0.0
    for index, each in enumerate(inputs.blocks("disk")):
        kind = last(each.text("disk_type", "pd-standard"))
        gib = each.number("disk_size_gb")
        if each.text("type").upper() == "SCRATCH" or kind == "local-ssd":
            local += gib or LOCAL_SSD_GIB
        elif not each.has("source"):
            yield from disk_parts(
                at,
                kind,
                _boot_gib(each.text("source_image")) if gib is None else gib,
                count=fleet.count,
                label="boot disks" if index == 0 else f"disks {index + 1}",
                iops=each.number("provisioned_iops"),
                throughput=each.number("provisioned_throughput"),
                basis=fleet.basis,
                note="" if gib is not None else "no size is given: the usual size of an image",
            )
    if local:
        yield from _local_ssd(at, fleet, local)


def _local_ssd(at: Estimation, fleet: Fleet, gib: float) -> Iterator[Part]:
    kind = "local-ssd/spot" if fleet.spot else "local-ssd"
    yield from disk_parts(at, kind, gib, count=fleet.count, label="local SSDs", basis=fleet.basis)


def _addresses(at: Estimation, inputs: Inputs, fleet: Fleet) -> Iterator[Part]:
    """External addresses that machines take for themselves; a reserved one is charged where it is declared."""
    own = [
        access
        for interface in inputs.blocks("network_interface")
        for access in interface.blocks("access_config")
        if not access.has("nat_ip")
    ]
    if own:
        yield from address_parts(at, fleet, "external addresses", len(own))
