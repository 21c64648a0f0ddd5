"""A book whose machines cost the same whatever is fetched: for tests of what runs on EC2."""

from collections.abc import Iterable
from datetime import date

from trimtab.catalogue.offers import Offer
from trimtab.pricing.book import FolderLayer, PriceBook, Tier
from trimtab.pricing.book.machines import BUILT_IN_FOLDER

# us-east-1's list prices, https://aws.amazon.com/ec2/pricing/on-demand/ as infracost's tests of 2026-08
# have them; spot prices are made up.
USD_PER_HOUR = {
    "t2.micro": (0.0116, 0.0035),
    "t2.medium": (0.0464, 0.0139),
    "t2.large": (0.0928, 0.0278),
    "t3.micro": (0.0104, 0.0031),
    "t3.medium": (0.0416, 0.0125),
    "t3.large": (0.0832, 0.025),
    "m3.medium": (0.067, None),
    "m3.large": (0.133, None),
    "r3.xlarge": (0.333, None),
    "m5.large": (0.096, 0.04),
    "m5.xlarge": (0.192, 0.08),
    "p5.48xlarge": (55.04, None),
}
VCPU = {"m5.large": 2.0, "m5.xlarge": 4.0, "p5.48xlarge": 192.0}


class Machines:
    """A layer of machines in us-east-1, and nothing else."""

    def tiers(self, rate: str, region: str) -> tuple[Tier, ...] | None:
        del rate, region
        return None

    def offer(self, provider: str, region: str, instance_type: str) -> Offer | None:
        if (provider, region) != ("aws", "us-east-1") or instance_type not in USD_PER_HOUR:
            return None
        on_demand, spot = USD_PER_HOUR[instance_type]
        return Offer(
            provider=provider,
            region=region,
            instance_type=instance_type,
            vcpu=VCPU.get(instance_type),
            memory_gib=None,
            accelerator=None,
            accelerator_count=None,
            architecture="x86_64",
            on_demand_usd_per_hour=on_demand,
            spot_usd_per_hour=spot,
            reserved_1y_usd_per_hour=None,
            reserved_3y_usd_per_hour=None,
            interruption_band=None,
            gco2e_per_hour=None,
            as_of=date(2026, 8, 21),
            source="a test",
        )

    def offers(self, provider: str, region: str) -> Iterable[Offer]:
        found = (self.offer(provider, region, name) for name in USD_PER_HOUR)
        return [offer for offer in found if offer is not None]


class _Rates(FolderLayer):
    """The package's rates without its machines."""

    def offer(self, provider: str, region: str, instance_type: str) -> Offer | None:
        del provider, region, instance_type
        return None

    def offers(self, provider: str, region: str) -> Iterable[Offer]:
        del provider, region
        return ()


BOOK = PriceBook([Machines(), _Rates(BUILT_IN_FOLDER)])
