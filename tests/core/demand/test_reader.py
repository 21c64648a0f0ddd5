"""Demand from CSV: what is accepted, what is repaired, and the one error for everything else."""

import io
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from trimtab.demand.reader import DEFAULT_MAX_GAP, MAXIMUM_DEMAND, PEAK_TOLERANCE, read_series
from trimtab.demand.series import DemandSeries
from trimtab.errors import InputError
from trimtab.files import sha256

START = datetime(2026, 3, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)

Rows = list[list[str]]
Edit = Callable[[Rows], Rows | str | bytes | None]


def read(content: str | bytes, max_gap: timedelta = DEFAULT_MAX_GAP) -> DemandSeries:
    data = content.encode() if isinstance(content, str) else content
    return read_series("-", stdin=io.BytesIO(data), max_gap=max_gap)


def csv_text(rows: Rows) -> str:
    return "".join(",".join(cells) + "\n" for cells in rows)


def edited(rows: Rows, edit: Edit) -> str | bytes:
    """The rows after an edit in place, or what the edit returned instead."""
    result = edit(rows)
    result = rows if result is None else result
    return csv_text(result) if isinstance(result, list) else result


def put(line: int, column: int, cell: str) -> Edit:
    """Write a cell on a line (1-based, as errors count)."""

    def edit(rows: Rows) -> None:
        rows[line - 1][column] = cell

    return edit


def drop(first: int, last: int) -> Edit:
    """Remove the lines first to last (1-based, inclusive)."""

    def edit(rows: Rows) -> None:
        del rows[first - 1 : last]

    return edit


def swap(line: int) -> Edit:
    def edit(rows: Rows) -> None:
        rows[line - 1], rows[line] = rows[line], rows[line - 1]

    return edit


def instead(content: str | bytes) -> Edit:
    return lambda _: content


def join(mark: str, end: str = "\n") -> Edit:
    return lambda rows: end.join(mark.join(cells) for cells in rows) + end


def every(column: int, change: Callable[[str], str]) -> Edit:
    def edit(rows: Rows) -> None:
        for cells in rows[1:]:
            cells[column] = change(cells[column])

    return edit


def offset(cell: str) -> str:
    moment = datetime.fromisoformat(cell) + 2 * HOUR
    return moment.strftime("%Y-%m-%dT%H:%M:%S+02:00")


def without_peak(rows: Rows) -> Rows:
    return [cells[:2] for cells in rows]


def quoted(rows: Rows) -> str:
    return "\n".join(",".join(f'"{cell}"' for cell in cells) for cells in rows)


def reordered(rows: Rows) -> Rows:
    return [[cells[2], "x", cells[0], cells[1]] for cells in rows]


ACCEPTED: dict[str, Edit] = {
    "as it stands": lambda rows: rows,
    "a byte-order mark": lambda rows: b"\xef\xbb\xbf" + csv_text(rows).encode(),
    "Windows line ends": join(",", "\r\n"),
    "old Macintosh line ends": join(",", "\r"),
    "semicolons": join(";"),
    "tabs": join("\t"),
    "a blank after each comma": join(", "),
    "quoted cells": quoted,
    "no line end at the end": lambda rows: csv_text(rows).rstrip(),
    "blank lines": lambda rows: "\n" + csv_text(rows).replace("\n", "\n\n") + "\n\n",
    "columns in another order, and one unknown": reordered,
    "other offsets": every(0, offset),
    "fractions that are zero": every(0, lambda cell: cell.replace("Z", ".000Z")),
    "a blank instead of the T": every(0, lambda cell: cell.replace("T", " ")),
    "exponents": every(1, lambda cell: f"{float(cell):e}"),
    "a peak a rounding below the mean": put(2, 2, repr(1.0 * (1 - PEAK_TOLERANCE / 2))),
    "zero": put(2, 1, "0"),
    "the largest": lambda rows: [[*rows[0][:2]], *([c[0], f"{MAXIMUM_DEMAND}"] for c in rows[1:])],
    "no peak": without_peak,
}


@pytest.mark.parametrize("edit", ACCEPTED.values(), ids=ACCEPTED.keys())
def test_accepts(edit: Edit, rows: Rows) -> None:
    series = read(edited(rows, edit))
    assert series.start == START
    assert series.step == HOUR
    assert len(series) == 48
    assert series.demand[1:].tolist() in ([*range(2, 49)], [MAXIMUM_DEMAND] * 47)
    assert series.repairs == ()
    if series.peak is not None:
        assert series.peak[1:].tolist() == [n + 0.5 for n in range(2, 49)]


def duplicate(rows: Rows) -> None:
    rows.insert(6, rows[5])


def late_duplicate(rows: Rows) -> None:
    rows.append(rows[5])


def naive_duplicate(rows: Rows) -> None:
    every(0, lambda cell: cell.rstrip("Z"))(rows)
    rows.insert(6, rows[5])


def thin_out(rows: Rows) -> Rows:
    """Every eighth hour missing."""
    return [cells for line, cells in enumerate(rows) if line == 0 or line % 8]


def halve(rows: Rows) -> Rows:
    """Half an hour's row between lines 10 and 11."""
    return [*rows[:10], ["2026-03-01T08:30:00Z", "9", "9"], *rows[10:]]


def short(count: int) -> Edit:
    return lambda rows: rows[: count + 1]


def minutes(rows: Rows) -> Rows:
    """58 steps of a minute, as in a trace of an hour."""
    return [rows[0]] + [[f"2026-03-01T18:{m:02}:00Z", "1", "1"] for m in range(58)]


def rename(column: int, name: str) -> Edit:
    return put(1, column, name)


def second_demand(rows: Rows) -> None:
    rows[0][2] = "demand"


# name: (edit, where, what the error must say)
REJECTED: dict[str, tuple[Edit, str, str]] = {
    "duplicate": (
        duplicate,
        "line 7",
        "repeats the timestamp 2026-03-01T04:00:00Z of line 6; keep one row per timestamp",
    ),
    "duplicate far behind": (
        late_duplicate,
        "line 50",
        "repeats the timestamp 2026-03-01T04:00:00Z of line 6; keep one row per timestamp",
    ),
    "duplicate in local time": (
        naive_duplicate,
        "line 7",
        "keep one row per timestamp (local time repeats an hour in autumn: write UTC)",
    ),
    "disorder": (
        swap(9),
        "line 10",
        (
            "2026-03-01T07:00:00Z comes after 2026-03-01T08:00:00Z: out of order; sort the rows by "
            "timestamp, oldest first"
        ),
    ),
    "newest first": (lambda rows: [rows[0], *rows[:0:-1]], "line 3", "out of order; sort the rows"),
    "mixed steps": (
        halve,
        "line 11",
        (
            "mixed steps: 30 min since the row before, where the step is 1 h; bring the series to one "
            "regular step"
        ),
    ),
    "a drifting step": (
        put(49, 0, "2026-03-02T23:00:07Z"),
        "line 49",
        "mixed steps: 3607 s since the row before, where the step is 1 h",
    ),
    "negative": (put(5, 1, "-1"), "line 5", "demand is negative (-1); demand is a quantity"),
    "negative peak": (put(5, 2, "-0.5"), "line 5", "peak is negative (-0.5)"),
    "NaN": (
        put(5, 1, "NaN"),
        "line 5",
        "demand is NaN; leave the row out: a short gap is filled and recorded",
    ),
    "NaN peak": (put(49, 2, "nan"), "line 49", "peak is NaN"),
    "infinite": (put(5, 1, "inf"), "line 5", "demand is infinite"),
    "overflow": (put(5, 1, "1e999"), "line 5", "demand is infinite"),
    "negative infinite": (put(5, 1, "-inf"), "line 5", "demand is infinite"),
    "absurd": (put(5, 1, "1e13"), "line 5", "demand is 1e+13, more than 1e+12; check its unit"),
    "empty demand": (put(5, 1, ""), "line 5", "demand is empty; give a number, or leave the whole"),
    "blank demand": (put(5, 1, "  "), "line 5", "demand is empty"),
    "empty peak": (put(5, 2, ""), "line 5", "peak is empty"),
    "empty timestamp": (put(5, 0, ""), "line 5", "timestamp is empty; write ISO 8601 in UTC"),
    "text": (put(5, 1, "many"), "line 5", "demand 'many' is not a number; give a number"),
    "null": (put(5, 1, "null"), "line 5", "demand 'null' is not a number"),
    "underscore": (put(5, 1, "1_000"), "line 5", "demand '1_000' is not a number"),
    "hexadecimal": (put(5, 1, "0x10"), "line 5", "demand '0x10' is not a number"),
    "thousands separator": (
        put(5, 1, '"1,234.5"'),
        "line 5",
        "demand '1,234.5' is not a number; write a decimal point and no thousands separator",
    ),
    "decimal comma": (
        put(5, 1, "3,5"),
        "line 5",
        "has 4 cells where the header has 3; write one cell per column, and decimals with a point",
    ),
    "decimal comma between semicolons": (
        lambda rows: csv_text(rows).replace(",", ";").replace(".0", ",0"),
        "line 2",
        "demand '1,0' is not a number; write a decimal point",
    ),
    "a short row": (lambda rows: rows[4].pop() and None, "line 5", "has 2 cells where the header"),
    "peak below mean": (
        put(5, 2, "3.9"),
        "line 5",
        (
            "peak 3.9 is below the step's mean demand 4; peak is the highest demand within the step; "
            "check that the columns are not swapped"
        ),
    ),
    "no instant": (
        put(5, 0, "01/03/2026 04:00"),
        "line 5",
        (
            "timestamp '01/03/2026 04:00' is no instant; write ISO 8601 in UTC, for example "
            "2026-03-01T00:00:00Z"
        ),
    ),
    "the 30th of February": (put(5, 0, "2026-02-30T00:00:00Z"), "line 5", "is no instant"),
    "epoch seconds": (
        every(0, lambda cell: f"{datetime.fromisoformat(cell).timestamp():.0f}"),
        "line 2",
        "timestamp 1772323200 is a bare number (epoch seconds?); write ISO 8601",
    ),
    "epoch milliseconds that look like 1604": (
        put(5, 0, "1604012400000"),
        "line 5",
        "timestamp 1604012400000 is a bare number (epoch seconds?)",
    ),
    "epoch with decimals": (put(5, 0, "1772323200.5"), "line 5", "is a bare number"),
    "a fraction of a second": (
        put(5, 0, "2026-03-01T03:00:00.25Z"),
        "line 5",
        "timestamp 2026-03-01T03:00:00.25Z has a fraction of a second; round the timestamps",
    ),
    "a zone that comes and goes": (
        put(5, 0, "2026-03-01T03:00:00"),
        "line 5",
        (
            "timestamp 2026-03-01T03:00:00 lacks a time zone, unlike the rows before it; write all of "
            "them in UTC with a Z"
        ),
    ),
    "the year 1604": (
        put(2, 0, "1604-03-01T00:00:00Z"),
        "line 2",
        "timestamp lies in the year 1604; give instants from 1970 to 2199",
    ),
    "the end of time": (put(49, 0, "9999-12-31T23:00:00-12:00"), "line 49", "in the year 10000"),
    "empty": (instead(""), "", "is empty; give a header and one row per step"),
    "only blanks": (instead(" \n\n"), "", "is empty"),
    "only an empty cell": (instead('""\n'), "", "is empty"),
    "header only": (lambda rows: rows[:1], "", "has a header and no rows; give one row per step"),
    "no header": (
        lambda rows: rows[1:],
        "line 1",
        "is data where the header should be; begin the file with a line timestamp,demand,peak",
    ),
    "one row": (short(1), "", "is too short: 1 row(s) do not show a step; give a longer series"),
    "two rows": (short(2), "", "is too short: 2 row(s) do not show a step"),
    "23 hours": (
        short(23),
        "",
        "is too short: 23 steps of 1 h; a plan needs at least 24 steps and 1 d; give a longer",
    ),
    "an hour by the minute": (
        minutes,
        "",
        "is too short: 58 steps of 1 min; a plan needs at least 24 steps and 1 d",
    ),
    "time": (
        rename(0, "time"),
        "",
        "has no column timestamp (found 'time', 'demand', 'peak'); rename 'time' to 'timestamp'",
    ),
    "Demand": (
        rename(1, "Demand"),
        "",
        "has no column demand (found 'timestamp', 'Demand', 'peak'); rename 'Demand' to 'demand'",
    ),
    "value": (rename(1, "value"), "", "rename 'value' to 'demand'"),
    "demnad": (rename(1, "demnad"), "", "rename 'demnad' to 'demand'"),
    "nothing like demand": (
        rename(1, "zzz"),
        "",
        "has no column demand (found 'timestamp', 'zzz',",
    ),
    "Peak": (
        rename(2, "Peak"),
        "",
        "has a column 'Peak' that may be meant as 'peak'; rename it to 'peak', or to something",
    ),
    "demand twice": (second_demand, "", "has the column demand twice; keep one"),
    "an open quote": (
        put(49, 1, '"48'),
        "line 49",
        "is not well-formed CSV (unexpected end of data); mend the quoting",
    ),
    "gzip": (instead(b"\x1f\x8b\x08\x00"), "", "is compressed (gzip); decompress it first"),
    "a spreadsheet": (instead(b"PK\x03\x04.."), "", "is a zip archive or a spreadsheet; save"),
    "UTF-16": (
        lambda rows: csv_text(rows).encode("utf-16"),
        "",
        "is UTF-16 text; save it as UTF-8",
    ),
    "Latin-1": (
        lambda rows: csv_text(rows).encode() + b"\xe9",
        "",
        "is neither Parquet nor UTF-8 text (byte ",
    ),
    "too long a gap": (
        drop(10, 16),
        "line 10",
        (
            "a gap of 7 h from 2026-03-01T08:00:00Z to 2026-03-01T15:00:00Z, longer than the 6 h that "
            "may be filled; fill it from another source, cut the series there, or raise --max-gap"
        ),
    ),
    "too many gaps": (
        thin_out,
        "",
        (
            "5 of 47 steps are missing (10.6%, the first from 2026-03-01T07:00:00Z to "
            "2026-03-01T08:00:00Z); at most 5% may be filled; export the series again"
        ),
    ),
}


@pytest.mark.parametrize(("edit", "place", "message"), REJECTED.values(), ids=REJECTED.keys())
def test_rejects(edit: Edit, place: str, message: str, rows: Rows) -> None:
    with pytest.raises(InputError) as caught:
        read(edited(rows, edit))
    where = f"standard input, {place}" if place else "standard input"
    assert caught.value.where == where
    assert str(caught.value).startswith(f"{where}: ")
    assert message in str(caught.value)
    assert caught.value.mend
    assert "\n" not in str(caught.value)


def test_a_line_is_counted_past_blank_lines_and_line_breaks_in_quotes(rows: Rows) -> None:
    content = "\n\ntimestamp,demand,note\n" + '2026-03-01T00:00:00Z,1,"two\nlines"\n\n' + "x,2,n\n"
    with pytest.raises(InputError, match=r"^standard input, line 7: timestamp 'x' is no instant"):
        read(content)


def test_names_the_file_and_takes_its_name(tmp_path: Path, rows: Rows) -> None:
    path = tmp_path / "gpu.trace.csv"
    path.write_text(csv_text(rows))
    series = read_series(path)
    assert (series.name, series.source) == ("gpu.trace", "gpu.trace.csv")
    assert series.digest == sha256(path.read_bytes())
    assert read_series(str(path), name="pool").name == "pool"
    path.write_text(csv_text(rows[:1]))
    with pytest.raises(InputError) as caught:
        read_series(path)
    assert caught.value.where == str(path)


def test_a_missing_file_is_one_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file; check the path"):
        read_series(tmp_path / "absent.csv")


def test_reads_the_process_standard_input(rows: Rows) -> None:
    program = (
        "from trimtab.demand.reader import read_series\n"
        "s = read_series('-')\n"
        "print(s.name, s.source, len(s), s.digest)\n"
    )
    content = csv_text(rows).encode()
    done = subprocess.run(
        [sys.executable, "-c", program], input=content, capture_output=True, check=True
    )
    assert done.stdout.decode().split() == ["stdin", "stdin", "48", sha256(content)]


def test_without_a_zone_it_is_utc_and_the_evidence_says_so(rows: Rows) -> None:
    series = read(edited(rows, every(0, lambda cell: cell.rstrip("Z"))))
    assert series.start == START
    assert series.repairs == ("Timestamps carry no time zone: taken as UTC.",)


def test_a_gap_is_filled_by_a_straight_line_and_recorded(rows: Rows) -> None:
    series = read(edited(rows, drop(10, 11)))
    assert series.demand.tolist() == [*range(1, 49)]
    assert series.peak is not None
    assert series.peak.tolist() == [n + 0.5 for n in range(1, 49)]
    assert series.repairs == (
        (
            "Gap from 2026-03-01T08:00:00Z to 2026-03-01T10:00:00Z (2 steps of 1 h): "
            "filled by a straight line."
        ),
    )


def test_the_longest_gap_is_the_callers(rows: Rows) -> None:
    content = edited(rows, drop(10, 11))
    assert len(read(content, max_gap=2 * HOUR)) == 48
    with pytest.raises(InputError, match=r"a gap of 2 h .* longer than the 1 h"):
        read(content, max_gap=HOUR)
    with pytest.raises(InputError, match=r"longer than the 0 s"):
        read(content, max_gap=timedelta(0))
    with pytest.raises(InputError, match="--max-gap: is negative; give 0h or more"):
        read(content, max_gap=-HOUR)


def test_a_century_of_a_gap_is_refused_before_it_is_filled(rows: Rows) -> None:
    content = edited(rows, put(49, 0, "2199-03-02T23:00:00Z"))
    with pytest.raises(InputError, match="steps are missing"):
        read(content, max_gap=timedelta(days=100_000))
