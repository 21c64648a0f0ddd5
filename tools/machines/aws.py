"""Amazon EC2: what Karpenter's provider, AWS's price page, spotinfo and three older lists of prices say."""

import csv
import json
import re
from itertools import pairwise

from tools.machines.model import Machines, Price, Shape, UnusableSourceError, read, shape
from tools.rates.pages import Pages
from trimtab.catalogue.accelerators import ACCELERATORS, resolve_accelerator

PRICES = "pkg/providers/pricing/zz_generated.pricing_aws{}.go"
TYPES = "website/content/en/docs/reference/instance-types.md"
ADVISOR = "internal/spot/data/spot-advisor-data.json"
BANDS = ("0-5", "5-10", "10-15", "15-20", "20-100")
ON_DEMAND = re.compile(r"OnDemand Linux-instancetype-([a-z0-9][\w-]*\.[\w-]+)")
REGIONS = {"EU (Milan)": "eu-south-1"}
"""Regions under another name in kube-resource-report."""

ADVICE_DATE = "2025-06-28"
HOURS_PER_MONTH = 730.5
"""What kube-resource-report multiplies by: 365.25 days."""

# Families whose accelerators Karpenter's page leaves out: model and devices by size (AWS's type pages).
ACCELERATED = {
    "p3": ("v100-16gb", {"2xlarge": 1, "8xlarge": 4, "16xlarge": 8}),
    "g3s": ("m60", {"xlarge": 1}),
    "g3": ("m60", {"4xlarge": 1, "8xlarge": 2, "16xlarge": 4}),
    "f1": ("fpga", {"2xlarge": 1, "4xlarge": 2, "16xlarge": 8}),
    "f2": ("fpga", {"6xlarge": 1, "12xlarge": 2, "48xlarge": 8}),
    "dl1": ("gaudi-hl-205", {"24xlarge": 8}),
}
# Accelerators without a model in the catalogue's vocabulary: no shape, so that nobody takes them for CPU only.
UNNAMED = re.compile(r"(p2|g2|vt1|dl2q)\.")


def machines(
    karpenter: str,
    watcher: str,
    watcher_as_of: str,
    spotinfo: str,
    ec2_info: str,
    opencost: str,
    report: str,
) -> Machines:
    """Every source in turn; a later one fills only what an earlier one left out."""
    found = Machines("aws")
    for suffix in ("", "_us_gov"):
        _list_prices(read(karpenter, PRICES.format(suffix)), found)
    _other_regions(watcher, watcher_as_of, found)
    _older_regions(report, found)
    advisor = json.loads(read(spotinfo, ADVISOR))
    _advice(advisor, found)
    _reserved(read(ec2_info, "generated_instances_data.txt"), opencost, found)
    _shapes(read(karpenter, TYPES), advisor, found)
    return found


def _list_prices(text: str, found: Machines) -> None:
    date = re.search(r"generated at (\d{4}-\d\d-\d\d)", text)
    if date is None:
        raise UnusableSourceError("Karpenter's AWS prices have no date")
    region = ""
    for line in text.splitlines():
        if start := re.match(r'\t"([a-z]+-[a-z-]+-\d)": \{', line):
            region = start[1]
        for name, usd in re.findall(r'"([a-z0-9][\w-]*\.[\w-]+)": ([\d.]+)', line):
            price = Price(float(usd), date[1], ["karpenter-aws"])
            found.prices.setdefault(region, {})[name] = price


def _other_regions(watcher: str, as_of: str, found: Machines) -> None:
    """What Karpenter has not: AWS's price page, but for types whose price in us-east-1 has changed since."""
    listed = {
        (row.region, match[1]): row.usd
        for row in Pages(watcher, watcher).rows("ec2")
        if (match := ON_DEMAND.fullmatch(row.name))
    }
    now = found.prices["us-east-1"]
    for (region, name), usd in listed.items():
        then = listed.get(("us-east-1", name))
        price = now[name].on_demand if name in now else None
        if then is None or price is None or abs(then - price) < 1e-4 * price:
            page = Price(usd, as_of, ["aws-price-watcher"])
            found.prices.setdefault(region, {}).setdefault(name, page)


def _older_regions(report: str, found: Machines) -> None:
    """What neither has: prices of 2021, of types whose price in us-east-1 has not changed since."""
    text = read(report, "kube_resource_report/aws-ec2-costs-monthly.csv")
    listed = {
        (REGIONS.get(region, region), name): round(float(usd) / HOURS_PER_MONTH, 6)
        for region, name, usd in csv.reader(text.splitlines())
    }
    now = found.prices["us-east-1"]
    for (region, name), usd in listed.items():
        if not re.fullmatch(r"[a-z]+-[a-z]+-\d", region) or region == "us-east-1":
            continue
        then = listed.get(("us-east-1", name))
        price = now[name].on_demand if name in now else None
        if then is not None and price is not None and abs(then - price) < 1e-4 * price:
            old = Price(usd, "2021-02-01", ["kube-resource-report"])
            found.prices.setdefault(region, {}).setdefault(name, old)


def _advice(
    advisor: dict[str, dict[str, dict[str, dict[str, dict[str, int]]]]], found: Machines
) -> None:
    """Bands as they are; a spot price is the list price less the mean saving, and says that it is an estimate."""
    for region, systems in advisor["spot_advisor"].items():
        for name, advice in systems.get("Linux", {}).items():
            if region not in found.prices:
                continue
            # A type without a price here keeps its band: for prices of one's own, or fetched.
            unpriced = Price(None, ADVICE_DATE, [])
            price = found.prices[region].setdefault(name, unpriced)
            price.band = BANDS[advice["r"]]
            price.sources.append("spot-advisor-band")
            if price.on_demand is not None and 0 < advice["s"] < 100:
                price.spot = round(price.on_demand * (1 - advice["s"] / 100), 6)
                price.sources.append("spot-advisor-estimate")


def _reserved(text: str, opencost: str, found: Machines) -> None:
    """Reserved rates of an older list, where the list price has not changed since."""
    one_year = re.compile(
        r"Instance type: ([\w.-]+),.*Linux OD cost in us-east-1: ([\d.]+),"
        r".*RI 1y AllUpfront cost in us-east-1: ([\d.]+),"
    )
    here = found.prices["us-east-1"]
    unchanged = set()
    for name, usd, rate in one_year.findall(text):
        price = here.get(name)
        if price is None or price.on_demand is None or abs(price.on_demand - float(usd)) > 1e-4:
            continue
        unchanged.add(name)
        if 0 < float(rate) < price.on_demand:
            price.reserved_1y = float(rate)
            price.sources.append("ec2-instances-info")
    for place, rate in json.loads(read(opencost, "configs/awsreservationofferings.json")).items():
        name, _, region = place.partition("/")
        price = found.prices.get(region, {}).get(name)
        if price and price.on_demand and name in unchanged and 0 < rate < price.on_demand:
            price.reserved_3y = round(rate, 6)
            price.sources.append("opencost")


def _shapes(page: str, advisor: dict[str, dict[str, dict[str, float]]], found: Machines) -> None:
    heads = [match.start() for match in re.finditer(r"^### ", page, re.MULTILINE)]
    known = {}
    for start, end in pairwise([*heads, len(page)]):
        part = page[start:end]
        labels = dict(re.findall(r"\|([a-z0-9.]+/[\w-]+)\|([^|]*)\|", part))
        known[part[4:].split("\n", 1)[0].strip().strip("`")] = labels
    for name in sorted({name for region in found.prices.values() for name in region}):
        if UNNAMED.match(name):
            continue
        if name in known:
            found.shapes[name] = _labelled(name, known[name])
        elif name in advisor["instance_types"]:
            size = advisor["instance_types"][name]
            model, count = _accelerated(name)
            found.shapes[name] = shape("aws", name, size["cores"], size["ram_gb"], model, count)


def _labelled(name: str, labels: dict[str, str]) -> Shape:
    model, count = _accelerated(name)
    prefix = "karpenter.k8s.aws/instance-"
    for kind in ("gpu", "accelerator"):
        if label := labels.get(f"{prefix}{kind}-name"):
            gib = float(labels.get(f"{prefix}gpu-memory", 0)) / 1024
            model = _model(label, gib)
            count = float(labels[f"{prefix}{kind}-count"]) or _fraction(model, gib)
    return shape(
        "aws",
        name,
        float(labels[f"{prefix}cpu"]),
        float(labels[f"{prefix}memory"]) / 1024,
        model,
        count,
        {"amd64": "x86_64", "arm64": "arm64"}[labels["kubernetes.io/arch"]],
    )


def _accelerated(name: str) -> tuple[str | None, float | None]:
    family, _, size = name.partition(".")
    model, counts = ACCELERATED.get(family, (None, {}))
    return (model, counts[size]) if model and size in counts else (None, None)


def _model(label: str, gib: float) -> str:
    """The model of a name; among several, the one whose memory is nearest."""
    models = (label,) if label in ACCELERATORS else resolve_accelerator(label)
    return min(models, key=lambda model: abs((ACCELERATORS[model].memory_gib or 0) - gib))


def _fraction(model: str, gib: float) -> float:
    """A slice of a GPU, to the nearest eighth: the page counts it as 0 devices."""
    whole = ACCELERATORS[model].memory_gib or gib
    return max(round(8 * gib / whole) / 8, 0.125)
