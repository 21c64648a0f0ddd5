"""What a problem may not be, one case a row; the message names the field and the mend."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from support.optimise_cases import LIST, NORTH, SERVE, SOUTH, YEAR, problem
from trimtab.errors import InputError
from trimtab.optimise.problem import (
    CapacityBlock,
    ChanceOfShortage,
    ExpectedShortage,
    HeldReservation,
    Limits,
    NodeType,
    Owned,
    Problem,
    SavingsPlan,
    Site,
    Spot,
    TailShortage,
)
from trimtab.optimise.solve import solve
from trimtab.optimise.validate import check

SPOT = Spot("spot", "gpu", "north", 1.0)
HELD = HeldReservation("old", "gpu", "north", 2.0, 2.0, 10.0, renewal="year")
PLAN = SavingsPlan("plan", {"list": 2.0}, 8760)
BLOCK = CapacityBlock("block", "gpu", "north", 3.0, 0, 2, 4.0)
NAN = float("nan")
SUM = "they sum to 0.8, not to 1; divide them by their sum"


def sound() -> Problem:
    """Two scenarios of three hours with a source of each kind that a rule speaks of."""
    return problem(
        [[4.0, 2.0, 1.0], [1.0, 3.0, 2.0]],
        LIST,
        YEAR,
        SPOT,
        HELD,
        PLAN,
        BLOCK,
        Owned("rack", "gpu", "south", 1.0),
        spot_nodes=np.ones((2, 1, 3)),
    )


def source(name: str, /, **changes: Any) -> Callable[[Problem], Problem]:
    """The problem with one source changed."""

    def change(asked: Problem) -> Problem:
        sources: Any = tuple(
            replace(each, **changes) if each.name == name else each for each in asked.sources
        )
        return replace(asked, sources=sources)

    return change


def workload(**changes: Any) -> Callable[[Problem], Problem]:
    """The problem with its workload changed."""
    return lambda asked: replace(asked, workloads=(replace(SERVE, **changes),))


def whole(**changes: Any) -> Callable[[Problem], Problem]:
    """The problem with fields of its own changed."""
    return lambda asked: replace(asked, **changes)


def scenarios(**changes: Any) -> Callable[[Problem], Problem]:
    """The problem with fields of its scenarios changed."""
    return lambda asked: replace(asked, scenarios=replace(asked.scenarios, **changes))


REJECTED = [
    ("a price of zero", source("list", usd_per_hour=0.0),
     ("sources, list, usd_per_hour: a price of 0 USD would be bought without end; "
     "state what is paid already as held or owned, or give the price")),
    ("a negative price", source("year", usd_per_hour=-1.0),
     ("sources, year, usd_per_hour: a price of -1 USD is negative: buying without end would earn "
     "money; give the price that is paid")),
    ("a missing price", source("list", usd_per_hour=None),
     "sources, list, usd_per_hour: the price is missing; give it, or leave the offer out"),
    ("a price that is not a number", source("block", usd_per_node=NAN),
     "sources, block, usd_per_node: the price is missing; give it, or leave the offer out"),
    ("an infinite price", source("list", usd_per_hour=float("inf")),
     "sources, list, usd_per_hour: the price is infinite; leave the offer out"),
    ("a plan's rate of zero", source("plan", rates={"list": 0.0}),
     ("sources, plan, rates, list: a price of 0 USD would be bought without end; "
     "state what is paid already as held or owned, or give the price")),
    ("a plan for an unknown source", source("plan", rates={"lst": 1.0}),
     "sources, plan, rates: lst is unknown; did you mean list?"),
    ("a plan for nothing", source("plan", rates={}), "sources, plan, rates: it pays for no source"),
    ("spot without any price", source("spot", usd_per_hour=None),
     "scenarios, spot_usd_per_hour, spot: the price is missing; give it, or leave the offer out"),
    ("spot at a negative price in one scenario",
     lambda p: scenarios(spot_usd_per_hour=[[-1.0, 1.0, 1.0]])(source("spot", usd_per_hour=None)(p)),
     ("scenarios, spot_usd_per_hour, spot: a price of -1 USD is negative: buying without end would "
     "earn money; give the price that is paid")),
    ("an unknown type", source("list", type="gpus"),
     "sources, list, type: gpus is unknown; did you mean gpu?"),
    ("an unknown site", source("list", site="mars"),
     "sources, list, site: mars is unknown; there are north, south"),
    ("an unknown zone in a residency rule", workload(residency=frozenset({"nort"})),
     "workloads, serve, residency: nort is unknown; did you mean north?"),
    ("an unknown type of a workload", workload(units_per_node={"xyz": 1.0}),
     "workloads, serve, units_per_node: xyz is unknown; there are gpu"),
    ("a negative throughput", workload(units_per_node={"gpu": -1.0}),
     "workloads, serve, units_per_node, gpu: -1 is out of range; give 0 or more"),
    ("a share above one", workload(spot_share=1.5),
     "workloads, serve, spot_share: 1.5 is out of range; give 0 to 1"),
    ("a shortage limit above one", workload(shortage_limit=ExpectedShortage(1.2)),
     "workloads, serve, shortage_limit, share: 1.2 is out of range; give 0 to 1"),
    ("a tail that is no tail", workload(shortage_limit=TailShortage(0.1, 1.0)),
     ("workloads, serve, shortage_limit, level: 1 is no level of a tail; "
     "give 0.95 for the worst 5 % of scenarios")),
    ("no chance at all", workload(shortage_limit=ChanceOfShortage(0.1, 0.0)),
     "workloads, serve, shortage_limit, probability: 0 is no probability above 0"),
    ("shortage for nothing", workload(shortage_usd_per_unit_hour=0.0),
     ("workloads, serve, shortage_usd_per_unit_hour: a price of 0 USD would be bought without end; "
     "state what is paid already as held or owned, or give the price")),
    ("a term shorter than a period", source("year", term_hours=0.5),
     ("sources, year, term_hours: a term of 0.5 h is shorter than a period of 1 h; "
     "take shorter periods, or leave the commitment out")),
    ("a start outside the horizon", source("year", starts=(3,)),
     "sources, year, starts: there is no period 3"),
    ("a start before the lead time", source("year", starts=(1,), lead_hours=2.0),
     "sources, year, starts: period 1 starts after 1 h, the commitment takes 2 h"),
    ("a block beyond the horizon", source("block", end=4),
     ("sources, block: it spans the periods [0, 4) of 3; "
     "leave the block out, or cut it to the horizon")),
    ("a block without a step", source("block", step_nodes=0.0),
     "sources, block, step_nodes: 0 is no step"),
    ("a renewal of nothing on sale", source("old", renewal="years"),
     "sources, old, renewal: years is unknown; did you mean year?"),
    ("a renewal elsewhere", source("old", site="south"),
     "sources, old, renewal: year is gpu in north, not gpu in south"),
    ("fewer than no nodes", source("rack", nodes=-1.0),
     "sources, rack, nodes: -1 is out of range; give 0 or more"),
    ("two sources of one name", source("rack", name="list"), "sources: two are called list"),
    ("a source without a name", source("rack", name=""), "sources: a name is empty"),
    ("no workload", whole(workloads=()), "workloads: there is none; name at least one"),
    ("no period", whole(hours=[]), "hours: there is no period, or one without length"),
    ("a period without length", whole(hours=[1.0, 0.0, 1.0]),
     "hours: there is no period, or one without length"),
    ("hours of two axes", whole(hours=[[1.0]]), "hours: a shape of (1, 1), not (periods,)"),
    ("carbon for too few periods", whole(sites=(Site("north", [1.0, 2.0]), SOUTH)),
     "sites, north, gco2e_per_kwh: a shape of (2,), not (3,)"),
    ("a negative power", whole(types=(NodeType("gpu", -1.0),)),
     "types, gpu, kw: -1 is out of range; give 0 or more"),
    ("demand of the wrong shape", scenarios(demand=np.ones((2, 3))),
     "scenarios, demand: a shape of (2, 3), not (scenarios, 1 workloads, 3 periods)"),
    ("negative demand", scenarios(demand=-np.ones((2, 1, 3))),
     "scenarios, demand: a value is negative, missing or infinite; give 0 or more"),
    ("weights that don't sum to one", scenarios(weights=[0.4, 0.4]), f"scenarios, weights: {SUM}"),
    ("too few weights", scenarios(weights=[1.0]),
     "scenarios, weights: a shape of (1,), not (2,)"),
    ("a scenario without weight", scenarios(weights=[1.0, 0.0]),
     "scenarios, weights: one is 0; leave that scenario out"),
    ("spot without availability", scenarios(spot_nodes=None),
     "scenarios, spot_nodes: spot is a spot source, and there is nothing on how many nodes it has"),
    ("availability of too many zones", scenarios(spot_nodes=np.ones((2, 2, 3))),
     "scenarios, spot_nodes: a shape of (2, 2, 3), not (2, 1, 3)"),
    ("a budget of nobody", whole(limits=Limits(budgets_usd={"team-b": 1.0})),
     "limits, budgets_usd: team-b is unknown; did you mean team-a?"),
    ("a negative price of carbon", whole(limits=Limits(carbon_usd_per_kg=-1.0)),
     "limits, carbon_usd_per_kg: -1 is out of range; give 0 or more"),
    ("a cap on unknown carbon",
     whole(limits=Limits(carbon_cap_kg=1.0), sites=(NORTH, Site("south"))),
     ("sources, rack: carbon counts, but the emissions of gpu in south are unknown; "
     "give the type's kw and the site's gco2e_per_kwh, or leave the source out")),
]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "message"), [pytest.param(change, said, id=name) for name, change, said in REJECTED]
)
def test_rejected(change: Callable[[Problem], Problem], message: str) -> None:
    with pytest.raises(InputError) as refusal:
        solve(change(sound()))
    assert str(refusal.value) == message


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda asked: asked, id="as it is"),
        pytest.param(
            scenarios(spot_nodes=np.ones((1, 3))), id="one availability for all scenarios"
        ),
        pytest.param(source("old", expires_hours=float("inf")), id="held without an end"),
        pytest.param(source("list", max_nodes=0.0, running=1.0), id="a quota of nothing"),
        pytest.param(workload(restart_hours=2.0, spot_share=0.5), id="a restart beyond a period"),
        pytest.param(whole(sites=(NORTH, Site("south"))), id="unknown carbon that doesn't count"),
        pytest.param(
            lambda asked: scenarios(
                spot_nodes=[[0.0, 1.0, 1.0]], spot_usd_per_hour=[[NAN, 1.0, 1.0]]
            )(source("spot", usd_per_hour=None)(asked)),
            id="no price where spot has no nodes",
        ),
    ],
)
def test_accepted(change: Callable[[Problem], Problem]) -> None:
    data = check(change(sound()))
    assert data.demand.shape == (2, 1, 3)
    assert data.spot_nodes.shape == data.spot_usd_per_hour.shape == (2, 1, 3)


def test_a_commitment_that_starts_too_late_is_noted() -> None:
    solution = solve(replace(sound(), sources=(LIST, replace(YEAR, lead_hours=9.0))))
    assert "year starts after the horizon only, so it is not bought" in solution.notes
    assert solution.bought == ()
