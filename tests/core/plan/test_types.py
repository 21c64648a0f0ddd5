"""The documents' scalars: strict, and the same with or without protobuf between."""

import math
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from trimtab.clock import format_instant
from trimtab.plan.types import (
    Amount,
    AnnotationKey,
    Count,
    Digest,
    DnsLabel,
    Document,
    Flag,
    Instant,
    Invariant,
    LabelValue,
    Name,
    Namespace,
    PositiveAmount,
    PositiveCount,
    QualifiedName,
    Share,
    ShortText,
    Text,
    to_camel,
)

HASH = "sha256:" + "0123456789abcdef" * 4

ACCEPTED: list[tuple[Any, object, object]] = [
    (Count, 0, 0), (Count, 3, 3), (Count, 3.0, 3), (Count, -0.0, 0), (Count, 100_000, 100_000),
    (PositiveCount, 1, 1), (PositiveCount, 1.0, 1),
    (Amount, 0, 0.0), (Amount, 3, 3.0), (Amount, 0.1, 0.1), (Amount, 1e300, 1e300),
    (PositiveAmount, 5e-324, 5e-324),
    (Share, 0, 0.0), (Share, 1, 1.0), (Share, 0.25, 0.25),
    (Flag, True, True), (Flag, False, False),
    (Text, "", ""), (Text, "a\nb", "a\nb"), (Text, "x" * 1024, "x" * 1024),
    (ShortText, "x", "x"), (ShortText, "é" * 253, "é" * 253),
    (DnsLabel, "a", "a"), (DnsLabel, "a-1", "a-1"), (DnsLabel, "1" * 40, "1" * 40),
    (Namespace, "n" * 63, "n" * 63),
    (Name, "a.b-c.d", "a.b-c.d"), (Name, "a" * 253, "a" * 253),
    (QualifiedName, "gpu", "gpu"), (QualifiedName, "nvidia.com/gpu", "nvidia.com/gpu"),
    (QualifiedName, "A_b.C-d", "A_b.C-d"), (QualifiedName, "k" * 63, "k" * 63),
    (AnnotationKey, "Example.COM/x", "Example.COM/x"),
    (LabelValue, "", ""), (LabelValue, "v1.2_x-Y", "v1.2_x-Y"), (LabelValue, "v" * 63, "v" * 63),
    (Digest, HASH, HASH),
    (Instant, "2026-03-01T00:00:00Z", datetime(2026, 3, 1, tzinfo=UTC)),
    (Instant, "2026-03-01T01:00:00+01:00", datetime(2026, 3, 1, tzinfo=UTC)),
    (Instant, "2026-02-28T18:30:00-05:30", datetime(2026, 3, 1, tzinfo=UTC)),
    (Instant, datetime(2026, 3, 1, 5, tzinfo=timezone(timedelta(hours=5))),
     datetime(2026, 3, 1, tzinfo=UTC)),
    (Instant, datetime(2026, 3, 1, 0, 0, 0, 999, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC)),
]  # fmt: skip

NOT_NUMBERS = ["3", "", True, False, None, [], {}, math.nan, math.inf, -math.inf, b"3", -1, -0.5]
NOT_TEXT = [3, 3.0, True, None, b"x", ["x"], {"x": 1}]
NOT_INSTANTS = [
    "2026-03-01", "20260301", "2026-03-01T00:00", "2026-03-01T00:00:00", "2026-03-01 00:00:00Z",
    "2026-03-01t00:00:00z", "2026-03-01T00:00:00.5Z", "2026-03-01T24:00:00Z", "2026-W10-1",
    "2026-03-01T00:00:60Z", "2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "1604012400000",
    "0001-01-01T00:00:00Z", "2026-03-01T00:00:00+14:00", " 2026-03-01T00:00:00Z",
    "2026-03-01T00:00:00Z\n", "٢٠٢٦-03-01T00:00:00Z", "", 1_772_323_200, 1.5, True, None,
    date(2026, 3, 1), datetime(2026, 3, 1),  # noqa: DTZ001 - naive on purpose
]  # fmt: skip

REJECTED: list[tuple[Any, object]] = [
    *((kind, value) for kind in (Count, PositiveCount, Amount, PositiveAmount, Share)
      for value in NOT_NUMBERS),
    (Count, 2.5), (Count, 100_001), (Count, 10**30), (PositiveCount, 0), (PositiveAmount, 0),
    (Amount, 10**400), (Share, 1.0000001),
    (Flag, 1), (Flag, 0), (Flag, "true"), (Flag, None),
    *((kind, value)
      for kind in (Text, ShortText, DnsLabel, Namespace, Name, QualifiedName, LabelValue, Digest)
      for value in NOT_TEXT),
    (Text, "x" * 1025), (ShortText, ""), (ShortText, "x" * 254),
    *((DnsLabel, value) for value in ("", "-a", "a-", "A", "a.b", "a_b", "a" * 41, "a\n", "é")),
    (Namespace, "n" * 64), (Namespace, "a.b"),
    *((Name, value) for value in ("", ".a", "a.", "a..b", "a-.b", "a.-b", "A", "a" * 254)),
    *((QualifiedName, value)
      for value in ("", "/a", "a/", "a/b/c", "A.com/x", "a b", "-a", "a-", "k" * 64, "a.com/" + "k" * 64)),
    *((AnnotationKey, value) for value in ("", "/a", "a b/c", "a/")),
    *((LabelValue, value) for value in ("-", "a-", ".a", "a b", "a/b", "v" * 64, "é")),
    *((Digest, value)
      for value in ("", "sha256:", HASH[:-1], HASH + "0", HASH.upper(), "md5:" + HASH[7:])),
    *((Instant, value) for value in NOT_INSTANTS),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "value", "result"), ACCEPTED)
def test_accepts(kind: Any, value: object, result: object) -> None:
    found = TypeAdapter(kind).validate_python(value)
    assert found == result
    assert type(found) is type(result)


@pytest.mark.parametrize(("kind", "value"), REJECTED)
def test_rejects(kind: Any, value: object) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(kind).validate_python(value)


def test_the_error_of_an_instant_shows_one() -> None:
    with pytest.raises(ValidationError, match=r"no instant .*such as 2026-03-01T00:00:00Z"):
        TypeAdapter(Instant).validate_python("tomorrow")


@given(
    st.datetimes(datetime(2000, 1, 2), datetime(2999, 12, 30)),  # noqa: DTZ001
    st.integers(-13 * 60, 13 * 60),
)
def test_an_instant_is_written_in_utc_and_reads_back(naive: datetime, offset: int) -> None:
    adapter: TypeAdapter[datetime] = TypeAdapter(Instant)
    instant = naive.replace(tzinfo=timezone(timedelta(minutes=offset)))
    parsed = adapter.validate_python(instant)
    written = adapter.dump_python(parsed, mode="json")
    assert written == format_instant(instant)
    assert adapter.validate_python(written) == parsed


@given(st.text(max_size=20))
def test_a_prefix_free_label_key_is_a_label_value(text: str) -> None:
    """Kubernetes: a key's name has the syntax of a non-empty value."""

    def valid(kind: Any) -> bool:
        try:
            TypeAdapter(kind).validate_python(text)
        except ValidationError:
            return False
        return True

    if "/" not in text and text:
        assert valid(QualifiedName) == valid(LabelValue)


@pytest.mark.parametrize(
    ("name", "camel"),
    [
        ("as_of", "asOf"),
        ("gco2e_per_hour", "gco2ePerHour"),
        ("kgco2e_per_hour", "kgco2ePerHour"),
        ("coverage80", "coverage80"),
        ("usd_per_hour_unapproved", "usdPerHourUnapproved"),
    ],
)
def test_camel_case(name: str, camel: str) -> None:
    assert to_camel(name) == camel


class Range(Document):
    """A range."""

    low_end: Count
    high_end: Count
    note: Text = "none"

    invariants = (
        Invariant("low must not exceed high", lambda r: r.low_end <= r.high_end,
                  "self.lowEnd <= self.highEnd"),
    )  # fmt: skip


class TestDocument:
    def test_an_invariant_is_an_error_with_its_message(self) -> None:
        with pytest.raises(ValidationError, match="low must not exceed high"):
            Range(low_end=2, high_end=1)

    def test_null_is_absent_for_what_it_knows_alone(self) -> None:
        assert Range.model_validate({"lowEnd": 1, "highEnd": 2, "note": None}).note == "none"
        with pytest.raises(ValidationError, match=r"lowEnd\n\s+Field required"):
            Range.model_validate({"lowEnd": None, "highEnd": 2})
        with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
            Range.model_validate({"lowEnd": 1, "highEnd": 2, "colour": None})

    def test_its_schema_carries_the_rule(self) -> None:
        assert Range.model_json_schema()["x-kubernetes-validations"] == [
            {"rule": "self.lowEnd <= self.highEnd", "message": "low must not exceed high"}
        ]
