"""Explaining a plan: every number has its sentence, and the sentence its plan's facts."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from support.plans import DIGEST, START, group, plan, plan_data, pool
from support.requests import START as NOW
from support.requests import (
    catalogue,
    constant,
    offer,
    request,
    workload,
)
from support.requests import pool as pool_request
from trimtab.explain import Statement, covers, explain
from trimtab.inventory.model import HeldNodes, Inventory, OwnedNodes, RunningNodes
from trimtab.plan.document import parse_plan, to_data
from trimtab.plan.model import CapacityPlan
from trimtab.planning.planner import make_plan
from trimtab.workloads.model import Unit


def numbers(node: Any, path: str = "") -> Iterator[tuple[str, float]]:
    """Every number of a document with its path."""
    if isinstance(node, Mapping):
        for key, value in node.items():
            yield from numbers(value, f"{path}.{key}" if path else key)
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from numbers(value, f"{path}[{index}]")
    elif isinstance(node, int | float) and not isinstance(node, bool):
        yield path, node


def hand_written() -> CapacityPlan:
    """A plan with what the planner never writes: capacity blocks, owned machines, no prices."""
    block = {
        "option": "capacity-block",
        "reservationId": "cr-1",
        "endsAt": (START.replace(day=2)).isoformat(),
    }
    groups = [
        group("reserved", {"option": "reserved", "term": "3y"}),
        group("block", block, offers=[{"instanceType": "p5.48xlarge"}], expected={"nodes": 1.0}),
        group("owned", {"option": "owned", "site": "hall-2"}, accelerator=None),
    ]
    commitment = {
        "digest": DIGEST, "pool": "trainer", "group": "reserved", "provider": "aws",
        "region": "us-east-1", "instanceType": "p4d.24xlarge", "term": "3y", "quantity": 2,
        "usdPerHour": 12.0, "onDemandUsdPerHour": 30.0, "bindingUsd": 630720.0,
        "breakEvenUtilisation": 0.4, "expectedUtilisation": 0.5, "lastNodeUtilisation": 0.3,
    }  # fmt: skip
    return plan(
        pools=[pool(groups=groups), pool(name="other", interruptibleShare=0.0, groups=groups[2:])],
        commitments=[commitment],
        evidence={
            **plan_data()["spec"]["evidence"],
            "decisions": [],
            "forecasts": [{"pool": "other", "model": "x", "origins": 0, "horizonHours": 24}],
            "sites": [{"provider": "aws", "region": "us-east-1", "usdPerHour": 1.0,
                       "kgco2ePerHour": 2.0}],
        },
    )  # fmt: skip


def committed() -> CapacityPlan:
    """A made plan with reserved, spot and on-demand groups, and two pools."""
    mixed = (workload(), workload(name="batch", interruptible=True, replicas=50))
    table = catalogue(
        offer(),
        offer(instance_type="p4de.24xlarge", accelerator="a100-80gb", on_demand_usd_per_hour=40.0),
        offer(region="eu-west-1", on_demand_usd_per_hour=33.0),
    )
    return make_plan(
        request(
            pools=(
                pool_request(workloads=mixed, demand=constant()),
                pool_request(name="wave"),
            ),
            catalogue=table,
        )
    )


def present() -> CapacityPlan:
    """A plan with what is held, owned and running, a renewal and a step down."""
    there = Inventory(
        nodes=(
            HeldNodes(
                "ri", "reserved", "aws", "us-east-1", "p4d.24xlarge", 4, 18.0, "1y",
                NOW - timedelta(days=300), NOW + timedelta(days=3),
            ),
            HeldNodes(
                "cr", "odcr", "aws", "eu-west-1", "p4d.24xlarge", 1, None, None, NOW, None
            ),
        ),
        owned=(OwnedNodes("hall", "trainer", "hall-2", "dgx-a100", 2, 8.0),),
        running=(RunningNodes("trainer", "on-demand", 30),),
    )  # fmt: skip
    ask = request(
        pools=(pool_request(demand=constant()),),
        inventory=there,
        catalogue=catalogue(offer(), offer(region="eu-west-1", on_demand_usd_per_hour=33.0)),
        regions=("us-east-1",),
    )
    return make_plan(ask)


INSTANTS = {"asOf", "start", "validUntil", "starts", "expires", "steppedAt"}
PLANS = {
    "a plan of every option": plan,
    "a plan by hand": hand_written,
    "a plan with commitments and spot": committed,
    "a plan of what is held and runs": present,
    "a plan of short evidence": lambda: make_plan(request()),
    "a plan without carbon figures": lambda: make_plan(
        request(catalogue=catalogue(offer(gco2e_per_hour=None)))
    ),
    "a plan of requests": lambda: make_plan(
        request(
            pools=(
                pool_request(
                    unit=Unit.REQUESTS_PER_SECOND, workloads=(workload(units_per_accelerator=2.5),)
                ),
            )
        )
    ),
}


@pytest.fixture(params=list(PLANS.values()), ids=list(PLANS), scope="module")
def explained(request: pytest.FixtureRequest) -> tuple[CapacityPlan, list[Statement]]:
    made: CapacityPlan = request.param()
    return made, explain(made)


Explained = tuple[CapacityPlan, list[Statement]]


def test_every_number_has_exactly_one_sentence(explained: Explained) -> None:
    made, statements = explained
    found = dict(numbers(to_data(made)))
    assert len(found) > 40
    said = {path: [s.path for s in statements if covers(s, path)] for path in found}
    assert {path: by for path, by in said.items() if len(by) != 1} == {}


def test_every_statement_speaks_of_a_number_an_instant_or_what_is_absent(
    explained: Explained,
) -> None:
    made, statements = explained
    found = dict(numbers(to_data(made)))
    for each in statements:
        values = [value for path, value in found.items() if covers(each, path)]
        match each.value:
            case None:
                assert values == []
            case str():
                assert each.path.rpartition(".")[2] in INSTANTS
            case dict():
                assert list(each.value.values()) == values
            case list():
                assert [value for value in each.value if value is not None] == values
            case _:
                assert values == [each.value]


def test_every_sentence_is_one_line_of_plain_text(explained: Explained) -> None:
    for each in explained[1]:
        assert each.sentence
        assert "\n" not in each.sentence
        assert not each.sentence.endswith(".")
        assert "None" not in each.sentence


def test_statements_know_their_pool_and_group(explained: Explained) -> None:
    made, statements = explained
    for each in statements:
        for i, one in enumerate(made.spec.pools):
            if each.path.startswith(f"spec.pools[{i}]"):
                assert each.pool == one.name
            for j, inner in enumerate(one.groups):
                if each.path.startswith(f"spec.pools[{i}].groups[{j}]"):
                    assert each.group == inner.name


def sentence(made: CapacityPlan, path: str) -> str:
    (found,) = [each.sentence for each in explain(made) if each.path == path]
    return found


@pytest.mark.parametrize(
    ("path", "phrases"),
    [
        ("spec.validUntil", ["horizon of 7 d"]),
        ("spec.pools[0].interruptibleShare", ["weighed by their replicas"]),
        ("spec.pools[1].interruptibleShare", ["none of its workloads is interruptible"]),
        ("spec.pools[0].shortageTolerance", ["(trainer, batch)"]),
        ("spec.pools[0].expected.usdPerHour", ["reserved $", " + spot $", "a month of 730 h"]),
        ("spec.pools[1].expected.usdPerHourUnapproved", ["nothing is proposed for the pool"]),
        ("spec.pools[0].groups[1].windows[*].max", ["33% interruptible x 80% for several spot"]),
        ("spec.pools[0].groups[2].windows[*].max", ["spot can vanish at once"]),
        ("spec.pools[1].groups[0].windows[*].min", ["10% quantile at the window's lowest hour"]),
        ("spec.pools[0].groups[0].offers[0].usdPerHour", ["1y commitment's price", "3 offers, pr"]),
        ("spec.commitments[0].breakEvenUtilisation", ["$18.00 over $30.00"]),
        ("spec.commitments[0].lastNodeUtilisation", ["is for its approver to judge"]),
        ("spec.commitments[0].quantity", ["replayed hours: the cheapest, of"]),
        ("spec.evidence.forecasts[0].origins", ["the series does not vary"]),
        ("spec.evidence.decisions[1].replayedHours", ["too short to bind"]),
        ("spec.evidence.sites[0].usdPerHour", ["the cheapest, so the cluster is here"]),
        ("spec.evidence.sites[1].usdPerHour", ["aws eu-west-1", "dearer"]),
    ],
)
def test_a_sentence_holds_the_plans_own_facts(path: str, phrases: list[str]) -> None:
    said = sentence(committed(), path)
    for phrase in phrases:
        assert phrase in said


def test_a_last_node_that_does_not_pay_is_called_so() -> None:
    said = sentence(hand_written(), "spec.commitments[0].lastNodeUtilisation")
    assert "the last node does not pay" in said


def test_interruptible_work_without_spot_is_explained() -> None:
    batch = workload(interruptible=True)
    dear = catalogue(offer(spot_usd_per_hour=31.0))
    made = make_plan(request(pools=(pool_request(workloads=(batch,)),), catalogue=dear))
    said = sentence(made, "spec.pools[0].interruptibleShare")
    assert "still no spot" in said


def test_a_shortage_above_the_tolerance_is_called_so() -> None:
    data = to_data(make_plan(request()))
    data["spec"]["pools"][0]["expected"]["shortageShare"] = 0.5
    said = sentence(parse_plan(data, "a plan"), "spec.pools[0].expected.shortageShare")
    assert "over the tolerated 1.00%" in said


def test_a_path_is_covered_by_its_own_statement_only() -> None:
    one = Statement("spec.pools[0].windows[*].min", [1], "x")
    assert covers(one, "spec.pools[0].windows[17].min")
    assert not covers(one, "spec.pools[1].windows[0].min")
    assert not covers(one, "spec.pools[0].windows[0].max")
    assert covers(replace(one, path="a.b"), "a.b.mean")
    assert not covers(replace(one, path="a.b"), "a.b.c")
