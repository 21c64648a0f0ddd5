"""What holds of Karpenter's objects for every plan."""

from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from support.karpenter import HELD, PROPOSED, SPOT, STEADY, every_object, line
from support.plans import DIGEST, START, group, plan, pool, windows
from trimtab.plan.sizing import Sizes, window_at
from trimtab.provision.karpenter.static import Baseline, paid_nodes

Triple = tuple[int, int, int]
sizes = st.tuples(*[st.integers(0, 40)] * 3).map(lambda each: tuple(sorted(each)))


@st.composite
def cases(draw: st.DrawFn) -> dict[str, Any]:
    """A plan of one pool, what runs, and what is chosen."""
    purchases = draw(
        st.lists(st.sampled_from([HELD, PROPOSED, SPOT, STEADY]), min_size=1, max_size=4)
    )
    count = draw(st.integers(1, 4))
    groups = [
        group(
            f"g{i}",
            purchase,
            windows=windows(*draw(st.lists(sizes, min_size=count, max_size=count)), hours=2),
        )
        for i, purchase in enumerate(purchases)
    ]
    lines = [line(draw(st.integers(1, 40)))] if draw(st.booleans()) else []
    one = plan(pools=[pool(groups=groups)], commitments=lines)
    running = {
        f"trainer-g{i}-0a1b2c": Sizes(*draw(sizes))
        for i in range(len(groups))
        if draw(st.booleans())
    }
    approved = (DIGEST,) if draw(st.booleans()) and lines else ()
    release = ("trainer",) if draw(st.booleans()) else ()
    return {
        "plan": one,
        "as_of": START + timedelta(hours=draw(st.integers(0, 2 * count - 1))),
        "running": running,
        "baseline": Baseline(draw(st.booleans()), approved, release),
        "whole_span": draw(st.booleans()),
    }


def _limit(node_pool: dict[str, Any]) -> int:
    return int(node_pool["limits"]["nodes"])


@given(cases())
@settings(max_examples=150)
def test_limits_stay_within_the_plan_and_no_less_than_what_runs(case: dict[str, Any]) -> None:
    for sized, made in every_object(**case):
        total = sum(_limit(each.spec) for each in made.node_pools)
        left = [window_at(sized.group, case["as_of"]), *sized.later]
        planned = max(w.max for w in (left if case["whole_span"] else left[:1]))
        observed = case["running"].get(sized.key, Sizes(0, 0, 0))
        assert total <= max(planned, observed.desired)
        assert total >= observed.desired
        assert all(_limit(each.spec) >= 0 for each in made.node_pools)


@given(cases())
@settings(max_examples=150)
def test_a_static_node_pool_keeps_no_more_than_is_paid_for_and_no_less_than_it_kept(
    case: dict[str, Any],
) -> None:
    baseline = case["baseline"]
    for sized, made in every_object(**case):
        window = window_at(sized.group, case["as_of"])
        paid = paid_nodes(case["plan"], sized.group, window, baseline.approved)
        kept = case["running"].get(sized.key, Sizes(0, 0, 0)).min
        for each in made.node_pools:
            replicas = each.spec.get("replicas")
            assert (replicas is None) == ("weight" in each.spec)
            if replicas is None:
                continue
            assert baseline.on
            assert set(each.spec["limits"]) == {"nodes"}
            assert replicas <= _limit(each.spec)
            assert replicas <= max(paid, kept)
            assert replicas >= (0 if baseline.release else kept)


@given(cases())
@settings(max_examples=150)
def test_a_price_as_paid_covers_no_more_nodes_than_are_paid_for(case: dict[str, Any]) -> None:
    for sized, made in every_object(**case):
        if made.overlay is None or sized.group.purchase.option != "reserved":
            continue
        window = window_at(sized.group, case["as_of"])
        paid = paid_nodes(case["plan"], sized.group, window, case["baseline"].approved)
        assert sum(_limit(each.spec) for each in made.node_pools) <= paid
        (scope,) = [
            r for r in made.overlay.spec["requirements"] if r["key"] == "karpenter.sh/nodepool"
        ]
        assert scope["values"] == [made.node_pools[0].name]


@given(cases())
@settings(max_examples=50)
def test_weights_follow_the_plans_order(case: dict[str, Any]) -> None:
    weights = [made.node_pools[0].spec["weight"] for _, made in every_object(**case)]
    assert weights == sorted(set(weights), reverse=True)
    assert all(1 <= weight <= 100 for weight in weights)


@given(cases())
@settings(max_examples=50)
def test_the_baseline_turned_on_or_off_takes_no_node_pool_away(case: dict[str, Any]) -> None:
    def names(on: bool) -> list[str]:
        chosen = {**case, "baseline": Baseline(on)}
        return [made.node_pools[0].name for _, made in every_object(**chosen)]

    assert names(True) == names(False)
