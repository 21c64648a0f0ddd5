"""Tables and JSON on stdout, everything else on stderr."""

import json
import math
from typing import Any

import pytest

from trimtab.cli.output import Column, Format, info, print_json, print_table, progress, warn

COLUMNS = [
    Column("name", "name"),
    Column("usd_per_hour", "$/h", "right", "{:,.2f}".format),
]
ROWS: list[dict[str, Any]] = [
    {"name": "groups[spot] " + "x" * 300, "usd_per_hour": 1234.5, "unlisted": 1},
    {"name": "b", "usd_per_hour": None},
    {"name": "c"},
]


def test_json_has_every_column_and_null_for_the_unknown(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(COLUMNS, ROWS, Format.JSON)
    assert json.loads(capsys.readouterr().out) == [
        {"name": ROWS[0]["name"], "usd_per_hour": 1234.5},
        {"name": "b", "usd_per_hour": None},
        {"name": "c", "usd_per_hour": None},
    ]


def test_json_refuses_what_is_no_number(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        print_json({"usd": math.nan})
    assert capsys.readouterr().out == ""


def test_a_piped_table_keeps_each_row_on_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(COLUMNS, ROWS, Format.TABLE, "prices")
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    (row,) = (line for line in lines if "xxx" in line)
    assert "groups[spot]" in row
    assert row.endswith("1,234.50")
    assert "\x1b" not in row
    assert any(line.split() == ["b", "-"] for line in lines)


def test_what_informs_goes_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    info("one")
    warn("two")
    with progress("three") as step:
        step("four")
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.splitlines() == ["one", "warning: two", "three …", "four …"]
