"""Google Cloud's object, file and image storage."""

from collections.abc import Iterator

from trimtab.pricing.estimation import Estimation
from trimtab.pricing.estimators import estimates
from trimtab.pricing.estimators.gcp.places import located
from trimtab.pricing.model import Gap, Part

_CLASSES = {
    "STANDARD": "standard",
    "REGIONAL": "standard",
    "MULTI_REGIONAL": "standard",
    "NEARLINE": "nearline",
    "COLDLINE": "coldline",
    "ARCHIVE": "archive",
}
_FILESTORE = {
    "STANDARD": "basic-hdd",
    "BASIC_HDD": "basic-hdd",
    "PREMIUM": "basic-ssd",
    "BASIC_SSD": "basic-ssd",
}


@estimates("google_storage_bucket")
def bucket(at: Estimation) -> Iterator[Part]:
    """By what it holds, by requests and by what leaves, by its class and place."""
    at = located(at, "location")
    kind = _CLASSES.get(at.inputs.text("storage_class", "STANDARD").upper())
    if kind is None:
        yield Gap("storage", f"no price of class {at.inputs.text('storage_class')}")
        return
    note = "at its default class; Autoclass moves objects" if at.inputs.has("autoclass") else ""
    yield from at.used(f"{kind} storage", f"gcp/storage/{kind}", "storage_gb", note=note)
    if kind != "standard":
        yield from at.used("retrieval", f"gcp/storage/{kind}/retrieval", "retrieved_gb")
    for letter in ("a", "b"):
        yield from at.used(
            f"class {letter.upper()} operations",
            f"gcp/storage/{kind}/class-{letter}",
            f"class_{letter}_operations",
            1e4,
        )
    yield from at.used("traffic to the internet", "gcp/storage/egress/worldwide", "egress_gb")


@estimates("google_container_registry")
def container_registry(at: Estimation) -> Iterator[Part]:
    """By what its bucket holds, and by requests."""
    at = at.elsewhere(at.inputs.text("location", "US").lower())
    yield from at.used("storage", "gcp/container-registry/storage", "storage_gb")
    for letter in ("a", "b"):
        yield from at.used(
            f"class {letter.upper()} operations",
            f"gcp/container-registry/class-{letter}",
            f"class_{letter}_operations",
            1e4,
        )


@estimates("google_artifact_registry_repository")
def artifact_registry(at: Estimation) -> Iterator[Part]:
    """By what it holds; the free half GB of a billing account is not taken off."""
    yield from at.used("storage", "gcp/artifact-registry/storage", "storage_gb")


@estimates("google_filestore_instance")
def filestore(at: Estimation) -> Iterator[Part]:
    """By the capacity that is provisioned, and its tier."""
    at = located(at, "location", "zone")
    tier = at.inputs.text("tier").upper()
    gib = at.inputs.number("file_shares.capacity_gb")
    if gib is None:
        yield Gap("file share", "its capacity is not known before a deployment")
        return
    name = _FILESTORE.get(tier, tier.lower().replace("_", "-"))
    yield at.charge(f"file share, {tier}", f"gcp/filestore/{name}", gib)
