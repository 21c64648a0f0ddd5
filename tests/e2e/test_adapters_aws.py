"""What the capacity function composes for AWS, against the providers' schemas in a real API server."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from support import plans
from support.aws_render import (
    FUNCTION,
    Document,
    by_key,
    existing,
    named,
    plan_around_now,
    rendered,
)
from support.capacity_function import CapacityFunction, capacity_function, template_function
from support.crossplane_cli import CrossplaneCli
from support.kube_api import KubeApi, KubeError
from trimtab.inventory.purchase import ReservationLine

pytestmark = pytest.mark.engine

CRDS = Path(__file__).parent / "crds"
KINDS = ("aws.yaml", "nodegroups.eks.aws.m.upbound.io.yaml")
GROUPS = [
    plans.group("held", {
        "option": "reserved", "term": "open",
        "reservation": {"id": "cr-0123456789abcdef0", "zone": "us-east-1b"}}),
    plans.group("block", {
        "option": "capacity-block", "reservationId": "cr-1",
        "endsAt": (plans.START + timedelta(hours=11)).isoformat()}),
    plans.group("spot", {"option": "spot", "pools": 2}, taints=[
        {"key": "trimtab.dev/purchase-option", "value": "spot", "effect": "NoSchedule"}]),
    plans.group("near", {"option": "on-demand"}),
]  # fmt: skip
SPEC: Document = {
    "pools": ["trainer"],
    "region": "us-east-1",
    "clusterName": "ml",
    "zoneSubnetIds": {"us-east-1a": "subnet-a", "us-east-1b": "subnet-b"},
    "kubernetesVersion": "1.34",
    "volumeGib": 200,
    "volumeKeyArn": "arn:aws:kms:us-east-1:111122223333:key/k",
    "metadataHopLimit": 2,
    "efaSecurityGroupIds": ["sg-1", "sg-2"],
    "tags": {"cost-centre": "42"},
    "scheduledWindows": 2,
    "poolSettings": {
        "trainer": {"readinessTaint": True, "nodeRepair": True, "localStorage": "raid0"},
        "trainer/near": {"placementGroup": True, "efa": True, "maxUnavailablePercentage": 20},
        "trainer/spot": {"amiFamily": "BOTTLEROCKET", "volumeGib": 300},
    },
}


@pytest.fixture(scope="module")
def function(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CapacityFunction]:
    with capacity_function(tmp_path_factory.mktemp("function")) as served:
        yield served


@pytest.fixture(scope="module")
def kinds(kube_api: KubeApi) -> KubeApi:
    for name in KINDS:
        for crd in kube_api.apply_all(CRDS / name):
            kube_api.wait_established(crd["metadata"]["name"])
    return kube_api


def takes(api: KubeApi, namespace: str, composed: dict[str, Document]) -> None:
    """Apply every document, with strict field validation."""
    for key, document in composed.items():
        sent = named(document, key, namespace)
        stored = api.apply(sent)
        assert stored["spec"]["forProvider"] == sent["spec"]["forProvider"], key


def test_every_purchase_option_and_setting_fits_the_providers_schemas(
    crossplane: CrossplaneCli, function: CapacityFunction, kinds: KubeApi, kube_namespace: str
) -> None:
    plan = plan_around_now(GROUPS)
    xr, first = rendered(crossplane, function, plan, SPEC)
    conditions = {each["type"]: each["reason"] for each in xr["status"]["conditions"]}
    assert conditions["CapacityPlanned"] == "AsPlanned"
    kinds_first = sorted({each["kind"] for each in first.values()})
    assert kinds_first == ["LaunchTemplate", "NodeGroup", "PlacementGroup"]
    takes(kinds, kube_namespace, first)

    xr, then = rendered(crossplane, function, plan, SPEC, existing(first))
    assert sorted({each["kind"] for each in then.values()}) == [
        "GroupTag",
        "LaunchTemplate",
        "NodeGroup",
        "PlacementGroup",
        "Schedule",
    ]
    versions = {
        key.split("-")[1]: each["spec"]["forProvider"]["launchTemplate"]["version"]
        for key, each in then.items()
        if each["kind"] == "NodeGroup"
    }
    # A capacity block's group keeps the one that it began with.
    assert versions == {"held": "2", "block": "1", "spot": "2", "near": "2"}
    takes(kinds, kube_namespace, then)
    _, again = rendered(crossplane, function, plan, SPEC, existing(then))
    assert {key: each["spec"] for key, each in again.items()} == {
        key: each["spec"] for key, each in then.items()
    }


LABELS = {"trimtab.dev/pool": "trainer", "trimtab.dev/group": "near"}


def template(kind: str, api: str, **provider: Any) -> Document:
    return {
        "apiVersion": f"{api}.aws.m.upbound.io/v1beta1",
        "kind": kind,
        "metadata": {"labels": dict(LABELS)},
        "spec": {"forProvider": {"region": "us-east-1", **provider}},
    }


def test_what_follows_a_group_fits_the_providers_schemas_and_buys_with_leave_alone(
    crossplane: CrossplaneCli,
    function: CapacityFunction,
    kinds: KubeApi,
    kube_namespace: str,
    tmp_path: Path,
) -> None:
    group = plans.group("near", {"option": "on-demand"})
    plan = plan_around_now([group], unit="replicas")
    plan["metadata"] = {**plan["metadata"], "namespace": "ml"}
    line = ReservationLine(
        plan="example", pool="trainer", group="near", region="us-east-1", zone="us-east-1a",
        instance_type="p4d.24xlarge", quantity=1, usd_per_hour=32.77,
    )  # fmt: skip
    approval = {
        "apiVersion": "trimtab.dev/v1alpha1",
        "kind": "CommitmentApproval",
        "metadata": {"name": "yes", "namespace": "ml", "labels": {"trimtab.dev/plan": "example"}},
        "spec": {
            "plan": "example",
            "commitment": line.digest(),
            "quantity": 1,
            "ceilingUsdPerHour": 33.0,
            "approvedBy": "finops@example.com",
            "approvedAt": plan["spec"]["start"],
            "expires": plan["spec"]["validUntil"],
        },
    }
    steps = {
        "template": template("LaunchTemplate", "ec2", imageId="ami-1"),
        "reservation": template("CapacityReservation", "ec2"),
        "block": template("CapacityBlockReservation", "ec2", capacityBlockOfferingId="cbo-1"),
        "schedule": template("Schedule", "autoscaling", autoscalingGroupName="asg-1"),
        "function": template("Function", "lambda", packageType="Image", memorySize=512),
        "warm": template(
            "ProvisionedConcurrencyConfig", "lambda", functionName="chat", qualifier="live"
        ),
    }
    steps["block"]["metadata"]["annotations"] = {
        "trimtab.dev/starts-at": "2026-12-01T11:30:00Z",
        "trimtab.dev/ends-at": "2026-12-03T11:30:00Z",
        "trimtab.dev/fee-usd": "9000",
    }
    composition = {
        "apiVersion": "apiextensions.crossplane.io/v1",
        "kind": "Composition",
        "metadata": {"name": "test"},
        "spec": {
            "compositeTypeRef": {"apiVersion": "example.org/v1", "kind": "Thing"},
            "mode": "Pipeline",
            "pipeline": [
                {
                    "step": "make",
                    "functionRef": {"name": "templates"},
                    "input": {
                        "apiVersion": "test.trimtab.dev/v1",
                        "kind": "Templates",
                        "resources": steps,
                    },
                },
                {
                    "step": "size",
                    "functionRef": {"name": FUNCTION},
                    "input": {
                        "apiVersion": "capacity.fn.trimtab.dev/v1alpha1",
                        "kind": "Input",
                        "mode": "Inject",
                        "plan": {"name": "example"},
                    },
                },
            ],
        },
    }
    xr = {
        "apiVersion": "example.org/v1",
        "kind": "Thing",
        "metadata": {"name": "thing", "namespace": "ml"},
        "spec": {},
    }

    def made(*required: Document) -> tuple[Document, dict[str, Document]]:
        with template_function(tmp_path) as templates:
            told, *composed = crossplane.render(
                xr,
                composition,
                {"templates": templates.target, FUNCTION: function.target},
                required_resources=list(required),
                results=False,
            )
        return told, by_key(composed)

    _, without = made(plan)
    assert sorted(without) == ["function", "schedule", "template", "warm"]
    told, approved = made(plan, approval)
    assert sorted(approved) == ["function", "reservation", "schedule", "template", "warm"]
    reasons = {each["type"]: each for each in told["status"]["conditions"]}
    message = reasons["CapacityPlanned"]["message"]
    assert "trainer/near: block: no approval names the line sha256:" in message
    takes(kinds, kube_namespace, approved)
    # The line that the message prints is one that a person can record.
    printed = message[message.index("approval: ") + len("approval: ") :].replace("<who>", "me")
    printed = printed[: printed.rindex("}}") + 2]
    document = yaml.safe_load(printed)
    assert document["spec"]["quantity"] == 6
    assert document["metadata"]["labels"] == {"trimtab.dev/plan": "example"}


def test_a_field_that_no_one_looked_up_is_refused(kinds: KubeApi, kube_namespace: str) -> None:
    wrong = template("LaunchTemplate", "ec2", keyNaem="a")
    wrong["metadata"] |= {"name": "wrong", "namespace": kube_namespace, "annotations": {}}
    with pytest.raises(KubeError, match="keyNaem"):
        kinds.apply(wrong)
    bare = template("CapacityReservation", "ec2", instanceType="p4d.24xlarge")
    bare["metadata"] |= {"name": "bare", "namespace": kube_namespace, "annotations": {}}
    bare["spec"]["managementPolicies"] = ["Observe", "Create", "Update"]
    with pytest.raises(KubeError, match="instanceCount is a required parameter"):
        kinds.apply(bare)


EXAMPLE = Path(__file__).parents[2] / "functions" / "examples" / "eks"


def test_the_examples_node_groups_have_all_that_they_need(
    crossplane: CrossplaneCli, function: CapacityFunction, kinds: KubeApi, kube_namespace: str
) -> None:
    plan = yaml.safe_load((EXAMPLE / "plan.yaml").read_text("utf-8"))
    spec = yaml.safe_load((EXAMPLE / "xr.yaml").read_text("utf-8"))["spec"]
    _, first = rendered(crossplane, function, plan, spec)
    groups = ["trainer-held-0a1b2c", "trainer-spot-0a1b2c", "trainer-steady-0a1b2c-together"]
    assert sorted(first) == sorted(
        [
            *groups,
            *(f"{each}-launch-template" for each in groups),
            f"{groups[2]}-placement-group",
        ]
    )
    _, then = rendered(crossplane, function, plan, spec, existing(first))
    assert sorted(then) == sorted([*first, f"{groups[2]}-at-20980101t0000z"])
    takes(kinds, kube_namespace, then)


def test_the_examples_reservation_is_bought_when_the_approval_that_it_asks_for_is_there(
    crossplane: CrossplaneCli, function: CapacityFunction, tmp_path: Path
) -> None:
    composition = yaml.safe_load((EXAMPLE / "followers.yaml").read_text("utf-8"))
    step = composition["spec"]["pipeline"][0]
    documents = list(yaml.safe_load_all(step["input"]["inline"]["template"]))
    name = "gotemplating.fn.crossplane.io/composition-resource-name"
    step["input"] = {
        "apiVersion": "test.trimtab.dev/v1",
        "kind": "Templates",
        "resources": {each["metadata"]["annotations"][name]: each for each in documents},
    }
    plan = yaml.safe_load((EXAMPLE / "plan.yaml").read_text("utf-8"))
    xr = {
        "apiVersion": "platform.example.org/v1",
        "kind": "HeldCapacity",
        "metadata": {"name": "ml", "namespace": "ml"},
    }

    def made(*required: Document) -> tuple[Document, dict[str, Document]]:
        with template_function(tmp_path) as templates:
            told, *composed = crossplane.render(
                xr,
                composition,
                {"function-go-templating": templates.target, FUNCTION: function.target},
                required_resources=list(required),
                results=False,
            )
        return told, by_key(composed)

    told, without = made(plan)
    assert sorted(without) == ["template"]
    reasons = {each["type"]: each["message"] for each in told["status"]["conditions"]}
    message = reasons["CapacityPlanned"]
    printed = message[message.index("approval: ") + len("approval: ") : message.rindex("}}") + 2]
    for blank, word in (
        ("<who>", "finops@example.com"),
        ("<when>", "2026-11-01T00:00:00Z"),
        ("<until>", "2098-12-01T00:00:00Z"),
    ):
        printed = printed.replace(blank, word)
    approval = yaml.safe_load(printed)
    approval["metadata"]["namespace"] = "ml"
    _, bought = made(plan, approval)
    assert sorted(bought) == ["reservation", "template"]
    provider = bought["reservation"]["spec"]["forProvider"]
    assert (provider["instanceType"], provider["instanceCount"]) == ("p4d.24xlarge", 2)
    assert bought["reservation"]["spec"]["managementPolicies"] == ["Observe", "Create", "Update"]
