"""The page that describes the planner's rule states the constants that the code decides with."""

from fractions import Fraction
from pathlib import Path

from trimtab.planning.commitment import TRAILING_DAYS
from trimtab.planning.policy import DEFAULT, FIRST_ORIGIN_DAYS, MAX_ORIGINS, STEPS

PAGE = (Path(__file__).parents[3] / "docs" / "backtest.md").read_text("utf-8")


def listed(words: list[str]) -> str:
    return f"{', '.join(words[:-1])} and {words[-1]}"


def test_the_windows_are_the_codes() -> None:
    shares = [str(Fraction(each).limit_denominator(100)) for each in DEFAULT.windows_of_term]
    assert f"windows** of {listed(shares)} of the term" in PAGE
    days = [str(round(28 * share)) for share in DEFAULT.windows_of_term]
    assert f"(28 days, 15 seen: {listed(days)})" in PAGE
    assert f"cut into {STEPS} layers" in PAGE


def test_the_errors_and_thresholds_are_the_codes() -> None:
    spot = f"{DEFAULT.spot_errors:g}² v_s / n_s"
    assert f"error² = {DEFAULT.demand_errors:g}² v / n + {spot}" in PAGE
    assert f"more than {100 * DEFAULT.advantage:g} % less" in PAGE
    assert f"consensus > {1 + DEFAULT.advantage:g} \u00d7 cheapest" in PAGE
    assert f"1 \u2212 π \u2212 {DEFAULT.margin:g}" in PAGE


def test_the_replay_is_the_codes() -> None:
    assert f"residual CE rules of {listed([str(each) for each in TRAILING_DAYS])} days" in PAGE
    assert f"at least {FIRST_ORIGIN_DAYS} days into the series" in PAGE
    assert f"make them {MAX_ORIGINS} at most" in PAGE
