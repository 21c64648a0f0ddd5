"""The JSON document: valid against the published schema, complete, and the same for the same diff."""

import json
import math
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from support import diffs
from support.hostile import ATTACKS, hostile
from trimtab.diff.model import Change, Diff
from trimtab.diff.outputs.json_document import json_document
from trimtab.diff.outputs.schema import diff_schema
from trimtab.pricing.amount import Amount
from trimtab.pricing.model import Estimate, Rate

PUBLISHED = Path(__file__).parents[4] / "docs" / "schemas" / "diff-v1alpha1.schema.json"
VALIDATOR = Draft202012Validator(json.loads(PUBLISHED.read_text("utf-8")))


def read(diff: Diff) -> Any:
    text = json_document(diff)
    document = json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    VALIDATOR.validate(document)
    return document


def test_the_published_schema_is_the_code_s() -> None:
    assert json.loads(PUBLISHED.read_text("utf-8")) == diff_schema()


@pytest.mark.parametrize("name", [name for name in diffs.EVERY if name != "2,000 changes"])
def test_every_document_is_valid_and_says_all(name: str) -> None:
    diff = diffs.EVERY[name]()
    document = read(diff)
    assert [each["key"] for each in document["changes"]] == [each.key for each in diff.changes]
    assert datetime.fromisoformat(document["as_of"]) == diff.as_of
    for said, change in zip(document["changes"], diff.changes, strict=True):
        same_change(said, change, document["rates"])
    for side in ("before", "after", "delta"):
        same_amount(document["totals"][side]["usd_per_month"], getattr(diff, side).usd)
    assert len(document["owners"]) == len(diff.owners)
    assert len(document["findings"]) == len(diff.findings)


def same_change(said: Any, change: Change, rates: list[Any]) -> None:
    same_amount(said["usd_per_month"], change.usd_per_month)
    same_amount(said["kgco2e_per_month"], change.kgco2e_per_month)
    for side, estimate in (("before", change.before), ("after", change.after)):
        if estimate is None:
            assert said[side] is None
        else:
            same_estimate(said[side], estimate, rates)


def same_estimate(said: Any, estimate: Estimate, rates: list[Any]) -> None:
    same_amount(said["usd_per_month"], estimate.usd_per_month)
    assert len(said["charges"]) == len(estimate.charges)
    for each, charge in zip(said["charges"], estimate.charges, strict=True):
        rate = rates[each["rate"]]
        assert Rate(**{key: rate[key] for key in ("id", "region", "usd", "unit", "source")},
                    as_of=charge.rate.as_of) == charge.rate  # fmt: skip
        same_amount(each["quantity"], charge.quantity)
        # A reader of the document can multiply again.
        if charge.quantity.expected is not None:
            product = each["quantity"]["expected"] * rate["usd"] * rate["times_per_month"]
            assert product == pytest.approx(each["usd_per_month"]["expected"])
    assert [each["label"] for each in said["gaps"]] == [gap.label for gap in estimate.gaps]


def same_amount(said: Any, amount: Amount | None) -> None:
    if amount is None:
        assert said is None
        return
    assert said["expected"] == amount.expected
    assert said["low"] == (amount.low if math.isfinite(amount.low) else None)
    assert said["high"] == (amount.high if math.isfinite(amount.high) else None)


def test_a_rate_stands_once() -> None:
    document = read(diffs.review())
    rates = [json.dumps(each) for each in document["rates"]]
    charges = sum(len(each[side]["charges"]) for each in document["changes"]
                  for side in ("before", "after") if each[side])  # fmt: skip
    assert len(rates) == len(set(rates)) < charges


def test_what_is_not_known_is_null() -> None:
    document = read(diffs.unpriced())
    by_name = {each["resource"]["name"]: each for each in document["changes"]}
    assert by_name["mystery"]["usd_per_month"] is None
    assert by_name["mystery"]["after"]["usd_per_month"] is None
    assert by_name["dark"]["kgco2e_per_month"] is None
    assert read(diffs.unbounded())["totals"]["after"]["usd_per_month"]["high"] is None


def test_a_change_is_a_line() -> None:
    diff = diffs.many(50)
    lines = json_document(diff).splitlines()
    starts = [line for line in lines if line.startswith('    {"key": ')]
    assert len(starts) == 50
    assert all(json.loads(line.rstrip(","))["key"] for line in starts)


@given(st.one_of(st.sampled_from(ATTACKS), st.text()))
@settings(deadline=None)
def test_whatever_things_are_called_it_is_valid(text: str) -> None:
    document = read(hostile(text))
    assert document["notes"] == [text.encode("utf-8", "replace").decode("utf-8")]


def test_equal_diffs_give_equal_bytes() -> None:
    assert json_document(diffs.review()) == json_document(diffs.review())
