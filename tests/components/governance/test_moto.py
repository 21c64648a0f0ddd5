"""The recorded inputs against AWS' own API shapes, through boto3, and a server where there is one.

botocore refuses unknown and ill-typed parameters. moto makes the budgets, the topic and the bucket; of
anomaly detection and Data Exports there is botocore's word alone.
"""

import json
import os
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.validate import ParamValidator
from moto.server import ThreadedMotoServer

from support.engines import free_ports
from support.inline import deploy
from support.plans import plan
from trimtab_components import CostGovernance

ACCOUNT = "123456789012"
ARN = f"arn:aws:ce::{ACCOUNT}:anomalymonitor/1"


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Makes clients of a moto server: `aws("budgets")`."""
    for name in [n for n in os.environ if n.startswith("AWS_")]:
        monkeypatch.delenv(name)
    (port,) = free_ports(1)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=port, verbose=False)
    server.start()
    session = boto3.Session(
        aws_access_key_id="test", aws_secret_access_key="test", region_name="us-east-1"
    )
    try:
        yield lambda service: session.client(service, endpoint_url=f"http://127.0.0.1:{port}")
    finally:
        server.stop()


@pytest.fixture(scope="module")
def made() -> dict[tuple[str, str], dict[str, Any]]:
    """The inputs of a deployment, by the kind's last part and the name."""
    arguments: Any = {"plan": plan(), "region": "us-east-1", "emails": ["a@example.com"]}
    found = deploy(lambda: CostGovernance("c", arguments)).made
    return {(kind.rpartition(":")[2], name): inputs for (kind, name), inputs in found.items()}


def upper(value: Any, words: dict[str, str]) -> Any:
    """Pulumi's names as AWS' API spells them: plurals that are blocks by `words`."""
    if isinstance(value, dict):
        return {
            words.get(key, key[:1].upper() + key[1:]): upper(each, words)
            for key, each in value.items()
        }
    if isinstance(value, float) and value.is_integer():
        return int(value)  # on the engine's wire every number is a float
    return [upper(each, words) for each in value] if isinstance(value, list) else value


def test_budgets_are_made_with_their_notifications(made: Any, aws: Any) -> None:
    inputs = made["Budget", "c-example-vision"]
    aws("budgets").create_budget(
        AccountId=ACCOUNT,
        Budget={
            "BudgetName": inputs["name"],
            "BudgetType": inputs["budgetType"],
            "TimeUnit": inputs["timeUnit"],
            "BudgetLimit": {"Amount": inputs["limitAmount"], "Unit": inputs["limitUnit"]},
            "Metrics": [inputs["metrics"]],
            "FilterExpression": upper(inputs["filterExpression"], {"ands": "And"}),
        },
        NotificationsWithSubscribers=[
            {
                "Notification": {
                    "NotificationType": each["notificationType"],
                    "ComparisonOperator": each["comparisonOperator"],
                    "Threshold": each["threshold"],
                    "ThresholdType": each["thresholdType"],
                },
                "Subscribers": [
                    {"SubscriptionType": kind, "Address": address}
                    for kind, key in (
                        ("EMAIL", "subscriberEmailAddresses"),
                        ("SNS", "subscriberSnsTopicArns"),
                    )
                    for address in each[key]
                ],
            }
            for each in inputs["notifications"]
        ],
    )
    (found,) = aws("budgets").describe_budgets(AccountId=ACCOUNT)["Budgets"]
    assert found["BudgetName"] == "example-vision"
    told = aws("budgets").describe_notifications_for_budget(
        AccountId=ACCOUNT, BudgetName="example-vision"
    )["Notifications"]
    assert [(each["NotificationType"], each["Threshold"]) for each in told] == [
        ("ACTUAL", 80.0),
        ("ACTUAL", 100.0),
        ("FORECASTED", 100.0),
    ]


def test_the_bucket_takes_its_policy_its_rules_and_its_encryption(made: Any, aws: Any) -> None:
    s3 = aws("s3")
    s3.create_bucket(Bucket="bill")
    s3.put_bucket_policy(Bucket="bill", Policy=made["BucketPolicy", "c-focus"]["policy"])
    access = made["BucketPublicAccessBlock", "c-focus"]
    closed = {
        f"{key[:1].upper()}{key[1:]}": each for key, each in access.items() if key != "bucket"
    }
    s3.put_public_access_block(Bucket="bill", PublicAccessBlockConfiguration=closed)
    (rule,) = made["BucketLifecycleConfiguration", "c-focus"]["rules"]
    words = {"id": "ID", "transitions": "Transitions"}
    s3.put_bucket_lifecycle_configuration(
        Bucket="bill", LifecycleConfiguration={"Rules": [upper(rule, words)]}
    )
    (kept,) = s3.get_bucket_lifecycle_configuration(Bucket="bill")["Rules"]
    assert kept["Expiration"]["Days"] == 1190
    statements = json.loads(s3.get_bucket_policy(Bucket="bill")["Policy"])["Statement"]
    assert {each["Sid"] for each in statements} == {"NotInClearText", "DataExports"}


def test_the_topic_takes_its_policy(made: Any, aws: Any) -> None:
    sns = aws("sns")
    arn = sns.create_topic(Name="costs")["TopicArn"]
    policy = made["TopicPolicy", "c-alerts"]["policy"]
    sns.set_topic_attributes(TopicArn=arn, AttributeName="Policy", AttributeValue=policy)
    kept = sns.get_topic_attributes(TopicArn=arn)["Attributes"]["Policy"]
    assert json.loads(kept)["Statement"][0]["Action"] == "sns:Publish"


def valid(client: Any, operation: str, parameters: dict[str, Any]) -> None:
    """Nothing unknown, ill-typed or missing, and every enumerated word one that AWS knows."""
    shape = client.meta.service_model.operation_model(operation).input_shape
    report = ParamValidator().validate(parameters, shape)
    assert not report.has_errors(), report.generate_report()
    check_words(parameters, shape, operation)


def check_words(value: Any, shape: Any, path: str) -> None:
    if shape.type_name == "structure":
        for key, each in value.items():
            check_words(each, shape.members[key], f"{path}.{key}")
    elif shape.type_name == "list":
        for each in value:
            check_words(each, shape.member, path)
    elif getattr(shape, "enum", None):
        assert value in shape.enum, path


def test_aws_api_knows_every_word_of_anomaly_detection(made: Any, aws: Any) -> None:
    ce = aws("ce")
    for (kind, _), inputs in made.items():
        if kind == "AnomalyMonitor":
            wanted = {
                "MonitorName": inputs["name"],
                "MonitorType": inputs["monitorType"],
            }
            if "monitorDimension" in inputs:
                wanted["MonitorDimension"] = inputs["monitorDimension"]
            else:
                wanted["MonitorSpecification"] = json.loads(inputs["monitorSpecification"])
            valid(ce, "CreateAnomalyMonitor", {"AnomalyMonitor": wanted})
        if kind == "AnomalySubscription":
            words = {"ands": "And", "dimension": "Dimensions", "matchOptions": "MatchOptions"}
            valid(
                ce,
                "CreateAnomalySubscription",
                {
                    "AnomalySubscription": {
                        "SubscriptionName": inputs["name"],
                        "Frequency": inputs["frequency"],
                        "MonitorArnList": [ARN for _ in inputs["monitorArnLists"]],
                        "Subscribers": upper(inputs["subscribers"], {}),
                        "ThresholdExpression": upper(inputs["thresholdExpression"], words),
                    }
                },
            )
        if kind == "CostAllocationTag":
            tag = {"TagKey": inputs["tagKey"], "Status": inputs["status"]}
            valid(ce, "UpdateCostAllocationTagsStatus", {"CostAllocationTagsStatus": [tag]})


def test_aws_api_knows_every_word_of_the_export(made: Any, aws: Any) -> None:
    export = made["Export", "c-focus"]["export"]
    (query,) = export["dataQueries"]
    (to,) = export["destinationConfigurations"]
    (bucket,) = to["s3Destinations"]
    (output,) = bucket["s3OutputConfigurations"]
    (cadence,) = export["refreshCadences"]
    place = {f"S3{key[2:]}": bucket[key] for key in ("s3Bucket", "s3Prefix", "s3Region")}
    valid(
        aws("bcm-data-exports"),
        "CreateExport",
        {
            "Export": {
                "Name": export["name"],
                "DataQuery": {
                    "QueryStatement": query["queryStatement"],
                    "TableConfigurations": query["tableConfigurations"],
                },
                "DestinationConfigurations": {
                    "S3Destination": {**place, "S3OutputConfigurations": upper(output, {})}
                },
                "RefreshCadence": upper(cadence, {}),
            }
        },
    )
