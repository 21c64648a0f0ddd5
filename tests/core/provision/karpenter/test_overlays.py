"""The prices that Karpenter is told."""

from typing import Any

import pytest

from support.karpenter import HELD, PROPOSED, SPOT, every_object, line
from support.plans import DIGEST, group, plan, pool, windows
from trimtab.plan.sizing import Sizes
from trimtab.provision.karpenter.overlays import interruption_usd_per_node_hour
from trimtab.provision.karpenter.static import Baseline


def overlays(
    *groups: dict[str, Any],
    lines: tuple[Any, ...] = (),
    baseline: Baseline | None = None,
    running: dict[str, Sizes] | None = None,
    cost: float | None = None,
) -> tuple[list[dict[str, Any]], list[str]]:
    """The overlays' specs, and every reason."""
    made = pool(groups=list(groups))
    if cost is not None:
        made["expected"]["interruptionUsdPerHour"] = cost
    one = plan(pools=[made], commitments=list(lines))
    found = [made for _, made in every_object(one, baseline=baseline, running=running)]
    return (
        [each.overlay.spec for each in found if each.overlay],
        [reason for each in found for reason in each.reasons],
    )


def test_a_held_commitment_costs_next_to_nothing_within_its_size() -> None:
    (spec,), reasons = overlays(group("g", HELD, windows=windows((5, 5, 5))))
    assert spec == {
        "weight": 100,
        "requirements": [
            {"key": "karpenter.sh/nodepool", "operator": "In", "values": ["trainer-g-0a1b2c"]},
            {"key": "karpenter.sh/capacity-type", "operator": "In", "values": ["on-demand"]},
            {"key": "node.kubernetes.io/instance-type", "operator": "In", "values": ["p4d.24xlarge"]},
        ],
        "priceAdjustment": "-99.99999%",
    }  # fmt: skip
    assert not reasons


@pytest.mark.parametrize(
    ("lines", "approved", "overlaid"),
    [((line(3),), (), False), ((line(3),), (DIGEST,), True), ((), (), False)],
    ids=["proposed", "bought", "line unknown"],
)
def test_a_proposal_costs_list_price_until_it_is_bought(
    lines: tuple[Any, ...], approved: tuple[str, ...], overlaid: bool
) -> None:
    found, reasons = overlays(
        group("g", PROPOSED, windows=windows((5, 5, 5))),
        lines=lines,
        baseline=Baseline(approved=approved),
    )
    assert bool(found) == overlaid
    assert ("nodes are paid for" in " ".join(reasons)) != overlaid


def test_more_nodes_than_are_paid_for_are_at_list_price() -> None:
    running = {"trainer-g-0a1b2c": Sizes(5, 7, 7)}
    found, reasons = overlays(group("g", HELD, windows=windows((5, 5, 5))), running=running)
    assert not found
    assert "5 of 7 nodes are paid for" in reasons[-1]


def test_a_reservation_that_is_selected_needs_no_overlay() -> None:
    held = {"option": "reserved", "term": "open", "reservation": {"id": "cr-0a"}}
    assert overlays(group("g", held, windows=windows((5, 5, 5)))) == ([], [])


def test_where_the_static_node_pool_has_it_all_there_is_nothing_to_price() -> None:
    found = overlays(group("g", HELD, windows=windows((5, 5, 5))), baseline=Baseline(on=True))
    assert found == ([], [])


def test_spot_bears_what_interruptions_lose() -> None:
    groups = (group("g", SPOT), group("h", SPOT), group("o", {"option": "on-demand"}))
    found, _ = overlays(*groups, cost=3.0)
    assert [spec["priceAdjustment"] for spec in found] == ["+0.50000", "+0.50000"]
    assert [spec["requirements"][1]["values"] for spec in found] == [["spot"], ["spot"]]


@pytest.mark.parametrize(
    ("cost", "expected"), [(None, None), (0.0, None), (1e-6, None), (6.0, 2.0)]
)
def test_what_the_plan_does_not_state_is_not_added(
    cost: float | None, expected: float | None
) -> None:
    made = pool(groups=[group("g", SPOT)])
    if cost is not None:
        made["expected"]["interruptionUsdPerHour"] = cost
    assert interruption_usd_per_node_hour(plan(pools=[made]).spec.pools[0]) == expected
