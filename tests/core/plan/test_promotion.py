"""What lets a plan into the next environment, what keeps it out, and what it says there."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from support.plans import COMMITMENT, DIGEST, START, group, plan, plan_data, pool, windows
from trimtab.clock import format_instant
from trimtab.errors import InputError, StalePlanError, TrimtabError
from trimtab.inventory.model import Approval
from trimtab.plan.document import parse_plan, to_yaml
from trimtab.plan.model import CapacityPlan
from trimtab.plan.promotion import (
    PROMOTED_AT,
    PROMOTED_DIGEST,
    PROMOTED_FROM,
    PROMOTED_OVER,
    Gate,
    carried_out,
    limit_nodes,
    peak_nodes,
    promote,
)

NOW = START + timedelta(hours=3)
ON_DEMAND = {"option": "on-demand"}


def sized(*sizes: tuple[int, int, int], name: str = "trainer", **spec: Any) -> CapacityPlan:
    """A plan of one pool with one group."""
    pools = [pool(name=name, groups=[group("on-demand", ON_DEMAND, windows=windows(*sizes))])]
    return plan(**{"pools": pools, **spec})


def named(given_: CapacityPlan, **metadata: Any) -> CapacityPlan:
    data = given_.model_dump(mode="json", by_alias=True, exclude_none=True)
    return parse_plan({**data, "metadata": metadata}, "test")


OLD = named(
    sized((8, 10, 12), asOf=(START - timedelta(days=1)).isoformat()),
    name="prod",
    namespace="capacity",
    labels={"env": "prod"},
    annotations={"note": "ours"},
)
NEW = named(sized((8, 14, 16)), name="staging", annotations={"note": "theirs"})
LINE = plan(commitments=[COMMITMENT])
APPROVAL = Approval(
    "a", "example", DIGEST, 5, 19.22, "cfo", START - timedelta(days=1), START + timedelta(days=1)
)


def gate(of: CapacityPlan, **changes: Any) -> Gate:
    return replace(Gate(at=NOW, running=of.digest), **changes)


def promoted(source: CapacityPlan, target: CapacityPlan | None, **changes: Any) -> Any:
    return promote(source, target, gate(source, **changes), "staging.yaml", "prod.yaml")


def test_the_spec_is_the_sources_and_the_metadata_the_targets() -> None:
    found = promoted(NEW, OLD)
    assert found.changed
    assert found.plan.spec == NEW.spec
    assert found.plan.digest == NEW.digest
    assert found.plan.metadata.name == "prod"
    assert found.plan.metadata.namespace == "capacity"
    assert found.plan.metadata.labels == {"env": "prod"}
    assert found.plan.metadata.annotations == {
        "note": "ours",
        PROMOTED_FROM: "staging.yaml",
        PROMOTED_DIGEST: NEW.digest,
        PROMOTED_AT: "2026-11-01T03:00:00Z",
        PROMOTED_OVER: OLD.digest,
    }
    assert [(each.pool, each.what, each.before, each.after) for each in found.steps] == [
        ("trainer", "peak", 10, 14),
        ("trainer", "limit", 12, 16),
    ]


def test_an_environment_without_a_plan_takes_the_sources_name() -> None:
    found = promoted(NEW, None)
    assert found.plan.metadata.name == "staging"
    assert PROMOTED_OVER not in found.plan.metadata.annotations
    assert found.steps == ()


def test_what_is_there_already_is_left_as_it_is() -> None:
    there = named(NEW, name="prod")
    found = promoted(NEW, there)
    assert not found.changed
    assert found.plan is there


def test_a_promoted_plan_is_promoted_again_without_the_first_ones_traces() -> None:
    staging = promoted(NEW, OLD).plan
    again = promote(
        staging,
        None,
        Gate(at=NOW + timedelta(hours=1), running=staging.digest),
        "prod.yaml",
        "fleet.yaml",
    )
    assert again.plan.metadata.annotations[PROMOTED_FROM] == "prod.yaml"
    assert again.plan.metadata.annotations[PROMOTED_AT] == "2026-11-01T04:00:00Z"
    # Nothing stood there before, whatever stood where it comes from.
    assert PROMOTED_OVER in staging.metadata.annotations
    assert PROMOTED_OVER not in again.plan.metadata.annotations


def test_commitments_pass_with_an_approval_that_holds_or_on_purpose() -> None:
    assert promoted(LINE, None, approvals=(APPROVAL,)).changed
    assert promoted(LINE, None, may_be_unapproved=True).changed


def test_pools_come_and_go_where_that_is_let_pass() -> None:
    other = sized((1, 40, 40), name="chat")
    steps = promoted(other, OLD, pools_may_change=True).steps
    peaks = [(each.pool, each.before, each.after) for each in steps if each.what == "peak"]
    assert peaks == [("chat", 0, 40), ("trainer", 10, 0)]


REFUSED: list[
    tuple[str, CapacityPlan, CapacityPlan | None, dict[str, Any], type[TrimtabError], str]
] = [
    (
        "expired", NEW, OLD, {"at": START + timedelta(hours=12)}, StalePlanError,
        ("staging.yaml: expired at 2026-11-01T12:00:00Z, and it is 2026-11-01T12:00:00Z; plan again, and"
        " have that plan carried out first"),
    ),
    (
        "not made yet", NEW, OLD, {"at": START - timedelta(seconds=1)}, InputError,
        ("staging.yaml: was made at 2026-11-01T00:00:00Z, and it is 2026-10-31T23:59:59Z; give the present"
        " instant as --at"),
    ),
    (
        "another one is carried out", NEW, OLD, {"running": OLD.digest}, InputError,
        (f"staging.yaml: has the digest {NEW.digest}, and {OLD.digest} is carried out; wait until it is"
        " carried out there"),
    ),
    (
        "not in force for long enough", NEW, OLD, {"soak": timedelta(hours=4)}, InputError,
        ("staging.yaml: is in force since 2026-11-01T00:00:00Z, not for 4 h yet; promote it from"
        " 2026-11-01T04:00:00Z on"),
    ),
    (
        "in force since its own promotion",
        named(NEW, name="staging", annotations={PROMOTED_AT: "2026-11-01T02:00:00Z"}), OLD,
        {"soak": timedelta(hours=2)}, InputError,
        ("staging.yaml: is in force since 2026-11-01T02:00:00Z, not for 2 h yet; promote it from"
        " 2026-11-01T04:00:00Z on"),
    ),
    (
        "its promotion at no instant", named(NEW, name="s", annotations={PROMOTED_AT: "soon"}), OLD, {},
        InputError,
        ("staging.yaml: metadata.annotations: trimtab.dev/promoted-at is 'soon'; restore what `trimtab"
        " promote` wrote"),
    ),
    (
        "another region", NEW,
        sized((8, 10, 12), site={"provider": "aws", "region": "eu-west-1", "zones": ["eu-west-1b"]}), {},
        StalePlanError,
        ("staging.yaml: is for aws us-east-1, and prod.yaml for aws eu-west-1 (eu-west-1b); plan the same"
        " workloads again for that site"),
    ),
    (
        "older than what is there", OLD, NEW, {}, InputError,
        ("staging.yaml: was made at 2026-10-31T00:00:00Z, before the plan that it would replace"
        " (2026-11-01T00:00:00Z); take a promotion back with git revert"),
    ),
    (
        "another pool", sized((8, 10, 12), name="chat"), OLD, {}, InputError,
        ("staging.yaml: pools: adds chat and lacks trainer; give --pools-may-change if they are meant to"
        " come and go"),
    ),
    (
        "too large a step up", sized((8, 16, 16)), OLD, {}, InputError,
        ("staging.yaml: pool trainer: its peak moves from 10 to 16 nodes, by 60%, and 50% is let pass; look"
        " at `trimtab diff`, then give --largest-step 0.60"),
    ),
    (
        "too large a step down", sized((1, 3, 16)), OLD, {}, InputError,
        ("staging.yaml: pool trainer: its peak moves from 10 to 3 nodes, by 70%, and 50% is let pass; look"
        " at `trimtab diff`, then give --largest-step 0.70"),
    ),
    (
        "the same peak with more to grow to", sized((8, 10, 1000)), OLD, {}, InputError,
        ("staging.yaml: pool trainer: its limit moves from 12 to 1000 nodes, by 8233%, and 50% is let pass;"
        " look at `trimtab diff`, then give --largest-step 82.34"),
    ),
    (
        "a commitment without an approval", LINE, None, {}, InputError,
        (f"staging.yaml: commitment {DIGEST} of pool trainer has no approval for the plan example; record"
        " one, or give --may-be-unapproved to run its nodes at list price until then"),
    ),
    (
        "approved for too few", LINE, None, {"approvals": (replace(APPROVAL, quantity=4),)}, InputError,
        (f"staging.yaml: commitment {DIGEST} of pool trainer has no approval that holds: 5 nodes are to be"
        " bought on it, and 4 are approved; record one, or give --may-be-unapproved to run its nodes at"
        " list price until then"),
    ),
    (
        "approved for another plan", LINE, None, {"approvals": (replace(APPROVAL, plan="prod"),)},
        InputError,
        (f"staging.yaml: commitment {DIGEST} of pool trainer has no approval that holds: it is for the plan"
        " prod, not example; record one, or give --may-be-unapproved to run its nodes at list price until"
        " then"),
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("source", "target", "changes", "kind", "says"),
    [each[1:] for each in REFUSED],
    ids=[each[0] for each in REFUSED],
)
def test_a_gate_that_does_not_hold_says_what_to_do(
    source: CapacityPlan,
    target: CapacityPlan | None,
    changes: dict[str, Any],
    kind: type[TrimtabError],
    says: str,
) -> None:
    with pytest.raises(TrimtabError) as caught:
        promoted(source, target, **changes)
    assert type(caught.value) is kind
    assert str(caught.value) == says


@given(before=st.integers(0, 300), after=st.integers(0, 300), let=st.floats(0, 3))
def test_a_step_that_is_refused_passes_with_the_share_that_is_advised(
    before: int, after: int, let: float
) -> None:
    old, new = sized((0, before, 999)), sized((0, after, 999))
    try:
        found = promoted(new, old, largest_step=let)
    except InputError as error:
        advised = float(str(error).rpartition(" ")[2])
        assert abs(after - before) / max(before, 1) > let
        assert promoted(new, old, largest_step=advised).plan.digest == new.digest
    else:
        assert found.changed is (before != after)


def test_a_peak_is_of_all_groups_at_one_time() -> None:
    groups = [
        group("a", ON_DEMAND, windows=windows((0, 1, 9), (0, 5, 9), (0, 2, 9))),
        group("b", ON_DEMAND, windows=windows((0, 3, 9), (0, 4, 9), hours=6)),
    ]
    (found,) = plan(pools=[pool(groups=groups)]).spec.pools
    assert peak_nodes(found) == 5 + 4
    assert limit_nodes(found) == 9 + 9


def followed(**status: Any) -> dict[str, Any]:
    return {"kind": "NodeGroupSet", "status": status}


def test_what_runs_is_read_off_what_follows_the_plan_or_the_plan() -> None:
    conditions = [{"type": each, "status": "True"} for each in ("PlanUsable", "Ready")]
    capacity = {"plan": {"digest": "0123456789ab"}}
    assert carried_out(followed(capacity=capacity, conditions=conditions), "x") == "0123456789ab"
    assert carried_out({**plan_data(), "status": {}}, "x") == plan().digest


MEND = "give what follows the plan, such as `kubectl get nodegroupset NAME -o yaml` prints it"


@pytest.mark.parametrize(
    ("document", "says"),
    [
        ([], f"x: is no object of a cluster; {MEND}"),
        (followed(), f"x: status.capacity.plan.digest: is missing; {MEND}"),
        (followed(capacity="large"), f"x: status.capacity.plan.digest: is missing; {MEND}"),
        (
            followed(
                capacity={"plan": {"digest": "0123456789ab"}},
                conditions=[
                    {"type": "PlanUsable", "status": "True"},
                    {"type": "Ready", "status": "False"},
                ],
            ),
            (
                "x: status.conditions: Ready is not True; wait until the plan is carried out there, or mend"
                " what the condition says"
            ),
        ),
    ],
    ids=["no object", "no status", "a status of another kind", "not ready"],
)
def test_what_says_too_little_is_refused(document: object, says: str) -> None:
    with pytest.raises(InputError) as caught:
        carried_out(document, "x")
    assert str(caught.value) == says


def test_a_promoted_plan_reads_back() -> None:
    made = promoted(NEW, OLD).plan
    again = parse_plan(yaml.safe_load(to_yaml(made)), "again")
    assert again == made
    assert format_instant(NOW) in to_yaml(made)
