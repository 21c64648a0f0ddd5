"""A cluster's inputs against AWS's own API shapes, as botocore has them: names, types, enumerations.

The Pulumi SDK's types know no enumerations, and the provider renames some inputs and wraps others in
lists; here they stand as the API takes them.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator

from support.inline import preview
from support.plans import group, plan_data, pool
from trimtab.plan.document import parse_plan
from trimtab_components import HeterogeneousCluster

OPS = "arn:aws:iam::111122223333:role/ops"
PLAN = parse_plan(
    plan_data(pools=[pool(groups=[group("racks", {"option": "owned", "site": "hall-1"})])]), "plan"
)
PEM = "-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n"
HYBRID = {"node_cidrs": ["192.168.0.0/24"], "pod_cidrs": ["192.168.1.0/24"]}
CHOICES: dict[str, dict[str, Any]] = {
    "auto mode": {
        "auto_mode": {"node_pools": ["general-purpose", "system"]},
        "log_types": ["api", "audit", "authenticator", "controllerManager", "scheduler"],
        "control_plane": {"tier": "tier-8xl", "support": "STANDARD", "deletion_protection": True},
        "encryption": {"own_key": True},
        "public_access_cidrs": ["192.0.2.0/24"],
    },
    "hybrid by ssm": {
        "hybrid": {**HYBRID, "activation_expires": "2026-11-30T00:00:00Z"},
        "control_plane": {"support": "EXTENDED", "zonal_shift": True},
        "addons": {"aws-ebs-csi-driver": {"resolve_conflicts": "PRESERVE"}},
        "internet_access": False,
        "endpoints": {},
    },
    "hybrid by certificates": {
        "hybrid": {**HYBRID, "credentials": "iam-roles-anywhere", "ca_certificate": PEM},
        "access": {
            "ops": {
                "principal_arn": OPS,
                "groups": ["viewers"],
                "policies": [{"policy": "AmazonEKSViewPolicy", "namespaces": ["a"]}],
            }
        },
        "pod_identities": {"x": {"namespace": "n", "service_account": "s", "role_arn": OPS}},
    },
}


def cluster(inputs: Mapping[str, Any]) -> dict[str, Any]:
    found = {k: v for k, v in inputs.items() if k not in {"vpcConfig", "enabledClusterLogTypes"}}
    stated = {k: v for k, v in inputs["vpcConfig"].items() if v is not None}
    found["resourcesVpcConfig"] = {**stated, "subnetIds": ["subnet-1", "subnet-2"]}
    if "encryptionConfig" in inputs:
        found["encryptionConfig"] = [inputs["encryptionConfig"]]
    if "remoteNetworkConfig" in inputs:
        found["remoteNetworkConfig"] = {
            key: [value] for key, value in inputs["remoteNetworkConfig"].items()
        }
    types = inputs.get("enabledClusterLogTypes", [])
    return {**found, "logging": {"clusterLogging": [{"types": types, "enabled": True}]}}


def addon(inputs: Mapping[str, Any]) -> dict[str, Any]:
    own = {"resolveConflictsOnCreate", "resolveConflictsOnUpdate", "preserve"}
    found = {k: v for k, v in inputs.items() if k not in own}
    return {**found, "resolveConflicts": inputs["resolveConflictsOnCreate"]}


def activation(inputs: Mapping[str, Any]) -> dict[str, Any]:
    found = upper({k: v for k, v in inputs.items() if k != "tags"})
    return {**found, "Tags": [{"Key": k, "Value": v} for k, v in inputs["tags"].items()]}


def tagged(inputs: Mapping[str, Any]) -> dict[str, Any]:
    tags = [{"key": k, "value": v} for k, v in inputs["tags"].items()]
    return {"name": "n", **inputs, "tags": tags}


def key(inputs: Mapping[str, Any]) -> dict[str, Any]:
    # The others are calls of their own.
    return {"Description": inputs["description"], "Policy": inputs["policy"]}


def endpoint(inputs: Mapping[str, Any]) -> dict[str, Any]:
    ids = {"subnetIds", "securityGroupIds", "routeTableIds", "tags"}
    found = upper({k: v for k, v in inputs.items() if k not in ids})
    return {**found, "VpcId": "vpc-1", "SubnetIds": ["subnet-1"]}


def upper(inputs: Mapping[str, Any]) -> dict[str, Any]:
    return {name[0].upper() + name[1:]: value for name, value in inputs.items()}


CALLS: dict[str, tuple[str, str, Callable[[Mapping[str, Any]], dict[str, Any]]]] = {
    "aws:eks/cluster:Cluster": ("eks", "CreateCluster", cluster),
    "aws:eks/addon:Addon": ("eks", "CreateAddon", addon),
    "aws:eks/accessEntry:AccessEntry": ("eks", "CreateAccessEntry", dict),
    "aws:eks/accessPolicyAssociation:AccessPolicyAssociation": (
        "eks",
        "AssociateAccessPolicy",
        dict,
    ),
    "aws:eks/podIdentityAssociation:PodIdentityAssociation": (
        "eks",
        "CreatePodIdentityAssociation",
        dict,
    ),
    "aws:ssm/activation:Activation": ("ssm", "CreateActivation", activation),
    "aws:rolesanywhere/profile:Profile": ("rolesanywhere", "CreateProfile", tagged),
    "aws:rolesanywhere/trustAnchor:TrustAnchor": ("rolesanywhere", "CreateTrustAnchor", tagged),
    "aws:kms/key:Key": ("kms", "CreateKey", key),
    "aws:ec2/vpcEndpoint:VpcEndpoint": ("ec2", "CreateVpcEndpoint", endpoint),
}


@pytest.mark.parametrize("choice", CHOICES)
def test_aws_takes_every_input(tmp_path: Path, choice: str) -> None:
    given: Any = {"plan": PLAN, "region": "us-east-1", **CHOICES[choice]}
    seen = preview(tmp_path / "project", lambda: HeterogeneousCluster("c", given))
    checked = [each for each in seen.records if each.type in CALLS]
    assert len(checked) >= 4
    for each in checked:
        service, operation, request = CALLS[each.type]
        shape = input_shape(service, operation)
        wanted = request(each.inputs)
        report = ParamValidator().validate(wanted, shape)
        assert not report.has_errors(), f"{each.name}: {report.generate_report()}"
        for path, value, known in enumerated(shape, wanted):
            assert value in known, f"{each.name}: {path} is {value}, not one of {known}"


@cache
def input_shape(service: str, operation: str) -> Any:
    """What a call takes; kept, for EC2's shapes are many."""
    model = botocore.session.get_session().get_service_model(service)
    return model.operation_model(operation).input_shape


def enumerated(shape: Any, given: Any) -> Iterator[tuple[str, str, list[str]]]:
    """Every value that the API takes from a list, with the list."""
    if shape.type_name == "structure":
        for name, value in given.items():
            yield from enumerated(shape.members[name], value)
    elif shape.type_name == "list":
        for value in given:
            yield from enumerated(shape.member, value)
    elif shape.type_name == "string" and shape.enum:
        yield shape.name, given, shape.enum


def test_all_kinds_are_reached(tmp_path: Path) -> None:
    def program() -> None:
        for letter, arguments in zip("abc", CHOICES.values(), strict=True):
            given: Any = {"plan": PLAN, "region": "us-east-1", **arguments}
            HeterogeneousCluster(letter, given)

    kinds = {each.type for each in preview(tmp_path / "project", program).records}
    assert CALLS.keys() <= kinds
