"""Lifecycle rules for S3: by hand from us-east-1's rates."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from trimtab.errors import InputError
from trimtab.pricing.book import built_in_book
from trimtab.storage.lifecycle import ObjectGroup, Rule, lifecycle, read_objects
from trimtab.storage.lifecycle_document import dump_rules, load_rules

BOOK = built_in_book()
GROUP = ObjectGroup("raw", 1000.0, 10_000.0, 0.0, 0.0, None, may_wait=False)


def rule(region: str = "us-east-1", **changes: object) -> Rule:
    (found,) = lifecycle((replace(GROUP, **changes),), region, BOOK)  # type: ignore[arg-type]
    return found


def best(found: Rule) -> str | None:
    return found.best.storage_class if found.best else None


def test_what_nobody_reads_goes_to_the_infrequent_class() -> None:
    found = rule()
    assert best(found) == "STANDARD_IA"
    assert found.standard_usd_per_month == pytest.approx(23.0)
    assert found.saving == pytest.approx(1000 * (0.023 - 0.0125))
    assert found.best is not None
    assert found.best.usd_once == pytest.approx(10 * 0.01)
    assert found.best.break_even_share == pytest.approx((23.0 - 12.5) / (1000 * 0.01))


def test_what_is_read_above_the_break_even_stays() -> None:
    assert best(rule(retrieved_gib_per_month=1000.0, reads_per_month=10_000.0)) == "STANDARD_IA"
    assert best(rule(retrieved_gib_per_month=1100.0, reads_per_month=10_000.0)) is None


def test_readers_that_may_wait_have_the_archive() -> None:
    found = rule(may_wait=True)
    assert best(found) == "DEEP_ARCHIVE"
    overhead = 40 * 10_000 / 2**20
    assert found.saving == pytest.approx(23.0 - (1000 + overhead) * 0.00099)
    assert "DEEP_ARCHIVE: its readers would wait for hours" not in found.reason


def test_small_objects_are_paid_for_as_128_kib_and_do_not_move() -> None:
    # 10 GiB of 1 KiB objects are paid for as 1280 GiB.
    found = rule(gib=10.0, objects=10 * 2**20)
    assert best(found) is None
    assert "INTELLIGENT_TIERING: its objects are under 128 KB" in found.reason


def test_the_transition_must_be_won_back_while_objects_live() -> None:
    # 8 million objects: 80 USD once against 10.50 a month.
    assert best(rule(objects=8_000_000.0, lifetime_days=3650.0)) == "STANDARD_IA"
    assert best(rule(objects=8_000_000.0, lifetime_days=120.0)) is None


def test_objects_that_are_gone_before_they_may_move_do_not() -> None:
    assert best(rule(lifetime_days=20.0)) is None


def test_reads_that_are_not_known_leave_intelligent_tiering_alone() -> None:
    found = rule(reads_per_month=None, retrieved_gib_per_month=None)
    assert best(found) == "INTELLIGENT_TIERING"
    # Half of it is taken to be read, and 10 000 objects are monitored.
    assert found.saving == pytest.approx(23.0 - (500 * 0.023 + 500 * 0.0125 + 10 * 0.0025))
    assert "reads are not known" in found.reason


def test_a_region_whose_transitions_have_no_price_is_told_so() -> None:
    found = rule("eu-west-1")
    assert best(found) is None
    assert "STANDARD_IA: not priced in eu-west-1" in found.reason
    assert rule("nowhere-1").standard_usd_per_month is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("group,gib\n", "has no column objects"),
        ("", "has no column group"),
        ("{}\n", "has no groups"),
        ("{}\na,1,x,0,0,\n", "line 2: objects 'x' is no number of 0 or more"),
        ("{}\na,0,1,0,0,\n", "line 2: gib or objects is missing or 0"),
    ],
)
def test_a_mistake_is_told_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "objects.csv"
    header = "group,gib,objects,reads_per_month,retrieved_gib_per_month,lifetime_days"
    file.write_text(text.replace("{}", header), encoding="utf-8")
    with pytest.raises(InputError) as error:
        read_objects(file)
    assert said in str(error.value)


def test_rules_that_pay_are_a_document_that_reads_back(tmp_path: Path) -> None:
    found = [rule(name="training/raw", prefix="training/raw/"), rule(name="tiny", gib=0.001)]
    file = tmp_path / "rules.yaml"
    file.write_text(dump_rules(found, "us-east-1"), encoding="utf-8")
    read = load_rules(file)
    assert read.region == "us-east-1"
    assert read.rules == {"training-raw": ("training/raw/", {"STANDARD_IA": 30})}


@pytest.mark.parametrize(
    ("second", "said"),
    [
        ({"prefix": None}, "group b has no prefix, and a rule needs one; add a column prefix"),
        (
            {"prefix": "raw/old/"},
            "groups raw and b have prefixes of which one holds the other ('raw/', 'raw/old/'); part them",
        ),
        (
            {"prefix": "b/", "name": "raw!"},
            "group raw! gives a rule of the name raw, which there is",
        ),
    ],
)
def test_groups_that_make_no_rules_are_refused(second: dict[str, object], said: str) -> None:
    changes: dict[str, Any] = {"name": "b", "where": "o.csv, line 3", **second}
    found = [rule(prefix="raw/"), rule(**changes)]
    with pytest.raises(InputError) as error:
        dump_rules(found, "us-east-1")
    assert str(error.value).startswith(f"o.csv, line 3: {said}")


TWICE = "{name: a, prefix: x, transitions: {GLACIER: 9}}"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("rules: [{name: a, prefix: x}]", "rules[0].transitions: "),
        ("rules: [{name: a, prefix: x, transitions: {GLACIER: -1}}]", "transitions"),
        (
            f"rules: [{TWICE}, {TWICE}]",
            "rules[1].name: a stands twice; give each rule its own name",
        ),
    ],
)
def test_a_mistake_in_rules_is_told_with_its_field(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(
        "apiVersion: trimtab.dev/v1alpha1\nkind: LifecycleRules\n"
        f"spec: {{provider: aws, region: us-east-1, {text}}}\n",
        encoding="utf-8",
    )
    with pytest.raises(InputError) as error:
        load_rules(file)
    assert said in str(error.value)
    assert str(error.value).startswith(str(file))
