"""Kubernetes' garbage collector: what owner references and foreground deletion promise is kept.

kube-controller-manager with two of its controllers: objects whose owner is gone go, an owner that is
deleted in the foreground goes after them, and a deleted namespace is emptied. It looks for new kinds
when it starts and every 30 seconds: start it after the kinds that a test needs are served.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from support.engines import engine_path, free_ports, running
from support.kube_api import KubeApi

START_SECONDS = 30.0
CONTROLLERS = ("garbage-collector-controller", "namespace-controller")


@contextlib.contextmanager
def garbage_collector(api: KubeApi, folder: Path) -> Iterator[None]:
    """The two controllers on an API server for the length of the block.

    Skips the test (fails it in CI) where the engine is absent.

    Args:
        api: the server.
        folder: an empty folder for a certificate and the log.
    """
    (port,) = free_ports(1)
    log = folder / "kube-controller-manager.log"
    command: list[str | Path] = [
        engine_path("kube-controller-manager"),
        f"--kubeconfig={api.kubeconfig}",
        f"--controllers={','.join(CONTROLLERS)}",
        "--leader-elect=false",
        "--bind-address=127.0.0.1",
        f"--secure-port={port}",
        f"--cert-dir={folder / 'serving'}",
        "-v=2",
    ]
    with running("kube-controller-manager", command, log) as process:
        process.wait_until(
            lambda: "Proceeding to collect garbage" in log.read_text("utf-8"), START_SECONDS
        )
        yield
