"""No policy of any stack lets somebody do anything everywhere; and the check that says so."""

import json
from typing import Any

import pytest

from support.iam import unknown_documents, wildcard_problems
from support.recorded import Record
from trimtab.preview.records import ResourceRecord
from trimtab.resources.inputs import UNKNOWN


def policy(kind: str, key: str, *statements: dict[str, Any] | str) -> ResourceRecord:
    text = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
    known = UNKNOWN if statements == (UNKNOWN,) else text
    return ResourceRecord(
        "urn", f"aws:iam/x:{kind}" if ":" not in kind else kind, "p", "", {key: known}
    )


ROLE, INLINE, KEY = "aws:iam/role:Role", "aws:iam/rolePolicy:RolePolicy", "aws:kms/key:Key"
EKS = {"Service": "eks.amazonaws.com"}


@pytest.mark.parametrize(
    ("record", "complaints"),
    [
        (policy(INLINE, "policy", {"Effect": "Allow", "Action": "ec2:*", "Resource": "*"}),
         ["RolePolicy p: allows ec2:* on every resource"]),
        (policy(INLINE, "policy", {"Effect": "Allow", "Action": ["a:B", "c:D*"], "Resource": ["x", "*"]}),
         ["RolePolicy p: allows c:D* on every resource"]),
        (policy(INLINE, "policy", {"Effect": "Allow", "Action": "a:*", "NotResource": "x"}),
         ["RolePolicy p: allows a:* on every resource"]),
        (policy(INLINE, "policy", {"Effect": "Allow", "NotAction": "a:B", "Resource": "x"}),
         ["RolePolicy p: allows all but some actions"]),
        (policy(KEY, "policy", {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": "*",
                                "Principal": {"AWS": "*"}}),
         ["Key p: is open to every principal"]),
        (policy(ROLE, "assumeRolePolicy", {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": "*"}),
         ["Role p: is open to every principal"]),
        (policy(INLINE, "policy", {"Effect": "Allow", "Action": "ec2:Describe", "Resource": "*"}), []),
        (policy(INLINE, "policy", {"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::b"}), []),
        (policy(INLINE, "policy", {"Effect": "Deny", "Action": "*", "Resource": "*"}), []),
        (policy(ROLE, "assumeRolePolicy", {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": EKS}), []),
        (policy(INLINE, "policy", UNKNOWN), []),
    ],
)  # fmt: skip
def test_a_statement_that_reaches_too_far_is_found(
    record: ResourceRecord, complaints: list[str]
) -> None:
    assert wildcard_problems([record]) == complaints


def test_what_only_a_deployment_knows_is_named() -> None:
    assert unknown_documents([policy(INLINE, "policy", UNKNOWN)]) == ["RolePolicy p"]
    assert unknown_documents([policy(INLINE, "policy")]) == []


@pytest.mark.parametrize("stack", ["cluster", "local"])
def test_no_policy_of_a_stack_lets_anybody_do_anything_everywhere(
    recorded: Record, stack: str
) -> None:
    assert wildcard_problems(recorded(stack)) == []
