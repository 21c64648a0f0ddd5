"""Subnet arithmetic: what never changes, and what is refused."""

from ipaddress import IPv4Network
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.errors import InputError
from trimtab.provision.eks.subnets import ZoneSubnets, default_zones, zone_subnets

LETTERS = st.lists(st.sampled_from("abcdef"), min_size=1, max_size=6, unique=True)


@st.composite
def blocks(draw: st.DrawFn) -> IPv4Network:
    prefix = draw(st.integers(16, 22))
    base = int(IPv4Network("10.0.0.0/8").network_address)
    index = draw(st.integers(0, 2 ** (prefix - 8) - 1))
    return IPv4Network((base + index * 2 ** (32 - prefix), prefix))


def zones(letters: list[str]) -> tuple[str, ...]:
    return tuple(f"us-east-1{letter}" for letter in letters)


def networks(subnets: tuple[ZoneSubnets, ...]) -> list[IPv4Network]:
    return [IPv4Network(cidr) for each in subnets for cidr in (each.public, each.private)]


@given(blocks(), LETTERS)
def test_subnets_lie_in_the_block_and_never_overlap(block: IPv4Network, letters: list[str]) -> None:
    made = networks(zone_subnets(str(block), zones(letters)))
    assert len(made) == 2 * len(letters)
    assert all(subnet.subnet_of(block) for subnet in made)
    assert not any(a.overlaps(b) for a, b in combinations(made, 2))


@given(blocks(), LETTERS, LETTERS)
def test_another_choice_of_zones_moves_no_subnet(
    block: IPv4Network, letters: list[str], others: list[str]
) -> None:
    first = {each.zone: each for each in zone_subnets(str(block), zones(letters))}
    second = {each.zone: each for each in zone_subnets(str(block), zones(others))}
    for zone in first.keys() & second.keys():
        assert first[zone] == second[zone]


@given(blocks(), LETTERS)
def test_every_subnet_is_one_that_aws_takes(block: IPv4Network, letters: list[str]) -> None:
    assert all(16 <= n.prefixlen <= 28 for n in networks(zone_subnets(str(block), zones(letters))))


def test_the_default_block_cut_for_three_zones() -> None:
    assert zone_subnets("10.0.0.0/16", default_zones("us-east-1")) == (
        ZoneSubnets("us-east-1a", public="10.0.224.0/22", private="10.0.0.0/19"),
        ZoneSubnets("us-east-1b", public="10.0.228.0/22", private="10.0.32.0/19"),
        ZoneSubnets("us-east-1c", public="10.0.232.0/22", private="10.0.64.0/19"),
    )


@pytest.mark.parametrize(
    ("cidr", "given_zones", "says"),
    [
        ("10.0.0.0/15", ("us-east-1a",), "is a /15; give a /16 to a /22"),
        ("10.0.0.0/23", ("us-east-1a",), "is a /23"),
        ("10.0.0.1/16", ("us-east-1a",), "host bits set"),
        ("ten", ("us-east-1a",), "give one such as 10.0.0.0/16"),
        ("10.0.0.0/16", ("us-east-1a", "us-east-1a"), "a zone is named twice"),
        ("10.0.0.0/16", ("us-east-1",), "is no availability zone"),
        ("10.0.0.0/16", ("us-east-1g",), "is no availability zone"),
        ("10.0.0.0/16", ("us-west-2-lax-1a",), "is no availability zone"),
    ],
)
def test_refuses(cidr: str, given_zones: tuple[str, ...], says: str) -> None:
    with pytest.raises(InputError, match=says.replace("(", r"\(")):
        zone_subnets(cidr, given_zones)


@pytest.mark.parametrize(
    ("region", "expected"),
    [
        ("eu-west-1", ("eu-west-1a", "eu-west-1b", "eu-west-1c")),
        ("ap-northeast-1", ("ap-northeast-1a", "ap-northeast-1c", "ap-northeast-1d")),
        ("cn-north-1", ("cn-north-1a", "cn-north-1b")),
        ("us-gov-west-1", ("us-gov-west-1a", "us-gov-west-1b", "us-gov-west-1c")),
    ],
)
def test_default_zones(region: str, expected: tuple[str, ...]) -> None:
    assert default_zones(region) == expected
    assert len(zone_subnets("10.0.0.0/16", expected)) == len(expected)
