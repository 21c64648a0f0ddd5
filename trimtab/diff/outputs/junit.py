"""Findings and budgets as JUnit XML, as GitLab and Jenkins read it.

One test case a rule that was checked, one a budget. A rule fails by a finding of severity error, a budget by
being exceeded; a warning passes, and is in the case's output. A budget of which something has no price is
skipped, for nobody knows.
"""

from xml.sax.saxutils import escape, quoteattr

from trimtab.clock import format_instant
from trimtab.diff.model import BudgetResult, BudgetState, Diff, Finding, Rule, Severity
from trimtab.diff.outputs.figures import plain, plural, usd
from trimtab.diff.outputs.json_document import rules_of

SUITE = "trimtab diff"


def junit(diff: Diff) -> str:
    """The test report, its last line ended."""
    by_rule: dict[str, list[Finding]] = {}
    for finding in diff.findings:
        by_rule.setdefault(finding.rule.id, []).append(finding)
    places = {change.key: change.estimate.resource.where for change in diff.changes}
    suites = [
        _Suite("rules", [_rule(each, by_rule.get(each.id, []), places) for each in rules_of(diff)]),
        _Suite("budgets", [_budget(each) for each in diff.budgets]),
    ]
    when = format_instant(diff.as_of).removesuffix("Z")
    counts = _counts([case for suite in suites for case in suite.cases])
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', f"<testsuites name={_q(SUITE)}{counts}>"]
    for suite in suites:
        lines += suite.lines(when)
    return "\n".join([*lines, "</testsuites>"]) + "\n"


class _Case:
    """A test case: `kind` says how it ended (failure, skipped, or "" for passed), `text` why."""

    def __init__(self, name: str, where: str, kind: str, message: str, text: str) -> None:
        self.name, self.where, self.kind = name, where, kind
        self.message, self.text = message, text

    def lines(self, suite: str) -> list[str]:
        file = f" file={_q(self.where)}" if self.where else ""
        opening = f"<testcase classname={_q(f'trimtab.{suite}')} name={_q(self.name)}{file}"
        if not self.kind and not self.text:
            return [f'    {opening} time="0"/>']
        match self.kind:
            case "failure":
                kind = f" type={_q(suite.removesuffix('s'))}"
                inner = f"<failure message={_q(self.message)}{kind}>{_t(self.text)}</failure>"
            case "skipped":
                inner = f"<skipped message={_q(self.message)}/>"
            case _:
                inner = f"<system-out>{_t(self.text)}</system-out>"
        return [f'    {opening} time="0">', f"      {inner}", "    </testcase>"]


class _Suite:
    """Test cases of one kind."""

    def __init__(self, name: str, cases: list[_Case]) -> None:
        self.name, self.cases = name, cases

    def lines(self, when: str) -> list[str]:
        opening = f"<testsuite name={_q(f'{SUITE}: {self.name}')}{_counts(self.cases)}"
        return [
            f"  {opening} timestamp={_q(when)}>",
            *(line for case in self.cases for line in case.lines(self.name)),
            "  </testsuite>",
        ]


def _counts(cases: list[_Case]) -> str:
    failures = sum(case.kind == "failure" for case in cases)
    skipped = sum(case.kind == "skipped" for case in cases)
    return f' tests="{len(cases)}" failures="{failures}" errors="0" skipped="{skipped}" time="0"'


def _rule(rule: Rule, findings: list[Finding], places: dict[str, str]) -> _Case:
    errors = [each for each in findings if each.severity is Severity.ERROR]
    shown = errors or findings
    first = places.get(shown[0].key, "") if shown else ""
    message = plural(len(errors), "error")
    text = "\n".join(_finding(each, places.get(each.key, "")) for each in findings)
    name = f"{rule.id}: {plain(rule.title)}"
    return _Case(name, _file(first), "failure" if errors else "", message, text)


def _finding(finding: Finding, where: str) -> str:
    place = f"{plain(where)}: " if where else ""
    old = "" if finding.introduced else " (not of this change)"
    return f"{finding.severity}: {place}{plain(finding.message)}; {plain(finding.mend)}{old}"


def _budget(budget: BudgetResult) -> _Case:
    name = f"{plain(budget.name)}: {usd(budget.usd_per_month)} a month"
    newly = " by this change" if budget.newly else ""
    said = f"{budget.state}{newly}: {usd(budget.before)} before, {usd(budget.after)} after"
    kinds = {BudgetState.EXCEEDED: "failure", BudgetState.UNKNOWN: "skipped"}
    text = "" if budget.state is BudgetState.WITHIN else said
    return _Case(name, _file(budget.where), kinds.get(budget.state, ""), said, text)


def _file(where: str) -> str:
    """The file of a place, without its line."""
    file, _, line = plain(where).rpartition(":")
    return file if line.isdecimal() else plain(where)


def _q(text: str) -> str:
    return quoteattr(_characters(text))


def _t(text: str) -> str:
    return escape(_characters(text))


def _characters(text: str) -> str:
    """Only what XML 1.0 may hold: of the control characters, the line's end."""
    return "\n".join(plain(line) for line in text.split("\n"))
