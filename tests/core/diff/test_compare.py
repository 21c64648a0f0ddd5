"""Two sides of a change: what happens, what it costs, whose it is."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from support.estimates import resource, settings
from support.plans import START
from support.priced import source, tags
from trimtab.diff.budgets import Budget, BudgetSpec
from trimtab.diff.compare import Judges, compare
from trimtab.diff.model import Change, Diff, Operation, Owner, Severity
from trimtab.diff.outputs.reading import headline
from trimtab.diff.rules import attribution
from trimtab.pricing.amount import ZERO
from trimtab.pricing.model import Status
from trimtab.resources.model import ChangeSet, Estate, Resource

GATEWAY = 730 * 0.045 + 100 * 0.045
"""A NAT gateway in us-east-1 with the default's 100 GB: hours and data at 0.045."""


def nat(name: str = "a", **fields: Any) -> Resource:
    return resource("aws_nat_gateway", fields.pop("inputs", None), name=name, **fields)


def diff(
    before: Sequence[Resource],
    after: Sequence[Resource],
    *,
    operations: Mapping[str, str] | None = None,
    complete: bool = True,
    judges: Judges | None = None,
) -> Diff:
    def side(name: str, resources: Sequence[Resource]) -> Estate:
        return Estate(name, tuple(sorted(resources, key=lambda r: r.key)), complete)

    change = ChangeSet(side("old", before), side("new", after), operations or {})
    return compare(change, settings(), settings(), judges or Judges())


def only(result: Diff) -> Change:
    (change,) = result.changes
    return change


def test_what_is_new_costs_what_it_costs() -> None:
    result = diff([], [nat()])
    change = only(result)
    assert (change.operation, change.before) == (Operation.CREATE, None)
    assert change.usd_per_month is not None
    assert change.usd_per_month.expected == GATEWAY
    # The default's usage is bounded by 0 and 1,000 GB.
    assert (round(change.usd_per_month.low, 2), round(change.usd_per_month.high, 2)) == (
        32.85,
        77.85,
    )
    assert result.delta.usd.expected == result.after.usd.expected == GATEWAY
    assert result.before.usd == ZERO


def test_what_goes_is_saved() -> None:
    result = diff([nat()], [])
    change = only(result)
    assert change.operation is Operation.DELETE
    assert result.delta.usd.expected == -GATEWAY
    assert result.after.usd == ZERO


def test_what_stays_changes_nothing_however_uncertain_it_is() -> None:
    result = diff([nat()], [nat()])
    assert only(result).operation is Operation.SAME
    assert only(result).usd_per_month == ZERO
    assert result.delta.usd == ZERO


def test_the_engine_says_what_happens_where_it_does() -> None:
    old, new = nat(inputs={"subnet_id": "a"}), nat(inputs={"subnet_id": "b"})
    assert only(diff([old], [new])).operation is Operation.UPDATE
    replaced = only(diff([old], [new], operations={old.key: "replace"}))
    assert replaced.operation is Operation.REPLACE
    assert [(f.path, f.before, f.after) for f in replaced.fields] == [("subnet_id", "a", "b")]
    assert only(diff([old], [old], operations={old.key: "same"})).fields == ()


def test_what_has_no_price_has_no_difference_and_is_counted() -> None:
    unknown = resource("aws_quantum_thing")
    result = diff([], [unknown, nat()])
    by_name = {change.key: change for change in result.changes}
    assert by_name[unknown.key].usd_per_month is None
    assert result.unpriced_share == 0.5
    assert result.counts == {Status.PRICED: 1, Status.NOT_PRICED: 1}
    assert result.delta.usd.expected == GATEWAY
    # Untouched, it costs what it did, whatever that is.
    assert only(diff([unknown], [unknown])).usd_per_month == ZERO


def test_the_largest_difference_comes_first_and_what_stays_last() -> None:
    big, gone, same = nat("big"), nat("gone"), nat("same")
    small = resource("aws_quantum_thing", name="small")
    result = diff([gone, same], [big, same, small])
    assert [change.estimate.resource.name for change in result.changes] == [
        "big",
        "gone",
        "small",
        "same",
    ]


def test_what_changes_hands_leaves_one_owner_and_reaches_the_other() -> None:
    result = diff([nat(tags={"team": "a"})], [nat(tags={"team": "b"})])
    costs = {each.owner.team: each for each in result.owners}
    assert costs["a"].delta.usd.expected == -GATEWAY
    assert costs["a"].after.usd == ZERO
    assert costs["b"].delta.usd.expected == GATEWAY
    assert result.delta.usd == ZERO
    assert result.untagged is None


def test_spending_without_an_owner_is_called_out() -> None:
    result = diff([], [nat(), nat("b", tags={"team": "ml"})])
    assert result.untagged is not None
    assert result.untagged.usd.expected == GATEWAY


def test_a_missing_tag_is_a_finding_and_the_changes_own_come_first() -> None:
    tagged = {"team": "ml", "project": "x", "environment": "prod"}
    free = resource("aws_vpc", name="free")
    judges = Judges(packs=[attribution()])
    result = diff(
        [nat("old")],
        [nat("old"), nat("new", tags={"team": "ml"}), nat("fine", tags=tagged), free],
        judges=judges,
    )
    assert [(f.key, f.introduced) for f in result.findings if "nat" in f.key] == [
        ("aws_nat_gateway.new", True),
        ("aws_nat_gateway.old", False),
    ]
    (first, *_) = result.findings
    assert first.severity is Severity.WARNING
    assert first.message.endswith("has no tags project and environment")


def test_what_no_table_knows_may_cost_money_and_its_change_is_not_known() -> None:
    result = diff([], [resource("x_mystery", name="m")], judges=Judges(packs=[attribution()]))
    (finding,) = result.findings
    assert (
        finding.message
        == "m (x_mystery) may cost money and has no tags team, project and environment"
    )
    assert headline(result)[0] == "Cost of the change not known"
    assert headline(diff([nat()], [nat()]))[0] == "No change in cost"


def test_a_budget_that_nothing_counts_towards_is_called_out() -> None:
    judges = Judges(budgets=[budget("web"), budget("wbe")])
    assert diff([], [nat(tags={"team": "web"})], judges=judges).notes == (
        "budget wbe (b.yaml, line 4): its owner pays for nothing here",
    )


def budget(team: str) -> Budget:
    spec = {"name": team, "owner": {"team": team}, "usdPerMonth": 100.0}
    return Budget(BudgetSpec.model_validate(spec), "b.yaml, line 4")


def test_owners_are_of_what_is_known() -> None:
    result = diff([], [nat(tags={"team": "ml"})])
    assert [each.owner for each in result.owners] == [Owner("ml")]


ESTATE = st.lists(
    st.builds(
        lambda name, team, mars: nat(
            name, tags={"team": team}, region="mars-1" if mars else "us-east-1"
        ),
        st.sampled_from("abcdef"),
        st.sampled_from(["", "x", "y"]),
        st.booleans(),
    ),
    max_size=6,
    unique_by=lambda r: r.key,
)


@given(ESTATE, ESTATE)
def test_sums_add_up_whatever_changes(before: list[Resource], after: list[Resource]) -> None:
    result, back = diff(before, after), diff(after, before)
    for figures, sides in (
        (result.before, [c.before for c in result.changes]),
        (result.after, [c.after for c in result.changes]),
    ):
        known = [e.usd_per_month.expected or 0 for e in sides if e and e.usd_per_month]
        assert figures.usd.expected == sum(known)
    by_owner = [each.delta.usd.expected or 0 for each in result.owners]
    assert round(sum(by_owner), 6) == round(result.delta.usd.expected or 0, 6)
    assert round(result.delta.usd.expected or 0, 6) == -round(back.delta.usd.expected or 0, 6)
    assert result == diff(before, after)


def test_what_carries_out_a_plans_group_is_its_pools_owners_where_it_says_nothing_else() -> None:
    sizes = {"minSize": 2, "desiredCapacity": 3, "maxSize": 4}
    group = resource("aws_autoscaling_group", sizes, camel=True, tags=tags("on-demand"))
    own = replace(group, key="own", tags={**tags("on-demand"), "team": "guests"})
    given = settings(plan=source(), as_of=START)
    change = ChangeSet(Estate("old", ()), Estate("new", (group, own)))
    owners = {c.key: c.owner for c in compare(change, given, given, Judges()).changes}
    # The pool of support.plans says team vision, project multimodal, model mm-7b.
    assert owners[group.key] == Owner(
        "vision", "multimodal", "mm-7b", owners[group.key].environment
    )
    assert owners["own"].team == "guests"
    assert owners["own"].model == "mm-7b"
