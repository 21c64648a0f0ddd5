"""Flux's source-controller and kustomize-controller on a real API server, without containers.

They run as cluster administrator and keep artifacts in a folder. All that they serve is on loopback:
metrics are off, and the rest is on ports that were free.
"""

import contextlib
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from support.engines import EngineProcess, engine_path, engine_share, free_ports, running
from support.kube_api import KubeApi

NAMESPACE = "flux-system"
GIT_REPOSITORY = ("source.toolkit.fluxcd.io/v1", "GitRepository")
KUSTOMIZATION = ("kustomize.toolkit.fluxcd.io/v1", "Kustomization")
START_SECONDS = 60.0

Document = dict[str, Any]


@dataclass(frozen=True)
class Flux:
    """The two controllers at work on an API server, whose kinds it serves."""

    api: KubeApi
    processes: tuple[EngineProcess, ...]
    _requests: Iterator[int] = field(default_factory=lambda: itertools.count(1), repr=False)

    def fetch(self, name: str) -> None:
        """Have a GitRepository looked at now, as `flux reconcile source git` has."""
        self.api.request(
            "PATCH",
            f"/apis/{GIT_REPOSITORY[0]}/namespaces/{NAMESPACE}/gitrepositories/{name}",
            {
                "metadata": {
                    "annotations": {"reconcile.fluxcd.io/requestedAt": str(next(self._requests))}
                }
            },
            "application/merge-patch+json",
        )

    def ready(self, name: str) -> tuple[str, str]:
        """What a Kustomization says of itself: its Ready condition's status and message.

        Of its last attempt; "Unknown" while there was none.
        """
        found = self.api.get(*KUSTOMIZATION, name, NAMESPACE)
        for each in found.get("status", {}).get("conditions", []):
            if each["type"] == "Ready":
                return each["status"], each["message"]
        return "Unknown", ""

    def attempted(self, name: str) -> str:
        """The revision that a Kustomization last tried to apply: main@sha1:COMMIT."""
        status = self.api.get(*KUSTOMIZATION, name, NAMESPACE).get("status", {})
        return str(status.get("lastAttemptedRevision", ""))

    def said(self) -> str:
        """The ends of the controllers' logs."""
        return "\n".join(process.tail() for process in self.processes)


@contextlib.contextmanager
def flux(api: KubeApi, folder: Path) -> Iterator[Flux]:
    """The controllers on an API server for the length of the block, and their namespace.

    Skips the test (fails it in CI) where the engines are absent.

    Args:
        api: the API server.
        folder: an empty folder for artifacts and logs.
    """
    for name in ("source-controller", "kustomize-controller"):
        crds = engine_share(name) / "config" / "crd" / "bases"
        api.apply_all("\n---\n".join(each.read_text("utf-8") for each in sorted(crds.iterdir())))
    api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
    storage, *health = free_ports(3)
    artifacts = folder / "artifacts"
    artifacts.mkdir()
    common = ["--metrics-addr=0", "--log-encoding=console", "--min-retry-delay=100ms"]
    commands: dict[str, list[str]] = {
        "source-controller": [
            f"--storage-path={artifacts}",
            f"--storage-addr=127.0.0.1:{storage}",
            f"--storage-adv-addr=127.0.0.1:{storage}",
        ],
        "kustomize-controller": ["--requeue-dependency=500ms"],
    }
    with contextlib.ExitStack() as processes:
        started = []
        for (name, options), port in zip(commands.items(), health, strict=True):
            # Both make temporary folders; the cluster they speak to is the environment's.
            environment = {
                "KUBECONFIG": str(api.kubeconfig),
                "RUNTIME_NAMESPACE": NAMESPACE,
                "HOME": str(folder),
                "TMPDIR": str(folder),
            }
            command: list[str | Path] = [
                engine_path(name),
                *common,
                f"--health-addr=127.0.0.1:{port}",
                *options,
            ]
            log = folder / f"{name}.log"
            started.append(processes.enter_context(running(name, command, log, environment)))
        for process in started:
            process.wait_until(_works(process), START_SECONDS)
        yield Flux(api, tuple(started))


def _works(process: EngineProcess) -> Callable[[], bool]:
    return lambda: "Starting workers" in process.log.read_text("utf-8", errors="replace")
