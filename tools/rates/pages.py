"""AWS's price pages: what each page's data says, by name and region.

The pages read their prices from JSON files, one for each service. Two public repositories keep copies:

- `aws-price-watcher`, `processed/<page>.json`: `{name: {location: price}}`. Where a page groups its rows, the
  name begins with the group in brackets and the location ends with the row's attributes:
  `[RunBroker] RunBroker m5.large`, `US West (Oregon) (vCPU: 2, Instance Type: m5.large)`.
- `aws-price`, `lib/data/pricing/<page>.json`: the files as AWS has them, `{"regions": {location: {name: {"price"}}}}`.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tools.machines.model import UnusableSourceError, read

LOCATIONS = {
    "Africa (Cape Town)": "af-south-1",
    "Asia Pacific (Hong Kong)": "ap-east-1",
    "Asia Pacific (Taipei)": "ap-east-2",
    "Asia Pacific (Tokyo)": "ap-northeast-1",
    "Asia Pacific (Seoul)": "ap-northeast-2",
    "Asia Pacific (Osaka)": "ap-northeast-3",
    "Asia Pacific (Mumbai)": "ap-south-1",
    "Asia Pacific (Hyderabad)": "ap-south-2",
    "Asia Pacific (Singapore)": "ap-southeast-1",
    "Asia Pacific (Sydney)": "ap-southeast-2",
    "Asia Pacific (Jakarta)": "ap-southeast-3",
    "Asia Pacific (Melbourne)": "ap-southeast-4",
    "Asia Pacific (Malaysia)": "ap-southeast-5",
    "Asia Pacific (New Zealand)": "ap-southeast-6",
    "Asia Pacific (Thailand)": "ap-southeast-7",
    "Canada (Central)": "ca-central-1",
    "Canada West (Calgary)": "ca-west-1",
    "EU (Frankfurt)": "eu-central-1",
    "EU (Zurich)": "eu-central-2",
    "EU (Stockholm)": "eu-north-1",
    "EU (Milan)": "eu-south-1",
    "EU (Spain)": "eu-south-2",
    "EU (Ireland)": "eu-west-1",
    "EU (London)": "eu-west-2",
    "EU (Paris)": "eu-west-3",
    "Israel (Tel Aviv)": "il-central-1",
    "Middle East (UAE)": "me-central-1",
    "Middle East (Bahrain)": "me-south-1",
    "Mexico (Central)": "mx-central-1",
    "South America (Sao Paulo)": "sa-east-1",
    "US East (N. Virginia)": "us-east-1",
    "US East (Ohio)": "us-east-2",
    "AWS GovCloud (US-East)": "us-gov-east-1",
    "AWS GovCloud (US)": "us-gov-west-1",
    "US West (N. California)": "us-west-1",
    "US West (Oregon)": "us-west-2",
}
"""Regions by the names that the pages give them. What is not here is a local zone or no region."""

_LABEL = re.compile(r"([^()]+\([^()]+\))(?: \((.*)\))?$")
_GROUP = re.compile(r"\[([^]]*)\] ?")


@dataclass(frozen=True)
class Row:
    """One price of a page, US dollars for whatever the name counts; `instance_type` where its group names one."""

    name: str
    region: str
    usd: float
    instance_type: str = ""


class Pages:
    """The pages of the copies; a page that the first has not is from the second."""

    def __init__(self, watcher: str, maps: str) -> None:
        self._watcher, self._maps = watcher, maps
        self._known: dict[str, tuple[Row, ...]] = {}

    def rows(self, page: str) -> tuple[Row, ...]:
        """A page's prices in AWS's regions.

        Raises:
            UnusableSourceError: no copy has the page.
        """
        if page not in self._known:
            try:
                found = _watched(json.loads(read(self._watcher, f"processed/{page}.json")))
            except UnusableSourceError:
                found = _mapped(json.loads(read(self._maps, f"lib/data/pricing/{page}.json")))
            self._known[page] = tuple(found)
        return self._known[page]

    def prices(self, page: str, names: str) -> Mapping[str, float]:
        """A name's price by region; of several (`a|b`), the first that a region has.

        Raises:
            UnusableSourceError: the page has none of the names; or has two prices for one in a region.
        """
        found: dict[str, float] = {}
        for name in names.split("|"):
            here: dict[str, float] = {}
            for row in self.rows(page):
                if row.name == name and here.setdefault(row.region, row.usd) != row.usd:
                    raise UnusableSourceError(f"{page} has two prices for {name} in {row.region}")
            if not here:
                raise UnusableSourceError(f"{page} has no {name}")
            found = here | found
        return found


def _watched(page: dict[str, dict[str, str]]) -> Iterator[Row]:
    for key, prices in page.items():
        name = _GROUP.sub("", key, count=1) or key
        for label, usd in prices.items():
            match = _LABEL.match(label)
            region = LOCATIONS.get(match[1]) if match else None
            if match is None or region is None or not re.fullmatch(r"[\d.]+", usd):
                continue
            kind = re.search(r"Instance Type: ([\w.-]+)", match[2] or "")
            yield Row(name, region, float(usd), kind[1] if kind else "")


def _mapped(page: dict[str, dict[str, dict[str, dict[str, str]]]]) -> Iterator[Row]:
    for location, prices in page["regions"].items():
        if region := LOCATIONS.get(location):
            for name, price in prices.items():
                yield Row(name, region, float(price["price"]))
