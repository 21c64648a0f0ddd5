"""Where a resource is and what it is labelled with, as its own inputs say it."""

import re
from collections.abc import Mapping
from typing import Any

from trimtab.resources.inputs import SECRET, UNKNOWN, Inputs


def own_region(provider: str, inputs: Inputs) -> str | None:
    """The provider's region that a resource's inputs name; None where they do not."""
    if provider == "aws":
        return _aws_region(inputs)
    if provider == "azure":
        return azure_region(inputs.text("location")) or None
    if provider == "gcp":
        for name in ("region", "zone", "location", "availability_zone"):
            if place := inputs.text(name):
                return gcp_region(place)
        places = [*inputs.strings("node_locations"), *inputs.strings("distribution_policy_zones")]
        return gcp_region(places[0]) if places else None
    if provider == "kubernetes":
        return _kubernetes_region(inputs)
    return None


def provider_region(provider: str, inputs: Inputs) -> str | None:
    """The region that a provider's configuration names."""
    if provider == "azure":
        return azure_region(inputs.text("location")) or None
    if provider == "gcp":
        place = inputs.text("region") or inputs.text("zone")
        return gcp_region(place) if place else None
    return inputs.text("region") or None


def azure_region(location: str) -> str:
    """A location's name: "West Europe" is `westeurope`."""
    return location.replace(" ", "").lower()


def gcp_region(place: str) -> str:
    """The region of a zone or of a link to one; a region or multi-region stays as it is."""
    last = place.rpartition("/")[2]
    return _GCP_ZONE.sub("", last).lower()


def aws_region_of(place: str) -> str | None:
    """The region of an availability or local zone, or of an ARN; None for neither."""
    if place.startswith("arn:"):
        parts = place.split(":", 5)
        place = parts[3] if len(parts) > 3 else ""
    found = _AWS_REGION.match(place)
    return found[0] if found else None


def _aws_region(inputs: Inputs) -> str | None:
    if named := inputs.text("region"):
        return named
    zones = [inputs.text("availability_zone"), *inputs.strings("availability_zones")]
    for zone in filter(None, zones):
        if region := aws_region_of(zone):
            return region
    return None


def arn_region(provider: str, inputs: Inputs) -> str | None:
    """The region of an ARN among a resource's inputs: its own first, else one that it refers to."""
    if provider != "aws":
        return None
    values = [inputs.values.get("arn"), *inputs.values.values()]
    arns = (each for each in values if isinstance(each, str) and each.startswith("arn:"))
    return next((region for each in arns if (region := aws_region_of(each))), None)


def _kubernetes_region(inputs: Inputs) -> str | None:
    """What a NodePool's requirements or a pod's node selector ask for, where it is one region."""
    places: dict[str, list[str]] = {}
    for requirement in inputs.blocks("spec.template.spec.requirements"):
        if requirement.text("operator") == "In":
            places[requirement.text("key")] = requirement.strings("values")
    for path in ("spec.nodeSelector", "spec.template.spec.nodeSelector"):
        selector = inputs.get(path)
        if isinstance(selector, Mapping):
            places |= {str(key): [str(value)] for key, value in selector.items()}
    regions = places.get("topology.kubernetes.io/region", [])
    if len(set(regions)) == 1:
        return regions[0]
    zones = places.get("topology.kubernetes.io/zone", [])
    within = {aws_region_of(zone) or gcp_region(zone) for zone in zones}
    return within.pop() if len(within) == 1 else None


def tags_of(inputs: Inputs, defaults: Mapping[str, str] | None = None) -> dict[str, str]:
    """Tags and labels together; of two with one name the more specific stands.

    Args:
        inputs: the resource's.
        defaults: its provider's default tags.
    """
    found: dict[str, str] = {}
    for path in _TAG_PATHS:
        given = inputs.get(path)
        if given is not None:
            for name, value in _pairs(given):
                found.setdefault(name, value)
    for name, value in (defaults or {}).items():
        found.setdefault(name, value)
    return found


def default_tags(inputs: Inputs) -> dict[str, str]:
    """The tags and labels that a provider's configuration puts on everything."""
    paths = ("default_tags.tags", "default_labels")
    return {name: value for path in paths for name, value in _pairs(inputs.get(path))}


def _pairs(value: Any) -> list[tuple[str, str]]:
    """Tags written as a mapping, or as Auto Scaling writes them: a list of key and value."""
    if isinstance(value, Mapping):
        return [(str(key), _tag(each)) for key, each in value.items()]
    if isinstance(value, list):
        entries = [each for each in value if isinstance(each, Mapping)]
        return [
            (str(name), _tag(each.get("value", each.get("Value"))))
            for each in entries
            if isinstance(name := each.get("key", each.get("Key")), str)
        ]
    return []


def _tag(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | int | float):
        return str(value)
    return "" if value is None else UNKNOWN if value != SECRET else SECRET


_TAG_PATHS = (
    "tags",
    "tag",
    "labels",
    "user_labels",
    "resource_labels",
    "settings.user_labels",
    "spec.tags",
    "metadata.labels",
    "spec.template.metadata.labels",
    "tags_all",
    "effective_labels",
)
_AWS_REGION = re.compile(r"[a-z]{2,3}(?:-[a-z]+)+-\d+")
_GCP_ZONE = re.compile(r"(?<=\d)-[a-z]$")
