"""What a policy forbids: which plans are not believed, and which groups may not grow."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.plans import START, group, plan, pool, windows
from trimtab.plan.model import CapacityPlan
from trimtab.plan.sizing import window_at
from trimtab.policy.check import GroupChecks, check_group, check_plan, valid_until
from trimtab.policy.document import parse_policy
from trimtab.policy.model import CapacityPolicy, PolicySpec

OFFER = {"instanceType": "p4d.24xlarge"}


def policy(**spec: Any) -> CapacityPolicy:
    return parse_policy(
        {
            "apiVersion": "trimtab.dev/v1alpha1",
            "kind": "CapacityPolicy",
            "metadata": {"name": "platform"},
            "spec": spec,
        },
        "policy",
    )


def spot_reasons(rules: CapacityPolicy, of: CapacityPlan | None = None, **named: Any) -> list[str]:
    """What is said of the last group of the first pool, the spot group."""
    found = of or plan()
    first = found.spec.pools[0]
    return check_group(rules, found, first, first.groups[-1], **named)


def test_a_policy_that_says_nothing_forbids_nothing() -> None:
    assert spot_reasons(policy(), new=True) == []
    assert check_plan(PolicySpec(), plan()) == []
    assert valid_until(PolicySpec(), plan()) == plan().spec.valid_until


# The example: 5 reserved all the time; on-demand and spot max 4, 6, 4 each; $32.77 a node.
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "a provider": (
        {"allowed": {"providers": ["gcp", "azure"]}},
        "aws is not among allowed.providers (azure, gcp)",
    ),
    "a region": (
        {"allowed": {"regions": ["eu-west-1"]}},
        "us-east-1 is not among allowed.regions (eu-west-1)",
    ),
    "a purchase option": (
        {"allowed": {"purchaseOptions": ["on-demand", "reserved"]}},
        "spot is not among allowed.purchaseOptions (on-demand, reserved)",
    ),
    "an instance type that is not named": (
        {"allowed": {"instanceTypes": ["p5*", "g?.xlarge"]}},
        "p4d.24xlarge matches none of allowed.instanceTypes (g?.xlarge, p5*)",
    ),
    "a pattern matches from end to end": (
        {"allowed": {"instanceTypes": ["p4d"]}},
        "p4d.24xlarge matches none of allowed.instanceTypes (p4d)",
    ),
    "a dot is a dot": (
        {"allowed": {"instanceTypes": ["p4.*"]}},
        "p4d.24xlarge matches none of allowed.instanceTypes (p4.*)",
    ),
    "an instance type that is denied": (
        {"allowed": {"deniedInstanceTypes": ["*.metal", "p4?.*"]}},
        "p4d.24xlarge matches p4?.* of allowed.deniedInstanceTypes",
    ),
    "more nodes than a pool may have": (
        {"limits": {"pools": [{"name": "trainer", "maxNodes": 16}]}},
        "pool trainer may reach 17 nodes, above limits.pools[trainer].maxNodes (16)",
    ),
    "more money than a pool may cost": (
        {"limits": {"pools": [{"name": "trainer", "maxUsdPerHour": 557}]}},
        "pool trainer may reach $557.09 an hour, above limits.pools[trainer].maxUsdPerHour ($557.00)",
    ),
    "more nodes than the plan may have": (
        {"limits": {"maxNodes": 16}},
        "the plan may reach 17 nodes, above limits.maxNodes (16)",
    ),
    "more money than the plan may cost": (
        {"limits": {"maxUsdPerHour": 0}},
        "the plan may reach $557.09 an hour, above limits.maxUsdPerHour ($0.00)",
    ),
}
ALLOWED: dict[str, dict[str, Any]] = {
    "its provider": {"allowed": {"providers": ["aws"]}},
    "its region": {"allowed": {"regions": ["us-east-1", "eu-west-1"]}},
    "its option": {"allowed": {"purchaseOptions": ["spot"]}},
    "its type": {"allowed": {"instanceTypes": ["p4d.24xlarge"]}},
    "any type": {"allowed": {"instanceTypes": ["*"], "deniedInstanceTypes": ["p4d", "*.metal"]}},
    "as many nodes as it has": {"limits": {"maxNodes": 17}},
    "as much as it costs": {"limits": {"maxUsdPerHour": 557.09}},
    "another pool's limit": {"limits": {"pools": [{"name": "server", "maxNodes": 0}]}},
}


@pytest.mark.parametrize(("spec", "says"), REFUSED.values(), ids=REFUSED)
def test_what_may_not_grow_and_why(spec: dict[str, Any], says: str) -> None:
    assert spot_reasons(policy(**spec)) == [says]


@pytest.mark.parametrize("spec", ALLOWED.values(), ids=ALLOWED)
def test_what_may(spec: dict[str, Any]) -> None:
    assert spot_reasons(policy(**spec)) == []


def test_a_pattern_of_many_stars_is_matched_at_once() -> None:
    rules = policy(allowed={"deniedInstanceTypes": ["*4*" * 20 + "z"]})
    found = plan(pools=[pool(groups=[group("a", {"option": "on-demand"},
                                           offers=[{"instanceType": "4" * 250}])])])  # fmt: skip
    assert spot_reasons(rules, found) == []


def test_every_reason_is_given_in_a_fixed_order() -> None:
    rules = policy(
        plans={"mayStartGroups": False},
        allowed={"providers": ["gcp"], "purchaseOptions": ["owned"], "deniedInstanceTypes": ["p*"]},
        limits={"maxNodes": 3, "pools": [{"name": "trainer", "maxNodes": 2}]},
    )
    said = spot_reasons(rules, new=True)
    assert [each.split()[0] for each in said] == [
        "plans.mayStartGroups", "aws", "spot", "p4d.24xlarge", "pool", "the",
    ]  # fmt: skip


def test_a_group_that_runs_may_grow_where_none_may_be_started() -> None:
    rules = policy(plans={"mayStartGroups": False})
    assert spot_reasons(rules) == []
    assert spot_reasons(rules, new=True) == [
        "plans.mayStartGroups is false, and the group does not run yet"
    ]


def test_at_an_instant_the_windows_that_hold_are_counted() -> None:
    rules = policy(limits={"maxNodes": 13})
    assert spot_reasons(rules, at=START) == []
    later = START + timedelta(hours=4)
    assert spot_reasons(rules, at=later) == [
        "the plan may reach 17 nodes at 2026-11-01T04:00:00Z, above limits.maxNodes (13)"
    ]


def test_groups_that_peak_at_different_hours_are_not_added_up() -> None:
    groups = [
        group("on-demand", {"option": "on-demand"}, windows=windows((0, 1, 9), (0, 1, 1), (0, 1, 1))),
        group("spot", {"option": "spot", "pools": 2}, windows=windows((0, 1, 1), (0, 1, 1), (0, 1, 9))),
    ]  # fmt: skip
    peaks = plan(pools=[pool(groups=groups)])
    assert spot_reasons(policy(limits={"maxNodes": 10}), peaks) == []
    assert spot_reasons(policy(limits={"maxNodes": 9}), peaks) != []


def test_what_is_not_priced_is_not_free() -> None:
    unpriced = plan(
        pools=[pool(groups=[group("on-demand", {"option": "on-demand"}, offers=[OFFER])])]
    )
    says = (
        "the plan has groups that are not priced (trainer/on-demand), so limits.maxUsdPerHour can't "
        "be checked"
    )
    assert spot_reasons(policy(limits={"maxUsdPerHour": 1e6}), unpriced) == [says]


def test_owned_machines_bill_nothing_and_are_nodes() -> None:
    owned = group("owned", {"option": "owned", "site": "hall"}, offers=[OFFER])
    here = plan(pools=[pool(groups=[owned])])
    assert spot_reasons(policy(limits={"maxUsdPerHour": 0}), here) == []
    assert spot_reasons(policy(limits={"maxNodes": 5}), here) == [
        "the plan may reach 6 nodes, above limits.maxNodes (5)"
    ]


def test_the_dearest_offer_counts() -> None:
    offers = [{**OFFER, "usdPerHour": 1.0}, {"instanceType": "p4de.24xlarge", "usdPerHour": 2.0}]
    two = plan(pools=[pool(groups=[group("on-demand", {"option": "on-demand"}, offers=offers)])])
    assert spot_reasons(policy(limits={"maxUsdPerHour": 12}), two) == []
    assert spot_reasons(policy(limits={"maxUsdPerHour": 11}), two) != []


def test_a_plan_is_believed_by_its_digest() -> None:
    mine = plan()
    assert check_plan(policy(plans={"approvedDigests": [mine.digest]}), mine) == []
    assert check_plan(policy(plans={"approvedDigests": ["0" * 12]}), mine) == [
        f"the plan's digest {mine.digest} is not among plans.approvedDigests"
    ]


@pytest.mark.parametrize(("hours", "ends"), [(6, 6), (11.5, 11.5), (12, 12), (48, 12)])
def test_an_old_plan_expires_before_its_time(hours: float, ends: float) -> None:
    rules = policy(plans={"maxAgeHours": hours})
    assert valid_until(rules, plan()) == START + timedelta(hours=ends)


sizes = st.lists(st.integers(0, 50), min_size=1, max_size=6)


@given(maxima=st.lists(sizes, min_size=1, max_size=5), limit=st.integers(0, 200))
def test_the_peak_is_the_highest_of_all_instants(maxima: list[list[int]], limit: int) -> None:
    groups = [
        group(f"g{i}", {"option": "on-demand"}, windows=windows(*[(0, 0, m) for m in each]))
        for i, each in enumerate(maxima)
    ]
    many = plan(pools=[pool(groups=groups)])
    (first,) = many.spec.pools
    rules = policy(limits={"maxNodes": limit}).spec
    checks = GroupChecks(rules, many)
    said = checks.reasons(first, first.groups[0])
    instants = [START + timedelta(hours=h) for h in range(-1, 30)]
    highest = max(sum(window_at(g, at).max for g in first.groups) for at in instants)
    assert (said == []) == (highest <= limit)
    at_each = [GroupChecks(rules, many, at).reasons(first, first.groups[0]) for at in instants]
    assert any(at_each) == bool(said)
