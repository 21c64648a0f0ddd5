"""Writes one provider's machines as the tables that `trimtab.pricing.book.machines` reads."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from tools.machines.model import Machines, Price, Shape

SHAPES = "instance_type,vcpu,memory_gib,accelerator,accelerator_count,architecture"
COLUMNS = "instance_type,on_demand,spot,reserved_1y,reserved_3y,band,source,as_of"


def write(machines: Machines, folder: Path, built_in: set[tuple[str, str, str]]) -> None:
    """A provider's folder anew: its shapes, and a table for each region.

    Args:
        machines: the provider's.
        folder: `trimtab/pricing/book/machines`.
        built_in: provider, region and type of the built-in offers, which are not repeated.
    """
    target = folder / machines.provider
    target.mkdir(parents=True, exist_ok=True)
    for old in target.glob("*.csv"):
        old.unlink()
    priced = {name for prices in machines.prices.values() for name in prices}
    rows = [_shape(name, machines.shapes.get(name)) for name in sorted(priced | {*machines.shapes})]
    (target / "shapes.csv").write_text("\n".join([SHAPES, *rows, ""]), "utf-8")
    for region, prices in sorted(machines.prices.items()):
        kept = {
            name: price
            for name, price in sorted(prices.items())
            if (machines.provider, region, name) not in built_in
        }
        if kept:
            (target / f"{region}.csv").write_text(_region(kept), "utf-8")


def _region(prices: dict[str, Price]) -> str:
    """The commonest date and sources stand once, in the row `*`."""
    source = _commonest("+".join(price.sources) for price in prices.values())
    as_of = _commonest(price.as_of for price in prices.values())
    rows = [COLUMNS, f"*,,,,,,{source},{as_of}"]
    for name, price in prices.items():
        joined = "+".join(price.sources)
        cells = [
            name,
            *(
                _number(usd)
                for usd in (price.on_demand, price.spot, price.reserved_1y, price.reserved_3y)
            ),
            price.band,
            "" if joined == source else joined,
            "" if price.as_of == as_of else price.as_of,
        ]
        rows.append(",".join(cells).rstrip(","))
    return "\n".join([*rows, ""])


def _shape(name: str, shape: Shape | None) -> str:
    """A type whose size nobody says has its name: it is known, and its price may be."""
    if shape is None:
        return name
    cells = [
        name,
        _number(shape.vcpu),
        _number(shape.memory_gib),
        shape.accelerator or "",
        _number(shape.accelerator_count),
        shape.architecture,
    ]
    return ",".join(cells)


def _commonest(values: Iterable[str]) -> str:
    counted = Counter(values)
    return min(counted, key=lambda value: (-counted[value], value))


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.6f}".rstrip("0").rstrip(".")
