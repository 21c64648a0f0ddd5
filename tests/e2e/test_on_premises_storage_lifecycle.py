"""On-premises storage on Pulumi's real engine: made in order, grown in place, kept, taken down in order."""

from typing import Any

import pulumi_kubernetes as kubernetes
import pytest
from pulumi import ResourceOptions

from support.automation import OperationError
from support.on_premises_storage import CEPH_NODES
from support.plans import plan
from support.programs import Program, Programs
from support.stand_in.cloud import Cloud
from trimtab_components import StorageClasses

pytestmark = pytest.mark.engine

BLOCK: dict[str, Any] = {"intent": "hot", "backend": "ceph-block"}
NAS: dict[str, Any] = {
    "intent": "shared",
    "backend": "nfs",
    "settings": {"server": "nas.hall.example", "share": "/export"},
}


def hall(classes: dict[str, Any], nodes: Any = CEPH_NODES, **more: Any) -> Program:
    """A program with these classes on machines of one's own."""

    def program() -> None:
        arguments: Any = {
            "plan": plan(),
            "site": "hall",
            "cluster_name": "hall",
            "delivery": "flux",
            "classes": classes,
            "drivers": {"ceph": {"settings": {"nodes": nodes}}},
            **more,
        }
        provider = kubernetes.Provider("kubernetes", kubeconfig="{}")
        StorageClasses("storage", arguments, ResourceOptions(providers=[provider]))

    return program


def test_data_is_kept_until_it_is_said_to_go(programs: Programs, cloud: Cloud) -> None:
    stack = programs.use(hall({"hot": BLOCK, "homes": NAS}))
    stack.up()
    made = [each.kind for each in cloud.take()]
    # The operator brings the kinds, the cluster the pool, the pool the class.
    assert made.index("HelmRelease") < made.index("CephCluster") < made.index("CephBlockPool")
    assert stack.preview().operations == set()

    more = {**CEPH_NODES, "store-4": ["nvme0n1"]}
    grown = programs.use(hall({"hot": BLOCK, "homes": NAS}, more)).up()
    assert [(o, n) for o, _, n in grown.done if o not in ("same", "read")] == [
        ("update", "storage-ceph-cluster")
    ]

    with pytest.raises(OperationError, match="protected"):
        stack.destroy()
    assert len(cloud.of("CephCluster")) == len(cloud.of("CephBlockPool")) == 1
    cloud.take()

    programs.use(hall({"hot": BLOCK, "homes": NAS}, more, keep_data=False)).up()
    stack.destroy()
    gone = [each.kind for each in cloud.take() if each.call == "delete"]
    last_release = len(gone) - 1 - gone[::-1].index("HelmRelease")
    assert gone.index("CephBlockPool") < gone.index("CephCluster") < last_release
    assert not cloud.held
