"""Azure virtual machines: Karpenter's price list, held against a second one that also has sizes and spot.

Karpenter's list has Windows prices in about 2,000 places: dearer than the second list's by 0.046 USD per vCPU
and hour, the licence. There the second list's price stands. Where the two differ in another way
neither does; and in a family where they differ anywhere, a price that only Karpenter has is left out.

Sizes with accelerators are tabled here, for the second list names few of them. Sizes that it has not are
read off their names: a name has the vCPUs, and a family has one ratio of memory to them.
"""

import csv
import re

from tools.machines.model import Machines, Price, Shape, UnusableSourceError, read, shape

CATALOGUE_DATE = "2026-05-20"
PRICES = "pkg/providers/pricing/zz_generated.pricing.go"
NAME = re.compile(r"Standard_([A-Z]+)(\d+)(?:-(\d+))?([a-z]*)(?:_(.+))?")

# vCPUs, GiB, model, devices.
ACCELERATED: dict[str, tuple[float, float, str, float]] = {
    **{f"NC{6 * n}s_v2": (6 * n, 112 * n, "p100", n) for n in (1, 2, 4)},
    **{f"NC{6 * n}s_v3": (6 * n, 112 * n, "v100-16gb", n) for n in (1, 2, 4)},
    "NC24rs_v2": (24, 448, "p100", 4),
    "NC24rs_v3": (24, 448, "v100-16gb", 4),
    "NC4as_T4_v3": (4, 28, "t4", 1),
    "NC8as_T4_v3": (8, 56, "t4", 1),
    "NC16as_T4_v3": (16, 110, "t4", 1),
    "NC64as_T4_v3": (64, 440, "t4", 4),
    **{f"NC{24 * n}ads_A100_v4": (24 * n, 220 * n, "a100-80gb", n) for n in (1, 2, 4)},
    "NC40ads_H100_v5": (40, 320, "h100-94gb", 1),
    "NC80adis_H100_v5": (80, 640, "h100-94gb", 2),
    "NCC40ads_H100_v5": (40, 320, "h100-94gb", 1),
    "ND40rs_v2": (40, 672, "v100-32gb", 8),
    "ND96asr_v4": (96, 900, "a100-40gb", 8),
    "ND96amsr_A100_v4": (96, 1900, "a100-80gb", 8),
    "ND96isr_H100_v5": (96, 1900, "h100-80gb", 8),
    "ND96isr_H200_v5": (96, 1850, "h200-141gb", 8),
    "ND96isr_MI300X_v5": (96, 1850, "mi300x", 8),
    **{f"NV{12 * n}s_v3": (12 * n, 112 * n, "m60", n) for n in (1, 2, 4)},
    **{f"NV{4 * n}as_v4": (4 * n, 14 * n, "mi25", n / 8) for n in (1, 2, 4, 8)},
    "NV6ads_A10_v5": (6, 55, "a10", round(1 / 6, 6)),
    "NV12ads_A10_v5": (12, 110, "a10", round(1 / 3, 6)),
    "NV18ads_A10_v5": (18, 220, "a10", 0.5),
    "NV36ads_A10_v5": (36, 440, "a10", 1),
    "NV36adms_A10_v5": (36, 880, "a10", 1),
    "NV72ads_A10_v5": (72, 880, "a10", 2),
    **{f"NP{10 * n}s": (10 * n, 168 * n, "fpga", n) for n in (1, 2, 4)},
}
# GiB per vCPU: the first pattern that matches family, features and version (`D`, `lds`, `v5`) together.
RATIOS = (
    (re.compile(r"D[a-z]*l[a-z]*_v\d"), 2),
    (re.compile(r"DC[a-z]*_v3"), 8),
    (re.compile(r"DC?[a-z]*_v\d"), 4),
    (re.compile(r"EC?[a-z]*_v\d"), 8),
    (re.compile(r"F[a-z]*amd?s_v\d"), 8),
    (re.compile(r"F[a-z]*ald?s_v\d"), 2),
    (re.compile(r"F[a-z]*ad?s_v\d"), 4),
    (re.compile(r"B[ap]?ls_v2"), 2),
    (re.compile(r"B[ap]?s_v2"), 4),
)


LICENCE_USD_PER_VCPU = 0.047
"""No less than what Windows adds; B sizes pay less."""


def machines(karpenter: str, catalogue: str) -> Machines:
    """Every size on the price list; dedicated hosts and basic sizes left out."""
    found = Machines("azure")
    text = read(karpenter, PRICES)
    date = re.search(r"generated at (\d{4}-\d\d-\d\d)", text)
    if date is None:
        raise UnusableSourceError("Karpenter's Azure prices have no date")
    region = ""
    for line in text.splitlines():
        if start := re.search(r'initialOnDemandPrices\["([a-z0-9]+)"\]', line):
            region = start[1]
        if (cell := re.match(r'\t\t"(Standard_[\w-]+)":\s+([\d.]+),', line)) and float(cell[2]) > 0:
            price = Price(float(cell[2]), date[1], ["karpenter-azure"])
            found.prices.setdefault(region, {})[cell[1]] = price
    rows = list(csv.DictReader(read(catalogue, "azure/vms.csv").splitlines()))
    wrong = {
        _family(row["InstanceType"])
        for row in rows
        if not _second_opinion(row, found.prices.setdefault(row["Region"], {}))
    }
    checked = {(row["Region"], row["InstanceType"]) for row in rows}
    for place, prices in found.prices.items():
        for name in [name for name in prices if _family(name) in wrong]:
            if (place, name) not in checked:
                del prices[name]
    listed = {row["InstanceType"]: row for row in rows if not row["AcceleratorName"]}
    for name in {name for region in found.prices.values() for name in region}:
        if known := size(name, listed.get(name)):
            found.shapes[name] = known
    return found


def _second_opinion(row: dict[str, str], prices: dict[str, Price]) -> bool:
    """The second list's spot price; its list price where Karpenter has none, or that of Windows.

    Returns:
        Whether the two agree.
    """
    name = row["InstanceType"]
    if not row["Price"] or float(row["Price"]) <= 0:
        return True
    usd = float(row["Price"])
    price = prices.setdefault(name, Price(usd, CATALOGUE_DATE, ["azure-catalogue"]))
    more = (price.on_demand or usd) - usd
    agreed = abs(more) < 1e-4
    if not agreed:
        if not 0 < more <= LICENCE_USD_PER_VCPU * float(row["vCPUs"]):
            del prices[name]
            return False
        price = prices[name] = Price(usd, CATALOGUE_DATE, ["azure-catalogue"])
    if row["SpotPrice"] and 0 < float(row["SpotPrice"]) < usd:
        price.spot = float(row["SpotPrice"])
        price.sources.append("azure-catalogue-spot")
    return agreed


def _family(name: str) -> str:
    """A size's name without its digits."""
    parts = NAME.fullmatch(name)
    return f"{parts[1]}{parts[4]}_{parts[5]}" if parts else name


def size(name: str, listed: dict[str, str] | None) -> Shape | None:
    """What a size has; None where nobody says how many vCPUs, or which accelerator."""
    parts = NAME.fullmatch(name.removesuffix("_Promo"))
    if parts is None:
        return None
    family, whole, constrained, features, version = parts.groups()
    plain = name.removeprefix("Standard_").removesuffix("_Promo")
    if plain in ACCELERATED:
        return shape("azure", name, *ACCELERATED[plain])
    if family.startswith(("N", "PB")):  # GPUs and FPGAs
        return None
    if listed is not None:
        vcpu = float(constrained or listed["vCPUs"])
        return shape("azure", name, vcpu, float(listed["MemoryGiB"]))
    kind = f"{family}{features}{f'_{version}' if version else ''}"
    for pattern, ratio in RATIOS:
        if pattern.fullmatch(kind) and float(whole) <= (64 if ratio == 8 else 96):
            return shape("azure", name, float(constrained or whole), ratio * float(whole))
    return None
