"""A real Kubernetes API server with etcd, without a cluster: it stores, validates and admits.

There are no nodes and no controllers: nothing is scheduled, and a deleted namespace stays
Terminating, so tests take a fresh namespace each (the fixture `kube_namespace`).
"""

import contextlib
import itertools
import json
import secrets
import ssl
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from support.engines import EngineProcess, engine_path, free_ports, running

START_SECONDS = 60.0
WAIT_SECONDS = 20.0
FIELD_MANAGER = "trimtab-tests"

Manifest = Mapping[str, Any]


class KubeError(Exception):
    """The API server refused a request; str() is the message of its Status."""

    def __init__(self, code: int, status: Mapping[str, Any]) -> None:
        self.code = code
        self.reason = str(status.get("reason", ""))
        self.message = str(status.get("message", ""))
        super().__init__(f"{self.message} ({code} {self.reason})")


@dataclass(frozen=True)
class KubeApi:
    """A client of one API server, as cluster administrator.

    `url`, `token` and `ca_file` are what another client needs; `kubeconfig` is the same as a file.
    `restart` ends the server at once, as a crash would, and returns when it serves again, at the same
    address and from the same data.
    """

    url: str
    token: str
    ca_file: Path
    kubeconfig: Path
    restart: Callable[[], None] = field(repr=False)
    _kinds: dict[tuple[str, str], tuple[str, bool]] = field(default_factory=dict, repr=False)

    def request(
        self,
        method: str,
        path: str,
        body: object = None,
        content_type: str = "application/json",
        **query: str,
    ) -> dict[str, Any]:
        """One request; the decoded answer ({"text": …} where it is not JSON).

        Raises:
            KubeError: the server answered with an error.
        """
        request = urllib.request.Request(
            f"{self.url}{path}" + (f"?{urllib.parse.urlencode(query)}" if query else ""),
            method=method,
            data=None if body is None else json.dumps(body, ensure_ascii=False).encode(),
            headers={"Authorization": f"Bearer {self.token}", "Content-Type": content_type},
        )
        trust = ssl.create_default_context(cafile=str(self.ca_file))
        # Loopback: a proxy of the environment would not reach it.
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=trust)
        )
        deadline = time.monotonic() + WAIT_SECONDS
        while True:
            try:
                with opener.open(request, timeout=30) as response:
                    return _decoded(response.read())
            except urllib.error.HTTPError as error:
                # A server that has just started asks to be asked again, and every client does.
                if error.code != 429 or time.monotonic() > deadline:
                    raise KubeError(error.code, _decoded(error.read())) from None
                error.close()
                time.sleep(0.1)

    def apply(
        self, manifest: Manifest, *, manager: str = FIELD_MANAGER, dry_run: bool = False
    ) -> dict[str, Any]:
        """Server-side apply one object with strict field validation; the stored object.

        An unknown field, a schema's or a CEL rule's violation is a KubeError, as in `kubectl
        apply --server-side --validate=strict --force-conflicts`.
        """
        metadata = manifest["metadata"]
        path = self._path(
            manifest["apiVersion"], manifest["kind"], metadata["name"], metadata.get("namespace")
        )
        query = {"fieldManager": manager, "force": "true", "fieldValidation": "Strict"}
        if dry_run:
            query["dryRun"] = "All"
        return self.request("PATCH", path, manifest, "application/apply-patch+yaml", **query)

    def apply_all(self, manifests: str | Path | Iterable[Manifest]) -> list[dict[str, Any]]:
        """Apply YAML text, a YAML file or objects in order; its CRDs are served when it returns.

        They are awaited before the first object of another kind.
        """
        applied = []
        awaited: list[str] = []
        for manifest in _documents(manifests):
            is_crd = manifest["kind"] == "CustomResourceDefinition"
            while awaited and not is_crd:
                self.wait_established(awaited.pop())
            applied.append(self.apply(manifest))
            if is_crd:
                awaited.append(manifest["metadata"]["name"])
        for name in awaited:
            self.wait_established(name)
        return applied

    def get(
        self, api_version: str, kind: str, name: str, namespace: str | None = None
    ) -> dict[str, Any]:
        """One object. Raises KubeError with code 404 when there is none."""
        return self.request("GET", self._path(api_version, kind, name, namespace))

    def list_all(
        self, api_version: str, kind: str, namespace: str | None = None
    ) -> list[dict[str, Any]]:
        """The objects of a kind in a namespace ("default" for None), or in the cluster."""
        items: list[dict[str, Any]] = self.request(
            "GET", self._path(api_version, kind, None, namespace)
        )["items"]
        return items

    def delete(
        self, api_version: str, kind: str, name: str, namespace: str | None = None
    ) -> dict[str, Any]:
        """Delete one object; the server's answer."""
        return self.request("DELETE", self._path(api_version, kind, name, namespace))

    def patch_status(self, manifest: Manifest, status: Mapping[str, Any]) -> dict[str, Any]:
        """Merge `status` into the status subresource of the object that the manifest names."""
        metadata = manifest["metadata"]
        path = self._path(
            manifest["apiVersion"], manifest["kind"], metadata["name"], metadata.get("namespace")
        )
        return self.request(
            "PATCH", f"{path}/status", {"status": status}, "application/merge-patch+json"
        )

    def wait_for_condition(
        self,
        api_version: str,
        kind: str,
        name: str,
        condition: str,
        namespace: str | None = None,
        seconds: float = WAIT_SECONDS,
    ) -> dict[str, Any]:
        """Poll until the object's status condition is True; the object.

        Raises:
            TimeoutError: it is not in time; with the conditions that it has.
        """
        deadline = time.monotonic() + seconds
        while True:
            conditions: object = None
            with contextlib.suppress(KubeError):
                found = self.get(api_version, kind, name, namespace)
                conditions = found.get("status", {}).get("conditions") or []
                if any(c["type"] == condition and c["status"] == "True" for c in conditions):
                    return found
            if time.monotonic() > deadline:
                raise TimeoutError(
                    f"{kind} {name} is not {condition} after {seconds:.0f} s: {conditions}"
                )
            time.sleep(0.05)

    def wait_established(self, crd: str, seconds: float = WAIT_SECONDS) -> dict[str, Any]:
        """Poll until a CRD, named plural.group, is served; the CRD."""
        found = self.wait_for_condition(
            "apiextensions.k8s.io/v1",
            "CustomResourceDefinition",
            crd,
            "Established",
            seconds=seconds,
        )
        # Established precedes the handler by a moment, in which requests get 404.
        group, plural = found["spec"]["group"], found["spec"]["names"]["plural"]
        version = next(v["name"] for v in found["spec"]["versions"] if v["served"])
        deadline = time.monotonic() + seconds
        while True:
            try:
                self.request("GET", f"/apis/{group}/{version}/{plural}", limit="1")
            except KubeError as error:
                if error.code != 404 or time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
            else:
                return found

    def _path(self, api_version: str, kind: str, name: str | None, namespace: str | None) -> str:
        root = f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"
        plural, namespaced = self._kind(root, api_version, kind)
        scope = f"/namespaces/{namespace or 'default'}" if namespaced else ""
        return f"{root}{scope}/{plural}" + (f"/{name}" if name else "")

    def _kind(self, root: str, api_version: str, kind: str) -> tuple[str, bool]:
        """A kind's plural name and whether it is namespaced, by the server's discovery."""
        if (api_version, kind) not in self._kinds:
            for resource in self.request("GET", root)["resources"]:
                if "/" not in resource["name"]:
                    key = (api_version, resource["kind"])
                    self._kinds[key] = (resource["name"], resource["namespaced"])
        try:
            return self._kinds[api_version, kind]
        except KeyError:
            raise KubeError(
                404, {"reason": "NotFound", "message": f"{api_version} has no kind {kind}"}
            ) from None


@contextlib.contextmanager
def kube_api_server(folder: Path) -> Iterator[KubeApi]:
    """etcd and kube-apiserver on free loopback ports for the length of the block.

    Skips the test (fails it in CI) where the engines are absent.

    Args:
        folder: an empty folder for data, keys and logs.
    """
    etcd_binary, api_binary = engine_path("etcd"), engine_path("kube-apiserver")
    etcd_port, peer_port, api_port = free_ports(3)
    token = secrets.token_hex(16)
    tokens = folder / "tokens.csv"
    tokens.write_text(f"{token},tests,tests,system:masters\n", "utf-8")
    signing_key, public_key = _service_account_keys(folder)
    etcd_url, peer_url = f"http://127.0.0.1:{etcd_port}", f"http://127.0.0.1:{peer_port}"
    etcd_command: list[str | Path] = [
        etcd_binary,
        f"--data-dir={folder / 'etcd'}",
        f"--listen-client-urls={etcd_url}",
        f"--advertise-client-urls={etcd_url}",
        f"--listen-peer-urls={peer_url}",
        f"--initial-advertise-peer-urls={peer_url}",
        f"--initial-cluster=default={peer_url}",
        "--unsafe-no-fsync",
        "--log-level=warn",
    ]
    api_command: list[str | Path] = [
        api_binary,
        f"--etcd-servers={etcd_url}",
        "--bind-address=127.0.0.1",
        f"--secure-port={api_port}",
        f"--cert-dir={folder / 'serving'}",
        "--advertise-address=127.0.0.1",
        "--endpoint-reconciler-type=none",
        "--service-cluster-ip-range=10.0.0.0/24",
        f"--token-auth-file={tokens}",
        "--authorization-mode=RBAC",
        "--anonymous-auth=false",
        # Pods would wait for a token controller that does not run.
        "--disable-admission-plugins=ServiceAccount",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-signing-key-file={signing_key}",
        f"--service-account-key-file={public_key}",
        "--watch-cache=true",
        "--allow-privileged=true",  # as every installer sets it, for device plugins and CSI drivers
    ]
    with (
        running("etcd", etcd_command, folder / "etcd.log") as etcd,
        contextlib.ExitStack() as life,
    ):

        def restart() -> None:
            life.close()
            log = folder / f"kube-apiserver-{next(_starts)}.log"
            server = life.enter_context(running("kube-apiserver", api_command, log))
            life.callback(server.process.kill)  # told to end, it would wait for its watchers
            server.wait_until(lambda: _ready(api, etcd), START_SECONDS)

        api = KubeApi(
            url=f"https://127.0.0.1:{api_port}",
            token=token,
            # It signs its own certificate and writes the issuer's behind it.
            ca_file=folder / "serving" / "apiserver.crt",
            kubeconfig=folder / "kubeconfig",
            restart=restart,
        )
        restart()
        api.kubeconfig.write_text(_kubeconfig(api), "utf-8")
        yield api


_starts = itertools.count(1)


def _ready(api: KubeApi, etcd: EngineProcess) -> bool:
    if etcd.process.poll() is not None:
        raise RuntimeError(f"etcd ended with status {etcd.process.returncode}\n{etcd.tail()}")
    try:
        api.request("GET", "/readyz")
    except (OSError, KubeError):  # no certificate yet, no listener yet, or not ready
        return False
    return True


def _service_account_keys(folder: Path) -> tuple[Path, Path]:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    private, public = folder / "service-account.key", folder / "service-account.pub"
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    public.write_bytes(
        key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )
    return private, public


def _kubeconfig(api: KubeApi) -> str:
    name = "tests"
    cluster = {"server": api.url, "certificate-authority": str(api.ca_file)}
    return yaml.safe_dump(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": name,
            "clusters": [{"name": name, "cluster": cluster}],
            "users": [{"name": name, "user": {"token": api.token}}],
            "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
        }
    )


def _documents(manifests: str | Path | Iterable[Manifest]) -> list[Manifest]:
    if isinstance(manifests, Path):
        manifests = manifests.read_text("utf-8")
    if isinstance(manifests, str):
        manifests = yaml.safe_load_all(manifests)
    return [manifest for manifest in manifests if manifest]


def _decoded(body: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(body)
    except ValueError:
        return {"text": body.decode("utf-8", errors="replace")}
    return answer if isinstance(answer, dict) else {"text": str(answer)}
