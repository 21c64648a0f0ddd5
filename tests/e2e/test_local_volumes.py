"""Claims of our classes get real volumes: directories on this machine's disk that keep what is written.

K3s's provisioner (rancher/local-path-provisioner), kube-controller-manager's volume controllers,
kube-scheduler and kube-apiserver are real; the kubelet is played (`support.volumes`).
"""

import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from support.engines import engine_path, running
from support.kube_api import KubeApi, kube_api_server
from support.volumes import (
    add_node,
    claim,
    directory_of,
    kubelets,
    phase_of,
    pod,
    until,
    volume_control,
)
from trimtab.provision.storage.classes import made
from trimtab.provision.storage.model import ClassRequest, Facts
from trimtab.storage.backends import backend

pytestmark = pytest.mark.engine

FACTS = Facts("edge", "on-premises", "hall", {}, {"trimtab.dev/plan": "hall"}, 'StorageClasses "s"')
NODES = ("edge-1", "edge-2")
PROVISIONERS = "local-path-storage"
# As K3s has them, but for its folder.
SETUP = '#!/bin/sh\nset -eu\nmkdir -m 0777 -p "$VOL_DIR"\n'
TEARDOWN = '#!/bin/sh\nset -eu\nrm -rf "$VOL_DIR"\n'
_numbers = itertools.count(1)
HELPER = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "helper-pod"},
    "spec": {"containers": [{"name": "helper-pod", "image": "rancher/mirrored-library-busybox"}]},
}


@dataclass(frozen=True)
class Site:
    """A cluster of two nodes with disks.

    Attributes:
        storage: where the provisioner makes directories.
        wrong: what the played kubelets failed at.
    """

    api: KubeApi
    storage: Path
    wrong: list[str]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    for name in ("api", "control", "kubelets", "storage"):
        (folder / name).mkdir()
    engine_path("local-path-provisioner")  # skip before anything is started
    with kube_api_server(folder / "api") as api:
        for node in NODES:
            add_node(api, node)
        with (
            volume_control(api, folder / "control"),
            local_path_provisioner(api, folder),
            kubelets(api, folder / "kubelets", *NODES) as wrong,
        ):
            yield Site(api, folder / "storage", wrong)


def local_path_provisioner(api: KubeApi, folder: Path) -> Any:
    """The provisioner that K3s runs, told of one folder."""
    config = {
        "nodePathMap": [
            {"node": "DEFAULT_PATH_FOR_NON_LISTED_NODES", "paths": [str(folder / "storage")]}
        ]
    }
    (folder / "config.json").write_text(json.dumps(config), "utf-8")
    (folder / "helper.yaml").write_text(yaml.safe_dump(HELPER), "utf-8")
    api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": PROVISIONERS}})
    api.apply(
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "local-path-config", "namespace": PROVISIONERS},
            "data": {"setup": SETUP, "teardown": TEARDOWN},
        }
    )
    return running(
        "local-path-provisioner",
        [
            engine_path("local-path-provisioner"),
            "start",
            f"--config={folder / 'config.json'}",
            f"--helper-pod-file={folder / 'helper.yaml'}",
            f"--namespace={PROVISIONERS}",
            f"--kubeconfig={api.kubeconfig}",
        ],
        folder / "provisioner.log",
    )


def classes(site: Site, name: str, of: str, **more: Any) -> None:
    """A class of ours, into the cluster."""
    request = ClassRequest(name, backend(of, "test"), "scratch", **more)
    for each in made(request, FACTS).objects.values():
        site.api.apply(each)


@pytest.fixture
def namespace(site: Site) -> str:
    """A fresh one."""
    name = f"t-{next(_numbers)}"
    site.api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    return name


def bound(site: Site, namespace: str, name: str) -> dict[str, Any]:
    """The volume that the claim is bound to, once it is."""
    until(
        lambda: phase_of(site.api, "PersistentVolumeClaim", name, namespace) == "Bound",
        f"claim {name} is not bound: {site.wrong}",
    )
    found = site.api.get("v1", "PersistentVolumeClaim", name, namespace)
    return site.api.get("v1", "PersistentVolume", found["spec"]["volumeName"])


def ran(site: Site, namespace: str, name: str) -> None:
    until(
        lambda: phase_of(site.api, "Pod", name, namespace) == "Succeeded",
        f"pod {name} has not succeeded: {site.wrong}",
    )


def remove(site: Site, namespace: str, pod_name: str, claim_name: str) -> None:
    site.api.delete("v1", "Pod", pod_name, namespace)
    site.api.delete("v1", "PersistentVolumeClaim", claim_name, namespace)
    until(
        lambda: phase_of(site.api, "PersistentVolumeClaim", claim_name, namespace) == "gone",
        f"claim {claim_name} has not gone",
    )


def test_a_claim_gets_a_directory_that_goes_with_it(site: Site, namespace: str) -> None:
    classes(site, "scratch", "local-path")
    site.api.apply(claim("work", namespace, "scratch", "1Gi"))
    site.api.apply(pod("writer", namespace, "work", "echo kept > /data/file"))
    volume = bound(site, namespace, "work")
    directory = directory_of(volume)
    assert directory.parent == site.storage
    ran(site, namespace, "writer")
    assert (directory / "file").read_text("utf-8") == "kept\n"
    assert volume["spec"]["persistentVolumeReclaimPolicy"] == "Delete"
    # A second pod finds what the first one wrote: same claim, same node.
    site.api.apply(pod("reader", namespace, "work", "grep -q kept /data/file"))
    ran(site, namespace, "reader")
    placed = [
        site.api.get("v1", "Pod", each, namespace)["spec"]["nodeName"]
        for each in ("writer", "reader")
    ]
    assert placed[0] == placed[1]
    site.api.delete("v1", "Pod", "reader", namespace)
    remove(site, namespace, "writer", "work")
    name = volume["metadata"]["name"]
    until(lambda: phase_of(site.api, "PersistentVolume", name) == "gone", "the volume stays")
    assert not directory.exists()
    assert site.wrong == []


def test_a_class_that_retains_leaves_volume_and_data(site: Site, namespace: str) -> None:
    classes(site, "kept", "local-path", reclaim="Retain")
    site.api.apply(claim("work", namespace, "kept", "1Gi"))
    site.api.apply(pod("writer", namespace, "work", "echo kept > /data/file"))
    volume = bound(site, namespace, "work")
    ran(site, namespace, "writer")
    remove(site, namespace, "writer", "work")
    name = volume["metadata"]["name"]
    until(lambda: phase_of(site.api, "PersistentVolume", name) == "Released", "not released")
    assert (directory_of(volume) / "file").read_text("utf-8") == "kept\n"


def test_a_claim_waits_for_its_pod(site: Site, namespace: str) -> None:
    """Bound at once, it could stand on a node where its pod has no room."""
    classes(site, "waiting", "local-path")
    site.api.apply(claim("work", namespace, "waiting", "1Gi"))
    before = set(site.storage.iterdir())
    events = f"/api/v1/namespaces/{namespace}/events"
    until(
        lambda: any(
            each["reason"] == "WaitForFirstConsumer"
            for each in site.api.request("GET", events)["items"]
        ),
        "the controller says nothing of the claim",
    )
    assert phase_of(site.api, "PersistentVolumeClaim", "work", namespace) == "Pending"
    assert set(site.storage.iterdir()) == before


@pytest.fixture
def disks(site: Site, namespace: str, tmp_path: Path) -> dict[str, Path]:
    """Folders that stand for mounted disks: a small and a large one on the first node, one on the other."""
    found = {name: tmp_path / name for name in ("small", "large", "other")}
    for each in found.values():
        each.mkdir()
    listed = [
        {"node": NODES[0], "path": str(found["large"]), "gib": 1788.5},
        {"node": NODES[0], "path": str(found["small"]), "gib": 894},
        {"node": NODES[1], "path": str(found["other"]), "gib": 1788.5},
    ]
    classes(site, f"nvme-{namespace}", "local-nvme", settings={"volumes": listed})
    return found


def test_whole_disks_go_to_the_claims_that_they_fit(
    site: Site, namespace: str, disks: dict[str, Path]
) -> None:
    class_name = f"nvme-{namespace}"
    for name, size in (("fits", "800Gi"), ("needs", "1Ti"), ("absurd", "4Ti")):
        site.api.apply(claim(name, namespace, class_name, size))
        written = f"echo {name} > /data/file"
        site.api.apply(pod(name, namespace, name, written, NODES[0]))
    ran(site, namespace, "fits")
    ran(site, namespace, "needs")
    # The smallest that will do, though the larger one is listed first.
    assert (disks["small"] / "file").read_text("utf-8") == "fits\n"
    assert (disks["large"] / "file").read_text("utf-8") == "needs\n"
    assert list(disks["other"].iterdir()) == []
    assert phase_of(site.api, "PersistentVolumeClaim", "absurd", namespace) == "Pending"
    volume = bound(site, namespace, "fits")
    remove(site, namespace, "fits", "fits")
    # Nobody empties a disk that nobody provisioned, and nobody else gets what is on it.
    name = volume["metadata"]["name"]
    until(lambda: phase_of(site.api, "PersistentVolume", name) == "Released", "not released")
    assert (disks["small"] / "file").read_text("utf-8") == "fits\n"


def test_a_pod_of_another_node_gets_that_node_s_disk(
    site: Site, namespace: str, disks: dict[str, Path]
) -> None:
    class_name = f"nvme-{namespace}"
    site.api.apply(claim("there", namespace, class_name, "10Gi"))
    site.api.apply(pod("there", namespace, "there", "echo there > /data/file", NODES[1]))
    ran(site, namespace, "there")
    assert (disks["other"] / "file").read_text("utf-8") == "there\n"
    assert list(disks["small"].iterdir()) == []


def test_logical_units_of_a_san_are_bound_to_claims(site: Site, namespace: str) -> None:
    """Bound only: no target answers here, so no pod is run on them."""
    settings = {
        "target_portal": "10.0.0.5:3260",
        "portals": ["10.0.1.5:3260"],
        "iqn": "iqn.2026-01.com.example:array1",
        "luns": [{"lun": 1, "gib": 512}, {"lun": 2, "gib": 2048}],
        "chap_secret": {"name": "chap", "namespace": namespace},
    }
    request = ClassRequest("san", backend("iscsi", "test"), "warm", settings=settings)
    objects = made(request, FACTS).objects
    for each in objects.values():
        site.api.apply(each)
    site.api.apply(claim("database", namespace, "san", "1Ti"))
    site.api.apply(pod("database", namespace, "database", "true", NODES[0]))
    volume = bound(site, namespace, "database")
    assert volume["metadata"]["name"] == "san-lun-2"
    assert volume["spec"]["iscsi"]["lun"] == 2
    assert volume["spec"]["iscsi"]["secretRef"] == {"name": "chap", "namespace": namespace}
