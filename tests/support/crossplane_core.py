"""A real Crossplane on a real API server, without containers: XRDs become CRDs, XRs are composed.

Packages are not installed: a function is a process that the test runs, registered by hand as an
active FunctionRevision with that process's address. Crossplane speaks mutual TLS to functions and
nothing else, so the function serves the certificate in `ControlPlane.function_certificates`.

Its metrics and health ports bind every interface (Crossplane offers no other way), for the length
of the tests; no webhooks are served.
"""

import base64
import contextlib
import os
import re
import subprocess
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.engines import engine_path, engine_share, free_ports, running
from support.kube_api import KubeApi

NAMESPACE = "crossplane-system"
CA_SECRET, SERVER_SECRET, CLIENT_SECRET = "test-root-ca", "test-tls-server", "test-tls-client"
INIT_SECONDS = 60
START_SECONDS = 60.0
# A dozen quick edits of one XR trip the default of 100, and all after them take seconds.
CIRCUIT_BREAKER_BURST = 100_000

Manifest = Mapping[str, Any]
_LOOPBACK = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # no proxy reaches it


@dataclass(frozen=True)
class ControlPlane:
    """Crossplane's core, running on `api`.

    `function_certificates` holds ca.crt, tls.crt and tls.key of a function on localhost, as the
    function SDK's --tls-certs-dir reads them; `client_certificates` those that Crossplane calls with.
    """

    api: KubeApi
    function_certificates: Path
    client_certificates: Path
    metrics_url: str

    def apply_xrd(self, xrd: Manifest) -> dict[str, Any]:
        """Apply an XRD and wait until Crossplane has derived its CRD and watches its XRs; the CRD.

        Raises:
            KubeError: the XRD is refused.
            TimeoutError: Crossplane does not establish it; with its conditions.
        """
        applied = self.api.apply(xrd)
        name = applied["metadata"]["name"]
        self.api.wait_for_condition(applied["apiVersion"], applied["kind"], name, "Established")
        return self.api.wait_established(name)

    def register_function(self, name: str, port: int) -> None:
        """Make Compositions that name this function call the process at localhost:`port`."""
        revision = self.api.apply(
            {
                "apiVersion": "pkg.crossplane.io/v1",
                "kind": "FunctionRevision",
                "metadata": {
                    "name": name,
                    "labels": {"pkg.crossplane.io/package": name},
                    # The package manager would else try to pull it.
                    "annotations": {"crossplane.io/paused": "true"},
                },
                "spec": {
                    "desiredState": "Active",
                    "image": f"example.org/{name}:v0.0.0",
                    "revision": 1,
                },
            }
        )
        self.api.patch_status(
            revision, {"endpoint": f"localhost:{port}", "capabilities": ["composition"]}
        )

    def metric(self, name: str) -> float:
        """The sum over its labels of one of Crossplane's metrics; 0 where it was never counted."""
        with _LOOPBACK.open(self.metrics_url, timeout=10) as response:
            text = response.read().decode()
        series = re.findall(rf"^{re.escape(name)}(?:\{{[^}}]*\}})? (\S+)$", text, re.MULTILINE)
        return sum(map(float, series))


@contextlib.contextmanager
def crossplane_control_plane(
    api: KubeApi, folder: Path, function_runtime: str = "External"
) -> Iterator[ControlPlane]:
    """Crossplane's core on an API server for the length of the block.

    Skips the test (fails it in CI) where the engine is absent.

    Args:
        folder: an empty folder for certificates, caches and logs.
        function_runtime: "External" for functions that the test runs; with "Deployment" Crossplane
            makes a Deployment of each package, which nothing here schedules.
    """
    core = engine_path("crossplane-core")
    crds = engine_share("crossplane-core") / "cluster" / "crds"
    environment = {"KUBECONFIG": str(api.kubeconfig), "HOME": str(folder), "PATH": os.defpath}
    api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
    # Initialisation does not wait for the CRDs that it applies before it uses them.
    api.apply_all("".join(crd.read_text("utf-8") for crd in sorted(crds.glob("*.yaml"))))
    no_webhooks = folder / "webhookconfigurations"
    no_webhooks.mkdir()
    packages = folder / "packages"
    packages.mkdir()  # Crossplane caches what it pulls there, and fails without the folder
    # Variables as the Helm chart sets them: some flags are misnamed (--cr-ds-path).
    settings = {
        "CRDS_PATH": str(crds),
        "WEBHOOK_CONFIGS_PATH": str(no_webhooks),
        # The server certificate, which the tests' functions use, is made for this name.
        "WEBHOOK_SERVICE_NAME": "localhost",
        "WEBHOOK_SERVICE_NAMESPACE": NAMESPACE,
        "WEBHOOK_SERVICE_PORT": "9443",
        "TLS_CA_SECRET_NAME": CA_SECRET,
        "TLS_SERVER_SECRET_NAME": SERVER_SECRET,
        "TLS_CLIENT_SECRET_NAME": CLIENT_SECRET,
    }
    initialised = subprocess.run(
        [core, "core", "init"],
        env={**environment, **settings},
        capture_output=True,
        text=True,
        timeout=INIT_SECONDS,
        check=False,
    )
    if initialised.returncode != 0:
        raise RuntimeError(
            f"crossplane core init failed:\n{initialised.stdout}{initialised.stderr}"
        )
    server = _dump_secret(api, SERVER_SECRET, folder / "server")
    client = _dump_secret(api, CLIENT_SECRET, folder / "client")
    metrics_port, health_port = free_ports(2)
    command: list[str | Path] = [
        core,
        "core",
        "start",
        f"--package-runtime=Function={function_runtime}",
        f"--cache-dir={packages}",
        f"--tls-server-certs-dir={server}",
        f"--tls-client-certs-dir={client}",
        f"--circuit-breaker-burst={CIRCUIT_BREAKER_BURST}",
        f"--metrics-port={metrics_port}",
        f"--health-probe-port={health_port}",
        "--enable-webhooks=false",
    ]
    with running("crossplane", command, folder / "crossplane.log", environment) as process:
        process.wait_until(
            lambda: _answers(f"http://127.0.0.1:{health_port}/readyz"), START_SECONDS
        )
        yield ControlPlane(api, server, client, f"http://127.0.0.1:{metrics_port}/metrics")


def _dump_secret(api: KubeApi, name: str, folder: Path) -> Path:
    folder.mkdir(mode=0o700)
    for key, value in api.get("v1", "Secret", name, NAMESPACE)["data"].items():
        (folder / key).write_bytes(base64.b64decode(value))
    return folder


def _answers(url: str) -> bool:
    try:
        with _LOOPBACK.open(url, timeout=5) as response:
            return bool(response.status == 200)
    except OSError:  # urllib.error.URLError too
        return False
