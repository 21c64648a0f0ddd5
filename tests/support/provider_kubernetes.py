"""Crossplane's provider-kubernetes, running for real: it applies the manifests that Objects hold.

It serves its webhook at port 9443 and its metrics at 8080 (it offers no other), which must be free.
"""

import base64
import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from support.crossplane_core import ControlPlane
from support.engines import EngineProcess, engine_path, engine_share, free_ports, running
from support.kube_api import KubeApi

CONFIG = {"kind": "ClusterProviderConfig", "name": "workloads"}
"""The provider config that leads back to the same API server."""
POLL = "2s"


@contextlib.contextmanager
def provider_kubernetes(core: ControlPlane, folder: Path) -> Iterator[EngineProcess]:
    """The provider for the length of the block; skips (fails in CI) where the engine is absent.

    Args:
        core: whose API server it serves.
        folder: an empty folder for its log.
    """
    binary, api = engine_path("provider-kubernetes"), core.api
    crds = engine_share("provider-kubernetes") / "package/crds"
    for file in sorted(crds.glob("*.yaml")):
        api.apply_all(_without_webhook(file))
    api.apply(
        {
            "apiVersion": "kubernetes.m.crossplane.io/v1alpha1",
            "kind": CONFIG["kind"],
            "metadata": {"name": CONFIG["name"]},
            "spec": {
                "credentials": {
                    "source": "Filesystem",
                    "fs": {"path": str(_kubeconfig(core.api, folder))},
                }
            },
        }
    )
    (health,) = free_ports(1)
    command: list[str | Path] = [
        binary,
        f"--poll={POLL}",
        "--enable-watches",
        f"--health-probe-bind-addr=127.0.0.1:{health}",
    ]
    environment = {
        "KUBECONFIG": str(api.kubeconfig),
        "HOME": str(folder),
        "PATH": os.defpath,
        "TLS_SERVER_CERTS_DIR": str(core.function_certificates),
    }
    with running("provider-kubernetes", command, folder / "provider.log", environment) as process:
        yield process


def _kubeconfig(api: KubeApi, folder: Path) -> Path:
    """The API server's, with the authority in it: the provider reads no files that one names."""
    config = yaml.safe_load(api.kubeconfig.read_text("utf-8"))
    (cluster,) = config["clusters"]
    authority = Path(cluster["cluster"].pop("certificate-authority")).read_bytes()
    cluster["cluster"]["certificate-authority-data"] = base64.b64encode(authority).decode()
    path = folder / "kubeconfig"
    path.write_text(yaml.safe_dump(config), "utf-8")
    return path


def _without_webhook(file: Path) -> list[dict[str, Any]]:
    """The file's CRD; one that is converted by a webhook, by nobody: it has no objects here."""
    crd: dict[str, Any] = yaml.safe_load(file.read_text("utf-8"))
    if "conversion" in crd["spec"]:
        crd["spec"]["conversion"] = {"strategy": "None"}
    return [crd]
