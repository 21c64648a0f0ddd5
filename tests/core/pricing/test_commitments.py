"""What is held already pays first, and what a change adds costs its marginal price.

Machines of `large` cost 1.00 USD an hour, 0.60 under a commitment; of `small` 0.25, and nobody knows what
a commitment would make of them.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.estimates import AS_OF, resource, settings
from support.machine_book import machine_book, offer
from support.plans import START, group, plan, pool
from trimtab.inventory.model import HeldNodes, Inventory, OwnedNodes, SavingsPlan
from trimtab.plan.attribution import node_labels
from trimtab.pricing.engine import price
from trimtab.pricing.model import Estimate, Status
from trimtab.pricing.plan_source import PlanSource
from trimtab.resources.model import Estate, Resource

BOOK = machine_book(offer("large", 1.0, spot=0.3, reserved=0.6), offer("small", 0.25))


def machines(name: str, count: int, instance_type: str = "large", **inputs: Any) -> Resource:
    """Machines without disks of their own: a NodePool of so many."""
    requirement = {
        "key": "node.kubernetes.io/instance-type",
        "operator": "In",
        "values": [instance_type],
    }
    reference = {"group": "karpenter.k8s.aws", "kind": "EC2NodeClass"}
    requirements = [requirement, *inputs.pop("requirements", [])]
    spec = {"nodeClassRef": reference, "requirements": requirements}
    template = {"metadata": {"labels": inputs.pop("labels", {})}, "spec": spec}
    values = {"metadata": {"name": name}, "spec": {"replicas": count, "template": template}}
    return resource("karpenter.sh/NodePool", values, name=name, region=None)


def held(quantity: int, name: str = "ri", **changes: Any) -> HeldNodes:
    fields: dict[str, Any] = {
        "id": name,
        "option": "reserved",
        "provider": "aws",
        "region": "us-east-1",
        "instance_type": "large",
        "quantity": quantity,
        "usd_per_hour": 0.6,
        "term": "1y",
        "starts": datetime(2026, 1, 1, tzinfo=UTC),
        "expires": datetime(2027, 1, 1, tzinfo=UTC),
        **changes,
    }
    return HeldNodes(**fields)


def savings_plan(usd_per_hour: float, **changes: Any) -> SavingsPlan:
    fields: dict[str, Any] = {
        "id": "sp",
        "provider": "aws",
        "region": None,
        "instance_types": (),
        "usd_per_hour": usd_per_hour,
        "term": "1y",
        "starts": datetime(2026, 1, 1, tzinfo=UTC),
        "expires": datetime(2027, 1, 1, tzinfo=UTC),
        **changes,
    }
    return SavingsPlan(**fields)


def priced(
    resources: Sequence[Resource],
    *nodes: HeldNodes,
    plans: Sequence[SavingsPlan] = (),
    owned: Sequence[OwnedNodes] = (),
    first: Sequence[str] = (),
    before: Sequence[Estimate] = (),
    **fields: Any,
) -> dict[str, Estimate]:
    """By name, what each costs beside the others."""
    inventory = Inventory(nodes=tuple(nodes), savings_plans=tuple(plans), owned=tuple(owned))
    fields = {"book": BOOK, "regions": {"aws": "us-east-1"}, "inventory": inventory, **fields}
    estate = Estate("test", tuple(sorted(resources, key=lambda each: each.key)))
    return {each.resource.name: each for each in price(estate, settings(**fields), first, before)}


def usd(estimate: Estimate) -> float:
    """Expected, a month, in units of 730 hours: dollars an hour."""
    assert estimate.usd_per_month is not None
    assert estimate.usd_per_month.expected is not None
    return round(estimate.usd_per_month.expected / 730, 6)


def test_a_reservation_covers_nodes_of_its_type_and_the_rest_is_paid() -> None:
    found = priced([machines("a", 5)], held(3))["a"]
    covered, paid = found.charges
    assert covered.label == "nodes: covered by ri"
    assert (covered.quantity.expected, covered.rate.usd) == (3, 0)
    assert (paid.quantity.expected, paid.rate.usd) == (2, 1.0)
    assert found.machines[0].covered == 3
    assert (found.status, found.usd_per_month_now) == (Status.PRICED, 2 * 730)


def test_what_is_covered_in_whole_is_said_to_be() -> None:
    found = priced([machines("a", 2)], held(3))["a"]
    assert (found.status, usd(found)) == (Status.COVERED, 0)


@pytest.mark.parametrize(
    "other",
    [
        held(3, region="us-west-2"),
        held(3, provider="gcp"),
        held(3, instance_type="small"),
        held(3, pool="trainer"),
        held(3, starts=AS_OF.replace(month=12)),
        held(3, expires=AS_OF),
        held(3, option="capacity-block"),
        held(3, option="odcr"),  # open, but Karpenter starts nodes in none that is not selected
        held(3, option="odcr", zone="us-east-1a"),
        held(3, option="odcr", group_arn="arn:aws:resource-groups:g"),
    ],
)
def test_a_reservation_covers_no_other_nodes(other: HeldNodes) -> None:
    assert usd(priced([machines("a", 2)], other)["a"]) == 2


def test_an_open_reservation_covers_what_starts_by_itself() -> None:
    asg = resource(
        "aws_autoscaling_group",
        {"min_size": 2, "max_size": 2, "launch_template": [{"id": "lt"}]},
        references={"launch_template": ("aws_launch_template.lt",)},
    )
    template = resource("aws_launch_template", {"instance_type": "large"}, name="lt")
    found = priced([asg, template], held(3, option="odcr", term=None))["it"]
    assert found.machines[0].usd_per_month_now == 0


def test_spot_machines_are_never_covered() -> None:
    spot = {"key": "karpenter.sh/capacity-type", "operator": "In", "values": ["spot"]}
    found = priced([machines("a", 2, requirements=[spot])], held(3), plans=[savings_plan(9)])["a"]
    assert usd(found) == 0.6


def test_a_savings_plan_covers_as_far_as_its_spend_reaches_at_the_committed_rate() -> None:
    # 1.50 USD an hour at 0.60 a node are 2.5 nodes; 2.5 of 5 are paid for
    found = priced([machines("a", 5)], plans=[savings_plan(1.5)])["a"]
    assert found.machines[0].covered == pytest.approx(2.5)
    assert usd(found) == 2.5


def test_a_savings_plan_without_a_committed_rate_covers_nothing_and_says_so() -> None:
    found = priced([machines("a", 4, "small")], plans=[savings_plan(1.5)])["a"]
    assert usd(found) == 1.0
    assert found.note == "sp may pay for it, at a committed rate of small that is not known"


def test_reservations_go_before_savings_plans() -> None:
    found = priced([machines("a", 5)], held(2), plans=[savings_plan(0.6)])["a"]
    assert [charge.label for charge in found.charges[:2]] == [
        "nodes: covered by ri",
        "nodes: covered by sp",
    ]
    assert usd(found) == 2


def test_what_exists_before_a_change_is_covered_first() -> None:
    old, new = machines("z", 3), machines("a", 3)
    found = priced([old, new], held(4), first=[old.key])
    assert (usd(found["z"]), usd(found["a"])) == (0, 2)
    assert usd(priced([old], held(4), first=[old.key])["z"]) == 0


def test_what_becomes_of_another_type_comes_after_what_stays() -> None:
    stays, turns = machines("z", 2), machines("a", 2, "small")
    keys = [stays.key, turns.key]
    before = priced([stays, turns], held(2), first=keys)
    turned = [stays, machines("a", 2)]
    after = priced(turned, held(2), first=keys, before=tuple(before.values()))
    assert (usd(after["z"]), usd(after["a"])) == (0, 2)


def test_a_pools_own_reservation_serves_it_alone() -> None:
    labels = {"trimtab.dev/pool": "trainer"}
    found = priced([machines("a", 2), machines("b", 2, labels=labels)], held(3, pool="trainer"))
    assert (usd(found["a"]), usd(found["b"])) == (2, 0)


def test_a_reservation_of_the_estate_is_paid_once_by_those_that_name_it() -> None:
    reservation = resource(
        "aws_ec2_capacity_reservation",
        {
            "instance_type": "large",
            "instance_platform": "Linux/UNIX",
            "instance_count": 3,
            "availability_zone": "us-east-1a",
            "instance_match_criteria": "targeted",
        },
        name="held",
    )
    aim = {"capacity_reservation_target": [{"capacity_reservation_id": "unknown yet"}]}
    template = resource(
        "aws_launch_template",
        {"instance_type": "large", "capacity_reservation_specification": [aim]},
        name="lt",
        references={"capacity_reservation_specification": (reservation.key,)},
    )

    def asg(name: str, count: int) -> Resource:
        return resource(
            "aws_autoscaling_group",
            {"min_size": count, "max_size": count, "launch_template": [{"id": "lt"}]},
            name=name,
            references={"launch_template": (template.key,)},
        )

    found = priced([reservation, template, asg("a", 2), asg("b", 2), machines("c", 2)])
    # of the reservation's three, two run a and one runs b
    hourly = {name: found[name].machines[0].usd_per_month_now or 0 for name in "abc"}
    assert {name: value / 730 for name, value in hourly.items()} == {"a": 0, "b": 1, "c": 2}
    assert usd(found["held"]) == 3


def test_a_node_class_names_the_reservation_that_its_nodes_start_in() -> None:
    class_ = resource(
        "karpenter.k8s.aws/EC2NodeClass",
        {
            "metadata": {"name": "held"},
            "spec": {"capacityReservationSelectorTerms": [{"id": "cr-1"}]},
        },
        name="held",
        region=None,
    )
    pool_ = machines("a", 3)
    reference = pool_.inputs.values["spec"]["template"]["spec"]["nodeClassRef"]
    reference["name"] = "held"
    odcr = held(2, "cr-1", option="odcr", zone="us-east-1a", term=None)
    found = priced([pool_, class_, machines("b", 1)], odcr)
    assert (usd(found["a"]), usd(found["b"])) == (1, 1)


def test_a_capacity_block_serves_the_group_that_names_it() -> None:
    purchase = {
        "option": "capacity-block",
        "reservationId": "cb-1",
        "endsAt": datetime(2026, 11, 2, tzinfo=UTC).isoformat(),
    }
    offers = [{"instanceType": "large", "usdPerHour": 0.9}]
    expected = {"nodes": 2.0, "usdPerHour": 1.8, "kgco2ePerHour": None}
    block = group("block", purchase, offers=offers, expected=expected)
    capacity_plan = plan(pools=[pool(groups=[block])])
    pool_ = capacity_plan.spec.pools[0]
    nodes = machines("a", 2, labels=node_labels(pool_, pool_.groups[0]))
    plan_source = PlanSource(capacity_plan, "plan.yaml", {})
    paid = priced([nodes], plan=plan_source, as_of=START)["a"]
    assert usd(paid) == 1.8
    bought = held(1, "cb-1", option="capacity-block", term=None, zone="us-east-1a")
    found = priced([nodes], bought, plan=plan_source, as_of=START)["a"]
    assert usd(found) == 0.9


def test_owned_machines_of_a_pool_cost_nothing_more() -> None:
    owned = group("owned", {"option": "owned", "site": "cellar"})
    capacity_plan = plan(pools=[pool(groups=[owned])])
    pool_ = capacity_plan.spec.pools[0]
    labels = {"metadata": {"labels": node_labels(pool_, pool_.groups[0])}}
    node = resource("core/NodePatch", labels, name="m", region=None)
    machine = OwnedNodes("rack", "trainer", "cellar", "p4d.24xlarge", 1, 8.0)
    plan_source = PlanSource(capacity_plan, "plan.yaml", {})
    found = priced([node], owned=[machine], plan=plan_source, as_of=START)["m"]
    assert found.usd_per_month_now == 0
    assert found.charges[0].label == "owned machine: covered by rack"


def test_a_planned_group_pays_the_plans_rate_beyond_what_is_held() -> None:
    expected = {"nodes": 4.0, "usdPerHour": 2.4, "kgco2ePerHour": None}
    offers = [{"instanceType": "large", "usdPerHour": 0.6}]
    reserved = group(
        "reserved", {"option": "reserved", "term": "1y"}, offers=offers, expected=expected
    )
    capacity_plan = plan(pools=[pool(groups=[reserved])])
    pool_ = capacity_plan.spec.pools[0]
    labels = node_labels(pool_, pool_.groups[0])
    nodes = machines("a", 4, labels=labels)
    plan_source = PlanSource(capacity_plan, "plan.yaml", {})
    found = priced([nodes], held(1), plan=plan_source, as_of=START)["a"]
    assert usd(found) == pytest.approx(3 * 0.6)
    assert found.group == "reserved"


# What must hold for all of them.

FLEETS = st.lists(
    st.tuples(st.integers(0, 6), st.sampled_from(["large", "small"])), min_size=1, max_size=6
)
HELD = st.lists(
    st.tuples(st.integers(1, 8), st.sampled_from(["large", "small"])), min_size=0, max_size=3
)


def _fleets(found: Sequence[tuple[int, str]]) -> list[Resource]:
    return [machines(f"n{i}", count, type_) for i, (count, type_) in enumerate(found)]


def _held(found: Sequence[tuple[int, str]]) -> list[HeldNodes]:
    return [held(n, f"ri{i}", instance_type=type_) for i, (n, type_) in enumerate(found)]


@given(FLEETS, HELD)
def test_never_more_is_covered_than_is_held(
    fleets: Sequence[tuple[int, str]], holdings: Sequence[tuple[int, str]]
) -> None:
    found = priced(_fleets(fleets), *_held(holdings))
    for type_ in ("large", "small"):
        covered = sum(
            each.machines[0].covered
            for each, (_, fleet_type) in zip(
                (found[f"n{i}"] for i in range(len(fleets))), fleets, strict=True
            )
            if fleet_type == type_
        )
        running = sum(count for count, fleet_type in fleets if fleet_type == type_)
        quantity = sum(count for count, held_type in holdings if held_type == type_)
        assert covered == min(running, quantity)


@given(FLEETS, st.floats(0, 5))
def test_a_savings_plan_never_spends_more_than_it_has(
    fleets: Sequence[tuple[int, str]], spend: float
) -> None:
    found = priced(_fleets(fleets), plans=[savings_plan(spend)])
    covered = sum(each.machines[0].covered for each in found.values())
    running = sum(count for count, type_ in fleets if type_ == "large")
    # What is left of less than a billionth of a node is nobody's.
    assert covered == pytest.approx(min(running, spend / 0.6), abs=1e-6)


@given(FLEETS, HELD, st.floats(0, 5))
def test_what_is_held_never_makes_anything_cost_more(
    fleets: Sequence[tuple[int, str]], holdings: Sequence[tuple[int, str]], spend: float
) -> None:
    resources = _fleets(fleets)
    without = priced(resources)
    found = priced(resources, *_held(holdings), plans=[savings_plan(spend)])
    for name, estimate in found.items():
        assert usd(estimate) <= usd(without[name])
        assert estimate.usd_per_month is not None
        low, expected, high = estimate.usd_per_month
        assert low <= (expected or 0) <= high


@given(FLEETS, HELD, st.integers(0, 6), st.sampled_from(["A", "n2x", "z"]), st.floats(0, 5))
def test_what_a_change_adds_never_moves_what_exists(
    fleets: Sequence[tuple[int, str]],
    holdings: Sequence[tuple[int, str]],
    count: int,
    name: str,
    spend: float,
) -> None:
    resources = _fleets(fleets)
    keys = [each.key for each in resources]
    plans = [savings_plan(spend)]
    before = priced(resources, *_held(holdings), plans=plans, first=keys)
    after = priced([*resources, machines(name, count)], *_held(holdings), plans=plans, first=keys)
    assert {each: usd(after[each]) for each in before} == {
        each: usd(before[each]) for each in before
    }


@given(FLEETS, HELD, st.integers(1, 6), st.floats(0, 5), st.data())
def test_what_grows_never_moves_what_stays(
    fleets: Sequence[tuple[int, str]],
    holdings: Sequence[tuple[int, str]],
    more: int,
    spend: float,
    data: Any,
) -> None:
    resources = _fleets(fleets)
    keys = [each.key for each in resources]
    plans = [savings_plan(spend)]
    before = priced(resources, *_held(holdings), plans=plans, first=keys)
    which = data.draw(st.integers(0, len(fleets) - 1))
    count, type_ = fleets[which]
    grown = [*resources]
    grown[which] = machines(f"n{which}", count + more, type_)
    after = priced(grown, *_held(holdings), plans=plans, first=keys, before=tuple(before.values()))
    stay = [name for name in before if name != f"n{which}"]
    assert {name: usd(after[name]) for name in stay} == {name: usd(before[name]) for name in stay}
    assert usd(after[f"n{which}"]) >= usd(before[f"n{which}"])


@given(FLEETS, HELD, st.randoms(use_true_random=False))
def test_the_order_in_which_things_are_listed_does_not_matter(
    fleets: Sequence[tuple[int, str]], holdings: Sequence[tuple[int, str]], random: Any
) -> None:
    resources, nodes = _fleets(fleets), _held(holdings)
    found = priced(resources, *nodes)
    random.shuffle(nodes)
    estate = list(resources)
    random.shuffle(estate)
    inventory = Inventory(nodes=tuple(nodes))
    given_ = settings(book=BOOK, regions={"aws": "us-east-1"}, inventory=inventory)
    again = {each.resource.name: each for each in price(Estate("test", tuple(estate)), given_)}
    assert {name: usd(each) for name, each in again.items()} == {
        name: usd(each) for name, each in found.items()
    }
