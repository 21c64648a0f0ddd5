"""On-premises storage on Pulumi's real engine: made in order, grown in place, kept, taken down in order."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi_kubernetes as kubernetes
import pytest
from pulumi import ResourceOptions

from support.automation import EngineStack, OperationError
from support.on_premises_storage import CEPH_NODES
from support.plans import plan
from support.pulumi_cli import PulumiCli
from support.stand_in.cloud import Cloud
from trimtab_components import StorageClasses

pytestmark = pytest.mark.engine

Program = Callable[[], object]
BLOCK: dict[str, Any] = {"intent": "hot", "backend": "ceph-block"}
NAS: dict[str, Any] = {
    "intent": "shared",
    "backend": "nfs",
    "settings": {"server": "nas.hall.example", "share": "/export"},
}


class Programs:
    """A stack whose program is whatever the test last said."""

    def __init__(self, cli: PulumiCli, env: dict[str, str], folder: Path) -> None:
        self._now: Program = lambda: None
        self.stack = EngineStack(
            cli,
            folder / "project",
            "dev",
            program=lambda: (self._now(), None)[1],
            config={"aws:region": "us-east-1"},
            env=env,
        )

    def use(self, program: Program) -> EngineStack:
        """The stack, with another program."""
        self._now = program
        return self.stack


@pytest.fixture
def programs(pulumi_engine: PulumiCli, stand_ins: dict[str, str], tmp_path: Path) -> Programs:
    """A stack of programs."""
    return Programs(pulumi_engine, stand_ins, tmp_path)


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
