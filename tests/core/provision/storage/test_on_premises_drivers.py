"""The drivers of on-premises storage: what their charts are told, and what disks can't hold."""

from dataclasses import replace
from typing import Any

import pytest

from support.on_premises_storage import (
    CEPH_NODES,
    DRIVER_SETTINGS,
    EVERY,
    FACTS,
    WHERE,
    asked,
    driver_request,
)
from trimtab.errors import InputError
from trimtab.provision.charts import CHARTS
from trimtab.provision.storage.classes import made
from trimtab.provision.storage.drivers import DRIVERS, needed
from trimtab.provision.storage.model import ClassRequest
from trimtab.provision.storage.on_premises_ceph import pool_settings
from trimtab.provision.storage.on_premises_ceph_cluster import NEARFULL, raw_needed

MICROK8S = "/var/snap/microk8s/common/var/lib/kubelet"
DISKS = {"nodes": CEPH_NODES, "device_gib": 1000}
"""6,000 GiB raw on three nodes."""


def values(name: str, *classes: ClassRequest, **settings: Any) -> dict[str, Any]:
    return dict(DRIVERS[name].values(driver_request(name, classes or EVERY, **settings)))


def cluster(*classes: ClassRequest, **settings: Any) -> dict[str, Any]:
    request = driver_request("ceph", classes, **(settings or DISKS))
    (found,) = DRIVERS["ceph"].objects(request).values()
    return dict(found["spec"])


def test_a_driver_comes_after_what_it_needs() -> None:
    names = [each.name for each in needed(made(asked("c", "ceph-snapshot"), FACTS).drivers)]
    assert names == ["snapshot-controller", "rook", "ceph-csi", "ceph"]
    ours = [DRIVERS[name].chart for name in (*names, "nfs", "democratic-csi", "topolvm")]
    assert all(each in CHARTS for each in ours if each)


def test_only_the_drivers_of_the_classes_run() -> None:
    found = values("ceph-csi", asked("a", "ceph-file"))["drivers"]
    assert {name for name, each in found.items() if each["enabled"]} == {"cephfs"}
    found = values("ceph-csi", asked("a", "ceph-block"), asked("b", "ceph-snapshot"))["drivers"]
    assert {name for name, each in found.items() if each["enabled"]} == {"rbd"}
    assert found["rbd"]["snapshotPolicy"] == "volumeSnapshot"
    # A sidecar that looks for kinds which nobody installed would crash.
    assert (
        values("ceph-csi", asked("a", "ceph-block"))["drivers"]["rbd"]["snapshotPolicy"] == "none"
    )


def test_no_chart_makes_classes_or_a_snapshot_controller_of_its_own() -> None:
    assert values("topolvm")["storageClasses"] == []
    assert values("democratic-csi")["storageClasses"] == []
    assert values("nfs")["externalSnapshotter"] == {"enabled": False}


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("ceph-csi", ("operatorConfig", "driverSpecDefaults", "nodePlugin", "kubeletDirPath")),
        ("nfs", ("kubeletDir",)),
        ("democratic-csi", ("node", "kubeletHostPath")),
        ("topolvm", ("node", "kubeletWorkDirectory")),
    ],
)
def test_a_kubelet_may_be_elsewhere(name: str, path: tuple[str, ...]) -> None:
    found: Any = values(name, kubelet_path=MICROK8S)
    for key in path:
        found = found[key]
    assert found == MICROK8S


def test_directories_are_looked_into_for_the_classes_that_list_nothing() -> None:
    found = values("local-static")["classes"]
    assert [(each["name"], each["hostDir"], each["volumeMode"]) for each in found] == [
        ("disks", "/mnt/disks", "Filesystem"),
        ("raw", "/mnt/raw", "Block"),
    ]


def test_device_classes_of_topolvm_are_the_classes_groups() -> None:
    same = {"volume_group": "data", "device_class": "ssd"}
    found = values("topolvm", asked("a", "local-lvm", same), asked("b", "local-lvm", same))
    assert found["lvmd"]["deviceClasses"] == [
        {"name": "ssd", "volume-group": "data", "spare-gb": 10, "default": True}
    ]
    with pytest.raises(InputError) as error:
        values("topolvm", asked("a", "local-lvm", same),
               asked("b", "local-lvm", {**same, "spare_gib": 20}))  # fmt: skip
    assert str(error.value) == (
        f"{WHERE}: drivers.topolvm.settings: device class ssd is described twice, and not alike; give "
        "both classes the same settings, or another device_class"
    )


def test_one_driver_speaks_to_one_array() -> None:
    one = {"array": "zfs-generic-iscsi", "config_secret": "one"}
    found = values("democratic-csi", asked("a", "iscsi", one), asked("b", "iscsi", one))
    assert found["driver"] == {
        "existingConfigSecret": "one",
        "config": {"driver": "zfs-generic-iscsi"},
    }
    with pytest.raises(InputError) as error:
        values(
            "democratic-csi",
            asked("a", "iscsi", one),
            asked("b", "iscsi", {**one, "config_secret": "two"}),
        )
    assert str(error.value) == (
        f"{WHERE}: drivers.democratic-csi.settings: classes speak to 2 arrays (one and two), and one "
        "driver speaks to one; give the others a driver of their own (settings.driver)"
    )


def test_ceph_takes_the_named_disks_and_no_others() -> None:
    storage = cluster(asked("hot", "ceph-block", gib=100))["storage"]
    assert (storage["useAllNodes"], storage["useAllDevices"]) == (False, False)
    assert storage["nodes"][0] == {
        "name": "store-1",
        "devices": [{"name": "nvme0n1"}, {"name": "nvme1n1"}],
    }
    assert storage["config"] == {"encryptedDevice": "true"}
    by_name = cluster(asked("hot", "ceph-block", encrypted=False), device_filter="^nvme[12]n1$")
    assert by_name["storage"] == {
        "useAllNodes": True,
        "useAllDevices": False,
        "deviceFilter": "^nvme[12]n1$",
        "config": {"encryptedDevice": "false"},
    }


def test_removing_the_cluster_erases_nothing() -> None:
    assert cluster(asked("hot", "ceph-block"))["cleanupPolicy"] == {"confirmation": ""}


def test_a_cluster_elsewhere_is_only_connected_to() -> None:
    spec = cluster(asked("hot", "ceph-block", {"pool": "old"}), external=True)
    assert spec["external"] == {"enable": True}
    assert "storage" not in spec


def test_raw_capacity_counts_every_copy_below_where_ceph_warns() -> None:
    classes = (
        asked("hot", "ceph-block", gib=850),
        asked("cold", "ceph-object", {"data_chunks": 2, "coding_chunks": 1}, gib=1700),
        asked("there", "ceph-block", {"pool": "old"}, gib=9999),
        asked("unplanned", "ceph-file"),
    )
    pooled = [(each, pool_settings(each, FACTS)) for each in classes]
    assert raw_needed(pooled) == pytest.approx((850 * 3 + 1700 * 1.5) / NEARFULL)
    assert raw_needed(pooled) == pytest.approx(6000)
    assert cluster(*classes)
    with pytest.raises(InputError) as error:
        cluster(replace(classes[0], tier=asked("hot", "ceph-block", gib=851).tier), *classes[1:])
    assert str(error.value) == (
        f"{WHERE}: drivers.ceph.settings: 6000 GiB of disks, but the plan needs 6004 GiB raw (hot 851 x "
        "3, cold 1700 x 1.5; at most 85% full); add disks, or keep fewer copies (replicas, data_chunks "
        "and coding_chunks)"
    )


WAYS = (
    "which disks Ceph may erase is not said once; give nodes (devices by node), device_filter, or "
    "external: true"
)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"mons": 3}, WAYS),
        ({**DISKS, "device_filter": "^sd"}, WAYS),
        (
            {**DISKS, "mons": 4},
            "mons: 4 monitors survive no more losses than 3; give 3 or 5",
        ),
        ({**DISKS, "mons": 5}, "mons: 5 monitors on 3 nodes; one stands on a node"),
        (
            {"device_filter": "^sd", "device_gib": 100},
            "device_gib counts the devices of nodes; give raw_gib",
        ),
    ],
    ids=["no disks", "disks twice", "even monitors", "crowded monitors", "uncounted disks"],
)
def test_a_cluster_that_can_t_stand_is_refused(settings: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError) as error:
        cluster(asked("hot", "ceph-block"), **settings)
    assert str(error.value) == f"{WHERE}: drivers.ceph.settings: {says}"


def test_copies_need_as_many_hosts() -> None:
    wide = asked("wide", "ceph-object", {"data_chunks": 4, "coding_chunks": 2})
    with pytest.raises(InputError) as error:
        cluster(wide)
    assert str(error.value) == (
        f"{WHERE}: drivers.ceph.settings: class wide keeps its data on 6 hosts, and there are 3; add "
        "nodes, or set the class' replicas, chunks or failure_domain"
    )
    by_disk = {"data_chunks": 4, "coding_chunks": 2, "failure_domain": "osd"}
    assert cluster(asked("wide", "ceph-object", by_disk))


def test_two_pools_have_two_names() -> None:
    coded = asked("warm", "ceph-block", {"data_chunks": 2, "coding_chunks": 1})
    with pytest.raises(InputError) as error:
        cluster(coded, asked("warm-data", "ceph-block"))
    assert str(error.value) == (
        f"{WHERE}: drivers.ceph.settings: classes warm and warm-data would both have a pool warm-data; "
        "name one otherwise"
    )
    assert cluster(coded, asked("warm-data", "ceph-block", {"pool": "old"}))


def test_a_cluster_elsewhere_makes_no_pools() -> None:
    with pytest.raises(InputError) as error:
        cluster(asked("hot", "ceph-block"), external=True)
    assert str(error.value) == (
        f"{WHERE}: classes.hot.settings: a Ceph cluster that stands elsewhere makes no pools here; name "
        "what is there: pool, filesystem with pool, or store"
    )


def test_a_setting_that_no_driver_knows_is_refused() -> None:
    for name in ("rook", "ceph-csi", "nfs", "local-static", "topolvm", "snapshot-controller"):
        with pytest.raises(
            InputError, match=rf"drivers\.{name}\.settings: nonsense: unknown field"
        ):
            values(name, nonsense=1)
    assert "nonsense" not in DRIVER_SETTINGS["ceph"]
