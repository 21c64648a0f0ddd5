"""One plan by the Pulumi component and by the capacity function: the same Karpenter objects.

The component is recorded, the function called by Crossplane's own engine. Two differences are meant: the
component's objects are kept from a GitOps controller's pruning by annotations, where Crossplane owns
those of the function; and the function's labels name the generation, its annotations what it remembers.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support import plans
from support.capacity_function import CapacityFunction, capacity_function
from support.crossplane_cli import CrossplaneCli
from support.inline import preview
from support.karpenter import line
from trimtab.plan.document import parse_plan
from trimtab_components import KarpenterPools

pytestmark = pytest.mark.engine

FUNCTION = "function-trimtab-capacity"
KINDS = {"NodePool", "EC2NodeClass", "NodeClass", "NodeOverlay"}
HELD = {"option": "reserved", "term": "1y"}
TAINT = {"key": "trimtab.dev/purchase-option", "value": "spot", "effect": "NoSchedule"}
GROUPS = [
    plans.group("held", HELD, windows=plans.windows((3, 4, 5), (2, 5, 5), (4, 4, 5))),
    plans.group("odcr", {"option": "reserved", "term": "open",
                         "reservation": {"id": "cr-0a", "zone": "us-east-1b"}}),
    plans.group("tagged", {"option": "reserved", "term": "open",
                           "reservation": {"groupArn": "arn:aws:x"}}),
    plans.group("block", {"option": "capacity-block", "reservationId": "cr-1",
                          "endsAt": plans.plan_data()["spec"]["validUntil"]}),
    plans.group("g", {**HELD, "commitment": plans.DIGEST}),
    plans.group("spot", {"option": "spot", "pools": 2}, taints=[TAINT]),
    plans.group("steady", {"option": "on-demand"}, architecture="arm64"),
]  # fmt: skip
TAGS = {"tags": {"team": "ml"}, "ownerId": "123456789012"}
CASES: dict[str, dict[str, Any]] = {
    "plain": {"reservations": {"trainer/tagged": TAGS}},
    "everything": {
        "reservations": {"trainer/tagged": TAGS},
        "staticBaseline": True,
        "overlays": True,
        "approved": [plans.DIGEST],
        "maintenance": {"start": "22:30", "hours": 4, "days": ["sat", "sun"]},
        "volumeGib": 200,
        "volumeKeyArn": "arn:aws:kms:us-east-1:111122223333:key/1",
        "metadataHopLimit": 2,
        "amiVersion": "v20261101",
        "nodeRole": "nodes",
        "tags": {"cost-centre": "42"},
        "pools": {
            "trainer": {"readinessTaint": True, "teamTaint": True},
            "trainer/spot": {"amiFamily": "BOTTLEROCKET", "localStorage": "raid0"},
            "trainer/steady": {"volumeGib": 500, "maxUnavailablePercentage": 30},
        },
    },
    "EKS Auto Mode": {
        "mode": "eks-auto",
        "staticBaseline": True,
        "reservations": {"trainer/tagged": TAGS},
    },
}
Document = dict[str, Any]


def document() -> Document:
    made = plans.pool(groups=GROUPS)
    made["expected"]["interruptionUsdPerHour"] = 4.5
    # From long ago into the far future: the function's clock is the machine's, and its first window
    # is to hold as the component's does.
    given = plans.plan_data(
        pools=[made], commitments=[line(4)], validUntil="2099-01-01T00:00:00Z",
        site={"provider": "aws", "region": "us-east-1", "zones": ["us-east-1a", "us-east-1b"]},
    )  # fmt: skip
    for group in given["spec"]["pools"][0]["groups"]:
        first = group["windows"][0]
        group["windows"] = [{**first, "end": "2099-01-01T00:00:00Z"}]
        if "endsAt" in group["purchase"]:
            group["purchase"] = {**group["purchase"], "endsAt": "2098-01-01T00:00:00Z"}
    return given


@pytest.fixture(scope="module")
def function(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CapacityFunction]:
    with capacity_function(tmp_path_factory.mktemp("function")) as served:
        yield served


def snake(value: Any, within: str = "") -> Any:
    """An XR's settings as the component's arguments have them."""
    if isinstance(value, list):
        return [snake(each) for each in value]
    if not isinstance(value, dict):
        return value
    if within == "tags":
        return value
    return {
        "".join(f"_{c.lower()}" if c.isupper() else c for c in key): snake(each, key)
        for key, each in value.items()
    }


def by_component(folder: Path, plan: Document, part: Document) -> dict[tuple[str, str], Document]:
    arguments = {"plan": parse_plan(plan, "plan"), "cluster_name": "c", **snake(part)}
    records = preview(folder, lambda: KarpenterPools("k", arguments)).records  # type: ignore[arg-type]
    found = {}
    for each in records:
        kind = each.type.rpartition(":")[2]
        if kind in KINDS:
            metadata = each.inputs["metadata"]
            found[kind, metadata["name"]] = {
                "apiVersion": each.inputs["apiVersion"],
                "labels": metadata["labels"],
                "spec": each.inputs["spec"],
            }
    return found


def by_function(
    crossplane: CrossplaneCli, function: CapacityFunction, plan: Document, part: Document
) -> dict[tuple[str, str], Document]:
    xr = {
        "apiVersion": "platform.example.org/v1",
        "kind": "KarpenterPoolSet",
        "metadata": {"name": "ml"},
        "spec": {
            "planRef": {"name": "example"},
            "pools": ["trainer"],
            "clusterName": "c",
            "karpenter": part,
        },
    }
    composition = {
        "apiVersion": "apiextensions.crossplane.io/v1",
        "kind": "Composition",
        "metadata": {"name": "ml"},
        "spec": {
            "compositeTypeRef": {key: xr[key] for key in ("apiVersion", "kind")},
            "mode": "Pipeline",
            "pipeline": [
                {
                    "step": "capacity",
                    "functionRef": {"name": FUNCTION},
                    "input": {
                        "apiVersion": "capacity.fn.trimtab.dev/v1alpha1",
                        "kind": "Input",
                        "compose": {"as": "Karpenter"},
                        "plan": {"name": "example", "namespace": "ml"},
                    },
                }
            ],
        },
    }
    given = {**plan, "metadata": {**plan["metadata"], "namespace": "ml"}}
    said, *made = crossplane.render(
        xr, composition, {FUNCTION: function.target}, required_resources=[given], results=False
    )
    reasons = {each["type"]: each["reason"] for each in said["status"]["conditions"]}
    assert reasons["CapacityPlanned"] == "AsPlanned", said["status"]
    return {
        (each["kind"], each["metadata"]["name"]): {
            "apiVersion": each["apiVersion"],
            "labels": {
                key: value
                for key, value in each["metadata"]["labels"].items()
                if not key.startswith("crossplane.io/") and key != "trimtab.dev/generation"
            },
            "spec": each["spec"],
        }
        for each in made
    }


@pytest.mark.parametrize("case", CASES)
def test_the_component_and_the_function_make_the_same_objects(
    crossplane: CrossplaneCli, function: CapacityFunction, tmp_path: Path, case: str
) -> None:
    plan, part = document(), CASES[case]
    component = by_component(tmp_path / "program", plan, part)
    composed = by_function(crossplane, function, plan, part)
    assert set(component) == set(composed)
    assert len(component) >= 2 * len(GROUPS)
    for key, expected in component.items():
        assert composed[key] == expected, key
