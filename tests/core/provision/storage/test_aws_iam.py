"""What the drivers of AWS may do: what they need for their own cluster's volumes, and nothing of others'."""

import json
from typing import Any

import pytest

from trimtab.provision.storage.aws import EBS, EFS, FSX, S3
from trimtab.provision.storage.aws_iam import Statement, statements

KEY = "arn:aws:kms:us-east-1:111122223333:key/1"
READS = ("ec2:Describe", "fsx:Describe")


def of(driver: str, **more: Any) -> list[Statement]:
    return statements(driver, "c", "us-east-1", more.get("keys", ()), more.get("buckets", ()))


def actions(found: list[Statement]) -> set[str]:
    return {action for each in found for action in each["Action"]}


@pytest.mark.parametrize("driver", [EBS, EFS, FSX, S3])
def test_nothing_is_allowed_everywhere_but_to_look(driver: str) -> None:
    for each in of(driver, keys=[KEY], buckets=["b"]):
        assert not [action for action in each["Action"] if "*" in action]
        if each["Resource"] == "*":
            assert all(action.startswith(READS) for action in each["Action"]), each


def test_ebs_changes_only_what_bears_its_clusters_tag() -> None:
    for each in of(EBS):
        changes = [a for a in each["Action"] if not a.startswith(READS)]
        if not changes or changes == ["ec2:CreateTags"]:
            continue
        ((tag, value),) = each["Condition"]["StringEquals"].items()
        assert value == "c"
        assert tag.partition("/")[2].startswith(
            ("ebs.csi.aws.com/cluster-name", "eks:cluster-name")
        )
    assert "ec2:LockSnapshot" in actions(of(EBS))
    assert "ec2:EnableFastSnapshotRestores" in actions(of(EBS))


def test_ebs_tags_only_what_it_makes() -> None:
    (tagging,) = [each for each in of(EBS) if "ec2:CreateTags" in each["Action"]]
    assert set(tagging["Condition"]["StringEquals"]) == {"ec2:CreateAction"}


@pytest.mark.parametrize(("driver", "service"), [(EBS, "ec2"), (FSX, "fsx"), (S3, "s3")])
def test_a_key_is_used_through_its_service_alone(driver: str, service: str) -> None:
    found = [each for each in of(driver, keys=[KEY, KEY], buckets=["b"])
             if any(action.startswith("kms:") for action in each["Action"])]  # fmt: skip
    assert found
    for each in found:
        assert each["Resource"] == [KEY]
        via = each["Condition"]["StringEquals"]["kms:ViaService"]
        assert via == f"{service}.us-east-1.amazonaws.com"
        if "kms:CreateGrant" in each["Action"]:
            assert each["Condition"]["Bool"] == {"kms:GrantIsForAWSResource": "true"}
    assert not [each for each in of(driver, buckets=["b"]) if "kms" in json.dumps(each)]


def test_mountpoint_reaches_its_buckets_alone() -> None:
    listing, files = of(S3, buckets=["b", "a", "b"])
    assert listing["Resource"] == ["arn:aws:s3:::a", "arn:aws:s3:::b"]
    assert files["Resource"] == ["arn:aws:s3:::a/*", "arn:aws:s3:::b/*"]
    assert actions([listing, files]) == {
        "s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:ListBucket", "s3:PutObject",
    }  # fmt: skip


def test_other_parts_of_aws_have_their_own_arns() -> None:
    found = statements(EBS, "c", "cn-north-1", (), ())
    assert "arn:aws:" not in json.dumps(found)
    assert "arn:aws-cn:ec2:cn-north-1:*:volume/*" in json.dumps(found)
