"""Fill what a price table does not say, and the built-in one knows, of the same offer.

Only facts that are not prices: emissions and spot interruption bands. A missing price stays missing.
"""

from dataclasses import replace

from trimtab.catalogue.offers import Offer
from trimtab.catalogue.reader import BUILT_IN, Catalogue, load_offers


def with_known_facts(catalogue: Catalogue) -> tuple[Catalogue, int]:
    """The catalogue with unknown emissions and bands taken from the built-in offers.

    Returns:
        The catalogue, its digest unchanged (it speaks of the file), and how many offers gained.
    """
    if catalogue.source == BUILT_IN:
        return catalogue, 0
    known = {_key(offer): offer for offer in load_offers()}
    filled = tuple(_filled(offer, known.get(_key(offer))) for offer in catalogue)
    gained = sum(a is not b for a, b in zip(filled, catalogue, strict=True))
    return replace(catalogue, offers=filled), gained


def _filled(offer: Offer, known: Offer | None) -> Offer:
    if known is None:
        return offer
    unknown = {
        name: getattr(known, name)
        for name in ("gco2e_per_hour", "interruption_band")
        if getattr(offer, name) is None and getattr(known, name) is not None
    }
    return replace(offer, **unknown) if unknown else offer


def _key(offer: Offer) -> tuple[str, str, str]:
    return offer.provider, offer.region, offer.instance_type
