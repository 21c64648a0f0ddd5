"""A network of one's own: which ways lead out, and what nodes wait for."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support.inline import Previewed, preview
from support.plans import plan
from support.recorded import of, one
from support.sdk_inputs import problems
from trimtab.errors import InputError
from trimtab_components import HeterogeneousCluster, Network
from trimtab_components.eks.endpoints import DEFAULT_SERVICES, NEEDED_WITHOUT_INTERNET

ZONES = ["us-east-1a", "us-east-1b", "us-east-1c"]
Made = Callable[..., Previewed]


@pytest.fixture
def made(tmp_path: Path) -> Made:
    """Previews a network `n` of these arguments."""

    def run(**arguments: Any) -> Previewed:
        given: Any = {"region": "us-east-1", "zones": ZONES, **arguments}
        return preview(tmp_path / "project", lambda: Network("n", given))

    return run


def test_without_internet_access_everything_is_private(made: Made) -> None:
    seen = made(internet_access=False, endpoints={}, discovery="c")
    for kind in ("InternetGateway", "NatGateway", "Eip", "Route"):
        assert not of(seen.records, kind)
    subnets = of(seen.records, "Subnet")
    assert set(subnets) == {f"n-private-{zone}" for zone in "abc"}
    for each in subnets.values():
        assert each.inputs["mapPublicIpOnLaunch"] is False
        assert each.inputs["tags"]["karpenter.sh/discovery"] == "c"
        assert each.inputs["tags"]["kubernetes.io/role/internal-elb"] == "1"
    table = one(seen.records, "RouteTable")
    assert table.name == "n-private"
    s3 = of(seen.records, "VpcEndpoint")["n-s3"]
    assert s3.property_dependencies["routeTableIds"] == (table.urn,)


def test_a_private_subnet_keeps_its_block_whatever_else_there_is(made: Made) -> None:
    def blocks(**arguments: Any) -> dict[str, str]:
        subnets = of(made(**arguments).records, "Subnet")
        return {n: r.inputs["cidrBlock"] for n, r in subnets.items() if "private" in n}

    assert blocks() == blocks(internet_access=False, endpoints={}) == blocks(nat="per-zone")


def test_interface_endpoints_are_in_every_zone_and_open_to_the_vpc(made: Made) -> None:
    seen = made(endpoints={}, cidr="10.8.0.0/16", tags={"team": "a"})
    found = {
        r.inputs["serviceName"].removeprefix("com.amazonaws.us-east-1."): r
        for r in of(seen.records, "VpcEndpoint").values()
        if r.inputs["vpcEndpointType"] == "Interface"
    }
    assert set(found) == set(DEFAULT_SERVICES)
    assert set(NEEDED_WITHOUT_INTERNET) <= set(DEFAULT_SERVICES)
    private = {r.urn for n, r in of(seen.records, "Subnet").items() if "private" in n}
    group = one(seen.records, "SecurityGroup")
    for each in found.values():
        assert each.inputs["privateDnsEnabled"] is True
        assert each.inputs["tags"]["team"] == "a"
        assert set(each.property_dependencies["subnetIds"]) == private
        assert each.property_dependencies["securityGroupIds"] == (group.urn,)
    rule = one(seen.records, "SecurityGroupIngressRule").inputs
    assert (rule["fromPort"], rule["toPort"], rule["cidrIpv4"]) == (443, 443, "10.8.0.0/16")
    checked = [r for r in seen.records if r.custom and r.type.startswith("aws:")]
    assert {r.name: p for r in checked if (p := problems(r.type, r.inputs))} == {}


def test_endpoints_in_china_have_names_of_their_own(made: Made) -> None:
    zones = [f"cn-north-1{letter}" for letter in "abd"]
    seen = made(region="cn-north-1", zones=zones, endpoints={"services": ["ec2", "eks"]})
    found = {n: r.inputs["serviceName"] for n, r in of(seen.records, "VpcEndpoint").items()}
    assert found == {
        "n-s3": "com.amazonaws.cn-north-1.s3",
        "n-ec2": "cn.com.amazonaws.cn-north-1.ec2",
        "n-eks": "com.amazonaws.cn-north-1.eks",
    }


def test_only_the_services_that_are_named_get_endpoints(made: Made) -> None:
    endpoints = of(made(endpoints={"services": ["ecr.api", "ecr.dkr"]}).records, "VpcEndpoint")
    assert set(endpoints) == {"n-s3", "n-ecr-api", "n-ecr-dkr"}
    assert set(of(made().records, "VpcEndpoint")) == {"n-s3"}


@pytest.mark.parametrize(
    ("arguments", "nodes"),
    [
        ({}, "private"),
        ({"nat": "per-zone"}, "private"),
        ({"nat": "none"}, "public"),
        ({"internet_access": False, "endpoints": {}}, "private"),
    ],
    ids=str,
)
def test_only_the_nodes_subnets_are_found_by_karpenter(
    made: Made, arguments: dict[str, Any], nodes: str
) -> None:
    subnets = of(made(**arguments, discovery="c").records, "Subnet")
    found = {n for n, r in subnets.items() if "karpenter.sh/discovery" in r.inputs["tags"]}
    assert found == {f"n-{nodes}-{zone}" for zone in "abc"}


def test_nodes_wait_for_the_ways_out(tmp_path: Path) -> None:
    def run(**arguments: Any) -> Previewed:
        given: Any = {"plan": plan(), "region": "us-east-1", **arguments}
        return preview(tmp_path / "project", lambda: HeterogeneousCluster("c", given))

    for arguments, kinds in (
        ({}, ("Route", "RouteTableAssociation", "VpcEndpoint")),
        (
            {"internet_access": False, "endpoints": {}},
            ("VpcEndpoint", "RouteTableAssociation", "SecurityGroupIngressRule"),
        ),
    ):
        seen = run(**arguments)
        ways = {r.urn for kind in kinds for r in of(seen.records, kind).values()}
        assert ways
        for each in of(seen.records, "NodeGroup").values():
            assert ways <= set(each.dependencies)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"internet_access": False}, "without internet_access nodes can't join; give endpoints"),
        ({"internet_access": False, "endpoints": {}, "nat": "per-zone"}, "nat per-zone leads to the internet"),
        ({"internet_access": False, "endpoints": {"services": ["eks"]}}, "nodes need endpoints of ec2, ecr.api"),
        ({"endpoints": {"services": ["dynamodb"]}}, "dynamodb has a gateway endpoint"),
        ({"endpoint": {}}, "endpoint: unknown field; did you mean endpoints?"),
    ],
    ids=str,
)  # fmt: skip
def test_a_network_that_no_node_could_join_from_is_refused(
    arguments: dict[str, Any], says: str
) -> None:
    given: Any = {"region": "us-east-1", "zones": ZONES, **arguments}
    with pytest.raises(InputError) as caught:
        Network("n", given)
    assert says in str(caught.value)
    assert str(caught.value).startswith('Network "n": ')
