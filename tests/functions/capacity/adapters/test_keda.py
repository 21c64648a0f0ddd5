"""KEDA's ScaledObjects that follow a pool."""

from typing import Any

import pytest

from support import plans
from support.following import now_of
from trimtab.plan.sizing import Sizes
from trimtab_functions.capacity.adapters import follower
from trimtab_functions.capacity.adapters.keda import ScaledObject

KEDA = ScaledObject()


def template(*triggers: str, **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "keda.sh/v1alpha1",
        "kind": "ScaledObject",
        "metadata": {"name": "chat"},
        "spec": {
            "scaleTargetRef": {"name": "chat"},
            "triggers": [{"type": each, "metadata": {}} for each in triggers or ("prometheus",)],
            **spec,
        },
    }


def serving(*sizes: tuple[int, int, int]) -> Any:
    group = plans.group(
        "main", {"option": "on-demand"}, windows=plans.windows(*sizes), unitsPerNode=4.0
    )
    return plans.plan(pools=[plans.pool(groups=[group], unit="replicas")])


@pytest.mark.parametrize(
    ("base", "sizes", "expected"),
    [
        (template(), (1, 2, 3), (4, 12)),
        (template(), (0, 0, 3), (0, 12)),
        (template(), (0, 0, 0), (0, 1)),
        (template(idleReplicaCount=0), (0, 0, 3), (1, 12)),
        (template(idleReplicaCount=0), (2, 2, 3), (8, 12)),
        (template("cpu", "memory"), (0, 0, 3), (1, 12)),
        (template("cpu", "prometheus"), (0, 0, 3), (0, 12)),
    ],
    ids=["as planned", "to zero", "KEDA takes no max of zero", "idle is below min",
         "idle and a min", "CPU alone can't wake it", "another trigger can"],
)  # fmt: skip
def test_bounds(
    base: dict[str, Any], sizes: tuple[int, int, int], expected: tuple[int, int]
) -> None:
    made = KEDA.follow(base, None, now_of(serving(sizes)))
    assert made.document is not None
    spec = made.document["spec"]
    assert (spec["minReplicaCount"], spec["maxReplicaCount"]) == expected
    assert {key: spec[key] for key in base["spec"]} == base["spec"]
    assert made.sizes is not None
    assert (made.sizes.min, made.sizes.max) == expected


def test_a_shrink_waits_for_the_next_window() -> None:
    first = KEDA.follow(template(), None, now_of(serving((2, 3, 4), (2, 3, 4))))
    again = KEDA.follow(template(), first.document, now_of(serving((1, 1, 1), (1, 1, 1))))
    assert again.sizes == Sizes(8, 8, 16)
    assert again.reason is not None
    later = KEDA.follow(template(), again.document, now_of(serving((2, 3, 4), (1, 1, 1)), 1))
    assert (later.sizes, later.reason) == (Sizes(4, 4, 4), None)


def test_without_a_plan_it_keeps_its_bounds_or_is_not_made() -> None:
    assert KEDA.held(template(), None) is None
    observed = template(minReplicaCount=4.0, maxReplicaCount=12.0)
    kept = KEDA.held(template(cooldownPeriod=30), observed)
    assert kept is not None
    assert kept["spec"] == {
        **template(cooldownPeriod=30)["spec"], "minReplicaCount": 4.0, "maxReplicaCount": 12.0
    }  # fmt: skip


def test_it_is_found() -> None:
    assert isinstance(follower(template()), ScaledObject)
