"""A CapacityPlan read as an estate: its groups and commitments, at its own rates."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from support.estimates import settings
from support.plans import COMMITMENT, START, group, plan, pool
from trimtab.errors import InputError
from trimtab.inventory.model import HeldNodes, Inventory
from trimtab.plan.document import save_plan
from trimtab.pricing.amount import Amount
from trimtab.pricing.engine import price
from trimtab.pricing.model import Basis, Estimate, Status
from trimtab.resources.model import Origin
from trimtab.resources.readers.plans import read_plan


def priced(tmp_path: Path, as_of: datetime = START, **spec: Any) -> dict[str, Estimate]:
    """By key, what a plan's groups cost."""
    inventory = spec.pop("inventory", None)
    save_plan(plan(**spec), tmp_path / "plan.yaml")
    given = settings(as_of=as_of, inventory=inventory)
    return {each.resource.key: each for each in price(read_plan(tmp_path / "plan.yaml"), given)}


def test_a_plan_is_its_groups_with_their_owner_and_line(tmp_path: Path) -> None:
    save_plan(plan(), tmp_path / "plan.yaml")
    estate = read_plan(tmp_path / "plan.yaml")
    assert [each.key for each in estate.resources] == [
        "pools[trainer].groups[on-demand]",
        "pools[trainer].groups[reserved]",
        "pools[trainer].groups[spot]",
    ]
    first = estate.resources[0]
    assert (first.kind, first.origin, first.region) == (
        "trimtab.dev/Group",
        Origin.PLAN,
        "us-east-1",
    )
    assert first.tags == {"team": "vision", "project": "multimodal", "model": "mm-7b"}
    text = (tmp_path / "plan.yaml").read_text().splitlines()
    file, _, line = first.where.rpartition(":")
    assert file == estate.source
    assert any("on-demand" in each for each in text[int(line) - 1 : int(line) + 8])


def test_a_group_costs_what_its_plan_expects(tmp_path: Path) -> None:
    found = priced(tmp_path)["pools[trainer].groups[on-demand]"]
    assert found.status is Status.PRICED
    # 3 nodes now and expected, 2 to 4 by the window, at 32.77 USD and 1.9 kg an hour
    assert found.usd_per_month == pytest.approx((2 * 32.77 * 730, 98.31 * 730, 4 * 32.77 * 730))
    assert found.usd_per_month_now == pytest.approx(3 * 32.77 * 730)
    (machines,) = found.machines
    assert (machines.nodes.count, machines.nodes.basis) == (Amount(2, 3, 4), Basis.PLAN)
    assert machines.emissions is not None
    assert machines.emissions.kgco2e_per_month.expected == pytest.approx(5.7 * 730)
    assert machines.risk is not None
    assert machines.risk.shortage_share == 0.001
    assert (found.pool, found.group) == ("trainer", "on-demand")
    assert found.plan_line.endswith(" pools[trainer].groups[on-demand]")


@pytest.mark.parametrize(
    ("hour", "count"), [(0, Amount(2, 3, 4)), (5, Amount(3, 3, 6)), (23, Amount(1, 3, 4))]
)
def test_the_window_that_holds_bounds_it(tmp_path: Path, hour: int, count: Amount) -> None:
    found = priced(tmp_path, START.replace(hour=hour))["pools[trainer].groups[on-demand]"]
    assert found.machines[0].nodes.count == count


def test_a_commitment_is_in_the_price_of_its_group(tmp_path: Path) -> None:
    found = priced(
        tmp_path, commitments=[COMMITMENT, {**COMMITMENT, "digest": "sha256:" + "b" * 64}]
    )
    name = "commitments[trainer].groups[reserved].p4d.24xlarge.1y"
    assert {key for key in found if key.startswith("commitments")} == {name, f"{name}.2"}
    assert (found[name].status, found[name].usd_per_month) == (Status.COVERED, None)
    group_ = found["pools[trainer].groups[reserved]"]
    assert group_.list_usd_per_month_now == pytest.approx(5 * 32.77 * 730)
    assert group_.note.endswith("until the commitment is approved")


def test_what_is_held_pays_first_here_too(tmp_path: Path) -> None:
    held = HeldNodes(
        "ri",
        "reserved",
        "aws",
        "us-east-1",
        "p4d.24xlarge",
        2,
        19.22,
        "1y",
        datetime(2026, 1, 1, tzinfo=UTC),
        None,
    )
    only = [group("on-demand", {"option": "on-demand"})]
    found = priced(tmp_path, pools=[pool(groups=only)], inventory=Inventory(nodes=(held,)))
    (estimate,) = found.values()
    assert estimate.usd_per_month_now == pytest.approx(1 * 32.77 * 730)
    assert estimate.machines[0].covered == 2


def test_a_file_that_is_no_plan_is_refused(tmp_path: Path) -> None:
    (tmp_path / "plan.yaml").write_text("kind: Deployment\napiVersion: apps/v1\n", "utf-8")
    with pytest.raises(InputError):
        read_plan(tmp_path / "plan.yaml")
