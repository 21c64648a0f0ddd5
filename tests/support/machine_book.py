"""A price book of a few machines, and no rates: for tests that must not move with the built-in prices."""

from collections.abc import Iterable
from datetime import date

from trimtab.catalogue.offers import InterruptionBand, Offer
from trimtab.pricing.book import FolderLayer, PriceBook, Tier
from trimtab.pricing.book.machines import BUILT_IN_FOLDER

_RATES = FolderLayer(BUILT_IN_FOLDER)


class _Machines:
    """A layer of given offers."""

    def __init__(self, offers: Iterable[Offer]) -> None:
        self._offers = tuple(offers)

    def tiers(self, rate: str, region: str) -> tuple[Tier, ...] | None:
        return _RATES.tiers(rate, region)

    def offer(self, provider: str, region: str, instance_type: str) -> Offer | None:
        found = (o for o in self.offers(provider, region) if o.instance_type == instance_type)
        return next(found, None)

    def offers(self, provider: str, region: str) -> Iterable[Offer]:
        return (o for o in self._offers if (o.provider, o.region) == (provider, region))


def machine_book(*offers: Offer) -> PriceBook:
    """A book of these machines, with the built-in rates."""
    return PriceBook([_Machines(offers)])


def offer(
    instance_type: str,
    on_demand: float | None = None,
    *,
    spot: float | None = None,
    reserved: float | None = None,
    vcpu: float | None = 16,
    gib: float | None = 64,
    gpu: tuple[str, float] | None = None,
    band: tuple[float, float] | None = None,
    architecture: str = "x86_64",
    region: str = "us-east-1",
    provider: str = "aws",
) -> Offer:
    """One machine; prices in US dollars an hour, `reserved` for one year and for three."""
    model, devices = gpu or (None, None)
    return Offer(
        provider=provider,
        region=region,
        instance_type=instance_type,
        vcpu=vcpu,
        memory_gib=gib,
        accelerator=model,
        accelerator_count=devices,
        architecture=architecture,
        on_demand_usd_per_hour=on_demand,
        spot_usd_per_hour=spot,
        reserved_1y_usd_per_hour=reserved,
        reserved_3y_usd_per_hour=reserved,
        interruption_band=InterruptionBand(*band) if band else None,
        gco2e_per_hour=None,
        as_of=date(2026, 7, 20),
        source="a test's price table",
    )
