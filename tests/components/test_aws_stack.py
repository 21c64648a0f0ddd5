"""The aws stack as the engine would see it: tree, sizes, tags, roles, and mistakes."""

import json
from datetime import timedelta
from typing import Any

import pytest

from support.iam import wildcard_problems
from support.plans import START, group, plan, plan_data, pool
from support.recorded import Record, of, one
from support.sdk_inputs import problems
from trimtab.errors import InputError, StalePlanError, TrimtabError
from trimtab.plan.attribution import group_tags, plan_tags
from trimtab.resources.inputs import UNKNOWN

BLOCK = {
    "option": "capacity-block",
    "reservationId": "cr-0123456789abcdef0",
    "endsAt": (START + timedelta(hours=10)).isoformat(),
}
KEYS = ("trainer-reserved-0a1b2c", "trainer-on-demand-0a1b2c", "trainer-spot-0a1b2c")


def test_the_tree(recorded: Record) -> None:
    records = recorded("cluster")
    by_urn = {each.urn: each for each in records}
    lines = sorted(
        f"{by_urn[each.parent].name} > {each.type.rpartition(':')[2]} {each.name}"
        for each in records
        if each.parent and not each.custom
    )
    assert lines == [
        "trimtab > GpuOperator trimtab-gpu-operator",
        "trimtab > Network trimtab-network",
        *(f"trimtab > PlannedNodeGroup trimtab-{key}" for key in sorted(KEYS)),
        "trimtab-cluster > Accelerators trimtab",
        "trimtab-cluster > HeterogeneousCluster trimtab",
        "trimtab-gpu-operator > Chart trimtab-gpu-operator",
    ]
    for each in records:
        assert each.type == "pulumi:pulumi:Stack" or each.parent, each.name
        assert each.name.startswith("trimtab"), each.name


def test_two_previews_are_the_same(recorded: Record) -> None:
    assert recorded("cluster") == recorded("cluster")


DRIVER_TWICE = (
    '{"components": {"GpuOperator": {"override": {"values": {"driver": {"enabled": true}}}}}}'
)
CASES: list[dict[str, str]] = [
    {},
    {"nat": "none"},
    {"nat": "per-zone"},
    {"vpcId": "vpc-1", "subnetIds": '["subnet-1", "subnet-2"]'},
    {"amiFamily": "BOTTLEROCKET"},
    {"autoscaled": "true", "adminArns": '["arn:aws:iam::123456789012:role/ops"]'},
    {"publicAccessCidrs": '["192.0.2.0/24"]', "logTypes": '["audit"]', "volumeGib": "500"},
    {"accelerators": '{"delivery": "flux"}', "pools": '{"trainer": {"migProfile": "all-1g.10gb"}}'},
]


@pytest.mark.parametrize("config", CASES, ids=str)
def test_every_input_is_one_that_the_sdk_knows(recorded: Record, config: dict[str, str]) -> None:
    records = recorded("cluster", config, plan_data(pools=[pool(groups=[
        group("on-demand", {"option": "on-demand"}), group("block", BLOCK)])]))  # fmt: skip
    checked = [r for r in records if r.custom and not r.type.startswith("pulumi:")]
    assert len(checked) >= 10
    assert {r.name: found for r in checked if (found := problems(r.type, r.inputs))} == {}


@pytest.mark.parametrize("hours", [0, 4, 8])
def test_node_groups_have_the_plans_sizes(recorded: Record, hours: int) -> None:
    as_of = (START + timedelta(hours=hours)).isoformat()
    groups = of(recorded("cluster", {"asOf": as_of}), "NodeGroup")
    expected = {}
    for each in plan().spec.pools[0].groups:
        window = next(
            w for w in reversed(each.windows) if w.start <= START + timedelta(hours=hours)
        )
        expected[f"trainer-{each.name}-0a1b2c"] = {
            "minSize": window.min,
            "desiredSize": window.desired,
            "maxSize": window.max,
        }
    assert {
        r.inputs["nodeGroupName"]: r.inputs["scalingConfig"] for r in groups.values()
    } == expected


def test_moving_the_instant_changes_sizes_and_drops_past_schedules_only(recorded: Record) -> None:
    early, late = (
        {r.urn: r for r in recorded("cluster", {"asOf": (START + timedelta(hours=h)).isoformat()})}
        for h in (0, 4)
    )
    assert late.keys() <= early.keys()
    assert {u.rpartition("::")[2] for u in early.keys() - late.keys()} == {
        f"trimtab-trainer-{g}-0a1b2c-20261101t0400z" for g in ("on-demand", "spot")
    }
    changed = [u for u in late if late[u].inputs != early[u].inputs]
    assert len(changed) == 2
    for urn in changed:
        before, after = dict(early[urn].inputs), dict(late[urn].inputs)
        assert before.pop("scalingConfig") != after.pop("scalingConfig")
        assert before == after


def test_schedules_wait_for_the_groups_own_scaling_group(recorded: Record) -> None:
    records = recorded("cluster")
    groups = {r.urn: r for r in of(records, "NodeGroup").values()}
    for schedule in of(records, "Schedule").values():
        assert schedule.inputs["autoscalingGroupName"] == UNKNOWN
        (source,) = schedule.property_dependencies["autoscalingGroupName"]
        assert schedule.name.startswith(groups[source].name)


def test_what_runs_is_not_cut(recorded: Record) -> None:
    running = json.dumps({KEYS[1]: {"min": 0, "desired": 9, "max": 9}})
    made = of(recorded("cluster", {"running": running}), "NodeGroup")[f"trimtab-{KEYS[1]}"]
    assert made.inputs["scalingConfig"] == {"minSize": 2, "desiredSize": 9, "maxSize": 9}


COSTLY = {"Cluster", "NodeGroup", "NatGateway", "Eip", "LaunchTemplate"}


def test_everything_that_costs_says_who_pays_and_for_which_plan(recorded: Record) -> None:
    this = plan()
    trainer = this.spec.pools[0]
    lines = {
        f"trimtab-trainer-{g.name}-0a1b2c": group_tags(this, trainer, g) for g in trainer.groups
    }
    records = recorded("cluster", {"tags": '{"cost-center": "42"}'})
    seen = set()
    for each in records:
        kind = each.type.rpartition(":")[2]
        if kind in COSTLY:
            seen.add(kind)
            expected = lines[each.name] if each.name in lines else plan_tags(this)
            assert each.inputs["tags"].items() >= {**expected, "cost-center": "42"}.items()
    assert seen == COSTLY
    for name, template in of(records, "LaunchTemplate").items():
        kinds = {s["resourceType"]: s["tags"] for s in template.inputs["tagSpecifications"]}
        assert set(kinds) == {"instance", "volume"}
        moving = {"trimtab:plan", "trimtab:plan-digest"}
        expected = {k: v for k, v in lines[name].items() if k not in moving}
        for tags in kinds.values():
            assert tags.items() >= expected.items()
            assert "trimtab:plan-digest" not in tags


def test_a_new_plan_with_the_same_groups_makes_no_new_launch_template_version(
    recorded: Record,
) -> None:
    """A version of the template is what EKS rolls nodes for; its own tags make none."""

    def versions(**spec: Any) -> dict[str, Any]:
        templates = of(recorded("cluster", plan=plan_data(**spec)), "LaunchTemplate")
        return {n: {**r.inputs, "tags": None} for n, r in templates.items()}

    assert versions() == versions(asOf=(START - timedelta(hours=1)).isoformat())


def test_a_changed_offer_is_a_new_group_beside_the_old_one(recorded: Record) -> None:
    changed = group("on-demand", {"option": "on-demand"}, generation="ffffff")
    names = of(recorded("cluster", plan=plan_data(pools=[pool(groups=[changed])])), "NodeGroup")
    assert set(names) == {"trimtab-trainer-on-demand-ffffff"}


def test_no_role_may_do_anything_everywhere(recorded: Record) -> None:
    records = recorded("cluster")
    kinds = {each.type for each in records if each.type.startswith("aws:iam/")}
    assert kinds == {
        "aws:iam/role:Role",
        "aws:iam/rolePolicy:RolePolicy",
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
    }
    assert wildcard_problems(records) == []
    trusted = {}
    for name, role in of(records, "Role").items():
        (statement,) = json.loads(role.inputs["assumeRolePolicy"])["Statement"]
        assert statement["Action"] in ("sts:AssumeRole", ["sts:AssumeRole", "sts:TagSession"])
        trusted[name] = statement["Principal"]["Service"]
    assert trusted == {
        "trimtab-cni": "pods.eks.amazonaws.com",
        "trimtab-control-plane": "eks.amazonaws.com",
        "trimtab-nodes": "ec2.amazonaws.com",
    }
    attached = sorted(
        r.inputs["policyArn"].rpartition("/")[2]
        for r in of(records, "RolePolicyAttachment").values()
    )
    assert attached == [
        "AmazonEC2ContainerRegistryPullOnly",
        "AmazonEKSClusterPolicy",
        "AmazonEKSWorkerNodePolicy",
        "AmazonEKS_CNI_Policy",
    ]


def test_nodes_wait_for_their_role_and_keep_their_metadata(recorded: Record) -> None:
    records = recorded("cluster")
    attachments = {r.urn for n, r in of(records, "RolePolicyAttachment").items() if "-nodes-" in n}
    assert len(attachments) == 2
    for each in of(records, "NodeGroup").values():
        assert attachments <= set(each.dependencies)
    for template in of(records, "LaunchTemplate").values():
        assert template.inputs["metadataOptions"] == {
            "httpEndpoint": "enabled",
            "httpTokens": "required",
            "httpPutResponseHopLimit": 1,
        }
        for mapping in template.inputs["blockDeviceMappings"]:
            assert mapping["ebs"]["encrypted"] == "true"
            assert mapping["ebs"]["volumeType"] == "gp3"


def test_a_capacity_block_is_targeted_by_its_template(recorded: Record) -> None:
    records = recorded("cluster", plan=plan_data(pools=[pool(groups=[group("block", BLOCK)])]))
    template, made = one(records, "LaunchTemplate").inputs, one(records, "NodeGroup").inputs
    assert template["instanceMarketOptions"] == {"marketType": "capacity-block"}
    assert template["capacityReservationSpecification"] == {
        "capacityReservationTarget": {"capacityReservationId": "cr-0123456789abcdef0"}
    }
    assert template["instanceType"] == "p4d.24xlarge"
    assert made["capacityType"] == "CAPACITY_BLOCK"
    assert "instanceTypes" not in made


@pytest.mark.parametrize(("nat", "gateways"), [("none", 0), ("single", 1), ("per-zone", 3)])
def test_nat_gateways_are_a_choice(recorded: Record, nat: str, gateways: int) -> None:
    records = recorded("cluster", {"nat": nat})
    assert len(of(records, "NatGateway")) == gateways
    subnets = of(records, "Subnet")
    assert len(subnets) == (3 if nat == "none" else 6)
    outward = [r for r in of(records, "Route").values() if "natGatewayId" in r.inputs]
    assert len(outward) == gateways
    assert len(of(records, "RouteTableAssociation")) == len(subnets)


def test_zones_come_from_the_plan(recorded: Record) -> None:
    site = {"provider": "aws", "region": "us-east-1", "zones": ["us-east-1b", "us-east-1d"]}
    subnets = of(recorded("cluster", plan=plan_data(site=site)), "Subnet").values()
    assert {r.inputs["availabilityZone"] for r in subnets} == {"us-east-1b", "us-east-1d"}


def test_an_existing_network_is_used(recorded: Record) -> None:
    ids = ["subnet-1", "subnet-2"]
    records = recorded("cluster", {"vpcId": "vpc-1", "subnetIds": json.dumps(ids)})
    assert not of(records, "Network")
    assert one(records, "Cluster").inputs["vpcConfig"]["subnetIds"] == ids
    assert all(r.inputs["subnetIds"] == ids for r in of(records, "NodeGroup").values())


def test_administrators_come_by_access_entries(recorded: Record) -> None:
    arn = "arn:aws:iam::123456789012:role/ops"
    config = {"adminArns": json.dumps([arn, arn]), "creatorIsAdmin": "false"}
    records = recorded("cluster", config)
    assert one(records, "Cluster").inputs["accessConfig"] == {
        "authenticationMode": "API",
        "bootstrapClusterCreatorAdminPermissions": False,
    }
    assert one(records, "AccessEntry").inputs["principalArn"] == arn
    policy = one(records, "AccessPolicyAssociation").inputs
    assert policy["policyArn"].endswith("cluster-access-policy/AmazonEKSClusterAdminPolicy")
    assert policy["accessScope"] == {"type": "cluster"}


def test_without_nvidia_groups_there_is_no_gpu_operator(recorded: Record) -> None:
    plain = group("g", {"option": "on-demand"}, accelerator=None)
    records = recorded("cluster", plan=plan_data(pools=[pool(groups=[plain])]))
    assert not of(records, "GpuOperator")


def test_the_gpu_operator_is_on_the_new_cluster_and_reaches_tainted_nodes(
    recorded: Record,
) -> None:
    records = recorded("cluster")
    provider = next(r for r in records if r.type == "pulumi:providers:kubernetes")
    chart = of(records, "Chart")["trimtab-gpu-operator"]
    component = of(records, "GpuOperator")["trimtab-gpu-operator"]
    assert component.providers["kubernetes"].startswith(provider.urn)
    assert chart.inputs["version"] == "v26.7.0"
    keys = [t["key"] for t in chart.inputs["values"]["daemonsets"]["tolerations"]]
    assert keys == ["nvidia.com/gpu", "trimtab.dev/purchase-option"]


@pytest.mark.parametrize(
    ("config", "error", "says"),
    [
        ({"nta": "none"}, InputError, "trimtab:nta: unknown setting; did you mean nat?"),
        ({"zzz": "1"}, InputError, "use one of accelerators, access, addons, adminArns"),
        ({"renderTo": "x"}, InputError, "trimtab:renderTo: only counts for local"),
        (
            {"target": "gcp"},
            InputError,
            "trimtab:target: is gcp; set it to aws, edge, hybrid or local",
        ),
        ({"zones": "us-east-1a"}, InputError, "trimtab:zones: is us-east-1a; give a list"),
        ({"autoscaled": "yes"}, InputError, "trimtab:autoscaled: is yes; give true or false"),
        ({"volumeGib": "1.5"}, InputError, "trimtab:volumeGib: is 1.5; give a whole number"),
        ({"volumeGib": "5"}, InputError, "volume_gib: Input should be greater than or equal to 20"),
        ({"nat": "many"}, InputError, "nat: Input should be 'none', 'single' or 'per-zone'"),
        ({"amiFamily": "AL2"}, InputError, "Input should be 'AL2023' or 'BOTTLEROCKET'"),
        ({"kubernetesVersion": "1"}, InputError, "kubernetes_version: String should match"),
        ({"asOf": "noon"}, InputError, "as_of is 'noon'; give an instant such as"),
        ({"asOf": "2026-11-01T12:00:00Z"}, StalePlanError, "trimtab:asOf"),
        ({"aws:region": "eu-west-1"}, StalePlanError, "is for region us-east-1, but eu-west-1"),
        ({"zones": '["eu-west-1a", "eu-west-1b"]'}, InputError, "eu-west-1a is not in us-east-1"),
        ({"zones": '["us-east-1a"]'}, InputError, "zones: List should have at least 2 items"),
        ({"cidr": "10.0.0.0/8"}, InputError, "give a /16 to a /22"),
        ({"vpcId": "vpc-1"}, InputError, "vpc_id alone is no network"),
        ({"subnetIds": '["a", "b"]'}, InputError, "subnet_ids alone is no network"),
        (
            {"vpcId": "v", "subnetIds": '["a", "b"]', "nat": "none"},
            InputError,
            "vpc_id names an existing network, nat describes one to make",
        ),
        ({"vpcId": "v", "subnetIds": '["a"]'}, InputError, "subnets in two zones at least"),
        (
            {"publicEndpoint": "false", "publicAccessCidrs": '["192.0.2.0/24"]'},
            InputError,
            "public_access_cidrs without public_endpoint",
        ),
        ({"name": "a" * 41}, InputError, "use at most 40 letters, digits and hyphens"),
        ({"name": "-a"}, InputError, "a letter or digit first"),
        ({"creatorIsAdmin": "false"}, InputError, "nobody could administer the cluster"),
        ({"adminArns": '["ops"]'}, InputError, "admin_arns[0]: String should match"),
        ({"logTypes": '["auditt"]'}, InputError, "log_types[0]: Input should be 'api'"),
        ({"tags": '{"trimtab:pool": "x"}'}, InputError, "trimtab:pool is set from the plan"),
        ({"running": '{"a-b-000000": {}}'}, InputError, "running.a-b-000000.min: Field required"),
        (
            {"running": '{"a-b-000000": {"min": 0, "desired": 0, "max": 0}}'},
            InputError,
            "a-b-000000 is no group of the plan; use one of trainer-on-demand-0a1b2c",
        ),
        ({"pools": '{"trainer": {"migProfil": "x"}}'}, InputError, "did you mean migProfile?"),
        (
            {"accelerators": DRIVER_TWICE},
            InputError,
            "the AL2023 image brings its driver",
        ),
        (
            {"accelerators": '{"component": {}}'},
            InputError,
            "trimtab:accelerators.component: unknown setting; did you mean components?",
        ),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else None,
)
def test_a_mistake_is_one_line_that_says_what_to_do(
    recorded: Record, config: dict[str, str], error: type[TrimtabError], says: str
) -> None:
    with pytest.raises(error) as caught:
        recorded("cluster", config)
    assert type(caught.value) is error
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_plan_for_another_provider_is_refused(recorded: Record) -> None:
    site = {"provider": "gcp", "region": "us-central1"}
    with pytest.raises(StalePlanError, match="for provider gcp, not aws"):
        recorded("cluster", plan=plan_data(site=site))


def test_a_plan_that_names_no_zones_has_storage_in_those_of_the_cluster(recorded: Record) -> None:
    classes = {"shared": {"intent": "shared", "backend": "efs"}}
    made = recorded("aws", {"storage": json.dumps({"classes": classes})}, plan_data())
    assert len(of(made, "MountTarget")) == 3
