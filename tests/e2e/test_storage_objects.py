"""The clouds' storage classes against a real API server, with the CRDs of volume snapshots."""

import copy
from pathlib import Path
from typing import Any

import pytest

from support.engines import engine_share
from support.kube_api import KubeApi, KubeError
from support.plans import plan
from support.pruned import lost
from support.storage_plans import TIERED
from trimtab.plan.attribution import object_labels
from trimtab.plan.model import CapacityPlan
from trimtab.provision.charts.storage_on_premises import SNAPSHOT_CONTROLLER
from trimtab.provision.storage.classes import StatedClass, class_requests, made
from trimtab.provision.storage.model import Facts, Manifest
from trimtab_components.storage.objects import IMMUTABLE

pytestmark = pytest.mark.engine

REGIONS = {"aws": "us-east-1", "azure": "westeurope", "gcp": "europe-west1"}
STATED: dict[str, dict[str, dict[str, Any]]] = {
    "aws": {
        "e2e-gp3": {"backend": "ebs-gp3", "intent": "hot", "iops": 6000, "mibps": 500,
                    "key_arn": "arn:aws:kms:us-east-1:111122223333:key/1", "fs_type": "xfs",
                    "retune": {"fast": {"iops": 16000, "mibps": 1000}}},
        "e2e-io2": {"backend": "ebs-io2", "intent": "hot", "iops": 20000,
                    "retune": {"fast": {"iops": 64000}}},
        "e2e-st1": {"backend": "ebs-st1", "intent": "cold", "reclaim": "Retain"},
        "e2e-sc1": {"backend": "ebs-sc1", "intent": "cold"},
        "e2e-efs": {"backend": "efs", "intent": "shared", "settings": {"file_system_id": "fs-1"}},
        "e2e-lustre": {"backend": "fsx-lustre", "intent": "scratch", "settings": {
            "file_system_id": "fs-2", "dns_name": "fs-2.fsx", "mount_name": "abc"}},
        "e2e-lustre-each": {"backend": "fsx-lustre", "intent": "shared", "settings": {
            "subnet_id": "subnet-1", "security_group_ids": "sg-1", "backup_days": 7}},
        "e2e-s3": {"backend": "s3-mountpoint", "intent": "cold", "settings": {
            "bucket": "b", "namespaces": ["default"]}},
        "e2e-back": {"intent": "snapshot", "reclaim": "Retain", "settings": {
            "lock_mode": "governance", "lock_days": 7, "fast_restore_zones": ["us-east-1a"]}},
    },
    "azure": {
        "e2e-v2": {"intent": "hot", "iops": 5000, "mibps": 300,
                   "retune": {"fast": {"iops": 8000, "mibps": 600}}},
        "e2e-ssd": {"backend": "azure-disk-premium", "intent": "warm",
                    "settings": {"zone_redundant": True}},
        "e2e-files": {"intent": "shared", "settings": {"private_endpoint": True}},
        "e2e-smb": {"backend": "azure-files-standard", "intent": "cold"},
        "e2e-back": {"intent": "snapshot"},
    },
    "gcp": {
        "e2e-hyper": {"intent": "hot", "iops": 5000, "mibps": 300,
                      "retune": {"fast": {"iops": 8000, "mibps": 600}}},
        "e2e-pd": {"backend": "gce-pd-ssd", "intent": "warm", "settings": {"regional": True}},
        "e2e-filestore": {"intent": "shared", "settings": {"network": "default"}},
        "e2e-back": {"intent": "snapshot", "settings": {"archive": True}},
    },
}  # fmt: skip


def manifests(plan_: CapacityPlan, stated: dict[str, dict[str, Any]]) -> list[Manifest]:
    """All objects of the classes."""
    site = plan_.spec.site
    labels, zones = object_labels(plan_), (f"{site.region}a", f"{site.region}b")
    facts = Facts("c", site.provider, site.region, {"managed-by": "trimtab"}, labels, "test", zones)
    classes = {name: StatedClass.model_validate(each) for name, each in stated.items()}
    requests = class_requests(plan_, site.provider, None, classes, "test")
    return [each for r in requests for each in made(r, facts).objects.values()]


def of_cloud(provider: str) -> list[Manifest]:
    """One class of each sort that the cloud has."""
    site = {"provider": provider, "region": REGIONS[provider]}
    return manifests(plan(site=site), STATED[provider])


@pytest.fixture(scope="module")
def cluster(kube_api: KubeApi) -> KubeApi:
    """The API server with the CRDs of volume snapshots."""
    folder = engine_share("external-snapshotter") / "config/crd"
    for file in sorted(folder.glob("snapshot.*.yaml")):
        for each in kube_api.apply_all(file):
            kube_api.wait_established(each["metadata"]["name"])
    return kube_api


def test_the_crds_are_those_of_the_controller_that_is_installed() -> None:
    pins = Path(__file__).resolve().parents[1] / "engines" / "external-snapshotter" / "go.mod"
    (version,) = [line.split()[-1] for line in pins.read_text("utf-8").splitlines()
                  if "external-snapshotter/client" in line]  # fmt: skip
    assert f"external-snapshotter {version} " in SNAPSHOT_CONTROLLER.source


@pytest.mark.parametrize("objects", [
    *(pytest.param(of_cloud(each), id=each) for each in STATED),
    pytest.param(manifests(TIERED, {}), id="the tiers of a plan"),
])  # fmt: skip
def test_the_api_server_accepts_every_object(cluster: KubeApi, objects: list[Manifest]) -> None:
    for each in objects:
        stored = cluster.apply(each, dry_run=True)
        assert not lost(each, stored), each["metadata"]


def test_a_class_and_what_it_is_retuned_to_are_kept_whole(cluster: KubeApi) -> None:
    tiers = manifests(TIERED, {})
    names = {(each["kind"], each["metadata"]["name"]) for each in tiers}
    # 40000 and 16000 IOPS over four volumes; 400 MiB/s each, and the baseline.
    assert names == {
        ("StorageClass", "hot"), ("StorageClass", "cold"), ("VolumeSnapshotClass", "back"),
        ("VolumeAttributesClass", "hot-10000-400"), ("VolumeAttributesClass", "hot-4000-125"),
    }  # fmt: skip


@pytest.mark.parametrize(("kind", "field", "value"), [
    ("StorageClass", "parameters", {"type": "gp2"}),
    ("StorageClass", "provisioner", "other.example.com"),
    ("StorageClass", "reclaimPolicy", "Retain"),
    ("StorageClass", "volumeBindingMode", "Immediate"),
    ("VolumeAttributesClass", "parameters", {"iops": "1"}),
    ("VolumeAttributesClass", "driverName", "other.example.com"),
])  # fmt: skip
def test_what_the_server_refuses_to_change_is_made_anew(
    cluster: KubeApi, kind: str, field: str, value: Any
) -> None:
    assert field in IMMUTABLE[kind]
    before = next(each for each in of_cloud("aws") if each["kind"] == kind)
    stored = cluster.apply(before)
    after = copy.deepcopy(stored)
    after[field] = value
    try:
        with pytest.raises(KubeError, match=r"immutable|forbidden|updates to"):
            cluster.request("PUT", path(kind, before), after)
    finally:
        cluster.request("DELETE", path(kind, before))


@pytest.mark.parametrize(("kind", "change"), [
    ("StorageClass", {"allowVolumeExpansion": False}),
    ("StorageClass", {"mountOptions": ["noatime"]}),
    ("StorageClass", {"allowedTopologies": None}),
    ("VolumeSnapshotClass", {"deletionPolicy": "Delete", "parameters": {"a": "b"}}),
])  # fmt: skip
def test_the_rest_changes_in_place(cluster: KubeApi, kind: str, change: dict[str, Any]) -> None:
    before = next(each for each in of_cloud("aws") if each["kind"] == kind)
    stored = cluster.apply(before)
    after = {key: value for key, value in {**stored, **change}.items() if value is not None}
    try:
        changed = cluster.request("PUT", path(kind, before), after)
        assert not lost({k: v for k, v in change.items() if v is not None}, changed)
    finally:
        cluster.request("DELETE", path(kind, before))


def path(kind: str, manifest: Manifest) -> str:
    plural = {"StorageClass": "storageclasses", "VolumeAttributesClass": "volumeattributesclasses",
              "VolumeSnapshotClass": "volumesnapshotclasses"}[kind]  # fmt: skip
    return f"/apis/{manifest['apiVersion']}/{plural}/{manifest['metadata']['name']}"


def test_a_claim_outlives_its_class(cluster: KubeApi, kube_namespace: str) -> None:
    """Why a class may go and come again under its name."""
    first = next(each for each in of_cloud("aws") if each["metadata"]["name"] == "e2e-gp3")
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "data", "namespace": kube_namespace},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": "e2e-gp3",
            "resources": {"requests": {"storage": "10Gi"}},
        },
    }
    cluster.apply(first)
    try:
        stored = cluster.apply(claim)
        cluster.request("DELETE", path("StorageClass", first))
        again = copy.deepcopy(first)
        again["parameters"]["iops"] = "7000"
        assert cluster.apply(again)["parameters"]["iops"] == "7000"
        kept = cluster.get("v1", "PersistentVolumeClaim", "data", kube_namespace)
        assert kept["metadata"]["uid"] == stored["metadata"]["uid"]
        assert "deletionTimestamp" not in kept["metadata"]
    finally:
        cluster.request("DELETE", path("StorageClass", first))
