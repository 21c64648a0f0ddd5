"""The diff in a terminal: as a person reads it, and never wider than it says."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support import diffs
from trimtab.diff.model import BudgetState, Operation
from trimtab.diff.outputs.table import TableOptions, table
from trimtab.pricing.amount import exactly

GOLDEN = Path(__file__).parent / "golden"
CASES = {
    "review": (diffs.review, TableOptions()),
    "unpriced": (diffs.unpriced, TableOptions()),
    "unbounded": (diffs.unbounded, TableOptions()),
    "incomplete": (diffs.incomplete, TableOptions()),
    "kept": (diffs.kept_existing, TableOptions()),
    "empty": (diffs.empty, TableOptions()),
    "many": (diffs.many, TableOptions(rows=3, details=2)),
}


@pytest.mark.parametrize("name", CASES)
def test_it_reads_as_it_was_approved(name: str) -> None:
    make, options = CASES[name]
    assert table(make(), options) == (GOLDEN / f"{name}.txt").read_text("utf-8")


@pytest.mark.parametrize("name", diffs.EVERY)
def test_no_row_is_wider_than_a_hundred_columns(name: str) -> None:
    lines = table(diffs.EVERY[name]()).splitlines()
    assert max(map(len, lines)) <= 100


@given(st.text(min_size=1, max_size=300), st.text(max_size=300))
def test_a_name_is_cut_and_a_figure_is_not(name: str, kind: str) -> None:
    pool = diffs.moved_to_spot()
    named = diffs.resource(name, f"aws_{kind}")
    change = replace(
        pool,
        before=replace(pool.before, resource=named) if pool.before else None,
        after=replace(pool.after, resource=named) if pool.after else None,
    )
    lines = table(diffs.diff(change)).splitlines()
    assert all(line.isprintable() for line in lines)
    assert max(map(len, lines)) <= 100
    (row,) = [line for line in lines if line.startswith("±")]
    assert re.search(r"\$5,886\.72 +\$2,354\.98 +-\$3,531\.74 +0  b$", row)


@pytest.mark.parametrize("name", diffs.EVERY)
def test_colours_are_all_that_a_terminal_adds(name: str) -> None:
    plain = table(diffs.EVERY[name]())
    coloured = table(diffs.EVERY[name](), TableOptions(colour=True))
    assert "\x1b" not in plain
    assert "\x1b[1m" in coloured
    assert re.sub(r"\x1b\[\d+m", "", coloured) == plain


def test_what_does_not_fit_is_summed() -> None:
    text = table(diffs.many(100), TableOptions(rows=10))
    # 100 less 10 free, of which 10 are shown; each twentieth has no price.
    assert "… and 80 more changes: " in text
    assert "and 5 not known" in text


def test_a_resource_that_stays_is_shown_where_its_cost_does_not() -> None:
    group = diffs.resource("held")
    before = diffs.pool(group, diffs.nodes("nodes", "m7i.4xlarge", exactly(2), 0.5))
    after = diffs.pool(group, diffs.nodes("nodes", "m7i.4xlarge", exactly(2), 0.4))
    same = Operation.SAME
    text = table(diffs.diff(diffs.change(before, after, operation=same)))
    assert re.search(r"^=  held .*\$730\.00  \$584\.00 +-\$146\.00", text, re.MULTILINE)
    text = table(diffs.diff(diffs.change(before, before, operation=same)))
    assert "Not shown: 1 resource unchanged." in text


def test_a_budget_that_nobody_can_judge_says_so() -> None:
    diff = diffs.review()
    budgets = (replace(diff.budgets[0], state=BudgetState.UNKNOWN, newly=False),)
    assert "161 %  not known" in table(replace(diff, budgets=budgets))
