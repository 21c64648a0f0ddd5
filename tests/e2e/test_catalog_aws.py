"""Prices of AWS, fetched by the command and used by `trimtab diff`: moto's EC2, and a Price List of this machine."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.price_servers import Prices, machine, nat_gateway, plan, product, serving

TRIMTAB = str(Path(sys.executable).with_name("trimtab"))
REGION = "us-east-1"
NOW = "2026-11-23T12:00:00Z"
PLAN = {
    "format_version": "1.2",
    "terraform_version": "1.9.0",
    "resource_changes": [
        {
            "address": f"{kind}.it",
            "mode": "managed",
            "type": kind,
            "name": "it",
            "provider_name": "registry.terraform.io/hashicorp/aws",
            "change": {"actions": ["create"], "before": None, "after": after, "after_unknown": {}},
        }
        for kind, after in (
            ("aws_nat_gateway", {"subnet_id": "subnet-1"}),
            ("aws_instance", {"instance_type": "m5.large", "ami": "ami-1"}),
        )
    ],
    "configuration": {
        "provider_config": {
            "aws": {
                "name": "aws",
                "full_name": "registry.terraform.io/hashicorp/aws",
                "expressions": {"region": {"constant_value": REGION}},
            }
        }
    },
}


@pytest.fixture(scope="module")
def moto_url() -> Iterator[str]:
    server = pytest.importorskip("moto.server").ThreadedMotoServer(port=0)
    server.start()
    _, port = server.get_host_and_port()
    yield f"http://127.0.0.1:{port}"
    server.stop()


@pytest.fixture
def prices() -> Iterator[Prices]:
    found = Prices(
        products=[
            machine("m5.large", REGION, "0.0990000000", vcpu="2", memory="8 GiB"),
            machine("p5.48xlarge", REGION, "55.0400000000", vcpu="192", memory="2048 GiB"),
            nat_gateway(REGION, "0.0480000000"),
            product(
                "AWSELB", "Load Balancer-Application", REGION, "Hrs", (0, "0.0230000000"),
                locationType="AWS Region", usagetype="LoadBalancerUsage",
            ),
        ],
        plans=[plan("p5.48xlarge", REGION, "37.2", kind="EC2Instance", years=1)],
    )  # fmt: skip
    with serving(found):
        yield found


@pytest.fixture
def environment(moto_url: str, prices: Prices, tmp_path: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return {
        **kept,
        "TRIMTAB_PRICES": str(tmp_path / "prices"),
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_CONFIG_FILE": "/nonexistent",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ENDPOINT_URL_EC2": moto_url,
        "AWS_ENDPOINT_URL_PRICING": prices.url,
        "AWS_ENDPOINT_URL_SAVINGSPLANS": prices.url,
    }


def trimtab(environment: dict[str, str], *words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [TRIMTAB, *words], env=environment, capture_output=True, text=True, check=False, timeout=120
    )


def refresh(environment: dict[str, str], *words: str) -> "subprocess.CompletedProcess[str]":
    fixed = ("--provider", "aws", "--region", REGION, "--as-of", NOW)
    return trimtab(environment, "catalog", "refresh", *fixed, *words)


def diff(environment: dict[str, str], folder: Path) -> Any:
    file = folder / "plan.json"
    file.write_text(json.dumps(PLAN))
    result = trimtab(environment, "diff", str(file), "--format", "json")
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def test_what_is_fetched_is_what_a_change_costs_and_show_tells(
    environment: dict[str, str], tmp_path: Path
) -> None:
    before = diff(environment, tmp_path)
    assert before["prices"][0] == "built-in prices"
    result = refresh(environment)
    assert result.returncode == 0, result.stderr
    assert "aws/us-east-1/machines: 2 prices" in result.stderr
    assert "aws/us-east-1/AmazonRDS: 0 prices" in result.stderr

    after = diff(environment, tmp_path)
    assert after["prices"][0] == f"fetched prices in {environment['TRIMTAB_PRICES']}"
    explained = trimtab(
        environment, "diff", str(tmp_path / "plan.json"), "--explain", "aws_nat_gateway.it"
    ).stdout
    # 0.048 $ an hour x 730 h.
    assert "NAT gateway: 1 x $0.048 per hour x 730 h = $35.04" in explained
    assert (
        "price: aws/nat-gateway/hour, us-east-1, 2026-11-23: AWS Price List API (GetProducts, AmazonEC2), "
        "fetched 2026-11-23"
    ) in explained
    explained = trimtab(
        environment, "diff", str(tmp_path / "plan.json"), "--explain", "aws_instance.it"
    ).stdout
    # 0.099 $ an hour x 730 h.
    assert "$72.27" in explained
    assert "2026-11-23: AWS Price List API (GetProducts, AmazonEC2, Linux" in explained

    # What it costs, where, how: each price from its own source.
    result = trimtab(
        environment, "catalog", "show", "p5.48xlarge", "--region", REGION, "--format", "json"
    )
    (row,) = json.loads(result.stdout)
    assert (row["on_demand_usd_per_hour"], row["spot_usd_per_hour"]) == (55.04, 0.00001)
    assert row["reserved_1y_usd_per_hour"] == 37.2
    assert (row["vcpu"], row["accelerator"], row["accelerator_count"]) == (192.0, "h100-80gb", 8.0)
    assert row["layer"] == "fetched"
    for part in ("Price List", "DescribeSpotPriceHistory", "DescribeSavingsPlansOfferingRates"):
        assert part in row["source"]


def test_a_run_that_is_killed_goes_on_where_it_stopped(
    environment: dict[str, str], prices: Prices
) -> None:
    prices.held = "AmazonEFS"  # its answer does not come
    words = ("--provider", "aws", "--region", REGION, "--as-of", NOW)
    services = [
        word
        for name in ("machines", "AmazonEC2", "AWSELB", "AmazonEFS")
        for word in ("--service", name)
    ]
    process = subprocess.Popen(
        [TRIMTAB, "catalog", "refresh", *words, *services],
        env=environment,
        stderr=subprocess.DEVNULL,
    )
    assert prices.reached.wait(60)
    process.kill()
    process.wait()
    state = json.loads((Path(environment["TRIMTAB_PRICES"]) / "state.json").read_text())
    done = ["aws/us-east-1/AWSELB", "aws/us-east-1/AmazonEC2", "aws/us-east-1/machines"]
    assert sorted(state["parts"]) == done
    prices.held = ""
    prices.go.set()
    prices.asked.clear()
    result = refresh(environment, *services)
    assert result.returncode == 0, result.stderr
    assert "of 1 parts are in" in result.stderr
    assert "3 were fresh, 0 failed" in result.stderr
    assert {json.loads(body)["ServiceCode"] for _, body in prices.asked} == {"AmazonEFS"}


def test_a_part_that_fails_ends_it_with_status_5_and_a_list(
    environment: dict[str, str], prices: Prices
) -> None:
    prices.products = [
        *prices.products,
        product(
            "AmazonEFS", "Storage", REGION, "GB-Mo", (0, "2.2"),
            usagetype="TimedStorage-ByteHrs", currency="CNY",
        ),
    ]  # fmt: skip
    result = refresh(environment, "--service", "AmazonEFS", "--service", "AWSELB")
    assert result.returncode == 5
    assert "aws/us-east-1/AWSELB: 1 prices" in result.stderr
    assert "failed: aws/us-east-1/AmazonEFS: AWS Price List: has prices in CNY" in result.stderr
    assert result.stderr.splitlines()[-1].startswith("error: aws/us-east-1/AmazonEFS failed: ")


def test_offers_are_written_along(environment: dict[str, str], tmp_path: Path) -> None:
    out = tmp_path / "offers.csv"
    result = refresh(environment, "--service", "machines", "--offers", str(out))
    assert result.returncode == 0, result.stderr
    listed = trimtab(
        environment,
        "offers",
        "--offers",
        str(out),
        "--instance-type",
        "m5.large",
        "--format",
        "json",
    )
    (row,) = json.loads(listed.stdout)
    assert row["on_demand_usd_per_hour"] == 0.099
