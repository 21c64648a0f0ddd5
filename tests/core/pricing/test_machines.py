"""Machines by the price book: the first type with a price, the option's price, bounds, emissions, risk."""

from typing import Any

import pytest

from support.estimates import AS_OF, settings
from support.machine_book import machine_book, offer
from trimtab.carbon.emissions import node_emissions
from trimtab.plan.model import PURCHASE_OPTIONS
from trimtab.pricing.amount import Amount, between, exactly
from trimtab.pricing.draft import Draft
from trimtab.pricing.engine import facts_of
from trimtab.pricing.machines import fleet_of, machines_of
from trimtab.pricing.model import Gap, Machines, Nodes
from trimtab.resources.inputs import Inputs
from trimtab.resources.model import Estate, Origin, Resource

LARGE = offer("m7i.4xlarge", 1.0, spot=0.3, band=(5, 10))
BOOK = machine_book(LARGE, offer("listed", None, spot=0.1), offer("small", 0.25))
RESOURCE = Resource(
    "r", "aws_instance", "aws_instance", "r", Origin.TERRAFORM, Inputs({}, camel=False)
)


def machines(**fields: Any) -> tuple[Machines, list[Gap]]:
    """What so many machines are priced at."""
    given = {"instance_types": ("m7i.4xlarge",), "count": exactly(2), "now": 2.0, **fields}
    nodes = Nodes("machines", region="us-east-1", **given)
    facts = facts_of(Estate("test", (RESOURCE,)), settings(book=BOOK))
    return machines_of(fleet_of(nodes, Draft(RESOURCE), facts), facts)


def test_the_first_type_with_a_price_of_the_option_is_taken() -> None:
    priced, gaps = machines(instance_types=("unknown", "listed", "small"))
    (charge,) = priced.charges
    assert (charge.label, charge.rate.usd) == ("machines: small, on-demand", 0.25)
    assert charge.rate.source == "a test's price table"
    assert (priced.usd_per_month_now, gaps) == (2 * 0.25 * 730, [])


def test_spot_machines_cost_their_spot_price_and_may_be_taken_back() -> None:
    priced, _ = machines(option="spot", count=Amount(1, 4, 10))
    assert priced.charges[0].usd_per_month == pytest.approx(
        (1 * 0.3 * 730, 4 * 0.3 * 730, 10 * 0.3 * 730)
    )
    assert priced.risk is not None
    # 1 x 5 %, 4 x 7.5 %, 10 x 10 % a month
    assert priced.risk.interruptions_per_month == pytest.approx((0.05, 0.3, 1.0))
    assert priced.risk.shortage_share is None
    unknown, _ = machines(option="spot", instance_types=("listed",))
    assert unknown.risk is not None
    assert unknown.risk.interruptions_per_month == Amount(0, None, 2)
    assert machines()[0].risk is None


def test_bounds_without_an_expectation_stay_bounds() -> None:
    priced, _ = machines(count=between(0, float("inf")), now=None)
    assert priced.charges[0].usd_per_month == Amount(0, None, float("inf"))
    assert priced.usd_per_month_now is None


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"instance_types": ("x", "y")}, "no on-demand price of x or y in us-east-1"),
        ({"instance_types": ("small",), "option": "spot"}, "no spot price of small in us-east-1"),
        ({"instance_types": ()}, "its instance type is not known"),
        ({"instance_types": (), "note": "it is chosen later"}, "it is chosen later"),
        ({"operating_system": "windows"}, "no price of machines with windows"),
        ({"option": "capacity-block"}, "no capacity-block price of m7i.4xlarge in us-east-1"),
        ({"option": "owned"}, "no owned price of m7i.4xlarge in us-east-1"),
    ],
)
def test_what_has_no_price_is_a_gap(fields: dict[str, Any], reason: str) -> None:
    priced, gaps = machines(**fields)
    assert gaps == [Gap("machines", reason)]
    assert (priced.charges, priced.usd_per_month_now) == ((), None)


@pytest.mark.parametrize("option", PURCHASE_OPTIONS)
def test_a_price_that_the_resource_states_goes_before_the_book(option: str) -> None:
    priced, gaps = machines(option=option, usd_per_hour=0.7, operating_system="windows")
    assert (priced.charges[0].rate.usd, priced.charges[0].rate.as_of) == (0.7, AS_OF.date())
    assert gaps == []


def test_emissions_are_those_of_the_machine_by_their_method() -> None:
    one = node_emissions(LARGE, utilisation=0.5)
    assert one is not None
    priced, _ = machines(count=Amount(1, 2, 4))
    emissions = priced.emissions
    assert emissions is not None
    assert emissions.energy_kgco2e_per_month.expected == pytest.approx(
        2 * one.energy_gco2e_per_hour * 730 / 1000
    )
    assert emissions.embodied_kgco2e_per_month.high == pytest.approx(
        4 * one.embodied_gco2e_per_hour * 730 / 1000
    )
    assert emissions.method == one.method
    assert machines(instance_types=("unknown",))[0].emissions is None
