"""The optional column `limit`: the capacity that was there, from the file to coarser steps."""

import io
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.clock import format_instant
from trimtab.demand.reader import read_series
from trimtab.demand.series import DemandSeries
from trimtab.errors import InputError
from trimtab.forecast.censoring import capped_hours

START = datetime(2026, 3, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
NAN = float("nan")


def text(cells: dict[int, str], header: str = "limit", skip: int | None = None) -> io.BytesIO:
    """48 hours of demand 5 with limit 10, but for some rows' cells; one row may be missing."""
    rows = [
        f"{format_instant(START + n * HOUR)},5,{cells.get(n, '10')}\n"
        for n in range(48)
        if n != skip
    ]
    return io.BytesIO(f"timestamp,demand,{header}\n{''.join(rows)}".encode())


def limit_of(data: io.BytesIO) -> list[float]:
    limit = read_series("-", stdin=data).limit
    assert limit is not None
    return [float(each) for each in limit]


def series(demand: list[float], limit: list[float], step: timedelta = 20 * MINUTE) -> DemandSeries:
    return DemandSeries("pool", START, step, np.array(demand), limit=np.array(limit))


ACCEPTED: dict[str, tuple[dict[int, str], list[float]]] = {
    "a number in every row": ({}, [10.0, 10.0, 10.0]),
    "none for a while": ({1: "", 2: "  "}, [10.0, NAN, NAN]),
    "NaN, as tools write it": ({0: "nan"}, [NAN, 10.0, 10.0]),
    "no capacity at all": ({2: "0"}, [10.0, 10.0, 0.0]),
}


@pytest.mark.parametrize(("cells", "first"), ACCEPTED.values(), ids=ACCEPTED)
def test_accepts(cells: dict[int, str], first: list[float]) -> None:
    limit = limit_of(text(cells))
    assert limit[:3] == pytest.approx(first, nan_ok=True)
    assert limit[3:] == [10.0] * 45


def test_without_the_column_there_is_no_limit() -> None:
    assert read_series("-", stdin=text({}, header="note")).limit is None
    # A name that another tool gives it is not taken for it.
    assert read_series("-", stdin=text({}, header="quota")).limit is None


def test_in_a_gap_that_was_filled_the_limit_is_not_known() -> None:
    assert limit_of(text({}, skip=7)) == pytest.approx(
        [10.0] * 7 + [NAN] + [10.0] * 40, nan_ok=True
    )


REFUSED = {
    "negative": (
        {3: "-1"},
        "standard input, line 5: limit is negative (-1); give the capacity that was there, 0 or more",
    ),
    "infinite": (
        {3: "inf"},
        "standard input, line 5: limit is infinite; leave the cell blank where there is no limit",
    ),
    "absurd": ({3: "1e13"}, "standard input, line 5: limit is 1e+13, more than 1e+12; check its unit"),
    "text": (
        {3: "none"},
        ("standard input, line 5: limit 'none' is not a number; give a number, or leave the cell blank "
        "where the limit is not known"),
    ),
    "nothing at all": (
        dict.fromkeys(range(48), ""),
        ("standard input: has a column limit without a value; give the capacity that was there at each "
        "step, or leave the column out"),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("cells", "message"), REFUSED.values(), ids=REFUSED)
def test_refuses(cells: dict[int, str], message: str) -> None:
    with pytest.raises(InputError) as caught:
        read_series("-", stdin=text(cells))
    assert str(caught.value) == message


def test_a_misspelt_column_is_refused() -> None:
    with pytest.raises(InputError, match="has a column 'Limits' that may be meant as 'limit'"):
        read_series("-", stdin=text({}, header="Limits"))


PARQUET: dict[str, tuple[list[float | None], str, list[float]]] = {
    "doubles with nulls": ([None, 10.0], "float64", [NAN, 10.0]),
    "whole numbers with nulls": ([10, None], "int32", [10.0, NAN]),
}


@pytest.mark.parametrize(("head", "kind", "first"), PARQUET.values(), ids=PARQUET)
def test_parquet(head: list[float | None], kind: str, first: list[float]) -> None:
    assert limit_of(parquet([*head, *[10] * 46], kind))[:3] == pytest.approx(
        [*first, 10], nan_ok=True
    )


@pytest.mark.parametrize("kind", ["float64", "null"])
def test_parquet_without_a_value_is_refused(kind: str) -> None:
    with pytest.raises(InputError, match="has a column limit without a value"):
        read_series("-", stdin=parquet([None] * 48, kind))


def test_parquet_text_is_refused() -> None:
    with pytest.raises(InputError, match="limit is of type string, not a number"):
        read_series("-", stdin=parquet(["10"] * 48, "string"))


def parquet(limit: list[Any], kind: str) -> io.BytesIO:
    pa: Any = pytest.importorskip("pyarrow", reason="the extra trimtab[parquet] is not installed")
    pq: Any = pytest.importorskip("pyarrow.parquet")
    columns = {
        "timestamp": pa.array([START + n * HOUR for n in range(48)], pa.timestamp("us", "UTC")),
        "demand": pa.array([5.0] * 48),
        "limit": pa.array(limit, pa.type_for_alias(kind)),
    }
    buffer = io.BytesIO()
    pq.write_table(pa.table(columns), buffer)
    return io.BytesIO(buffer.getvalue())


def test_a_limit_has_a_value_a_step_and_is_read_only() -> None:
    with pytest.raises(ValueError, match=r"limit .* against demand"):
        DemandSeries("pool", START, HOUR, np.ones(30), limit=np.ones(29))
    limit = series([1.0] * 30, [2.0] * 30).limit
    assert limit is not None
    with pytest.raises(ValueError, match="read-only"):
        limit[0] = 1.0


def test_it_is_cut_and_split_with_the_series() -> None:
    whole = series([1.0] * 90, [float(n) for n in range(90)])
    until = whole.until(START + timedelta(days=1))
    assert until.limit is not None
    assert until.limit.tolist() == [float(n) for n in range(72)]
    split = whole.held(10 * MINUTE)
    assert split.limit is not None
    assert split.limit.tolist() == [n // 2 for n in range(180)]


HOURS = {
    # three steps' demand and limits: the hour's limit, and whether it was at it
    "never at the limit": ([5, 5, 5], [9, 9, 12], 10.0, False),
    "once": ([10, 5, 5], [10, 10, 10], 10.0, False),
    "most of the hour": ([10, 10, 4], [10, 10, 10], 8.0, True),
    "all of it": ([10, 12, 14], [10, 12, 14], 12.0, True),
    "the limit known once": ([5, 5, 5], [NAN, 9, NAN], 9.0, False),
    "reached where it is known, which is seldom": ([9, 9, 9], [NAN, 9, NAN], NAN, False),
    "not known": ([5, 5, 5], [NAN, NAN, NAN], NAN, False),
    # Twice what was there waited, then nothing was wanted: nobody was cut off.
    "at the limit only on average": ([20, 5, 5], [10, 10, 10], NAN, False),
}


@pytest.mark.parametrize(("demand", "limit", "hours", "capped"), HOURS.values(), ids=HOURS)
def test_an_hour_is_at_its_limit_when_half_of_its_steps_were(
    demand: list[float], limit: list[float], hours: float, capped: bool
) -> None:
    hourly = series(demand, limit).hourly()
    assert hourly.limit is not None
    assert hourly.limit.tolist() == pytest.approx([hours], nan_ok=True)
    assert capped_hours(hourly.demand, hourly.limit).tolist() == [capped]


@given(
    values=st.lists(
        st.tuples(st.floats(0, 100), st.just(NAN) | st.floats(0, 100), st.booleans()),
        min_size=6,
        max_size=60,
    )
)
def test_an_hours_mark_is_that_of_its_steps(values: list[tuple[float, float, bool]]) -> None:
    demand = np.array([d for d, _, _ in values])
    limit = np.array([d if at else given for d, given, at in values])
    fine = series(demand.tolist(), limit.tolist(), 30 * MINUTE)
    hourly = fine.hourly()
    assert hourly.limit is not None
    used = len(hourly) * 2
    share = capped_hours(demand[:used], limit[:used]).reshape(-1, 2).mean(axis=1)
    assert capped_hours(hourly.demand, hourly.limit).tolist() == (share >= 0.5).tolist()
