"""The examples of Karpenter, Kueue and serverless: what their documentation says comes out."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from support.capacity_requests import answer, request
from trimtab.plan.sizing import Sizes
from trimtab_functions.capacity.adapters.karpenter_settings import KarpenterSettings

EXAMPLES = Path(__file__).parents[4] / "functions" / "examples"
NAME = "gotemplating.fn.crossplane.io/composition-resource-name"
NOW = datetime(2026, 11, 15, tzinfo=UTC)
FIRST, LATER = NOW, datetime(2027, 1, 1, tzinfo=UTC)


def read(*path: str) -> Any:
    return yaml.safe_load(EXAMPLES.joinpath(*path).read_text("utf-8"))


def made(
    composition: Any, now: datetime, spec: Any = None, observed: Any = None
) -> dict[str, dict[str, Any]]:
    """What the example's last step makes of what its first one templates."""
    desired = {}
    *earlier, step = composition["spec"]["pipeline"]
    for each in earlier:
        for document in yaml.safe_load_all(each["input"]["inline"]["template"]):
            desired[document["metadata"]["annotations"].pop(NAME)] = document
    plan = read("plan.yaml")
    given = {"planRef": {"name": "ml-platform"}, **(spec or {})}
    req = request(plan, spec=given, desired=desired, step_input=step["input"], observed=observed)
    req.observed.composite.resource["metadata"]["namespace"] = "ml"
    found = answer(req, now)
    reasons = {each["type"]: each["reason"] for each in found["conditions"]}
    assert reasons == {"PlanUsable": "PlanFound", "CapacityPlanned": "AsPlanned"}, found
    return {key: each["resource"] for key, each in found["desired"]["resources"].items()}


def test_karpenter() -> None:
    xr = read("karpenter", "xr.yaml")
    KarpenterSettings.model_validate(xr["spec"])
    found = made(read("karpenter", "composition.yaml"), NOW, xr["spec"])
    manifests = {key: each["spec"]["forProvider"]["manifest"] for key, each in found.items()}
    assert {each["metadata"]["name"] for each in manifests.values()} == {
        "trainer-reserved-0a1b2c",
        "trainer-reserved-0a1b2c-static",
        "trainer-on-demand-0a1b2c",
        "trainer-spot-7d2e4f",
    }
    limits = {
        key: each["spec"]["limits"]["nodes"]
        for key, each in manifests.items()
        if each["kind"] == "NodePool"
    }
    assert limits == {
        "trainer-reserved-0a1b2c": "0",
        "trainer-reserved-0a1b2c-static": "5",
        "trainer-on-demand-0a1b2c": "6",
        "trainer-spot-7d2e4f": "4",
    }


def test_kueue() -> None:
    found = made(read("kueue", "composition.yaml"), NOW)
    queue = found["queue"]["spec"]["forProvider"]["manifest"]["spec"]
    quotas = {
        each["name"]: each["resources"][0]["nominalQuota"]
        for each in queue["resourceGroups"][0]["flavors"]
    }
    assert quotas == {"paid": "40", "cheap": "32", "dear": "48"}
    assert queue["resourceGroups"][0]["flavors"][1]["resources"][0]["borrowingLimit"] == "16"
    flavor = found["cheap"]["spec"]["forProvider"]["manifest"]["spec"]
    assert flavor["nodeLabels"]["trimtab.dev/group"] == "spot"


def test_serverless() -> None:
    def bounds(found: Any) -> dict[str, Sizes]:
        hpa, keda = found["chat"]["spec"], found["batch"]["spec"]
        scale = found["rank"]["spec"]["template"]["metadata"]["annotations"]
        low, high, initial = (
            int(scale[f"autoscaling.knative.dev/{each}-scale"])
            for each in ("min", "max", "initial")
        )
        assert scale["autoscaling.knative.dev/target"] == "10"
        return {
            "chat": Sizes(hpa["minReplicas"], hpa["minReplicas"], hpa["maxReplicas"]),
            "batch": Sizes(
                keda["minReplicaCount"], keda["minReplicaCount"], keda["maxReplicaCount"]
            ),
            "rank": Sizes(low, initial, high),
        }

    composition = read("serverless", "composition.yaml")
    first = made(composition, FIRST)
    assert bounds(first) == {
        "chat": Sizes(48, 48, 120),
        "batch": Sizes(1, 1, 8),
        "rank": Sizes(6, 9, 19),
    }
    later = made(composition, LATER, observed=first)
    assert bounds(later) == {
        "chat": Sizes(56, 56, 152),
        "batch": Sizes(1, 1, 12),
        "rank": Sizes(7, 8, 19),
    }
