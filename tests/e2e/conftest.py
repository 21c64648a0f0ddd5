"""The real engines as fixtures; each skips its tests where the engine is absent, and fails in CI.

`kube_api` is one API server for the whole run: tests share its cluster-scoped objects, and take a
namespace each from `kube_namespace`.
"""

import itertools
from collections.abc import Iterator
from pathlib import Path

# Loaded by its pytest plugin at the very end otherwise, where CPython 3.11 may fail (cpython#106905)
# after programs of Pulumi's inline engine were ended.
import hypothesis  # noqa: F401
import pytest

from support.capacity_cluster import CapacityControlPlane, Cluster, capacity_control_plane
from support.code_host import CodeHost, code_host
from support.crossplane_cli import CrossplaneCli, crossplane_cli
from support.crossplane_core import ControlPlane, crossplane_control_plane
from support.engines import engine_path
from support.kube_api import KubeApi, kube_api_server
from support.programs import Programs
from support.pulumi_cli import PulumiCli, pulumi_cli
from support.stand_in.aws import Aws
from support.stand_in.cloud import Cloud
from support.stand_in.kubernetes import Kubernetes
from support.stand_in.server import attached
from support.workflows import Origin

_namespace_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def kube_api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KubeApi]:
    """A Kubernetes API server with etcd, on loopback."""
    with kube_api_server(tmp_path_factory.mktemp("kube-api")) as api:
        yield api


@pytest.fixture
def kube_namespace(kube_api: KubeApi) -> str:
    """The name of a fresh namespace."""
    name = f"test-{next(_namespace_numbers)}"
    kube_api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    return name


@pytest.fixture
def crossplane(tmp_path: Path) -> CrossplaneCli:
    """Crossplane's command line: `render` and `validate`."""
    scratch = tmp_path / "crossplane"
    scratch.mkdir()
    return crossplane_cli(scratch)


@pytest.fixture(scope="session")
def crossplane_core() -> Path:
    """The binary of Crossplane's core."""
    return engine_path("crossplane-core")


@pytest.fixture
def pulumi_engine(tmp_path: Path) -> PulumiCli:
    """Pulumi's command line, with a home and a file backend of the test's own."""
    folder = tmp_path / "pulumi"
    folder.mkdir()
    return pulumi_cli(folder)


@pytest.fixture
def cloud() -> Cloud:
    """An empty cloud, whose log and faults are the test's."""
    return Cloud()


@pytest.fixture
def stand_ins(cloud: Cloud) -> Iterator[dict[str, str]]:
    """What an engine's environment needs to reach providers of that cloud in this process."""
    with attached({"aws": Aws(cloud), "kubernetes": Kubernetes(cloud)}) as env:
        yield env


@pytest.fixture
def programs(pulumi_engine: PulumiCli, stand_ins: dict[str, str], tmp_path: Path) -> Programs:
    """A stack of programs."""
    return Programs(pulumi_engine, stand_ins, tmp_path)


@pytest.fixture(scope="session")
def control_plane(
    kube_api: KubeApi, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ControlPlane]:
    """Crossplane's core, running on the API server."""
    folder = tmp_path_factory.mktemp("crossplane")
    with crossplane_control_plane(kube_api, folder) as running:
        yield running


@pytest.fixture(scope="session")
def with_function(
    control_plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[CapacityControlPlane]:
    """Crossplane with the capacity function registered, and the kinds that it needs."""
    folder = tmp_path_factory.mktemp("capacity-function")
    with capacity_control_plane(control_plane, folder) as running:
        yield running


@pytest.fixture
def cluster(with_function: CapacityControlPlane, kube_namespace: str) -> Cluster:
    """A NodeGroupSet `ml` in a namespace of its own; it exists from the first plan or touch on."""
    return Cluster(with_function.api, kube_namespace)


@pytest.fixture
def host() -> Iterator[CodeHost]:
    """A code host, for the tests of workflows."""
    with code_host() as server:
        server.nameless = True  # as GITHUB_TOKEN is
        yield server


@pytest.fixture
def origin(tmp_path: Path) -> Origin:
    """A repository to clone and branch."""
    return Origin(tmp_path / "origin")


@pytest.fixture(params=["github", "gitlab"])
def ci(request: pytest.FixtureRequest) -> str:
    """The name of the CI."""
    name: str = request.param
    return name
