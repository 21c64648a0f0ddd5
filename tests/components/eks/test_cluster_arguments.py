"""Which arguments of a cluster go together, and what a mistake is told."""

from typing import Any

import pytest

from support.plans import group, plan_data, pool
from trimtab.errors import InputError
from trimtab.plan.document import parse_plan
from trimtab.provision.arguments import checked
from trimtab_components import HeterogeneousCluster
from trimtab_components.eks.addons import (
    Addon,
    chosen_addons,
    nodes_need_cni_policy,
)
from trimtab_components.eks.cluster_args import ClusterSettings

ROLE = "arn:aws:iam::111122223333:role/ops"
KEY = "arn:aws:kms:us-east-1:111122223333:key/1234"
ANCHOR = "arn:aws:rolesanywhere:us-east-1:111122223333:trust-anchor/1"
HYBRID = {"node_cidrs": ["192.168.0.0/17"], "pod_cidrs": ["192.168.128.0/17"]}
EXISTING = {"vpc_id": "vpc-1", "subnet_ids": ["subnet-1", "subnet-2"]}
ACCESS = {"principal_arn": ROLE}
POD = {"namespace": "train", "service_account": "loader"}


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"auto_mode": {}},
        {"auto_mode": {"node_pools": []}},
        {"auto_mode": {"node_pools": ["general-purpose", "system"]}, "plan_pools": []},
        {"auto_mode": {"enabled": False}},
        {"auto_mode": {}, "plan_pools": ["trainer"], "running": {}},
        {"plan_pools": [], "hybrid": HYBRID},
        {"hybrid": {**HYBRID, "credentials": "ssm", "registration_limit": 10.0}},
        {"hybrid": {**HYBRID, "credentials": "iam-roles-anywhere", "trust_anchor_arn": ANCHOR}},
        {"hybrid": {"node_cidrs": ["10.0.0.0/20"]}, **EXISTING},
        {"hybrid": {"node_cidrs": ["172.20.0.0/16"]}, "cidr": "192.168.0.0/16"},
        {"internet_access": False, "endpoints": {}},
        {"internet_access": False, "endpoints": {}, "nat": "none", "public_endpoint": False},
        {"endpoints": {"services": ["ecr.api", "ecr.dkr"]}},
        {**EXISTING, "zone_subnet_ids": {"us-east-1a": "subnet-1"}},
        {"public_access_cidrs": ["192.0.2.0/24", "2001:db8::/32"]},
        {"encryption": {"own_key": True}},
        {"encryption": {"own_key": True, "rotation_days": 90, "deletion_window_days": 7}},
        {"encryption": {"key_arn": KEY, "volume_key_arn": KEY}},
        {"access": {"ops": {**ACCESS, "groups": ["viewers"]}}, "creator_is_admin": False},
        {"access": {"auto": {**ACCESS, "type": "EC2", "policies": [{"policy": "AmazonEKSAutoNodePolicy"}]}}},
        {"pod_identities": {"loader": {**POD, "policies": ["AmazonS3ReadOnlyAccess"]}}},
        {"pod_identities": {"loader": {**POD, "role_arn": ROLE}}},
        {"addons": {"aws-ebs-csi-driver": {}, "coredns": {"values": {"replicaCount": 3}}}},
        {"control_plane": {"tier": "tier-xl", "support": "STANDARD", "zonal_shift": True}},
    ],
    ids=str,
)  # fmt: skip
def test_what_goes_together_is_taken(arguments: dict[str, Any]) -> None:
    assert checked(ClusterSettings, {"plan": "p", **arguments}, "here").plan == "p"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        # Typos, at every depth, with the nearest name.
        ({"auto_mod": {}}, "auto_mod: unknown field; did you mean auto_mode?"),
        ({"auto_mode": {"node_pool": []}}, "auto_mode.node_pool: unknown field; did you mean node_pools?"),
        ({"encryption": {"ownkey": True}}, "encryption.ownkey: unknown field; did you mean own_key?"),
        ({"endpoints": {"service": []}}, "endpoints.service: unknown field; did you mean services?"),
        ({"hybrid": {**HYBRID, "pod_cidr": []}}, "hybrid.pod_cidr: unknown field; did you mean pod_cidrs?"),
        ({"access": {"ops": {**ACCESS, "kind": "EC2"}}}, "access.ops.kind: unknown field"),
        ({"addons": {"coredns": {"verson": "v1"}}}, "addons.coredns.verson: unknown field; did you mean version?"),
        ({"control_plane": {"teir": "x"}}, "control_plane.teir: unknown field; did you mean tier?"),
        # Wrong values.
        ({"control_plane": {"tier": "xl"}}, "control_plane.tier: Input should be 'standard', 'tier-xl'"),
        ({"control_plane": {"support": "LONG"}}, "control_plane.support: Input should be 'STANDARD' or 'EXTENDED'"),
        ({"auto_mode": {"node_pools": ["gpu"]}}, "Input should be 'general-purpose' or 'system'"),
        ({"public_access_cidrs": ["192.0.2.1/24"]}, "public_access_cidrs[0]: 192.0.2.1/24 has host bits"),
        ({"zone_subnet_ids": {"a": "subnet-1"}, **EXISTING}, "zone_subnet_ids"),
        ({"encryption": {"key_arn": "alias/x"}}, "'alias/x' is no ARN of a KMS key"),
        ({"encryption": {"own_key": True, "rotation_days": 30}}, "greater than or equal to 90"),
        ({"encryption": {"own_key": True, "deletion_window_days": 31}}, "less than or equal to 30"),
        ({"access": {"ops": {"principal_arn": "ops"}}}, "'ops' is no ARN of an IAM role or user"),
        ({"access": {"Ops": ACCESS}}, "access"),
        ({"access": {"ops": {**ACCESS, "type": "LINUX"}}}, "Input should be 'STANDARD', 'EC2'"),
        ({"access": {"ops": {**ACCESS, "policies": [{"policy": "Admin"}]}}}, "String should match pattern"),
        ({"pod_identities": {"x": {**POD, "role_arn": "loader"}}}, "'loader' is no ARN of an IAM role"),
        ({"addons": {"coredns": {"resolve_conflicts": "FORCE"}}}, "Input should be 'OVERWRITE', 'PRESERVE' or 'NONE'"),
        ({"addons": {"coredns": {"version": "latest"}}}, "String should match pattern"),
        ({"hybrid": {"node_cidrs": []}}, "hybrid.node_cidrs: "),
        ({"hybrid": {"node_cidrs": ["203.0.113.0/24"]}}, "203.0.113.0/24 is not in 10.0.0.0/8, 172.16.0.0/12"),
        ({"hybrid": {"node_cidrs": ["192.168.0.0/33"]}}, "hybrid.node_cidrs[0]"),
        ({"hybrid": {**HYBRID, "activation_expires": "soon"}}, "hybrid.activation_expires"),
        ({"hybrid": {**HYBRID, "registration_limit": 1001}}, "less than or equal to 1000"),
        # Combinations.
        ({"endpoints": {"services": ["s3"]}}, "s3 has a gateway endpoint, which is free"),
        ({"endpoints": {"services": ["ec2", "ec2"]}}, "services: one is named twice"),
        ({"internet_access": False}, "without internet_access nodes can't join; give endpoints"),
        ({"internet_access": False, "endpoints": {"services": ["ec2", "sts"]}},
         "nodes need endpoints of ecr.api, ecr.dkr, eks, eks-auth too"),
        ({"internet_access": False, "endpoints": {}, "nat": "single"}, "nat single leads to the internet"),
        ({**EXISTING, "endpoints": {}}, "vpc_id names an existing network, endpoints describes one"),
        ({**EXISTING, "internet_access": True}, "vpc_id names an existing network, internet_access"),
        ({"zone_subnet_ids": {"us-east-1a": "s"}}, "zone_subnet_ids are of an existing network"),
        ({"encryption": {}}, "says nothing; give own_key, key_arn or volume_key_arn"),
        ({"encryption": {"own_key": True, "key_arn": KEY}}, "own_key makes a key, key_arn names one"),
        ({"encryption": {"key_arn": KEY, "rotation_days": 90}}, "rotation_days is of a key to make"),
        ({"access": {"m": {**ACCESS, "type": "EC2_LINUX", "groups": ["g"]}}},
         "groups: an entry of type EC2_LINUX takes none"),
        ({"access": {"m": {**ACCESS, "type": "HYBRID_LINUX", "policies": [{"policy": "AmazonEKSViewPolicy"}]}}},
         "policies: an entry of type HYBRID_LINUX takes none"),
        ({"access": {"m": {**ACCESS, "groups": ["system:masters"]}}}, "EKS refuses system:masters"),
        ({"access": {"m": {**ACCESS, "policies": [{"policy": "AmazonEKSViewPolicy"}] * 2}}},
         "policies: one is named twice"),
        ({"access": {"a": {"principal_arn": "arn:aws:iam::111122223333:root"}}}, "is no ARN of an IAM role or user"),
        ({"admin_arns": ["arn:aws:iam::111122223333:root"]}, "admin_arns"),
        ({"access": {"a": ACCESS, "b": ACCESS}}, f"access: {ROLE} has two entries"),
        ({"access": {"a": ACCESS}, "admin_arns": [ROLE]}, f"access: {ROLE} has two entries"),
        ({"pod_identities": {"x": POD}}, "give role_arn, or policies of a role to make"),
        ({"pod_identities": {"x": {**POD, "role_arn": ROLE, "policies": ["P"]}}}, "and not both"),
        ({"addons": {"x": {"service_account": "x"}}}, "service_account without role_arn"),
        ({"auto_mode": {"enabled": False, "node_pools": ["system"]}}, "an Auto Mode that is not enabled"),
        ({"auto_mode": {"node_pools": ["system", "system"]}}, "node_pools: one is named twice"),
        ({"plan_pools": []}, "plan_pools is empty, so nothing would run the cluster's own pods"),
        ({"auto_mode": {}, "encryption": {"volume_key_arn": KEY}},
         "encryption.volume_key_arn is of node groups' volumes, and Auto Mode has none"),
        ({"hybrid": {"node_cidrs": ["10.0.4.0/24"]}}, "10.0.4.0/24 overlaps the VPC's 10.0.0.0/16"),
        ({"hybrid": {"node_cidrs": ["172.20.4.0/24"]}}, "172.20.4.0/24 overlaps 172.20.0.0/16, from which EKS"),
        ({"hybrid": {"node_cidrs": ["192.168.0.0/24"], "pod_cidrs": ["10.100.0.0/20"]}, "cidr": "172.20.0.0/16"},
         "10.100.0.0/20 overlaps 10.100.0.0/16"),
        ({"encryption": {"key_arn": KEY.replace("key/1234", "alias/own")}}, "an alias won't do"),
        ({"hybrid": {"node_cidrs": ["172.16.0.0/16"]}, "cidr": "172.16.0.0/20"}, "overlaps the VPC's 172.16.0.0/20"),
        ({"hybrid": {"node_cidrs": ["192.168.0.0/16"], "pod_cidrs": ["192.168.9.0/24"]}},
         "192.168.0.0/16 overlaps 192.168.9.0/24"),
        ({"hybrid": {**HYBRID, "trust_anchor_arn": ANCHOR}}, "trust_anchor_arn does not count with credentials ssm"),
        ({"hybrid": {**HYBRID, "credentials": "iam-roles-anywhere"}}, "need ca_certificate or trust_anchor_arn"),
        ({"hybrid": {**HYBRID, "credentials": "iam-roles-anywhere", "trust_anchor_arn": ANCHOR,
                     "registration_limit": 5}}, "registration_limit does not count with credentials iam"),
    ],
    ids=lambda value: str(value)[:60],
)  # fmt: skip
def test_a_mistake_names_the_argument_and_the_mend(arguments: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError) as caught:
        checked(ClusterSettings, {"plan": "p", **arguments}, "here")
    assert says in str(caught.value)
    assert str(caught.value).startswith("here: ")
    assert "\n" not in str(caught.value)


DEFAULTS = ("coredns", "eks-pod-identity-agent", "kube-proxy", "metrics-server", "vpc-cni")


@pytest.mark.parametrize(
    ("stated", "groups", "auto", "hosts", "expected"),
    [
        ({}, True, False, True, DEFAULTS),
        ({}, False, False, False, ("eks-pod-identity-agent", "kube-proxy", "vpc-cni")),
        ({}, False, True, True, ("metrics-server",)),
        ({}, False, True, False, ()),
        ({}, True, True, True, DEFAULTS),
        ({"metrics-server": {"enabled": False}}, True, False, True,
         ("coredns", "eks-pod-identity-agent", "kube-proxy", "vpc-cni")),
        ({"aws-ebs-csi-driver": {}}, True, False, True, ("aws-ebs-csi-driver", *DEFAULTS)),
        ({"vendor_thing": {}}, False, True, False, ("vendor_thing",)),
    ],
)  # fmt: skip
def test_a_cluster_gets_the_addons_that_its_nodes_need(
    stated: dict[str, Any], groups: bool, auto: bool, hosts: bool, expected: tuple[str, ...]
) -> None:
    settings = {name: Addon(**each) for name, each in stated.items()}
    found = chosen_addons(
        settings, node_groups=groups, auto_mode=auto, hosts_pods=hosts, where="here"
    )
    assert tuple(each.name for each in found) == expected


@pytest.mark.parametrize(
    ("stated", "auto", "says"),
    [
        ({"core-dns": {}}, False, "here: addons: core-dns is no add-on; did you mean coredns?"),
        ({"vpc_cni": {}}, False, "did you mean vpc-cni?"),
        ({"A B": {}}, False, "addons: 'A B' can't be an add-on's name"),
        ({"coredns": {}}, True, "addons: Auto Mode does the work of coredns itself"),
        ({"thing": {"role_arn": ROLE}}, False, "addons.thing: role_arn without service_account"),
        ({"aws-ebs-csi-driver": {}, "eks-pod-identity-agent": {"enabled": False}}, False,
         "aws-ebs-csi-driver gets its role through eks-pod-identity-agent, which is not enabled"),
    ],
)  # fmt: skip
def test_an_addon_that_could_not_work_is_refused(
    stated: dict[str, Any], auto: bool, says: str
) -> None:
    settings = {name: Addon(**each) for name, each in stated.items()}
    with pytest.raises(InputError) as caught:
        chosen_addons(settings, node_groups=not auto, auto_mode=auto, hosts_pods=True, where="here")
    assert says in str(caught.value)


def test_without_the_agent_the_nodes_bear_the_network_plugins_policy() -> None:
    def found(*off: str) -> bool:
        settings = {name: Addon(enabled=False) for name in off}
        return nodes_need_cni_policy(
            chosen_addons(
                settings, node_groups=True, auto_mode=False, hosts_pods=True, where="here"
            )
        )

    assert not found()
    assert found("eks-pod-identity-agent")
    assert not found("vpc-cni", "eks-pod-identity-agent")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"plan_pools": ["trainers"]}, "trainers is no pool of the plan; use one of trainer"),
        ({"pools": {"trainers": {}}}, "pools: trainers is no pool or group of the plan"),
        ({"pod_identities": {"a" * 30: {**POD, "policies": ["P"]}}},
         "a role of that name would be too long for IAM; give a key of at most 11 characters"),
    ],
)  # fmt: skip
def test_what_does_not_fit_the_plan_or_the_name_is_refused(
    arguments: dict[str, Any], says: str
) -> None:
    plan = parse_plan(plan_data(pools=[pool(groups=[group("g", {"option": "on-demand"})])]), "plan")
    given: Any = {"plan": plan, "region": "us-east-1", **arguments}
    with pytest.raises(InputError) as caught:
        HeterogeneousCluster("c" * 40, given)
    assert says in str(caught.value)
