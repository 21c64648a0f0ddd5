"""Karpenter's objects against a real API server, with the whole CRDs of the release that is pinned."""

import copy
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from support.engines import engine_share
from support.karpenter import HELD, PROPOSED, SPOT, STEADY, line
from support.kube_api import KubeApi, KubeError
from support.plans import DIGEST, START, group, plan, pool, windows
from support.pruned import lost
from trimtab.provision.charts.karpenter import KARPENTER
from trimtab.provision.pool_settings import SettingsByGroup
from trimtab_components.karpenter.arguments import Checked
from trimtab_components.karpenter.pools import (
    _choices,
    planned_buffers,
    planned_objects,
)

pytestmark = pytest.mark.engine

HERE = Path(__file__).resolve().parent
BLOCK = {
    "option": "capacity-block",
    "reservationId": "cr-0123456789abcdef0",
    "endsAt": (START + timedelta(hours=10)).isoformat(),
    "zone": "us-east-1a",
}
ODCR = {"option": "reserved", "term": "open", "reservation": {"id": "cr-0a", "zone": "us-east-1b"}}
TAGGED = {"option": "reserved", "term": "open", "reservation": {"groupArn": "arn:aws:x"}}
TAINT = {"key": "trimtab.dev/purchase-option", "value": "spot", "effect": "NoSchedule"}
EVERY = [
    group("held", HELD, windows=windows((3, 4, 5), (2, 5, 5), (4, 4, 5))),
    group("odcr", ODCR),
    group("tagged", TAGGED),
    group("block", BLOCK),
    group("g", PROPOSED, windows=windows((4, 4, 4), hours=12)),
    group("spot", SPOT, taints=[TAINT], windows=windows((2, 2, 30), (30, 40, 60), (10, 10, 40))),
    group("steady", STEADY, architecture="arm64", taints=[{"key": "a.b/c", "effect": "NoExecute"}]),
]
CHOSEN: dict[str, Any] = {
    "static_baseline": True,
    "overlays": True,
    "approved": (DIGEST,),
    "buffers": {"trainer": {"namespace": "default"}},
    "maintenance": {"start": "22:30", "hours": 4, "days": ["sat", "sun"]},
    "reservations": {"trainer/tagged": {"tags": {"team": "ml"}, "owner_id": "123456789012"}},
    "volume_key_arn": "arn:aws:kms:us-east-1:111122223333:key/1",
    "pools": {
        "trainer": {"readiness_taint": True, "team_taint": True, "accelerator_taint": True},
        "trainer/spot": {"ami_family": "BOTTLEROCKET", "local_storage": "raid0"},
        "trainer/steady": {"placement_group": True, "volume_gib": 500, "efa": True},
    },
}
AUTO: dict[str, Any] = {
    "mode": "eks-auto",
    "volume_key_arn": CHOSEN["volume_key_arn"],
    "static_baseline": True,
    "approved": (DIGEST,),
    "reservations": CHOSEN["reservations"],
}


def manifests(**chosen: Any) -> list[dict[str, Any]]:
    """Everything that KarpenterPools makes of a plan with every purchase option."""
    made = pool(groups=EVERY)
    made["expected"]["interruptionUsdPerHour"] = 4.5
    one = plan(pools=[made], commitments=[line(4)])
    settings = Checked.model_validate({"plan": one, "cluster_name": "c", **chosen})
    by_group = SettingsByGroup(one, settings.pools, "test")
    objects = planned_objects(one, settings, _choices(settings, one, "test"), by_group)
    found = []
    for _, each in objects:
        found += [each.node_class, *each.node_pools, *([each.overlay] if each.overlay else [])]
    for template, buffer in planned_buffers(one, settings, objects, "test"):
        found += [template, buffer]
    return [each.manifest() for each in found]


def named(found: list[dict[str, Any]], kind: str, name: str) -> dict[str, Any]:
    """A copy of one object, to spoil."""
    (one,) = [m for m in found if m["kind"] == kind and m["metadata"]["name"] == name]
    return copy.deepcopy(one)


@pytest.fixture(scope="module")
def cluster(kube_api: KubeApi) -> KubeApi:
    """The API server with Karpenter's CRDs, and a hand-written one of EKS Auto Mode."""
    folder = engine_share("karpenter") / "pkg/apis/crds"
    for file in (*sorted(folder.glob("*.yaml")), HERE / "crds" / "eks_auto.yaml"):
        for made in kube_api.apply_all(file):
            kube_api.wait_established(made["metadata"]["name"])
    return kube_api


def test_the_crds_are_those_of_the_chart() -> None:
    pins = (HERE.parent / "engines" / "karpenter" / "go.mod").read_text("utf-8")
    assert f"karpenter-provider-aws v{KARPENTER.version}\n" in pins


@pytest.mark.parametrize(
    ("chosen", "kinds"),
    [
        ({"reservations": CHOSEN["reservations"]}, {"EC2NodeClass", "NodePool"}),
        (CHOSEN, {"EC2NodeClass", "NodePool", "NodeOverlay", "PodTemplate", "CapacityBuffer"}),
        (AUTO, {"NodeClass", "NodePool"}),
    ],
    ids=["plain", "everything", "EKS Auto Mode"],
)
def test_the_api_server_accepts_every_object(
    cluster: KubeApi, chosen: dict[str, Any], kinds: set[str]
) -> None:
    made = manifests(**chosen)
    assert {each["kind"] for each in made} == kinds
    for each in made:
        stored = cluster.apply(each, dry_run=True)
        # Nothing was pruned, and nothing said is overruled by a default.
        assert not lost(each.get("spec", {}), stored.get("spec", {})), each["metadata"]
        assert not lost(each.get("template", {}), stored.get("template", {})), each["metadata"]
    if chosen is CHOSEN:
        static = [m for m in made if m["kind"] == "NodePool" and "replicas" in m["spec"]]
        assert [m["metadata"]["name"] for m in static] == [
            f"trainer-{name}-0a1b2c-static" for name in ("held", "odcr", "tagged", "g")
        ]
        overlays = [m for m in made if m["kind"] == "NodeOverlay"]
        assert [m["metadata"]["name"] for m in overlays] == [
            f"trainer-{name}-0a1b2c" for name in ("held", "spot")
        ]


@pytest.mark.parametrize(
    ("kind", "name", "spoil", "says"),
    [
        ("NodePool", "held-0a1b2c-static", {"weight": 90}, "'weight' is not supported on static"),
        ("NodePool", "held-0a1b2c-static", {"limits": {"nodes": "3", "cpu": "96"}},
         "only 'limits.nodes' is supported on static"),
        ("NodePool", "held-0a1b2c-static", {"replicas": -1}, "spec.replicas"),
        ("NodePool", "held-0a1b2c", {"weight": 0}, "spec.weight"),
        ("NodePool", "held-0a1b2c", {"disruption": {"consolidateAfter": "5m", "budgets": [
            {"nodes": "0", "schedule": "0 4 1 11 *"}]}}, "'schedule' must be set with 'duration'"),
        ("NodePool", "held-0a1b2c", {"disruption": {"consolidateAfter": "5m", "budgets": [
            {"nodes": "0", "schedule": "0 4 1 11 *", "duration": "90s"}]}}, "duration"),
        ("NodePool", "held-0a1b2c", {"disruption": {"consolidateAfter": "5m",
            "budgets": [{"nodes": "1"}] * 51}}, "must have at most 50 items"),
        ("NodeOverlay", "held-0a1b2c", {"price": "0"}, "cannot set both 'price' and 'priceAdjustment'"),
        ("NodeOverlay", "held-0a1b2c", {"priceAdjustment": "-101%"}, "priceAdjustment"),
        ("NodeOverlay", "spot-0a1b2c", {"priceAdjustment": "0.5"}, "priceAdjustment"),
        ("CapacityBuffer", "headroom", {"replicas": None}, "replicas or limits must also be set"),
        ("CapacityBuffer", "headroom", {"scalableRef": {"kind": "Deployment", "name": "x"}},
         "PodTemplateRef or ScalableRef, but not both"),
        ("EC2NodeClass", "odcr-0a1b2c", {"capacityReservationSelectorTerms": [
            {"id": "cr-0a", "ownerID": "123456789012"}]}, "'id' is mutually exclusive"),
        ("EC2NodeClass", "odcr-0a1b2c", {"capacityReservationSelectorTerms": [
            {"ownerID": "123456789012"}]}, "expected at least one"),
        ("EC2NodeClass", "odcr-0a1b2c", {"instanceProfile": "p"}, "exactly one of"),
        ("EC2NodeClass", "steady-0a1b2c", {"placementGroupSelector": {"name": "a", "id": "pg-1"}},
         "are mutually exclusive"),
        ("EC2NodeClass", "spot-0a1b2c", {"instanceStorePolicy": "RAID10"}, "instanceStorePolicy"),
    ],
)  # fmt: skip
def test_the_api_server_would_refuse_what_trimtab_never_makes(
    cluster: KubeApi, kind: str, name: str, spoil: dict[str, Any], says: str
) -> None:
    wrong = named(manifests(**CHOSEN), kind, f"trainer-{name}")
    cluster.apply(wrong, dry_run=True)
    wrong["spec"] = {k: v for k, v in {**wrong["spec"], **spoil}.items() if v is not None}
    with pytest.raises(KubeError, match=says):
        cluster.apply(wrong, dry_run=True)


def test_a_node_pool_never_changes_its_mode(cluster: KubeApi) -> None:
    """Why the static part of a group is a NodePool by a name of its own."""
    before = {m["metadata"]["name"]: m for m in manifests(reservations=CHOSEN["reservations"])}
    after = {m["metadata"]["name"]: m for m in manifests(**CHOSEN) if m["kind"] == "NodePool"}
    name = "trainer-held-0a1b2c"
    cluster.apply(before[name])
    try:
        # Turning the baseline on is an update of what is there and a new object beside it.
        assert name in after
        cluster.apply(after[name])
        cluster.apply(after[f"{name}-static"])
        turned = copy.deepcopy(after[f"{name}-static"])
        turned["metadata"] = cluster.get("karpenter.sh/v1", "NodePool", name)["metadata"]
        with pytest.raises(
            KubeError, match=r"Cannot transition NodePool between static .* dynamic"
        ):
            cluster.request("PUT", f"/apis/karpenter.sh/v1/nodepools/{name}", turned)
    finally:
        for each in (name, f"{name}-static"):
            cluster.delete("karpenter.sh/v1", "NodePool", each)
