"""What holds between the tables and the estimators: nothing stands in one that the others do not know."""

import ast
import csv
import re
from collections import Counter
from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import cache
from importlib.resources import files
from pathlib import Path

import pytest

import trimtab.pricing.estimators
from trimtab.pricing.book.machines import BUILT_IN_FOLDER
from trimtab.pricing.estimators import estimated_kinds
from trimtab.usage.model import usage_keys

MODULES = sorted(Path(trimtab.pricing.estimators.__file__).parent.rglob("*.py"))


@cache
def texts(module: Path) -> tuple[tuple[str | None, ...], ...]:
    """The texts of a module, each as its pieces: None stands for what is filled in."""
    found: list[tuple[str | None, ...]] = []
    for node in ast.walk(ast.parse(module.read_text("utf-8"))):
        if isinstance(node, ast.JoinedStr):
            pieces = (getattr(each, "value", None) for each in node.values)
            found.append(tuple(each if isinstance(each, str) else None for each in pieces))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.append((node.value,))
    return tuple(found)


def pattern(pieces: tuple[str | None, ...]) -> str:
    return "".join(".*" if each is None else re.escape(each) for each in pieces)


@cache
def asked(module: Path) -> re.Pattern[str]:
    """The names of rates that a module's texts make, alone or with one that begins where they end."""
    named = texts(module)
    heads = [pattern(each) for each in named if re.match("(aws|azure|gcp)/", each[0] or "")]
    tails = [pattern(each[1:]) for each in named if each[0] is None and each[1:] and each[1]]
    behind = f"(?:{'|'.join(tails)})?" if tails else ""
    return re.compile(f"(?:{'|'.join(heads)}){behind}" if heads else "(?!)")


def is_asked_for(rate: str) -> bool:
    """Whether some estimator's texts make the name of a rate; its service stands there in letters."""
    service = rate.split("/")[1]
    return any(
        asked(module).fullmatch(rate)
        and any(service in (piece or "") for pieces in texts(module) for piece in pieces)
        for module in MODULES
    )


def rows(*parts: str) -> Iterator[dict[str, str]]:
    """The rows of the tables below a folder; the one that only fills others' blanks is among them."""
    for path in sorted(BUILT_IN_FOLDER.joinpath(*parts).rglob("*.csv")):
        yield from csv.DictReader(path.read_text("utf-8").splitlines())


def free() -> list[dict[str, str]]:
    tables = sorted(files("trimtab.pricing").joinpath("free").iterdir(), key=lambda t: t.name)
    return [row for t in tables for row in csv.DictReader(t.read_text("utf-8").splitlines())]


def test_some_estimator_asks_for_every_rate() -> None:
    names = {row["rate"] for row in rows("rates")} - {"*"}
    assert [name for name in sorted(names) if not is_asked_for(name)] == []


def test_some_estimator_asks_for_every_rate_that_is_fetched() -> None:
    tables = [t for t in files("trimtab.pricing").joinpath("live").iterdir() if "meters_" in t.name]
    meters = [row for t in tables for row in csv.DictReader(t.read_text("utf-8").splitlines())]
    names = {re.sub("[{}]", "", row["rate"]) for row in meters}
    assert len(names) > 100
    assert [name for name in sorted(names) if not is_asked_for(name)] == []


@pytest.mark.parametrize("name", ["aws/ebs/gp3/colour", "azure/zeppelin/hour", "gcp/gke/clusters"])
def test_a_rate_that_nobody_asks_for_is_found(name: str) -> None:
    assert not is_asked_for(name)


def test_every_source_is_used_and_every_one_that_is_used_is_known() -> None:
    used = {row["source"] for row in rows("rates")}
    # a machine's prices may be of several
    used |= {each for row in rows("machines") for each in (row.get("source") or "").split("+")}
    table = BUILT_IN_FOLDER.joinpath("sources.csv").read_text("utf-8")
    listed = [row["source"] for row in csv.DictReader(table.splitlines())]
    assert [name for name, count in Counter(listed).items() if count > 1] == []
    assert set(listed) == used - {"", None}


def test_every_usage_key_is_of_an_estimated_kind_and_asked_for() -> None:
    estimated = set(estimated_kinds())
    assert {kind for kind, _ in usage_keys()} <= estimated
    made = [
        re.compile(pattern(pieces))
        for module in MODULES
        for pieces in texts(module)
        if any(piece and piece.strip("_ ") for piece in pieces)
    ]
    keys = {key for _, key in usage_keys()}
    assert [key for key in sorted(keys) if not any(each.fullmatch(key) for each in made)] == []


def test_no_kind_is_both_estimated_and_named_as_free() -> None:
    """A pattern of free kinds may be wide, for an estimator goes before it."""
    assert {row["kind"] for row in free()} & set(estimated_kinds()) == set()


def test_no_kind_is_free_twice() -> None:
    kinds = [row["kind"] for row in free()]
    assert [kind for kind, count in Counter(kinds).items() if count > 1] == []
    always = [row["kind"] for row in free() if "*" in row["kind"] and not row["unless"]]
    again = [
        kind
        for kind in kinds
        for wide in always
        if kind != wide and fnmatchcase(kind.replace("*", "x").replace("?", "x"), wide)
    ]
    assert again == []
