"""A container registry on loopback, in memory: enough of the distribution API to push and pull.

With a `token` it answers like a public registry: a bearer challenge, a token service of its own, and
blobs by redirect to storage, which refuses a request that brings the token along.
"""

import contextlib
import hashlib
import json
import re
import threading
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_PATH = re.compile(r"/v2/(?P<name>.+)/(?P<kind>manifests|blobs)/(?P<reference>[^/]+)")
_UPLOADS = re.compile(r"/v2/(?P<name>.+)/blobs/uploads/(?P<upload>.*)")


@dataclass
class Registry:
    """What is stored, by digest, and manifests by tag too; `requests` are the lines that came in."""

    host: str
    token: str = ""
    port: int = 0
    blobs: dict[str, bytes] = field(default_factory=dict)
    manifests: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    uploads: dict[str, bytes] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)

    def manifest(self, reference: str) -> dict[str, object]:
        """A manifest or an index, by tag or digest."""
        found: dict[str, object] = json.loads(self.manifests[reference][1])
        return found


def digest(content: bytes) -> str:
    """A digest as registries write it."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


@contextlib.contextmanager
def oci_registry(token: str = "") -> Iterator[Registry]:
    """Serve a registry for the length of the block."""
    registry = Registry("", token)
    handler = type("Handler", (_Handler,), {"registry": registry})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    registry.host, registry.port = f"localhost:{server.server_port}", server.server_port
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield registry
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    registry: Registry
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Keep the requests in place of writing them to stderr."""
        # Clients try TLS first, which is no request.
        if hasattr(self, "path"):
            self.registry.requests.append(f"{self.command} {self.path}")

    def do_GET(self) -> None:
        """Manifests, blobs, tags, the token service and the storage."""
        path = urllib.parse.urlsplit(self.path).path
        if path == "/token":
            return self._answer(200, json.dumps({"token": self.registry.token}).encode())
        if path.startswith("/storage/"):
            if "Authorization" in self.headers:
                return self._answer(400, b"the token leaked")
            return self._answer(200, self.registry.blobs[path.rpartition("/")[2]])
        if not self._allowed():
            return self._challenge()
        if path.rstrip("/") == "/v2":
            return self._answer(200)
        if path.endswith("/tags/list"):
            tags = [each for each in self.registry.manifests if not each.startswith("sha256:")]
            return self._answer(200, json.dumps({"tags": tags}).encode())
        if not (found := _PATH.fullmatch(path)):
            return self._answer(404)
        return self._serve(found["kind"], found["reference"])

    do_HEAD = do_GET  # noqa: N815 - the base's name

    def _serve(self, kind: str, reference: str) -> None:
        if kind == "manifests" and reference in self.registry.manifests:
            media_type, content = self.registry.manifests[reference]
            return self._answer(200, content, digest(content), media_type)
        if kind == "blobs" and reference in self.registry.blobs:
            if self.registry.token:
                return self._answer(
                    307, location=f"http://{self.registry.host}/storage/{reference}"
                )
            return self._answer(200, self.registry.blobs[reference], reference)
        return self._answer(404)

    def do_POST(self) -> None:
        """Begin an upload."""
        upload = str(len(self.registry.requests))
        self.registry.uploads[upload] = self._body()
        self._answer(202, location=f"{self.path.partition('?')[0]}{upload}")

    def do_PATCH(self) -> None:
        """Bytes of an upload."""
        upload = self.path.rpartition("/")[2]
        self.registry.uploads[upload] += self._body()
        self._answer(202, location=self.path)

    def do_PUT(self) -> None:
        """End an upload, or store a manifest under its digest and its tag."""
        split = urllib.parse.urlsplit(self.path)
        if found := _UPLOADS.fullmatch(split.path):
            content = self.registry.uploads.pop(found["upload"]) + self._body()
            self.registry.blobs[digest(content)] = content
            return self._answer(201, digest_=digest(content))
        reference = split.path.rpartition("/")[2]
        content = self._body()
        stored = (self.headers["Content-Type"], content)
        self.registry.manifests[reference] = self.registry.manifests[digest(content)] = stored
        return self._answer(201, digest_=digest(content))

    def _allowed(self) -> bool:
        token = self.registry.token
        return not token or self.headers.get("Authorization") == f"Bearer {token}"

    def _challenge(self) -> None:
        realm = f'Bearer realm="http://{self.registry.host}/token",service="test"'
        self.send_response(401)
        self.send_header("WWW-Authenticate", realm)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") == "chunked":
            content = b""
            while size := int(self.rfile.readline(), 16):
                content += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return content
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _answer(
        self,
        code: int,
        content: bytes = b"",
        digest_: str = "",
        media_type: str = "application/octet-stream",
        location: str = "",
    ) -> None:
        self.send_response(code)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Content-Type", media_type)
        if digest_:
            self.send_header("Docker-Content-Digest", digest_)
        if location:
            self.send_header("Location", location)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)
