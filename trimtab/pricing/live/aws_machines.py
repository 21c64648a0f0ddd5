"""AWS's machines beside the Price List: spot prices, reservations, Savings Plans, and what they have."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any

from trimtab.errors import InputError
from trimtab.pricing.book.tables import check_currency
from trimtab.pricing.live.model import MachineRow, RateRow, Row

SPOT_WINDOW = timedelta(hours=24)
_YEAR_SECONDS = 365 * 24 * 3600
_TERMS = {_YEAR_SECONDS: "1y", 3 * _YEAR_SECONDS: "3y"}
_LINUX = "Linux/UNIX"
_PLANS = {"Compute": "compute", "EC2Instance": "ec2-instance"}


# Spot.


def spot(client: Any, region: str, now: datetime) -> Iterator[MachineRow]:
    """What spot machines cost: the median over zones of each zone's mean over the last 24 hours.

    The API answers with changes, and with the price that held when the window began, whenever that was set.

    Args:
        client: boto3's, of `ec2` in the region.
        region: AWS's name.
        now: the window's end.
    """
    pages = client.get_paginator("describe_spot_price_history").paginate(
        StartTime=now - SPOT_WINDOW, EndTime=now, ProductDescriptions=[_LINUX]
    )
    changes: dict[str, dict[str, list[tuple[datetime, float]]]] = {}
    for page in pages:
        for each in page["SpotPriceHistory"]:
            if each["ProductDescription"].startswith(_LINUX):
                zones = changes.setdefault(each["InstanceType"], {})
                change = (_instant(each["Timestamp"]), float(each["SpotPrice"]))
                zones.setdefault(each["AvailabilityZone"], []).append(change)
    for instance_type, zones in sorted(changes.items()):
        means = [mean_price(each, now - SPOT_WINDOW, now) for each in zones.values()]
        yield MachineRow(region, instance_type, {"spot": median(means)})


def mean_price(changes: Sequence[tuple[datetime, float]], start: datetime, end: datetime) -> float:
    """The mean of a price over a window by how long each held; the last, where none held in it."""
    ordered = sorted(changes)
    total = seconds = 0.0
    for index, (since, usd) in enumerate(ordered):
        until = ordered[index + 1][0] if index + 1 < len(ordered) else end
        held = (min(until, end) - max(since, start)).total_seconds()
        if held > 0:
            total, seconds = total + usd * held, seconds + held
    return total / seconds if seconds else ordered[-1][1]


def _instant(when: datetime) -> datetime:
    return when if when.tzinfo else when.replace(tzinfo=UTC)


# Reservations and plans.


def reserved(client: Any, region: str) -> Iterator[MachineRow]:
    """Standard reservations without upfront payment, of a region, for a shared Linux machine.

    Raises:
        InputError: prices are not in US dollars.
    """
    pages = client.get_paginator("describe_reserved_instances_offerings").paginate(
        ProductDescription=_LINUX,
        OfferingClass="standard",
        OfferingType="No Upfront",
        InstanceTenancy="default",
        IncludeMarketplace=False,
    )
    found: dict[str, dict[str, float | str | None]] = {}
    for page in pages:
        for each in page["ReservedInstancesOfferings"]:
            term = _TERMS.get(int(each["Duration"]))
            if term is None or not _plain(each):
                continue
            check_currency(each.get("CurrencyCode", ""), "AWS reserved offerings")
            hourly = sum(
                float(charge["Amount"])
                for charge in each.get("RecurringCharges", ())
                if charge["Frequency"] == "Hourly"
            )
            upfront = float(each.get("FixedPrice") or 0) / (int(each["Duration"]) / 3600)
            usd = upfront + float(each.get("UsagePrice") or 0) + hourly
            if usd > 0:
                found.setdefault(each["InstanceType"], {}).setdefault(f"reserved_{term}", usd)
    for instance_type, cells in sorted(found.items()):
        yield MachineRow(region, instance_type, cells)


def _plain(offering: Mapping[str, Any]) -> bool:
    """Whether it is what was asked for: a stand-in for AWS may not filter."""
    return (
        str(offering.get("ProductDescription", "")).startswith(_LINUX)
        and offering.get("OfferingClass", "standard") == "standard"
        and offering.get("OfferingType", "No Upfront") == "No Upfront"
        and offering.get("InstanceTenancy", "default") == "default"
        and not offering.get("Marketplace")
    )


def savings_plans(client: Any, region: str) -> Iterator[Row]:
    """What a machine costs under Savings Plans without upfront payment.

    Rates `aws/savings-plan/<compute or ec2-instance>/<1y or 3y>/<type>`, and EC2 Instance plans as reserved
    prices, for the machines that have no reservations.

    Raises:
        InputError: prices are not in US dollars.
    """
    asked: dict[str, Any] = {
        "savingsPlanPaymentOptions": ["No Upfront"],
        "savingsPlanTypes": list(_PLANS),
        "products": ["EC2"],
        "filters": [
            {"name": "region", "values": [region]},
            {"name": "productDescription", "values": [_LINUX]},
            {"name": "tenancy", "values": ["shared"]},
        ],
        "maxResults": 1000,
    }
    while True:
        answer = client.describe_savings_plans_offering_rates(**asked)
        for each in answer["searchResults"]:
            yield from _plan(region, each)
        if not answer.get("nextToken"):
            return
        asked["nextToken"] = answer["nextToken"]


def _plan(region: str, found: Mapping[str, Any]) -> Iterator[Row]:
    offering = found["savingsPlanOffering"]
    said = {each["name"]: each["value"] for each in found.get("properties", ())}
    kind = _PLANS.get(offering["planType"])
    term = _TERMS.get(int(offering["durationSeconds"]))
    instance_type = said.get("instanceType", "")
    usd = float(found["rate"])
    if not kind or not term or not instance_type or found["unit"] != "Hrs" or usd <= 0:
        return
    check_currency(offering.get("currency", ""), "AWS Savings Plans")
    if said.get("region", region) != region:
        return
    rate = f"aws/savings-plan/{kind}/{term}/{instance_type}"
    yield RateRow(region, rate, "hour", ((0.0, usd),), f"offering {offering['offeringId']}")
    if kind == "ec2-instance":
        yield MachineRow(region, instance_type, {f"reserved_{term}": usd})


# What they have.


def instance_types(client: Any, region: str) -> Iterator[MachineRow]:
    """vCPUs, memory, accelerators and architecture of a region's types."""
    for page in client.get_paginator("describe_instance_types").paginate():
        for each in page["InstanceTypes"]:
            memory = each.get("MemoryInfo", {}).get("SizeInMiB")
            architectures = each.get("ProcessorInfo", {}).get("SupportedArchitectures", ())
            model, count = _accelerator(each)
            cells: dict[str, float | str | None] = {
                "vcpu": each.get("VCpuInfo", {}).get("DefaultVCpus"),
                "memory_gib": memory / 1024 if memory else None,
                "accelerator": model,
                "accelerator_count": count,
                "architecture": "arm64" if "arm64" in architectures else "x86_64",
            }
            yield MachineRow(region, each["InstanceType"], cells)


def _accelerator(found: Mapping[str, Any]) -> tuple[str | None, float | None]:
    devices = [
        *found.get("GpuInfo", {}).get("Gpus", ()),
        *found.get("NeuronInfo", {}).get("NeuronDevices", ()),
        *found.get("InferenceAcceleratorInfo", {}).get("Accelerators", ()),
    ]
    if not devices:
        return None, None
    device = devices[0]
    model = accelerator_model(device.get("Name", ""), device.get("MemoryInfo", {}).get("SizeInMiB"))
    # A type with a part of a device counts none; every other one's part is the whole.
    count = device.get("Count") or device.get("GpuPartitionSize")
    return (model, float(count)) if model and count else (None, None)


def accelerator_model(name: str, memory_mib: float | None) -> str | None:
    """The model that a cloud's name of a device stands for; None where we don't know it.

    A family with several memories needs the device's own.
    """
    from trimtab.catalogue.accelerators import ACCELERATORS, resolve_accelerator

    try:
        models = resolve_accelerator(name)
    except InputError:
        return None
    if len(models) > 1 and memory_mib:
        gib = memory_mib / 1024
        sized = [
            model
            for model in models
            if (known := ACCELERATORS[model].memory_gib) and abs(known - gib) / known < 0.1
        ]
        # `h100-80gb` before `h100-mega-80gb`: the plain one is meant.
        plain = [
            model
            for model in sized
            if model == f"{ACCELERATORS[model].family}-{ACCELERATORS[model].memory_gib:g}gb"
        ]
        models = tuple(plain if len(sized) > 1 else sized)
    return models[0] if len(models) == 1 else None
