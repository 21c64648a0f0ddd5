"""The usage file: what it may say, and which of its entries counts."""

from pathlib import Path

import pytest

from support.estimates import bill, estimate, resource
from trimtab.errors import InputError
from trimtab.pricing.amount import Amount, exactly
from trimtab.pricing.model import Basis
from trimtab.usage.document import load_usage
from trimtab.usage.model import Usage, usage_keys

HEAD = "apiVersion: trimtab.dev/v1alpha1\nkind: Usage\nusage:\n"
NAT = resource("aws_nat_gateway", name="prod-a", id="nat-1", tags={"team": "ml"})
KEY = "data_processed_gb"


def usage(tmp_path: Path, entries: str) -> Usage:
    path = tmp_path / "usage.yaml"
    path.write_text(HEAD + entries)
    return load_usage(path)


def test_the_last_entry_that_matches_decides(tmp_path: Path) -> None:
    told = usage(
        tmp_path,
        """\
  - kind: aws_nat_gateway
    monthly: {data_processed_gb: 1}
  - name: "prod-*"
    tags: {team: ml}
    monthly: {data_processed_gb: {low: 5, expected: 10, high: 40}}
  - name: other
    monthly: {data_processed_gb: 99}
""",
    )
    assert told.of(NAT, KEY) == (Amount(5, 10, 40), Basis.USAGE_FILE)
    plain = resource("aws_nat_gateway", name="dev")
    assert told.of(plain, KEY) == (exactly(1), Basis.USAGE_FILE)


def test_what_was_measured_goes_before_the_default_and_after_the_file() -> None:
    measured = Usage(measured={("aws_nat_gateway", "nat-1"): {KEY: 321.0}})
    assert measured.of(NAT, KEY) == (exactly(321.0), Basis.MEASURED)
    assert measured.of(resource("aws_nat_gateway"), KEY)[1] is Basis.DEFAULT


def test_usage_is_what_is_paid_for(tmp_path: Path) -> None:
    told = usage(tmp_path, "  - kind: aws_nat_gateway\n    monthly: {data_processed_gb: 1000}\n")
    # 1,000 GB x 0.045
    assert bill(estimate(NAT, usage=told))["data processed"] == 45.0


def test_every_default_lies_within_its_bounds_and_says_why() -> None:
    for key in usage_keys().values():
        low, expected, high = key.default
        assert expected is not None
        assert 0 <= low <= expected <= high, key
        assert key.reason, key
        assert key.unit, key


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ("  - monthly: {data_procesed_gb: 1}\n", "did you mean data_processed_gb?"),
        ("  - monthly: {data_processed_gb: -1}\n", "greater than or equal to 0"),
        ("  - monthly: {data_processed_gb: many}\n", "data_processed_gb"),
        ("  - monthly: {data_processed_gb: {low: 5, expected: 1, high: 9}}\n", "not in order"),
        ("  - kind: aws_nat_gateway\n", "monthly: is missing"),
        ("  - monthly: {}\n    nme: x\n", "did you mean name?"),
    ],
)
def test_a_wrong_file_is_one_clear_error(tmp_path: Path, entries: str, message: str) -> None:
    with pytest.raises(InputError, match=r"usage\.yaml, line \d") as caught:
        usage(tmp_path, entries)
    assert message in str(caught.value)
