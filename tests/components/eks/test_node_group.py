"""Node groups as resources: what is registered, under which parent, in which order, with which inputs."""

import json
from pathlib import Path
from typing import Any

import pytest

from support.plans import group, plan, pool
from support.recorded import Records, of, one
from support.sdk_inputs import problems
from trimtab.errors import InputError
from trimtab.plan.document import save_plan
from trimtab.preview.records import PreviewRequest
from trimtab.resources.inputs import UNKNOWN
from trimtab_components.engines.recorder import record

PROGRAM = """
import json
from pathlib import Path
import pulumi
import pulumi_aws as aws
from trimtab.plan.document import load_plan
from trimtab_components.eks.fabric import efa_security_group
from trimtab.provision.eks.groups import node_group_shape
from trimtab_components.eks.node_group import NodeGroupHost, PlannedNodeGroup
from trimtab.provision.pool_settings import SettingsByGroup
from trimtab.provision.sized_groups import sized_groups

plan = load_plan(Path("plan.yaml"))
said = json.loads(Path("said.json").read_text())
settings = SettingsByGroup(plan, said["pools"], "here")
parent = pulumi.ComponentResource("own:index:Cluster", "c")
child = pulumi.ResourceOptions(parent=parent)
vpc = aws.ec2.Vpc("vpc", cidr_block="10.0.0.0/16")
subnets = {zone: aws.ec2.Subnet(f"s-{zone}", vpc_id=vpc.id).id for zone in said["zones"]}
cluster = aws.eks.Cluster("c", role_arn="arn:r", vpc_config={"subnet_ids": list(subnets.values())})
fabric = efa_security_group("c-efa", vpc.id, {"team": "vision"}, child)
own = cluster.vpc_config.apply(lambda config: config.cluster_security_group_id)
host = NodeGroupHost(
    cluster.name, pulumi.Output.from_input("arn:nodes"), list(subnets.values()), 1, (vpc,),
    subnets, (own, fabric),
)
for sized in sized_groups(plan, plan.spec.start, {}):
    shape = node_group_shape(
        plan, sized, as_of=plan.spec.start, family="AL2023", volume_gib=100,
        autoscaled=said["autoscaled"], extra_tags={}, settings=settings.of(sized.pool, sized.group),
    )
    PlannedNodeGroup(f"c-{shape.name}", shape, host, child)
"""
NAME = "c-trainer-g-0a1b2c"
ARN = "arn:aws:resource-groups:us-east-1:111122223333:group/trainers"


def run(
    folder: Path,
    purchase: dict[str, Any] | None = None,
    chosen: dict[str, Any] | None = None,
    *,
    zones: tuple[str, ...] = ("b", "a"),
    autoscaled: bool = False,
    **changes: Any,
) -> Records:
    document = plan(
        pools=[pool(groups=[group("g", purchase or {"option": "on-demand"}, **changes)])]
    )
    save_plan(document, folder / "plan.yaml")
    said = {"pools": {"trainer": chosen or {}}, "zones": zones, "autoscaled": autoscaled}
    (folder / "said.json").write_text(json.dumps(said), "utf-8")
    (folder / "Pulumi.yaml").write_text("name: own\nruntime: python\n", "utf-8")
    (folder / "Pulumi.dev.yaml").write_text("config: {}\n", "utf-8")
    (folder / "__main__.py").write_text(PROGRAM, "utf-8")
    records = record(PreviewRequest(folder, "dev")).records
    for each in records:
        if each.type.startswith("aws:"):
            assert problems(each.type, each.inputs) == [], each.urn
    return records


def urn(records: Records, kind: str, name: str) -> str:
    return of(records, kind)[name].urn


def test_a_plain_group_is_a_template_a_group_and_its_schedules(tmp_path: Path) -> None:
    records = run(tmp_path)
    planned = one(records, "PlannedNodeGroup")
    assert planned.parent.endswith("::own:index:Cluster::c")
    mine = [r for r in records if r.parent == planned.urn]
    assert sorted((r.type.rpartition(":")[2], r.name) for r in mine) == [
        ("LaunchTemplate", NAME),
        ("NodeGroup", NAME),
        ("Schedule", f"{NAME}-20261101t0400z"),
        ("Schedule", f"{NAME}-20261101t0800z"),
    ]
    template, made = one(records, "LaunchTemplate"), one(records, "NodeGroup")
    unsaid = {
        "networkInterfaces",
        "placement",
        "userData",
        "instanceType",
        "instanceMarketOptions",
        "capacityReservationSpecification",
    }
    assert not unsaid & set(template.inputs)
    assert "taints" not in made.inputs
    # Said, for the provider would leave what was chosen before and is dropped.
    assert made.inputs["updateConfig"] == {"maxUnavailable": 1}
    assert made.inputs["nodeRepairConfig"] == {"enabled": False}
    assert len(made.inputs["subnetIds"]) == 2
    assert template.urn in made.dependencies
    assert urn(records, "Vpc", "vpc") in made.dependencies
    for each in of(records, "Schedule").values():
        assert each.dependencies == (made.urn,)


@pytest.mark.parametrize(
    ("reservation", "target"),
    [
        ({"id": "cr-0a"}, {"capacityReservationId": "cr-0a"}),
        ({"groupArn": ARN}, {"capacityReservationResourceGroupArn": ARN}),
    ],
)
def test_a_held_reservation_is_asked_for_by_name_in_its_zone(
    tmp_path: Path, reservation: dict[str, str], target: dict[str, str]
) -> None:
    records = run(
        tmp_path,
        {"option": "reserved", "term": "open", "reservation": {**reservation, "zone": "a"}},
    )
    template, made = one(records, "LaunchTemplate").inputs, one(records, "NodeGroup")
    assert template["capacityReservationSpecification"] == {"capacityReservationTarget": target}
    assert "instanceMarketOptions" not in template
    assert made.inputs["capacityType"] == "ON_DEMAND"
    assert made.inputs["instanceTypes"] == ["p4d.24xlarge"]
    # A full reservation has no machine to spare for an update.
    assert made.inputs["updateConfig"] == {"maxUnavailable": 1, "updateStrategy": "MINIMAL"}
    assert made.inputs["subnetIds"] == [UNKNOWN]
    subnet = urn(records, "Subnet", "s-a")
    assert made.property_dependencies["subnetIds"] == (subnet,)


def test_a_capacity_block_is_asked_for_in_its_zone(tmp_path: Path) -> None:
    records = run(
        tmp_path,
        {
            "option": "capacity-block",
            "reservationId": "cr-0b",
            "startsAt": "2026-11-01T02:00:00Z",
            "endsAt": "2026-11-01T10:00:00Z",
            "zone": "b",
        },
    )
    template, made = one(records, "LaunchTemplate").inputs, one(records, "NodeGroup")
    assert template["instanceType"] == "p4d.24xlarge"
    assert template["instanceMarketOptions"] == {"marketType": "capacity-block"}
    assert template["capacityReservationSpecification"] == {
        "capacityReservationTarget": {"capacityReservationId": "cr-0b"}
    }
    assert "instanceTypes" not in made.inputs
    assert made.inputs["capacityType"] == "CAPACITY_BLOCK"
    assert made.inputs["scalingConfig"] == {"minSize": 0, "desiredSize": 0, "maxSize": 1}
    assert made.property_dependencies["subnetIds"] == (urn(records, "Subnet", "s-b"),)
    schedules = of(records, "Schedule").values()
    sizes = [(r.inputs["startTime"], r.inputs["desiredCapacity"]) for r in schedules]
    assert sorted(sizes) == [
        ("2026-11-01T02:00:00Z", 3),
        ("2026-11-01T04:00:00Z", 4),
        ("2026-11-01T08:00:00Z", 2),
        ("2026-11-01T09:00:00Z", 0),
    ]


def test_machines_for_training_stand_together_with_every_efa_interface(tmp_path: Path) -> None:
    records = run(tmp_path, None, {"efa": True, "placement_group": True})
    together = one(records, "PlacementGroup")
    template, made = one(records, "LaunchTemplate"), one(records, "NodeGroup")
    name = f"{NAME}-together"
    assert (together.name, together.inputs["name"]) == (name, name)
    assert together.inputs["strategy"] == "cluster"
    assert together.inputs["tags"]["team"] == "vision"
    assert together.urn in template.dependencies
    assert list(template.inputs["placement"]) == ["groupName"]
    found = template.inputs["networkInterfaces"]
    assert [(i["networkCardIndex"], i["deviceIndex"], i["interfaceType"]) for i in found] == [
        (0, 0, "interface"),
        (0, 1, "efa-only"),
        (1, 0, "efa-only"),
        (2, 0, "efa-only"),
        (3, 0, "efa-only"),
    ]
    assert all(len(i["securityGroups"]) == 2 for i in found)
    assert all("subnetId" not in i for i in found)  # EKS refuses one
    assert urn(records, "SecurityGroup", "c-efa") in template.dependencies
    # One zone: the first of the cluster's.
    assert made.property_dependencies["subnetIds"] == (urn(records, "Subnet", "s-b"),)


def test_members_of_the_efa_group_may_send_each_other_everything(tmp_path: Path) -> None:
    records = run(tmp_path, None, {"efa": True})
    fabric = one(records, "SecurityGroup")
    assert not {"ingress", "egress"} & set(fabric.inputs)
    for kind in ("SecurityGroupIngressRule", "SecurityGroupEgressRule"):
        rule = one(records, kind)
        assert rule.inputs["ipProtocol"] == "-1"
        assert set(rule.property_dependencies["referencedSecurityGroupId"]) == {fabric.urn}
        assert set(rule.property_dependencies["securityGroupId"]) == {fabric.urn}
        assert not {"cidrIpv4", "cidrIpv6"} & set(rule.inputs)


def test_an_autoscalers_tags_are_the_node_groups_alone(tmp_path: Path) -> None:
    records = run(
        tmp_path,
        None,
        {"readiness_taint": True, "team_taint": True, "node_repair": True,
         "max_unavailable_percentage": 25},
        autoscaled=True,
    )  # fmt: skip
    made, template = one(records, "NodeGroup"), one(records, "LaunchTemplate")
    prefix = "k8s.io/cluster-autoscaler/node-template"
    assert made.inputs["tags"][f"{prefix}/resources/nvidia.com/gpu"] == "8"
    assert not [key for key in template.inputs["tags"] if key.startswith("k8s.io/")]
    assert "taints" not in made.inputs
    assert template.inputs["userData"].isascii()
    tag = one(records, "Tag")
    assert tag.name == f"{NAME}-taint-trimtab.dev-team"
    assert tag.inputs["tag"] == {
        "key": f"{prefix}/taint/trimtab.dev/team",
        "value": "vision:NoSchedule",
        "propagateAtLaunch": False,
    }
    assert tag.dependencies == (made.urn,)
    assert made.inputs["updateConfig"] == {"maxUnavailablePercentage": 25}
    assert made.inputs["nodeRepairConfig"] == {"enabled": True}


def test_a_new_generation_is_made_beside_the_old(tmp_path: Path) -> None:
    """Other names throughout: the engine makes what is new first, and EKS takes both."""
    before = run(tmp_path)
    after = run(tmp_path, generation="ffffff")
    names = [{r.name for r in records if NAME[:-7] in r.name} for records in (before, after)]
    assert not names[0] & names[1]
    for records in (before, after):
        assert not one(records, "NodeGroup").delete_before_replace
    in_eks = {one(r, "NodeGroup").inputs["nodeGroupName"] for r in (before, after)}
    assert in_eks == {"trainer-g-0a1b2c", "trainer-g-ffffff"}


@pytest.mark.parametrize(
    ("chosen", "name"),
    [
        ({"ami_family": "BOTTLEROCKET"}, "trainer-g-0a1b2c-bottlerocket"),
        ({"placement_group": True}, "trainer-g-0a1b2c-together"),
        ({"volume_gib": 500}, "trainer-g-0a1b2c"),
    ],
)
def test_what_eks_cant_change_is_made_beside_the_old(
    tmp_path: Path, chosen: dict[str, Any], name: str
) -> None:
    """Under one name the old nodes would have to end before the new ones begin."""
    made = one(run(tmp_path, None, chosen), "NodeGroup")
    assert made.inputs["nodeGroupName"] == name
    assert made.name == f"c-{name}"


def test_a_zone_that_is_not_known_stops_the_preview(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="must stand in zone c, but the cluster knows no subnet"):
        run(
            tmp_path,
            {"option": "reserved", "term": "open", "reservation": {"id": "cr-0a", "zone": "c"}},
        )


def test_equal_plans_give_equal_resources(tmp_path: Path) -> None:
    chosen = {"efa": True, "placement_group": True, "readiness_taint": True}
    assert run(tmp_path, None, chosen) == run(tmp_path, None, chosen)
