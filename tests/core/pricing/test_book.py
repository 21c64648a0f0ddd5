"""The book of prices: its layers, its machine tables, what it refuses; and the built-in tables themselves."""

import csv
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from trimtab.catalogue.accelerators import ACCELERATORS
from trimtab.catalogue.offers import InterruptionBand
from trimtab.catalogue.reader import load_offers, parse_offers
from trimtab.errors import InputError
from trimtab.pricing.book import FolderLayer, OffersLayer, PriceBook, built_in_book
from trimtab.pricing.book.machines import (
    BUILT_IN_FOLDER,
    known_types,
    machine_table,
    regions,
)
from trimtab.pricing.book.tables import read_sources

SHAPES = """instance_type,vcpu,memory_gib,accelerator,accelerator_count,architecture
m9.large,2,8,,,x86_64
g9.xlarge,4,16,l4,0.5,x86_64
"""
PRICES = """instance_type,on_demand,spot,reserved_1y,reserved_3y,band,source,as_of
*,,,,,,list+spot,2026-07-01
m9.large,0.1,0.04,0.07,0.05,5-10
g9.xlarge,1.5,,,,,list,2026-06-30
m9.huge,9
"""
SOURCES = "source,text\nlist,price list\nspot,spot: median of a week\n"
OFFERS = (
    "provider,region,instance_type,vcpu,memory_gib,accelerator,accelerator_count,on_demand_usd_hour,"
    "spot_usd_hour,reserved_1y_usd_hour,reserved_3y_usd_hour,as_of,source{}\n"
)


def layer(folder: Path, prices: str = PRICES, shapes: str = SHAPES) -> Path:
    tables = folder / "machines" / "aws"
    tables.mkdir(parents=True)
    (tables / "shapes.csv").write_text(shapes, "utf-8")
    (tables / "eu-test-1.csv").write_text(prices, "utf-8")
    (folder / "sources.csv").write_text(SOURCES, "utf-8")
    return folder


def test_a_row_is_an_offer_with_its_shape_and_what_the_file_says_of_all(tmp_path: Path) -> None:
    offer = machine_table(layer(tmp_path), "aws", "eu-test-1")["m9.large"]
    assert (offer.provider, offer.region, offer.instance_type) == ("aws", "eu-test-1", "m9.large")
    assert (offer.vcpu, offer.memory_gib, offer.architecture) == (2, 8, "x86_64")
    assert offer.on_demand_usd_per_hour == 0.1
    assert offer.spot_usd_per_hour == 0.04
    assert (offer.reserved_1y_usd_per_hour, offer.reserved_3y_usd_per_hour) == (0.07, 0.05)
    assert offer.interruption_band == InterruptionBand(5, 10)
    assert offer.as_of == date(2026, 7, 1)
    assert offer.source == "price list; spot: median of a week"


def test_a_cell_of_the_row_goes_before_what_the_file_says_of_all(tmp_path: Path) -> None:
    offer = machine_table(layer(tmp_path), "aws", "eu-test-1")["g9.xlarge"]
    assert (offer.as_of, offer.source) == (date(2026, 6, 30), "price list")
    assert (offer.accelerator, offer.accelerator_count) == ("l4", 0.5)
    assert offer.spot_usd_per_hour is None


def test_a_type_without_a_shape_has_a_price_and_no_size(tmp_path: Path) -> None:
    offer = machine_table(layer(tmp_path), "aws", "eu-test-1")["m9.huge"]
    assert (offer.on_demand_usd_per_hour, offer.vcpu, offer.memory_gib) == (9, None, None)


def test_what_a_layer_does_not_have_is_absent(tmp_path: Path) -> None:
    folder = layer(tmp_path)
    assert machine_table(folder, "aws", "eu-test-1").get("m9.small") is None
    assert "*" not in machine_table(folder, "aws", "eu-test-1")
    assert dict(machine_table(folder, "aws", "mars-1")) == {}
    assert dict(machine_table(folder, "oci", "eu-test-1")) == {}
    assert regions("aws", folder) == ("eu-test-1",)
    assert known_types("aws", folder) == ("g9.xlarge", "m9.large")


@pytest.mark.parametrize(
    ("prices", "says"),
    [
        (
            "instance_type,on_demand,as_of\nm9.large,-1,2026-07-01\n",
            "on_demand '-1' is not a positive",
        ),
        (
            "instance_type,on_demand,as_of\nm9.large,0,2026-07-01\n",
            "on_demand '0' is not a positive",
        ),
        ("instance_type,on_demand,as_of\nm9.large,nan,2026-07-01\n", "on_demand 'nan' is not a"),
        ("instance_type,on_demand,as_of\nm9.large,1,July\n", "as_of 'July' is not a date"),
        ("instance_type,on_demand\nm9.large,1\n", "as_of '' is not a date"),
        ("instance_type,band,as_of\nm9.large,often,2026-07-01\n", "band 'often' is not a range"),
        ("instance_type,as_of\nm9.large,2026-07-01,1\n", "has 3 fields, the header 2"),
        ("type,on_demand\nm9.large,1\n", "has 'type' as its first column, not instance_type"),
        (
            "instance_type,on_demand,as_of,currency\nm9.large,1,2026-07-01,CNY\n",
            "has prices in CNY, and every other price is in US dollars",
        ),
    ],
)
def test_a_row_that_cannot_be_read_is_one_line_with_its_place_and_mend(
    tmp_path: Path, prices: str, says: str
) -> None:
    with pytest.raises(InputError) as error:
        machine_table(layer(tmp_path, prices), "aws", "eu-test-1")["m9.large"]
    text = str(error.value)
    assert says in text
    assert "eu-test-1.csv" in text
    assert error.value.mend
    assert "\n" not in text


def test_rates_in_another_currency_are_refused(tmp_path: Path) -> None:
    rates = tmp_path / "rates" / "aws"
    rates.mkdir(parents=True)
    header = "rate,region,from,usd,unit,as_of,source,currency\n"
    (rates / "disks.csv").write_text(f"{header}aws/disk,x,,1,GB,2026-07-01,list,EUR\n", "utf-8")
    with pytest.raises(InputError, match="has prices in EUR") as error:
        PriceBook([FolderLayer(tmp_path)]).rate("aws/disk", "x")
    assert "disks.csv" in str(error.value)


def test_a_region_has_a_table_of_rates_and_one_of_each_large_service(tmp_path: Path) -> None:
    header = "rate,region,from,usd,unit,as_of,source\n"
    for folder, text in (
        (".", f"{header}aws/disk,eu-test-1,,9,GB,2026-07-02,list\n"),
        ("regions", f"{header}*,eu-test-1,,,,2026-07-01,list\naws/disk,,,1,GB\naws/net,,,2,GB\n"),
        ("rds", f"{header}*,eu-test-1,,,hour,2026-07-01,list\naws/rds/x,,10,3\naws/rds/x,,,4\n"),
    ):
        (tmp_path / "rates" / "aws" / folder).mkdir(parents=True, exist_ok=True)
        name = "all" if folder == "." else "eu-test-1"
        (tmp_path / "rates" / "aws" / folder / f"{name}.csv").write_text(text, "utf-8")
    (tmp_path / "sources.csv").write_text(SOURCES, "utf-8")
    book = PriceBook([FolderLayer(tmp_path)])
    disk, net = (book.rate(name, "eu-test-1") for name in ("aws/disk", "aws/net"))
    assert disk is not None
    assert net is not None
    assert disk.usd == 9  # the provider's own table goes first
    # What the row does not say is in the row `*`.
    assert (net.usd, net.unit, net.region) == (2, "GB", "eu-test-1")
    assert (net.as_of, net.source) == (date(2026, 7, 1), "price list")
    tiers = book.tiers("aws/rds/x", "eu-test-1")
    assert tiers is not None
    assert [(tier.start, tier.rate.usd, tier.rate.unit) for tier in tiers] == [
        (0, 4, "hour"),
        (10, 3, "hour"),
    ]
    assert book.rate("aws/net", "eu-test-2") is None


def test_a_users_offers_go_before_every_other_layer_and_the_rest_is_found_below() -> None:
    row = "aws,us-east-1,m5.xlarge,4,16,,,0.15,,,,2026-11-01,our agreement\n"
    ours = OffersLayer(parse_offers(OFFERS.format("") + row, "ours.csv"))
    book = PriceBook([ours, FolderLayer(BUILT_IN_FOLDER)])
    agreed, listed = (book.offer("aws", "us-east-1", name) for name in ("m5.xlarge", "m5.2xlarge"))
    assert agreed is not None
    assert agreed.on_demand_usd_per_hour == 0.15
    assert listed is not None
    assert listed.on_demand_usd_per_hour == 0.384
    here = {offer.instance_type: offer for offer in book.offers("aws", "us-east-1")}
    assert here["m5.xlarge"] == agreed
    assert here["m5.2xlarge"] == listed
    assert book.rate("aws/nat-gateway/hour", "us-east-1") is not None
    assert list(ours.offers("aws", "eu-west-1")) == []


def test_a_layers_price_stands_alone_and_a_machines_facts_are_from_below(tmp_path: Path) -> None:
    row = "aws,eu-test-1,m9.large,,,,,0.09,,,,2026-11-01,our agreement\n"
    ours = OffersLayer(parse_offers(OFFERS.format("") + row, "ours.csv"))
    book = PriceBook([ours, FolderLayer(layer(tmp_path))])
    offer = book.offer("aws", "eu-test-1", "m9.large")
    assert offer is not None
    assert (offer.on_demand_usd_per_hour, offer.source) == (0.09, "our agreement")
    assert offer.spot_usd_per_hour is None  # a price of 0.04 is below, of another source and day
    assert (offer.vcpu, offer.memory_gib) == (2, 8)
    assert offer.interruption_band == InterruptionBand(5, 10)
    assert offer in book.offers("aws", "eu-test-1")


def test_line_ends_of_windows_are_read(tmp_path: Path) -> None:
    folder = layer(tmp_path, PRICES.replace("\n", "\r\n"))
    assert machine_table(folder, "aws", "eu-test-1")["m9.large"].as_of == date(2026, 7, 1)


def test_a_users_offers_in_another_currency_are_refused_by_line() -> None:
    row = "aws,us-east-1,m5.xlarge,4,16,,,0.15,,,,2026-11-01,ours,{}\n"
    header = OFFERS.format(",currency")
    assert len(parse_offers(header + row.format("USD"), "ours.csv")) == 1
    with pytest.raises(InputError, match="prices are in EUR") as error:
        parse_offers(header + row.format("EUR"), "ours.csv")
    assert "ours.csv, line 2, column currency" in str(error.value)
    assert error.value.mend == "convert them at a rate of your own, and write USD"


# The tables that the package brings.

PROVIDERS = ("aws", "azure", "gcp")
FILES = sorted((BUILT_IN_FOLDER / "machines").glob("*/*.csv"))


@pytest.mark.parametrize(
    ("provider", "region", "instance_type", "usd"),
    [  # read off the price lists that sources.csv names
        ("aws", "us-east-1", "m5.xlarge", 0.192),
        ("aws", "us-east-1", "m7i.2xlarge", 0.4032),
        ("aws", "eu-west-1", "m5.xlarge", 0.214),
        ("aws", "eu-central-1", "m7a.xlarge", 0.27772),
        ("aws", "ap-south-1", "m7g.12xlarge", 1.3997),
        ("aws", "us-west-2", "c7i.xlarge", 0.1785),
        ("aws", "us-gov-west-1", "m5.xlarge", 0.242),
        ("azure", "eastus", "Standard_D4s_v5", 0.192),
        ("azure", "westeurope", "Standard_D4s_v5", 0.23),
        ("azure", "westeurope", "Standard_D16as_v5", 0.832),  # 1.568 with Windows
        ("gcp", "us-central1", "n2-standard-4", 0.194236),
        ("gcp", "europe-west4", "n2-standard-4", 0.213832),
    ],
)
def test_list_prices(provider: str, region: str, instance_type: str, usd: float) -> None:
    offer = built_in_book().offer(provider, region, instance_type)
    assert offer is not None
    assert offer.on_demand_usd_per_hour == usd


def test_a_price_is_never_taken_from_another_region() -> None:
    here, there = (
        built_in_book().offer("aws", region, "m7i.metal-24xl")
        for region in ("us-east-1", "eu-west-1")
    )
    assert here is not None
    assert there is not None
    assert here.on_demand_usd_per_hour == 5.32224
    assert there.on_demand_usd_per_hour is None  # its size and interruption band are known
    assert there.interruption_band is not None
    assert built_in_book().offer("aws", "mars-1", "m7i.xlarge") is None
    assert built_in_book().offer("aws", None, "m5.xlarge") is None


def test_a_spot_price_that_is_an_estimate_says_so() -> None:
    offer = built_in_book().offer("aws", "us-east-1", "m5.2xlarge")
    assert offer is not None
    assert offer.spot_usd_per_hour is not None
    assert "spot: estimate" in offer.source


def test_the_built_in_offers_stand_as_they_are_and_nowhere_twice() -> None:
    for offer in load_offers():
        table = machine_table(BUILT_IN_FOLDER, offer.provider, offer.region)
        assert table[offer.instance_type] == offer
        assert list(table).count(offer.instance_type) == 1
        path = BUILT_IN_FOLDER / "machines" / offer.provider / f"{offer.region}.csv"
        lines = path.read_text("utf-8").splitlines()
        assert [line for line in lines if line.startswith(f"{offer.instance_type},")] == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_table_is_sorted_whole_and_names_known_sources(path: Path) -> None:
    text = path.read_text("utf-8")
    assert text.endswith("\n")
    assert "\r" not in text
    rows = list(csv.reader(text.splitlines()))
    names = [row[0] for row in rows[1:]]
    assert names == sorted(names)
    assert [name for name, count in Counter(names).items() if count > 1] == []
    if path.stem == "shapes":
        rows = [row for row in rows if len(row) > 1]  # a name alone is a type of unknown size
        assert {row[3] for row in rows[1:]} <= {*ACCELERATORS, ""}
        assert {row[5] for row in rows[1:]} <= {"x86_64", "arm64"}
        assert all(bool(row[3]) == bool(row[4]) for row in rows[1:])
    else:
        sources = {name for row in rows[1:] if len(row) > 6 for name in row[6].split("+") if name}
        assert sources <= set(read_sources(BUILT_IN_FOLDER))


@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_offer_can_be_read_and_no_option_is_dearer_than_on_demand(provider: str) -> None:
    for region in regions(provider):
        for offer in machine_table(BUILT_IN_FOLDER, provider, region).values():
            listed = offer.on_demand_usd_per_hour
            others = (offer.reserved_1y_usd_per_hour, offer.reserved_3y_usd_per_hour)
            assert listed is None or all(usd is None or usd < listed for usd in others)
            assert offer.as_of <= date(2026, 11, 1)


RATES = sorted((BUILT_IN_FOLDER / "rates").rglob("*.csv"))


def test_the_tables_stay_small() -> None:
    assert sum(path.stat().st_size for path in FILES) < 6_000_000
    assert sum(path.stat().st_size for path in RATES) < 6_000_000


@pytest.mark.parametrize(
    ("rate", "region", "usd"),
    [  # read off AWS's price pages
        ("aws/sqs/standard", "us-west-2", 0.4),
        ("aws/nat-gateway/hour", "eu-west-1", 0.048),
        ("aws/lb/application/hour", "ap-south-1", 0.0239),
        ("aws/dynamodb/standard/storage", "eu-central-1", 0.306),
        ("aws/rds/storage/gp3", "ap-northeast-1", 0.138),
        ("aws/rds/instance/postgresql/single-az/db.m7g.large", "us-west-2", 0.168),
        ("aws/elasticache/valkey/cache.r7g.large", "us-west-2", 0.1752),
        ("aws/opensearch/instance/m5.large", "us-west-2", 0.142),
    ],
)
def test_what_services_cost_by_region(rate: str, region: str, usd: float) -> None:
    known = built_in_book().rate(rate, region)
    assert known is not None
    assert known.usd == usd
    assert known.region == region


@pytest.mark.parametrize("path", RATES, ids=lambda path: "-".join(path.parts[-3:])[:-4])
def test_a_row_of_rates_says_what_it_costs_and_where(path: Path) -> None:
    usual: dict[str, str] = {}
    for row in csv.DictReader(path.read_text("utf-8").splitlines()):
        if row["rate"] == "*":
            usual = row
            continue
        region, as_of, source = (row[name] or usual[name] for name in ("region", "as_of", "source"))
        assert float(row["usd"]) >= 0
        assert row["unit"]
        assert source in read_sources(BUILT_IN_FOLDER)
        assert date.fromisoformat(as_of) <= date(2026, 12, 1)
        if path.parent.name not in PROVIDERS:  # a table of one region
            assert region == path.stem


@pytest.mark.parametrize(
    ("provider", "place_count", "type_count"),
    [("aws", 36, 1300), ("azure", 50, 1300), ("gcp", 40, 500)],
)
def test_most_regions_and_types_are_known(provider: str, place_count: int, type_count: int) -> None:
    assert len(regions(provider)) >= place_count
    assert len(known_types(provider)) >= type_count


@pytest.mark.parametrize("region", ["us-gov-west-1", "cn-north-1", "usgovvirginia", "chinaeast2"])
def test_what_holds_everywhere_does_not_hold_in_lists_apart(region: str) -> None:
    book = built_in_book()
    assert book.rate("aws/route53/zone", "eu-west-1") is not None
    assert book.rate("aws/route53/zone", region) is None


@pytest.mark.parametrize("usd", ["abc", "nan", "-1", "inf", ""])
def test_a_damaged_price_is_an_error_and_no_price(tmp_path: Path, usd: str) -> None:
    table = tmp_path / "rates" / "aws" / "prices.csv"
    table.parent.mkdir(parents=True)
    header = "rate,region,from,usd,unit,as_of,source"
    table.write_text(f"{header}\naws/nat-gateway/hour,us-east-1,0,{usd},hour,2026-01-01,x\n")
    with pytest.raises(InputError, match="the price of aws/nat-gateway/hour in us-east-1 is none"):
        PriceBook([FolderLayer(tmp_path)]).rate("aws/nat-gateway/hour", "us-east-1")


@pytest.mark.parametrize("region", ["../aws", "*", "/etc", "us-east-1\0", "x" * 300, "[u]*", ""])
def test_a_region_is_no_path_and_no_pattern(region: str) -> None:
    book = built_in_book()
    assert book.rate("aws/rds/instance/mysql/single-az/db.t3.micro", region) is None
    assert book.offer("aws", region, "m7i.large") is None
    assert book.rate("aws/../rds/x", "us-east-1") is None
