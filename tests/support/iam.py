"""IAM documents of recorded resources, and what in them reaches too far.

A statement that allows an action with a wildcard on every resource gives away more than any component
needs; so does one that lets everybody assume a role or use a key. AWS's own managed policies are
named by ARN and hold no statement here.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol

from trimtab.resources.inputs import SECRET, UNKNOWN

_DOCUMENTS = {
    "aws:iam/policy:Policy": ("policy",),
    "aws:iam/rolePolicy:RolePolicy": ("policy",),
    "aws:iam/userPolicy:UserPolicy": ("policy",),
    "aws:iam/groupPolicy:GroupPolicy": ("policy",),
    "aws:iam/role:Role": ("assumeRolePolicy",),
    "aws:kms/key:Key": ("policy",),
    "aws:kms/keyPolicy:KeyPolicy": ("policy",),
    "aws:sqs/queue:Queue": ("policy",),
    "aws:sqs/queuePolicy:QueuePolicy": ("policy",),
    "aws:sns/topicPolicy:TopicPolicy": ("policy",),
    "aws:s3/bucketPolicy:BucketPolicy": ("policy",),
    "aws:ec2/vpcEndpoint:VpcEndpoint": ("policy",),
    "aws:eks/podIdentityAssociation:PodIdentityAssociation": ("policy",),
}


class Recorded(Protocol):
    """What a recording says of a resource."""

    @property
    def type(self) -> str:
        """The type token."""

    @property
    def name(self) -> str:
        """The resource's name."""

    @property
    def inputs(self) -> Mapping[str, Any]:
        """Under the provider's own (camelCase) names."""


def wildcard_problems(records: Iterable[Recorded]) -> list[str]:
    """What the records' policies allow too widely: `kind name: complaint`, sorted.

    A document that is unknown in a preview is passed over: see `unknown_documents`, and check those
    where they are known (the SDK's mocks answer every value).
    """
    found = []
    for each, document in documents(records):
        for statement in statements(document):
            kind = each.type.rpartition(":")[2]
            found += [f"{kind} {each.name}: {complaint}" for complaint in _too_wide(statement)]
    return sorted(found)


def unknown_documents(records: Iterable[Recorded]) -> list[str]:
    """The resources whose policy only a deployment knows: `kind name`, sorted."""
    return sorted(
        f"{each.type.rpartition(':')[2]} {each.name}"
        for each in records
        for key in _keys(each)
        if each.inputs.get(key) == UNKNOWN
    )


def documents(records: Iterable[Recorded]) -> Iterator[tuple[Recorded, dict[str, Any]]]:
    """Every policy document of the records that is known, with its resource."""
    for each in records:
        for key in _keys(each):
            text = each.inputs.get(key)
            if isinstance(text, str) and text not in {UNKNOWN, SECRET}:
                yield each, json.loads(text)
        inline = each.inputs.get("inlinePolicies") if each.type == "aws:iam/role:Role" else None
        for policy in inline or ():
            if policy.get("policy") not in {None, UNKNOWN, SECRET}:
                yield each, json.loads(policy["policy"])


def statements(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The statements of a document, of which there may be one without a list."""
    found = document["Statement"]
    return found if isinstance(found, list) else [found]


def _keys(each: Recorded) -> tuple[str, ...]:
    return _DOCUMENTS.get(each.type, ())


def _too_wide(statement: Mapping[str, Any]) -> Iterator[str]:
    if statement["Effect"] != "Allow":
        return
    everywhere = "*" in _listed(statement.get("Resource")) or "NotResource" in statement
    for action in _listed(statement.get("Action")):
        if "*" in action and everywhere:
            yield f"allows {action} on every resource"
    if "NotAction" in statement:
        yield "allows all but some actions"
    principal = statement.get("Principal")
    everybody = principal == "*" or (
        isinstance(principal, Mapping) and any("*" in _listed(each) for each in principal.values())
    )
    if everybody and not statement.get("Condition"):
        yield "is open to every principal"
    if "NotPrincipal" in statement:
        yield "is open to all but some principals"


def _listed(value: Any) -> list[str]:
    if value is None:
        return []
    return [value] if isinstance(value, str) else list(value)
