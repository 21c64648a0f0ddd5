"""The hybrid stack on Pulumi's real engine: EKS and a site at the edge, of one plan, living together.

The stand-in of Kubernetes is one cluster, so no two clusters here have an object of the same name: the families
are left out, whose lives are tested with them, and the site's machines with GPUs.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from support.automation import EngineStack
from support.pulumi_cli import PulumiCli
from support.recorded import REPO
from support.stand_in.aws import Aws
from support.stand_in.cloud import Cloud, Held
from support.stand_in.command import Command
from support.stand_in.kubernetes import Kubernetes
from support.stand_in.server import attached
from trimtab.clock import format_instant
from trimtab.plan.document import load_plan

pytestmark = pytest.mark.engine

SITE = "store-hamburg"
WITHOUT = (
    "crossplane", "everywhere", "gitops", "governance", "manager", "observability", "policyEngine",
    "queueing", "storage",
)  # fmt: skip
PLAN = load_plan(REPO / "stacks" / "plans" / "hybrid.yaml")


class Commands(Command):
    """Commands that all succeed; those of no machine make tokens. test_edge_clusters runs K3s' own."""

    made = 0

    def admit(self, call: str, kind: str, inputs: Mapping[str, Any], held: Held | None) -> None:
        """Answer."""
        if "connection" in inputs:
            self._last = ("said", "")
        else:
            self.made += 1
            self._last = (f"{self.made:064x}", "")


@pytest.fixture
def everything(cloud: Cloud) -> Iterator[dict[str, str]]:
    providers = {"aws": Aws(cloud), "command": Commands(cloud), "kubernetes": Kubernetes(cloud)}
    with attached(providers) as env:
        yield env


def later() -> str:
    """The first instant at which a node group's window ends."""
    groups = [group for pool in PLAN.spec.pools for group in pool.groups if len(group.windows) > 1]
    return format_instant(min(group.windows[1].start for group in groups))


def test_the_hybrid_lives_and_follows_its_plan(
    pulumi_engine: PulumiCli, everything: dict[str, str], cloud: Cloud, tmp_path: Path
) -> None:
    stack = EngineStack(pulumi_engine, tmp_path / "hybrid", "hybrid", env=everything)
    file = REPO / "stacks" / "Pulumi.hybrid.yaml"
    site = yaml.safe_load(file.read_text("utf-8"))["config"]["trimtab:sites"][SITE]
    del site["k3s"]["agents"], site["k3s"]["pools"]
    stack.set(**dict.fromkeys(WITHOUT), sites={SITE: site})
    assert stack.up().operations == {"create"}
    kinds = {each["type"].rpartition(":")[2] for each in stack.state()}
    assert kinds >= {"DataLifecycle", "HeterogeneousCluster", "K3sCluster", "KarpenterPools"}
    assert stack.preview().operations == set()
    cloud.take()

    stack.set(asOf=later())
    steps = stack.up()
    assert steps.operations <= {"update", "delete"}
    assert {kind for operation, kind, _ in steps.done if operation == "delete"} <= {"Schedule"}
    assert stack.preview().operations == set()
