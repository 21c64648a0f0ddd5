"""What is held, as files say it: what is read, and the one error that names the mend."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from trimtab.errors import InputError
from trimtab.inventory.document import load_inventory, parse_inventory
from trimtab.inventory.model import (
    HeldNodes,
    OwnedNodes,
    RunningNodes,
    SavingsPlan,
    Site,
)

HEAD = "apiVersion: trimtab.dev/v1alpha1\nkind: CapacityInventory\nspec:\n"
RESERVED = """\
  reserved:
    - {id: ri-1, provider: aws, region: us-east-1, instanceType: p4d.24xlarge, quantity: 4,
       usdPerHour: 18.0, term: 1y, starts: 2025-12-01, expires: 2026-12-01T00:00:00Z}
"""
RUNNING = "  running: [{pool: trainer, group: on-demand, nodes: 7}]\n"
WHOLE = f"""{HEAD}  site: {{provider: aws, region: us-east-1}}
{RESERVED}  savingsPlans:
    - {{id: sp-1, provider: aws, usdPerHour: 90, term: 3y, starts: 2025-01-01, expires: 2028-01-01,
       pool: trainer}}
  capacityBlocks:
    - {{id: cb-1, provider: aws, region: us-east-1, instanceType: p5.48xlarge, quantity: 2,
       starts: 2026-03-01, expires: 2026-03-08, zone: us-east-1a}}
  odcrs:
    - {{id: cr-1, provider: aws, region: us-east-1, instanceType: p4d.24xlarge, quantity: 1,
       starts: 2026-01-01}}
    - {{id: cr-2, provider: aws, region: us-east-1, instanceType: p4d.24xlarge, quantity: 1,
       starts: 2026-01-01, zone: us-east-1b, groupArn: "arn:aws:resource-groups:x"}}
  owned:
    - {{id: hall, pool: trainer, site: hall-2, instanceType: dgx-a100, quantity: 3, unitsPerNode: 8}}
{RUNNING}"""


def day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_everything_that_is_there_is_read(tmp_path: Path) -> None:
    path = tmp_path / "there.yaml"
    path.write_text(WHOLE, encoding="utf-8")
    found = load_inventory(path)
    assert found.site == Site("aws", "us-east-1")
    assert found.digest.startswith("sha256:")
    reserved, block, odcr, targeted = found.nodes
    assert reserved == HeldNodes(
        "ri-1", "reserved", "aws", "us-east-1", "p4d.24xlarge", 4, 18.0, "1y",
        day("2025-12-01"), day("2026-12-01"), where=reserved.where,
    )  # fmt: skip
    assert reserved.where == f"{path}, line 6, document 1, spec.reserved[0]"
    assert (block.option, block.usd_per_hour, block.expires) == (
        "capacity-block", None, day("2026-03-08"),
    )  # fmt: skip
    assert (odcr.option, odcr.term, odcr.expires) == ("odcr", None, None)
    assert (block.zone, block.targeted, odcr.targeted) == ("us-east-1a", False, False)
    assert (targeted.zone, targeted.group_arn) == ("us-east-1b", "arn:aws:resource-groups:x")
    assert targeted.targeted
    (plan,) = found.savings_plans
    assert plan == SavingsPlan(
        "sp-1", "aws", None, (), 90.0, "3y", day("2025-01-01"), day("2028-01-01"), "trainer",
        plan.where,
    )  # fmt: skip
    (owned,) = found.owned
    assert owned == OwnedNodes("hall", "trainer", "hall-2", "dgx-a100", 3, 8.0, where=owned.where)
    (running,) = found.running
    assert running == RunningNodes("trainer", "on-demand", 7, None, running.where)


REFUSED = {
    "another kind": (
        WHOLE.replace("CapacityInventory", "CapacityPlan"),
        "there.yaml, line 2, document 1, kind: is CapacityPlan; write kind: CapacityInventory",
    ),
    "nothing": ("", "there.yaml: holds no CapacityInventory; "),
    "two of them": (
        f"{HEAD}{RUNNING}---\n{HEAD}{RUNNING}",
        "there.yaml, line 6, document 2: is a second CapacityInventory in one file; ",
    ),
    "a mistyped key": (
        HEAD + RESERVED.replace("quantity", "quantitiy"),
        "document 1, spec.reserved[0].quantitiy: unknown key (and 1 more); did you mean quantity? ",
    ),
    "a negative count": (
        HEAD + RESERVED.replace("quantity: 4", "quantity: -4"),
        "spec.reserved[0].quantity: -4: input should be greater than or equal to 1",
    ),
    "a price of zero": (
        HEAD + RESERVED.replace("18.0", "0"),
        "spec.reserved[0].usdPerHour: 0: input should be greater than 0",
    ),
    "a term that nobody sells": (
        HEAD + RESERVED.replace("1y", "2y"),
        "spec.reserved[0].term: '2y': input should be '1y' or '3y'",
    ),
    "a date that is none": (
        HEAD + RESERVED.replace("2025-12-01", "soon"),
        "spec.reserved[0].starts: 'soon' is no instant: ",
    ),
    "an end before the start": (
        HEAD + RESERVED.replace("2026-12-01T", "2024-12-01T"),
        ("spec.reserved[0].expires: 2024-12-01T00:00:00Z is not after the start, "
        "2025-12-01T00:00:00Z; check the two dates"),
    ),
    "the same thing twice": (
        HEAD + RESERVED + RESERVED.removeprefix("  reserved:\n"),
        ("spec.reserved[1].id: ri-1 stands twice (first at there.yaml, line 5, document 1, "
        "spec.reserved[0]); count it once"),
    ),
    "a group counted twice": (
        HEAD + RUNNING.replace("}]", "}, {pool: trainer, group: on-demand, nodes: 9}]"),
        "spec.running[1]: trainer on-demand stands twice (first at ",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("text", "message"), REFUSED.values(), ids=REFUSED)
def test_what_an_inventory_may_not_say(text: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_inventory(text, "there.yaml")
    assert message in str(caught.value)
