"""Azure virtual machines: single ones, scale sets, reserved capacity and dedicated hosts.

The machine itself is `Nodes`; its system and data disks are charged beside it. A Windows machine costs what a
Linux one does and its licence, which the hybrid benefit spares. The licence's price is known of the families
D and E alone; other Windows machines are a gap.
"""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

from trimtab.pricing.amount import ONE, Amount, between, exactly
from trimtab.pricing.estimation import Estimation
from trimtab.pricing.estimators import estimates
from trimtab.pricing.estimators.azure.disks import disk, operations, os_disk
from trimtab.pricing.estimators.azure.relations import followers
from trimtab.pricing.model import Basis, Gap, Nodes, Part
from trimtab.resources.inputs import Inputs

if TYPE_CHECKING:  # the plan's model brings pydantic, which no estimate needs
    from trimtab.plan.model import PurchaseOption

System = Literal["linux", "windows", "rhel", "suse"]

_SIZE = re.compile(r"(?:standard_)?([a-z]+?)(\d{1,4})(?:-(\d{1,4}))?([a-z]*)", re.IGNORECASE)


def vcpus(size: str) -> int | None:
    """The vCPUs that a size's name says: 8 of `Standard_D8s_v5`, 4 of `Standard_E16-4ds_v5`.

    The first generations number their sizes instead (`Standard_DS3_v2` has 4): None.
    """
    found = _SIZE.match(size)
    if found is None or re.search(r"(?:DS?\d+|_[AG]\w*)_v2$", size, re.IGNORECASE):
        return None
    return int(found[3] or found[2])


def takes_premium(size: str) -> bool:
    """Whether a size can have premium disks: an `s` among its features."""
    found = _SIZE.match(size)
    return found is not None and ("s" in found[4].lower() or found[1].lower() in ("ds", "gs"))


def system_of(publisher: str, *, windows: bool) -> System:
    """The operating system that is paid for, of an image's publisher."""
    if windows or publisher.lower().startswith("microsoftwindows"):
        return "windows"
    return {"redhat": "rhel", "suse": "suse"}.get(publisher.lower(), "linux")  # type: ignore[return-value]


def machines(
    at: Estimation,
    label: str,
    size: str,
    system: System,
    count: Amount = ONE,
    now: float | None = 1.0,
    basis: Basis = Basis.DECLARED,
    inputs: Inputs | None = None,
) -> Iterator[Part]:
    """Machines of one size, as they are bought; Windows where its licence has a price of its own."""
    asked = inputs or at.inputs
    option: PurchaseOption = (
        "spot" if asked.text("priority").lower() in ("spot", "low") else "on-demand"
    )
    note = ""
    if system == "windows":
        licensed = _licensed_vcpus(at, size) if option == "on-demand" else None
        if asked.text("license_type").lower() in ("windows_server", "windows_client"):
            note = "Windows under the hybrid benefit"
        elif licensed is not None:
            note = "the Windows licence is charged beside it"
            rate = "azure/windows-licence/vcpu"
            yield at.charge("Windows licence", rate, count.times(licensed), basis=basis)
    yield Nodes(
        label,
        (size,) if size else (),
        count,
        now=now,
        option=option,
        basis=basis,
        operating_system="linux" if note else system,
        note=note,
    )


def _licensed_vcpus(at: Estimation, size: str) -> float | None:
    """The vCPUs that a Windows licence is paid for, of the families whose surcharge is known: D and E."""
    found = _SIZE.match(size)
    if found is None or found[1].lower() not in ("d", "ds", "e", "es"):
        return None
    if found[3]:  # fewer are active than are paid for
        return float(found[2])
    offer = at.facts.book.offer("azure", at.region, size)
    known = vcpus(size) if offer is None else offer.vcpu
    return None if known is None else float(known)


def _paid_by_host(at: Estimation) -> bool:
    """Whether a dedicated host, or a capacity reservation of this estate, pays for the machine."""
    if at.inputs.has("dedicated_host_id") or at.inputs.has("dedicated_host_group_id"):
        return True
    return at.referred("capacity_reservation_group_id") is not None


@estimates("azurerm_linux_virtual_machine", "azurerm_windows_virtual_machine")
def virtual_machine(at: Estimation) -> Iterator[Part]:
    """The machine and its system disk."""
    windows = at.resource.kind == "azurerm_windows_virtual_machine"
    if not _paid_by_host(at):
        publisher = at.inputs.text("source_image_reference.publisher")
        system = system_of(publisher, windows=windows)
        yield from machines(at, "virtual machine", at.inputs.text("size"), system)
    block = next(iter(at.inputs.blocks("os_disk")), None)
    yield from os_disk(at, block, windows=windows)


@estimates("azurerm_virtual_machine")
def classic_virtual_machine(at: Estimation) -> Iterator[Part]:
    """The machine, its system disk and the data disks that it declares itself."""
    block = next(iter(at.inputs.blocks("storage_os_disk")), None)
    publisher = at.inputs.text("storage_image_reference.publisher")
    windows = (
        at.inputs.has("os_profile_windows_config")
        or publisher.lower().startswith("microsoftwindows")
        or (block is not None and block.text("os_type").lower() == "windows")
    )
    if not _paid_by_host(at):
        system = system_of(publisher, windows=windows)
        yield from machines(at, "virtual machine", at.inputs.text("vm_size"), system)
    yield from os_disk(at, block, windows=windows, type_name="managed_disk_type")
    yield from _data_disks(at, "storage_data_disk", "managed_disk_type", ONE, Basis.DECLARED)


def _data_disks(
    at: Estimation, name: str, type_name: str, count: Amount, basis: Basis
) -> Iterator[Part]:
    for block in at.inputs.blocks(name):
        if block.has("managed_disk_id") or block.text("create_option").lower() == "attach":
            continue  # a disk of its own, priced there
        storage_type = block.text(type_name, "Standard_LRS")
        gib = block.number("disk_size_gb")
        if gib is None:
            yield Gap("data disk", "its size is known only after deployment")
        else:
            yield disk(at, "data disk", storage_type, gib, count, basis)
            yield from operations(at, storage_type)


@estimates(
    "azurerm_linux_virtual_machine_scale_set",
    "azurerm_windows_virtual_machine_scale_set",
    "azurerm_orchestrated_virtual_machine_scale_set",
    "azurerm_virtual_machine_scale_set",
)
def scale_set(at: Estimation) -> Iterator[Part]:
    """Machines and their disks, within what an autoscale setting of the estate allows."""
    kind = at.resource.kind
    classic = kind == "azurerm_virtual_machine_scale_set"
    windows = "windows" in kind or any(
        at.inputs.has(each)
        for each in ("os_profile_windows_config", "os_profile.windows_configuration")
    )
    size = at.inputs.text("sku.name") or at.inputs.text("sku_name") or at.inputs.text("sku")
    if kind == "azurerm_orchestrated_virtual_machine_scale_set":
        size = size.removesuffix("_Mix") if size != "Mix" else ""
    declared = at.inputs.number("sku.capacity" if classic else "instances")
    unknown = at.inputs.unknown("sku.capacity" if classic else "instances")
    found = scaled(at, declared, unknown=unknown)
    if found is None:
        yield Gap("scale set machines", "their number is known only after deployment")
        return
    count, now, basis = found
    image = "storage_profile_image_reference" if classic else "source_image_reference"
    system = system_of(at.inputs.text(f"{image}.publisher"), windows=windows)
    yield from machines(at, "scale set machines", size, system, count, now, basis)
    disk_name = "storage_profile_os_disk" if classic else "os_disk"
    type_name = "managed_disk_type" if classic else "storage_account_type"
    block = next(iter(at.inputs.blocks(disk_name)), None)
    yield from os_disk(at, block, windows=windows, count=count, basis=basis, type_name=type_name)
    data = "storage_profile_data_disk" if classic else "data_disk"
    yield from _data_disks(at, data, type_name, count, basis)


def scaled(
    at: Estimation, declared: float | None, *, unknown: bool = False, default: float = 1.0
) -> tuple[Amount, float | None, Basis] | None:
    """How many instances a resource has: what it declares, within its autoscale setting's limits.

    Returns:
        How many, how many it starts with, and who says so; None where nothing bounds them.
    """
    now = declared if declared is not None else None if unknown else default
    setting = next(iter(followers(at, "azurerm_monitor_autoscale_setting")), None)
    if setting is not None:
        capacities = [c for p in setting.inputs.blocks("profile") for c in p.blocks("capacity")]
        lows = [value for each in capacities if (value := each.number("minimum")) is not None]
        highs = [value for each in capacities if (value := each.number("maximum")) is not None]
        if lows and highs:
            return between(min(lows), max(highs), now), now, Basis.BOUNDS
    if now is None:
        return None
    return exactly(now), now, Basis.DECLARED


@estimates("azurerm_capacity_reservation")
def capacity_reservation(at: Estimation) -> Iterator[Part]:
    """Paid for like the machines that it holds, whether they run or not."""
    capacity = at.inputs.number("sku.capacity")
    if capacity is None:
        yield Gap("reserved capacity", "its size is known only after deployment")
        return
    size = at.inputs.text("sku.name")
    yield from machines(at, "reserved capacity", size, "linux", exactly(capacity), capacity)


@estimates("azurerm_dedicated_host")
def dedicated_host(at: Estimation) -> Iterator[Part]:
    """By the hour; no source gives a price."""
    yield at.charge("dedicated host", f"azure/dedicated-host/{at.inputs.text('sku_name').lower()}")


@estimates("azurerm_batch_pool")
def batch_pool(at: Estimation) -> Iterator[Part]:
    """The pool's machines."""
    size = at.inputs.text("vm_size")
    fixed = at.inputs.number("fixed_scale.target_dedicated_nodes")
    spot = at.inputs.number("fixed_scale.target_low_priority_nodes") or 0.0
    if at.inputs.has("auto_scale"):
        yield Gap("batch nodes", "a formula decides how many there are")
        return
    dedicated = 1.0 if fixed is None else fixed
    if dedicated:
        yield Nodes("batch nodes", (size,), exactly(dedicated), dedicated)
    if spot:
        yield Nodes("batch nodes", (size,), exactly(spot), spot, option="spot")


@estimates("azurerm_machine_learning_compute_cluster")
def learning_cluster(at: Estimation) -> Iterator[Part]:
    """Machines between its fewest and its most nodes: none at first, where the fewest is none."""
    low = at.inputs.number("scale_settings.min_node_count") or 0.0
    high = at.inputs.number("scale_settings.max_node_count")
    if high is None:
        yield Gap("compute nodes", "their number is known only after deployment")
        return
    asked = at.inputs.text("vm_priority").lower()
    yield Nodes(
        "compute nodes",
        (at.inputs.text("vm_size"),),
        between(low, high),
        now=low,
        option="spot" if asked == "lowpriority" else "on-demand",
        basis=Basis.BOUNDS,
    )


@estimates("azurerm_machine_learning_compute_instance")
def learning_instance(at: Estimation) -> Iterator[Part]:
    """One machine."""
    size = at.inputs.text("virtual_machine_size")
    yield from machines(at, "compute instance", size, "linux")
