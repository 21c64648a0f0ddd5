"""JUnit XML: what GitLab and Jenkins read, and counts that are those of its cases."""

import re
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support import diffs
from support.hostile import ATTACKS, hostile
from trimtab.diff.model import BudgetState, Diff, Severity
from trimtab.diff.outputs.junit import junit


def suites_of(diff: Diff) -> ET.Element:
    """The document, held to the structure that parsers of JUnit share."""
    text = junit(diff)
    assert not re.search(r"[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", text)
    root = ET.fromstring(text.encode("utf-8"))  # noqa: S314 - our own
    assert root.tag == "testsuites"
    for element in (root, *root.findall("testsuite")):
        cases = list(element.iter("testcase"))
        assert int(element.attrib["tests"]) == len(cases)
        for tag, count in (("failure", "failures"), ("skipped", "skipped"), ("error", "errors")):
            found = [case for case in cases if case.find(tag) is not None]
            assert int(element.attrib[count]) == len(found)
    for case in root.iter("testcase"):
        assert case.attrib["name"]
        assert case.attrib["classname"].startswith("trimtab.")
        assert case.attrib["time"] == "0"
    return root


@pytest.mark.parametrize("name", diffs.EVERY)
def test_every_report_has_a_case_for_each_rule_and_budget(name: str) -> None:
    diff = diffs.EVERY[name]()
    rules = {each.id for each in (*diff.rules, *(f.rule for f in diff.findings))}
    assert len(list(suites_of(diff).iter("testcase"))) == len(rules) + len(diff.budgets)


@given(st.one_of(st.sampled_from(ATTACKS), st.text()))
@settings(deadline=None)
def test_whatever_things_are_called_it_can_be_parsed(text: str) -> None:
    suites_of(hostile(text))


def test_errors_fail_and_the_rest_is_said() -> None:
    root = suites_of(diffs.review())
    tags, sizes, ml, web = root.iter("testcase")
    failure = tags.find("failure")
    assert failure is not None
    assert failure.attrib["message"] == "1 error"
    assert failure.text == (
        "error: stacks/shop.py:57: trainer has no tags team, project; set the tags team and project"
        "\nwarning: egress has no tag project; set the tag project (not of this change)"
    )
    assert tags.attrib["file"] == "stacks/shop.py"
    assert len(sizes) == 0
    exceeded = ml.find("failure")
    assert exceeded is not None
    assert exceeded.text == "exceeded by this change: $0.00 before, $80,438.40 after"
    assert len(web) == 0


def test_a_warning_passes_and_is_in_the_output() -> None:
    diff = diffs.review()
    milder = tuple(replace(each, severity=Severity.WARNING) for each in diff.findings)
    case = next(suites_of(replace(diff, findings=milder)).iter("testcase"))
    assert [child.tag for child in case] == ["system-out"]


@pytest.mark.parametrize(
    ("state", "tags"),
    [
        (BudgetState.WITHIN, []),
        (BudgetState.WARNED, ["system-out"]),
        (BudgetState.EXCEEDED, ["failure"]),
        (BudgetState.UNKNOWN, ["skipped"]),
    ],
)
def test_a_budget_ends_as_it_stands(state: BudgetState, tags: list[str]) -> None:
    budget = replace(diffs.review().budgets[0], state=state)
    (case,) = suites_of(replace(diffs.empty(), budgets=(budget,))).iter("testcase")
    assert [child.tag for child in case] == tags
