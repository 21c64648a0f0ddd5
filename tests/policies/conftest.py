"""An API server of the policies' own: what they refuse, no other test should meet."""

from collections.abc import Iterator

import pytest

from support.kube_api import KubeApi, kube_api_server


@pytest.fixture(scope="module")
def policy_api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KubeApi]:
    """A Kubernetes API server with etcd, on loopback, without policies."""
    with kube_api_server(tmp_path_factory.mktemp("policy-api")) as api:
        yield api
