"""What is approved, as files and clusters say it: what is read, and the one error that names the mend."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from support import object_cases
from trimtab.errors import InputError
from trimtab.inventory.approvals import load_approvals, parse_approval, parse_approvals

DIGEST = "sha256:" + "a" * 64


def day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


APPROVAL = f"""\
apiVersion: trimtab.dev/v1alpha1
kind: CommitmentApproval
metadata: {{name: trainer-q4}}
spec:
  plan: example
  commitment: {DIGEST}
  quantity: 4
  ceilingUsdPerHour: 19.5
  approvedBy: finops@example.com
  approvedAt: 2026-02-27T09:00:00Z
  expires: 2026-03-27
"""


def test_a_folder_of_approvals_is_read_by_name(tmp_path: Path) -> None:
    (tmp_path / "b.yaml").write_text(APPROVAL, encoding="utf-8")
    other = APPROVAL.replace("trainer-q4", "another")
    (tmp_path / "a.yml").write_text(other + "---\n" + other.replace("another", "third"), "utf-8")
    (tmp_path / "notes.txt").write_text("not read", encoding="utf-8")
    found = load_approvals(tmp_path)
    assert [each.name for each in found.each] == ["another", "third", "trainer-q4"]
    last = found.each[-1]
    assert (last.commitment, last.quantity, last.ceiling_usd_per_hour) == (DIGEST, 4, 19.5)
    assert last.expires == day("2026-03-27")


REFUSED_APPROVALS = {
    "no name": (APPROVAL.replace("{name: trainer-q4}", "{}"), "metadata: has no name; "),
    "another kind": (APPROVAL.replace("Approval", "Wish"), "kind: is CommitmentWish; only "),
    "a digest that is none": (APPROVAL.replace(DIGEST, "abc"), "spec.commitment: 'abc': string "),
    "expired before it was given": (
        APPROVAL.replace("2026-03-27", "2026-02-01"), "spec: an approval must be given before it expires",
    ),
    "a day that is none": (
        APPROVAL.replace("2026-03-27", "soon"), "spec.expires: 'soon' is no instant; write one such",
    ),
    "an instant that is a number": (APPROVAL.replace("2026-03-27", "7"), "spec.expires: 7 is no ins"),
    "a spec that is none": (APPROVAL.partition("spec:")[0] + "spec: yes", "spec: is not a mapping"),
    "no spec": (APPROVAL.partition("spec:")[0], "spec: is missing; add it"),
    "one name twice": (f"{APPROVAL}---\n{APPROVAL}", "approval trainer-q4 stands twice (first at "),
}  # fmt: skip


@pytest.mark.parametrize(("text", "message"), REFUSED_APPROVALS.values(), ids=REFUSED_APPROVALS)
def test_what_an_approval_may_not_say(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "approvals.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_approvals(path)
    assert message in str(caught.value)


OBJECT: dict[str, Any] = {
    **object_cases.APPROVAL,
    "metadata": {
        **object_cases.APPROVAL["metadata"],
        "namespace": "platform",
        "uid": "0b6a",
        "resourceVersion": "7",
        "generation": 1,
        "creationTimestamp": "2026-11-01T09:00:01Z",
        "managedFields": [{"manager": "kubectl", "operation": "Apply"}],
    },
    "status": {"seen": True},
}


def test_an_object_of_a_cluster_is_the_same_approval_as_its_file() -> None:
    found = parse_approval(OBJECT, "approval trainer-q4")
    (of_file,) = parse_approvals(yaml.safe_dump(object_cases.APPROVAL), "file.yaml")
    assert (found.name, found.plan, found.quantity) == ("trainer-q4", "example", 4)
    assert found.approved_at == datetime(2026, 11, 1, 9, tzinfo=UTC)
    assert found.where == "approval trainer-q4"
    assert {**vars(of_file), "where": ""} == {**vars(found), "where": ""}


@pytest.mark.parametrize("dump", [yaml.safe_dump, json.dumps], ids=["yaml", "json"])
def test_what_kubectl_lists_is_a_file_of_approvals(dump: Any) -> None:
    second = {**OBJECT, "metadata": {**OBJECT["metadata"], "name": "trainer-q5"}}
    listed = {"apiVersion": "v1", "kind": "List", "metadata": {}, "items": [OBJECT, second]}
    found = parse_approvals(dump(listed), "listed.yaml")
    assert [each.name for each in found] == ["trainer-q4", "trainer-q5"]
    assert found[1].where.endswith("document 1, items[1].spec")


def test_a_cluster_states_instants_in_full() -> None:
    """A file may state a day; the API server would have refused it."""
    spec = {**OBJECT["spec"], "expires": "2026-12-01"}
    with pytest.raises(InputError) as caught:
        parse_approval({**OBJECT, "spec": spec}, "approval trainer-q4")
    assert str(caught.value).startswith(
        "approval trainer-q4: spec.expires: '2026-12-01' is no instant to the second with its zone"
    )


def test_another_kind_is_no_approval() -> None:
    with pytest.raises(InputError) as caught:
        parse_approval({**OBJECT, "kind": "CapacityPlan"}, "approval a")
    assert str(caught.value) == (
        "approval a: is trimtab.dev/v1alpha1, kind CapacityPlan; "
        "give apiVersion: trimtab.dev/v1alpha1, kind: CommitmentApproval"
    )
