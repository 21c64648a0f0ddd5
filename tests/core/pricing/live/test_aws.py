"""AWS: the Price List and Savings Plans by recorded shapes, EC2 by moto's server."""

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from support.price_servers import Prices, machine, nat_gateway, plan, product, serving
from trimtab.errors import EngineError, InputError
from trimtab.pricing.live import aws, aws_machines, aws_prices
from trimtab.pricing.live.model import MachineRow, RateRow, Wanted

boto3 = pytest.importorskip("boto3")
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture
def prices() -> Iterator[Prices]:
    with serving(Prices()) as found:
        yield found


def price_list(prices: Prices) -> Any:
    return boto3.client("pricing", region_name="us-east-1", endpoint_url=prices.url)


# The Price List, as botocore's model has it.


def test_an_answer_of_the_price_list_is_read(prices: Prices) -> None:
    from botocore.stub import Stubber

    client = boto3.client("pricing", region_name="us-east-1")
    pages = [
        {"FormatVersion": "aws_v1", "PriceList": [json.dumps(nat_gateway("eu-central-1", "0.052", "EUC1-"))], "NextToken": "2"},
        {"FormatVersion": "aws_v1", "PriceList": []},
    ]  # fmt: skip
    asked = {
        "ServiceCode": "AWSELB",
        "Filters": [
            {"Type": "TERM_MATCH", "Field": "regionCode", "Value": "eu-central-1"},
        ],
        "FormatVersion": "aws_v1",
    }
    with Stubber(client) as stub:
        stub.add_response("get_products", pages[0], asked)
        stub.add_response("get_products", pages[1], {**asked, "NextToken": "2"})
        found = list(aws_prices._products(client, "AWSELB", {"regionCode": "eu-central-1"}))
        stub.assert_no_pending_responses()
    assert [each["product"]["sku"] for each in found] == ["NAT"]


def test_rates_are_those_of_the_region_over_all_pages(prices: Prices) -> None:
    prices.page = 1
    prices.products = [
        nat_gateway("eu-central-1", "0.0520000000", "EUC1-"),
        nat_gateway("us-east-1", "0.0450000000"),
        product(
            "AmazonEC2", "NAT Gateway", "eu-central-1", "GB", (0, "0.0520000000"),
            sku="B", usagetype="EUC1-NatGateway-Bytes",
        ),
        product(
            "AmazonEC2", "Storage", "eu-central-1", "GB-Mo", (0, "0.0952000000"),
            sku="C", usagetype="EUC1-EBS:VolumeUsage.gp3", volumeApiName="gp3",
        ),
    ]  # fmt: skip
    found = list(aws_prices.rates(price_list(prices), "AmazonEC2", "eu-central-1"))
    assert found == [
        RateRow("eu-central-1", "aws/nat-gateway/hour", "hour", ((0.0, 0.052),), "SKU NAT"),
        RateRow("eu-central-1", "aws/nat-gateway/data", "GB", ((0.0, 0.052),), "SKU B"),
        RateRow("eu-central-1", "aws/ebs/gp3/storage", "GB-month", ((0.0, 0.0952),), "SKU C"),
    ]


def test_tiers_are_kept(prices: Prices) -> None:
    prices.products = [
        product(
            "AmazonS3", "Storage", "us-east-1", "GB-Mo",
            (512000, "0.021"), (0, "0.023"), (51200, "0.022"),
            usagetype="TimedStorage-ByteHrs", volumeType="Standard",
        )
    ]  # fmt: skip
    (row,) = aws_prices.rates(price_list(prices), "AmazonS3", "us-east-1")
    assert row.tiers == ((0.0, 0.023), (51200.0, 0.022), (512000.0, 0.021))


def test_databases_are_named_by_engine_and_class(prices: Prices) -> None:
    def database(engine: str, **given: str) -> Any:
        fields: dict[str, Any] = dict(given)
        return product(
            "AmazonRDS", "Database Instance", "us-east-1", "Hrs", (0, "0.24"),
            **{
                "sku": engine, "databaseEngine": engine, "instanceType": "db.r6g.large",
                "deploymentOption": "Single-AZ", "usagetype": "InstanceUsage:db.r6g.large", **fields,
            },
        )  # fmt: skip

    prices.products = [
        database("PostgreSQL"),
        database("Aurora MySQL"),
        database("SQL Server", databaseEdition="Web", licenseModel="License included"),
        database("SQL Server", databaseEdition="Web", licenseModel="Bring your own media"),
        database("PostgreSQL", deploymentOption="Multi-AZ", usagetype="Multi-AZUsage:db.r6g.large"),
    ]
    found = aws_prices.rates(price_list(prices), "AmazonRDS", "us-east-1")
    assert [row.rate for row in found] == [
        "aws/rds/instance/postgresql/single-az/db.r6g.large",
        "aws/rds/instance/aurora/single-az/db.r6g.large",
        "aws/rds/instance/sqlserver-web/single-az/db.r6g.large",
        "aws/rds/instance/postgresql/multi-az/db.r6g.large",
    ]


def test_a_machine_has_its_reservations_without_upfront_payment(prices: Prices) -> None:
    prices.products = [
        machine(
            "m5.large", "us-east-1", "0.0960000000", vcpu="2", memory="8 GiB",
            reserved={"1yr": "0.0600000000", "3yr": "0.0410000000"},
        ),
        machine("u-12tb1.112xlarge", "us-east-1", "109.2", vcpu="448", memory="12,288 GiB"),
        machine("p5.48xlarge", "us-east-1", "0.0000000000", vcpu="192", memory="2048 GiB"),
    ]  # fmt: skip
    found = list(aws_prices.machines(price_list(prices), "us-east-1"))
    assert found == [
        MachineRow(
            "us-east-1", "m5.large",
            {"on_demand": 0.096, "vcpu": 2.0, "memory_gib": 8.0, "reserved_1y": 0.06, "reserved_3y": 0.041},
        ),
        MachineRow(
            "us-east-1", "u-12tb1.112xlarge", {"on_demand": 109.2, "vcpu": 448.0, "memory_gib": 12288.0},
        ),
    ]  # fmt: skip


def test_another_currency_is_refused(prices: Prices) -> None:
    prices.products = [
        product(
            "AmazonEC2", "NAT Gateway", "cn-north-1", "Hrs", (0, "0.37"),
            usagetype="CNN1-NatGateway-Hours", currency="CNY",
        )
    ]  # fmt: skip
    with pytest.raises(InputError, match="AWS Price List: has prices in CNY"):
        list(aws_prices.rates(price_list(prices), "AmazonEC2", "cn-north-1"))


@pytest.mark.parametrize("text", ['{"product": {"attributes', "[]", '{"terms": {}}'])
def test_a_product_that_is_cut_short_is_one_error(text: str) -> None:
    class Client:
        def get_paginator(self, _: str) -> Any:
            return self

        def paginate(self, **_: Any) -> Any:
            return [{"PriceList": [text]}]

    with pytest.raises(EngineError, match="has a product that can't be read"):
        list(aws_prices.rates(Client(), "AmazonEC2", "us-east-1"))


# Savings Plans.


def test_plans_are_rates_and_ec2_instance_plans_reserved_prices(prices: Prices) -> None:
    prices.page = 1
    prices.plans = [
        plan("p5.48xlarge", "us-east-1", "37.2", kind="EC2Instance", years=1),
        plan("p5.48xlarge", "us-east-1", "24.1", kind="EC2Instance", years=3),
        plan("p5.48xlarge", "us-east-1", "41.5", kind="Compute", years=1),
        plan("p5.48xlarge", "us-west-2", "37.2", kind="EC2Instance", years=1),
    ]
    client = boto3.client("savingsplans", region_name="us-east-1", endpoint_url=prices.url)
    found = list(aws_machines.savings_plans(client, "us-east-1"))
    name = "p5.48xlarge"
    assert [(row.rate, row.tiers) for row in found if isinstance(row, RateRow)] == [
        (f"aws/savings-plan/ec2-instance/1y/{name}", ((0.0, 37.2),)),
        (f"aws/savings-plan/ec2-instance/3y/{name}", ((0.0, 24.1),)),
        (f"aws/savings-plan/compute/1y/{name}", ((0.0, 41.5),)),
    ]
    assert [row.cells for row in found if isinstance(row, MachineRow)] == [
        {"reserved_1y": 37.2},
        {"reserved_3y": 24.1},
    ]


# EC2, on moto.


@pytest.fixture(scope="module")
def moto_url() -> Iterator[str]:
    server = pytest.importorskip("moto.server").ThreadedMotoServer(port=0)
    server.start()
    _, port = server.get_host_and_port()
    yield f"http://127.0.0.1:{port}"
    server.stop()


@pytest.fixture
def ec2(moto_url: str) -> Any:
    return boto3.client("ec2", region_name="us-east-1", endpoint_url=moto_url)


def test_spot_prices_of_moto(ec2: Any) -> None:
    # moto says 0.00001 $ of every type and zone, since 2006.
    found = {row.instance_type: row.cells for row in aws_machines.spot(ec2, "us-east-1", NOW)}
    assert found["p5.48xlarge"] == {"spot": 0.00001}


def test_reservations_of_moto(ec2: Any) -> None:
    # No upfront for a year at 0.05 $ an hour.
    found = {row.instance_type: row.cells for row in aws_machines.reserved(ec2, "us-east-1")}
    assert found["t2.micro"] == {"reserved_1y": 0.05}


def test_types_of_moto(ec2: Any) -> None:
    found = {row.instance_type: row.cells for row in aws_machines.instance_types(ec2, "us-east-1")}

    def cells(name: str) -> tuple[object, ...]:
        return tuple(found[name].values())

    assert cells("p5.48xlarge") == (192, 2048.0, "h100-80gb", 8.0, "x86_64")
    assert cells("g6f.xlarge") == (4, 16.0, "l4", 0.125, "x86_64")
    assert cells("trn1.32xlarge") == (128, 512.0, "trainium", 16.0, "x86_64")
    assert cells("m7g.large") == (2, 8.0, None, None, "arm64")


def test_a_zones_spot_price_counts_by_how_long_it_held() -> None:
    start, hour = NOW - timedelta(hours=24), timedelta(hours=1)
    # 2 $ from before the window for 6 h of it, then 1 $ for 18 h: 1.25 $.
    changes = [(start + 6 * hour, 1.0), (start - 50 * hour, 2.0), (start - 99 * hour, 9.0)]
    assert aws_machines.mean_price(changes, start, NOW) == 1.25
    assert aws_machines.mean_price([(NOW, 3.0)], start, NOW) == 3.0


def test_a_regions_spot_price_is_the_median_of_its_zones() -> None:
    history = [
        {"InstanceType": "p5.48xlarge", "AvailabilityZone": zone, "ProductDescription": text,
         "SpotPrice": usd, "Timestamp": NOW - timedelta(days=2)}
        for zone, usd, text in (
            ("a", "20.0", "Linux/UNIX"), ("b", "26.0", "Linux/UNIX"), ("c", "90.0", "Linux/UNIX"),
            ("d", "1.0", "Windows"),
        )
    ]  # fmt: skip

    class Client:
        asked: dict[str, Any]

        def get_paginator(self, _: str) -> Any:
            return self

        def paginate(self, **asked: Any) -> Any:
            self.asked = asked
            return [{"SpotPriceHistory": history[:2]}, {"SpotPriceHistory": history[2:]}]

    client = Client()
    (row,) = aws_machines.spot(client, "us-east-1", NOW)
    assert row == MachineRow("us-east-1", "p5.48xlarge", {"spot": 26.0})
    assert client.asked["StartTime"] == NOW - timedelta(hours=24)


# Jobs and errors.


def test_jobs_are_of_the_regions_that_the_account_has(
    moto_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_EC2", moto_url)
    keys = [job.key for job in aws.aws_jobs(Wanted(NOW, (), (), ("machines", "spot")))]
    assert "aws/us-east-1/machines" in keys
    assert keys.index("aws/eu-west-1/spot") == keys.index("aws/eu-west-1/machines") + 1
    keys = [job.key for job in aws.aws_jobs(Wanted(NOW, (), ("us-mars-1",), ("amazonrds",)))]
    assert keys == ["aws/us-mars-1/AmazonRDS"]


def test_without_credentials_there_is_one_error(
    prices: Prices, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_ENDPOINT_URL_PRICING", prices.url)
    (job,) = aws.aws_jobs(Wanted(NOW, (), ("us-east-1",), ("AmazonRDS",)))
    with pytest.raises(EngineError, match="there are no credentials; sign in"):
        list(job.fetch())


def test_what_aws_refuses_is_one_error() -> None:
    from botocore.stub import Stubber

    client = boto3.client("ec2", region_name="us-east-1")
    (job,) = aws.aws_jobs(Wanted(NOW, (), ("us-east-1",), ("spot",)), lambda *_: client)
    with Stubber(client) as stub:
        stub.add_client_error("describe_spot_price_history", "UnauthorizedOperation", "not you")
        with pytest.raises(EngineError, match="UnauthorizedOperation: not you; allow the call"):
            list(job.fetch())


def test_a_busy_price_list_is_asked_again(prices: Prices, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("botocore.retries.standard.time.sleep", lambda _: None, raising=False)
    monkeypatch.setenv("AWS_ENDPOINT_URL_PRICING", prices.url)
    prices.products = [nat_gateway("us-east-1", "0.045")]
    prices.busy = [503]
    (job,) = aws.aws_jobs(Wanted(NOW, (), ("us-east-1",), ("AmazonEC2",)))
    assert [row.rate for row in job.fetch() if isinstance(row, RateRow)] == ["aws/nat-gateway/hour"]


def test_without_boto3_the_mend_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "boto3", None)
    with pytest.raises(EngineError, match=r"boto3 is missing; pip install 'trimtab\[live\]'"):
        list(aws.aws_jobs(Wanted(NOW, (), ("us-east-1",))))
