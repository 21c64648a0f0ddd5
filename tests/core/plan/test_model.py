"""What pydantic and the published JSON Schema accept and reject: the same, row by row.

The API server's verdict on the same rows is in tests/e2e/test_kube_api.py.
"""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from support.plan_cases import ACCEPTED, REJECTED, Case, put
from support.plan_strategies import altered_plans
from support.plans import plan, plan_data
from trimtab.errors import InputError
from trimtab.plan.document import parse_plan, to_data
from trimtab.plan.model import PURCHASE_OPTIONS, Reserved, Spot, Window
from trimtab.plan.schema import json_schema
from trimtab.plan.types import Document

SCHEMA = Draft202012Validator(json_schema())


@pytest.mark.parametrize("case", ACCEPTED, ids=str)
def test_pydantic_accepts(case: Case) -> None:
    parse_plan(case.document, "plan.yaml")


@pytest.mark.parametrize("case", REJECTED, ids=str)
def test_pydantic_rejects(case: Case) -> None:
    with pytest.raises(InputError) as error:
        parse_plan(case.document, "plan.yaml")
    message = str(error.value)
    assert message.startswith("plan.yaml: ")
    assert case.pydantic is not None
    assert case.pydantic in message
    assert "\n" not in message


@pytest.mark.parametrize("case", ACCEPTED, ids=str)
def test_the_json_schema_accepts(case: Case) -> None:
    problems = [problem.message for problem in SCHEMA.iter_errors(case.document)]
    assert problems == []


@pytest.mark.parametrize("case", REJECTED, ids=str)
def test_the_json_schema_rejects_unless_it_cannot(case: Case) -> None:
    rejected = not SCHEMA.is_valid(case.document)
    # An exception that has become needless is removed from the table.
    assert rejected == (case.not_in_schema is None)


@pytest.mark.parametrize("case", ACCEPTED, ids=str)
def test_what_is_written_again_is_the_same_plan(case: Case) -> None:
    first = parse_plan(case.document, "plan.yaml")
    again = parse_plan(to_data(first), "plan.yaml")
    assert again == first
    assert again.digest == first.digest
    assert SCHEMA.is_valid(to_data(first))


def test_every_invariant_has_a_rejected_row() -> None:
    stated = {each.message for model in _documents() for each in model.invariants}
    met = {
        message
        for message in stated
        for case in REJECTED
        if case.server_message in message or (case.pydantic or "") in message
    }
    assert met == stated


def _documents() -> list[type[Document]]:
    found, pending = [], [Document]
    while pending:
        for each in pending.pop().__subclasses__():
            if each.__module__.startswith("trimtab.plan."):
                found.append(each)
                pending.append(each)
    return found


class TestDigest:
    def test_is_of_the_spec_alone(self) -> None:
        labelled = plan_data()
        labelled["metadata"] |= {"namespace": "elsewhere", "labels": {"team": "a"}}
        assert parse_plan(labelled, "p").digest == plan().digest

    def test_does_not_hang_on_how_an_instant_is_written(self) -> None:
        assert plan(start="2026-11-01T02:00:00+02:00").digest == plan().digest

    def test_does_not_hang_on_whether_a_default_is_written(self) -> None:
        data = plan_data()
        data["spec"]["pools"][0]["groups"][0]["taints"] = []
        data["spec"]["evidence"]["sitesConsidered"] = 1
        assert parse_plan(data, "p").digest == plan().digest

    @pytest.mark.parametrize(
        ("path", "value"),
        [
            ("pools.0.groups.0.windows.0.max", 6),
            ("pools.0.interruptibleShare", 0.4),
            ("site.region", "us-west-2"),
            ("evidence.decisions.0.reason", "otherwise"),
        ],
    )
    def test_changes_with_whatever_the_spec_says(self, path: str, value: object) -> None:
        data = plan_data()
        put(path, value)(data)
        assert parse_plan(data, "p").digest != plan().digest

    def test_has_twelve_hexadecimal_digits(self) -> None:
        assert len(plan().digest) == 12
        assert set(plan().digest) <= set("0123456789abcdef")


def test_parts_are_made_by_field_name_in_code_and_by_alias_in_documents() -> None:
    made = Window(start=datetime(2026, 11, 1, tzinfo=UTC), end=datetime(2026, 11, 2, tzinfo=UTC),
                  min=0, desired=1, max=2)  # fmt: skip
    assert made.model_dump(mode="json", by_alias=True)["end"] == "2026-11-02T00:00:00Z"
    assert Reserved(term="1y").commitment is None
    with pytest.raises(ValidationError):
        Spot(pools=0)


def test_a_plan_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        plan().spec.site.region = "elsewhere"  # type: ignore[misc]


def test_the_merit_order_names_every_purchase_option_once() -> None:
    tags = json_schema()["$defs"]["Group"]["properties"]["purchase"]["discriminator"]["mapping"]
    assert sorted(PURCHASE_OPTIONS) == sorted(tags)


@settings(deadline=None, max_examples=300)
@given(altered_plans())
def test_any_document_is_one_clear_error_or_a_plan_that_the_schema_accepts(
    data: dict[str, Any],
) -> None:
    refused = None
    try:
        parsed = parse_plan(data, "plan.yaml")
    except InputError as error:
        refused = str(error)
    if refused:
        assert refused.startswith("plan.yaml: ")
        assert "\n" not in refused
    else:
        assert SCHEMA.is_valid(data)
        assert json.loads(json.dumps(to_data(parsed))) == to_data(parsed)
