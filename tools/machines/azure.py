"""Azure virtual machines: Karpenter's price list, and sizes from Azure's naming rules.

A size's name has its vCPUs and its family; a family has one ratio of memory to vCPUs, but for its largest
sizes. What the rules below do not cover has no memory, or no shape at all.
"""

import re

from tools.machines.model import Machines, Price, Shape, UnusableSourceError, read, shape

PRICES = "pkg/providers/pricing/zz_generated.pricing.go"
NAME = re.compile(r"Standard_([A-Z]+)(\d+)(?:-(\d+))?([a-z]*)(?:_(.+))?")

# vCPUs, GiB: families that follow no ratio (Azure's size pages).
SIZES: dict[str, tuple[float, float]] = {
    **{
        f"D{n}_v2": size
        for n, size in {1: (1, 3.5), 2: (2, 7), 3: (4, 14), 4: (8, 28), 5: (16, 56)}.items()
    },
    **{f"D{n}_v2": (v, 7.0 * v) for n, v in {11: 2, 12: 4, 13: 8, 14: 16, 15: 20}.items()},
    **{f"D{n}": (v, 3.5 * v) for n, v in {1: 1, 2: 2, 3: 4, 4: 8}.items()},
    **{f"D{n}": (v, 7.0 * v) for n, v in {11: 2, 12: 4, 13: 8, 14: 16}.items()},
    **{f"A{v}_v2": (v, 2.0 * v) for v in (1, 2, 4, 8)},
    **{f"A{v}m_v2": (v, 8.0 * v) for v in (2, 4, 8)},
    "B1ls": (1, 0.5),
    "B1s": (1, 1),
    "B1ms": (1, 2),
    "B2s": (2, 4),
    **{f"B{v}ms": (v, 4.0 * v) for v in (2, 4, 8, 12, 16, 20)},
    **{f"B2{arch}ts_v2": (2, 1) for arch in ("", "a", "p")},
    "HB60rs": (60, 228),
    "HC44rs": (44, 352),
    "HB120rs_v2": (120, 456),
    "HB120rs_v3": (120, 448),
}
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
# The largest sizes of a family have less than its ratio: GiB by family (without digits) and vCPUs.
LARGEST: dict[tuple[str, int], float] = {
    **{(f"E{f}_v3", 64): 432 for f in ("", "s")},
    **{(f"E{f}_v3", 64): 432 for f in ("i", "is")},
    **{(f"E{f}_v4", 64): 504 for f in ("", "s", "d", "ds")},
    **{(f"E{f}_v4", 80): 504 for f in ("is", "ids")},
    **{(f"E{f}_v4", 96): 672 for f in ("a", "as", "ias")},
    **{
        (f"E{f}_v5", 96): 672 for f in ("", "s", "d", "ds", "as", "ads", "ias", "iads", "bs", "bds")
    },
    **{(f"E{f}_v5", 104): 672 for f in ("i", "is", "id", "ids")},
    **{(f"E{f}_v5", 112): 672 for f in ("ibs", "ibds", "ias", "iads")},
    **{(f"E{f}_v5", 32): 208 for f in ("ps", "pds")},
    **{(f"E{f}_v6", 96): 768 for f in ("s", "ds", "bs", "bds")},
    **{(f"E{f}_v6", 128): 1024 for f in ("s", "ds", "bs", "bds")},
    **{(f"E{f}_v6", 96): 672 for f in ("as", "ads", "ps", "pds")},
    **{(f"D{f}_v5", 64): 208 for f in ("ps", "pds")},
    **{(f"EC{f}_v5", 96): 672 for f in ("as", "ads", "ias", "iads")},
    **{(f"D{f}_v5", 48): 192 for f in ("ps", "pds")},
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
    (re.compile(r"Fs?(_v2)?"), 2),
    (re.compile(r"B[ap]?ls_v2"), 2),
    (re.compile(r"B[ap]?s_v2"), 4),
    (re.compile(r"L[a-z]*(_v\d)?"), 8),
)


def machines(karpenter: str) -> Machines:
    """Every size on the price list; dedicated hosts and old basic sizes left out."""
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
    for name in {name for region in found.prices.values() for name in region}:
        if known := size(name):
            found.shapes[name] = known
    return found


def size(name: str) -> Shape | None:
    """What a size has, by its name; None where the rules do not say how many vCPUs."""
    parts = NAME.fullmatch(name.removesuffix("_Promo"))
    if parts is None:
        return None
    family, whole, constrained, features, version = parts.groups()
    plain = name.removeprefix("Standard_").removesuffix("_Promo")
    if plain in ACCELERATED:
        return shape("azure", name, *ACCELERATED[plain])
    # DS sizes are D sizes with premium storage.
    spelt = (
        f"{'D' if family == 'DS' else family}{whole}{features}{f'_{version}' if version else ''}"
    )
    if spelt in SIZES:
        vcpu, gib = SIZES[spelt]
        return shape("azure", name, float(constrained or vcpu), gib)
    if family[0] not in "BDEFL" or family in ("DS", "A"):
        return None
    kind = f"{family}{features}{f'_{version}' if version else ''}"
    for pattern, ratio in RATIOS:
        if pattern.fullmatch(kind):
            largest = LARGEST.get((kind, int(whole)))
            sure = int(whole) <= (64 if ratio == 8 else 96 if kind.endswith("_v7") else 192)
            known = largest or (ratio * float(whole) if sure else None)
            return shape("azure", name, float(constrained or whole), known)
    return None
