"""Machines and their prices in one region of one provider, as offers."""

from functools import cache
from pathlib import Path

from trimtab.catalogue.offers import Offer
from trimtab.catalogue.reader import load_offers


@cache
def machine_table(folder: Path, provider: str, region: str) -> dict[str, Offer]:
    """The offers of a region, by instance type."""
    del folder
    return {
        offer.instance_type: offer
        for offer in load_offers()
        if (offer.provider, offer.region) == (provider, region)
    }
