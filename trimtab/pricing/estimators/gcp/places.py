"""Where Google Cloud's resources are: zones, regions, and how many zones a regional one spreads over."""

import re

from trimtab.pricing.estimation import Estimation
from trimtab.resources.inputs import Inputs

REGIONAL_ZONES = 3
"""Zones of a regional cluster, pool or group that does not list its own."""

_ZONE = re.compile(r"^[a-z]+-[a-z]+\d+-[a-z]$")


def is_zone(location: str) -> bool:
    """Whether a location is one zone: `us-central1-a`."""
    return bool(_ZONE.match(location))


def region_of(location: str) -> str:
    """A zone's region; any other location is its own, in lower case (`US` -> `us`)."""
    place = last(location).lower()
    return place.rpartition("-")[0] if is_zone(place) else place


def last(name: str) -> str:
    """The last part of a link: `.../zones/us-central1-a` -> `us-central1-a`."""
    return name.rstrip("/").rpartition("/")[2]


def located(at: Estimation, *names: str) -> Estimation:
    """The resource being priced, where its own inputs of these names say that it is."""
    for name in names or ("location", "zone", "region"):
        location = at.inputs.text(name)
        if location:
            return at.elsewhere(region_of(location))
    return at.elsewhere(region_of(at.region)) if at.region else at


def zones_of(inputs: Inputs, location: str) -> int | None:
    """Over how many zones a cluster's or pool's nodes spread; None where only a deployment will know."""
    if inputs.has("node_locations"):
        return inputs.length("node_locations")
    if not location:
        return None
    return 1 if is_zone(location) else REGIONAL_ZONES
