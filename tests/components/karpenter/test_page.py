"""docs/karpenter.md and its example: the program previews, and the page shows what it makes."""

import re

from support.karpenter_page import EXAMPLE, PAGE, filled, marked, records
from support.recorded import of, one
from support.sdk_inputs import problems
from trimtab.plan.document import load_plan
from trimtab_components.karpenter.features import FEATURES


def test_the_page_shows_the_objects_of_its_example() -> None:
    text = PAGE.read_text("utf-8")
    assert len(marked(text)) >= 6
    assert filled(text) == text, "python -m tests.support.karpenter_page"


def test_the_example_previews_complete() -> None:
    made = records()
    assert set(of(made, "NodePool")) == {
        "pools-serving-reserved-3f09ac",
        "pools-serving-reserved-3f09ac-static",
        "pools-serving-spot-9b21d4",
        "pools-serving-on-demand-c7705e",
    }
    gates = of(made, "Chart")["karpenter"].inputs["values"]["settings"]["featureGates"]
    assert {name for name, on in gates.items() if on} == {
        "reservedCapacity", "staticCapacity", "nodeOverlay", "capacityBuffer",
    }  # fmt: skip
    # The controller outlives what only it can take finalizers off.
    chart = of(made, "Chart")["karpenter"].urn
    for kind in ("EC2NodeClass", "PodTemplate"):
        assert all(chart in each.dependencies for each in of(made, kind).values())
    for each in made:
        if each.type.startswith(("aws:", "kubernetes:")):
            assert not problems(each.type, each.inputs), each.name


def test_the_page_says_what_the_example_says() -> None:
    text = PAGE.read_text("utf-8")
    plan = load_plan(EXAMPLE / "plan.yaml")
    (pool,) = plan.spec.pools
    for group in pool.groups:
        sizes = " | ".join(f"{w.min} / {w.desired} / {w.max}" for w in group.windows)
        assert f"| {group.name} | {sizes} |" in text
    replicas = one([r for r in records() if r.name.endswith("-static")], "NodePool").inputs["spec"][
        "replicas"
    ]
    assert f"`replicas: {replicas}`" in text
    for name, feature in FEATURES.items():
        row = f"| `{name}` | {feature.stage}, {feature.since} |"
        assert row in text
    assert re.search(r"^# Karpenter$", text, re.MULTILINE)
