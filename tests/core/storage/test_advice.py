"""What to do with claims: each rule on a claim of its own, and what holds of any."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trimtab.errors import InputError
from trimtab.pricing.book import built_in_book
from trimtab.storage.advice import Action, Advice, advise, reason
from trimtab.storage.backends import LATENCIES, backends
from trimtab.storage.claims import Claims, read_claims

BOOK = built_in_book()
HEADER = (
    "claim,backend,gib,used_gib,iops,mibps,iops_p95,mibps_p95,days_since_access,measured_days,bound"
)


def reviewed(tmp_path: Path, *rows: str) -> tuple[Claims, Advice]:
    file = tmp_path / "claims.csv"
    file.write_text("\n".join([HEADER, *rows]) + "\n", encoding="utf-8")
    claims = read_claims(file)
    return claims, advise(claims, "us-east-1", BOOK)


@pytest.mark.parametrize(
    ("row", "action", "target", "saving"),
    [
        # 100 GiB of gp3, 80 used: 95 would do, which saves 40 cents.
        ("a,ebs-gp3,100,80,,,500,20,0,30,yes", Action.KEEP, "ebs-gp3", 0.0),
        # 9000 IOPS and 500 MiB/s that nobody uses: 6000 x 0.005 + 375 x 0.04.
        ("a,ebs-gp3,100,80,9000,500,500,20,0,30,yes", Action.RETUNE, "ebs-gp3", 45.0),
        # 1000 GiB with 100 used: 118 do.
        ("a,ebs-gp3,1000,100,,,500,20,0,30,yes", Action.SHRINK, "ebs-gp3", 882 * 0.08),
        # io2 for what gp3 gives: 100 x 0.125 + 3000 x 0.065 - 95 x 0.08.
        ("a,ebs-io2,100,80,3000,,1000,20,0,30,yes", Action.MOVE, "ebs-gp3", 207.5 - 95 * 0.08),
        # Not touched for 40 days: disks that turn will do, of their least size.
        ("a,ebs-gp3,500,400,,,5,1,40,60,yes", Action.MOVE, "ebs-sc1", 40.0 - 471 * 0.015),
        # Idle for 75 days: 40 GiB of snapshot for 500 GiB of disk.
        ("a,ebs-gp3,500,40,,,0,0,75,90,yes", Action.SNAPSHOT, "ebs-snapshot", 40.0 - 2.0),
        ("a,ebs-gp3,500,40,,,,,,,no", Action.ORPHANED, "ebs-gp3", 40.0),
        # No pod at the instant, but read yesterday: a job between two runs.
        ("a,ebs-gp3,10,8,,,0,0,1,30,no", Action.KEEP, "ebs-gp3", 0.0),
        ("a,ebs-gp3,10,8,,,7,1,,,no", Action.KEEP, "ebs-gp3", 0.0),
        ("a,ebs-gp3,100,95,,,500,20,0,30,yes", Action.GROW, "ebs-gp3", 0.0),
        ("a,ebs-gp3,100,50,,,2900,20,0,30,yes", Action.GROW, "ebs-gp3", 0.0),
        # Not measured, or not long enough.
        ("a,ebs-gp3,1000,,,,,,0,30,yes", Action.KEEP, "ebs-gp3", 0.0),
        ("a,ebs-gp3,1000,10,9000,,5,1,0,3,yes", Action.KEEP, "ebs-gp3", 0.0),
        ("a,ebs-gp3,1000,10,9000,,5,1,0,,yes", Action.KEEP, "ebs-gp3", 0.0),
        ("a,ebs-gp3,1000,10,9000,,,1,0,30,yes", Action.KEEP, "ebs-gp3", 0.0),
        # Each IOPS of io2 is paid for, and nobody says how many.
        ("a,ebs-io2,100,20,,,500,20,0,30,yes", Action.KEEP, "ebs-io2", np.nan),
        # When it was last touched is not known: nothing slower, no snapshot.
        ("a,ebs-gp3,500,400,,,0,0,,60,yes", Action.KEEP, "ebs-gp3", 0.0),
    ],
    ids=lambda value: value if isinstance(value, str) and "," in value else "",
)
def test_a_claim(tmp_path: Path, row: str, action: Action, target: str, saving: float) -> None:
    claims, advice = reviewed(tmp_path, row)
    assert advice.action_of(0) is action
    assert advice.targets[advice.target[0]] == target
    assert float(advice.saving[0]) == pytest.approx(saving, nan_ok=True)
    assert "\n" not in reason(claims, advice, 0)


def test_a_move_costs_both_copies_for_a_week(tmp_path: Path) -> None:
    _, advice = reviewed(tmp_path, "a,ebs-io2,100,80,3000,,1000,20,0,30,yes")
    assert float(advice.usd_once[0]) == pytest.approx(207.5 * 7 / (730 / 24))


def test_what_has_no_price_saves_nothing_and_is_not_free(tmp_path: Path) -> None:
    file = tmp_path / "claims.csv"
    file.write_text(f"{HEADER}\na,ebs-gp3,1000,10,,,5,1,0,30,yes\n", encoding="utf-8")
    claims = read_claims(file)
    advice = advise(claims, "nowhere-1", BOOK)
    assert np.isnan(advice.usd_now[0])
    assert np.isnan(advice.saving[0])
    assert "its price, or the IOPS that it pays for, is not known" in reason(claims, advice, 0)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("claim,gib\na,1\n", "has neither a column backend nor a column class"),
        ("gib,backend\n1,efs\n", "has no column claim (found gib, backend)"),
        (f"{HEADER}\n", "has no claims"),
        (
            "claim,gib,class\na,10,fast\n",
            "line 2: class fast is not known; give --class fast=BACKEND",
        ),
        ("claim,gib,backend\na,ten,efs\n", "line 2: gib 'ten' is no number of 0 or more"),
        ("claim,gib,backend\na,-1,efs\n", "line 2: gib '-1' is no number of 0 or more"),
        ("claim,gib,backend\na,,efs\n", "line 2: gib is missing or 0"),
        ("claim,gib,backend,used_gib\na,1,efs,2\n", "line 2: used_gib is above gib"),
        ("claim,gib,backend,bound\na,1,efs,maybe\n", "bound 'maybe' is neither yes nor no"),
        ("claim,gib,backend,iops_95\na,1,efs,3\n", "has a column 'iops_95' that may be meant as"),
        ("claim,gib,backend\na,1\n", "line 2: has 2 cells where the header has 3"),
    ],
)
def test_a_mistake_in_the_file_is_told_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "claims.csv"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as error:
        read_claims(file)
    assert said in str(error.value)
    assert str(error.value).startswith(str(file))


def test_classes_that_everybody_names_so_are_known(tmp_path: Path) -> None:
    file = tmp_path / "claims.csv"
    file.write_text("claim,gib,class\na,10,gp3\nb,10,fast\n", encoding="utf-8")
    assert read_claims(file, {"fast": "ebs-io2"}).backend_ids == ("ebs-gp3", "ebs-io2")


maybe = st.none() | st.floats(0, 20_000)
rows = st.lists(
    st.tuples(
        st.sampled_from(["ebs-gp3", "ebs-io2", "ebs-st1", "efs", "fsx-lustre"]),
        st.floats(1, 9_000),
        st.none() | st.floats(0, 1),
        maybe,
        maybe,
        maybe,
        maybe,
        st.none() | st.floats(0, 200),
        st.none() | st.floats(0, 60),
        st.booleans(),
    ),
    min_size=1,
    max_size=8,
)


def built(given_rows: list[tuple[object, ...]]) -> Claims:
    names = [str(row[0]) for row in given_rows]
    ids = tuple(dict.fromkeys(names))
    columns = [
        np.array([np.nan if row[i] is None else row[i] for row in given_rows], dtype=float)
        for i in range(1, 9)
    ]
    gib, share, iops, mibps, iops_p95, mibps_p95, days, measured = columns
    blank = ("",) * len(names)
    return Claims(
        tuple(f"c{i}" for i in range(len(names))),
        np.array([ids.index(name) for name in names]),
        ids,
        gib,
        gib * share,
        iops,
        mibps,
        iops_p95,
        mibps_p95,
        days,
        measured,
        np.array([bool(row[9]) for row in given_rows]),
        blank,
        blank,
    )


@settings(deadline=None, max_examples=150, derandomize=True)
@given(given_rows=rows)
def test_of_any_claims(given_rows: list[tuple[object, ...]]) -> None:
    claims = built(given_rows)
    advice = advise(claims, "us-east-1", BOOK)
    for row in range(len(claims)):
        action = advice.action_of(row)
        if advice.unmeasured[row]:
            assert action in (Action.KEEP, Action.GROW, Action.ORPHANED)
        saving = float(advice.saving[row])
        assert np.isnan(saving) or saving >= 0
        if action in (Action.RETUNE, Action.SHRINK, Action.MOVE):
            assert saving * 3 > advice.usd_once[row]
            target = backends()[advice.targets[advice.target[row]]]
            assert not advice.gib[row] < claims.used_gib[row], "what is stored fits"
            slow = target.latency is None or LATENCIES.index(target.latency) == 2
            own = target.id == claims.backend_ids[claims.backend[row]]
            assert own or not slow or claims.days_since_access[row] >= 30
        alone = advise(built([given_rows[row]]), "us-east-1", BOOK)
        assert alone.action_of(0) is action, "each claim is judged alone"
        assert np.array_equal(alone.saving[0], advice.saving[row], equal_nan=True)
