"""What on-premises backends make of a request, and what they refuse."""

import json
from dataclasses import replace
from typing import Any

import pytest

from support.on_premises_storage import (
    CEPH_NODES,
    EVERY,
    FACTS,
    WHERE,
    asked,
    driver_request,
    every_object,
)
from trimtab.errors import InputError
from trimtab.provision.storage.classes import made
from trimtab.provision.storage.drivers import DRIVERS
from trimtab.provision.storage.model import ClassRequest, Facts
from trimtab.provision.storage.on_premises import MAKERS
from trimtab.storage.backends import ON_PREMISES, backends

IQN = "iqn.2026-01.com.example:a"
NQN = "nqn.2026-01.com.example:a"
LUNS = {"target_portal": "10.0.0.5", "iqn": IQN, "luns": [{"lun": 0, "gib": 1}]}


def objects(request: ClassRequest) -> dict[str, Any]:
    return dict(made(request, FACTS).objects)


def test_every_backend_of_ones_own_has_a_maker() -> None:
    theirs = {each.id for each in backends().values() if each.provider in (ON_PREMISES, None)}
    assert set(MAKERS) == theirs
    assert {each.backend.id for each in EVERY} == theirs


@pytest.mark.parametrize("request_", EVERY, ids=lambda each: each.name)
def test_a_class_is_what_the_backend_promises(request_: ClassRequest) -> None:
    found = made(request_, FACTS)
    assert all(name in DRIVERS for name in found.drivers)
    assert found == made(request_, FACTS)
    if request_.intent == "snapshot":
        assert set(found.objects) == {"snapshots"}
        return
    bound = found.objects["class"]
    assert bound["metadata"]["name"] == request_.name
    assert bound["reclaimPolicy"] == request_.reclaim
    own = "driver" not in request_.settings and "luns" not in request_.settings
    own = own and "array" not in request_.settings
    if own and request_.backend.driver:
        assert bound["provisioner"] == request_.backend.driver
    # A node's own disk must be where the pod is.
    local = request_.backend.id.startswith("local")
    assert not local or bound["volumeBindingMode"] == "WaitForFirstConsumer"
    static = bound["provisioner"] == "kubernetes.io/no-provisioner"
    assert bound["allowVolumeExpansion"] == (request_.backend.expandable and not static)


def test_names_are_unique_within_the_cluster() -> None:
    seen = [
        (each["kind"], each["metadata"].get("namespace"), each["metadata"]["name"])
        for each in every_object()
    ]
    assert len(seen) == len(set(seen))


def test_objects_bear_the_plan_and_the_tier() -> None:
    for each in objects(asked("hot", "ceph-block", gib=100)).values():
        assert each["metadata"]["labels"] == {
            "trimtab.dev/plan": "hall",
            "trimtab.dev/storage-tier": "hot",
        }


def test_a_pool_is_sized_from_what_the_tier_grows_to() -> None:
    found = objects(asked("hot", "ceph-block", {"quota": True}, gib=99.5))
    assert found["pool"]["spec"] == {
        "failureDomain": "host",
        "replicated": {"size": 3, "requireSafeReplicaSize": True},
        "parameters": {"target_size_bytes": str(100 * 2**30)},
        "quotas": {"maxSize": "100Gi"},
    }
    assert found["class"]["parameters"]["pool"] == "hot"
    assert "quotas" not in objects(asked("hot", "ceph-block", gib=99.5))["pool"]["spec"]


def test_erasure_coded_images_have_their_headers_in_a_replicated_pool() -> None:
    found = objects(asked("warm", "ceph-block", {"data_chunks": 4, "coding_chunks": 2}, gib=10))
    assert found["pool"]["spec"]["replicated"]["size"] == 3
    assert "parameters" not in found["pool"]["spec"]
    assert found["data-pool"]["metadata"]["name"] == "warm-data"
    assert found["data-pool"]["spec"]["erasureCoded"] == {"dataChunks": 4, "codingChunks": 2}
    assert found["data-pool"]["spec"]["parameters"] == {"target_size_bytes": str(10 * 2**30)}
    parameters = found["class"]["parameters"]
    assert (parameters["pool"], parameters["dataPool"]) == ("warm", "warm-data")


def test_an_erasure_coded_file_system_has_a_replicated_pool_first() -> None:
    found = objects(asked("wide", "ceph-file", {"data_chunks": 2, "coding_chunks": 1}))
    pools = found["filesystem"]["spec"]["dataPools"]
    assert [each["name"] for each in pools] == ["default", "data"]
    assert "replicated" in pools[0]
    assert "erasureCoded" in pools[1]
    assert found["class"]["parameters"]["pool"] == "wide-data"


def test_what_is_there_is_used_and_not_made() -> None:
    for backend_id, settings in (
        ("ceph-block", {"pool": "old"}),
        ("ceph-file", {"filesystem": "old", "pool": "old-data"}),
        ("ceph-object", {"store": "old"}),
    ):
        assert set(objects(asked("there", backend_id, settings))) == {"class"}


def test_the_gateway_s_listeners_are_its_instances() -> None:
    found = objects(asked("fabric", "nvmeof", {"subsystem_nqn": NQN, "gateways": 3}))
    names = [f"rook-ceph-nvmeof-fabric-{letter}" for letter in "abc"]
    parameters = found["class"]["parameters"]
    assert json.loads(parameters["listeners"]) == [{"hostname": each} for each in names]
    address = f"{names[0]}.rook-ceph.svc.cluster.local"
    assert parameters["nvmeofGatewayAddress"] == address
    assert found["gateway"]["spec"]["instances"] == 3
    assert found["gateway"]["spec"]["pool"] == found["pool"]["metadata"]["name"] == "fabric"


def test_secrets_are_named_and_never_given() -> None:
    """No object has a value that isn't a reference: kinds with data of their own are not made at all."""
    for each in every_object():
        assert each["kind"] != "Secret"
        for name, value in each.get("parameters", {}).items():
            if "secret" in name:
                assert name.endswith(("-secret-name", "-secret-namespace")), name
                assert value


def test_a_vendor_s_class_carries_what_its_driver_knows() -> None:
    request = asked(
        "flash",
        "nvmeof",
        {
            "driver": "csi.example.com",
            "secrets": {
                "node-stage": {"name": "array", "namespace": "storage"},
                "snapshotter": {"name": "copies", "namespace": "storage"},
            },
            "snapshots": True,
            "attributes": {"fast": {"serviceLevel": "gold"}},
            "binding": "WaitForFirstConsumer",
        },
        parameters={"pool": "p1", "csi.storage.k8s.io/fstype": None},
    )
    found = made(request, FACTS)
    assert found.drivers == ("snapshot-controller",)
    bound = found.objects["class"]
    assert bound["provisioner"] == "csi.example.com"
    assert bound["volumeBindingMode"] == "WaitForFirstConsumer"
    assert bound["parameters"] == {
        "csi.storage.k8s.io/node-stage-secret-name": "array",
        "csi.storage.k8s.io/node-stage-secret-namespace": "storage",
        "pool": "p1",
    }
    copies = found.objects["snapshots"]
    assert copies["driver"] == "csi.example.com"
    assert copies["parameters"]["csi.storage.k8s.io/snapshotter-secret-name"] == "copies"
    retune = found.objects["retune-fast"]
    assert (retune["metadata"]["name"], retune["driverName"], retune["parameters"]) == (
        "flash-fast",
        "csi.example.com",
        {"serviceLevel": "gold"},
    )


def test_a_listed_volume_is_on_its_node_and_stays() -> None:
    volumes = [
        {"node": "edge-1", "path": "/mnt/disks/0", "gib": 894.25},
        {"node": "edge-2", "path": "/mnt/disks/0", "gib": 894},
        {"node": "edge-1", "path": "/mnt/disks/1", "gib": 894},
    ]
    found = made(asked("nvme", "local-nvme", {"volumes": volumes}), FACTS)
    assert found.drivers == ()
    assert set(found.objects) == {"class", "volume-edge-1-0", "volume-edge-2-0", "volume-edge-1-1"}
    spec = found.objects["volume-edge-1-0"]["spec"]
    assert spec["capacity"] == {"storage": str(int(894.25 * 2**30))}
    assert spec["persistentVolumeReclaimPolicy"] == "Retain"
    (term,) = spec["nodeAffinity"]["required"]["nodeSelectorTerms"]
    assert term["matchExpressions"][0]["values"] == ["edge-1"]


def test_k3s_own_class_is_left_to_it() -> None:
    assert made(asked("local-path", "local-path"), FACTS).objects == {}


class Late:
    """What a resource's output looks like to code that knows no Pulumi."""

    is_known = True

    def apply(self, _function: Any) -> "Late":
        return self


def test_addresses_may_be_known_late() -> None:
    server = Late()
    found = objects(asked("nas", "nfs", {"server": server, "share": "/export"}))
    assert found["class"]["parameters"]["server"] is server


CASES: list[tuple[str, str, dict[str, Any], dict[str, Any], str]] = [
    (
        "a typo", "ceph-block", {"replica": 3}, {},
        ".settings: replica: unknown field; did you mean replicas?",
    ),
    (
        "one copy", "ceph-block", {"replicas": 1}, {},
        ".settings: replicas: Input should be greater than or equal to 2 (found 1)",
    ),
    (
        "half of erasure coding", "ceph-block", {"data_chunks": 4}, {},
        ".settings: erasure coding takes both data_chunks and coding_chunks; give both",
    ),
    (
        "a quota of nothing planned", "ceph-block", {"quota": True}, {},
        ".settings: quota: the plan has no tier of this name to take it from; drop quota, or plan the tier",
    ),
    (
        "a file system without its pool", "ceph-file", {"filesystem": "old"}, {},
        ".settings: a file system that is there is named with its data pool; give both",
    ),
    (
        "an erasure-coded gateway", "nvmeof",
        {"subsystem_nqn": NQN, "data_chunks": 2, "coding_chunks": 1}, {},
        ".settings: data_chunks: the gateway's pool is replicated; give replicas, or use ceph-block",
    ),
    (
        "a subsystem without a name", "nvmeof", {"subsystem_nqn": "cnode1"}, {},
        (".settings: subsystem_nqn: 'cnode1' is not a subsystem's name such as "
        "nqn.2026-01.com.example:volumes"),
    ),
    (
        "performance that no parameter sets", "ceph-block", {}, {"iops": 5000},
        (": iops: backend ceph-block sets no performance of a volume; drop it; what a pool gives, its "
        "devices decide (settings.device_class)"),
    ),
    (
        "a vendor's performance in Trimtab's words", "iscsi", {"driver": "csi.example.com"},
        {"retune": {"fast": {"iops": 9000}}},
        (": retune: backend iscsi sets no performance of a volume; give settings.attributes, in the "
        "driver's own words"),
    ),
    (
        "a password in clear", "iscsi", {"driver": "csi.example.com"},
        {"parameters": {"chapPassword": "hunter2"}},
        (": parameters.chapPassword would be a secret in clear, for everybody to read; put it into a "
        "Secret, and name that under settings.secrets"),
    ),
    (
        "a cloud's key",
        "ceph-block",
        {},
        {"key": "arn:aws:kms:eu-west-1:1:key/k"},
        ": key_arn: backend ceph-block knows no cloud's keys; drop it",
    ),
    (
        "buckets for claims",
        "ceph-object",
        {},
        {"default": True},
        (
            ": a class of buckets is no default: it gives no claim a volume; set default on another"
        ),
    ),
    (
        "no way to volumes", "iscsi", {}, {},
        (".settings: neither driver, array nor luns given: which way volumes come is not said; give one: "
        "driver (a vendor's CSI driver), array (democratic-csi) or luns"),
    ),
    (
        "two ways to volumes", "iscsi", {**LUNS, "driver": "csi.example.com"}, {},
        (".settings: driver and luns given: which way volumes come is not said; give one: "
        "driver (a vendor's CSI driver), array (democratic-csi) or luns"),
    ),
    (
        "a target without a name", "iscsi", {**LUNS, "iqn": "array1"}, {},
        ".settings: iqn: 'array1' is not a target's name such as iqn.2026-01.com.example:array1",
    ),
    (
        "a portal with a scheme", "iscsi", {**LUNS, "target_portal": "iscsi://10.0.0.5"}, {},
        ".settings: target_portal: 'iscsi://10.0.0.5' is not a portal such as 10.0.0.5:3260",
    ),
    (
        "one unit twice", "iscsi", {**LUNS, "luns": [{"lun": 1, "gib": 1}, {"lun": 1, "gib": 2}]}, {},
        ".settings: luns: 1 is there twice",
    ),
    (
        "CHAP without keys", "iscsi", {**LUNS, "chap_discovery": True}, {},
        ".settings: chap_discovery needs chap_secret",
    ),
    (
        "a share that is no path", "nfs", {"server": "nas", "share": "export"}, {},
        ".settings: share: 'export' is not an absolute path",
    ),
    (
        "volumes listed and looked for", "local-nvme",
        {"directory": "/mnt/x", "volumes": [{"node": "n", "path": "/a", "gib": 1}]}, {},
        ".settings: volumes are listed, so none are looked for; drop directory and pattern",
    ),
    (
        "one disk twice", "local-nvme",
        {"volumes": [{"node": "n", "path": "/a", "gib": 1}, {"node": "n", "path": "/a", "gib": 1}]},
        {},
        ".settings: volumes: /a of n is there twice",
    ),
    (
        "snapshots of thick volumes", "local-lvm", {"volume_group": "v", "snapshots": True}, {},
        ".settings: snapshots: TopoLVM takes them of thin volumes only; give thin_pool",
    ),
    (
        "a thick promise of more", "local-lvm", {"volume_group": "v", "overprovision": 3}, {},
        ".settings: overprovision: only a thin pool promises more than it has; give thin_pool",
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("backend_id", "settings", "more", "says"),
    [case[1:] for case in CASES],
    ids=[case[0] for case in CASES],
)
def test_what_is_wrong_is_refused(
    backend_id: str, settings: dict[str, Any], more: dict[str, Any], says: str
) -> None:
    with pytest.raises(InputError) as error:
        made(asked("c", backend_id, settings, **more), FACTS)
    assert str(error.value) == f"{WHERE}: classes.c{says}"


@pytest.mark.parametrize(
    ("request_", "says"),
    [
        (
            asked("c", "iscsi", LUNS, gib=2),
            "luns: 1 GiB, but the plan's tier grows to 2; list more luns, or plan the tier smaller",
        ),
        (
            asked("c", "local-nvme", {"volumes": [{"node": "n", "path": "/a", "gib": 1.5}]}, gib=2),
            (
                "volumes: 1.5 GiB, but the plan's tier grows to 2; list more volumes, or plan the "
                "tier smaller"
            ),
        ),
    ],
    ids=["units", "disks"],
)
def test_what_is_there_must_hold_the_plan(request_: ClassRequest, says: str) -> None:
    with pytest.raises(InputError) as error:
        made(request_, FACTS)
    assert str(error.value) == f"{WHERE}: classes.c.settings: {says}"
    assert made(replace(request_, tier=None), FACTS).objects


def test_k3s_own_class_is_not_told_otherwise() -> None:
    with pytest.raises(InputError) as error:
        made(asked("local-path", "local-path", reclaim="Retain"), FACTS)
    assert str(error.value) == (
        f"{WHERE}: classes.local-path: K3s makes the class local-path itself, and would undo what is "
        "asked at its next start; name the class otherwise, or drop its settings"
    )


def test_attributes_need_a_cluster_that_has_them() -> None:
    settings = {"driver": "csi.example.com", "attributes": {"fast": {"tier": "gold"}}}
    old = Facts("hall", ON_PREMISES, "hall", {}, {}, WHERE, kubernetes_version=(1, 33))
    with pytest.raises(InputError) as error:
        made(asked("c", "iscsi", settings), old)
    assert str(error.value) == (
        f"{WHERE}: classes.c.settings: attributes need Kubernetes 1.34, and the cluster has 1.33; "
        "drop attributes, or upgrade first"
    )


def test_the_nodes_of_the_cases_suffice() -> None:
    """The set of every class is one that a CephCluster can carry, or its test would prove nothing."""
    assert DRIVERS["ceph"].objects(driver_request("ceph", EVERY))
    assert len(CEPH_NODES) == 3
