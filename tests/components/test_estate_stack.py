"""The estate: one plan of six teams, carried out by node groups and by Karpenter at once."""

import json

import pytest

from support.iam import wildcard_problems
from support.recorded import REPO, Records, of, one
from support.sdk_inputs import problems
from trimtab.plan.document import load_plan
from trimtab.preview.records import PreviewRequest
from trimtab_components.engines.recorder import record

PLAN = load_plan(REPO / "stacks" / "plans" / "estate.yaml")
DYNAMIC = {"evaluation", "ingest"}


@pytest.fixture(scope="module")
def records() -> Records:
    return record(PreviewRequest(REPO, "estate")).records


def test_every_group_has_one_provisioner(records: Records) -> None:
    groups = {(r.inputs["tags"]["trimtab:pool"], r.inputs["tags"]["trimtab:group"])
              for r in of(records, "NodeGroup").values()}  # fmt: skip
    pools = {(r.inputs["metadata"]["labels"]["trimtab.dev/pool"],
              r.inputs["metadata"]["labels"]["trimtab.dev/group"])
             for r in of(records, "NodePool").values()}  # fmt: skip
    assert groups & pools == set()
    assert groups | pools == {(p.name, g.name) for p in PLAN.spec.pools for g in p.groups}
    assert {pool for pool, _ in pools} == DYNAMIC


def test_every_input_is_one_that_the_sdk_knows(records: Records) -> None:
    checked = [r for r in records if r.custom and not r.type.startswith("pulumi:")]
    assert len(checked) > 100
    assert {r.name: found for r in checked if (found := problems(r.type, r.inputs))} == {}


def test_no_policy_allows_everything_everywhere(records: Records) -> None:
    assert len([r for r in records if r.type.startswith("aws:iam/rolePolicy:")]) > 3
    assert wildcard_problems(records) == []


def test_the_held_reservation_is_targeted_in_its_zone(records: Records) -> None:
    name = next(n for n in of(records, "LaunchTemplate") if "trainer-held" in n)
    template = of(records, "LaunchTemplate")[name].inputs
    target = template["capacityReservationSpecification"]["capacityReservationTarget"]
    assert target == {"capacityReservationId": "cr-0a1b2c3d4e5f60718"}
    assert len(of(records, "NodeGroup")[name].inputs["subnetIds"]) == 1
    kinds = {each["interfaceType"] for each in template["networkInterfaces"]}
    assert kinds == {"interface", "efa-only"}  # the first card has the node's own address
    assert len(template["networkInterfaces"]) == 33  # a p5.48xlarge has 32 network cards


def test_karpenter_has_the_features_that_the_pools_need(records: Records) -> None:
    charts = of(records, "Chart")
    gates = charts["estate-karpenter"].inputs["values"]["settings"]["featureGates"]
    on = {name for name, state in gates.items() if state}
    assert on >= {"nodeOverlay", "staticCapacity"}
    assert "capacityBuffer" not in on


def test_the_clusters_volume_key_holds_for_karpenters_nodes_too() -> None:
    key = "arn:aws:kms:us-east-1:111122223333:key/1"
    config = {"trimtab:encryption": json.dumps({"volumeKeyArn": key})}
    made = record(PreviewRequest(REPO, "estate", config)).records
    for each in of(made, "EC2NodeClass").values():
        volumes = each.inputs["spec"]["blockDeviceMappings"]
        assert {volume["ebs"]["kmsKeyID"] for volume in volumes} == {key}
    assert key in of(made, "RolePolicy")["estate-karpenter-volume-key"].inputs["policy"]


def test_the_drivers_and_plugins_are_those_of_the_plans_machines(records: Records) -> None:
    made = {r.type.rpartition(":")[2] for r in records if r.type.startswith("trimtab:index:")}
    assert {"GpuOperator", "NeuronDevices", "EfaDevices", "FpgaDevices"} <= made
    assert not made & {"AmdGpuOperator", "IntelDevices"}


def test_karpenter_comes_before_its_objects_and_the_cluster_before_all(records: Records) -> None:
    by_urn = {each.urn: each for each in records}

    def before(urn: str) -> set[str]:
        found: set[str] = set()
        left = [urn]
        while left:
            each = by_urn[left.pop()]
            after = {*each.dependencies, each.parent} - found
            found |= after
            left += [u for u in after if u in by_urn]
        return found

    cluster = one(records, "Cluster").urn
    charts = {each.urn for each in of(records, "Chart").values() if "karpenter" in each.name}
    assert len(charts) == 2
    for each in of(records, "NodePool").values():
        assert {cluster, *charts} <= before(each.urn), each.name
