"""Google Compute Engine: the price list of Cyclenerd's calculator."""

import csv
from typing import Any

import yaml

from tools.machines.model import Machines, Price, read, shape

HOURS_PER_MONTH = 730
ACCELERATORS = {
    "a100": "a100-40gb",
    "a100-80gb": "a100-80gb",
    "h100-80gb": "h100-80gb",
    "h100-80gb-mega": "h100-mega-80gb",
    "l4": "l4",
    "rtx6000": "rtx-pro-6000",
}


def machines(calculator: str, as_of: str) -> Machines:
    """Prices where the repository's own list of regions has the type: the price list names every region."""
    found = Machines("gcp")
    listed = yaml.load(read(calculator, "pricing.yml"), Loader=yaml.CSafeLoader)
    sizes = _table(read(calculator, "tools/machinetypes.csv"))
    cpus = {row["NAME"]: float(row["CPUS"]) for row in sizes}
    sold = {
        (row["NAME"], row["ZONE"])
        for row in _table(read(calculator, "tools/machinetyperegion.csv"))
    }
    for name, machine in sorted(listed["compute"]["instance"].items()):
        if "cost" not in machine or "ram" not in machine:
            continue
        priced = False
        for region, cost in machine["cost"].items():
            if (name, region) in sold and cost.get("hour"):
                found.prices.setdefault(region, {})[name] = _price(cost, as_of)
                priced = True
        if priced:
            cards = [(model, machine[key]) for key, model in ACCELERATORS.items() if key in machine]
            model, count = cards[0] if cards else (None, None)
            vcpu = cpus.get(name, float(machine["cpu"]))
            found.shapes[name] = shape("gcp", name, vcpu, float(machine["ram"]), model, count)
    return found


def _price(cost: dict[str, Any], as_of: str) -> Price:
    def rate(key: str, hours: float = 1) -> float | None:
        value = cost.get(key)
        return round(value / hours, 6) if value else None

    return Price(
        rate("hour"),
        as_of,
        ["cyclenerd"],
        spot=rate("hour_spot"),
        reserved_1y=rate("month_1y", HOURS_PER_MONTH),
        reserved_3y=rate("month_3y", HOURS_PER_MONTH),
    )


def _table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(text.splitlines(), delimiter=";"))
