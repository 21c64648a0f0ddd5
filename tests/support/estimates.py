"""Resources as readers give them, and what they cost: for tests of estimators."""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any

from trimtab.pricing.book import PriceBook, built_in_book
from trimtab.pricing.engine import price
from trimtab.pricing.estimation import Settings
from trimtab.pricing.model import Estimate
from trimtab.resources.inputs import Inputs
from trimtab.resources.model import Estate, Origin, Resource
from trimtab.usage.model import Usage

AS_OF = datetime(2026, 11, 1, tzinfo=UTC)


def resource(
    kind: str,
    inputs: Mapping[str, Any] | None = None,
    *,
    name: str = "it",
    region: str | None = "us-east-1",
    camel: bool = False,
    **fields: Any,
) -> Resource:
    """A resource declared in Terraform's spelling, or with `camel` in Pulumi's."""
    origin = Origin.KUBERNETES if "/" in kind else Origin.PULUMI if camel else Origin.TERRAFORM
    given = Inputs(inputs or {}, camel=camel or "/" in kind)
    key = fields.pop("key", f"{kind}.{name}")
    return Resource(key, kind, kind, name, origin, given, region=region, **fields)


def settings(book: PriceBook | None = None, **fields: Any) -> Settings:
    """The built-in book, at AS_OF."""
    return Settings(book or _built_in(), fields.pop("as_of", AS_OF), **fields)


@cache
def _built_in() -> PriceBook:
    """One book for all tests, so that each of its tables is read once."""
    return built_in_book()


def estimate(
    one: Resource, *others: Resource, usage: Usage | None = None, **fields: Any
) -> Estimate:
    """What a resource costs, among others that it may refer to."""
    estate = Estate("test", (one, *others))
    return price(estate, settings(usage=usage or Usage(), **fields))[0]


def bill(priced: Estimate) -> dict[str, float | None]:
    """The expected dollars a month of each charge, by its label, rounded to the cent."""
    return {
        charge.label: None if (usd := charge.usd_per_month.expected) is None else round(usd, 2)
        for charge in priced.charges
    }
