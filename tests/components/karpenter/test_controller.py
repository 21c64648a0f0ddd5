"""KarpenterController in a program: its tree, its permissions, its charts."""

import json
from pathlib import Path
from typing import Any

import pulumi
import pytest

from support.iam import documents, statements, wildcard_problems
from support.inline import deploy, preview
from support.plans import plan
from support.recorded import Records, of, one
from support.sdk_inputs import problems
from trimtab.errors import InputError
from trimtab.preview.records import ResourceRecord
from trimtab.resources.inputs import UNKNOWN
from trimtab_components import KarpenterController
from trimtab_components.karpenter import controller_iam as iam
from trimtab_components.karpenter.controller import EVENTS
from trimtab_components.karpenter.features import FEATURES

ROLE = "arn:aws:iam::123456789012:role/nodes"


def records(folder: Path, **arguments: Any) -> Records:
    given = {"cluster_name": "c", "region": "us-east-1", **arguments}
    return preview(folder, lambda: KarpenterController("k", given)).records  # type: ignore[arg-type]


def aws(made: Records) -> list[ResourceRecord]:
    return [each for each in made if each.type.startswith("aws:")]


def test_every_resource_is_a_child_with_tags_that_the_sdk_knows(tmp_path: Path) -> None:
    made = records(tmp_path, plan=plan(), tags={"cost-center": "42"})
    component = one(made, "KarpenterController")
    found = aws(made)
    assert {each.parent for each in found} == {component.urn}
    for each in made:
        if each.type.split(":")[0] in {"aws", "kubernetes"}:
            assert not problems(each.type, each.inputs), each.name
    untaggable = {"RolePolicy", "RolePolicyAttachment", "QueuePolicy", "EventTarget"}
    for each in found:
        if each.type.rpartition(":")[2] not in untaggable:
            assert each.inputs["tags"]["cost-center"] == "42", each.name
            assert each.inputs["tags"]["trimtab:plan"] == "example", each.name


def test_the_charts_come_last_and_the_kinds_before_the_controller(tmp_path: Path) -> None:
    charts = of(made := records(tmp_path), "Chart")
    crds, controller = charts["k-crds"], charts["k"]
    assert crds.inputs["chart"] == "oci://public.ecr.aws/karpenter/karpenter-crd"
    assert controller.inputs["chart"] == "oci://public.ecr.aws/karpenter/karpenter"
    assert controller.inputs["skipCrds"] is True
    assert "skipCrds" not in crds.inputs
    assert crds.inputs["version"] == controller.inputs["version"]
    before = set(controller.dependencies)
    assert crds.urn in before
    needed = {"RolePolicy", "RolePolicyAttachment", "PodIdentityAssociation", "AccessEntry"}
    for each in aws(made):
        kind = each.type.rpartition(":")[2]
        assert (each.urn in before) == (kind in {*needed, "QueuePolicy", "EventTarget"}), each.name
    # kube-system is there already.
    assert not of(made, "Namespace")


def test_the_values_name_the_cluster_its_queue_and_every_gate(tmp_path: Path) -> None:
    made = records(
        tmp_path,
        features=["reservedCapacity", "nodeOverlay"],
        tolerate=["dedicated"],
        node_selector={"role": "system"},
        endpoint="https://x",
        override={"values": {"logLevel": "debug", "settings": {"batchIdleDuration": "2s"}}},
    )
    values = of(made, "Chart")["k"].inputs["values"]
    assert values["settings"] == {
        "clusterName": "c",
        "interruptionQueue": "c",
        "eksControlPlane": True,
        "clusterEndpoint": "https://x",
        "batchIdleDuration": "2s",
        "featureGates": {name: name in {"reservedCapacity", "nodeOverlay"} for name in FEATURES},
    }
    assert values["logLevel"] == "debug"
    assert values["replicas"] == 2
    assert [each["key"] for each in values["tolerations"]] == ["CriticalAddonsOnly", "dedicated"]
    assert values["nodeSelector"] == {"kubernetes.io/os": "linux", "role": "system"}
    assert one(made, "Queue").inputs["name"] == "c"


def test_every_interruption_is_heard_of(tmp_path: Path) -> None:
    made = records(tmp_path)
    patterns = [json.loads(each.inputs["eventPattern"]) for each in of(made, "EventRule").values()]
    assert sorted((p["source"][0], p["detail-type"][0]) for p in patterns) == sorted(
        EVENTS.values()
    )
    queue = one(made, "Queue")
    assert queue.inputs["sqsManagedSseEnabled"] is True
    targets = of(made, "EventTarget").values()
    assert len(targets) == len(EVENTS)
    assert all(queue.urn in each.dependencies for each in targets)


@pytest.mark.parametrize(
    ("arguments", "own_role", "entry"),
    [
        ({}, True, True),
        ({"node_role_arn": ROLE}, False, False),
        ({"node_role_arn": ROLE, "access_entry": True}, False, True),
    ],
)
def test_the_nodes_role_is_let_in_where_nobody_has(
    tmp_path: Path, arguments: dict[str, Any], own_role: bool, entry: bool
) -> None:
    made = records(tmp_path, **arguments)
    assert ("k-node" in of(made, "Role")) == own_role
    assert len(of(made, "RolePolicyAttachment")) == (3 if own_role else 0)
    entries = of(made, "AccessEntry")
    assert bool(entries) == entry
    if own_role:
        assert of(made, "Role")["k-node"].inputs["name"] == "KarpenterNodeRole-c"
    for each in entries.values():
        assert each.inputs["type"] == "EC2_LINUX"


def test_no_policy_reaches_too_far_once_everything_is_known() -> None:
    deployed = deploy(
        lambda: KarpenterController("k", {"cluster_name": "c", "region": "eu-west-1"})
    )
    made = [
        ResourceRecord(name, kind, name, "", inputs)
        for (kind, name), inputs in deployed.made.items()
        if kind.startswith("aws:")
    ]
    assert not wildcard_problems(made)
    found = [(r, s) for r, document in documents(made) for s in statements(document)]
    assert len(found) > 20
    everything = [s for _, s in found if s.get("Resource") == "*" and s["Effect"] == "Allow"]
    # What can't be scoped only reads, and all of EC2's is held to the region.
    for statement in everything:
        actions = statement["Action"]
        listed = [actions] if isinstance(actions, str) else actions
        assert all(a.split(":")[1].startswith(("Describe", "Get", "List")) for a in listed)
        if any(action.startswith("ec2:") for action in listed):
            assert statement["Condition"] == {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}
    assert not any(UNKNOWN in json.dumps(s) for _, s in found)


def test_machines_are_launched_and_ended_by_the_clusters_tags_alone() -> None:
    by_sid = {each["Sid"]: each for each in iam.node_lifecycle("c", "us-east-1")}
    changing = {
        "LaunchFromOwnTemplates",
        "LaunchTagged",
        "TagAtCreation",
        "TagOwnMachines",
        "EndOwnMachines",
    }
    for sid in changing:
        assert "kubernetes.io/cluster/c" in json.dumps(by_sid[sid]["Condition"]["StringEquals"]), (
            sid
        )
        assert "karpenter.sh/nodepool" in json.dumps(by_sid[sid]["Condition"]["StringLike"]), sid
    assert set(by_sid) == {*changing, "LaunchWith"}


def test_inline_policies_fit_a_role() -> None:
    """IAM takes 10,240 characters of inline policies a role, white space aside."""
    cluster, region = "c" * 46, "ap-southeast-2"
    whole = "".join(
        iam.document(each)
        for each in (
            iam.node_lifecycle(cluster, region),
            iam.instance_profiles(cluster, region),
            iam.discovery(cluster, region),
            iam.pass_node_role(ROLE),
            iam.read_interruptions("arn:aws:sqs:ap-southeast-2:123456789012:" + cluster),
            iam.use_volume_key("arn:aws:kms:ap-southeast-2:123456789012:key/" + "1" * 36, region),
        )
    )
    assert len(whole.replace(" ", "")) < 10_240


def test_a_key_of_the_volumes_is_used_through_ec2_alone() -> None:
    key = "arn:aws:kms:us-east-1:123456789012:key/1"
    deployed = deploy(
        lambda: KarpenterController(
            "k", {"cluster_name": "c", "region": "us-east-1", "volume_key_arn": key}
        )
    )
    (policy,) = [
        inputs["policy"] for (_, name), inputs in deployed.made.items() if name == "k-volume-key"
    ]
    for statement in statements(json.loads(policy)):
        assert statement["Resource"] == key
        assert (
            "ec2.us-east-1.amazonaws.com"
            in statement["Condition"]["StringEquals"]["kms:ViaService"]
        )
    assert json.loads(policy)["Statement"][0]["Condition"]["Bool"] == {
        "kms:GrantIsForAWSResource": "true"
    }


def test_the_queue_hears_the_rules_and_nobody_else() -> None:
    allow, deny = iam.queue_policy("q", ["r2", "r1"])
    assert allow["Principal"] == {"Service": ["events.amazonaws.com", "sqs.amazonaws.com"]}
    assert allow["Condition"] == {"ArnEquals": {"aws:SourceArn": ["r1", "r2"]}}
    assert deny["Effect"] == "Deny"


def test_a_namespace_of_its_own_is_made_once(tmp_path: Path) -> None:
    made = records(tmp_path, override={"namespace": "karpenter", "version": "1.15.1"})
    assert one(made, "Namespace").inputs["metadata"]["name"] == "karpenter"
    assert one(made, "PodIdentityAssociation").inputs["namespace"] == "karpenter"
    assert {c.inputs["version"] for c in of(made, "Chart").values()} == {"1.15.1"}
    assert {c.inputs["namespace"] for c in of(made, "Chart").values()} == {"karpenter"}


def test_flux_may_deliver_it(tmp_path: Path) -> None:
    made = records(tmp_path, delivery="flux")
    releases = of(made, "HelmRelease")
    assert set(releases) == {"k-release", "k-crds-release"}
    assert releases["k-release"].inputs["spec"]["install"]["crds"] == "Skip"
    assert releases["k-crds-release"].inputs["spec"]["install"]["crds"] == "CreateReplace"


def test_a_role_that_is_known_late_leaves_the_preview_complete(tmp_path: Path) -> None:
    def program() -> None:
        late: pulumi.Output[str] = pulumi.Output.from_input(ROLE)
        KarpenterController(
            "k",
            {"cluster_name": "c", "region": "us-east-1", "node_role_arn": late, "endpoint": late},
        )

    made = preview(tmp_path, program).records
    assert len(of(made, "RolePolicy")) == 5
    assert len(of(made, "Chart")) == 2


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"feature": []}, "feature: unknown field; did you mean features?"),
        ({"features": ["NodeOverlay"]}, "features: NodeOverlay is unknown; use one of"),
        ({"region": None}, "no region is set"),
        ({"access_entry": False}, "nodes with the role made here could not join"),
        ({"cluster_name": "a b"}, "cluster_name"),
        ({"tags": {"managed-by": "x"}}, "tags: managed-by is set from the plan"),
        ({"memory": "much"}, "memory"),
        ({"node_role_arn": "nodes"}, "node_role_arn"),
        ({"volume_key_arn": "arn:aws:kms:us-east-1:123456789012:alias/a"}, "an alias won't do"),
    ],
)
def test_a_mistake_names_the_argument(tmp_path: Path, arguments: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError) as caught:
        records(tmp_path, **arguments)
    assert says in str(caught.value)
    assert str(caught.value).startswith('KarpenterController "k"')
