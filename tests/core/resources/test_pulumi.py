"""Pulumi's previews, event logs, update plans and exports."""

import gzip
import io
import json
from pathlib import Path
from typing import Any

import pytest

from support.change_inputs import (
    GROUP,
    OLD,
    PROVIDER,
    SIGNED,
    STACK,
    TEMPLATE,
    VOLUME,
    changed,
    event_log,
    native_preview,
    node_group,
    pulumi_preview,
    stack_export,
    state,
    step,
    update_plan,
    write,
)
from trimtab.resources.inputs import SECRET, UNKNOWN
from trimtab.resources.model import ChangeSet, Resource, Role
from trimtab.resources.readers import NOTHING, Options, read_change, read_estate


def by_key(resources: tuple[Resource, ...]) -> dict[str, Resource]:
    return {each.key: each for each in resources}


def read(folder: Path, document: Any, before: Any = None) -> ChangeSet:
    old = before if before in (None, NOTHING) else write(folder, "before", before)
    return read_change(old, write(folder, "after", document))


def test_a_preview_has_both_sides_of_every_resource(tmp_path: Path) -> None:
    change = read(tmp_path, pulumi_preview())
    before, after = by_key(change.before.resources), by_key(change.after.resources)

    assert set(before) == {STACK, PROVIDER, GROUP, VOLUME, OLD}
    assert set(after) == {STACK, PROVIDER, GROUP, VOLUME, TEMPLATE}
    assert change.operations == {
        STACK: "same",
        PROVIDER: "same",
        TEMPLATE: "create",
        GROUP: "update",
        VOLUME: "replace",
        OLD: "delete",
    }
    assert change.after.complete
    group = after[GROUP]
    assert (group.kind, group.type) == ("aws_eks_node_group", "aws:eks/nodeGroup:NodeGroup")
    assert (group.name, group.parent) == ("workers", STACK)
    assert before[GROUP].inputs.text("capacity_type") == "ON_DEMAND"
    assert group.inputs.text("capacity_type") == "SPOT"
    assert group.inputs.count("scaling_config.desired_size", 0) == 3
    assert group.inputs.unknown("launch_template.id")
    assert "__defaults" not in group.inputs.values


def test_regions_and_default_tags_are_the_providers(tmp_path: Path) -> None:
    after = by_key(read(tmp_path, pulumi_preview()).after.resources)
    assert after[GROUP].region == "us-west-2"
    assert after[VOLUME].region == "us-west-2"  # its zone's
    assert after[GROUP].tags == {"team": "shop", "cost": "42"}
    assert after[TEMPLATE].tags == {"team": "default", "cost": "42"}


def test_property_dependencies_are_references(tmp_path: Path) -> None:
    after = by_key(read(tmp_path, pulumi_preview()).after.resources)
    assert after[GROUP].references == {"launch_template": (TEMPLATE,)}


def test_a_block_in_a_list_is_referred_to_by_terraforms_name_too(tmp_path: Path) -> None:
    urn = "urn:pulumi:dev::shop::aws:ec2/instance:Instance::web"
    made = state(urn, {"ebsBlockDevices": [{}]}, propertyDependencies={"ebsBlockDevices": [VOLUME]})
    change = read(tmp_path, {"steps": [step("create", None, made)]})
    references = change.after.resources[0].references
    assert references == {"ebs_block_devices": (VOLUME,), "ebs_block_device": (VOLUME,)}


def test_the_stack_and_providers_are_components(tmp_path: Path) -> None:
    after = by_key(read(tmp_path, pulumi_preview()).after.resources)
    roles = {each.key: each.role for each in after.values() if each.role is not Role.MANAGED}
    assert roles == {STACK: Role.COMPONENT, PROVIDER: Role.COMPONENT}


def test_a_preview_without_sames_says_what_its_totals_are_of(tmp_path: Path) -> None:
    change = read(tmp_path, pulumi_preview(sames=False))
    assert not change.after.complete
    assert change.after.notes == (
        (
            "what does not change (2 resources) is not in it: totals are those of the change alone; "
            "run pulumi preview --json --show-sames for the whole stack's"
        ),
    )
    # No provider is in it: the region is the configuration's.
    assert by_key(change.after.resources)[GROUP].region == "us-east-1"


def test_the_users_configuration_goes_before_the_previews(tmp_path: Path) -> None:
    path = write(tmp_path, "preview", pulumi_preview(sames=False))
    options = Options(config={"aws:region": "ap-south-1"})
    after = by_key(read_change(None, path, options).after.resources)
    assert after[GROUP].region == "ap-south-1"


@pytest.mark.parametrize(
    ("steps", "operation", "sides"),
    [
        pytest.param(
            ["delete-replaced", "replace", "create-replacement"], "replace", (1, 1), id="3"
        ),
        pytest.param(
            ["create-replacement", "replace", "delete-replaced"], "replace", (1, 1), id="r"
        ),
        pytest.param(["read"], "read", (1, 1), id="read"),
        pytest.param(["refresh"], "same", (1, 1), id="refresh"),
        pytest.param(["import"], "import", (1, 1), id="import"),
        pytest.param(["discard"], "delete", (1, 0), id="discard"),
    ],
)
def test_the_steps_of_one_resource_are_one_operation(
    tmp_path: Path, steps: list[str], operation: str, sides: tuple[int, int]
) -> None:
    old, new = node_group(), node_group(capacityType="SPOT")
    document = {"steps": [step(each, old, new) for each in steps]}
    change = read(tmp_path, document)
    assert change.operations == {GROUP: operation}
    assert (len(change.before.resources), len(change.after.resources)) == sides


def test_what_an_earlier_replacement_left_is_left_out(tmp_path: Path) -> None:
    pending = state(VOLUME, {"size": 50}, delete=True)
    live = state(VOLUME, {"size": 100})
    change = read(tmp_path, {"steps": [step("delete", pending, None), step("same", live, live)]})
    assert change.operations == {VOLUME: "same"}
    assert change.before.resources[0].inputs.count("size", 0) == 100
    assert change.before.notes[0] == (
        "left out: 1 resource that an earlier replacement left to be deleted"
    )


def test_a_retained_resource_is_said_to_go_on_costing(tmp_path: Path) -> None:
    old = state(VOLUME, {"size": 50}, retainOnDelete=True)
    change = read(tmp_path, {"steps": [step("delete", old, None)]})
    assert "data is retained: it leaves the stack and goes on costing" in change.after.notes


def test_a_renamed_resource_has_one_key(tmp_path: Path) -> None:
    former = GROUP.replace("workers", "nodes")
    old = {**node_group(), "urn": former}
    change = read(tmp_path, {"steps": [step("update", old, node_group())]})
    assert [each.key for each in change.before.resources] == [GROUP]


def test_two_states_are_joined_by_aliases(tmp_path: Path) -> None:
    former = GROUP.replace("workers", "nodes")
    before = stack_export()
    before["deployment"]["resources"][2]["urn"] = former
    after = stack_export()
    after["deployment"]["resources"][2]["aliases"] = [former]
    change = read(tmp_path, after, before)
    assert GROUP in by_key(change.before.resources)
    assert former not in by_key(change.before.resources)

    users = Options(aliases={former: GROUP})
    old, new = write(tmp_path, "old", before), write(tmp_path, "new", stack_export())
    assert GROUP in by_key(read_change(old, new, users).before.resources)


def test_no_steps_are_no_change(tmp_path: Path) -> None:
    change = read(tmp_path, {"config": {}, "duration": 1, "changeSummary": {}})
    assert change.after.resources == change.before.resources == ()
    assert change.after.complete


@pytest.mark.parametrize("mark", ["[secret]", SIGNED], ids=["blinded", "signed"])
def test_secrets_are_masked_at_any_depth(tmp_path: Path, mark: Any) -> None:
    made = state(VOLUME, {"tags": {"a": mark}, "list": [{"b": mark}], "top": mark})
    change = read(tmp_path, {"steps": [step("create", None, made)]})
    values = change.after.resources[0].inputs.values
    assert values == {"tags": {"a": SECRET}, "list": [{"b": SECRET}], "top": SECRET}
    assert "never-seen" not in str(change)


def test_every_mark_of_the_unknown_is_one(tmp_path: Path) -> None:
    marks = [
        UNKNOWN,
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
    ]
    output = {"4dabf18193072939515e22adb298388d": "d0e6a833031e9bbcd3f4e8bde6ca49a4"}
    made = state(VOLUME, {"a": marks, "b": output, "c": {**output, "value": 3}})
    change = read(tmp_path, {"steps": [step("create", None, made)]})
    assert change.after.resources[0].inputs.values == {"a": [UNKNOWN] * 3, "b": UNKNOWN, "c": 3}


def test_an_event_log_says_what_a_preview_says(tmp_path: Path) -> None:
    logged = read(tmp_path, event_log())
    previewed = read(tmp_path, pulumi_preview())
    assert logged.operations == previewed.operations
    assert [each.key for each in logged.after.resources] == [
        each.key for each in previewed.after.resources
    ]
    assert by_key(logged.after.resources)[GROUP].region == "us-west-2"


def test_an_event_log_that_is_cut_says_so(tmp_path: Path) -> None:
    lines = event_log().splitlines()[:-1]
    change = read(tmp_path, "\n".join(lines))
    assert not change.after.complete
    assert change.after.notes[0].startswith("the log ends before its summary")


def test_an_export_is_one_state(tmp_path: Path) -> None:
    estate = read_estate(write(tmp_path, "export", stack_export()))
    found = by_key(estate.resources)
    assert set(found) == {STACK, PROVIDER, GROUP, VOLUME, OLD}
    assert found[OLD].role is Role.EXISTING
    assert found[VOLUME].id == "vol-1"
    assert found[VOLUME].inputs.text("type") == "gp3"  # of its outputs
    assert found[VOLUME].tags == {"key": SECRET}
    assert found[GROUP].region == "us-west-2"
    assert estate.notes == ("left out: 1 resource waiting to be deleted",)


def test_the_state_file_of_a_folder_is_an_export(tmp_path: Path) -> None:
    deployment = stack_export()["deployment"]
    checkpoint = {"version": 3, "checkpoint": {"stack": "dev", "latest": deployment}}
    estate = read_estate(write(tmp_path, "state", checkpoint))
    assert len(estate.resources) == 5


def test_an_update_plan_alone_prices_what_is_new(tmp_path: Path) -> None:
    change = read(tmp_path, update_plan())
    assert [each.key for each in change.after.resources] == [TEMPLATE]
    assert change.after.resources[0].inputs.values["userData"] == SECRET
    assert not change.after.complete
    assert change.after.notes[1] == (
        "left out: 1 resource changed and 1 deleted, for the plan has not all of their inputs; "
        "give the stack's export (pulumi stack export) as the side before"
    )


def test_an_update_plan_is_applied_to_an_export(tmp_path: Path) -> None:
    plan = update_plan()
    plan["resourcePlans"][TEMPLATE]["goal"]["provider"] = f"{PROVIDER}::a1"
    change = read(tmp_path, plan, stack_export())
    after = by_key(change.after.resources)
    assert set(after) == {STACK, PROVIDER, GROUP, VOLUME, TEMPLATE}
    assert after[GROUP].inputs.text("capacity_type") == "SPOT"
    assert after[GROUP].inputs.get("tags") is None
    assert after[GROUP].tags == {}
    assert after[TEMPLATE].region == "us-west-2"
    assert change.operations[OLD] == "delete"
    assert change.operations[VOLUME] == "same"
    assert change.after.complete


def test_one_state_is_no_change(tmp_path: Path) -> None:
    path = write(tmp_path, "export", stack_export())
    with pytest.raises(Exception, match="a stack export: one state, not a change"):
        read_change(None, path)
    assert read_change(NOTHING, path).before.resources == ()


def test_of_two_previews_the_sides_after_are_compared(tmp_path: Path) -> None:
    other = pulumi_preview()
    other["steps"][3] = step("update", node_group(), node_group(capacityType="ON_DEMAND"))
    change = read(tmp_path, pulumi_preview(), other)
    assert by_key(change.before.resources)[GROUP].inputs.text("capacity_type") == "ON_DEMAND"
    assert by_key(change.after.resources)[GROUP].inputs.text("capacity_type") == "SPOT"
    assert change.operations == {}
    assert sum("its side after the change is compared" in each for each in change.after.notes) == 2


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("compressed", [False, True])
def test_any_form_of_the_text_is_read_from_a_stream(encoding: str, compressed: bool) -> None:
    data = json.dumps(changed(pulumi_preview(), duration=None)).encode(encoding)
    stream = io.BytesIO(gzip.compress(data) if compressed else data)
    change = read_change(None, "-", Options(stdin=stream))
    assert change.after.source == "standard input"
    assert len(change.after.resources) == 5


def test_a_document_larger_than_the_window_is_read_whole(tmp_path: Path) -> None:
    urn = GROUP.replace("workers", "é{}")
    steps = [
        step("create", None, state(urn.format(each), {"x": "ö" * 9_000, "size": 12345}))
        for each in range(300)
    ]
    change = read(tmp_path, {"steps": steps})
    assert len(change.after.resources) == 300
    assert {each.inputs.count("size", 0) for each in change.after.resources} == {12345}


def test_where_the_program_makes_a_resource_is_kept(tmp_path: Path) -> None:
    made = state(VOLUME, {}, sourcePosition="project:///app/index.ts#12,3")
    change = read(tmp_path, {"steps": [step("create", None, made)]})
    assert change.after.resources[0].where == "app/index.ts:12"


def test_what_providers_computed_counts_between_exports_alone(tmp_path: Path) -> None:
    export = stack_export()
    export["deployment"]["resources"][3]["additionalSecretOutputs"] = ["key"]
    export["deployment"]["resources"][3]["outputs"]["key"] = "never-seen"
    exported = read(tmp_path, export, stack_export())
    previewed = read(tmp_path, pulumi_preview(), export)
    values = [by_key(each.before.resources)[VOLUME].inputs.values for each in (exported, previewed)]
    assert values[0] == {"type": "gp3", "size": 100, "tags": {"key": SECRET}}
    assert values[1] == {"size": 100, "tags": {"key": SECRET}}
    assert by_key(exported.after.resources)[VOLUME].inputs.values["key"] == SECRET


def test_a_default_provider_is_not_shown_but_says_where(tmp_path: Path) -> None:
    default = PROVIDER.replace("west", "default_7_51_1")
    export = stack_export()
    export["deployment"]["resources"][1]["urn"] = default
    export["deployment"]["resources"][2]["provider"] = f"{default}::a1"
    found = by_key(read_estate(write(tmp_path, "export", export)).resources)
    assert default not in found
    assert found[GROUP].region == "us-west-2"


def test_native_types_and_objects_have_the_kinds_of_others(tmp_path: Path) -> None:
    after = read(tmp_path, native_preview()).after.resources
    found = {each.name: each for each in after}
    web = found["web"]
    assert (web.kind, web.region, web.tags) == ("aws_instance", "eu-west-1", {"team": "shop"})
    assert web.inputs.number("root_block_device.volume_size") == 30
    pool = found["gpu"]
    assert (pool.kind, pool.id) == ("karpenter.sh/NodePool", "karpenter.sh/NodePool/gpu")
    assert pool.inputs.number("spec.limits.cpu") == 100
    assert found["login"].inputs.values["stringData"] == {"password": SECRET}


def test_a_managed_resource_in_a_program_is_terraforms(tmp_path: Path) -> None:
    urn = "urn:pulumi:dev::shop::kubernetes:eks.aws.upbound.io/v1beta2:NodeGroup::workers"
    spec = {"forProvider": {"region": "eu-west-1", "scalingConfig": {"maxSize": 5}}}
    made = state(urn, {"metadata": {"name": "w"}, "spec": spec}, parent=STACK)
    (group,) = read(tmp_path, {"steps": [step("create", None, made)]}).after.resources
    assert (group.key, group.kind, group.region) == (urn, "aws_eks_node_group", "eu-west-1")
    assert group.inputs.count("scaling_config.max_size", 0) == 5


def test_azures_native_types_are_where_their_group_is(tmp_path: Path) -> None:
    prefix = "urn:pulumi:dev::shop::azure-native:"
    group = state(f"{prefix}resources:ResourceGroup::rg", {"location": "West Europe"})
    cluster = state(
        f"{prefix}containerservice:ManagedCluster::aks",
        {"resourceGroupName": UNKNOWN},
        propertyDependencies={"resourceGroupName": [group["urn"]]},
    )
    alone = state(f"{prefix}compute:Disk::disk", {"diskSizeGB": 10})
    document = {
        "config": {"azure-native:location": "North Europe"},
        "steps": [step("create", None, each) for each in (group, cluster, alone)],
    }
    found = {each.name: each for each in read(tmp_path, document).after.resources}
    assert found["aks"].kind == "azurerm_kubernetes_cluster"
    assert {name: each.region for name, each in found.items()} == {
        "rg": "westeurope",
        "aks": "westeurope",
        "disk": "northeurope",
    }
