"""The tree of `CostGovernance`: what it makes, refuses, and what AWS' API says to it."""

from pathlib import Path
from typing import Any

import pytest

from support.inline import deploy, preview
from support.plans import plan
from support.recorded import Records, of, one
from support.sdk_inputs import problems
from trimtab.errors import InputError, StalePlanError
from trimtab_components import CostGovernance

ROLE = "arn:aws:iam::111122223333:role/budgets"
ACTION: dict[str, Any] = {
    "execution_role_arn": ROLE,
    "policy_arn": "arn:aws:iam::111122223333:policy/deny",
    "roles": ["trainers"],
}
LEAST: dict[str, Any] = {"plan": plan(), "region": "us-east-1"}
DOCUMENT: dict[str, Any] = {
    "apiVersion": "trimtab.dev/v1alpha1",
    "kind": "Budgets",
    "budgets": [
        {"name": "try", "owner": {"team": "vision", "environment": "dev"}, "usdPerMonth": 100.0},
        {"name": "live", "owner": {"environment": "prod"}, "usdPerMonth": 1e6},
    ],
}


def made(folder: Path, **arguments: Any) -> Records:
    given: Any = {**LEAST, **arguments}
    return preview(folder, lambda: CostGovernance("c", given)).records


def test_every_input_is_one_that_aws_has(tmp_path: Path) -> None:
    actions = {"example-vision": ACTION}
    for each in made(tmp_path, emails=["a@example.com"], actions=actions):
        if each.custom and each.type.startswith("aws:"):
            assert problems(each.type, each.inputs) == [], each.urn


def test_the_topic_lets_budgets_and_anomalies_of_this_account_publish() -> None:
    deployment = deploy(lambda: CostGovernance("c", {**LEAST}))  # type: ignore[typeddict-item]
    policy = deployment.made["aws:sns/topicPolicy:TopicPolicy", "c-alerts"]["policy"]
    assert "budgets.amazonaws.com" in policy
    assert "aws:SourceAccount" in policy
    bucket = deployment.made["aws:s3/bucketPolicy:BucketPolicy", "c-focus"]["policy"]
    assert "bcm-data-exports.amazonaws.com" in bucket
    assert "aws:SecureTransport" in bucket


def test_mail_is_a_subscription_of_its_own_for_it_is_not_told_at_once(tmp_path: Path) -> None:
    found = of(made(tmp_path, emails=["a@example.com"]), "AnomalySubscription")
    assert {name: each.inputs["frequency"] for name, each in found.items()} == {
        "c-at-once": "IMMEDIATE",
        "c-mail": "DAILY",
    }


def test_parts_can_be_left_out(tmp_path: Path) -> None:
    records = made(
        tmp_path, detect_anomalies=False, export_focus=False, cost_allocation_tags=[],
        topic_arn="arn:aws:sns:us-east-1:111122223333:costs",
    )  # fmt: skip
    kinds = {each.type.rpartition(":")[2] for each in records if each.type.startswith("aws:")}
    assert kinds == {"Budget"}


def test_the_bill_outlives_the_component_and_ages(tmp_path: Path) -> None:
    records = made(tmp_path, focus={"keep_days": 0, "archive_days": 30})
    assert one(records, "Bucket").protect
    (rule,) = one(records, "BucketLifecycleConfiguration").inputs["rules"]
    assert rule["transitions"] == [{"days": 30, "storageClass": "GLACIER_IR"}]
    assert "expiration" not in rule
    assert not of(
        made(tmp_path / "never", focus={"keep_days": 0, "archive_days": 0}),
        "BucketLifecycleConfiguration",
    )


def test_an_action_asks_first_unless_it_is_told_not_to(tmp_path: Path) -> None:
    asked = one(made(tmp_path, actions={"example-vision": ACTION}), "BudgetAction").inputs
    assert asked["approvalModel"] == "MANUAL"
    sure = {"try": {**ACTION, "automatic": True}}
    found = one(made(tmp_path / "dev", budgets=DOCUMENT, actions=sure), "BudgetAction").inputs
    assert found["approvalModel"] == "AUTOMATIC"
    live = {"live": {**ACTION, "automatic": True, "in_production": True}}
    found = one(made(tmp_path / "live", budgets=DOCUMENT, actions=live), "BudgetAction").inputs
    assert found["approvalModel"] == "AUTOMATIC"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"budgets": DOCUMENT, "margin": 0.2},
         "margin is of budgets that follow from the plan, and budgets are given; drop one"),
        ({"detect_anomalies": False, "anomalies": {"usd": 3.0}},
         "detect_anomalies is false, and anomalies is given; drop one of them"),
        ({"export_focus": False, "focus": {}},
         "export_focus is false, and focus is given; drop one of them"),
        ({"focus": {"archive_days": 90, "keep_days": 30}},
         "focus: archive_days 90 is not before keep_days 30; give fewer days, or 0 for never"),
        ({"actions": {"x": ACTION}}, "actions: x is no budget; use one of example-vision"),
        ({"actions": {"example-vision": {**ACTION, "automatic": True}}},
         ("actions.example-vision: automatic would deny what runs in every environment without "
          "anybody's consent; drop automatic, or set in_production")),
        ({"budgets": DOCUMENT, "actions": {"live": {**ACTION, "automatic": True}}},
         ("actions.live: automatic would deny what runs in environment prod without anybody's consent; "
          "drop automatic, or set in_production")),
        ({"region": None}, "no region is set; set aws:region, or give the argument region"),
        ({"tags": {"managed-by": "me"}}, "tags: managed-by is set from the plan; drop it"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(tmp_path: Path, arguments: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError) as caught:
        made(tmp_path, **arguments)
    assert str(caught.value) == f'CostGovernance "c": {says}'


def test_a_plan_of_another_cloud_is_refused(tmp_path: Path) -> None:
    other = plan(site={"provider": "gcp", "region": "us-central1", "zones": []})
    with pytest.raises(StalePlanError) as caught:
        made(tmp_path, plan=other)
    assert str(caught.value) == (
        'CostGovernance "c": the plan is for provider gcp, and these are AWS\' budgets; give the plan '
        "of an AWS cluster"
    )
