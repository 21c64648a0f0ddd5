"""Terraform's and OpenTofu's plans and states."""

from pathlib import Path
from typing import Any

import pytest

from support.change_inputs import changed, terraform_plan, terraform_state, write
from trimtab.errors import InputError
from trimtab.resources.inputs import SECRET, UNKNOWN
from trimtab.resources.model import ChangeSet, Resource, Role
from trimtab.resources.readers import Options, read_change, read_estate

GROUP = "module.app.aws_eks_node_group.workers"
VOLUME = "aws_ebs_volume.data[0]"
ATTACHMENT = "aws_volume_attachment.data[0]"


def by_key(resources: tuple[Resource, ...]) -> dict[str, Resource]:
    return {each.key: each for each in resources}


def read(folder: Path, document: Any) -> ChangeSet:
    return read_change(None, write(folder, "plan", document))


def test_a_plan_has_both_sides(tmp_path: Path) -> None:
    change = read(tmp_path, terraform_plan())
    before, after = by_key(change.before.resources), by_key(change.after.resources)
    assert set(before) == {GROUP, VOLUME, "aws_instance.gone", "data.aws_ami.linux"}
    assert set(after) == {GROUP, VOLUME, ATTACHMENT, "data.aws_ami.linux"}
    assert change.operations == {
        GROUP: "update",
        VOLUME: "replace",
        ATTACHMENT: "create",
        "aws_instance.gone": "delete",
    }
    assert after["data.aws_ami.linux"].role is Role.EXISTING
    assert after[GROUP].inputs.text("capacity_type") == "SPOT"
    assert after[GROUP].inputs.count("scaling_config.desired_size", 0) == 2
    assert before[VOLUME].inputs.count("size", 0) == 100  # under its new address
    assert after[VOLUME].name == "data[0]"


def test_what_is_not_known_and_what_is_sensitive_is_marked(tmp_path: Path) -> None:
    change = read(tmp_path, terraform_plan())
    after = by_key(change.after.resources)
    assert after[VOLUME].inputs.values["id"] == UNKNOWN
    assert after[VOLUME].id == ""
    assert after[VOLUME].inputs.values["kms_key_id"] == SECRET
    assert after[ATTACHMENT].inputs.unknown("volume_id")
    assert "never" not in str(change)


def one_instance(planned: dict[str, Any], unknown: dict[str, Any], said: Any) -> dict[str, Any]:
    """A plan of one instance, of what it has, what is not known, and what its configuration says."""
    address = {"address": "aws_instance.web", "mode": "managed", "type": "aws_instance"}
    change = {"actions": ["create"], "before": None, "after": planned, "after_unknown": unknown}
    resources = [{**address, "name": "web", "expressions": said}]
    return {
        "format_version": "1.2",
        "planned_values": {},
        "resource_changes": [{**address, "name": "web", "change": change}],
        "configuration": {"root_module": {"resources": resources}},
    }


def test_what_nobody_sets_is_left_out_and_what_somebody_sets_is_not_known(tmp_path: Path) -> None:
    planned = {"ebs_block_device": [{"volume_size": 9}], "network": [{"mtu": 1}]}
    unknown = {
        "instance_type": True,
        "public_ip": True,
        "root_block_device": True,
        "ebs_block_device": [{"iops": True, "volume_type": True}],
        "network": [{"speed": True}],  # made by a dynamic block: its configuration is not in a plan
    }
    said = {
        "instance_type": {"references": ["local.size"]},
        "ebs_block_device": [
            {"volume_size": {"constant_value": 9}, "volume_type": {"references": ["local.type"]}}
        ],
    }
    made = read(tmp_path, one_instance(planned, unknown, said)).after.resources[0]
    assert made.inputs.values == {
        "instance_type": UNKNOWN,
        "ebs_block_device": [{"volume_size": 9, "volume_type": UNKNOWN}],
        "network": [{"mtu": 1, "speed": UNKNOWN}],
    }


def test_a_replacement_has_what_the_provider_chose_before(tmp_path: Path) -> None:
    plan = one_instance({"ami": "b"}, {"id": True, "instance_type": True, "arn": True}, {})
    change = plan["resource_changes"][0]["change"]
    change["actions"] = ["delete", "create"]
    change["before"] = {"id": "i-1", "ami": "a", "instance_type": "m5.large"}
    made = read(tmp_path, plan).after.resources[0]
    assert made.inputs.values == {"id": UNKNOWN, "ami": "b", "instance_type": "m5.large"}


def test_an_object_in_kubectl_s_yaml_is_that_object(tmp_path: Path) -> None:
    body = "apiVersion: karpenter.sh/v1\nkind: NodePool\nmetadata: {name: gpu}\n"
    plan = one_instance({"yaml_body": body}, {}, {})
    plan["resource_changes"][0]["type"] = "kubectl_manifest"
    made = read(tmp_path, plan).after.resources[0]
    assert (made.kind, made.name) == ("karpenter.sh/NodePool", "gpu")
    for other in ("kind: [", f"{body}---\n{body}", UNKNOWN, "{}"):
        plan["resource_changes"][0]["change"]["after"]["yaml_body"] = other
        assert read(tmp_path, plan).after.resources[0].kind == "kubectl_manifest"


def test_without_its_configuration_nothing_says_what_is_set(tmp_path: Path) -> None:
    plan = one_instance({"ami": "b"}, {"instance_type": True}, {})
    del plan["configuration"]
    made = read(tmp_path, plan).after.resources[0]
    assert made.inputs.values == {"ami": "b", "instance_type": UNKNOWN}


def test_regions_are_those_of_the_providers(tmp_path: Path) -> None:
    after = by_key(read(tmp_path, terraform_plan()).after.resources)
    assert after[GROUP].region == "us-east-1"  # aws.us, a constant
    assert after[GROUP].tags == {"cost": "42"}
    assert after[VOLUME].region == "eu-west-1"  # a variable


def test_a_region_passed_through_a_module_is_followed(tmp_path: Path) -> None:
    plan = terraform_plan()
    configuration = plan["configuration"]
    configuration["provider_config"]["app:aws"] = {
        "name": "aws",
        "module_address": "module.app",
        "expressions": {"region": {"references": ["var.place"]}},
    }
    call = configuration["root_module"]["module_calls"]["app"]
    call["expressions"]["place"] = {"references": ["var.region"]}
    call["module"]["resources"][0]["provider_config_key"] = "app:aws"
    assert by_key(read(tmp_path, plan).after.resources)[GROUP].region == "eu-west-1"


def test_references_go_through_modules_to_the_same_instance(tmp_path: Path) -> None:
    after = by_key(read(tmp_path, terraform_plan()).after.resources)
    assert after[ATTACHMENT].references == {"volume_id": (VOLUME,), "instance_id": (GROUP,)}
    assert after[GROUP].references == {"labels": (VOLUME,)}


@pytest.mark.parametrize(
    ("reference", "keys"),
    [
        pytest.param(
            ["aws_subnet.a[1].id", "aws_subnet.a[1]", "aws_subnet.a"],
            ("aws_subnet.a[1]",),
            id="one of several",
        ),
        pytest.param(["aws_subnet.a"], ("aws_subnet.a[0]", "aws_subnet.a[1]"), id="all of them"),
        pytest.param(["aws_subnet.a", "count.index"], ("aws_subnet.a[1]",), id="the same index"),
    ],
)
def test_an_index_says_which_instance(
    tmp_path: Path, reference: list[str], keys: tuple[str, ...]
) -> None:
    def made(address: str, kind: str) -> dict[str, Any]:
        change: dict[str, Any] = {"actions": ["create"], "before": None, "after": {}}
        name = address.partition(".")[2].partition("[")[0]
        return {"address": address, "mode": "managed", "type": kind, "name": name, "change": change}

    plan = changed(terraform_plan())
    plan["resource_changes"] = [
        made("aws_subnet.a[0]", "aws_subnet"),
        made("aws_subnet.a[1]", "aws_subnet"),
        made("aws_instance.b[1]", "aws_instance"),
    ]
    plan["configuration"]["root_module"]["resources"] = [
        {"address": "aws_instance.b", "expressions": {"subnet_id": {"references": reference}}}
    ]
    after = by_key(read(tmp_path, plan).after.resources)
    assert after["aws_instance.b[1]"].references == {"subnet_id": keys}


def test_what_is_forgotten_goes_on_costing(tmp_path: Path) -> None:
    notes = read(tmp_path, terraform_plan()).after.notes
    assert notes == ("aws_instance.gone is forgotten, not destroyed: it goes on costing",)


def test_what_a_target_leaves_alone_is_still_there(tmp_path: Path) -> None:
    plan = terraform_plan()
    prior = plan["prior_state"]["values"]["root_module"]["resources"]
    prior.append(
        {"address": "aws_eip.a", "type": "aws_eip", "name": "a", "mode": "managed", "values": {}}
    )
    change = read(tmp_path, plan)
    assert change.operations["aws_eip.a"] == "same"
    assert "aws_eip.a" in by_key(change.after.resources)


def test_a_deposed_object_is_one_of_its_own(tmp_path: Path) -> None:
    plan = terraform_plan()
    gone = {"actions": ["delete"], "before": {"size": 10}, "after": None}
    plan["resource_changes"].append(
        {**plan["resource_changes"][1], "deposed": "ab12", "change": gone, "previous_address": ""}
    )
    change = read(tmp_path, plan)
    assert change.operations[f"{VOLUME} (deposed ab12)"] == "delete"


def test_a_manifest_is_its_object(tmp_path: Path) -> None:
    plan = terraform_plan()
    manifest = {"apiVersion": "karpenter.sh/v1", "kind": "NodePool", "metadata": {"name": "gpu"}}
    plan["resource_changes"][3] |= {
        "address": "kubernetes_manifest.pool",
        "type": "kubernetes_manifest",
        "change": {"actions": ["create"], "before": None, "after": {"manifest": manifest}},
    }
    after = by_key(read(tmp_path, plan).after.resources)
    assert after["kubernetes_manifest.pool"].kind == "karpenter.sh/NodePool"


def test_a_state_has_modules_and_takes_regions_of_arns(tmp_path: Path) -> None:
    estate = read_estate(write(tmp_path, "state", terraform_state()))
    (group,) = estate.resources
    assert (group.key, group.region) == (GROUP, "us-east-1")


def test_an_address_without_its_module_and_index_gets_them(tmp_path: Path) -> None:
    state = terraform_state()  # as Terraform 0.12 writes it
    (module,) = state["values"]["root_module"]["child_modules"]
    module["resources"][0] |= {"address": "aws_eks_node_group.workers", "index": "a"}
    estate = read_estate(write(tmp_path, "state", state))
    assert [each.key for each in estate.resources] == [f'{GROUP}["a"]']


def test_the_users_region_goes_before_an_arns(tmp_path: Path) -> None:
    options = Options(config={"aws:region": "ap-south-1"})
    estate = read_estate(write(tmp_path, "state", terraform_state()), options)
    assert estate.resources[0].region == "ap-south-1"


def test_azures_resources_are_where_their_group_is(tmp_path: Path) -> None:
    def planned(kind: str, values: dict[str, Any]) -> dict[str, Any]:
        change = {"actions": ["create"], "before": None, "after": values}
        return {"address": f"{kind}.a", "type": kind, "name": "a", "change": change}

    plan = {
        "format_version": "1.2",
        "planned_values": {},
        "resource_changes": [
            planned("azurerm_resource_group", {"location": "West Europe"}),
            planned("azurerm_kubernetes_cluster", {}),
            planned("azurerm_kubernetes_cluster_node_pool", {}),
        ],
        "configuration": {
            "root_module": {
                "resources": [
                    {
                        "address": "azurerm_kubernetes_cluster.a",
                        "expressions": {
                            "resource_group_name": {"references": ["azurerm_resource_group.a.name"]}
                        },
                    },
                    {
                        "address": "azurerm_kubernetes_cluster_node_pool.a",
                        "expressions": {
                            "kubernetes_cluster_id": {
                                "references": ["azurerm_kubernetes_cluster.a.id"]
                            }
                        },
                    },
                ]
            }
        },
    }
    assert {each.region for each in read(tmp_path, plan).after.resources} == {"westeurope"}


def test_a_plan_that_failed_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="the plan failed"):
        read(tmp_path, changed(terraform_plan(), errored=True))


def test_a_plan_without_resources_changes_nothing(tmp_path: Path) -> None:
    change = read(tmp_path, {"format_version": "1.2", "planned_values": {"root_module": {}}})
    assert change.after.resources == change.before.resources == ()


def test_a_load_balancers_other_name_is_one_kind(tmp_path: Path) -> None:
    plan = terraform_plan()
    plan["resource_changes"][3] |= {"address": "aws_alb.a", "type": "aws_alb", "name": "a"}
    found = by_key(read(tmp_path, plan).after.resources)["aws_alb.a"]
    assert (found.kind, found.type) == ("aws_lb", "aws_alb")
