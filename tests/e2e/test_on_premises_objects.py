"""On-premises storage classes against a real API server with Rook's and the snapshotter's kinds."""

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from support.engines import engine_share
from support.kube_api import KubeApi, KubeError
from support.on_premises_storage import every_object
from trimtab.provision.storage.on_premises_ceph import NAMESPACE

pytestmark = pytest.mark.engine

HERE = Path(__file__).resolve().parent
SNAPSHOT_CRDS = "snapshot.storage.k8s.io_volumesnapshot*.yaml"


@pytest.fixture(scope="module")
def cluster(kube_api: KubeApi) -> KubeApi:
    """The API server with the kinds that storage on premises needs."""
    snapshots = sorted((engine_share("external-snapshotter") / "config/crd").glob(SNAPSHOT_CRDS))
    assert len(snapshots) == 3
    for file in (HERE / "crds" / "rook.yaml", *snapshots):
        kube_api.apply_all(file)
    kube_api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
    return kube_api


def within(stored: Any, sent: Any) -> bool:
    """Whether all that was sent is there, among defaults."""
    if isinstance(sent, Mapping):
        return isinstance(stored, dict) and all(within(stored.get(k), v) for k, v in sent.items())
    if isinstance(sent, list):
        same = isinstance(stored, list) and len(stored) == len(sent)
        return same and all(within(*pair) for pair in zip(stored, sent, strict=True))
    return bool(stored == sent)


def test_the_api_server_accepts_every_object(cluster: KubeApi) -> None:
    objects = every_object()
    kinds = {each["kind"] for each in objects}
    assert kinds == {
        "CephBlockPool",
        "CephCluster",
        "CephFilesystem",
        "CephFilesystemSubVolumeGroup",
        "CephNVMeOFGateway",
        "CephObjectStore",
        "PersistentVolume",
        "StorageClass",
        "VolumeAttributesClass",
        "VolumeSnapshotClass",
    }
    for each in objects:
        stored = cluster.apply(each, dry_run=True)
        # Nothing was pruned or changed: every field is one that the kind has.
        assert within(stored, each), (each["kind"], each["metadata"]["name"])


@pytest.mark.parametrize(
    ("kind", "path", "value", "says"),
    [
        ("CephCluster", ("mon", "count"), 11, "should be less than or equal to 9"),
        ("CephCluster", ("storage", "useAllDevice"), True, "useAllDevice"),
        ("CephBlockPool", ("replicated", "sizes"), 3, "sizes"),
        ("CephNVMeOFGateway", ("instances",), 0, "should be greater than or equal to 1"),
        ("CephFilesystem", ("metadataServer", "active"), 1, "active"),
        ("PersistentVolume", ("iscsi", "lun"), 256, "must be between 0 and 255"),
    ],
)
def test_the_api_server_would_refuse_what_is_wrong(
    cluster: KubeApi, kind: str, path: tuple[str, ...], value: Any, says: str
) -> None:
    right = next(each for each in every_object() if each["kind"] == kind)
    wrong = copy.deepcopy(right)
    at = wrong["spec"]
    for name in path[:-1]:
        at = at[name]
    at[path[-1]] = value
    cluster.apply(right, dry_run=True)
    with pytest.raises(KubeError, match=says):
        cluster.apply(wrong, dry_run=True)
