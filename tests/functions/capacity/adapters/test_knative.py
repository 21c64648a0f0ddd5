"""Knative Services that follow a pool: a Revision only where it is worth one."""

from typing import Any

import pytest

from support import plans
from support.following import AT_ONCE, now_of
from trimtab.errors import InputError
from trimtab.plan.sizing import Sizes
from trimtab.policy.model import Stability
from trimtab_functions.capacity.adapters import follower
from trimtab_functions.capacity.adapters.knative import KnativeService

KNATIVE = KnativeService()
PREFIX = "autoscaling.knative.dev/"


def template(**annotations: str) -> dict[str, Any]:
    own = {f"{PREFIX}{key.replace('_', '-')}": value for key, value in annotations.items()}
    return {
        "apiVersion": "serving.knative.dev/v1",
        "kind": "Service",
        "metadata": {"name": "chat"},
        "spec": {
            "template": {
                "metadata": {"annotations": own},
                "spec": {"containers": [{"image": "example.org/chat"}]},
            }
        },
    }


def serving(*sizes: tuple[int, int, int], per_node: float = 4.0) -> Any:
    group = plans.group(
        "main", {"option": "on-demand"}, windows=plans.windows(*sizes), unitsPerNode=per_node
    )
    return plans.plan(pools=[plans.pool(groups=[group], unit="replicas")])


def scale(document: dict[str, Any] | None) -> dict[str, str]:
    assert document is not None
    found = document["spec"]["template"]["metadata"]["annotations"]
    return {key.removeprefix(PREFIX): value for key, value in found.items()}


def test_the_highest_max_to_come_and_the_windows_min() -> None:
    made = KNATIVE.follow(template(target="10"), None, now_of(serving((1, 2, 3), (2, 4, 6))))
    assert scale(made.document) == {
        "target": "10",
        "min-scale": "4",
        "max-scale": "24",
        "initial-scale": "8",
    }
    assert made.sizes == Sizes(4, 8, 24)


@pytest.mark.parametrize(
    ("sizes", "initial"),
    [((0, 0, 2), "1"), ((0, 1, 2), "4"), ((0, 2, 2), "1"), ((1, 2, 3), "4"), ((3, 3, 3), "12")],
    ids=["nothing is expected", "both Revisions fit", "two don't fit", "as far as both fit",
         "what must start anyway"],
)  # fmt: skip
def test_a_new_revision_starts_as_large_as_fits_beside_the_old(
    sizes: tuple[int, int, int], initial: str
) -> None:
    assert (
        scale(KNATIVE.follow(template(), None, now_of(serving(sizes))).document)["initial-scale"]
        == initial
    )


def test_other_spellings_of_the_bounds_are_replaced() -> None:
    base = template(minScale="9", maxScale="9", initialScale="9")
    made = KNATIVE.follow(base, None, now_of(serving((1, 1, 1))))
    assert scale(made.document) == {"min-scale": "4", "max-scale": "4", "initial-scale": "4"}


def test_the_template_does_not_move_with_windows_that_need_no_revision() -> None:
    plan = serving((1, 1, 3), (1, 3, 5), (1, 2, 5))
    first = KNATIVE.follow(template(), None, now_of(plan)).document
    second = KNATIVE.follow(template(), first, now_of(plan, 1)).document
    third = KNATIVE.follow(template(), second, now_of(plan, 2)).document
    assert first is not None
    assert second is not None
    assert third is not None
    # The expectation moved, but nothing that is worth a Revision.
    assert first["spec"] == second["spec"] == third["spec"]
    assert scale(first) == {"min-scale": "4", "max-scale": "20", "initial-scale": "4"}


def test_a_small_raise_of_min_waits_and_a_large_one_does_not() -> None:
    steady = Stability(hysteresis_nodes=3, hysteresis_share=0.2, max_step_down_share=1.0)
    plan = serving((20, 20, 60), (22, 22, 60), (24, 24, 60), per_node=1.0)
    before = KNATIVE.follow(template(), None, now_of(plan, stability=steady)).document
    small = KNATIVE.follow(template(), before, now_of(plan, 1, stability=steady))
    assert scale(small.document)["min-scale"] == "20"
    assert small.reason == "min as before: 20 to 22 is not worth a Revision"
    large = KNATIVE.follow(template(), small.document, now_of(plan, 2, stability=steady))
    assert scale(large.document)["min-scale"] == "24"


def test_a_shrink_is_damped() -> None:
    plan = serving((10, 10, 10), (1, 1, 1))
    before = KNATIVE.follow(template(), None, now_of(plan, stability=Stability())).document
    after = KNATIVE.follow(template(), before, now_of(plan, 1, stability=Stability()))
    assert scale(after.document) == {"min-scale": "20", "max-scale": "20", "initial-scale": "20"}
    at_once = KNATIVE.follow(template(), before, now_of(plan, 1, stability=AT_ONCE))
    assert scale(at_once.document)["max-scale"] == "4"


def test_a_service_that_names_its_revisions_is_refused() -> None:
    base = template()
    base["spec"]["template"]["metadata"]["name"] = "chat-1"
    with pytest.raises(InputError, match="names its Revision"):
        KNATIVE.follow(base, None, now_of(serving((1, 2, 3))))


def test_without_a_plan_it_keeps_its_scale_or_is_not_made() -> None:
    assert KNATIVE.held(template(), None) is None
    observed = template(min_scale="4", max_scale="24", initial_scale="8")
    base = template(min_scale="1", target="5")
    kept = KNATIVE.held(base, observed)
    assert scale(kept) == {
        "target": "5", "min-scale": "4", "max-scale": "24", "initial-scale": "8"
    }  # fmt: skip


def test_it_is_found_and_an_ordinary_service_is_not() -> None:
    assert isinstance(follower(template()), KnativeService)
    assert follower({"apiVersion": "v1", "kind": "Service"}) is None
