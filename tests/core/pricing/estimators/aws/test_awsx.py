"""Components of AWSX of which only the inputs are seen."""

from pathlib import Path
from typing import Any

import pytest

from support.estimates import bill, estimate, resource, settings
from trimtab.preview.records import Recording, ResourceRecord
from trimtab.pricing.engine import price
from trimtab.pricing.model import Status
from trimtab.resources.inputs import UNKNOWN
from trimtab.resources.readers.program import from_recording

SPECS = [{"type": "Public"}, {"type": "Private"}]


def vpc(**inputs: Any) -> Any:
    return resource("awsx:ec2:Vpc", inputs, camel=True)


@pytest.mark.parametrize(
    ("inputs", "gateways"),
    [
        ({}, 3),  # public and private subnets in three zones
        ({"subnetSpecs": SPECS, "numberOfAvailabilityZones": 2}, 2),
        ({"availabilityZoneNames": ["us-east-1a", "us-east-1b"]}, 2),
        ({"natGateways": {"strategy": "Single"}}, 1),
    ],
)
def test_a_network_costs_its_nat_gateways(inputs: dict[str, Any], gateways: int) -> None:
    assert bill(estimate(vpc(**inputs))) == {
        "NAT gateways": round(gateways * 0.045 * 730, 2),
        "their addresses": round(gateways * 0.005 * 730, 2),
        "data processed": 4.50,  # 100 GB x 0.045
    }


@pytest.mark.parametrize(
    "inputs",
    [
        {"natGateways": {"strategy": "None"}},
        {"subnetSpecs": [{"type": "Public"}, {"type": "Isolated"}]},
    ],
)
def test_a_network_without_gateways_is_free(inputs: dict[str, Any]) -> None:
    assert estimate(vpc(**inputs)).status is Status.FREE


def test_a_strategy_that_is_not_known_is_bounded() -> None:
    found = estimate(vpc(natGateways={"strategy": UNKNOWN}))
    gateways = found.charges[0].usd_per_month
    assert (gateways.low, round(gateways.high, 2)) == (0.0, 98.55)  # 3 x 0.045 x 730


def test_addresses_of_ones_own_are_paid_for_where_they_are_declared() -> None:
    own = {"strategy": "Single", "elasticIpAllocationIds": ["eipalloc-1"]}
    assert "their addresses" not in bill(estimate(vpc(natGateways=own)))


def test_endpoints_are_a_gap() -> None:
    found = estimate(vpc(vpcEndpointSpecs=[{"serviceName": "s3"}]))
    assert found.status is Status.PARTLY
    assert [gap.label for gap in found.gaps] == ["VPC endpoints"]


def record(token: str, name: str, parent: str = "", **fields: Any) -> ResourceRecord:
    return ResourceRecord(f"urn:pulumi:dev::p::{token}::{name}", token, name, parent, **fields)


def test_what_another_process_makes_is_priced_once_and_never_silently_nothing() -> None:
    remote: dict[str, Any] = {"custom": False, "remote": True}
    network = record(
        "awsx:ec2:Vpc", "net", inputs={"natGateways": {"strategy": "Single"}}, **remote
    )
    seen = record("awsx:ec2:Vpc", "seen", **remote)
    gateway = record("aws:ec2/natGateway:NatGateway", "nat", parent=seen.urn)
    cluster = record("eks:index:Cluster", "eks", **remote)
    own = record("mine:index:Thing", "thing", custom=False)
    records = (network, seen, gateway, cluster, own)
    config = {"aws:region": "us-east-1"}
    estate = from_recording(Recording("p", "dev", Path(), Path(), config, records, ()))
    found = {each.resource.name: each for each in price(estate, settings())}
    assert bill(found["net"])["NAT gateways"] == 32.85  # 0.045 x 730
    assert found["seen"].status is Status.COMPONENT  # its gateway is seen
    assert found["eks"].gaps[0].reason == "no estimator of eks:index:Cluster"
    assert found["thing"].status is Status.COMPONENT
