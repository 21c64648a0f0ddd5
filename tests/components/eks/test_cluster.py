"""What a cluster is made of: tree, order, tags and inputs, for each choice."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest

from support.iam import statements, unknown_documents, wildcard_problems
from support.inline import Previewed, preview
from support.plans import group, plan_data, pool
from support.recorded import of, one
from support.sdk_inputs import problems
from trimtab.plan.attribution import plan_tags
from trimtab.plan.document import parse_plan
from trimtab.preview.records import ResourceRecord
from trimtab.resources.inputs import UNKNOWN
from trimtab_components import HeterogeneousCluster

OPS = "arn:aws:iam::111122223333:role/ops"
KEY = "arn:aws:kms:us-east-1:111122223333:key/1234"
ANCHOR = "arn:aws:rolesanywhere:us-east-1:111122223333:trust-anchor/1"
CA = "-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n"
OWNED = group(
    "racks", {"option": "owned", "site": "hall-1"}, taints=[{"key": "site", "effect": "NoSchedule"}]
)
BOUGHT = group("on-demand", {"option": "on-demand"})
PLAN = parse_plan(plan_data(pools=[pool(groups=[BOUGHT])]), "plan")
MIXED = parse_plan(
    plan_data(pools=[pool(groups=[BOUGHT]), pool(name="edge", groups=[OWNED])]), "plan with owned"
)

Made = Callable[..., Previewed]


@pytest.fixture
def made(tmp_path: Path) -> Made:
    """Previews a cluster `c` of these arguments."""

    def run(plan: Any = PLAN, **arguments: Any) -> Previewed:
        def program() -> None:
            given: Any = {"plan": plan, "region": "us-east-1", **arguments}
            HeterogeneousCluster("c", given)

        return preview(tmp_path / "project", program)

    return run


def cluster(seen: Previewed) -> ResourceRecord:
    return one(seen.records, "Cluster")


def names(seen: Previewed, kind: str) -> set[str]:
    return set(of(seen.records, kind))


def urns(seen: Previewed, kind: str, *wanted: str) -> set[str]:
    return {each.urn for name, each in of(seen.records, kind).items() if name in wanted}


CHOICES: dict[str, dict[str, Any]] = {
    "least": {},
    "an existing network": {
        "vpc_id": "vpc-1",
        "subnet_ids": ["s-1", "s-2"],
        "zone_subnet_ids": {"us-east-1a": "s-1"},
    },
    "no way out": {"internet_access": False, "endpoints": {}, "public_endpoint": False},
    "keys": {"encryption": {"own_key": True, "volume_key_arn": KEY}, "addons": {"aws-ebs-csi-driver": {}}},
    "an existing key": {"encryption": {"key_arn": KEY}},
    "access": {
        "access": {
            "ops": {"principal_arn": OPS, "policies": [
                {"policy": "AmazonEKSEditPolicy", "namespaces": ["train"]},
                {"policy": "AmazonEKSViewPolicy"},
            ]},
            "boxes": {"principal_arn": OPS.replace("ops", "boxes"), "type": "EC2_LINUX"},
        },
        "pod_identities": {
            "loader": {"namespace": "train", "service_account": "loader", "policies": ["AmazonS3ReadOnlyAccess"]},
            "other": {"namespace": "train", "service_account": "other", "role_arn": OPS},
        },
    },
    "auto mode": {"auto_mode": {}},
    "auto mode with own NodePools": {"auto_mode": {"node_pools": []}},
    "auto mode beside groups": {"auto_mode": {"node_pools": []}, "plan_pools": ["trainer"]},
    "auto mode off again": {"auto_mode": {"enabled": False}},
    "control plane": {"control_plane": {
        "tier": "tier-xl", "support": "STANDARD", "deletion_protection": True, "zonal_shift": True,
    }},
    "hybrid by ssm": {"hybrid": {"node_cidrs": ["192.168.0.0/24"], "pod_cidrs": ["192.168.1.0/24"]}, "plan": MIXED},
    "hybrid by certificates": {
        "hybrid": {"node_cidrs": ["192.168.0.0/24"], "credentials": "iam-roles-anywhere", "ca_certificate": CA},
        "plan": MIXED,
    },
}  # fmt: skip
BEARS_TAGS = {"Activation", "AccessEntry", "Addon", "Key", "Profile", "Role", "VpcEndpoint"}
EACH = pytest.mark.parametrize("choice", CHOICES)


@EACH
def test_every_choice_is_one_that_the_sdk_knows_is_tagged_and_reaches_not_too_far(
    made: Made, choice: str
) -> None:
    seen = made(**CHOICES[choice], tags={"cost-centre": "42"})
    checked = [r for r in seen.records if r.custom and not r.type.startswith("pulumi:")]
    assert {r.name: found for r in checked if (found := problems(r.type, r.inputs))} == {}
    assert wildcard_problems(seen.records) == []
    wanted = {"managed-by": "trimtab", "cost-centre": "42"}
    for each in checked:
        tags = each.inputs.get("tags")
        if each.type.rpartition(":")[2] in BEARS_TAGS:
            assert tags is not None, each.name
            assert wanted.items() <= tags.items(), each.name
            assert "trimtab:plan-digest" in tags, each.name


def test_a_plans_digest_reaches_the_cluster(made: Made) -> None:
    assert cluster(made()).inputs["tags"].items() >= plan_tags(PLAN).items()


def test_addons_stand_around_the_nodes(made: Made) -> None:
    seen = made(addons={"aws-ebs-csi-driver": {}})
    addons = of(seen.records, "Addon")
    before = urns(seen, "Addon", "c-vpc-cni", "c-kube-proxy", "c-eks-pod-identity-agent")
    after = {"c-coredns", "c-metrics-server", "c-aws-ebs-csi-driver"}
    assert set(addons) == after | {"c-vpc-cni", "c-kube-proxy", "c-eks-pod-identity-agent"}
    (node_group,) = of(seen.records, "NodeGroup").values()
    assert before <= set(node_group.dependencies)
    for name in after:
        assert node_group.urn in addons[name].dependencies
    for each in addons.values():
        assert cluster(seen).urn in each.dependencies
        assert each.inputs["resolveConflictsOnCreate"] == "OVERWRITE"
    assert cluster(seen).inputs["bootstrapSelfManagedAddons"] is False
    assert set(cluster(seen).ignore_changes) == {
        "accessConfig.bootstrapClusterCreatorAdminPermissions",
        "bootstrapSelfManagedAddons",
    }


def test_addons_get_their_roles_through_pod_identity(made: Made) -> None:
    seen = made(addons={"aws-ebs-csi-driver": {}, "aws-efs-csi-driver": {"role_arn": OPS}})
    identities = {
        name: each.inputs.get("podIdentityAssociations")
        for name, each in of(seen.records, "Addon").items()
    }
    assert identities == {
        "c-vpc-cni": [{"serviceAccount": "aws-node", "roleArn": UNKNOWN}],
        "c-aws-ebs-csi-driver": [{"serviceAccount": "ebs-csi-controller-sa", "roleArn": UNKNOWN}],
        "c-aws-efs-csi-driver": [{"serviceAccount": "efs-csi-controller-sa", "roleArn": OPS}],
        **dict.fromkeys(
            ("c-coredns", "c-kube-proxy", "c-metrics-server", "c-eks-pod-identity-agent")
        ),
    }
    attached = {
        name: each.inputs["policyArn"]
        for name, each in of(seen.records, "RolePolicyAttachment").items()
    }
    policy = "arn:aws:iam::aws:policy"
    assert attached["c-cni-AmazonEKS_CNI_Policy"] == f"{policy}/AmazonEKS_CNI_Policy"
    assert attached["c-ebs-csi-AmazonEBSCSIDriverPolicy"].endswith(
        "policy/service-role/AmazonEBSCSIDriverPolicy"
    )
    assert "c-nodes-AmazonEKS_CNI_Policy" not in attached
    ready = urns(seen, "RolePolicyAttachment", "c-cni-AmazonEKS_CNI_Policy")
    assert ready <= set(of(seen.records, "Addon")["c-vpc-cni"].dependencies)


def test_an_addons_settings_reach_it(made: Made) -> None:
    seen = made(
        addons={
            "coredns": {
                "version": "v1.12.4-eksbuild.1",
                "values": {"replicaCount": 3},
                "resolve_conflicts": "NONE",
                "preserve": True,
            }
        }
    )
    inputs = of(seen.records, "Addon")["c-coredns"].inputs
    assert inputs["addonVersion"] == "v1.12.4-eksbuild.1"
    assert json.loads(inputs["configurationValues"]) == {"replicaCount": 3}
    assert (inputs["resolveConflictsOnCreate"], inputs["resolveConflictsOnUpdate"]) == (
        "NONE",
        "NONE",
    )
    assert inputs["preserve"] is True


def test_volumes_that_the_driver_makes_say_who_pays(made: Made) -> None:
    own = {"controller": {"extraVolumeTags": {"tier": "gold"}, "replicaCount": 1}, "node": {}}
    seen = made(
        addons={"aws-ebs-csi-driver": {"values": own}},
        tags={"cost-centre": "42", "note": "a, b"},
    )
    text = of(seen.records, "Addon")["c-aws-ebs-csi-driver"].inputs["configurationValues"]
    tags = {"cost-centre": "42", "managed-by": "trimtab", "trimtab:plan": "example", "tier": "gold"}
    assert json.loads(text) == {
        "controller": {"extraVolumeTags": tags, "replicaCount": 1},
        "node": {},
    }


@pytest.mark.parametrize("values", [{}, {"replicas": 3}, {"tolerations": []}])
def test_metrics_server_tolerates_auto_modes_system_nodes(
    made: Made, values: dict[str, Any]
) -> None:
    seen = made(auto_mode={}, addons={"metrics-server": {"values": values}})
    text = of(seen.records, "Addon")["c-metrics-server"].inputs["configurationValues"]
    own = [{"key": "CriticalAddonsOnly", "operator": "Exists"}]
    assert json.loads(text) == {"tolerations": own, **values}


def test_nodes_follow_the_control_planes_version_except_a_capacity_blocks(made: Made) -> None:
    block = {"option": "capacity-block", "reservationId": "cr-0a", "zone": "us-east-1a",
             "endsAt": "2026-11-03T11:30:00Z"}  # fmt: skip
    both = parse_plan(plan_data(pools=[pool(groups=[BOUGHT, group("block", block)])]), "plan")
    seen = made(both, kubernetes_version="1.34")
    assert cluster(seen).inputs["version"] == "1.34"
    versions = {n: r.inputs.get("version") for n, r in of(seen.records, "NodeGroup").items()}
    assert versions == {"c-trainer-on-demand-0a1b2c": "1.34", "c-trainer-block-0a1b2c": None}


def test_without_the_agent_the_nodes_role_bears_the_policy(made: Made) -> None:
    seen = made(addons={"eks-pod-identity-agent": {"enabled": False}})
    assert "c-nodes-AmazonEKS_CNI_Policy" in names(seen, "RolePolicyAttachment")
    assert "c-cni" not in names(seen, "Role")


def test_karpenter_finds_the_nodes_subnets_and_the_security_group(made: Made) -> None:
    seen = made()
    subnets = of(seen.records, "Subnet")
    tagged = {n for n, r in subnets.items() if r.inputs["tags"].get("karpenter.sh/discovery")}
    assert tagged == {f"c-network-private-{zone}" for zone in "abc"}
    tag = one(seen.records, "Tag")
    assert (tag.inputs["key"], tag.inputs["value"]) == ("karpenter.sh/discovery", "c")
    assert tag.property_dependencies["resourceId"] == (cluster(seen).urn,)


def test_an_own_key_encrypts_secrets_and_the_control_plane_may_use_it(made: Made) -> None:
    seen = made(encryption={"own_key": True, "rotation_days": 90})
    key = one(seen.records, "Key")
    assert (key.inputs["enableKeyRotation"], key.inputs["rotationPeriodInDays"]) == (True, 90)
    assert key.inputs["deletionWindowInDays"] == 30
    (statement,) = statements(json.loads(key.inputs["policy"]))
    assert statement["Principal"] == {"AWS": "arn:aws:iam::000000000000:root"}
    assert not [action for action in statement["Action"] if "*" in action]
    config = cluster(seen).inputs["encryptionConfig"]
    assert config == {"provider": {"keyArn": UNKNOWN}, "resources": ["secrets"]}
    assert unknown_documents(seen.records) == ["RolePolicy c-control-plane-key"]
    assert urns(seen, "RolePolicy", "c-control-plane-key") <= set(cluster(seen).dependencies)
    assert one(seen.records, "Alias").inputs["name"] == "alias/c-secrets"


def test_existing_keys_encrypt_secrets_and_volumes(made: Made) -> None:
    seen = made(
        encryption={"key_arn": KEY, "volume_key_arn": KEY}, addons={"aws-ebs-csi-driver": {}}
    )
    assert not of(seen.records, "Key")
    assert cluster(seen).inputs["encryptionConfig"]["provider"] == {"keyArn": KEY}
    for template in of(seen.records, "LaunchTemplate").values():
        assert all(m["ebs"]["kmsKeyId"] == KEY for m in template.inputs["blockDeviceMappings"])
    policies = of(seen.records, "RolePolicy")
    assert set(policies) == {"c-control-plane-key", "c-ebs-csi-key"}
    for each in policies.values():
        found = statements(json.loads(each.inputs["policy"]))
        assert {s["Resource"] for s in found} == {KEY}
    driver = of(seen.records, "Addon")["c-aws-ebs-csi-driver"]
    assert policies["c-ebs-csi-key"].urn in driver.dependencies


def test_access_entries_bear_policies_with_their_scope(made: Made) -> None:
    seen = made(**CHOICES["access"])
    entries = of(seen.records, "AccessEntry")
    assert {n: r.inputs["type"] for n, r in entries.items()} == {
        "c-access-ops": "STANDARD",
        "c-access-boxes": "EC2_LINUX",
    }
    scopes = {
        n: (r.inputs["policyArn"].rpartition("/")[2], r.inputs["accessScope"])
        for n, r in of(seen.records, "AccessPolicyAssociation").items()
    }
    assert scopes == {
        "c-access-ops-AmazonEKSEditPolicy": (
            "AmazonEKSEditPolicy",
            {"type": "namespace", "namespaces": ["train"]},
        ),
        "c-access-ops-AmazonEKSViewPolicy": ("AmazonEKSViewPolicy", {"type": "cluster"}),
    }


def test_service_accounts_get_roles(made: Made) -> None:
    seen = made(**CHOICES["access"])
    found = of(seen.records, "PodIdentityAssociation")
    assert {n: r.inputs["roleArn"] for n, r in found.items()} == {
        "c-pod-loader": UNKNOWN,
        "c-pod-other": OPS,
    }
    role = of(seen.records, "Role")["c-pod-loader"]
    (trust,) = statements(json.loads(role.inputs["assumeRolePolicy"]))
    assert trust["Principal"] == {"Service": "pods.eks.amazonaws.com"}
    assert trust["Action"] == ["sts:AssumeRole", "sts:TagSession"]
    ready = urns(seen, "RolePolicyAttachment", "c-pod-loader-AmazonS3ReadOnlyAccess")
    assert ready <= set(found["c-pod-loader"].dependencies)


ON = {"enabled": True}


def test_auto_mode_takes_compute_storage_and_load_balancing_together(made: Made) -> None:
    seen = made(auto_mode={"node_pools": ["general-purpose"]})
    inputs = cluster(seen).inputs
    assert inputs["computeConfig"] == {
        "enabled": True,
        "nodePools": ["general-purpose"],
        "nodeRoleArn": UNKNOWN,
    }
    assert inputs["storageConfig"] == {"blockStorage": ON}
    assert inputs["kubernetesNetworkConfig"] == {"elasticLoadBalancing": ON}
    attached = names(seen, "RolePolicyAttachment")
    assert {f"c-control-plane-AmazonEKS{each}Policy" for each in (
        "Cluster", "Compute", "BlockStorage", "LoadBalancing", "Networking",
    )} <= attached  # fmt: skip
    assert {each for each in attached if "nodes" in each} == {
        "c-auto-nodes-AmazonEKSWorkerNodeMinimalPolicy",
        "c-auto-nodes-AmazonEC2ContainerRegistryPullOnly",
    }
    role = of(seen.records, "Role")
    assert role["c-auto-nodes"].inputs["name"] == "KarpenterNodeRole-c"
    trust = statements(json.loads(role["c-control-plane"].inputs["assumeRolePolicy"]))
    assert trust[0]["Action"] == ["sts:AssumeRole", "sts:TagSession"]
    policy = one(seen.records, "RolePolicy")
    assert policy.name == "c-control-plane-tags"
    own = "${aws:PrincipalTag/eks:eks-cluster-name}"
    for each in statements(json.loads(policy.inputs["policy"])):
        equals = each["Condition"]["StringEquals"]
        assert equals == {"aws:RequestTag/eks:eks-cluster-name": own}
    # EKS makes the entry of a role that its own NodePools have.
    assert not of(seen.records, "AccessEntry")
    assert not of(seen.records, "NodeGroup")
    assert names(seen, "Addon") == {"c-metrics-server"}


def test_auto_mode_without_nodepools_of_eks_lets_the_nodes_in(made: Made) -> None:
    seen = made(auto_mode={"node_pools": []})
    assert cluster(seen).inputs["computeConfig"] == {"enabled": True, "nodePools": []}
    entry = one(seen.records, "AccessEntry")
    assert entry.inputs["type"] == "EC2"
    association = one(seen.records, "AccessPolicyAssociation")
    assert association.inputs["policyArn"].endswith("/AmazonEKSAutoNodePolicy")
    assert not of(seen.records, "Addon")


def test_auto_mode_beside_node_groups_has_a_role_of_its_own(made: Made) -> None:
    seen = made(auto_mode={}, plan_pools=["trainer"])
    assert {"c-nodes", "c-auto-nodes"} <= names(seen, "Role")
    assert names(seen, "NodeGroup") == {"c-trainer-on-demand-0a1b2c"}
    assert "c-vpc-cni" in names(seen, "Addon")


def test_auto_mode_can_be_turned_off(made: Made) -> None:
    inputs = cluster(made(auto_mode={"enabled": False})).inputs
    off = {"enabled": False}
    assert inputs["computeConfig"] == off
    assert inputs["storageConfig"] == {"blockStorage": off}
    assert inputs["kubernetesNetworkConfig"] == {"elasticLoadBalancing": off}


def test_what_is_not_stated_of_the_control_plane_is_left_to_aws(made: Made) -> None:
    keys = {
        "computeConfig", "controlPlaneScalingConfig", "deletionProtection", "encryptionConfig",
        "kubernetesNetworkConfig", "remoteNetworkConfig", "storageConfig", "upgradePolicy",
        "zonalShiftConfig",
    }  # fmt: skip
    assert not keys & cluster(made()).inputs.keys()
    stated = cluster(made(**CHOICES["control plane"])).inputs
    assert stated["controlPlaneScalingConfig"] == {"tier": "tier-xl"}
    assert stated["upgradePolicy"] == {"supportType": "STANDARD"}
    assert stated["deletionProtection"] is True
    assert stated["zonalShiftConfig"] == ON


def test_some_of_the_plans_pools_get_node_groups(made: Made) -> None:
    plan = parse_plan(
        plan_data(pools=[pool(groups=[BOUGHT]), pool(name="batch", groups=[BOUGHT])]), "plan"
    )
    assert names(made(plan), "NodeGroup") == {
        "c-trainer-on-demand-0a1b2c",
        "c-batch-on-demand-0a1b2c",
    }
    assert names(made(plan, plan_pools=["batch"]), "NodeGroup") == {"c-batch-on-demand-0a1b2c"}


def test_a_pools_settings_reach_its_nodes(made: Made) -> None:
    seen = made(pools={"trainer": {"volume_gib": 500}})
    (template,) = of(seen.records, "LaunchTemplate").values()
    (mapping,) = template.inputs["blockDeviceMappings"]
    assert mapping["ebs"]["volumeSize"] == 500


def test_where_nodes_are_repaired_the_agent_says_what_failed(made: Made) -> None:
    repaired = {"trainer": {"node_repair": True}}
    assert "c-eks-node-monitoring-agent" in names(made(pools=repaired), "Addon")
    off = {"eks-node-monitoring-agent": {"enabled": False}}
    without = made(pools=repaired, addons=off)
    assert "c-eks-node-monitoring-agent" not in names(without, "Addon")


def test_machines_on_premises_join_by_an_activation(made: Made) -> None:
    seen = made(**CHOICES["hybrid by ssm"])
    assert cluster(seen).inputs["remoteNetworkConfig"] == {
        "remoteNodeNetworks": {"cidrs": ["192.168.0.0/24"]},
        "remotePodNetworks": {"cidrs": ["192.168.1.0/24"]},
    }
    assert one(seen.records, "AccessEntry").inputs["type"] == "HYBRID_LINUX"
    activation = one(seen.records, "Activation")
    arn = "arn:aws:eks:us-east-1:000000000000:cluster/c"
    assert activation.inputs["tags"]["EKSClusterARN"] == arn
    assert activation.inputs["registrationLimit"] == 100
    assert urns(seen, "RolePolicy", "c-hybrid-join") <= set(activation.dependencies)
    (cluster_only, look, leave) = statements(
        json.loads(one(seen.records, "RolePolicy").inputs["policy"])
    )
    assert cluster_only["Resource"] == arn
    assert (look["Action"], leave["Action"]) == (
        "ssm:DescribeInstanceInformation",
        "ssm:DeregisterManagedInstance",
    )
    assert leave["Condition"] == {"StringEquals": {"ssm:resourceTag/EKSClusterARN": arn}}
    rules = of(seen.records, "SecurityGroupIngressRule")
    assert {r.inputs["cidrIpv4"] for r in rules.values()} == {"192.168.0.0/24", "192.168.1.0/24"}
    # Owned machines are nobody's to make.
    assert names(seen, "NodeGroup") == {"c-trainer-on-demand-0a1b2c"}
    part = of(seen.records, "HybridMachines")["c-hybrid"]
    assert part.parent.endswith("HeterogeneousCluster::c")


def test_machines_on_premises_join_by_certificates(made: Made) -> None:
    seen = made(**CHOICES["hybrid by certificates"])
    source = one(seen.records, "TrustAnchor").inputs["source"]
    assert source == {
        "sourceType": "CERTIFICATE_BUNDLE",
        "sourceData": {"x509CertificateData": CA},
    }
    assert one(seen.records, "Profile").inputs["acceptRoleSessionName"] is True
    assert not of(seen.records, "Activation")
    hybrid = {**CHOICES["hybrid by certificates"]["hybrid"], "trust_anchor_arn": ANCHOR}
    hybrid.pop("ca_certificate")
    again = made(MIXED, hybrid=hybrid)
    assert not of(again.records, "TrustAnchor")
    role = of(again.records, "Role")["c-hybrid"]
    trusts = statements(json.loads(role.inputs["assumeRolePolicy"]))
    assert all(t["Condition"]["ArnEquals"] == {"aws:SourceArn": ANCHOR} for t in trusts)


def test_ids_and_arns_may_come_from_other_resources(tmp_path: Path) -> None:
    def program() -> None:
        late = aws.ec2.Eip("other").public_ip
        arguments: Any = {
            "plan": PLAN,
            "region": "us-east-1",
            "vpc_id": late,
            "subnet_ids": [late, late],
            "zone_subnet_ids": {"us-east-1a": late},
            "encryption": {"key_arn": late, "volume_key_arn": late},
            "access": {"ops": {"principal_arn": late}},
            "pod_identities": {"x": {"namespace": "n", "service_account": "s", "role_arn": late}},
            "addons": {"aws-efs-csi-driver": {"role_arn": late}},
            "hybrid": {
                "node_cidrs": ["192.168.0.0/24"],
                "credentials": "iam-roles-anywhere",
                "trust_anchor_arn": late,
            },
        }
        made = HeterogeneousCluster("c", arguments)
        assert isinstance(made.node_role_arn, pulumi.Output)

    seen = preview(tmp_path / "project", program)
    assert one(seen.records, "PodIdentityAssociation").inputs["roleArn"] == UNKNOWN
    assert cluster(seen).inputs["encryptionConfig"]["provider"] == {"keyArn": UNKNOWN}
    assert unknown_documents(seen.records) == [
        "Role c-hybrid",
        "RolePolicy c-control-plane-key",
    ]
