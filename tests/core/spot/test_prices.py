"""Price histories: what is read and what is refused."""

from datetime import date
from pathlib import Path

import pytest

from trimtab.errors import InputError
from trimtab.spot.prices import parse_prices, read_prices

REAL = Path(__file__).parents[4] / "shared" / "data" / "prices" / "gcp_history.csv"
HEADER = "date,region,instance_type,spot_usd_hour\n"


def test_histories_are_sorted_and_blank_prices_left_out() -> None:
    text = HEADER + "2026-02-01,b,t,2\n2026-01-01,b,t,1\n2026-01-01,a,t,3\n2026-03-01,b,t,\n"
    first, second = parse_prices(text, "p.csv")
    assert (first.region, first.instance_type, first.usd_per_hour.tolist()) == ("a", "t", [3])
    assert second.usd_per_hour.tolist() == [1, 2]
    assert second.latest == date(2026, 2, 1)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "p.csv: is empty; start it with date,region,instance_type,spot_usd_hour"),
        (
            "date,region,instance_type,spot_usd\n2026-01-01,a,t,1\n",
            "p.csv, line 1: unknown column 'spot_usd'; did you mean spot_usd_hour?",
        ),
        (
            HEADER + "yesterday,a,t,1\n",
            "p.csv, line 2, column date: 'yesterday' is not a date; write it as 2026-01-31",
        ),
        (HEADER + ",a,t,1\n", "p.csv, line 2, column date: is blank; write it as 2026-01-31"),
        (
            HEADER + "2026-01-01,,t,1\n",
            "p.csv, line 2, column region: is blank; write the provider's name for it",
        ),
        (
            HEADER + "2026-01-01,a,t,0\n",
            "p.csv, line 2, column spot_usd_hour: is 0; leave it blank where the price is unknown",
        ),
        (
            HEADER + "2026-01-01,a,t,-1\n",
            (
                "p.csv, line 2, column spot_usd_hour: '-1' is not a number from 0 up; "
                "write a plain decimal"
            ),
        ),
        (
            HEADER + "2026-01-01,a,t,1\n2026-01-01,a,t,2\n",
            "p.csv, line 3, column date: t in a has two prices on 2026-01-01; keep one",
        ),
        (HEADER + "2026-01-01,a,t,\n", "p.csv: has no spot price; fill in spot_usd_hour"),
    ],
)
def test_refuses(text: str, message: str) -> None:
    with pytest.raises(InputError) as error:
        parse_prices(text, "p.csv")
    assert str(error.value) == message


@pytest.mark.skipif(not REAL.exists(), reason="the shared data is not here")
def test_the_real_history_is_read() -> None:
    histories = read_prices(REAL)
    assert len(histories) == 178
    assert sum(len(one.days) for one in histories) == 5445 - 528
    assert all((one.usd_per_hour > 0).all() for one in histories)
