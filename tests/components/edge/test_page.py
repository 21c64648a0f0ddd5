"""docs/edge.md and its examples: the programs preview, and the page names every argument."""

import pytest

from support.examples import DOCS, example
from support.recorded import of
from trimtab_components.edge import k3s, microk8s


def test_the_k3s_example_makes_servers_agents_and_drives_their_gpus() -> None:
    records = example("edge")
    machines = {"shop-17-a", "shop-17-b", "shop-17-c", "gpu-1", "gpu-2", "gpu-3"}
    named = {f"shop-17-{name}{end}" for name in machines for end in ("", "-node")}
    assert set(of(records, "Command")) == {*named, "shop-17-kubeconfig"}
    assert set(of(records, "Plan")) == {"shop-17-upgrade-k3s-agents", "shop-17-upgrade-k3s-servers"}
    operator = of(records, "GpuOperator")["gpu"]
    assert "kubernetes::shop-17" in operator.providers["kubernetes"]


def test_the_microk8s_example_makes_three_servers_that_serve_the_group() -> None:
    records = example("microk8s")
    names = {f"workshop-bench-{place}{end}" for place in (1, 2, 3) for end in ("", "-node")}
    assert set(of(records, "Command")) == {*names, "workshop-fingerprint", "workshop-kubeconfig"}
    assert len(of(records, "NodePatch")) == 3


@pytest.mark.parametrize("args", [k3s.K3sClusterArgs, microk8s.MicroK8sClusterArgs])
def test_the_page_names_every_argument(args: type) -> None:
    page = (DOCS / "edge.md").read_text("utf-8")
    assert [name for name in args.__annotations__ if f"`{name}`" not in page] == []
