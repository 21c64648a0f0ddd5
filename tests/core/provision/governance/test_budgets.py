"""Budgets from a document or from the plan, and AWS' inputs of them."""

import json
from pathlib import Path
from typing import Any

import pytest

from support.plans import group, plan, pool
from trimtab.errors import InputError
from trimtab.plan.model import CapacityPlan
from trimtab.provision.governance.anomalies import of_owner, threshold
from trimtab.provision.governance.budgets import (
    Budget,
    budget_inputs,
    expected_usd_per_month,
    planned,
    stated,
    warnings,
)
from trimtab.provision.governance.focus import COLUMNS, delivery, export_inputs
from trimtab.usage.measured import COLUMNS as READ

WHERE = 'CostGovernance "c"'
VISION = {"team": "vision"}


def costs(*groups: dict[str, Any], **changes: Any) -> dict[str, Any]:
    made = pool(groups=list(groups), **changes)
    made["expected"] = {**made["expected"], "interruptionUsdPerHour": 1.0}
    return made


def priced(name: str, usd: float | None, option: str = "on-demand") -> dict[str, Any]:
    purchase = {"option": option, **({"site": "hall"} if option == "owned" else {})}
    expected = {"nodes": 1.0, **({} if usd is None else {"usdPerHour": usd})}
    return group(name, purchase, expected=expected)


def of(*pools: dict[str, Any]) -> CapacityPlan:
    return plan(pools=list(pools))


def test_an_owners_machines_cost_what_their_groups_are_expected_to() -> None:
    found = of(
        costs(priced("a", 10.0), priced("b", 5.0), priced("cellar", None, "owned")),
        costs(priced("a", 100.0), name="other", owner={"team": "speech"}),
    )
    assert expected_usd_per_month(found, VISION) == 16 * 730
    assert expected_usd_per_month(found, {}) == 117 * 730
    assert expected_usd_per_month(found, {"team": "nobody"}) == 0


def test_without_a_document_each_owner_gets_what_is_expected_and_a_margin() -> None:
    found = of(
        costs(priced("a", 10.0)),
        costs(priced("a", 20.0), name="more"),
        costs(priced("a", 100.0), name="other", owner={"team": "speech"}),
    )
    assert planned(found, "team", 0.5, (0.8, 1.0), WHERE) == (
        Budget("example-vision", VISION, round(32 * 730 * 1.5, 2), (0.8, 1.0)),
        Budget("example-speech", {"team": "speech"}, round(101 * 730 * 1.5, 2), (0.8, 1.0)),
    )


@pytest.mark.parametrize(
    ("made", "per", "says"),
    [
        (costs(priced("a", None)), "team",
         ("the plan does not tell what team vision costs on AWS; give budgets, or make the plan with "
          "prices")),
        (costs(priced("a", None, "owned")) | {"expected": pool()["expected"]}, "team",
         ("the plan does not tell what team vision costs on AWS; give budgets, or make the plan with "
          "prices")),
        (costs(priced("a", 1.0)), "environment",
         ("pool trainer has no environment that could have a budget; state its owner in the plan, or "
          "give budgets")),
    ],
)  # fmt: skip
def test_what_has_no_owner_or_price_is_refused(made: dict[str, Any], per: Any, says: str) -> None:
    with pytest.raises(InputError) as caught:
        planned(of(made), per, 0.1, (1.0,), WHERE)
    assert str(caught.value) == f"{WHERE}: {says}"


DOCUMENT: dict[str, Any] = {
    "apiVersion": "trimtab.dev/v1alpha1",
    "kind": "Budgets",
    "budgets": [
        {"name": "ml", "owner": {"team": "vision", "environment": "prod"}, "usdPerMonth": 100.0},
        {"name": "all", "usdPerMonth": 1e6, "thresholds": [0.5]},
    ],
}


def test_the_document_of_trimtab_diff_says_the_same_as_data_and_as_a_file(tmp_path: Path) -> None:
    file = tmp_path / "budgets.yaml"
    file.write_text(json.dumps(DOCUMENT), "utf-8")
    wanted = (
        Budget("ml", {"team": "vision", "environment": "prod"}, 100.0, (0.8, 1.0)),
        Budget("all", {}, 1e6, (0.5,)),
    )
    assert stated(DOCUMENT, WHERE) == stated(str(file), WHERE) == wanted
    expecting = of(costs(priced("a", 10.0)))
    assert warnings(expecting, (Budget("ml", VISION, 100.0, (1.0,)), wanted[1])) == (
        "budget ml is $100.00 a month, and the plan expects $8,030.00",
    )


def test_what_commitments_cost_until_they_are_approved_is_told_of() -> None:
    dear = costs(priced("a", 10.0))
    dear["expected"]["usdPerHourUnapproved"] = {"mean": 64.0, "low": 60.0, "high": 80.0}
    expecting = of(dear, costs(priced("a", 100.0), name="other", owner={"team": "speech"}))
    (budget,) = planned(of(dear), "team", 0.1, (1.0,), WHERE)
    assert budget.usd_per_month == round(11 * 730 * 1.1, 2)
    (said,) = warnings(expecting, (budget,))
    assert said == (
        "budget example-vision is $8,833.00 a month, and the plan expects $10,950.00 while its "
        "proposed commitments are not approved"
    )
    assert warnings(expecting, (Budget("enough", VISION, 15 * 730, (1.0,)),)) == ()


@pytest.mark.parametrize("name", ["a:b", "a\\b", "x/action/y", "n" * 101])
def test_a_name_that_aws_does_not_take_is_refused(name: str) -> None:
    with pytest.raises(InputError) as caught:
        stated({**DOCUMENT, "budgets": [{"name": name, "usdPerMonth": 1.0}]}, WHERE)
    assert str(caught.value) == (
        f"{WHERE}: AWS takes no budget of the name {name}; give budgets with names of 100 characters "
        "or fewer, without : and \\ and /action/"
    )


def test_a_plans_name_that_is_too_long_for_a_budget_is_refused() -> None:
    data = of(costs(priced("a", 1.0)))
    long = data.model_copy(update={"metadata": data.metadata.model_copy(update={"name": "p" * 95})})
    with pytest.raises(
        InputError, match=r"AWS takes no budget of the name p{95}-vision; give budgets"
    ):
        planned(long, "team", 0.1, (1.0,), WHERE)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (7, f"{WHERE}: budgets is a int; give a Budgets document or the path of its file"),
        ({**DOCUMENT, "budgets": [DOCUMENT["budgets"][0]] * 2},
         f"{WHERE}: budgets: ml stands twice; give each budget a name of its own"),
    ],
)  # fmt: skip
def test_what_is_no_document_is_refused(given: Any, says: str) -> None:
    with pytest.raises(InputError) as caught:
        stated(given, WHERE)
    assert str(caught.value) == says


def test_a_misspelt_field_is_named() -> None:
    with pytest.raises(InputError, match=r"usdPerMonht: unknown key"):
        stated({**DOCUMENT, "budgets": [{"name": "x", "usdPerMonht": 3.0}]}, WHERE)


def test_a_budget_counts_what_bears_every_tag_of_its_owner() -> None:
    both = budget_inputs(
        Budget("x", {"team": "a", "project": "b"}, 10.5, (1.0, 0.5, 1.0)),
        ["m@x.org"],
        ["arn"],
        True,
    )
    assert both["filter_expression"] == {
        "ands": [
            {"tags": {"key": "team", "values": ["a"]}},
            {"tags": {"key": "project", "values": ["b"]}},
        ]
    }
    assert both["limit_amount"] == "10.50"
    told = [(each["notification_type"], each["threshold"]) for each in both["notifications"]]
    assert told == [("ACTUAL", 50.0), ("ACTUAL", 100.0), ("FORECASTED", 100.0)]
    for each in both["notifications"]:
        assert each["subscriber_email_addresses"] == ["m@x.org"]
        assert each["subscriber_sns_topic_arns"] == ["arn"]
    whole = budget_inputs(Budget("x", {}, 1.0, (1.0,)), [], ["arn"], False)
    assert whole["cost_types"] == {"use_amortized": True}
    assert not {"filter_expression", "metrics"} & whole.keys()
    assert len(whole["notifications"]) == 1


def test_an_anomaly_is_told_of_by_amount_and_part() -> None:
    keys = [each["dimension"]["key"] for each in threshold(100, 20)["ands"]]
    assert keys == ["ANOMALY_TOTAL_IMPACT_ABSOLUTE", "ANOMALY_TOTAL_IMPACT_PERCENTAGE"]
    assert threshold(100, 0)["dimension"]["values"] == ["100"]
    assert json.loads(of_owner("team", "a")["monitor_specification"])["Tags"]["Values"] == ["a"]


def test_the_bill_is_in_focus_and_only_this_accounts_exports_may_write_it() -> None:
    export = export_inputs("x", "bucket", "focus", "eu-west-1", "DAILY")
    query = export["data_queries"][0]
    assert query["query_statement"].startswith("SELECT AvailabilityZone, BilledCost, ")
    assert query["query_statement"].endswith(" FROM FOCUS_1_2_AWS")
    assert query["table_configurations"] == {"FOCUS_1_2_AWS": {"TIME_GRANULARITY": "DAILY"}}
    assert list(COLUMNS) == sorted(COLUMNS)
    assert set(READ) <= set(COLUMNS)
    (statement,) = delivery("bucket", "111122223333", "us-gov-west-1")
    assert statement["Resource"][0] == "arn:aws-us-gov:s3:::bucket"
    assert statement["Condition"]["StringEquals"] == {"aws:SourceAccount": "111122223333"}
