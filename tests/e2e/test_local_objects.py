"""The local stack's objects against a real API server, with the CRDs that they need."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from support.engines import engine_share
from support.kube_api import KubeApi, KubeError
from support.plans import START, group, plan_data, pool
from support.pruned import lost
from support.recorded import recorder

pytestmark = pytest.mark.engine

HERE = Path(__file__).resolve().parent
REPO = HERE.parents[1]
CRDS = (
    HERE / "crds" / "local_stack.yaml",
    REPO / "functions/apis/crds/capacityplans.trimtab.dev.yaml",
)

MEMBERS = [
    group("block", {
        "option": "capacity-block",
        "reservationId": "cr-0123456789abcdef0",
        "endsAt": (START + timedelta(hours=10)).isoformat(),
    }),
    group("cpu", {"option": "on-demand"}, accelerator=None, architecture="arm64",
          taints=[{"key": "example.com/batch", "effect": "NoExecute"}]),
]  # fmt: skip
SELECTED = {"gpu-type": "nvidia-a100", "kubernetes.io/arch": "amd64"}


@pytest.fixture(scope="module")
def cluster(kube_api: KubeApi) -> KubeApi:
    """The API server with the CRDs of the local stack."""
    for file in (*CRDS, *sorted((engine_share("karpenter") / "pkg/apis/crds").glob("*.yaml"))):
        for made in kube_api.apply_all(file):
            kube_api.wait_established(made["metadata"]["name"])
    return kube_api


def objects(
    folder: Path, config: dict[str, str], plan: dict[str, Any] | None = None
) -> list[dict[str, Any]]:
    """What the stack would render, namespaces first."""
    records = [
        r for r in recorder(folder)("local", config, plan) if r.type.startswith("kubernetes:")
    ]
    found = []
    for each in records:
        version, _, kind = each.type.removeprefix("kubernetes:").rpartition(":")
        found.append({"apiVersion": version.removeprefix("core/"), "kind": kind, **each.inputs})
    return sorted(found, key=lambda each: each["kind"] != "Namespace")


SHARED = '{"trainer": {"sharing": "time-slicing", "sharingReplicas": 4}}'


@pytest.mark.parametrize(
    ("config", "plan"),
    [
        ({}, None),
        ({"pools": SHARED, "tags": '{"a": "b"}'}, None),
        (
            {"amiFamily": "BOTTLEROCKET", "amiVersion": "v1.68.0", "metadataHopLimit": "2"},
            plan_data(pools=[pool(groups=MEMBERS, labels=SELECTED)]),
        ),
    ],
    ids=["default", "shared GPUs", "Bottlerocket, a capacity block and Arm"],
)
def test_the_api_server_accepts_every_object(
    cluster: KubeApi, tmp_path: Path, config: dict[str, str], plan: dict[str, Any] | None
) -> None:
    made = objects(tmp_path, config, plan)
    kinds = {each["kind"] for each in made}
    assert kinds == {
        "Namespace",
        "CapacityPlan",
        "EC2NodeClass",
        "NodePool",
        "HelmRelease",
        "HelmRepository",
    }
    for each in made:
        stored = cluster.apply(each)
        # Nothing was pruned: every field that the stack sets is one that the kind has.
        assert not lost(each.get("spec", {}), stored.get("spec", {})), each["kind"]


@pytest.mark.parametrize(
    ("kind", "spoil", "says"),
    [
        ("NodePool", {"weight": 0}, "spec.weight"),
        ("NodePool", {"disruption": {"consolidationPolicy": "Never"}}, "consolidationPolicy"),
        ("NodePool", {"wieght": 5}, "wieght"),
        ("EC2NodeClass", {"blockDeviceMappings": [{"ebs": {}}]}, "volumeSize must be defined"),
        ("HelmRelease", {"interval": "soon"}, "spec.interval"),
        ("CapacityPlan", {"validUntil": "2020-01-01T00:00:00Z"}, "spec"),
    ],
)
def test_the_api_server_would_refuse_what_is_wrong(
    cluster: KubeApi, tmp_path: Path, kind: str, spoil: dict[str, Any], says: str
) -> None:
    made = objects(tmp_path, {})
    for each in made:
        if each["kind"] == "Namespace":
            cluster.apply(each)
    right = next(each for each in made if each["kind"] == kind)
    wrong = {**right, "spec": {**right["spec"], **spoil}}
    with pytest.raises(KubeError, match=says):
        cluster.apply(wrong)
