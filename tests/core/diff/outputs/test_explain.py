"""Every multiplication, with its source; the lines add up to the estimate."""

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support import diffs
from support.estimates import estimate, resource
from support.hostile import ATTACKS, hostile
from trimtab.diff.explain import explain
from trimtab.errors import InputError
from trimtab.pricing.amount import between
from trimtab.pricing.model import Charge, Estimate

GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize("name", ["workers", "egress", "lake"])
def test_it_reads_as_it_was_approved(name: str) -> None:
    assert explain(diffs.review(), name) == (GOLDEN / f"explain-{name}.txt").read_text("utf-8")


def test_what_is_held_and_what_is_only_proposed_is_said() -> None:
    text = explain(diffs.kept_existing(), "held")
    assert text == (GOLDEN / "explain-held.txt").read_text("utf-8")


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("trainer", ["trainer"]),
        ("t*", ["trainer", "trainer-role"]),
        ("aws_nat_gateway", ["egress"]),
        ("urn:pulumi:prod::shop::aws_nat_gateway::egress", ["egress"]),
        ("aws:glue/*", ["lake"]),
        ("*", ["trainer", "workers", "old-cache", "lake", "trainer-role", "egress"]),
    ],
)
def test_a_pattern_is_of_the_name_the_key_the_kind_or_the_type(
    pattern: str, names: list[str]
) -> None:
    text = explain(diffs.review(), pattern)
    assert re.findall(r"^(\S+) \(", text, re.MULTILINE) == names


@pytest.mark.parametrize(
    ("pattern", "mend"),
    [
        ("trainr", "did you mean trainer, trainer-role?"),
        ("TRAINER", "did you mean trainer, trainer-role, urn:"),
        ("zzzz", "use one of egress, lake, old-cache, trainer, trainer-role, workers"),
    ],
)
def test_what_nothing_is_called_names_what_is_near(pattern: str, mend: str) -> None:
    with pytest.raises(InputError) as refused:
        explain(diffs.review(), pattern)
    said = str(refused.value)
    assert said.startswith(f"--explain: no resource is called '{pattern}'; {mend}")
    assert "\n" not in said


def test_brackets_stand_for_themselves() -> None:
    groups = [diffs.resource(f"it[{n}]", key=f"aws_eks_node_group.it[{n}]") for n in (0, 1)]
    made = [diffs.estimate(each, Charge("part", diffs.rate(2.0, "GB"))) for each in groups]
    diff = diffs.diff(*(diffs.change(None, each) for each in made))
    assert explain(diff, "aws_eks_node_group.it[1]").startswith("it[1] (")
    assert explain(diff, "*.it[*]").count("sum:") == 2


def test_an_empty_change_has_nothing_to_explain() -> None:
    with pytest.raises(InputError, match=r"the change has no resources"):
        explain(diffs.empty(), "x")


PRICES = st.floats(0.0001, 500)
COUNTS = st.floats(0, 1000)


@given(st.lists(st.tuples(PRICES, COUNTS, COUNTS, st.booleans()), min_size=1, max_size=8))
@settings(deadline=None)
def test_the_lines_add_up_to_the_sum(parts: list[tuple[float, float, float, bool]]) -> None:
    charges = [
        Charge(f"part {n}", diffs.rate(usd, "hour" if hourly else "GB"), between(a, a + b, a))
        for n, (usd, a, b, hourly) in enumerate(parts)
    ]
    made = diffs.estimate(diffs.resource("it"), *charges)
    text = explain(diffs.diff(diffs.change(None, made)), "it")
    assert "please report" not in text
    products = re.findall(r"^ +part \d+: .* x \$.* = (<?\$[\d,.]+)", text, re.MULTILINE)
    assert len(products) == len(parts)
    (summed,) = re.findall(r"^ +sum: (<?\$[\d,.]+)", text, re.MULTILINE)
    cents = [float(each.strip("<$").replace(",", "")) for each in (*products, summed)]
    # Each line is rounded to the cent, and so is the sum.
    assert cents[-1] == pytest.approx(sum(cents[:-1]), abs=0.005 * (len(parts) + 1) + 0.011)
    if abs(cents[-1] - sum(cents[:-1])) > 0.005 and "<" not in text:
        assert "rounded after adding" in text


def test_an_estimate_that_is_not_its_lines_is_said_to_be_a_defect() -> None:
    what = diffs.resource("it")
    made = diffs.estimate(what, Charge("part", diffs.rate(2.0, "GB")))
    wrong = Estimate(what, made.status, between(1, 1, 1), 1.0, made.charges)
    text = explain(diffs.diff(diffs.change(None, wrong)), "it")
    assert "the lines add up to $2.00: please report this" in text


def test_a_default_says_why() -> None:
    gateway = estimate(resource("aws_nat_gateway"))
    text = explain(diffs.diff(diffs.change(None, gateway)), "aws_nat_gateway")
    assert "quantity: a default, for nobody says otherwise" in text
    assert re.search(r"default usage: data_processed_gb: 100 GB \(.*\) a month, for \w", text)


@given(st.one_of(st.sampled_from(ATTACKS), st.text()))
@settings(deadline=None)
def test_nothing_in_it_is_obeyed_by_a_terminal(text: str) -> None:
    said = explain(hostile(text), "*")
    assert all(line.isprintable() for line in said.split("\n"))
