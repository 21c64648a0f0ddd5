"""One plan, carried out by Pulumi and by Crossplane: the same node groups, field by field.

The component is recorded as its program registers it; the function is a process that Crossplane's own
engine calls. They share `trimtab.provision.eks`; what each makes of it is compared here.
"""

import copy
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from support import plans
from support.aws_render import Document, existing, plan_around_now, rendered
from support.capacity_function import CapacityFunction, capacity_function
from support.crossplane_cli import CrossplaneCli
from support.recorded import Records, of
from trimtab.plan.document import parse_plan, save_plan
from trimtab.preview.records import PreviewRequest, ResourceRecord
from trimtab_components.engines.recorder import record

pytestmark = pytest.mark.engine

PROGRAM = """
import json
from pathlib import Path
from trimtab_components.eks.cluster import HeterogeneousCluster

HeterogeneousCluster("ml", {"plan": "plan.yaml", **json.loads(Path("said.json").read_text())})
"""
ARN = "arn:aws:resource-groups:us-east-1:111122223333:group/trainers"
GROWING = plans.windows((2, 3, 4), (3, 4, 6), (3, 5, 8))
GRAVITON: Document = {
    "offers": [
        {"instanceType": "m7g.4xlarge", "usdPerHour": 0.65},
        {"instanceType": "m7gd.4xlarge", "usdPerHour": 0.85},
    ],
    "architecture": "arm64",
    "accelerator": None,
}
SPOT_TAINT = {"key": "trimtab.dev/purchase-option", "value": "spot", "effect": "NoSchedule"}
BARE_TAINT = {"key": "dedicated", "effect": "PreferNoSchedule"}
GROUPS = [
    plans.group(name, purchase, **{"windows": GROWING, **changes})
    for name, purchase, changes in (
        ("steady", {"option": "on-demand"}, {}),
        ("bought", {"option": "reserved", "term": "1y", "commitment": plans.DIGEST}, {}),
        ("held", {"option": "reserved", "term": "open",
                  "reservation": {"id": "cr-0123456789abcdef0", "zone": "us-east-1b"}}, {}),
        ("grouped", {"option": "reserved", "term": "open", "reservation": {"groupArn": ARN}}, {}),
        ("block", {"option": "capacity-block", "reservationId": "cr-1", "zone": "us-east-1a",
                   "startsAt": (plans.START + timedelta(hours=3)).isoformat(),
                   "endsAt": (plans.START + timedelta(hours=10)).isoformat()}, {}),
        ("spot", {"option": "spot", "pools": 2}, {"taints": [SPOT_TAINT, BARE_TAINT]}),
        ("arm", {"option": "on-demand"}, GRAVITON),
        ("empty", {"option": "spot", "pools": 2}, {
            "taints": [SPOT_TAINT], "windows": plans.windows((0, 0, 0), (0, 0, 2), (0, 0, 2))}),
        ("near", {"option": "on-demand"}, {}),
    )
]  # fmt: skip
ZONES = {"us-east-1a": "subnet-a", "us-east-1b": "subnet-b"}
KEY = "arn:aws:kms:us-east-1:111122223333:key/k"
POOLS: dict[str, dict[str, Any]] = {
    "trainer": {"accelerator_taint": True, "node_repair": True},
    "trainer/arm": {"accelerator_taint": False, "ami_family": "BOTTLEROCKET", "volume_gib": 50},
    "trainer/spot": {"ami_family": "BOTTLEROCKET", "readiness_taint": True},
    "trainer/held": {"readiness_taint": True, "local_storage": "raid0", "team_taint": True},
    "trainer/near": {"efa": True, "placement_group": True, "max_unavailable_percentage": 25},
    "trainer/block": {"sharing": "time-slicing", "sharing_replicas": 4, "volume_gib": 500},
}
COMPONENT: Document = {
    "vpc_id": "vpc-1",
    "subnet_ids": ["subnet-a", "subnet-b"],
    "zone_subnet_ids": ZONES,
    "region": "us-east-1",
    "autoscaled": True,
    "kubernetes_version": "1.34",
    "metadata_hop_limit": 2,
    "volume_gib": 200,
    "encryption": {"volume_key_arn": KEY},
    "tags": {"cost-centre": "42"},
    "pools": POOLS,
}
XR: Document = {
    "pools": ["trainer"],
    "region": "us-east-1",
    "clusterName": "ml",
    "subnetIds": ["subnet-a", "subnet-b"],
    "zoneSubnetIds": ZONES,
    "kubernetesVersion": "1.34",
    "metadataHopLimit": 2,
    "volumeGib": 200,
    "volumeKeyArn": KEY,
    "tags": {"cost-centre": "42"},
    "efaSecurityGroupIds": ["sg-cluster", "sg-efa"],
    "scheduledWindows": 48,
    "composeLaunchTemplates": "Always",
}


def camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(each.capitalize() for each in rest)


@pytest.fixture(scope="module")
def function(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CapacityFunction]:
    with capacity_function(tmp_path_factory.mktemp("function")) as served:
        yield served


def recorded(folder: Path, plan: Document) -> Records:
    folder.mkdir()
    save_plan(parse_plan(plan, "plan"), folder / "plan.yaml")
    now = datetime.now(UTC).replace(microsecond=0)
    said = {**COMPONENT, "as_of": now.isoformat()}
    (folder / "said.json").write_text(json.dumps(said), "utf-8")
    (folder / "Pulumi.yaml").write_text("name: own\nruntime: python\n", "utf-8")
    (folder / "Pulumi.dev.yaml").write_text("config:\n  aws:region: us-east-1\n", "utf-8")
    (folder / "__main__.py").write_text(PROGRAM, "utf-8")
    return record(PreviewRequest(folder, "dev")).records


def of_pulumi(node_group: ResourceRecord, template: ResourceRecord) -> Document:
    """What the component says of a node group, in the provider's words."""
    stated = copy.deepcopy(dict(node_group.inputs))
    for late in ("clusterName", "nodeRoleArn", "launchTemplate", "__defaults"):
        stated.pop(late, None)
    launch = copy.deepcopy(dict(template.inputs))
    launch.pop("__defaults", None)
    for each in launch.get("networkInterfaces", []):
        each.pop("securityGroups")  # made beside it here, and given to the XR there
    launch.pop("placement", None)
    return {"group": stated, "template": launch}


def of_crossplane(resources: dict[str, Document], key: str) -> Document:
    """What the function composes, in Pulumi's words."""
    document = resources[key]
    stated = copy.deepcopy(document["spec"]["forProvider"])
    for late in ("clusterName", "nodeRoleArn", "launchTemplate", "region"):
        stated.pop(late)
    stated["nodeGroupName"] = document["metadata"]["annotations"]["crossplane.io/external-name"]
    initial = document["spec"]["initProvider"]["scalingConfig"]
    stated["scalingConfig"] = {**stated["scalingConfig"], **initial}
    if "taint" in stated:
        stated["taints"] = stated.pop("taint")
    launch = copy.deepcopy(resources[f"{key}-launch-template"]["spec"]["forProvider"])
    for late in ("name", "region"):
        launch.pop(late)
    for each in launch.get("networkInterfaces", []):
        assert each.pop("securityGroups") == ["sg-cluster", "sg-efa"]
    placement = launch.pop("placement", None)
    assert (placement is not None) == (f"{key}-placement-group" in resources)
    return {"group": stated, "template": launch}


def test_a_plan_is_the_same_node_groups_by_pulumi_and_by_crossplane(
    crossplane: CrossplaneCli, function: CapacityFunction, tmp_path: Path
) -> None:
    plan = plan_around_now(GROUPS)
    records = recorded(tmp_path / "program", plan)
    settings = {
        place: {camel(name): value for name, value in chosen.items()}
        for place, chosen in POOLS.items()
    }
    xr, first = rendered(crossplane, function, plan, {**XR, "poolSettings": settings})
    reasons = {each["type"]: each["reason"] for each in xr["status"]["conditions"]}
    assert reasons["CapacityPlanned"] == "AsPlanned"

    groups, templates = of(records, "NodeGroup"), of(records, "LaunchTemplate")
    composed = [key for key, each in first.items() if each["kind"] == "NodeGroup"]
    assert len(composed) == len(GROUPS)
    assert {name.removeprefix("ml-") for name in groups} == set(composed)
    for key in composed:
        name = f"ml-{key}"
        assert of_crossplane(first, key) == of_pulumi(groups[name], templates[name]), key

    placed = {each.inputs["name"] for each in of(records, "PlacementGroup").values()}
    named = {
        each["metadata"]["annotations"]["crossplane.io/external-name"]
        for each in first.values()
        if each["kind"] == "PlacementGroup"
    }
    assert named == placed == {"ml-trainer-near-0a1b2c-together"}

    _, then = rendered(
        crossplane, function, plan, {**XR, "poolSettings": settings}, existing(first)
    )
    scheduled = {
        each["metadata"]["annotations"]["crossplane.io/external-name"]: {
            name: each["spec"]["forProvider"][name]
            for name in ("startTime", "minSize", "desiredCapacity", "maxSize")
        }
        for each in then.values()
        if each["kind"] == "Schedule"
    }
    actions = {
        each.inputs["scheduledActionName"]: {
            name: each.inputs[name]
            for name in ("startTime", "minSize", "desiredCapacity", "maxSize")
        }
        for each in of(records, "Schedule").values()
    }
    assert len(actions) > 2 * (len(GROUPS) - 1)
    assert scheduled == actions
    tags = {
        json.dumps(each["spec"]["forProvider"]["tag"], sort_keys=True)
        for each in then.values()
        if each["kind"] == "GroupTag"
    }
    told = {
        json.dumps(dict(each.inputs["tag"]), sort_keys=True)
        for each in of(records, "Tag").values()
        if "tag" in each.inputs
    }
    assert tags == told
    assert tags
