"""HorizontalPodAutoscalers that follow a pool, and what autoscalers of replicas have in common."""

from typing import Any

import pytest

from support import plans
from support.following import now_of
from trimtab.errors import InputError
from trimtab.plan.sizing import Sizes
from trimtab.policy.model import Stability
from trimtab_functions.capacity.adapters import follower
from trimtab_functions.capacity.adapters.hpa import HorizontalPodAutoscaler

HPA = HorizontalPodAutoscaler()
TEMPLATE: dict[str, Any] = {
    "apiVersion": "autoscaling/v2",
    "kind": "HorizontalPodAutoscaler",
    "metadata": {"name": "chat", "labels": {"trimtab.dev/pool": "trainer"}},
    "spec": {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "chat"},
        "maxReplicas": 3,
        "behavior": {"scaleDown": {"stabilizationWindowSeconds": 600}},
    },
}


def serving(*sizes: tuple[int, int, int], per_node: float = 4.0, unit: str = "replicas") -> Any:
    """A plan of one group whose nodes hold so many units."""
    group = plans.group(
        "main", {"option": "on-demand"}, windows=plans.windows(*sizes), unitsPerNode=per_node
    )
    return plans.plan(pools=[plans.pool(groups=[group], unit=unit)])


def annotated(units: str) -> dict[str, Any]:
    metadata = {
        **TEMPLATE["metadata"],
        "annotations": {"trimtab.dev/units-per-replica": units},
    }
    return {**TEMPLATE, "metadata": metadata}


def running(low: int, high: int, current: int, moved: str | None = None) -> dict[str, Any]:
    notes = {} if moved is None else {"trimtab.dev/bounds": moved}
    return {
        **TEMPLATE,
        "metadata": {**TEMPLATE["metadata"], "annotations": notes},
        "spec": {**TEMPLATE["spec"], "minReplicas": float(low), "maxReplicas": float(high)},
        "status": {"currentReplicas": current},
    }


def test_it_is_found_by_its_kind_whatever_its_version() -> None:
    for version in ("v1", "v2"):
        document = {**TEMPLATE, "apiVersion": f"autoscaling/{version}"}
        assert isinstance(follower(document), HorizontalPodAutoscaler)


def test_bounds_are_the_windows_nodes_in_replicas_and_the_rest_stays() -> None:
    made = HPA.follow(TEMPLATE, None, now_of(serving((1, 2, 3))))
    assert made.document == {
        **TEMPLATE,
        "metadata": {
            **TEMPLATE["metadata"],
            "annotations": {"trimtab.dev/bounds": "2026-11-01T00:00:00Z 4..12"},
        },
        "spec": {**TEMPLATE["spec"], "minReplicas": 4, "maxReplicas": 12},
    }
    assert (made.sizes, made.reason) == (Sizes(4, 8, 12), None)


@pytest.mark.parametrize(
    ("base", "plan", "expected"),
    [
        (TEMPLATE, serving((0, 0, 0)), (1, 1)),
        (TEMPLATE, serving((0, 1, 2)), (1, 8)),
        (TEMPLATE, serving((1, 1, 2), per_node=2.5), (3, 5)),
        # 0.1 is no binary fraction: three of ten are not four.
        (TEMPLATE, serving((3, 3, 3), per_node=0.1), (1, 1)),
        (annotated("50"), serving((1, 2, 3), per_node=120.0, unit="requests-per-second"), (3, 8)),
        (annotated("0.5"), serving((1, 2, 3), per_node=8.0, unit="gpus"), (16, 48)),
        (annotated("2"), serving((1, 2, 3)), (2, 6)),
    ],
    ids=["nothing planned", "a min of zero", "rounded up", "floats", "requests", "shared GPUs",
         "larger replicas"],
)  # fmt: skip
def test_replicas_of_units(base: dict[str, Any], plan: Any, expected: tuple[int, int]) -> None:
    document = HPA.follow(base, None, now_of(plan)).document
    assert document is not None
    assert (document["spec"]["minReplicas"], document["spec"]["maxReplicas"]) == expected


@pytest.mark.parametrize(
    ("base", "stands"),
    [(TEMPLATE, "not stated"), (annotated("many"), "'many'"), (annotated("0"), "'0'"),
     (annotated("-1"), "'-1'"), (annotated("nan"), "'nan'"), (annotated("inf"), "'inf'")],
)  # fmt: skip
def test_units_that_tell_no_replicas_are_refused(base: dict[str, Any], stands: str) -> None:
    plan = serving((1, 2, 3), unit="gpus")
    with pytest.raises(InputError, match="is counted in gpus") as refused:
        HPA.follow(base, None, now_of(plan))
    assert stands in str(refused.value)


def test_a_max_below_what_runs_is_held_there() -> None:
    plan = serving((5, 5, 5), (1, 1, 2))
    made = HPA.follow(TEMPLATE, running(20, 20, 17), now_of(plan, 1))
    assert made.document is not None
    assert made.document["spec"]["maxReplicas"] == 17
    assert made.reason == "max held at the 17 replicas that run until they fall to 8"
    # What was decided is remembered, not what was held.
    note = made.document["metadata"]["annotations"]["trimtab.dev/bounds"]
    assert note == "2026-11-01T04:00:00Z 4..8"
    later = HPA.follow(TEMPLATE, running(4, 17, 8, note), now_of(plan, 1))
    assert later.document is not None
    assert later.document["spec"]["maxReplicas"] == 8
    assert later.reason is None


def test_it_shrinks_by_steps_once_a_window_and_grows_at_once() -> None:
    damped = Stability()
    plan = serving((10, 10, 10), (1, 1, 1), (10, 10, 10))
    seen = []
    observed, window = None, 0
    for window in (0, 1, 1, 2):
        made = HPA.follow(TEMPLATE, observed, now_of(plan, window, stability=damped))
        assert made.document is not None
        observed = made.document
        seen.append(made.document["spec"]["maxReplicas"])
    assert seen == [40, 20, 20, 40]


def test_two_plans_that_take_turns_within_a_window_move_it_once() -> None:
    large, small = serving((4, 4, 4)), serving((2, 2, 2))
    observed = HPA.follow(TEMPLATE, None, now_of(small)).document
    highs = []
    for plan in (large, small, large, small):
        observed = HPA.follow(TEMPLATE, observed, now_of(plan)).document
        assert observed is not None
        highs.append(observed["spec"]["maxReplicas"])
    assert highs == [16, 16, 16, 16]


def test_without_a_plan_it_keeps_its_bounds_or_is_not_made() -> None:
    assert HPA.held(TEMPLATE, None) is None
    observed = running(4, 12, 9, "2026-11-01T00:00:00Z 4..12")
    base = {**TEMPLATE, "spec": {**TEMPLATE["spec"], "behavior": {"scaleUp": {}}}}
    kept = HPA.held(base, observed)
    assert kept is not None
    assert (kept["spec"]["minReplicas"], kept["spec"]["maxReplicas"]) == (4, 12)
    assert kept["spec"]["behavior"] == {"scaleUp": {}}  # the author's
    assert kept["metadata"]["annotations"] == observed["metadata"]["annotations"]
    assert "status" not in kept


@pytest.mark.parametrize(
    ("status", "ready"),
    [({}, True), ({"conditions": [{"type": "AbleToScale", "status": "True"}]}, True),
     ({"conditions": [{"type": "AbleToScale", "status": "False"}]}, False)],
)  # fmt: skip
def test_readiness(status: dict[str, Any], ready: bool) -> None:
    assert HPA.is_ready({**TEMPLATE, "status": status}) is ready
