"""The planner's row for a series left out of the choice of its parameters."""

from benchmarks.evidence import LEFT_OUT, TRIED, Record, left_out


def record(name: str, policy: str, usd: float) -> Record:
    return Record("depth", "depth 0", name, policy, usd, 1.0, 0.0, 0.0, 0, 1.0)


def test_a_series_left_out_is_decided_by_what_did_best_on_the_others() -> None:
    """The second parameters are the best on `a` alone, and would be chosen with `a` in the sum."""
    first, second, *_ = TRIED
    usd = {("a", first): 9.0, ("a", second): 1.0, ("b", first): 2.0, ("b", second): 3.0}
    usd |= {(name, policy): 99.0 for name in "ab" for policy in TRIED[2:]}
    records = [record(name, policy, cost) for (name, policy), cost in usd.items()]
    found = {each.series: each for each in left_out(records)}
    assert {each.policy for each in found.values()} == {LEFT_OUT}
    assert {name: each.usd for name, each in found.items()} == {"a": 9.0, "b": 3.0}
    assert left_out([each for each in records if each.series == "a"]) == []
