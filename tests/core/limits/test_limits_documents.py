"""Limits and latency tables as files say them: what is read, and the one error that names the mend."""

from pathlib import Path

import pytest

from trimtab.errors import InfeasibleError, InputError
from trimtab.limits.document import load_limits, parse_limits
from trimtab.limits.latency import LatencyTable, load_latency, within_reach
from trimtab.limits.model import Budget
from trimtab.workloads.model import Owner, Workload

HEAD = "apiVersion: trimtab.dev/v1alpha1\nkind: PlanningLimits\nspec:\n"
WHOLE = f"""{HEAD}  budgets:
    - {{team: vision, usdPerMonth: 90000}}
  carbon: {{usdPerTonne: 80, kgPerMonth: 12000}}
  spotShares: [{{pool: trainer, share: 0.3}}]
  commitments: {{usdPerHour: 200, terms: [1y]}}
  steadiness: {{stepDownShare: 0.25, movingHours: 2, endedPools: [old]}}
  clients: [{{workload: chat, regions: [europe-west1]}}]
"""
POOLS, WORKLOADS = {"trainer", "old"}, {"chat", "train"}


def test_every_limit_is_read(tmp_path: Path) -> None:
    path = tmp_path / "limits.yaml"
    path.write_text(WHOLE, encoding="utf-8")
    found = load_limits(path, POOLS, WORKLOADS)
    (budget,) = found.budgets
    assert budget == Budget(Owner(team="vision"), 90000.0, budget.where)
    assert budget.title == "team vision"
    assert (found.usd_per_tonne, found.kg_per_month) == (80.0, 12000.0)
    assert found.spot_shares == (("trainer", 0.3),)
    assert (found.commitment_usd_per_hour, found.terms) == (200.0, ("1y",))
    assert (found.step_down, found.moving_hours, found.ended_pools) == (0.25, 2.0, ("old",))
    assert found.clients == (("chat", ("europe-west1",)),)
    assert found.digest.startswith("sha256:")


REFUSED = {
    "a mistyped key": (
        WHOLE.replace("kgPerMonth", "kgPerMont"),
        "spec.carbon.kgPerMont: unknown key; did you mean kgPerMonth? allowed: usdPerTonne, ",
    ),
    "a budget of nobody": (
        WHOLE.replace("team: vision, ", ""),
        "limits.yaml, line 5, document 1, spec.budgets[0]: names no owner; ",
    ),
    "a budget of nothing": (
        WHOLE.replace("90000", "0"), "spec.budgets[0].usdPerMonth: 0: input should be greater",
    ),
    "a share above one": (
        WHOLE.replace("0.3", "1.3"), "spec.spotShares[0].share: 1.3: input should be less than",
    ),
    "a pool that is not planned": (
        WHOLE.replace("pool: trainer", "pool: trainr"),
        "spec.spotShares[0].pool: 'trainr' is no pool of this plan; did you mean trainer? use one ",
    ),
    "a pool twice": (
        WHOLE.replace("0.3}", "0.3}, {pool: trainer, share: 0.5}"),
        "spec.spotShares[1].pool: pool trainer stands twice; say it once",
    ),
    "an ended pool that never was": (
        WHOLE.replace("[old]", "[older]"), "spec.steadiness.endedPools[0]: 'older' is no pool of ",
    ),
    "users of no workload": (
        WHOLE.replace("workload: chat", "workload: chatt"),
        "spec.clients[0].workload: 'chatt' is no workload of this plan; did you mean chat? ",
    ),
    "a step of nothing": (
        WHOLE.replace("0.25", "0"), "spec.steadiness.stepDownShare: 0: input should be greater ",
    ),
    "a term that nobody sells": (
        WHOLE.replace("[1y]", "[2y]"), "spec.commitments.terms[0]: '2y': input should be '1y' or ",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("text", "message"), REFUSED.values(), ids=REFUSED)
def test_what_limits_may_not_say(text: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_limits(text, "limits.yaml", POOLS, WORKLOADS)
    assert message in str(caught.value)


TABLE = LatencyTable("rtt.csv", "", {("a", "b"): 20.0, ("a", "c"): 90.0, ("b", "c"): 70.0})
CHAT = Workload(name="chat", latency_ms=30.0)


def test_a_bound_leaves_the_regions_within_reach_of_all_users() -> None:
    assert within_reach(CHAT, ["a"], TABLE, {"a", "b", "c", "d"}).regions == ("a", "b")
    assert within_reach(CHAT, ["a", "b"], TABLE, {"a", "b", "c"}).regions == ("a", "b")
    bound = Workload(name="chat", latency_ms=30.0, regions=("b", "c"))
    assert within_reach(bound, ["a"], TABLE, {"a", "b", "c"}).regions == ("b",)
    free = Workload(name="batch")
    assert within_reach(free, [], TABLE, {"a"}) is free


def test_a_bound_that_no_region_keeps_names_the_nearest() -> None:
    with pytest.raises(InfeasibleError) as caught:
        within_reach(CHAT, ["a"], TABLE, {"c", "d"})
    assert str(caught.value) == (
        "--latency rtt.csv: no region on offer is within 30 ms of the users of chat in a; the "
        "nearest, c, is 90 ms away; allow 90 ms, or another region"
    )


@pytest.mark.parametrize(
    ("clients", "message"),
    [
        ([], "workload chat bounds its latency to 30 ms, and nothing says to where"),
        (["z"], "the table knows no region z, where users of chat are"),
    ],
    ids=["users nowhere", "users in an unknown region"],
)
def test_a_bound_without_known_users_is_an_error(clients: list[str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        within_reach(CHAT, clients, TABLE, {"a"})


TABLES = {
    "a column short": ("from_region,to_region\na,b\n", "line 1: has no column rtt_ms; "),
    "a region short": ("from_region,to_region,rtt_ms\na,,3\n", "line 2: names no region; "),
    "a pair twice": (
        "from_region,to_region,rtt_ms\na,b,3\na,b,4\n", "line 3: a to b stands twice; keep one",
    ),
    "no number": (
        "from_region,to_region,rtt_ms\na,b,fast\n",
        "line 2, column rtt_ms: fast is no round trip; give milliseconds from 0 to 10000",
    ),
    "a negative one": ("from_region,to_region,rtt_ms\na,b,-3\n", "-3 is no round trip"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "message"), TABLES.values(), ids=TABLES)
def test_what_a_latency_table_may_not_say(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "rtt.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_latency(path)
    assert message in str(caught.value)


def test_a_latency_table_is_read_either_way(tmp_path: Path) -> None:
    path = tmp_path / "rtt.csv"
    path.write_text("from_region,to_region,rtt_ms\na, b, 12.5\n", encoding="utf-8")
    table = load_latency(path)
    assert (table.between("a", "b"), table.between("b", "a"), table.between("a", "a")) == (
        12.5, 12.5, 0.0,
    )  # fmt: skip
    assert table.between("a", "z") is None
