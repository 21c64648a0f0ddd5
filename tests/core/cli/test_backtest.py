"""`trimtab backtest`: what it prints, what it writes, and what it refuses."""

import json
import re
from pathlib import Path

import pytest

from support.cli import START, Cli, write_series
from trimtab.clock import format_instant
from trimtab.errors import ExitCode

HEADER = (
    "provider,region,instance_type,vcpu,memory_gib,accelerator,accelerator_count,"
    "on_demand_usd_hour,spot_usd_hour,reserved_1y_usd_hour,reserved_3y_usd_hour,as_of,source\n"
)
OFFERS = (
    "aws,us-east-1,p4d.24xlarge,96,1152,a100-40gb,8,32,8,19.2,12.8,2026-05-01,test\n"
    "aws,us-west-2,p4d.24xlarge,96,1152,a100-40gb,8,33,,,,2026-05-01,test\n"
    "aws,us-east-1,p4de.24xlarge,96,1152,a100-80gb,8,,8,19.2,12.8,2026-05-01,test\n"
)
PRICED = ("--on-demand", "10", "--reserved", "6", "--term", "28d")


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> Cli:
    return Cli(capsys)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, with series, traces, a price table and a grid's carbon."""
    monkeypatch.chdir(tmp_path)
    write_series(tmp_path / "gpus.csv", days=6)
    write_series(tmp_path / "other_gpus.csv", days=4, level=20)
    write_series(tmp_path / "nodes.csv", days=4, level=20)
    write_series(tmp_path / "brief.csv", days=1)
    ticks = [f"{tick * 1800},{int(tick % 12 != 0)}" for tick in range(2 * 24 * 2)]
    trace = "\n".join(["offset_seconds,available", *ticks]) + "\n"
    (tmp_path / "zone-a.csv").write_text(trace, encoding="utf-8")
    (tmp_path / "zone-b.csv").write_text(trace.replace(",1\n", ",2\n"), encoding="utf-8")
    (tmp_path / "empty.csv").write_text("offset_seconds,available\n", encoding="utf-8")
    (tmp_path / "offers.csv").write_text(HEADER + OFFERS, encoding="utf-8")
    hours = [f"{format_instant(START.replace(hour=hour))},{100 + hour}" for hour in range(24)]
    carbon = "\n".join(["timestamp,gco2e_per_kwh", *hours]) + "\n"
    (tmp_path / "grid.csv").write_text(carbon, encoding="utf-8")
    (tmp_path / "holed.csv").write_text(carbon.replace(f"{hours[3]}\n", ""), encoding="utf-8")
    return tmp_path


def replayed(cli: Cli, *arguments: str) -> dict[str, dict[str, float | None]]:
    """The first series' rows by policy."""
    ran = cli("backtest", "--demand", "gpus.csv", *arguments, "--format", "json")
    assert ran.status == ExitCode.OK, ran.err
    return {row["policy"]: row for row in json.loads(ran.out)["series"][0]["policies"]}


def test_steady_demand_is_charged_by_hand(cli: Cli) -> None:
    """80 units for the last 72 h: 10 $ on demand, 6 $ committed, which is the optimum."""
    rows = replayed(cli, *PRICED)
    assert rows["clairvoyant optimum"]["usd"] == 80 * 72 * 6
    assert rows["all on-demand"]["usd"] == 80 * 72 * 10
    assert rows["all on-demand"]["over_optimum"] == pytest.approx(2 / 3)
    assert rows["residual CE 7 d, once"]["over_optimum"] == 0
    assert rows["residual CE 7 d, once"]["purchases"] == 1
    assert rows["residual CE 7 d, once"]["units_purchased"] == 80
    assert rows["ski-rental"]["purchases"] == 0
    assert {row["shortage_unit_hours"] for row in rows.values()} == {0}
    assert {row["kgco2e"] for row in rows.values()} == {None}
    assert {"planner", "best constant in hindsight", "reactive autoscaler"} <= set(rows)


def test_a_full_term_is_charged_beyond_the_series(cli: Cli) -> None:
    rows = replayed(cli, *PRICED, "--full-term")
    assert rows["residual CE 7 d, once"]["usd"] == 80 * 672 * 6
    assert rows["residual CE 7 d, once"]["usd_beyond_series"] == 80 * (672 - 72) * 6
    assert rows["clairvoyant optimum"]["usd"] == 80 * 72 * 10


def test_spot_serves_what_its_zones_offer(cli: Cli) -> None:
    """Of two zones alike, each is down for one hour in six; 30 units each when up."""
    traces = ("--spot-availability", "zone-a.csv", "--spot-availability", "zone-b.csv")
    rows = replayed(cli, *PRICED, "--spot", "2", *traces, "--spot-depth", "30", "--restart", "1h")
    spot = rows["on-demand + spot"]
    assert spot["spot_unit_hours"] == 60 * 60
    assert spot["on_demand_unit_hours"] == 80 * 72 - 60 * 60
    # The first hour replayed finds both zones down: nothing to take away.
    assert spot["interruptions"] == 11 * 60
    assert spot["usd"] == 3600 * 2 + (80 * 72 - 3600) * 10 + 11 * 60 * 10
    assert "SpotHedge" in rows
    assert "replayed CE 14 d, rolling" in rows


def test_a_zone_offers_what_its_trace_counts_unless_a_depth_is_given(cli: Cli) -> None:
    ran = cli(
        *("backtest", "--demand", "gpus.csv", *PRICED, "--spot", "2"),
        *("--spot-availability", "zone-b.csv", "--out", "all.json"),
    )
    assert ran.status == ExitCode.OK
    assert "as many units as its trace counts" in ran.err
    assert "48 h of spot availability are repeated over 144 h" in ran.err
    hourly = json.loads(Path("all.json").read_text("utf-8"))["series"][0]["hourly"]
    assert hourly["spot_available"]["zone-b"][:7] == [0, 2, 2, 2, 2, 2, 0]


def test_prices_come_from_an_offer_over_its_units(cli: Cli) -> None:
    here = ("--offers", "offers.csv", "--instance-type", "p4d.24xlarge", "--region", "us-east-1")
    one = replayed(cli, *here)
    assert one["all on-demand"]["usd"] == 80 * 72 * 4
    assert one["clairvoyant optimum"]["usd"] == pytest.approx(80 * 72 * 2.4)
    three = replayed(cli, *here, "--commitment", "3y")
    assert three["clairvoyant optimum"]["usd"] == pytest.approx(80 * 72 * 1.6)
    halved = replayed(cli, *here, "--units-per-node", "4")
    assert halved["all on-demand"]["usd"] == 80 * 72 * 8


def test_what_runs_emits_by_the_grids_hour(cli: Cli) -> None:
    rows = replayed(cli, *PRICED, "--carbon", "grid.csv", "--kwh-per-unit-hour", "0.5")
    a_day = sum(100 + hour for hour in range(24)) * 0.5 * 80 / 1000
    assert rows["all on-demand"]["kgco2e"] == pytest.approx(3 * a_day)


def test_a_shift_moves_the_demand(cli: Cli) -> None:
    rows = replayed(cli, *PRICED, "--shift", "0.5@0.75")
    assert rows["all on-demand"]["usd"] == (80 * 36 + 40 * 36) * 10


def test_hours_at_their_limit_are_said_and_replayed_as_measured(cli: Cli, folder: Path) -> None:
    rows = (folder / "gpus.csv").read_text("utf-8").splitlines()
    limited = [
        f"{rows[0]},limit",
        *(f"{row},{80 if hour < 9 else 99}" for hour, row in enumerate(rows[1:])),
    ]
    (folder / "capped_gpus.csv").write_text("\n".join(limited) + "\n", encoding="utf-8")
    ran = cli("backtest", "--demand", "capped_gpus.csv", *PRICED)
    assert ran.status == ExitCode.OK, ran.err
    assert "note: capped_gpus: 9 of 144 hours were at their limit" in ran.err


def test_several_series_are_pooled_with_their_range(cli: Cli) -> None:
    arguments = ("backtest", "--demand", "gpus.csv", "--demand", "other_gpus.csv", *PRICED)
    data = json.loads(cli(*arguments, "--format", "json").out)
    (pooled,) = [row for row in data["pooled"] if row["policy"] == "all on-demand"]
    assert pooled["usd"] == 10 * (80 * 72 + 20 * 48)
    assert pooled["over_optimum"] == pytest.approx(2 / 3)
    assert pooled["over_optimum_min"] == pooled["over_optimum_max"]
    table = cli(*arguments)
    assert (
        "note: gpus has 86% of all demand replayed: pooled figures are mostly its own" in table.err
    )
    assert "2 series: cost over the sum of the optima" in table.out
    assert table.out.index("gpus: 3.0 d") < table.out.index("other_gpus: 2.0 d")


def test_capacity_ordered_ahead_stands_beside_autoscalers(cli: Cli, folder: Path) -> None:
    """80 units at all times: an autoscaler without headroom lacks nothing, and so does the planner."""
    arguments = ("backtest", "--demand", "gpus.csv", *PRICED, "--lead", "2h")
    data = json.loads(cli(*arguments, "--format", "json").out)
    assert data["ordered_ahead"]["lead_hours"] == 2
    points = data["series"][0]["ordered_ahead"]
    assert [point["headroom"] for point in points] == [0, 0.1, 0.2, 0.3, 0.5]
    assert points[0]["autoscaler_usd"] == points[0]["planner_usd"] == 80 * 72 * 10
    assert points[4]["autoscaler_usd"] == pytest.approx(1.5 * 80 * 72 * 10)
    assert {point["planner_shortage_unit_hours"] for point in points} == {0}
    assert {point["shortage_over_autoscaler"] for point in points} == {None}
    assert "gpus: capacity ordered 2 h ahead" in cli(*arguments).out
    assert cli(*arguments, "--html", "r.html").status == ExitCode.OK
    assert "Capacity ordered 2 h ahead" in (folder / "r.html").read_text("utf-8")


def test_several_series_are_ordered_for_under_one_setting(cli: Cli) -> None:
    arguments = ("backtest", "--demand", "gpus.csv", "--demand", "other_gpus.csv", *PRICED)
    data = json.loads(cli(*arguments, "--format", "json").out)
    first = data["ordered_ahead"]["pooled"][0]
    assert first["autoscaler_usd"] == 10 * (80 * 72 + 20 * 48)
    assert first["behind_beyond_noise"] == []
    assert "2 series, one setting for all: capacity ordered 1 h ahead" in cli(*arguments).out


def test_the_table_is_sorted_by_cost_with_the_optimum_first(cli: Cli) -> None:
    ran = cli("backtest", "--demand", "gpus.csv", *PRICED)
    lines = [line.strip() for line in ran.out.splitlines()]
    lines = lines[: next(n for n, line in enumerate(lines) if "ordered 1 h ahead" in line)]
    rows = [line for line in lines if line.endswith(tuple("0123456789"))]
    assert rows[0].startswith("clairvoyant optimum")
    assert rows[-1].startswith(("all on-demand", "reactive autoscaler", "ski-rental"))
    assert "over" in ran.out
    assert "note: a term of 28 d outlasts the 72 h replayed" in ran.err


def test_the_files_are_whole_and_the_same_again(cli: Cli, folder: Path) -> None:
    arguments = ("backtest", "--demand", "gpus.csv", *PRICED, "--html", "r.html", "--out", "r.json")
    assert cli(*arguments).status == ExitCode.OK
    first = [(folder / name).read_bytes() for name in ("r.html", "r.json")]
    assert cli(*arguments).status == ExitCode.OK
    assert first == [(folder / name).read_bytes() for name in ("r.html", "r.json")]
    assert first[0].startswith(b"<!DOCTYPE html>")
    hourly = json.loads(first[1])["series"][0]["hourly"]["policies"]
    by_name = {each["policy"]: each for each in hourly}
    assert by_name["all on-demand"]["usd"] == [800] * 72
    assert by_name["residual CE 7 d, once"]["purchases"] == [
        {"start": "2026-06-04T00:00:00Z", "quantity": 80, "product": "28 d"}
    ]


def test_a_narrow_terminal_shows_every_policy_and_cost_whole(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    traces = ("--spot", "2", "--spot-availability", "zone-a.csv")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    ran = cli("backtest", "--demand", "gpus.csv", *PRICED, *traces)
    assert ran.status == ExitCode.OK, ran.err
    assert max(map(len, ran.out.splitlines())) <= 80
    assert "best constant in hindsight" in ran.out
    (dearest,) = [line for line in ran.out.splitlines() if "all on-demand" in line]
    assert f"{80 * 72 * 10:,}" in dearest
    assert "…" not in ran.out
    assert "note: no room in 80 columns for $/unit-h, purchases, units bought" in ran.err


def test_what_is_not_known_or_not_used_has_no_column(cli: Cli) -> None:
    out = cli("backtest", "--demand", "gpus.csv", *PRICED).out
    assert "CO2e" not in out
    assert "interrupted" not in out
    grid = ("--carbon", "grid.csv", "--kwh-per-unit-hour", "1")
    assert "CO2e" in cli("backtest", "--demand", "gpus.csv", *PRICED, *grid).out


def test_the_type_that_the_examples_name_has_every_price_built_in(cli: Cli) -> None:
    """The examples of the help and of the page are to be copied."""
    shown = cli("backtest", "--help").out
    found = re.search(r"--instance-type (\S+) --region (\S+)", shown)
    assert found
    page = Path(__file__).parents[3] / "docs" / "cli.md"
    assert f"--instance-type {found[1]} --region {found[2]}" in page.read_text("utf-8")
    where = ("--instance-type", found[1], "--region", found[2])
    ran = cli("backtest", "--demand", "gpus.csv", *where)
    assert ran.status == ExitCode.OK, ran.err
    assert "spot is not replayed" in ran.err
    assert "no commitment is on sale" not in ran.err


@pytest.mark.parametrize(
    ("arguments", "phrase"),
    [
        (("--on-demand", "10", "--reserved", "11"), "at $11 is not below on-demand at $10"),
        (("--on-demand", "10"), "no commitment is on sale: every policy commits nothing"),
        ((*PRICED, "--spot", "3"), "spot is not replayed: no --spot-availability is given"),
        (
            (*PRICED, "--spot", "12", "--spot-availability", "zone-a.csv"),
            "spot at $12 is not below on-demand at $10: it is never used",
        ),
        ((*PRICED, "--unit", "gpus", "--shift", "2@0.5"), "multiplied by 2 from 50% of the series"),
        (
            (*PRICED, "--carbon", "grid.csv", "--kwh-per-unit-hour", "1"),
            "grid.csv speaks of another time",
        ),
        (PRICED[:4], "gpus: the planner never commits: it binds a term of 365 d only after 28 d"),
        (
            (*PRICED[:4], "--term", "56d"),
            "gpus: the planner at first commits nothing: it binds a term of 56 d only after 4.3 d",
        ),
    ],
)
def test_what_a_reader_must_know_is_said(cli: Cli, arguments: tuple[str, ...], phrase: str) -> None:
    ran = cli("backtest", "--demand", "gpus.csv", *arguments)
    assert ran.status == ExitCode.OK, ran.err
    (said,) = [line for line in ran.err.splitlines() if phrase in line]
    assert said.startswith("note: ")


HERE = ("--offers", "offers.csv", "--instance-type")


@pytest.mark.parametrize(
    ("arguments", "phrase"),
    [
        ((), "--on-demand: no price is given; give it per unit-hour, or --instance-type"),
        (("--on-demand", "-1"), "--on-demand: -1 is no price"),
        (("--on-demand", "0"), "--on-demand: 0 is no price; give US dollars per unit-hour, above"),
        (("--on-demand", "nan"), "--on-demand: nan is no price"),
        ((*PRICED, "--reserved", "-2"), "--reserved: -2 is no price"),
        ((*PRICED, "--spot", "inf"), "--spot: inf is no price"),
        ((*PRICED, "--instance-type", "p4d.24xlarge"), "--instance-type: prices come either from"),
        ((*PRICED, "--region", "us-east-1"), "--region: needs --instance-type"),
        ((*HERE, "p4d"), "--instance-type: 'p4d' is not in offers.csv"),
        ((*HERE, "p4d.24xlarge"), "p4d.24xlarge is on offer in 2 regions of offers.csv"),
        (
            (*HERE, "p4d.24xlarge", "--region", "eu-west-1"),
            "--region: p4d.24xlarge is not on offer there in offers.csv; use one of us-east-1, us",
        ),
        ((*HERE, "p4de.24xlarge"), "p4de.24xlarge: has no on-demand price"),
        (
            (*HERE, "p4d.24xlarge", "--region", "us-east-1", "--unit", "replicas"),
            "--units-per-node: how many replicas a p4d.24xlarge serves is not known; state it",
        ),
        ((*PRICED, "--term", "90min"), "--term: '90min' is not a whole number of hours"),
        ((*PRICED, "--term", "1y"), "--term: '1y' is no duration"),
        ((*PRICED, "--decide-every", "0h"), "--decide-every: '0h' is not a whole number of hours"),
        ((*PRICED, "--lead", "30min"), "--lead: '30min' is not a whole number of hours"),
        ((*PRICED, "--lead", "25h"), "--lead: '25h' is longer than 24 h; give 24 h at most"),
        (("--on-demand", "1e7"), "--on-demand: 1e+07 is more than $1,000,000 per unit-hour"),
        ((*PRICED, "--shift", "1e300@0.5"), "--shift: makes gpus 8e+301, more than 1e+12"),
        ((*PRICED, "--html", "-"), "--html -: standard output has the result; name a file"),
        ((*PRICED, "--html", "r", "--out", "./r"), "--out r: is the file of --html; name another"),
        ((*PRICED, "--launch", "2h"), "--launch: '2h' is longer than 1 h"),
        ((*PRICED, "--split", "1"), "--split: 1 is no share between 0 and 1"),
        (
            (*PRICED, "--split", "0.1"),
            "gpus.csv: 144 h are too few to split at 0.1: 14 h of history and 130 h to replay",
        ),
        ((*PRICED, "--shift", "0.7"), "--shift: '0.7' is no shift; write FACTOR@SHARE"),
        ((*PRICED, "--shift", "0.7@1.5"), "--shift: '0.7@1.5' is no shift"),
        ((*PRICED, "--demand", "nodes.csv"), "the series count different units: gpus, nodes"),
        ((*PRICED, "--demand", "gpus.csv"), "--demand: two series are called gpus"),
        ((*PRICED, "--spot-depth", "3"), "--spot-depth: needs --spot-availability"),
        (
            (*PRICED, "--spot-availability", "zone-a.csv"),
            "--spot-availability: spot has no price; give --spot",
        ),
        (
            (*PRICED, "--spot", "1", "--spot-availability", "empty.csv"),
            "empty.csv: has no row below its header",
        ),
        (
            (*PRICED, "--spot", "1", "--spot-availability", "zone-a.csv", "--spot-depth", "0"),
            "--spot-depth: 0 units are no depth",
        ),
        (
            (*PRICED, "--spot", "1", *("--spot-availability", "zone-a.csv") * 2),
            "--spot-availability: two traces are called zone-a",
        ),
        ((*PRICED, "--carbon", "grid.csv"), "--kwh-per-unit-hour: is missing"),
        ((*PRICED, "--kwh-per-unit-hour", "1"), "--carbon: is missing"),
        (
            (*PRICED, "--carbon", "grid.csv", "--kwh-per-unit-hour", "-1"),
            "--kwh-per-unit-hour: -1 kWh is no energy",
        ),
        (
            (*PRICED, "--carbon", "holed.csv", "--kwh-per-unit-hour", "1"),
            "holed.csv, line 5, column timestamp: 2026-06-01T04:00:00Z does not come an hour after",
        ),
        ((*PRICED, "--html", "nowhere/r.html"), "--html nowhere/r.html: its folder does not exist"),
        ((*PRICED, "--out", "gpus.csv"), "--out gpus.csv: is an input"),
    ],
)
def test_a_mistake_is_one_line(cli: Cli, arguments: tuple[str, ...], phrase: str) -> None:
    cli.refused(["backtest", "--demand", "gpus.csv", *arguments], ExitCode.BAD_INPUT, phrase)


def test_demand_within_the_solvers_rounding_is_refused(cli: Cli, folder: Path) -> None:
    write_series(folder / "crumbs_gpus.csv", days=4, level=3e-8)
    cli.refused(
        ["backtest", "--demand", "crumbs_gpus.csv", *PRICED],
        ExitCode.BAD_INPUT,
        "crumbs_gpus.csv: demand never exceeds 3e-08, which can't be told from the solver's",
    )


def test_a_series_too_short_to_split_is_refused(cli: Cli) -> None:
    cli.refused(
        ["backtest", "--demand", "brief.csv", *PRICED],
        ExitCode.BAD_INPUT,
        "brief.csv: 24 h are too few to split at 0.5: 12 h of history and 12 h to replay",
    )
